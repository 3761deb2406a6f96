"""Rows of this till's own making in ``shop.db``: web orders that are shown, articles that a webshop knows better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.storage.article_rows import article_data
from kassa_tui.storage.catalogue_build import changing
from kassa_tui.storage.shop import SHOP_DB
from kassa_tui.storage.shop_feed import Applied, FeedRow, put_rows
from kassa_tui.storage.shop_schema import open_shop

if TYPE_CHECKING:
    from peewee import SqliteDatabase


class OwnRows:
    """A ``shop.db`` that nobody else changes meanwhile; made by :func:`writing`."""

    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db

    def put(self, rows: Iterable[FeedRow]) -> Applied:
        """Rows as the office's feed would bring them, all at once."""
        return put_rows(self._db, rows)

    def article(self, sku: str) -> dict[str, Any] | None:
        """Data of an article, to be put again; None where it is not sold."""
        return article_data(self._db.connection(), sku)

    def owner(self, code: str) -> tuple[str, int] | None:
        """Article of any kind that a code belongs to, and how many pieces it counts; None where nobody has it."""
        sql = "select a.sku, c.pieces from code c join article a on a.id = c.article where c.code = ?"
        found = self._db.connection().execute(sql, (code,)).fetchone()
        return None if found is None else (str(found[0]), int(found[1]))

    def group(self, name: str) -> tuple[int, bool]:
        """Number of a group, and whether it is there; else the first that is free."""
        con = self._db.connection()
        found = con.execute("select id from article_group where name = ?", (name,)).fetchone()
        if found is not None:
            return int(found[0]), True
        return int(con.execute("select coalesce(max(id), 0) + 1 from article_group").fetchone()[0]), False


@contextmanager
def writing(data: Path, country: str) -> Iterator[OwnRows]:
    """``shop.db`` to change, alone; StorageError ``locked`` where another is at work on it."""
    path = data / SHOP_DB
    with changing(path):
        db = open_shop(path, country)
        try:
            yield OwnRows(db)
        finally:
            db.close()
