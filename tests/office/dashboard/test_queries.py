"""How often a page asks the database: no more than it may, and no more for many shops than for a few."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kassa_office.catalogue.models import Supplier
from kassa_office.dashboard import figures
from kassa_office.stock import demand, ledger, orders, transfers
from kassa_office.tills.models import TillCursor, TillState
from tests.office.conftest import MakeTill, TillHere
from tests.office.dashboard.conftest import MakeUser, noon, send, set_clock
from tests.office.journals import line
from tests.office.stock.shelves import article

PAGES = {
    "/": 20, "/omzet/": 18, "/omzet/?periode=jaar&per=branch": 20, "/omzet/?periode=jaar&per=till": 19,
    "/omzet/?periode=jaar&per=hour": 19, "/omzet/?periode=jaar&per=group": 19, "/omzet/?periode=jaar&per=vat": 19,
    "/omzet/?periode=jaar&per=staff": 20, "/omzet/?periode=maand&per=day": 18, "/omzet/?kassa=K1&per=hour": 18,
    "/artikelen/?periode=vandaag": 18, "/bijzonderheden/?periode=jaar": 20, "/z/?periode=vandaag": 17,
    "/meldingen/": 14, "/kassas/": 11, "/kassas/K1/": 14, "/volledig/": 16, "/logboek/": 9,
    "/voorraad/?filiaal=B1": 14, "/voorraad/artikel/6/": 15, "/voorraad/voorstellen/?filiaal=B1": 30,
    "/voorraad/bestellingen/": 14, "/voorraad/overboekingen/": 12, "/voorraad/tellingen/?filiaal=B1": 17,
}  # fmt: skip
"""Address → statements at most, with nothing remembered."""
PER_DAY = 16
"""Statements at most, besides those of the days of this month, of a page about articles of the year."""
MORE = 6
"""Shops that come, each with two tills."""


@pytest.fixture
def owner(client: Client, make_user: MakeUser) -> Client:
    client.force_login(make_user("marie", "owner"), "django.contrib.auth.backends.ModelBackend")
    return client


def asked(client: Client, path: str) -> int:
    for name in caches.settings:
        caches[name].clear()
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200, path
    return len(seen)


def grow(make_till: MakeTill) -> None:
    """Shops with sales, with something missing at each till, goods under way and on order."""
    supplier = Supplier.objects.get(code="L1")
    for number in range(MORE):
        shop = f"C{number}"
        for code in (f"N{number}A", f"N{number}B"):
            here = make_till(shop, code)
            set_clock(here.book, noon(1))
            here.book.open_shift()
            for amount in (100, 200, 300):
                here.book.sale(line("6", amount))
            send(here)
            TillCursor.objects.filter(till=code).update(next_seq=2)
            TillState.objects.create(till=here.till, at=timezone.now() - timedelta(hours=2), z=1, waiting=4)
        ledger.book(shop, "received", [("6", 50_000)], ledger.Note("els"))
        order = orders.make(shop, supplier.code, [("6", 5000)], "els")
        orders.send(order.number)
        orders.send(orders.make("B1", supplier.code, [("6", 5000)], "els").number)
        moved = transfers.make(shop, "B1", [("6", 2000)], "els")
        transfers.send(moved.number, "els")
    demand.prepare()


def test_pages_ask_no_more_for_many_shops_than_for_a_few(
    owner: Client, company: dict[str, TillHere], make_till: MakeTill
) -> None:
    article("6", cost=40)
    ledger.book("B1", "received", [("6", 1000)], ledger.Note("els"))
    demand.prepare()
    few = {path: asked(owner, path) for path in PAGES}
    assert {path: (count, PAGES[path]) for path, count in few.items() if count > PAGES[path]} == {}
    grow(make_till)
    many = {path: asked(owner, path) for path in PAGES}
    assert {path: (count, PAGES[path]) for path, count in many.items() if count > PAGES[path]} == {}


def test_a_year_of_articles_asks_for_what_changed(owner: Client, company: dict[str, TillHere]) -> None:
    path = "/artikelen/?periode=jaar"
    today = figures.today()
    assert asked(owner, path) <= PER_DAY + 1 + today.month + today.day
    with CaptureQueriesContext(connection) as seen:
        owner.get(path)
    assert len(seen) <= PER_DAY + 2, [query["sql"][:90] for query in seen]
