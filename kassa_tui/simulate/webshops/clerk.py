"""Customers and staff of a simulated webshop in words that all three kinds know: articles by SKU, orders by number.

For demos, training and whoever tries the connectors; what a shop does with it is the shop's own affair. Not a command
of the shop's interface: it goes around it, as people do who use the shop's own pages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kassa_tui.simulate.webshops import magento, prestashop, woocommerce
from kassa_tui.simulate.webshops.simulated import Simulated


@dataclass(frozen=True, slots=True)
class Goods:
    """An article to fill a shop with."""

    sku: str
    name: str
    price: int
    rate: int
    stock: int
    ean: str = ""


class Clerk(ABC):
    """Somebody who buys in a shop, and works there."""

    def __init__(self, simulated: Simulated[Any]) -> None:
        self.simulated = simulated
        self.products: dict[str, str] = {}
        """SKU → the shop's own id."""
        self.names: dict[str, str] = {}

    def fill(self, goods: Iterable[Goods]) -> None:
        """Put articles on sale."""
        for each in goods:
            self.products[each.sku] = self.add(each)
            self.names[each.sku] = each.name

    def buy(self, *wanted: tuple[str, int], pickup: bool = True, paid: bool = True) -> str:
        """A customer orders; the order's id. ValueError for what the shop does not have or sell."""
        lines = []
        for sku, pieces in wanted:
            if sku not in self.products or pieces < 1:
                raise ValueError(sku)
            lines.append((self.products[sku], pieces))
        return self.order(lines, pickup=pickup, paid=paid)

    @abstractmethod
    def add(self, goods: Goods) -> str:
        """Put an article on sale; its id."""

    @abstractmethod
    def order(self, lines: list[tuple[str, int]], *, pickup: bool, paid: bool) -> str:
        """A customer's order of products."""

    @abstractmethod
    def pay(self, order: str) -> None:
        """The customer's money came."""

    @abstractmethod
    def cancel(self, order: str) -> None:
        """The staff calls an order off."""

    @abstractmethod
    def finish(self, order: str) -> None:
        """The staff sends an order, or hands it over."""

    @abstractmethod
    def shown(self, sku: str) -> int:
        """Pieces that a customer could buy."""

    @abstractmethod
    def orders(self) -> list[tuple[str, str]]:
        """Number and status of every order."""


class WooClerk(Clerk):
    """Of a WooCommerce."""

    @property
    def shop(self) -> woocommerce.WooShop:
        """The shop."""
        found: woocommerce.WooShop = self.simulated.shop
        return found

    def add(self, goods: Goods) -> str:
        """Put an article on sale."""
        return str(self.shop.product(goods.sku, ean=goods.ean, name=goods.name, price=goods.price, stock=goods.stock,
                                     rate=goods.rate).id)  # fmt: skip

    def order(self, lines: list[tuple[str, int]], *, pickup: bool, paid: bool) -> str:
        """Paid by iDEAL, else by a transfer that is waited for."""
        wanted = [(int(product), pieces) for product, pieces in lines]
        made = self.shop.checkout(*wanted, pickup="local_pickup" if pickup else "", method="ideal" if paid else "bacs",
                                  shipping=0 if pickup else 495)  # fmt: skip
        return str(made.id)

    def pay(self, order: str) -> None:
        """The transfer came."""
        self.shop.set_status(_number(order), "processing")

    def cancel(self, order: str) -> None:
        """Called off."""
        self.shop.set_status(_number(order), "cancelled")

    def finish(self, order: str) -> None:
        """Done."""
        self.shop.set_status(_number(order), "completed")

    def shown(self, sku: str) -> int:
        """Its stock."""
        return int(self.shop.books.products[int(self.products[sku])].stock)

    def orders(self) -> list[tuple[str, str]]:
        """Number and status."""
        return [(str(order.id), order.status) for order in self.shop.books.orders.values()]


class MagentoClerk(Clerk):
    """Of a Magento."""

    @property
    def shop(self) -> magento.MagentoShop:
        """The shop."""
        found: magento.MagentoShop = self.simulated.shop
        return found

    def add(self, goods: Goods) -> str:
        """Put an article on sale."""
        return self.shop.goods.add(goods.sku, ean=goods.ean, name=goods.name, price=goods.price, stock=goods.stock,
                                   rate=goods.rate, source=magento.PICKUP_SOURCE).sku  # fmt: skip

    def order(self, lines: list[tuple[str, int]], *, pickup: bool, paid: bool) -> str:
        """Invoiced at once, else to be paid."""
        if any(self.shop.goods.salable(sku) < pieces for sku, pieces in lines):
            raise ValueError("stock")
        source = magento.PICKUP_SOURCE if pickup else ""
        return str(self.shop.sales.checkout(lines, pickup=source, paid=paid, shipping=0 if pickup else 495).id)

    def pay(self, order: str) -> None:
        """Invoiced."""
        self.shop.sales.invoice(self.shop.sales.get(order), [])

    def cancel(self, order: str) -> None:
        """Called off, or given back where it was paid."""
        found = self.shop.sales.get(order)
        if not self.shop.sales.cancel(found):
            items = [item.id for item in found.items]
            self.shop.sales.refund(found, {"arguments": {"extension_attributes": {"return_to_stock_items": items}}})

    def finish(self, order: str) -> None:
        """Invoiced and shipped."""
        found = self.shop.sales.get(order)
        if not found.invoices:
            self.shop.sales.invoice(found, [])
        self.shop.sales.ship(found, [], magento.PICKUP_SOURCE)

    def shown(self, sku: str) -> int:
        """What is salable."""
        return int(self.shop.goods.salable(sku))

    def orders(self) -> list[tuple[str, str]]:
        """Number and state."""
        return [(str(order.id), order.state) for order in self.shop.sales.orders.values()]


class PrestaClerk(Clerk):
    """Of a PrestaShop."""

    @property
    def shop(self) -> prestashop.PrestaShopSite:
        """The shop."""
        found: prestashop.PrestaShopSite = self.simulated.shop
        return found

    def add(self, goods: Goods) -> str:
        """Put an article on sale."""
        return self.shop.product(goods.sku, ean=goods.ean, name=goods.name, price=goods.price, stock=goods.stock,
                                 rate=goods.rate)  # fmt: skip

    def order(self, lines: list[tuple[str, int]], *, pickup: bool, paid: bool) -> str:
        """Paid at once, else by a transfer that is waited for."""
        if any((self.shop.stock(product) or 0) < pieces for product, pieces in lines):
            raise ValueError("stock")
        return self.shop.checkout(*lines, pickup=pickup, paid=paid)

    def pay(self, order: str) -> None:
        """The transfer came."""
        self.shop.pay(order)

    def cancel(self, order: str) -> None:
        """Called off."""
        self.shop.cancel(order)

    def finish(self, order: str) -> None:
        """Delivered."""
        self.shop.finish(order)

    def shown(self, sku: str) -> int:
        """Its stock."""
        return self.shop.stock(self.products[sku]) or 0

    def orders(self) -> list[tuple[str, str]]:
        """Number and state."""
        return [(str(order["id"]), str(order["current_state"])) for order in self.shop.orders()]


KINDS: dict[str, tuple[Any, type[Clerk]]] = {
    "woocommerce": (woocommerce.start, WooClerk),
    "magento": (magento.start, MagentoClerk),
    "prestashop": (prestashop.start, PrestaClerk),
}
"""Kind of shop → how one is started, and who works there."""


def _number(order: str) -> int:
    if not order.isdigit():
        raise ValueError(order)
    return int(order)
