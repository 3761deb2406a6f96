"""WooCommerce keeps the contract of all webshops, with either storage, either kind of address, and either line."""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext
from typing import Any

import pytest

from kassa_tui.simulate.webshops.woocommerce import KEY, SECRET, WooShop, start
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.woocommerce import make
from tests.sync.webshops.contract import Contract, Stand, Waits

NOON = 1_795_345_200
"""A Sunday in November, 12:00 in Amsterdam."""


class WooStand(Stand):
    """A WooCommerce shop."""

    plugin_status = "wacht-op-levering"
    secrets = (KEY, SECRET)

    def __init__(
        self, *, context: SSLContext | None = None, ca_file: Path | None = None, shop: dict[str, Any] | None = None,
        key: str = KEY, secret: str = SECRET, **options: Any,
    ) -> None:  # fmt: skip
        self.at, self.waits = float(NOON), Waits()
        self.simulated = start(context=context, clock=lambda: self.at, **(shop or {}))
        self.server, self.shop = self.simulated.server, self.simulated.shop
        self.access = Access("woocommerce", self.server.url, {"key": key, "secret": secret}, ca_file, None,
                             Options(**options))  # fmt: skip
        self.connector = make(self.access, self.waits.patience())

    def product(
        self, sku: str, *, ean: str = "", name: str = "", price: int = 1499, stock: int | None = 10, rate: int = 900
    ) -> str:
        return str(self.shop.product(sku, ean=ean, name=name, price=price, stock=stock, rate=rate).id)

    def variation(self, sku: str, *, ean: str = "", stock: int = 10) -> str:
        parent = self.shop.variable(f"{sku}-P")
        return f"{parent.id}:{self.shop.variation(parent, sku, ean=ean, stock=stock).id}"

    def buy(self, *lines: tuple[str, int], pickup: bool = False, paid: bool = True) -> str:
        wanted = [(own(product), qty) for product, qty in lines]
        order = self.shop.checkout(*wanted, pickup="local_pickup" if pickup else "", method="ideal" if paid else "bacs")
        return str(order.id)

    def pay(self, order: str) -> None:
        self.shop.set_status(int(order), "processing")

    def cancel(self, order: str) -> None:
        self.shop.set_status(int(order), "cancelled")

    def finish(self, order: str) -> None:
        self.shop.set_status(int(order), "completed")

    def give_back(self, order: str, product: str, qty: int, *, restock: bool) -> None:
        items = self.shop.books.orders[int(order)].items
        place = next(no for no, each in enumerate(items) if own(product) in (each.product, each.variation))
        self.shop.give_back(int(order), place, qty, restock=restock)

    def mark(self, order: str, status: str) -> None:
        self.shop.set_status(int(order), status)

    def remove(self, product: str) -> None:
        self.shop.delete_product(own(product))

    def shown(self, product: str) -> int | None:
        keeper = self.shop.books.keeper(self.shop.books.products[own(product)])
        return None if keeper is None else int(keeper.stock)

    def hidden(self, product: str) -> bool:
        return self.shop.books.products[own(product)].status == "draft"

    def orders(self) -> int:
        return len(self.shop.books.orders)

    def refunds(self, order: str) -> int:
        return len(self.shop.books.orders[int(order)].refunds)

    def state(self) -> object:
        return repr((self.shop.books.products, self.shop.books.orders))

    def go(self, seconds: float) -> None:
        self.at += seconds

    def now(self) -> int:
        return int(self.at * 1000)


def own(product: str) -> int:
    """The shop's own number of what is sold."""
    return int(product.rpartition(":")[2])


class WooContract(Contract):
    """Each with a shop of its own kind."""

    shop: dict[str, Any] = {}  # noqa: RUF012
    options: dict[str, Any] = {}  # noqa: RUF012

    def make(self, *, context: SSLContext | None = None, ca_file: Path | None = None, **options: Any) -> WooStand:
        return WooStand(context=context, ca_file=ca_file, shop=self.shop, **{**self.options, **options})

    def spoil_keys(self, stand: Stand) -> None:
        assert isinstance(stand, WooStand)
        stand.shop.keys.key = "ck_other"


class TestWooCommerce(WooContract):
    """As it is installed."""


class TestWithPostsAndPlainAddresses(WooContract):
    """The older storage, and a WordPress without readable addresses."""

    shop = {"storage": "posts", "plain_permalinks": True}  # noqa: RUF012
    options = {"plain_permalinks": True, "post_instead_of_put": True, "keys_in_url": True}  # noqa: RUF012


class TestWithPricesWithoutTax(WooContract):
    """A shop whose prices have no VAT in them, west of Greenwich."""

    shop = {"zone": "America/New_York", "prices_include_tax": False}  # noqa: RUF012


@pytest.mark.parametrize("options", [{}, {"keys_in_url": True}])
def test_the_shop_is_a_shop(options: dict[str, Any]) -> None:
    stand = WooStand(**options)
    try:
        assert isinstance(stand.shop, WooShop)
        assert stand.connector.check().name == "Kaaswinkel"
    finally:
        stand.close()
