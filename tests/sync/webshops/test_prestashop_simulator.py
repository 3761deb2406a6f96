"""The simulated PrestaShop behaves as real ones did, where it would be easier to behave well."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from kassa_tui.simulate.webshops.prestashop import KEY, PrestaShopSite, start
from kassa_tui.simulate.webshops.prestashop_books import CartUsed
from kassa_tui.simulate.webshops.simulated import Simulated
from tests.sync.webshops.prestashop_stand import NOON


class Till:
    """Raw requests."""

    def __init__(self, simulated: Simulated[PrestaShopSite]) -> None:
        self.simulated, self.shop = simulated, simulated.shop
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (KEY, "")

    def ask(self, method: str, path: str, body: str = "", **params: str) -> requests.Response:
        """One request; ``__`` in a parameter's name stands for brackets."""
        asked = {name.replace("__", "[", 1) + "]" if "__" in name else name: text for name, text in params.items()}
        return self.session.request(
            method,
            f"{self.simulated.url}/api{path}",
            params=asked,
            data=body.encode(),
            allow_redirects=False,
            timeout=9,
        )

    def rows(self, path: str, **params: str) -> Any:
        """JSON."""
        return self.ask("GET", path, output_format="JSON", **params).json()


@pytest.fixture
def till() -> Iterator[Till]:
    simulated = start(clock=lambda: NOON)
    made = Till(simulated)
    yield made
    made.session.close()
    simulated.close()


def code(answer: requests.Response) -> tuple[int, int]:
    """Status, and the webservice's own code."""
    found = ElementTree.fromstring(answer.content).find("errors/error/code")
    return answer.status_code, int(found.text or 0) if found is not None else -1


def test_who_may_come_in(till: Till) -> None:
    till.session.auth = None
    assert (till.ask("GET", "/orders").status_code, till.ask("GET", "/orders").text) == (401, "401 Unauthorized")
    assert till.ask("GET", "/orders", ws_key=KEY).status_code == 200
    assert code(till.ask("GET", "/orders", ws_key="X" * 32)) == (401, 21)
    assert code(till.ask("GET", "/orders", ws_key="kort")) == (401, 18)
    till.session.auth = (KEY, "")
    till.shop.books.rights["orders"].discard("PUT")
    assert code(till.ask("PUT", "/orders/1", "<a/>")) == (405, 25)
    del till.shop.books.rights["carts"]
    assert code(till.ask("GET", "/carts")) == (401, 26)
    assert code(till.ask("GET", "/krabben")) == (400, 27)
    assert code(till.ask("POST", "/stock_availables", "<a/>")) == (405, 101)


def test_only_its_own_name_is_answered(till: Till) -> None:
    till.shop.webservice.domain = "www.voorbeeld.nl"
    answer = till.ask("POST", "/orders", "<a/>")
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "http://www.voorbeeld.nl/")


def test_lists_are_unsorted_cut_and_empty_in_its_own_way(till: Till) -> None:
    made = [till.shop.product(f"A{no}") for no in range(4)]
    assert [row["id"] for row in till.rows("/products", display="[id]")["products"]] == [4, 3, 2, 1]
    assert [row["id"] for row in till.rows("/products", display="[id]", sort="[id_ASC]", limit="1,2")["products"]] == [
        2,
        3,
    ]
    assert till.rows("/products", limit="99,10") == []
    assert till.rows("/products", filter__reference="[A1|A3]", sort="[id_ASC]") == {"products": [{"id": 2}, {"id": 4}]}
    assert till.rows("/products", filter__reference="%[a]%", limit="2") == {"products": [{"id": 4}, {"id": 3}]}
    assert till.rows("/products", filter__id=">[3]") == {"products": [{"id": 4}]}
    assert till.rows("/products", filter__id="![3]", limit="1") == {"products": [{"id": 4}]}
    assert made == ["1", "2", "3", "4"]


def test_questions_it_does_not_understand(till: Till) -> None:
    till.shop.product("A1")
    assert code(till.ask("GET", "/products", filter__colour="[red]")) == (500, 32)
    assert code(till.ask("GET", "/products", filter__quantity="[1]")) == (400, 34)
    assert code(till.ask("GET", "/products", filter__date_upd="[2026-01-01,2100-01-01]")) == (500, 32)
    assert code(till.ask("GET", "/products", display="[colour]")) == (400, 35)
    assert code(till.ask("GET", "/products", display="id")) == (400, 36)
    assert code(till.ask("GET", "/products", sort="id")) == (400, 38)
    assert till.ask("GET", "/products/77").status_code == 404
    assert till.ask("GET", "/products/77").content == b""


def test_the_same_second_is_in_an_interval_and_not_behind_it(till: Till) -> None:
    till.shop.product("A1")
    now = "2026-11-22 12:00:00"
    assert till.rows("/products", filter__date_upd=f">[{now}]", date="1") == []
    assert till.rows("/products", filter__date_upd=f"[{now},2100-01-01 00:00:00]", date="1") == {
        "products": [{"id": 1}]
    }


def test_json_mixes_numbers_and_text_and_forgets(till: Till) -> None:
    parent = till.shop.product("P", price=1000, rate=2100)
    till.shop.combination(parent, "L", ean="8712345678906", impact="1.000000")
    (row,) = till.rows("/products/1", display="full")["products"]
    assert (row["id"], row["quantity"], row["price"]) == (1, "0", "8.264463")
    assert row["name"] == [{"id": "1", "value": "P"}, {"id": "2", "value": "P (fr)"}]
    assert row["associations"]["combinations"] == [{"id": 1}]
    stock = till.rows("/stock_availables", display="full", sort="[id_ASC]")["stock_availables"]
    assert [type(stock[0][name]) for name in ("id_product", "quantity", "out_of_stock")] == [int, int, int]
    assert [type(stock[0][name]) for name in ("id_shop", "id_shop_group")] == [str, str]
    assert "ean13" not in till.rows("/combinations/1")["combination"]
    assert "errors" in till.rows("/combinations", display="[id,ean13,incl]")
    listed = till.rows("/combinations", display="[id,ean13,incl]", **{"price[incl][use_tax]": "1"})
    assert listed == {"combinations": [{"id": 1, "ean13": "8712345678906", "incl": "11.210000"}]}


def test_json_is_not_understood(till: Till) -> None:
    assert code(till.ask("POST", "/products", '{"product":{}}')) == (500, 127)


def wrap(node: str, **fields: str) -> str:
    """A body."""
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return f"<prestashop><{node}>{inner}</{node}></prestashop>"


def test_put_is_the_whole_and_patch_a_part(till: Till) -> None:
    till.shop.product("A1", ean="8712345678906")
    assert till.ask("PATCH", "/products/1", wrap("product", id="1", price="2.000000")).status_code == 200
    row = till.shop.books.tables["products"][1]
    assert (row["price"], row["ean13"], row["active"]) == ("2.000000", "8712345678906", 1)
    body = wrap("product", id="1", price="3.000000", name='<language id="1">Kaas</language>')
    assert till.ask("PUT", "/products/1", body).status_code == 200
    row = till.shop.books.tables["products"][1]
    assert (row["price"], row["ean13"], row["active"], row["link_rewrite"]) == ("3.000000", None, 0, {})


def test_what_it_gives_it_does_not_take_back(till: Till) -> None:
    till.shop.product("A1")
    thing = ElementTree.fromstring(till.ask("GET", "/products/1").content)
    for name, expected in (
        ("position_in_category", (500, 3)),
        ("manufacturer_name", (400, 93)),
        ("quantity", (400, 93)),
    ):
        body = ElementTree.tostring(thing).decode()
        before = till.shop.books.snapshot()
        assert code(till.ask("PUT", "/products/1", body)) == expected
        assert till.shop.books.snapshot() == before
        thing[0].remove(next(each for each in thing[0] if each.tag == name))
    assert till.ask("PUT", "/products/1", ElementTree.tostring(thing).decode()).status_code == 200


def test_a_row_of_stock_without_its_shop_shows_nothing(till: Till) -> None:
    product = till.shop.product("A1", stock=10)
    assert code(till.ask("PUT", "/stock_availables/1", wrap("stock_available", id="1", quantity="5"))) == (400, 41)
    fields = {"id_product": "1", "id_product_attribute": "0", "depends_on_stock": "0", "out_of_stock": "2"}
    body = wrap("stock_available", id="1", quantity="5", **fields)
    assert till.ask("PUT", "/stock_availables/1", body).status_code == 200
    assert (till.shop.stock(product), till.shop.books.quantity(1)) == (None, 0)
    body = wrap("stock_available", id="1", quantity="6", id_shop="1", **fields)
    assert till.ask("PUT", "/stock_availables/1", body).status_code == 200
    assert till.shop.stock(product) == 6


def test_stock_is_one_row_and_whole_pieces(till: Till) -> None:
    till.shop.product("A1")
    till.shop.product("A2")
    two = "".join(f"<stock_available><id>{no}</id><quantity>1</quantity></stock_available>" for no in (1, 2))
    assert till.ask("PATCH", "/stock_availables", f"<prestashop>{two}</prestashop>").status_code == 400
    assert code(till.ask("PATCH", "/stock_availables/1", wrap("stock_available", id="1", quantity="2.5"))) == (400, 85)
    assert code(till.ask("PATCH", "/stock_availables", wrap("stock_available", quantity="2"))) == (400, 90)
    assert code(till.ask("PATCH", "/stock_availables/9", wrap("stock_available", id="9", quantity="2"))) == (404, 92)
    answer = till.ask("POST", "/stock_availables/1", wrap("stock_available", id="1", quantity="2"), ps_method="PATCH")
    assert (answer.status_code, till.shop.stock("1")) == (200, 2)


def test_an_old_shop_knows_no_patch(till: Till) -> None:
    till.shop.product("A1")
    till.shop.webservice.version = "1.7.8.11"
    assert code(till.ask("PATCH", "/products/1", wrap("product", id="1", price="2"))) == (405, 23)


def test_posting_twice_makes_two(till: Till) -> None:
    fields = {"price": "1.000000", "name": '<language id="1">Kaas</language>', "reference": "A1"}
    for _ in range(2):
        assert till.ask("POST", "/products", wrap("product", **fields)).status_code == 201
    assert len(till.shop.books.tables["products"]) == 2
    assert till.ask("POST", "/products", wrap("product", price="1.000000")).status_code == 500
    order = till.shop.checkout((till.shop.product("B2"), 1))
    for _ in range(2):
        body = wrap("order_history", id_order=order, id_order_state="5")
        assert till.ask("POST", "/order_histories", body).status_code == 201
    states = [row["id_order_state"] for row in till.shop.books.tables["order_histories"].values()]
    assert states == [2, 5, 5]


def test_a_cart_is_ordered_once_and_paid_exactly(till: Till) -> None:
    books, product = till.shop.books, till.shop.product("A1", price=1499, stock=1)
    customer = books.customer("Kassa", "Balie", "kassa@kassa.invalid")
    for total, state, stock in (("14.99", 11, 0), ("14.98", 8, 0), ("14.990000", 11, -1)):
        goods = {"cart_rows": [{"id_product": product, "id_product_attribute": "0", "quantity": "1"}]}
        cart = books.add("carts", {"id_customer": 1, "id_carrier": 1, "secure_key": customer["secure_key"]}, goods)
        fields = {
            "id_address_delivery": "1", "id_address_invoice": "1", "id_cart": str(cart["id"]), "id_currency": "1",
            "id_lang": "1", "id_customer": "1", "id_carrier": "1", "module": "ps_wirepayment", "payment": "Pin",
            "total_paid": total, "total_paid_real": total, "total_products": "13.75", "total_products_wt": total,
            "conversion_rate": "1",
        }  # fmt: skip
        answer = till.ask("POST", "/orders", wrap("order", **fields), output_format="JSON")
        assert (answer.status_code, int(answer.json()["order"]["current_state"])) == (201, state)
        assert books.quantity(1) == stock
        answer = till.ask("POST", "/orders", wrap("order", **fields))
        assert answer.status_code == 500
        assert "already been placed" in answer.text
    answer = till.ask("POST", "/orders", wrap("order", **{**fields, "module": "niets", "id_cart": "1"}))
    assert (answer.status_code, answer.content) == (500, b"")


def test_a_payment_has_no_name_of_a_programs_own_characters(till: Till) -> None:
    order = till.shop.checkout((till.shop.product("A1"), 1))
    for name, status in (("Pin {1}", 400), ("a=b", 400), ("Pin; 1 &amp; 2", 200)):
        assert till.ask("PATCH", f"/orders/{order}", wrap("order", id=order, payment=name)).status_code == status


def test_a_warning_comes_behind_what_was_saved(till: Till) -> None:
    till.shop.webservice.warns.add("addresses")
    fields = dict.fromkeys(("alias", "lastname", "firstname", "address1", "city"), "x")
    assert code(till.ask("POST", "/addresses", wrap("address", id_country="13", **fields))) == (500, 3)
    assert len(till.shop.books.tables["addresses"]) == 1


def test_what_the_staff_gives_back_does_not_move_the_orders_date() -> None:
    at = [NOON]
    shop = PrestaShopSite(clock=lambda: at[0])
    product = shop.product("A1", stock=10)
    order = shop.checkout((product, 3))
    before = dict(shop.books.tables["orders"][1])
    at[0] += 60
    assert [shop.give_back(order, product, 1, restock=True, slip=slip) for slip in (True, False)] == ["1", ""]
    assert (shop.books.tables["orders"][1], shop.stock(product)) == (before, 9)
    assert shop.books.tables["order_slip"][1]["date_upd"] == "2026-11-22 12:01:00"
    shop.finish(order)
    shop.give_back(order, product, 1, restock=False, slip=False)
    names = [f"product_quantity_{name}" for name in ("refunded", "return", "reinjected")]
    assert [shop.books.tables["order_details"][1][name] for name in names] == [2, 1, 2]


def test_a_fixed_price_stands_in_the_place_of_the_products_own(till: Till) -> None:
    product = till.shop.product("A1", price=1000, rate=2100)
    till.shop.books.specific[int(product)] = Decimal(5)
    asked = {"price[incl][use_tax]": "1", "price[incl][use_reduction]": "0"}
    assert till.rows("/products", display="[price,incl]", **asked) == {
        "products": [{"price": "8.264463", "incl": "6.050000"}]
    }


def test_the_rights_are_listed_without_patch(till: Till) -> None:
    till.shop.books.rights["orders"].discard("PUT")
    (api,) = ElementTree.fromstring(till.ask("GET", "/").content)
    orders = api.find("orders")
    assert orders is not None
    assert (api.get("shopName"), orders.get("put"), orders.get("get"), orders.get("patch")) == (
        "Voorbeeldwinkel", "false", "true", None,
    )  # fmt: skip
    assert till.rows("/") == sorted(till.shop.books.rights)


def test_every_answer_tells_the_time_and_the_version(till: Till) -> None:
    answer = till.ask("GET", "/orders")
    assert (answer.headers["Access-Time"], answer.headers["PSWS-Version"]) == (str(NOON), "8.1.6")


def test_stock_follows_the_state(till: Till) -> None:
    product = till.shop.product("A1", stock=10)
    order = till.shop.checkout((product, 3), paid=False)
    shown = [till.shop.stock(product)]
    for state in (2, 6, 6, 2, 5, 7, 8, 10):
        till.shop.set_status(order, state)
        shown.append(till.shop.stock(product))
    # Taken, paid, given back, given back once, taken again; delivered and refunded move nothing, an error gives back.
    assert shown == [7, 7, 10, 10, 7, 7, 7, 10, 10]


def test_many_at_once_are_served_one_by_one(till: Till) -> None:
    product = till.shop.product("A1", stock=100)
    answers: list[int] = []

    def write(pieces: int) -> None:
        with requests.Session() as session:
            session.trust_env, session.auth = False, (KEY, "")
            body = wrap("stock_available", id="1", quantity=str(pieces))
            answers.append(
                session.patch(f"{till.simulated.url}/api/stock_availables/1", data=body, timeout=9).status_code
            )

    threads = [threading.Thread(target=write, args=(no,)) for no in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    assert till.shop.stock(product) in range(8)


def test_the_lines_for_a_till(till: Till) -> None:
    assert till.simulated.lines == f'[[webshop]]\nkind = "prestashop"\nurl = "{till.simulated.url}"\n'
    assert till.simulated.key_lines == f'key = "{KEY}"\n'


def test_no_cart_no_order(till: Till) -> None:
    till.shop.product("A1")
    customer = till.shop.books.customer("A", "B", "a@example.org")
    arguments = {"state": 2, "customer": customer["id"], "carrier": 1, "module": "ps_wirepayment", "payment": "x"}
    till.shop.books.order([(1, 0, 1)], cart=7, **arguments)
    with pytest.raises(CartUsed):
        till.shop.books.order([(1, 0, 1)], cart=7, **arguments)
