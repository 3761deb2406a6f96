"""The contract on Magento, with sources and, as before 2.3, without."""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext
from typing import Any, ClassVar

from kassa_tui.simulate.webshops.magento import PICKUP_SOURCE, start
from kassa_tui.simulate.webshops.magento_json import order as order_json
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.magento import make
from tests.sync.webshops.contract import Contract, Stand, Waits

START = 1_795_309_756.25
"""Seconds: the shop's clock stands still but for :meth:`MagentoStand.go`."""


class MagentoStand(Stand):
    """One Magento."""

    plugin_status = "wacht_op_leverancier"
    called_off = "refunded"
    place_takes = False

    def __init__(
        self, *, context: SSLContext | None, ca_file: Path | None, shop: dict[str, Any], options: Any,
        home: str = "default",
    ) -> None:  # fmt: skip
        self.simulated = start(context=context, **{"clock": lambda: START, **shop})
        self.server, self.shop = self.simulated.server, self.simulated.shop
        self.sales, self.goods = self.shop.sales, self.shop.goods
        self.home = home
        self.waits = Waits()
        self.access = Access(kind="magento", url=self.server.url, credentials=self.simulated.credentials,
                             ca_file=ca_file, options=Options(**options))  # fmt: skip
        self.secrets = tuple(self.shop.keys.values())
        self.connector = make(self.access, self.waits.patience())

    def product(
        self, sku: str, *, ean: str = "", name: str = "", price: int = 1499, stock: int | None = 10, rate: int = 900
    ) -> str:
        return self.goods.add(sku, ean=ean, name=name, price=price, stock=stock, rate=rate, source=self.home).sku

    def variation(self, sku: str, *, ean: str = "", stock: int = 10) -> str:
        child = self.goods.add(sku, ean=ean, stock=stock, source=self.home)
        self.goods.configurable(f"{sku}-all", sku)
        return child.sku

    def buy(self, *lines: tuple[str, int], pickup: bool = False, paid: bool = True) -> str:
        order = self.sales.checkout(lines, pickup=PICKUP_SOURCE if pickup else "", paid=paid,
                                    shipping=0 if pickup else 495)  # fmt: skip
        return str(order.id)

    def pay(self, order: str) -> None:
        self.sales.invoice(self.sales.get(order), [])

    def cancel(self, order: str) -> None:
        found = self.sales.get(order)
        if not self.sales.cancel(found):
            self.sales.refund(found, {"arguments": {"extension_attributes": {
                "return_to_stock_items": [item.id for item in found.items]}}})  # fmt: skip

    def finish(self, order: str) -> None:
        found = self.sales.get(order)
        if not found.invoices:
            self.sales.invoice(found, [])
        self.sales.ship(found, [], self.home)

    def give_back(self, order: str, product: str, qty: int, *, restock: bool) -> None:
        found = self.sales.get(order)
        item = next(each for each in found.tops if each.sku == product)
        arguments: dict[str, Any] = {"shipping_amount": 0}
        if restock:
            arguments["extension_attributes"] = {"return_to_stock_items": [item.id]}
        self.sales.refund(found, {"items": [{"order_item_id": item.id, "qty": qty}], "arguments": arguments})

    def mark(self, order: str, status: str) -> None:
        self.sales.mark(self.sales.get(order), status)

    def remove(self, product: str) -> None:
        self.goods.remove(product)

    def shown(self, product: str) -> int | None:
        return int(self.goods.physical(product))

    def hidden(self, product: str) -> bool:
        return self.goods.get(product).status == 2

    def orders(self) -> int:
        return len(self.sales.orders)

    def refunds(self, order: str) -> int:
        return len(self.sales.get(order).memos)

    def state(self) -> object:
        return ([order_json(each) for each in self.sales.orders.values()], repr(self.goods.items),
                repr(self.goods.products), repr(self.goods.reserved), len(self.shop.paid_back))  # fmt: skip

    def go(self, seconds: float) -> None:
        self.shop.ahead += seconds

    def now(self) -> int:
        return self.shop.now()


class MagentoContract(Contract):
    """Both ways of keeping stock."""

    shop: ClassVar[dict[str, Any]]

    def make(self, *, context: SSLContext | None = None, ca_file: Path | None = None, **options: Any) -> MagentoStand:
        return MagentoStand(context=context, ca_file=ca_file, shop=self.shop, options=options)

    def spoil_keys(self, stand: Stand) -> None:
        assert isinstance(stand, MagentoStand)
        stand.shop.keys["consumer_secret"] = "another"


class TestSources(MagentoContract):
    """Magento 2.4 with multi-source inventory, signed."""

    shop: ClassVar[dict[str, Any]] = {"msi": True}


class TestStockItems(MagentoContract):
    """Magento before 2.3, by a bearer's token."""

    shop: ClassVar[dict[str, Any]] = {"msi": False, "version": "2.2.11", "bearer": True}

    def spoil_keys(self, stand: Stand) -> None:
        assert isinstance(stand, MagentoStand)
        stand.shop.keys["token"] = "another"
