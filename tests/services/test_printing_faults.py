"""From the spool to a printer that fails at any byte: every receipt comes out, and never twice without its mark."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kassa_tui.domain.document import QR, Cut, Document, Row, Text
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware import print_session, printer_talk
from kassa_tui.hardware.escpos_read import read
from kassa_tui.hardware.paper import CutMark, Line
from kassa_tui.services import printing
from kassa_tui.services.printing import PrintQueue
from kassa_tui.simulate.printer import Faults, NetworkPrinter
from kassa_tui.storage.spool import PrintJob
from tests.hardware.printers import NearPrinter
from tests.services.print_bench import Bench

MARK = "HERDRUK"


class Stepped(PrintQueue):
    """A queue without a thread: a test does its steps."""

    def _run(self) -> None:
        return

    def printed_all(self, most: int = 30) -> int:
        """Try until nothing waits; how often that was."""
        for tries in range(most):
            if not self._print_one() and not self.waiting:
                return tries
        raise AssertionError(f"still waiting after {most} tries: {self.state}")


def small(job: PrintJob) -> Document:
    """A receipt of all kinds of commands in few bytes."""
    mark = (Text(MARK),) if job.mark == "again" else ()
    return (*mark, Text(f"Bon {job.seq}", bold=True), Row("Brood", "2,50"), QR("K1"), Text(f"Eind {job.seq}"), Cut())


def prints(paper: bytes) -> list[list[str]]:
    """Text of each print up to its cut; what is left at the end is one that was cut short."""
    found: list[list[str]] = [[]]
    for item in read(paper, 42).items:
        if isinstance(item, Line):
            found[-1].append(item.text)
        elif isinstance(item, CutMark):
            found.append([])
    return [each for each in found if each]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("QUIET_S", 0.005), ("STEP_S", 0.02), ("ANSWER_S", 0.3)):
        monkeypatch.setattr(printer_talk if hasattr(printer_talk, name) else print_session, name, seconds)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "data")
    yield made
    made.store.close()


@pytest.fixture
def printer() -> Iterator[NetworkPrinter]:
    made = NetworkPrinter()
    yield made
    made.close()


class Shop:
    """A queue on a simulated printer."""

    def __init__(self, bench: Bench, sim: NetworkPrinter, folder: Path) -> None:
        self.bench, self.sim = bench, sim
        # What is tested is the printer: the disk need not be waited for.
        bench.store.spool(lambda con: con.execute("pragma synchronous = off"))
        self.near = NearPrinter(sim.options, folder / "printer")
        self.queue = Stepped(bench.store, self.near, small, lambda _: None)
        self.queue._thread.join(5)
        self.sell()
        self.queue.printed_all()

    def sell(self) -> int:
        return self.bench.sell("Brood")

    def sold(self, fault: Callable[[], object]) -> tuple[int, list[list[str]], list[str], bool]:
        """Sell one with a fault: its number, what was printed since, the refusals, and whether one was in doubt."""
        before, results = len(self.sim.paper), len(self.near.near.results)
        fault()
        seq = self.sell()
        self.queue.printed_all()
        end = f"Eind {seq}".encode()
        assert self.sim.wait_for(lambda it: end in it.paper[before:] and it._next() is None)
        since = self.near.near.results[results:]
        refused = [result.code for result in since if not result.ok]
        return seq, prints(self.sim.paper[before:]), refused, any(result.doubt for result in since)


@pytest.fixture
def shop(bench: Bench, printer: NetworkPrinter, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(bench, printer, tmp_path)
    yield made
    made.near.close()


def job_bytes(shop: Shop) -> int:
    """Bytes that one receipt takes on the line, with all questions."""
    before = shop.sim.received
    shop.sell()
    shop.queue.printed_all()
    return shop.sim.received - before


@pytest.mark.parametrize("forgets", [False, True], ids=["the line", "the power"])
def test_dropped_at_every_byte(shop: Shop, forgets: bool) -> None:
    """The line is cut with the buffer kept, or the printer is switched off and forgets it."""
    count, doubted = job_bytes(shop), 0
    assert 100 < count < 400
    for at in range(1, count + 1):
        shop.near.near.station.rest()
        seq, printed, refused, doubt = shop.sold(lambda at=at: shop.sim.set(drop_after=at, drop_forgets=forgets))  # type: ignore[misc]
        whole = [lines for lines in printed if f"Bon {seq}" in lines and f"Eind {seq}" in lines]
        unmarked = [lines for lines in whole if MARK not in lines]
        assert whole, (at, printed, refused)
        assert len(unmarked) <= 1, (at, printed)
        # Whatever came before the last print is a reason for its mark, and doubt is the only other one.
        assert len(printed) == 1 or MARK in whole[-1], (at, printed)
        assert (MARK in whole[-1]) == doubt, (at, printed, refused)
        doubted += doubt
    assert 50 < doubted < count
    assert shop.queue.state == "ok"


def test_paper_out_at_every_byte_prints_once_and_needs_no_mark(shop: Shop) -> None:
    """The roll is changed while the line holds: the printer goes on where it was."""
    refused = 0
    for at in range(1, 160, 7):
        shop.sim.set(paper_out_after=at, paper_out=False)
        seq = shop.sell()
        before = len(shop.sim.paper)
        while not shop.queue._print_one() and shop.queue.waiting:
            assert shop.queue.state == "printer_paper_out"
            refused += 1
            shop.sim.set(paper_out=False)
        assert shop.sim.wait_for(lambda it: it._next() is None)
        printed = prints(shop.sim.paper[before:])
        assert [lines[0] for lines in printed] == [f"Bon {seq}"], (at, printed)
    assert refused > 10


def test_not_well_from_the_start_waits_in_words_and_prints_without_a_mark(shop: Shop) -> None:
    for fault, code in (("paper_out", "printer_paper_out"), ("cover_open", "printer_cover_open"),
                        ("offline", "printer_offline"), ("cutter_error", "printer_error")):  # fmt: skip
        shop.sim.set(**{fault: True})
        before, seq = len(shop.sim.paper), shop.sell()
        assert not shop.queue._print_one()
        assert (shop.queue.state, shop.queue.waiting) == (code, 1)
        assert shop.queue._pause() in (1, printing.AT_HAND_S)
        shop.sim.set(**{fault: False})
        shop.queue.printed_all()
        assert [lines[0] for lines in prints(shop.sim.paper[before:])] == [f"Bon {seq}"]


def test_switched_off_with_half_a_receipt_prints_it_again_with_its_mark(shop: Shop) -> None:
    shop.sim.set(paper_out_after=40)
    seq = shop.sell()
    assert not shop.queue._print_one()
    shop.sim.power_cycle()
    shop.sim.set(paper_out=False)
    before = len(shop.sim.paper)
    shop.queue.printed_all()
    assert [lines[:2] for lines in prints(shop.sim.paper[before:])] == [[MARK, f"Bon {seq}"]]


def test_a_till_that_dies_with_a_receipt_in_doubt_prints_it_with_its_mark(
    bench: Bench, shop: Shop, printer: NetworkPrinter, tmp_path: Path
) -> None:
    printer.set(paper_out_after=40)
    seq = shop.sell()
    assert not shop.queue._print_one()
    shop.near.close()
    bench.store.close()
    bench.store = bench.reopened()
    printer.set(paper_out=False)
    assert printer.wait_for(lambda it: it._next() is None)
    before = len(printer.paper)
    again = Stepped(bench.store, NearPrinter(printer.options, tmp_path / "printer"), small, lambda _: None)
    again.printed_all()
    assert [lines[:2] for lines in prints(printer.paper[before:])] == [[MARK, f"Bon {seq}"]]


def test_a_silent_printer_loses_nothing_that_it_took(bench: Bench, tmp_path: Path) -> None:
    sim = NetworkPrinter(Faults(silent=True))
    try:
        shop = Shop(bench, sim, tmp_path)
        shop.near.near.station._session = None
        for _ in range(5):
            shop.sell()
        shop.queue.printed_all()
        assert sim.wait_for(lambda it: len(prints(it.paper)) == 6)
        assert not any(MARK in lines for lines in prints(sim.paper))
    finally:
        sim.close()


def test_a_refusal_in_doubt_marks_the_job_and_one_before_the_first_byte_does_not(bench: Bench) -> None:
    class Failing:
        def __init__(self) -> None:
            self.answers = [Refused("printer_timeout", {}), Refused("printer_crashed", {"doubt": True}), None]
            self.marks: list[bool] = []
            self.closed = threading.Event()

        def send(self, document: Document) -> Refused | None:
            self.marks.append(Text(MARK) in document)
            return self.answers[len(self.marks) - 1]

        def kick(self) -> Refused | None:
            return None

        def close(self) -> None:
            self.closed.set()

    printer = Failing()
    queue = Stepped(bench.store, printer, small, lambda _: None)
    bench.sell("Brood")
    queue.printed_all()
    assert printer.marks == [False, False, True]
