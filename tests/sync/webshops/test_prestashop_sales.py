"""PrestaShop's own traps with refunds, and with counter sales as orders."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.base import (
    Permanent,
    RefundWish,
    Unanswered,
    Unauthorised,
    WebRefundLine,
)
from tests.sync.webshops.contract import sold
from tests.sync.webshops.prestashop_stand import PrestaStand


@pytest.fixture
def stand() -> Iterator[PrestaStand]:
    made = PrestaStand()
    yield made
    made.close()


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


def test_a_way_of_delivery_that_is_switched_off_carries_nothing(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499)
    old = stand.buy((product, 1), pickup=True)
    stand.books.tables["carriers"][1]["active"] = 0
    with pytest.raises(Permanent) as error:
        stand.connector.place(sold(product))
    assert (error.value.code, error.value.facts) == ("not_supported", {"what": "carrier"})
    assert stand.orders() == 1
    order = stand.connector.order(old)
    assert order is not None
    assert order.pickup


def test_the_way_of_delivery_of_a_newer_shop(stand: PrestaStand) -> None:
    stand.books.tables["carriers"][1]["name"] = "Pick up in-store"
    assert stand.connector.place(sold(stand.product("A1", price=1499))).pickup


def test_a_cart_that_lost_its_rows_is_not_ordered(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499, stock=10)
    stand.connector.place(sold(product, key="K1-000122"))
    cart = dict(stand.books.tables["carts"][1])
    stand.books.add("carts", {**cart, "id": 2, "gift_message": "kassa-K1-000123"})
    order = stand.connector.place(sold(product))
    assert (order.stage, order.lines[0].qty, stand.books.tables["orders"][2]["id_cart"]) == ("done", 1000, 3)


@pytest.mark.parametrize("resource", ["customers", "addresses", "carts"])
def test_a_warning_behind_what_was_saved_stops_no_sale(stand: PrestaStand, resource: str) -> None:
    stand.shop.webservice.warns.add(resource)
    order = stand.connector.place(sold(stand.product("A1", price=1499)))
    assert (order.stage, order.total) == ("done", 1499)
    assert [len(stand.books.tables[name]) for name in ("customers", "addresses", "carts", "orders")] == [1, 1, 1, 1]


def test_a_warning_behind_a_slip_stops_no_refund(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1", price=1000), 3))
    stand.shop.webservice.warns.add("order_slip")
    found = stand.connector.refund(order_id, refund("K1-000124"))
    assert (found.id, found.amount, stand.refunds(order_id)) == ("1", 1000, 1)


def test_what_was_refused_and_is_not_there_is_said(stand: PrestaStand, monkeypatch: pytest.MonkeyPatch) -> None:
    product = stand.product("A1", price=1000)
    order_id = stand.buy((product, 3))

    def refused(*_: object, **__: object) -> None:
        raise Permanent("refused", {"status": 400, "says": "Nee"})

    monkeypatch.setattr(stand.connector.api, "create", refused)
    for act in (lambda: stand.connector.refund(order_id, refund("K1-1")),
                lambda: stand.connector.place(sold(product, amount=1000))):  # fmt: skip
        with pytest.raises(Permanent) as error:
            act()
        assert (error.value.code, error.value.facts["says"]) == ("refused", "Nee")


def test_a_key_in_other_letters_is_another_key(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499)
    first = stand.connector.place(sold(product, key="K1-a"))
    assert stand.connector.find("K1-A") is None
    second = stand.connector.place(sold(product, key="K1-A"))
    assert (first.key, second.key, stand.orders()) == ("K1-a", "K1-A", 2)
    for row in stand.books.tables["orders"].values():
        row["gift_message"] = ""
    found = [stand.connector.find(key) for key in ("K1-a", "K1-A")]
    assert [order.id for order in found if order] == [first.id, second.id]


@pytest.mark.parametrize(("title", "payment"), [("=<Pin> {1}", "Pin 1"), ("{}", "Kassa"), ("", "pos_pin")])
def test_a_title_that_the_shop_would_refuse_is_made_fit(stand: PrestaStand, title: str, payment: str) -> None:
    sale = sold(stand.product("A1", price=1499))
    stand.connector.place(msgspec.structs.replace(sale, title=title))
    assert stand.books.tables["orders"][1]["payment"] == payment


def test_one_product_on_two_lines_is_priced_as_the_cart_has_it(stand: PrestaStand) -> None:
    product = stand.product("A1", rate=2100)
    # 9.994 with VAT: two are 19.99, and twice one is 19.98.
    stand.shop.edit(product, price="8.259504")
    one = sold(product, amount=999)
    sale = msgspec.structs.replace(one, lines=one.lines * 2, total=1998)
    with pytest.raises(Permanent) as error:
        stand.connector.place(sale)
    assert error.value.facts == {"what": "price", "ours": 1998, "theirs": 1999}
    assert (stand.orders(), stand.connector.place(msgspec.structs.replace(sale, total=1999)).total) == (0, 1999)


def test_a_sale_is_found_by_its_cart_where_the_order_forgot_its_key(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499)
    stand.connector.place(sold(product))
    stand.books.tables["orders"][1]["gift_message"] = ""
    found = stand.connector.find("K1-000123")
    assert found is not None
    assert (found.id, found.key) == ("1", "K1-000123")
    assert stand.connector.place(sold(product)).key == "K1-000123"
    assert stand.books.tables["orders"][1]["gift_message"] == "kassa-K1-000123"
    assert stand.orders() == 1


def test_a_sale_is_found_by_its_order_where_carts_are_not_ours_to_read(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1499)
    stand.connector.place(sold(product))
    del stand.books.rights["carts"]
    fresh = stand.again()
    found = fresh.find("K1-000123")
    assert found is not None
    assert (found.id, fresh.find("K1-000124")) == ("1", None)
