"""The print queue: nothing is lost, nothing is printed twice unmarked, and nothing a printer does stops a sale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui.domain.document import Document, Row, Text
from kassa_tui.domain.outcome import Refused
from kassa_tui.messages import Words
from kassa_tui.services import printing
from kassa_tui.services.printing import PrintQueue, compose_job, document_of
from kassa_tui.services.report_documents import as_text
from kassa_tui.storage import spool
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.spool import PrintJob
from tests.services.papers import config
from tests.services.print_bench import WAIT_S, Bench, FakePrinter


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "data")
    yield made
    made.printer.gate.set()
    for queue in made.queues:
        queue.close(WAIT_S)
    made.store.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off that never ends by itself: a test wakes the queue, or shows that it need not be woken."""
    monkeypatch.setattr(printing, "BACK_OFF_S", (3600,))


def names(calls: list[Any]) -> list[str]:
    """Of each thing asked of the printer the first name on it, or ``kick``."""
    return [call if isinstance(call, str) else _article(call) for call in calls]


def _article(document: Document) -> str:
    rows = [x.left for x in document if isinstance(x, Row)]
    return rows[2]


def big(document: Document) -> list[str]:
    return [x.text for x in document if isinstance(x, Text) and x.tall]


def test_prints_what_was_left_from_before_in_order(bench: Bench) -> None:
    for name in ("een", "twee", "drie"):
        bench.sell(name)
    queue = bench.queue()
    assert names(bench.printer.wait_for(3)) == ["een", "twee", "drie"]
    bench.settled(queue)
    assert bench.waiting() == []
    assert bench.told.states == []
    assert queue.state == "ok"


def test_a_sale_wakes_the_queue(bench: Bench) -> None:
    queue = bench.queue()
    bench.sell("brood")
    queue.wake()
    assert names(bench.printer.wait_for(1)) == ["brood"]


def test_a_failure_keeps_the_job_and_the_next_wake_prints_it(bench: Bench) -> None:
    bench.printer.answers = [Refused("printer_timeout", {"seconds": 3})]
    bench.sell("een")
    queue = bench.queue()
    bench.told.wait_for("printer_timeout")
    assert (queue.state, queue.waiting) == ("printer_timeout", 1)
    assert [job.error for job in bench.waiting()] == ["printer_timeout"]
    bench.sell("twee")
    queue.wake()
    bench.told.wait_for("printer_timeout", "ok")
    bench.printer.wait_for(3)
    bench.settled(queue)
    assert names([what for what, _ in bench.printer.done]) == ["een", "een", "twee"]
    assert (queue.waiting, bench.waiting()) == (0, [])


def test_without_a_wake_the_back_off_ends_by_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "BACK_OFF_S", (0.0, 0.001))
    bench.printer.answers = [Refused("printer_unreachable"), Refused("printer_unreachable"), Refused("printer_timeout")]
    bench.sell()
    bench.queue()
    bench.told.wait_for("printer_unreachable", "printer_timeout", "ok")
    assert len(bench.printer.done) == 4


def test_waits_grow_to_a_bound(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "BACK_OFF_S", (1, 2, 4, 8, 16, 30))
    queue = bench.queue()
    bench.settled(queue)
    waits = []
    for failures in range(8):
        queue._failures = failures
        waits.append(queue._pause())
    assert waits == [None, 1, 2, 4, 8, 16, 30, 30]


def test_first_failure_and_recovery_are_logged_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger=printing.__name__)
    bench.printer.answers = [Refused("printer_timeout"), Refused("printer_timeout")]
    bench.sell()
    queue = bench.queue()
    for calls in (1, 2):
        bench.printer.wait_for(calls)
        queue.wake()
    bench.told.wait_for("printer_timeout", "ok")
    bench.settled(queue)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_hanging_printer_holds_up_neither_sale_nor_close(bench: Bench) -> None:
    bench.printer.gate.clear()
    bench.sell("een")
    queue = bench.queue()
    assert bench.printer.entered.wait(WAIT_S)
    bench.sell("twee")
    queue.wake()
    queue.kick()
    queue.close(0.01)
    assert len(bench.waiting()) == 2


def test_what_a_crash_interrupted_is_printed_again_with_a_mark(bench: Bench) -> None:
    bench.printer.gate.clear()
    bench.sell("een")
    bench.sell("twee")
    queue = bench.queue()
    assert bench.printer.entered.wait(WAIT_S)
    queue.close(0.01)
    bench.store.close()
    dead = bench.printer
    bench.store, bench.printer = bench.reopened(), FakePrinter()
    dead.gate.set()
    again = bench.queue()
    first, second = bench.printer.wait_for(2)
    bench.settled(again)
    assert "HERDRUK" in big(first)
    assert "HERDRUK" not in big(second)
    assert dead.closed.wait(WAIT_S)


def test_the_drawer_opens_ahead_of_the_receipts_that_wait(bench: Bench) -> None:
    bench.printer.gate.clear()
    for name in ("een", "twee"):
        bench.sell(name)
    queue = bench.queue()
    assert bench.printer.entered.wait(WAIT_S)
    queue.kick()
    bench.printer.gate.set()
    assert names(bench.printer.wait_for(3)) == ["een", "kick", "twee"]


def test_a_drawer_that_does_not_open_is_told_and_not_tried_again(bench: Bench) -> None:
    queue = bench.queue()
    bench.printer.answers = [Refused("printer_unreachable")]
    queue.kick()
    bench.told.wait_for("printer_unreachable")
    queue.wake()
    bench.sell()
    queue.wake()
    bench.told.wait_for("printer_unreachable", "ok")
    assert [what == "kick" for what, _ in bench.printer.done] == [True, False]


def test_a_drawer_asked_for_too_long_ago_stays_shut(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "KICK_SECONDS", -1)
    queue = bench.queue()
    queue.kick()
    bench.sell("brood")
    queue.wake()
    assert names(bench.printer.wait_for(1)) == ["brood"]


def test_dropping_what_waits_prints_none_of_it_and_ends_the_trouble(bench: Bench) -> None:
    bench.printer.answers = [Refused("printer_timeout")]
    seqs = [bench.sell("een"), bench.sell("twee")]
    queue = bench.queue()
    bench.told.wait_for("printer_timeout")
    assert queue.drop_waiting() == 2
    bench.told.wait_for("printer_timeout", "ok")
    bench.settled(queue)
    assert bench.waiting() == []
    assert len(bench.printer.done) == 1
    assert [bench.store.spool(spool.printed, seq) for seq in seqs] == [True, False]


def test_dropping_a_job_that_is_being_sent_does_not_bring_it_back(bench: Bench) -> None:
    bench.printer.answers = [Refused("printer_timeout")]
    bench.printer.gate.clear()
    bench.sell()
    queue = bench.queue()
    assert bench.printer.entered.wait(WAIT_S)
    assert queue.drop_waiting() == 1
    bench.printer.gate.set()
    bench.printer.wait_for(1)
    bench.settled(queue)
    assert bench.waiting() == []


def test_a_job_that_cannot_be_composed_makes_way(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    real = compose_job(bench.store, config, Words("nl"))

    def compose(job: PrintJob) -> Document | None:
        if job.id == 1:
            raise KeyError("lines")
        return real(job)

    bench.sell("stuk")
    bench.store.spool(spool.add, 999, "receipt", "")
    bench.sell("heel")
    queue = bench.queue(compose)
    assert names(bench.printer.wait_for(1)) == ["heel"]
    bench.settled(queue)
    assert bench.waiting() == []
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 2


def test_a_document_no_printer_takes_makes_way_after_a_few_tries(bench: Bench) -> None:
    bench.printer.answers = [Refused("print_failed")] * printing.HOPELESS_TRIES
    bench.sell("stuk")
    bench.sell("heel")
    queue = bench.queue()
    for calls in range(1, printing.HOPELESS_TRIES):
        bench.printer.wait_for(calls)
        queue.wake()
    assert names(bench.printer.wait_for(printing.HOPELESS_TRIES + 1))[-2:] == ["stuk", "heel"]


def test_a_driver_that_raises_is_trouble_not_the_end(bench: Bench) -> None:
    bench.printer.answers = [RuntimeError("driver")]
    bench.sell()
    queue = bench.queue()
    bench.told.wait_for("printer_crashed")
    queue.wake()
    bench.told.wait_for("printer_crashed", "ok")


def test_a_screen_that_is_gone_does_not_end_printing(bench: Bench) -> None:
    bench.printer.answers = [Refused("printer_timeout")]
    bench.sell()

    def gone(_state: str) -> None:
        raise RuntimeError("app is closing")

    queue = PrintQueue(bench.store, bench.printer, compose_job(bench.store, config, Words("nl")), gone)
    bench.queues.append(queue)
    bench.printer.wait_for(1)
    queue.wake()
    assert len(bench.printer.wait_for(2)) == 2


def test_a_disk_that_refuses_the_outcome_does_not_print_a_receipt_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = bench.store.spool, iter([StorageError("disk_full")])

    def spooled(act: Callable[..., Any], *args: Any) -> Any:
        if act is spool.done:
            for failure in failures:
                raise failure
        return real(act, *args)

    monkeypatch.setattr(bench.store, "spool", spooled)
    bench.sell()
    queue = bench.queue()
    bench.told.wait_for("disk_full")
    queue.wake()
    bench.told.wait_for("disk_full", "ok")
    bench.settled(queue)
    assert len(bench.printer.done) == 1
    assert bench.waiting() == []


def test_sqlites_own_errors_come_out_of_the_spool_as_ours(bench: Bench) -> None:
    with pytest.raises(StorageError) as caught:
        bench.store.spool(lambda con: con.execute("select * from no_such_table"))
    assert caught.value.code == "failed"


def test_a_receipt_printed_or_waiting_makes_the_next_one_a_copy(bench: Bench) -> None:
    seq, unprinted = bench.sell(), bench.sell("zonder bon", ())
    assert bench.store.spool(spool.printed, seq)
    assert not bench.store.spool(spool.printed, unprinted)
    bench.store.spool(spool.add, unprinted, "gift", "")
    assert not bench.store.spool(spool.printed, unprinted)


def composed(bench: Bench, seq: int, what: str, mark: str = "", **rules: Any) -> Document | None:
    entry = bench.store.entry(seq)
    return document_of(entry, PrintJob(1, seq, what, mark, 0, ""), config(**rules), Words("nl"))


def test_composer_makes_the_paper_of_each_entry(bench: Bench) -> None:
    seq = bench.sell()
    assert "KOPIE 2" in big(composed(bench, seq, "receipt", "2") or ())
    assert "RUILBON" in big(composed(bench, seq, "gift") or ())
    assert "HERDRUK" in big(composed(bench, seq, "receipt", "again") or ())
    cash = bench.store.record("cash", {"move": "in", "amount": 500, "reason": "wisselgeld", "by": "anna"}, "anna")
    assert "€ 5,00" in as_text(composed(bench, cash.seq, "cash") or ())
    other = bench.store.record("login", {"name": "Anna", "role": "cashier"}, "anna")
    assert composed(bench, other.seq, "receipt") is None


def test_composer_hides_what_ought_to_be_in_the_drawer_from_a_blind_count(bench: Bench) -> None:
    from tests.services.test_report_documents import TOTALS, figures

    x = bench.store.record("report.x", figures(TOTALS), "anna")
    assert "Hoort in de lade" not in as_text(composed(bench, x.seq, "report") or ())
    assert "Hoort in de lade" in as_text(composed(bench, x.seq, "report", blind_count=False) or ())
    z = bench.store.record("shift.close", figures(TOTALS), "anna")
    assert "Z-RAPPORT 7" in big(composed(bench, z.seq, "report") or ())
