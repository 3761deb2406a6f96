"""What the office takes in: tickets of ten lines a second, from packed batches to rows on the disk, on each database.

``python -m bench.bench_ingest [--tickets 4000] [--batch N] [--rounds 3] [--only sqlite|postgresql]``

Batches are packed as a till with much to send packs them, or of ``--batch`` tickets. The floor is the same rows written
bare into the same tables in the same run: ``executemany`` on SQLite, ``COPY`` on PostgreSQL, a transaction on the disk
for each batch. The rows lie ready; nothing is unpacked, read, hashed, verified or looked up. The batch as it came is
one of the rows (the ingest commits it by itself, first); totals, stock levels and the like are written once, at the
end, as rows, where the ingest adds them up batch by batch. Floor and ingest take turns, each on an emptied database,
and the best of each counts: others use the machine too. What load changes less is the time on processors, of
this process, of the one that verifies signatures, and of PostgreSQL's for this connection.

One sender waits for each answer before it sends on. Two senders in two processes are what a server with two workers
has; they stand beside one process that writes bare, and beside two.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path

from tests.office import databases, journals

LINES, ARTICLES = 10, 2000
Packed = tuple[bytes, int]
"""A batch as it comes over the wire, and its number of tickets."""


def line(name: str, figure: str, floor: str = "", aim: str = "") -> None:
    """One line of the table."""
    print(f"{name:<58}{figure:>24}  {floor:<22}{aim}", flush=True)


def journal(till: str, tickets: int, batch: int) -> list[Packed]:
    """The batches of a till that sold this much."""
    from kassa_tui.domain.tender import Tender
    from kassa_tui.sync.codec import encode, pack

    book, chance = journals.Book(till, journals.signer(sum(till.encode()))), random.Random(1)
    for _ in range(tickets):
        skus = [str(chance.randrange(ARTICLES)) for _ in range(LINES)]
        goods = [journals.line(sku, chance.randint(50, 999), group=f"Groep {int(sku) % 20}") for sku in skus]
        book.sale(*goods, tenders=(Tender("pin", sum(each.amount for each in goods), f"p{len(book.entries)}"),))
    found, first = [], 1
    while first <= tickets:
        last = min(tickets, first + batch - 1) if batch else _last(book, first)
        found.append((pack(encode(book.batch(first, last))), last + 1 - first))
        first = last + 1
    return found


def _last(book: journals.Book, first: int) -> int:
    """Last entry of a batch that begins with ``first``, as a till with much to send packs it."""
    from kassa_tui.sync.outbox import BATCH_BYTES, ENTRY_OVERHEAD
    from kassa_tui.sync.wire import MAX_ENTRIES

    last, size = first, 0
    for entry in book.entries[first - 1 : first - 1 + MAX_ENTRIES]:
        size += len(entry.body.encode()) + ENTRY_OVERHEAD
        if size > BATCH_BYTES:
            break
        last = entry.seq
    return last


def shop() -> None:
    """Cost prices of all articles."""
    from kassa_office.catalogue.models import Article, CostPrice, Group

    group = Group.objects.create(name="Alles", vat="low")
    skus = [str(number) for number in range(ARTICLES)]
    Article.objects.bulk_create([Article(sku=sku, name=sku, group=group, vat="low") for sku in skus])
    CostPrice.objects.bulk_create(
        [CostPrice(article_id=sku, valid_from=date(2026, 1, 1), amount=50 + int(sku)) for sku in skus]
    )


def ingest(till: str, batches: list[Packed]) -> float:
    """Seconds of taking all batches in, from the bytes on."""
    from kassa_office.journal.ingest import now_ms, push
    from kassa_office.tills.models import Till
    from kassa_tui.sync.codec import decode, unpack
    from kassa_tui.sync.wire import Batch

    here = Till.objects.get(code=till)
    start = time.perf_counter()
    for raw, tickets in batches:
        batch = decode(unpack(raw, "zstd"), Batch)
        batch.now = now_ms()  # a till whose clock is right: one that is wrong is an alarm with each batch
        answer = push(here, batch, raw, "zstd")
        if [ack.status for ack in answer.acks] != ["stored"] * tickets:
            raise SystemExit(f"not stored: {answer.acks[:3]}")
    return time.perf_counter() - start


class Believing:
    """In the place of signatures.Pending: takes every signature for true."""

    def __init__(self, proofs: Sequence[object]) -> None:
        self._count = len(proofs)

    def result(self) -> list[bool]:
        """All of them."""
        return [True] * self._count


class Stopwatch:
    """Adds up the time spent in some functions."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def over(self, module: object, name: str, label: str) -> None:
        """Measure a function of a module under a label."""
        function: Callable[..., object] = getattr(module, name)

        def timed(*args: object) -> object:
            start = time.perf_counter()
            try:
                return function(*args)
            finally:
                self.seconds[label] = self.seconds.get(label, 0.0) + time.perf_counter() - start

        setattr(module, name, timed)


def laid_ready(batches: list[Packed], branch: str) -> Callable[[], float]:
    """What writes the same rows and no more, a transaction for each batch and the sums once at the end; in seconds."""
    from django.db import transaction

    from kassa_office.journal import cursors, projection, writing
    from kassa_office.journal.checks import check
    from kassa_office.journal.projection import Here
    from kassa_tui.sync.codec import decode, unpack
    from kassa_tui.sync.wire import Batch

    inbox = writing.Table("journal_inbox", "digest:text till:text encoding:text body:bytea received_at:timestamptz")
    whole, parts, now = writing.Gathered(), [], datetime.now(UTC)
    for raw, _ in batches:
        batch, gathered = decode(unpack(raw, "zstd"), Batch), writing.Gathered()
        found = [Here(branch, one.day, one.entry) for one in check(batch.entries, batch.till) if one.entry]
        for here in found:
            entry = here.entry
            row = (entry.id, entry.at, entry.offset, entry.who, entry.kind, entry.body, entry.prev, entry.hash)
            gathered.add(writing.ENTRY, (*here.key, *row, entry.signature))
        projection.project(gathered, [projection.read(here) for here in found])
        projection.project(whole, [projection.read(here) for here in found])
        parts.append(((sha256(raw).hexdigest(), batch.till, "zstd", raw, now), gathered.facts))
    added = list(whole.added())

    def write() -> float:
        start = time.perf_counter()
        for as_it_came, facts in parts:
            with cursors.turn(), transaction.atomic():
                writing.insert(inbox, [as_it_came])
                for table in writing.FACTS:
                    writing.insert(table, facts[table.name])
        with cursors.turn(), transaction.atomic():
            for table, rows in added:
                writing.insert(table._replace(key=""), rows)
        return time.perf_counter() - start

    return write


def signatures(count: int) -> float:
    """Ed25519 verifications a second, on one core."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = journals.signer()
    hashes = [number.to_bytes(32, "big") for number in range(count)]
    signed, public = [key.sign(each) for each in hashes], Ed25519PublicKey.from_public_bytes(key.public)
    start = time.perf_counter()
    for hashed, signature in zip(hashes, signed, strict=True):
        public.verify(signature, hashed)
    return count / (time.perf_counter() - start)


def together(jobs: Sequence[Callable[[], object]]) -> float:
    """Seconds until as many processes have done a job each; they begin together, with their verifiers at work."""
    from django.db import connections

    from kassa_office.journal.signatures import start_verifier

    connections.close_all()
    (there, here), (go, gone) = os.pipe(), os.pipe()
    children = []
    for job in jobs:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(gone)
                start_verifier()
                os.write(here, b".")
                os.read(go, 1)
                job()
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    for _ in jobs:
        os.read(there, 1)
    start = time.perf_counter()
    os.close(gone)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit("a sender failed")
    seconds = time.perf_counter() - start
    for end in (there, here, go):
        os.close(end)
    return seconds


def processor() -> float:
    """Seconds on processors so far: this process, its verifier, and the database's process for this connection."""
    import psutil
    from django.db import connection

    mine = psutil.Process()
    beside = [child for child in mine.children() if any("verifier.py" in word for word in child.cmdline())]
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        beside.append(psutil.Process(connection.connection.info.backend_pid))
    return sum(sum(each.cpu_times()[:2]) for each in (mine, *beside))


class Measure:
    """The lines of one database."""

    def __init__(self, made: databases.Databases, vendor: str, work: dict[str, list[Packed]], rounds: int) -> None:
        self.made, self.vendor, self.work, self.rounds = made, vendor, work, rounds
        self.name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[vendor]
        self.tickets = sum(tickets for _, tickets in work["K1"])
        self.worked = 0.0

    def fresh(self) -> None:
        """An emptied database, without what the run before left to be cleared away or written out."""
        from django.db import connection

        from kassa_office.facts import make_partitions
        from tests.office.conftest import till_here

        self.made.use(self.vendor)
        shop()
        for till in self.work:
            till_here("B1", till)
        make_partitions({date(2026, 11, 1), date(2026, 12, 1)})
        if self.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM")
                cursor.execute("CHECKPOINT")

    def after_fresh(self, call: Callable[[], float]) -> float:
        """Seconds of a call on an emptied database; ``worked`` is what it took on processors."""
        self.fresh()
        before = processor()
        seconds = call()
        self.worked = processor() - before
        return seconds

    def run(self) -> None:
        """All of them."""
        from kassa_office.journal import signatures
        from kassa_office.journal.signatures import start_verifier

        mine, pending = self.work["K1"], signatures.Pending
        others = [till for till in self.work if till != "K1"]
        self.fresh()
        bare = laid_ready(mine, "B1")
        bare_too = [laid_ready(self.work[till], f"of {till}") for till in others]
        start_verifier()
        gc.collect()
        gc.freeze()  # what lies ready here is no part of a server, and not to be walked through as one
        times: dict[str, list[float]] = {"bare": [], "ingest": [], "bare too": [], "ingest too": [], "unsigned": []}
        worked: dict[str, list[float]] = {"bare": [], "ingest": []}
        for _ in range(self.rounds):
            for name, job in (("bare", bare), ("ingest", partial(ingest, "K1", mine))):
                times[name].append(self.after_fresh(job))
                worked[name].append(self.worked)
            times["bare too"].append(self.after_fresh(lambda: together(bare_too)))
            jobs = [partial(ingest, till, self.work[till]) for till in others]
            times["ingest too"].append(self.after_fresh(partial(together, jobs)))
        vars(signatures)["Pending"] = Believing
        times["unsigned"] += [self.after_fresh(lambda: ingest("K1", mine)) for _ in range(2)]
        vars(signatures)["Pending"] = pending
        best = {name: min(seconds) for name, seconds in times.items()}
        self.say("end to end, one sender", best["ingest"], best["bare"], ", aim 50%")
        self.say("the same without the signatures", best["unsigned"], best["bare"])
        floor, each = (min(worked[name]) / self.tickets * 1e6 for name in ("bare", "ingest"))
        label = f"{self.name}: time on processors, one sender"
        line(label, f"{each:,.0f} µs a ticket", f"floor {floor:,.0f} µs", f"{floor / each:.0%} of bare")
        ingested, written = (best[name] / len(others) for name in ("ingest too", "bare too"))
        self.say(f"{len(others)} senders, beside one that writes bare", ingested, best["bare"], ", aim 50%")
        self.say(f"{len(others)} senders, beside {len(others)} that write bare", ingested, written)
        self.parts()

    def say(self, label: str, seconds: float, floor: float, aim: str = "") -> None:
        """A rate beside the floor."""
        rate = f"floor {self.tickets / floor:,.0f}/s"
        line(f"{self.name}: {label}", f"{self.tickets / seconds:,.0f}/s", rate, f"{floor / seconds:.0%} of bare{aim}")

    def parts(self) -> None:
        """Where the time of one sender goes."""
        from kassa_office.journal import checks, projection, writing
        from kassa_office.journal import ingest as taking

        watch = Stopwatch()
        watch.over(taking, "receive", "raw batch on the disk")
        watch.over(taking, "check", "hashes")
        watch.over(projection, "read", "read bodies")
        watch.over(projection, "project", "project")
        watch.over(writing, "insert", "write facts")
        watch.over(writing, "upsert", "add to sums")
        watch.over(checks.Signing, "settle", "wait for signatures")
        whole = self.after_fresh(lambda: ingest("K1", self.work["K1"]))
        watch.seconds["unpacking, locks, look-ups, commit"] = whole - sum(watch.seconds.values())
        for label, part in sorted(watch.seconds.items(), key=lambda item: -item[1]):
            each = f"{part / self.tickets * 1e6:,.0f} µs a ticket"
            line(f"  {self.name}: {label}", each, f"{part / whole:.0%} of the time")


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tickets", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=0, help="tickets; 0 packs them as a till does")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=databases.available(), help="one database")
    options = parser.parse_args()
    databases.set_up()
    made = databases.Databases(durable=True)
    work = {till: journal(till, options.tickets, options.batch) for till in ("K1", "K2", "K3")}
    size = sum(len(raw) for raw, _ in work["K1"])
    line(f"a ticket of {LINES} lines on the wire, packed", f"{size / options.tickets:,.0f} bytes")
    line("Ed25519 verifications, one core", f"{signatures(2000):,.0f}/s")
    for vendor in [options.only] if options.only else databases.available():
        Measure(made, vendor, work, options.rounds).run()
    shutil.rmtree(Path(databases.BASE), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
