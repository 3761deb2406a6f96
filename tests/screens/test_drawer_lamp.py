"""The line at the bottom: how long the drawer is open, what the printer wants, and one bell for a forgotten drawer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kassa_tui.keymap import KeyMap
from kassa_tui.messages import words
from kassa_tui.screens.desk import Desk, Host


class Bells(Host):
    def __init__(self) -> None:
        self.rung: list[str] = []

    def sound(self, sound: str) -> None:
        self.rung.append(sound)


def desk_with(**queue: Any) -> tuple[Desk, Bells, SimpleNamespace]:
    bells = Bells()
    desk = Desk(words("nl"), KeyMap(), bells)
    facts = {"state": "ok", "waiting": 0, "advice": "", "seconds": None, "forgotten": False} | queue
    printing = SimpleNamespace(**facts)
    printing.drawer_seconds = lambda: printing.seconds
    printing.drawer_forgotten = lambda: printing.forgotten
    desk.till = SimpleNamespace(trouble="", printing=printing)  # type: ignore[assignment]
    return desk, bells, printing


@pytest.mark.parametrize(
    ("queue", "text"),
    [
        ({}, ""),
        ({"seconds": 12}, "lade open 12 s"),
        ({"advice": "printer_paper_low"}, "bon: Papier bijna op: leg een rol klaar"),
        ({"state": "printer_paper_out", "waiting": 2}, "bon: Papier op: leg een nieuwe rol in (2 wacht)"),
        ({"state": "printer_cover_open", "waiting": 1, "seconds": 3, "advice": "printer_cover_open"},
         "lade open 3 s · bon: Klep van de printer staat open: doe hem dicht (1 wacht)"),
    ],
)  # fmt: skip
def test_the_line_says_it_in_words(queue: dict[str, Any], text: str) -> None:
    desk, _, _ = desk_with(**queue)
    assert desk._trouble(80) == text


@pytest.mark.parametrize(
    ("queue", "room", "text"),
    [
        ({"state": "printer_error", "waiting": 12}, 38, "bon: Printer meldt een sto… (12 wacht)"),
        ({"state": "printer_offline", "waiting": 3}, 38, "bon: Printer staat niet kla… (3 wacht)"),
        ({"state": "printer_paper_out", "waiting": 3}, 38, "bon: Papier op (3 wacht)"),
        ({"state": "printer_cover_open", "waiting": 128, "seconds": 130}, 38, "lade open 130 s · bon: Kl… (128 wacht)"),
    ],
)
def test_how_many_wait_stays_in_sight(queue: dict[str, Any], room: int, text: str) -> None:
    desk, _, _ = desk_with(**queue)
    shown = desk._trouble(room)
    assert shown.endswith(f" ({queue['waiting']} wacht)")
    assert len(shown) <= room
    assert shown == text


def test_a_forgotten_drawer_rings_once_each_time() -> None:
    desk, bells, printing = desk_with(seconds=5)
    for forgotten in (False, True, True, False, True):
        printing.forgotten = forgotten
        desk.remind_of_drawer()
    assert len(bells.rung) == 2
