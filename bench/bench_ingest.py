"""What the office takes in: tickets of ten lines a second, from packed batches to rows on the disk, on each database.

``python -m bench.bench_ingest [--tickets 4000] [--batch 200]``

The floor is the same rows written bare into the same tables in the same run: ``executemany`` on SQLite, ``COPY`` on
PostgreSQL, one transaction for each batch, nothing read, verified or added up. Signatures stand on a line of their own:
one Ed25519 verification per entry is what a proof costs, whatever the database.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from datetime import date
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
    firsts = range(1, tickets + 1, batch)
    return [(pack(encode(book.batch(first, first + batch - 1))), min(batch, tickets + 1 - first)) for first in firsts]


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
    from kassa_office.journal.ingest import push
    from kassa_office.tills.models import Till
    from kassa_tui.sync.codec import decode, unpack
    from kassa_tui.sync.wire import Batch

    here = Till.objects.get(code=till)
    start = time.perf_counter()
    for raw, tickets in batches:
        answer = push(here, decode(unpack(raw, "zstd"), Batch), raw, "zstd")
        if [ack.status for ack in answer.acks] != ["stored"] * tickets:
            raise SystemExit(f"not stored: {answer.acks[:3]}")
    return time.perf_counter() - start


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


def bare(batches: list[Packed], vendor: str) -> float:
    """Seconds of writing the same rows and no more, a transaction for each batch; sums as rows once at the end."""
    from django.db import connection, transaction

    from kassa_office.journal import projection, writing
    from kassa_office.journal.checks import check
    from kassa_office.journal.projection import Here
    from kassa_tui.sync.codec import decode, unpack
    from kassa_tui.sync.wire import Batch

    whole, parts = writing.Gathered(), []
    for raw, _ in batches:
        batch, gathered = decode(unpack(raw, "zstd"), Batch), writing.Gathered()
        checked = check(batch.entries, batch.till, (), lambda _: None)
        found = [Here("B1", one.day, one.entry) for one in checked if one.entry]
        for here in found:
            entry = here.entry
            row = (entry.id, entry.at, entry.offset, entry.who, entry.kind, entry.body, entry.prev, entry.hash)
            gathered.add(writing.ENTRY, (*here.key, *row, entry.signature))
        projection.project(gathered, [projection.read(here) for here in found])
        projection.project(whole, [projection.read(here) for here in found])
        parts.append(gathered.facts)
    start = time.perf_counter()
    for facts in parts:
        with transaction.atomic():
            for table in writing.FACTS:
                writing.insert(table, facts[table.name])
    with transaction.atomic():
        for table in writing.SUMS:
            rows = [(*key, *sums) for key, sums in whole.sums[table.name].items()]
            writing.insert(table._replace(key=""), rows)
    seconds = time.perf_counter() - start
    if connection.vendor != vendor:
        raise SystemExit(f"{connection.vendor} is no {vendor}")
    return seconds


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


def together(tills: list[str], work: dict[str, list[Packed]]) -> float:
    """Seconds until as many processes have taken in one till each."""
    from django.db import connections

    connections.close_all()
    start = time.perf_counter()
    children = []
    for till in tills:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                ingest(till, work[till])
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit("a sender failed")
    return time.perf_counter() - start


def measure(made: databases.Databases, vendor: str, work: dict[str, list[Packed]], tickets: int) -> None:
    """The lines of one database."""
    from kassa_office.facts import make_partitions
    from kassa_office.journal import checks, projection, writing
    from tests.office.conftest import till_here

    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[vendor]

    def fresh() -> None:
        made.use(vendor)
        shop()
        for till in work:
            till_here("B1", till)

    fresh()
    make_partitions({date(2026, 11, 1), date(2026, 12, 1)})
    floor = min(_again(fresh, lambda: bare(work["K1"], vendor)) for _ in range(2))
    best = min(_again(fresh, lambda: ingest("K1", work["K1"])) for _ in range(2))
    verified = checks.signed
    checks.signed = lambda entry, keys: True
    unsigned = min(_again(fresh, lambda: ingest("K1", work["K1"])) for _ in range(2))
    checks.signed = verified
    rate = f"floor {tickets / floor:,.0f}/s"
    for label, seconds, aim in (("end to end", best, ", aim 50%"), ("the same without the signatures", unsigned, "")):
        line(f"{name}: {label}", f"{tickets / seconds:,.0f}/s", rate, f"{floor / seconds:.0%} of bare{aim}")
    pair = [till for till in work if till != "K1"]
    seconds = _again(fresh, lambda: together(pair, work))
    line(f"{name}: {len(pair)} processes, a till each", f"{len(pair) * tickets / seconds:,.0f}/s", rate)
    watch = Stopwatch()
    watch.over(writing, "insert", "write facts")
    watch.over(writing, "upsert", "add to sums")
    watch.over(projection, "read", "read bodies")
    watch.over(projection, "project", "project")
    watch.over(checks, "signed", "signatures")
    watch.over(checks, "quick_digest", "hashes")
    whole = _again(fresh, lambda: ingest("K1", work["K1"]))
    for label, part in sorted(watch.seconds.items(), key=lambda item: -item[1]):
        line(f"  {name}: {label}", f"{part / tickets * 1e6:,.0f} µs a ticket", f"{part / whole:.0%} of the time")


def _again(before: Callable[[], None], call: Callable[[], float]) -> float:
    before()
    return call()


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tickets", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=200)
    options = parser.parse_args()
    databases.set_up()
    made = databases.Databases(durable=True)
    work = {till: journal(till, options.tickets, options.batch) for till in ("K1", "K2", "K3")}
    size = sum(len(raw) for raw, _ in work["K1"])
    line(f"a ticket of {LINES} lines on the wire, packed", f"{size / options.tickets:,.0f} bytes")
    line("Ed25519 verifications, one core", f"{signatures(2000):,.0f}/s")
    for vendor in databases.available():
        measure(made, vendor, work, options.tickets)
    shutil.rmtree(Path(databases.BASE), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
