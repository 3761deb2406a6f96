"""Price, VAT and barcode of an article and its product: ours to the shop, the shop's to us, or each its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kassa_tui.storage import web_details
from kassa_tui.storage.database import migrate, open_database
from kassa_tui.storage.web_state import STEPS, WebState
from kassa_tui.storage.web_values import WEBSHOP_DB
from kassa_tui.sync.channel.details import printed, pushed_code
from kassa_tui.sync.webshops.base import Permanent
from tests.sync.channel.small_shop import Refusing, SmallConnector, SmallShop
from tests.sync.channel.stand import Stand

EAN, OTHER = "8712345678906", "8712345678913"


def settled(stand: Stand, **ways: Any) -> None:
    """Open again with other settings."""
    stand.crash()
    stand.settings = replace(stand.settings, **ways)
    stand.open()


def ours(stand: Stand, sku: str, **facts: Any) -> None:
    """An article becomes another."""
    stand.catalogue.articles[sku] = replace(stand.catalogue.articles[sku], **facts)


def test_what_is_nobodys_business_is_left_alone(shop: SmallShop, stand: Stand) -> None:
    ours(stand, "A", price=1195, codes=(EAN,))
    shop.classes["1"] = "hoog"
    assert stand.engine.compare().other_details == 0
    assert stand.engine.details.changed(["A"]) == 0
    stand.engine.turn()
    assert (shop.prices, shop.eans["1"]) == ({}, "")


def test_what_changed_goes_to_the_shop_once(shop: SmallShop, stand: Stand, connector: SmallConnector) -> None:
    settled(stand, prices="push")
    ours(stand, "A", price=1195, codes=(EAN,), rate=2100, vat_code="high")
    assert stand.engine.compare().other_details == 1
    # It waits already.
    assert stand.engine.details.changed(["A", "A", "GEEN"]) == 0
    stand.engine.turn()
    assert (shop.prices, shop.classes, shop.eans["1"]) == ({"1": 1195}, {}, "")
    assert stand.engine.compare().other_details == 0
    assert stand.engine.details.changed(["A"]) == 1
    connector.asked.clear()
    stand.engine.turn()
    assert "change" not in connector.asked


def test_vat_and_barcode_go_to_the_shop(shop: SmallShop, stand: Stand) -> None:
    settled(stand, vat="push", eans="push")
    ours(stand, "A", rate=2100, vat_code="high", codes=("0220001000007", EAN, OTHER))
    found = stand.engine.compare()
    assert {(x.what, x.ours, x.theirs) for x in found.details} == {("vat", "high", "laag"), ("ean", EAN, "")}
    stand.engine.turn()
    assert (shop.classes, shop.eans["1"], shop.prices) == ({"1": "hoog"}, EAN, {})
    shop.eans["1"] = OTHER
    assert stand.engine.compare().other_details == 0


def test_of_two_classes_with_one_rate_the_owner_says_which(shop: SmallShop, stand: Stand) -> None:
    settled(stand, vat="push")
    shop.classes["1"] = "hoog"
    stand.engine.compare()
    stand.engine.turn()
    assert (shop.classes["1"], stand.findings() & {"vat_unclear"}) == ("hoog", {"vat_unclear"})
    settled(stand, vat_classes={"low": "boeken"})
    assert stand.engine.compare().other_details == 3
    stand.engine.turn()
    assert shop.classes == {"1": "boeken", "2": "boeken", "3": "boeken"}
    assert "vat_unclear" not in stand.findings()


def test_what_the_shop_has_is_taken_over_and_journaled(shop: SmallShop, stand: Stand) -> None:
    settled(stand, prices="pull", vat="pull", eans="pull")
    shop.prices["1"], shop.classes["1"], shop.eans["1"] = 1250, "hoog", EAN
    stand.engine.turn()
    article = stand.catalogue.articles["A"]
    assert (article.price, article.vat_code, article.rate, article.codes) == (1250, "high", 2100, (EAN,))
    (entry,) = stand.entries("webshop.articles")
    assert entry["changed"] == [
        {"sku": "A", "product": "1", "what": "price", "was": 1090, "now": 1250},
        {"sku": "A", "product": "1", "what": "vat", "was": "low", "now": "high"},
        {"sku": "A", "product": "1", "what": "ean", "was": "", "now": EAN},
    ]
    assert stand.engine.compare().other_details == 0
    assert len(stand.entries("webshop.articles")) == 1
    stand.sound()


def test_the_shop_is_looked_at_now_and_then(shop: SmallShop, stand: Stand, connector: SmallConnector) -> None:
    settled(stand, prices="pull")
    stand.engine.turn()
    shop.prices["1"] = 1250
    connector.asked.clear()
    stand.clock.pass_(60)
    stand.engine.turn()
    assert "products" not in connector.asked
    stand.clock.pass_(600)
    stand.engine.turn()
    assert stand.catalogue.articles["A"].price == 1250


def test_what_is_not_taken_over_is_said_until_it_is(shop: SmallShop, stand: Stand) -> None:
    settled(stand, prices="pull")
    stand.catalogue.refuses["A"] = "price_dated"
    shop.prices["1"] = 1250
    stand.engine.compare()
    assert (stand.catalogue.articles["A"].price, stand.entries("webshop.articles")) == (1090, [])
    assert "price_dated" in stand.findings()
    stand.catalogue.refuses.clear()
    stand.engine.compare()
    assert stand.catalogue.articles["A"].price == 1250
    assert "price_dated" not in stand.findings()


def test_products_of_one_article_that_do_not_agree_change_nothing(shop: SmallShop, stand: Stand) -> None:
    shop.product("4", "A4", 0)
    assert stand.engine.link_by_hand("4", "A", "Anna")
    settled(stand, prices="pull")
    shop.prices["1"], shop.prices["4"] = 1250, 1300
    stand.engine.compare()
    assert stand.catalogue.articles["A"].price == 1090
    assert "details_apart" in stand.findings()
    shop.prices["4"] = 1250
    stand.engine.compare()
    assert stand.catalogue.articles["A"].price == 1250
    assert "details_apart" not in stand.findings()


def test_a_class_that_we_do_not_know_is_not_taken_over(shop: SmallShop, stand: Stand) -> None:
    settled(stand, vat="pull", vat_classes={"high": "bijzonder"})
    shop.classes["1"] = "hoog"
    shop.classes["2"], shop.classes["3"] = "bijzonder", "vreemd"
    stand.engine.compare()
    codes = [stand.catalogue.articles[sku].vat_code for sku in "ABC"]
    assert codes == ["high", "high", "low"]
    assert [found.facts["sku"] for found in stand.engine.status().findings if found.code == "vat_unknown"] == ["C"]


@pytest.mark.parametrize("moment", ["ask", "answer"])
def test_a_lost_answer_changes_nothing_twice(
    shop: SmallShop, stand: Stand, connector: SmallConnector, moment: str
) -> None:
    settled(stand, prices="push")
    ours(stand, "A", price=1195)
    stand.engine.details.changed(["A"])
    broken = [("change", moment)]
    connector.fault = lambda name, when: (name, when) in broken and bool(broken.pop())
    for _ in range(3):
        stand.clock.pass_(400)
        stand.engine.turn()
    assert shop.prices == {"1": 1195}
    assert connector.asked.count("change") == (2 if moment == "ask" else 1)


def test_an_article_is_made_of_a_product(shop: SmallShop, stand: Stand) -> None:
    shop.product("9", "NIEUW", 3, EAN)
    shop.prices["9"] = 250
    stand.engine.link()
    assert [x.id for x in stand.engine.link(report=True).unknown] == ["9"]
    made = stand.engine.make_article("9", "Anna")
    assert (made.product, made.sku, made.code) == ("9", "NIEUW", "")
    article = stand.catalogue.articles["NIEUW"]
    assert (article.name, article.price, article.vat_code, article.codes) == ("Artikel 9", 250, "low", (EAN,))
    assert stand.engine.status().links == 4
    assert stand.entries("webshop.linked")[-1]["links"][0] | {"name": ""} == {
        "product": "9", "sku": "NIEUW", "how": "person", "name": ""}  # fmt: skip


@pytest.mark.parametrize(("given", "code"), [
    ({"sku": "A"}, "sku_taken"), ({"sku": ""}, "no_sku"), ({"sku": "N", "ean": OTHER}, "code_of_other"),
    ({"sku": "N" * 41}, "no_sku"),
])  # fmt: skip
def test_what_cannot_be_an_article_is_said(shop: SmallShop, stand: Stand, given: dict[str, str], code: str) -> None:
    ours(stand, "B", codes=(OTHER, "0" + OTHER))
    shop.product("9", given["sku"], 3, given.get("ean", ""))
    made = stand.engine.make_article("9", "Anna")
    assert made.code == code
    assert "9" not in {link.product for link in stand.state.links().values()}
    assert stand.engine.make_article("geen", "Anna").code == "unknown_product"
    assert stand.engine.make_article("1", "Anna").code == "linked_already"


@pytest.mark.parametrize("moment", ["", "ask", "answer"])
def test_a_product_is_made_of_an_article_once(
    shop: SmallShop, stand: Stand, connector: SmallConnector, moment: str
) -> None:
    from kassa_tui.sync.webshops.base import Transient

    stand.shelf.add("D", 4)
    stand.catalogue.articles["D"] = replace(
        stand.catalogue.articles["A"], sku="D", price=99, codes=(EAN,), rate=2100, vat_code="high"
    )
    broken = [("make", moment)]
    connector.fault = lambda name, when: (name, when) in broken and bool(broken.pop())
    if moment == "ask":
        with pytest.raises(Transient):
            stand.engine.make_product("D", "Anna")
        stand.clock.pass_(400)
    made = stand.engine.make_product("D", "Anna")
    assert (made.product, made.code) == ("4", "")
    assert (shop.skus["4"], shop.prices["4"], shop.classes["4"], shop.eans["4"]) == ("D", 99, "hoog", EAN)
    assert len(shop.skus) == 4
    stand.engine.turn()
    assert shop.stock["4"] == 4
    assert stand.engine.make_product("D", "Anna").code == "linked_already"


def test_what_cannot_be_a_product_is_said(shop: SmallShop, stand: Stand) -> None:
    assert stand.engine.make_product("GEEN", "Anna").code == "unknown_sku"
    stand.catalogue.articles["D"] = replace(stand.catalogue.articles["A"], sku="D")
    # Two classes have nine percent.
    assert stand.engine.make_product("D", "Anna").code == "vat_unclear"
    assert len(shop.skus) == 3


def test_a_code_goes_out_as_it_is_printed() -> None:
    assert printed("08712345678906") == EAN
    assert printed("00000096385074") == "96385074"
    assert printed("18712345678903") == "18712345678903"
    assert printed("niets") is None
    assert pushed_code(["2012345000008", "0400000000008", EAN]) == EAN
    assert pushed_code(["12", ""]) is None


def test_another_tariff_keeps_the_price_where_prices_are_ours(
    shop: SmallShop, stand: Stand, connector: SmallConnector
) -> None:
    settled(stand, prices="push", vat="push", vat_classes={"low": "laag"})
    ours(stand, "A", rate=2100, vat_code="high")
    changes = []
    plain = connector.change_product
    connector.change_product = lambda change: changes.append(change) or plain(change)  # type: ignore
    stand.engine.compare()
    stand.engine.turn()
    assert [(change.price, change.rate, change.vat_class) for change in changes] == [(1090, 2100, "hoog")]


def test_what_waited_before_there_was_more_than_prices_is_still_done(tmp_path: Path) -> None:
    path = tmp_path / WEBSHOP_DB
    db = open_database(path)
    db.connect()
    migrate(db, path, STEPS[:2])
    con = db.connection()
    rows = [("price:1:5", 1, "price", "waiting"), ("x:ack", 2, "ack", "waiting"), ("price:2:5", 3, "price", "done")]
    con.executemany("insert into command values (?, ?, ?, '{\"product\": \"1\"}', ?, 0, '', '{}', 5, 0)", rows)
    db.close()
    state = WebState(tmp_path)
    assert [(each.key, each.kind) for each in state.waiting()] == [("price:1:5", "details"), ("x:ack", "ack")]
    assert state.put_command("details:9", "details", {"product": "9"}, 6)
    assert [each.no for each in state.waiting()] == [1, 2, 4]
    assert web_details.changed(state.con, {}) == []
    state.close()


def test_what_the_shop_refuses_is_told_once_however_many_nights(shop: SmallShop, stand: Stand) -> None:
    stand.crash()
    stand.connector = Refusing(shop, "change", Permanent("refused", {"says": "nee"}))
    stand.settings = replace(stand.settings, prices="push")
    stand.open()
    ours(stand, "A", price=1195)
    for _ in range(4):
        stand.clock.pass_(86_400)
        stand.engine.compare()
        stand.engine.turn()
    found = [note.facts for note in stand.engine.status().findings if note.code == "command_failed"]
    assert [(note["kind"], note["product"]) for note in found] == [("details", "1")]
    assert (stand.engine.status().failed, stand.engine.status().waiting) == (1, 0)


def test_an_assortment_is_told_some_at_a_time(shop: SmallShop, stand: Stand, connector: SmallConnector) -> None:
    for no in range(60):
        shop.product(f"p{no}", f"S{no}", 0)
        stand.catalogue.articles[f"S{no}"] = replace(stand.catalogue.articles["A"], sku=f"S{no}", price=99)
    stand.engine.link()
    settled(stand, prices="push")
    stand.engine.compare()
    connector.asked.clear()
    order = shop.checkout({"1": 1})
    turn = stand.engine.turn()
    assert (turn.more, connector.asked.count("change"), order.id in stand.wall.rows) == (True, 50, True)
    assert not stand.engine.turn().more
    assert len(shop.prices) == 60


def test_no_price_is_no_gift(shop: SmallShop, stand: Stand) -> None:
    settled(stand, prices="pull")
    shop.prices["1"] = 0
    stand.engine.compare()
    assert stand.catalogue.articles["A"].price == 1090
    assert "article_invalid" in stand.findings()


def test_of_two_codes_with_one_rate_neither_is_written_for_ever(
    shop: SmallShop, stand: Stand, connector: SmallConnector
) -> None:
    settled(stand, vat="push", vat_classes={"zero": "nul", "low": "laag"})
    ours(stand, "A", vat_code="none", rate=0)
    shop.classes["1"] = "nul"
    assert stand.engine.compare().other_details == 0
    settled(stand, vat="pull")
    assert stand.engine.compare().other_details == 0
    assert stand.catalogue.articles["A"].vat_code == "none"


def test_what_was_taken_over_when_the_power_went_is_journaled_at_the_next_start(
    shop: SmallShop, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(stand, prices="pull")
    shop.prices["1"], shop.prices["2"] = 1250, 1300
    plain = stand.catalogue.take_over

    def half(changes: Any) -> list[str]:
        plain(changes[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr(stand.catalogue, "take_over", half)
    with pytest.raises(KeyboardInterrupt):
        stand.engine.compare()
    assert stand.entries("webshop.articles") == []
    monkeypatch.undo()
    stand.again()
    (entry,) = stand.entries("webshop.articles")
    assert [(row["sku"], row["now"]) for row in entry["changed"]] == [("A", 1250)]
    stand.again()
    assert len(stand.entries("webshop.articles")) == 1
    stand.engine.compare()
    assert stand.catalogue.articles["B"].price == 1300
    stand.sound()
