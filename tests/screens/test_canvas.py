"""What the canvas sends turns one screen into the next, cell for cell and ink for ink, and it sends little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import PropertyMock, patch

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region

from kassa_tui.screens.canvas import Canvas
from kassa_tui.screens.ink import CODES, STYLES, Row
from kassa_tui.screens.text import fit, plain
from tests.screens.hand import BREAD, CAN, GIN, Hand
from tests.screens.test_goldens import SCENES

WIDTH, HEIGHT = 30, 6
SCAN_BYTES = 300
"""Most that a scan may send at 80x25: 26 ms over a serial line of 115200 baud."""

INKS = st.sampled_from(sorted(CODES))
TEXTS = st.one_of(
    st.text(st.sampled_from("ab 1,€é─█"), max_size=12),
    st.text(st.sampled_from("日本酒🫠aé "), max_size=8),
    st.text(max_size=6).map(plain),
)


def _cut(spans: list[tuple[str, str]]) -> Row:
    """Spans that take no more than the width, as every view lays them."""
    row, room = [], WIDTH
    for text, ink in spans:
        shown = fit(text, room) if room and len(fit(text, room).rstrip()) and _cells(text) > room else text
        if _cells(shown) > room:
            break
        row.append((shown, ink))
        room -= _cells(shown)
    return tuple(row)


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


ROWS = st.lists(st.lists(st.tuples(TEXTS, INKS), max_size=4).map(_cut), min_size=HEIGHT, max_size=HEIGHT)


class Terminal:
    """A small terminal for what the canvas writes."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self.stream, self.sent = pyte.Stream(self.screen), ""

    def write(self, data: str) -> None:
        """Show it."""
        self.sent += data
        self.stream.feed(data)

    def shown(self) -> list[list[object]]:
        """Character, colours and weight of every cell."""
        buffer = self.screen.buffer
        return [
            [(c.data, c.fg, c.bg, c.bold) for c in (buffer[y][x] for x in range(self.screen.columns))]
            for y in range(self.screen.lines)
        ]


@contextmanager
def canvas(terminal: Terminal) -> Iterator[Canvas]:
    """A canvas on this terminal, without an application."""
    found = Canvas()
    app = SimpleNamespace(_driver=SimpleNamespace(write=terminal.write))
    with patch.object(Canvas, "app", new_callable=PropertyMock, return_value=app), patch.object(Canvas, "refresh"):
        yield found


def painted(found: Canvas, terminal: Terminal, rows: list[Row], width: int) -> None:
    """A whole repaint, the way Textual makes one from the canvas's strips."""
    found.paint(rows, width)
    for y, strip in enumerate(found.render_lines(Region(0, 0, width, len(rows)))):
        terminal.write(f"\x1b[{y + 1};1H\x1b[0m" + "".join(
            segment.style.render(segment.text) if segment.style else segment.text for segment in strip
        ) + "\x1b[0m")  # fmt: skip


@given(ROWS, ROWS, ROWS)
def test_changes_add_up_to_the_screen(first: list[Row], second: list[Row], third: list[Row]) -> None:
    changed, afresh = Terminal(), Terminal()
    with canvas(changed) as found:
        painted(found, changed, first, WIDTH)
        found.paint(second, WIDTH)
        found.paint(third, WIDTH)
    with canvas(afresh) as found:
        painted(found, afresh, [()] * HEIGHT, WIDTH)
        found.paint(third, WIDTH)
    assert changed.shown() == afresh.shown()


@given(ROWS)
def test_a_change_draws_what_a_repaint_draws(rows: list[Row]) -> None:
    whole, changed = Terminal(), Terminal()
    with canvas(whole) as found:
        painted(found, whole, rows, WIDTH)
    with canvas(changed) as found:
        painted(found, changed, [()] * HEIGHT, WIDTH)
        found.paint(rows, WIDTH)
    assert whole.shown() == changed.shown()


@given(ROWS)
def test_nothing_new_sends_nothing(rows: list[Row]) -> None:
    terminal = Terminal()
    with canvas(terminal) as found:
        painted(found, terminal, rows, WIDTH)
        before = terminal.sent
        found.paint(list(rows), WIDTH)
        found.paint([tuple(row) for row in rows], WIDTH)
    assert terminal.sent == before


def test_a_new_size_is_painted_anew() -> None:
    terminal = Terminal()
    with canvas(terminal) as found:
        painted(found, terminal, [(("een", "text"),)] * HEIGHT, WIDTH)
        before = terminal.sent
        found.paint([(("twee", "text"),)] * (HEIGHT - 1), WIDTH - 1)
        found.paint([(("drie", "text"),)] * (HEIGHT - 1), WIDTH - 1)
    assert terminal.sent == before, "single cells were written over a screen that Textual had not drawn yet"


def test_every_ink_has_one_look() -> None:
    assert STYLES.keys() == CODES.keys()
    for ink, code in CODES.items():
        ours, theirs = Terminal(1, 1), Terminal(1, 1)
        ours.write(f"\x1b[{code}mx")
        theirs.write(STYLES[ink].render("x"))
        assert ours.shown() == theirs.shown(), ink


@pytest.mark.parametrize("scene", ["sell-lines", "sell-many", "sell-done", "sell-age", "sell-empty"])
def test_a_scan_sends_little(scene: str, till_at: Callable[..., Hand]) -> None:
    h = till_at(prints=True).ready()
    SCENES[scene](h)
    h.sell(BREAD)
    terminal, sizes = Terminal(80, 25), []
    with canvas(terminal) as found:
        painted(found, terminal, h.rows(), 80)
        for _ in range(3):
            for sku in (BREAD, CAN, "10", GIN):
                terminal.sent = ""
                lines = len(h.till.ticket.lines) if h.till.ticket else 0
                h.enter(sku)
                found.paint(h.rows(), 80)
                assert h.till.ticket is not None
                assert len(h.till.ticket.lines) > lines
                sizes.append(len(terminal.sent.encode()))
        fresh = Terminal(80, 25)
        with canvas(fresh) as other:
            painted(other, fresh, h.rows(), 80)
        assert terminal.shown() == fresh.shown()
    sizes.sort()
    assert sizes[len(sizes) // 2] <= SCAN_BYTES, sizes
