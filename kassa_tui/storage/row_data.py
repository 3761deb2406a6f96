"""Reading the values of a row from outside: each is what its column takes, or the row is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

MAX_TEXT_CHARS = 4000
MOST = 2**53
"""Larger numbers lose their last digits on their way through JSON."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class BadRow(ValueError):
    """A row that cannot be taken over; its text names the value."""


def text(data: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text of ordinary length."""
    value = data.get(name, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        raise BadRow(name)
    return value.encode("utf-8", "replace").decode()


def number(data: Mapping[str, Any], name: str, default: int | None = None, *, least: int | None = 0) -> int:
    """A whole number, not below ``least``."""
    value = data.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MOST:
        raise BadRow(name)
    if least is not None and value < least:
        raise BadRow(name)
    return value


def flag(data: Mapping[str, Any], name: str, default: int = 0) -> int:
    """Yes or no, as 1 or 0."""
    value = data.get(name, default)
    if value not in (0, 1):
        raise BadRow(name)
    return int(value)


def whole_date(data: Mapping[str, Any], name: str) -> str:
    """An ISO date."""
    value = optional_date(data, name)
    if value is None:
        raise BadRow(name)
    return value


def optional_date(data: Mapping[str, Any], name: str) -> str | None:
    """An ISO date, or none."""
    value = data.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise BadRow(name)
    try:
        date.fromisoformat(value)
    except ValueError as error:
        raise BadRow(name) from error
    return value
