"""The append-only journal: each entry and everything that follows from it, in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Protocol

from kassa_tui.domain.journal import GENESIS, Entry, Moment, canonical, digest, digest_of
from kassa_tui.domain.sale import turnover
from kassa_tui.storage.database import StorageError, transaction, translate
from kassa_tui.storage.projections import State, project, read_state

BACK_MS, JUMP_MS = 120_000, 300_000
"""A clock that goes back two minutes, or runs five minutes from the monotonic clock, is journaled (standards 8)."""

_COLUMNS = "seq, id, at, offset, who, kind, body, hash, signature"
_INSERT = f"insert into journal ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_LAST = "select seq, hash, at from journal order by seq desc limit 1"
NUMBERED = ("sale", "weborder.sale")
"""Kinds that get the next receipt number."""
_SPOOL = "insert into spool (seq, what, mark, state) values (?, ?, ?, 'waiting')"


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> Moment:
        """Wall-clock time."""

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back, from any start."""


class Signs(Protocol):
    """A key that signs."""

    public: bytes

    def sign(self, digest: bytes) -> bytes:
        """64 bytes of Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to print once the entry is on disk."""

    what: str
    """``receipt``, ``gift``, ``report``, ``slip``."""
    mark: str = ""
    """``KOPIE 2``, ``RETOUR`` … as a code the receipt's composer knows."""


class Journal:
    """Appends to ``till.db``. All methods run on the thread that opened ``con``."""

    def __init__(
        self, con: sqlite3.Connection, till: str, clock: Clock, new_id: Callable[[], str], signer: Signs
    ) -> None:
        self._con, self._till, self._clock, self._new_id, self._signer = con, till, clock, new_id, signer
        self.state = read_state(con)
        """Counters as committed; never written by anyone else."""
        last = con.execute(_LAST).fetchone()
        self._seq: int
        self._hash: bytes
        self._at: int
        self._seq, self._hash, self._at = last or (0, GENESIS, 0)
        self._mono: int | None = None

    def record(self, kind: str, body: dict[str, Any], who: str, jobs: Sequence[Job] = ()) -> Entry:
        """Append one entry with its projections and print jobs; on disk when this returns, or StorageError."""
        with self._transaction() as state:
            return self._append(state, kind, body, who, jobs)

    def record_all(self, acts: Sequence[tuple[str, dict[str, Any]]], who: str) -> list[Entry]:
        """Append several entries in one transaction; sales among them get their numbers."""
        with self._transaction() as state:
            return [
                self._append(state, kind, self._numbered(state, body) if kind in NUMBERED else body, who, ())
                for kind, body in acts
            ]

    def go_on_at(self, seq: int) -> None:
        """Give the next entry this number: for a machine that takes the place of one whose last entries are lost."""
        if seq <= self._seq:
            raise StorageError("seq_taken", {"seq": seq})
        self._seq = seq - 1

    def record_sale(self, body: dict[str, Any], who: str, jobs: Sequence[Job], kind: str = "sale") -> Entry:
        """Close a sale: number, perpetual totals, projections and print jobs in one transaction.

        A ticket that was closed already is not closed again: its entry is returned.
        """
        if body["ticket"] == self.state.last_ticket:
            row = self._con.execute("select seq from sale where ticket = ? and receipt = ?",
                                    (body["ticket"], self.state.receipt)).fetchone()  # fmt: skip
            if row:
                return read_entry(self._con, self._till, row[0])
        with self._transaction() as state:
            return self._append(state, kind, self._numbered(state, body), who, jobs)

    def _numbered(self, state: State, body: dict[str, Any]) -> dict[str, Any]:
        number = state.receipt + 1
        plus = turnover([line for line in body["lines"] if line["amount"] > 0])
        minus = turnover([line for line in body["lines"] if line["amount"] < 0])
        return {
            **body,
            "no": number,
            "number": receipt_number(self._till, number),
            "grand": {"sales": state.grand_sales + plus, "returns": state.grand_returns - minus},
        }

    @contextmanager
    def _transaction(self) -> Iterator[State]:
        state, head = copy(self.state), (self._seq, self._hash, self._at, self._mono)
        try:
            with transaction(self._con):
                yield state
        except BaseException as error:
            self._seq, self._hash, self._at, self._mono = head
            if isinstance(error, sqlite3.Error):
                raise translate(error) from error
            raise
        self.state = state

    def _append(self, state: State, kind: str, body: dict[str, Any], who: str, jobs: Sequence[Job]) -> Entry:
        moment, mono = self._clock.now(), self._clock.monotonic_ms()
        jump = self._jump(moment, mono)
        if jump is not None:
            self._write(state, "clock.jump", jump, "", moment, mono)
        entry = self._write(state, kind, body, who, moment, mono)
        if jobs:
            self._con.executemany(_SPOOL, [(entry.seq, job.what, job.mark) for job in jobs])
        return entry

    def _jump(self, moment: Moment, mono: int) -> dict[str, Any] | None:
        if not self._at:
            return None
        passed = moment.at - self._at
        if self._mono is None:
            drift = passed if passed < -BACK_MS else 0
        else:
            drift = passed - (mono - self._mono)
        if passed < -BACK_MS or abs(drift) > JUMP_MS:
            return {"before": self._at, "now": moment.at, "drift": drift}
        return None

    def _write(self, state: State, kind: str, facts: dict[str, Any], who: str, moment: Moment, mono: int) -> Entry:
        body, seq, entry_id, prev = canonical(facts), self._seq + 1, self._new_id(), self._hash
        hashed = digest(self._till, seq, entry_id, moment, who, kind, body, prev)
        entry = Entry(
            self._till,
            seq,
            entry_id,
            moment.at,
            moment.offset,
            who,
            kind,
            body,
            prev,
            hashed,
            self._signer.sign(hashed),
        )
        self._con.execute(
            _INSERT,
            (seq, bytes.fromhex(entry_id), entry.at, entry.offset, who, kind, body, hashed, entry.signature),
        )
        project(self._con, entry, facts, state)
        self._seq, self._hash, self._at, self._mono = seq, hashed, moment.at, mono
        return entry


def receipt_number(till: str, number: int) -> str:
    """``K1-000123``: the till and a number that never has a gap."""
    return f"{till}-{number:06d}"


def read_entries(con: sqlite3.Connection, till: str, first: int = 1, last: int | None = None) -> Iterator[Entry]:
    """Entries in order; ``prev`` is the hash stored one row before, so a cut-out row shows."""
    row = con.execute("select hash from journal where seq < ? order by seq desc limit 1", (first,)).fetchone()
    prev = row[0] if row else GENESIS
    top = 2**62 if last is None else last
    for row in con.execute(f"select {_COLUMNS} from journal where seq between ? and ? order by seq", (first, top)):
        seq, entry_id, at, offset, who, kind, body, hashed, signature = row
        yield Entry(till, seq, entry_id.hex(), at, offset, who, kind, body, prev, hashed, signature)
        prev = hashed


def read_entry(con: sqlite3.Connection, till: str, seq: int) -> Entry:
    """One entry; StorageError ``no_entry`` where there is none."""
    for entry in read_entries(con, till, seq, seq):
        return entry
    raise StorageError("no_entry", {"seq": seq})


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with the journal."""

    seq: int
    code: str
    """``gap``, ``hash``, ``signature``, ``key``."""


REPLACED = "till.replaced"
"""A machine took the place of another: from here on another key signs, and numbers may have been left out."""

Keys = list[tuple[int, bytes]]
"""From which ``seq`` on which public key signs, in order."""


def read_keys(con: sqlite3.Connection) -> Keys:
    """The keys that signed this journal; none where it has not begun."""
    found = dict(con.execute("select key, value from meta where key in ('public_key', 'public_keys')").fetchall())
    if "public_keys" in found:
        return [(int(first), bytes.fromhex(key)) for first, key in json.loads(found["public_keys"])]
    return [(1, bytes.fromhex(found["public_key"]))] if "public_key" in found else []


def key_at(keys: Keys, seq: int) -> bytes:
    """The key that signs the entry ``seq``."""
    return next((key for first, key in reversed(keys) if first <= seq), keys[0][1] if keys else b"")


def left_out(entry: Entry) -> bool:
    """Whether the numbers before this entry were left out on purpose, as it says itself."""
    return entry.kind == REPLACED


def verify(con: sqlite3.Connection, till: str, check: Callable[[bytes, bytes, bytes], bool] | None) -> list[Flaw]:
    """Walk the whole chain: gapless numbers, hashes, and (with ``check``) signatures. Empty when all is well."""
    keys = read_keys(con)
    if not keys:
        return [Flaw(0, "key")] if con.execute("select 1 from journal").fetchone() else []
    flaws, expected = list[Flaw](), 1
    for entry in read_entries(con, till):
        if entry.seq != expected and not left_out(entry):
            flaws.append(Flaw(expected, "gap"))
        expected = entry.seq + 1
        if digest_of(entry) != entry.hash:
            flaws.append(Flaw(entry.seq, "hash"))
        elif check is not None and not check(key_at(keys, entry.seq), entry.hash, entry.signature):
            flaws.append(Flaw(entry.seq, "signature"))
    return flaws
