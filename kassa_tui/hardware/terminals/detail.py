"""What a terminal tells about a card, made safe: masked again, free of control characters, short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from kassa_tui.hardware.terminals.errors import NOT_FOUND, OTHER_AMOUNT
from kassa_tui.services.ports import CardRequest, CardState

FIRST, LAST = 6, 4
"""Digits of a card number that may be shown at its beginning and its end (PCI DSS)."""
MIN_NUMBER, MAX_NUMBER = 8, 19
"""Digits of a card number; PCI counts 12 and more, older shop cards are shorter."""
MAX_TEXT, MAX_SLIP = 80, 4000
"""Characters of a fact and of a terminal's own receipt."""
EARLY_S, LATE_S = 300, 900
"""How far from the moment of asking a transaction may be to be ours: the clocks differ, and a customer takes time."""
OLD_S = 43_200
"""A transaction so much older is not ours, also where a clock was not set to summer time."""

_NUMBER = re.compile(r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)")
_SHOWN = ("brand", "reason")
"""Facts in the terminal's own words, in which a card number may stand. Numbers of terminal and transaction are left
as they are: a transaction is found again by them."""


def mask(number: str) -> str:
    """A card number of which at most the first six and the last four digits can be read; whatever hides a digit in
    ``number`` becomes an asterisk."""
    marks = "".join(char if char in "0123456789" else "*" for char in number if not char.isspace() and char != "-")
    if len(marks) > MAX_NUMBER:
        marks = "*" * (MAX_NUMBER - LAST) + marks[-LAST:]
    if len(marks) < MIN_NUMBER:
        return "*" * max(len(marks) - LAST, 0) + marks[-LAST:] if marks else ""
    first = FIRST if len(marks) >= 12 else 0
    return marks[:first] + "*" * (len(marks) - first - LAST) + marks[-LAST:]


def without_numbers(text: str) -> str:
    """Text in which everything that looks like a card number is masked."""
    return _NUMBER.sub(lambda found: mask(found[0]), text)


def clean(detail: Mapping[str, object]) -> dict[str, str]:
    """The facts that are there, as one line of text each, with card numbers masked."""
    told: dict[str, str] = {}
    for key, value in detail.items():
        if key == "slip":
            text = slip(str(value).split("\n"))
        else:
            text = _line(str(value))[:MAX_TEXT]
            text = mask(text) if key == "number" else without_numbers(text) if key in _SHOWN else text
        if value is not None and text:
            told[key] = text
    return told


def slip(lines: Iterable[str]) -> str:
    """A terminal's own receipt: printable lines, card numbers masked."""
    text = "\n".join(without_numbers(_line(line, strip=False).rstrip()) for line in lines)
    return text.strip("\n")[:MAX_SLIP]


def approved(detail: Mapping[str, object]) -> CardState:
    """The card was charged, or the money given back."""
    return CardState("approved", clean(detail))


def refused(code: str, reason: object = "", detail: Mapping[str, object] | None = None) -> CardState:
    """Nothing was charged."""
    return CardState("refused", clean({**(detail or {}), "code": code, "reason": reason}))


def unknown(code: str, reason: object = "", detail: Mapping[str, object] | None = None) -> CardState:
    """Nobody knows."""
    return CardState("unknown", clean({**(detail or {}), "code": code, "reason": reason}))


def judge(request: CardRequest, amount: int | None, at: int | None, detail: Mapping[str, object]) -> CardState:
    """What a terminal's last transaction says about a payment, for terminals that know no reference of ours.

    ``amount`` in cents and ``at`` in UTC milliseconds as the terminal has them, None where it does not say; its number
    is ``detail["transaction"]``. The payment is *approved* only where everything fits, *refused* only where the last
    transaction is the one that the till did before by number and by time, or half a day older: then nothing was done
    since. A number alone proves nothing, for terminals begin again at 1.
    """
    number = str(detail.get("transaction", ""))
    if at is None or not request.at or number in request.after:
        return unknown(NOT_FOUND)
    late = (at - request.at) // 1000
    if late < -OLD_S:
        return refused(NOT_FOUND)
    if number in request.before:
        return refused(NOT_FOUND) if number == request.before[0] and at < request.at else unknown(NOT_FOUND)
    if amount == abs(request.amount) and number and -EARLY_S <= late <= LATE_S:
        return approved(detail)
    return unknown(OTHER_AMOUNT if number else NOT_FOUND)


def _line(text: str, strip: bool = True) -> str:
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown.strip() if strip else shown
