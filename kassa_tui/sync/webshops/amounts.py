"""Money, quantities and times as shops write them, into ours: never by way of a float of our own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any
from zoneinfo import ZoneInfo

from kassa_tui.sync.webshops.base import Permanent

MAX_EURO = Decimal(10**10)
"""More than that is no amount of a shop."""


def exact(value: Any, what: str = "amount") -> Decimal:
    """A number of the shop's, text or JSON number; Permanent ``bad_answer`` for what is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise Permanent("bad_answer", {"what": what, "found": str(value)[:40]})
    try:
        # A float of the JSON is taken as it is written: 14.99, not 14.9900000000000002.
        number = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation as error:
        raise Permanent("bad_answer", {"what": what, "found": str(value)[:40]}) from error
    if not number.is_finite() or abs(number) > MAX_EURO:
        raise Permanent("bad_answer", {"what": what, "found": str(value)[:40]})
    return number


def cents(value: Any, what: str = "amount") -> int:
    """Cents of an amount in euros, half away from zero."""
    return rounded(exact(value, what) * 100)


def thousandths(value: Any, what: str = "quantity") -> int:
    """Thousandths of a quantity."""
    return rounded(exact(value, what) * 1000)


def rounded(number: Decimal) -> int:
    """The nearest whole number, half away from zero."""
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))


def euros(amount: int, places: int = 2) -> str:
    """Cents as shops want them written: ``14.99``."""
    return f"{Decimal(amount) / 100:.{places}f}"


def net(gross: int, rate: int, places: int = 6) -> str:
    """What is left of an amount in cents without its VAT, in euros at so many places, as shops calculate."""
    with localcontext(prec=40):
        return f"{(Decimal(gross) * 100 / (10_000 + rate)).quantize(Decimal(10) ** -places, ROUND_HALF_UP):f}"


def fit(parts: Sequence[Decimal], total: int) -> list[int]:
    """Whole cents for exact amounts in euros such that they add up to ``total`` cents (largest remainder).

    Shops round once for the order and keep six places in its lines; we keep cents in lines that add up.
    """
    whole = [rounded(part * 100) for part in parts]
    rest = total - sum(whole)
    step = 1 if rest > 0 else -1
    # First those that rounding hurt most in the direction of what is missing; the largest take what is left.
    order = sorted(range(len(parts)), key=lambda no: (whole[no] - parts[no] * 100) * step)
    for turn in range(abs(rest)):
        if not order:
            break
        whole[order[turn % len(order)]] += step
    return whole


def rate_of(gross: int, vat: int, known: Sequence[int]) -> int:
    """The tariff, hundredths of a percent, that fits an amount and its VAT best among those that are known."""
    without = gross - vat
    if not vat or not without:
        return 0
    found = rounded(Decimal(vat) * 10_000 / without)
    return min(known, key=lambda rate: abs(rate - found), default=found)


def utc(text: Any, what: str = "time") -> int:
    """UTC milliseconds of a naive UTC time, ``2026-11-22T01:09:16`` or with a blank; 0 for none.

    Permanent ``bad_answer`` for what is no time.
    """
    return local(text, UTC, what)


def local(text: Any, zone: ZoneInfo | Any, what: str = "time") -> int:
    """UTC milliseconds of a naive time by a shop's own clock; 0 for none (``0000-00-00 00:00:00`` too).

    In the hour that comes twice the first is meant: who asks for what changed since then asks for more, not less.
    """
    if text is None or text == "" or str(text).startswith("0000"):
        return 0
    try:
        found = datetime.fromisoformat(str(text).strip())
    except ValueError as error:
        raise Permanent("bad_answer", {"what": what, "found": str(text)[:40]}) from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return int(found.timestamp() * 1000)


def naive(at: int, zone: ZoneInfo | Any = UTC, sep: str = "T") -> str:
    """A UTC time in milliseconds as a naive time of that zone, to the second."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(zone).replace(tzinfo=None).isoformat(sep)
