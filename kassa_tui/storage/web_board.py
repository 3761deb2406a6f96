"""Web orders as a till is shown them: rows of ``shop.db``, from the office's feed or from this till's own agent.

Amounts are cents, quantities thousandths, times UTC milliseconds. A row is one order as its channel last had it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kassa_tui.storage.row_data import BadRow, flag, number, text

if TYPE_CHECKING:
    from peewee import SqliteDatabase

MAX_LINES = 1000
STAGES = ("unpaid", "prepare", "ready", "done", "cancelled", "refunded", "unknown")
OPEN = ("ready", "prepare", "unpaid", "unknown")
"""Stages of an order that may still be handed over, the most urgent first."""

TABLE = """
create table web_order (
    channel text not null, id text not null, number text not null, stage text not null, pickup integer not null,
    customer text not null, placed_at integer not null, modified_at integer not null, total integer not null,
    due integer not null, body text not null, primary key (channel, id)) strict, without rowid;
create index web_order_number on web_order (number)
"""


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """One line of a web order."""

    line: str
    """The shop's id of it."""
    sku: str
    """Of the article it is linked with; empty where there is none."""
    name: str
    qty: int
    amount: int
    left: int
    """Still to be handed over."""
    back: int
    """Refunded or returned already."""
    goods: bool = True
    """False for shipping and fees."""


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """A web order on the till's list."""

    channel: str
    webshop: str
    """Name of the webshop."""
    id: str
    number: str
    stage: str
    status: str
    """The shop's own word."""
    pickup: bool
    pickup_at: str
    customer: str
    note: str
    placed_at: int
    modified_at: int
    total: int
    paid: int
    due: int
    lines: tuple[OrderedLine, ...]

    @property
    def ref(self) -> str:
        """Channel and order in one word."""
        return f"{self.channel}:{self.id}"


def put_web_order(con: sqlite3.Connection, key: str, data: Mapping[str, Any]) -> None:
    """A row of the feed, ``CHANNEL:ID``; BadRow where it is not as it should be."""
    channel, _, order_id = key.partition(":")
    lines = data.get("lines")
    if not channel or not order_id or not isinstance(lines, list) or len(lines) > MAX_LINES:
        raise BadRow("id" if isinstance(lines, list) else "lines")
    stage = text(data, "stage")
    if stage not in STAGES:
        raise BadRow("stage")
    body = {
        "webshop": text(data, "webshop", ""), "status": text(data, "status", ""), "note": text(data, "note", ""),
        "pickup_at": text(data, "pickup_at", ""), "paid": number(data, "paid", 0, least=None),
        "lines": [_line(line) for line in lines],
    }  # fmt: skip
    con.execute(
        "replace into web_order values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (channel, order_id, text(data, "number", order_id), stage, flag(data, "pickup"), text(data, "customer", ""),
         number(data, "placed_at", 0), number(data, "modified_at", 0), number(data, "total", 0, least=None),
         number(data, "due", 0, least=None), json.dumps(body, ensure_ascii=False, separators=(",", ":"))),
    )  # fmt: skip


def drop_web_order(con: sqlite3.Connection, key: str) -> None:
    """An order that is no longer shown."""
    channel, _, order_id = key.partition(":")
    con.execute("delete from web_order where channel = ? and id = ?", (channel, order_id))


def _line(data: Any) -> list[Any]:
    if not isinstance(data, dict):
        raise BadRow("lines")
    return [
        text(data, "line"), text(data, "sku", ""), text(data, "name", ""), number(data, "qty", least=None),
        number(data, "amount", 0, least=None), number(data, "left", 0, least=None),
        number(data, "back", 0, least=None), flag(data, "goods", 1),
    ]  # fmt: skip


_COLUMNS = "channel, id, number, stage, pickup, customer, placed_at, modified_at, total, due, body"


def open_orders(db: SqliteDatabase, *, pickup: bool | None = None) -> list[ShownOrder]:
    """Orders that may still be handed over: ready first, then by age. ``pickup`` leaves out those that are sent."""
    marks = ", ".join("?" * len(OPEN))
    sql = f"select {_COLUMNS} from web_order where stage in ({marks})"
    if pickup is not None:
        sql += f" and pickup = {int(pickup)}"
    found = [_shown(row) for row in db.execute_sql(sql, OPEN).fetchall()]
    return sorted(found, key=lambda order: (OPEN.index(order.stage), order.placed_at, order.number))


def find_orders(db: SqliteDatabase, words: Iterable[str]) -> list[ShownOrder]:
    """Orders of whatever stage with one of these numbers or ids, or ``CHANNEL:ID``; the newest first."""
    found: dict[str, ShownOrder] = {}
    for word in words:
        channel, _, order_id = word.partition(":")
        sql = f"select {_COLUMNS} from web_order where number = ? or id = ? or (channel = ? and id = ?)"
        for row in db.execute_sql(sql, (word, word, channel, order_id)).fetchall():
            order = _shown(row)
            found[order.ref] = order
    return sorted(found.values(), key=lambda order: -order.placed_at)


def order(db: SqliteDatabase, channel: str, order_id: str) -> ShownOrder | None:
    """One order."""
    sql = f"select {_COLUMNS} from web_order where channel = ? and id = ?"
    row = db.execute_sql(sql, (channel, order_id)).fetchone()
    return None if row is None else _shown(row)


def _shown(row: tuple[Any, ...]) -> ShownOrder:
    channel, order_id, no, stage, pickup, customer, placed_at, modified_at, total, due, text_ = row
    body = json.loads(text_)
    lines = tuple(OrderedLine(*line) for line in body["lines"])
    return ShownOrder(
        channel, body["webshop"], order_id, no, stage, body["status"], bool(pickup), body["pickup_at"], customer,
        body["note"], placed_at, modified_at, total, body["paid"], due, lines,
    )  # fmt: skip
