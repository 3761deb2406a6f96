"""Money as integer cents: rounding, dividing without losing a cent, reading and writing amounts."""

from __future__ import annotations

from collections.abc import Sequence

MAX_CENTS = 99_999_999
"""Largest amount a person may type: one cent under a million euros; more is a slip of the hand."""


def half_away(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero, so that a refund mirrors its sale (standards 3.2)."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` in proportion to ``weights`` by largest remainder; the parts add up to ``total`` exactly.

    Weights may be negative (lines that go back); where they add up to zero, or ``total`` is zero, every part is zero.
    Ties go to the earlier part, so the same ticket always splits the same way, and a refund mirrors its sale.
    """
    whole = sum(weights)
    if not total or not whole:
        return [0] * len(weights)
    sign = 1 if (total > 0) == (whole > 0) else -1
    mirror = 1 if whole > 0 else -1
    shares, rests = [], []
    for weight in weights:
        share, rest = divmod(abs(total) * weight * mirror, abs(whole))
        shares.append(share)
        rests.append(rest)
    missing = abs(total) - sum(shares)
    for index in sorted(range(len(weights)), key=lambda i: -rests[i])[:missing]:
        shares[index] += 1
    return [share * sign * mirror for share in shares] if sign * mirror < 0 else shares


def parse_amount(text: str, *, cents_entry: bool = False) -> int | None:
    """Cents from ``12,34``, ``12.34``, ``20,`` or ``20``; None where it is no amount.

    With ``cents_entry`` digits alone are cents (``2000`` is € 20,00), the habit of cash registers.
    """
    sign = -1 if text.startswith("-") else 1
    body = text[1:] if sign < 0 else text
    if not body.isascii() or len(body) > 12:
        return None
    euros, point, fraction = body.replace(".", ",").partition(",")
    if not euros.isdigit() or (fraction and not fraction.isdigit()) or len(fraction) > 2:
        return None
    if not point and cents_entry:
        cents = int(euros)
    else:
        cents = int(euros) * 100 + int(fraction.ljust(2, "0"))
    return sign * cents if cents <= MAX_CENTS else None


def format_amount(cents: int) -> str:
    """``1234`` as ``12,34``; the sign leads; thousands by a point: ``1.234,56``."""
    euros, rest = divmod(abs(cents), 100)
    whole = f"{euros:,}".replace(",", ".") if euros >= 1000 else str(euros)
    return f"{'-' if cents < 0 else ''}{whole},{rest:02d}"


def euro(cents: int) -> str:
    """``1234`` as ``€ 12,34``."""
    return "€ " + format_amount(cents)
