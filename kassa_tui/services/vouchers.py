"""Vouchers of this shop: sold or given out under a number, a debt of the shop until they come back."""

from __future__ import annotations

import secrets
from datetime import date
from typing import TYPE_CHECKING

from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.gtin import check_digit
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.quantity import ONE
from kassa_tui.domain.ticket import Line, total_of
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.services.till import done, refused
from kassa_tui.storage import sales

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

PREFIX = "TB"
"""Tegoedbon: what a voucher number begins with, so that a scan of one is known for what it is."""


def is_voucher(code: str) -> bool:
    """Whether a scanned code is one of our voucher numbers."""
    digits = code.strip().upper().removeprefix(PREFIX)
    return len(digits) == 10 and code.strip().upper().startswith(PREFIX) and digits.isdigit()


def is_over(till: Till, issued: object) -> bool:
    """Whether a voucher sold on this ISO date is older than the shop takes; not where the day is not known."""
    days = till.config.rules.voucher_days
    if not days or not isinstance(issued, str) or not issued:
        return False
    try:
        return (date.fromisoformat(till.today) - date.fromisoformat(issued)).days > days
    except ValueError:
        return False


def issue(till: Till, cents: int | None = None) -> Outcome:
    """Put a new voucher on the ticket; without an amount it is worth what the customer is owed."""
    problem = till.changeable()
    if problem is not None:
        return problem
    allowed = till.permit("issue_voucher")
    if isinstance(allowed, Refused):
        return allowed
    owed = -total_of(till.ticket) if till.ticket else 0
    value = owed if cents is None else cents
    if value <= 0:
        return refused("bad_amount", text=str(value))
    number = _new_number(till)
    line = Line(0, tickets.VOUCHER, PREFIX, "Tegoedbon", "", ONE, "each", value, value, OUTSIDE, 0, list_price=value,
                code=number, no_discount=True, by=allowed)  # fmt: skip
    till.open.ticket = tickets.add(till.begin_ticket(), line)
    till.open.payment = None
    return done("voucher_issued", number=number, amount=value)


def balance(till: Till, number: str) -> Outcome:
    """What a voucher of this shop is still worth."""
    found = sales.voucher(till.store.read, number.strip().upper())
    if found is None:
        return refused("unknown_voucher", number=number)
    return done("voucher_balance", number=number.strip().upper(), amount=found[0])


def _new_number(till: Till) -> str:
    """Random, so that a number cannot be guessed from another; with a check digit for typing."""
    while True:
        payload = f"{secrets.randbelow(10**9):09d}"
        number = f"{PREFIX}{payload}{check_digit(payload)}"
        taken = till.ticket is not None and any(line.code == number for line in till.ticket.lines)
        if not taken and sales.voucher(till.store.read, number) is None:
            return number
