"""Money as integer cents: rounding, dividing without losing a cent, reading and writing amounts."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_CENTS = 99_999_999
"""Largest amount a person may type: one cent under a million euros; more is a slip of the hand."""

_AMOUNT = re.compile(r"(-?)(\d{1,10}|\d{1,3}(?:\.\d{3})+(?=,))(?:([.,])(\d{0,2}))?", re.ASCII)


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
    scale = abs(total) if whole > 0 else -abs(total)
    shares = apportion(abs(total), [scale * weight for weight in weights], abs(whole))
    return shares if total > 0 else [-share for share in shares]


def apportion(total: int, numerators: Sequence[int], denominator: int) -> list[int]:
    """Round fractions over one positive ``denominator`` down or up so that they add up to ``total``.

    The largest remainders go up, the earlier of equals first. ``total`` is the rounded sum of the fractions: that is
    what makes every part lie within one cent of its own fraction.
    """
    shares, rests = [], []
    for numerator in numerators:
        share, rest = divmod(numerator, denominator)
        shares.append(share)
        rests.append(rest)
    missing = total - sum(shares)
    for index in sorted(range(len(shares)), key=lambda i: -rests[i])[:missing]:
        shares[index] += 1
    return shares


def parse_amount(text: str, *, cents_entry: bool = False) -> int | None:
    """Cents from ``12,34``, ``12.34``, ``20,``, ``20`` or ``1.234,56``; None where it is no amount.

    A point is the decimal sign unless a comma follows; ``1.234`` alone is refused, for it may mean either.
    With ``cents_entry`` digits alone are cents (``2000`` is € 20,00), the habit of cash registers.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    sign, euros, point, fraction = match.groups(default="")
    cents = int(euros.replace(".", ""))
    if point or not cents_entry:
        cents = cents * 100 + int(fraction.ljust(2, "0"))
    if cents > MAX_CENTS:
        return None
    return -cents if sign else cents


def format_amount(cents: int) -> str:
    """``1234`` as ``12,34``; the sign leads; thousands by a point: ``1.234,56``."""
    euros, rest = divmod(abs(cents), 100)
    whole = f"{euros:,}".replace(",", ".") if euros >= 1000 else str(euros)
    return f"{'-' if cents < 0 else ''}{whole},{rest:02d}"


def euro(cents: int) -> str:
    """``1234`` as ``€ 12,34``."""
    return "€ " + format_amount(cents)
