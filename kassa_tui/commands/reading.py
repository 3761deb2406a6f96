"""A till's books opened for reading, beside a till that sells."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kassa_tui.config import Config


def books_of(config: Config, channel: str = "") -> Path:
    """Where the books of the till are, or of a webshop's channel; StorageError ``missing`` for what is no channel."""
    from kassa_tui.bootstrap import data_folder
    from kassa_tui.storage.channels import channel_folder, codes
    from kassa_tui.storage.database import StorageError
    from kassa_tui.storage.till_store import TILL_DB

    data = data_folder(config)
    if not channel:
        return data / TILL_DB
    path = channel_folder(data, channel) / TILL_DB
    if channel not in codes(data):
        raise StorageError("missing", {"path": str(path)})
    return path


@contextmanager
def reading(config: Config, channel: str = "") -> Iterator[sqlite3.Connection]:
    """A connection to the till's ``till.db``, or a channel's, that can change nothing; StorageError where it is missing
    or damaged."""
    from kassa_tui.storage.database import open_database, translate

    path = books_of(config, channel)
    db = open_database(path, readonly=True)
    db.connect()
    with closing(db):
        try:
            yield db.connection()
        # Only the database's own errors: a pipe that is closed while writing the answer is none of them.
        except sqlite3.Error as error:
            raise translate(error, path) from error
