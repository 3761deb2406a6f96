"""Text in cells: product names are data from outside and may hold anything."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

_FLAGS = range(0x1F1E6, 0x1F200)
"""Letters that are flags in pairs: no two terminals agree on their width."""


def plain(text: str) -> str:
    """Text that can do nothing to a terminal: no control or invisible characters, accents as one character, nothing
    that a terminal may draw wider or narrower than it is counted here."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(" " if c in "\t\n\r" else c for c in composed if c in "\t\n\r" or _shown(c))


def centre(text: str, width: int) -> str:
    """In the middle of ``width`` cells."""
    return fit(" " * ((width - cells(text)) // 2) + text, width)


def _shown(character: str) -> bool:
    known = character.isprintable() or unicodedata.category(character) == "Zs"
    return known and cell_len(character) > 0 and ord(character) not in _FLAGS


@lru_cache(maxsize=8192)
def cells(text: str) -> int:
    """Cells that a text takes; remembered, for the same names and amounts are asked for over and over."""
    return len(text) if text.isascii() else cell_len(text)


def fit(text: str, width: int) -> str:
    """Cut or padded to ``width`` cells; a cut shows as ``…``."""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
    if cells(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


def right(text: str, width: int) -> str:
    """Flush right in ``width`` cells."""
    gap = width - cells(text)
    return " " * gap + text if gap >= 0 else fit(text, width)


def spread(left: str, end: str, width: int) -> str:
    """One text at each side."""
    room = width - cells(end)
    return fit(left, max(room, 0)) + end if room > 0 else fit(end, width)


def wrap(text: str, width: int) -> list[str]:
    """Broken between words; a word longer than the line is cut."""
    lines, line = [], ""
    for word in text.split():
        while cell_len(word) > width:
            head = set_cell_size(word, width)
            lines += [line, head] if line else [head]
            line, word = "", word[max(len(head.rstrip()), 1) :]
        if line and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line or not lines else lines


_BIG = {
    "0": ("█▀█", "█ █", "▀▀▀"), "1": (" ▀█", "  █", "  ▀"), "2": ("▀▀█", "█▀▀", "▀▀▀"), "3": ("▀▀█", " ▀█", "▀▀▀"),
    "4": ("█ █", "▀▀█", "  ▀"), "5": ("█▀▀", "▀▀█", "▀▀▀"), "6": ("█▀▀", "█▀█", "▀▀▀"), "7": ("▀▀█", "  █", "  ▀"),
    "8": ("█▀█", "█▀█", "▀▀▀"), "9": ("█▀█", "▀▀█", "▀▀▀"), ",": (" ", " ", "▄"), ".": (" ", " ", "▀"),
    "-": ("  ", "▀▀", "  "), " ": ("  ", "  ", "  "), "€": ("▄▀▀", "█▀ ", " ▀▀"),
}  # fmt: skip


def big(text: str) -> tuple[str, str, str]:
    """Digits three lines high, for what must be read from across the counter."""
    glyphs = [_BIG.get(c, _BIG[" "]) for c in text]
    return tuple(" ".join(glyph[i] for glyph in glyphs) for i in range(3))  # type: ignore[return-value]
