"""Signatures are verified beside the ingest; what they come to is the same as if each had been waited for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from kassa_office.journal import cursors, ingest, signatures, writing
from kassa_office.journal.models import Inbox, Quarantine
from kassa_office.journal.signatures import FEW, MOST, Pending, Proof
from kassa_tui.sync.codec import encode, pack
from kassa_tui.sync.wire import Batch, BatchAnswer
from tests.office.conftest import MakeTill, TillHere
from tests.office.dump import dump
from tests.office.journals import journal_of, signer

KEY = signer(3)
N = 60


def proofs(count: int) -> tuple[list[Proof], list[bool]]:
    """Proofs of which every third does not hold, each for a reason of its own, and whether each does."""
    hashes = [number.to_bytes(32, "big") for number in range(count)]
    found: list[Proof] = [(KEY.public.hex(), KEY.sign(each), each) for each in hashes]
    wrong: list[Callable[[str, bytes, bytes], Proof]] = [
        lambda key, made, over: (signer(4).public.hex(), made, over),
        lambda key, made, over: (key, made[:-1] + bytes([made[-1] ^ 1]), over),
        lambda key, made, over: (key, made[1:], over),
        lambda key, made, over: ("", made, over),
        lambda key, made, over: ("geen sleutel", made, over),
        lambda key, made, over: ("ff" * 32, made, over),
        lambda key, made, over: (key, made, bytes(32)),
    ]
    for place in range(1, count, 3):
        found[place] = wrong[place // 3 % len(wrong)](*found[place])
    return found, [place % 3 != 1 for place in range(count)]


@pytest.fixture
def verifier(monkeypatch: pytest.MonkeyPatch) -> Iterator[signatures.Verifier]:
    """One that is at work, whatever the machine."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    desk = signatures.Desk()
    monkeypatch.setattr(signatures, "_desk", desk)
    assert signatures.start_verifier(60)
    found = desk.lend()
    assert found is not None
    found.busy = False
    yield found
    found.give_up()


@pytest.mark.parametrize("count", [0, 1, FEW, FEW + 1, 300, MOST, MOST + 1])
def test_the_verdicts_are_those_of_verifying_here(verifier: signatures.Verifier, count: int) -> None:
    asked, wanted = proofs(count)
    assert [signatures.holds(*proof) for proof in asked] == wanted
    pending = Pending(asked)
    assert verifier.busy == (FEW < sum(map(len, map(signatures._packed, asked))) // 128 <= MOST)
    assert pending.result() == wanted
    assert not verifier.busy
    assert pending.result() == wanted


def test_while_it_is_busy_others_verify_for_themselves(verifier: signatures.Verifier) -> None:
    asked, wanted = proofs(40)
    first = Pending(asked)
    assert verifier.busy
    assert Pending(asked[:20]).result() == wanted[:20]
    assert first.result() == wanted


def test_one_that_dies_is_replaced_and_nothing_is_believed(verifier: signatures.Verifier) -> None:
    asked, wanted = proofs(40)
    os.kill(verifier.pid, signal.SIGSTOP)
    pending = Pending(asked)
    os.kill(verifier.pid, signal.SIGKILL)
    assert pending.result() == wanted
    assert verifier.broken
    assert Pending(asked).result() == wanted
    assert signatures._desk.lend() is not verifier


def test_a_process_that_was_forked_off_has_its_own(verifier: signatures.Verifier) -> None:
    asked, wanted = proofs(40)
    pending = Pending(asked)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if Pending(asked[:30]).result() == wanted[:30] else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert pending.result() == wanted


def push(here: TillHere, batch: Batch) -> BatchAnswer:
    """As it comes over the wire."""
    return ingest.push(here.till, batch, pack(encode(batch)), "zstd")


def test_one_bad_signature_of_many_is_kept_apart_and_counts_nowhere(
    make_till: MakeTill, verifier: signatures.Verifier
) -> None:
    here = make_till()
    book = journal_of(N, key=here.signer)
    bad = next(entry.seq for entry in book.entries[20:] if entry.kind == "sale")
    push(here, book.batch(1, bad - 1))
    push(here, book.batch(bad + 1, N))
    wanted = {table: rows for table, rows in dump().items() if table != "cursor"}
    here = make_till("B2", "K2")
    other = journal_of(N, "K2", here.signer)
    batch = other.batch()
    batch.entries[bad - 1].signature = batch.entries[bad].signature
    answer = push(here, batch)
    assert [(ack.seq, ack.code) for ack in answer.acks if ack.status != "stored"] == [(bad, "signature")]
    assert answer.next == N + 1
    assert [(row.seq, row.code) for row in Quarantine.objects.all()] == [(bad, "signature")]
    assert Inbox.objects.filter(done_at=None).count() == 0
    found = dump()
    for table in ("sale", "sale_line", "day_total", "sku_day", "month_total", "sku_month", "stock_level"):
        ours = [row for row in found[table] if row not in wanted[table]]
        assert _of("B1", "K1", wanted[table]) == _of("B2", "K2", ours), table


def _of(branch: str, till: str, rows: list[Any]) -> list[str]:
    """Rows without what tells the two shops apart."""
    return sorted(repr(row).replace(branch, "B").replace(till, "K") for row in rows)


def test_what_another_sender_stores_in_between_is_seen_under_the_lock(
    make_till: MakeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make_till()
    book = journal_of(N, key=here.signer)
    push(here, book.batch())
    wanted = dump()
    here = make_till("B2", "K2")
    second = journal_of(N, "K2", here.signer)
    turn, between = cursors.turn, [second.batch(1, 40)]

    @contextmanager
    def late() -> Iterator[None]:
        """Whoever gets its turn for the tables finds that somebody else had one before."""
        if Inbox.objects.filter(till="K2").exists() and between:
            push(here, between.pop())
        with turn():
            yield

    monkeypatch.setattr(cursors, "turn", late)
    answer = push(here, second.batch())
    assert [ack.status for ack in answer.acks] == ["duplicate"] * 40 + ["stored"] * 20
    assert answer.next == N + 1
    found = dump()
    for table in ("journal_entry", "sale", "day_total", "sku_day", "stock_level"):
        assert len(found[table]) == 2 * len(wanted[table]), table
    for table in ("day_total", "sku_day", "stock_level"):
        ours = [row for row in found[table] if row not in wanted[table]]
        assert _of("B1", "K1", wanted[table]) == _of("B2", "K2", ours), table


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_writers_queue_for_sqlite(make_till: MakeTill) -> None:
    make_till()
    order: list[str] = []
    waiting, free = threading.Event(), threading.Event()
    connection.ensure_connection()

    def second() -> None:
        waiting.set()
        with cursors.turn():
            order.append("second")
        connection.close()
        free.set()

    other = threading.Thread(target=second)
    with cursors.turn():
        other.start()
        assert waiting.wait(30)
        assert not free.wait(0.2)
        order.append("first")
    assert free.wait(30)
    other.join()
    assert order == ["first", "second"]


def test_what_the_database_refuses_is_an_error_of_django(make_till: MakeTill) -> None:
    make_till()
    too_long = ("B" * 40, "6", 1, 1)
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError), transaction.atomic(), writing.queued():
            writing.upsert(writing.STOCK_LEVEL, [too_long])
        with pytest.raises(DatabaseError), transaction.atomic():
            writing.insert(writing.STOCK_LEVEL._replace(key=""), [too_long])
    with pytest.raises((DatabaseError, OverflowError)), transaction.atomic(), writing.queued():
        writing.upsert(writing.STOCK_LEVEL, [("B1", "6", 2**70, 1)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM stock_level WHERE branch IN ('B1', %s)", ["B" * 40])
        assert cursor.fetchone()[0] == 0
