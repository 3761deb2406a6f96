"""Clocking in and out at the till, by PIN, whoever is logged in; and one's own hours.

A till knows only what was clocked at it, so nothing is refused for what it does not know: who came at another till may
go at this one. The office puts the tills' clockings together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from kassa_tui.domain import hours
from kassa_tui.domain.hours import Mark, Spell
from kassa_tui.domain.outcome import Outcome
from kassa_tui.domain.shift import local_date, local_time
from kassa_tui.services.access import waiting_seconds
from kassa_tui.services.till import done, refused
from kassa_tui.storage.hours import clockings

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

TWICE_MS = 60_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class OwnDay:
    """What somebody worked on a day, as far as this till knows."""

    date: str
    spells: tuple[tuple[str, str, Spell], ...]
    """``09:00`` and ``17:30``, empty where that is missing or still to come, and the spell."""
    minutes: int


def identify(till: Till, pin: str) -> Outcome:
    """Who this is, and what he is doing; nobody is logged in by it."""
    if till.training:
        return refused("hours_practice")
    wait = waiting_seconds(till)
    if wait:
        return refused("login_wait", seconds=wait)
    person = till.people.by_pin(pin)
    if person is None:
        till.store.record("login.failed", {}, till.who)
        return refused("wrong_pin")
    return done("hours_person", name=person.name, person=person.code, state=state(till, person.code))


def clock(till: Till, person: str, name: str, kind: str) -> Outcome:
    """Write down that somebody comes, goes, or begins or ends a break, now."""
    if till.training:
        return refused("hours_practice")
    now = till.clock.now()
    marks = _marks(till, person, now.at - hours.LONGEST_MS - DAY_MS)
    if marks and marks[-1].kind == kind and 0 <= now.at - marks[-1].at < TWICE_MS:
        return refused("hours_twice", name=name)
    till.store.record(f"hours.{kind}", {"name": name}, person)
    time = f"{local_time(now.at, now.offset):%H:%M}"
    facts = {}
    if kind == hours.OUT:
        last = hours.spells([*marks, Mark(now.at, kind)], now.at)[-1]
        facts = {} if last.missing else {"worked": hours.hours(last.worked(now.at))}
    return done("hours_clocked", name=name, kind=kind, time=time, **facts)


def state(till: Till, person: str) -> str:
    """``in``, ``break_start`` or ``out``, as far as this till knows."""
    now = till.clock.now().at
    return hours.state(_marks(till, person, now - hours.LONGEST_MS - DAY_MS), now)


def own(till: Till, person: str) -> list[OwnDay]:
    """This week and the one before it, from Monday on, as clocked at this till; oldest day first."""
    now = till.clock.now()
    today = date.fromisoformat(local_date(now.at, now.offset))
    monday = today - timedelta(days=today.weekday() + 7)
    since = now.at - (today - monday).days * DAY_MS - 2 * DAY_MS
    offsets = {each.at: each.offset for each in clockings(till.store.read, person, since)}
    days: dict[str, list[Spell]] = {}
    for spell in hours.spells(_marks(till, person, since), now.at):
        day = local_date(spell.first, offsets[spell.first])
        if day >= monday.isoformat():
            days.setdefault(day, []).append(spell)

    def wall(at: int | None) -> str:
        return "" if at is None else f"{local_time(at, offsets.get(at, now.offset)):%H:%M}"

    return [
        OwnDay(day, tuple((wall(spell.begin), wall(spell.end), spell) for spell in some),
               sum(spell.worked(now.at) for spell in some))
        for day, some in sorted(days.items())
    ]  # fmt: skip


def _marks(till: Till, person: str, since: int) -> list[Mark]:
    return [Mark(each.at, each.kind) for each in clockings(till.store.read, person, since)]
