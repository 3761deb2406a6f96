"""Today as it happens, against the same weekday a week ago; asks for itself anew every ten seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kassa_office.dashboard import alarm_words, choice, drawings, figures, formats, words
from kassa_office.dashboard.choice import Choice
from kassa_office.dashboard.figures import Row
from kassa_office.dashboard.tables import Column, Link, State, Table
from kassa_office.dashboard.truth import Truth, truth, version
from kassa_office.dashboard.views.common import NOTHING, answer
from kassa_office.staff.access import require

WEEK = timedelta(days=7)
ALARMS = 5


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure with what it is compared with, and whether it is all there."""

    label: str
    figure: str
    change: int | None = None
    before: str = ""
    mark: str = ""
    level: str = ""


@require_GET
@require()
def today(request: HttpRequest) -> HttpResponse:
    """The first page; the part that moves alone where htmx asks for it, or 304 where it would be the same."""
    chosen, now = choice.read(request), timezone.now()
    found = truth(chosen.branches, now)
    seen = f"{version(chosen.branches, chosen.company, found, now)}:{request.user.pk}:{get_language()}"
    etag = f'"{sha256(seen.encode()).hexdigest()[:32]}"'
    live = bool(request.headers.get("HX-Request"))
    if live and request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        template = "dashboard/live.html" if live else "dashboard/today.html"
        context = _context(chosen, found, formats.local(now))
        response = answer(request, template, [context.pop("table")], etag=etag, choice=chosen, **context)
    response["ETag"], response["Cache-Control"] = etag, NOTHING
    return response


def _context(chosen: Choice, found: Truth, now: datetime) -> dict[str, Any]:
    day, before = now.date(), now.date() - WEEK
    branches = chosen.branches
    hours, hours_before = figures.hours(branches, day), figures.hours(branches, before)
    alarms = figures.open_alarms(branches, chosen.company)
    return {
        "day": formats.short_day(day),
        "now": now,
        "tiles": _tiles(branches, found, now),
        "table": _table(chosen, found, now, hours, hours_before),
        "chart": json.dumps(_chart(_sum(hours), _sum(hours_before), now)),
        "alarms": [(alarm_words.level(one), one, alarm_words.alarm(one)) for one in alarms[:ALARMS]],
        "more_alarms": max(0, len(alarms) - ALARMS),
        "branches": sorted(chosen.names.items()),
    }


def _tiles(branches: Sequence[str], found: Truth, now: datetime) -> list[Tile]:
    day, before = now.date(), now.date() - WEEK
    total, whole = figures.total(branches, day, day), figures.total(branches, before, before)
    then = figures.so_far(branches, before, now.hour, now.minute)
    mark, level = words.mark(found, total.amount), words.level(found)
    part = found.share(total.amount)
    short = _("alles binnen") if found.complete else _("%s binnen") % formats.share(part) if part else ""
    name = formats.weekday(before)
    up_to = _("vorige %(day)s om deze tijd %(amount)s, hele dag %(whole)s")
    compared = up_to % {"day": name, "amount": formats.euro(then.amount), "whole": formats.euro(whole.amount)}
    count = _("vorige %(day)s om deze tijd %(n)s") % {"day": name, "n": formats.whole(then.n)}
    basket = _("vorige %(day)s om deze tijd %(amount)s") % {"day": name, "amount": formats.euro(then.average or 0)}
    return [
        Tile(_("Omzet"), formats.euro(total.amount), formats.growth(total.amount, then.amount), compared, mark, level),
        Tile(_("Bonnen"), formats.whole(total.n), formats.growth(total.n, then.n), count, short, level),
        Tile(_("Gemiddelde bon"), formats.euro(total.average or 0), formats.growth(total.average or 0,
             then.average or 0), basket, short, level),
        _margin(total, then, name, short, level),
        _missing(found, level),
    ]  # fmt: skip


def _margin(total: Row, then: Row, name: str, short: str, level: str) -> Tile:
    if total.margin_share is None:
        return Tile(_("Marge"), "–", None, _("van deze verkopen is geen inkoopprijs bekend"), short, level)
    known = 10_000 * total.costed // total.net if total.net > 0 else 0
    before = _("vorige %(day)s om deze tijd %(share)s") % {"day": name, "share": formats.share(then.margin_share)}
    texts = [formats.euro(total.margin), *([before] if then.margin_share is not None else [])]
    if known < 9950:
        texts.append(_("over %s van de omzet") % formats.share(known))
    return Tile(_("Marge"), formats.share(total.margin_share), None, "; ".join(texts), short, level)


def _missing(found: Truth, level: str) -> Tile:
    if found.complete:
        return Tile(
            _("Nog niet binnen"),
            _("niets"),
            None,
            ngettext("%d kassa, alles is er", "%d kassa's, alles is er", found.tills) % found.tills,
            "",
            level,
        )
    guessed = any(one.guess > one.turnover for one in found.missing)
    amount = f"{'± ' if guessed else ''}{formats.euros(found.amount)}" if found.amount else _("onbekend")
    told = [words.missing(one) for one in sorted(found.missing, key=lambda one: -one.amount)[:4]]
    if found.quarantined:
        apart = ngettext("%d regel apart gezet", "%d regels apart gezet", found.quarantined)
        told.append(apart % found.quarantined)
    return Tile(_("Nog niet binnen"), amount, None, "; ".join(told), "", level)


def _table(
    chosen: Choice, found: Truth, now: datetime, hours: dict[str, list[int]], before: dict[str, list[int]]
) -> Table:
    day = now.date()
    rows = {row.key: row for row in figures.by("branch", chosen.branches, day, day)}
    columns = [
        Column(_("Filiaal")), Column(_("Omzet"), "euro"), Column(_("t.o.v. vorige week"), "change"),
        Column(_("Bonnen"), "count"), Column(_("Gem. bon"), "euro", wide=True), Column(_("Marge"), "share", wide=True),
        Column(_("Per uur")), Column(_("Binnen?")),
    ]  # fmt: skip
    blank, lines, total = [0] * 24, [], Row("")
    for code in chosen.branches:
        row = rows.get(code, Row(code))
        total.add(row)
        then = _until(before.get(code, blank), now)
        link = Link(chosen.names[code], f"/omzet/?periode=vandaag&filiaal={code}&per=hour")
        part = Truth(1, found.of(code))
        state = State(words.level(part), words.mark(part, row.amount, 1))
        lines.append((
            link, row.amount, formats.growth(row.amount, then), row.n, row.average, row.margin_share,
            drawings.spark(hours.get(code, blank)[6:23], before.get(code, blank)[6:23]), state,
        ))  # fmt: skip
    then = sum(_until(values, now) for values in before.values())
    foot = (_("Alles"), total.amount, formats.growth(total.amount, then), total.n, total.average, total.margin_share,
            drawings.spark([], []), State(words.level(found), words.mark(found, total.amount, 1)))  # fmt: skip
    return Table("filialen", _("Per filiaal"), columns, lines, foot if len(lines) > 1 else None,
                 _("U hebt nog geen filialen."))  # fmt: skip


def _until(hours: Sequence[int], now: datetime) -> int:
    return sum(hours[: now.hour]) + hours[now.hour] * now.minute // 60


def _sum(hours: dict[str, list[int]]) -> list[int]:
    return [sum(values) for values in zip(*hours.values(), strict=True)] or [0] * 24


def _chart(today: Sequence[int], before: Sequence[int], now: datetime) -> dict[str, Any]:
    """Cents by hour for the browser; hours that are to come have none."""
    sold = [hour for hour in range(24) if today[hour] or before[hour]]
    first, last = min([*sold, 9]), max([*sold, 17])
    hours = list(range(first, last + 1))
    return {
        "kind": "hour",
        "x": hours,
        "series": [
            {"label": _("vorige week"), "role": "before", "values": [before[hour] for hour in hours]},
            {"label": _("vandaag"), "role": "now",
             "values": [today[hour] if hour <= now.hour or today[hour] else None for hour in hours]},
        ],
    }  # fmt: skip
