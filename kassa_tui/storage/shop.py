"""Everything that the till reads from ``shop.db``, in one value: articles, groups, customers and staff."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage import staff, stock
from kassa_tui.storage.catalogue import Catalogue, fold
from kassa_tui.storage.database import StorageError, open_database, translated, user_version
from kassa_tui.storage.shop_schema import MIGRATIONS, STOCK_AT, get_meta

if TYPE_CHECKING:
    import sqlite3

    from peewee import SqliteDatabase

    from kassa_tui.domain.catalogue import Article
    from kassa_tui.domain.staff import Person
    from kassa_tui.storage.purchases import Order
    from kassa_tui.storage.web_board import ShownOrder

SHOP_DB = "shop.db"


class Shop(Catalogue):
    """The ``shop.db`` in ``folder``, for reading on the thread that opens it; StorageError where it cannot be read.

    Another file that takes its name, a whole catalogue from the office, is read from the next look-up on.
    """

    def __init__(self, folder: Path) -> None:
        self._path = str(folder / SHOP_DB)
        self._file, self._generation = _identity(self._path), 0
        super().__init__(_reading(self._path))

    @property
    def _db(self) -> SqliteDatabase:
        # A microsecond at each look-up. An open file keeps its number, so no other is taken for it.
        file = _identity(self._path)
        if file != self._file and file is not None and not self._opened.is_closed():
            self._follow(file)
        return self._opened

    def _follow(self, file: tuple[int, int]) -> None:
        """Read the other file; the one that was read where it cannot be opened."""
        try:
            fresh = _reading(self._path)
        except StorageError:
            return
        self._opened.close()
        self._opened, self._file, self._generation = fresh, file, self._generation + 1

    def find(self, code: str, today: str) -> Article | None:
        """The article with this GTIN of any length, other code, or SKU."""
        return self.by_code(gtin14(code) or code, today)

    def group_of(self, text: str, today: str) -> Article | None:
        """An open ring on the group with this number, or this name in whatever case."""
        wanted = fold(text)
        if text.isascii() and text.isdigit() and len(text) < 10:
            return self.group(int(text), today)
        return next((self.group(number, today) for number, name in self.groups() if fold(name) == wanted), None)

    def customer(self, code: str) -> staff.Customer | None:
        """The customer with this code."""
        return staff.customer(self._db, code)

    def people(self) -> list[tuple[Person, str]]:
        """Who may log in, each with the hash of the PIN; read anew at every call, so that an import holds at once."""
        return [(member.person, member.pin_hash) for member in staff.staff(self._db)]

    def in_branches(self, skus: Iterable[str]) -> dict[str, list[stock.BranchStock]]:
        """Article → what each branch has of it, as the office told."""
        return stock.in_branches(self._db, skus)

    def own_stock(self, sku: str) -> tuple[int, int] | None:
        """What was told of this till's own stock of an article, and when: by the office, else by the last import."""
        own = next((each for each in self.in_branches([sku]).get(sku, ()) if each.own), None)
        if own is not None:
            return own.qty, own.at
        with translated(SHOP_DB):
            row = self._db.execute_sql("select stock from article where sku = ?", (sku,)).fetchone()
            at = get_meta(self._db, STOCK_AT)
        return None if row is None or row[0] is None or at is None else (row[0], int(at))

    def goods(self) -> Iterator[tuple[str, list[str]]]:
        """SKU and barcodes of every article that is sold, by rank."""
        with translated(SHOP_DB):
            sql = """select a.sku, (select json_group_array(c.code) from code c where c.article = a.id)
            from article a where a.kind = 'goods' order by a.id"""
            for sku, codes in self._db.execute_sql(sql).fetchall():
                yield sku, [code for code in parsed(codes) if code != sku]

    def codes(self, skus: Iterable[str]) -> dict[str, list[str]]:
        """Barcodes of single pieces of these articles, their own number among them where that is one."""
        from json import dumps

        found: dict[str, list[str]] = {}
        with translated(SHOP_DB):
            sql = """select a.sku, c.code from json_each(?) wanted cross join article a on a.sku = wanted.value
            join code c on c.article = a.id and c.pieces = 1 order by a.sku, c.code"""
            for sku, code in self._db.execute_sql(sql, (dumps(list(skus)),)).fetchall():
                found.setdefault(sku, []).append(code)
        return found

    def other_branches(self) -> list[tuple[str, str]]:
        """Code and name of the other branches in use."""
        return stock.other_branches(self._db)

    def reasons(self, what: str) -> list[str]:
        """The office's reasons for something, by their texts."""
        return stock.reasons(self._db, what)

    def orders(self, con: sqlite3.Connection, till: str) -> list[Order]:
        """Purchase orders that are still to come, with what ``till``, whose ``till.db`` is ``con``, received itself."""
        from kassa_tui.storage import purchases

        return purchases.orders(self._db, con, till)

    def web_orders(self) -> list[ShownOrder]:
        """Orders of the webshops that may still be handed over."""
        from kassa_tui.storage import web_board

        with translated(SHOP_DB):
            return web_board.open_orders(self._db)

    def has_web_orders(self) -> bool:
        """Whether there is any order of a webshop."""
        with translated(SHOP_DB):
            return self._db.execute_sql("select 1 from web_order limit 1").fetchone() is not None

    def find_web_orders(self, words: Iterable[str]) -> list[ShownOrder]:
        """Orders of the webshops by number or id, the newest first."""
        from kassa_tui.storage import web_board

        with translated(SHOP_DB):
            return web_board.find_orders(self._db, words)

    def settings(self) -> dict[str, Any]:
        """What the office set for this till, key → value, as it came; StorageError where it cannot be read."""
        with translated(SHOP_DB):
            return {key: parsed(value) for key, value in self._db.execute_sql("select key, value from setting")}

    def settings_due(self) -> bool:
        """Whether a snapshot was loaded and nothing behind it yet: what is for this till alone is still to come."""
        from kassa_tui.storage.shop_feed import CURSOR, LOADED

        with translated(SHOP_DB):
            loaded = get_meta(self._db, LOADED)
            return loaded is not None and loaded == get_meta(self._db, CURSOR)

    def told_mark(self) -> tuple[str, ...]:
        """Another value whenever articles or stock were imported, or the office told of anything."""
        from kassa_tui.storage.shop_feed import CURSOR

        with translated(SHOP_DB):
            return tuple(get_meta(self._db, key) or "" for key in ("catalogue_version", STOCK_AT, CURSOR))

    def changes(self) -> int:
        """Another number whenever another process changed ``shop.db``; StorageError where it cannot be read."""
        with translated(SHOP_DB):
            version = int(self._db.execute_sql("pragma data_version").fetchone()[0])
            # Each connection counts for itself.
            return self._generation << 32 | version

    def count(self) -> int:
        """Number of articles, deposits included."""
        return int(self._db.execute_sql("select count(*) from article").fetchone()[0])

    def close(self) -> None:
        """Let go of the file; harmless when called again."""
        if not self._opened.is_closed():
            self._opened.close()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reading(path: str) -> SqliteDatabase:
    db = open_database(path, readonly=True)
    db.connect()
    return db


def parsed(value: str) -> Any:
    """A setting's value; what is no JSON stays the text it is, and will not pass a check."""
    import json

    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def is_ready(path: Path, country: str) -> bool:
    """Whether the ``shop.db`` at ``path`` is there, has the tables that this program knows, and is of ``country``."""
    if not path.exists() or user_version(path) != len(MIGRATIONS):
        return False
    db = open_database(path, readonly=True)
    db.connect()
    try:
        return get_meta(db, "country") == country
    finally:
        db.close()
