"""Looking into a till's books from outside: what a report or a receipt needs, without the till that wrote it.

Everything here reads one connection to ``till.db``, so it works beside a till that sells.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.shift import report
from kassa_tui.storage import sales, spool
from kassa_tui.storage.journal import read_entry
from kassa_tui.storage.projections import State

Facts = dict[str, Any]


def x_figures(con: sqlite3.Connection, state: State) -> Facts:
    """The open shift so far, from the running totals; all zeros where none is open."""
    shift = sales.shift(con, state.shift)
    return report(sales.shift_totals(con, state.shift)) | {
        "z": state.shift,
        "first_receipt": shift.first_receipt if shift else state.receipt + 1,
        "last_receipt": state.receipt,
        "opened": shift.opened_at if shift else 0,
        "opened_by": shift.opened_by if shift else "",
        "grand": {"sales": state.grand_sales, "returns": state.grand_returns,
                  "net": state.grand_sales - state.grand_returns},
        "parked": len(sales.parked(con)),
    }  # fmt: skip


def z_figures(con: sqlite3.Connection, till: str, z: int) -> Facts | None:
    """A Z report as it was made; None where there is none, or its shift is still open."""
    row = sales.shift(con, z)
    return read_entry(con, till, row.closed_seq).facts if row and row.closed_seq else None


def day_figures(con: sqlite3.Connection, date: str) -> Facts:
    """All that happened on a local ISO date, over every shift that touched it."""
    return report(sales.day_totals(con, date)) | {"date": date}


def sale(con: sqlite3.Connection, till: str, number: str) -> Facts | Refused:
    """The facts of a sale with its ``seq``, ``copies``, ``at``, ``offset``, ``who`` and ``mark`` (what the newest paper
    of it says of itself, see `receipts.receipt`), by ``K1-000123`` or ``123``."""
    shop, _, digits = number.strip().upper().rpartition("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12 or shop not in ("", till):
        return Refused("unknown_receipt", {"number": number})
    row = sales.sale(con, int(digits))
    if row is None:
        return Refused("unknown_receipt", {"number": number})
    entry = read_entry(con, till, row.seq)
    mark = spool.last_mark(con, row.seq) or (str(row.copies) if row.copies else "")
    return entry.facts | {"seq": row.seq, "copies": row.copies, "at": entry.at, "offset": entry.offset,
                          "who": entry.who, "mark": mark}  # fmt: skip
