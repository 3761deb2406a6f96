"""Purchase orders: what the office told of them in ``shop.db``, and what this till received of them in ``till.db``.

Quantities are thousandths. The office says of each line how much of what came was booked by which till. So what this
till has booked counts once, whether the office has heard of it or not.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kassa_tui.storage.row_data import BadRow, number, optional_date, text

if TYPE_CHECKING:
    from peewee import SqliteDatabase

MAX_LINES = 20_000


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One article of an order."""

    sku: str
    name: str
    unit: str
    ordered: int
    received: int
    """What came before, here and elsewhere."""

    @property
    def open(self) -> int:
        """Still to come."""
        return max(self.ordered - self.received, 0)


@dataclass(frozen=True, slots=True)
class Order:
    """Goods that a supplier is to bring to this branch."""

    number: str
    supplier: str
    expected: str
    """ISO date; empty where nobody knows."""
    lines: tuple[OrderLine, ...]

    @property
    def open_lines(self) -> int:
        """Lines of which something is still to come."""
        return sum(line.open > 0 for line in self.lines)

    def still_open(self, sku: str) -> int:
        """Thousandths of an article that are still to come."""
        return sum(line.open for line in self.lines if line.sku == sku)


def put_order(con: sqlite3.Connection, key: str, data: Mapping[str, Any]) -> None:
    """A row of the feed; BadRow where it is not as it should be."""
    lines = data.get("lines")
    if not isinstance(lines, list) or len(lines) > MAX_LINES or not key:
        raise BadRow("lines")
    kept = json.dumps([_line(line) for line in lines], ensure_ascii=False, separators=(",", ":"))
    con.execute("replace into purchase_order values (?, ?, ?, ?)",
                (key, text(data, "supplier", ""), optional_date(data, "expected"), kept))  # fmt: skip


def _line(data: Any) -> list[Any]:
    if not isinstance(data, dict) or not isinstance(data.get("tills", {}), dict):
        raise BadRow("lines")
    tills = {str(till): number(data["tills"], till, least=None) for till in data.get("tills", {})}
    unit = text(data, "unit", "each")
    if unit not in ("each", "kg") or not text(data, "sku"):
        raise BadRow("lines")
    return [data["sku"], text(data, "name", ""), unit, number(data, "qty"), number(data, "got", 0, least=None), tills]


def orders(db: SqliteDatabase, con: sqlite3.Connection, till: str) -> list[Order]:
    """Orders that the office knows to be open, the first expected first, with what ``till`` received itself.

    ``db`` is ``shop.db``, ``con`` a connection to ``till.db``. One of which this till was told that no more will come
    is left out, though the office may not have heard of it yet.
    """
    rows = db.execute_sql(
        "select number, supplier, coalesce(expected, ''), lines from purchase_order"
        " order by coalesce(expected, '9999'), number"
    ).fetchall()
    if not rows:
        return []
    finished = {row[0] for row in con.execute("select number from order_receipt where finished")}
    here = _received_here(con)
    return [
        Order(no, supplier, expected,
              tuple(_merged(line, here.get((no, line[0]), 0), till) for line in json.loads(lines)))
        for no, supplier, expected, lines in rows if no not in finished
    ]  # fmt: skip


def _received_here(con: sqlite3.Connection) -> dict[tuple[str, str], int]:
    rows = con.execute(
        "select r.number, m.sku, sum(m.qty) from order_receipt r join stock_move m on m.seq = r.seq"
        " group by r.number, m.sku"
    )
    return {(number_, sku): int(qty) for number_, sku, qty in rows}


def _merged(line: list[Any], here: int, till: str) -> OrderLine:
    sku, name, unit, ordered, got, tills = line
    known = tills.get(till, 0)
    # A machine that took another's place may know less of itself than the office does.
    return OrderLine(sku, name, unit, ordered, got - known + max(here, known))
