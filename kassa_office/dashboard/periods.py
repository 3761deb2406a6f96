"""Which days a page is about, and with which it compares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from kassa_office.dashboard import formats
from kassa_office.facts import next_month

LONGEST = 1100
"""Days of a period: three years and what hangs over."""
WEEK, YEAR = timedelta(days=7), timedelta(days=364)
"""A year is 52 weeks, so that a Saturday stands against a Saturday."""
NAMES = ("vandaag", "gisteren", "week", "maand", "jaar", "eigen")


@dataclass(frozen=True, slots=True)
class Period:
    """Days ``first`` to ``last``, both in it."""

    name: str
    """One of NAMES."""
    first: date
    last: date

    @property
    def words(self) -> str:
        """``zo 22-11-2026`` or ``16-11-2026 t/m 22-11-2026``."""
        if self.first == self.last:
            return formats.short_day(self.first)
        return _("%(first)s t/m %(last)s") % {"first": formats.day(self.first), "last": formats.day(self.last)}

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def earlier(self, by: timedelta) -> Period:
        """As long, so much earlier."""
        return Period("eigen", self.first - by, self.last - by)


def choices() -> list[tuple[str, str]]:
    """Name and words of the periods to choose from."""
    words = (_("vandaag"), _("gisteren"), _("deze week"), _("deze maand"), _("dit jaar"), _("van … t/m"))
    return list(zip(NAMES, words, strict=True))


def read(asked: Mapping[str, str], today: date, usual: str = "vandaag") -> Period:
    """The period that an address asks for; what cannot be read is as if it were not asked."""
    name = asked.get("periode", "")
    if name not in NAMES:
        name = "eigen" if asked.get("van") else usual
    if name == "eigen":
        first, last = _date(asked.get("van", ""), today), _date(asked.get("tot", ""), today)
        first, last = min(first, last), max(first, last)
        return Period(name, max(first, last - timedelta(days=LONGEST)), last)
    if name == "gisteren":
        return Period(name, today - timedelta(days=1), today - timedelta(days=1))
    if name == "week":
        monday = today - timedelta(days=today.weekday())
        return Period(name, monday, monday + timedelta(days=6))
    if name == "maand":
        first = today.replace(day=1)
        return Period(name, first, next_month(first) - timedelta(days=1))
    if name == "jaar":
        return Period(name, date(today.year, 1, 1), date(today.year, 12, 31))
    return Period(name, today, today)


def compared(asked: Mapping[str, str], period: Period, today: date) -> Period:
    """The days that a period is held against: a week or a year earlier, and no longer than it has lasted so far."""
    lasted = Period(period.name, period.first, max(period.first, min(period.last, today)))
    by = asked.get("met", "")
    if by not in ("week", "jaar"):
        by = "week" if period.days <= 7 else "jaar"
    weeks = -(-lasted.days // 7)
    return lasted.earlier(YEAR if by == "jaar" and lasted.days <= YEAR.days else WEEK * weeks)


def _date(text: str, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return found if date(2000, 1, 1) <= found <= otherwise + timedelta(days=3660) else otherwise
