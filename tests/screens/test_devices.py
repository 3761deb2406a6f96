"""The till with devices on it: weighs and sells, shows the customer, takes scans and keys, and says what is wrong."""

from __future__ import annotations

import json
import os
import pty
import queue
import re
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import bootstrap
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.registry import State
from kassa_tui.services.ports import ScaleState, Showing
from kassa_tui.simulate import scale as simulated
from kassa_tui.simulate.display import PtyDisplay
from kassa_tui.simulate.scale import Pan, PtyScale
from tests.hardware.device_bench import Kept
from tests.screens.hand import BANANAS, BREAD, BREAD_CODE, CRATE, WAIT_S, Hand

Make = Callable[..., Hand]


class Shop:
    """A hand at a till with devices; what they tell waits until the test lets it in."""

    def __init__(self, make: Make, devices: str, monkeypatch: pytest.MonkeyPatch, rules: str = "") -> None:
        self.hand = make(rules=rules + "\n" + devices).ready()
        self._work: queue.Queue[Callable[[], object]] = queue.Queue()
        monkeypatch.setattr(self.hand.app, "_from_thread", self._work.put)
        self.attendant = self.hand.app.attendant
        found = bootstrap.make_devices(self.hand.till.config, self.attendant)
        self.attendant.listen(found, bootstrap.make_customer(self.hand.till.config, found))

    def until(self, right: Callable[[], object]) -> None:
        """Let in what the devices tell until it is right."""
        while not right():
            self._work.get(timeout=WAIT_S)()

    def works(self) -> Shop:
        """Every device does."""
        self.until(lambda: self.hand.desk.devices and not any(each.trouble for each in self.hand.desk.devices))
        return self

    def look(self) -> None:
        """What the application does after each act."""
        self.attendant.look()


@pytest.fixture
def shop(till_at: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Shop]]:
    made: list[Shop] = []

    def make(devices: str, **settings: Any) -> Shop:
        made.append(Shop(till_at, devices, monkeypatch, **settings))
        return made[-1]

    yield make
    for each in made:
        each.attendant.close()


def device(role: str, kind: str, **options: Any) -> str:
    """One ``[[device]]``."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in {"role": role, "kind": kind, **options}.items()]
    return "[[device]]\n" + "\n".join(lines) + "\n"


@pytest.fixture
def scale() -> Iterator[PtyScale]:
    made = PtyScale("toledo8217")
    yield made
    made.unplug()


def test_goods_by_the_kilo_are_weighed_and_sold(shop: Callable[..., Shop], scale: PtyScale) -> None:
    scale.pan.thousandths = 450
    at = shop(device("scale", "toledo8217", path=scale.path)).works()
    at.hand.enter(BANANAS)
    assert "Op de weegschaal" in at.hand.text()
    at.until(lambda: at.hand.till.ticket)
    assert at.hand.till.ticket is not None
    (line,) = at.hand.till.ticket.lines
    assert (line.quantity, line.unit_price, line.gross, line.typed_weight, line.source) == (450, 179, 81, False, "list")
    assert "Op de weegschaal" not in at.hand.text()
    at.hand.press("repeat")
    at.until(lambda: at.hand.till.ticket and len(at.hand.till.ticket.lines) == 2)
    at.hand.press("cash")
    assert at.hand.till.last_sale is not None
    assert at.hand.till.last_sale["total"] == 162


def test_the_amount_of_a_scale_that_works_it_out_is_the_amount_of_the_line(
    shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd:
        """Rounds in its own way."""

        def weigh(self, price: int, name: str, tell: Callable[[ScaleState], None], tare: int = 0) -> None:
            assert (price, name, tare) == (179, "Bananen", 0)
            tell(ScaleState("weighed", True, 450, 80))

        def zero(self, tell: Callable[[ScaleState], None]) -> None:
            raise AssertionError

        def cancel(self) -> None:
            raise AssertionError

    at = shop(device("scale", "dialog06", path="/dev/kassa-none"))
    at.hand.till.scale = Odd()
    at.hand.enter(BANANAS)
    at.until(lambda: at.hand.till.ticket)
    assert at.hand.till.ticket is not None
    (line,) = at.hand.till.ticket.lines
    assert (line.quantity, line.unit_price, line.gross, line.typed_weight, line.source) == (450, 179, 80, False, "list")


def test_dialog_06_is_given_the_price_and_gives_the_amount(shop: Callable[..., Shop]) -> None:
    far = PtyScale("dialog06", Pan(1250, challenges=1))
    at = shop(device("scale", "dialog06", path=far.path, polynomial="1021")).works()
    at.hand.enter(BANANAS)
    at.until(lambda: at.hand.till.ticket)
    far.unplug()
    assert at.hand.till.ticket is not None
    assert [(line.quantity, line.gross) for line in at.hand.till.ticket.lines] == [(1250, 224)]


def test_the_prompt_says_why_there_is_no_weight_yet(shop: Callable[..., Shop], scale: PtyScale) -> None:
    at = shop(device("scale", "toledo8217", path=scale.path)).works()
    at.hand.enter(BANANAS)
    at.until(lambda: "Leg het artikel op de weegschaal" in at.hand.text())
    scale.pan.state = simulated.OVERLOAD
    at.until(lambda: "Te zwaar voor de weegschaal" in at.hand.text())
    scale.pan.state, scale.pan.thousandths = simulated.STABLE, 450
    at.until(lambda: at.hand.till.ticket)
    assert "Te zwaar" not in at.hand.text()


def test_a_typed_weight_takes_the_place_of_the_scale_and_is_marked(shop: Callable[..., Shop], scale: PtyScale) -> None:
    at = shop(device("scale", "toledo8217", path=scale.path)).works()
    at.hand.enter(BANANAS).enter("0,3")
    if "Akkoord nodig" in at.hand.text():
        at.hand.enter("9999")
    assert at.hand.till.ticket is not None
    assert [(line.quantity, line.typed_weight) for line in at.hand.till.ticket.lines] == [(300, True)]
    scale.pan.thousandths = 450
    at.hand.enter(BREAD)
    assert len(at.hand.till.ticket.lines) == 2


def test_escape_ends_the_question(shop: Callable[..., Shop], scale: PtyScale) -> None:
    at = shop(device("scale", "toledo8217", path=scale.path)).works()
    at.hand.enter(BANANAS).press("back")
    scale.pan.thousandths = 450
    at.hand.enter(BREAD)
    assert at.hand.till.ticket is not None
    assert [line.sku for line in at.hand.till.ticket.lines] == [BREAD]


def test_without_the_scale_the_weight_is_typed_and_enter_asks_it_again(shop: Callable[..., Shop]) -> None:
    at = shop(device("scale", "toledo8217", path="/dev/kassa-none"))
    at.until(lambda: any(each.trouble and each.trouble.code == "device_missing" for each in at.hand.desk.devices))
    assert "Weegschaal niet gevonden" in at.hand.text()
    at.hand.enter(BANANAS)
    at.until(lambda: "Enter vraagt het opnieuw" in at.hand.desk.message)
    at.hand.desk.tell("")
    at.hand.press("enter")
    at.until(lambda: "Enter vraagt het opnieuw" in at.hand.desk.message)
    assert at.hand.till.ticket is None
    at.hand.enter(BREAD)
    assert "Op de weegschaal" not in at.hand.text()


def test_the_device_screen_has_the_state_of_each(shop: Callable[..., Shop], scale: PtyScale) -> None:
    gone = device("scanner", "serial", path="/dev/kassa-none")
    at = shop(device("scale", "toledo8217", path=scale.path) + gone)
    at.until(lambda: [each.trouble.code if each.trouble else "ok" for each in at.hand.desk.devices]
             == ["ok", "device_missing"])  # fmt: skip
    at.hand.press("functions")
    at.hand.type("d")
    shown = re.sub(" +", " ", at.hand.text())
    assert "Weegschaal scale toledo8217 in orde" in shown
    assert "Scanner scanner serial Scanner niet gevonden" in shown
    at.hand.press("down", "down")
    assert "Scanner niet gevonden: zit de stekker erin, staat hij aan?" in at.hand.text()


def test_a_customer_sees_what_happens(shop: Callable[..., Shop], scale: PtyScale) -> None:
    faces = Kept()
    pole = PtyDisplay("cd5220", faces)
    devices = device("scale", "toledo8217", path=scale.path) + device("display", "cd5220", path=pole.path)
    at = shop(devices).works()

    def shows(upper: str, lower: str) -> None:
        at.look()
        faces.until(lambda told: told[-1] == (f"{upper:<20}", f"{lower:<20}"))

    shows("Buurtwinkel De Hoek", "Welkom")
    at.hand.scan(BREAD_CODE)
    shows("Krentenbol      0,55", "Totaal          0,55")
    scale.pan.thousandths = 450
    at.hand.enter(BANANAS)
    at.until(lambda: at.hand.till.ticket and len(at.hand.till.ticket.lines) == 2)
    shows("0,450 kg x 1,79 0,81", "Totaal          1,36")
    at.hand.press("pay")
    shows("Totaal          1,36", "Te betalen      1,36")
    at.hand.type("500").press("cash")
    shows("Totaal          1,36", "Wisselgeld      3,64")
    pole.unplug()


class Board:
    """A display that keeps what it was to show."""

    def __init__(self) -> None:
        self.shown: list[Showing] = []

    def show(self, showing: Showing) -> None:
        """Keep it."""
        self.shown.append(showing)


def test_each_face_of_the_display(till_at: Make) -> None:
    from kassa_tui.messages import words
    from kassa_tui.services.showing import Customer

    hand, board = till_at(), Board()
    customer = Customer(board, words("nl"))

    def face() -> tuple[tuple[str, str], tuple[str, str]]:
        customer.look(hand.till)
        return board.shown[-1].upper, board.shown[-1].lower

    assert face() == (("Buurtwinkel De Hoek", ""), ("Kassa gesloten", ""))
    hand.ready()
    assert face() == (("Buurtwinkel De Hoek", ""), ("Welkom", ""))
    customer.look(hand.till)
    assert len(board.shown) == 2
    hand.type("3").press("times").enter(BREAD)
    assert face() == (("3 x Krentenbol", "1,65"), ("Totaal", "1,65"))
    hand.sell(CRATE)
    hand.type("j" if hand.till.ticket and hand.till.ticket.age_wanted else "")
    assert face()[1] == ("Totaal", "22,54")
    assert board.shown[-1].lines == (("3 x Krentenbol", "1,65"), ("Krat pils 24 x 0,3 l", "16,99"),
                                     ("Statiegeld € 3,90", "3,90"))  # fmt: skip
    assert face()[0] == ("Krat pils 24 x 0,3 l", "16,99")
    hand.press("cash")
    assert face() == (("Totaal", "22,54"), ("Dank u wel", ""))


def test_a_scan_from_a_serial_scanner_is_a_line(shop: Callable[..., Shop]) -> None:
    far, near = pty.openpty()
    tty.setraw(near)
    at = shop(device("scanner", "serial", path=os.ttyname(near))).works()
    os.write(far, BREAD_CODE.encode() + b"\r\n")
    at.until(lambda: at.hand.till.ticket)
    os.write(far, b"871040")
    at.until(lambda: "Niet goed gelezen" in at.hand.desk.message)
    assert at.hand.app.sounds[-1] == "refused"
    assert at.hand.till.ticket is not None
    assert len(at.hand.till.ticket.lines) == 1
    os.close(far)
    at.until(lambda: at.hand.desk.devices[0].trouble)
    assert "Scanner niet gevonden" in at.hand.text()
    os.close(near)


def test_a_scanner_named_by_its_plug_waits_for_it(shop: Callable[..., Shop]) -> None:
    at = shop(device("scanner", "evdev", usb="ffff:fffe", layout="be") + device("keyboard", "evdev", usb="ffff:ffff"))
    at.until(lambda: all(each.trouble and each.trouble.code == "device_missing" for each in at.hand.desk.devices))
    missing = Refused("device_missing", {"device": "scanner", "path": "ffff:fffe"})
    first = at.hand.desk.devices[0]
    assert isinstance(first, State)
    assert (first[:4], first.last) == (("scanner", "evdev", missing, "scanner"), missing)
    at.hand.scan(BREAD_CODE)
    assert at.hand.till.ticket is not None


def test_keys_of_a_programmable_keyboard_do_what_they_say(shop: Callable[..., Shop]) -> None:
    at = shop(device("keyboard", "evdev", usb="ffff:ffff"))
    at.attendant.pressed([("text", BREAD_CODE + "\n"), ("act", "repeat"), ("text", "3"), ("key", "backspace")])
    at.until(lambda: at.hand.till.ticket and len(at.hand.till.ticket.lines) == 2)
    assert at.hand.desk.top.entry == ""
    at.attendant.pressed([("act", "home"), ("key", "f9"), ("act", "repeat")])
    at.until(lambda: at.hand.till.open.payment)
    assert "doet hier niets" in at.hand.desk.message


def test_a_second_screen_behind_a_fifo(shop: Callable[..., Shop], tmp_path: Path) -> None:
    path = tmp_path / "customer"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR)
    at = shop(device("display", "screen", path=str(path), columns=32)).works()
    at.hand.scan(BREAD_CODE)
    at.look()
    seen = ""
    while "Krentenbol" not in seen:
        seen = ""
        while not seen.endswith("\f"):
            seen += os.read(reader, 4096).decode()
    os.close(reader)
    lines = seen[:-1].splitlines()
    assert (lines[0], lines[2]) == ("Buurtwinkel De Hoek", "Krentenbol                  0,55")
    assert lines[-1] == "Totaal                      0,55"
