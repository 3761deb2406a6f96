"""Journals for tests: signed as a till signs them, with sales that add up because the till's own rules made them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.journal import GENESIS, Entry, Moment, canonical, digest
from kassa_tui.domain.sale import sale_body, turnover
from kassa_tui.domain.shift import local_date
from kassa_tui.domain.tender import Payment, Tender
from kassa_tui.storage.keys import Signer
from kassa_tui.sync.codec import to_wire
from kassa_tui.sync.wire import SCHEMA, Batch

START = 1_795_262_400_000
"""21 November 2026, 12:00 UTC."""
MINUTE = 60_000


def signer(number: int = 1) -> Signer:
    """A key that is the same in every run."""
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes([number % 256]) * 32))


@dataclass
class Book:
    """A till's journal as it is written; each act adds one signed entry."""

    till: str = "K1"
    signer: Signer = field(default_factory=signer)
    at: int = START
    offset: int = 60
    who: str = "1"
    entries: list[Entry] = field(default_factory=list)
    receipt: int = 0
    z: int = 0
    grand: tuple[int, int] = (0, 0)
    z_turnover: int = 0
    """Of the open shift."""

    def add(self, kind: str, body: dict[str, Any] | str, who: str | None = None) -> Entry:
        """One entry, a minute after the last; a body as text goes in as it is."""
        seq = len(self.entries) + 1
        self.at += MINUTE
        text = body if isinstance(body, str) else canonical(body)
        prev = self.entries[-1].hash if self.entries else GENESIS
        entry_id = f"{self.at:012x}7{seq:03x}8{sum(self.till.encode()):03x}{seq:012x}"
        person = self.who if who is None else who
        hashed = digest(self.till, seq, entry_id, Moment(self.at, self.offset), person, kind, text, prev)
        signature = self.signer.sign(hashed)
        entry = Entry(self.till, seq, entry_id, self.at, self.offset, person, kind, text, prev, hashed, signature)
        self.entries.append(entry)
        return entry

    def open_shift(self, cents: int = 10_000) -> Entry:
        """The till opens with a float."""
        self.z, self.z_turnover = self.z + 1, 0
        return self.add("shift.open", {"z": self.z, "float": cents})

    def sale(self, *lines: tickets.Line, tenders: Sequence[Tender] = (), ticket: str = "", **more: Any) -> Entry:
        """A settled sale of these lines, paid exactly in cash where no tender is given."""
        self.receipt += 1
        ticket_id = ticket or f"{self.till}t{self.receipt:08d}"
        whole = tickets.add(tickets.Ticket(ticket_id), *(lines or (line(),)))
        total = tickets.totals(whole).total
        paid = tuple(tenders) or (Tender("cash", total),)
        change = sum(tender.amount for tender in paid) - total
        date = local_date(self.at + MINUTE, self.offset)
        body = sale_body(whole, Payment(total, paid, 0, change, True), shift=self.z, date=date, opened=self.at)
        plus = turnover([each for each in body["lines"] if each["amount"] > 0])
        minus = turnover([each for each in body["lines"] if each["amount"] < 0])
        self.grand = (self.grand[0] + plus, self.grand[1] - minus)
        self.z_turnover += plus + minus
        number = f"{self.till}-{self.receipt:06d}"
        grand = {"sales": self.grand[0], "returns": self.grand[1]}
        return self.add("sale", {**body, "no": self.receipt, "number": number, "grand": grand, **more})

    def batch(self, first: int = 1, last: int | None = None, *, epoch: str = "", high: int | None = None) -> Batch:
        """Entries ``first`` to ``last`` as they go over the wire."""
        chosen = self.entries[first - 1 : last]
        return batch_of(chosen, self.till, high=len(self.entries) if high is None else high, epoch=epoch, now=self.at)


def batch_of(entries: Sequence[Entry], till: str, *, high: int, epoch: str = "", now: int = START) -> Batch:
    """Any entries as one batch."""
    return Batch(SCHEMA, till, now, high, [to_wire(entry) for entry in entries], epoch, "0.1.0")


def line(sku: str = "6", cents: int = 55, quantity: int = 1000, **more: Any) -> tickets.Line:
    """A line of goods; cents for one, thousandths."""
    facts: dict[str, Any] = {"kind": tickets.SALE, "name": f"Artikel {sku}", "group": "Brood", "unit": "each",
                             "vat_code": "low", "vat_rate": 900, **more}  # fmt: skip
    gross = tickets.gross_of(quantity, cents)
    return tickets.Line(no=0, sku=sku, quantity=quantity, unit_price=cents, gross=gross, list_price=cents, **facts)


def journal_of(n: int, till: str = "K1", key: Signer | None = None, seed: int = 1) -> Book:
    """A journal of exactly ``n`` entries that looks like a shop's: shifts, sales, returns, vouchers, parked tickets."""
    book, chance = Book(till, key or signer()), random.Random(seed)
    makers = [_goods] * 6 + [_deposit, _return, _voucher, _parked, _cash, _small, _shift]
    book.open_shift()
    while len(book.entries) < n:
        chance.choice(makers)(book, chance)
    del book.entries[n:]
    return book


def _goods(book: Book, chance: random.Random) -> None:
    lines = [
        line(str(chance.randint(1, 12)), chance.randint(5, 5000), chance.choice([1000, 2000, 375]),
             group=chance.choice(["Brood", "Fris", "Groente"])) for _ in range(chance.randint(1, 6))
    ]  # fmt: skip
    total = sum(each.amount for each in lines)
    cash, pin = (Tender("cash", total + 45),), (Tender("pin", total, f"p{len(book.entries)}"),)
    book.sale(*lines, tenders=chance.choice([cash, pin]))


def _deposit(book: Book, chance: random.Random) -> None:
    count = chance.choice([1000, 2000, -1000])
    book.sale(
        line("7", 101, vat_code="high", vat_rate=2100, group="Fris"),
        line("S", 15, count, kind=tickets.DEPOSIT, vat_code="none", vat_rate=0, group="Statiegeld"),
    )


def _return(book: Book, chance: random.Random) -> None:
    origin = f"K{chance.randint(1, 3)}-{chance.randint(1, 9):06d}"
    book.sale(line("6", 55, -1000, kind=tickets.RETURN, origin=origin, origin_line=chance.randint(1, 3)))


def _voucher(book: Book, chance: random.Random) -> None:
    number = f"B{chance.randint(1, 5)}"
    if chance.random() < 0.5:
        book.sale(line("", 2500, kind=tickets.VOUCHER, vat_code="none", vat_rate=0, group="", code=number))
        return
    detail = (("foreign", "1"),) if number == "B5" else ()
    book.sale(line("9", 349), tenders=(Tender("voucher", 349, number, detail),))


def _parked(book: Book, chance: random.Random) -> None:
    ticket = f"{book.till}p{len(book.entries)}"
    body = {"ticket": ticket, "place": 1, "name": "klant", "total": 500, "draft": {"id": ticket, "lines": []}}
    book.add("ticket.park", body)
    if chance.random() < 0.7:
        book.add("ticket.recall", {"ticket": ticket, "place": 1})


def _cash(book: Book, chance: random.Random) -> None:
    book.add("cash", {"move": chance.choice(["in", "out", "drop"]), "amount": chance.randint(100, 9000), "reason": "x"})


def _small(book: Book, chance: random.Random) -> None:
    kind = chance.choice(["drawer", "price.check", "login.failed", "approval", "drawer.opened"])
    book.add(kind, {"sku": "6"} if kind == "price.check" else {"what": kind})


def _shift(book: Book, chance: random.Random) -> None:
    counted = chance.randint(9000, 30_000)
    book.add("shift.count", {"total": counted, "pieces": {}})
    figures = {"z": book.z, "turnover": book.z_turnover, "cash": {"expected": 12_000}}
    book.add("shift.close", {**figures, "counted": counted, "difference": counted - 12_000})
    book.at += 10 * 60 * MINUTE
    book.open_shift()
