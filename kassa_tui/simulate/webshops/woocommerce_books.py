"""What a simulated WooCommerce keeps, and its rules for stock, statuses, tax and refunds.

As of version 9.9: an order takes stock when it comes to processing, on hold or completed and gives it back at cancelled
and pending; ``_reduced_stock`` on its lines says so. Prices have VAT in them by choice; lines are without, at six
places, and the order is the sum of what was rounded by the line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from itertools import count
from threading import RLock
from typing import Any

CENT, SIX = Decimal("0.01"), Decimal("0.000001")
TAKES = ("processing", "on-hold", "completed")
GIVES_BACK = ("cancelled", "pending")
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")


@dataclass(slots=True)
class Tax:
    """A row of the table of taxes."""

    id: int
    country: str
    percent: Decimal
    name: str
    tax_class: str = ""


@dataclass(slots=True)
class Product:
    """A product, or a variation of ``parent``."""

    id: int
    sku: str
    name: str
    regular_price: str
    type: str = "simple"
    parent: int = 0
    ean: str = ""
    sale_price: str = ""
    tax_class: str = ""
    tax_status: str = "taxable"
    manage_stock: bool | str = True
    """A variation's may be ``parent``."""
    stock: Decimal = Decimal(0)
    backorders: str = "no"
    status: str = "publish"
    option: str = ""
    """Of a variation: what sets it apart."""
    meta: dict[str, Any] = field(default_factory=dict)
    created: int = 0
    modified: int = 0


@dataclass(slots=True)
class Item:
    """A line of an order or refund."""

    id: int
    kind: str
    """``line_item``, ``shipping`` or ``fee``."""
    name: str
    total: Decimal
    """Without VAT, six places."""
    subtotal: Decimal
    taxes: dict[int, Decimal]
    product: int = 0
    variation: int = 0
    sku: str = ""
    qty: Decimal = Decimal(1)
    tax_class: str = ""
    method: str = ""
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def tax(self) -> Decimal:
        """Rounded by the line, half down, as the shop does where prices have VAT in them."""
        return sum((each.quantize(CENT, ROUND_HALF_DOWN) for each in self.taxes.values()), Decimal(0))


@dataclass(slots=True)
class Refund:
    """Money given back."""

    id: int
    amount: Decimal
    reason: str
    at: int
    items: list[Item]
    meta: dict[str, Any]
    paid_back: bool = False


@dataclass(slots=True)
class Order:
    """An order; times in seconds since 1970, 0 for none."""

    id: int
    status: str
    created: int
    modified: int
    items: list[Item] = field(default_factory=list)
    paid: int = 0
    completed: int = 0
    payment_method: str = ""
    payment_title: str = ""
    transaction: str = ""
    billing: dict[str, str] = field(default_factory=dict)
    note: str = ""
    created_via: str = "checkout"
    meta: dict[str, Any] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    stock_reduced: bool = False
    mails: list[str] = field(default_factory=list)
    """To whom the shop wrote about it."""

    @property
    def total(self) -> Decimal:
        """What it costs."""
        # Goods and shipping are rounded by the line; fees are added up as they are.
        rounded = (
            each.total if each.kind == "fee" else each.total.quantize(CENT, ROUND_HALF_UP) for each in self.items
        )
        return (sum(rounded, Decimal(0)) + self.tax).quantize(CENT, ROUND_HALF_UP)

    @property
    def tax(self) -> Decimal:
        """VAT in it."""
        return sum((each.tax for each in self.items), Decimal(0))

    @property
    def left(self) -> Decimal:
        """What may still be given back."""
        return self.total - sum((each.amount for each in self.refunds), Decimal(0))


class Refused(Exception):
    """What the shop does not do: its code, message and status."""

    def __init__(self, code: str, message: str, status: int = 400, **data: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.data = code, message, status, data


class Books:
    """Products, orders and taxes of one shop, and all that happens to them."""

    def __init__(self, clock: Callable[[], float] = time.time, prices_include_tax: bool = True) -> None:
        self.clock, self.prices_include_tax = clock, prices_include_tax
        self.lock = RLock()
        self.products: dict[int, Product] = {}
        self.orders: dict[int, Order] = {}
        self.taxes = [
            Tax(1, "NL", Decimal(21), "BTW"),
            Tax(2, "NL", Decimal(9), "BTW", "reduced-rate"),
            Tax(3, "NL", Decimal(0), "BTW", "zero-rate"),
        ]
        self.statuses = list(STATUSES)
        """With those of plugins."""
        self.ids = count(10)

    @property
    def now(self) -> int:
        """The shop's clock, whole seconds."""
        return int(self.clock())

    def class_of(self, rate: int) -> str:
        """The tax class of hundredths of a percent."""
        return next(tax.tax_class for tax in self.taxes if tax.percent * 100 == rate)

    def add_product(self, **given: Any) -> Product:
        """A new product or variation."""
        with self.lock:
            made = Product(id=next(self.ids), created=self.now, modified=self.now, **given)
            self.products[made.id] = made
            return made

    def touch(self, product: Product) -> None:
        """It changed, and with it what is above it."""
        product.modified = self.now
        if product.parent in self.products:
            self.products[product.parent].modified = self.now

    def keeper(self, product: Product) -> Product | None:
        """Whose stock counts for a product; None where none is kept."""
        if product.manage_stock == "parent":
            above = self.products.get(product.parent)
            return above if above is not None and above.manage_stock is True else None
        return product if product.manage_stock is True else None

    def tax_status(self, product: Product) -> str:
        """Of a variation its parent's."""
        return self.products.get(product.parent, product).tax_status

    def taxes_of(self, tax_class: str, net: Decimal) -> dict[int, Decimal]:
        """Tax of an amount without it, by rate."""
        return {
            tax.id: (net * tax.percent / 100).quantize(SIX, ROUND_HALF_UP)
            for tax in self.taxes if tax.tax_class == tax_class
        }  # fmt: skip

    def line(self, product: Product, qty: Decimal, total: Decimal | None = None, subtotal: Decimal | None = None,
             tax_class: str | None = None) -> Item:  # fmt: skip
        """A line of goods; ``total`` without VAT, by default at the product's price."""
        named = product.tax_class if tax_class is None else tax_class
        above = self.products.get(product.parent)
        net = self._net(product, qty, named) if total is None else total
        name = product.name if above is None else f"{above.name} - {product.option}"
        return Item(
            next(self.ids), "line_item", name, net, net if subtotal is None else subtotal,
            self.taxes_of(named, net) if self.tax_status(product) == "taxable" else {},
            product.parent or product.id, product.id if product.parent else 0, product.sku, qty, named,
        )  # fmt: skip

    def _net(self, product: Product, qty: Decimal, tax_class: str) -> Decimal:
        price = Decimal(product.sale_price or product.regular_price or 0) * qty
        percent = sum((tax.percent for tax in self.taxes if tax.tax_class == tax_class), Decimal(0))
        if not self.prices_include_tax or self.tax_status(product) != "taxable":
            return price
        return (price * 100 / (100 + percent)).quantize(SIX, ROUND_HALF_UP)

    def set_status(self, order: Order, status: str) -> None:
        """A status, and all that comes with it."""
        with self.lock:
            before, order.status, order.modified = order.status, status, self.now
            if status == "completed" and before != status:
                order.completed = self.now
            # Cash on delivery is paid when it is delivered.
            pays = ("completed",) if order.payment_method == "cod" else ("processing", "completed")
            if status in pays and not order.paid:
                order.paid = self.now
            if status in TAKES:
                self._take(order)
            elif status in GIVES_BACK:
                self._put_back(order)
            elif status == "refunded" and before != "refunded" and order.left > 0:
                order.refunds.append(Refund(next(self.ids), order.left, "Order fully refunded.", self.now, [], {}))

    def _take(self, order: Order) -> None:
        if order.stock_reduced:
            return
        for item in order.items:
            product = self.products.get(item.variation or item.product)
            keeper = self.keeper(product) if product is not None and item.kind == "line_item" else None
            if keeper is not None and "_reduced_stock" not in item.meta:
                keeper.stock -= item.qty
                item.meta["_reduced_stock"] = f"{item.qty.normalize():f}"
                self.touch(keeper)
        order.stock_reduced = True

    def _put_back(self, order: Order) -> None:
        if not order.stock_reduced:
            return
        for item in order.items:
            product = self.products.get(item.variation or item.product)
            keeper = self.keeper(product) if product is not None else None
            taken = item.meta.pop("_reduced_stock", None)
            if taken is not None and keeper is not None:
                keeper.stock += Decimal(taken)
                self.touch(keeper)
        order.stock_reduced = False

    def give_back(self, order: Order, amount: Decimal, lines: list[tuple[Item, Decimal, Decimal, dict[int, Decimal]]],
                  reason: str = "", *, restock: bool, pay_out: bool = False, meta: dict[str, Any] | None = None,
                  ) -> Refund:  # fmt: skip
        """A refund of (line, quantity, amount without VAT, taxes)."""
        with self.lock:
            if amount < 0 or amount > order.left:
                raise Refused("woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", 500)
            if pay_out and order.payment_method not in ("ideal", "stripe"):
                raise Refused("woocommerce_rest_cannot_create_order_refund",
                              "The payment gateway for this order does not exist.", 500)  # fmt: skip
            items = [
                Item(next(self.ids), line.kind, line.name, -net, -net, {rate: -tax for rate, tax in taxes.items()},
                     line.product, line.variation, line.sku, -qty, line.tax_class, line.method,
                     {"_refunded_item_id": str(line.id)})
                for line, qty, net, taxes in lines
            ]  # fmt: skip
            made = Refund(next(self.ids), amount, reason, self.now, items, meta or {}, pay_out)
            order.refunds.append(made)
            for line, qty, _, _ in lines if restock else ():
                self._restock(line, qty)
            if order.left <= 0:
                self.set_status(order, "refunded")
            order.modified = self.now
            return made

    def _restock(self, line: Item, qty: Decimal) -> None:
        product = self.products.get(line.variation or line.product)
        keeper = self.keeper(product) if product is not None else None
        taken = Decimal(line.meta.get("_reduced_stock", 0))
        if not taken or not qty or keeper is None:
            return
        keeper.stock += qty
        line.meta["_reduced_stock"] = f"{taken - qty:f}"
        line.meta["_restock_refunded_items"] = f"{Decimal(line.meta.get('_restock_refunded_items', 0)) + qty:f}"
        self.touch(keeper)
