"""Clocking on the screen: from the log-in and from F10, by PIN, and one's own hours."""

from __future__ import annotations

from collections.abc import Callable

from tests.screens.hand import CASHIER, MANAGER, Hand
from tests.screens.test_goldens import chosen

HOUR = 3_600_000


def kinds(h: Hand) -> list[tuple[str, str]]:
    """What was clocked, by whom."""
    rows = h.till.store.read.execute("select kind, who from journal where kind like 'hours.%' order by seq")
    return [(kind, who) for kind, who in rows]


def test_clocking_in_from_the_log_in_screen_logs_nobody_in(till_at: Callable[..., Hand]) -> None:
    h = till_at()
    assert "F10 klokken" in h.text()
    h.press("functions")
    assert CASHIER not in h.enter(CASHIER).text()
    assert "1 Inklokken" in h.text()
    h.type("1")
    assert h.till.person is None
    assert h.desk.message.startswith("Anna: ingeklokt om ")
    h.clock.at += 4 * HOUR
    h.press("functions").enter(CASHIER)
    assert "1 Pauze" in h.text()
    h.type("2")
    assert h.desk.message.endswith("gewerkt 4:00")
    assert kinds(h) == [("hours.in", "1"), ("hours.out", "1")]


def test_a_wrong_pin_clocks_nothing(till_at: Callable[..., Hand]) -> None:
    h = till_at().press("functions").enter("0000")
    assert h.desk.message == "Verkeerde pincode"
    assert h.desk.top is h.desk.views[0]
    assert kinds(h) == []


def test_own_hours_with_a_clock_out_that_was_forgotten(at_till: Hand) -> None:
    h = at_till
    for wait, choice in ((9, "1"), (15, "2"), (20, "1"), (0, "1")):
        chosen(h, "In- en uitklokken").enter(MANAGER).type(choice)
        h.clock.at += wait * HOUR
    assert h.till.who == "1"
    chosen(h, "In- en uitklokken").enter(MANAGER).type("5")
    text = h.text()
    assert "Deze week" in text
    assert [kind for kind, _who in kinds(h)] == ["hours.in", "hours.out", "hours.in", "hours.in"]
    assert "9:00" in text
    assert "niet uitgeklokt" in text
    assert "?" in next(line for line in text.splitlines() if "niet uitgeklokt" in line)
