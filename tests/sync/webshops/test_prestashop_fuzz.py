"""Whatever a PrestaShop, or what stands in front of it, answers: an error of ours or a value, nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa_tui.simulate.webshops.prestashop import KEY
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import (
    Permanent,
    ProductChange,
    RefundWish,
    StockWant,
    Transient,
    WebRefundLine,
    WebshopError,
)
from kassa_tui.sync.webshops.prestashop import PrestaShop
from kassa_tui.sync.webshops.prestashop_api import text_of, truth, wanted, whole
from kassa_tui.sync.webshops.prestashop_orders import split
from kassa_tui.sync.webshops.prestashop_products import searched, split_id
from kassa_tui.sync.webshops.prestashop_stamp import has_stamp, read_key, stamped, write_key
from kassa_tui.sync.webshops.prestashop_xml import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_XML_BYTES,
    document,
    errors_of,
    fields_of,
    parse,
)
from kassa_tui.sync.webshops.web import Answer, Patience
from kassa_tui.webshop_words import WEBSHOP_WORDS
from tests.sync.webshops.contract import sold

SCALARS = st.none() | st.booleans() | st.integers(-5, 10**12) | st.floats(allow_nan=False) | st.text(max_size=8)
SCALARS |= st.sampled_from(["1", "0", "14.990000", "2026-11-22 12:00:00", "0000-00-00 00:00:00", "1e400", "[1]", "a,b"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.just("id"), inner, max_size=4),
    max_leaves=12,
)
LIKELY = st.sampled_from(["1", "12.500000", "0", 1, "2", "10.000000"])


@st.composite
def values(draw: st.DrawFn) -> Any:
    """What may well stand in a field, and now and then anything."""
    return draw(LIKELY if draw(st.integers(0, 9)) else JSON)


ROW = st.fixed_dictionaries(
    {"id": values()},
    optional={
        name: values()
        for name in (
            "current_state", "reference", "total_paid", "total_paid_tax_incl", "total_paid_tax_excl", "id_carrier",
            "module", "gift_message", "total_shipping_tax_incl", "total_discounts",
            "total_discounts_tax_incl", "total_discounts_tax_excl", "name", "value", "price", "incl", "id_product",
            "id_product_attribute", "quantity", "id_order", "id_tax_rules_group", "rate", "amount", "id_currency",
            "round_type", "ecotax", "active", "product_quantity_refunded", "product_quantity_reinjected",
        )
    }
    | dict.fromkeys(("date_add", "date_upd"), st.sampled_from(["2026-11-22 12:00:00", "0000-00-00 00:00:00", "x"]))
    | {"associations": JSON | st.fixed_dictionaries({"order_rows": st.lists(st.dictionaries(
        st.sampled_from(["id", "product_id", "product_quantity", "unit_price_tax_incl", "unit_price_tax_excl"]),
        values())), "order_slip_details": st.lists(st.dictionaries(
            st.sampled_from(["id", "id_order_detail", "product_quantity", "amount_tax_incl"]), values()))})},
)  # fmt: skip
SETTINGS = [{"name": "PS_TIMEZONE", "value": "Europe/Amsterdam"}, {"name": "PS_COUNTRY_DEFAULT", "value": "13"}]


class Canned:
    """A road to a shop that answers anything."""

    def __init__(self, answer: Callable[[str, str], tuple[int, bytes]]) -> None:
        self.answer, self.secrets, self.patience = answer, (KEY,), Patience(wait=lambda seconds: None)

    def call(self, method: str, path: str, **_: Any) -> Answer:
        """One answer."""
        status, body = self.answer(method, path)
        return Answer(status, {"Access-Time": "1795345200"}, body, 1_795_345_200.0)


def connector(answer: Callable[[str, str], tuple[int, bytes]], **rights: bool) -> PrestaShop:
    """One that asks nothing but ``answer``, and has found out its rights."""
    made = PrestaShop(
        Access("prestashop", "https://winkel.example", {"key": KEY}, options=Options(payment_module="ps_x"))
    )
    made.api.web = Canned(answer)  # type: ignore[assignment]
    if rights.get("known", True):
        names = ("orders", "order_payments", "order_slip", "carriers", "currencies", "customers", "messages", "taxes",
                 "tax_rules", "tax_rule_groups", "order_details", "order_histories", "carts")  # fmt: skip

        def permissions() -> str:
            made.api.allowed = {name: {"GET": True, "POST": True} for name in names}
            return ""

        made.api.permissions = permissions  # type: ignore[method-assign]
    return made


def everything(shop: PrestaShop) -> list[Callable[[], object]]:
    """All that can be asked of a connector."""
    wish = RefundWish(key="K1-1", amount=100, lines=(WebRefundLine(line="1", qty=1000, amount=100),))
    return [
        shop.check, lambda: list(zip(range(3), shop.pull_orders(1_795_000_000_000), strict=False)),
        lambda: shop.order("1"), lambda: list(zip(range(3), shop.pull_products(), strict=False)),
        lambda: shop.products(sku="A1"), lambda: shop.products(ean="1"), lambda: shop.stock(["1", "1:2", "x"]),
        lambda: shop.push_stock([StockWant(product="1", qty=1000), StockWant(product="1:1", qty=1000)]),
        lambda: shop.change_product(ProductChange(product="1", price=100, ean="1", name="x")),
        lambda: shop.acknowledge("1", "done", note="x"), lambda: shop.refund("1", wish), lambda: shop.find("K1-1"),
        lambda: shop.place(sold("1")),
    ]  # fmt: skip


def survives(shop: PrestaShop) -> None:
    """No act of a connector ends in anything but a value or an error of ours."""
    for act in everything(shop):
        said = [("ok", "")]
        try:
            act()
        except WebshopError as error:
            said = [(error.code, str(error.facts))]
        assert all(code in (*WEBSHOP_WORDS, "ok") and KEY not in facts for code, facts in said)


@given(rows=st.lists(ROW, max_size=2), status=st.sampled_from([200] * 12 + [201, 400, 404, 405, 500]))
@settings(max_examples=150, deadline=None)
def test_any_rows(rows: list[dict[str, Any]], status: int) -> None:
    def answer(method: str, path: str) -> tuple[int, bytes]:
        name = path.strip("/").split("/")[0]
        if name == "configurations":
            return 200, json.dumps({name: SETTINGS}).encode()
        names = {name, "order_slips" if name == "order_slip" else name, name.rstrip("s"), "order_history"}
        return status, json.dumps(dict.fromkeys(names, rows)).encode()

    survives(connector(answer))


@given(content=JSON, known=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_json(content: Any, known: bool) -> None:
    survives(connector(lambda method, path: (200, json.dumps(content).encode()), known=known))


@given(body=st.binary(max_size=60) | st.sampled_from([b"[" * 90_000, b"<a>" * 90_000, b"", b"null", b"\xff\xfe<"]),
       status=st.integers(200, 599))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_bytes(body: bytes, status: int) -> None:
    survives(connector(lambda method, path: (status, body), known=False))


XML_TEXT = st.text(max_size=20)


@given(values=st.dictionaries(st.sampled_from(["name", "price", "note"]), XML_TEXT, min_size=1),
       languages=st.dictionaries(st.integers(1, 9).map(str), XML_TEXT, min_size=1))  # fmt: skip
def test_what_is_written_is_read_back(values: dict[str, str], languages: Mapping[str, str]) -> None:
    body = document("product", {"id": 7, **values, "link_rewrite": languages})
    (thing,) = parse(body)
    found = fields_of(thing)
    assert found["id"] == "7"
    for name, text in values.items():
        assert found[name] == legal(text)
    assert found["link_rewrite"] == {key: legal(text) for key, text in languages.items()}
    assert b"<!" not in body


def legal(text: str) -> str:
    """As XML gives it back: without what it cannot hold, line ends as one."""
    kept = "".join(each for each in text if each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff"))
    kept = "".join(each for each in kept if not 0xD800 <= ord(each) <= 0xDFFF)
    return kept.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><prestashop>&b;</prestashop>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a>" + b"<b/>" * MAX_NODES + b"</a>",
        b'<?xml version="1.0" encoding="utf-77"?><a/>',
        b"<html><br></html>",
        b"",
    ],
)
def test_documents_that_could_do_harm_are_not_read(body: bytes) -> None:
    with pytest.raises(Transient) as error:
        parse(body)
    assert error.value.code == "not_json"
    assert errors_of(body) == ()


def test_documents_that_are_too_large_are_not_read() -> None:
    with pytest.raises(Permanent) as error:
        parse(b" " * (MAX_XML_BYTES + 1))
    assert error.value.code == "too_large"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"errors":[{"code":25,"message":"Method  PUT\\n is"}]}', ((25, "Method PUT is"),)),
        (b'{"errors":{"code":25}}', ()),
        (b'{"errors":[{"code":"x","message":null}, 7]}', ((0, ""),)),
        (b"<prestashop><errors><error><code><![CDATA[26]]></code><message>no</message></error></errors></prestashop>",
         ((26, "no"),)),
        (b"401 Unauthorized", ()),
        (b"<html><body>405</body></html>", ()),
        (b"[" * 100_000, ()),
        (b'{"a":' * 100_000, ()),
    ],
)  # fmt: skip
def test_errors_are_read_in_either_format(body: bytes, found: tuple[tuple[int, str], ...]) -> None:
    assert errors_of(body) == found


@given(value=JSON)
def test_small_readers_take_anything(value: Any) -> None:
    assert isinstance(whole(value), int)
    assert isinstance(text_of(value, 1), str)
    assert truth(value) in (True, False)
    assert isinstance(read_key(value), str)


@given(key=st.text(max_size=30))
def test_a_key_comes_back(key: str) -> None:
    message = write_key(key)
    assert not set(message) & set("[]|,%<>{}")
    assert read_key(message) == key


@pytest.mark.parametrize("message", ["", None, "Van harte!", "kassa- en zo", "kassa-<b>", "Kassa-1"])
def test_a_customers_own_message_is_no_key(message: str | None) -> None:
    assert read_key(message) == ""


@given(cents=st.integers(0, 10**9), micro=st.integers(0, 9999), key=st.text(min_size=1, max_size=20))
def test_a_stamp_changes_no_cent(cents: int, micro: int, key: str) -> None:
    amount = Decimal(cents) / 100 + Decimal(micro) / 1_000_000
    found = stamped(amount, key, 1)
    assert abs(found - amount) < Decimal("0.001")
    assert found.quantize(Decimal("0.01"), "ROUND_HALF_UP") == amount.quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert has_stamp(found, key, 1)
    assert not has_stamp(amount.quantize(Decimal("0.01")), key, 1)


@given(low=st.integers(1, 50_000), high=st.integers(1, 50_000), off=st.integers(1, 40_000))
def test_a_voucher_of_two_tariffs_is_taken_apart(low: int, high: int, off: int) -> None:
    shares = {900: Decimal(low) / 100, 2100: Decimal(high) / 100}
    incl = Decimal(min(off, low + high)) / 100
    share = shares[2100] / (shares[900] + shares[2100])
    vat = incl * share * 2100 / 12100 + incl * (1 - share) * 900 / 10900
    found = split(incl, vat, shares)
    assert abs(sum(amount for _, amount, _ in found) - incl) < Decimal("0.000001")
    assert abs(sum(each for _, _, each in found) - vat) < Decimal("0.01")


@given(incl=st.decimals(0, 1000, places=2), vat=st.decimals(0, 200, places=2),
       shares=st.dictionaries(st.sampled_from([0, 600, 900, 2100]), st.decimals("0.01", 500, places=2)))  # fmt: skip
def test_any_voucher_adds_up(incl: Decimal, vat: Decimal, shares: dict[int, Decimal]) -> None:
    found = split(incl, vat, shares)
    assert abs(sum(amount for _, amount, _ in found) - incl) < Decimal("0.000001")


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("https://www.winkel.nl/api/orders?ws_key=***", "https://www.winkel.nl"),
        ("http://winkel.nl/shop/?url=orders", "http://winkel.nl/shop"),
        ("http://winkel.nl/shop/index.php?x=1", "http://winkel.nl/shop"),
        ("http://api.winkel.nl/", "http://api.winkel.nl"),
        ("https://winkel.nl:8443/api", "https://winkel.nl:8443"),
        ("/elders", "/elders"),
        ("http://[", "http://["),
    ],
)
def test_the_address_a_shop_wants(target: str, found: str) -> None:
    assert wanted(target) == found


@pytest.mark.parametrize(
    ("product", "found"),
    [("12", (12, 0)), ("12:34", (12, 34)), ("12:0", None), ("012", None), ("", None), ("x", None), ("-1", None),
     ("1:2:3", None), ("١", None)],
)  # fmt: skip
def test_ids_of_products(product: str, found: tuple[int, int] | None) -> None:
    assert split_id(product) == found


def test_filters_mean_only_what_is_looked_for() -> None:
    assert [searched(each) for each in ("A1", "A,1", "A|1", "A[12]b")] == ["[A1]", "A,1", "A|1", "%[12]%"]


def test_an_element_tree_is_what_comes() -> None:
    assert isinstance(parse(b"<a/>"), ElementTree.Element)
