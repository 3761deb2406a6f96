"""Magento 2 and Adobe Commerce: the contract of :mod:`kassa_tui.sync.webshops.base` on its REST."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from kassa_tui.sync.webshops import magento_check, magento_orders, magento_products, magento_sales, magento_stock
from kassa_tui.sync.webshops.access import Access
from kassa_tui.sync.webshops.amounts import naive
from kassa_tui.sync.webshops.base import (
    Connector,
    CounterSale,
    NewProduct,
    OrderPage,
    Permanent,
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
from kassa_tui.sync.webshops.magento_acts import Refunds, Steps, memos
from kassa_tui.sync.webshops.magento_web import Filter, Rest, Row, amount, in_path, text
from kassa_tui.sync.webshops.rows import read_each
from kassa_tui.sync.webshops.web import Patience

OVERLAP_MS = 120_000
"""What is asked for again, as an order may be written for a while before it can be read."""


class Magento:
    """One shop; see :class:`kassa_tui.sync.webshops.base.Connector`."""

    def __init__(self, access: Access, patience: Patience | None = None) -> None:
        self._access, self._options = access, access.options
        self._rest = Rest(access, patience)
        self._tariffs = magento_products.Tariffs(self._rest, access.options)
        self._books: magento_stock.Books | None = None
        self._website, self._store = "", 0

    @property
    def requests_made(self) -> int:
        """For benchmarks and the status page."""
        return self._rest.web.requests_made

    def check(self) -> ShopFacts:
        """Ask who it is and what the keys may; posts only what the shop cannot take."""
        self._books = None
        self._tariffs = magento_products.Tariffs(self._rest, self._options)
        found = magento_check.check(self._rest, self._access, lambda: self.books)
        self._website, self._store = found.website, found.store
        return replace(found.facts, vat_classes=self._tariffs.classes())

    @property
    def books(self) -> magento_stock.Books:
        """Where this shop keeps its stock."""
        if self._books is None:
            self._books = magento_stock.books(self._rest, self._options.sources, legacy=self._options.legacy_stock)
        return self._books

    def pull_orders(self, since: int, *, page: int = 50) -> Iterator[OrderPage]:
        """Orders changed since."""
        cursor = 0
        for each in self._rest.walk("orders", _since(since), size=page):
            # The clock of the first page: what changes while we read the others comes with the next pull.
            cursor = cursor or each.at
            reading = self._reading(each.rows)
            orders, odd = read_each(each.rows, lambda row, known=reading: magento_orders.order_of(row, known),  # type: ignore[misc]
                                    lambda row: text(row, "entity_id"))  # fmt: skip
            yield OrderPage(orders=orders, cursor=cursor, more=each.more, total=each.total, odd=odd)

    def order(self, order_id: str) -> WebOrder | None:
        """One order."""
        row = self._row(order_id)
        return None if row is None else self._orders([row])[0]

    def pull_products(self, since: int = 0, *, page: int = 100) -> Iterator[ProductPage]:
        """Products changed since; a change of stock alone does not count as one."""
        cursor = 0
        found = self._rest.walk("products", _since(since), size=page, column="id", fields=magento_products.FIELDS,
                                store=self._rest.read_store)  # fmt: skip
        for each in found:
            cursor = cursor or each.at
            yield ProductPage(products=self._products(each.rows), cursor=cursor, more=each.more, total=each.total)

    def product(self, product: str) -> WebProduct | None:
        """One product, with the values that hold for every store view."""
        row = magento_products.product_row(self._rest, product) if product else None
        return None if row is None else self._products([row])[0]

    def products(self, *, sku: str = "", ean: str = "") -> tuple[WebProduct, ...]:
        """All with this SKU or EAN."""
        asked = magento_products.search_filters(self._options, sku=sku, ean=ean)
        if asked is None:
            return ()
        try:
            found = self._rest.search("products", asked, size=20, fields=magento_products.FIELDS,
                                      store=self._rest.read_store)  # fmt: skip
        except Permanent as error:
            # A shop without an attribute for EANs has none.
            if sku or error.facts.get("status") not in (400, 500):
                raise
            return ()
        return self._products(found.rows)

    def stock(self, products: Sequence[str]) -> dict[str, int | None]:
        """Physical stock with MSI, else what the shop shows."""
        if not products:
            return {}
        have = magento_stock.known(self._rest, dict.fromkeys(products))
        levels = self.books.levels(list(have.values()))
        return {
            each: levels.get(text(have[each.casefold()], "sku")) for each in products if each.casefold() in have
        }  # fmt: skip

    def push_stock(self, wants: Sequence[StockWant]) -> list[StockWritten]:
        """Write absolute stock."""
        return magento_stock.push(self._rest, self.books, wants) if wants else []

    def salable(self, product: str) -> int | None:
        """Thousandths that the shop would still sell, to compare with; None where it does not say."""
        return magento_stock.salable(self._rest, product, self._website or "base")

    def change_product(self, change: ProductChange) -> WebProduct:
        """Change what is named."""
        row = magento_products.change(self._rest, self._options, self._tariffs, change)
        return self._products([row])[0]

    def make_product(self, new: NewProduct) -> WebProduct:
        """A product that is not on sale yet, with a place for its stock."""
        row = magento_products.make(self._rest, self._options, self._tariffs, new)
        self.push_stock([StockWant(product=new.sku, sku=new.sku, qty=0)])
        return self._products([row])[0]

    def acknowledge(self, order_id: str, step: Step, *, note: str = "") -> WebOrder:
        """Bring an order to a step."""
        Steps(self._rest, self._options, self._there(order_id)).go(step, note)
        return self._orders([self._there(order_id)])[0]

    def refund(self, order_id: str, wish: RefundWish) -> WebRefund:
        """Make a credit memo, unless one with this key is there."""
        row = self._there(order_id)
        refunds = Refunds(self._rest, row, self._orders([row])[0])
        memo = self._rest.get(f"creditmemo/{in_path(refunds.booked(wish.key) or refunds.book(wish))}")
        if not isinstance(memo, dict):
            raise Permanent("bad_answer", {"what": "creditmemo", "found": str(memo)[:40]})
        found = magento_orders.refund_of(memo, row)
        if wish.restock and not found.restocked and any(line.qty for line in wish.lines):
            # Its comment, which says so, does not come with every version's answer.
            return _restocked(found)
        return found

    def find(self, key: str) -> WebOrder | None:
        """The order of a counter sale."""
        row = magento_sales.find_sale(self._rest, key)
        return None if row is None else self._orders([row])[0]

    def place(self, sale: CounterSale) -> WebOrder:
        """Put a counter sale into the shop's reports; it takes no stock there."""
        if (found := self.find(sale.key)) is None:
            self._store = self._store or magento_check.store_id(self._rest, self._options.store)
            magento_sales.place_sale(self._rest, sale, self._store)
            found = self.find(sale.key)
        if found is None:
            raise Permanent("bad_answer", {"what": "order", "found": sale.key})
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._rest.web.close()

    def _row(self, order_id: str) -> Row | None:
        if not (order_id.isascii() and order_id.isdigit()):
            return None
        found = self._rest.get(f"orders/{order_id}")
        return found if isinstance(found, dict) else None

    def _there(self, order_id: str) -> Row:
        row = self._row(order_id)
        if row is None:
            raise Permanent("unknown_order", {"order": order_id})
        return row

    def _orders(self, found: Sequence[Row]) -> list[WebOrder]:
        reading = self._reading(found)
        return [magento_orders.order_of(row, reading) for row in found]

    def _reading(self, found: Sequence[Row]) -> magento_orders.Reading:
        """What is to be looked up besides, for all of them at once."""
        paid = [text(row, "entity_id") for row in found if amount(row, "total_paid")]
        refunded = [text(row, "entity_id") for row in found if amount(row, "total_refunded")]
        return magento_orders.Reading(
            self._options, _by_order(self._invoices(paid)), _by_order(memos(self._rest, refunded) if refunded else []),
            self._skus(dict.fromkeys(number for row in found for number in magento_orders.chosen(row))),
        )  # fmt: skip

    def _skus(self, products: Iterable[str]) -> dict[str, str]:
        """SKUs of products by their number."""
        if not (asked := ",".join(products)):
            return {}
        found = self._rest.pages("products", [[("entity_id", "in", asked)]], size=200, fields="items[id,sku]",
                                 name=lambda row: text(row, "id"))  # fmt: skip
        return {text(row, "id"): text(row, "sku") for page in found for row in page.rows}

    def _invoices(self, orders: Sequence[str]) -> list[Row]:
        if not orders:
            return []
        asked: list[list[Filter]] = [[("order_id", "in", ",".join(orders))]]
        fields = "items[entity_id,order_id,created_at,state]"
        return [row for page in self._rest.pages("invoices", asked, size=200, fields=fields) for row in page.rows]

    def _products(self, found: Sequence[Row]) -> tuple[WebProduct, ...]:
        levels = self.books.levels(found) if found else {}
        return tuple(
            magento_products.product_of(row, self._options, self._tariffs, levels.get(text(row, "sku")))
            for row in found
        )


def make(access: Access, patience: Patience | None = None) -> Connector:
    """A connector; Permanent ``bad_credentials`` where keys are missing."""
    return Magento(access, patience)


def _since(since: int) -> list[list[Filter]]:
    return [[("updated_at", "gt", naive(max(0, since - OVERLAP_MS), sep=" "))]] if since else []


def _by_order(found: Sequence[Row]) -> dict[str, list[Row]]:
    by: dict[str, list[Row]] = {}
    for row in found:
        by.setdefault(text(row, "order_id"), []).append(row)
    return by


def _restocked(refund: WebRefund) -> WebRefund:
    return replace(refund, restocked=True)
