"""What a sale, a scan and a report cost in statements, commits and bytes: counts, the same on every machine."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kassa_tui.services import books
from kassa_tui.storage import sales, spool, writer
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.till_schema import PAGE_SIZE
from kassa_tui.storage.till_store import TILL_DB, TillStore
from kassa_tui.storage.writer import Writer
from tests.services.shop_floor import Hands, hands, make_shop

LINES, SALES = 10, 12
MOST_STATEMENTS = 6 + 14 + LINES + 2
"""Begin, journal, sale, state, print job and commit; the running totals, each once; the lines, with their deposits."""
MOST_BYTES = 20_000
"""Nine pages; one more is too many, and 24 KB is where the promise ends."""
CODES = ("6", "8710400280507", "7", "9", "3 x 6", "87000009", "6", "9", "7")
"""Nine acts, of which two bring a deposit."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop"), "NL")


@pytest.fixture
def at_till(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    monkeypatch.setattr(writer, "REST_SECONDS", 3600)
    made = hands(tmp_path, shop, rules='print_receipt = "always"').open_shop(amount="100")
    yield made
    made.close()


@contextmanager
def statements(con: sqlite3.Connection) -> Iterator[list[str]]:
    """What is asked of ``con`` meanwhile."""
    found: list[str] = []
    con.set_trace_callback(found.append)
    try:
        yield found
    finally:
        con.set_trace_callback(None)


def written(at_till: Hands) -> list[str]:
    """The list that fills with what is asked of the writing connection from now on."""
    found: list[str] = []
    at_till.till.store.spool(lambda con: con.set_trace_callback(found.append))
    return found


def scan(at_till: Hands) -> None:
    """Ten lines."""
    for code in CODES:
        at_till.do(code)
    at_till.till.store.flush()


def frames(folder: Path) -> list[int]:
    """One number for each page in the write-ahead log: 0, or the file's pages where a commit ends."""
    log = (folder / f"{TILL_DB}-wal").read_bytes()
    step = 24 + PAGE_SIZE
    return [struct.unpack_from(">I", log, at + 4)[0] for at in range(32, len(log) - step + 1, step)]


def test_a_sale_is_one_transaction_of_few_statements(at_till: Hands) -> None:
    scan(at_till)
    lines = len(at_till.till.ticket.lines) if at_till.till.ticket else 0
    asked = written(at_till)
    at_till.do("pay cash")
    kinds = [statement.split()[0] for statement in asked]
    assert lines >= LINES
    assert (kinds[0], kinds[-1]) == ("begin", "commit")
    assert set(kinds[1:-1]) <= {"insert", "update"}
    assert len(kinds) <= MOST_STATEMENTS


def test_a_sale_is_one_commit_of_few_pages(at_till: Hands) -> None:
    folder, pages = at_till.till.store.folder, 0
    for _ in range(SALES):
        scan(at_till)
        before = frames(folder)
        at_till.do("pay cash")
        new = frames(folder)[len(before) :]
        assert sum(size > 0 for size in new) == 1
        assert new[-1]
        pages += len(new)
    assert pages * (24 + PAGE_SIZE) / SALES <= MOST_BYTES


def test_the_writing_connection_is_durable_and_copies_nothing_back_by_itself(at_till: Hands) -> None:
    store = at_till.till.store
    asked = ("journal_mode", "synchronous", "wal_autocheckpoint", "page_size")
    values = store.spool(lambda con: [con.execute(f"pragma {name}").fetchone()[0] for name in asked])
    assert values == ["wal", 2, 0, PAGE_SIZE]


def test_a_scan_is_one_question_and_one_small_commit(at_till: Hands) -> None:
    at_till.do("6")
    shop = at_till.till.catalogue._db.connection()
    at_till.till.store.flush()
    asked, before = written(at_till), len(frames(at_till.till.store.folder))
    with statements(shop) as looked, statements(at_till.till.store.read) as read:
        at_till.do("scan 8710400280507")
    at_till.till.store.flush()
    assert (len(looked), read) == (1, [])
    assert [statement.split()[0] for statement in asked] == ["begin", "delete", "insert", "commit"]
    assert len(frames(at_till.till.store.folder)) - before <= 3


def test_an_event_that_counts_nothing_leaves_the_counters_alone(at_till: Hands) -> None:
    asked = written(at_till)
    at_till.do("price-check 6")
    at_till.till.store.flush()
    assert any(statement.startswith("insert into journal") for statement in asked)
    assert not [statement for statement in asked if statement.startswith("update state")]


def test_an_x_report_asks_the_same_whatever_was_sold(at_till: Hands) -> None:
    store, costs = at_till.till.store, []
    for sold in (1, 10):
        for _ in range(sold):
            at_till.do("6", "9", "pay cash")
        with statements(store.read) as asked:
            figures = books.x_figures(store.read, store.state)
        costs.append((len(asked), len(sales.shift_totals(store.read, store.state.shift))))
    assert figures["receipts"] == 11
    assert costs[0] == costs[1]
    assert costs[0][0] == 3


@pytest.mark.parametrize("question", [
    lambda con: sales.shift_totals(con, 1),
    lambda con: sales.sale(con, 1),
    lambda con: sales.proof(con, 1, 1),
    lambda con: sales.sold(con, "6", 1),
    lambda con: sales.returned(con, "K1-000001"),
    lambda con: sales.voucher(con, "1"),
    lambda con: books.sale(con, "K1", "1"),
])  # fmt: skip
def test_no_question_about_a_sale_reads_a_whole_table(at_till: Hands, question: Any) -> None:
    at_till.do("6", "pay cash")
    con = at_till.till.store.read
    with statements(con) as asked:
        question(con)
    plans = [row[3] for sql in asked for row in con.execute(f"explain query plan {sql}")]
    assert plans
    # The spool holds what must still be printed, and no more.
    whole = [plan for plan in plans if plan.startswith("SCAN") and "spool" not in plan and "subquery" not in plan]
    assert whole == []


def test_what_was_printed_leaves_the_spool_and_is_known(at_till: Hands) -> None:
    store, ids, seqs = at_till.till.store, [], []
    for _ in range(4):
        at_till.do("6", "pay cash")
        seqs.append(at_till.till.last_sale["seq"] if at_till.till.last_sale else 0)
        (job,) = store.spool(spool.waiting)
        ids.append(job.id)
        store.spool(spool.sending, job.id)
        store.spool(spool.done, job.id)
    assert ids == sorted(set(ids))
    assert store.read.execute("select count(*) from spool").fetchone() == (1,)
    assert all(spool.printed(store.read, seq) for seq in seqs)
    assert not spool.printed(store.read, seqs[-1] + 1)


def test_printing_is_done_in_one_commit(at_till: Hands) -> None:
    at_till.do("6", "pay cash")
    store = at_till.till.store
    (job,) = store.spool(spool.waiting)
    before = len(frames(store.folder))
    store.spool(spool.done, job.id)
    assert [size > 0 for size in frames(store.folder)[before:]].count(True) == 1


def test_a_till_that_never_rests_copies_its_log_back_between_two_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_ACTS", 5)
    monkeypatch.setattr(writer, "REST_SECONDS", 3600)
    told: list[str] = []
    act = Writer(lambda: None, lambda: None, lambda: told.append("rest"))
    futures = []
    for number in range(12):
        futures.append(act.submit(lambda number=number: told.append(str(number))))  # type: ignore[misc]
    act.stop()
    assert all(future.done() for future in futures)
    assert told == ["0", "1", "2", "3", "4", "rest", "5", "6", "7", "8", "9", "rest", "10", "11"]


def test_a_disk_that_refuses_the_copy_does_not_stop_the_till(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_ACTS", 1)

    def refuse() -> None:
        raise StorageError("disk_full")

    act = Writer(lambda: None, lambda: None, refuse)
    answers = [act.submit(lambda: "sold") for _ in range(3)]
    act.stop()
    assert [answer.result(0) for answer in answers] == ["sold"] * 3


@pytest.mark.parametrize(("acts", "seconds"), [
    (0, None), (1, writer.REST_SECONDS), (writer.MANY_ACTS - 1, writer.REST_SECONDS),
    (writer.MANY_ACTS, writer.BRIEF_REST_SECONDS),
])  # fmt: skip
def test_the_more_is_in_the_log_the_shorter_a_silence_will_do(acts: int, seconds: float | None) -> None:
    assert writer._silence(acts) == seconds


def test_opening_after_a_crash_copies_nothing_back(at_till: Hands, tmp_path: Path) -> None:
    scan(at_till)
    at_till.do("pay cash")
    store, copy = at_till.till.store, tmp_path / "crashed"
    copy.mkdir()
    for name in (TILL_DB, f"{TILL_DB}-wal", "till.key"):
        shutil.copy2(store.folder / name, copy / name)
    before, log = (copy / TILL_DB).read_bytes(), len(frames(copy))
    again = TillStore(copy, "K1", at_till.clock, at_till.till.new_id)
    try:
        assert again.state == store.state
        assert (copy / TILL_DB).read_bytes() == before
        assert len(frames(copy)) >= log
    finally:
        again.close()
