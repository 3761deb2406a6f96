"""The part of the snapshots that all branches of a country share, made once: articles, codes, the search, the stock.

It is a ``shop.db`` of no branch, kept beside the snapshots. What is told to all tills is followed into it, as a till
would; each branch's file is a copy of it with what is told to that branch alone. Twice a day it is made from the ground
up, for new articles come behind all others in a search until then.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.catalogue.models import Article, FeedRow
from kassa_office.tills.models import Lease
from kassa_office.tills.office import office
from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage.catalogue import search_text
from kassa_tui.storage.catalogue_build import BATCH_ROWS, ArticleRow, CatalogueBuild, CodeRow, building
from kassa_tui.storage.database import StorageError, checkpoint
from kassa_tui.storage.shop_feed import CURSOR, EPOCH, apply_page, position
from kassa_tui.storage.shop_schema import get_meta, open_shop, set_meta
from kassa_tui.sync.port import OfficeError

STALE_ROWS = 20_000
"""Changes behind which a file is made anew; fewer are quicker told one by one."""
MAKING = timedelta(minutes=10)
"""Longest that one process may be at a file before another takes over."""
RETRY_SECONDS = 15
OLD_SECONDS = 12 * 3600
"""After this it is made from the ground up."""
MADE = "base"
"""Note in ``meta`` of the base: by which program, and when."""


def folder() -> Path:
    """Where the files are."""
    return Path(settings.OFFICE.data) / "snapshots"


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Nobody else makes the file of this name meanwhile; OfficeError ``busy`` where somebody does."""
    name, now = f"snapshot:{name}", timezone.now()
    with transaction.atomic():
        Lease.objects.get_or_create(name=name, defaults={"holder": "", "until": now})
        lease = Lease.objects.select_for_update().get(name=name)
        if lease.until > now:
            raise OfficeError("busy", {"file": name}, retry_after=RETRY_SECONDS)
        lease.holder, lease.until = str(os.getpid()), now + MAKING
        lease.save()
    try:
        yield
    finally:
        Lease.objects.filter(name=name).update(until=timezone.now())


def copy(country: str, target: Path) -> int:
    """Copy the base of a country, as it is by the feed now; the feed's cursor at which it stands.

    OfficeError ``busy`` while another process is at it.
    """
    folder().mkdir(parents=True, exist_ok=True, mode=0o750)
    path = folder() / f"base-{country}.db"
    with alone(f"base-{country}"):
        cursor = feed.office_seq()
        if not _followed(path, country, cursor):
            # Under another name until it is whole.
            fresh = path.with_suffix(".new")
            try:
                make(fresh, country, cursor)
                _remove(path)
                fresh.rename(path)
            finally:
                _remove(fresh)
        os.utime(path)
        shutil.copyfile(path, target)
    return cursor


def make(path: Path, country: str, cursor: int) -> None:
    """Write the base from the ground up, with pages in their order and nothing left free between them."""
    work = path.with_suffix(".work")
    _remove(work)
    _remove(path)
    db = open_shop(work, country)
    try:
        unguarded(db)
        set_meta(db, EPOCH, office().epoch)
        set_meta(db, CURSOR, str(cursor))
        set_meta(db, MADE, f"{_version()} {int(time.time())}")
        _stock(db)
        with building(db) as next_one:
            _articles(next_one)
            next_one.same_skus()
            next_one.finish()
            next_one.exchange({})
        _own_numbers(db)
        apply(db, ["all"], cursor)
        # With the index that a till needs which follows the feed, even where nothing came.
        apply_page(db, (), office().epoch, cursor)
        db.execute_sql("pragma journal_mode=delete")
        db.execute_sql("vacuum into ?", (str(path),))
    finally:
        db.close()
        _remove(work)


def unguarded(db: Any) -> None:
    """Nobody reads it yet and a crash loses nothing: no log, no waiting for the disk."""
    for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-131072"):
        db.execute_sql(f"pragma {pragma}")


def apply(db: Any, scopes: list[str], cursor: int) -> None:
    """Take over the live rows of scopes, but articles and the stock of all."""
    rest = FeedRow.objects.filter(scope__in=scopes, op="put")
    if "all" in scopes:
        rest = rest.exclude(table__in=("article", feed.SLOW))
    rows = (_Told("put", *row) for row in rest.order_by("seq").values_list("table", "key", "data").iterator(BATCH_ROWS))
    while batch := list(islice(rows, BATCH_ROWS)):
        apply_page(db, batch, office().epoch, cursor)


def _followed(path: Path, country: str, cursor: int) -> bool:
    """Bring the base up to ``cursor``; False where it must be made anew."""
    if not path.exists():
        return False
    try:
        db = open_shop(path, country)
    except StorageError:
        return False
    try:
        epoch, at = position(db)
        program, _blank, made = (get_meta(db, MADE) or " 0").partition(" ")
        if (program, epoch) != (_version(), office().epoch) or not 0 <= time.time() - int(made) < OLD_SECONDS:
            return False
        if not feed.floor(["all"]) <= at <= cursor or _behind(at) > STALE_ROWS:
            return False
        news = FeedRow.objects.filter(scope="all", seq__gt=at, seq__lte=cursor).order_by("seq")
        rows = (_Told(*row) for row in news.values_list("op", "table", "key", "data").iterator(BATCH_ROWS))
        while batch := list(islice(rows, BATCH_ROWS)):
            apply_page(db, batch, epoch, at)
        apply_page(db, (), epoch, cursor)
        checkpoint(db, truncate=True)
        return True
    except (StorageError, ValueError):
        return False
    finally:
        with suppress(StorageError):
            db.close()


def _behind(at: int) -> int:
    return FeedRow.objects.filter(scope="all", seq__gt=at).exclude(table=feed.SLOW)[: STALE_ROWS + 1].count()


class _Told:
    """A row of the feed as the till's own code takes it over."""

    def __init__(self, op: str, table: str, key: str, data: str) -> None:
        self.op, self.table, self.id = op, table, key
        self.data: dict[str, Any] = msgspec.json.decode(data) if data else {}


class _Level(msgspec.Struct):
    qty: int
    at: int = 0


def _stock(db: Any) -> None:
    """Write the stock of all branches."""
    decoder = msgspec.json.Decoder(_Level)
    rows = FeedRow.objects.filter(scope="all", table=feed.SLOW, op="put").order_by("key")

    def levels() -> Iterator[tuple[str, str, int, int]]:
        for key, data in rows.values_list("key", "data").iterator(BATCH_ROWS):
            place, _colon, sku = key.partition(":")
            level = decoder.decode(data)
            yield sku, place, level.qty, level.at

    with db.atomic():
        db.connection().executemany("replace into branch_stock values (?, ?, ?, ?)", levels())


class _ArticleData(msgspec.Struct):
    name: str
    group: int
    vat: str
    price: int
    unit: str = "each"
    kind: str = "goods"
    deposit_sku: str = ""
    min_age: int = 0
    no_discount: bool = False
    tare: int = 0
    codes: list[tuple[str, int]] = []


class _Batch(NamedTuple):
    articles: list[ArticleRow]
    codes: list[CodeRow]


_NEXT = """select a.rank, a.sku, f.data from (
    select rank, sku from {article} where (rank, sku) > (%s, %s) order by rank, sku limit %s) a
left join feed_row f on f.unit = a.sku and f."table" = 'article' and f."key" = a.sku and f.scope = 'all'
    and f.op = 'put'
order by a.rank, a.sku"""
"""From where the last ones ended: each statement is short and its text the same, so that no database reads for long in
one, and none has thousands of numbers to parse. A left join leaves neither a choice of where to begin."""


def _articles(build: CatalogueBuild) -> None:
    """All articles in the order of their rank, which is the number that the till gives them."""
    decoder, number = msgspec.json.Decoder(_ArticleData), 0
    sql, last = _NEXT.format(article=Article._meta.db_table), (-(2**31), "")
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, [*last, BATCH_ROWS])
            found = cursor.fetchall()
        if not found:
            return
        batch = _Batch([], [])
        for _rank, sku, data in found:
            # One that is not in use, or has no price, no till was told of.
            if data is not None:
                number += 1
                _add(batch, number, sku, decoder.decode(data))
        build.add(*batch)
        last = found[-1][:2]


def _add(batch: _Batch, number: int, sku: str, data: _ArticleData) -> None:
    batch.articles.append(
        (number, sku, data.name, data.group, data.price, data.vat, data.unit, data.kind, data.deposit_sku or None,
         data.min_age, int(data.no_discount), None, data.tare, search_text(data.name))
    )  # fmt: skip
    batch.codes.extend((code, number, pieces, len(code)) for code, pieces in data.codes)


def _own_numbers(db: Any) -> None:
    """An article without a code is found by its own number where that is a GTIN, and no other has it as a code."""
    con = db.connection()
    con.create_function("gtin14", 1, gtin14, deterministic=True)
    with db.atomic():
        con.execute(
            "insert or ignore into code select gtin14(sku), id, 1 from article where gtin14(sku) is not null"
            " and id not in (select article from code)"
        )


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", ".import"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _version() -> str:
    try:
        return version("kassa")
    except PackageNotFoundError:
        return "-"
