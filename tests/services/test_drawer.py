"""The drawer's lamp: from what the printer tells of its switch to seconds, a reminder and the journal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kassa_tui import bootstrap, config
from kassa_tui.domain.document import Document, Text
from kassa_tui.domain.outcome import Refused
from kassa_tui.services import drawer, printing
from kassa_tui.services.drawer import DrawerWatch, Event
from kassa_tui.services.ports import PrinterSeen
from kassa_tui.services.printing import PrintQueue
from kassa_tui.simulate.printer import NetworkPrinter
from tests.hardware.printers import NearPrinter
from tests.services.print_bench import WAIT_S, Bench
from tests.services.test_printing_faults import small


def test_a_kick_an_open_drawer_and_a_hand() -> None:
    watch = DrawerWatch()
    assert (watch.next_look(0), watch.seconds(0)) == (None, None)
    watch.kicked(100)
    assert watch.next_look(100) == drawer.GLANCE_S
    assert watch.saw(False, 100.1) is None
    assert watch.saw(True, 100.5) is None
    assert (watch.next_look(100.5), watch.seconds(103.9)) == (drawer.GLANCE_S, 3)
    assert watch.saw(False, 104) is None
    assert (watch.next_look(104), watch.seconds(104)) == (None, None)


def test_a_drawer_without_a_switch_is_asked_about_for_a_moment_only() -> None:
    watch = DrawerWatch()
    watch.kicked(0)
    looks, now = 0, 0.0
    while (wait := watch.next_look(now)) is not None:
        assert watch.saw(None, now) is None
        looks, now = looks + 1, now + wait
    assert looks == drawer.OPENING_S / drawer.GLANCE_S


def test_left_open_is_told_once_and_watched_ever_more_seldom() -> None:
    watch, now, events, looks = DrawerWatch(), 0.0, list[Event](), 0
    watch.kicked(now)
    while (wait := watch.next_look(now)) is not None:
        event = watch.saw(True, now)
        events += [event] if event else []
        looks, now = looks + 1, now + wait
    assert events == [Event("drawer.left_open", drawer.LEFT_OPEN_S)]
    assert now == pytest.approx(drawer.WATCH_S, abs=drawer.SLOW_GLANCE_S)
    assert looks <= 2 * drawer.LEFT_OPEN_S + drawer.WATCH_S / drawer.SLOW_GLANCE_S
    assert watch.seconds(now) is not None
    assert watch.seconds(now + 60) is None


def test_a_drawer_that_nobody_kicked() -> None:
    watch = DrawerWatch()
    assert watch.saw(False, 0) is None
    assert watch.saw(True, 5) == Event("drawer.opened", 0)
    assert watch.saw(True, 6) is None
    assert watch.saw(False, 7) is None
    watch.kicked(10)
    assert watch.saw(True, 11) is None
    assert watch.saw(False, 12) is None
    # The kick has been used: the next time it was a key.
    assert watch.saw(True, 13) == Event("drawer.opened", 0)


def test_a_kick_that_did_not_open_it_is_no_excuse_later() -> None:
    watch = DrawerWatch()
    watch.kicked(0)
    assert watch.saw(False, drawer.OPENING_S) is None
    assert watch.saw(True, 60) == Event("drawer.opened", 0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "data")
    yield made
    for queue in made.queues:
        queue.close(WAIT_S)
    made.store.close()


def kinds(bench: Bench) -> list[str]:
    return [row[0] for row in bench.store.read.execute("select kind from journal order by seq")]


def wait(reached: object) -> None:
    deadline = time.monotonic() + WAIT_S
    while not reached():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_lamp_reminder_and_journal_from_the_kick_on(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawer, "GLANCE_S", 0.01)
    monkeypatch.setattr(drawer, "LEFT_OPEN_S", 0.1)
    monkeypatch.setattr(printing, "REMIND_S", 0)
    sim = NetworkPrinter()
    try:
        near = NearPrinter({**sim.options, "drawer_sensor": "high"}, tmp_path / "printer")
        queue = PrintQueue(bench.store, near, small, lambda _: None)
        bench.queues.append(queue)
        bench.sell("Brood")
        queue.wake()
        wait(lambda: near.seen.answers)
        queue.kick()
        wait(lambda: queue.drawer_seconds() is not None)
        assert queue.drawer_forgotten()
        wait(lambda: "drawer.left_open" in kinds(bench))
        sim.shut_drawer()
        wait(lambda: queue.drawer_seconds() is None)
        assert not sim.drawer_open
        # With a key, seen at the next receipt.
        sim.open_drawer()
        bench.sell("Kaas")
        queue.wake()
        wait(lambda: "drawer.opened" in kinds(bench))
        assert kinds(bench) == ["sale", "drawer.left_open", "sale", "drawer.opened"]
        assert bench.store.entry(2).facts == {"seconds": 0}
    finally:
        for queue in bench.queues:
            queue.close(WAIT_S)
        sim.close()


def test_pin_pulse_and_switch_of_the_configuration_reach_the_printer(tmp_path: Path) -> None:
    sim = NetworkPrinter()
    path = tmp_path / "till.toml"
    path.write_text(
        '[shop]\nname = "x"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n'
        f'[[device]]\nrole = "printer"\nkind = "network"\nhost = "127.0.0.1"\nport = {sim.port}\nstatus = "required"\n'
        '[[device]]\nrole = "drawer"\nkind = "printer"\npin = 5\non_ms = 120\noff_ms = 240\nsensor = "low"\n'
    )
    options = bootstrap.printer_options(config.load(path))
    assert options is not None
    near = NearPrinter(options, tmp_path / "printer")
    try:
        sim.open_level = False
        assert near.send((Text("Bon"),)) is None
        assert near.kick() is None
        assert sim.wait_for(lambda it: it.kicks == 1)
        assert sim.paper.endswith(b"\x1bp\x01\x3c\x78")
        assert near.look() is None
        assert near.seen == PrinterSeen(answers=True, drawer=True)
    finally:
        near.close()
        sim.close()


class Telling:
    """A printer that tells what it is set to tell."""

    def __init__(self) -> None:
        self.seen = PrinterSeen()
        self.looks = 0
        self.refusal: Refused | None = None

    def send(self, document: Document) -> Refused | None:
        return None

    def kick(self) -> Refused | None:
        return None

    def look(self) -> Refused | None:
        self.looks += 1
        return self.refusal

    def close(self) -> None:
        self.seen = PrinterSeen()


def test_a_printer_that_tells_nothing_is_not_asked(bench: Bench) -> None:
    printer = Telling()
    queue = PrintQueue(bench.store, printer, small, lambda _: None)
    bench.queues.append(queue)
    queue.kick()
    bench.sell("Brood")
    queue.wake()
    wait(lambda: not bench.waiting())
    assert (printer.looks, queue.advice, queue.drawer_seconds()) == (0, "", None)


def test_advice_is_passed_on_and_stops_nothing(bench: Bench) -> None:
    printer = Telling()
    printer.seen = PrinterSeen(answers=True, advice="printer_paper_low")
    queue = PrintQueue(bench.store, printer, small, lambda _: None)
    bench.queues.append(queue)
    bench.sell("Brood")
    queue.wake()
    wait(lambda: queue.advice == "printer_paper_low")
    assert queue.state == "ok"


def test_a_printer_that_goes_away_takes_its_lamp_along(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawer, "GLANCE_S", 0.01)
    printer = Telling()
    printer.seen = PrinterSeen(answers=True, drawer=True)
    queue = PrintQueue(bench.store, printer, small, lambda _: None)
    bench.queues.append(queue)
    queue.kick()
    wait(lambda: printer.looks > 1 and queue.drawer_seconds() is not None)
    printer.refusal, printer.seen = Refused("printer_silent"), PrinterSeen()
    wait(lambda: queue.drawer_seconds() is None)
    assert queue.state == "ok"
