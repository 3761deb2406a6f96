"""What all parts of the command line share."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from kassa_tui.messages import Words

Add = Callable[[argparse.ArgumentParser, Words], object]
Group = tuple[tuple[str, str, str, Add | None], ...]
"""Commands of a command: name, what it does, an example, and its own arguments."""


def number(text: str) -> tuple[str, int]:
    """``8`` or ``WEB-8``: whose number it is, empty for the till itself, and the number. ValueError."""
    code, _, digits = text.rpartition("-")
    if not digits.isascii() or not digits.isdigit():
        raise ValueError(text)
    return code, int(digits)


def as_json(parser: argparse.ArgumentParser, spoken: Words) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help=spoken.t("als JSON"))
