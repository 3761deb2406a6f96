"""From key events and bytes to codes: layouts, ends, separators, and everything that makes half a code."""

from __future__ import annotations

import importlib.util

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.scanner_evdev import GS, MAX_CODE_CHARS, ScanAssembler, alt_character
from kassa_tui.hardware.scanner_serial import MAX_CODE_BYTES, LineSplitter
from tests.hardware.device_bench import KeyEvent, Typist

EAN = "8710400280507"
GS1 = "]C10108710400280507310300125039225"
ASCII = "".join(map(chr, range(0x20, 0x7F)))
RECORDED = [
    (0.000000, 42, 1), (0.004012, 30, 1), (0.008020, 30, 0), (0.012005, 42, 0), (0.016031, 2, 1), (0.020002, 2, 0),
    (0.024040, 12, 1), (0.028011, 12, 0), (0.032009, 79, 1), (0.036015, 79, 0), (0.040027, 96, 1), (0.044003, 96, 0),
]  # fmt: skip
"""A code of four characters as ``evtest`` prints it: time, key, value."""


def read(assembler: ScanAssembler, *batches: list[KeyEvent]) -> list[str | None]:
    return [code for batch in batches for code in assembler.feed(batch)]


def test_events_as_the_kernel_prints_them() -> None:
    events = [KeyEvent(5, round(at * 1_000_000), keys.EV_KEY, key, value) for at, key, value in RECORDED]
    assert read(ScanAssembler(), events) == ["A1-1"]


@pytest.mark.parametrize("layout", sorted(keys.LAYOUTS))
def test_every_layout_types_what_a_code_may_hold(layout: str) -> None:
    typist, levels = Typist(layout), keys.LAYOUTS[layout]
    known = {char for level in levels for char in level.values()}
    text = "".join(char for char in ASCII if char in known)
    assert set(ASCII) - known <= ({"`", "´", "~"} if layout in ("fr", "be") else set())
    assert read(ScanAssembler(layout), typist.type(text)) == [text]


@pytest.mark.parametrize(
    ("layout", "code", "shift", "char"),
    [
        ("us", 16, False, "q"), ("be", 16, False, "a"), ("fr", 16, False, "a"), ("de", 21, False, "z"),
        ("be", 2, True, "1"), ("be", 2, False, "&"), ("fr", 2, True, "1"), ("de", 12, False, "ß"), ("us", 2, True, "!"),
        ("be", 10, False, "ç"), ("be", 8, False, "è"), ("fr", 13, False, "="), ("be", 53, False, "="),
        ("be", 13, False, "-"), ("fr", 7, False, "-"), ("be", 7, False, "§"), ("de", 53, False, "-"),
        ("be", 50, False, ","), ("fr", 39, False, "m"), ("us", 86, True, ">"),
    ],
)  # fmt: skip
def test_keys_by_hand(layout: str, code: int, shift: bool, char: str) -> None:
    assert keys.LAYOUTS[layout][1 if shift else 0][code] == char


@pytest.mark.parametrize(
    ("layout", "code", "char"),
    [("be", 3, "@"), ("be", 4, "#"), ("be", 10, "{"), ("be", 27, "]"), ("be", 86, "\\"), ("fr", 11, "@"),
     ("fr", 6, "["), ("de", 16, "@"), ("de", 9, "["), ("de", 18, "€"), ("be", 18, "€")],
)  # fmt: skip
def test_alt_gr_by_hand(layout: str, code: int, char: str) -> None:
    assert keys.LAYOUTS[layout][2][code] == char


@pytest.mark.parametrize("end", [keys.ENTER, keys.KP_ENTER, keys.TAB])
def test_what_ends_a_code(end: int) -> None:
    typist = Typist()
    assert read(ScanAssembler(), typist.type(EAN, end), typist.type("42", end)) == [EAN, "42"]


def test_two_ends_are_one() -> None:
    typist = Typist()
    assert read(ScanAssembler(), typist.type(EAN), typist.press(keys.ENTER, keys.TAB)) == [EAN]


def test_separators_are_kept_whichever_key_sends_them() -> None:
    typist = Typist()
    events = [*typist.type(GS1, None), *typist.press(keys.F8), *typist.type("10AB", None)]
    events += [*typist.change(29, 1), *typist.press(27), *typist.change(29, 0)]
    events += [*typist.change(56, 1), *typist.press(82, 80, 73), *typist.change(56, 0), *typist.type("7")]
    assert read(ScanAssembler(), events) == [f"{GS1}{GS}10AB{GS}{GS}7"]


def test_control_m_is_enter_and_alt_013_too() -> None:
    typist = Typist()
    events = [*typist.type("12", None), *typist.change(97, 1), *typist.press(50), *typist.change(97, 0)]
    events += [*typist.type("34", None), *typist.change(56, 1), *typist.press(82, 79, 81), *typist.change(56, 0)]
    assert read(ScanAssembler(), events) == ["12", "34"]


def test_caps_lock_around_a_code_changes_letters_only() -> None:
    typist = Typist()
    events = [*typist.press(keys.CAPS_LOCK), *typist.type("ab1"), *typist.press(keys.CAPS_LOCK), *typist.type("ab1")]
    assert read(ScanAssembler(), events) == ["AB1", "ab1"]


def test_lost_events_spoil_the_code_and_not_the_next() -> None:
    typist = Typist()
    codes = ScanAssembler()
    assert read(codes, typist.type("87104", None), typist.dropped(), typist.type("0507")) == [None]
    assert read(codes, typist.type(EAN)) == [EAN]


def test_a_shift_whose_release_was_lost_does_not_stay_down() -> None:
    typist = Typist()
    codes = ScanAssembler()
    assert read(codes, typist.change(42, 1), typist.dropped(), typist.press(keys.ENTER), typist.type(EAN)) == [
        None,
        EAN,
    ]


def test_after_lost_events_a_pause_is_an_end_too() -> None:
    typist = Typist()
    codes = ScanAssembler()
    assert read(codes, typist.type("871", None), typist.dropped()) == []
    assert codes.pending
    typist.pause(300)
    assert read(codes, typist.type(EAN)) == [None, EAN]


def test_a_code_that_stops_half_way_is_thrown_away() -> None:
    typist = Typist()
    codes = ScanAssembler()
    assert read(codes, typist.type("8710", None)) == []
    assert codes.expire()
    assert not codes.pending
    assert not codes.expire()
    typist.pause(5000)
    assert read(codes, typist.type(EAN)) == [EAN]
    assert read(codes, typist.type("8710", None)) == []
    typist.pause(201)
    assert read(codes, typist.type(EAN)) == [None, EAN]


def test_a_slow_scanner_is_not_a_broken_one_and_neither_is_a_clock_that_is_set() -> None:
    slow = Typist(step_us=90_000)
    assert read(ScanAssembler(), slow.type(EAN)) == [EAN]
    typist = Typist()
    codes = ScanAssembler()
    first = typist.type("8710", None)
    typist.pause(3_600_000)
    assert read(codes, first, typist.type("400280507")) == [EAN]


def test_a_key_that_types_nothing_spoils_the_code() -> None:
    typist = Typist()
    assert read(ScanAssembler(), typist.type("12", None), typist.press(105), typist.type("34")) == [None]


def test_autorepeat_types_nothing() -> None:
    typist = Typist()
    events = [*typist.type("1", None), *typist.change(3, 1), *typist.change(3, 2), *typist.change(3, 0)]
    assert read(ScanAssembler(), events, typist.press(keys.ENTER)) == ["12"]


def test_a_code_longer_than_any_is_thrown_away() -> None:
    typist = Typist()
    assert read(ScanAssembler(), typist.type("1" * (MAX_CODE_CHARS + 1)), typist.type(EAN)) == [None, EAN]


@pytest.mark.parametrize(
    ("number", "char"), [("013", "\r"), ("029", GS), ("065", "A"), ("65", "A"), ("0128", "€"), ("130", "é"), ("", "")]
)
def test_characters_by_number(number: str, char: str) -> None:
    assert alt_character(number) == char


@pytest.mark.skipif(importlib.util.find_spec("evdev") is None, reason="evdev is not installed")
def test_names_and_numbers_are_those_of_the_kernel() -> None:
    from evdev import ecodes

    assert {name: number for name, number in keys.KEY_NUMBERS.items() if ecodes.ecodes.get(name) != number} == {}
    assert (keys.EV_KEY, keys.SYN_DROPPED) == (ecodes.EV_KEY, ecodes.SYN_DROPPED)


@pytest.mark.parametrize(
    ("name", "number"), [("KEY_F13", 183), ("key_kpplus", 78), ("183", 183), ("KEY_A", 30), ("KEY_F99", None),
                         ("", None), ("99999", None), ("-1", None), ("KEY_0", 11)]
)  # fmt: skip
def test_keys_by_name(name: str, number: int | None) -> None:
    assert keys.key_number(name) == number


EVENTS = st.lists(
    st.builds(
        KeyEvent, st.integers(0, 2**40), st.integers(0, 999_999), st.sampled_from([0, 1, 1, 1, 4, 17]),
        st.integers(0, 0x2FF) | st.sampled_from([2, 3, 28, 42, 56, 100, 29]), st.integers(-1, 3),
    ),
    max_size=60,
)  # fmt: skip


@given(EVENTS, st.sampled_from(sorted(keys.LAYOUTS)))
def test_no_events_whatever_make_it_raise(events: list[KeyEvent], layout: str) -> None:
    codes = ScanAssembler(layout)
    for code in codes.feed(events):
        assert code is None or (0 < len(code) <= MAX_CODE_CHARS and not set(code) & set("\r\n\t"))
    codes.expire()
    assert not codes.pending


@given(st.lists(st.text("0123456789ABCxyz-./", min_size=1, max_size=30), min_size=1, max_size=5), st.integers(1, 50))
def test_codes_arrive_whole_however_the_events_are_cut(texts: list[str], size: int) -> None:
    typist, codes = Typist(), ScanAssembler()
    events = [event for text in texts for event in typist.type(text)]
    batches = [events[at : at + size] for at in range(0, len(events), size)]
    assert read(codes, *batches) == texts


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        (b"8710400280507\r", [EAN]),
        (b"8710400280507\n", [EAN]),
        (b"8710400280507\r\n5449000000996\r\n", [EAN, "5449000000996"]),
        (b"\x028710400280507\x03", [EAN]),
        (b"\r\n\x03\r", []),
        (b"]C10108710400280507\x1d10AB\r", ["]C10108710400280507\x1d10AB"]),
        ("https://w.nl/é\r".encode(), ["https://w.nl/é"]),
        (b"12\xff34\r", ["12\ufffd34"]),
        (b"1" * (MAX_CODE_BYTES + 1) + b"\r12\r", [None, "12"]),
        (b"1" * MAX_CODE_BYTES + b"\r", ["1" * MAX_CODE_BYTES]),
        (b"871040", []),
    ],
)
def test_bytes_of_serial_scanners(data: bytes, codes: list[str | None]) -> None:
    for size in (1, 3, len(data)):
        splitter = LineSplitter()
        found = [code for at in range(0, len(data), size) for code in splitter.feed(data[at : at + size])]
        assert found == codes
        assert splitter.pending == (data == b"871040")
        assert splitter.expire() == (data == b"871040")


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_whatever_make_it_raise(pieces: list[bytes]) -> None:
    splitter = LineSplitter()
    for piece in pieces:
        assert all(code is None or code for code in splitter.feed(piece))
    splitter.expire()
    assert not splitter.pending
