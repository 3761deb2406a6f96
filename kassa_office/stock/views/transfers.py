"""Goods between branches, on pages."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kassa_office.dashboard.tables import Column, Link, Table
from kassa_office.dashboard.views.common import answer
from kassa_office.staff.access import audit, branches_of, check_branch, may_see, require
from kassa_office.stock import transfers
from kassa_office.stock.models import Transfer
from kassa_office.stock.transfers import Wrong
from kassa_office.stock.views import common

MOST = 500


@require_GET
@require()
def listed(request: HttpRequest) -> HttpResponse:
    """Transfers from and to the user's branches."""
    names, only = common.all_names(), request.GET.get("staat", "open")
    rows = transfers.visible(branches_of(request.user))
    if only == "open":
        rows = [one for one in rows if one.closed_at is None]
    columns = [Column(_("Nummer")), Column(_("Van")), Column(_("Naar")), Column(_("Staat")),
               Column(_("Verstuurd"), "moment", wide=True), Column(_("Door"), wide=True)]  # fmt: skip
    lines: common.Rows = [
        (Link(one.number, f"/voorraad/overboekingen/{one.number}/"), names.get(one.source, one.source),
         names.get(one.target, one.target), common.state(transfers.state_of(one)), one.sent_at, one.made_by)
        for one in rows[:MOST]
    ]  # fmt: skip
    table = Table("overboekingen", _("Overboekingen"), columns, lines, None, _("Er is niets onderweg."))
    return answer(request, "stock/transfers.html", [table], place="transfers", only=only, names=sorted(names.items()),
                  branches=sorted(common.branches(request).items()), may=common.may_write(request))  # fmt: skip


@require_POST
@require(*common.WRITERS)
def new(request: HttpRequest) -> HttpResponse:
    """A list of what is to be sent, with its first article."""
    source, target = request.POST.get("van", ""), request.POST.get("naar", "")
    check_branch(request, source)
    found, qty = common.article_of(request.POST.get("artikel", "")), common.thousandths(request.POST.get("aantal", ""))
    if not {source, target} <= set(common.all_names()):
        raise Http404
    if found is None or qty is None:
        common.refuse(request, "unknown_article" if found is None else "bad_quantity")
        return redirect("transfers")
    try:
        made = transfers.make(source, target, [(found.sku, qty)], request.user.get_username())
    except Wrong as wrong:
        common.refuse(request, wrong.code)
        return redirect("transfers")
    audit(request, "transfer.made", transfer=made.number, branch=source, target=target)
    return redirect(f"/voorraad/overboekingen/{made.number}/")


@require_GET
@require()
def transfer(request: HttpRequest, number: str) -> HttpResponse:
    """One transfer, with what differs between sent and arrived."""
    found = _transfer(request, number)
    lines = transfers.lines_of(found)
    names, state = common.article_names(line.sku for line in lines), transfers.state_of(found)
    may = common.may_write(request)
    return render(request, "stock/transfer.html", {
        "transfer": found, "lines": [(line, names.get(line.sku, "")) for line in lines], "names": common.all_names(),
        "code": state, "state": common.state(state), "place": "transfers",
        "may_send": may and may_see(request.user, found.source),
        "may_take": may and may_see(request.user, found.target),
    })  # fmt: skip


@require_POST
@require(*common.WRITERS)
def change(request: HttpRequest, number: str) -> HttpResponse:
    """Edit, send, take in, or leave at what arrived."""
    found, what = _transfer(request, number), request.POST.get("doe", "")
    check_branch(request, found.target if what == "aankomst" else found.source)
    lines = common.quantities(request.POST)
    try:
        if lines is None:
            common.refuse(request, "bad_quantity")
        else:
            _change(request, found, what, lines)
            audit(request, f"transfer.{what}", transfer=number)
    except Wrong as wrong:
        common.refuse(request, wrong.code)
    return redirect(f"/voorraad/overboekingen/{number}/")


def _change(request: HttpRequest, found: Transfer, what: str, lines: list[tuple[str, int]]) -> None:
    by = request.user.get_username()
    if what == "bewaren":
        extra = common.article_of(request.POST.get("artikel", ""))
        qty = common.thousandths(request.POST.get("aantal", ""))
        if extra is not None and qty:
            lines = [*lines, (extra.sku, qty)]
        elif request.POST.get("artikel", "").strip():
            common.refuse(request, "unknown_article" if extra is None else "bad_quantity")
        transfers.edit(found.number, lines)
    elif what == "versturen":
        transfers.send(found.number, by)
        messages.success(request, _("Verstuurd. Schrijf het nummer %s op de zending.") % found.number)
    elif what == "aankomst":
        transfers.arrive(found.number, lines, by)
        messages.success(request, _("Aankomst geboekt."))
    elif what == "sluiten":
        transfers.close(found.number)
    else:
        raise Http404


def _transfer(request: HttpRequest, number: str) -> Transfer:
    """PermissionDenied where neither end is the user's."""
    found = Transfer.objects.filter(number=number).first()
    if found is None:
        check_branch(request, "")
        raise Http404
    if not may_see(request.user, found.target):
        check_branch(request, found.source)
    return found
