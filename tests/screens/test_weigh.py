"""The prompt that weighs: tares typed and taken, zero, and what the ticket shows of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kassa_tui.services.ports import ScaleState
from tests.screens.hand import BANANAS, Hand

Tell = Callable[[ScaleState], None]


class Slow:
    """A scale that tells what the test says, when it says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.tell: Tell = print

    def weigh(self, price: int, name: str, tell: Tell, tare: int = 0) -> None:
        self.asked.append((name, tare))
        self.tell = tell

    def zero(self, tell: Tell) -> None:
        self.asked.append(("zero", 0))
        self.tell = tell

    def cancel(self) -> None:
        self.asked.append(("cancel", 0))


@pytest.fixture
def scale(at_till: Hand) -> Slow:
    made = Slow()
    at_till.till.scale = made
    at_till.enter(BANANAS)
    return made


def test_a_tare_that_is_typed(at_till: Hand, scale: Slow) -> None:
    at_till.type("0,012").press("tare")
    assert scale.asked == [("Bananen", 0), ("Bananen", 12)]
    assert "tarra 0,012 kg" in at_till.text()
    scale.tell(ScaleState("weighed", True, 450, tare=12))
    assert at_till.desk.message == "Bananen  0,450 kg × € 1,79/kg = € 0,81 (bruto 0,462, tarra 0,012)"
    assert "Bananen T 0,012" in at_till.text()
    assert "0,450" in at_till.text()
    at_till.type("0,01").press("tare").type("0").press("tare")
    assert at_till.till.tare == 0


def test_the_empty_packing_is_weighed_for_its_tare(at_till: Hand, scale: Slow) -> None:
    at_till.press("tare")
    assert "Zet de lege verpakking op de weegschaal" in at_till.text()
    scale.tell(ScaleState("weighed", True, 62))
    assert at_till.till.ticket is None
    assert "tarra 0,062 kg" in at_till.text()
    assert scale.asked == [("Bananen", 0), ("Bananen", 0), ("Bananen", 62)]
    scale.tell(ScaleState("scale_below_tare"))
    assert "Lichter dan de tarra" in at_till.text()


def test_zero_goes_on_weighing(at_till: Hand, scale: Slow) -> None:
    at_till.press("zero")
    scale.tell(ScaleState("scale_motion"))
    assert "nog niet stil" in at_till.text()
    scale.tell(ScaleState("scale_zeroed", True))
    assert at_till.desk.message == "Weegschaal staat op nul"
    assert scale.asked == [("Bananen", 0), ("zero", 0), ("Bananen", 0)]
    at_till.press("zero")
    scale.tell(ScaleState("scale_zero_refused", True))
    assert "gaat niet op nul" in at_till.desk.message
    assert "Enter vraagt het opnieuw" in at_till.desk.message


def test_what_is_no_tare_is_said(at_till: Hand, scale: Slow) -> None:
    at_till.type("99").press("tare")
    assert "99 is geen tarra" in at_till.desk.message
    assert scale.asked == [("Bananen", 0)]


def test_a_tare_and_zero_before_the_article(at_till: Hand) -> None:
    made = Slow()
    at_till.till.scale = made
    at_till.type("0,012").press("tare")
    assert " T 0,012 " in at_till.text()
    at_till.press("zero")
    made.tell(ScaleState("scale_motion"))
    made.tell(ScaleState("scale_zeroed", True))
    assert at_till.desk.message == "Weegschaal staat op nul"
    at_till.press("zero")
    made.tell(ScaleState("device_silent", True))
    assert "Weegschaal antwoordt niet" in at_till.desk.message
    at_till.enter(BANANAS)
    assert made.asked[-1] == ("Bananen", 12)
    at_till.press("back", "back")
    assert at_till.till.tare is None
