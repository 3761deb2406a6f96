"""``sync.db``: what the agent knows of the office and how far it has got. The agent alone writes it; the till reads it.

Nothing in it is needed to sell, and losing it loses nothing: the office says what it has, and the till has all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from kassa_tui.storage.database import file_uri, migrate, open_database, translated
from kassa_tui.storage.migrations import Migration

SYNC_DB = "sync.db"

_TABLES = """
create table state (key text primary key, value text not null) strict, without rowid;
create table aside (
    seq integer primary key, status text not null check (status in ('quarantined', 'conflict', 'stuck')),
    code text not null, at integer not null) strict
"""


def _create(db: SqliteDatabase) -> None:
    for statement in _TABLES.split(";\n"):
        db.execute_sql(statement)


STEPS = (Migration(1, "what the agent knows", _create),)


@dataclass(slots=True)
class State:
    """Everything the agent remembers, as it stands in ``sync.db``."""

    acked: int = 0
    """Every entry up to this one was answered for by the office, or stands in ``aside``."""
    acked_receipt: int = 0
    """Last receipt number among those."""
    epoch: str = ""
    """The office's database as known."""
    branch: str = ""
    office_key: str = ""
    """Public key that signs snapshots, hexadecimal."""
    last_success: int = 0
    """When the office last answered, UTC milliseconds."""
    failing_since: int = 0
    """When the office first did not, since then; 0 while it answers."""
    code: str = ""
    """Why, as of the last try."""
    tries: int = 0
    """In a row that failed."""
    next_try: int = 0
    """When the next one is due; UTC milliseconds."""
    skew: int = 0
    """This clock minus the office's, milliseconds."""
    cursor: int = 0
    """How far the feed is taken over."""
    office_cursor: int = 0
    """How far the office's feed goes, as last told."""
    feed_refused: int = 0
    """Rows of the feed that were not understood."""
    feed_code: str = ""
    """Why the catalogue could not be brought up to date, as of the last try; empty when it could."""
    feed_since: int = 0
    feed_at: int = 0
    """When it last was."""
    snapshot: str = ""
    """``wanted`` while a whole catalogue must come, with why; empty when none is."""
    snapshot_at: int = 0
    """When the last whole catalogue came."""
    differs: str = ""
    """Tables of the feed that are not as the office's sums say, with blanks between; empty while all are."""
    differs_at: int = 0
    """When a whole catalogue was last asked for because of that."""
    compared_at: int = 0
    """When each row was last held against the sums."""
    rewound: int = 0
    """The entry from which all was sent again though the office kept its epoch."""
    trouble: str = ""
    """What else a person must see to: ``office_ahead``."""
    latest_version: str = ""
    agent: int = 0
    """When the agent last said that it runs."""


class SyncState:
    """The agent's side."""

    def __init__(self, folder: Path) -> None:
        path = folder / SYNC_DB
        self._db = open_database(path)
        self._db.connect()
        migrate(self._db, path, STEPS)
        # What the power takes with it is sent once more, and answered as a duplicate: not worth a wait for the disk.
        self._db.execute_sql("pragma synchronous=NORMAL")
        self._db.execute_sql("pragma wal_autocheckpoint=200")
        self._con: sqlite3.Connection = self._db.connection()
        self.now = State(**_read(self._con))
        self._saved = {name: getattr(self.now, name) for name in State.__slots__}

    def save(self) -> None:
        """Keep what changed in ``now``."""
        changed = {name: getattr(self.now, name) for name in State.__slots__}
        rows = [(name, json.dumps(value)) for name, value in changed.items() if value != self._saved[name]]
        if rows:
            with translated(SYNC_DB), self._db.atomic():
                self._con.executemany("replace into state values (?, ?)", rows)
            self._saved = changed

    def set_aside(self, rows: Iterable[tuple[int, str, str, int]]) -> None:
        """Remember entries that did not simply arrive: seq, status, code, when."""
        with translated(SYNC_DB), self._db.atomic():
            self._con.executemany("replace into aside values (?, ?, ?, ?)", list(rows))

    def arrived(self, seqs: Iterable[int]) -> None:
        """Entries that had been set aside and are in now."""
        with translated(SYNC_DB), self._db.atomic():
            self._con.executemany("delete from aside where seq = ?", [(seq,) for seq in seqs])

    def forget_from(self, seq: int) -> None:
        """Nothing is known any more of entries from ``seq`` on."""
        with translated(SYNC_DB), self._db.atomic():
            self._con.execute("delete from aside where seq >= ?", (seq,))

    def aside(self, *statuses: str) -> list[tuple[int, str, str]]:
        """Entries set aside, in order: seq, status, code."""
        return _aside(self._con, statuses)

    def close(self) -> None:
        """Save and let go."""
        if not self._db.is_closed():
            self.save()
            self._db.close()


class SyncReader:
    """The till's side: a look at the state, a few microseconds each."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SYNC_DB
        self._con: sqlite3.Connection | None = None

    def read(self) -> tuple[State, list[tuple[int, str, str]]] | None:
        """The state and what was set aside; None where there is no agent yet."""
        try:
            if self._con is None:
                if not self._path.exists():
                    return None
                self._con = sqlite3.connect(file_uri(self._path), uri=True, timeout=0, isolation_level=None)
            return State(**_read(self._con)), _aside(self._con, ())
        except (sqlite3.Error, ValueError):
            self.close()
            return None

    def close(self) -> None:
        """Let go; read again opens anew."""
        if self._con is not None:
            self._con.close()
            self._con = None


def _read(con: sqlite3.Connection) -> dict[str, Any]:
    usual = State()
    found: dict[str, Any] = {}
    for name, text in con.execute("select key, value from state"):
        if name in State.__slots__:
            value = json.loads(text)
            if isinstance(value, type(getattr(usual, name))):
                found[name] = value
    return found


def _aside(con: sqlite3.Connection, statuses: tuple[str, ...]) -> list[tuple[int, str, str]]:
    rows = con.execute("select seq, status, code from aside order by seq").fetchall()
    return [row for row in rows if not statuses or row[1] in statuses]
