"""What a scanned or typed code turned out to be: the answer of every parser of codes."""

from __future__ import annotations

from dataclasses import dataclass, field

SKU, GTIN, INSTORE, COUPON, REFUND, RECEIPT = "sku", "gtin", "instore", "coupon", "refund", "receipt"
"""Kinds of code: a shop's own number or PLU; a trade item; a label with a measure of the shop's own making;
a coupon; a refund slip (bottle machine); the number of an earlier receipt."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was understood. Only what the code itself says: nothing here has been looked up."""

    kind: str
    """One of ``sku``, ``gtin``, ``instore``, ``coupon``, ``refund``, ``receipt``."""
    key: str
    """The first thing to look up: a GTIN as 14 digits, other numbers as typed, a receipt number in capitals."""
    candidates: tuple[str, ...]
    """Every form to look up, best first; begins with ``key`` and is never empty."""
    gtin: str | None = None
    """The whole code as a GTIN of 14 digits, where it is one. For ``instore`` it still holds the measure, and finds
    an article that merely carries a fixed code in a template's range; price, weight and pieces then mean nothing."""
    item: str | None = None
    """The item digits of an ``instore`` code, leading zeros kept."""
    price: int | None = None
    """Price of the whole line in cents, as labelled: never recomputed from a weight."""
    weight: int | None = None
    """Net weight in thousandths of a kilogram."""
    pieces: int | None = None
    """Whole pieces."""
    volume: int | None = None
    """Net volume in thousandths of a litre."""
    unit_price: int | None = None
    """Price in cents per unit of measure."""
    use_by: str | None = None
    """Last day it may be sold, ``YYYY-MM-DD``."""
    best_before: str | None = None
    """Day of best quality, ``YYYY-MM-DD``."""
    batch: str | None = None
    serial: str | None = None
    """Serial of the item, or of the single coupon for ``coupon``."""
    addon: str | None = None
    """The two or five digits beside a press or book code."""
    coupon: str | None = None
    """The 13 digits of a coupon number."""
    amount: int | None = None
    """Value of a coupon in cents."""
    percent: int | None = None
    """Value of a coupon in hundredths of a percent."""

    @property
    def quantity(self) -> int | None:
        """What the code says to sell, in thousandths of a kilogram or of a piece; None where it does not say."""
        if self.weight is not None:
            return self.weight
        return None if self.pieces is None else self.pieces * 1000


@dataclass(frozen=True, slots=True)
class Bad:
    """A code, or a template, that was refused: a code for the words and the facts that go in them."""

    code: str
    facts: dict[str, str | int] = field(default_factory=dict, hash=False)


Reading = Code | Bad
