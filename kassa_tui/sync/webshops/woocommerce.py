"""WooCommerce by its REST API, version 3, as it is in shops from 7.6 on; both order storages, both kinds of addresses.

What was proven on a real shop and is leaned on here: times are asked in naive UTC with ``dates_are_gmt=true`` and read
from the ``_gmt`` fields; ``modified_after`` is strictly greater by the second; ``_reduced_stock`` on a line is what the
shop holds for it; a stock write that does nothing answers 200.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
from kassa_tui.sync.webshops.rows import read_each
from kassa_tui.sync.webshops.web import Patience
from kassa_tui.sync.webshops.woocommerce_check import look, read_settings
from kassa_tui.sync.webshops.woocommerce_orders import DRAFTS, order_of
from kassa_tui.sync.webshops.woocommerce_products import (
    Tariffs,
    change_body,
    ean_of,
    fields,
    new_body,
    path_of,
    product_of,
    refused_change,
    untaxed,
)
from kassa_tui.sync.webshops.woocommerce_refunds import book, refunds_of
from kassa_tui.sync.webshops.woocommerce_sale import find_sale, place_sale
from kassa_tui.sync.webshops.woocommerce_steps import bring
from kassa_tui.sync.webshops.woocommerce_stock import read_stock, write_stock
from kassa_tui.sync.webshops.woocommerce_web import (
    MAX_PAGE,
    Api,
    Page,
    Params,
    Row,
    connect,
    is_gone,
    number,
    one,
    rows,
    text,
)

OVERLAP_MS = 120_000
"""By which each pull goes back: what was being saved while the last one was answered."""


def make(access: Access, patience: Patience | None = None) -> Connector:
    """A connector to the shop; Permanent ``bad_credentials`` where the keys cannot be."""
    return WooCommerce(connect(access, patience))


class WooCommerce:
    """The connector."""

    def __init__(self, api: Api) -> None:
        self._api, self._options = api, api.access.options
        self._tariffs: Tariffs | None = None

    def check(self) -> ShopFacts:
        """Ask who it is and whether the keys may do all that we need."""
        facts, self._tariffs = look(self._api)
        return facts

    @property
    def tariffs(self) -> Tariffs:
        """The shop's, asked once."""
        if self._tariffs is None:
            self._tariffs = read_settings(self._api)[1]
        return self._tariffs

    def pull_orders(self, since: int, *, page: int = 50) -> Iterator[OrderPage]:
        """Orders changed since, two minutes before that included, oldest id first; from a month ago on it brings every
        order of that month, also those that changed without saying so (a provider's refunds)."""
        asked = [*_since(since), ("dp", 6)]
        for found in self._api.pages("/orders", asked, page):
            rows = [row for row in found.rows if text(row, "status") not in DRAFTS]
            orders, odd = read_each(rows, self._order, lambda row: text(row, "id"))
            yield OrderPage(orders=orders, cursor=found.cursor, more=found.more, total=found.total, odd=odd)

    def _order(self, row: Row) -> WebOrder:
        return order_of(row, refunds_of(self._api, row), self._options)

    def order(self, order_id: str) -> WebOrder | None:
        """One order as it is now; None where the shop has none."""
        if not _is_id(order_id):
            return None
        try:
            return self._order(one(self._api.get(f"/orders/{order_id}", [("dp", 6)])))
        except Permanent as error:
            if is_gone(error):
                return None
            raise

    def pull_products(self, since: int = 0, *, page: int = 100) -> Iterator[ProductPage]:
        """Products changed since, or all (0), with their variations."""
        asked = [*_since(since), ("_fields", fields(self._options))]
        tariffs = self.tariffs
        for found in self._api.pages("/products", asked, page):
            products = [each for row in found.rows for each in self._family(row, tariffs)]
            yield ProductPage(products=tuple(products), cursor=found.cursor, more=found.more, total=found.total)

    def _family(self, row: Row, tariffs: Tariffs) -> Iterator[WebProduct]:
        """A product and its variations, of which there is no list over all products."""
        yield product_of(row, tariffs, self._options)
        if text(row, "type").startswith("variable"):
            for found in self._variations(row):
                for each in found.rows:
                    yield product_of(each, tariffs, self._options, row)

    def _variations(self, row: Row) -> Iterator[Page]:
        return self._api.pages(f"/products/{number(row)}/variations", [("_fields", fields(self._options))], MAX_PAGE)

    def product(self, product: str) -> WebProduct | None:
        """One product as it is now, a variation by the name of what it is one of."""
        path, above = path_of(product), product.partition(":")[0]
        if path is None:
            return None
        try:
            row = one(self._api.get(path, [("_fields", fields(self._options))]))
            parent = one(self._api.get(f"/products/{above}", [("_fields", "id,name")])) if ":" in product else None
        except Permanent as error:
            if is_gone(error):
                return None
            raise
        return None if text(row, "status") == "trash" else product_of(row, self.tariffs, self._options, parent)

    def products(self, *, sku: str = "", ean: str = "") -> tuple[WebProduct, ...]:
        """All that have this SKU, or this EAN, variations too."""
        wanted = (sku or ean).strip()
        if not wanted:
            return ()
        if not sku and self._options.ean_field:
            # No list can be asked by a meta field.
            return self._walked(wanted)
        asked: Params = [
            ("sku" if sku else "global_unique_id", wanted),
            ("per_page", MAX_PAGE),
            ("_fields", fields(self._options)),
        ]
        tariffs = self.tariffs
        # A comma makes a list of it, and the shop's database is not exact about capitals.
        fits = [
            row for row in rows(self._api.get("/products", asked))
            if (text(row, "sku") if sku else ean_of(row, self._options)).strip() == wanted
        ]  # fmt: skip
        if not sku and not fits:
            # Asked by EAN, unlike by SKU, the shop leaves variations out.
            return self._walked(wanted)
        return tuple(product_of(row, tariffs, self._options) for row in fits)

    def _walked(self, ean: str) -> tuple[WebProduct, ...]:
        """All with this EAN, looked for in all that the shop has."""
        every = (each for page in self.pull_products() for each in page.products)
        return tuple(each for each in every if each.ean == ean)

    def stock(self, products: Sequence[str]) -> dict[str, int | None]:
        """Stock as the shop shows it now, thousandths; products that are gone left out."""
        return read_stock(self._api, products)

    def push_stock(self, wants: Sequence[StockWant]) -> list[StockWritten]:
        """Write absolute stock in whole pieces and read back what stands."""
        return write_stock(self._api, wants)

    def change_product(self, change: ProductChange) -> WebProduct:
        """Change only what is named; Permanent ``unknown_product``, ``duplicate_code``, ``not_taken``."""
        path, tariffs = path_of(change.product), self.tariffs
        if path is None:
            raise Permanent("unknown_product", {"product": change.product})
        body = change_body(change, tariffs, self._options)
        try:
            row = one(self._api.send("PUT", path, None, body, repeat=True) if body else self._api.get(path))
            if change.vat_class is not None and ":" in change.product:
                # Whether it is taxed is its parent's, whatever was just answered.
                row = one(self._api.get(path))
        except Permanent as error:
            if is_gone(error):
                raise Permanent("unknown_product", {"product": change.product}) from error
            if error.code == "duplicate_code":
                raise Permanent(error.code, {**error.facts, "code": change.ean or ""}) from error
            raise
        if text(row, "status") == "trash":
            raise Permanent("unknown_product", {"product": change.product})
        if change.vat_class is not None and tariffs.taxed and untaxed(row):
            raise Permanent("not_taken", {"product": change.product, "what": "vat_class"})
        above = change.product.partition(":")[0]
        found = product_of(row, tariffs, self._options, {"id": above} if ":" in change.product else None)
        if (refused := refused_change(change, found)) is not None:
            raise refused
        return found

    def make_product(self, new: NewProduct) -> WebProduct:
        """A draft; Permanent ``duplicate_code`` where another product has the SKU or the EAN."""
        try:
            row = one(self._api.send("POST", "/products", None, new_body(new, self.tariffs, self._options)))
        except Permanent as error:
            if error.code == "duplicate_code":
                raise Permanent(error.code, {**error.facts, "code": f"{new.sku} {new.ean}".strip()}) from error
            raise
        return product_of(row, self.tariffs, self._options)

    def acknowledge(self, order_id: str, step: Step, *, note: str = "") -> WebOrder:
        """Bring an order to a step, doing nothing where it is there already."""
        return self._order(bring(self._api, _known(order_id), step, note, self._options))

    def refund(self, order_id: str, wish: RefundWish) -> WebRefund:
        """Book a refund, unless one with this key is there already."""
        return book(self._api, _known(order_id), wish)

    def find(self, key: str) -> WebOrder | None:
        """The order that :meth:`place` made with this key; None where there is none."""
        row = find_sale(self._api, key)
        return None if row is None else self._order(row)

    def place(self, sale: CounterSale) -> WebOrder:
        """Put a counter sale into the shop as an order, unless it is there; ``not_supported`` for goods taken back."""
        return self._order(place_sale(self._api, sale, self.tariffs, self._options))

    def close(self) -> None:
        """Let go of the connection."""
        self._api.close()


def _since(at: int) -> Params:
    """Naive UTC with ``dates_are_gmt``: with a zone behind it the shop converts twice, without the switch it takes its
    own clock."""
    back = at - OVERLAP_MS
    return [("modified_after", naive(back)), ("dates_are_gmt", "true")] if back > 0 else []


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _known(order_id: str) -> str:
    if not _is_id(order_id):
        raise Permanent("unknown_order", {"order": order_id})
    return order_id
