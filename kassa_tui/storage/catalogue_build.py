"""A new catalogue beside the one in use, exchanged for it in one short transaction.

The rows go into tables named ``next_...`` in small transactions, each copied back at once: the till reads the old
catalogue undisturbed meanwhile, and the disk is never handed a hundred megabytes to flush while a sale waits for its
own few. The exchange renames the tables. A till that is running sees the new catalogue at its next look-up; one that
loses power sees the old.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from peewee import IntegrityError, SqliteDatabase

from kassa_tui.storage.database import StorageError, checkpoint, translated
from kassa_tui.storage.shop_schema import CATALOGUE_TABLES, catalogue_tables, next_version, sku_index

BATCH_ROWS = 4_000
"""Rows per transaction while building: about a megabyte for the disk at a time, so that a sale waits for no more."""

T = TypeVar("T")

ArticleRow = tuple[int, str, str, int, int, str, str, str, str | None, int, int, int | None, int, str]
"""id (rank), sku, name, group, cents, VAT code, unit, kind, deposit SKU, age, no discount, stock, tare, search text."""

CodeRow = tuple[str, int, int, int]
"""Code, article id, pieces, and how many characters it was written with: 8 or 13 digits may be the same GTIN."""

_ADD_ARTICLES = "insert into next_article values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND = "insert into next_article_find (rowid, name) select id, find from next_article where id > ? and id <= ?"
_ADD_CODES = "insert into code values (?, ?, ?, ?)"


@contextmanager
def building(db: SqliteDatabase) -> Iterator[CatalogueBuild]:
    """The next catalogue of ``db`` while it is built; what was not exchanged in the end is thrown away.

    One build at a time for a file: StorageError ``locked`` where another is at work.
    """
    with changing(db.database), translated(db.database):
        file = db.execute_sql("select file from pragma_database_list where name = 'main'").fetchone()[0]
        if os.path.realpath(db.database) != file:
            # The office's whole catalogue took the name after this was opened.
            raise StorageError("locked", {"path": str(db.database)})
        build = CatalogueBuild(db)
        try:
            yield build
        finally:
            build.clear()
            build.close()


@contextmanager
def changing(shop: Path | str) -> Iterator[None]:
    """Whoever changes what is sold does so alone and waits for nobody: StorageError ``locked`` where one is at work."""
    path = f"{shop}.import"
    with translated(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError("locked", {"path": path}) from error
        yield
    finally:
        os.close(handle)


class CatalogueBuild:
    """Takes the rows of a new catalogue and puts it in the place of the old."""

    def __init__(self, db: SqliteDatabase) -> None:
        self._db = db
        # What is dropped here was public on the shelf; to overwrite it with zeros would double the writing.
        self._secure = self._one("pragma secure_delete")
        db.execute_sql("pragma secure_delete=0")
        self.clear()
        with db.atomic():
            for statement in catalogue_tables("next_"):
                db.execute_sql(statement)
        # A private file of its own: sorting 800,000 codes stays out of memory, and an open cursor of the shop's
        # connection would forbid the checkpoints in between.
        self._found = sqlite3.connect("", isolation_level=None)
        self._found.execute("create table code (code text, article integer, pieces integer, written integer)")
        self._index = 1 + max((int(name.rpartition("_")[2]) for name in self._names("article_sku_%")), default=0)

    def add(self, articles: Sequence[ArticleRow], codes: Sequence[CodeRow]) -> None:
        """Add one batch of some BATCH_ROWS articles, and their codes."""

        self._many(_ADD_ARTICLES, articles)
        self._found.execute("begin")
        self._found.executemany(_ADD_CODES, codes)
        self._found.execute("commit")

    def same_skus(self) -> list[tuple[str, int, int]]:
        """SKUs that several articles have: SKU, first id, a later id. Without any, the index is made."""
        try:
            self._db.execute_sql(sku_index("next_", self._index))
        except IntegrityError:
            pass
        else:
            return []
        found: list[tuple[str, int, int]] = []
        key, first = None, 0
        for sku, article in self._db.execute_sql("select sku, id from next_article order by sku, id"):
            if sku != key:
                key, first = sku, article
            else:
                found.append((sku, first, article))
        return found

    def same_codes(self) -> list[tuple[str, int, int, bool]]:
        """Codes of several articles: code, first id, a later id, and whether both were written alike."""
        sql = """select c.code, c.article, c.written from code c join (
            select code from code group by code having min(article) < max(article)) d
            on d.code = c.code order by c.code, c.article"""
        found: list[tuple[str, int, int, bool]] = []
        first: tuple[str, int, int] = ("", 0, 0)
        forms: set[int] = set()
        for code, article, written in self._found.execute(sql):
            if code != first[0]:
                first, forms = (code, article, written), set()
            elif article != first[1]:
                found.append((code, first[1], article, written in forms))
            forms.add(written)
        return found

    def finish(self) -> int:
        """Sort the codes in and make the search; returns the number of codes. Nothing may be added afterwards."""
        codes = self._found.execute("select code, min(article), pieces from code group by code")
        added = 0
        for batch in _batches(codes):
            added += len(batch)
            self._many("insert into next_code values (?, ?, ?)", batch)
        last, highest = 0, self._one("select coalesce(max(id), 0) from next_article")
        while last < highest:
            self._run(_FIND, (last, last + BATCH_ROWS))
            last += BATCH_ROWS
        self._db.execute_sql("create virtual table temp.next_runs using fts5vocab(main, next_article_find, row)")
        self._run("insert into next_article_run select term, doc from temp.next_runs", ())
        self._db.execute_sql("drop table temp.next_runs")
        return added

    def exchange(self, groups: Mapping[str, tuple[int, str]]) -> int:
        """Put the new catalogue in the place of the old; returns its version.

        ``groups`` are those in use: name → (number, most frequent VAT code). Others keep their number for later.
        """
        db = self._db
        with db.atomic():
            for name in CATALOGUE_TABLES:
                db.execute_sql(f"alter table {name} rename to old_{name}")
                db.execute_sql(f"alter table next_{name} rename to {name}")
            db.execute_sql("update article_group set active = 0")
            for name, (number, vat) in groups.items():
                db.execute_sql(
                    "insert into article_group values (?, ?, ?, 1) "
                    "on conflict (id) do update set name = excluded.name, vat = excluded.vat, active = 1",
                    (number, name, vat),
                )
            return next_version(db)

    def clear(self) -> None:
        """Throw away what is not in use: a catalogue that was replaced, or one that was never finished."""
        db = self._db
        db.execute_sql("drop table if exists temp.next_runs")
        for prefix in ("old_", "next_"):
            for name in CATALOGUE_TABLES:
                with db.atomic():
                    db.execute_sql(f"drop table if exists {prefix}{name}")
        checkpoint(db)

    def close(self) -> None:
        """Leave the connection as it was found."""
        self._found.close()
        self._db.execute_sql(f"pragma secure_delete={self._secure}")

    def _many(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._db.atomic():
            self._db.connection().executemany(sql, rows)
        checkpoint(self._db)

    def _run(self, sql: str, params: tuple[int, ...]) -> None:
        self._many(sql, [params])

    def _one(self, sql: str) -> int:
        return int(self._db.execute_sql(sql).fetchone()[0])

    def _names(self, like: str) -> list[str]:
        return [row[0] for row in self._db.execute_sql("select name from sqlite_schema where name like ?", (like,))]


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch
