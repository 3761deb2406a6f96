"""Working hours from clockings: whole days, breaks, and what was forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.hours import (
    BREAK_END,
    BREAK_START,
    IN,
    KINDS,
    LONGEST_MS,
    MINUTE_MS,
    OUT,
    Mark,
    hours,
    spells,
    state,
)

HOUR = 60 * MINUTE_MS
MARKS = st.lists(st.builds(Mark, st.integers(0, 400).map(lambda n: n * 7 * MINUTE_MS), st.sampled_from(KINDS)))


def marks(*given: tuple[float, str]) -> list[Mark]:
    """Hour and kind each."""
    return [Mark(int(hour * HOUR), kind) for hour, kind in given]


def test_a_day_with_two_breaks() -> None:
    day = marks((9, IN), (11, BREAK_START), (11.25, BREAK_END), (13, BREAK_START), (13.5, BREAK_END), (17.5, OUT))
    (spell,) = spells(day, 20 * HOUR)
    assert (spell.begin, spell.end, spell.missing, spell.running) == (9 * HOUR, 17.5 * HOUR, "", False)
    assert (spell.rested(), spell.worked(20 * HOUR)) == (45, 465)
    assert spells(day[::-1], 20 * HOUR) == [spell]


def test_who_is_at_work_has_worked_until_now() -> None:
    (spell,) = spells(marks((9, IN), (12, BREAK_START)), int(12.5 * HOUR))
    assert (spell.running, spell.worked(int(12.5 * HOUR)), spell.rested()) == (True, 180, 30)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (((9, IN), (33, IN), (41, OUT)), ["out", ""]),
        (((9, IN), (10, IN), (17, OUT)), ["out", ""]),
        (((17, OUT),), ["in"]),
        (((12, BREAK_START), (12.5, BREAK_END), (17, OUT)), ["in"]),
        (((9, IN), (26, OUT)), ["out", "in"]),
        (((9, IN),), ["out"]),
        (((9, IN), (24.9, OUT)), [""]),
    ],
)
def test_what_was_forgotten_is_said_and_counts_no_hours(
    given: tuple[tuple[float, str], ...], missing: list[str]
) -> None:
    found = spells(marks(*given), 100 * HOUR)
    assert [spell.missing for spell in found] == missing
    assert all((spell.worked(100 * HOUR) == 0) == bool(spell.missing) for spell in found)


def test_a_break_that_nobody_ended_lasts_to_the_end_of_the_work() -> None:
    (spell,) = spells(marks((9, IN), (16, BREAK_START), (17, OUT)), 20 * HOUR)
    assert (spell.rested(), spell.worked(20 * HOUR)) == (60, 420)


@pytest.mark.parametrize(
    ("given", "now", "doing"),
    [
        ((), 9, OUT), (((9, IN),), 10, IN), (((9, IN), (10, BREAK_START)), 10, BREAK_START),
        (((9, IN), (10, BREAK_START), (11, BREAK_END)), 11, IN), (((9, IN), (10, OUT)), 10, OUT),
        (((9, IN),), 26, OUT), (((10, BREAK_START),), 11, BREAK_START), (((10, BREAK_END),), 11, IN),
        (((10, BREAK_END),), 27, OUT),
    ],
)  # fmt: skip
def test_what_somebody_is_doing(given: tuple[tuple[float, str], ...], now: float, doing: str) -> None:
    assert state(marks(*given), int(now * HOUR)) == doing


@given(MARKS)
def test_every_clocking_is_in_one_spell_and_no_spell_is_longer_than_a_day(given: list[Mark]) -> None:
    now = 401 * 7 * MINUTE_MS
    found = spells(given, now)
    assert sorted((mark.at, mark.kind) for spell in found for mark in spell.marks) == sorted(
        (mark.at, mark.kind) for mark in given
    )
    for spell in found:
        assert 0 <= spell.worked(now) <= LONGEST_MS // MINUTE_MS
        assert spell.marks[-1].at - spell.first <= LONGEST_MS
        assert bool(spell.missing) + bool(spell.running) <= 1


def test_hours_as_they_are_written() -> None:
    assert [hours(minutes) for minutes in (0, 5, 450, 6000, -61)] == ["0:00", "0:05", "7:30", "100:00", "-1:01"]
