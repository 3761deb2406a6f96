"""PrestaShop's own traps, each as it was met on a real shop: answers, times, keys and hosts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.simulate.webshops.prestashop import KEY
from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.base import (
    Permanent,
    StockWant,
    Transient,
    Unauthorised,
)
from tests.sync.webshops.contract import pulled
from tests.sync.webshops.prestashop_stand import PrestaStand

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
    assert [asked.path for asked in stand.asked()[-2:]] == ["/api/orders", "/api/order_slip"]
    for asked in stand.asked()[-2:]:
        question = parse_qs(asked.query)
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


def test_a_key_that_may_not_book_counter_sales_says_what(stand: PrestaStand) -> None:
    stand.books.rights["customers"].discard("GET")
    stand.books.rights["addresses"].discard("POST")
    del stand.books.rights["carts"]
    found = [(code, facts["what"]) for code, facts in stand.connector.check().remarks if "what" in facts]
    assert found == [
        ("read_refused", "customers"), ("read_refused", "carts"), ("write_refused", "addresses"),
        ("write_refused", "carts"),
    ]  # fmt: skip
    assert not [facts for _, facts in stand.again().check().remarks if "what" in facts]


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
        "tax_rule_groups",
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


def test_a_shop_that_gives_the_same_page_for_ever_is_left(stand: PrestaStand) -> None:
    api = stand.connector.api
    rows = [{"id": 3}, {"id": 4}]
    asked: list[int] = []

    def same(*_: object, **__: object) -> list[dict[str, int]]:
        asked.append(1)
        return rows

    api.rows = same  # type: ignore[method-assign]
    assert [more for _, more in api.pages("orders", 1)] == [True, False]
    assert len(asked) == 2
