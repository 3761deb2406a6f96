"""Keys in order however the bytes come in, and a wedge scanner's line told from typing."""

from __future__ import annotations

import os
import queue
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa_tui.screens import keyboard
from kassa_tui.screens.keyboard import BURST, KassaDriver, Stroke, split_bursts
from tests.screens.hand import BREAD_CODE

WAIT_S = 10.0
DIGITS = st.text("0123456789", min_size=8, max_size=14)
PIECES = st.one_of(
    DIGITS.map(lambda code: code + "\r"),
    st.text("0123456789*+=,@ab\r", max_size=10),
    st.sampled_from(["\r", "]C1010871040028050710AB\x1d17261231\r", "é", "€", "50,\r", "3*"]),
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_nothing_is_lost_or_changed(text: str) -> None:
    pieces = list(split_bursts(text))
    assert "".join(piece + "\r" * scanned for scanned, piece in pieces) == text


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_scan_stands_at_the_beginning_of_a_line(text: str) -> None:
    at = 0
    for scanned, piece in split_bursts(text):
        if scanned:
            assert at == 0 or text[at - 1] == "\r"
            assert BURST.fullmatch(piece + "\r")
        at += len(piece) + scanned


@given(DIGITS)
def test_digits_behind_typing_are_no_scan(code: str) -> None:
    assert list(split_bursts(f"x{code}\r")) == [(False, f"x{code}\r")]


class Heard:
    """What the application was told, in order; each an event to wait for."""

    def __init__(self) -> None:
        self.got: queue.Queue[list[Stroke] | None] = queue.Queue()

    def strokes(self, strokes: list[Stroke]) -> None:
        """Keys and scans."""
        self.got.put(list(strokes))

    def hung_up(self) -> None:
        """The end."""
        self.got.put(None)


class Loop:
    """Calls at once, on the input thread."""

    def call_soon_threadsafe(self, work: Any, *args: Any) -> None:
        """Do it."""
        work(*args)


def read_by(chunks: list[bytes]) -> list[Stroke]:
    """Strokes of these reads; each read is taken before the next is written, and behind a lone Esc one waits for it."""
    heard, (readable, writable) = Heard(), os.pipe()
    driver = cast("Any", object.__new__(KassaDriver))
    driver._app, driver._loop, driver._debug, driver.fileno = heard, Loop(), False, readable
    driver.exit_event, driver.process_message = threading.Event(), lambda message: None
    taken, found = threading.Semaphore(0), list[Stroke]()
    original = os.read

    def read(fd: int, size: int) -> bytes:
        data = original(fd, size)
        taken.release()
        return data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyboard, "os", SimpleNamespace(read=read, environ=os.environ))
        thread = threading.Thread(target=driver.run_input_thread, daemon=True)
        thread.start()
        for chunk in chunks:
            os.write(writable, chunk)
            assert taken.acquire(timeout=WAIT_S)
            if chunk.endswith(b"\x1b"):
                found += heard.got.get(timeout=WAIT_S) or []
        os.close(writable)
        thread.join(WAIT_S)
    os.close(readable)
    assert not thread.is_alive()
    while (strokes := heard.got.get(timeout=WAIT_S)) is not None:
        found += strokes
    return found


def as_keys(strokes: list[Stroke]) -> list[Stroke]:
    """The same with every scan typed out."""
    keys: list[Stroke] = []
    for stroke in strokes:
        keys += [(c, c) for c in stroke] + [("enter", "\r")] if isinstance(stroke, str) else [stroke]
    return keys


KEYS = st.lists(st.sampled_from(["1", "5", "0", "a", "é", "€", "*", ",", "\r", "\x1b[A", "\x1b[24~", "\x1bOP"]),
                min_size=1, max_size=8)  # fmt: skip


@settings(max_examples=25)
@given(KEYS, st.data())
def test_any_split_gives_the_same_keys(keys: list[str], data: st.DataObject) -> None:
    text = "".join(keys).encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(text) - 1, 1)), max_size=4)))
    inside = [cut for cut in cuts if not _splits_escape(text, cut)]
    chunks = [text[a:b] for a, b in zip([0, *inside], [*inside, len(text)], strict=True) if a < b]
    assert as_keys(read_by(chunks)) == as_keys(read_by([text]))


def _splits_escape(text: bytes, cut: int) -> bool:
    """Right behind an Esc a pause means the key Esc itself: a console sends a sequence in one piece."""
    return text[cut - 1 : cut] == b"\x1b"


def test_a_code_in_one_piece_is_a_scan() -> None:
    assert read_by([f"{BREAD_CODE}\r".encode()]) == [BREAD_CODE]
    assert read_by([f"{BREAD_CODE}\r{BREAD_CODE}\r".encode()]) == [BREAD_CODE, BREAD_CODE]


def test_keys_keep_their_order_around_a_scan() -> None:
    strokes = read_by([f"3*\r{BREAD_CODE}\r+".encode()])
    assert strokes == [("3", "3"), ("asterisk", "*"), ("enter", "\r"), BREAD_CODE, ("plus", "+")]


def test_a_slow_hand_never_scans() -> None:
    code = f"{BREAD_CODE}\r".encode()
    strokes = read_by([code[at : at + 1] for at in range(len(code))])
    assert BREAD_CODE not in strokes
    assert strokes == as_keys([BREAD_CODE])


def test_escape_alone_and_escape_before_a_key() -> None:
    assert read_by([b"\x1b"]) == [("escape", None)]
    assert read_by([b"\x1b", b"1"]) == [("escape", None), ("1", "1")]
    assert read_by([b"\x1b[24~"]) == [("f12", None)]


def test_half_a_character_waits_for_its_other_half() -> None:
    euro = "€".encode()
    assert [stroke[1] for stroke in read_by([euro[:1], euro[1:]]) if not isinstance(stroke, str)] == ["€"]


def test_the_end_of_the_terminal_is_told() -> None:
    assert read_by([]) == []
