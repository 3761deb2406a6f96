"""VAT out of gross prices: per rate per ticket, lines by largest remainder (standards 3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kassa_tui.domain.money import apportion, half_away

OUTSIDE = "none"
"""Code of what lies outside VAT: deposits, vouchers, rounding."""


@dataclass(frozen=True, slots=True)
class VatBlock:
    """Everything on one ticket at one rate; amounts in cents, ``gross = net + vat``."""

    code: str
    rate: int
    """Hundredths of a percent."""
    gross: int
    net: int
    vat: int


def vat_of(gross: int, rate: int) -> int:
    """VAT in cents inside ``gross`` cents at ``rate`` hundredths of a percent."""
    return half_away(gross * rate, 10_000 + rate)


def blocks(parts: Iterable[tuple[str, int, int]]) -> tuple[VatBlock, ...]:
    """VAT blocks of ``(code, rate, gross cents)`` parts, highest rate first; what lies outside VAT has no block."""
    sums: dict[tuple[int, str], int] = {}
    for code, rate, gross in parts:
        if code != OUTSIDE:
            sums[rate, code] = sums.get((rate, code), 0) + gross
    found = []
    for (rate, code), gross in sorted(sums.items(), key=lambda item: (-item[0][0], item[0][1])):
        vat = vat_of(gross, rate)
        found.append(VatBlock(code, rate, gross, gross - vat, vat))
    return tuple(found)


def line_vat(parts: Sequence[tuple[str, int, int]]) -> list[int]:
    """VAT of each ``(code, rate, gross)`` line such that the lines of one rate add up to the ticket's VAT block.

    Each line stays within one cent of its own exact VAT, also where goods that go back nearly outweigh the goods sold:
    in proportion to the block a line of € 10,02 against € -9,99 would carry € 3,34.
    """
    vats = [0] * len(parts)
    for block in blocks(parts):
        members = [i for i, (code, rate, _) in enumerate(parts) if (code, rate) == (block.code, block.rate)]
        mirror = -1 if block.gross < 0 else 1
        exact = [mirror * parts[i][2] * block.rate for i in members]
        shares = apportion(mirror * block.vat, exact, 10_000 + block.rate)
        for i, share in zip(members, shares, strict=True):
            vats[i] = mirror * share
    return vats
