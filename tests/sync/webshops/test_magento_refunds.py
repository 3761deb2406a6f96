"""Money given back in part, to the cent: Magento rounds what is left of an order, and carries the rest along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.base import RefundWish, WebLine, WebRefund, WebRefundLine
from kassa_tui.sync.webshops.magento_acts import Refunds
from kassa_tui.sync.webshops.magento_orders import Reading, order_of, refund_of
from kassa_tui.sync.webshops.magento_web import Rest
from tests.sync.webshops.test_magento_contract import MagentoStand
from tests.sync.webshops.test_magento_orders import bundle, row, seen, shop


@pytest.fixture
def stand() -> Iterator[MagentoStand]:
    """A shop with sources."""
    with shop() as made:
        yield made


def parts(line: WebLine) -> list[int]:
    """What each of its pieces costs, the till's way."""
    pieces = line.qty // 1000
    return [line.amount // pieces + (no < line.amount % pieces) for no in range(pieces)]


def give(stand: MagentoStand, order_id: str, amount: int, *lines: tuple[WebLine, int]) -> WebRefund:
    """Some pieces of some lines go back, for so much."""
    wanted = tuple(WebRefundLine(line=line.id, qty=pieces * 1000) for line, pieces in lines)
    key = f"K1-{order_id}-{stand.refunds(order_id)}"
    return stand.connector.refund(order_id, RefundWish(key=key, amount=amount, lines=wanted))


def adjustments(stand: MagentoStand) -> list[dict[str, float]]:
    """What every refund asked for besides its lines."""
    told = [msgspec.json.decode(each.body)["arguments"] for each in stand.asked() if each.path.endswith("/refund")]
    return [{name: value for name, value in each.items() if name.startswith("adjustment")} for each in told]


@pytest.mark.parametrize(("price", "pieces", "discount"), [
    (995, 2, 0), (995, 3, 0), (333, 3, 10), (1999, 7, 15), (1, 2, 0), (105, 4, 33),
])  # fmt: skip
def test_pieces_go_back_one_by_one_and_the_last_is_not_refused(
    stand: MagentoStand, price: int, pieces: int, discount: int
) -> None:
    stand.product("A1", price=price, rate=2100, stock=9)
    order_id = str(stand.sales.checkout([("A1", pieces)], discount=discount).id)
    goods = seen(stand, order_id).lines[0]
    asked = [amount for amount in parts(goods) if amount]
    assert [give(stand, order_id, amount, (goods, 1)).amount for amount in asked] == asked
    assert seen(stand, order_id).stage == "refunded"


def test_of_two_equal_pieces_each_is_half_without_an_adjustment(stand: MagentoStand) -> None:
    stand.product("A1", price=995, rate=2100, stock=9)
    order_id = stand.buy(("A1", 2))
    goods = seen(stand, order_id).lines[0]
    refunds = [give(stand, order_id, 995, (goods, 1)) for _ in range(2)]
    assert [(each.amount, each.lines[0].amount) for each in refunds] == [(995, 995), (995, 995)]
    assert adjustments(stand) == [{}, {}]


@given(
    lines=st.lists(st.tuples(st.integers(1, 9999), st.sampled_from([2100, 900, 0]), st.integers(1, 6)), min_size=1,
                   max_size=3),
    discount=st.integers(0, 50), vat_in=st.booleans(), data=st.data(),
)  # fmt: skip
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_refund_is_to_the_cent_what_was_asked(
    stand: MagentoStand, lines: list[tuple[int, int, int]], discount: int, vat_in: bool, data: st.DataObject
) -> None:
    stand.sales.vat_in_prices = vat_in
    start = len(stand.goods.products)
    skus = [stand.product(f"A{start + no}", price=price, rate=rate) for no, (price, rate, _) in enumerate(lines)]
    bought = [(sku, pieces) for sku, (_, _, pieces) in zip(skus, lines, strict=True)]
    order_id = str(stand.sales.checkout(bought, discount=discount).id)
    order = seen(stand, order_id)
    left = {line.id: parts(line) for line in order.lines if line.kind == "goods"}
    goods = {line.id: line for line in order.lines}
    while any(left.values()):
        taken = {each: data.draw(st.integers(0, len(left[each])), each) for each in left}
        amount = sum(sum(left[each][:pieces]) for each, pieces in taken.items())
        if not amount:
            taken = {each: len(pieces) for each, pieces in left.items()}
            amount = sum(sum(pieces) for pieces in left.values())
        if not amount:
            return
        wanted = [(goods[each], pieces) for each, pieces in taken.items() if pieces]
        assert give(stand, order_id, amount, *reversed(wanted)).amount == amount
        left = {each: pieces[taken[each] :] for each, pieces in left.items()}
    assert seen(stand, order_id).stage == "refunded"


def test_what_a_module_takes_out_again_by_itself_is_not_adjusted(stand: MagentoStand) -> None:
    stand.product("A1", price=1000, stock=9)
    order_id = str(stand.sales.checkout([("A1", 2)], surcharge=250).id)
    order = seen(stand, order_id)
    assert (order.total, give(stand, order_id, 1000, (order.lines[0], 1)).amount) == (2250, 1000)
    assert give(stand, order_id, 1250, (order.lines[0], 1)).amount == 1250
    assert adjustments(stand) == [{}, {}]
    assert seen(stand, order_id).stage == "refunded"


def test_after_something_extra_the_last_refund_is_no_more_than_there_is(stand: MagentoStand) -> None:
    stand.product("A1", price=1000, stock=9)
    order_id = stand.buy(("A1", 2), pickup=True)
    goods = seen(stand, order_id).lines[0]
    assert give(stand, order_id, 1200, (goods, 1)).amount == 1200
    assert give(stand, order_id, 800, (goods, 1)).amount == 800
    assert adjustments(stand) == [{"adjustment_positive": 2.0}, {"adjustment_negative": 2.0}]


@pytest.mark.parametrize(("off", "sent"), [(0, [495]), (30, [346]), (50, [247]), (100, [])])
def test_shipping_is_given_back_less_its_discount(stand: MagentoStand, off: int, sent: list[int]) -> None:
    stand.product("A1", price=1000, stock=9)
    order_id = str(stand.sales.checkout([("A1", 2)], shipping=495, off_shipping=off).id)
    order = seen(stand, order_id)
    assert [line.amount for line in order.lines if line.kind == "shipping"] == sent
    lines = tuple(WebRefundLine(line=each.id, qty=each.qty, amount=each.amount) for each in order.lines)
    refund = stand.connector.refund(order_id, RefundWish(key="K1-1", amount=order.total, lines=lines))
    assert {each.line: each.amount for each in refund.lines} == {each.id: each.amount for each in order.lines}
    assert refund.amount == order.total


def test_of_half_the_shipping_half_the_discount_goes(stand: MagentoStand) -> None:
    stand.product("A1", price=1000, stock=9)
    made = stand.sales.checkout([("A1", 2)], shipping=1210, off_shipping=50)
    stand.sales.refund(made, {"items": [{"order_item_id": made.items[0].id, "qty": 0}],
                              "arguments": {"shipping_amount": 5}})  # fmt: skip
    (refund,) = seen(stand, made.id).refunds
    assert [(each.line, each.amount) for each in refund.lines] == [("shipping", refund.amount)] == [("shipping", 303)]


def memo(**money: Any) -> dict[str, Any]:
    """One of two boxes given back, each with a bottle and three glasses."""
    return {"entity_id": 1, "order_id": 7, "grand_total": 24.2, "items": [
        {"order_item_id": 1, "qty": 1, **money}, {"order_item_id": 2, "qty": 1}, {"order_item_id": 3, "qty": 3},
    ]}  # fmt: skip


def test_the_money_of_a_bundle_is_shared_by_its_parts() -> None:
    order = bundle(fixed=True)
    refund = refund_of(memo(row_total=20, tax_amount=4.21), order)
    assert [(each.line, each.qty, each.amount) for each in refund.lines] == [("2", 1000, 1210), ("3", 3000, 1211)]


def test_of_a_bundle_whose_parts_have_prices_the_parts_go_back() -> None:
    order = bundle(fixed=False)
    told = memo(row_total=20, tax_amount=4.2)
    told["items"][1] |= {"row_total": 12.5, "tax_amount": 2.63}
    told["items"][2] |= {"row_total": 7.5, "tax_amount": 1.57}
    assert [(each.line, each.qty, each.amount) for each in refund_of(told, order).lines] == [
        ("2", 1000, 1513), ("3", 3000, 907),
    ]  # fmt: skip


@pytest.mark.parametrize(("fixed", "free", "items"), [
    (True, False, {"1": 1000}), (False, False, {"2": 1000, "3": 3000}), (False, True, {"2": 1000, "3": 3000}),
])  # fmt: skip
def test_a_bundle_is_given_back_whole_only_where_it_has_the_price(
    stand: MagentoStand, fixed: bool, free: bool, items: dict[str, int]
) -> None:
    found = bundle(fixed=fixed)
    if free:
        found["items"][2] |= {"row_total": 0, "tax_amount": 0}
    order = order_of(found, Reading(Options()))
    lines = (WebRefundLine(line="2", qty=1000), WebRefundLine(line="3", qty=3000))
    refunds = Refunds(Rest(stand.access, stand.waits.patience()), row(**found), order)
    assert refunds._qtys(RefundWish(key="K1-1", amount=1, lines=lines)) == items
