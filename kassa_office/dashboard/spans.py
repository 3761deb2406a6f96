"""A long period in few rows: whole months from the totals by month, the days at its ends from those by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from kassa_office.facts import next_month

ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows to add up, or to take off again."""

    by_month: bool
    sign: int
    first: date
    last: date


def parts(first: date, last: date) -> Iterator[Part]:
    """What ``first`` to ``last`` comes to. More than half of a month is the month less the days that are too many."""
    start = first.replace(day=1)
    while start <= last:
        end = next_month(start) - ONE
        begin, until = max(first, start), min(last, end)
        if 2 * ((until - begin).days + 1) <= (end - start).days + 1:
            yield Part(False, 1, begin, until)
        else:
            yield Part(True, 1, start, start)
            if begin > start:
                yield Part(False, -1, start, begin - ONE)
            if until < end:
                yield Part(False, -1, until + ONE, end)
        start = next_month(start)


def merged(first: date, last: date) -> list[Part]:
    """The same with neighbouring months in one part."""
    found: list[Part] = []
    for part in parts(first, last):
        before = found[-1] if found else None
        if before and before.by_month and part.by_month and next_month(before.last) == part.first:
            found[-1] = Part(True, 1, before.first, part.first)
        else:
            found.append(part)
    return found
