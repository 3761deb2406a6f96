"""PrestaShop's own traps with orders: their states, lines and money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.base import (
    Permanent,
    Unauthorised,
)
from tests.sync.webshops.contract import Ledger, pulled
from tests.sync.webshops.prestashop_stand import READY, PrestaStand


@pytest.fixture
def stand() -> Iterator[PrestaStand]:
    made = PrestaStand()
    yield made
    made.close()


def test_states_are_found_by_their_settings(stand: PrestaStand) -> None:
    own = stand.books.state("Geannuleerd (nieuw)", logable=0)
    stand.books.configure("PS_OS_CANCELED", str(own))
    order_id = stand.buy((stand.product("A1", stock=10), 3))
    stand.books.enter(int(order_id), own)
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.stage, order.status, order.lines[0].taken) == ("cancelled", str(own), 0)


def test_a_carrier_keeps_its_reference_and_not_its_id() -> None:
    stand = PrestaStand(pickup_methods=("7",))
    stand.connector.check()
    row = stand.books.add(
        "carriers", {"id_reference": 7, "name": "Afhaalpunt", "active": 1, "is_free": 1, "deleted": 0}
    )
    order_id = stand.buy((stand.product("A1"), 1))
    stand.books.tables["orders"][1]["id_carrier"] = row["id"]
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.pickup, order.pickup_at, order.delivery) == (True, "Afhaalpunt", "7")
    stand.close()


def test_names_and_notes_are_for_who_hands_over(stand: PrestaStand) -> None:
    order_id = stand.shop.checkout((stand.product("A1"), 1), name=("Zoë", "O'Brien & <Zn>"), note="Bel <aan>")
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.customer, order.note) == ("Zoë O'Brien & <Zn>", "Bel <aan>")


def test_an_order_is_handed_over_once_and_mails_only_where_asked(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.books.mails.clear()
    assert stand.connector.acknowledge(order_id, "prepare").stage == "prepare"
    assert stand.books.mails == []
    assert stand.connector.acknowledge(order_id, "ready").status == READY
    assert stand.books.mails == [(f"state {READY}", int(order_id))]
    assert stand.connector.acknowledge(order_id, "ready").stage == "ready"
    assert stand.connector.acknowledge(order_id, "prepare").stage == "ready"
    assert stand.connector.acknowledge(order_id, "shipped").status == "4"
    assert stand.connector.acknowledge(order_id, "done").status == "5"
    states = [row["id_order_state"] for row in stand.books.tables["order_histories"].values()]
    assert states == [2, 3, 14, 4, 5]


def test_no_mail_where_the_owner_wants_none() -> None:
    stand = PrestaStand(notes_to_customer=False)
    order_id = stand.buy((stand.product("A1"), 1))
    stand.books.mails.clear()
    stand.connector.acknowledge(order_id, "ready", note="Ligt klaar")
    assert (stand.books.mails, stand.books.tables["orders"][1]["note"]) == ([], "Ligt klaar")
    stand.close()


def test_ready_needs_a_state_of_the_shops_own() -> None:
    stand = PrestaStand(steps={})
    order_id = stand.buy((stand.product("A1"), 1))
    with pytest.raises(Permanent) as error:
        stand.connector.acknowledge(order_id, "ready")
    assert (error.value.code, error.value.facts) == ("not_supported", {"what": "ready"})
    stand.close()


def test_a_state_whose_answer_was_lost_is_not_posted_twice(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.connector.check()
    for fault in (Fault("lost"), Fault("gateway")):
        stand.on_write(fault)
        assert stand.connector.acknowledge(order_id, "done" if fault.what == "gateway" else "shipped").stage == "done"
    states = [row["id_order_state"] for row in stand.books.tables["order_histories"].values()]
    assert states == [2, 4, 5]


def test_the_state_by_the_orders_own_field_where_histories_are_forbidden(stand: PrestaStand) -> None:
    stand.books.rights["order_histories"].discard("POST")
    product = stand.product("A1", stock=10)
    order_id = stand.buy((product, 2))
    assert stand.connector.acknowledge(order_id, "cancelled").stage == "cancelled"
    assert stand.shown(product) == 10


@pytest.mark.parametrize("known", [False, True])
def test_the_state_by_the_orders_own_field_where_histories_are_not_ticked_at_all(
    stand: PrestaStand, known: bool
) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    if not known:
        stand.connector.check()
    stand.books.rights.pop("order_histories")
    assert stand.connector.acknowledge(order_id, "done").stage == "done"
    assert ("write_refused", {"what": "order_histories"}) not in stand.connector.check().remarks
    posted = [asked for asked in stand.asked() if asked.method == "POST" and b"id_order_state" in asked.body]
    assert len(posted) == (0 if known else 1)


def test_a_resource_that_is_not_ticked_is_no_wrong_key(stand: PrestaStand) -> None:
    stand.books.rights.pop("carts")
    for ask in (lambda: stand.connector.api.rows("carts"), lambda: stand.connector.api.whole_row("carts", "1")):
        with pytest.raises(Unauthorised) as error:
            ask()
        assert (error.value.code, error.value.facts["status"]) == ("forbidden_write", 401)
        assert 'Resource of type "carts"' in error.value.facts["says"]


def test_what_was_cancelled_is_not_handed_over(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.cancel(order_id)
    with pytest.raises(Permanent) as error:
        stand.connector.acknowledge(order_id, "done")
    assert (error.value.code, error.value.facts["says"]) == ("refused", "Geannuleerd")
    assert stand.connector.acknowledge(order_id, "cancelled").stage == "cancelled"


def test_refunded_after_it_was_sent_has_left_the_shelf(stand: PrestaStand) -> None:
    sent, kept = (stand.buy((stand.product(sku), 1)) for sku in ("A1", "B2"))
    stand.finish(sent)
    for order_id in (sent, kept):
        stand.books.enter(int(order_id), 7)
    orders, _ = pulled(stand)
    assert [orders[each].stage for each in (sent, kept)] == ["refunded", "refunded"]
    assert [orders[each].lines[0].shipped for each in (sent, kept)] == [1000, 0]


def test_goods_that_the_staff_put_back_are_not_held_any_more(stand: PrestaStand) -> None:
    product = stand.product("A1", stock=10, price=1000)
    order_id = stand.buy((product, 3))
    stand.give_back(order_id, product, 1, restock=True)
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.lines[0].taken, order.lines[0].refunded, order.refunds[0].restocked) == (2000, 1000, True)
    assert stand.shown(product) == 8


@pytest.mark.parametrize("sent", [False, True])
def test_goods_that_the_staff_put_back_without_a_slip_lie_on_the_shelf(stand: PrestaStand, sent: bool) -> None:
    product = stand.product("A1", stock=10, price=1000)
    order_id = stand.buy((product, 3))
    if sent:
        stand.finish(order_id)
    stand.shop.give_back(order_id, product, 1, restock=True, slip=False)
    order = stand.connector.order(order_id)
    assert order is not None
    (line,) = (line for line in order.lines if line.kind == "goods")
    assert (line.taken, line.shipped, line.refunded, order.refunds) == (2000, 2000 if sent else 0, 1000, ())
    ledger = Ledger(stand, {product: 10})
    ledger.cycle()
    assert (stand.shown(product), ledger.shelf[product]) == (8, 8000 if sent else 10_000)


def test_a_page_of_orders_asks_once_what_came_back(stand: PrestaStand) -> None:
    product = stand.product("A1", stock=10)
    for _ in range(3):
        stand.buy((product, 1))
    pulled(stand)
    assert sum(asked.path.endswith("order_details") for asked in stand.asked()) == 1
    del stand.books.rights["order_details"]
    assert ("read_refused", {"what": "order_details"}) in stand.connector.check().remarks
    assert len(pulled(stand)[0]) == 3


@pytest.mark.parametrize("page", [1, 50])
def test_a_slip_of_the_staff_brings_its_order_though_the_orders_date_stands_still(
    stand: PrestaStand, page: int
) -> None:
    product = stand.product("A1", stock=10, price=1000)
    old, other = stand.buy((product, 3)), stand.buy((product, 1))
    stand.go(86_400)
    _, cursor = pulled(stand)
    stand.go(600)
    new = stand.buy((product, 1))
    for order_id in (old, new):
        stand.give_back(order_id, product, 1, restock=True)
    pages = list(stand.connector.pull_orders(cursor, page=page))
    found = [order for each in pages for order in each.orders]
    assert sorted(order.id for order in found) == [old, new]
    assert [len(order.refunds) for order in found] == [1, 1]
    assert [each.more for each in pages] == [False]
    stand.books.rights["order_slip"].discard("GET")
    stand.connector.check()
    assert set(pulled(stand, cursor)[0]) == {new}
    assert other not in {order.id for order in found}


@pytest.mark.parametrize(("by", "total", "vat"), [(1, 4990, 865), (2, 4991, 866), (3, 4991, 866)])
def test_a_line_is_rounded_as_the_shop_rounds_it(by: int, total: int, vat: int) -> None:
    stand = PrestaStand()
    stand.books.configure("PS_ROUND_TYPE", str(by))
    product = stand.product("A1", rate=2100)
    stand.shop.edit(product, price="8.250000")
    order = stand.connector.order(stand.buy((product, 5), pickup=True))
    assert order is not None
    assert [(line.kind, line.amount, line.vat, line.rate) for line in order.lines] == [("goods", total, vat, 2100)]
    assert order.total == total
    stand.close()


def test_orders_of_one_cart_share_their_payments(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1000)
    first, second = stand.buy((product, 1), pickup=True), stand.buy((product, 2), pickup=True)
    rows = stand.books.tables["orders"]
    rows[2]["reference"] = rows[1]["reference"]
    for payment in stand.books.tables["order_payments"].values():
        payment["order_reference"] = rows[1]["reference"]
    orders, _ = pulled(stand)
    assert [orders[each].paid for each in (first, second)] == [1000, 2000]
    assert all(sum(payment.amount for payment in order.payments) == order.total for order in orders.values())


def test_a_voucher_is_a_line_for_each_tariff(stand: PrestaStand) -> None:
    low, high = stand.product("A1", price=1090, rate=900), stand.product("B2", price=1210, rate=2100)
    order = stand.connector.order(stand.shop.checkout((low, 1), (high, 1), pickup=True, discount=460))
    assert order is not None
    vouchers = {line.rate: line for line in order.lines if line.kind == "fee"}
    assert (order.total, sum(line.amount for line in order.lines)) == (1840, 1840)
    assert sorted(vouchers) == [900, 2100]
    assert sum(line.amount for line in vouchers.values()) == -460
    for rate in (900, 2100):
        amount, vat = (
            sum(getattr(line, name) for line in order.lines if line.rate == rate) for name in ("amount", "vat")
        )
        assert abs(Decimal(amount) * rate / (10_000 + rate) - vat) <= 1


def test_an_amount_of_some_module_is_a_fee_and_not_spread_over_the_goods(stand: PrestaStand) -> None:
    order_id = stand.shop.checkout((stand.product("A1", price=1000), 1), pickup=True)
    row = stand.books.tables["orders"][1]
    row.update(total_paid="12.500000", total_paid_tax_incl="12.500000", total_paid_tax_excl="11.240465")
    order = stand.connector.order(order_id)
    assert order is not None
    assert [(line.id, line.kind, line.amount) for line in order.lines] == [
        ("1", "goods", 1000), ("rest", "fee", 250),
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["8.1.6", "1.7.8.11"])
def test_an_order_is_never_sent_back_whole(version: str) -> None:
    stand = PrestaStand(site={"version": version}, put_instead_of_patch=True)
    order_id = stand.buy((stand.product("A1"), 1))
    stand.connector.acknowledge(order_id, "done", note="Opgehaald")
    assert [row["id_order_state"] for row in stand.books.tables["order_histories"].values()] == [2, 5]
    assert not [asked for asked in stand.asked() if asked.method == "PUT"]
    assert stand.books.tables["orders"][1]["note"] == ("Opgehaald" if version == "8.1.6" else "")
    stand.books.rights["order_histories"].discard("POST")
    if version != "8.1.6":
        with pytest.raises(Unauthorised):
            stand.connector.acknowledge(stand.buy((stand.product("B2"), 1)), "done")
    stand.close()


def test_what_was_sent_abroad_has_the_tariff_of_there(stand: PrestaStand) -> None:
    stand.books.add("taxes", {"rate": "19.000", "active": 1, "name": {1: "19%"}})
    stand.books.add("taxes", {"rate": "20.000", "active": 1, "name": {1: "20%"}})
    order_id = stand.shop.checkout((stand.product("A1", price=1190, rate=2100), 1), pickup=True)
    row = stand.books.tables["orders"][1]
    row["associations"]["order_rows"][0].update(unit_price_tax_incl="11.900000", unit_price_tax_excl="10.000000")
    row.update(total_paid_tax_excl="10.000000", total_shipping_tax_incl="0.200000", total_shipping_tax_excl="0.170000",
               total_paid="12.100000", total_paid_tax_incl="12.100000")  # fmt: skip
    order = stand.connector.order(order_id)
    assert order is not None
    assert [(line.kind, line.rate) for line in order.lines] == [("goods", 1900), ("shipping", 2100)]


def test_what_is_long_gone_is_looked_up_once(stand: PrestaStand) -> None:
    product = stand.product("A1", stock=100)
    for _ in range(5):
        stand.buy((product, 1))
    for row in stand.books.tables["orders"].values():
        row["id_carrier"], row["current_state"] = 77, 88
    stand.connector.check()
    count = len(stand.asked())
    orders, _ = pulled(stand)
    assert {(order.delivery, order.status, order.stage) for order in orders.values()} == {("77", "88", "unknown")}
    assert sum(asked.path.endswith(("carriers", "order_states")) for asked in stand.asked()[count:]) == 4
