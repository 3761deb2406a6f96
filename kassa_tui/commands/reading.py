"""A till's books opened for reading, beside a till that sells."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kassa_tui.config import Config


@contextmanager
def reading(config: Config) -> Iterator[sqlite3.Connection]:
    """A connection to the till's ``till.db`` that can change nothing; StorageError where it is missing or damaged."""
    from kassa_tui.bootstrap import data_folder
    from kassa_tui.storage.database import open_database, translate
    from kassa_tui.storage.till_store import TILL_DB

    path = data_folder(config) / TILL_DB
    db = open_database(path, readonly=True)
    db.connect()
    with closing(db):
        try:
            yield db.connection()
        # Only the database's own errors: a pipe that is closed while writing the answer is none of them.
        except sqlite3.Error as error:
            raise translate(error, path) from error
