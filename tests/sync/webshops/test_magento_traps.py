"""More of Magento's traps: signatures in natural order, hosts without slashes, options, and other languages."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest

from kassa_tui.simulate.webshops.server import Fault, Reply
from kassa_tui.sync.webshops.base import (
    CounterSale,
    NewProduct,
    Permanent,
    ProductChange,
    StockWant,
    Transient,
    Unauthorised,
)
from kassa_tui.sync.webshops.magento import make
from kassa_tui.sync.webshops.magento_web import MAX_SINGLES, portions, sku_filters
from tests.sync.webshops.test_magento import connector, rest
from tests.sync.webshops.test_magento_contract import MagentoStand
from tests.sync.webshops.test_magento_orders import line, seen, shop

DUTCH = {
    "does not allow": "staat niet toe", "Unique constraint violation found": "Schending van een unieke beperking",
    "Request does not match any route.": "Het verzoek past bij geen enkele route.",
}  # fmt: skip


@pytest.fixture
def stand() -> Iterator[MagentoStand]:
    """A shop with sources."""
    with shop() as made:
        yield made


def test_skus_with_a_comma_are_never_ten_in_one_question(stand: MagentoStand) -> None:
    skus = [stand.product(f"Kaas, {no:02}", stock=no) for no in range(25)] + [stand.product("Brood", stock=3)]
    assert stand.connector.stock(skus) == {sku: no * 1000 for no, sku in enumerate(skus[:-1])} | {"Brood": 3000}
    # Ten of them would be signed in another order by the shop, and refused as if the keys were wrong.
    lots = list(portions(skus))
    assert [sku for lot in lots for sku in lot] == skus
    assert max(len(sku_filters(lot)) for lot in lots) <= MAX_SINGLES + 1


def test_the_shop_signs_in_natural_order(stand: MagentoStand) -> None:
    road = rest(stand)
    asked = [("sku", "eq", f"A{no}") for no in range(11)]
    assert road.search("products", [asked[:10]], size=5).total == 0
    with pytest.raises(Unauthorised):
        road.search("products", [asked], size=5)


@pytest.mark.parametrize("msi", [True, False])
def test_a_host_without_slashes_stops_nothing_but_that_product(msi: bool) -> None:
    with shop(msi=msi) as stand:
        stand.shop.refuses_slashes = True
        made = [stand.product(sku, stock=3) for sku in ("A/1", "B2")]
        written = stand.connector.push_stock([StockWant(product=sku, qty=0) for sku in made])
        refused = (None, "refused") if not msi else (0, "")
        assert [(each.qty, each.code) for each in written] == [refused, (0, "")]
        assert stand.connector.stock(made) == {"A/1": 0 if msi else None, "B2": 0}
        assert connector(stand).salable("A/1") is None


def test_a_page_in_answer_to_a_plain_sku_is_no_answer(stand: MagentoStand) -> None:
    product = stand.product("B2", stock=3)
    stand.server.faults = lambda asked: Fault("html") if "/stockItems/" in asked.path else None
    with pytest.raises(Transient):
        stand.connector.push_stock([StockWant(product=product, qty=0)])


def test_what_a_customer_chose_is_no_product(stand: MagentoStand) -> None:
    for sku in ("KAAS-1", "B2"):
        stand.product(sku, stock=9)
    bought = [("KAAS-1", 2), ("B2", 1)]
    orders = [str(stand.sales.checkout(bought, option=option).id) for option in ("GIFT", "", "LINT")]
    stand.connector.check()
    count = len(stand.asked())
    (page,) = stand.connector.pull_orders(0)
    assert [[(each.product, each.sku) for each in order.lines] for order in page.orders] == [
        [("KAAS-1", "KAAS-1-GIFT"), ("B2", "B2-GIFT")], [("KAAS-1", "KAAS-1"), ("B2", "B2")],
        [("KAAS-1", "KAAS-1-LINT"), ("B2", "B2-LINT")],
    ]  # fmt: skip
    asked = [each.path.rpartition("/V1/")[2] for each in stand.asked()[count:]]
    assert asked == ["orders", "invoices", "products"]
    done = stand.connector.acknowledge(orders[0], "done")
    assert (line(done).product, line(done).shipped, stand.shown("KAAS-1")) == ("KAAS-1", 2000, 7)


def test_of_a_product_that_is_gone_only_what_was_chosen_is_known(stand: MagentoStand) -> None:
    stand.product("KAAS-1", stock=9)
    order = stand.sales.checkout([("KAAS-1", 2)], option="GIFT")
    stand.remove("KAAS-1")
    assert line(seen(stand, order.id)).product == "KAAS-1-GIFT"


@pytest.mark.parametrize("words", [{}, DUTCH])
def test_what_the_staff_did_just_before_us_is_no_error_in_any_language(words: dict[str, str]) -> None:
    with shop() as stand:
        stand.shop.words = words
        stand.product("A1", stock=9)
        for paid, act in ((False, stand.finish), (False, stand.pay), (True, stand.finish)):
            order_id = stand.buy(("A1", 2), paid=paid)
            stand.between(None, partial(act, order_id))
            assert stand.connector.acknowledge(order_id, "done").stage == "done"
        order_id = stand.buy(("A1", 2), paid=False)
        stand.between(None, lambda: stand.cancel(order_id))
        assert stand.connector.acknowledge(order_id, "cancelled").stage == "cancelled"


def test_what_is_still_to_be_done_is_not_taken_for_done(stand: MagentoStand) -> None:
    stand.shop.words = DUTCH
    order_id = stand.buy((stand.product("A1", stock=9), 2))
    stand.mark(order_id, "payment_review")
    with pytest.raises(Permanent) as error:
        stand.connector.acknowledge(order_id, "done")
    assert "staat niet toe" in error.value.facts["says"]


def test_a_sale_that_is_there_already_is_found_in_any_language(stand: MagentoStand) -> None:
    stand.shop.words = DUTCH
    sale = CounterSale(key="K1-000123", at=1_795_000_000_000, total=0, lines=())
    twin = make(stand.access, stand.waits.patience())
    stand.between(None, lambda: twin.place(sale))
    assert stand.connector.place(sale).key == sale.key
    assert stand.orders() == 1
    twin.close()


def test_a_shop_without_sources_says_so_in_any_language() -> None:
    with shop(msi=False) as stand:
        stand.shop.words = DUTCH
        stand.shop.denied.add("Magento_Backend::modules")
        product = stand.product("A1", stock=3)
        assert not stand.connector.check().reserves
        assert connector(stand).salable(product) is None
        assert stand.connector.stock([product]) == {product: 3000}


def test_a_comment_goes_without_a_status_where_none_is_taken(stand: MagentoStand) -> None:
    stand.sales.takes_statuses = False
    order_id = stand.buy((stand.product("A1"), 1))
    for _ in range(2):
        assert stand.connector.acknowledge(order_id, "prepare", note="Om 12 uur").status == "processing"
    assert [each["comment"] for each in stand.sales.get(order_id).history] == ["Om 12 uur"]


def test_a_comment_takes_the_status_that_was_changed_just_before_it(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1))
    stand.between(None, None, lambda: stand.mark(order_id, "inpakken"))
    stand.connector.acknowledge(order_id, "prepare", note="Om 12 uur")
    (told,) = stand.sales.get(order_id).history
    assert (told["comment"], told["status"], stand.sales.get(order_id).status) == ("Om 12 uur", "inpakken", "inpakken")


@pytest.mark.parametrize("what", ["invoice", "creditmemo"])
def test_documents_that_the_keys_may_not_read_are_remarked(stand: MagentoStand, what: str) -> None:
    stand.shop.denied.add(f"Magento_Sales::sales_{what}")
    assert ("read_refused", {"what": f"{what}s"}) in stand.connector.check().remarks


def test_of_several_rules_for_one_tariff_the_highest_counts(stand: MagentoStand) -> None:
    stand.goods.rules = {5: [2, 4], 2: [4]}
    found = {each.name: each.rate for each in stand.connector.check().vat_classes}
    assert found == {"Taxable Goods": 2100, "Laag tarief": 2100, "Nultarief": 0}


def test_two_products_may_have_one_name(stand: MagentoStand) -> None:
    new = {"name": "Jonge kaas", "price": 1, "attribute_set_id": 4}
    rest(stand).send("POST", "products", {"product": {**new, "sku": "A1"}})
    with pytest.raises(Permanent, match="refused") as error:
        rest(stand).send("POST", "products", {"product": {**new, "sku": "A2"}})
    assert error.value.facts["says"] == "URL key for specified store already exists."
    assert list(stand.goods.products) == ["a1"]
    for sku in ("B/1", "B2"):
        made = stand.connector.make_product(NewProduct(sku=sku, name="Jongé  kaas", price=1499, rate=900))
        assert (made.sku, made.name) == (sku, "Jongé  kaas")
    keys = [each.attributes["url_key"] for each in stand.goods.products.values()]
    assert keys == ["jonge-kaas", "jonge-kaas-b-1", "jonge-kaas-b2"]


def test_an_attribute_that_the_shop_does_not_have_is_dropped_and_said(stand: MagentoStand) -> None:
    product = stand.product("A1", price=1499)
    stand.goods.attributes.discard("ean")
    with pytest.raises(Permanent) as error:
        stand.connector.change_product(ProductChange(product=product, price=1500, rate=900, ean="8712345678906"))
    assert (error.value.code, error.value.facts) == ("not_taken", {"product": "A1", "what": "ean"})
    assert stand.goods.get(product).price == Decimal(15)
    made = stand.connector.make_product(NewProduct(sku="N1", name="Kaas", price=1499, rate=900, ean="8712345678906"))
    assert (made.sku, made.ean, made.price) == ("N1", "", 1499)


@pytest.mark.parametrize(("what", "change"), [
    ("price", ProductChange(product="A1", price=1500, rate=900)),
    ("vat_class", ProductChange(product="A1", price=1500, rate=2100, vat_class="Taxable Goods")),
])  # fmt: skip
def test_a_write_that_is_answered_well_and_not_done_is_said(what: str, change: ProductChange) -> None:
    with shop(options={"price_includes_tax": False}) as stand:
        stand.product("A1")
        stand.server.page = lambda asked: Reply(200, {"sku": "A1"}) if asked.method == "PUT" else None
        with pytest.raises(Permanent) as error:
            stand.connector.change_product(change)
        assert (error.value.code, error.value.facts) == ("not_taken", {"product": "A1", "what": what})


def test_without_a_class_a_price_is_written_by_the_rate_that_it_was_given() -> None:
    with shop(options={"price_includes_tax": False}) as stand:
        stand.connector.make_product(NewProduct(sku="N1", name="Kaas", price=1499, rate=900))
        assert stand.goods.get("N1").price == Decimal("13.7523")


def test_classes_are_read_anew_and_a_shop_that_has_no_list_of_them_stops_nothing(stand: MagentoStand) -> None:
    assert "Laag tarief" in {each.name for each in stand.connector.check().vat_classes}
    stand.goods.taxes[1].name = "Laag"
    assert {each.name for each in stand.connector.check().vat_classes} >= {"Taxable Goods", "Laag"}
    said = {"message": "Request does not match any route."}
    stand.server.page = lambda asked: Reply(404, said) if "/taxClasses/" in asked.path else None
    assert stand.connector.check().vat_classes == ()


@pytest.mark.parametrize("says", ["De tijdstempel is verlopen.", "L\u2019horodatage est expir\u00e9",
                                  "Ung\u00fcltiger Zeitstempel"])  # fmt: skip
def test_a_clock_that_is_off_is_known_in_other_languages(stand: MagentoStand, says: str) -> None:
    stand.server.page = lambda asked: Reply(401, {"message": says})
    with pytest.raises(Transient) as error:
        stand.connector.check()
    assert error.value.code == "clock_off"
