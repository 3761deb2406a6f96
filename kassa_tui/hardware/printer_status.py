"""What a receipt printer says about itself: the real-time status of ESC/POS, and its answers among the bytes it sends.

``DLE EOT n`` is answered as soon as it arrives, also by a printer that is off-line or has a full buffer, so it says how
the printer is and not how far it has come. ``GS r 1`` is answered when its turn comes in the buffer: behind a job it
proves that the job was printed. Bits follow Epson's command reference; other makes copy them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

PRINTER, OFFLINE, ERROR, PAPER = 1, 2, 3, 4
"""The four questions: printer with drawer pin, cause of being off-line, cause of an error, paper sensors."""
FENCE = b"\x1dr\x01"
"""GS r 1: one byte comes back when everything before it has been worked off."""

_CODES = {
    "cover_open": "printer_cover_open",
    "paper_end": "printer_paper_out",
    "error": "printer_error",
    "offline": "printer_offline",
    "near_end": "printer_paper_low",
}
"""Field of a status → what it means, the worst first. An open cover takes the paper from its sensor, too."""

_OFF, _HIGH = 0x08, 0x04
_COVER, _PAPER_STOP, _ERROR = 0x04, 0x20, 0x40
_CUTTER, _FATAL, _HOT = 0x08, 0x20, 0x40
_NEAR_END, _END = 0x0C, 0x60
_BLOCK_REST = 3


def question(number: int) -> bytes:
    """DLE EOT n."""
    return b"\x10\x04" + bytes((number,))


class Status(NamedTuple):
    """How a printer is, as far as it told."""

    offline: bool = False
    cover_open: bool = False
    paper_end: bool = False
    near_end: bool = False
    error: str = ""
    """``cutter``, ``fatal`` (switch it off and on), ``heat`` (recovers by itself), ``other``; empty is none."""
    drawer_high: bool = False
    """Level of the drawer connector's pin 3. Which level is an open drawer depends on the drawer."""


def status_of(answers: Mapping[int, int]) -> Status:
    """From the bytes that came back, by number of the question; what was not answered is not wrong."""
    printer, cause = answers.get(PRINTER, 0), answers.get(OFFLINE, 0)
    fault, paper = answers.get(ERROR, 0), answers.get(PAPER, 0)
    error = "cutter" if fault & _CUTTER else "fatal" if fault & _FATAL else "heat" if fault & _HOT else ""
    return Status(
        offline=bool(printer & _OFF),
        cover_open=bool(cause & _COVER),
        paper_end=bool(cause & _PAPER_STOP or paper & _END),
        near_end=bool(paper & _NEAR_END),
        error=error or ("other" if cause & _ERROR else ""),
        drawer_high=bool(printer & _HIGH),
    )


def advice(status: Status) -> str:
    """Code of what wants doing at the printer, empty where nothing does."""
    return next((code for name, code in _CODES.items() if getattr(status, name)), "")


def trouble(status: Status) -> str:
    """Code of what keeps the printer from printing, empty where nothing does."""
    return advice(status._replace(near_end=False))


class Answers:
    """Sorts what a printer sends. Bytes that are no answer (XON, XOFF, text) are passed over."""

    def __init__(self) -> None:
        self.states: deque[int] = deque()
        """Answers to DLE EOT, oldest first; which question they belong to only their order says."""
        self.fences = 0
        """Answers to GS r."""
        self._skip = 0

    def take(self, data: bytes) -> None:
        """Sort some bytes."""
        for byte in data:
            if self._skip:
                self._skip -= 1
            elif byte & 0x93 == 0x12:
                self.states.append(byte)
            elif byte & 0x93 == 0x10:
                # A printer set to report by itself (ASB) does so in four bytes, of which only the first is marked.
                self._skip = _BLOCK_REST
            elif byte & 0x90 == 0:
                self.fences += 1
