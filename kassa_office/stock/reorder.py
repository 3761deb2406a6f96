"""When to order and how much: the formulas, without a database.

Symbols of the trade: ``d`` mean demand a day and ``sd`` its deviation, ``lead`` days until an order comes and ``slead``
their deviation, ``review`` days between two orders, ``z`` the factor of the service level. Demand is in thousandths
of a unit, and so are the answers; between them these are statistics, reckoned in floating point and rounded up at the
end. Textbook formulas (Snyder & Shen, *Fundamentals of Supply Chain Theory*).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt
from statistics import NormalDist
from typing import NamedTuple

SERVICE = 0.95
"""Share of the order cycles without an empty shelf."""
SLOW = 100
"""Demand a day, thousandths: below it statistics say nothing, and plain limits are used."""


class Demand(NamedTuple):
    """What sells a day, in thousandths, over the days on which there was something to sell."""

    mean: float
    deviation: float
    days: int


@dataclass(frozen=True, slots=True)
class Supply:
    """How a supplier delivers, in days."""

    lead: float
    review: float
    deviation: float = 0.0


class Limits(NamedTuple):
    """Order when there is ``minimum`` or less, up to ``maximum``; thousandths."""

    minimum: int
    maximum: int
    safety: float = 0.0
    fixed: bool = False
    """A person has set them."""


@lru_cache(maxsize=16)
def factor(service: float = SERVICE) -> float:
    """The number of deviations that a service level asks for: 1.645 for 95 %."""
    return NormalDist().inv_cdf(service)


def demand(days: int, total: int, squares: int) -> Demand:
    """Mean and deviation of what was sold on so many days, from the sum of it and the sum of its squares."""
    if days < 1:
        return Demand(0.0, 0.0, 0)
    spread = (days * squares - total**2) / (days * (days - 1)) if days > 1 else 0.0
    return Demand(total / days, sqrt(spread), days)


def safety(of: Demand, supply: Supply, z: float, days: float) -> float:
    """z·√(days·sd² + d²·slead²): ``days`` is the lead time, with the days between two orders where one reviews."""
    return z * sqrt(days * of.deviation**2 + of.mean**2 * supply.deviation**2)


def minimum(of: Demand, supply: Supply, z: float) -> float:
    """Order when so much is left: d·L + z·√(L·sd² + d²·slead²)."""
    return of.mean * supply.lead + safety(of, supply, z, supply.lead)


def maximum(of: Demand, supply: Supply, z: float) -> float:
    """Order up to so much: d·(L+R) + z·√((L+R)·sd² + d²·slead²)."""
    period = supply.lead + supply.review
    return of.mean * period + safety(of, supply, z, period)


def limits(of: Demand, supply: Supply, pack: int, z: float | None = None) -> Limits:
    """The limits that demand gives; of what hardly sells, one pack when there is none left."""
    if of.mean < SLOW:
        return Limits(0, max(pack, 1000)) if of.mean > 0 else Limits(0, 0)
    z = factor() if z is None else z
    period = supply.lead + supply.review
    return Limits(ceil(minimum(of, supply, z)), ceil(maximum(of, supply, z)), safety(of, supply, z, period))


def enough(position: int, of: Demand, supply: Supply) -> bool:
    """Whether there is more than the minimum for certain; told without a root (it is at most half of one more)."""
    most = of.mean * supply.lead + factor() * ((supply.lead + 1) / 2 * of.deviation + of.mean * supply.deviation)
    return position > most + 1


def spare(level: int, of: Demand, supply: Supply) -> bool:
    """Whether there may be more than the maximum; likewise."""
    return of.mean < SLOW or level > of.mean * (supply.lead + supply.review)


def suggestion(position: int, of: Limits) -> int:
    """What is short: up to the maximum, once no more than the minimum is left."""
    return max(0, of.maximum - position) if position <= of.minimum else 0


def whole_packs(qty: int, pack: int) -> int:
    """Rounded up to packs of so many thousandths."""
    return -(-qty // pack) * pack if pack > 0 else qty


def days_of_cover(on_hand: int, of: Demand) -> float | None:
    """For how many days there is enough; None where nothing sells."""
    return max(on_hand, 0) / of.mean if of.mean > 0 else None


def runs_out(cover: float | None, of: Demand, supply: Supply, safe: float) -> bool:
    """Whether what is there does not last until an order comes, the safety stock kept: cover < L + SS/d."""
    return cover is not None and cover < supply.lead + safe / of.mean


@dataclass(slots=True)
class Wanted:
    """A line of an order in the making."""

    sku: str
    qty: int
    pack: int
    cost: int
    """Cents for one unit."""
    mean: float
    """Demand a day."""
    position: int

    @property
    def amount(self) -> int:
        """Cents."""
        return self.qty * self.cost // 1000

    @property
    def cover(self) -> float:
        """Days for which there will be enough; endless where nothing sells."""
        return (self.position + self.qty) / self.mean if self.mean > 0 else float("inf")


def fill_up(lines: Sequence[Wanted], least: int) -> int:
    """Add packs, always to what would run out first, until the order is worth ``least`` cents; returns its worth.

    What has no price cannot help; where nothing sells that has one, the order stays below.
    """
    total = sum(line.amount for line in lines)
    costly = [line for line in lines if line.cost > 0 and line.mean > 0 and line.pack * line.cost >= 1000]
    while total < least and costly:
        line = min(costly, key=lambda each: (each.cover, each.sku))
        before = line.amount
        line.qty += line.pack
        total += line.amount - before
    return total
