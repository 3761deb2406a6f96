"""What a shop sells, as the till knows it at the moment of the scan."""

from __future__ import annotations

from dataclasses import dataclass

EACH, KG = "each", "kg"
"""Units of sale: by the piece, or by the kilogram."""

GOODS, DEPOSIT, GROUP, VOUCHER = "goods", "deposit", "group", "voucher"
"""Kinds of article. A deposit, and a voucher sold, lie outside turnover and VAT; a group is an open ring."""


@dataclass(frozen=True, slots=True)
class Article:
    """One article with the price and VAT rate that hold today."""

    sku: str
    """The shop's own number; also the PLU that a cashier types."""
    name: str
    """As printed; data from outside, never markup."""
    group: str
    """Name of the article group (department)."""
    price: int
    """Cents, VAT included, per piece or per kilogram."""
    vat_code: str
    """Key of the dated VAT rate, e.g. ``high``; ``none`` lies outside VAT."""
    vat_rate: int
    """Rate of today in hundredths of a percent: 900 is 9 %."""
    unit: str = EACH
    kind: str = GOODS
    deposit_sku: str | None = None
    """The deposit article charged with each piece of this one."""
    min_age: int = 0
    """Youngest age in years to whom it may be sold; 0 is anyone."""
    no_discount: bool = False
    """Never discounted (fixed book price, tobacco, deposits)."""
    price_source: str = "list"
    """Where the price came from: ``list``, or the label of a dated price."""
    stock: int | None = None
    """Stock in thousandths as last told; None where it is not kept."""
    pack: int = 1
    """Pieces in the code that was scanned (a six-pack's own code)."""
    tare: int = 0
    """Thousandths of a kilogram of the packing in which it is weighed."""
