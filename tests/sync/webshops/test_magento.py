"""Magento's traps, one by one: paging, messages, stock by source, products that are overwritten, lines of two items."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
import pytest

from kassa_tui.simulate.webshops.magento import NOT_YOURS
from kassa_tui.simulate.webshops.magento_goods import Source
from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.base import Permanent, ProductChange, StockWant, Transient, Unanswered, Unauthorised
from kassa_tui.sync.webshops.magento import Magento
from kassa_tui.sync.webshops.magento_products import Tariffs
from kassa_tui.sync.webshops.magento_stock import spread
from kassa_tui.sync.webshops.magento_web import Rest, portions, says, sku_filters
from kassa_tui.sync.webshops.web import Answer, Web
from tests.sync.webshops.test_magento_contract import MagentoStand

SKUS = ("Kaas/jong", "Kaas, belegen", "Kaas 48+ 100%", "Graskaas é", "K&K=1?#2")


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


def connector(stand: MagentoStand) -> Magento:
    """With what it has besides the contract."""
    assert isinstance(stand.connector, Magento)
    return stand.connector


def rest(stand: MagentoStand) -> Rest:
    """A road of its own."""
    return Rest(stand.access, stand.waits.patience())


def sku(row: Any) -> str:
    """What tells products apart."""
    return str(row["sku"])


def bodies(stand: MagentoStand, method: str) -> list[tuple[str, Any]]:
    """Address and body of what was written."""
    return [(each.path, msgspec.json.decode(each.body)) for each in stand.asked() if each.method == method]


def test_a_blank_in_a_question_is_no_plus(stand: MagentoStand) -> None:
    """Magento decodes what was signed without making blanks of pluses: a time or a SKU would be 401."""
    order_id = stand.buy((stand.product("Kaas jong"), 1))
    pages = list(stand.connector.pull_orders(stand.shop.now()))
    assert [order.id for page in pages for order in page.orders] == [order_id]
    assert stand.connector.stock(["Kaas jong"]) == {"Kaas jong": 10_000}
    assert len(list(stand.connector.pull_products(stand.shop.now()))) == 1
    asked = [each.query for each in stand.asked()]
    assert any("%20" in query for query in asked)
    assert not any("+" in query for query in asked)


@pytest.mark.parametrize("version", ["2.3.4", "2.4.7"])
@pytest.mark.parametrize("count", [0, 3, 4, 5])
def test_pages_end_with_the_total(version: str, count: int) -> None:
    with shop(version=version) as stand:
        for no in range(count):
            stand.product(f"A{no}")
        pages = list(rest(stand).pages("products", size=2, name=sku))
        assert [row["sku"] for page in pages for row in page.rows] == [f"A{no}" for no in range(count)]
        assert len(pages) == max(1, -(-count // 2))
        assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]


@pytest.mark.parametrize(("version", "past"), [("2.3.4", ["A2"]), ("2.4.7", [])])
def test_a_page_past_the_end_is_empty_or_the_last_again_and_ends_it(
    version: str, past: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop(version=version) as stand:
        for no in range(3):
            stand.product(f"A{no}")
        road = rest(stand)
        assert [row["sku"] for row in road.search("products", size=2, page=9).rows] == past

        call = road.web.call

        def lying(*given: Any, **more: Any) -> Answer:
            answer = call(*given, **more)
            return replace(answer, body=answer.body.replace(b'"total_count":3', b'"total_count":1000'))

        monkeypatch.setattr(Web, "call", lambda _, *given, **more: lying(*given, **more))
        found = [sku(row) for page in road.pages("products", size=2, name=sku) for row in page.rows]
        assert found == ["A0", "A1", "A2"]


def test_every_search_is_sorted_as_pages_overlap_otherwise(stand: MagentoStand) -> None:
    product = stand.product("A1")
    stand.buy((product, 1))
    stand.connector.check()
    list(stand.connector.pull_orders(0))
    list(stand.connector.pull_products(0))
    stand.connector.push_stock([StockWant(product=product, qty=4000)])
    searches = [dict(parse_qsl(each.query)) for each in stand.asked() if "searchCriteria" in unquote(each.query)]
    assert len(searches) > 8
    assert all(each["searchCriteria[sortOrders][0][field]"] for each in searches)


def test_a_product_deleted_between_two_pages_hides_no_other(stand: MagentoStand) -> None:
    for no in range(6):
        stand.product(f"A{no}")
    stand.connector.check()
    seen: list[str] = []
    for page in stand.connector.pull_products(0, page=2):
        if not seen:
            stand.remove("A0")
        seen += [each.sku for each in page.products]
    assert seen == [f"A{no}" for no in range(6)]


def test_changed_since_is_asked_in_utc_with_overlap(stand: MagentoStand) -> None:
    list(stand.connector.pull_orders(1_795_309_756_000))
    asked = dict(parse_qsl(stand.asked()[-1].query))
    start = "searchCriteria[filter_groups][0][filters][0]"
    assert (asked[f"{start}[field]"], asked[f"{start}[condition_type]"]) == ("updated_at", "gt")
    assert asked[f"{start}[value]"] == "2026-11-22 01:07:16"


@pytest.mark.parametrize(("error", "words"), [
    ({"message": "No %name of %resources.", "parameters": {"name": "Ann", "resources": ["A::b", "A::c"]}},
     "No Ann of A::b, A::c."),
    ({"message": "Only %1 of %2, not %3", "parameters": ["7", 9]}, "Only 7 of 9, not %3"),
    ({"message": "Validation Failed", "errors": [{"message": "Bad %sku", "parameters": {"sku": "K\n1"}}, 3]},
     "Validation Failed Bad K 1"),
    ({"message": "100% wrong", "parameters": None}, "100% wrong"),
    ({"parameters": {"a": 1}}, ""),
    ([1], "[1]"),
])  # fmt: skip
def test_the_gaps_of_a_message_are_filled(error: Any, words: str) -> None:
    assert says(msgspec.json.encode(error)) == words


def test_a_right_that_is_missing_is_named(stand: MagentoStand) -> None:
    stand.shop.denied.add("Magento_Sales::actions_view")
    with pytest.raises(Unauthorised) as error:
        stand.connector.order("1")
    assert error.value.code == "unauthorised"
    assert error.value.facts["says"] == NOT_YOURS.replace("%resources", "Magento_Sales::actions_view")


def test_keys_that_read_and_may_not_write_are_told_apart(stand: MagentoStand) -> None:
    stand.shop.denied.add("Magento_Sales::cancel")
    order_id = stand.buy((stand.product("A1"), 1), paid=False)
    with pytest.raises(Unauthorised) as error:
        stand.connector.acknowledge(order_id, "cancelled")
    assert error.value.code == "forbidden_write"
    assert stand.waits == []


def test_a_fault_of_the_shop_is_asked_once_more_and_no_oftener(stand: MagentoStand) -> None:
    stand.faults(Fault("status", 500))
    assert next(iter(stand.connector.pull_orders(0))).orders == ()
    stand.faults(*[Fault("status", 500)] * 9)
    count = len(stand.asked())
    with pytest.raises(Transient):
        list(stand.connector.pull_orders(0))
    assert len(stand.asked()) == count + 2


def test_a_page_in_answer_to_a_write_leaves_it_open(stand: MagentoStand) -> None:
    order_id = stand.buy((stand.product("A1"), 1), paid=False)
    stand.on_write(Fault("html"))
    with pytest.raises(Unanswered):
        stand.connector.acknowledge(order_id, "cancelled")
    assert stand.connector.acknowledge(order_id, "cancelled").stage == "cancelled"


def test_a_signature_is_used_once_and_holds_for_any_sku(stand: MagentoStand) -> None:
    for sku in SKUS:
        stand.product(sku, stock=3)
    assert stand.connector.stock(SKUS) == dict.fromkeys(SKUS, 3000)
    replayed = stand.asked()[-1]
    assert stand.shop.respond(replayed).status == 401


def test_skus_of_all_sorts_are_read_written_and_changed(stand: MagentoStand) -> None:
    for sku in SKUS:
        stand.product(sku, stock=3)
    written = stand.connector.push_stock([StockWant(product=sku, qty=1500) for sku in SKUS])
    assert [(each.product, each.qty, each.code) for each in written] == [(sku, 1500, "") for sku in SKUS]
    for sku in SKUS:
        assert stand.connector.change_product(ProductChange(product=sku, name="Anders")).name == "Anders"
        assert [each.id for each in stand.connector.products(sku=sku)] == [sku]
        assert connector(stand).salable(sku) == 1500
    assert any(each.path.endswith("/V1/products/Kaas%2Fjong") for each in stand.asked() if each.method == "PUT")


def test_a_sku_that_an_address_cannot_hold_stops_nothing() -> None:
    with shop() as stand:
        stand.shop.decodes_addresses = True
        for sku in SKUS:
            stand.product(sku, stock=3)
            assert stand.connector.change_product(ProductChange(product=sku, price=1234)).price == 1234
        written = stand.connector.push_stock([StockWant(product=sku, qty=0) for sku in SKUS])
        assert [(each.qty, each.code) for each in written] == [(0, "")] * len(SKUS)
        assert connector(stand).salable("Kaas/jong") is None
    with shop(msi=False) as stand:
        stand.shop.decodes_addresses = True
        made = [stand.product(sku, stock=3) for sku in ("A/1", "B2")]
        written = stand.connector.push_stock([StockWant(product=sku, qty=1000) for sku in made])
        assert [(each.qty, each.code, each.detail) for each in written] == [(None, "refused", "A/1"), (1000, "", "")]
        assert stand.connector.stock(made) == {"A/1": None, "B2": 1000}


def test_skus_are_asked_for_in_lots_that_fit_an_address() -> None:
    skus = [f"{no:03}-{'x' * 60}" for no in range(130)]
    lots = list(portions([*skus, "a,b"]))
    assert [sku for lot in lots for sku in lot] == [*skus, "a,b"]
    assert max(sum(len(sku) + 3 for sku in lot) for lot in lots) <= 2600
    assert sku_filters(["a", "b,c", "d"]) == [("sku", "in", "a,d"), ("sku", "eq", "b,c")]


def test_a_sku_is_found_whatever_its_case(stand: MagentoStand) -> None:
    stand.product("Kaas", stock=3)
    assert stand.connector.stock(["KAAS"]) == {"KAAS": 3000}
    (written,) = stand.connector.push_stock([StockWant(product="kAAS", qty=5000)])
    assert (written.product, written.qty, written.code) == ("kAAS", 5000, "")
    assert stand.shown("Kaas") == 5


def test_an_unknown_sku_would_be_written_well_and_is_not(stand: MagentoStand) -> None:
    body = {"sourceItems": [{"sku": "SPOOK", "source_code": "default", "quantity": 4, "status": 1}]}
    assert rest(stand).send("POST", "inventory/source-items", body) == []
    assert ("spook", "default") in stand.goods.items
    del stand.goods.items["spook", "default"]
    (written,) = stand.connector.push_stock([StockWant(product="SPOOK", qty=1000)])
    assert written.code == "unknown_product"
    assert ("spook", "default") not in stand.goods.items


def test_reserved_goods_taken_off_twice_cannot_be_shipped(stand: MagentoStand) -> None:
    product = stand.product("A1", stock=3)
    order_id = stand.buy((product, 3))
    assert stand.connector.check().reserves
    assert connector(stand).salable(product) == 0
    assert stand.connector.stock([product]) == {product: 3000}
    stand.connector.push_stock([StockWant(product=product, qty=0)])
    with pytest.raises(Permanent) as error:
        stand.connector.acknowledge(order_id, "done")
    assert "Could not save a shipment" in error.value.facts["says"]
    # On hand, the order that is not yet shipped included, is right.
    stand.connector.push_stock([StockWant(product=product, qty=3000)])
    assert stand.connector.acknowledge(order_id, "done").stage == "done"
    assert stand.shown(product) == stand.goods.reserved[product.casefold()] == 0


def test_one_that_the_shop_refuses_spoils_nothing_for_the_others(stand: MagentoStand) -> None:
    made = [stand.product(sku, stock=1) for sku in ("A1", "B2", "C3")]
    stand.shop.refused_skus.add("B2")
    written = stand.connector.push_stock([StockWant(product=each, qty=7000) for each in made])
    assert [(each.code, each.qty) for each in written] == [("", 7000), ("refused", None), ("", 7000)]
    assert "B2" in written[1].detail


def test_stock_of_a_parent_is_that_of_its_children(stand: MagentoStand) -> None:
    stand.variation("V1", stock=4)
    (written,) = stand.connector.push_stock([StockWant(product="V1-all", qty=1000)])
    assert (written.code, written.detail) == ("not_managed", "configurable")
    found = {each.sku: each for page in stand.connector.pull_products() for each in page.products}
    assert [(found[sku].sellable, found[sku].managed, found[sku].stock) for sku in ("V1-all", "V1")] == [
        (False, "no", None), (True, "yes", 4000),
    ]  # fmt: skip


def test_stock_below_zero_is_written_as_none(stand: MagentoStand) -> None:
    product = stand.product("A1", stock=3)
    (written,) = stand.connector.push_stock([StockWant(product=product, qty=-2000)])
    assert (written.qty, written.code, stand.shown(product)) == (0, "", 0)


@pytest.mark.parametrize(("want", "others", "found"), [
    (10, [], [10]), (10, [3], [7, 3]), (2, [3], [0, 2]), (0, [3, 4], [0, 0, 0]), (4, [3, 4], [0, 3, 1]),
    (0, [5, -3], [0, 3, -3]), (5, [-3], [8, -3]),
])  # fmt: skip
def test_several_sources_add_up_to_what_is_wanted(want: int, others: list[int], found: list[int]) -> None:
    assert spread(want, others) == found
    assert sum(found) == want


def test_several_sources_are_ours_and_others_are_let_alone() -> None:
    with shop(options={"sources": ("default", "winkel")}) as stand:
        stand.goods.sources["magazijn"] = Source("magazijn", "Magazijn")
        product = stand.product("A1", stock=10)
        stand.goods.put(product, "winkel", Decimal(4))
        stand.goods.put(product, "magazijn", Decimal(50))
        assert stand.connector.stock([product]) == {product: 14_000}
        for want, there in ((9000, (5, 4)), (3000, (0, 3)), (8000, (5, 3))):
            (written,) = stand.connector.push_stock([StockWant(product=product, qty=want)])
            assert (written.qty, written.code) == (want, "")
            held = tuple(int(stand.goods.items["a1", code].quantity) for code in ("default", "winkel"))
            assert held == there
        assert stand.goods.items["a1", "magazijn"].quantity == 50
        assert connector(stand).salable(product) == 58_000


def test_in_stock_or_out_follows_the_number_but_not_against_a_person(stand: MagentoStand) -> None:
    product = stand.product("A1", stock=3)
    item = stand.goods.items["a1", "default"]

    def after(qty: int) -> int:
        stand.connector.push_stock([StockWant(product=product, qty=qty)])
        return stand.goods.items["a1", "default"].status

    assert [after(2000), after(0), after(0), after(5000)] == [1, 0, 0, 1]
    stand.goods.get(product).backorders = 1
    assert [after(0), after(0), after(4000)] == [1, 1, 1]
    stand.goods.put(product, "default", Decimal(4), 0)
    assert [after(3000), after(9000)] == [0, 0]
    assert item.sku == product


def test_without_the_right_to_see_backorders_nothing_stops(stand: MagentoStand) -> None:
    product = stand.product("A1", stock=3)
    stand.shop.denied.add("Magento_CatalogInventory::cataloginventory")
    (written,) = stand.connector.push_stock([StockWant(product=product, qty=0)])
    assert (written.qty, written.code, stand.goods.items["a1", "default"].status) == (0, "", 0)


@pytest.mark.parametrize(("msi", "options", "reserves"), [
    (True, {}, True), (False, {}, False), (True, {"legacy_stock": True}, False),
])  # fmt: skip
@pytest.mark.parametrize("closed", [False, True])
def test_whether_the_shop_reserves_is_seen_by_its_modules_or_its_routes(
    msi: bool, options: dict[str, Any], reserves: bool, closed: bool
) -> None:
    with shop(msi=msi, options=options) as stand:
        if closed:
            stand.shop.denied.add("Magento_Backend::modules")
        product = stand.product("A1", stock=3)
        assert stand.connector.check().reserves is reserves
        (written,) = stand.connector.push_stock([StockWant(product=product, qty=2500)])
        assert (written.qty, written.code) == (2500, "")
        assert stand.goods.physical(product) == Decimal("2.5")


def test_the_number_of_old_is_not_written_where_nobody_keeps_it() -> None:
    with shop(msi=False) as stand:
        product = stand.product("A1", stock=None)
        (written,) = stand.connector.push_stock([StockWant(product=product, qty=2000)])
        assert written.code == "not_managed"
        assert stand.connector.stock([product]) == {product: None}
        assert stand.writes() == 0


def test_only_what_is_other_than_it_was_is_sent_for_all_views(stand: MagentoStand) -> None:
    product = stand.product("A/1", name="Kaas", price=1499)
    stand.connector.change_product(ProductChange(product=product, name="Kaas", price=1500, rate=900))
    assert bodies(stand, "PUT") == [("/rest/all/V1/products/A%2F1", {"product": {"price": 15.0}})]
    stand.connector.change_product(ProductChange(product=product, name="Kaas", price=1500, rate=900))
    assert len(bodies(stand, "PUT")) == 1
    assert stand.goods.get(product).views == {}


def test_a_product_that_is_not_there_is_not_made_by_changing_it(stand: MagentoStand) -> None:
    new = {"sku": "NEW", "name": "Nieuw", "price": 1, "attribute_set_id": 4}
    assert rest(stand).send("POST", "products", {"product": new})["sku"] == "NEW"
    assert rest(stand).send("POST", "products", {"product": {"sku": "NEW", "name": "Anders"}})["name"] == "Anders"
    with pytest.raises(Permanent) as error:
        stand.connector.change_product(ProductChange(product="NEWER", name="Nieuw"))
    assert error.value.code == "unknown_product"
    assert list(stand.goods.products) == ["new"]


def test_a_store_view_is_read_where_the_owner_names_one() -> None:
    with shop(options={"store": "default"}) as stand:
        product = stand.product("A1", name="Kaas")
        stand.goods.get(product).views["default"] = {"name": "Fromage", "price": "9.95"}
        (found,) = stand.connector.products(sku="A1")
        assert (found.name, found.price) == ("Fromage", 995)


@pytest.mark.parametrize(("country", "net"), [("NL", "13.7523"), ("BE", "14.1415")])
def test_prices_without_vat_are_reckoned_by_the_rules_of_the_shop(country: str, net: str) -> None:
    with shop(options={"price_includes_tax": False, "country": country}) as stand:
        product = stand.product("A1", price=1000, rate=900)
        (before,) = stand.connector.products(sku="A1")
        assert before.price == (1090 if country == "NL" else 1060)
        assert stand.connector.change_product(ProductChange(product=product, price=1499, rate=900)).price == 1499
        assert stand.goods.get(product).price == Decimal(net)


def test_tariffs_by_the_owner_and_without_the_right_to_see_any() -> None:
    with shop(options={"price_includes_tax": False, "vat_rates": {"4": 600}}) as stand:
        stand.shop.denied.add("Magento_Tax::manage_tax")
        stand.product("A1", price=1000, rate=900)
        stand.product("B2", price=1000, rate=2100)
        found = {each.sku: each for page in stand.connector.pull_products() for each in page.products}
        assert [(found[sku].price, found[sku].vat_class) for sku in ("A1", "B2")] == [(1060, "4"), (None, "2")]


def test_a_tariff_is_changed_by_its_name(stand: MagentoStand) -> None:
    product = stand.product("A1", rate=900)
    assert stand.connector.change_product(ProductChange(product=product, vat_class="Taxable Goods")).vat_class == (
        "Taxable Goods"
    )
    assert stand.goods.get(product).tax == 2
    with pytest.raises(Permanent) as error:
        stand.connector.change_product(ProductChange(product=product, vat_class="Luxe"))
    assert error.value.code == "refused"
    assert Tariffs(rest(stand), stand.access.options).rate("0") == 0


@pytest.mark.parametrize(("field", "found"), [("", ("A1",)), ("ean", ("A1",)), ("color", ()), ("gtin", ())])
def test_eans_stand_where_the_owner_says(field: str, found: tuple[str, ...]) -> None:
    with shop(options={"ean_field": field}) as stand:
        stand.product("A1", ean="8712345678906")
        assert tuple(each.id for each in stand.connector.products(ean="8712345678906")) == found


def test_two_with_one_ean_are_both_found(stand: MagentoStand) -> None:
    for sku in ("A1", "B2"):
        stand.product(sku, ean="8712345678906")
    assert [each.id for each in stand.connector.products(ean="8712345678906")] == ["A1", "B2"]


RIGHTS: dict[str, str] = {
    "Magento_Sales::invoice": "invoice", "Magento_Sales::ship": "ship", "Magento_Sales::creditmemo": "creditmemo",
    "Magento_Sales::cancel": "cancel", "Magento_Sales::comment": "comment",
    "Magento_InventoryInStorePickupApi::notify": "pickup", "Magento_InventoryApi::stock_source_item_assign": "stock",
}  # fmt: skip


@pytest.mark.parametrize(("options", "odd", "remark"), [
    *[({}, right, ("write_refused", {"what": what})) for right, what in RIGHTS.items()],
    ({}, "Magento_Backend::store", ("read_refused", {"what": "store"})),
    ({}, "USD", ("other_currency", {"currency": "USD"})),
    ({"sources": ("kelder",)}, "", ("unknown_source", {"source": "kelder"})),
    ({"store": "frans"}, "", ("unknown_store", {"store": "frans"})),
    ({}, "", ("several_sources", {"sources": "winkel"})),
    ({}, "", ("no_https", {})),
    ({}, "2.2", ("old_version", {"version": "2.4 (Community)"})),
])  # fmt: skip
def test_what_a_person_should_see_to_is_remarked_and_nothing_changes(
    options: dict[str, Any], odd: str, remark: tuple[str, dict[str, Any]]
) -> None:
    with shop(options=options, msi=odd != "2.2") as stand:
        stand.buy((stand.product("A1"), 1))
        stand.shop.denied.add(odd)
        stand.shop.currency = "USD" if odd == "USD" else "EUR"
        before = stand.state()
        assert remark in stand.connector.check().remarks
        assert stand.state() == before
