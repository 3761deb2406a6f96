"""The channels of the webshops in a folder: where they are, and what web orders moved on the shelf they share."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from kassa_tui.storage import stock, web_orders
from kassa_tui.storage.database import file_uri, translated

FOLDER = "webshops"
"""In the data folder; in it a folder for each channel, by its code."""
BOOKS = "till.db"
CODE = re.compile(r"[A-Z][A-Z0-9]{0,7}")
"""What a channel may be called, as a till."""


def channel_folder(data: Path, code: str) -> Path:
    """Where the channel of a webshop is kept in a data folder."""
    return data / FOLDER / code


def codes(data: Path) -> list[str]:
    """Channels with books in a data folder, in order."""
    return sorted(path.parent.name for path in (data / FOLDER).glob(f"*/{BOOKS}") if CODE.fullmatch(path.parent.name))


class Channels:
    """Read-only looks at the books of every channel in a folder, for one thread; those that come later are seen."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._open: dict[str, sqlite3.Connection] = {}

    def all(self) -> Iterable[tuple[str, sqlite3.Connection]]:
        """Code and books of each. StorageError."""
        there = codes(self._data)
        for code in [code for code in self._open if code not in there]:
            self._open.pop(code).close()
        for code in there:
            if code not in self._open:
                path = channel_folder(self._data, code) / BOOKS
                with translated(path):
                    self._open[code] = sqlite3.connect(file_uri(path), uri=True, isolation_level=None)
        return [(code, self._open[code]) for code in there]

    def moved_since(self, sku: str, at: int) -> int:
        """Thousandths by which web orders changed what is on the shelf after a time; below zero: they left."""
        with translated():
            return sum(web_orders.moved(con, (sku,), at).get(sku, 0) for _, con in self.all())

    def close(self) -> None:
        """Let go of the files."""
        for con in self._open.values():
            con.close()
        self._open.clear()


def level(till: sqlite3.Connection, channels: Channels, sku: str, told: tuple[int, int] | None) -> int | None:
    """What lies on the shelf: as told or last counted, what this till did since, and what left for web orders since.

    ``told`` is quantity and time as the office had it; None is answered where nobody knows. StorageError.
    """
    base = stock.base_of(till, sku, told)
    if base is None:
        return None
    qty, at = base
    return qty + stock.moved_since(till, sku, at) + channels.moved_since(sku, at)
