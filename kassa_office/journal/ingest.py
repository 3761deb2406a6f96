"""Taking in a till's journal: the batch on disk first, then each entry once into the tables, in one transaction.

A till sends again until it hears that an entry is here, so everything may come twice, late and in any order. One row
per till is locked while its entries go in; what is here already is told by number and hash. A sale is never refused:
what cannot be believed or read is kept apart, and a person is told.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from kassa_office.api import events
from kassa_office.facts import ensure_partitions, next_month
from kassa_office.journal import alarms, cursors, projection
from kassa_office.journal.alarms import Matter
from kassa_office.journal.bodies import Unreadable
from kassa_office.journal.checks import MAX_SEQ, Checked, Signing, check, signing
from kassa_office.journal.cursors import Known
from kassa_office.journal.models import Quarantine
from kassa_office.journal.projection import Here, Read
from kassa_office.journal.signals import entries_stored
from kassa_office.journal.writing import ENTRY, Gathered
from kassa_office.tills.heartbeat import SKEW_MS
from kassa_office.tills.models import Till, TillCursor
from kassa_office.tills.office import epoch
from kassa_tui.domain.journal import GENESIS
from kassa_tui.sync.wire import SCHEMA, Ack, Batch, BatchAnswer

log = logging.getLogger(__name__)

AHEAD = timedelta(days=45)
"""Months of entries that lie further ahead get no partition of their own: their clock is wrong."""


def push(till: Till, batch: Batch, raw: bytes, encoding: str) -> BatchAnswer:
    """Take a batch in. ``raw`` is its body as it came, in this ``Content-Encoding``; on disk when this returns.

    Raises nothing for what the batch holds; django's OperationalError where the database is busy or away.
    """
    digest = receive(till, raw, encoding)
    acks = take(till, batch, digest)
    now = now_ms()
    if abs(batch.now - now) > SKEW_MS:
        alarms.raise_alarm(Matter("clock", str(till.branch_id), till.code, facts={"skew_ms": batch.now - now}))
    wanted = "" if till.wanted_version == batch.version else till.wanted_version
    return BatchAnswer(SCHEMA, epoch(), now, acks, next_seq(till), latest_version=wanted)


def receive(till: Till, raw: bytes, encoding: str) -> str:
    """The raw batch, committed; its digest."""
    digest = sha256(till.code.encode() + b"\0" + raw).hexdigest()
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with cursors.turn(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_inbox (digest, till, encoding, body, received_at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (digest) DO NOTHING",
            [digest, till.code, encoding[:10], raw, now],
        )
    return digest


def _done(digest: str) -> None:
    """A batch is in the tables."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_inbox SET done_at = %s WHERE digest = %s", [now, digest])


def take(till: Till, batch: Batch, digest: str) -> list[Ack]:
    """Verify and store the entries of a batch that is in the inbox; an ack for each, in their order."""
    if batch.till == till.code:
        checked = check(batch.entries, till.code)
    else:
        checked = [Checked(sent, "other_till") for sent in batch.entries]
    known = _known(till, cursors.read(till), checked)
    proofs = signing(checked, cursors.keys(till), {seq: known[seq][0] for seq in known}.get)
    coming = Coming(till, batch.high, digest, proofs)
    try:
        _make_partitions(checked)
        return _store(coming, checked, known)
    finally:
        coming.signing.settle()


def next_seq(till: Till) -> int:
    """First ``seq`` of this till that is not here."""
    return int(cursors.read(till).next_seq)


def now_ms() -> int:
    """The office's clock, UTC milliseconds."""
    return int(timezone.now().timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Coming:
    """A batch on its way from the inbox into the tables."""

    till: Till
    claimed: int
    """Highest ``seq`` that the till says it has."""
    digest: str
    signing: Signing


class Forged(Exception):
    """Signatures do not hold of entries that were on their way in as if they did."""


def _store(coming: Coming, checked: Sequence[Checked], known: Known) -> list[Ack]:
    """All at once; where that fails for a reason that will not pass, one by one, and the one at fault uncounted."""
    try:
        return _taken(coming, checked, known, digest=coming.digest)
    except OperationalError:
        raise
    except (DatabaseError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
        log.exception("journal of %s: %d entries", coming.till.code, len(checked))
    acks = [ack for one in checked for ack in _alone(coming, one)]
    _done(coming.digest)
    return acks


def _alone(coming: Coming, one: Checked) -> list[Ack]:
    """One entry; where it cannot be counted it is kept without, and where even that fails, kept apart."""
    for count in (True, False):
        try:
            return _taken(coming, [one], {}, count)
        except OperationalError:
            raise
        except (DatabaseError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            log.exception("journal of %s: entry %d", coming.till.code, one.sent.seq)
    one.code = "unreadable"
    return _taken(coming, [one], {}, count=False)


def _taken(coming: Coming, checked: Sequence[Checked], known: Known, count: bool = True, digest: str = "") -> list[Ack]:
    """One transaction. Signatures are verified while it goes on; where one does not hold, all of it is undone first."""
    try:
        return _transaction(coming, checked, known, count, digest)
    except Forged:
        return _transaction(coming, checked, known, count, digest)


def _transaction(coming: Coming, checked: Sequence[Checked], known: Known, count: bool, digest: str) -> list[Ack]:
    """Made ready before the lock, for what was ``known`` then; anew where under the lock something else is here."""
    till = coming.till
    taking = Taking(till, TillCursor(till=till), timezone.now(), count)
    acks = taking.entries(checked, known)
    with cursors.turn(), transaction.atomic():
        cursor = cursors.lock(till)
        here = _known(till, cursor, checked)
        if here != known:
            taking = Taking(till, cursor, timezone.now(), count)
            acks = taking.entries(checked, here)
        taking.cursor = cursor
        taking.gathered.write()
        if coming.signing.settle():
            raise Forged
        taking.conclude()
        taking.note(coming.claimed, {one.sent.seq for one in checked})
        if digest:
            _done(digest)
    return acks


def _known(till: Till, cursor: TillCursor, checked: Sequence[Checked]) -> Known:
    return cursors.stored(till.code, cursor.branches, [one.sent.seq for one in checked])


@dataclass
class Taking:
    """One transaction's work; written under the lock of the till's cursor."""

    till: Till
    cursor: TillCursor
    now: datetime
    count: bool = True
    """False: keep entries without counting them."""
    gathered: Gathered = field(default_factory=Gathered)
    reads: list[Read] = field(default_factory=list)
    quarantined: list[Quarantine] = field(default_factory=list)
    raised: dict[tuple[str, str], Matter] = field(default_factory=dict)
    _known: Known = field(default_factory=dict)

    @property
    def branch(self) -> str:
        """Where the till stands."""
        return str(self.till.branch_id)

    def entries(self, checked: Sequence[Checked], known: Known) -> list[Ack]:
        """What becomes of each, where these are here already; counted, but not yet written."""
        self._known = dict(known)
        acks = [self._one(one) for one in checked]
        for read in self.reads:
            self._link(read.here.entry.seq, known)
        projection.project(self.gathered, self.reads)
        self.gathered.make_ready()
        return acks

    def _one(self, one: Checked) -> Ack:
        seq = one.sent.seq
        if one.code or one.entry is None:
            self._set_apart(one, one.code)
            return Ack(seq, "quarantined", one.code)
        known = self._known.get(seq)
        if known is not None:
            if known[0] == one.entry.hash:
                return Ack(seq, "duplicate")
            self._set_apart(one, "conflict")
            return Ack(seq, "conflict")
        self._known[seq] = (one.entry.hash, one.entry.prev)
        return self._new(one, Here(self.branch, one.day, one.entry))

    def _new(self, one: Checked, here: Here) -> Ack:
        entry = here.entry
        self.keep(here)
        try:
            if not self.count:
                raise Unreadable("uncounted")
            read = projection.read(here)
        except Unreadable:
            self.reads.append(Read(here, None))
            self._set_apart(one, "unreadable")
            return Ack(entry.seq, "quarantined", "unreadable")
        if read.kind is None:
            self._raise(Matter("unknown_kind", matter=entry.kind, facts={"kind": entry.kind, "till": entry.till}))
        self.reads.append(read)
        return Ack(entry.seq, "stored")

    def keep(self, here: Here) -> None:
        """The entry itself, exactly as the till made it."""
        entry = here.entry
        self.gathered.add(
            ENTRY,
            (*here.key, entry.id, entry.at, entry.offset, entry.who, entry.kind, entry.body, entry.prev, entry.hash,
             entry.signature),
        )  # fmt: skip

    def _link(self, seq: int, before: Known) -> None:
        """The chain at both ends of a new entry; where the next was here before, its end is looked at as well."""
        prev = self._known[seq][1]
        earlier = (GENESIS, b"") if seq == 1 else self._known.get(seq - 1)
        if earlier is not None and earlier[0] != prev:
            self._chain(seq)
        if seq + 1 in before and self._known[seq + 1][1] != self._known[seq][0]:
            self._chain(seq + 1)

    def _chain(self, seq: int) -> None:
        self._raise(Matter("chain", self.branch, self.till.code, str(seq), {"seq": seq}))

    def _set_apart(self, one: Checked, code: str) -> None:
        seq = one.sent.seq if 0 < one.sent.seq < MAX_SEQ else 0
        self.quarantined.append(
            Quarantine(branch=self.branch, till=self.till.code, seq=seq, hash=one.claimed_hash, code=code, raw=one.raw,
                       received_at=self.now)
        )  # fmt: skip

    def _raise(self, matter: Matter) -> None:
        self.raised.setdefault((matter.code, matter.matter), matter)

    def conclude(self) -> None:
        """After the entries and what follows from them: what was set apart, and those who listen."""
        self._write_quarantine()
        if self.reads and (entries_stored.receivers or events.wanted()):
            self._tell()

    def _tell(self) -> None:
        """Those who listen; what goes wrong with them is theirs."""
        try:
            with transaction.atomic():
                entries_stored.send(sender=Taking, till=self.till, reads=self.reads)
                events.stored(self.reads)
        except OperationalError:
            raise
        except Exception:
            log.exception("listeners to the journal of %s", self.till.code)

    def _write_quarantine(self) -> None:
        if not self.quarantined:
            return
        hashes = {row.hash for row in self.quarantined}
        there = Quarantine.objects.filter(branch=self.branch, till=self.till.code, hash__in=hashes)
        seen = set(there.values_list("seq", "hash"))
        fresh = [row for row in self.quarantined if (row.seq, row.hash) not in seen]
        Quarantine.objects.bulk_create(fresh, ignore_conflicts=True)
        for row in fresh:
            conflict = row.code == "conflict"
            code, matter = ("conflict", str(row.seq)) if conflict else ("quarantine", row.code)
            self._raise(Matter(code, self.branch, self.till.code, matter, {"seq": row.seq, "code": row.code}))

    def note(self, claimed: int, numbers: set[int]) -> None:
        """How far the till is here now, and the alarms."""
        cursor = self.cursor
        gap_before = cursor.next_seq <= cursor.high_seq
        new = [read.here.entry for read in self.reads]
        if new and self.branch not in cursor.branches:
            cursor.branches = [*cursor.branches, self.branch]
        cursor.high_seq = max([cursor.high_seq, *(entry.seq for entry in new)])
        cursor.last_at = max([cursor.last_at, *(entry.at for entry in new)])
        cursor.claimed_seq = max(cursor.claimed_seq, cursor.high_seq, claimed if claimed < MAX_SEQ else 0)
        cursor.received_at = self.now
        cursor.next_seq = self._first_missing(numbers)
        cursors.save(cursor)
        gap = Matter("gap", self.branch, self.till.code, facts={"from": cursor.next_seq, "high": cursor.high_seq})
        if cursor.next_seq <= cursor.high_seq:
            self._raise(gap)
        elif gap_before:
            alarms.close_alarm(gap, at=self.now)
        if self.raised:
            alarms.raise_all(self.raised.values(), self.now)

    def _first_missing(self, numbers: set[int]) -> int:
        held = numbers | set(self._known)
        seq = int(self.cursor.next_seq)
        while seq in held:
            seq += 1
        if seq == self.cursor.next_seq:
            return seq
        while seq <= self.cursor.high_seq:
            further = cursors.held(self.till.code, self.cursor.branches, seq)
            start = seq
            while seq in further:
                seq += 1
            if seq < start + cursors.STEP:
                break
        return seq


def _make_partitions(checked: Sequence[Checked]) -> None:
    """A partition for each month that has none yet; the first entries of a month make it."""
    if connection.vendor != "postgresql":
        return
    last = timezone.now().date() + AHEAD
    days = {one.day for one in checked if one.entry is not None}
    months = {date(int(day[:4]), int(day[5:7]), 1) for day in days}
    ensure_partitions(month for month in months if month <= last)


def coming_months(count: int) -> set[date]:
    """First days of this month and the ones after it."""
    months = [timezone.now().date().replace(day=1)]
    while len(months) < count:
        months.append(next_month(months[-1]))
    return set(months)
