"""A till that owns a webshop: where the engine finds stock and articles, and where it shows orders.

Stock is what was last told or counted, what this till did since, and what web orders moved since: of every channel in
this data folder, for they all sell from the same shelf.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.catalogue import GOODS
from kassa_tui.domain.catalogue import Article as SoldArticle
from kassa_tui.domain.gtin import gtin14
from kassa_tui.domain.shift import local_date
from kassa_tui.storage import channels, stock
from kassa_tui.storage.catalogue_build import changing
from kassa_tui.storage.database import StorageError, file_uri, translated
from kassa_tui.storage.shop import SHOP_DB, Shop
from kassa_tui.storage.shop_feed import put_rows
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.sync.channel.ports import Article, BoardRow
from kassa_tui.sync.wire import Row

if TYPE_CHECKING:
    from kassa_tui.storage.journal import Clock

KEPT = 2000
"""Articles asked for in one look."""


class Folder:
    """Read-only looks at the till's files, for one thread."""

    def __init__(self, data: Path, clock: Clock) -> None:
        self.data, self._clock = data, clock
        self.shop = Shop(data)
        self.till = _reading(data / TILL_DB)
        self.channels = channels.Channels(data)
        """The books of every channel in the folder."""

    @property
    def today(self) -> str:
        """Local ISO date."""
        moment = self._clock.now()
        return local_date(moment.at, moment.offset)

    def close(self) -> None:
        """Let go of all files."""
        self.till.close()
        self.channels.close()
        self.shop.close()


class TillShelf:
    """What lies in the shop of this till."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._shop: tuple[str, ...] = ()

    def physical(self, skus: Iterable[str]) -> dict[str, int | None]:
        """Thousandths of each."""
        with translated(TILL_DB):
            return {sku: self._level(sku) for sku in skus}

    def _level(self, sku: str) -> int | None:
        return channels.level(self._folder.till, self._folder.channels, sku, self._folder.shop.own_stock(sku))

    def changed(self, mark: int) -> tuple[set[str] | None, int]:
        """Articles that the till's journal touched behind ``mark``; any, where it may have been told of other stock."""
        shop = self._folder.shop.told_mark()
        with translated(TILL_DB):
            last = int(self._folder.till.execute("select coalesce(max(seq), 0) from journal").fetchone()[0])
            told, self._shop = self._shop != shop, shop
            if told or mark <= 0 or mark > last:
                return None, last
            return stock.touched_since(self._folder.till, mark), last

    def silent_seconds(self) -> int:
        """It is this till: nothing is ever unheard of."""
        return 0


class TillArticles:
    """What this till sells."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def by_sku(self, sku: str) -> Article | None:
        """The article as it is sold today."""
        found = self._folder.shop.by_sku(sku, self._folder.today)
        return None if found is None or found.kind != GOODS else _article(found)

    def by_code(self, code: str) -> list[str]:
        """The article with this barcode: a till has one for each."""
        found = self._folder.shop.by_code(gtin14(code) or code, self._folder.today)
        return [found.sku] if found is not None and found.kind == GOODS and found.sku != code else []

    def all(self) -> Iterator[Article]:
        """Every article that is sold, with its barcodes."""
        for sku, codes in self._folder.shop.goods():
            found = self._folder.shop.by_sku(sku, self._folder.today)
            if found is not None:
                yield _article(found, codes)

    def vat_codes(self) -> dict[int, str]:
        """VAT rate in force → its code; of two codes with one rate the one that goods usually have."""
        rates = self._folder.shop.vat_rates(self._folder.today)
        return {rate: code for code, rate in reversed(rates.items())}


@dataclass
class TillBoard:
    """Shows orders and the webshop's stock at this till, through ``shop.db``."""

    data: Path
    country: str
    code: str
    name: str
    again: Callable[[], object] = lambda: None
    """Told when ``shop.db`` could not be written: what was to be shown must be shown once more."""

    def orders(self, rows: Sequence[BoardRow]) -> None:
        """Orders that are new or other than before."""
        self._put([Row(0, "weborder", f"{self.code}:{row['id']}", "put", dict(row)) for row in rows])

    def gone(self, ids: Sequence[str]) -> None:
        """Orders that are not shown any more."""
        self._put([Row(0, "weborder", f"{self.code}:{order_id}", "del") for order_id in ids])

    def stock(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """What the webshop shows."""
        named = Row(0, "branch", self.code, "put", {"name": self.name})
        self._put([named, *(Row(0, "stock", f"{self.code}:{sku}", "put", {"qty": qty, "at": at})
                            for sku, qty, at in rows)])  # fmt: skip

    def _put(self, rows: list[Row]) -> None:
        if not rows:
            return
        try:
            with self._writing() as db:
                put_rows(db, rows)
        except StorageError:
            self.again()

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        path = self.data / SHOP_DB
        with changing(path):
            db = open_shop(path, self.country)
            try:
                yield db
            finally:
                db.close()


class KeptHere:
    """The channel's journal goes to the office with the till's own, or stays here."""

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake

    def journal(self) -> None:
        """There is something to send."""
        self._wake()


def shop_mark(data: Path) -> tuple[int, int]:
    """Another value when ``shop.db`` is another file: then all that was shown must be shown again."""
    try:
        found = os.stat(data / SHOP_DB)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _article(found: SoldArticle, codes: Sequence[str] = ()) -> Article:
    return Article(found.sku, found.name, found.group, found.price, found.vat_code, found.vat_rate, found.unit,
                   tuple(codes))  # fmt: skip


def _reading(path: Path) -> sqlite3.Connection:
    with translated(path):
        return sqlite3.connect(file_uri(path), uri=True, isolation_level=None)
