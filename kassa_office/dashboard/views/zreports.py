"""Z reports: what each closed shift came to, and whether its drawer was right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from django.views.decorators.http import require_GET

from kassa_office.dashboard import figures, formats, words
from kassa_office.dashboard.tables import Column, Link, Table
from kassa_office.dashboard.views.common import answer, asked, form, nothing, truth_mark
from kassa_office.sales.models import ZReport
from kassa_office.staff.access import check_branch, require

CASH = (("float", N_("Wisselgeld bij het openen")), ("in", N_("Geld erbij")), ("out", N_("Geld eruit")),
        ("drop", N_("Naar de kluis")), ("taken", N_("Contant ontvangen")),
        ("expected", N_("Hoort in de lade")))  # fmt: skip
SORTS = (("returns", "return"), ("voids", "void"), ("overrides", "override"), ("discounts", "discount"),
         ("events", "event"))  # fmt: skip
MOST = 400
"""Lines on the page; a file has them all."""
CARDS = {"approved": N_("goedgekeurd"), "refused": N_("geweigerd"), "unknown": N_("onbekend")}


@require_GET
@require()
def z_reports(request: HttpRequest) -> HttpResponse:
    """All shifts closed in the days chosen."""
    found = asked(request, "week")
    rows = figures.z_reports(*found.where, limit=None if request.GET.get("bestand") else MOST)
    sums, names = figures.z_sums(*found.where), words.staff()
    columns = [
        Column(_("Z")), Column(_("Dag"), "day"), Column(_("Filiaal"), wide=True), Column(_("Gesloten"), wide=True),
        Column(_("Door"), wide=True), Column(_("Omzet"), "euro"), Column(_("Geteld"), "euro", wide=True),
        Column(_("Kasverschil"), "difference"),
    ]  # fmt: skip
    lines = [
        (Link(f"{row.till} Z{row.z}", f"/z/{quote(row.branch)}/{quote(row.till)}/{row.z}/"), row.day,
         found.choice.names.get(row.branch, row.branch), formats.wall(row.at, row.offset),
         words.person(row.who, names), row.turnover, row.counted, None if row.counted is None else row.difference)
        for row in rows
    ]  # fmt: skip
    foot = (_("Totaal"), None, "", "", "", sums.turnover, sums.counted, sums.difference)
    table = Table("z-rapporten", _("Afgesloten kassa's"), columns, lines, foot, nothing())
    return answer(request, "dashboard/z_reports.html", [table], **form(found), off=sums.off, closed=sums.shifts,
                  more=max(0, sums.shifts - len(rows)), **truth_mark(found, None))  # fmt: skip


@require_GET
@require()
def z_report(request: HttpRequest, branch: str, till: str, z: int) -> HttpResponse:
    """One Z with all its figures, as the till journaled them."""
    check_branch(request, branch)
    row = ZReport.objects.filter(branch=branch, till=till, z=z).order_by("seq").first()
    if row is None:
        raise Http404
    try:
        body = json.loads(row.body)
    except ValueError:
        body = {}
    tables = _sections(row, body if isinstance(body, dict) else {})
    return answer(request, "dashboard/z_report.html", tables, z=row, closed=formats.wall(row.at, row.offset),
                  who=words.person(row.who, words.staff()))  # fmt: skip


def _sections(row: ZReport, body: Mapping[str, Any]) -> list[Table]:
    amounts = [Column(_("Wat")), Column(_("Keer"), "count"), Column(_("Bedrag"), "euro")]
    group, staff = words.namer("group"), words.namer("staff")
    found = [
        Table("kas", _("Kas"), [Column(_("Wat")), Column(_("Bedrag"), "difference")], _cash(row, body)),
        Table("betaalwijzen", _("Betaalwijzen"), amounts, _keyed(body, "tenders", words.tender)),
        Table("btw", _("Btw"), [Column(_("Tarief")), Column(_("Met btw"), "euro"), Column(_("Btw"), "euro"),
                                Column(_("Zonder btw"), "euro")], _vat(body)),
        Table("groepen", _("Groepen"), amounts, _keyed(body, "groups", group)),
        Table("medewerkers", _("Medewerkers"), amounts, _keyed(body, "staff", staff)),
        Table("uren", _("Uren"), amounts, _keyed(body, "hours", words.hour)),
        Table("bijzonderheden", _("Bijzonderheden"), amounts, _sorts(body)),
        Table("pinbetalingen", _("Pinbetalingen"), amounts[:2],
              [line[:2] for line in _keyed(body, "cards", lambda key: _(CARDS[key]) if key in CARDS else key)]),
        Table("munten", _("Geteld in de lade"), [Column(_("Munt of biljet")), Column(_("Aantal"), "count"),
                                                 Column(_("Bedrag"), "euro")], _pieces(body)),
    ]  # fmt: skip
    return [table for table in found if table.rows]


def _cash(row: ZReport, body: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    cash = _dict(body.get("cash"))
    lines: list[tuple[Any, ...]] = [(_(label), formats.euro(_int(cash.get(key)))) for key, label in CASH]
    if row.counted is not None:
        lines += [(_("Geteld"), formats.euro(row.counted)), (_("Kasverschil"), row.difference)]
    return lines


def _keyed(body: Mapping[str, Any], name: str, word: Any) -> list[tuple[Any, ...]]:
    rows = [(word(str(key)), _dict(value)) for key, value in _dict(body.get(name)).items()]
    return [(label, _int(value.get("n")), _int(value.get("amount"))) for label, value in rows]


def _sorts(body: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    lines = []
    for name, kind in SORTS:
        for key, value in _dict(body.get(name)).items():
            times = _int(_dict(value).get("n"))
            if times:
                lines.append((words.exception(kind, str(key)), times, _int(_dict(value).get("amount")) or None))
    return lines


def _vat(body: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    blocks = body.get("vat")
    return [
        (words.vat(f"{block.get('code', '')}:{_int(block.get('rate'))}"), _int(block.get("gross")),
         _int(block.get("vat")), _int(block.get("net")))
        for block in (blocks if isinstance(blocks, list) else []) if isinstance(block, dict)
    ]  # fmt: skip


def _pieces(body: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    pieces = [(int(key), _int(value)) for key, value in _dict(body.get("pieces")).items() if str(key).isdigit()]
    return [(formats.euro(coin), count, coin * count) for coin, count in sorted(pieces, reverse=True) if count]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
