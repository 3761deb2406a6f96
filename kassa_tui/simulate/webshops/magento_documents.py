"""What a simulated Magento keeps of a sale: the order with its items, invoices, shipments and credit memos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kassa_tui.simulate.webshops.magento_goods import ZERO, Refusal

CENT = Decimal("0.01")
FLAT, PICKUP = "flatrate_flatrate", "instore_pickup"
OVER = ("canceled", "closed", "complete")
LABELS = {"new": "pending"}
"""Statuses that are called otherwise than their state."""
Sums = dict[str, Decimal]
"""Euros by the name of an amount: of a whole line, or of so much of it as stands in a document."""
PARTS = ("row_total", "discount", "tax", "compensation")
"""The amounts that make up a line, in the order in which a document reckons them."""


@dataclass(slots=True)
class Item:
    """A line; amounts in euros, for the whole line."""

    id: int
    product: int
    sku: str
    name: str
    kind: str
    qty: Decimal
    parent: Item | None = None
    row_total: Decimal = ZERO
    tax: Decimal = ZERO
    discount: Decimal = ZERO
    compensation: Decimal = ZERO
    percent: Decimal = ZERO
    virtual: bool = False
    option: str = ""
    """What the customer chose of the product's own options; it stands behind the SKU, and is no product."""
    booked: Sums = field(default_factory=lambda: dict.fromkeys(PARTS, ZERO))
    """What was invoiced of each of its amounts."""
    back: Sums = field(default_factory=lambda: dict.fromkeys(PARTS, ZERO))
    """And what of that was given back."""
    invoiced: Decimal = ZERO
    shipped: Decimal = ZERO
    refunded: Decimal = ZERO
    canceled: Decimal = ZERO

    @property
    def to_ship(self) -> Decimal:
        """Pieces; as Magento has it, with what was refunded counted among the shipped."""
        return ZERO if self.virtual else self.qty - max(self.shipped, self.refunded) - self.canceled

    @property
    def gross(self) -> Decimal:
        """What it adds to the total."""
        return gross(self.sums)

    @property
    def sums(self) -> Sums:
        """The whole line."""
        return {name: getattr(self, name) for name in PARTS}


def gross(sums: Sums) -> Decimal:
    """What amounts of a line add to a total."""
    return sums["row_total"] + sums["tax"] + sums["compensation"] - sums["discount"]


@dataclass(frozen=True, slots=True)
class Line:
    """So much of an item in a document."""

    item: Item
    qty: Decimal
    sums: Sums


class Cents:
    """The rounding of one document: what it leaves of one amount goes to the next, of a discount the other way."""

    def __init__(self) -> None:
        self._rest = ZERO

    def lines(self, wanted: Sequence[tuple[Item, Decimal]], *, back: bool = False) -> list[Line]:
        """Items of an invoice, or of what is given ``back``: row totals first, then discounts, then taxes."""
        found = [Line(item, qty, {}) for item, qty in wanted]
        for names in (PARTS[:1], PARTS[1:2], PARTS[2:]):
            for line in found:
                for name in names:
                    line.sums[name] = self._part(line.item, name, line.qty, back=back)
        return found

    def _part(self, item: Item, name: str, qty: Decimal, *, back: bool) -> Decimal:
        """Of what is left of an amount the part of so many pieces; of all pieces that are left all, as it is."""
        whole, done = (item.booked, item.back) if back else (item.sums, item.booked)
        left = whole[name] - done[name]
        there = item.invoiced - item.refunded if back else item.qty - item.invoiced
        if qty == there or not left or not qty:
            return left if qty else ZERO
        sign = -1 if name == "discount" else 1
        exact = left / there * qty + sign * self._rest
        found = exact.quantize(CENT, ROUND_HALF_UP)
        self._rest = sign * (exact - found)
        return found


@dataclass(slots=True)
class Memo:
    """A credit memo, an invoice or a shipment."""

    id: int
    order: Order
    at: int
    total: Decimal = ZERO
    lines: list[Line] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    shipping: Decimal = ZERO
    """Without VAT, as what follows is its VAT."""
    shipping_tax: Decimal = ZERO


@dataclass(slots=True)
class Order:
    """An order; times in UTC milliseconds."""

    id: int
    number: str
    created: int
    updated: int
    state: str = "new"
    status: str = "pending"
    items: list[Item] = field(default_factory=list)
    shipping: tuple[str, str] = (FLAT, "Flat Rate - Fixed")
    shipping_amount: Decimal = ZERO
    """Without VAT."""
    shipping_tax: Decimal = ZERO
    shipping_discount: Decimal = ZERO
    """With VAT, as what follows is the VAT that it takes off."""
    shipping_compensation: Decimal = ZERO
    shipping_refunded: Decimal = ZERO
    location: str = ""
    method: str = "checkmo"
    title: str = ""
    ref: str = ""
    customer: tuple[str, str] = ("Anna", "de Vries")
    note: str = ""
    ext: str = ""
    total: Decimal = ZERO
    tax: Decimal = ZERO
    paid: Decimal = ZERO
    refunded: Decimal = ZERO
    adjusted: Decimal = ZERO
    """What was given back besides what its items and its shipping came to."""
    surcharge: Decimal = ZERO
    """Of some module, in no item; with the last of the goods it gives it back by itself."""
    history: list[dict[str, Any]] = field(default_factory=list)
    invoices: list[Memo] = field(default_factory=list)
    shipments: list[Memo] = field(default_factory=list)
    memos: list[Memo] = field(default_factory=list)
    raw: dict[str, Any] | None = None
    """As it was posted, where no customer made it."""

    @property
    def shipping_gross(self) -> Decimal:
        """What sending it adds to the total."""
        return self.shipping_amount + self.shipping_tax + self.shipping_compensation - self.shipping_discount

    @property
    def tops(self) -> Iterator[Item]:
        """The items that are not part of another."""
        return (item for item in self.items if item.parent is None)

    def item(self, item_id: Any) -> Item:
        """One of its items."""
        for each in self.items:
            if str(each.id) == str(item_id):
                return each
        raise Refusal("The creditmemo contains product item that is not part of the original order.")

    def child(self, item: Item) -> Item:
        """What lies on the shelf for an item."""
        return next((each for each in self.items if each.parent is item), item)
