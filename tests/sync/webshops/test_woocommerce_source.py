"""What the source of WooCommerce and WordPress does and no measurement had shown: each was once a fault of ours."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.server import Fault, Reply
from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.base import (
    CounterSale,
    RefundWish,
    SoldLine,
    Transient,
    Unanswered,
    WebRefundLine,
)
from kassa_tui.sync.webshops.woocommerce_orders import order_of, stage
from kassa_tui.sync.webshops.woocommerce_products import Tariffs
from kassa_tui.sync.webshops.woocommerce_sale import fee_net, sale_body
from tests.sync.webshops.conftest import Make
from tests.sync.webshops.test_woocommerce_orders import read


def sale(*lines: tuple[int, int], key: str = "K1-000001") -> CounterSale:
    """Cents and rate of lines that the shop does not have."""
    sold = tuple(SoldLine(name="Kaas", qty=350, amount=cents, gross=cents, vat=0, rate=rate) for cents, rate in lines)
    return CounterSale(key=key, at=1_795_000_000_000, total=sum(cents for cents, _ in lines), lines=sold)


def test_keys_count_only_behind_the_shops_own_mark(shop: Make) -> None:
    stand = shop(shop={"plain_permalinks": True}, plain_permalinks=True)
    stand.product("A1")
    assert stand.connector.check().version == "9.9.5"
    assert all(asked.path == "/index.php" and "wp-json/wc/" in asked.query for asked in stand.asked())


def test_a_busy_answer_to_a_write_is_looked_into_before_it_is_sent_again(shop: Make) -> None:
    stand = shop()
    product = stand.product("A1", stock=10)
    order = stand.buy((product, 2))
    line = read(stand, order).lines[0]
    wish = RefundWish(key="r1", amount=line.amount, lines=(WebRefundLine(line=line.id, qty=2000, amount=line.amount),))
    stand.on_write(Fault("gateway"))
    with pytest.raises(Unanswered):
        stand.connector.refund(order, wish)
    before = stand.writes()
    stand.connector.refund(order, wish)
    assert (stand.writes(), stand.refunds(order)) == (before, 1)
    # A cache says 503 of a shop that did it all the same.
    stand.on_write(Fault("status", 503))
    with pytest.raises(Unanswered):
        stand.connector.place(sale((1000, 2100)))


def test_an_update_of_the_shop_is_not_waited_for_here(shop: Make) -> None:
    stand = shop()
    stand.faults(Fault("status", 503, 600))
    with pytest.raises(Transient) as error:
        stand.connector.order("1")
    assert (error.value.code, error.value.retry_after, list(stand.waits)) == ("busy", 120.0, [])


def test_a_clock_that_is_off_does_not_stop_everything(shop: Make) -> None:
    stand = shop()
    told = {"code": "woocommerce_rest_authentication_error", "message": "Invalid timestamp.", "data": {"status": 401}}
    stand.server.page = lambda asked: Reply(401, told)
    with pytest.raises(Transient) as error:
        stand.connector.check()
    assert error.value.code == "clock_off"


def test_rows_that_a_plugin_hides_end_no_pull(shop: Make) -> None:
    stand = shop()
    product = stand.product("A1", stock=100)
    made = [stand.buy((product, 1)) for _ in range(7)]
    asked = list[str]()

    def hide(request: Asked) -> Reply | None:
        if not request.path.endswith("/orders"):
            return None
        asked.append(request.query)
        reply = stand.shop.respond(request)
        rows = [row for row in reply.body if str(row["id"]) != made[-1]]
        return Reply(reply.status, rows, reply.headers)

    stand.server.page = hide
    found = [order.id for page in stand.connector.pull_orders(0, page=3) for order in page.orders]
    assert found == made[:-1]
    assert len(asked) < 10


@given(st.lists(st.tuples(st.integers(1, 50_000), st.sampled_from([900, 2100])), min_size=1, max_size=1))
def test_a_fee_is_what_the_shop_makes_of_it_again(lines: list[tuple[int, int]]) -> None:
    ((amount, rate),) = lines
    net = Decimal(fee_net(amount, rate))
    vat = net * rate / 10_000
    for way in (ROUND_HALF_UP, ROUND_HALF_DOWN):
        total = net + vat.quantize(Decimal("0.01"), way)
        assert total.quantize(Decimal("0.01"), ROUND_HALF_UP) * 100 == amount


def test_fees_add_up_to_the_receipt(shop: Make) -> None:
    stand = shop()
    stand.connector.check()
    assert stand.connector.place(sale((100, 2100), (100, 2100))).total == 200
    assert stand.connector.place(sale((333, 900), (217, 2100), (99, 900), key="K1-000002")).total == 649
    whole = sale_body(sale((121, 2100)), Tariffs(rates={"": 2100}), Options())
    assert [fee["total"] for fee in whole["fee_lines"]] == ["1"] or [fee["total"] for fee in whole["fee_lines"]] == [
        "1.00"]  # fmt: skip


def order(**facts: Any) -> dict[str, Any]:
    """An order as the shop writes it."""
    return {
        "id": 7, "number": "7", "status": "processing", "currency": "EUR", "total": "10.00", "total_tax": "0.00",
        "date_created_gmt": "2026-11-22T10:00:00", "date_modified_gmt": "2026-11-22T10:00:00",
        "line_items": [], "shipping_lines": [], "fee_lines": [], "tax_lines": [], "refunds": [], **facts,
    }  # fmt: skip


def test_the_owners_rates_do_not_count_where_the_order_says_its_own() -> None:
    options = Options(vat_rates={"standard": 2100})
    shipping = {"id": 3, "method_id": "flat_rate", "total": "9.17", "total_tax": "0.83",
                "taxes": [{"id": 2, "total": "0.83"}]}  # fmt: skip
    taxes = [{"rate_id": 2, "rate_percent": 9, "label": "laag"}]
    found = order_of(order(shipping_lines=[shipping], tax_lines=taxes, total_tax="0.83"), [], options)
    assert [(line.kind, line.rate, line.vat) for line in found.lines] == [("shipping", 900, 83)]
    goods = {"id": 1, "name": "Kaas", "product_id": 5, "variation_id": 0, "quantity": 1, "tax_class": "",
             "total": "10.00", "total_tax": "0.00", "taxes": []}  # fmt: skip
    assert order_of(order(line_items=[goods]), [], options).lines[0].rate == 0
    taxed = goods | {"total": "8.26", "total_tax": "1.74"}
    assert order_of(order(line_items=[taxed], total_tax="1.74"), [], options).lines[0].rate == 2100


def test_a_refund_has_the_sign_of_its_line() -> None:
    fee = {"id": 4, "name": "Bon", "total": "-10.00", "total_tax": "0.00", "taxes": []}
    goods = {"id": 1, "name": "Kaas", "product_id": 5, "quantity": 1, "total": "100.00", "total_tax": "0.00"}
    refund = {
        "id": 9, "amount": "90.00", "date_created_gmt": "2026-11-22T11:00:00",
        "line_items": [goods | {"id": 11, "quantity": -1, "total": "-100.00",
                                "meta_data": [{"key": "_refunded_item_id", "value": "1"}]}],
        "fee_lines": [fee | {"id": 12, "total": "10.00", "meta_data": [{"key": "_refunded_item_id", "value": "4"}]}],
    }  # fmt: skip
    whole = order(line_items=[goods], fee_lines=[fee], total="90.00", refunds=[{"id": 9}])
    (found,) = order_of(whole, [refund], Options()).refunds
    assert [(line.line, line.amount) for line in found.lines] == [("1", 10_000), ("4", -1000)]


def test_a_status_may_be_named_with_what_wordpress_puts_before_it(shop: Make) -> None:
    assert stage({"status": "klaar"}, Options(statuses={"wc-klaar": "ready"})) == "ready"
    stand = shop(steps={"done": "wc-completed"}, sale_status="wc-completed")
    product = stand.product("A1", stock=10)
    bought = stand.buy((product, 1))
    assert stand.connector.acknowledge(bought, "done").status == "completed"
    stand.connector.place(sale((100, 2100)))
    bodies = [json.loads(asked.body) for asked in stand.asked() if asked.method in ("PUT", "POST") and asked.body]
    assert {body["status"] for body in bodies if "status" in body} == {"completed"}
