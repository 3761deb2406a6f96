"""JSON as this program prints it: readable, and with nothing in it that a terminal would obey."""

from __future__ import annotations

import json
from typing import Any


def dump(value: Any, *, indent: int | None = None) -> str:
    """``value`` as JSON; one line unless ``indent`` is given. Whatever cannot be printed stands there escaped."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, default=str)
    if indent is None and text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
