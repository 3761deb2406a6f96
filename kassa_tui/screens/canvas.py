"""The one widget of the till: rows of text, of which only the cells that changed are painted.

A stock widget costs 3 to 50 ms a change because it lays out and wraps again; a row here costs a fifth of a
millisecond, and a scan sends about 250 bytes to the terminal. Everything that Textual does not promise is in here.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kassa_tui.screens.ink import STYLES, TEXT, Row


class Canvas(Widget):
    """Shows rows; fills the screen."""

    can_focus = False
    DEFAULT_CSS = "Canvas { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row] = []
        self._strips: dict[Row, Strip] = {}
        self._width = 0

    def paint(self, rows: Sequence[Row], width: int) -> None:
        """Show ``rows``; only what differs from before goes to the terminal."""
        old = self._rows
        self._rows = list(rows)
        if width != self._width or len(old) != len(rows):
            self._width = width
            self._strips.clear()
            self.refresh()
            return
        for y, (before, after) in enumerate(zip(old, rows, strict=True)):
            if before is not after and before != after:
                first, last = _differing(before, after, width)
                if first < last:
                    self.refresh(Region(first, y, last - first, 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in ``crop``, as strips."""
        return [self._strip(y, crop.x, crop.width) for y in range(crop.y, crop.bottom)]

    def _strip(self, y: int, x: int, width: int) -> Strip:
        row = self._rows[y] if y < len(self._rows) else ()
        strip = self._strips.get(row)
        if strip is None:
            if len(self._strips) > 500:
                self._strips.clear()
            strip = self._strips[row] = _strip_of(row, self._width or width)
        return strip if x == 0 and width >= strip.cell_length else strip.crop(x, x + width)


def _strip_of(row: Row, width: int) -> Strip:
    segments = [Segment(text, STYLES[ink]) for text, ink in row if text]
    used = sum(segment.cell_length for segment in segments)
    if used < width:
        segments.append(Segment(" " * (width - used), STYLES[TEXT]))
        return Strip(segments, width)
    return Strip(segments, used).crop(0, width)


def _differing(before: Row, after: Row, width: int) -> tuple[int, int]:
    """First and last cell at which two rows differ; the whole row where characters are not one cell wide."""
    old, new = _cells(before, width), _cells(after, width)
    if old is None or new is None:
        return 0, width
    first = 0
    while first < width and old[first] == new[first]:
        first += 1
    last = width
    while last > first and old[last - 1] == new[last - 1]:
        last -= 1
    return first, last


def _cells(row: Row, width: int) -> list[tuple[str, str]] | None:
    cells: list[tuple[str, str]] = []
    for text, ink in row:
        if not text.isascii() and cell_len(text) != len(text):
            return None
        cells += [(character, ink) for character in text]
    return (cells + [(" ", TEXT)] * (width - len(cells)))[:width]
