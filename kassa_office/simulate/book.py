"""The journal of a till that is a program: every entry numbered, hashed and signed as a real till does it.

Sales are made by the till's own rules, so that lines, VAT, tenders and perpetual totals add up and the office's proof
has nothing to forgive.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.journal import GENESIS, Moment, canonical, digest
from kassa_tui.domain.money import half_away
from kassa_tui.domain.sale import sale_body, turnover
from kassa_tui.domain.shift import local_date
from kassa_tui.domain.tender import CASH, PIN, Payment, Tender
from kassa_tui.sync.wire import SCHEMA, Batch, Entry

FLOAT = 15_000
"""Cents in the drawer at the opening."""
CASH_PART = 0.3
"""Of the sales; the others are paid by card."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What a simulated customer buys."""

    sku: str
    name: str
    group: str
    price: int
    """Cents for one."""
    vat_code: str
    rate: int
    """Hundredths of a percent."""
    unit: str = "each"
    min_age: int = 0


SHELF = tuple(
    Goods(f"S{number}", f"Artikel {number}", ("Brood", "Zuivel", "Groente", "Fris")[number % 4], 45 + 37 * number,
          "high" if number % 5 == 0 else "low", 2100 if number % 5 == 0 else 900)
    for number in range(1, 41)
)  # fmt: skip
"""For tills whose office has no catalogue of its own."""


class Book:
    """One till's journal, in memory; each act adds one signed entry."""

    def __init__(self, till: str, key: Ed25519PrivateKey, offset: int = 60) -> None:
        self.till, self.offset, self.at = till, offset, 0
        self.entries: list[Entry] = []
        self.z = self.receipt = self.z_turnover = self.cash = 0
        self._grand = [0, 0]
        self._key, self._prev = key, GENESIS

    @property
    def public_key(self) -> str:
        """Hexadecimal, as the office keeps it."""
        return self._key.public_key().public_bytes_raw().hex()

    @property
    def high(self) -> int:
        """Last number given out."""
        return len(self.entries)

    def add(self, kind: str, body: dict[str, Any], who: str, at: int) -> Entry:
        """One entry at ``at``, UTC milliseconds."""
        seq, text, self.at = self.high + 1, canonical(body), at
        entry_id = f"{at:012x}7{seq & 0xFFF:03x}8{crc32(self.till.encode()) & 0xFFF:03x}{seq:012x}"
        hashed = digest(self.till, seq, entry_id, Moment(at, self.offset), who, kind, text, self._prev)
        entry = Entry(seq, entry_id, at, self.offset, who, kind, text, self._prev.hex(), hashed.hex(),
                      self._key.sign(hashed).hex())  # fmt: skip
        self.entries.append(entry)
        self._prev = hashed
        return entry

    def open_shift(self, at: int, who: str = "anna") -> None:
        """The till opens."""
        self.z, self.z_turnover, self.cash = self.z + 1, 0, FLOAT
        self.add("login", {"name": who.capitalize(), "role": "cashier"}, who, at)
        self.add("shift.open", {"z": self.z, "float": FLOAT}, who, at + 1)

    def close_shift(self, at: int, difference: int = 0, who: str = "bas") -> None:
        """The drawer is counted and the Z made."""
        counted = self.cash + difference
        self.add("shift.count", {"total": counted, "pieces": {}}, who, at)
        figures = {"z": self.z, "turnover": self.z_turnover, "counted": counted, "difference": difference,
                   "cash": {"expected": self.cash}}  # fmt: skip
        self.add("shift.close", figures, who, at + 1)

    def sale(self, at: int, basket: Sequence[tuple[Goods, int]], *, card: bool, who: str = "anna") -> Entry:
        """A settled sale of goods with thousandths of each; by card exactly, in cash to the nearest five cents."""
        self.receipt += 1
        whole = tickets.add(tickets.Ticket(f"{self.till}t{self.receipt:08d}"), *(_line(*each) for each in basket))
        total = tickets.totals(whole).total
        rounding = 0 if card else half_away(total, 5) * 5 - total
        tender = Tender(PIN, total, f"{self.till}p{self.receipt}") if card else Tender(CASH, total + rounding)
        body = sale_body(whole, Payment(total, (tender,), rounding, 0, True), shift=self.z,
                         date=local_date(at, self.offset), opened=at - 60_000)  # fmt: skip
        plus = turnover([each for each in body["lines"] if each["amount"] > 0])
        minus = turnover([each for each in body["lines"] if each["amount"] < 0])
        self._grand = [self._grand[0] + plus, self._grand[1] - minus]
        self.z_turnover += plus + minus
        self.cash += 0 if card else tender.amount
        body |= {"no": self.receipt, "number": f"{self.till}-{self.receipt:06d}",
                 "grand": {"sales": self._grand[0], "returns": self._grand[1]}}  # fmt: skip
        return self.add("sale", body, who, at)

    def batch(self, first: int, last: int, now: int, epoch: str = "") -> Batch:
        """Entries ``first`` to ``last`` as they go over the wire."""
        return Batch(SCHEMA, self.till, now, self.high, self.entries[first - 1 : last], epoch, "simulated")


def fill(book: Book, sales: int, at: int, chance: random.Random, shelf: Sequence[Goods] = SHELF) -> None:
    """An opening and some sales, a minute apart, from ``at`` on."""
    book.open_shift(at)
    for number in range(sales):
        book.sale(at + 60_000 * (number + 1), basket(chance, shelf), card=chance.random() > CASH_PART)


def basket(chance: random.Random, shelf: Sequence[Goods], most: int = 10) -> list[tuple[Goods, int]]:
    """What one customer takes: mostly few things, mostly of the front of the shelf."""
    count = min(1 + int(chance.expovariate(0.35)), most)
    chosen: list[tuple[Goods, int]] = []
    for _ in range(count):
        goods = shelf[min(int(chance.expovariate(4.0) * len(shelf)), len(shelf) - 1)]
        thousandths = chance.randint(150, 1800) if goods.unit == "kg" else chance.choice((1000, 1000, 1000, 2000, 3000))
        chosen.append((goods, thousandths))
    return chosen


def _line(goods: Goods, thousandths: int) -> tickets.Line:
    return tickets.Line(0, tickets.SALE, goods.sku, goods.name, goods.group, thousandths, goods.unit, goods.price,
                        tickets.gross_of(thousandths, goods.price), goods.vat_code, goods.rate, source="list",
                        list_price=goods.price, min_age=goods.min_age)  # fmt: skip
