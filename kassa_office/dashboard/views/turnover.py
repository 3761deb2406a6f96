"""Turnover of any days, divided by what one likes, against the same days earlier."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kassa_office.dashboard import drawings, figures, formats, periods, words
from kassa_office.dashboard.figures import Row
from kassa_office.dashboard.periods import Period
from kassa_office.dashboard.tables import Column, Table
from kassa_office.dashboard.views.common import Asked, answer, asked, form, nothing, truth_mark
from kassa_office.staff.access import require

OPEN = "open"
"""Tender of a web sale that the shop was not paid for."""
Pair = tuple[str, Row, Row]
"""Key, now, earlier."""


@require_GET
@require()
def turnover(request: HttpRequest) -> HttpResponse:
    """The page and its table."""
    found = asked(request)
    kind = request.GET.get("per", "")
    kind = kind if kind in figures.KINDS else "branch"
    before = periods.compared(request.GET.dict(), found.period, found.today)
    pairs = _pairs(kind, found, before)
    tables = [_table(kind, pairs), *([_bridge(found, pairs)] if kind == "tender" else [])]
    amount = sum(row.amount for _key, row, _old in pairs)
    return answer(
        request, "dashboard/turnover.html", tables, **form(found), kind=kind, before=before,
        divisions=[(key, _(label)) for key, label in words.DIVISIONS.items()], met=request.GET.get("met", ""),
        chart=_chart(kind, pairs), **truth_mark(found, amount),
        running=found.period.first <= found.today <= found.period.last,
        everything=kind in ("vat", "tender"),
    )  # fmt: skip


def _pairs(kind: str, found: Asked, before: Period) -> list[Pair]:
    branches, first, last, till = found.where
    now = {row.key: row for row in figures.by(kind, branches, first, last, till)}
    then = {row.key: row for row in figures.by(kind, branches, before.first, before.last, till)}
    if kind == "day":
        apart = first - before.first
        then = {_later(key, apart): row for key, row in then.items()}
    keys = sorted(now.keys() | then.keys())
    pairs = [(key, now.get(key, Row(key)), then.get(key, Row(key))) for key in keys]
    if kind in ("group", "staff", "tender"):
        pairs.sort(key=lambda pair: -pair[1].amount)
    return pairs


def _later(key: str, apart: timedelta) -> str:
    return (date.fromisoformat(key) + apart).isoformat()


def _table(kind: str, pairs: list[Pair]) -> Table:
    total, old = Row(""), Row("")
    for _key, row, then in pairs:
        total.add(row)
        old.add(then)
    columns, cells = _columns(kind)
    name, top = words.namer(kind), max((row.amount for _key, row, _old in pairs), default=0)
    compared = [Column(_("Eerder"), "euro", wide=True), Column(_("Verschil"), "change")]
    lines = [
        (name(key), *cells(row), then.amount or None, formats.growth(row.amount, then.amount),
         drawings.bar(row.amount, top)) for key, row, then in pairs
    ]  # fmt: skip
    foot = (_("Totaal"), *cells(total), old.amount, formats.growth(total.amount, old.amount), drawings.bar(0, 0))
    label = _(words.DIVISIONS[kind])
    return Table(
        "omzet", _("Omzet per %s") % label, [Column(label.capitalize()), *columns, *compared, Column("", wide=True)],
        lines, foot, nothing(),
    )  # fmt: skip


def _bridge(found: Asked, pairs: list[Pair]) -> Table:
    """From turnover to what was paid."""
    branches, first, last, till = found.where
    sold = figures.total(branches, first, last, till)
    between = figures.beside(branches, first, last, till)
    rows = [(_("Omzet"), sold.amount), *((words.beside(row.key), row.amount) for row in between)]
    paid = sum(row.amount for key, row, _old in pairs if key != OPEN)
    if later := sum(row.amount for key, row, _old in pairs if key == OPEN):
        rows.append((_("Webbestellingen, nog te betalen of aan een kassa betaald"), -later))
    return Table(
        "brug", _("Van omzet naar betaald"), [Column(_("Wat")), Column(_("Bedrag"), "euro")], rows,
        (_("Betaald"), paid), nothing(),
    )  # fmt: skip


def _columns(kind: str) -> tuple[list[Column], Callable[[Row], tuple[Any, ...]]]:
    amount, count = Column(_("Omzet"), "euro"), Column(_("Bonnen"), "count")
    if kind == "tender":
        return [Column(_("Bedrag"), "euro"), Column(_("Aantal"), "count")], lambda row: (row.amount, row.n)
    if kind == "vat":
        columns = [Column(_("Met btw"), "euro"), Column(_("Btw"), "euro"), Column(_("Zonder btw"), "euro")]
        return columns, lambda row: (row.amount, row.vat, row.net)
    margin = [Column(_("Marge"), "euro", wide=True), Column(_("Marge %"), "share")]
    net = Column(_("Zonder btw"), "euro", wide=True)
    if kind == "group":
        columns = [amount, net, Column(_("Aantal"), "qty", wide=True), *margin]
        return columns, lambda row: (row.amount, row.net, row.qty, row.margin, row.margin_share)
    columns = [amount, net, count, Column(_("Gem. bon"), "euro", wide=True), *margin]
    return columns, lambda row: (row.amount, row.net, row.n, row.average, row.margin, row.margin_share)


def _chart(kind: str, pairs: list[Pair]) -> str:
    """By day or by hour as a line; other divisions have their bars in the table."""
    if kind not in ("day", "hour") or len(pairs) < 2:
        return ""
    keys = [key for key, _row, _old in pairs]
    series = [
        {"label": _("eerder"), "role": "before", "values": [old.amount for _key, _row, old in pairs]},
        {"label": _("deze dagen"), "role": "now", "values": [row.amount for _key, row, _old in pairs]},
    ]
    found = {"kind": kind, "x": [int(key) for key in keys] if kind == "hour" else keys, "series": series}
    return json.dumps(found)
