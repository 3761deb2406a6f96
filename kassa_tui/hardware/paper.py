"""What a receipt printer put on its paper: the values that `escpos_read` makes of bytes, and the page as plain text."""

from __future__ import annotations

from dataclasses import dataclass

DOTS_PER_COLUMN = 12
"""Width of a character of font A; font B has 9."""
DOTS_PER_LINE = 30
"""Height of a line at the spacing a printer starts with."""
LEFT, CENTRE, RIGHT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Style:
    """How characters look; ``wide`` and ``high`` are multiples from 1 to 8."""

    bold: bool = False
    wide: int = 1
    high: int = 1
    underline: bool = False
    inverse: bool = False
    small: bool = False
    """Font B, 9 dots wide."""

    @property
    def cell(self) -> int:
        """Width of one character in dots."""
        return (9 if self.small else DOTS_PER_COLUMN) * self.wide


@dataclass(frozen=True, slots=True)
class Span:
    """Characters in one style."""

    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line."""

    spans: tuple[Span, ...]
    align: int
    spacing: int
    """Dots from this line to the next, unless its characters are taller."""

    @property
    def text(self) -> str:
        """Its characters without their looks."""
        return "".join(span.text for span in self.spans)

    @property
    def dots(self) -> int:
        """Width of its characters."""
        return sum(len(span.text) * span.style.cell for span in self.spans)


@dataclass(frozen=True, slots=True)
class Space:
    """Paper fed, in dots."""

    dots: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A raster image: rows of whole bytes, the leftmost dot in the highest bit, 1 is black."""

    width: int
    height: int
    rows: bytes
    align: int
    scale: tuple[int, int] = (1, 1)
    """Paper dots across and down for each dot of the image."""


@dataclass(frozen=True, slots=True)
class QRMark:
    """A QR code that the printer was told to draw."""

    data: bytes
    dots: int
    """Side of a module."""
    level: int
    """Error correction: 0 L, 1 M, 2 Q, 3 H."""
    align: int

    @property
    def text(self) -> str:
        """What a reader would read."""
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class BarMark:
    """A bar code that the printer was told to draw."""

    kind: str
    """Name of the symbology as python-barcode has it, e.g. ``code128``; empty where it has none."""
    text: str
    height: int
    module: int
    """Width of the thinnest bar in dots."""
    words: int
    """Where the text stands: 0 nowhere, 1 above, 2 below, 3 both."""
    align: int


@dataclass(frozen=True, slots=True)
class CutMark:
    """The knife."""

    partial: bool


@dataclass(frozen=True, slots=True)
class KickMark:
    """A pulse to the cash drawer."""

    pin: int
    on_ms: int
    off_ms: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes that are no command this reader knows, or a command cut off at the end."""

    offset: int
    data: bytes


Item = Line | Space | Picture | QRMark | BarMark | CutMark | KickMark


@dataclass(frozen=True, slots=True)
class Page:
    """Everything one byte string made a printer do, top to bottom."""

    columns: int
    items: tuple[Item, ...]
    unknown: tuple[Unknown, ...] = ()

    def text(self) -> str:
        """The page as plain lines; trailing blanks dropped, centred and right-hand lines moved in by columns."""
        return "\n".join(line for item in self.items for line in self._lines(item))

    def _lines(self, item: Item) -> list[str]:
        match item:
            case Line():
                spare = self.columns - item.dots // DOTS_PER_COLUMN
                return [self._placed(item.text, item.align, spare)]
            case Space():
                return [""] * round(item.dots / DOTS_PER_LINE)
            case CutMark():
                return ["-" * self.columns]
        words = _words(item)
        align = LEFT if isinstance(item, KickMark) else item.align
        return [self._placed(words, align, self.columns - len(words))]

    def _placed(self, text: str, align: int, spare: int) -> str:
        indent = max(0, {LEFT: 0, CENTRE: spare // 2, RIGHT: spare}[align])
        return (" " * indent + text).rstrip()


def _words(item: Picture | QRMark | BarMark | KickMark) -> str:
    match item:
        case Picture():
            return f"[{item.width}x{item.height}]"
        case QRMark():
            return f"[QR {item.text}]"
        case BarMark():
            return f"[|| {item.text} ||]"
        case KickMark():
            return f"[kick {item.pin}]"
