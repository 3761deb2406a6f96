"""What goes over the lines to devices, for whoever keeps it: the till's black box, which explains faults afterwards.

A driver is given a tap and tells it each piece it wrote or read, after the work that somebody waits for. What may not
be kept is made unreadable before: text of receipts here, the messages of card terminals in ``terminals.hidden``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

TO, FROM = "to", "from"
HEAD_BYTES = 192
"""Told of a piece of a printer's job."""

Traffic = Callable[[str, str, bytes, int], object]
"""Role of the device, `TO` or `FROM`, the bytes or the first of them, and how many they are in all. Called on the
device's thread; returns at once."""
Tap = Callable[[str, bytes, int], object]
"""`Traffic` of one device."""

_TEXT = re.compile(rb"([\x10\x1b-\x1d].[^\x20-\xff]?)|[\x20-\xff]", re.DOTALL)
_STAR = b"*"


def nobody(direction: str, data: bytes, size: int) -> None:
    """A tap that keeps nothing."""


def tap_of(traffic: Traffic | None, device: str) -> Tap:
    """The tap of one device."""
    if traffic is None:
        return nobody
    return lambda direction, data, size: traffic(device, direction, data, size)


def without_text(data: bytes) -> bytes:
    """ESC/POS of the same length, with its commands and without what they print: each byte that may be text is a star
    but the one that names a command. Parameters that look like text go, too; it is better to hide too much."""
    return _TEXT.sub(_hidden, data)


def _hidden(found: re.Match[bytes]) -> bytes:
    return found[1] or _STAR
