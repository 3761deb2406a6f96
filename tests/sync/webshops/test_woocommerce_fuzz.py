"""Whatever a WooCommerce answers, a connector makes a value of it or a WebshopError; and it comes to an end."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.simulate.webshops.woocommerce import WooShop
from kassa_tui.simulate.webshops.woocommerce_json import order_json, product_json, refund_json
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import (
    Connector,
    ProductChange,
    RefundWish,
    StockWant,
    WebOrder,
    WebProduct,
    WebRefundLine,
    WebshopError,
)
from kassa_tui.sync.webshops.web import Answer, Patience, Web
from kassa_tui.sync.webshops.woocommerce import WooCommerce
from kassa_tui.sync.webshops.woocommerce_orders import order_of, refund_of
from kassa_tui.sync.webshops.woocommerce_products import Tariffs, product_of, tariffs_of
from kassa_tui.sync.webshops.woocommerce_web import Api
from tests.sync.webshops.contract import sold

UTC = ZoneInfo("UTC")
LEAF = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.sampled_from(["", "14.99", "-3", "1e400", "nan", "wc-completed", "2026-11-22T01:09:16", "0000-00-00 00:00:00"])
)  # fmt: skip
JSON = st.recursive(
    LEAF,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(
        st.sampled_from(["id", "total", "total_tax", "line_items", "taxes", "meta_data", "key", "value", "refunds",
                         "status", "update", "error", "code", "message", "data", "manage_stock", "stock_quantity",
                         "_reduced_stock", "type", "amount", "quantity", "product_id", "environment", "date_paid_gmt"]),
        below, max_size=6),
    max_leaves=25,
)  # fmt: skip


def full() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """An order, its refund and a product with everything in it."""
    shop = WooShop(clock=lambda: 1_795_000_000.0)
    product = shop.product("A1", ean="8712345678906")
    made = shop.checkout((product.id, 2), shipping=495, pickup="pickup_location")
    shop.give_back(made.id, 0, 1, restock=True)
    return (
        order_json(made, shop.books, UTC, 6),
        refund_json(made.refunds[0], shop.books, UTC, 6),
        product_json(product, shop.books, UTC, version=(9, 9), nested=False),
    )


ORDER, REFUND, PRODUCT = full()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, below in inner for found in ((*path, key), *places(below, (*path, key)))]


@st.composite
def spoiled(draw: st.DrawFn, good: dict[str, Any]) -> dict[str, Any]:
    """A good answer with something else in one place or more, or without it."""
    found = copy.deepcopy(good)
    for path in draw(st.lists(st.sampled_from(places(good)), min_size=1, max_size=3)):
        here: Any = found
        for key in path[:-1]:
            try:
                here = here[key]
            except (KeyError, IndexError, TypeError):
                here = None
        try:
            if draw(st.booleans()):
                here[path[-1]] = draw(JSON)
            else:
                del here[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue
    return found


def good(read: Callable[[], object], kind: type) -> None:
    """It is a value of this kind, or our error."""
    found: object = None
    with contextlib.suppress(WebshopError):
        found = read()
    assert found is None or isinstance(found, kind)


@given(spoiled(ORDER), spoiled(REFUND))
def test_an_order(row: dict[str, Any], refund: dict[str, Any]) -> None:
    good(lambda: order_of(row, [refund], Options()), WebOrder)
    good(lambda: refund_of(refund, False), object)


@given(spoiled(PRODUCT), JSON)
def test_a_product(row: dict[str, Any], settings: Any) -> None:
    good(lambda: product_of(row, Tariffs(), Options(ean_field="_ean")), WebProduct)
    rows = settings if isinstance(settings, list) else [settings]
    kept = [each for each in rows if isinstance(each, dict)]
    good(lambda: tariffs_of({"woocommerce_prices_include_tax": settings}, kept, Options()), Tariffs)


ACTS: dict[str, Callable[[Connector], object]] = {
    "check": lambda shop: shop.check(),
    "pull_orders": lambda shop: list(shop.pull_orders(1_795_000_000_000)),
    "order": lambda shop: shop.order("12"),
    "pull_products": lambda shop: list(shop.pull_products()),
    "products": lambda shop: shop.products(sku="A1"),
    "stock": lambda shop: shop.stock(["12", "12:13"]),
    "push_stock": lambda shop: shop.push_stock([StockWant(product=each, qty=1000) for each in ("12", "14", "12:13")]),
    "change_product": lambda shop: shop.change_product(ProductChange(product="12", price=100, ean="8712345678906")),
    "acknowledge": lambda shop: shop.acknowledge("12", "ready", note="Klaar"),
    "refund": lambda shop: shop.refund("12", RefundWish(key="K", amount=1, lines=(WebRefundLine(line="3", amount=1),))),
    "find": lambda shop: shop.find("K1-000123"),
    "place": lambda shop: shop.place(sold("12")),
}
HEADERS = st.dictionaries(st.sampled_from(["X-WP-Total", "Date"]), st.sampled_from(["", "-1", "5", "9" * 30, "x"]))
BODIES = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()) | st.sampled_from(
    [json.dumps(each).encode() for each in (ORDER, [ORDER], [PRODUCT], PRODUCT, [REFUND], {}, [], None)]
)  # fmt: skip


class Fed(Web):
    """A road whose answers are drawn; after some of them empty pages that promise more."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__("https://shop.nl", patience=Patience(wait=lambda _: None))
        self.data = data

    def _once(self, *_: Any) -> Answer:
        self.requests_made += 1
        assert self.requests_made < 2000
        status, headers, body = 200, {"X-WP-Total": "9999999"}, b"[]"
        if self.requests_made < 12:
            kinds = st.tuples(st.sampled_from([200, 200, 200, 201, 400, 404, 500]), HEADERS, BODIES)
            status, headers, body = self.data.draw(kinds)
        return Answer(status, headers, body, 1_795_000_000.0)


@pytest.mark.parametrize("act", sorted(ACTS))
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whatever_is_answered(act: str, data: st.DataObject) -> None:
    access = Access("woocommerce", "https://shop.nl", {"key": "ck", "secret": "cs"})
    api = Api(access, Fed(data), Fed(data))
    good(lambda: ACTS[act](WooCommerce(api)), object)
    assert api.web.requests_made
