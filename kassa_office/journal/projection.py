"""From entries to tables: each kind has one function in the app that keeps what follows from it.

Every function only adds: rows of its own, or sums to sums. So the tables come out the same whatever the order and the
packaging in which entries arrive; what an entry leads to depends on the entry, and on cost prices, alone.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from msgspec import Struct

from kassa_office.journal import bodies
from kassa_office.journal.writing import Gathered, array
from kassa_tui.domain.journal import Entry
from kassa_tui.domain.money import half_away

SKUS_AT_ONCE = 5000
MAX_COST = 10**15


class Costs:
    """Cost prices of the articles in a batch: cents for one, without VAT, by day."""

    def __init__(self, skus: Iterable[str] = ()) -> None:
        self._prices: dict[str, tuple[list[str], list[int]]] = {}
        self._of_day: dict[str, dict[str, int]] = {}
        wanted = sorted(set(skus))
        for first in range(0, len(wanted), SKUS_AT_ONCE):
            self._load(wanted[first : first + SKUS_AT_ONCE])

    def _load(self, skus: list[str]) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                which, values = "= ANY(%s::text[])", array(skus, "text")
            else:
                which, values = "IN (SELECT value FROM json_each(%s))", json.dumps(skus)
            # As text: the day need not become a date of Python and then a text again, article by article.
            cursor.execute(
                "SELECT article_id, CAST(valid_from AS text), amount FROM catalogue_costprice"
                f" WHERE article_id {which} ORDER BY article_id, valid_from",
                [values],
            )
            for sku, valid_from, amount in cursor.fetchall():
                days, amounts = self._prices.setdefault(sku, ([], []))
                days.append(valid_from)
                amounts.append(amount)

    def on(self, day: str) -> dict[str, int]:
        """Article → cents for one, without VAT, on an ISO day; articles whose cost nobody knows are not in it."""
        found = self._of_day.get(day)
        if found is None:
            found = self._of_day[day] = {
                sku: amounts[place - 1]
                for sku, (days, amounts) in self._prices.items()
                if (place := bisect_right(days, day))
            }
        return found


def worth(price: int, qty: int) -> int | None:
    """Cents that ``qty`` thousandths cost at ``price`` for one; None where that is no sensible sum."""
    cost = half_away(qty * price, 1000)
    return cost if -MAX_COST < cost < MAX_COST else None


@dataclass(slots=True)
class Here:
    """Where an entry stands: its branch, and its day on the shop's wall (ISO)."""

    branch: str
    day: str
    entry: Entry

    @property
    def key(self) -> tuple[str, str, int, str]:
        """Branch, till, number and day: the beginning of the key of every fact."""
        return self.branch, self.entry.till, self.entry.seq, self.day


Projector = Callable[[Gathered, Here, Any, Costs], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of entry is read and counted."""

    body: type[Struct]
    project: Projector
    skus: Callable[[Any], Iterable[str]] | None = None
    """Articles whose cost is asked."""


@dataclass(slots=True)
class Read:
    """An entry with its facts, ready to be counted."""

    here: Here
    kind: Kind | None
    """None: this office does not know the kind; it is kept and counts nowhere."""
    facts: Any = None


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """All kinds of entry that the office knows."""
    from kassa_office.hours.projection import KINDS as HOURS
    from kassa_office.sales.projection import KINDS as SALES
    from kassa_office.stock.projection import KINDS as STOCK
    from kassa_office.webshops.projection import KINDS as WEBSHOPS

    return {**SALES, **STOCK, **HOURS, **WEBSHOPS}


def read(here: Here) -> Read:
    """The entry with its facts; :class:`bodies.Unreadable`."""
    kind = kinds().get(here.entry.kind)
    if kind is None:
        return Read(here, None)
    return Read(here, kind, bodies.read(kind.body, here.entry.body))


def project(gathered: Gathered, entries: Iterable[Read]) -> None:
    """Count entries."""
    known = [each for each in entries if each.kind is not None]
    costs = Costs(sku for each in known if each.kind and each.kind.skus for sku in each.kind.skus(each.facts))
    for each in known:
        if each.kind is not None:
            each.kind.project(gathered, each.here, each.facts, costs)


@lru_cache(maxsize=4096)
def _iso(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def day_of(at: int, offset: int) -> str:
    """ISO date on the shop's wall of UTC milliseconds ``at``, ``offset`` minutes from UTC."""
    return _iso((at // 60_000 + offset) // 1440)
