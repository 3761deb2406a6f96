"""A new machine in the place of an old one: the till's journal comes from the office and goes on with another key.

What the office has is checked entry by entry and built beside the empty books of the new machine; only when all of it
is there, and the new machine has journaled that it takes over, do the files change places. Numbers that the old machine
gave out and took with it are left out, never given out again.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kassa_tui.domain.journal import GENESIS, Entry, digest_of
from kassa_tui.storage.backup import Head, head
from kassa_tui.storage.database import StorageError, checkpoint, migrate, open_database, sync_file, translated
from kassa_tui.storage.journal import REPLACED, Clock, Journal, Keys, Signs, key_at, left_out
from kassa_tui.storage.keys import KEY_FILE, load_key
from kassa_tui.storage.projections import project
from kassa_tui.storage.till_schema import PAGE_SIZE, STEPS
from kassa_tui.storage.till_store import TAKEOVER_FILE, TILL_DB, Lock

BESIDE = "takeover"

Check = Callable[[bytes, bytes, bytes], bool]
_INSERT = """insert into journal (seq, id, at, offset, who, kind, body, hash, signature)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class Claims:
    """How far the old machine said it was."""

    seq: int
    receipt: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it."""

    entries: int
    """Taken over."""
    goes_on_at: int
    """``seq`` of the new machine's first entry."""
    receipt: int
    """Last number that may have been given out."""
    lost: int
    """Entries that the old machine said it had and the office never got."""


def pending(folder: Path) -> Claims | None:
    """The takeover that was begun and not finished; None where there is none. StorageError where it cannot be read."""
    path = folder / TAKEOVER_FILE
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text("ascii"))
        return Claims(int(found["seq"]), int(found["receipt"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError("takeover_pending", {"path": str(path)}) from error


def begin(folder: Path, claims: Claims) -> None:
    """Note that no till may sell here until the journal has come. StorageError ``till_has_entries`` where one did."""
    refuse_used(folder)
    with translated(folder / TAKEOVER_FILE):
        (folder / TAKEOVER_FILE).write_text(json.dumps({"seq": claims.seq, "receipt": claims.receipt}), "ascii")
        sync_file(folder / TAKEOVER_FILE)
        sync_file(folder)


def refuse_used(folder: Path) -> None:
    """StorageError ``till_has_entries`` where a till sold from this folder: its journal cannot become another's."""
    if (folder / TILL_DB).exists():
        found: Head = head(folder / TILL_DB)
        if found.seq:
            raise StorageError("till_has_entries", {"have": found.seq, "path": str(folder)})


class Takeover:
    """Builds the books of a till from its journal; `add` pages of it in order, then `finish`.

    One per folder: StorageError ``till_running``, ``till_has_entries``, ``key_missing`` …
    """

    def __init__(self, folder: Path, till: str, check: Check) -> None:
        self._lock = Lock(folder)
        try:
            refuse_used(folder)
            self._signer = load_key(folder / KEY_FILE)
            self._folder, self._till, self._check = folder, till, check
            self._beside = folder / BESIDE
            with translated(folder):
                shutil.rmtree(self._beside, ignore_errors=True)
                self._beside.mkdir(mode=0o700)
            self._db = open_database(self._beside / TILL_DB, page_size=PAGE_SIZE)
            self._db.connect()
            migrate(self._db, self._beside / TILL_DB, STEPS)
        except BaseException:
            self._lock.release()
            raise
        self._con: sqlite3.Connection = self._db.connection()
        self._keys: Keys = []
        self._state: Any = None
        self._seq, self._hash, self._entries = 0, GENESIS, 0
        self.whole = True
        """False once something is missing in between: what lies behind it cannot be chained to what is here."""

    def add(self, entries: Sequence[Entry], keys: Keys) -> None:
        """The next entries, with all keys of the till. StorageError ``journal_broken`` (``seq``, ``flaw``)."""
        from kassa_tui.storage.projections import read_state

        self._keys = [pair for pair in sorted(keys) if pair[1] != self._signer.public]
        with translated(TILL_DB), self._db.atomic():
            state = self._state = self._state or read_state(self._con)
            for entry in entries:
                if not self.whole or not self._follows(entry):
                    break
                self._judge(entry)
                row = (entry.seq, bytes.fromhex(entry.id), entry.at, entry.offset, entry.who, entry.kind, entry.body,
                       entry.hash, entry.signature)  # fmt: skip
                self._con.execute(_INSERT, row)
                try:
                    project(self._con, entry, entry.facts, state)
                except (ValueError, KeyError, TypeError) as error:
                    raise StorageError("journal_broken", {"seq": entry.seq, "flaw": "body"}) from error
                self._seq, self._hash, self._entries = entry.seq, entry.hash, self._entries + 1
        checkpoint(self._db)

    def finish(self, claims: Claims, clock: Clock, new_id: Callable[[], str], host: str = "") -> Taken:
        """Journal that this machine goes on, and put the books in place."""
        goes_on_at = max(claims.seq, self._seq) + 1
        lost = goes_on_at - 1 - self._seq
        self._note_keys(goes_on_at, self._signer)
        journal = Journal(self._con, self._till, clock, new_id, self._signer)
        receipt = max(claims.receipt, journal.state.receipt)
        journal.go_on_at(goes_on_at)
        missing = {"missing": [self._seq + 1, goes_on_at - 1]} if lost else {}
        body = {"public_key": self._signer.public.hex(), "from": goes_on_at, "receipt": receipt, "host": host}
        journal.record(REPLACED, body | missing, "")
        self._put()
        return Taken(self._entries, goes_on_at, receipt, lost)

    def close(self) -> None:
        """Let go; what was not finished is thrown away."""
        if not self._db.is_closed():
            self._db.close()
        shutil.rmtree(self._beside, ignore_errors=True)
        self._lock.release()

    def _follows(self, entry: Entry) -> bool:
        if entry.seq == self._seq + 1 or (entry.seq > self._seq and left_out(entry) and entry.prev == self._hash):
            return True
        self.whole = False
        return False

    def _judge(self, entry: Entry) -> None:
        if entry.prev != self._hash or digest_of(entry) != entry.hash:
            raise StorageError("journal_broken", {"seq": entry.seq, "flaw": "hash"})
        if not self._check(key_at(self._keys, entry.seq), entry.hash, entry.signature):
            raise StorageError("journal_broken", {"seq": entry.seq, "flaw": "signature"})

    def _note_keys(self, first: int, signer: Signs) -> None:
        # A till that never sold under its old key has nothing of it to keep.
        keys = [[at, key.hex()] for at, key in self._keys if at < first and self._entries]
        keys.append([first if keys else 1, signer.public.hex()])
        with translated(TILL_DB), self._db.atomic():
            for name, value in (("public_key", signer.public.hex()), ("public_keys", json.dumps(keys))):
                self._con.execute("replace into meta values (?, ?)", (name, value))

    def _put(self) -> None:
        checkpoint(self._db, truncate=True)
        self._db.close()
        with translated(self._folder):
            for suffix in ("-wal", "-shm"):
                (self._folder / (TILL_DB + suffix)).unlink(missing_ok=True)
            sync_file(self._beside / TILL_DB)
            (self._beside / TILL_DB).replace(self._folder / TILL_DB)
            sync_file(self._folder)
            (self._folder / TAKEOVER_FILE).unlink(missing_ok=True)
            sync_file(self._folder)
