"""Discounts on a line or on the ticket, within what the role may give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.ticket import AMOUNT, PERCENT, Discount
from kassa_tui.services.till import done, refused

if TYPE_CHECKING:
    from kassa_tui.services.till import Till


def parse_discount(text: str) -> Discount | None:
    """``10%`` or ``5,00``; None where it is neither."""
    from kassa_tui.domain.money import parse_amount

    if text.endswith("%"):
        value = parse_amount(text[:-1].strip())
        return Discount(PERCENT, value) if value is not None and 0 <= value <= 10_000 else None
    cents = parse_amount(text)
    return Discount(AMOUNT, cents) if cents is not None and cents >= 0 else None


def on_line(till: Till, no: int, discount: Discount) -> Outcome:
    """Discount one line; a discount of nothing takes an earlier one away."""
    problem = till.changeable()
    if problem is not None:
        return problem
    ticket = till.ticket
    line = ticket.line(no) if ticket else None
    if ticket is None or line is None:
        return refused("no_line", line=no)
    if not line.discountable:
        return refused("no_discount", name=line.name)
    allowed = _allowed(till, "line_discount", discount, abs(line.gross))
    if isinstance(allowed, Refused):
        return allowed
    given = replace(discount, by=allowed) if discount.value else None
    changed = tickets.discounted(line, given)
    till.open.ticket, till.open.payment = tickets.swap(ticket, changed), None
    return done("discounted", name=line.name, discount=changed.discount)


def on_ticket(till: Till, discount: Discount) -> Outcome:
    """Discount the whole ticket; spread over the lines that allow it."""
    problem = till.changeable()
    if problem is not None:
        return problem
    ticket = till.ticket
    if ticket is None or not ticket.lines:
        return refused("no_ticket")
    base = sum(line.amount for line in ticket.lines if line.discountable and line.amount > 0)
    if not base and discount.value:
        return refused("no_discount", name="")
    allowed = _allowed(till, "ticket_discount", discount, base)
    if isinstance(allowed, Refused):
        return allowed
    given = replace(discount, by=allowed) if discount.value else None
    till.open.ticket, till.open.payment = replace(ticket, discount=given), None
    return done("discounted", name="", discount=given.on(base) if given else 0)


def _allowed(till: Till, permission: str, discount: Discount, base: int) -> str | Refused:
    allowed = till.permit(permission)
    if isinstance(allowed, Refused):
        return allowed
    limit = till.config.rules.discount_limit[till.allowed_role()]
    # A percentage is judged as it was given: 10 % of € 0,55 is 6 cents, which is more than 10 %.
    over = discount.value > limit if discount.kind == PERCENT else abs(discount.on(base)) * 10_000 > limit * base
    if over:
        return refused("needs_approval", permission=permission, limit=limit)
    return allowed
