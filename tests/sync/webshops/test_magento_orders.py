"""What Magento's orders become, and what we do to them: steps, refunds, counter sales."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.simulate.webshops import magento_json
from kassa_tui.simulate.webshops.magento import PICKUP_SOURCE, MagentoShop
from kassa_tui.simulate.webshops.magento_goods import Refusal
from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import (
    CounterSale,
    Permanent,
    RefundWish,
    SoldLine,
    Stage,
    WebLine,
    WebOrder,
    WebRefundLine,
    WebshopError,
)
from kassa_tui.sync.webshops.magento import Magento, make
from kassa_tui.sync.webshops.magento_orders import Reading, order_of
from kassa_tui.sync.webshops.web import Answer, Patience, Web
from tests.sync.webshops.test_magento_contract import MagentoStand

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8) | st.sampled_from(["2026-11-22 01:07:16", "0000-00-00", "12", "-1", "1e9", "configurable"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "items", "entity_id", "item_id", "parent_item_id", "grand_total", "tax_amount", "qty_ordered", "qty_shipped",
        "row_total", "sku", "status", "state", "total_paid", "total_refunded", "order_id", "payment", "method",
        "extension_attributes", "shipping_assignments", "item_applied_taxes", "status_histories", "comment", "comments",
        "updated_at", "total_count", "product_type", "price", "quantity", "source_code", "stock_item", "type_id",
        "custom_attributes", "message", "parameters", "errors", "rate", "tax_rate_ids", "product_tax_class_ids",
    ]), inner, max_size=6), max_leaves=25)  # fmt: skip


@contextmanager
def shop(*, options: dict[str, Any] | None = None, **given: Any) -> Iterator[MagentoStand]:
    """A shop and a connector."""
    made = MagentoStand(context=None, ca_file=None, shop=given, options=options or {})
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def stand() -> Iterator[MagentoStand]:
    """A shop with sources."""
    with shop() as made:
        yield made


def seen(stand: MagentoStand, order_id: Any) -> WebOrder:
    """An order by the connector."""
    found = stand.connector.order(str(order_id))
    assert found is not None
    return found


def line(order: WebOrder, kind: str = "goods") -> WebLine:
    """Its first line of a kind."""
    return next(each for each in order.lines if each.kind == kind)


def part(order: WebOrder, qty: int, amount: int) -> WebRefundLine:
    """Some of its first line."""
    return WebRefundLine(line=line(order).id, qty=qty, amount=amount)


def row(**fields: Any) -> dict[str, Any]:
    """An order as Magento writes it, as far as it says anything."""
    return {"entity_id": 7, "increment_id": "000000007", "state": "processing", "status": "processing", **fields}


@pytest.mark.parametrize(("state", "method", "stage"), [
    ("new", "mollie_methods_ideal", "unpaid"), ("pending_payment", "adyen_cc", "unpaid"),
    ("new", "cashondelivery", "prepare"), ("new", "banktransfer", "prepare"), ("processing", "adyen_cc", "prepare"),
    ("complete", "adyen_cc", "done"), ("canceled", "adyen_cc", "cancelled"), ("closed", "adyen_cc", "refunded"),
    ("payment_review", "adyen_cc", "unpaid"), ("holded", "adyen_cc", "unknown"), ("eigen", "adyen_cc", "unknown"),
])  # fmt: skip
def test_the_stage_follows_the_state_and_not_the_label(state: str, method: str, stage: Stage) -> None:
    found = order_of(row(state=state, status="Naar bakker", payment={"method": method}), Reading(Options()))
    assert (found.stage, found.status) == (stage, "Naar bakker")


@pytest.mark.parametrize("name", ["picking", "new", "new/checkmo"])
def test_the_owner_says_what_a_status_a_state_or_a_way_of_paying_means(name: str) -> None:
    told = row(state="new", status="picking", payment={"method": "checkmo"})
    assert order_of(told, Reading(Options(statuses={name: "ready"}))).stage == "ready"


def test_of_a_configurable_the_child_is_sold_at_the_price_of_the_parent(stand: MagentoStand) -> None:
    child = stand.variation("V1", stock=5)
    order = seen(stand, stand.buy((child, 2)))
    (goods,) = (each for each in order.lines if each.kind == "goods")
    item = stand.sales.get(order.id).items[0]
    assert (item.kind, goods.id) == ("configurable", str(item.id))
    assert (goods.product, goods.qty, goods.amount, goods.vat, goods.rate) == (child, 2000, 2998, 248, 900)
    done = stand.connector.acknowledge(order.id, "done")
    assert (line(done).shipped, stand.shown(child)) == (2000, 3)
    wish = RefundWish(key="K1-1", amount=1499, lines=(part(order, 1000, 1499),), restock=True)
    refund = stand.connector.refund(order.id, wish)
    assert [(each.line, each.qty) for each in refund.lines] == [(goods.id, 1000)]
    after = line(seen(stand, order.id))
    assert (stand.shown(child), after.refunded, after.taken) == (4, 1000, 1000)


def bundle(*, fixed: bool) -> dict[str, Any]:
    """An order of two boxes, each with a bottle and three glasses."""
    money = {"row_total": 40, "tax_amount": 8.4, "tax_percent": 21}
    parts = [
        {"item_id": 2, "parent_item_id": 1, "sku": "FLES", "qty_ordered": 2, "product_type": "simple"},
        {"item_id": 3, "parent_item_id": 1, "sku": "GLAS", "qty_ordered": 6, "qty_refunded": 3,
         "product_type": "simple"},
    ]  # fmt: skip
    if not fixed:
        parts[0] |= {"row_total": 25, "tax_amount": 5.25, "tax_percent": 21}
        parts[1] |= {"row_total": 15, "tax_amount": 3.15, "tax_percent": 21}
    box = {"item_id": 1, "sku": "DOOS", "product_type": "bundle", "qty_ordered": 2, "qty_shipped": 1, **money}
    return row(grand_total=48.4, tax_amount=8.4, items=[box, *parts])


@pytest.mark.parametrize(("fixed", "amounts"), [(True, [2420, 2420]), (False, [3025, 1815])])
def test_of_a_bundle_the_parts_are_sold(fixed: bool, amounts: list[int]) -> None:
    found = order_of(bundle(fixed=fixed), Reading(Options()))
    assert [(each.product, each.qty, each.shipped, each.refunded) for each in found.lines] == [
        ("FLES", 2000, 1000, 0), ("GLAS", 6000, 3000, 3000),
    ]  # fmt: skip
    assert [each.amount for each in found.lines] == amounts
    assert sum(each.vat for each in found.lines) == 840
    assert [each.taken for each in found.lines] == [2000, 6000]


def test_a_service_leaves_when_it_is_invoiced() -> None:
    item = {"item_id": 1, "sku": "CURSUS", "is_virtual": 1, "qty_ordered": 1, "qty_invoiced": 1, "row_total": 50}
    (found,) = order_of(row(grand_total=50, items=[item]), Reading(Options())).lines
    assert (found.shipped, found.taken) == (1000, 1000)


@pytest.mark.parametrize(("state", "paid", "held", "found"), [
    ("processing", None, 50, 5000), ("processing", 10, 50, 5000), ("processing", None, 80, 5000),
    ("processing", None, None, 0), ("pending_payment", None, 50, 0), ("canceled", None, 50, 0),
])  # fmt: skip
def test_what_a_provider_holds_for_us_is_not_asked_for_again(
    state: str, paid: int | None, held: int | None, found: int
) -> None:
    told = row(state=state, grand_total=50, total_paid=paid, created_at="2026-11-22 01:09:16",
               payment={"method": "adyen_cc", "amount_authorized": held})  # fmt: skip
    order = order_of(told, Reading(Options()))
    assert (order.paid, order.paid_at) == (found, order.placed_at if found else 0)
    assert sum(payment.amount for payment in order.payments) == found


def test_what_stands_in_no_line_is_a_charge() -> None:
    item = {"item_id": 1, "sku": "A1", "qty_ordered": 1, "row_total": 10, "tax_amount": 0.9, "tax_percent": 9}
    told = row(grand_total="8.40", tax_amount=0.9, items=[item], gift_cards_amount=2.5)
    found = order_of(told, Reading(Options()))
    assert [(each.kind, each.amount, each.vat) for each in found.lines] == [("goods", 1090, 90), ("fee", -250, 0)]


def test_discounts_shipping_and_payment_are_all_said(stand: MagentoStand) -> None:
    stand.product("A1", price=1999)
    made = stand.sales.checkout([("A1", 3)], discount=15, shipping=495, note="Niet te jong", title="iDEAL")
    order = seen(stand, made.id)
    assert (line(order).amount, line(order).vat, line(order).vat_class) == (5097, 421, "NL-9")
    shipping = line(order, "shipping")
    assert (shipping.amount, shipping.vat, shipping.rate) == (495, 86, 2100)
    assert (order.total, order.paid, order.note, order.customer) == (5592, 5592, "Niet te jong", "Anna de Vries")
    (payment,) = order.payments
    assert (payment.method, payment.title, payment.ref) == ("mollie_methods_ideal", "iDEAL", f"tr_{made.number}")
    assert order.paid_at == stand.sales.get(order.id).invoices[0].at // 1000 * 1000


@given(
    prices=st.lists(st.tuples(st.integers(1, 99_999), st.sampled_from([2100, 900, 0]), st.integers(1, 9)),
                    min_size=1, max_size=5),
    discount=st.integers(0, 60), shipping=st.sampled_from([0, 1, 495, 1299]), vat_in=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_lines_add_up_to_total_and_vat(
    prices: list[tuple[int, int, int]], discount: int, shipping: int, vat_in: bool
) -> None:
    made = MagentoShop()
    made.sales.vat_in_prices = vat_in
    for no, (price, rate, _) in enumerate(prices):
        made.goods.add(f"A{no}", price=price, rate=rate)
    bought = made.sales.checkout([(f"A{no}", qty) for no, (_, _, qty) in enumerate(prices)], discount=discount,
                                 shipping=shipping)  # fmt: skip
    told = msgspec.json.decode(msgspec.json.Encoder(decimal_format="number").encode(magento_json.order(bought)))
    order = order_of(told, Reading(Options()))
    assert order.total == bought.total * 100 == sum(each.amount for each in order.lines)
    assert sum(each.vat for each in order.lines) == bought.tax * 100
    assert [each.rate for each in order.lines if each.kind == "goods"] == [rate for _, rate, _ in prices]


def test_ready_to_be_picked_up_ships_and_is_not_done(stand: MagentoStand) -> None:
    product = stand.product("A1", stock=0)
    stand.goods.put(product, PICKUP_SOURCE, Decimal(5))
    order_id = stand.buy((product, 2), pickup=True)
    order = seen(stand, order_id)
    assert (order.pickup, order.pickup_at, order.delivery) == (True, PICKUP_SOURCE, "instore_pickup")
    ready = stand.connector.acknowledge(order_id, "ready", note="Ligt klaar")
    assert (ready.stage, ready.status, line(ready).shipped) == ("ready", "complete", 2000)
    assert stand.goods.items["a1", PICKUP_SOURCE].quantity == 3
    before, writes = stand.state(), stand.writes()
    assert stand.connector.acknowledge(order_id, "ready", note="Ligt klaar").stage == "ready"
    assert (stand.state(), stand.writes()) == (before, writes)
    assert stand.connector.acknowledge(order_id, "done").stage == "done"
    assert stand.goods.items["a1", PICKUP_SOURCE].quantity == 3


def test_an_answer_that_is_well_with_a_failure_in_it_is_a_refusal(stand: MagentoStand) -> None:
    product = stand.product("A1", stock=2)
    order_id = stand.buy((product, 2), pickup=True)
    stand.goods.put(product, "default", Decimal(1))
    with pytest.raises(Permanent) as error:
        stand.connector.acknowledge(order_id, "ready")
    assert error.value.code == "refused"
    assert "Could not save a shipment" in error.value.facts["says"]
    assert seen(stand, order_id).stage == "prepare"


def test_other_ways_to_pick_up_are_the_owners_to_name() -> None:
    with shop(options={"pickup_methods": ("flatrate",), "notes_to_customer": False}) as stand:
        order_id = stand.buy((stand.product("A1"), 1))
        assert seen(stand, order_id).pickup
        ready = stand.connector.acknowledge(order_id, "ready", note="Ligt klaar")
        assert (ready.stage, line(ready).shipped) == ("ready", 0)
        assert [each["notified"] for each in stand.sales.get(order_id).history] == [0, 0]
        assert stand.connector.acknowledge(order_id, "done").stage == "done"


def test_a_note_keeps_the_status(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    assert stand.connector.acknowledge(order_id, "prepare", note="Om 12 uur").status == "processing"
    assert [(each["comment"], each["notified"]) for each in stand.sales.get(order_id).history] == [("Om 12 uur", 1)]


def test_what_the_staff_did_just_before_us_is_no_error(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1", stock=9), 2), paid=False)
    stand.between(None, lambda: stand.finish(order_id))
    assert stand.connector.acknowledge(order_id, "done").stage == "done"
    assert stand.shown("A1") == 7


def test_an_order_not_yet_paid_is_invoiced_when_it_is_handed_over(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1", stock=9), 2), paid=False)
    order = stand.connector.acknowledge(order_id, "done")
    assert (order.stage, order.paid, line(order).shipped) == ("done", order.total, 2000)


def test_sent_is_not_paid(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1", stock=9), 2), paid=False)
    order = stand.connector.acknowledge(order_id, "shipped")
    assert (order.stage, order.paid, line(order).shipped, stand.shown("A1")) == ("prepare", 0, 2000, 7)


def test_goods_leave_the_source_that_is_ours() -> None:
    with shop(options={"sources": (PICKUP_SOURCE,)}) as stand:
        product = stand.product("A1", stock=5)
        stand.goods.put(product, PICKUP_SOURCE, Decimal(5))
        stand.connector.acknowledge(stand.buy((product, 2)), "shipped")
        assert [int(stand.goods.items["a1", code].quantity) for code in ("default", PICKUP_SOURCE)] == [5, 3]


@pytest.mark.parametrize("sources", [(), ("default",), (PICKUP_SOURCE,)])
def test_what_is_picked_up_leaves_the_place_where_the_customer_comes(sources: tuple[str, ...]) -> None:
    with shop(options={"sources": sources}) as stand:
        order_id = stand.buy((stand.product("A1", stock=5), 2), pickup=True)
        stand.goods.put("A1", PICKUP_SOURCE, Decimal(4))
        # Without saying from where it is not shipped at all.
        with pytest.raises(Permanent) as error:
            Magento(stand.access, stand.waits.patience())._rest.send("POST", f"order/{order_id}/ship", {})
        assert "'Ready For Pick-Up' instead" in error.value.facts["says"]
        assert stand.connector.acknowledge(order_id, "done").stage == "done"
        assert [int(stand.goods.items["a1", code].quantity) for code in ("default", PICKUP_SOURCE)] == [5, 2]


def test_a_body_of_the_wrong_shape_is_refused(stand: MagentoStand) -> None:
    road = Magento(stand.access, stand.waits.patience())._rest
    for path, body in (("inventory/source-items", {"sourceItems": 3}), ("inventory/source-items", {"sourceItems": [1]}),
                       ("orders", {"entity": "x"}), ("orders", {})):  # fmt: skip
        with pytest.raises(Permanent) as error:
            road.send("POST", path, body)
        assert error.value.facts["status"] == 400


def test_a_paid_order_is_not_cancelled_but_the_answer_is_well(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    with pytest.raises(Permanent) as error:
        stand.connector.acknowledge(order_id, "cancelled")
    assert error.value.code == "refused"
    assert seen(stand, order_id).stage == "prepare"


def test_an_order_on_hold_is_let_go_and_cancelled_once(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1), paid=False)
    stand.mark(order_id, "holded")
    assert stand.connector.acknowledge(order_id, "cancelled").stage == "cancelled"
    writes = stand.writes()
    assert stand.connector.acknowledge(order_id, "cancelled").stage == "cancelled"
    assert stand.writes() == writes


def test_part_of_an_order_is_shipped_and_part_refunded(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1", stock=9), 4))
    found = stand.sales.get(order_id)
    stand.sales.ship(found, [{"order_item_id": found.items[0].id, "qty": 1}])
    assert (line(seen(stand, order_id)).shipped, line(seen(stand, order_id)).taken) == (1000, 4000)
    stand.give_back(order_id, "A1", 2, restock=False)
    goods = line(seen(stand, order_id))
    # Of two refunded one had gone, so that two wait.
    assert (goods.shipped, goods.refunded, goods.taken) == (1000, 2000, 3000)
    # Not said to be there again, they stay reserved.
    assert stand.goods.reserved["a1"] == 3


def test_a_whole_order_with_its_shipping_is_given_back(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1", stock=9), 2))
    order = seen(stand, order_id)
    lines = tuple(WebRefundLine(line=each.id, qty=each.qty, amount=each.amount) for each in order.lines)
    refund = stand.connector.refund(order_id, RefundWish(key="K1-1", amount=order.total, lines=lines, restock=True))
    after = seen(stand, order_id)
    assert (refund.amount, after.stage, line(after).taken) == (order.total, "refunded", 0)
    assert {each.line: each.amount for each in refund.lines} == {each.line: each.amount for each in lines}
    assert stand.shown("A1") == 9
    assert stand.goods.reserved["a1"] == 0


@pytest.mark.parametrize("restock", [True, False])
@pytest.mark.parametrize("sku", ["A1", "V1"])
def test_goods_that_never_left_are_free_again_when_they_are_refunded(
    stand: MagentoStand, sku: str, restock: bool
) -> None:
    stand.product("A1", stock=9)
    stand.variation("V1", stock=9)
    order_id = stand.buy((sku, 3))
    wish = RefundWish(key="K1-1", amount=1499, lines=(part(seen(stand, order_id), 1000, 1499),), restock=restock)
    stand.connector.refund(order_id, wish)
    assert (stand.shown(sku), int(stand.goods.salable(sku)), line(seen(stand, order_id)).taken) == (9, 7, 2000)


@pytest.mark.parametrize(("version", "code"), [("2.3.7", "refused"), ("2.4.7", "")])
def test_an_amount_alone_is_given_back_since_2_4(version: str, code: str) -> None:
    with shop(version=version) as stand:
        order_id = stand.buy((stand.product("A1", price=1000), 1), pickup=True)
        wish = RefundWish(key="K1-1", amount=250)
        found, refund = attempt(lambda: stand.connector.refund(order_id, wish))
        assert (found, stand.refunds(order_id)) == (code, 0 if code else 1)
        assert refund is None or (refund.amount, refund.lines) == (250, ())


@pytest.mark.parametrize(("amount", "qty", "positive"), [(250, 0, True), (1700, 1000, True), (1200, 1000, False)])
def test_an_amount_that_is_no_price_is_an_adjustment(
    stand: MagentoStand, amount: int, qty: int, positive: bool
) -> None:
    order_id = stand.buy((stand.product("A1", stock=9), 2))
    order = seen(stand, order_id)
    wish = RefundWish(key="K1-1", amount=amount, lines=(part(order, qty, amount),), reason="Coulance")
    refund = stand.connector.refund(order_id, wish)
    assert (refund.amount, refund.reason, refund.restocked) == (amount, "Coulance", False)
    body = msgspec.json.decode(next(each.body for each in stand.asked() if each.method == "POST"))
    assert f"adjustment_{'positive' if positive else 'negative'}" in body["arguments"]
    # Left out, all shipping would be given back as well.
    assert body["arguments"]["shipping_amount"] == 0
    assert line(seen(stand, order_id)).refunded == qty


def test_a_refund_is_found_where_the_list_says_no_comments(stand: MagentoStand) -> None:
    stand.shop.memos_without_comments = True
    order_id = stand.buy((stand.product("A1", stock=9, price=1000), 2))
    wish = RefundWish(key="K1-1", amount=1000, lines=(part(seen(stand, order_id), 1000, 1000),))
    stand.on_write(Fault("gateway"))
    with pytest.raises(WebshopError):
        stand.connector.refund(order_id, wish)
    assert stand.connector.refund(order_id, wish).amount == 1000
    assert stand.refunds(order_id) == 1


def test_whoever_took_the_payment_pays_it_back(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1", stock=9, price=1000), 2))
    lines = (part(seen(stand, order_id), 1000, 1000),)
    for _ in range(2):
        stand.connector.refund(order_id, RefundWish(key="K1-1", amount=1000, lines=lines, pay_out=True))
    assert stand.shop.paid_back == [(int(order_id), Decimal(10))]
    unpaid = stand.buy(("A1", 1), paid=False)
    with pytest.raises(Permanent) as error:
        stand.connector.refund(unpaid, RefundWish(key="K1-2", amount=1000, pay_out=True))
    assert error.value.code == "not_supported"


def test_a_counter_sale_is_placed_for_the_reports_only() -> None:
    with shop() as stand:
        product = stand.product("A1", stock=9)
        lines = (SoldLine(product=product, name="Kaas", qty=2000, amount=2698, gross=2998, vat=223, rate=900),
                 SoldLine(name="Tas", qty=1000, amount=25, gross=25, vat=4, rate=2100))  # fmt: skip
        sale = CounterSale(key="K1-000123", at=1_795_000_000_000, total=2723, lines=lines, method="pin", title="Pin")
        stand.on_write(Fault("lost"))
        with pytest.raises(WebshopError):
            stand.connector.place(sale)
        order = stand.connector.place(sale)
        assert (order.number, order.key, order.stage, order.total) == ("K1-000123", "K1-000123", "done", 2723)
        assert [(each.amount, each.vat, each.rate, each.taken) for each in order.lines] == [
            (2698, 223, 900, 0), (25, 4, 2100, 0),
        ]  # fmt: skip
        assert (stand.orders(), stand.shown(product), int(stand.goods.salable(product))) == (1, 9, 9)
        assert stand.connector.find("K1-000123") == order
        assert stand.connector.find("K1-00012") is None


def test_the_same_number_twice_is_refused_by_the_shop_and_is_well() -> None:
    with shop() as stand:
        sale = CounterSale(key="K1-000123", at=1_795_000_000_000, total=0, lines=())
        twin = make(stand.access, stand.waits.patience())
        # Between our looking for it and our writing it another places it.
        stand.between(None, lambda: twin.place(sale))
        assert stand.connector.place(sale).key == sale.key
        assert stand.orders() == 1
        assert [each.method for each in stand.asked()].count("POST") == 2
        twin.close()


def test_a_customer_cannot_buy_what_is_reserved(stand: MagentoStand) -> None:
    product = stand.product("A1", stock=3)
    stand.buy((product, 2))
    with pytest.raises(Refusal):
        stand.buy((product, 2))
    assert (stand.orders(), int(stand.goods.salable(product))) == (1, 1)


class Parrot(Web):
    """Every question is answered alike."""

    said: Answer

    def call(self, *_: Any, **__: Any) -> Answer:
        return self.said


def connector_to(found: bytes, status: int) -> Magento:
    """A connector to a shop that answers everything alike."""
    access = Access(kind="magento", url="https://shop.example", credentials={"bearer": "geheim"},
                    options=Options(price_includes_tax=False))  # fmt: skip
    made = Magento(access, Patience(wait=lambda seconds: None))
    made._rest.web = Parrot("https://shop.example", patience=made._rest.web.patience)
    made._rest.web.said = Answer(status, {}, found, 1.0)
    return made


def attempt(act: Callable[[], Any]) -> tuple[str, Any]:
    """The code of an error of ours, or what came of it."""
    try:
        return "", act()
    except WebshopError as error:
        return error.code, None


@given(found=JSON, status=st.sampled_from([200, 200, 200, 400, 404, 500]), raw=st.none() | st.binary(max_size=20))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_shop_answers_is_a_value_or_an_error_of_ours(found: Any, status: int, raw: bytes | None) -> None:
    body = msgspec.json.encode(found) if raw is None else raw
    sale = CounterSale(key="K1-1", at=0, total=100, lines=())
    acts: tuple[Callable[[Magento], Any], ...] = (
        lambda shop: shop.check(), lambda shop: list(shop.pull_orders(0)), lambda shop: shop.order("7"),
        lambda shop: list(shop.pull_products(0)), lambda shop: shop.products(ean="8712345678906"),
        lambda shop: shop.stock(["A1"]), lambda shop: shop.acknowledge("7", "done", note="Ja"),
        lambda shop: shop.acknowledge("7", "cancelled"), lambda shop: shop.find("K1-1"), lambda shop: shop.place(sale),
        lambda shop: shop.refund("7", RefundWish(key="K1-1", amount=5, lines=(WebRefundLine(line="7", qty=1000),))),
        lambda shop: shop.salable("A1"),
    )  # fmt: skip
    for act in acts:
        code, answered = attempt(lambda act=act: act(connector_to(body, status)))  # type: ignore[misc]
        assert code in ("", "bad_answer", "not_json", "refused", "unknown_order", "not_supported")
        assert msgspec.json.encode(answered)


@given(found=st.dictionaries(st.text(max_size=12), JSON, max_size=4) | JSON)
@settings(max_examples=300, deadline=None)
def test_whatever_an_order_is_it_is_read_or_refused(found: Any) -> None:
    told = {"entity_id": 7, **found} if isinstance(found, dict) else {"entity_id": 7, "items": found}
    code, order = attempt(lambda: order_of(told, Reading(Options())))
    assert code == "bad_answer" or order.total == sum(each.amount for each in order.lines)
