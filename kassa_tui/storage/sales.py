"""Questions about what this till did: sales, returns, vouchers, parked tickets, shifts. Read only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kassa_tui.domain.shift import Total
from kassa_tui.storage.till_schema import LINE_BITS


@dataclass(frozen=True, slots=True)
class SaleRow:
    """One line of the history."""

    receipt: int
    seq: int
    at: int
    offset: int
    who: str
    total: int
    lines: int
    copies: int


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A ticket set aside."""

    ticket: str
    place: int
    at: int
    name: str
    who: str
    total: int
    draft: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """One shift; the closing columns are None while it is open."""

    z: int
    opened_seq: int
    opened_at: int
    opened_date: str
    opened_by: str
    first_receipt: int
    counted: int | None
    count_seq: int | None
    closed_seq: int | None
    closed_at: int | None
    closed_date: str | None


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card payment and what became of it."""

    id: str
    ticket: str
    seq: int
    amount: int
    state: str
    detail: dict[str, str]
    used: bool


_SALE = "select receipt, seq, at, offset, who, total, lines, copies from sale"


def sale(con: sqlite3.Connection, receipt: int) -> SaleRow | None:
    """One sale by its number."""
    row = con.execute(_SALE + " where receipt = ?", (receipt,)).fetchone()
    return SaleRow(*row) if row else None


def history(con: sqlite3.Connection, before: int, limit: int) -> list[SaleRow]:
    """Sales with a number below ``before``, newest first."""
    return [SaleRow(*row) for row in con.execute(_SALE + " where receipt < ? order by receipt desc limit ?",
                                                 (before, limit))]  # fmt: skip


def sales_of_date(con: sqlite3.Connection, date: str) -> Iterator[SaleRow]:
    """Sales of a local date, through the shifts that could hold it."""
    first = con.execute("select min(first_receipt) from shift where opened_date >= date(?, '-31 days')", (date,))
    start = first.fetchone()[0] or 0
    for row in con.execute(_SALE + " where receipt >= ? and date = ? order by receipt", (start, date)):
        yield SaleRow(*row)


def returned(con: sqlite3.Connection, receipt: str) -> dict[int, int]:
    """Line number → thousandths that came back already."""
    return dict(con.execute("select no, qty from returned where receipt = ?", (receipt,)).fetchall())


def voucher(con: sqlite3.Connection, number: str) -> tuple[int, bool] | None:
    """Balance in cents and whether it was issued elsewhere; None where this till never saw it."""
    row = con.execute("select balance, foreign_voucher from voucher where number = ?", (number,)).fetchone()
    return (row[0], bool(row[1])) if row else None


def voucher_date(con: sqlite3.Connection, number: str) -> str:
    """ISO date on which this till issued a voucher; empty where it did not."""
    row = con.execute("select issued_by from voucher where number = ? and not foreign_voucher", (number,)).fetchone()
    receipt = row[0].rpartition("-")[2] if row else ""
    found = con.execute("select date from sale where receipt = ?", (int(receipt),)).fetchone() if receipt else None
    return found[0] if found else ""


def parked(con: sqlite3.Connection) -> list[ParkedRow]:
    """Tickets set aside, by place."""
    rows = con.execute("select ticket, place, at, name, who, total, body from parked order by place")
    return [ParkedRow(*row[:6], json.loads(row[6])) for row in rows]  # type: ignore[call-arg]


_CARD = "select id, ticket, seq, amount, state, detail, used from card_payment"


def card_payments(con: sqlite3.Connection, ticket: str) -> list[CardRow]:
    """Card payments begun on a ticket, in order."""
    return _cards(con.execute(_CARD + " where ticket = ? order by seq", (ticket,)))


def card_payment(con: sqlite3.Connection, payment: str) -> CardRow | None:
    """One card payment by its id."""
    return next(iter(_cards(con.execute(_CARD + " where id = ?", (payment,)))), None)


def card_doubts(con: sqlite3.Connection) -> list[CardRow]:
    """Card payments of which nobody knows how they ended, in order."""
    return _cards(con.execute(_CARD + " where state in ('pending', 'unknown') order by seq"))


def card_neighbours(con: sqlite3.Connection, seq: int, limit: int) -> tuple[list[CardRow], list[CardRow]]:
    """Charged card payments begun before entry ``seq`` and after it, nearest first."""
    before = con.execute(_CARD + " where state = 'approved' and seq < ? order by seq desc limit ?", (seq, limit))
    after = con.execute(_CARD + " where state = 'approved' and seq > ? order by seq limit ?", (seq, limit))
    return _cards(before), _cards(after)


def _cards(rows: sqlite3.Cursor) -> list[CardRow]:
    return [CardRow(*row[:5], json.loads(row[5]), bool(row[6])) for row in rows]  # type: ignore[call-arg]


def shift(con: sqlite3.Connection, z: int) -> ShiftRow | None:
    """One shift by its Z number."""
    row = con.execute("select * from shift where z = ?", (z,)).fetchone()
    return ShiftRow(*row) if row else None


_SHIFT_TOTALS = "select kind, key, n, qty, amount, vat from total where shift = ?"
_DAY_TOTALS = "select kind, key, n, qty, amount, vat from total where shift = ? and date = ?"


def shift_totals(con: sqlite3.Connection, z: int) -> list[Total]:
    """Running totals of a shift."""
    rows: list[Total] = con.execute(_SHIFT_TOTALS, (z,)).fetchall()
    return rows


def day_totals(con: sqlite3.Connection, date: str) -> list[Total]:
    """Running totals of a local date over all shifts that touched it; shift 0 is what happened outside one."""
    shifts = con.execute(
        "select z from shift where opened_date <= ? and (closed_date is null or closed_date >= ?)", (date, date)
    ).fetchall()
    rows: list[Total] = []
    for (z,) in [(0,), *shifts]:
        rows.extend(con.execute(_DAY_TOTALS, (z, date)).fetchall())
    return rows


def proof(con: sqlite3.Connection, first: int, last: int) -> dict[str, Any]:
    """Turnover and VAT of a range of receipts, added up from their lines: what the running totals must equal."""
    rows = con.execute(
        "select vat_code, rate, sum(amount), sum(vat) from sale_line where id >= ? and id < ?"
        " and kind not in ('deposit', 'voucher') group by vat_code, rate",
        (first << LINE_BITS, last + 1 << LINE_BITS),
    ).fetchall()
    return {
        "turnover": sum(row[2] for row in rows),
        "vat": {f"{code}:{rate}": (gross, vat) for code, rate, gross, vat in rows if code != "none"},
    }


def sold(con: sqlite3.Connection, sku: str, first: int) -> int:
    """Thousandths of an article sold from receipt ``first`` on, less what came back."""
    row = con.execute("select coalesce(sum(qty), 0) from sale_line where id >= ? and sku = ?",
                      (first << LINE_BITS, sku))  # fmt: skip
    number: int = row.fetchone()[0]
    return number
