"""The pay screen with a real driver behind it: F11, a refusal, a lost line, a crash, and the terminal's own menu."""

from __future__ import annotations

import queue
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kassa_tui import bootstrap, config
from kassa_tui.hardware.terminals.port import TerminalPort
from kassa_tui.hardware.terminals.zvt import ZvtDriver
from kassa_tui.hardware.terminals.zvt_line import Timers
from kassa_tui.simulate.behaviour import DECLINE, UNKNOWN, Behaviour
from kassa_tui.simulate.practice import PracticeTerminal
from kassa_tui.simulate.zvt import ZvtSimulator
from tests.screens.hand import BREAD, WAIT_S, Hand

OPTIONS = 'kind = "zvt"\nhost = "127.0.0.1"\nport = {port}'


class Counter:
    """A hand at a till with a ZVT terminal that is a program; the terminal's words wait until the hand looks up."""

    def __init__(self, hand: Hand, simulator: ZvtSimulator) -> None:
        self.hand, self.simulator = hand, simulator
        self._words: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        hand.clock.at = int(time.time() * 1000)
        hand.app._from_thread = self._words.put  # type: ignore[method-assign,assignment]
        hand.till.terminal = self.terminal()

    def terminal(self) -> TerminalPort:
        """As the configuration makes it, but with less patience."""
        timers = Timers(answer=0.3, whole=0.5)
        return TerminalPort(ZvtDriver(host="127.0.0.1", port=self.simulator.port, timers=timers), (0.0, 0.05))

    def until(self, seen: Callable[[], bool]) -> None:
        """Take in what the terminal says until this is so."""
        while not seen():
            self._words.get(timeout=WAIT_S)()

    def pinned(self) -> Counter:
        """Bread, F11, and the end of it."""
        self.hand.sell(BREAD).press("pin")
        card = self.hand.till.open.card
        assert card is not None
        assert card.state == "pending"
        self.until(lambda: self.hand.till.open.card is None or self.hand.till.open.card.state == "unknown")
        return self


@pytest.fixture
def make(till_at: Callable[..., Hand]) -> Iterator[Callable[[Behaviour], Counter]]:
    """Makes a counter whose terminal behaves so."""
    made: list[ZvtSimulator] = []

    def counter(behaviour: Behaviour) -> Counter:
        made.append(ZvtSimulator(behaviour))
        return Counter(till_at(), made[-1])

    yield counter
    for simulator in made:
        simulator.close()


Make = Callable[[Behaviour], Counter]


def test_f11_charges_the_card_and_closes_the_sale(make: Make) -> None:
    counter = make(Behaviour())
    counter.hand.ready()
    counter.pinned()
    assert counter.simulator.books.charged() == [55]
    assert counter.hand.till.last_sale is not None
    assert "veilig" in counter.hand.text()


def test_a_refusal_says_why_and_the_customer_may_pay_otherwise(make: Make) -> None:
    counter = make(Behaviour(end=DECLINE))
    counter.hand.ready()
    counter.pinned()
    assert "geweigerd (door bank of kaart)" in counter.hand.text()
    assert counter.hand.till.last_sale is None
    counter.hand.press("cash")
    assert counter.hand.till.last_sale is not None


def test_escape_stops_the_terminal(make: Make) -> None:
    counter = make(Behaviour(dwell_s=20.0))
    hand = counter.hand.ready().sell(BREAD).press("pin")
    counter.until(lambda: "kaart aanbieden" in hand.text())
    hand.press("back")
    assert "Afbreken gevraagd" in hand.text()
    counter.until(lambda: hand.till.open.card is None)
    assert "afgebroken" in hand.text()
    assert counter.simulator.books.charged() == []


def test_a_lost_line_is_cleared_up_without_anybody(make: Make) -> None:
    counter = make(Behaviour())
    counter.hand.ready()
    counter.pinned()
    counter.simulator.behaviour.drop_sent = counter.simulator.meter.sent + 60
    counter.pinned()
    assert counter.simulator.books.charged() == [55, 55]
    assert counter.hand.till.open.card is None
    assert counter.hand.till.store.state.receipt == 2


def test_unknown_stays_on_the_screen_and_the_terminal_can_be_asked_again(make: Make) -> None:
    counter = make(Behaviour(end=UNKNOWN))
    hand = counter.hand.ready()
    counter.pinned()
    assert "PIN ONBEKEND" in hand.text()
    assert " vraag het de pinautomaat" in hand.text()
    counter.simulator.behaviour.end = "approve"
    hand.type("v")
    assert "wordt gevraagd" in hand.text()
    counter.until(lambda: hand.till.open.card is None)
    assert counter.simulator.books.charged() == [55]
    assert hand.till.store.state.receipt == 1


def test_after_a_crash_the_till_asks_at_its_start_and_the_log_in_closes_the_sale(make: Make) -> None:
    counter = make(Behaviour())
    hand = counter.hand.ready().sell(BREAD).press("pin")
    deadline = time.monotonic() + WAIT_S
    while not counter.simulator.books.charged():
        assert time.monotonic() < deadline
    till = hand.till
    hand.till.settle()
    till.close()
    again = Hand(bootstrap.open_till(till.config, clock=hand.clock, new_id=till.new_id), hand.clock, hand.paper)
    assert again.till.open.card is not None
    restarted = Counter(again, counter.simulator)
    assert again.app.counter.pay is not None
    again.app.counter.pay.ask_terminal()
    restarted.until(lambda: again.till.open.card is None)
    assert again.till.store.state.receipt == 0
    again.login()
    assert again.till.store.state.receipt == 1
    assert counter.simulator.books.charged() == [55]
    assert "veilig" in again.text()
    again.close()


def test_a_start_asks_by_itself(make: Make) -> None:
    counter = make(Behaviour())
    hand = counter.hand.ready().sell(BREAD).press("pin")
    counter.until(lambda: hand.till.open.card is None)
    asked: list[object] = []
    assert hand.app.counter.pay is not None
    hand.app.counter.pay.ask_terminal(lambda: asked.append("at once"))
    assert asked == ["at once"]


def test_closing_asks_first(make: Make) -> None:
    counter = make(Behaviour(end=UNKNOWN))
    hand = counter.hand.ready()
    counter.pinned()
    counter.simulator.behaviour.end = "approve"
    view = hand.app.counter.pay
    assert view is not None
    closed: list[int] = []
    view.ask_terminal(lambda: closed.append(hand.till.store.state.receipt))
    assert closed == []
    counter.until(lambda: bool(closed))
    assert closed == [1]


@pytest.mark.parametrize(("choice", "shown"), [("dag afsluiten", "KASSASCHNITT"), ("laatste bon", "KOPIE KLANT")])
def test_the_terminals_own_services_in_the_menu(make: Make, choice: str, shown: str) -> None:
    counter = make(Behaviour())
    hand = counter.hand.ready()
    counter.pinned()
    hand.press("functions")
    line = next(row for row in hand.text(80, 40).splitlines() if choice in row)
    before = hand.till.store.read.execute("select count(*) from journal").fetchone()[0]
    pay = hand.app.counter.pay
    assert pay is not None
    assert "Pinautomaat" in line
    pay.service("end_of_day" if "dag" in choice else "reprint")
    counter.until(lambda: "afgedrukt" in hand.desk.message)
    (body,) = hand.till.store.read.execute("select body from journal where seq > ?", (before,)).fetchone()
    assert shown in body


def test_a_zvt_terminal_of_the_configuration_is_used(tmp_path: Path, shop_nl: Path) -> None:
    simulator = ZvtSimulator()
    path = tmp_path / "till.toml"
    shutil.copytree(shop_nl, tmp_path / "data")
    path.write_text(
        f'[shop]\nname = "x"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n[[device]]\nrole = "card_terminal"\n'
        f"{OPTIONS.format(port=simulator.port)}\n",
        "utf-8",
    )
    loaded = config.load(path)
    till, practice = bootstrap.open_till(loaded), bootstrap.open_till(loaded, training=True)
    try:
        assert isinstance(till.terminal, TerminalPort)
        told: queue.SimpleQueue[str] = queue.SimpleQueue()
        till.terminal.reprint(lambda state: told.put(state.state))
        assert told.get(timeout=WAIT_S) in ("busy", "refused")
        assert isinstance(practice.terminal, PracticeTerminal)
        assert practice.terminal._simulator.port != simulator.port
    finally:
        till.close()
        practice.close()
        simulator.close()
