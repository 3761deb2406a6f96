"""What was measured on a real WooCommerce and catches every connector that does not know it, one test each."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.server import Fault, Reply
from kassa_tui.simulate.webshops.woocommerce import KEY, SECRET
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import (
    Permanent,
    ProductChange,
    RefundWish,
    StockWant,
    Transient,
    Unanswered,
    Unauthorised,
    WebRefundLine,
)
from kassa_tui.sync.webshops.woocommerce import make
from kassa_tui.sync.webshops.woocommerce_products import Tariffs, tariffs_of
from tests.sync.certificates import authority
from tests.sync.webshops.conftest import Make
from tests.sync.webshops.contract import EAN, OTHER_EAN, Waits, products, pulled
from tests.sync.webshops.test_woocommerce import WooStand


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> tuple[SSLContext, Path]:
    """A certificate for this machine, and who vouches for it."""
    ca_file, server = authority(tmp_path_factory.mktemp("ca"), "Proef")
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server)
    return context, ca_file


def query(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.query).items()}


class TestTimes:
    """Four ways of writing a time, and only some mean what they say."""

    @pytest.mark.parametrize(
        ("zone", "written", "gmt", "comes"),
        [
            ("Europe/Amsterdam", "2026-11-22T00:30:00", True, True),
            ("Europe/Amsterdam", "2026-11-22T00:30:00Z", False, True),
            # By the shop's own clock: west of Greenwich it brings too little.
            ("America/New_York", "2026-11-22T00:30:00", False, False),
            # With both it is converted twice and what changed is missed.
            ("Europe/Amsterdam", "2026-11-22T00:30:00Z", True, False),
            ("Europe/Amsterdam", "2026-11-22T00:30:00+00:00", True, False),
        ],
    )
    def test_a_time_with_a_zone_and_the_switch_misses_changes(
        self, shop: Make, zone: str, written: str, gmt: bool, comes: bool
    ) -> None:
        stand = shop(shop={"zone": zone})
        stand.at = datetime(2026, 11, 22, 1, 9, 16, tzinfo=UTC).timestamp()
        stand.buy((stand.product("A1"), 1))
        asked = {"modified_after": written, **({"dates_are_gmt": "true"} if gmt else {})}
        listed = WooListing(stand).get("/orders", asked)
        assert bool(listed) == comes

    @pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Pacific/Auckland"])
    def test_naive_utc_is_asked_and_read_wherever_the_shop_is(self, shop: Make, zone: str) -> None:
        stand = shop(shop={"zone": zone})
        since = stand.now() - 60_000
        order_id = stand.buy((stand.product("A1"), 1))
        found, cursor = pulled(stand, since)
        asked = query(stand.asked()[0])
        assert asked["dates_are_gmt"] == "true"
        assert datetime.fromisoformat(asked["modified_after"]).tzinfo is None
        assert datetime.fromisoformat(asked["modified_after"]).replace(tzinfo=UTC).timestamp() == since / 1000 - 120
        assert found[order_id].placed_at == found[order_id].modified_at == stand.now()
        assert cursor == stand.now()

    @pytest.mark.parametrize("moment", [(2026, 3, 29, 0, 55), (2026, 10, 25, 0, 55)])
    def test_none_is_missed_and_none_comes_for_ever_when_the_clock_is_set(
        self, shop: Make, moment: tuple[int, int, int, int, int]
    ) -> None:
        stand = shop()
        stand.at = datetime(*moment, tzinfo=UTC).timestamp()
        product = stand.product("A1", stock=100)
        made, seen, cursor = [], [], stand.now() - 1000
        for _ in range(12):
            made.append(stand.buy((product, 1)))
            stand.go(600)
            found, cursor = pulled(stand, cursor)
            seen += list(found)
        assert seen == made

    def test_the_cursor_is_of_the_first_page_however_long_the_others_take(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=100)
        made = [stand.buy((product, 1)) for _ in range(6)]
        begun = stand.now()
        stand.between(None, lambda: stand.go(600), lambda: stand.cancel(made[0]), lambda: stand.go(600))
        _, cursor = pulled(stand, page=2)
        assert cursor == begun
        stand.faults()
        assert pulled(stand, cursor)[0][made[0]].stage == "cancelled"

    def test_the_cursor_is_the_shops_clock_and_not_ours(self, shop: Make) -> None:
        stand = shop()
        stand.at = 4_000_000_000.0
        assert pulled(stand)[1] == 4_000_000_000_000


class WooListing:
    """The shop's API as a stranger to our connector would ask it."""

    def __init__(self, stand: WooStand, folder: str = "/wp-json/wc/v3") -> None:
        self.stand, self.folder = stand, folder

    def get(self, path: str, params: dict[str, Any]) -> Any:
        return self.call("GET", path, params)[1]

    def call(self, method: str, path: str, params: dict[str, Any], body: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer, signed as http wants it."""
        from requests_oauthlib import OAuth1

        auth = OAuth1(KEY, client_secret=SECRET, signature_method="HMAC-SHA256")
        answer = requests.request(method, self.stand.server.url + self.folder + path, params=params, json=body,
                                  auth=auth, timeout=5)  # fmt: skip
        return answer.status_code, answer.json()


class TestKeys:
    """How the shop lets one in."""

    def test_over_http_only_a_signature_will_do(self, shop: Make) -> None:
        stand = shop()
        url = f"{stand.server.url}/wp-json/wc/v3/orders"
        basic = requests.get(url, auth=(KEY, SECRET), timeout=5)
        in_query = requests.get(url, params={"consumer_key": KEY, "consumer_secret": SECRET}, timeout=5)
        assert [each.status_code for each in (basic, in_query)] == [401, 401]
        assert basic.json()["code"] == "woocommerce_rest_cannot_view"
        assert pulled(stand)[0] == {}
        assert stand.asked()[-1].headers["authorization"].startswith("OAuth ")
        assert SECRET not in stand.asked()[-1].query + str(stand.asked()[-1].headers)

    def test_over_http_the_signature_can_stand_in_the_address(self, shop: Make) -> None:
        stand = shop(keys_in_url=True)
        assert pulled(stand)[0] == {}
        assert "oauth_signature" in query(stand.asked()[-1])
        assert "authorization" not in stand.asked()[-1].headers

    def test_over_https_the_keys_go_as_basic(self, shop: Make, secure: tuple[SSLContext, Path]) -> None:
        stand = shop(context=secure[0], ca_file=secure[1])
        assert pulled(stand)[0] == {}
        sent = stand.asked()[-1]
        assert base64.b64decode(sent.headers["authorization"].removeprefix("Basic ")).decode() == f"{KEY}:{SECRET}"
        assert KEY not in sent.query

    def test_a_host_that_strips_the_header_wants_them_in_the_address(
        self, shop: Make, secure: tuple[SSLContext, Path]
    ) -> None:
        stand = shop(context=secure[0], ca_file=secure[1])
        stand.shop.keys.strips_header = True
        with pytest.raises(Unauthorised):
            pulled(stand)
        other = make(Access("woocommerce", stand.server.url, {"key": KEY, "secret": SECRET}, secure[1], None,
                            Options(keys_in_url=True)), Waits().patience())  # fmt: skip
        assert "keys_in_url" in [code for code, _ in other.check().remarks]
        assert next(iter(other.pull_orders(0))).orders == ()
        other.close()

    def test_keys_stay_away_from_wordpress_itself(self, shop: Make, secure: tuple[SSLContext, Path]) -> None:
        stand = shop(context=secure[0], ca_file=secure[1])
        refused = requests.get(f"{stand.server.url}/wp-json/", auth=(KEY, SECRET), timeout=5, verify=str(secure[1]))
        assert refused.status_code == 401
        facts = stand.connector.check()
        assert (facts.timezone, facts.name) == ("Europe/Amsterdam", "Kaaswinkel")
        assert facts.remarks == ()

    def test_a_key_that_only_reads_is_told_before_it_is_needed(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        stand.shop.keys.may_write = False
        assert "write_refused" in [code for code, _ in stand.connector.check().remarks]
        count = stand.writes()
        with pytest.raises(Unauthorised) as error:
            stand.connector.push_stock([StockWant(product=product, qty=1000)])
        assert error.value.code == "forbidden_write"
        assert stand.writes() == count + 1
        assert stand.waits == []

    def test_a_wrong_secret_is_no_lack_of_rights(self, shop: Make) -> None:
        stand = shop(secret="cs_other")
        with pytest.raises(Unauthorised) as error:
            stand.connector.check()
        assert error.value.code == "unauthorised"
        assert len(stand.asked()) == 1

    @pytest.mark.parametrize(
        ("credentials", "url", "fields"),
        [
            ({}, "https://shop.nl", ["key", "secret"]),
            ({"key": "ck", "secret": " "}, "https://shop.nl", ["secret"]),
            ({"key": "ck\n1", "secret": "cs"}, "https://shop.nl", ["key"]),
            ({"key": "ck", "secret": "cs"}, "shop.nl", ["url"]),
            ({"key": "ck", "secret": "cs"}, "https://ck:cs@shop.nl", ["url"]),
            ({"key": "ck", "secret": "cs"}, "https://shop.nl/?p=1", ["url"]),
        ],
    )
    def test_credentials_that_cannot_be_are_refused_at_once(
        self, credentials: dict[str, str], url: str, fields: list[str]
    ) -> None:
        with pytest.raises(Permanent) as error:
            make(Access("woocommerce", url, credentials))
        assert (error.value.code, error.value.facts["fields"]) == ("bad_credentials", fields)

    def test_an_access_does_not_show_its_keys(self) -> None:
        access = Access("woocommerce", "https://shop.nl", {"key": KEY, "secret": SECRET}, None, "http://me:pw@proxy:1")
        assert not [word for word in (KEY, SECRET, "me:pw") if word in repr(access)]


class TestCheck:
    """What a person is told to see to."""

    def test_an_old_shop_and_other_money(self, shop: Make) -> None:
        stand = shop(shop={"version": "7.1.0", "currency": "USD"})
        stand.shop.manage_stock = False
        facts = stand.connector.check()
        assert facts.version == "7.1.0"
        codes = [code for code, _ in facts.remarks]
        assert codes == ["no_https", "other_currency", "old_version", "no_ean_field", "stock_off"]

    @pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Asia/Kolkata"])
    def test_where_the_index_is_closed_the_zone_is_unknown_and_the_rest_is_there(self, shop: Make, zone: str) -> None:
        stand = shop(shop={"zone": zone})
        assert stand.connector.check().timezone == zone
        stand.server.faults = lambda asked: Fault("status", 403) if asked.path == "/wp-json/" else None
        facts = stand.connector.check()
        assert facts.timezone == ""
        assert "timezone_unknown" in [code for code, _ in facts.remarks]

    def test_plain_addresses_are_another_page_without_the_switch(self, shop: Make) -> None:
        stand = shop(shop={"plain_permalinks": True})
        with pytest.raises(Transient) as error:
            stand.connector.check()
        assert (error.value.code, error.value.facts["status"]) == ("not_json", 404)


class TestProducts:
    """What the shop sells, and how it is written."""

    def test_a_page_of_more_than_a_hundred_is_never_asked(self, shop: Make) -> None:
        stand = shop()
        status, told = WooListing(stand).call("GET", "/products", {"per_page": 101})
        assert (status, told["code"]) == (400, "rest_invalid_param")
        assert next(iter(stand.connector.pull_products(page=500))).products == ()
        assert next(iter(stand.connector.pull_orders(0, page=500))).orders == ()

    def test_a_price_is_text_and_only_the_price_is_sent(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", price=1499)
        status, _ = WooListing(stand).call("PUT", f"/products/{product}", {}, {"regular_price": 12.5})
        assert status == 400
        stand.connector.change_product(ProductChange(product=product, price=1250))
        assert json.loads(stand.asked()[-1].body) == {"regular_price": "12.50"}

    def test_prices_without_tax_are_written_without_it(self, shop: Make) -> None:
        stand = shop(shop={"prices_include_tax": False})
        product = stand.product("A1", price=1499, rate=900)
        stand.connector.check()
        changed = stand.connector.change_product(ProductChange(product=product, price=1250, rate=900))
        assert changed.price == 1250
        assert stand.shop.books.products[int(product)].regular_price == "11.467890"

    @pytest.mark.parametrize(
        ("rows", "rates"),
        [
            ([("", "21.0000", "standard"), ("", "9.0000", "reduced-rate")], {"": 2100, "reduced-rate": 900}),
            ([("*", "6.0000", "standard"), ("NL", "21.0000", "standard"), ("NL", "9.0", "standard")], {"": 2100}),
            ([("BE", "21.0000", "standard")], {}),
        ],
    )
    def test_a_tariff_of_the_shops_own_country_goes_before_one_of_everywhere(
        self, rows: list[tuple[str, str, str]], rates: dict[str, int]
    ) -> None:
        table = [{"country": country, "state": "", "rate": rate, "class": name} for country, rate, name in rows]
        assert tariffs_of({"woocommerce_default_country": "NL:*"}, table, Options()).rates == rates

    def test_a_shop_without_tax_shows_what_is_paid(self, shop: Make) -> None:
        stand = shop(shop={"prices_include_tax": False})
        stand.shop.calc_taxes = False
        product = stand.shop.product("A1", rate=0, price=1499)
        stand.connector.check()
        assert [each.price for each in stand.connector.products(sku="A1")] == [1499]
        assert stand.connector.change_product(ProductChange(product=str(product.id), price=700)).price == 700
        assert [(each.name, each.rate) for each in stand.connector.check().vat_classes] == [("", 0)]

    def test_whether_a_variation_is_taxed_is_its_parents(self, shop: Make) -> None:
        stand = shop()
        parent = stand.shop.variable("T")
        child = f"{parent.id}:{stand.shop.variation(parent, 'T-R', rate=900).id}"
        stand.connector.check()
        assert stand.connector.change_product(ProductChange(product=child, vat_class="")).rate == 2100
        body = json.loads(next(each.body for each in stand.asked() if each.method == "PUT"))
        assert body == {"tax_class": ""}
        parent.tax_status = "none"
        with pytest.raises(Permanent) as error:
            stand.connector.change_product(ProductChange(product=child, vat_class="", price=1210, rate=2100))
        assert (error.value.code, error.value.facts) == ("not_taken", {"product": child, "what": "vat_class"})
        found = stand.connector.product(child)
        assert found is not None
        assert found.rate == 0

    @pytest.mark.parametrize(("status", "price"), [("taxable", 1210), ("none", 1000), ("shipping", 1000), ("", 1210)])
    def test_only_what_is_taxed_has_vat_on_its_price(self, status: str, price: int) -> None:
        row = {"id": 7, "regular_price": "10.00", "tax_class": "", "tax_status": status}
        assert Tariffs(prices_include_tax=False, rates={"": 2100}).gross(row) == price

    def test_an_ean_that_another_product_has_is_refused(self, shop: Make) -> None:
        stand = shop()
        first, second = stand.product("A1", ean=EAN), stand.product("B2")
        with pytest.raises(Permanent) as error:
            stand.connector.change_product(ProductChange(product=second, ean=EAN))
        facts = error.value.facts
        assert (error.value.code, facts["other"], facts["code"]) == ("duplicate_code", first, EAN)

    def test_before_9_1_eans_are_where_a_plugin_put_them(self, shop: Make) -> None:
        stand = shop(shop={"version": "8.9.0"}, ean_field="_alg_ean")
        product, other = stand.product("A1"), stand.variation("V1")
        stand.shop.books.products[int(product)].meta["_alg_ean"] = EAN
        assert [each.id for each in stand.connector.products(ean=EAN)] == [product]
        changed = stand.connector.change_product(ProductChange(product=other, ean=OTHER_EAN))
        assert (changed.id, changed.ean) == (other, OTHER_EAN)
        assert [each.id for each in stand.connector.products(ean=OTHER_EAN)] == [other]

    def test_two_of_one_ean_are_both_shown(self, shop: Make) -> None:
        stand = shop(ean_field="_ean")
        made = [stand.product(sku) for sku in ("A1", "B2")]
        for product in made:
            stand.shop.books.products[int(product)].meta["_ean"] = EAN
        assert [each.id for each in stand.connector.products(ean=EAN)] == made

    def test_a_sku_with_a_comma_is_one_sku(self, shop: Make) -> None:
        stand = shop()
        stand.product("A"), stand.product("B")
        both = stand.product("A,B")
        assert [each.id for each in stand.connector.products(sku="A,B")] == [both]
        assert stand.connector.products(sku="a") == ()

    def test_a_sale_of_the_web_and_a_write_to_a_variation_bring_the_product_again(self, shop: Make) -> None:
        stand = shop()
        plain, variation = stand.product("A1"), stand.variation("V1")
        stand.product("C3")
        stand.go(3600)
        since = stand.now()
        assert products(stand, since) == {}
        stand.buy((plain, 1))
        stand.connector.push_stock([StockWant(product=variation, qty=1000)])
        assert set(products(stand, since)) == {"A1", "V1-P", "V1"}

    def test_a_variation_bears_the_name_of_its_parent(self, shop: Make) -> None:
        stand = shop()
        parent = stand.shop.variable("T-P", name="Trui")
        stand.shop.variation(parent, "T-R", option="Rood")
        found = products(stand)
        assert [(each.name, each.sellable) for each in found.values()] == [("Trui", False), ("Trui - Rood", True)]
        assert stand.connector.products(sku="T-R")[0].name == "Trui - Rood"


class TestStock:
    """Writes that answer well and do nothing."""

    def test_stock_that_is_not_managed_is_not_written(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=None)
        status, answer = WooListing(stand).call("PUT", f"/products/{product}", {}, {"stock_quantity": 7})
        assert (status, answer["stock_quantity"]) == (200, None)
        (written,) = stand.connector.push_stock([StockWant(product=product, qty=7000)])
        assert (written.code, written.qty) == ("not_managed", None)
        assert stand.connector.stock([product]) == {product: None}

    def test_stock_that_the_parent_keeps_is_written_to_the_parent(self, shop: Make) -> None:
        stand = shop()
        parent = stand.shop.variable("T-P", stock=9)
        child = stand.shop.variation(parent, "T-R", stock=None)
        ids = [f"{parent.id}:{child.id}", str(parent.id)]
        found = products(stand)
        assert (found["T-R"].managed, found["T-P"].managed, found["T-P"].stock) == ("parent", "yes", 9000)
        written = stand.connector.push_stock([StockWant(product=each, qty=4000) for each in ids])
        assert [(each.code, each.qty) for each in written] == [("parent_managed", None), ("", 4000)]
        assert stand.shown(ids[0]) == 4
        stand.buy((ids[0], 1))
        order = next(iter(pulled(stand)[0].values()))
        assert (order.lines[0].product, order.lines[0].taken) == (ids[0], 1000)
        assert stand.connector.stock(ids) == dict.fromkeys(ids, 3000)

    def test_a_batch_answers_200_with_errors_in_it(self, shop: Make) -> None:
        stand = shop()
        made = [stand.product(f"A{no}", stock=1) for no in range(5)]
        stand.remove(made[1])
        stand.shop.books.products[int(made[3])].manage_stock = False
        wants = [StockWant(product=each, qty=5000) for each in [*made, "nonsense", "1:2:3", "-4"]]
        written = stand.connector.push_stock(wants)
        assert [each.code for each in written] == [
            "", "unknown_product", "", "not_managed", "", "unknown_product", "unknown_product", "unknown_product",
        ]  # fmt: skip
        assert stand.writes() == 1

    def test_a_batch_is_small_and_variations_go_by_their_parent(self, shop: Make) -> None:
        stand = shop()
        parent = stand.shop.variable("T-P")
        made = [f"{parent.id}:{stand.shop.variation(parent, f'T{no}').id}" for no in range(45)]
        made += [stand.product(f"A{no}") for no in range(45)]
        written = stand.connector.push_stock([StockWant(product=each, qty=3000) for each in made])
        assert {each.code for each in written} == {""}
        sizes = [(asked.path, len(json.loads(asked.body)["update"])) for asked in stand.asked()]
        below = f"/wp-json/wc/v3/products/{parent.id}/variations/batch"
        assert sizes == [(below, 40), (below, 5), ("/wp-json/wc/v3/products/batch", 40),
                         ("/wp-json/wc/v3/products/batch", 5)]  # fmt: skip

    def test_a_hundred_and_one_are_too_many(self, shop: Make) -> None:
        stand = shop()
        body = {"update": [{"id": no, "stock_quantity": 1} for no in range(101)]}
        assert WooListing(stand).call("POST", "/products/batch", {}, body)[0] == 413

    def test_a_batch_that_is_refused_whole_is_halved(self, shop: Make) -> None:
        stand = shop()
        made = [stand.product(f"A{no}", stock=1) for no in range(8)]
        answered = stand.shop.respond

        def narrow(asked: Asked) -> Any:
            body = json.loads(asked.body) if asked.body else {}
            ids = [str(each["id"]) for each in body.get("update", [])]
            if made[5] in ids:
                return Reply(400, {"code": "rest_invalid_param", "message": "Ongeldig", "data": {"status": 400}})
            return answered(asked)

        stand.shop.respond = narrow  # type: ignore[method-assign]
        written = stand.connector.push_stock([StockWant(product=each, qty=2000) for each in made])
        assert [each.code for each in written] == ["", "", "", "", "", "refused", "", ""]
        assert written[5].detail == "Ongeldig"

    def test_pieces_only_and_down(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1")
        status, _ = WooListing(stand).call("PUT", f"/products/{product}", {}, {"stock_quantity": 2.5})
        assert status == 400
        written = stand.connector.push_stock([StockWant(product=product, qty=2500)])
        assert (written[0].code, written[0].qty) == ("", 2000)
        assert stand.connector.push_stock([StockWant(product=product, qty=-500)])[0].qty == -1000

    def test_what_another_changes_in_between_is_told(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1")
        answered = stand.shop.catalogue.change
        stand.shop.catalogue.change = lambda found, body: answered(found, {**body, "stock_quantity": 99})  # type: ignore[method-assign, assignment]
        (written,) = stand.connector.push_stock([StockWant(product=product, qty=4000)])
        assert (written.code, written.qty) == ("not_taken", 99_000)

    def test_reduced_stock_is_what_the_shop_holds(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        order = stand.buy((product, 3))

        def taken() -> tuple[int, int | None]:
            found = stand.connector.order(order)
            assert found is not None
            return found.lines[0].taken, stand.shown(product)

        assert taken() == (3000, 7)
        stand.cancel(order)
        assert taken() == (0, 10)
        stand.finish(order)
        assert taken() == (3000, 7)
        stand.give_back(order, product, 1, restock=True)
        assert taken() == (2000, 8)
        # By its status alone the shop gives nothing back.
        stand.mark(order, "refunded")
        assert taken() == (2000, 8)

    def test_below_zero_is_what_the_shop_may_show(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=1)
        body = {"status": "processing", "line_items": [{"product_id": int(product), "quantity": 5}]}
        assert WooListing(stand).call("POST", "/orders", {}, body)[0] == 201
        assert stand.connector.stock([product]) == {product: -4000}
        with pytest.raises(ValueError, match="A1"):
            stand.buy((product, 1))


class TestPages:
    """Pages while the shop lives on."""

    @pytest.mark.parametrize("gone", [0, 1, 2, 3, 5])
    @pytest.mark.parametrize("comes", [0, 1, 2])
    def test_an_order_that_vanishes_while_we_page_hides_no_other(self, shop: Make, gone: int, comes: int) -> None:
        stand = shop()
        product = stand.product("A1", stock=100)
        made = [stand.buy((product, 1)) for _ in range(9)]

        def vanish() -> None:
            """With new ones behind it, so that the shop's total tells nothing."""
            stand.shop.delete_order(int(made[gone]))
            made.extend(stand.buy((product, 1)) for _ in range(comes))

        stand.between(None, vanish, None, lambda: stand.shop.set_status(int(made[4]), "trash"))
        assert set(made) - set(pulled(stand, page=3)[0]) <= {made[gone], made[4]}

    def test_everything_vanishes_and_it_ends(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=100)
        for _ in range(6):
            stand.buy((product, 1))
        stand.between(None, stand.shop.books.orders.clear)
        assert len(pulled(stand, page=3)[0]) == 3

    def test_a_shop_that_knows_no_offset_is_no_endless_loop(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=100)
        for _ in range(6):
            stand.buy((product, 1))
        listing = stand.shop.orders.listing
        stand.shop.orders.listing = lambda asked: listing({**asked, "offset": "0"})  # type: ignore[method-assign, assignment]
        with pytest.raises(Permanent) as error:
            pulled(stand, page=3)
        assert error.value.facts["what"] == "offset"

    def test_at_night_what_did_not_say_that_it_changed_is_read_again(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        old = stand.buy((product, 1))
        stand.go(31 * 86_400)
        order = stand.buy((product, 1))
        stand.go(86_400)
        quiet = stand.shop.books.orders[int(order)]
        changed_at = quiet.modified
        stand.give_back(order, product, 1, restock=False)
        quiet.modified = changed_at
        assert pulled(stand, stand.now() - 3_600_000)[0] == {}
        again = pulled(stand, stand.now() - 30 * 86_400_000)[0]
        assert set(again) == {order}
        assert again[order].refunds[0].amount == 1499
        assert old != order

    def test_a_customer_at_the_checkout_is_no_order_yet(self, shop: Make) -> None:
        stand = shop()
        order = stand.buy((stand.product("A1"), 1))
        stand.mark(order, "checkout-draft")
        assert pulled(stand)[0] == {}


class TestOneMoreTime:
    """What may be said again, and what not."""

    def test_php_that_died_is_asked_once_more(self, shop: Make) -> None:
        stand = shop()
        order = stand.buy((stand.product("A1"), 1))
        stand.faults(Fault("status", 500))
        assert set(pulled(stand)[0]) == {order}
        stand.faults(*[Fault("status", 500)] * 9)
        count = len(stand.asked())
        with pytest.raises(Transient):
            pulled(stand)
        assert len(stand.asked()) == count + 2

    def test_a_byte_order_mark_before_the_answer_is_no_part_of_it(self, shop: Make) -> None:
        stand = shop()
        order = stand.buy((stand.product("A1"), 1))
        answered = stand.shop.respond

        def marked(asked: Asked) -> Reply:
            reply = answered(asked)
            return Reply(reply.status, b"\xef\xbb\xbf" + json.dumps(reply.body).encode(), reply.headers)

        stand.shop.respond = marked  # type: ignore[method-assign]
        assert set(pulled(stand)[0]) == {order}

    def test_a_sale_answered_by_a_page_is_looked_for(self, shop: Make) -> None:
        stand = shop()
        order = stand.buy((stand.product("A1", stock=5), 2))
        stand.finish(order)
        found = stand.connector.order(order)
        assert found is not None
        wish = RefundWish(key="K1-000001", amount=500, lines=(WebRefundLine(line=found.lines[0].id, amount=500),))
        for fault in (Fault("html"), Fault("status", 500), Fault("status", 502)):
            stand.on_write(fault)
            with pytest.raises(Unanswered):
                stand.connector.refund(order, wish)
            assert stand.refunds(order) == 0
        assert stand.connector.refund(order, wish).amount == 500
        assert stand.refunds(order) == 1
