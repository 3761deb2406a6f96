"""A shop in its head: what a day ought to come to, in whole cents, without a line of the program's own arithmetic."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

FLOAT = 15_000
NOTES_AND_COINS = (50_000, 20_000, 10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)


@dataclass(frozen=True)
class Good:
    """An article as it stands on the shelf."""

    sku: str
    code: str
    price: int
    rate: int
    """Per cent of VAT."""
    deposit: int = 0
    age: int = 0
    kilo: bool = False


BUN = Good("6", "8710400280507", 55, 9)
COLA = Good("7", "5449000000996", 101, 9, deposit=15)
SIX = Good("8", "87000009", 6 * 99, 9)
CANDLES = Good("9", "", 349, 21)
GIN = Good("14", "", 1499, 21, age=18)
CRATE = Good("15", "", 1699, 21, deposit=390, age=16)
BANANAS = Good("1", "", 179, 9, kilo=True)


def rounded(numerator: int, denominator: int) -> int:
    """A fraction to whole cents, half away from zero."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


@dataclass
class Ticket:
    """What lies on the counter."""

    lines: list[tuple[int, int, bool]] = field(default_factory=list)
    """Cents, per cent of VAT, and whether it is a deposit."""
    seen: int = 0
    """The age somebody has shown to have."""

    def add(self, good: Good, thousandths: int, per_cent_off: int = 0) -> bool:
        """Put goods down; whether somebody's age is asked now."""
        gross = rounded(thousandths * good.price, 1000)
        self.lines.append((gross - rounded(gross * per_cent_off, 100), good.rate, False))
        if good.deposit:
            self.lines.append((thousandths // 1000 * good.deposit, 0, True))
        asks, self.seen = good.age > self.seen, max(self.seen, good.age)
        return asks

    @property
    def total(self) -> int:
        """Cents."""
        return sum(cents for cents, _, _ in self.lines)

    @property
    def due(self) -> int:
        """Cents when paid in cash."""
        return rounded(self.total, 5) * 5

    def back(self) -> Ticket:
        """All of it returned."""
        return Ticket([(-cents, rate, deposit) for cents, rate, deposit in self.lines])


@dataclass
class Books:
    """What everything comes to."""

    sums: Counter[str] = field(default_factory=lambda: Counter(drawer=FLOAT))
    sold: list[Ticket] = field(default_factory=list)

    def sell(self, ticket: Ticket, tender: str) -> str:
        """Write a sale down; its number."""
        self.sold.append(ticket)
        gross: Counter[int] = Counter()
        for cents, rate, deposit in ticket.lines:
            self.sums["deposits" if deposit else "turnover"] += cents
            if not deposit:
                gross[rate] += cents
        for rate, cents in gross.items():
            self.sums[f"vat {rate}"] += rounded(cents * rate, 100 + rate)
        paid = ticket.due if tender == "cash" else ticket.total
        self.sums[tender] += paid
        self.sums["drawer"] += paid if tender == "cash" else 0
        self.sums["rounding"] += paid - ticket.total
        return f"K1-{len(self.sold):06d}"

    def move(self, cents: int) -> None:
        """Money put into the drawer, or taken out."""
        self.sums["drawer"] += cents

    def pieces(self) -> list[int]:
        """The drawer in as few notes and coins as can be, from the largest down."""
        left, found = self.sums["drawer"], []
        for value in NOTES_AND_COINS:
            number, left = divmod(left, value)
            found.append(number)
        return found
