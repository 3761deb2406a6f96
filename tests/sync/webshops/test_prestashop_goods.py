"""PrestaShop's own traps with products and their stock."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from kassa_tui.simulate.webshops.prestashop_fields import RESOURCES
from kassa_tui.sync.webshops.base import (
    NewProduct,
    Permanent,
    ProductChange,
    StockWant,
    StockWritten,
)
from tests.sync.webshops.contract import EAN, OTHER_EAN, products, pulled
from tests.sync.webshops.prestashop_stand import PrestaStand


@pytest.fixture
def stand() -> Iterator[PrestaStand]:
    made = PrestaStand()
    yield made
    made.close()


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


def test_a_fixed_price_of_a_promotion_hides_no_price_that_was_written(stand: PrestaStand) -> None:
    parent = stand.product("P", price=1000, rate=2100)
    product = stand.shop.combination(parent, "L", impact="1.652893")
    plain = stand.product("A1", price=1000, rate=2100)
    for number in (parent, plain):
        stand.books.specific[int(number)] = Decimal("5.000000")
    assert [products(stand)[sku].price for sku in ("L", "A1")] == [1200, 1000]
    for each in (product, plain):
        assert stand.connector.change_product(ProductChange(product=each, price=1100)).price == 1100
    for name in ("taxes", "tax_rules"):
        del stand.books.rights[name]
    # Where nobody says the tariff, what the shop makes of the price is all there is.
    assert stand.again().product(plain).price == 605  # type: ignore[union-attr]
    found = stand.again(vat_rates={"1": 2100}).product(plain)
    assert found is not None
    assert found.price == 1100


def test_a_price_with_a_contribution_of_its_own_is_the_shops(stand: PrestaStand) -> None:
    product = stand.product("A1", price=1000, rate=2100)
    stand.shop.edit(product, ecotax="0.500000")
    stand.books.specific[int(product)] = Decimal("9.000000")
    assert products(stand)["A1"].price == 1089


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


def test_prices_are_written_by_the_tariff_that_customers_pay_whatever_the_owner_says() -> None:
    stand = PrestaStand(vat_rates={"2": 600})
    product = stand.product("A1", price=1090, rate=900)
    stand.connector.check()
    assert stand.connector.change_product(ProductChange(product=product, price=1199, rate=600)).price == 1199
    assert stand.books.tables["products"][1]["price"] == "11.000000"
    made = stand.connector.make_product(NewProduct(sku="N1", name="Kaas", price=1199, rate=600, vat_class="2"))
    assert (made.price, stand.books.tables["products"][2]["price"]) == (1199, "11.000000")
    for name in ("taxes", "tax_rules"):
        del stand.books.rights[name]
    stand.again(vat_rates={"2": 600}).change_product(ProductChange(product=product, price=1060, rate=900))
    assert stand.books.tables["products"][1]["price"] == "10.000000"
    stand.close()


def test_a_tax_group_that_was_replaced_is_read_and_not_given_any_more(stand: PrestaStand) -> None:
    order_id, product = stand.buy((stand.product("A1", rate=900), 1)), stand.product("B2", rate=900)
    assert {each.name for each in stand.connector.check().vat_classes} == {"1", "2", "3"}
    new = stand.books.regroup(2)
    stand.shop.edit(product, id_tax_rules_group=2)
    stand.books.touch("tax_rule_groups", 1, active=0)
    assert {each.name: each.rate for each in stand.connector.check().vat_classes} == {f"{new}": 900, "3": 0}
    found, order = stand.connector.product(product), stand.connector.order(order_id)
    assert found is not None
    assert order is not None
    assert (found.vat_class, found.rate, found.price, order.lines[0].rate) == ("2", 900, 1499, 900)
    del stand.books.rights["tax_rule_groups"]
    facts = stand.connector.check()
    assert ("read_refused", {"what": "tax_rule_groups"}) in facts.remarks
    assert {each.name for each in facts.vat_classes} == {"1", "2", "3", f"{new}"}


def test_a_new_product_has_what_the_shop_would_not_add(stand: PrestaStand) -> None:
    made = stand.connector.make_product(NewProduct(sku="N1", name="Doos", price=1499, rate=900, ean="18712345678903"))
    assert (made.ean, stand.books.tables["products"][1]["minimal_quantity"]) == ("", "1")


def test_patch_without_the_right_falls_back_on_whole_rows(stand: PrestaStand) -> None:
    for name in ("stock_availables", "products", "orders"):
        stand.books.rights[name].discard("PATCH")
    product = stand.product("A1", stock=10)
    assert "write_refused" not in [code for code, _ in stand.connector.check().remarks]
    assert stand.connector.push_stock([StockWant(product=product, qty=3000)])[0].qty == 3000
    assert stand.connector.change_product(ProductChange(product=product, price=999)).price == 999
    assert (stand.shown(product), stand.books.tables["products"][1]["reference"]) == (3, "A1")


def test_a_state_that_was_made_meanwhile_is_looked_up(stand: PrestaStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.connector.check()
    stand.books.enter(int(order_id), stand.books.state("Onderweg", paid=1, logable=1, shipped=1))
    order = stand.connector.order(order_id)
    assert order is not None
    assert (order.stage, order.lines[0].shipped) == ("done", 1000)


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
