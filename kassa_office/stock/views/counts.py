"""Counts of the tills, and putting them into the ledger."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kassa_office.dashboard.tables import Column, Link, Table
from kassa_office.dashboard.views.common import answer
from kassa_office.staff.access import audit, check_branch, require
from kassa_office.stock import counts
from kassa_office.stock.counts import Key
from kassa_office.stock.models import StockTake, StockTakeCount
from kassa_office.stock.views import common

MOST = 500


@require_GET
@require()
def listed(request: HttpRequest) -> HttpResponse:
    """Counts that wait, codes that nobody knew, and stock-takes of before."""
    known = common.branches(request)
    branch = common.one_branch(request, request.GET.get("filiaal", ""), known)
    waiting = counts.open_counts([branch])
    keys = _keys(request.GET.getlist("telling"), branch) or [one.key for one in waiting]
    keys = [key for key in keys if key in {one.key for one in waiting}]
    whole = request.GET.get("heel") == "1"
    tables = [_differences(branch, keys, whole), _unknown(branch), _takes(branch)]
    late = counts.missing_before(branch, max((one.at for one in waiting if one.key in keys), default=0)) if keys else []
    shown = [(one, f"{one.till}:{one.seq}", datetime.fromtimestamp(one.at / 1000, UTC), one.key in keys)
             for one in waiting]  # fmt: skip
    return answer(request, "stock/counts.html", tables, place="counts", branches=sorted(known.items()), branch=branch,
                  waiting=shown, whole=whole, late=late, may=common.may_write(request))  # fmt: skip


@require_POST
@require(*common.WRITERS)
def take(request: HttpRequest) -> HttpResponse:
    """Put what is ticked into the ledger."""
    branch = request.POST.get("filiaal", "")
    check_branch(request, branch)
    if branch not in common.branches(request):
        raise Http404
    keys = _keys(request.POST.getlist("telling"), branch)
    try:
        made = counts.take(branch, keys, request.user.get_username(), whole=request.POST.get("heel") == "1")
    except ValueError:
        common.refuse(request, "counts_gone")
        return redirect(f"/voorraad/tellingen/?filiaal={branch}")
    audit(request, "stock.taken", branch=branch, take=made.number, counts=len(keys))
    messages.success(request, _("Verwerkt als %s.") % made.number)
    return redirect(f"/voorraad/tellingen/{made.number}/")


@require_GET
@require()
def taken(request: HttpRequest, number: str) -> HttpResponse:
    """One stock-take, as it was."""
    found = StockTake.objects.filter(number=number).first()
    if found is None:
        check_branch(request, "")
        raise Http404
    check_branch(request, found.branch)
    lines = list(found.lines.order_by("sku"))
    names = common.article_names(line.sku for line in lines)
    columns = [Column(_("Artikel")), Column(_("Naam")), Column(_("Geteld"), "qty"), Column(_("Wanneer"), "moment")]
    rows: common.Rows = [(common.article_link(line.sku, found.branch), names.get(line.sku, ""), line.counted,
             datetime.fromtimestamp(line.at / 1000, UTC)) for line in lines]  # fmt: skip
    table = Table("telling", _("Geteld"), columns, rows, None, _("Er is niets geteld."))
    of = StockTakeCount.objects.filter(take=found).order_by("till", "seq")
    return answer(request, "stock/take.html", [table], place="counts", take=found, counts=of)


def _keys(ticked: list[str], branch: str) -> list[Key]:
    """From ``K1:123``; what is not so is passed by."""
    found: list[Key] = []
    for text in ticked:
        till, _colon, seq = text.rpartition(":")
        if till and seq.isdigit() and len(seq) < 19:
            found.append((branch, till, int(seq)))
    return found


def _differences(branch: str, keys: list[Key], whole: bool) -> Table:
    found = counts.differences(branch, keys, whole=whole)
    names = common.article_names(one.sku for one in found)
    columns = [Column(_("Artikel")), Column(_("Naam")), Column(_("Verwacht"), "qty"), Column(_("Geteld"), "qty"),
               Column(_("Verschil"), "qty")]  # fmt: skip
    rows: common.Rows = [
        (common.article_link(one.sku, branch), names.get(one.sku, ""), one.expected, one.counted, one.qty)
        for one in sorted(found, key=lambda one: -abs(one.qty))
    ]
    return Table("verschillen", _("Verwacht en geteld"), columns, rows, None, _("Er wacht geen telling."))


def _unknown(branch: str) -> Table:
    columns = [Column(_("Code")), Column(_("Aantal"), "qty"), Column(_("Waar")), Column(_("Kassa"))]
    rows: common.Rows = [(line.code, line.qty, line.area, line.till) for line in counts.unknown_codes([branch])]
    return Table("onbekend", _("Onbekende codes"), columns, rows, None, _("Alle codes zijn bekend."))


def _takes(branch: str) -> Table:
    found = StockTake.objects.filter(branch=branch)[:MOST]
    columns = [Column(_("Nummer")), Column(_("Wanneer"), "moment"), Column(_("Door"))]
    rows: common.Rows = [
        (Link(one.number, f"/voorraad/tellingen/{one.number}/"), one.made_at, one.made_by) for one in found
    ]
    return Table("verwerkt", _("Verwerkt"), columns, rows, None, _("Er is nog niets verwerkt."))
