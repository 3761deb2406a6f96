"""Steps from one shape of a database to the next; :func:`kassa_tui.storage.database.migrate` takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peewee import SqliteDatabase


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; ``run`` changes the schema inside a transaction that is already open."""

    number: int
    """1, 2, 3, ... without a gap."""
    name: str
    run: Callable[[SqliteDatabase], object]
