"""Which of an article's prices is its own, and which are dated ones that the tills lay over it.

A till takes the price of its branch before that of its list, and that before the price for all; within one of these the
one that began last; and where none holds, the article's own. So the price for all that holds without an end is the
article's own, and what began before it can never count again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple


class Dated(NamedTuple):
    """A price from a day to a day, both included; ``until`` None has no end. Cents."""

    start: date
    until: date | None
    amount: int
    label: str = ""


def own(prices: Sequence[Dated], today: date) -> Dated | None:
    """Of the prices for all, the article's own on ``today``; None where all of them begin later or end."""
    endless = [price for price in prices if price.until is None and price.start <= today and not price.label]
    return max(endless, key=lambda price: price.start, default=None)


def dated(prices: Sequence[Dated], today: date, after: date | None = None) -> list[Dated]:
    """What may still count of the prices of one place, by day: not over, and begun ``after`` the article's own."""
    left = [price for price in prices if price.until is None or price.until >= today]
    if after is not None:
        return [price for price in left if price.start > after]
    endless = [price.start for price in left if price.until is None and price.start <= today]
    newest = max(endless, default=date.min)
    return [price for price in left if price.start >= newest]
