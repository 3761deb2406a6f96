"""What the office needs of the facts of each kind of entry, and the reading of it.

An entry whose facts do not have that cannot be counted: it is kept, and a person looks at it. Fields that are not named
here are left alone. Amounts are cents, quantities thousandths, rates hundredths of a percent.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

Whole = Annotated[int, Meta(ge=-(10**12), le=10**12)]
"""An amount or a quantity: ten billion euros are enough, and nine million of these still add up in 64 bits."""
Small = Annotated[int, Meta(ge=0, le=2**31 - 1)]
At = Annotated[int, Meta(ge=0, le=10**14)]
"""UTC milliseconds, of this and the next thousand years."""
NUL, SAID = "\\u0000", "\\ufffd"
"""PostgreSQL holds no NUL character: it becomes the sign for an unknown one in what is counted, not in the entry."""


class Line(Struct, gc=False):
    """A line of a sale."""

    no: Small
    kind: str
    qty: Whole
    amount: Whole
    sku: str = ""
    group: str = ""
    vat_code: str = ""
    rate: Small = 0
    vat: Whole = 0
    source: str = ""
    discount: Whole = 0
    code: str = ""
    origin: str = ""
    origin_line: Small = 0
    typed_weight: bool = False


class Tender(Struct, gc=False):
    """One means of payment."""

    kind: str
    amount: Whole
    ref: str = ""
    detail: dict[str, Any] = {}


class VatBlock(Struct, gc=False):
    """All of a sale at one rate."""

    code: str
    rate: Small
    gross: Whole
    vat: Whole


class Void(Struct, gc=False):
    """A line that was taken off."""

    qty: Whole = 0
    amount: Whole = 0


class Discount(Struct, gc=False):
    """The discount on a whole ticket, in cents."""

    amount: Whole = 0


class Customer(Struct, gc=False):
    """Who bought."""

    code: str = ""


class Sale(Struct, gc=False):
    """``sale``."""

    lines: list[Line]
    tenders: list[Tender]
    vat: list[VatBlock]
    total: Whole
    number: str
    no: Small
    shift: Small
    ticket: str = ""
    rounding: Whole = 0
    change: Whole = 0
    customer: Customer | None = None
    discount: Discount | None = None
    voids: list[Void] = []
    no_print: bool = False
    training: bool = False
    webshop: str = ""
    """Name of the webshop, of ``weborder.sale``; as those below."""
    date: str = ""
    """Local day on which it was paid, left, or was given back."""
    happened: At = 0
    """When that was."""

    def __post_init__(self) -> None:
        if len({line.no for line in self.lines}) != len(self.lines):
            raise ValueError("two lines with one number")


class ShiftOpen(Struct, gc=False):
    """``shift.open``."""

    z: Small
    float: Whole


class ShiftClose(Struct, gc=False):
    """``shift.close``."""

    z: Small
    turnover: Whole
    counted: Whole | None = None
    difference: Whole | None = None


class Cash(Struct, gc=False):
    """``cash``."""

    move: str
    amount: Whole


class Cancel(Struct, gc=False):
    """``ticket.cancel``, ``receipt.copy``: what it came to."""

    total: Whole


class Park(Struct, gc=False):
    """``ticket.park``."""

    ticket: str
    total: Whole
    place: Small = 0
    name: str = ""
    draft: dict[str, Any] = {}


class Recall(Struct, gc=False):
    """``ticket.recall``."""

    ticket: str


class CardResult(Struct, gc=False):
    """``payment.result``."""

    state: str


class Facts(Struct, gc=False):
    """A kind of which only is counted that it happened: any object will do."""


class Unreadable(Exception):
    """Facts that do not have what their kind needs."""


def read(kind: type[Struct], body: str) -> Any:
    """The facts as a ``kind``; :class:`Unreadable`."""
    text = body.replace(NUL, SAID) if NUL in body else body
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise Unreadable(str(error)[:200]) from error


def storable(value: Any, depth: int = 0) -> Any:
    """A JSON value as every database here can hold it: no NUL, no half characters, no number beyond 64 bits."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if depth > 40:
        return None
    if isinstance(value, dict):
        return {storable(str(key)): storable(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each, depth + 1) for each in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)[:40]
    return value


def cut(text: str, length: int) -> str:
    """Text for a column of so many characters."""
    return text if len(text) <= length else text[:length]
