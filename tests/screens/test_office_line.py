"""The office on the till's screen: a word in the header, trouble below, a page under F10, a warning at the close."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from kassa_tui.config import Office
from kassa_tui.screens.functions import show_functions
from kassa_tui.screens.ink import BAD
from kassa_tui.screens.office_view import LOOK_EVERY, show_office, waiting_note, watch_office
from kassa_tui.storage.sync_state import SyncState
from tests.screens.hand import Hand

MINUTE = 60_000


@pytest.fixture
def enrolled(at_till: Hand) -> Hand:
    """A till of an office, whose agent has run."""
    till = at_till.app.desk.till
    assert till is not None
    till.config = replace(till.config, office=Office("https://kantoor.example"))
    _agent(at_till)
    watch_office(at_till.app.desk, till)
    return at_till


def _now(hand: Hand) -> int:
    till = hand.app.desk.till
    assert till is not None
    return till.clock.now().at


def _agent(hand: Hand, **state: Any) -> None:
    """Leave what an agent would."""
    till = hand.app.desk.till
    assert till is not None
    high = till.store.read.execute("select max(seq) from journal").fetchone()[0]
    usual = {"agent": _now(hand), "last_success": _now(hand), "acked": high, "acked_receipt": till.store.state.receipt}
    kept = SyncState(till.config.till.data)
    for name, value in {**usual, "failing_since": 0, "code": "", **state}.items():
        setattr(kept.now, name, value)
    kept.close()


def _look(hand: Hand) -> tuple[str, str]:
    """Header and footer."""
    desk = hand.app.desk
    for _ in range(LOOK_EVERY):
        desk.second()
    rows = desk.rows(120, 25)
    return "".join(text for text, _ in rows[0]), "".join(text for text, _ in rows[-1])


def test_a_till_without_an_office_says_nothing_of_one(at_till: Hand) -> None:
    header, _ = _look(at_till)
    assert at_till.app.desk.office is None
    assert "kantoor" not in header
    assert waiting_note(at_till.app.desk) == ""


def test_all_well_is_a_word_in_the_header(enrolled: Hand) -> None:
    assert "kantoor bij" in _look(enrolled)[0]
    _agent(enrolled, last_success=_now(enrolled) - 3 * MINUTE)
    assert "kantoor 3 min geleden" in _look(enrolled)[0]
    assert "kantoor" not in _look(enrolled)[1]


def test_trouble_stands_below_with_what_waits(enrolled: Hand) -> None:
    _agent(enrolled, failing_since=_now(enrolled) - 30 * MINUTE, code="unreachable", acked_receipt=-12)
    header, footer = _look(enrolled)
    assert "kantoor" not in header
    assert "12 bonnen wachten, kantoor onbereikbaar sinds" in footer


def test_a_short_silence_is_no_trouble(enrolled: Hand) -> None:
    _agent(enrolled, failing_since=_now(enrolled) - MINUTE, code="timeout")
    assert "kantoor bij" in _look(enrolled)[0]


def test_the_file_is_looked_at_every_few_seconds_only(enrolled: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = enrolled.app.desk
    assert desk.office is not None
    looks: list[int] = []
    monkeypatch.setattr(desk.office, "look", lambda: looks.append(1))
    for _ in range(4 * LOOK_EVERY):
        desk.second()
        desk.rows(80, 25)
        desk.key("1", "1")
    assert len(looks) == 4


def test_the_page_under_f10_tells_all(enrolled: Hand) -> None:
    desk = enrolled.app.desk
    _agent(enrolled, acked=0, acked_receipt=0, failing_since=_now(enrolled), code="certificate")
    show_functions(desk)
    assert any("Kantoor" in text for row in desk.rows(80, 25) for text, _ in row)
    desk.home()
    show_office(desk)
    text = "\n".join(text for row in desk.rows(80, 25) for text, _ in row)
    inks = {ink for row in desk.rows(80, 25) for text, ink in row if "certificaat" in text}
    assert "Er wachten" in text
    assert "De techniek moet iets doen" in text
    assert inks == {BAD}


def test_closing_warns_of_what_waits_and_goes_on(enrolled: Hand) -> None:
    assert waiting_note(enrolled.app.desk) == ""
    _agent(enrolled, acked=0)
    assert "nog niet bij het kantoor" in waiting_note(enrolled.app.desk)


def test_an_agent_that_does_not_run_is_told(enrolled: Hand) -> None:
    _agent(enrolled, agent=_now(enrolled) - 60 * MINUTE)
    assert "kassa sync draait niet" in _look(enrolled)[1]


def test_practising_sends_nothing_and_says_nothing(enrolled: Hand) -> None:
    desk = enrolled.app.desk
    till = desk.till
    assert till is not None
    watch_office(desk, SimpleNamespace(config=till.config, training=True))  # type: ignore[arg-type]
    assert desk.office is None
