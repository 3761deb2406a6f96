"""PrestaShop's own traps, each as it was met on a real shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.simulate.webshops.prestashop import KEY
from kassa_tui.simulate.webshops.prestashop_fields import RESOURCES
from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.base import (
    Permanent,
    ProductChange,
    RefundWish,
    StockWant,
    StockWritten,
    Transient,
    Unanswered,
    Unauthorised,
    WebRefundLine,
)
from tests.sync.webshops.contract import EAN, OTHER_EAN, products, pulled, sold
from tests.sync.webshops.prestashop_stand import READY, PrestaStand

FALLS_BACK = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp())
"""02:59:59 in Amsterdam is followed by 02:00:00."""


@pytest.fixture
def stand() -> Iterator[PrestaStand]:
    made = PrestaStand()
    yield made
    made.close()


def test_none_is_an_empty_list_and_not_a_list_of_none(stand: PrestaStand) -> None:
    assert pulled(stand)[0] == {}
    assert stand.connector.stock(["77"]) == {}
    assert stand.connector.products(sku="A1") == ()


def test_an_answer_of_nothing_at_all_is_not_none(stand: PrestaStand) -> None:
    stand.connector.check()
    stand.buy((stand.product("A1"), 1))
    stand.faults(*[Fault("cut", 40)] * 9)
    with pytest.raises(Transient):
        pulled(stand)


def test_a_filter_the_shop_does_not_know_is_a_500_that_is_not_repeated(stand: PrestaStand) -> None:
    stand.connector.check()
    count = len(stand.asked())
    with pytest.raises(Permanent) as error:
        stand.connector.api.rows("orders", filters={"colour": "[red]"})
    assert error.value.code == "refused"
    assert (error.value.facts["status"], "filter does not exist" in error.value.facts["says"]) == (500, True)
    assert (len(stand.asked()), stand.waits) == (count + 1, [])


def test_dates_are_asked_for_with_date_1_in_the_shops_own_time(stand: PrestaStand) -> None:
    stand.connector.check()
    _, cursor = pulled(stand, stand.now())
    question = parse_qs(stand.asked()[-1].query)
    assert question["date"] == ["1"]
    # 12:00 in Amsterdam, two minutes earlier, both ends belong to it.
    assert question["filter[date_upd]"] == ["[2026-11-22 11:58:00,2100-01-01 00:00:00]"]
    assert question["sort"] == ["[id_ASC]"]
    assert cursor == stand.now()
    with pytest.raises(Permanent):
        stand.connector.api.rows("orders", filters={"date_upd": "[2026-11-22 11:58:00,2100-01-01 00:00:00]"})


def test_times_are_the_shops_own(stand: PrestaStand) -> None:
    order = stand.connector.order(stand.buy((stand.product("A1"), 1)))
    assert order is not None
    row = stand.books.tables["orders"][1]
    assert row["date_add"] == "2026-11-22 12:00:00"
    assert order.placed_at == stand.now()


@pytest.mark.parametrize("zone", ["Europe/Brussels", "America/New_York", "Asia/Tokyo", "UTC"])
def test_a_shop_in_any_zone_misses_nothing(zone: str) -> None:
    stand = PrestaStand(site={"timezone": zone})
    product = stand.product("A1", stock=100)
    first = stand.buy((product, 1))
    _, cursor = pulled(stand)
    stand.go(30)
    second = stand.buy((product, 1))
    assert set(pulled(stand, cursor)[0]) == {first, second}
    assert stand.connector.check().timezone == zone
    stand.close()


def test_the_hour_that_comes_twice_hides_nothing() -> None:
    stand = PrestaStand(at=FALLS_BACK - 600)
    product = stand.product("A1", stock=100)
    _, cursor = pulled(stand)
    # By the shop's clock 45 minutes before the cursor.
    stand.go(900)
    late = stand.buy((product, 1))
    assert stand.books.tables["orders"][1]["date_upd"] == "2026-10-25 02:05:00"
    assert set(pulled(stand, cursor)[0]) == {late}
    stand.close()


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 5000)), min_size=1, max_size=12),
       start=st.integers(-9000, 9000))  # fmt: skip
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_order_is_missed_across_the_change_of_clocks(steps: list[tuple[bool, int]], start: int) -> None:
    stand = PrestaStand(at=FALLS_BACK + start)
    product, cursor = stand.product("A1", stock=1000), 0
    made: set[str] = set()
    seen: set[str] = set()
    for pull, seconds in steps:
        stand.go(seconds)
        if pull:
            found, cursor = pulled(stand, cursor)
            seen |= set(found)
            assert seen == made
        else:
            made.add(stand.buy((product, 1)))
    assert seen | set(pulled(stand, cursor)[0]) == made
    stand.close()


def test_stock_is_polled_whole_as_no_sale_moves_a_product(stand: PrestaStand) -> None:
    made = [stand.product(f"A{no}", stock=no) for no in range(130)]
    stand.go(86_400)
    _, since = pulled(stand)
    stand.buy((made[120], 3))
    assert products(stand, since) == {}
    count = len(stand.asked())
    found = stand.connector.stock(made)
    assert (found[made[120]], len(found)) == (117_000, 130)
    assert len(stand.asked()) == count + 1


def test_the_row_of_a_product_with_combinations_is_the_shops(stand: PrestaStand) -> None:
    parent = stand.product("P", stock=0)
    small, large = (stand.shop.combination(parent, name, stock=5) for name in ("S", "L"))
    stand.connector.check()
    wants = [StockWant(product=each, qty=2000) for each in (parent, small, large)]
    assert [(each.qty, each.code) for each in stand.connector.push_stock(wants)] == [
        (None, "not_managed"), (2000, ""), (2000, ""),
    ]  # fmt: skip
    assert [stand.shown(each) for each in (parent, small, large)] == [4, 2, 2]
    found = {each.id: each for each in stand.connector.products(sku="P")}
    assert (found[parent].sellable, found[parent].managed) == (False, "no")


@pytest.mark.parametrize("version", ["8.1.6", "1.7.8.11"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_row_of_stock_keeps_its_shop(version: str, shared: bool) -> None:
    stand = PrestaStand(site={"version": version, "shared_stock": shared})
    product = stand.product("A1", stock=10)
    before = dict(stand.books.tables["stock_availables"][1])
    assert stand.connector.push_stock([StockWant(product=product, qty=7000)]) == [
        StockWritten(product=product, qty=7000)
    ]
    after = stand.books.tables["stock_availables"][1]
    assert stand.shown(product) == 7
    for name in ("id_shop", "id_shop_group", "depends_on_stock", "out_of_stock", "location", "id_product"):
        assert str(after[name]) == str(before[name])
    stand.close()


def test_one_row_in_a_body_and_never_more(stand: PrestaStand) -> None:
    wants = [StockWant(product=stand.product(f"A{no}"), qty=1000) for no in range(3)]
    stand.connector.push_stock(wants)
    bodies = [asked.body for asked in stand.asked() if asked.method == "PATCH"]
    assert len(bodies) == 3
    assert all(body.count(b"<stock_available>") == 1 for body in bodies)


def test_what_is_so_already_is_not_written(stand: PrestaStand) -> None:
    product = stand.product("A1", stock=7)
    assert stand.connector.push_stock([StockWant(product=product, qty=7999)])[0].qty == 7000
    assert stand.writes() == 0


def test_below_zero_is_written_as_nothing_and_said(stand: PrestaStand) -> None:
    product = stand.product("A1", stock=7)
    (written,) = stand.connector.push_stock([StockWant(product=product, qty=-2000)])
    assert (written.qty, written.code, written.detail) == (0, "", "below_zero")
    assert stand.shown(product) == 0


def test_stock_of_a_warehouse_is_not_ours_to_write(stand: PrestaStand) -> None:
    product = stand.product("A1", stock=None)
    assert stand.connector.push_stock([StockWant(product=product, qty=1000)])[0].code == "not_managed"
    assert stand.connector.stock([product]) == {product: None}
    assert stand.writes() == 0


def test_a_shop_that_keeps_no_stock_says_so(stand: PrestaStand) -> None:
    product = stand.product("A1")
    stand.books.configure("PS_STOCK_MANAGEMENT", "0")
    assert ("stock_off", {}) in stand.connector.check().remarks
    assert stand.connector.push_stock([StockWant(product=product, qty=1000)])[0].code == "not_managed"


@pytest.mark.parametrize("version", ["8.1.6", "1.7.8.11"])
def test_a_change_resets_nothing_else(version: str) -> None:
    stand = PrestaStand(site={"version": version})
    product = stand.product("A1", ean=EAN, name='Jonge <kaas> & "brood"', price=1499)
    before = dict(stand.books.tables["products"][1])
    stand.go(60)
    changed = stand.connector.change_product(
        ProductChange(product=product, price=1234, ean=OTHER_EAN, name="Oude & <b>")
    )
    assert (changed.price, changed.ean, changed.name) == (1234, OTHER_EAN, "Oude & <b>")
    after = stand.books.tables["products"][1]
    assert after["name"] == {1: "Oude & <b>", 2: before["name"][2]}
    assert after["price"] == "11.321101"
    for name in RESOURCES["products"].fields:
        if name not in ("name", "price", "ean13", "date_upd") and before[name] not in (None, 0):
            assert str(after[name]) == str(before[name]), name
    stand.close()


def test_a_whole_row_comes_from_xml_as_json_leaves_fields_out() -> None:
    stand = PrestaStand(site={"version": "1.7.8.11"})
    product = stand.shop.combination(stand.product("P"), "S", ean=EAN)
    changed = stand.connector.change_product(ProductChange(product=product, price=1600))
    assert (changed.price, changed.ean) == (1600, EAN)
    assert stand.books.tables["combinations"][1]["ean13"] == EAN
    stand.close()


def test_a_combinations_price_is_a_difference_without_vat(stand: PrestaStand) -> None:
    parent = stand.product("P", price=1000, rate=2100)
    product = stand.shop.combination(parent, "L", ean=EAN, impact="1.652893")
    (found,) = stand.connector.products(ean=EAN)
    assert (found.price, found.vat_class, found.stock) == (1200, "1", 10_000)
    assert stand.connector.change_product(ProductChange(product=product, price=1100)).price == 1100
    assert stand.books.tables["combinations"][1]["price"] == "0.826446"
    for change in (ProductChange(product=product, name="Groot"), ProductChange(product=product, vat_class="2")):
        with pytest.raises(Permanent) as error:
            stand.connector.change_product(change)
        assert error.value.code == "not_supported"


def test_several_with_one_code_are_all_found_and_none_is_made(stand: PrestaStand) -> None:
    same = [stand.product("A1", ean=EAN), stand.product("A1", ean=EAN)]
    variation = stand.variation("A1")
    other = stand.product("B2")
    assert {each.id for each in stand.connector.products(sku="A1")} == {*same, variation}
    assert [each.id for each in stand.connector.products(ean=EAN)] == same
    with pytest.raises(Permanent) as error:
        stand.connector.change_product(ProductChange(product=other, ean=EAN))
    assert error.value.code == "duplicate_code"
    assert stand.writes() == 0


@pytest.mark.parametrize("sku", ["A,1", "1,2", "A|B", "A[1]", "[A]", "A&B=1", "50%", "a b", "é"])
def test_any_sku_can_be_looked_for(stand: PrestaStand, sku: str) -> None:
    made = stand.product(sku)
    stand.product("A")
    stand.product("1")
    assert [each.id for each in stand.connector.products(sku=sku)] == [made]


def test_an_ean_of_a_wrong_shape_is_refused(stand: PrestaStand) -> None:
    product = stand.product("A1")
    with pytest.raises(Permanent) as error:
        stand.connector.change_product(ProductChange(product=product, ean="12AB"))
    assert (error.value.code, error.value.facts["status"]) == ("refused", 400)


def test_a_shop_of_one_language_gives_plain_texts(stand: PrestaStand) -> None:
    stand.shop.webservice.languages = (1,)
    product = stand.product("A1", name="Kaas")
    assert products(stand)["A1"].name == "Kaas"
    assert stand.connector.change_product(ProductChange(product=product, name="Brood")).name == "Brood"


def test_the_owners_rates_go_before_the_shops() -> None:
    stand = PrestaStand(vat_rates={"2": 600})
    product = stand.product("A1", price=1090, rate=900)
    stand.connector.check()
    # What the shop calculates with is what its customers pay, so the shop shows another price than was asked for.
    with pytest.raises(Permanent) as error:
        stand.connector.change_product(ProductChange(product=product, price=1060))
    assert error.value.code == "not_taken"
    assert stand.books.tables["products"][1]["price"] == "10.000000"
    stand.close()


def test_patch_without_the_right_falls_back_on_whole_rows(stand: PrestaStand) -> None:
    for name in ("stock_availables", "products", "orders"):
        stand.books.rights[name].discard("PATCH")
    product = stand.product("A1", stock=10)
    assert "write_refused" not in [code for code, _ in stand.connector.check().remarks]
    assert stand.connector.push_stock([StockWant(product=product, qty=3000)])[0].qty == 3000
    assert stand.connector.change_product(ProductChange(product=product, price=999)).price == 999
    assert (stand.shown(product), stand.books.tables["products"][1]["reference"]) == (3, "A1")


def test_a_key_without_rights_is_found_out_without_changing_anything(stand: PrestaStand) -> None:
    stand.product("A1")
    for name in ("stock_availables", "products"):
        stand.books.rights[name] -= {"PATCH", "PUT"}
    stand.books.rights["order_histories"].discard("POST")
    stand.books.rights["orders"].discard("PATCH")
    del stand.books.rights["order_slip"]
    before = stand.state()
    remarks = stand.connector.check().remarks
    assert [facts["what"] for code, facts in remarks if code == "write_refused"] == [
        "stock_availables", "products", "order_histories", "order_slip",
    ]  # fmt: skip
    assert ("read_refused", {"what": "order_slip"}) in remarks
    assert stand.state() == before
    with pytest.raises(Unauthorised) as error:
        stand.connector.push_stock([StockWant(product="1", qty=1000)])
    assert error.value.code == "forbidden_write"


def test_a_key_that_may_not_read_says_what(stand: PrestaStand) -> None:
    del stand.books.rights["orders"]
    facts = stand.connector.check()
    assert ("read_refused", {"what": "orders"}) in facts.remarks
    assert facts.version == "8.1.6"
    with pytest.raises(Unauthorised):
        pulled(stand)


def test_orders_without_the_right_to_anything_beside_them(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1000)
    order_id = stand.buy((product, 2))
    for name in (
        "order_payments",
        "order_slip",
        "carriers",
        "customers",
        "currencies",
        "taxes",
        "tax_rules",
        "messages",
    ):
        del stand.books.rights[name]
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.total, order.paid, order.stage, order.customer) == (2495, 2495, "prepare", "")
    assert sum(line.amount for line in order.lines) == 2495
    assert (order.lines[0].rate, order.paid_at) == (900, stand.now())


def test_the_shop_says_by_which_address_it_wants_to_be_called(stand: PrestaStand) -> None:
    stand.shop.webservice.domain = "www.voorbeeld.nl"
    for act in (stand.connector.check, lambda: pulled(stand)):
        with pytest.raises(Permanent) as error:
            act()
        assert (error.value.code, error.value.facts) == ("redirect", {"to": "http://www.voorbeeld.nl"})


def test_a_shop_in_a_folder() -> None:
    stand = PrestaStand(site={"folder": "/winkel"})
    product = stand.product("A1")
    assert stand.connector.stock([product]) == {product: 10_000}
    stand.shop.webservice.domain = "www.voorbeeld.nl"
    with pytest.raises(Permanent) as error:
        pulled(stand)
    assert error.value.facts == {"to": "http://www.voorbeeld.nl/winkel"}
    stand.close()


def test_a_webservice_that_is_switched_off_says_so(stand: PrestaStand) -> None:
    stand.books.configure("PS_WEBSERVICE", "0")
    with pytest.raises(Permanent) as error:
        stand.connector.check()
    assert "disabled" in error.value.facts["says"]
    assert stand.waits == []


@pytest.mark.parametrize(("chosen", "status"), [(False, 405), (False, 403), (False, 501), (True, 405)])
def test_a_firewall_that_lets_only_posts_through(chosen: bool, status: int) -> None:
    stand = PrestaStand(post_instead_of_put=chosen)
    stand.shop.webservice.blocked_status = status
    stand.shop.webservice.blocked = ("PUT", "PATCH", "DELETE")
    product = stand.product("A1", stock=10)
    for pieces in (3, 4):
        assert stand.connector.push_stock([StockWant(product=product, qty=pieces * 1000)])[0].code == ""
    assert stand.shown(product) == 4
    tries = 0 if chosen else 4 if status == 403 else 1
    assert [asked.method for asked in stand.asked() if asked.method != "GET"] == ["PATCH"] * tries + ["POST"] * 2
    stand.close()


def test_a_host_that_strips_the_header(caplog: pytest.LogCaptureFixture) -> None:
    stand = PrestaStand()
    stand.shop.webservice.strips_authorization = True
    with pytest.raises(Unauthorised):
        pulled(stand)
    facts = stand.again(keys_in_url=True).check()
    assert ("keys_in_url", {}) in facts.remarks
    assert all("authorization" not in asked.headers for asked in stand.asked()[-5:])
    stand.server.close()
    caplog.set_level("DEBUG")
    with pytest.raises(Transient) as error:
        pulled(stand)
    assert KEY not in f"{error.value}{caplog.messages}"
    stand.close()


def test_check_remarks(stand: PrestaStand) -> None:
    facts = stand.connector.check()
    assert (facts.name, facts.version, facts.timezone, facts.whole_units) == (
        "Voorbeeldwinkel", "8.1.6", "Europe/Amsterdam", True,
    )  # fmt: skip
    assert facts.remarks == (("no_https", {}),)
    stand.books.tables["currencies"][1]["iso_code"] = "SEK"
    stand.shop.webservice.version = "1.6.1.24"
    found = stand.connector.check().remarks
    assert ("other_currency", {"currency": "SEK"}) in found
    assert ("old_version", {"version": "1.6.1.24", "needed": "1.7"}) in found


def test_states_are_found_by_their_settings(stand: PrestaStand) -> None:
    own = stand.books.state("Geannuleerd (nieuw)", logable=0)
    stand.books.configure("PS_OS_CANCELED", str(own))
    order_id = stand.buy((stand.product("A1", stock=10), 3))
    stand.books.enter(int(order_id), own)
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.stage, order.status, order.lines[0].taken) == ("cancelled", str(own), 0)


def test_a_state_that_was_made_meanwhile_is_looked_up(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.connector.check()
    stand.books.enter(int(order_id), stand.books.state("Onderweg", paid=1, logable=1, shipped=1))
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.stage, order.lines[0].shipped) == ("done", 1000)


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


def test_what_was_cancelled_is_not_handed_over(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.cancel(order_id)
    with pytest.raises(Permanent) as error:
        stand.connector.acknowledge(order_id, "done")
    assert (error.value.code, error.value.facts["says"]) == ("refused", "Geannuleerd")
    assert stand.connector.acknowledge(order_id, "cancelled").stage == "cancelled"


def test_cancelled_and_paid_after_all_takes_the_stock_again(stand: PrestaStand) -> None:
    product = stand.product("A1", stock=10)
    order_id = stand.buy((product, 3))
    taken = []
    for state in (6, 2, 7):
        stand.books.enter(int(order_id), state)
        order = stand.connector.order(order_id)
        assert order is not None
        taken.append((order.lines[0].taken, stand.shown(product)))
    assert taken == [(0, 10), (3000, 7), (3000, 7)]


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


def refund(key: str, amount: int = 1000, line: str = "1") -> RefundWish:
    """One piece, ten euros."""
    return RefundWish(key=key, amount=amount, lines=(WebRefundLine(line=line, qty=1000, amount=amount),))


@pytest.mark.parametrize("decimals", ["0.000001", "0.01"])
def test_a_refund_is_found_by_its_stamp_or_by_being_new(stand: PrestaStand, decimals: str) -> None:
    order_id = stand.buy((stand.product("A1", price=1000), 3))
    stand.connector.check()
    stand.on_write(Fault("lost"))
    with pytest.raises(Unanswered):
        stand.connector.refund(order_id, refund("K1-000124"))
    for slip in stand.books.tables["order_slip"].values():
        for name in ("total_products_tax_excl", "total_shipping_tax_excl"):
            slip[name] = str(Decimal(slip[name]).quantize(Decimal(decimals)))
    assert stand.connector.refund(order_id, refund("K1-000124")).id == "1"
    assert stand.refunds(order_id) == 1


def test_a_refund_is_found_after_a_restart(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1", price=1000), 3))
    for key in ("K1-000124", "K1-000125"):
        stand.on_write(Fault("lost"))
        with pytest.raises(Unanswered):
            stand.connector.refund(order_id, refund(key))
        stand.faults()
    fresh = stand.again()
    assert [fresh.refund(order_id, refund(key)).id for key in ("K1-000125", "K1-000124")] == ["2", "1"]
    assert stand.refunds(order_id) == 2


def test_a_slip_says_what_was_given_back(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1", price=1090), 2))
    wish = RefundWish(key="K1-000124", amount=1685, lines=(
        WebRefundLine(line="1", qty=1000, amount=1090), WebRefundLine(line="shipping", amount=495),
    ))  # fmt: skip
    found = stand.connector.refund(order_id, wish)
    assert (found.amount, [(line.line, line.qty, line.amount) for line in found.lines]) == (1685, [("1", 1000, 1090)])
    slip = stand.books.tables["order_slip"][1]
    assert (slip["total_products_tax_incl"], slip["total_shipping_tax_incl"]) == ("11.900000", "4.950000")
    goods, carriage = (Decimal(slip[f"total_{name}_tax_excl"]) for name in ("products", "shipping"))
    # The euro that is of no line has the VAT of the order as a whole: 26.75 with, 24.09 without.
    assert abs(goods - Decimal("10.90")) < Decimal("0.01")
    assert abs(carriage - Decimal("4.09")) < Decimal("0.01")
    with pytest.raises(Permanent):
        stand.connector.refund(order_id, RefundWish(key="K1-000125", amount=1000, lines=()))


def test_the_shop_pays_nothing_back_itself(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1", price=1000), 1))
    with pytest.raises(Permanent) as error:
        stand.connector.refund(order_id, RefundWish(key="K1-1", amount=100, pay_out=True))
    assert error.value.code == "not_supported"
    del stand.books.rights["order_slip"]
    stand.connector.check()
    with pytest.raises(Unauthorised):
        stand.connector.refund(order_id, refund("K1-1", 100))
    assert stand.refunds(order_id) == 0


def test_a_sale_that_is_not_the_shops_price_is_not_placed(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499)
    for sale in (sold(product, 1, amount=1400), sold(product, 1, amount=1400, gross=1499), sold("", 1)):
        with pytest.raises(Permanent) as error:
            stand.connector.place(sale)
        assert error.value.code == "not_supported"
    assert (stand.writes(), stand.orders()) == (0, 0)


def test_a_payment_error_is_found_out_and_said(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499, stock=10)
    stand.connector.check()
    # Between our look at the price and the order the staff makes it dearer.
    edit = [lambda: stand.shop.edit(product, price="14.000000")]

    def before_the_order(asked: object) -> None:
        if getattr(asked, "method", "") == "POST" and str(getattr(asked, "path", "")).endswith("/orders") and edit:
            edit.pop()()

    stand.server.faults = before_the_order
    for _ in range(2):
        with pytest.raises(Permanent) as error:
            stand.connector.place(sold(product))
        assert (error.value.code, error.value.facts) == ("refused", {"says": "payment error", "order": "1"})
    assert (stand.shown(product), stand.orders()) == (10, 1)
    order = stand.connector.find("K1-000123")
    assert order is not None
    assert (order.stage, order.lines[0].taken) == ("cancelled", 0)


def test_a_module_that_is_not_there_makes_no_order() -> None:
    stand = PrestaStand(payment_module="ps_niets")
    product = stand.product("A1", price=1499)
    with pytest.raises(Permanent) as error:
        stand.connector.place(sold(product))
    assert (error.value.code, error.value.facts) == ("refused", {"says": "HTTP 500: ps_niets"})
    assert (stand.orders(), stand.shown(product)) == (0, 10)
    stand.close()


def test_a_cart_that_was_left_behind_is_ordered_and_no_other_made(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499)
    stand.connector.check()
    for skip in (2, 0):
        # Once the cart's answer is lost, once the order never comes to the shop.
        stand.on_write(Fault("lost" if skip else "drop"), skip=skip)
        with pytest.raises(Unanswered):
            stand.connector.place(sold(product))
    order = stand.again(payment_module="ps_wirepayment").place(sold(product))
    assert (order.key, order.stage, order.created_via) == ("K1-000123", "done", "ps_wirepayment")
    assert [len(stand.books.tables[name]) for name in ("carts", "orders", "customers", "addresses")] == [1, 1, 1, 1]


def test_nobody_is_mailed_by_a_counter_sale_but_by_the_shops_own_letter(stand: PrestaStand) -> None:
    stand.connector.place(sold(stand.product("A1", price=1499)))
    assert stand.books.mails == [("order_conf", 1)]
    assert stand.books.tables["customers"][1]["email"].endswith(".invalid")


@pytest.mark.parametrize(("by", "total"), [(1, 4497), (2, 4497), (3, 4497)])
def test_a_sale_of_two_lines_of_one_product_is_one_row_of_a_cart(by: int, total: int) -> None:
    stand = PrestaStand()
    stand.books.configure("PS_ROUND_TYPE", str(by))
    product = stand.product("A1", price=1499, stock=10)
    one, two = sold(product), sold(product, 2, amount=2998)
    sale = type(one)(key="K1 [7],8|9%", at=one.at, total=total, lines=(*one.lines, *two.lines), method="pin")
    order = stand.connector.place(sale)
    assert (order.total, [line.qty for line in order.lines], order.key) == (total, [3000], "K1 [7],8|9%")
    assert stand.connector.find("K1 [7],8|9%") == order
    assert stand.shown(product) == 7
    stand.close()


def test_a_sale_without_a_free_way_of_delivery_is_not_placed(stand: PrestaStand) -> None:
    stand.books.tables["carriers"][1]["deleted"] = 1
    with pytest.raises(Permanent) as error:
        stand.connector.place(sold(stand.product("A1", price=1499)))
    assert (error.value.code, error.value.facts) == ("not_supported", {"what": "carrier"})
    assert stand.orders() == 0


def test_a_500_without_a_word_is_asked_once_more(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.connector.check()
    stand.faults(Fault("status", 500))
    assert set(pulled(stand)[0]) == {order_id}
    stand.faults(*[Fault("status", 500)] * 9)
    count = len(stand.asked())
    with pytest.raises(Transient):
        pulled(stand)
    assert len(stand.asked()) == count + 2


def test_a_wrong_address_is_not_a_shop_without_orders(stand: PrestaStand) -> None:
    stand.connector.check()
    stand.faults(Fault("status", 404))
    with pytest.raises(Permanent):
        pulled(stand)


def test_a_key_never_stands_in_a_query_unless_asked_for(stand: PrestaStand) -> None:
    stand.connector.check()
    pulled(stand)
    assert not [asked for asked in stand.asked() if quote(KEY) in asked.query or "ws_key" in asked.query]


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
