"""What must still go to the office: the journal itself, read beside the till that writes it, sent on in its order.

An entry counts as delivered only by its own ack. One that the office will not have, for whatever reason, is set aside
and told to people; it never holds up what comes behind it. Memory is bounded by one batch, however long the till was
alone.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kassa_tui.domain.journal import Entry as JournalEntry
from kassa_tui.storage.database import file_uri, translated
from kassa_tui.storage.journal import read_entries
from kassa_tui.storage.sync_state import SyncState
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.sync.codec import to_wire
from kassa_tui.sync.port import OfficeError, OfficePort
from kassa_tui.sync.wire import MAX_BODY_BYTES, MAX_ENTRIES, SCHEMA, Batch, BatchAnswer

BATCH_BYTES = 1_000_000
"""Of bodies in one batch; a single entry may be larger."""
ENTRY_OVERHEAD = 500
"""Bytes of an entry on the wire besides its body: hashes, signature, names."""
STUCK_RETRY = 100
"""Entries that the office could not take are offered again, at most so many in one batch."""

log = logging.getLogger("kassa.sync")
_UNACCEPTABLE = frozenset({"bad_message", "too_large", "bad_encoding"})
"""Codes that are about this message: a smaller one may go through."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not been answered for by the office."""

    entries: int
    oldest: int
    """When the first of them was made, UTC milliseconds; 0 where none waits."""
    turnover: int
    """Cents of the sales among them."""
    receipts: int


class Outbox:
    """Sends one till's journal. All methods run on the thread that made it."""

    def __init__(self, folder: Path, till: str, state: SyncState, version: str, now: Callable[[], int]) -> None:
        self._path, self._till, self._state = folder / TILL_DB, till, state
        self._version, self._now = version, now
        self._size = MAX_ENTRIES
        with translated(self._path):
            self._con = sqlite3.connect(file_uri(self._path), uri=True, isolation_level=None)

    def close(self) -> None:
        """Let go of the journal."""
        self._con.close()

    def high(self) -> int:
        """Last ``seq`` of the journal: one look at the end of an index, cheap enough for every second."""
        with translated(self._path):
            return int(self._con.execute("select coalesce(max(seq), 0) from journal").fetchone()[0])

    def pending(self) -> bool:
        """Whether something waits that was not set aside."""
        return self.high() > self._state.now.acked

    def waiting(self) -> Waiting:
        """How much waits, for people and for the office."""
        acked, receipt = self._state.now.acked, self._state.now.acked_receipt
        stuck = len(self._state.aside("stuck"))
        with translated(self._path):
            oldest = self._con.execute("select at from journal where seq > ? order by seq limit 1", (acked,)).fetchone()
            receipts, turnover = self._con.execute(
                "select count(*), coalesce(sum(total), 0) from sale where receipt > ?", (receipt,)
            ).fetchone()
        entries = max(self.high() - acked, 0) + stuck
        return Waiting(entries, oldest[0] if oldest else 0, turnover, receipts)

    def counters(self) -> tuple[int, int]:
        """Last receipt number given out, and the Z number of the open shift (0 when closed)."""
        with translated(self._path):
            receipt, shift = self._con.execute("select receipt, shift from state").fetchone()
        return int(receipt), int(shift)

    def meet(self, epoch: str, next_seq: int) -> None:
        """Take in what the office says it has: ``next_seq`` is the first entry that it does not.

        Another epoch is another database: what it has counts, and all behind that is sent again. Within an epoch the
        till's own acks count, unless the office asks for an entry that it once said it had; that is believed once.
        """
        now = self._state.now
        if epoch != now.epoch:
            if now.epoch:
                log.warning("office has another database: sending again from %s", next_seq)
            # Where nothing is known, as after the loss of sync.db, the office's word is all there is.
            self._go_back(min(now.acked, next_seq - 1) if now.epoch else next_seq - 1)
            now.epoch, now.rewound = epoch, 0
        elif next_seq <= now.acked and now.rewound != next_seq and self._lost(next_seq):
            log.warning("office asks for %s, which it had: sending again", next_seq)
            self._go_back(next_seq - 1)
            now.rewound = next_seq
        now.trouble = "office_ahead" if next_seq - 1 > self.high() else ""
        self._state.save()

    def push(self, port: OfficePort) -> bool:
        """Send one batch; whether more waits. OfficeError where it did not go through: all of it waits on then."""
        entries = self._batch()
        if not entries:
            return False
        try:
            answer = self._send(port, entries)
        except OfficeError as error:
            if error.code not in _UNACCEPTABLE:
                raise
            self._refused(entries, error)
            return True
        self._take(entries, answer)
        self._size = min(self._size * 2, MAX_ENTRIES)
        return self.pending()

    def retry_stuck(self, port: OfficePort) -> int:
        """Offer once more what the office could not take, each in a batch of its own; how many it took."""
        taken = 0
        for seq, _, _ in self._state.aside("stuck")[:STUCK_RETRY]:
            with translated(self._path):
                entries = list(read_entries(self._con, self._till, seq, seq))
            try:
                answer = self._send(port, entries)
            except OfficeError as error:
                if error.code not in _UNACCEPTABLE:
                    raise
                continue
            taken += self._note(answer, {seq})
        return taken

    def _batch(self) -> list[JournalEntry]:
        found: list[JournalEntry] = []
        size = 0
        with translated(self._path):
            for entry in read_entries(self._con, self._till, self._state.now.acked + 1):
                size += len(entry.body.encode("utf-8", "replace")) + ENTRY_OVERHEAD
                if found and (size > BATCH_BYTES or len(found) >= self._size):
                    break
                found.append(entry)
        return found

    def _send(self, port: OfficePort, entries: Sequence[JournalEntry]) -> BatchAnswer:
        if len(entries) == 1 and len(entries[0].body.encode("utf-8", "replace")) > MAX_BODY_BYTES - 10_000:
            raise OfficeError("too_large")
        batch = Batch(
            schema=SCHEMA,
            till=self._till,
            now=self._now(),
            high=self.high(),
            entries=[to_wire(entry) for entry in entries],
            epoch=self._state.now.epoch,
            version=self._version,
        )
        return port.push(batch)

    def _refused(self, entries: Sequence[JournalEntry], error: OfficeError) -> None:
        """Too much in one, or one of them is not understood: find it by halves, and set it aside."""
        if len(entries) > 1:
            self._size = max(len(entries) // 2, 1)
            return
        log.error("entry %s set aside: office says %s", entries[0].seq, error.code)
        self._state.set_aside([(entries[0].seq, "stuck", error.code, self._now())])
        self._advance(entries)

    def _take(self, entries: Sequence[JournalEntry], answer: BatchAnswer) -> None:
        if answer.epoch != self._state.now.epoch and self._state.now.epoch:
            # Restored in the middle of everything: nothing that it says here is about the database we knew.
            self.meet(answer.epoch, answer.next)
            return
        self._state.now.epoch = answer.epoch
        wanted = {entry.seq for entry in entries}
        if not self._note(answer, wanted):
            raise OfficeError("bad_answer", {"detail": "no acks"})
        acked = {ack.seq for ack in answer.acks if ack.seq in wanted}
        delivered = []
        for entry in entries:
            if entry.seq not in acked:
                break
            delivered.append(entry)
        if not delivered:
            raise OfficeError("bad_answer", {"detail": "first entry not acked"})
        self._advance(delivered)
        self._state.now.latest_version = answer.latest_version
        self.meet(answer.epoch, answer.next)

    def _note(self, answer: BatchAnswer, wanted: set[int]) -> int:
        """Remember every ack that is no plain yes; the number of acks for ``wanted``."""
        acks = [ack for ack in answer.acks if ack.seq in wanted]
        at = self._now()
        odd = [(ack.seq, ack.status, ack.code[:40], at) for ack in acks if ack.status in ("quarantined", "conflict")]
        for seq, status, code, _ in odd:
            log.error("entry %s: office says %s %s", seq, status, code)
        plain = [ack.seq for ack in acks if ack.status in ("stored", "duplicate")]
        known = {seq for seq, _, _ in self._state.aside()}
        if known & set(plain):
            self._state.arrived(plain)
        if odd:
            self._state.set_aside(odd)
        return len(acks)

    def _advance(self, entries: Sequence[JournalEntry]) -> None:
        now = self._state.now
        now.acked = max(now.acked, entries[-1].seq)
        for entry in reversed(entries):
            if entry.kind == "sale":
                now.acked_receipt = max(now.acked_receipt, _receipt(entry))
                break
        self._state.save()

    def _go_back(self, seq: int) -> None:
        """Count as delivered what stands up to ``seq``, and nothing behind it."""
        now = self._state.now
        now.acked = max(min(seq, self.high()), 0)
        with translated(self._path):
            row = self._con.execute(
                "select max(receipt) from (select receipt from sale where seq <= ? order by receipt desc limit 1)",
                (now.acked,),
            ).fetchone()
        now.acked_receipt = int(row[0] or 0)
        self._state.forget_from(now.acked + 1)

    def _lost(self, seq: int) -> bool:
        """Whether this journal has the entry, and the office never said that it would not count it."""
        if any(seq == known for known, _, _ in self._state.aside()):
            return False
        with translated(self._path):
            return self._con.execute("select 1 from journal where seq = ?", (seq,)).fetchone() is not None


def _receipt(entry: JournalEntry) -> int:
    try:
        number = json.loads(entry.body).get("no", 0)
    except (ValueError, AttributeError):
        return 0
    return number if isinstance(number, int) else 0
