"""Working hours from clockings: when somebody came, rested and went, and what was forgotten. No pay rules.

Whoever forgets to clock is not refused anything; a spell that lacks its beginning or end says so and counts no hours,
until a person puts it right. Times are UTC milliseconds, durations whole minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

IN, OUT, BREAK_START, BREAK_END = "in", "out", "break_start", "break_end"
KINDS = (IN, OUT, BREAK_START, BREAK_END)
ENTRIES = tuple(f"hours.{kind}" for kind in KINDS)
"""Kinds of journal entries."""
MINUTE_MS = 60_000
LONGEST_MS = 16 * 60 * MINUTE_MS
"""A working day is no longer, by law 12 hours: whoever is still clocked in after this has forgotten to clock out."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One clocking."""

    at: int
    kind: str
    """``in``, ``out``, ``break_start``, ``break_end``."""
    key: str = ""
    """What finds it."""


@dataclass(frozen=True, slots=True)
class Spell:
    """From coming to going."""

    marks: tuple[Mark, ...]
    """In their order; never none."""
    begin: int | None
    """None where nobody clocked in."""
    end: int | None
    """None while it lasts, and where nobody clocked out."""
    breaks: tuple[tuple[int, int], ...]
    missing: str
    """``in`` or ``out`` where that was forgotten, else empty."""

    @property
    def first(self) -> int:
        """When it was first heard of: which day it belongs to."""
        return self.marks[0].at

    @property
    def running(self) -> bool:
        """Whether somebody is at work."""
        return not self.missing and self.end is None

    def rested(self) -> int:
        """Minutes of breaks."""
        return sum(end - begin for begin, end in self.breaks) // MINUTE_MS

    def worked(self, now: int) -> int:
        """Minutes without breaks, up to ``now`` while it lasts; 0 where its beginning or end is missing."""
        if self.missing or self.begin is None:
            return 0
        end = max(self.begin, now) if self.end is None else self.end
        return max((end - self.begin - sum(till - since for since, till in self.breaks)) // MINUTE_MS, 0)


def spells(marks: Iterable[Mark], now: int) -> list[Spell]:
    """The clockings of one person as spells, oldest first; of two at one moment the one given first is first."""
    found: list[Spell] = []
    some: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: mark.at):
        if some and (mark.kind == IN or mark.at - some[0].at > LONGEST_MS):
            found.append(_spell(some, now))
            some = []
        some.append(mark)
        if mark.kind == OUT:
            found.append(_spell(some, now))
            some = []
    return [*found, _spell(some, now, last=True)] if some else found


def state(marks: Sequence[Mark], now: int) -> str:
    """What somebody did last, as far as these clockings say: ``in``, ``break_start``, or ``out`` also where nothing."""
    known = spells(marks, now)
    if not known or not known[-1].running:
        last = known[-1].marks[-1] if known and known[-1].missing == IN and known[-1].end is None else None
        return OUT if last is None or now - last.at > LONGEST_MS else _doing(last.kind)
    return _doing(known[-1].marks[-1].kind)


def _doing(kind: str) -> str:
    return BREAK_START if kind == BREAK_START else IN


def _spell(marks: list[Mark], now: int, *, last: bool = False) -> Spell:
    begin = marks[0].at if marks[0].kind == IN else None
    end = marks[-1].at if marks[-1].kind == OUT else None
    missing = ""
    if begin is None:
        missing = IN
    elif end is None and not (last and now - begin <= LONGEST_MS):
        missing = OUT
    return Spell(tuple(marks), begin, end, tuple(_breaks(marks, now if end is None else end)), missing)


def _breaks(marks: list[Mark], until: int) -> list[tuple[int, int]]:
    """A break that nobody ended lasts to the end of the work."""
    found, since = [], None
    for mark in marks:
        if mark.kind == BREAK_START and since is None:
            since = mark.at
        elif mark.kind != BREAK_START and since is not None:
            found.append((since, mark.at))
            since = None
    return [*found, (since, max(since, until))] if since is not None else found


def hours(minutes: int) -> str:
    """``7:30`` of 450 minutes."""
    sign = "-" if minutes < 0 else ""
    return f"{sign}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"
