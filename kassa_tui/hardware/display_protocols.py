"""What customer displays of two lines understand, as pure functions from two lines to bytes.

ESC/POS and CD5220 as in standards 9.4; a DSP-800 has 40 places in one row, numbered from 0x31. Text arrives here as
bytes of the display's own page without any control character.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

CODEPAGES: dict[str, int] = {"CP437": 0, "CP850": 2, "CP852": 18, "CP858": 19, "CP866": 17, "CP1252": 16}
"""Code page → its number after ``ESC t``."""


@dataclass(frozen=True, slots=True)
class Language:
    """One way of speaking to a display."""

    begin: Callable[[int], bytes]
    """From the number of the code page: sent once."""
    frame: Callable[[bytes, bytes], bytes]
    """From both lines, each as wide as the display."""


def _escpos_begin(page: int) -> bytes:
    return b"\x1b@" + b"\x1bt" + bytes((page,)) + b"\x1f\x01" + b"\x1fC\x00" + b"\x0c"


def _escpos_frame(upper: bytes, lower: bytes) -> bytes:
    return b"\x1f$\x01\x01" + upper + b"\x1f$\x01\x02" + lower


def _cd5220_begin(page: int) -> bytes:
    return b"\x1b@" + b"\x1bt" + bytes((page,)) + b"\x1b\x11" + b"\x1b_\x00" + b"\x0c"


def _cd5220_frame(upper: bytes, lower: bytes) -> bytes:
    return b"\x1bQA" + upper + b"\r" + b"\x1bQB" + lower + b"\r"


def _dsp800_begin(page: int) -> bytes:
    return b"\x04\x01%\x17" + b"\x04\x01C1X\x17"


def _dsp800_frame(upper: bytes, lower: bytes) -> bytes:
    second = bytes((0x31 + len(upper),))
    return b"\x04\x01P1\x17" + upper + b"\x04\x01P" + second + b"\x17" + lower


LANGUAGES: dict[str, Language] = {
    "escpos": Language(_escpos_begin, _escpos_frame),
    "cd5220": Language(_cd5220_begin, _cd5220_frame),
    "dsp800": Language(_dsp800_begin, _dsp800_frame),
}
"""Kind in the configuration → its language."""


def fitted(pair: tuple[bytes, bytes], columns: int) -> bytes:
    """One line: text on the left, amount on the right and whole; the text gives way."""
    left, right = pair
    right = right[:columns]
    room = columns - len(right)
    if left and right:
        left = left[: max(room - 1, 0)]
    return left[:room].ljust(room) + right
