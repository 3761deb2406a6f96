"""Clocking in and out, by PIN, and one's own hours; from F10, and from the log-in screen without logging in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.hours import BREAK_END, BREAK_START, IN, OUT
from kassa_tui.domain.hours import hours as in_hours
from kassa_tui.domain.outcome import Done
from kassa_tui.screens.base import Menu, Prompt, Sheet
from kassa_tui.screens.ink import BAD, BLANK, BOLD, FAINT, TEXT, Row
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import hours

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.hours import OwnDay

FIRST = {OUT: (IN, OUT, BREAK_START, BREAK_END), IN: (BREAK_START, OUT, BREAK_END, IN),
         BREAK_START: (BREAK_END, OUT, IN, BREAK_START)}  # fmt: skip
"""What somebody is doing → what he will want, the likeliest first. All of it: another till may know more."""


def ask_who(desk: Desk) -> None:
    """The PIN, whoever is logged in."""
    hint = desk.t("Typ uw eigen pincode; wie aan de kassa werkt, blijft aangemeld.")
    desk.show(Prompt(desk, desk.t("In- en uitklokken"), partial(_identified, desk), hint=hint, masked=True, scans=True))


def _identified(desk: Desk, pin: str) -> None:
    outcome = desk.act(hours.identify, pin)
    if isinstance(outcome, Done):
        _offer(desk, outcome.facts)


def _offer(desk: Desk, facts: Mapping[str, Any]) -> None:
    t = desk.t
    words = {IN: t("Inklokken"), OUT: t("Uitklokken"), BREAK_START: t("Pauze"), BREAK_END: t("Pauze klaar")}
    person, name = str(facts["person"]), str(facts["name"])
    choices: list[tuple[str, Callable[[], object]]] = [
        (words[kind], partial(desk.act, hours.clock, person, name, kind)) for kind in FIRST[facts["state"]]
    ]
    choices.append((t("Mijn uren"), partial(show_own, desk, person, name)))
    desk.show(Menu(desk, plain(name), choices))


def show_own(desk: Desk, person: str, name: str) -> None:
    """This week and the one before it, day by day."""
    t, till = desk.t, desk.till
    assert till is not None
    days = hours.own(till, person)
    rows: list[Row] = [BLANK, (("  " + t("Zoals op deze kassa geklokt; het kantoor telt alle kassa's samen."), FAINT),)]
    for title, some in _weeks(desk, days):
        total = in_hours(sum(day.minutes for day in some))
        rows += [BLANK, (("  " + fit(title, 58) + right(total, 8), BOLD),)]
        rows += [row for day in some for row in _day(desk, day)]
        if not some:
            rows.append((("  " + t("Niets geklokt"), FAINT),))
    desk.show(Sheet(desk, t("Uren van {name}", name=plain(name)), rows))


def _weeks(desk: Desk, days: list[OwnDay]) -> list[tuple[str, list[OwnDay]]]:
    from datetime import date, timedelta

    assert desk.till is not None
    today = date.fromisoformat(desk.till.today)
    monday = (today - timedelta(days=today.weekday())).isoformat()
    return [(desk.t("Deze week"), [day for day in days if day.date >= monday]),
            (desk.t("Vorige week"), [day for day in days if day.date < monday])]  # fmt: skip


def _day(desk: Desk, day: OwnDay) -> list[Row]:
    t = desk.t
    names = (t("ma"), t("di"), t("wo"), t("do"), t("vr"), t("za"), t("zo"))
    from datetime import date

    shown = f"{names[date.fromisoformat(day.date).weekday()]} {day.date[8:]}-{day.date[5:7]}"
    rows: list[Row] = []
    for begin, end, spell in day.spells:
        wrong = {IN: t("niet ingeklokt"), OUT: t("niet uitgeklokt")}.get(spell.missing, "")
        rest = t("pauze {time}", time=in_hours(spell.rested())) if spell.breaks else ""
        span = f"{begin or '  ?  '} - {end or ('  ?  ' if wrong else '...  ')}"
        worked = "" if wrong else in_hours(spell.worked(_now(desk)))
        text = f"  {fit(shown, 10)}{fit(span, 18)}{fit(wrong or rest, 30)}{right(worked, 8)}"
        rows.append(((text, BAD if wrong else TEXT),))
        shown = ""
    return rows


def _now(desk: Desk) -> int:
    assert desk.till is not None
    return desk.till.clock.now().at
