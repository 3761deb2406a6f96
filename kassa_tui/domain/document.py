"""A receipt or report as a device-independent document: a tuple of elements, top to bottom."""

from __future__ import annotations

from dataclasses import dataclass

LEFT, CENTRE, RIGHT = "left", "centre", "right"


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text, cut at the paper's width. The text is data: control characters are not obeyed."""

    text: str
    align: str = LEFT
    bold: bool = False
    tall: bool = False
    """Double height and double width: half as many columns."""


@dataclass(frozen=True, slots=True)
class Row:
    """Text at the left, an amount or word flush right; a left side too long wraps onto lines of its own before it."""

    left: str
    right: str
    bold: bool = False
    tall: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Blank lines."""

    lines: int = 1


@dataclass(frozen=True, slots=True)
class Logo:
    """The shop's logo from the configuration; nothing where there is none."""


@dataclass(frozen=True, slots=True)
class Barcode:
    """Code 128 of an ASCII text, with the text below it."""

    data: str


@dataclass(frozen=True, slots=True)
class QR:
    """QR code of a text, drawn by the printer itself."""

    data: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Feed past the knife and cut."""


Element = Text | Row | Rule | Feed | Logo | Barcode | QR | Cut
Document = tuple[Element, ...]
