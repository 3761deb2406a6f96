"""The inks of the till: sixteen-colour styles by name, so that meaning is named once and never by colour alone."""

from __future__ import annotations

from rich.style import Style

TEXT, BOLD, FAINT, HEAD, SELECT, BAD, GOOD, ASK, BACK, TRAIN, INFO = (
    "text", "bold", "faint", "head", "select", "bad", "good", "ask", "back", "train", "info",
)  # fmt: skip

CODES: dict[str, str] = {
    TEXT: "0", BOLD: "0;1", FAINT: "0;36", HEAD: "0;1;37;44", SELECT: "0;30;47", BAD: "0;1;37;41", GOOD: "0;1;32",
    ASK: "0;30;43", BACK: "0;1;37;45", TRAIN: "0;30;46", INFO: "0;30;46",
}  # fmt: skip
"""ECMA-48 colours of the terminal itself. White on red is an error, black on yellow a question, white on magenta goods
that go back."""

STYLES: dict[str, Style] = {ink: Style.null() for ink in CODES}
"""The same for a whole repaint, which Textual does."""
_COLOURS = {"30": "black", "32": "green", "36": "cyan", "37": "white"}
_GROUNDS = {"41": "red", "43": "yellow", "44": "blue", "45": "magenta", "46": "cyan", "47": "white"}
for _ink, _code in CODES.items():
    _parts = _code.split(";")
    STYLES[_ink] = Style(
        color=next((_COLOURS[part] for part in _parts if part in _COLOURS), "default"),
        bgcolor=next((_GROUNDS[part] for part in _parts if part in _GROUNDS), "default"),
        bold="1" in _parts,
    )

Span = tuple[str, str]
"""Text and the name of its ink."""
Row = tuple[Span, ...]
"""One line of the screen; what it leaves open is blank."""

BLANK: Row = ()
