"""A simulated Magento's goods: products, the sources they lie in, and what web orders have reserved of them.

With multi-source inventory an order reserves and a shipment takes; without it an order takes at once.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

DEFAULT = "default"
ZERO = Decimal(0)
COMPOSITE = ("configurable", "bundle", "grouped")


class Refusal(ValueError):
    """What Magento answers instead of doing it; ``message`` has gaps that ``parameters`` fill."""

    def __init__(self, message: str, parameters: Any = None, status: int = 400) -> None:
        super().__init__(message)
        self.message, self.parameters, self.status = message, parameters, status


NOT_THERE = "The entity that was requested doesn't exist. Verify the entity and try again."
NO_PRODUCT = "The product that was requested doesn't exist. Verify the product and try again."


@dataclass(slots=True)
class Tax:
    """A class of tax and its tariff in some countries."""

    id: int
    name: str
    rates: dict[str, Decimal]
    """Percent by country."""


@dataclass(slots=True)
class Product:
    """A product as it is for all store views."""

    id: int
    sku: str
    name: str
    price: Decimal
    tax: int
    kind: str = "simple"
    status: int = 1
    """1 on sale, 2 switched off."""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[str] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By store view what it has of its own, which hides what is written for all."""
    managed: bool = True
    backorders: int = 0
    qty: Decimal = ZERO
    """Without sources."""
    in_stock: int = 1


@dataclass(slots=True)
class SourceItem:
    """So much of a SKU in a source; the SKU need not be a product's."""

    sku: str
    source: str
    quantity: Decimal
    status: int = 1


@dataclass(slots=True)
class Source:
    """A place where goods lie."""

    code: str
    name: str
    enabled: bool = True
    pickup: bool = False


def slug(text: str) -> str:
    """A name as Magento makes an address of it."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class Goods:
    """All of them. SKUs are found whatever their case, as in the shop's database."""

    def __init__(self, now: Callable[[], int], *, msi: bool = True) -> None:
        self._now, self.msi = now, msi
        self.lock = threading.RLock()
        """Held by whoever does something to the shop: customers, staff, or a request."""
        self.products: dict[str, Product] = {}
        self.sources = {DEFAULT: Source(DEFAULT, "Default Source")}
        self.items: dict[tuple[str, str], SourceItem] = {}
        self.reserved: dict[str, Decimal] = {}
        """By SKU, above zero: sold and not shipped."""
        self.attributes = {"ean", "description", "color", "url_key"}
        """Custom ones that the shop knows."""
        self.taxes = [
            Tax(2, "Taxable Goods", {"NL": Decimal(21), "BE": Decimal(21)}),
            Tax(4, "Laag tarief", {"NL": Decimal(9), "BE": Decimal(6)}),
            Tax(5, "Nultarief", {"NL": ZERO, "BE": ZERO}),
        ]
        self.rules: dict[int, list[int]] = {}
        """By class of tax others that its rule covers as well."""
        self._ids = 0

    def add(self, sku: str, *, name: str = "", price: int = 1499, rate: int = 900, ean: str = "",
            stock: int | None = 10, kind: str = "simple", source: str = DEFAULT,
            empty: bool = False) -> Product:  # fmt: skip
        """A new product; its price in cents as it stands in the shop, its stock in pieces; ``empty``: in no source."""
        self._ids += 1
        tax = next(each.id for each in self.taxes if each.rates["NL"] * 100 == rate)
        made = Product(self._ids, sku, name or sku, Decimal(price) / 100, tax, kind, created=self._now(),
                       updated=self._now(), managed=stock is not None)  # fmt: skip
        made.attributes["url_key"] = slug(made.name)
        if ean:
            made.attributes["ean"] = ean
        self.products[sku.casefold()] = made
        if kind not in COMPOSITE and not empty:
            self.put(sku, source, Decimal(stock or 0))
        return made

    def configurable(self, sku: str, *children: str, name: str = "") -> Product:
        """A parent above products that are there."""
        parent = self.add(sku, name=name, stock=None, kind="configurable")
        parent.children += children
        first = self.get(children[0])
        parent.price, parent.tax = first.price, first.tax
        return parent

    def get(self, sku: str) -> Product:
        """One product."""
        found = self.products.get(sku.casefold())
        if found is None:
            raise Refusal(NO_PRODUCT, status=404)
        return found

    def parent(self, sku: str) -> Product | None:
        """The configurable product above one."""
        return next((each for each in self.products.values() if sku in each.children), None)

    def remove(self, sku: str) -> None:
        """The staff deletes a product."""
        del self.products[sku.casefold()]
        for key in [key for key in self.items if key[0] == sku.casefold()]:
            del self.items[key]

    def rate(self, product: Product, country: str = "NL") -> Decimal:
        """Percent."""
        return next((each.rates.get(country, ZERO) for each in self.taxes if each.id == product.tax), ZERO)

    def put(self, sku: str, source: str, quantity: Decimal, status: int | None = None) -> None:
        """Write what lies in a source, whether anybody knows the SKU or not; without sources, what there is."""
        if not self.msi:
            product = self.get(sku)
            product.qty, product.in_stock = quantity, status if status is not None else int(quantity > 0)
            return
        known = self.products.get(sku.casefold())
        shown = known.sku if known else sku
        self.items[sku.casefold(), source] = SourceItem(shown, source, quantity, 1 if status is None else status)

    def physical(self, sku: str) -> Decimal:
        """What lies there, over all sources."""
        if not self.msi:
            return self.get(sku).qty
        return sum((each.quantity for key, each in self.items.items() if key[0] == sku.casefold()), ZERO)

    def salable(self, sku: str) -> Decimal:
        """What a customer can still buy."""
        if not self.msi:
            return self.get(sku).qty
        on = [each for key, each in self.items.items() if key[0] == sku.casefold() and self.sources[key[1]].enabled]
        there = sum((each.quantity for each in on if each.status), ZERO)
        return there - self.reserved.get(sku.casefold(), ZERO)

    def sell(self, sku: str, qty: Decimal) -> None:
        """A customer buys; refused where there is not enough."""
        product = self.get(sku)
        if product.managed and not product.backorders and self.salable(sku) < qty:
            raise Refusal("The requested qty is not available")
        if self.msi:
            self.reserved[sku.casefold()] = self.reserved.get(sku.casefold(), ZERO) + qty
        elif product.managed:
            product.qty -= qty

    def release(self, sku: str, qty: Decimal) -> None:
        """What was sold and will not be shipped."""
        if self.msi:
            self.reserved[sku.casefold()] = self.reserved.get(sku.casefold(), ZERO) - qty
        elif (product := self.products.get(sku.casefold())) is not None and product.managed:
            product.qty += qty

    def take(self, sku: str, qty: Decimal, source: str) -> None:
        """A shipment leaves a source."""
        product = self.products.get(sku.casefold())
        if not self.msi or product is None:
            return
        item = self.items.get((sku.casefold(), source))
        if product.managed and not product.backorders and (item is None or item.quantity < qty):
            raise Refusal("Could not save a shipment, see error log for details")
        if item is not None:
            item.quantity -= qty
            item.status = 0 if item.quantity <= 0 and not product.backorders else item.status
        self.reserved[sku.casefold()] = self.reserved.get(sku.casefold(), ZERO) - qty

    def give_back(self, sku: str, qty: Decimal, source: str) -> None:
        """Goods are put back."""
        if not self.msi:
            self.release(sku, qty)
        elif (item := self.items.get((sku.casefold(), source))) is not None:
            item.quantity += qty
            item.status = 1 if item.quantity > 0 else item.status
