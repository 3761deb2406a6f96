"""The office ends in the middle of an ingest, at each step of it; then the till sends again, or the office goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, connections
from django.utils import timezone

from kassa_office.journal import ingest, recovery, writing
from kassa_office.journal.models import Entry, Inbox, Quarantine
from kassa_office.tills.office import new_epoch, office
from kassa_tui.sync.codec import encode, pack
from kassa_tui.sync.wire import BatchAnswer
from tests.office.conftest import Databases, MakeTill, TillHere
from tests.office.dump import dump
from tests.office.journals import journal_of

N = 25


def push(here: TillHere, first: int = 1, last: int = N) -> BatchAnswer:
    """The same journal every time."""
    batch = journal_of(N, key=here.signer).batch(first, last)
    return ingest.push(here.till, batch, pack(encode(batch)), "zstd")


class Fuse:
    """Counts statements of the database and ends the process at one of them, before or after it is done."""

    def __init__(self, at: int, after: bool) -> None:
        self.left, self.after = at, after

    def burn(self, call: Callable[[], Any]) -> Any:
        """One step."""
        self.left -= 1
        mine = self.left == 0
        if mine and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = call()
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    def wrapper(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        """For ``connection.execute_wrapper``."""
        return self.burn(lambda: execute(sql, params, many, context))


def killed_at(here: TillHere, at: int, after: bool) -> bool:
    """Push in a child process that is killed at its ``at``-th step; whether it came to that."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        fuse, insert = Fuse(at, after), writing.insert
        # COPY does not pass by Django's wrappers.
        writing.insert = lambda table, rows: fuse.burn(lambda: insert(table, rows))
        try:
            with connection.execute_wrapper(fuse.wrapper):
                push(here)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_each_step(office_db: Databases, make_till: MakeTill, after: bool) -> None:
    here = make_till()
    push(here)
    wanted = dump()
    steps = 0
    for at in range(1, 200):
        office_db.reset()
        here = make_till()
        if not killed_at(here, at, after):
            break
        steps += 1
        answer = push(here)
        assert answer.next == N + 1, at
        assert dump() == wanted, at
        assert Inbox.objects.get().done_at is not None
    assert steps > 12


def test_what_was_not_taken_in_is_taken_in_by_the_job(office_db: Databases, make_till: MakeTill) -> None:
    here = make_till()
    push(here)
    wanted = dump()
    office_db.reset()
    here = make_till()
    batch = journal_of(N, key=here.signer).batch()
    ingest.receive(here.till, pack(encode(batch)), "zstd")
    assert recovery.recover() is None
    Inbox.objects.update(received_at=timezone.now() - timedelta(minutes=5))
    assert recovery.recover() == "recovered: 1"
    assert dump() == wanted
    assert recovery.recover() is None


def test_a_batch_that_cannot_be_read_does_not_come_back(make_till: MakeTill) -> None:
    here = make_till()
    ingest.receive(here.till, b"nonsense", "zstd")
    Inbox.objects.update(received_at=timezone.now() - timedelta(minutes=5))
    assert recovery.recover() is None
    assert Inbox.objects.get().done_at is not None


def test_old_batches_go(make_till: MakeTill) -> None:
    push(make_till())
    Inbox.objects.update(done_at=timezone.now() - timedelta(days=29))
    assert recovery.prune() is None
    Inbox.objects.update(done_at=timezone.now() - timedelta(days=31))
    assert recovery.prune() == "pruned: 1 batches, 0 tickets"
    assert Entry.objects.filter(branch="B1").count() == N


def test_an_office_restored_from_yesterday_is_filled_again(office_db: Databases, make_till: MakeTill) -> None:
    here = make_till()
    push(here)
    wanted = dump()
    office_db.reset()
    here = make_till()
    push(here, 1, 9)
    before = office().epoch
    new_epoch()
    answer = push(here, N, N)
    assert answer.epoch != before
    assert answer.next == 10
    push(here, answer.next, N)
    assert dump() == wanted


def test_a_busy_database_is_not_an_answer(make_till: MakeTill, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make_till()

    def busy(table: writing.Table, rows: list[writing.Row]) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(writing, "insert", busy)
        with pytest.raises(OperationalError):
            push(here)
    assert Inbox.objects.get().done_at is None
    assert Entry.objects.count() == 0
    assert push(here).next == N + 1


def test_an_entry_that_the_tables_refuse_holds_up_no_other(
    make_till: MakeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make_till()
    insert = writing.insert

    def fussy(table: writing.Table, rows: list[writing.Row]) -> None:
        if table is writing.SALE and any(row[2] == 4 for row in rows):
            raise DataError("not this one")
        insert(table, rows)

    monkeypatch.setattr(writing, "insert", fussy)
    book = here.book
    for _ in range(6):
        book.sale()
    batch = book.batch()
    answer = ingest.push(here.till, batch, encode(batch), "identity")
    assert [ack.status for ack in answer.acks] == ["stored"] * 3 + ["quarantined"] + ["stored"] * 2
    assert answer.next == 7
    assert Entry.objects.filter(branch="B1").count() == 6
    assert Quarantine.objects.get().seq == 4
