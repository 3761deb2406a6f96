"""The list of web orders says what is the matter with a webshop, and nothing while all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kassa_tui.services.web_standing import standings
from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.web_state import WebState
from tests.screens.hand import Hand
from tests.screens.test_goldens import chosen
from tests.sync.web_till import table

HOUR = 3_600_000


@pytest.fixture
def hand(till_at: Callable[..., Hand]) -> Hand:
    """A till that owns a webshop to which it spoke a moment ago."""
    h = till_at(rules=table("https://winkel.example.nl"))
    h.enter("1111").enter("150")
    remember(h, last_success=h.clock.at)
    return h


def remember(h: Hand, **now: Any) -> None:
    """What the agent keeps of the webshop."""
    folder = channel_folder(h.till.config.till.data, "WEB")
    folder.mkdir(parents=True, exist_ok=True)
    state = WebState(folder)
    for name, value in now.items():
        setattr(state.now, name, value)
    state.save()
    state.close()


def command(h: Hand, at: int, state: str = "waiting") -> None:
    """Something that the shop must be told."""
    found = WebState(channel_folder(h.till.config.till.data, "WEB"))
    found.put_command(f"ack:{at}", "ack", {"order": "1"}, at)
    found.write("update command set state = ?", [(state,)])
    found.close()


def listed(h: Hand) -> str:
    return chosen(h, "Webbestellingen").text()


def test_nothing_while_all_is_well(hand: Hand) -> None:
    command(hand, hand.clock.at)
    assert standings(hand.till) == []
    assert "Webwinkel" not in listed(hand)


def test_since_when_it_does_not_answer_and_why(hand: Hand) -> None:
    remember(hand, failing_since=hand.clock.at - HOUR, code="unreachable")
    command(hand, hand.clock.at - HOUR)
    text = listed(hand)
    assert "Webwinkel antwoordt niet sinds" in text
    assert "niet bereikbaar" in text


def test_keys_that_are_refused(hand: Hand) -> None:
    remember(hand, failing_since=hand.clock.at - HOUR, stopped="unauthorised", code="unauthorised")
    text = listed(hand)
    assert "Webwinkel staat stil" in text
    assert [each.state for each in standings(hand.till)] == ["stopped"]


def test_an_agent_that_does_not_run(hand: Hand) -> None:
    remember(hand, last_success=hand.clock.at - HOUR)
    assert "Met Webwinkel wordt niet gesproken sinds" in listed(hand)


def test_one_that_never_ran(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules=table("https://winkel.example.nl"))
    assert [(each.state, each.since) for each in standings(h.till)] == [("silent", 0)]


def test_what_waits_too_long_though_it_answers(hand: Hand) -> None:
    command(hand, hand.clock.at - HOUR)
    text = listed(hand)
    assert "nog niet verteld" in text
    assert [(each.state, each.waiting) for each in standings(hand.till)] == [("waiting", 1)]


def test_what_it_refused(hand: Hand) -> None:
    command(hand, hand.clock.at - HOUR, "failed")
    assert "wilde iets niet (1)" in listed(hand)


def test_a_webshop_of_the_office_is_the_offices(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules=table("https://winkel.example.nl", owner="office"))
    assert standings(h.till) == []
