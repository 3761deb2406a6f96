"""A price that changes at the till, and a webshop that is to have the same one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kassa_tui import bootstrap
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
    assert found["other_prices"] == 1
    shop.work()
    assert shown(shop, BREAD) == Decimal("0.55")


def test_a_webshop_with_prices_of_its_own_keeps_them(tmp_path: Path) -> None:
    for shop in web_till(tmp_path):
        asked = written(shop)
        priced(shop, "0.60")
        shop.work(3)
        assert asked == []
        assert shown(shop, BREAD) == Decimal("0.55")
