"""What scales say, protocol by protocol, as pairs of a request and a pure function over the bytes of the answer.

A parser takes what came so far and gives the first answer in it with the rest, or no answer yet; noise before an
answer is passed over, and no bytes whatever make it raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kassa_tui.domain.money import half_away

MOTION, OVERLOAD, UNDER_ZERO, EMPTY = "scale_motion", "scale_overload", "scale_under_zero", "scale_empty"
FAULT, UNIT = "scale_fault", "scale_unit"
"""Why there is no weight: it moves, too much, less than nothing, nothing on it, the scale is broken, no kilograms."""
MAX_ANSWER = 256
"""Bytes without an answer in them after which the oldest are forgotten; no answer is longer."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight as the scale shows it."""

    thousandths: int
    """Of a kilogram."""
    net: bool = False
    """A tare was taken off on the scale."""
    stable: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """Why there is no weight now; codes as above."""

    code: str


Answer = Weight | Notice
Parse = Callable[[bytes], tuple[Answer | None, bytes]]


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way of asking."""

    baud: int
    framing: str
    request: bytes
    parse: Parse
    agreeing: int = 2
    """Equal stable answers in a row that make a weight."""
    speaks: bool = True
    """Answers every request; False where it stays silent while the weight does not change."""
    zero: bytes = b""
    """The command to begin at zero."""
    zero_refusals: tuple[bytes, ...] = ()
    """What may be in the answer to that where it did not; some never answer it."""


def kilograms(number: str, unit: str = "kg") -> int | None:
    """Thousandths of a kilogram from ``01.250`` and its unit; None where it is no such number or other unit."""
    match = re.fullmatch(r"(-?) *(\d{1,7})(?:[.,](\d{0,6}))?", number.strip(), re.ASCII)
    scale = {"kg": 1000, "g": 1}.get(unit.strip().lower())
    if match is None or scale is None:
        return None
    fraction = match[3] or ""
    value = half_away(int(match[2] + fraction) * scale, 10 ** len(fraction))
    return -value if match[1] else value


def _weight(number: str, unit: str = "kg", *, net: bool = False, stable: bool = True) -> Answer:
    value = kilograms(number, unit)
    if value is None:
        return Notice(UNIT if kilograms(number) is not None else FAULT)
    if value < 0:
        return Notice(UNDER_ZERO)
    return Weight(value, net, stable)


def parse_8217(data: bytes) -> tuple[Answer | None, bytes]:
    """Mettler-Toledo 8217: STX, weight in kilograms, perhaps N for net, CR; or STX ``?`` status CR.

    The status is one byte of bits and may itself be a CR, so its answer is cut by length, not by its end.
    """
    while (start := data.find(b"\x02")) >= 0:
        data = data[start:]
        if data[1:2] == b"?":
            if len(data) < 4:
                return None, data
            if data[3] == 0x0D:
                return _status_8217(data[2]), data[4:]
        else:
            match = re.match(rb"\x02 *([0-9.]{1,10})(N?)\r", data)
            if match:
                return _weight(match[1].decode("ascii"), net=bool(match[2])), data[match.end() :]
            if re.fullmatch(rb"\x02 *[0-9.]{0,10}N?", data):
                return None, data
        data = data[1:]
    return None, b""


def _status_8217(status: int) -> Notice:
    for bit, code in ((2, OVERLOAD), (4, UNDER_ZERO), (1, MOTION), (16, EMPTY)):
        if status & bit:
            return Notice(code)
    return Notice(FAULT)


def parse_sics(data: bytes) -> tuple[Answer | None, bytes]:
    """MT-SICS: one line, ``S S     1.250 kg`` stable, ``S D`` moving, or a letter for why not."""
    while (end := data.find(b"\r\n")) >= 0:
        text, data = data[:end].decode("ascii", "replace").strip(), data[end + 2 :]
        match = re.fullmatch(r"S ([SD]) +(-? *[0-9.,]+) +(\S{1,3})", text, re.ASCII)
        if match:
            return _weight(match[2], match[3], stable=match[1] == "S"), data
        if text in _CODES:
            return Notice(_CODES[text]), data
    return None, data[-MAX_ANSWER:]


_CODES = {"S I": MOTION, "S +": OVERLOAD, "S -": UNDER_ZERO, "ES": FAULT, "ET": FAULT, "EL": FAULT}
"""Not executable, over, under; the three errors of syntax, transmission and logic."""

_NCI = re.compile(
    rb"\n(?:(?P<number>[ 0-9.-]{1,10})(?P<unit>[A-Za-z]{1,3})\r\n)?S?(?P<status>[\x30-\x3f\x70-\x7f]{2,4})\r\x03\Z"
    rb"|\n(?P<bad>\?)\r\x03\Z"
)


def parse_nci(data: bytes) -> tuple[Answer | None, bytes]:
    """NCI (Weigh-Tronix) SCP-01 and SCP-02: a weight line and a status line, told apart only by an S before the
    status; bits 4 and 5 of a status byte are always set, bit 6 says that one more follows."""
    while (end := data.find(b"\x03")) >= 0:
        answer, data = data[: end + 1], data[end + 1 :]
        found = _NCI.search(answer[-MAX_ANSWER:])
        if found is not None:
            return _nci(found), data
    return None, data[-MAX_ANSWER:]


def _nci(found: re.Match[bytes]) -> Answer:
    if found["bad"]:
        return Notice(FAULT)
    first, second = found["status"][:2]
    bits = ((second & 2, OVERLOAD), (second & 1, UNDER_ZERO), (first & 12 or second & 12, FAULT), (first & 1, MOTION))
    for bit, code in bits:
        if bit:
            return Notice(code)
    if found["number"] is None:
        return Notice(EMPTY if first & 2 else FAULT)
    return _weight(found["number"].decode("ascii"), found["unit"].decode("ascii"))


def parse_adam(data: bytes) -> tuple[Answer | None, bytes]:
    """Adam CBK and AZextra: a line of text with a number and ``kg`` in it, sent when the weight has settled."""
    while (end := data.find(b"\n")) >= 0:
        line, data = data[:end], data[end + 1 :]
        match = re.search(rb"(-? *[0-9]{1,7}[.,]?[0-9]{0,6}) *(kg|g|lb|oz)\b", line, re.IGNORECASE)
        if match:
            return _weight(match[1].decode("ascii"), match[2].decode("ascii")), data
    return None, data[-MAX_ANSWER:]


PROTOCOLS: dict[str, Protocol] = {
    "toledo8217": Protocol(9600, "7E1", b"W", parse_8217, zero=b"Z"),
    "mtsics": Protocol(
        9600, "8N1", b"SI\r\n", parse_sics, zero=b"Z\r\n", zero_refusals=(b"Z I", b"Z +", b"Z -", b"ES", b"EL")
    ),
    "nci": Protocol(9600, "7E1", b"W\r", parse_nci, zero=b"Z\r", zero_refusals=(b"?",)),
    "adam": Protocol(4800, "8N1", b"P\r\n", parse_adam, agreeing=1, speaks=False, zero=b"Z\r\n"),
}
"""Kind in the configuration → its protocol; Dialog 06 asks in several steps and has a module of its own."""
