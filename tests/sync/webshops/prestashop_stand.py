"""A simulated PrestaShop and a connector to it, as the contract and the tests of PrestaShop's own traps want it."""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext
from typing import Any

from kassa_tui.simulate.webshops.prestashop import KEY, start
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.prestashop import PrestaShop
from tests.sync.webshops.contract import Stand, Waits

NOON = 1_795_345_200
"""A Sunday in November, 12:00 in Amsterdam."""
READY = "14"


class PrestaStand(Stand):
    """A PrestaShop."""

    plugin_status = "15"
    secrets = (KEY, "S0FTU0FLQVNTQUtBU1NBS0FTU0FLQVNTQUtBU1NBMTI6")
    connector: PrestaShop

    def __init__(
        self, *, context: SSLContext | None = None, ca_file: Path | None = None, site: dict[str, Any] | None = None,
        at: float = NOON, **options: Any,
    ) -> None:  # fmt: skip
        self.at, self.waits = float(at), Waits()
        self.simulated = start(context=context, clock=lambda: self.at, **(site or {}))
        self.server, self.shop = self.simulated.server, self.simulated.shop
        self.books = self.shop.books
        assert str(self.books.state("Wacht op leverancier")) == self.plugin_status
        given = {"payment_module": "ps_wirepayment", "steps": {"ready": READY}, **options}
        self.access = Access("prestashop", f"{self.server.url}{self.shop.webservice.folder}", {"key": KEY}, ca_file,
                             None, Options(**given))  # fmt: skip
        self.connector = PrestaShop(self.access, self.waits.patience())

    def again(self, **options: Any) -> PrestaShop:
        """Another connector to the same shop, as after a restart."""
        access = Access("prestashop", self.access.url, {"key": KEY}, None, None, Options(**options))
        self.connector.close()
        self.connector = PrestaShop(access, self.waits.patience())
        return self.connector

    def product(
        self, sku: str, *, ean: str = "", name: str = "", price: int = 1499, stock: int | None = 10, rate: int = 900
    ) -> str:
        return self.shop.product(sku, ean=ean, name=name, price=price, stock=stock or 0, rate=rate,
                                 warehouse=stock is None)  # fmt: skip

    def variation(self, sku: str, *, ean: str = "", stock: int = 10) -> str:
        return self.shop.combination(self.shop.product(f"{sku}-P", stock=0), sku, ean=ean, stock=stock)

    def buy(self, *lines: tuple[str, int], pickup: bool = False, paid: bool = True) -> str:
        return self.shop.checkout(*lines, pickup=pickup, paid=paid)

    def pay(self, order: str) -> None:
        self.shop.pay(order)

    def cancel(self, order: str) -> None:
        self.shop.cancel(order)

    def finish(self, order: str) -> None:
        self.shop.finish(order)

    def give_back(self, order: str, product: str, qty: int, *, restock: bool) -> None:
        self.shop.give_back(order, product, qty, restock=restock)

    def mark(self, order: str, status: str) -> None:
        self.shop.set_status(order, int(status))

    def remove(self, product: str) -> None:
        self.shop.delete(product)

    def shown(self, product: str) -> int | None:
        return self.shop.stock(product)

    def hidden(self, product: str) -> bool:
        return str(self.shop.books.tables["products"][int(product)]["active"]) == "0"

    def orders(self) -> int:
        return len(self.shop.orders())

    def refunds(self, order: str) -> int:
        return sum(str(slip["id_order"]) == order for slip in self.books.tables["order_slip"].values())

    def state(self) -> object:
        return self.books.snapshot()

    def go(self, seconds: float) -> None:
        self.at += seconds

    def now(self) -> int:
        return int(self.at) * 1000
