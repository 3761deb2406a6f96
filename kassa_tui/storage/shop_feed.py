"""The office's feed, taken over into ``shop.db``: one page and its cursor in one transaction, beside a till that sells.

A row says how one thing is now, or that it is gone. What each table's ``data`` holds (``id`` of the row in brackets;
what has a default may be left out, what is unknown is passed by):

- ``article`` [sku]: ``name``, ``group`` (number), ``vat``, ``price`` (cents; left out where only dated prices count),
  ``unit``, ``kind``, ``deposit_sku``, ``min_age``, ``no_discount``, ``tare``, ``codes`` (``[code, pieces]`` each)
- ``group`` [number]: ``name``, ``vat``, ``active``
- ``price`` [any]: ``sku``, ``price``, ``valid_from``, ``valid_to``, ``label``, ``scope`` (``all``, ``list``,
  ``branch``)
- ``vat_rate`` [``code:valid_from``]: ``code``, ``valid_from``, ``rate``, ``country``
- ``staff`` [code]: ``name``, ``role``, ``pin_hash``, ``language``, ``active``
- ``customer`` [code]: ``name``, ``vat_id``, ``account_allowed``, ``business``
- ``setting`` [key]: ``value``
- ``reason`` [``what:code``]: ``text``, ``active``
- ``text`` [any]: ``place``, ``text``, ``valid_from``, ``valid_to``
- ``branch`` [code]: ``name``, ``active``
- ``stock`` [``branch:sku``]: ``qty``, ``at``
- ``parked`` [ticket]: ``till``, ``place``, ``name``, ``who``, ``at``, ``total``
- ``message`` [any]: ``text``, ``valid_from``, ``valid_to``, ``urgent``
- ``order`` [number]: ``supplier``, ``expected``, ``lines`` (``sku``, ``name``, ``unit``, ``qty``, ``got``, ``tills``
  each: ordered, received, and of that by which till)
- ``weborder`` [``channel:id``]: ``webshop``, ``number``, ``stage``, ``status``, ``pickup``, ``pickup_at``,
  ``customer``, ``note``, ``placed_at``, ``modified_at``, ``total``, ``paid``, ``due``, ``lines`` (``line``, ``sku``,
  ``name``, ``qty``, ``amount``, ``left``, ``back``, ``goods`` each)

Amounts are cents, quantities thousandths, rates hundredths of a percent, dates ISO dates, ``at`` UTC milliseconds. An
article keeps its ``id``, and with it its place among the hits of a search; a new one comes behind all others, until a
snapshot puts all in their order. One row that is not understood is left out and counted, so that it holds up no other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from peewee import SqliteDatabase

from kassa_tui.storage.article_rows import CODES_OF, drop_article, put_article
from kassa_tui.storage.database import translated
from kassa_tui.storage.price_layers import drop_price, put_price
from kassa_tui.storage.purchases import put_order
from kassa_tui.storage.row_data import BadRow, flag, number, optional_date, text, whole_date
from kassa_tui.storage.shop_schema import get_meta, next_version, set_meta
from kassa_tui.storage.web_board import drop_web_order, put_web_order

CURSOR, EPOCH, BRANCH = "feed_cursor", "feed_epoch", "office_branch"
"""Notes in ``meta``: how far the feed is taken over, of which office's database, and which branch this till is of."""
LOADED = "snapshot_cursor"
"""Note in ``meta``: where the last snapshot stood. Nothing for one till alone is in it: that follows behind it."""

Data = dict[str, Any]
_CATALOGUE = frozenset({"article", "group", "price", "vat_rate"})


class FeedRow(Protocol):
    """One row of the feed, as the wire has it."""

    @property
    def table(self) -> str:
        """One of those above, or unknown."""

    @property
    def id(self) -> str:
        """Which thing of the table."""

    @property
    def op(self) -> str:
        """``put`` or ``del``."""

    @property
    def data(self) -> Data:
        """What it is like now."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of one page."""

    rows: int
    """Taken over."""
    passed: int
    """Of tables that this program does not know."""
    refused: tuple[tuple[str, str, str], ...] = ()
    """Table, id and what was wrong, of rows that were left out."""


def position(db: SqliteDatabase) -> tuple[str, int]:
    """Epoch and cursor up to which the feed is in ``shop.db``; an empty epoch where nothing came from an office."""
    return get_meta(db, EPOCH) or "", int(get_meta(db, CURSOR) or 0)


def apply_page(db: SqliteDatabase, rows: Iterable[FeedRow], epoch: str, cursor: int) -> Applied:
    """Take a page over and remember ``cursor``, all at once. StorageError where the file refuses."""
    with translated(db.database), db.atomic():
        applied = _put_all(db, rows)
        set_meta(db, EPOCH, epoch)
        set_meta(db, CURSOR, str(cursor))
    return applied


def put_rows(db: SqliteDatabase, rows: Iterable[FeedRow]) -> Applied:
    """Take rows over that are of this till's own making, all at once; where the feed stands stays as it is."""
    with translated(db.database), db.atomic():
        return _put_all(db, rows)


def _put_all(db: SqliteDatabase, rows: Iterable[FeedRow]) -> Applied:
    done, passed, refused, catalogue = 0, 0, [], False
    con: sqlite3.Connection = db.connection()
    con.execute(CODES_OF)
    for row in rows:
        known = _TABLES.get(row.table)
        if known is None:
            passed += 1
            continue
        wrong = _apply(con, known, row)
        if wrong:
            refused.append((row.table, row.id[:80], wrong))
        else:
            done += 1
            catalogue = catalogue or row.table in _CATALOGUE
    if catalogue:
        next_version(db)
    return Applied(done, passed, tuple(refused))


def _apply(con: sqlite3.Connection, known: tuple[Put, Drop], row: FeedRow) -> str:
    """What is wrong with the row; empty when it was taken over."""
    put, drop = known
    # No savepoint: each would make the search table write out what it gathers. So whatever can be wrong with a row
    # shows before, or in, the first statement that it leads to.
    try:
        if row.op == "put":
            put(con, row.id, row.data)
        else:
            drop(con, row.id)
    except (BadRow, sqlite3.IntegrityError) as error:
        return str(error)[:120] or type(error).__name__
    return ""


Put = Callable[[sqlite3.Connection, str, Data], object]
Drop = Callable[[sqlite3.Connection, str], object]


def _one(sql: str, split: int = 1) -> Drop:
    """A row goes by its id, whose parts are divided by colons."""

    def drop(con: sqlite3.Connection, key: str) -> None:
        con.execute(sql, _parts(key, split))

    return drop


def _parts(key: str, count: int) -> list[str]:
    parts = key.split(":", count - 1)
    if len(parts) != count or not all(parts):
        raise BadRow("id")
    return parts


def _group(con: sqlite3.Connection, key: str, data: Data) -> None:
    no = number({"id": int(key) if key.isascii() and key.isdigit() and len(key) < 16 else None}, "id")
    name, vat, active = text(data, "name"), text(data, "vat"), flag(data, "active", 1)
    # Two groups may change names with each other, one row after the other.
    con.execute("update article_group set name = name || ' (' || id || ')' where name = ? and id <> ?", (name, no))
    con.execute(
        "insert into article_group values (?, ?, ?, ?) on conflict (id) do update set name = excluded.name, "
        "vat = excluded.vat, active = excluded.active",
        (no, name, vat, active),
    )


def _vat_rate(con: sqlite3.Connection, key: str, data: Data) -> None:
    here = con.execute("select value from meta where key = 'country'").fetchone()
    if data.get("country") and here and data["country"] != here[0]:
        return
    con.execute("replace into vat_rate values (?, ?, ?)",
                (text(data, "code"), whole_date(data, "valid_from"), number(data, "rate")))  # fmt: skip


def _drop_vat_rate(con: sqlite3.Connection, key: str) -> None:
    con.execute("delete from vat_rate where code = ? and valid_from = ?", key.split(":")[-2:])


def _staff(con: sqlite3.Connection, key: str, data: Data) -> None:
    con.execute("replace into staff values (?, ?, ?, ?, ?, ?)",
                (key, text(data, "name"), text(data, "role"), text(data, "pin_hash"), text(data, "language", "nl"),
                 flag(data, "active", 1)))  # fmt: skip


def _customer(con: sqlite3.Connection, key: str, data: Data) -> None:
    con.execute("replace into customer values (?, ?, ?, ?, ?)",
                (key, text(data, "name"), text(data, "vat_id", ""), flag(data, "account_allowed"),
                 flag(data, "business")))  # fmt: skip


def _setting(con: sqlite3.Connection, key: str, data: Data) -> None:
    from json import dumps

    con.execute("replace into setting values (?, ?)", (key, dumps(data.get("value"))))


def _reason(con: sqlite3.Connection, key: str, data: Data) -> None:
    con.execute(
        "replace into reason values (?, ?, ?, ?)", (*_parts(key, 2), text(data, "text"), flag(data, "active", 1))
    )


def _receipt_text(con: sqlite3.Connection, key: str, data: Data) -> None:
    con.execute("replace into receipt_text values (?, ?, ?, ?, ?)",
                (key, text(data, "place", "footer"), text(data, "text"), optional_date(data, "valid_from"),
                 optional_date(data, "valid_to")))  # fmt: skip


def _branch(con: sqlite3.Connection, key: str, data: Data) -> None:
    con.execute("replace into branch values (?, ?, ?)", (key, text(data, "name"), flag(data, "active", 1)))


def _stock(con: sqlite3.Connection, key: str, data: Data) -> None:
    branch, sku = _parts(key, 2)
    qty = number(data, "qty", least=None)
    con.execute("replace into branch_stock values (?, ?, ?, ?)", (sku, branch, qty, number(data, "at", 0)))
    con.execute(f"update article set stock = ? where sku = ? and {_OWN_BRANCH}", (qty, sku, branch))


def _drop_stock(con: sqlite3.Connection, key: str) -> None:
    branch, sku = _parts(key, 2)
    con.execute("delete from branch_stock where sku = ? and branch = ?", (sku, branch))
    con.execute(f"update article set stock = null where sku = ? and {_OWN_BRANCH}", (sku, branch))


_OWN_BRANCH = f"? = (select value from meta where key = '{BRANCH}')"


def _parked(con: sqlite3.Connection, key: str, data: Data) -> None:
    con.execute("replace into parked_elsewhere values (?, ?, ?, ?, ?, ?, ?)",
                (key, text(data, "till"), number(data, "place", 0), text(data, "name", ""), text(data, "who", ""),
                 number(data, "at", 0), number(data, "total", 0, least=None)))  # fmt: skip


def _message(con: sqlite3.Connection, key: str, data: Data) -> None:
    con.execute("replace into message values (?, ?, ?, ?, ?)",
                (key, text(data, "text"), optional_date(data, "valid_from"), optional_date(data, "valid_to"),
                 flag(data, "urgent")))  # fmt: skip


_TABLES: dict[str, tuple[Put, Drop]] = {
    "article": (put_article, drop_article),
    "group": (_group, _one("update article_group set active = 0 where id = ?")),
    "price": (put_price, drop_price),
    "vat_rate": (_vat_rate, _drop_vat_rate),
    "staff": (_staff, _one("delete from staff where code = ?")),
    "customer": (_customer, _one("delete from customer where code = ?")),
    "setting": (_setting, _one("delete from setting where key = ?")),
    "reason": (_reason, _one("delete from reason where what = ? and code = ?", 2)),
    "text": (_receipt_text, _one("delete from receipt_text where id = ?")),
    "branch": (_branch, _one("delete from branch where code = ?")),
    "stock": (_stock, _drop_stock),
    "parked": (_parked, _one("delete from parked_elsewhere where ticket = ?")),
    "message": (_message, _one("delete from message where id = ?")),
    "weborder": (put_web_order, drop_web_order),
    "order": (put_order, _one("delete from purchase_order where number = ?")),
}
"""Table of the feed → how a row is put, and how it goes."""
