"""What there is, article by article; the ledger of one; and what is put right by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kassa_office.catalogue.models import Article
from kassa_office.dashboard import figures
from kassa_office.dashboard.tables import Column, Table
from kassa_office.dashboard.views.common import answer
from kassa_office.staff.access import audit, check_branch, require
from kassa_office.stock import ledger
from kassa_office.stock.ledger import Note, book
from kassa_office.stock.models import StockLevel, StockRule
from kassa_office.stock.views import common

PAGE, MOST = 100, 200
"""Lines of a page of levels, and of a ledger; a file has them all."""
FILTERS = ("", "kort", "negatief", "nul")
BY_HAND = {"received": 1, "wasted": -1, "corrected": 1, "counted": 0}
"""Kinds that are booked by hand, and the sign of what is typed; of a count the whole is typed."""


@require_GET
@require()
def levels(request: HttpRequest) -> HttpResponse:
    """The page, with search and filter."""
    known = common.branches(request)
    branch = common.one_branch(request, request.GET.get("filiaal", ""), known)
    asked, only = request.GET.get("zoek", "").strip()[:80], request.GET.get("toon", "")
    rows = _found(branch, asked, only if only in FILTERS else "")
    everything = bool(request.GET.get("bestand"))
    pages = Paginator(rows, 50_000 if everything else PAGE)
    page = pages.get_page(request.GET.get("pagina"))
    table = _levels(branch, list(page.object_list))
    return answer(request, "stock/levels.html", [table], branches=sorted(known.items()), branch=branch, asked=asked,
                  only=only, page=page, place="levels", may=common.may_write(request),
                  filters=[("", _("alles")), ("kort", _("onder het minimum")), ("negatief", _("negatief")),
                           ("nul", _("niets meer"))])  # fmt: skip


def _found(branch: str, asked: str, only: str) -> QuerySet[StockLevel]:
    rows = StockLevel.objects.filter(branch=branch).order_by("sku")
    if asked:
        named = Article.objects.filter(
            Q(name__icontains=asked) | Q(sku__istartswith=asked) | Q(barcodes__code__endswith=asked)
        )
        rows = rows.filter(sku__in=named.values("sku"))
    if only == "negatief":
        rows = rows.filter(qty__lt=0)
    elif only == "nul":
        rows = rows.filter(qty=0)
    elif only == "kort":
        short = StockRule.objects.filter(branch=branch)
        limits = dict(short.values_list("sku", "minimum"))
        under = [sku for sku, qty in rows.values_list("sku", "qty") if sku in limits and qty <= limits[sku]]
        rows = rows.filter(sku__in=under)
    return rows.annotate(number=F("sku"))


def _levels(branch: str, rows: list[StockLevel]) -> Table:
    skus = [row.sku for row in rows]
    facts = {one.sku: one for one in Article.objects.filter(sku__in=skus).select_related("group")}
    limits = {one.sku: one for one in StockRule.objects.filter(branch=branch, sku__in=skus)}
    columns = [Column(_("Artikel")), Column(_("Naam")), Column(_("Groep"), wide=True), Column(_("Voorraad"), "qty"),
               Column(_("Minimum"), "qty", wide=True), Column(_("Maximum"), "qty", wide=True),
               Column(_("Laatste beweging"), "moment", wide=True)]  # fmt: skip
    lines: common.Rows = []
    for row in rows:
        one, limit = facts.get(row.sku), limits.get(row.sku)
        lines.append((common.article_link(row.sku, branch), one.name if one else "", one.group.name if one else "",
                      row.qty, limit.minimum if limit else None, limit.maximum if limit else None,
                      datetime.fromtimestamp(row.at / 1000, UTC)))  # fmt: skip
    return Table("voorraad", _("Voorraad"), columns, lines, None, _("Hier is nog geen voorraad bekend."))


@require_GET
@require()
def article(request: HttpRequest, sku: str) -> HttpResponse:
    """The ledger of an article in one branch, or in all that the user sees."""
    known = common.branches(request)
    given = request.GET.get("filiaal", "")
    if given:
        check_branch(request, given)
    chosen = [given] if given in known else sorted(known)
    found = Article.objects.filter(sku=sku).first()
    levels_ = {branch: qty for (branch, _sku), qty in ledger.levels(chosen, [sku]).items()}
    if found is None and not levels_:
        raise Http404
    first, last = _days(request)
    most = None if request.GET.get("bestand") else MOST
    moves = ledger.ledger(chosen, sku, first, last, most)
    columns = [Column(_("Wanneer"), "moment"), Column(_("Filiaal"), wide=len(chosen) == 1), Column(_("Wat")),
               Column(_("Aantal"), "qty"), Column(_("Voorraad"), "qty"), Column(_("Waarom"), wide=True),
               Column(_("Nummer"), wide=True), Column(_("Kassa"), wide=True), Column(_("Wie"), wide=True)]  # fmt: skip
    rows: common.Rows = [
        (datetime.fromtimestamp(one.at / 1000, UTC), known[one.branch], _(common.KINDS.get(one.kind, one.kind)),
         one.qty, one.level, one.reason, one.ref, one.till, one.who) for one in reversed(moves)
    ]  # fmt: skip
    note = _("De laatste %d; alle staan in het bestand.") % MOST if len(moves) == most else ""
    table = Table("boekingen", _("Boekingen"), columns, rows, None, _("In deze dagen is er niets geboekt."), note=note)
    rule = StockRule.objects.filter(branch=chosen[0], sku=sku).first() if len(chosen) == 1 else None
    return answer(request, "stock/article.html", [table], article=found, sku=sku, branches=sorted(known.items()),
                  branch=given if given in known else "", first=first, last=last, place="levels", rule=rule,
                  level=sum(levels_.values()), each=[(known[b], q) for b, q in sorted(levels_.items())],
                  may=common.may_write(request))  # fmt: skip


@require_POST
@require(*common.WRITERS)
def move(request: HttpRequest, sku: str) -> HttpResponse:
    """Book a movement by hand."""
    branch, kind = request.POST.get("filiaal", ""), request.POST.get("wat", "")
    check_branch(request, branch)
    found, qty = Article.objects.filter(sku=sku).first(), common.thousandths(request.POST.get("aantal", ""))
    if branch not in common.branches(request) or kind not in BY_HAND:
        raise Http404
    if found is None or qty is None:
        common.refuse(request, "unknown_article" if found is None else "bad_quantity")
    else:
        if kind == "counted":
            change = qty - ledger.levels([branch], [sku]).get((branch, sku), 0)
        else:
            change = BY_HAND[kind] * qty
        note = Note(request.user.get_username(), request.POST.get("waarom", "")[:40])
        if change or kind != "counted":
            book(branch, kind, [(sku, change)], note)
        audit(request, "stock.moved", branch=branch, sku=sku, kind=kind, qty=change)
        messages.success(request, _("Geboekt."))
    return redirect(f"/voorraad/artikel/{sku}/?filiaal={branch}")


@require_POST
@require(*common.WRITERS)
def limits(request: HttpRequest, sku: str) -> HttpResponse:
    """Set a person's minimum and maximum, or leave it to demand again."""
    branch = request.POST.get("filiaal", "")
    check_branch(request, branch)
    if branch not in common.branches(request) or not Article.objects.filter(sku=sku).exists():
        raise Http404
    texts = [request.POST.get(name, "").strip() for name in ("minimum", "maximum")]
    low, high = (common.thousandths(text) for text in texts)
    if not any(texts):
        StockRule.objects.filter(branch=branch, sku=sku).delete()
        messages.success(request, _("De vraag bepaalt weer wat er besteld wordt."))
    elif low is None or high is None or not 0 <= low <= high:
        common.refuse(request, "bad_quantity")
    else:
        rule = StockRule(branch=branch, sku=sku, minimum=low, maximum=high)
        StockRule.objects.bulk_create([rule], update_conflicts=True, unique_fields=["branch", "sku"],
                                      update_fields=["minimum", "maximum"])  # fmt: skip
        messages.success(request, _("Minimum en maximum bewaard."))
    audit(request, "stock.limits", branch=branch, sku=sku, minimum=low, maximum=high)
    return redirect(f"/voorraad/artikel/{sku}/?filiaal={branch}")


def _days(request: HttpRequest) -> tuple[date, date]:
    today = figures.today()
    first, last = today - timedelta(days=30), today
    try:
        first = date.fromisoformat(request.GET.get("van", "") or first.isoformat())
        last = date.fromisoformat(request.GET.get("tot", "") or last.isoformat())
    except ValueError:
        return today - timedelta(days=30), today
    return min(first, last), max(first, last)
