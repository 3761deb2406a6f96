"""One order that cannot be read holds up no other, and is told."""

from __future__ import annotations

from typing import Any

import pytest

from kassa_tui.simulate.webshops import prestashop, woocommerce
from kassa_tui.simulate.webshops.clerk import KINDS, Clerk, Goods
from kassa_tui.sync.webshops import connect
from kassa_tui.sync.webshops.access import Access
from kassa_tui.sync.webshops.base import OrderPage, Permanent, WebOrder
from kassa_tui.sync.webshops.rows import read_each


def _order(row: dict[str, Any]) -> WebOrder:
    if row["total"] is None:
        raise Permanent(row.get("code", "bad_answer"), {"what": "total"})
    return WebOrder(id=row["id"], number=row["id"], status="x", stage="prepare", placed_at=1, modified_at=1,
                    total=row["total"], lines=())  # fmt: skip


def test_what_can_be_read_is_read() -> None:
    rows: list[dict[str, Any]] = [{"id": "1", "total": 100}, {"id": "2", "total": None}, {"id": "3", "total": 300}]
    orders, odd = read_each(rows, _order, lambda row: str(row["id"]))
    assert [order.id for order in orders] == ["1", "3"]
    assert [(each.id, each.facts) for each in odd] == [("2", {"what": "total"})]
    assert read_each([], _order, lambda row: str(row["id"])) == ((), ())


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": "1", "total": None}],
        [{"id": "1", "total": 1}, {"id": "", "total": None}],
        [{"id": "1", "total": 1}, {"id": "2", "total": None, "code": "refused"}],
    ],
)
def test_a_shop_that_speaks_another_language_is_for_a_person(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(Permanent):
        read_each(rows, _order, lambda row: str(row["id"]))


def _spoil(clerk: Clerk, number: str) -> None:
    """Some plugin writes what is no amount."""
    shop = clerk.simulated.shop
    if isinstance(shop, woocommerce.WooShop):
        real = shop.orders.json
        shop.orders.json = lambda order, query: (  # type: ignore[method-assign]
            real(order, query) | ({"total": "gratis"} if str(order.id) == number else {})
        )
    elif isinstance(shop, prestashop.PrestaShopSite):
        shop.books.tables["orders"][int(number)]["total_paid_tax_incl"] = "gratis"


@pytest.mark.parametrize("kind", ["woocommerce", "prestashop"])
def test_the_other_orders_of_the_page_come(kind: str) -> None:
    start, clerk_kind = KINDS[kind]
    simulated = start()
    try:
        clerk: Clerk = clerk_kind(simulated)
        clerk.fill([Goods("A", "Appel", 100, 900, 50)])
        numbers = [clerk.buy(("A", 1)) for _ in range(3)]
        _spoil(clerk, numbers[1])
        connector = connect(Access(kind, simulated.url, dict(simulated.credentials)))  # type: ignore[arg-type]
        connector.check()
        pages: list[OrderPage] = list(connector.pull_orders(0))
        connector.close()
        assert [order.id for page in pages for order in page.orders] == [numbers[0], numbers[2]]
        assert [odd.id for page in pages for odd in page.odd] == [numbers[1]]
    finally:
        simulated.close()
