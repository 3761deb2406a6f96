"""A dull till to hold the real one against: exact fractions, mutable lists, nothing shared with the code under test.

Written from the rules as the law and the trade put them: VAT out of gross per rate per ticket, ticket discounts spread
pro rata in whole cents, cash rounded to 5 cents on the part settled in cash, cash limits per country.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

LAST_DIGIT = {0: 0, 1: -1, 2: -2, 3: 2, 4: 1, 5: 0, 6: -1, 7: -2, 8: 2, 9: 1}
"""What rounding to 5 cents adds to an amount that ends in this digit."""

CASH_BAN = {"NL": lambda cents: cents >= 300_000, "BE": lambda cents: cents > 300_000}


def half_up(value: Fraction) -> int:
    """Round to a whole number, halves away from zero."""
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def to_five(cents: int) -> int:
    """Round to 5 cents by the last digit; a refund is the mirror of a sale."""
    size = abs(cents)
    size += LAST_DIGIT[size % 10]
    return size if cents >= 0 else -size


def exact_vat(gross: int, percent: Fraction) -> Fraction:
    """VAT inside gross cents, to the last fraction."""
    return gross * percent / (100 + percent)


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Whole cents pro rata, one at a time to whoever is furthest below their fair share, the first among equals."""
    whole = sum(weights)
    if whole == 0:
        return [0 for _ in weights]
    fair = [Fraction(total * weight, whole) for weight in weights]
    given = [floor(part) for part in fair]
    while sum(given) < total:
        behind = [part - got for part, got in zip(fair, given, strict=True)]
        given[behind.index(max(behind))] += 1
    return given


Off = Callable[[int], int]
"""A discount: what comes off an amount in cents."""


def percent_off(percent: Fraction) -> Off:
    """A share of the amount, never more than all of it."""
    return lambda cents: half_up(cents * min(percent, Fraction(100)) / 100)


def amount_off(value: int) -> Off:
    """So many cents, never more than there are, towards zero for what goes back."""
    return lambda cents: min(value, cents) if cents >= 0 else -min(value, -cents)


@dataclass
class Item:
    """One line."""

    pieces: Fraction
    price: int
    percent: Fraction | None
    """VAT; None lies outside it."""
    shares_discount: bool
    """Whether a ticket discount may touch it."""
    off: Off | None = None
    paid_off: int = 0
    """Cents off that came along from the receipt of a sale."""
    parent: int = 0

    @property
    def gross(self) -> int:
        return half_up(self.pieces * self.price)

    @property
    def amount(self) -> int:
        return self.gross - (self.off(self.gross) if self.off else self.paid_off)


@dataclass
class Counter:
    """What lies on the counter."""

    items: dict[int, Item] = field(default_factory=dict)
    ticket_off: Off | None = None
    taken_off: list[int] = field(default_factory=list)
    """Amounts of the lines that were voided."""

    def void(self, no: int) -> None:
        for other in [n for n, item in self.items.items() if n == no or item.parent == no]:
            self.taken_off.append(self.items.pop(other).amount)

    def final(self) -> dict[int, int]:
        """Cents paid for each line after every discount."""
        if self.ticket_off is None:
            return {no: item.amount for no, item in self.items.items()}
        base = {no: max(item.amount, 0) if item.shares_discount else 0 for no, item in self.items.items()}
        parts = spread(self.ticket_off(sum(base.values())), list(base.values()))
        return {no: self.items[no].amount - part for no, part in zip(base, parts, strict=True)}

    def total(self) -> int:
        return sum(self.final().values())

    def vat(self) -> dict[Fraction, tuple[int, int]]:
        """Per percentage: gross and VAT."""
        gross: dict[Fraction, int] = {}
        for no, amount in self.final().items():
            percent = self.items[no].percent
            if percent is not None:
                gross[percent] = gross.get(percent, 0) + amount
        return {percent: (cents, half_up(exact_vat(cents, percent))) for percent, cents in gross.items()}


@dataclass
class Drawer:
    """One ticket being paid, under the rules of a country: ``off``, ``cash`` or ``all`` tenders rounded."""

    total: int
    land: str
    rounds: str
    business: bool
    cash: int = 0
    other: int = 0
    rounding: int = 0
    change: int = 0
    settled: bool = False

    def __post_init__(self) -> None:
        if self.rounds == "all":
            self.rounding = self.rounded(self.total) - self.total
        self.settled = self.total + self.rounding == 0

    def rounded(self, cents: int) -> int:
        """Belgium rounds for consumers, above 5 cents; a Dutch shop that rounds, rounds."""
        if self.land == "BE" and (self.business or abs(cents) <= 5):
            return cents
        return to_five(cents)

    @property
    def open(self) -> int:
        """Cents not yet covered, exact."""
        return 0 if self.settled else self.total + self.rounding - self.cash - self.other

    @property
    def due(self) -> int:
        """Cents still to change hands if the rest is cash."""
        if self.rounds != "cash" or self.settled:
            return self.open
        in_cash = self.rounded(self.total - self.other) - self.cash
        if self.open > 0:
            return max(in_cash, 0)
        return min(in_cash, 0)

    def card(self, cents: int) -> bool:
        """Whether an exact tender is taken; it may not be nothing, go the other way or pass what is open."""
        if self.settled or cents == 0 or cents * self.open < 0 or abs(cents) > abs(self.open):
            return False
        self.settled = cents == self.open
        self.other += cents
        return True

    def pay(self, cents: int) -> bool:
        """Whether cash is taken."""
        due = self.due
        if self.settled or (due > 0 and cents <= 0) or (due < 0 and cents >= 0) or (due == 0 and cents < 0):
            return False
        kept = min(cents, due) if due >= 0 else cents
        if kept > 0 and CASH_BAN[self.land](self.cash + kept):
            return False
        if (due >= 0 and cents >= due) or cents == due:
            self.rounding += due - self.open
            self.change = cents - due
            self.settled = True
        elif abs(cents) >= min(abs(self.open), abs(due)):
            return False
        self.cash += cents
        return True
