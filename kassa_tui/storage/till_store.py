"""``till.db`` as the till uses it: acts go through the writer's thread, questions through a read-only connection."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from kassa_tui.domain.journal import Entry
from kassa_tui.storage import spool, stock
from kassa_tui.storage.database import StorageError, checkpoint, migrate, open_database, transaction, translated
from kassa_tui.storage.journal import Clock, Job, Journal, read_entries, read_entry
from kassa_tui.storage.keys import KEY_FILE, Signer, create_key, load_key
from kassa_tui.storage.projections import State
from kassa_tui.storage.till_schema import PAGE_SIZE, STEPS
from kassa_tui.storage.writer import Writer

TILL_DB, LOCK_FILE = "till.db", "till.lock"
TAKEOVER_FILE = "takeover.json"
"""There while the journal of the machine that this one replaces has not come: nothing may be sold before it."""


CHANNEL_LOCK = "channel.lock"


class Lock:
    """One till process, or with another ``name`` one agent, per data folder; the file says who holds it."""

    def __init__(self, folder: Path, name: str = LOCK_FILE, who: str = "") -> None:
        self._handle = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._handle, 200, 0).decode("utf-8", "replace").strip()
            os.close(self._handle)
            facts = {"holder": holder, "path": str(folder)}
            raise StorageError(
                "till_running" if name == LOCK_FILE else "channel_running" if name == CHANNEL_LOCK else "sync_running",
                facts,
            ) from error
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{who or os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another process in."""
        os.close(self._handle)


def create(folder: Path) -> Signer:
    """Make ``till.db`` and the key where they are not; safe to repeat. StorageError where only one of them is there."""
    folder.mkdir(parents=True, exist_ok=True)
    key, path = folder / KEY_FILE, folder / TILL_DB
    db = open_database(path, page_size=PAGE_SIZE)
    try:
        db.connect(reuse_if_open=True)
        migrate(db, path, STEPS)
        row = db.execute_sql("select value from meta where key = 'public_key'").fetchone()
        signer = create_key(key) if row is None and not key.exists() else load_key(key)
        if row is None:
            db.execute_sql("insert into meta values ('public_key', ?)", (signer.public.hex(),))
        elif row[0] != signer.public.hex():
            raise StorageError("key_other", {"path": str(key)})
    finally:
        db.close()
    return signer


class TillStore:
    """The till's own database, open for selling."""

    def __init__(self, folder: Path, till: str, clock: Clock, new_id: Callable[[], str]) -> None:
        self._lock = Lock(folder) if folder.exists() else None
        try:
            self._open(folder, till, clock, new_id)
        except BaseException:
            if self._lock:
                self._lock.release()
            raise

    def _open(self, folder: Path, till: str, clock: Clock, new_id: Callable[[], str]) -> None:
        path = folder / TILL_DB
        self.folder, self.till = folder, till
        if (folder / TAKEOVER_FILE).exists():
            raise StorageError("takeover_pending", {"path": str(folder)})
        if not path.exists():
            create(folder)
        if self._lock is None:
            self._lock = Lock(folder)
        # Before all others: whichever connection closes last copies the log back, and after a crash, when the others
        # come and go, the cashier would wait for it.
        self._read_db = open_database(path, readonly=True)
        self._read_db.connect()
        try:
            self._begin(path, clock, new_id, create(folder))
        except BaseException:
            self._read_db.close()
            raise
        self.read: sqlite3.Connection = self._read_db.connection()
        """Read-only connection of the thread that opened the store."""

    def _begin(self, path: Path, clock: Clock, new_id: Callable[[], str], signer: Signer) -> None:
        self._db = open_database(path, page_size=PAGE_SIZE)

        def start() -> None:
            self._db.connect()
            con: sqlite3.Connection = self._db.connection()
            self._con = con
            self._journal = Journal(con, self.till, clock, new_id, signer)
            spool.mark_doubtful(con)

        self._writer = Writer(start, self._db.close, lambda: checkpoint(self._db))

    @property
    def state(self) -> State:
        """Counters as committed."""
        return self._journal.state

    def record(self, kind: str, body: dict[str, Any], who: str, jobs: Sequence[Job] = ()) -> Entry:
        """Append an entry; on disk when this returns."""
        return self._writer.do(lambda: self._journal.record(kind, body, who, jobs))

    def record_all(self, acts: Sequence[tuple[str, dict[str, Any]]], who: str) -> list[Entry]:
        """Append several entries in one transaction."""
        return self._writer.do(lambda: self._journal.record_all(acts, who))

    def record_sale(self, body: dict[str, Any], who: str, jobs: Sequence[Job]) -> Entry:
        """Close a sale; on disk when this returns."""
        return self._writer.do(lambda: self._journal.record_sale(body, who, jobs))

    def entry(self, seq: int) -> Entry:
        """One entry of the journal."""
        return read_entry(self.read, self.till, seq)

    def entries_after(self, seq: int, kind: str) -> list[Entry]:
        """Entries of one kind behind ``seq``, in order."""
        last = self.read.execute("select coalesce(max(seq), 0) from journal").fetchone()[0]
        return [entry for entry in read_entries(self.read, self.till, seq + 1, last) if entry.kind == kind]

    def draft(self, ticket: str, delta: dict[str, Any]) -> Future[None]:
        """Append a change of the open ticket behind the cashier's back; the last one may be lost with the power."""
        body = json.dumps(delta, ensure_ascii=False, separators=(",", ":"))
        return self._writer.submit(lambda: self._append_draft(ticket, body))

    def _append_draft(self, ticket: str, body: str) -> None:
        with translated(), transaction(self._con):
            self._con.execute("delete from draft where ticket != ?", (ticket,))
            self._con.execute("insert into draft (ticket, body) values (?, ?)", (ticket, body))

    def drafts(self) -> tuple[str, list[dict[str, Any]]]:
        """The ticket that was open when the till last stopped, and its changes; an ended ticket has none."""
        rows = self.read.execute("select ticket, body from draft order by n").fetchall()
        rows = [row for row in rows if row[0] == rows[-1][0] and row[0] != self.state.last_ticket]
        return (rows[0][0], [json.loads(body) for _, body in rows]) if rows else ("", [])

    def stock_draft(self, paper: str, delta: dict[str, Any]) -> Future[None]:
        """Append a change of a count or a delivery; the last one may be lost with the power."""
        return self._writer.submit(lambda: stock.append_draft(self._con, paper, delta))

    def spool(self, act: Callable[..., Any], *args: Any) -> Any:
        """Run one of :mod:`kassa_tui.storage.spool`'s functions on the writing connection; from any thread."""

        def work() -> Any:
            with translated():
                return act(self._con, *args)

        return self._writer.do(work)

    def flush(self) -> None:
        """Wait until all that was queued is on disk."""
        self._writer.do(lambda: None)

    def rest(self) -> None:
        """Copy the write-ahead log back now; at the close of a shift."""
        self._writer.do(lambda: checkpoint(self._db))

    def close(self) -> None:
        """Finish writing and let go of the files; harmless when called again."""
        self._writer.stop()
        if not self._read_db.is_closed():
            self._read_db.close()
        if self._lock:
            self._lock.release()
            self._lock = None
