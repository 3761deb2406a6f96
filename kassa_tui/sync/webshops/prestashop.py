"""PrestaShop (1.7 to 9) by its webservice: the connector, put together of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kassa_tui.sync.webshops.access import Access
from kassa_tui.sync.webshops.base import (
    Connector,
    CounterSale,
    NewProduct,
    OrderPage,
    ProductChange,
    ProductPage,
    RefundWish,
    ShopFacts,
    Step,
    StockWant,
    StockWritten,
    WebOrder,
    WebProduct,
    WebRefund,
)
from kassa_tui.sync.webshops.prestashop_acts import Acts
from kassa_tui.sync.webshops.prestashop_api import Api
from kassa_tui.sync.webshops.prestashop_orders import Orders
from kassa_tui.sync.webshops.prestashop_products import Products
from kassa_tui.sync.webshops.prestashop_sales import Sales
from kassa_tui.sync.webshops.prestashop_shop import Known
from kassa_tui.sync.webshops.web import Patience


def make(access: Access, patience: Patience | None = None) -> Connector:
    """A connector to a PrestaShop; asks it nothing yet. Permanent ``bad_credentials``."""
    return PrestaShop(access, patience)


class PrestaShop:
    """The contract of :class:`~kassa_tui.sync.webshops.base.Connector`, kept by parts; on one thread."""

    def __init__(self, access: Access, patience: Patience | None = None) -> None:
        self.api = Api(access, patience)
        self.known = Known(self.api)
        self._orders, self._products = Orders(self.api, self.known), Products(self.api, self.known)
        self._acts = Acts(self._orders)
        self._sales = Sales(self._orders, self._acts)

    def check(self) -> ShopFacts:
        """Who it is, and whether the key may do what we need; writes nothing."""
        return self.known.facts()

    def pull_orders(self, since: int, *, page: int = 50) -> Iterator[OrderPage]:
        """Orders changed since (0: all), oldest id first; the overlap is asked for here."""
        return self._orders.pull(since, page)

    def order(self, order_id: str) -> WebOrder | None:
        """One order as it is now."""
        return self._orders.get(order_id)

    def pull_products(self, since: int = 0, *, page: int = 100) -> Iterator[ProductPage]:
        """Products changed since, or all (0), each followed by its combinations."""
        return self._products.pull(since, page)

    def product(self, product: str) -> WebProduct | None:
        """One product or combination as it is now."""
        return self._products.one(product)

    def products(self, *, sku: str = "", ean: str = "") -> tuple[WebProduct, ...]:
        """All that have this SKU, or this EAN."""
        return self._products.find(sku, ean)

    def stock(self, products: Sequence[str]) -> dict[str, int | None]:
        """Stock as the shop has it; many are read as the shop's whole list."""
        return self._products.stock(products)

    def push_stock(self, wants: Sequence[StockWant]) -> list[StockWritten]:
        """Write absolute pieces, row by row, and say what stands."""
        return self._products.push(wants)

    def change_product(self, change: ProductChange) -> WebProduct:
        """Change only what is named."""
        return self._products.change(change)

    def make_product(self, new: NewProduct) -> WebProduct:
        """A product that is switched off until a person has finished it."""
        return self._products.make(new)

    def acknowledge(self, order_id: str, step: Step, *, note: str = "") -> WebOrder:
        """Bring an order to a step, doing nothing where it is there already."""
        return self._acts.acknowledge(order_id, step, note)

    def refund(self, order_id: str, wish: RefundWish) -> WebRefund:
        """Book a credit slip, unless one with this key is there. It puts no goods back: the next stock written does."""
        return self._acts.refund(order_id, wish)

    def find(self, key: str) -> WebOrder | None:
        """The order that :meth:`place` made with this key."""
        return self._sales.find(key)

    def place(self, sale: CounterSale) -> WebOrder:
        """Put a counter sale into the shop as an order that was handed over, unless it is there."""
        return self._sales.place(sale)

    def close(self) -> None:
        """Let go of the connection."""
        self.api.web.close()
