"""The pages of a webshop in a real browser, on a telephone and on a desk: an empty console, and nothing too wide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from kassa_office.catalogue.models import Price
from kassa_office.webshops.models import Webshop
from kassa_tui.simulate.webshops.clerk import Goods
from tests.office.conftest import TillHere
from tests.office.dashboard.browser import Browser
from tests.office.dashboard.conftest import company, make_user  # noqa: F401
from tests.office.dashboard.test_browser import PROGRAM, SIZES, address, browser, log_in  # noqa: F401
from tests.office.stock.shelves import article
from tests.office.webshops.company import Company

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed"),
    pytest.mark.parametrize("office_db", ["sqlite"], indirect=True),
]
PAGES = ["/webshops/", "/webshops/WEB/", "/webshops/nieuw/magento/", "/omzet/?per=tender"]


@pytest.fixture
def shop(company: dict[str, TillHere]) -> Iterator[Company]:  # noqa: F811
    """A webshop with an order, something refused, and products that nobody knows."""
    made = Company("woocommerce", company["K1"])
    made.clerk.fill([Goods(f"V{n}", f"Onbekend product met een lange naam {n}", 100, 900, 1) for n in range(3)])
    Price.objects.create(article=article("N1", name="Van de winkel alleen"), valid_from=date(2020, 1, 1), amount=250)
    Webshop.objects.update(prices="push", vat="push")
    made.simulated.shop.books.products[int(made.clerk.products["6"])].regular_price = "9.99"
    with made.desk() as desk:
        desk.engine.link()
        made.clerk.buy(("6", 2))
        made.clerk.buy(("7", 1), paid=False)
        made.say("weborder.handed_over", "99999", handed=True)
        desk.hear()
        desk.turn()
        desk.engine.compare()
    yield made
    made.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_pages(
    shop: Company,
    address: str,  # noqa: F811
    browser: Browser,  # noqa: F811
    size: tuple[int, int],
    tmp_path: Path,
) -> None:
    browser.size(*size)
    log_in(browser, address)
    for path in PAGES:
        browser.go(f"{address}{path}")
        assert browser.ask("document.documentElement.scrollWidth") <= size[0], path
        assert browser.ask("[...document.querySelectorAll('select')].every(s => s.querySelector('option'))"), path
        browser.shoot(tmp_path / f"{path.partition('?')[0].strip('/').replace('/', '-')}-{size[0]}.png")
    assert browser.troubles == []
    assert {status for _address, status in browser.statuses} <= {200, 302, 304}


def test_a_button_is_pressed(shop: Company, address: str, browser: Browser) -> None:  # noqa: F811
    browser.size(*SIZES[0])
    log_in(browser, address)
    browser.go(f"{address}/webshops/WEB/")
    browser.ask("document.querySelector('button[value=check]').click()")
    browser.loaded()
    assert "De webshop antwoordt: Kaaswinkel" in browser.ask("document.querySelector('main').innerText")
