"""What a webshop is to us: orders, products and stock as values, and the one contract that every connector keeps.

Connectors know no database, so that a till's agent and the office use the same code. Amounts are cents with VAT in
them, quantities thousandths, VAT rates hundredths of a percent, times UTC milliseconds; whatever a shop sends is turned
into these at the connector's edge, money by way of :class:`decimal.Decimal` from strings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

import msgspec

Stage = Literal["unpaid", "prepare", "ready", "done", "cancelled", "refunded", "unknown"]
"""What a shop's own status means to us. ``unknown``: a status of some plugin; it is kept as it came, and counts for
nothing but the stock that the shop says it holds."""

GOODS, SHIPPING, FEE = "goods", "shipping", "fee"
"""Kinds of line. A voucher or negative fee of the shop is a fee with a negative amount."""


class Value(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A value of the contract; made into JSON by msgspec."""


class WebLine(Value, frozen=True, kw_only=True):
    """One line of a web order."""

    id: str
    """The shop's own id of the line."""
    kind: str = GOODS
    product: str = ""
    """The shop's own id of what was sold, as in :class:`WebProduct`; empty for shipping, fees and deleted products."""
    sku: str = ""
    ean: str = ""
    name: str = ""
    qty: int = 1000
    amount: int
    """Cents for the whole line after discount, VAT included."""
    vat: int
    """Cents of VAT in ``amount``."""
    rate: int
    """Hundredths of a percent."""
    vat_class: str = ""
    """The shop's own name of the tariff."""
    taken: int = 0
    """Thousandths by which the shop has lowered the stock that it shows for this line and not given back."""
    shipped: int = 0
    """Thousandths that left by the shop's own word; of a shop that does not ship by the line all at once."""
    refunded: int = 0
    """Thousandths that came back or will not be delivered."""


class WebPayment(Value, frozen=True, kw_only=True):
    """How, or with how much, an order was paid."""

    method: str
    """The shop's code, ``ideal``, ``bacs``, ``checkmo`` …"""
    title: str = ""
    amount: int
    ref: str = ""
    """Transaction id."""


class WebRefundLine(Value, frozen=True, kw_only=True):
    """What of one line was refunded."""

    line: str
    qty: int = 0
    amount: int = 0


class WebRefund(Value, frozen=True, kw_only=True):
    """Money given back for an order."""

    id: str
    at: int
    amount: int
    """Cents, above zero."""
    lines: tuple[WebRefundLine, ...] = ()
    restocked: bool = False
    """Whether the shop has put the goods back itself."""
    reason: str = ""


class WebOrder(Value, frozen=True, kw_only=True):
    """An order as the shop has it now."""

    id: str
    """The shop's own; what everything else hangs on."""
    number: str
    """What the customer knows it by."""
    status: str
    """The shop's own word, as it came."""
    stage: Stage
    placed_at: int
    modified_at: int
    paid_at: int = 0
    """0 while not paid."""
    currency: str = "EUR"
    total: int
    """What the order costs; equal to the sum of its lines."""
    paid: int = 0
    """What has been paid of it, before refunds."""
    lines: tuple[WebLine, ...]
    payments: tuple[WebPayment, ...] = ()
    refunds: tuple[WebRefund, ...] = ()
    pickup: bool = False
    pickup_at: str = ""
    """Where, in the shop's word."""
    delivery: str = ""
    """The shop's code of the shipping method."""
    customer: str = ""
    """Name, for whoever hands the goods over. Never journaled."""
    note: str = ""
    """What the customer wrote. Never journaled."""
    created_via: str = ""
    key: str = ""
    """The key that we gave it, where it is a counter sale that we placed ourselves."""


class WebProduct(Value, frozen=True, kw_only=True):
    """Something a shop sells, or the parent of what it sells."""

    id: str
    """``12``, or ``12:34`` for variation 34 of product 12; Magento's is the SKU."""
    sku: str = ""
    ean: str = ""
    name: str = ""
    price: int | None = None
    """Cents with VAT, as far as the shop's settings tell; None where they do not."""
    vat_class: str = ""
    rate: int | None = None
    """Hundredths of a percent that the shop reckons with for that class; None where it does not say."""
    stock: int | None = None
    """Thousandths as the shop shows or holds them, in the sense of :attr:`ShopFacts.reserves`; None: not managed."""
    managed: Literal["yes", "no", "parent"] = "yes"
    """Whether stock written to it counts; ``parent``: it is kept on the product above it."""
    sellable: bool = True
    """False for a parent whose variations are what is sold."""
    modified_at: int = 0


class VatClass(Value, frozen=True, kw_only=True):
    """A tariff of the shop, for products."""

    name: str
    """As :attr:`WebProduct.vat_class` has it."""
    rate: int
    """Hundredths of a percent in the shop's own country."""


class ShopFacts(Value, frozen=True, kw_only=True):
    """What a shop says of itself."""

    name: str = ""
    version: str = ""
    timezone: str = ""
    currency: str = "EUR"
    now: int = 0
    """Its clock."""
    reserves: bool = False
    """True where the shop keeps web orders apart from its stock until they are shipped (Magento's MSI): what is
    written to it is then what lies on the shelf, orders not yet shipped included."""
    whole_units: bool = True
    """Stock in whole units only: weighed goods are rounded down."""
    vat_classes: tuple[VatClass, ...] = ()
    """Those whose tariff is known."""
    remarks: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Codes and facts of what a person should see to: ``write_refused``, ``no_https``, ``keys_in_url``,
    ``other_currency``, ``old_version`` …"""


class OddOrder(Value, frozen=True, kw_only=True):
    """An order that cannot be read: one plugin's row must not hold up all the others."""

    id: str
    facts: dict[str, Any] = {}
    """As of the ``bad_answer``."""


class OrderPage(Value, frozen=True, kw_only=True):
    """Some orders, and how far that brings us."""

    orders: tuple[WebOrder, ...]
    cursor: int
    """The shop's clock as the first page of this pull was answered; the next pull goes back from there."""
    more: bool = False
    total: int = 0
    """Of all pages, where the shop says; for who waits."""
    odd: tuple[OddOrder, ...] = ()


class ProductPage(Value, frozen=True, kw_only=True):
    """Some products."""

    products: tuple[WebProduct, ...]
    cursor: int
    more: bool = False
    total: int = 0


class StockWant(Value, frozen=True, kw_only=True):
    """What a shop is to show of a product."""

    product: str
    sku: str = ""
    qty: int
    """Thousandths, in the sense of :attr:`ShopFacts.reserves`."""


class StockWritten(Value, frozen=True, kw_only=True):
    """What came of it."""

    product: str
    qty: int | None = None
    """As the shop answered after the write; None where it was not written."""
    code: str = ""
    """Empty where it is so; ``not_managed``, ``parent_managed``, ``unknown_product``, ``not_taken`` (answered well and
    did something else), ``refused``."""
    detail: str = ""


class ProductChange(Value, frozen=True, kw_only=True):
    """What to change of a product; what is None stays as it is."""

    product: str
    price: int | None = None
    """Cents with VAT; ``rate`` goes with it for a shop that wants prices without."""
    rate: int = 0
    vat_class: str | None = None
    ean: str | None = None
    name: str | None = None


class NewProduct(Value, frozen=True, kw_only=True):
    """An article that the shop does not have."""

    sku: str
    name: str
    price: int
    """Cents with VAT."""
    rate: int
    vat_class: str | None = None
    """None: whatever the shop gives a new product."""
    ean: str = ""


class SoldLine(Value, frozen=True, kw_only=True):
    """One line of a counter sale that is to be seen in the shop as an order."""

    product: str = ""
    """Empty for what the shop does not have: then a fee."""
    name: str = ""
    qty: int
    amount: int
    gross: int
    """Before discounts."""
    vat: int
    rate: int
    vat_class: str = ""


class CounterSale(Value, frozen=True, kw_only=True):
    """A sale of the till for the shops whose owner wants to see it there."""

    key: str
    """By which it is found again: the receipt's number."""
    at: int
    total: int
    lines: tuple[SoldLine, ...]
    method: str = ""
    title: str = ""


class RefundWish(Value, frozen=True, kw_only=True):
    """Money to give back in the shop's books."""

    key: str
    amount: int
    lines: tuple[WebRefundLine, ...] = ()
    restock: bool = False
    pay_out: bool = False
    """True: the shop's payment provider pays it back; False: it was paid out at the counter."""
    reason: str = ""


Step = Literal["prepare", "ready", "shipped", "done", "cancelled"]
"""What we tell a shop of an order: being made ready, ready to be picked up, sent, handed over, called off."""


class WebshopError(Exception):
    """A shop could not be asked, or did not do it.

    ``code`` is one of ours with words (`webshop_words`), ``facts`` holds no secret.
    """

    def __init__(self, code: str, facts: dict[str, Any] | None = None, retry_after: float = 0.0) -> None:
        super().__init__(f"{code} {facts or {}}")
        self.code, self.facts, self.retry_after = code, facts or {}, retry_after


class Transient(WebshopError):
    """It may go well later: no connection, busy, a page where an answer should be."""


class Permanent(WebshopError):
    """The shop understood and refused, or answered what no repetition mends."""


class Unauthorised(WebshopError):
    """The keys are wrong or may not do this: everything stops until a person has seen to it."""


class Unanswered(Transient):
    """A write whose answer was lost: it may have been done. To be looked for before it is done again."""


class Connector(Protocol):
    """A webshop. Used on one thread; every method may raise :class:`WebshopError`."""

    def check(self) -> ShopFacts:
        """Ask who it is and whether the keys may do all that we need; call first: others rely on what it found."""

    def pull_orders(self, since: int, *, page: int = 50) -> Iterator[OrderPage]:
        """Orders changed since (0: all), oldest id first. Overlap is the connector's own: an order may come again."""

    def order(self, order_id: str) -> WebOrder | None:
        """One order as it is now; None where the shop has none."""

    def pull_products(self, since: int = 0, *, page: int = 100) -> Iterator[ProductPage]:
        """Products changed since, or all (0), with their variations."""

    def product(self, product: str) -> WebProduct | None:
        """One product as it is now; None where the shop has none."""

    def products(self, *, sku: str = "", ean: str = "") -> tuple[WebProduct, ...]:
        """All that have this SKU, or this EAN: more than one is for a person to choose."""

    def stock(self, products: Sequence[str]) -> dict[str, int | None]:
        """Stock as the shop has it now, in the sense of :attr:`ShopFacts.reserves`; products that are gone left out."""

    def push_stock(self, wants: Sequence[StockWant]) -> list[StockWritten]:
        """Write absolute stock and read back what stands; one answer for each, in order."""

    def change_product(self, change: ProductChange) -> WebProduct:
        """Change only what is named; the product as it is then."""

    def make_product(self, new: NewProduct) -> WebProduct:
        """Put an article into the shop, hidden from its customers until a person has finished it.

        The caller has looked for the SKU: a lost answer (:class:`Unanswered`) is looked for again, never repeated.
        """

    def acknowledge(self, order_id: str, step: Step, *, note: str = "") -> WebOrder:
        """Bring an order to a step, doing nothing where it is there already; the order as it is then."""

    def refund(self, order_id: str, wish: RefundWish) -> WebRefund:
        """Book a refund, unless one with this key is there already; the refund."""

    def find(self, key: str) -> WebOrder | None:
        """The order that :meth:`place` made with this key; None where there is none."""

    def place(self, sale: CounterSale) -> WebOrder:
        """Put a counter sale into the shop as an order, unless it is there; one that was half made is finished.

        Permanent ``not_supported``.
        """

    def close(self) -> None:
        """Let go of the connection; twice does no harm."""
