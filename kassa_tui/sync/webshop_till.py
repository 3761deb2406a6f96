"""A till that owns a webshop: where the engine finds stock, and where it shows orders.

Stock is what was last told or counted, what this till did since, and what web orders moved since: of every channel in
this data folder, for they all sell from the same shelf.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kassa_tui.domain.shift import local_date
from kassa_tui.storage import channels, stock
from kassa_tui.storage.database import StorageError, file_uri, translated
from kassa_tui.storage.own_rows import writing
from kassa_tui.storage.shop import SHOP_DB, Shop
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.sync.channel.ports import BoardRow
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
            with writing(self.data, self.country) as own:
                own.put(rows)
        except StorageError:
            self.again()


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


def _reading(path: Path) -> sqlite3.Connection:
    with translated(path):
        return sqlite3.connect(file_uri(path), uri=True, isolation_level=None)
