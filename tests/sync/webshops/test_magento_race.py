"""Counter and web at the same moment, on a line that loses answers: what is left is exact, and nothing is twice."""

from __future__ import annotations

from typing import Any

import pytest

from kassa_tui.sync.webshops.base import RefundWish, WebOrder, WebRefundLine
from tests.sync.webshops.contract import sold
from tests.sync.webshops.racing import at_last, bad_line, ten_and_ten
from tests.sync.webshops.test_magento_contract import MagentoStand


def shop(seed: int) -> MagentoStand:
    """With sources and without, signed and by a bearer's token."""
    kinds: tuple[dict[str, Any], ...] = ({"msi": True}, {"msi": False, "version": "2.2.11", "bearer": True})
    return MagentoStand(context=None, ca_file=None, shop=kinds[seed % 2], options={})


@pytest.mark.parametrize("seed", range(6))
def test_ten_sales_and_ten_orders_at_once(seed: int) -> None:
    stand = shop(seed)
    try:
        product = stand.product("A1", stock=100)
        ledger = ten_and_ten(stand, product, seed)
        assert stand.shown(product) == (90 if ledger.reserves else 80)
        assert stand.goods.salable(product) == 80
        # The till hands them over, and the shop hears of it on the same bad line.
        for order in ledger.orders:
            done = at_last(lambda order=order: stand.connector.acknowledge(order, "done"))  # type: ignore[misc]
            assert isinstance(done, WebOrder)
            assert done.stage == "done"
        at_last(ledger.cycle)
        assert (ledger.shelf[product], stand.shown(product)) == (80_000, 80)
        assert stand.goods.salable(product) == 80
        assert {len(each.shipments) for each in stand.sales.orders.values()} == {1}
        assert {len(each.invoices) for each in stand.sales.orders.values()} == {1}
    finally:
        stand.close()


@pytest.mark.parametrize("seed", range(6))
def test_refunds_and_placed_sales_are_there_once(seed: int) -> None:
    stand = shop(seed)
    try:
        product = stand.product("A1", stock=100, price=1000)
        orders = [stand.buy((product, 3)) for _ in range(5)]
        for order in orders:
            stand.finish(order)
        stand.connector.check()
        stand.server.faults = bad_line(100 + seed)
        for no, order in enumerate(orders):
            line = WebRefundLine(line=str(stand.sales.get(order).items[0].id), qty=1000, amount=1000)
            wish = RefundWish(key=f"K1-{no}", amount=1000, lines=(line,), restock=True)
            at_last(lambda order=order, wish=wish: stand.connector.refund(order, wish))  # type: ignore[misc]
            at_last(lambda no=no: stand.connector.place(sold(product, key=f"K1-9{no}")))  # type: ignore[misc]
        assert [stand.refunds(order) for order in orders] == [1] * 5
        assert stand.shown(product) == 90
        assert sorted(each.ext for each in stand.sales.orders.values() if each.ext) == [f"K1-9{no}" for no in range(5)]
    finally:
        stand.close()
