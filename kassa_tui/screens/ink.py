"""The inks of the till: sixteen-colour styles by name, so that meaning is named once and never by colour alone."""

from __future__ import annotations

from rich.style import Style

TEXT, BOLD, FAINT, HEAD, SELECT, BAD, GOOD, ASK, BACK, TRAIN, INFO = (
    "text", "bold", "faint", "head", "select", "bad", "good", "ask", "back", "train", "info",
)  # fmt: skip

STYLES: dict[str, Style] = {
    TEXT: Style(color="default", bgcolor="default"),
    BOLD: Style(color="default", bgcolor="default", bold=True),
    FAINT: Style(color="cyan", bgcolor="default"),
    HEAD: Style(color="white", bgcolor="blue", bold=True),
    SELECT: Style(color="black", bgcolor="white"),
    BAD: Style(color="white", bgcolor="red", bold=True),
    GOOD: Style(color="green", bgcolor="default", bold=True),
    ASK: Style(color="black", bgcolor="yellow"),
    BACK: Style(color="white", bgcolor="magenta", bold=True),
    TRAIN: Style(color="black", bgcolor="cyan"),
    INFO: Style(color="black", bgcolor="cyan"),
}
"""White on red is an error, black on yellow a question, white on magenta goods that go back."""

Span = tuple[str, str]
"""Text and the name of its ink."""
Row = tuple[Span, ...]
"""One line of the screen; what it leaves open is blank."""

BLANK: Row = ()
