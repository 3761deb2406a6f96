"""Checkout-Dialog 06: the till gives the scale a price, the scale gives back weight, price and amount.

From time to time the scale asks the till to prove that it is an approved one, by two numbers that follow from a
polynomial each maker keeps secret (standards 9.2). The shop gets it from the supplier of its scale; without it the
scale stops weighing after its first question, and the till says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kassa_tui.hardware.scale_protocols import EMPTY, FAULT, MOTION, OVERLOAD, UNDER_ZERO, Notice

EOT, ACK, NAK = b"\x04", b"\x06", b"\x15"
ASK_RESULT, ASK_STATUS = b"\x04\x05", b"\x04\x0208\x03"
BAUD, FRAMING = 9600, "7O1"
ANSWER_S = 0.5
UNMOVED, UNPROVEN, SILENT = "scale_unmoved", "scale_unproven", "device_silent"
MAX_PRICE, MAX_TARE, TEXT_CHARS = 999_999, 9_999, 13
MAX_STEPS = 12
"""Records of one weighing, a question for proof among them; more is a scale that runs in circles."""

_CODES = {
    "01": FAULT, "02": FAULT, "10": FAULT, "11": FAULT, "12": FAULT, "13": FAULT, "20": MOTION, "21": UNMOVED,
    "22": MOTION, "30": EMPTY, "31": UNDER_ZERO, "32": OVERLOAD,
}  # fmt: skip
"""Number in the status record → code."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the scale shows on both its sides."""

    thousandths: int
    price: int
    """Cents per kilogram."""
    amount: int
    """Cents, as the scale worked it out."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The scale asks for proof (``2`` with two turns of 0 to 15), or tells whether it was right (``1``, ``0``)."""

    kind: str
    turns: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Status:
    """Why there is no result; two digits."""

    number: str


Record = bytes | Weighed | Challenge | Status
"""``ACK`` and ``NAK`` stand for themselves."""

_RECORD = re.compile(
    rb"\x0202\x1b(?P<unit>.)\x1b(?P<weight>[0-9]{5})\x1b(?P<price>[0-9]{6})\x1b(?P<total>[0-9]{6})\x03"
    rb"|\x0209\x1b(?P<status>[0-9]{2})\x03"
    rb"|\x0211\x1b(?P<kind>[012])(?P<turns>[0-9A-F]{2})?\x03",
    re.DOTALL,
)
_LONGEST = 28
KG_UNIT = b"3"


def parse(data: bytes) -> tuple[Record | None, bytes]:
    """The first record in what came and the rest; noise before it is passed over."""
    at = min((place for place in map(data.find, (ACK, NAK, b"\x02")) if place >= 0), default=-1)
    while at >= 0:
        data = data[at:]
        if data[:1] in (ACK, NAK):
            return data[:1], data[1:]
        match = _RECORD.match(data)
        if match:
            return _record(match), data[match.end() :]
        if b"\x03" not in data and len(data) < _LONGEST:
            return None, data
        data = data[1:]
        at = min((place for place in map(data.find, (ACK, NAK, b"\x02")) if place >= 0), default=-1)
    return None, b""


def _record(match: re.Match[bytes]) -> Record:
    if match["weight"]:
        if match["unit"] != KG_UNIT:
            return Status("10")
        return Weighed(int(match["weight"]), int(match["price"]), int(match["total"]))
    if match["status"]:
        return Status(match["status"].decode("ascii"))
    first, second = (int(chr(digit), 16) for digit in match["turns"] or b"00")
    return Challenge(match["kind"].decode("ascii"), (first, second))


def price_record(price: int, tare: int = 0, text: bytes = b"") -> bytes:
    """The order to weigh at ``price`` cents with ``tare`` grams; with ``text`` for the scale's own display."""
    number = {(False, False): b"01", (True, False): b"03", (False, True): b"04", (True, True): b"05"}
    parts = [number[bool(tare), bool(text)], b"%06d" % price]
    if tare:
        parts.append(b"%04d" % tare)
    if text:
        parts.append(text[:TEXT_CHARS].ljust(TEXT_CHARS))
    # With nothing behind the price a separator still follows it.
    return b"\x04\x02" + b"\x1b".join(parts) + (b"\x1b\x03" if len(parts) == 2 else b"\x03")


def remainder(number: int, polynomial: int) -> int:
    """16-bit remainder of ``number`` × x¹⁶ by x¹⁶ + ``polynomial``."""
    rest = number
    for _ in range(16):
        rest = (rest << 1) ^ (0x10000 | polynomial) if rest & 0x8000 else rest << 1
    return rest & 0xFFFF


def proof(number: int, polynomial: int, turns: tuple[int, int]) -> bytes:
    """The record that proves the till: a number of its choice turned left by the first, its remainder turned right by
    the second. The remainder is that of the number before it is turned."""
    kept = remainder(number, polynomial)
    left = _turned(number, turns[0] % 16)
    right = _turned(kept, -turns[1] % 16)
    return b"\x04\x0210\x1b%04X%04X\x03" % (left, right)


def _turned(number: int, left: int) -> int:
    return (number << left | number >> (16 - left)) & 0xFFFF


class Talk(Protocol):
    """The line to the scale, as far as a weighing needs it."""

    def write(self, data: bytes) -> None:
        """Send."""

    def read_record(self) -> Record | None:
        """The next record; None where none comes in time."""


class Dialog06:
    """One scale's manners: what its maker's polynomial is, and where its numbers come from."""

    def __init__(self, polynomial: int | None, number: Callable[[], int]) -> None:
        self._polynomial, self._number = polynomial, number

    def weigh(self, talk: Talk, price: int, tare: int = 0, text: bytes = b"") -> Weighed | Notice:
        """One try: a result, or why there is none now. A question for proof is answered within it."""
        if not 0 < price <= MAX_PRICE or not 0 <= tare <= MAX_TARE:
            return Notice(FAULT)
        order = price_record(price, tare, text)
        talk.write(order)
        for _ in range(MAX_STEPS):
            match talk.read_record():
                case None:
                    return Notice(SILENT)
                case bytes() as sign if sign == ACK:
                    talk.write(ASK_RESULT)
                case bytes():
                    talk.write(ASK_STATUS)
                case Weighed() as weighed:
                    talk.write(EOT)
                    return weighed if weighed.price == price else Notice(FAULT)
                case Status(number):
                    talk.write(EOT)
                    return Notice(_CODES.get(number, MOTION))
                case Challenge(kind, turns):
                    talk.write(EOT)
                    if self._polynomial is None or kind == "0":
                        return Notice(UNPROVEN)
                    talk.write(order if kind == "1" else proof(self._number() & 0xFFFF, self._polynomial, turns))
        return Notice(FAULT)
