"""From entries to tables: each kind has one function in the app that keeps what follows from it.

Every function only adds: rows of its own, or sums to sums. So the tables come out the same whatever the order and the
packaging in which entries arrive; what an entry leads to depends on the entry, and on cost prices, alone.
"""

from __future__ import annotations

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
        self._of_day: dict[tuple[str, str], int | None] = {}
        wanted = sorted(set(skus))
        for first in range(0, len(wanted), SKUS_AT_ONCE):
            self._load(wanted[first : first + SKUS_AT_ONCE])

    def _load(self, skus: list[str]) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                which, values = "= ANY(%s::text[])", [array(skus, "text")]
            else:
                which, values = f"IN ({', '.join(['%s'] * len(skus))})", skus
            cursor.execute(
                f"SELECT article_id, valid_from, amount FROM catalogue_costprice WHERE article_id {which}"
                " ORDER BY article_id, valid_from",
                values,
            )
            for sku, valid_from, amount in cursor.fetchall():
                days, amounts = self._prices.setdefault(sku, ([], []))
                days.append(str(valid_from))
                amounts.append(amount)

    def of(self, sku: str, qty: int, day: str) -> int | None:
        """Cents that ``qty`` thousandths cost the shop on an ISO day; None where nobody knows."""
        key = (sku, day)
        price = self._of_day.get(key, -1)
        if price == -1:
            price = self._of_day[key] = self._price(sku, day)
        if price is None:
            return None
        cost = half_away(qty * price, 1000)
        return cost if -MAX_COST < cost < MAX_COST else None

    def _price(self, sku: str, day: str) -> int | None:
        found = self._prices.get(sku)
        place = bisect_right(found[0], day) if found else 0
        return found[1][place - 1] if found and place else None


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
    from kassa_office.sales.projection import KINDS as SALES
    from kassa_office.stock.projection import KINDS as STOCK

    return {**SALES, **STOCK}


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
