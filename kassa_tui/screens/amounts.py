"""From typed text to cents and thousandths, with words where it is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.money import parse_amount
from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.quantity import parse_quantity
from kassa_tui.screens.ink import BAD

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk

MAX_AMOUNT_DIGITS = 6
"""More digits in a row are a code, never an amount (€ 9,999.99 is the most that is ever tendered in one go)."""


def amount_of(desk: Desk, text: str, *, tender: bool = False) -> int | None:
    """Cents of what was typed. Tenders follow the shop's habit (``2000`` is € 20,00); elsewhere ``150`` is € 150."""
    assert desk.till is not None
    cents_entry = tender and desk.till.config.rules.amount_entry == "cents"
    digits = sum(map(str.isdigit, text))
    cents = parse_amount(text, cents_entry=cents_entry) if digits <= MAX_AMOUNT_DIGITS else None
    if cents is None:
        desk.tell(desk.words.outcome(Refused("bad_amount", {"text": text})), BAD, "refused")
    return cents


def quantity_of(desk: Desk, text: str) -> int | None:
    """Thousandths of what was typed."""
    thousandths = parse_quantity(text)
    if thousandths is None:
        desk.tell(desk.words.outcome(Refused("bad_quantity", {"text": text})), BAD, "refused")
    return thousandths
