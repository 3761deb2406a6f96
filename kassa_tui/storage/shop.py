"""Everything that the till reads from ``shop.db``, in one value: articles, groups, customers and staff."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage import staff, stock
from kassa_tui.storage.catalogue import Catalogue, fold
from kassa_tui.storage.database import open_database, user_version
from kassa_tui.storage.shop_schema import MIGRATIONS, get_meta

if TYPE_CHECKING:
    from kassa_tui.domain.catalogue import Article
    from kassa_tui.domain.staff import Person

SHOP_DB = "shop.db"


class Shop(Catalogue):
    """The ``shop.db`` in ``folder``, for reading on the thread that opens it; StorageError where it cannot be read."""

    def __init__(self, folder: Path) -> None:
        db = open_database(folder / SHOP_DB, readonly=True)
        db.connect()
        super().__init__(db)

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

    def other_branches(self) -> list[tuple[str, str]]:
        """Code and name of the other branches in use."""
        return stock.other_branches(self._db)

    def reasons(self, what: str) -> list[str]:
        """The office's reasons for something, by their texts."""
        return stock.reasons(self._db, what)

    def count(self) -> int:
        """Number of articles, deposits included."""
        return int(self._db.execute_sql("select count(*) from article").fetchone()[0])

    def close(self) -> None:
        """Let go of the file; harmless when called again."""
        if not self._db.is_closed():
            self._db.close()


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
