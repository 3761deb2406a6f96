"""Looking into a till's books from outside: what a report or a receipt needs, without the till that wrote it.

Everything here reads one connection to ``till.db``, so it works beside a till that sells.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.shift import report
from kassa_tui.storage import sales, spool
from kassa_tui.storage.channels import Channels
from kassa_tui.storage.database import StorageError, translated
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


def with_channels(figures: Facts, data: Path, names: Mapping[str, str]) -> Facts:
    """The day's figures of a till with those of the webshops whose channels it keeps in ``data``, and the sum of all.

    ``channels`` has of each ``code``, ``name``, ``receipts``, ``turnover``, ``vat`` and ``tenders`` as the till's own:
    of the day on which something happened in the shop, which may be before it was heard of; or ``unread`` (a code)
    where its books cannot be read. ``together`` is ``receipts``, ``turnover`` and ``vat``, and is not there where there
    is no channel or one cannot be read.
    """
    opened = Channels(data)
    try:
        found = [_channel(code, names.get(code, code), con, figures["date"]) for code, con in opened.all()]
    except StorageError as error:
        found = [{"code": "", "name": "", "unread": error.code}]
    finally:
        opened.close()
    told = figures | {"channels": found}
    if found and not any("unread" in each for each in found):
        told["together"] = _together([figures, *found])
    return told


def _channel(code: str, name: str, con: sqlite3.Connection, date: str) -> Facts:
    try:
        with translated():
            figures = day_figures(con, date)
    except StorageError as error:
        return {"code": code, "name": name, "unread": error.code}
    return {"code": code, "name": name, **{key: figures[key] for key in ("receipts", "turnover", "vat", "tenders")}}


def _together(parts: list[Facts]) -> Facts:
    vat: dict[tuple[int, str], Facts] = {}
    for block in (block for part in parts for block in part["vat"]):
        have = vat.setdefault((-block["rate"], block["code"]), {**block, "net": 0, "vat": 0, "gross": 0})
        for key in ("net", "vat", "gross"):
            have[key] += block[key]
    sums = {key: sum(part[key] for part in parts) for key in ("receipts", "turnover")}
    return sums | {"vat": [vat[key] for key in sorted(vat)]}


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
