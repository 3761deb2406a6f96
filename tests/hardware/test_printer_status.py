"""Status bytes of ESC/POS: every bit that matters, and no byte that makes trouble for the program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.hardware.printer_status import (
    ERROR,
    OFFLINE,
    PAPER,
    PRINTER,
    Answers,
    Status,
    question,
    status_of,
    trouble,
)

WELL = {PRINTER: 0x12, OFFLINE: 0x12, ERROR: 0x12, PAPER: 0x12}


def test_a_printer_that_is_well() -> None:
    assert status_of(WELL) == status_of({}) == Status()
    assert trouble(Status()) == ""


@pytest.mark.parametrize(
    ("answers", "expected", "code"),
    [
        ({PRINTER: 0x16}, Status(drawer_high=True), ""),
        ({PRINTER: 0x1A}, Status(offline=True), "printer_offline"),
        ({PRINTER: 0x1A, OFFLINE: 0x16}, Status(offline=True, cover_open=True), "printer_cover_open"),
        ({OFFLINE: 0x32}, Status(paper_end=True), "printer_paper_out"),
        ({PAPER: 0x72}, Status(paper_end=True), "printer_paper_out"),
        ({PAPER: 0x1E}, Status(near_end=True), ""),
        ({PAPER: 0x7E}, Status(paper_end=True, near_end=True), "printer_paper_out"),
        ({OFFLINE: 0x36, PAPER: 0x72}, Status(cover_open=True, paper_end=True), "printer_cover_open"),
        ({OFFLINE: 0x52}, Status(error="other"), "printer_error"),
        ({ERROR: 0x1A}, Status(error="cutter"), "printer_error"),
        ({ERROR: 0x32}, Status(error="fatal"), "printer_error"),
        ({ERROR: 0x52}, Status(error="heat"), "printer_error"),
    ],
)
def test_every_bit(answers: dict[int, int], expected: Status, code: str) -> None:
    assert status_of(WELL | answers) == expected
    assert trouble(expected) == code


def test_the_questions() -> None:
    assert [question(number) for number in (1, 2, 3, 4)] == [b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x03",
                                                             b"\x10\x04\x04"]  # fmt: skip


def test_answers_are_told_apart() -> None:
    answers = Answers()
    # XON, a status, four bytes of automatic status whose last three look like answers behind a job, XOFF, a fence.
    answers.take(b"\x11\x16\x10\x00\x00")
    answers.take(b"\x00\x13\x0c\xff\x80")
    assert list(answers.states) == [0x16]
    assert answers.fences == 1


@given(st.lists(st.binary()))
def test_any_bytes_are_sorted(pieces: list[bytes]) -> None:
    whole, parts = Answers(), Answers()
    whole.take(b"".join(pieces))
    for piece in pieces:
        parts.take(piece)
    assert (list(whole.states), whole.fences) == (list(parts.states), parts.fences)
    assert all(status_of({1: byte, 2: byte, 3: byte, 4: byte}) for byte in whole.states)
