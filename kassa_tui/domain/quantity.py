"""Quantities as integer thousandths: pieces and kilograms without floats."""

from __future__ import annotations

ONE = 1000
MAX_PIECES_DIGITS = 4
"""A longer number is a code, never a quantity: a barcode cannot end up as 8,710,400 pieces (peers 5.1.2)."""


def parse_quantity(text: str) -> int | None:
    """Thousandths from ``3`` or ``0,450``; None where it is no quantity, is zero, or has too many digits."""
    whole, _, fraction = text.replace(".", ",").partition(",")
    if not text.isascii() or not (whole or fraction) or len(whole) > MAX_PIECES_DIGITS or len(fraction) > 3:
        return None
    if (whole and not whole.isdigit()) or (fraction and not fraction.isdigit()):
        return None
    thousandths = int(whole or "0") * ONE + int(fraction.ljust(3, "0"))
    return thousandths or None


def format_quantity(thousandths: int, unit: str = "each") -> str:
    """``3000`` as ``3``; kilograms always with three decimals: ``0,450``."""
    whole, rest = divmod(abs(thousandths), ONE)
    sign = "-" if thousandths < 0 else ""
    if unit == "kg" or rest:
        return f"{sign}{whole},{rest:03d}"
    return f"{sign}{whole}"
