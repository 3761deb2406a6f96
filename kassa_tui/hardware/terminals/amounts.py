"""Cents as the decimal texts that terminals speak, and back, without a float in between."""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"(-?)(\d{1,9})(?:\.(\d{1,2})0*)?")


def euros(cents: int) -> str:
    """``3950`` as ``39.50``."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def cents(text: object) -> int | None:
    """``39.50``, ``39.5`` or ``39`` as cents; None where it is no amount in whole cents."""
    found = _AMOUNT.fullmatch(str(text).strip())
    if found is None or not found[0].isascii():
        return None
    value = int(found[2]) * 100 + int((found[3] or "0").ljust(2, "0"))
    return -value if found[1] else value


def moment(stamp: object) -> int | None:
    """UTC milliseconds of an ISO time, local where it names no zone; None where it is none."""
    from datetime import datetime

    try:
        return int(datetime.fromisoformat(str(stamp).strip()).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
