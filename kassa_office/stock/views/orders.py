"""Proposals, and orders to suppliers: drafts, sent, received, on paper."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kassa_office.catalogue.models import Supplier
from kassa_office.dashboard import figures
from kassa_office.dashboard.formats import quantity
from kassa_office.dashboard.tables import Column, Link, Table
from kassa_office.dashboard.views.common import answer
from kassa_office.staff.access import audit, check_branch, require
from kassa_office.stock import orders, proposals, transfers
from kassa_office.stock.models import PurchaseOrder, StockReceipt
from kassa_office.stock.papers import order_csv, order_pdf
from kassa_office.stock.transfers import Wrong
from kassa_office.stock.views import common
from kassa_office.tills.models import Branch

MOST, PAGE = 500, 50
RECEIPT_DAYS = 60


@require_GET
@require()
def proposed(request: HttpRequest) -> HttpResponse:
    """What a branch is short of."""
    known = common.branches(request)
    branch = common.one_branch(request, request.GET.get("filiaal", ""), known)
    supplier = request.GET.get("leverancier", "")
    found = [one for one in proposals.short(branch) if not supplier or one.article.supplier_id == supplier]
    pages = Paginator(found, max(1, len(found)) if request.GET.get("bestand") else PAGE)
    page = pages.get_page(request.GET.get("pagina"))
    shown = list(page)
    proposals.fill_in(branch, shown)
    suppliers = list(Supplier.objects.values_list("code", "name"))
    return answer(request, "stock/proposals.html", [_short(shown)], place="proposals", branch=branch,
                  branches=sorted(known.items()), names=common.all_names(), supplier=supplier, suppliers=suppliers,
                  found=shown, page=page, may=common.may_write(request))  # fmt: skip


def _short(found: list[proposals.Proposal]) -> Table:
    columns = [Column(_("Artikel")), Column(_("Naam")), Column(_("Leverancier")), Column(_("Voorraad"), "qty"),
               Column(_("Besteld"), "qty"), Column(_("Per dag"), "qty"), Column(_("Dagen")),
               Column(_("Minimum"), "qty"), Column(_("Maximum"), "qty"), Column(_("Van filialen"), "qty"),
               Column(_("Kopen"), "qty")]  # fmt: skip
    rows: common.Rows = [
        (one.article.sku, one.article.name, one.article.supplier_id or "", one.on_hand, one.on_order,
         round(one.demand.mean), "" if one.cover is None else f"{one.cover:.1f}".replace(".", ","),
         one.limits.minimum, one.limits.maximum, sum(qty for _branch, qty in one.move) or None, one.buy or None)
        for one in found
    ]  # fmt: skip
    return Table("voorstellen", _("Voorstellen"), columns, rows, None, _("Er hoeft niets besteld te worden."))


@require_POST
@require(*common.WRITERS)
def accept(request: HttpRequest) -> HttpResponse:
    """Drafts of what was ticked: transfers from other branches, and an order for each supplier."""
    branch = request.POST.get("filiaal", "")
    check_branch(request, branch)
    if branch not in common.branches(request):
        raise Http404
    ticked, by = set(request.POST.getlist("artikel")), request.user.get_username()
    chosen = proposals.proposals(branch, skus=ticked)
    made: list[str] = []
    moves: dict[str, list[tuple[str, int]]] = {}
    for one in chosen:
        for other, qty in one.move:
            moves.setdefault(other, []).append((one.article.sku, qty))
    made += [transfers.make(other, branch, lines, by).number for other, lines in sorted(moves.items())]
    suppliers = {one.article.supplier_id for one in chosen if one.buy and one.article.supplier_id}
    for supplier in Supplier.objects.filter(code__in=suppliers).order_by("code"):
        made.append(orders.make(branch, supplier.code, proposals.order_lines(chosen, supplier), by).number)
    if not made:
        common.refuse(request, "no_lines")
        return redirect(f"/voorraad/voorstellen/?filiaal={branch}")
    audit(request, "stock.proposed", branch=branch, made=made)
    messages.success(request, _("Klaargezet: %s. Kijk ze na en verstuur ze.") % ", ".join(made))
    return redirect("orders")


@require_GET
@require()
def listed(request: HttpRequest) -> HttpResponse:
    """All orders of the user's branches."""
    known = common.branches(request)
    branch = request.GET.get("filiaal", "")
    if branch:
        check_branch(request, branch)
    rows = PurchaseOrder.objects.filter(branch_id__in=[branch] if branch else list(known)).select_related("supplier")
    only = request.GET.get("staat", "open")
    if only == "open":
        rows = rows.filter(state__in=("draft", "sent", "partly"))
    columns = [Column(_("Nummer")), Column(_("Filiaal")), Column(_("Leverancier")), Column(_("Staat")),
               Column(_("Gemaakt"), "moment", wide=True), Column(_("Verwacht"), "day", wide=True),
               Column(_("Door"), wide=True)]  # fmt: skip
    lines: common.Rows = [
        (Link(one.number, f"/voorraad/bestellingen/{one.number}/"), known[one.branch_id], one.supplier.name,
         common.state(one.state), one.made_at, one.expected, one.made_by) for one in rows[:MOST]
    ]  # fmt: skip
    table = Table("bestellingen", _("Bestellingen"), columns, lines, None, _("Er zijn geen bestellingen."))
    came = _receipts([branch] if branch else list(known), figures.today() - timedelta(days=RECEIPT_DAYS))
    return answer(request, "stock/orders.html", [table, came], place="orders", branches=sorted(known.items()),
                  branch=branch, only=only, suppliers=list(Supplier.objects.values_list("code", "name")),
                  may=common.may_write(request))  # fmt: skip


def _receipts(branches: list[str], since: date, number: str = "") -> Table:
    """What tills received, of an order or without one; codes that nobody knew are for a person to find out."""
    columns = [Column(_("Wanneer"), "moment"), Column(_("Filiaal")), Column(_("Kassa")), Column(_("Door")),
               Column(_("Bestelling")), Column(_("Leverancier"), wide=True), Column(_("Regels"), "count"),
               Column(_("Onbekende codes"))]  # fmt: skip
    found = orders.receipts(branches, since, number)[:MOST]
    known = set(PurchaseOrder.objects.filter(number__in={one.order for one in found}).values_list("number", flat=True))
    rows: common.Rows = [
        (datetime.fromtimestamp(one.at / 1000, UTC), one.branch, one.till, one.who, _order_of(one, known), one.supplier,
         one.lines, ", ".join(f"{quantity(qty)} × {code}" for code, qty in orders.unknown_of(one))) for one in found
    ]  # fmt: skip
    return Table("ontvangsten", _("Ontvangen aan de kassa"), columns, rows, None,
                 _("Aan de kassa is niets ontvangen."))  # fmt: skip


def _order_of(one: StockReceipt, known: set[str]) -> Link | str:
    words = _("%s, er komt niets meer") % one.order if one.finished else one.order
    return Link(words, f"/voorraad/bestellingen/{one.order}/") if one.order in known else words


@require_POST
@require(*common.WRITERS)
def new(request: HttpRequest) -> HttpResponse:
    """An order begun by hand, with its first article."""
    branch, supplier = request.POST.get("filiaal", ""), request.POST.get("leverancier", "")
    check_branch(request, branch)
    found, qty = common.article_of(request.POST.get("artikel", "")), common.thousandths(request.POST.get("aantal", ""))
    if branch not in common.branches(request) or not Supplier.objects.filter(code=supplier).exists():
        raise Http404
    if found is None or qty is None or qty <= 0:
        common.refuse(request, "unknown_article" if found is None else "bad_quantity")
        return redirect("orders")
    made = orders.make(branch, supplier, [(found.sku, qty)], request.user.get_username())
    audit(request, "order.made", order=made.number, branch=branch)
    return redirect(f"/voorraad/bestellingen/{made.number}/")


@require_GET
@require()
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order; ``?papier=`` gives it as ``csv``, ``pdf`` or a page to print."""
    found = _order(request, number)
    lines = orders.lines_of(found)
    paper = request.GET.get("papier", "")
    if paper in ("csv", "pdf"):
        return (order_csv if paper == "csv" else order_pdf)(found, lines)
    branch = Branch.objects.get(code=found.branch_id)
    total = sum(line.amount for line in lines)
    template = "stock/order_print.html" if paper == "druk" else "stock/order.html"
    came = _receipts([found.branch_id], found.made_at.date() - timedelta(days=1), found.number)
    return render(request, template, {
        "receipts": came if came.rows else None,
        "order": found, "lines": lines, "total": total, "branch": branch, "place": "orders",
        "state": common.state(found.state), "may": common.may_write(request), "today": figures.today(),
        "short": total < found.supplier.minimum, "open": found.state in orders.OPEN,
    })  # fmt: skip


@require_POST
@require(*common.WRITERS)
def change(request: HttpRequest, number: str) -> HttpResponse:
    """Edit, send, receive or close."""
    found, what = _order(request, number), request.POST.get("doe", "")
    lines = common.quantities(request.POST)
    try:
        if lines is None:
            common.refuse(request, "bad_quantity")
        else:
            _change(request, found, what, lines)
            audit(request, f"order.{what}", order=number, branch=found.branch_id)
    except Wrong as wrong:
        common.refuse(request, wrong.code)
    return redirect(f"/voorraad/bestellingen/{number}/")


def _change(request: HttpRequest, found: PurchaseOrder, what: str, lines: list[tuple[str, int]]) -> None:
    by = request.user.get_username()
    if what == "bewaren":
        extra = common.article_of(request.POST.get("artikel", ""))
        qty = common.thousandths(request.POST.get("aantal", ""))
        if extra is not None and qty:
            lines = [*lines, (extra.sku, qty)]
        elif request.POST.get("artikel", "").strip():
            common.refuse(request, "unknown_article" if extra is None else "bad_quantity")
        orders.edit(found.number, lines)
    elif what == "versturen":
        if lines:
            orders.edit(found.number, lines)
        orders.send(found.number)
        messages.success(request, _("Verstuurd. Haal de lijst op als CSV of PDF en mail hem aan de leverancier."))
    elif what == "ontvangen":
        orders.receive(found.number, [(sku, qty) for sku, qty in lines if qty > 0], by)
        messages.success(request, _("Ontvangst geboekt."))
    elif what == "sluiten":
        orders.close(found.number)
    else:
        raise Http404


def _order(request: HttpRequest, number: str) -> PurchaseOrder:
    found = PurchaseOrder.objects.select_related("supplier").filter(number=number).first()
    if found is None:
        check_branch(request, "")  # who may not see every branch does not learn which orders there are
        raise Http404
    check_branch(request, found.branch_id)
    return found
