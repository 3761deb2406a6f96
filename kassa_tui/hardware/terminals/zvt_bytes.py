"""ZVT 700 as bytes (standards 7.2): commands, fields, containers. Pure: bytes in, values out; nothing raises.

A command (APDU) is a class, an instruction, a length and data. The length is one byte, or ``FF`` and two bytes, the
lower one first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MAX_DATA = 0xFFFF
MAX_DEPTH = 8
"""Containers inside containers; a real message has three."""

ACK = bytes.fromhex("800000")
STATUS, INTERMEDIATE, COMPLETION, TERMINAL_ABORT = 0x040F, 0x04FF, 0x060F, 0x061E
PRINT_LINE, PRINT_BLOCK = 0x06D1, 0x06D3
REGISTER, AUTHORISE, LOG_OFF, REPEAT_RECEIPT = 0x0600, 0x0601, 0x0602, 0x0620
REVERSAL, REFUND, END_OF_DAY, DIAGNOSIS, ABORT, STATUS_ENQUIRY = 0x0630, 0x0631, 0x0650, 0x0670, 0x06B0, 0x0501
MORE_TIME, NOT_SUPPORTED = 0x849C, 0x8483

RECEIPTS, ADMIN_RECEIPTS, INTERMEDIATES, ECR_PAYS, ECR_ADMIN, TERMINAL_FORMATS = 0x02, 0x04, 0x08, 0x10, 0x20, 0x80
CONFIG = RECEIPTS | ADMIN_RECEIPTS | INTERMEDIATES | ECR_PAYS | ECR_ADMIN | TERMINAL_FORMATS
"""``BE``: payments begin at the till only, the terminal tells how it goes on and sends its receipts as lines."""
NO_SERVICE_MENU = 0x01

EURO = 978
FIXED = {
    0x01: 1, 0x02: 1, 0x03: 1, 0x04: 6, 0x05: 1, 0x0B: 3, 0x0C: 3, 0x0D: 2, 0x0E: 2, 0x17: 2, 0x19: 1, 0x27: 1,
    0x29: 4, 0x2A: 15, 0x37: 3, 0x3A: 2, 0x3B: 8, 0x3D: 3, 0x49: 2, 0x87: 2, 0x88: 3, 0x8A: 1, 0x8C: 1, 0xA0: 1,
    0xAA: 3, 0xBA: 5, 0xD0: 1, 0xD1: 1, 0xD2: 1, 0xD3: 1,
}  # fmt: skip
"""Field (BMP) → bytes of its value."""
COUNTED = {0x22: 2, 0x23: 2, 0x2D: 2, 0x2E: 2, 0x8B: 2, 0xA7: 2, 0x24: 3, 0x3C: 3, 0x60: 3, 0x9A: 3, 0xAF: 3,
           **dict.fromkeys(range(0xE0, 0xFE), 2)}  # fmt: skip
"""Field → digits of the length before its value, one ``Fx`` byte for each."""
CONTAINER = 0x06

BRANDS = {
    2: "girocard", 5: "girocard", 6: "Mastercard", 8: "American Express", 10: "Visa", 12: "Diners", 13: "V PAY",
    14: "JCB", 46: "Maestro", 87: "Bancontact",
}  # fmt: skip
INTERMEDIATE_STATES = {0x0A: "present_card", 0x15: "enter_pin", 0x1C: "remove_card", 0x1D: "remove_card"}
"""Code of an intermediate status → our word for it; every other code is ``busy``."""
ABORTED_CODE = 0x6C
TECHNOLOGY = {0: "stripe", 1: "chip", 2: "contactless"}
VERIFICATION = {0: "none", 1: "signature", 2: "pin", 3: "pin", 4: "pin", 5: "pin", 6: "device"}


@dataclass(frozen=True, slots=True)
class Apdu:
    """One command or answer."""

    control: int
    """Class and instruction, as ``0x060F``."""
    data: bytes = b""

    def encode(self) -> bytes:
        """As it travels over TCP."""
        size = len(self.data)
        length = bytes([size]) if size < 0xFF else b"\xff" + size.to_bytes(2, "little")
        return self.control.to_bytes(2, "big") + length + self.data


@dataclass(slots=True)
class Splitter:
    """Cuts a stream of bytes, however it arrives, into commands."""

    _left: bytes = b""

    def feed(self, data: bytes) -> list[Apdu]:
        """The commands that are complete now."""
        self._left += data
        found = []
        while (apdu := _first(self._left)) is not None:
            found.append(apdu[0])
            self._left = self._left[apdu[1] :]
        return found

    @property
    def left(self) -> bytes:
        """Bytes of a command that is not complete."""
        return self._left


def _first(data: bytes) -> tuple[Apdu, int] | None:
    if len(data) < 3:
        return None
    start, size = 3, data[2]
    if size == 0xFF:
        if len(data) < 5:
            return None
        start, size = 5, int.from_bytes(data[3:5], "little")
    if len(data) < start + size:
        return None
    return Apdu(int.from_bytes(data[:2], "big"), data[start : start + size]), start + size


def parse_apdu(data: bytes) -> Apdu | None:
    """One whole command and nothing else, or None."""
    found = _first(data)
    return found[0] if found is not None and found[1] == len(data) else None


def bcd(value: int, size: int) -> bytes:
    """The last ``2 * size`` decimal digits of a number, two in a byte."""
    return bytes.fromhex(str(value % 10 ** (2 * size)).zfill(2 * size))


def from_bcd(data: bytes) -> int | None:
    """A number from its digits; None where they are not decimal."""
    text = data.hex()
    return int(text) if text.isdecimal() else None


def register(password: int, currency: int = EURO, config: int = CONFIG, service: int | None = None,
             container: bytes = b"") -> Apdu:  # fmt: skip
    """Log on (06 00)."""
    data = bcd(password, 3) + bytes([config]) + bcd(currency, 2)
    data += b"" if service is None else bytes([0x03, service])
    return Apdu(REGISTER, data + (encode_container(container) if container else b""))


def authorise(amount: int, currency: int | None = EURO) -> Apdu:
    """Pay (06 01) so many cents."""
    return Apdu(AUTHORISE, b"\x04" + bcd(amount, 6) + (b"" if currency is None else b"\x49" + bcd(currency, 2)))


def refund(password: int, amount: int, currency: int | None = None) -> Apdu:
    """Give so many cents back (06 31)."""
    tail = b"" if currency is None else b"\x49" + bcd(currency, 2)
    return Apdu(REFUND, bcd(password, 3) + b"\x04" + bcd(amount, 6) + tail)


def reversal(password: int, receipt: int) -> Apdu:
    """Undo the payment with this receipt number (06 30)."""
    return Apdu(REVERSAL, bcd(password, 3) + b"\x87" + bcd(receipt, 2))


def repeat_receipt(password: int) -> Apdu:
    """The last receipt once more (06 20)."""
    return Apdu(REPEAT_RECEIPT, bcd(password, 3))


def end_of_day(password: int) -> Apdu:
    """Close the day (06 50)."""
    return Apdu(END_OF_DAY, bcd(password, 3))


def fields(data: bytes) -> tuple[dict[int, bytes], bytes]:
    """The fields (BMPs) of a message and what was left: bytes from the first one on that cannot be a field."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        place = bounds(data, at)
        if place is None:
            return found, data[at:]
        found[data[at]] = data[place[0] : place[1]]
        at = place[1]
    return found, b""


def bounds(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the value of the field at ``at`` begins and ends."""
    tag, start = data[at], at + 1
    if tag in FIXED:
        size: int | None = FIXED[tag]
    elif tag in COUNTED:
        digits = data[start : start + COUNTED[tag]]
        text = "".join(f"{byte & 0x0F}" for byte in digits if byte & 0x0F < 10)
        start, size = start + COUNTED[tag], int(text) if len(text) == COUNTED[tag] else None
    elif tag == CONTAINER:
        start, size = _tlv_length(data, start)
    else:
        size = None
    if size is None or start + size > len(data):
        return None
    return start, start + size


def encode_fields(values: Mapping[int, bytes]) -> bytes:
    """Fields in this order."""
    parts = []
    for tag, value in values.items():
        if tag in COUNTED:
            value = bytes(0xF0 | int(digit) for digit in str(len(value)).zfill(COUNTED[tag])) + value
        elif tag == CONTAINER:
            value = tlv_length(len(value)) + value
        parts.append(bytes([tag]) + value)
    return b"".join(parts)


def encode_container(data: bytes) -> bytes:
    """A container field around encoded tags."""
    return encode_fields({CONTAINER: data})


def tlv_length(size: int) -> bytes:
    """Length of a tag's value: one byte, or ``81`` and one, or ``82`` and two, the higher one first."""
    if size < 0x80:
        return bytes([size])
    return bytes([0x81, size]) if size <= 0xFF else b"\x82" + size.to_bytes(2, "big")


def _tlv_length(data: bytes, at: int) -> tuple[int, int | None]:
    head = data[at] if at < len(data) else 0x80
    if head < 0x80:
        return at + 1, head
    more = {0x81: 1, 0x82: 2}.get(head, 0)
    if not more or at + 1 + more > len(data):
        return at, None
    return at + 1 + more, int.from_bytes(data[at + 1 : at + 1 + more], "big")


def tlv(tag: int, value: bytes) -> bytes:
    """One tag with its value."""
    return tag.to_bytes(max((tag.bit_length() + 7) // 8, 1), "big") + tlv_length(len(value)) + value


def tags(data: bytes, depth: int = MAX_DEPTH) -> Iterator[tuple[int, bytes]]:
    """Every tag with a value, in order; those inside a container follow it. Ends at the first one that is broken."""
    at = 0
    while at < len(data):
        first = at
        multiple = data[at] & 0x1F == 0x1F
        at += 1
        while multiple and at < len(data):
            multiple = data[at] & 0x80 != 0
            at += 1
        start, size = _tlv_length(data, at)
        if size is None or start + size > len(data):
            return
        value = data[start : start + size]
        yield int.from_bytes(data[first:at], "big"), value
        if data[first] & 0x20 and depth:
            yield from tags(value, depth - 1)
        at = start + size


@dataclass(frozen=True, slots=True)
class StatusInfo:
    """What status information (04 0F) says, as far as it is there."""

    result: int | None
    """0 is success."""
    amount: int | None
    """Cents."""
    trace: str = ""
    receipt: str = ""
    time: str = ""
    """HHMMSS, the terminal's clock."""
    date: str = ""
    """MMDD."""
    currency: int | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    left: bytes = b""
    """Bytes that are no field."""


def status_info(data: bytes) -> StatusInfo:
    """Read status information."""
    found, left = fields(data)
    inside = dict(tags(found.get(CONTAINER, b"")))
    trace = inside[0x1F2B].hex() if 0x1F2B in inside else _digits(found.get(0x0B))
    text = found.get(0x3C, b"").decode("cp437").strip("\0 ")
    detail = {
        "brand": _brand(found),
        "number": card_number(found.get(0x22, b"")),
        "authorisation": found.get(0x3B, b"").decode("cp437").strip("\0 "),
        "method": TECHNOLOGY.get(_byte(inside.get(0x1F12)), ""),
        "verification": VERIFICATION.get(_byte(inside.get(0x1F10)), ""),
        "terminal": _digits(found.get(0x29)),
        "transaction": trace,
        "reason": text,
    }
    return StatusInfo(
        result=found[0x27][0] if 0x27 in found else None,
        amount=from_bcd(found[0x04]) if 0x04 in found else None,
        trace=trace,
        receipt=_digits(found.get(0x87)),
        time=_digits(found.get(0x0C)),
        date=_digits(found.get(0x0D)),
        currency=from_bcd(found[0x49]) if 0x49 in found else None,
        detail={key: value for key, value in detail.items() if value},
        left=left,
    )


def card_number(data: bytes) -> str:
    """A card number whose hidden digits are ``E`` and whose padding is ``F``; hidden ones become asterisks."""
    return data.hex().rstrip("f").translate(str.maketrans("abcdef", "*****" + " ")).strip()


def _brand(found: Mapping[int, bytes]) -> str:
    named = found.get(0x8B, b"").decode("cp437").strip("\0 ")
    return named or BRANDS.get(_byte(found.get(0x8A)), "")


def _byte(value: bytes | None) -> int:
    return value[0] if value else -1


def _digits(value: bytes | None) -> str:
    text = value.hex() if value else ""
    return text if text.isdecimal() else ""


def print_line(data: bytes) -> str:
    """The text of a line to print (06 D1), behind its attribute; code page 437."""
    return data[1:].decode("cp437") if data[:1] != b"\xff" else ""


def print_block(data: bytes) -> tuple[int, list[str]]:
    """Kind of receipt (1 merchant, 2 customer, 3 administration, 0 not told) and lines of a text block (06 D3)."""
    found, _ = fields(data)
    kind, lines = 0, []
    for tag, value in tags(found.get(CONTAINER, b"")):
        if tag == 0x1F07 and value:
            kind = value[0]
        elif tag == 0x07:
            lines.append(value.decode("cp437"))
    return kind, lines
