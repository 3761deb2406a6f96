"""Where one ESC/POS command ends and the next begins, for a printer that gets its bytes in any pieces.

Its own tables, shared with neither the renderer nor the reader of the till: a simulator that made the same mistake as
what it is to test would find nothing.
"""

from __future__ import annotations

_TEXT = 0x20
_PARAMETERS = {
    0x1B: {"@": 0, "2": 0, "L": 0, "S": 0, "i": 0, "m": 0, "v": 0, "c": 2, "p": 3, "$": 2, "\\": 2, "W": 8, "B": 2},
    0x1D: {"V": 1, "P": 2, "L": 2, "W": 2, "$": 2, "\\": 2, "^": 3, ":": 0},
    0x1C: {"&": 0, ".": 0, "S": 2, "p": 2},
    0x10: {"\x04": 1, "\x05": 1},
}
"""Bytes that follow a command's two; one where a command is not named here."""
_LEAD = frozenset(_PARAMETERS)


def token_length(data: bytes | bytearray, at: int) -> int | None:
    """Bytes of the command, character or run of text at ``at``; None where not all of it is there yet."""
    lead = data[at]
    if lead not in _LEAD:
        return 1
    if len(data) < at + 2:
        return None
    length = _command(data, at, lead, chr(data[at + 1]))
    return length if length is not None and len(data) >= at + length else None


def _command(data: bytes | bytearray, at: int, lead: int, name: str) -> int | None:
    if (lead, name) in ((0x1D, "("), (0x1C, "(")):
        return _sized(data, at, 3, 2)
    if (lead, name) == (0x1D, "8"):
        return _sized(data, at, 3, 4)
    if (lead, name) == (0x10, "\x14"):
        return 5
    if (lead, name) == (0x1D, "v"):
        return _area(data, at + 4, 8)
    if (lead, name) == (0x1D, "k"):
        return _barcode(data, at)
    if (lead, name) == (0x1B, "*"):
        return _strip(data, at)
    if (lead, name) == (0x1B, "D"):
        return _to_nul(data, at)
    if (lead, name) == (0x1D, "V") and len(data) > at + 2 and data[at + 2] >= 65:
        return 4
    return 2 + _PARAMETERS[lead].get(name, 1)


def _sized(data: bytes | bytearray, at: int, head: int, size: int) -> int | None:
    """A command with its length in ``size`` bytes behind ``head`` others."""
    end = at + head + size
    return head + size + int.from_bytes(data[at + head : end], "little") if len(data) >= end else None


def _area(data: bytes | bytearray, at: int, head: int) -> int | None:
    """Raster: bytes across and rows down, two bytes each, behind them the dots."""
    if len(data) < at + 4:
        return None
    return head + (data[at] | data[at + 1] << 8) * (data[at + 2] | data[at + 3] << 8)


def _barcode(data: bytes | bytearray, at: int) -> int | None:
    if len(data) < at + 4:
        return None
    return _to_nul(data, at) if data[at + 2] <= 6 else 4 + data[at + 3]


def _strip(data: bytes | bytearray, at: int) -> int | None:
    if len(data) < at + 5:
        return None
    return 5 + (data[at + 3] | data[at + 4] << 8) * (3 if data[at + 2] >= 32 else 1)


def _to_nul(data: bytes | bytearray, at: int) -> int | None:
    end = data.find(0, at + 3)
    return end + 1 - at if end >= 0 else None
