"""The one widget of the till: rows of text, of which only the cells that changed are sent to the terminal.

A stock widget costs 3 to 50 ms a change because it lays out and wraps again, and even a bare one goes through five
message queues to the compositor. A change here is written to Textual's driver at once: a scan costs some 250 bytes and
a fraction of a millisecond. Whole repaints, at the start and at a new size, are Textual's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kassa_tui.screens.ink import CODES, STYLES, TEXT, Row, Span
from kassa_tui.screens.keyboard import KassaDriver
from kassa_tui.screens.text import cells


class Canvas(Widget):
    """Shows rows; fills the screen."""

    can_focus = False
    DEFAULT_CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._width = 0
        self._painted = False
        """Textual has drawn the whole canvas at this size, so that single cells may be written over it."""

    def paint(self, rows: Sequence[Row], width: int) -> None:
        """Show ``rows``; only what differs from before goes to the terminal."""
        old, self._rows = self._rows, list(rows)
        if width != self._width or len(old) != len(rows) or not self._painted:
            self._width, self._painted = width, False
            self.refresh()
            return
        found = []
        for y, (before, after) in enumerate(zip(old, rows, strict=True)):
            if before is not after and before != after:
                found.append(self._change(y, before, after))
        driver = self.app._driver  # Textual offers no public way to write
        if found and driver is not None:
            write = driver.write_now if isinstance(driver, KassaDriver) else driver.write
            write("".join(found) + "\x1b[0m")

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in ``crop``, for a whole repaint."""
        self._painted = self._painted or crop.height >= len(self._rows)
        return [self._strip(y).crop(crop.x, crop.right) for y in range(crop.y, crop.bottom)]

    def _strip(self, y: int) -> Strip:
        row = self._rows[y] if y < len(self._rows) else ()
        strip = Strip([Segment(text, STYLES[ink]) for text, ink in row if text])
        return strip.adjust_cell_length(self._width, STYLES[TEXT])

    def _change(self, y: int, before: Row, after: Row) -> str:
        """What turns one row into another, from its first different cell to its last."""
        old, new = self._flat(before), self._flat(after)
        if old is None or new is None:
            gap = max(self._width - sum(cells(text) for text, _ in after), 0)
            return _drawn(y, 0, [*after, (" " * gap, TEXT)])
        first, last = 0, self._width
        (old_text, old_inks), (text, inks) = old, new
        while first < last and old_text[first] == text[first] and old_inks[first] == inks[first]:
            first += 1
        while last > first and old_text[last - 1] == text[last - 1] and old_inks[last - 1] == inks[last - 1]:
            last -= 1
        return _drawn(y, first, _runs(text[first:last], inks[first:last])) if first < last else ""

    def _flat(self, row: Row) -> tuple[str, str] | None:
        """Text and inks of a row, a character each per cell; None where a character is not one cell wide."""
        if not all(part.isascii() or cells(part) == len(part) for part, _ in row):
            return None
        text = "".join([part for part, _ in row])
        inks = "".join([_LETTER[ink] * len(part) for part, ink in row])
        gap = self._width - len(text)
        if gap >= 0:
            return text + " " * gap, inks + _LETTER[TEXT] * gap
        return text[: self._width], inks[: self._width]


def _runs(text: str, inks: str) -> list[Span]:
    """Spans of one ink each."""
    if inks.count(inks[0]) == len(inks):
        return [(text, _INK[inks[0]])]
    at, runs = 0, []
    for letter, group in groupby(inks):
        size = len(list(group))
        runs.append((text[at : at + size], _INK[letter]))
        at += size
    return runs


def _drawn(y: int, x: int, spans: Sequence[Span]) -> str:
    """Spans at a place, as the terminal takes them."""
    return f"\x1b[{y + 1};{x + 1}H" + "".join([f"\x1b[{CODES[ink]}m{text}" for text, ink in spans])


_LETTER = {ink: chr(ord("a") + index) for index, ink in enumerate(CODES)}
_INK = {letter: ink for ink, letter in _LETTER.items()}
