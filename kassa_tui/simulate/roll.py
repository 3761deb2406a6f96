"""The paper that comes out of a simulated printer, torn off receipt by receipt and drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from kassa_tui.simulate.escpos_tokens import token_length
from kassa_tui.simulate.printer import PrinterSim

QUIET_S = 1.0
"""A printer without a knife is at the end of a receipt when nothing more comes."""
_KNIFE = (b"\x1dV", b"\x1bi", b"\x1bm")
_NOTHING = frozenset((b"\x1b@", b"\x1dr", b"\x1dI"))
"""Commands that leave nothing on paper: alone they are no receipt."""


def first_receipt(paper: bytes) -> int:
    """Bytes up to and with the first cut; 0 where there is none yet."""
    at = 0
    while at < len(paper):
        length = token_length(paper, at)
        if length is None:
            return 0
        if paper[at : at + 2] in _KNIFE:
            return at + length
        at += length
    return 0


def is_blank(paper: bytes) -> bool:
    """Whether nothing of it can be seen."""
    at = 0
    while at < len(paper):
        length = token_length(paper, at) or len(paper) - at
        if paper[at] >= 0x20 or (paper[at] in (0x1B, 0x1D) and paper[at : at + 2] not in _NOTHING):
            return False
        at += length
    return True


class Roll:
    """Takes receipts from a printer until it is told to stop."""

    def __init__(self, printer: PrinterSim, stopped: Callable[[], bool], quiet_s: float = QUIET_S) -> None:
        self._printer, self._stopped, self._quiet_s = printer, stopped, quiet_s

    def receipts(self) -> Iterator[bytes]:
        """Each as the bytes that made it; waits for the next one."""
        while not self._stopped():
            size = len(self._printer.paper)
            grown = self._printer.wait_for(lambda it, size=size: len(it.paper) > size or self._stopped(),  # type: ignore[misc]
                                           self._quiet_s)  # fmt: skip
            while count := first_receipt(self._printer.paper):
                yield self._printer.tear_off(count)
            if not grown and size and not is_blank(self._printer.paper):
                yield self._printer.tear_off(size)


def draw(receipt: bytes, columns: int, folder: Path | None, number: int) -> str:
    """A receipt as text, or as a picture in ``folder``: then where it is. OSError where it cannot be written."""
    from kassa_tui.hardware.escpos_read import read

    page = read(receipt, columns)
    if folder is None:
        return page.text()
    from kassa_tui.hardware.escpos_draw import draw_png

    path = folder / f"{number:06d}.png"
    draw_png(page, path)
    return str(path)
