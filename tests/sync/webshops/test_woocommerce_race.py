"""Counter and web at the same moment, on a line that loses answers: what is left is exact, and nothing is twice."""

from __future__ import annotations

from collections import Counter
from threading import Barrier, Thread

import pytest

from kassa_tui.sync.webshops.base import WebOrder
from tests.sync.webshops.contract import sold
from tests.sync.webshops.racing import at_last, bad_line, ten_and_ten
from tests.sync.webshops.test_woocommerce import WooStand


@pytest.mark.parametrize("seed", range(6))
def test_ten_sales_and_ten_orders_at_once(seed: int) -> None:
    stand = WooStand(shop={"storage": "posts" if seed % 2 else "hpos"})
    try:
        product = stand.product("A1", stock=100)
        ledger = ten_and_ten(stand, product, seed)
        assert stand.shown(product) == 80
        for order in ledger.orders:
            stand.finish(order)
        at_last(ledger.cycle)
        assert (ledger.shelf[product], stand.shown(product)) == (80_000, 80)
    finally:
        stand.close()


@pytest.mark.parametrize("seed", range(6))
def test_sales_as_orders_are_there_once_and_take_their_stock_once(seed: int) -> None:
    stand = WooStand(shop={"storage": "posts" if seed % 2 else "hpos"})
    try:
        product, start = stand.product("A1", stock=100), Barrier(2)
        stand.connector.check()
        stand.server.faults = bad_line(100 + seed)

        def customers() -> None:
            start.wait()
            for _ in range(10):
                stand.buy((product, 1))

        shoppers = Thread(target=customers)
        shoppers.start()
        start.wait()
        placed = []
        for no in range(10):
            order = at_last(lambda no=no: stand.connector.place(sold(product, key=f"K1-{no}")))  # type: ignore[misc]
            assert isinstance(order, WebOrder)
            placed.append(order.key)
        shoppers.join()
        kept = Counter(str(order.meta.get("_till_sale_id", "")) for order in stand.shop.books.orders.values())
        assert kept == {"": 10, **dict.fromkeys(placed, 1)}
        assert stand.shown(product) == 80
    finally:
        stand.close()
