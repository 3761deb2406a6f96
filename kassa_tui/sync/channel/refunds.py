"""What is left of an order when its refunds are taken off: by the line, to the cent.

A shop may say of which lines money was given back, or only how much; an amount without lines is spread over what is
left, and where it is just what shipping and fees cost it is these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kassa_tui.domain.money import allocate, half_away
from kassa_tui.sync.webshops.base import FEE, SHIPPING, WebOrder, WebRefund


@dataclass(frozen=True, slots=True)
class Part:
    """Of one line: thousandths, cents, cents of VAT."""

    qty: int = 0
    amount: int = 0
    vat: int = 0


NOTHING = Part()


def left(order: WebOrder) -> tuple[dict[str, Part], int]:
    """What is left of each line, and cents of refunds that fit on no line: more was given back than there was."""
    amounts = [line.amount for line in order.lines]
    pieces = [0] * len(amounts)
    over = 0
    places = {line.id: no for no, line in enumerate(order.lines)}
    for refund in order.refunds:
        over += _take(order, refund, amounts, places)
        for part in refund.lines:
            if part.line in places:
                pieces[places[part.line]] += abs(part.qty)
    found = {}
    for no, line in enumerate(order.lines):
        back = min(abs(line.qty), max(pieces[no], line.refunded))
        qty = line.qty - back if line.qty >= 0 else line.qty + back
        found[line.id] = Part(qty, amounts[no], _vat(line.vat, line.amount, amounts[no]))
    return found, over


def _vat(vat: int, amount: int, rest: int) -> int:
    if rest == amount:
        return vat
    return half_away(vat * rest, amount) if amount else 0


def _take(order: WebOrder, refund: WebRefund, amounts: list[int], places: dict[str, int]) -> int:
    """Take one refund off ``amounts``; cents that could not be taken."""
    named = [(places[part.line], part.amount) for part in refund.lines if part.line in places and part.amount]
    said = sum(amount for _, amount in named)
    if named and said > refund.amount:
        # Less was given back than the lines come to: each gives its share.
        shares = allocate(refund.amount, [amount for _, amount in named])
        named = [(no, share) for (no, _), share in zip(named, shares, strict=True)]
    rest = refund.amount
    for no, amount in named:
        rest -= _off(amounts, no, amount)
    return _spread(order, rest, amounts)


def _off(amounts: list[int], no: int, amount: int) -> int:
    """Take at most what is there; what was taken, with the line's own sign."""
    there = amounts[no]
    taken = max(min(amount, there), 0) if there >= 0 else min(max(amount, there), 0)
    amounts[no] -= taken
    return taken


def _spread(order: WebOrder, rest: int, amounts: list[int]) -> int:
    if rest <= 0:
        return 0
    for kinds in ((SHIPPING,), (FEE,), (SHIPPING, FEE)):
        costs = [no for no, line in enumerate(order.lines) if line.kind in kinds]
        if costs and sum(amounts[no] for no in costs) == rest:
            for no in costs:
                amounts[no] = 0
            return 0
    there = sum(amounts)
    taken = max(min(rest, there), 0)
    for no, share in enumerate(_shares(taken, amounts)):
        amounts[no] -= share
    return rest - taken


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    return list(weights) if total == sum(weights) else allocate(total, weights)
