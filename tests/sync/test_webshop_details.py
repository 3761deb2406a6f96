"""A price that changes at the till, and a webshop that is to have the same one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from kassa_tui import bootstrap
from kassa_tui.simulate.webshops.clerk import Goods
from kassa_tui.simulate.webshops.woocommerce_books import Product
from kassa_tui.storage.shop import Shop
from tests.services.shop_floor import MINUTE
from tests.sync.web_till import BREAD, COLA, WebTill, web_till

ARTICLES = """sku,gtin,name,group,price,vat,unit,deposit,min_age,stock
6,8710400280507,Krentenbol,Brood,{bread},9,each,,,40
7,5449000000996,Cola,Fris,{cola},9,each,0.15,,96
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WebTill]:
    """A till whose prices the webshop is to have."""
    yield from web_till(tmp_path, prices="push")


def priced(shop: WebTill, bread: str, cola: str = "1.01") -> None:
    """Prices of before are others from here on."""
    path = shop.folder / "articles.csv"
    path.write_text(ARTICLES.format(bread=bread, cola=cola), "utf-8")
    report = bootstrap.import_file(shop.config, "articles", path)
    assert report.ok, report.problems


def shown(shop: WebTill, sku: str) -> Decimal:
    """What a customer of the webshop pays."""
    return Decimal(shop.clerk.shop.books.products[int(shop.clerk.products[sku])].regular_price)


def written(shop: WebTill) -> list[str]:
    """Changes of products that are asked of the shop from here on."""
    asked: list[str] = []
    shop.shop.server.faults = lambda request: (
        asked.append(request.path) if b"regular_price" in request.body else None
    )  # fmt: skip
    return asked


def test_a_changed_price_reaches_the_webshop_once(shop: WebTill) -> None:
    asked = written(shop)
    priced(shop, "0.60")
    shop.work(3)
    assert (shown(shop, BREAD), shown(shop, COLA)) == (Decimal("0.60"), Decimal("1.01"))
    assert len(asked) == 1


def test_also_when_it_changed_while_nobody_worked(shop: WebTill) -> None:
    shop.rest()
    priced(shop, "0.55", "1.25")
    asked = written(shop)
    shop.work()
    assert shown(shop, COLA) == Decimal("1.25")
    assert len(asked) == 1


def test_an_import_that_changes_nothing_asks_nothing(shop: WebTill) -> None:
    asked = written(shop)
    priced(shop, "0.55")
    shop.work(3)
    assert asked == []


def test_a_shop_that_does_not_answer_is_told_later(shop: WebTill) -> None:
    from kassa_tui.simulate.webshops.server import Fault

    priced(shop, "0.60")
    shop.shop.server.faults = lambda request: Fault("drop")
    shop.clock.pass_(MINUTE)
    assert shop.working().turn().error is not None
    shop.rest()
    shop.shop.server.faults = lambda request: None
    shop.clock.pass_(60 * MINUTE)
    shop.work()
    assert shown(shop, BREAD) == Decimal("0.60")


def test_what_was_changed_in_the_webshop_is_found_by_comparing(shop: WebTill) -> None:
    from kassa_tui.sync.webshop_asks import perform

    shop.clerk.shop.books.products[int(shop.clerk.products[BREAD])].regular_price = "0.99"
    found = perform(shop.working(), "compare", {})
    assert found["other_details"] == 1
    shop.work()
    assert shown(shop, BREAD) == Decimal("0.55")


def test_a_webshop_with_prices_of_its_own_keeps_them(tmp_path: Path) -> None:
    for shop in web_till(tmp_path):
        asked = written(shop)
        priced(shop, "0.60")
        shop.work(3)
        assert asked == []
        assert shown(shop, BREAD) == Decimal("0.55")


@pytest.fixture
def told_by_shop(tmp_path: Path) -> Iterator[WebTill]:
    """A till that takes over what the webshop says."""
    yield from web_till(tmp_path, prices="pull", vat="pull", eans="pull")


def product(shop: WebTill, sku: str) -> Product:
    """As the webshop keeps it."""
    found: Product = shop.clerk.shop.books.products[int(shop.clerk.products[sku])]
    return found


def sold(shop: WebTill, code: str) -> tuple[str, int, int]:
    """Name, price and rate at the till."""
    with closing(Shop(shop.config.till.data)) as articles:
        article = articles.find(code, "2026-11-22")
        assert article is not None
        return article.name, article.price, article.vat_rate


def later(shop: WebTill) -> None:
    """The webshop's products are looked at again."""
    shop.clock.pass_(11 * MINUTE)
    shop.work()


def test_the_till_sells_at_the_price_of_the_webshop(told_by_shop: WebTill) -> None:
    shop = told_by_shop
    shop.work()
    product(shop, BREAD).regular_price, product(shop, BREAD).ean = "0.70", "8712345678906"
    product(shop, COLA).tax_class = ""
    shop.clerk.shop.books.touch(product(shop, BREAD))
    shop.clerk.shop.books.touch(product(shop, COLA))
    later(shop)
    assert sold(shop, "8712345678906") == sold(shop, "8710400280507") == ("Krentenbol", 70, 900)
    assert sold(shop, "5449000000996")[2] == 2100
    (entry,) = shop.entries("webshop.articles")
    assert {(row["sku"], row["what"]) for row in entry["changed"]} == {
        (BREAD, "price"), (BREAD, "ean"), (COLA, "vat"),}  # fmt: skip
    later(shop)
    assert len(shop.entries("webshop.articles")) == 1
    shop.sound()


def test_an_article_of_the_webshop_is_sold_at_the_till(told_by_shop: WebTill) -> None:
    from kassa_tui.sync.webshop_asks import perform

    shop = told_by_shop
    shop.clerk.fill([Goods("N1", "Stroopwafel", 299, 900, 8, "8712345678906")])
    number = shop.clerk.products["N1"]
    assert perform(shop.work(), "link", {})["unknown"][0]["id"] == number
    made = perform(shop.working(), "link_one", {"product": number, "sku": "+", "by": "anna"})
    assert made == {"done": True, "product": number, "sku": "N1"}
    assert sold(shop, "8712345678906") == ("Stroopwafel", 299, 900)
    again = perform(shop.working(), "link_one", {"product": number, "sku": "+", "by": "anna"})
    assert again["error"] == "linked_already"


def test_an_article_of_the_till_is_put_into_the_webshop(shop: WebTill) -> None:
    from kassa_tui.sync.webshop_asks import perform

    path = shop.folder / "articles.csv"
    path.write_text(
        ARTICLES.format(bread="0.55", cola="1.01") + "8,8712345678906,Kaas,Kaas,4.99,9,each,,,12\n", "utf-8"
    )
    assert bootstrap.import_file(shop.config, "articles", path).ok
    made = perform(shop.work(), "link_one", {"product": "+", "sku": "8", "by": "anna"})
    found = shop.clerk.shop.books.products[int(made["product"])]
    assert (found.sku, found.ean, found.regular_price, found.status) == ("8", "8712345678906", "4.99", "draft")
    shop.work()
    assert found.stock == 12


def test_with_an_office_articles_are_the_offices(tmp_path: Path) -> None:
    from kassa_tui.sync.channel.ports import ArticleChange, NewArticle
    from kassa_tui.sync.webshop_articles import TillArticles
    from kassa_tui.sync.webshop_till import Folder

    for shop in web_till(tmp_path):
        folder = Folder(shop.config.till.data, shop.clock)
        articles = TillArticles(folder, None)
        assert articles.take_over([ArticleChange(BREAD, "price", 70)]) == ["articles_of_office"]
        assert articles.make(NewArticle("N1", "Nieuw", 100, "low")) == "articles_of_office"
        own = TillArticles(folder, "NL")
        assert own.take_over([ArticleChange("geen", "price", 70), ArticleChange(BREAD, "ean", "5449000000996")]) == [
            "unknown_sku", "code_of_other"]  # fmt: skip
        assert own.make(NewArticle(BREAD, "Nieuw", 100, "low")) == "sku_taken"
        folder.close()


def test_a_code_of_another_article_is_never_taken_from_it(told_by_shop: WebTill) -> None:
    shop = told_by_shop
    own = "8712345678906,,Kaas,Kaas,4.99,9,each,,,12\n"
    path = shop.folder / "articles.csv"
    path.write_text(ARTICLES.format(bread="0.55", cola="1.01") + own, "utf-8")
    assert bootstrap.import_file(shop.config, "articles", path).ok
    product(shop, BREAD).ean = "8712345678906"
    shop.clerk.shop.books.touch(product(shop, BREAD))
    later(shop)
    assert sold(shop, "8712345678906")[0] == "Kaas"
    assert "code_of_other" in {found.code for found in shop.working().engine.status().findings}


def test_an_import_does_not_bring_old_prices_back_for_long(told_by_shop: WebTill) -> None:
    shop = told_by_shop
    product(shop, BREAD).regular_price = "0.70"
    shop.clerk.shop.books.touch(product(shop, BREAD))
    later(shop)
    assert sold(shop, "8710400280507")[1] == 70
    shop.clock.pass_(60 * MINUTE)
    priced(shop, "0.55")
    assert sold(shop, "8710400280507")[1] == 55
    shop.work(1)
    assert sold(shop, "8710400280507")[1] == 70


def test_a_code_that_does_not_exist_here_makes_no_article_unsellable(tmp_path: Path) -> None:
    for shop in web_till(tmp_path, vat="pull", vat_classes={"nihil": "zero-rate"}):
        product(shop, BREAD).tax_class = "zero-rate"
        shop.clerk.shop.books.touch(product(shop, BREAD))
        later(shop)
        assert sold(shop, "8710400280507")[2] == 900
        assert "article_invalid" in {found.code for found in shop.working().engine.status().findings}
