"""Orders that travel to the tills of their branch, and what the tills book on them."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

from kassa_office.catalogue import feed, snapshot
from kassa_office.journal.rebuild import rebuild
from kassa_office.stock import ledger, orders
from kassa_office.stock.models import PurchaseOrder, StockReceipt
from kassa_tui.storage.database import migrate, open_database
from kassa_tui.storage.purchases import Order
from kassa_tui.storage.purchases import orders as known_at
from kassa_tui.storage.shop_feed import apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.storage.till_schema import STEPS
from tests.office.conftest import MakeTill, TillHere
from tests.office.stock.shelves import article, branch, push
from tests.office.stock.test_pages import as_user, page_of


class Shop:
    """The ``shop.db`` of a till that reads the feed, and an empty ``till.db`` beside it."""

    def __init__(self, here: TillHere, folder: Path) -> None:
        self.here, self.cursor = here, 0
        self.db = open_shop(folder / f"{here.till.code}.db", "NL")
        path = folder / f"{here.till.code}-till.db"
        till = open_database(path)
        till.connect()
        migrate(till, path, STEPS)
        self.till: sqlite3.Connection = till.connection()

    def orders(self) -> list[Order]:
        """What the till shows after a pull."""
        page = feed.page(self.here.till, self.cursor)
        applied = apply_page(self.db, page.rows, page.epoch, page.cursor)
        assert applied.refused == ()
        self.cursor = page.cursor
        return known_at(self.db, self.till, self.here.till.code)


def sent(*lines: tuple[str, int], place: str = "B1") -> PurchaseOrder:
    """An order on its way."""
    return orders.send(orders.make(place, "L1", lines, "els").number)


def received(here: TillHere, number: str, *lines: tuple[str, int], **more: Any) -> None:
    """A delivery that a till booked; not yet sent."""
    here.book.add(
        "stock.received", {"order": number, "lines": [{"sku": sku, "qty": qty} for sku, qty in lines], **more}
    )


def test_an_order_travels_to_the_tills_of_its_branch_until_it_is_closed(make_till: MakeTill, tmp_path: Path) -> None:
    one, other = make_till("B1", "K1"), make_till("B2", "K2")
    article("6", name="Krentenbol")
    article("9", unit="kg")
    here, elsewhere = Shop(one, tmp_path), Shop(other, tmp_path)
    draft = orders.make("B1", "L1", [("6", 24_000), ("9", 2500)], "els")
    assert here.orders() == []
    orders.send(draft.number)
    (order,) = here.orders()
    assert (order.number, order.supplier, order.expected) == (draft.number, "Leverancier L1", _expected(draft))
    assert [(x.sku, x.name, x.unit, x.ordered, x.received) for x in order.lines] == [
        ("6", "Krentenbol", "each", 24_000, 0), ("9", "Artikel 9", "kg", 2500, 0)
    ]  # fmt: skip
    assert elsewhere.orders() == []
    orders.receive(draft.number, [("6", 4000)], "els")
    assert [x.open for x in here.orders()[0].lines] == [20_000, 2500]
    orders.close(draft.number)
    assert here.orders() == []


def _expected(order: PurchaseOrder) -> str:
    order.refresh_from_db()
    assert order.expected is not None
    return order.expected.isoformat()


def test_a_snapshot_holds_the_orders_of_its_branch(make_till: MakeTill, tmp_path: Path) -> None:
    one = make_till("B1")
    branch("B2")
    article("6")
    order = sent(("6", 24_000))
    sent(("6", 5000), place="B2")
    feed.head()
    snapshot.build(tmp_path / "shop.db", one.till.branch)
    con = sqlite3.connect(tmp_path / "shop.db")
    assert con.execute("select number, supplier from purchase_order").fetchall() == [(order.number, "Leverancier L1")]
    con.close()


def test_what_tills_book_is_the_same_in_any_order_and_however_often(make_till: MakeTill, tmp_path: Path) -> None:
    tills = [make_till("B1", "K1"), make_till("B1", "K2")]
    article("6")
    article("7")
    order = sent(("6", 24_000), ("7", 6000))
    shop = Shop(tills[0], tmp_path)
    received(tills[0], order.number, ("6", 10_000))
    received(tills[1], order.number, ("6", 5000), ("7", 1000))
    received(tills[0], order.number, ("6", 2000), ("8", 3000), unknown=[{"code": "871", "qty": 4000}])
    batches = [(here, here.book.batch(n, n)) for here in tills for n in range(1, len(here.book.entries) + 1)] * 2
    random.Random(7).shuffle(batches)
    for here, batch in batches:
        push(here, batch)
        orders.refresh()
    order.refresh_from_db()
    assert (order.state, orders.received(order)) == ("partly", {"6": 17_000, "7": 1000, "8": 3000})
    assert [(x.sku, x.ordered, x.received, x.open) for x in orders.lines_of(order)] == [
        ("6", 24_000, 17_000, 7000), ("7", 6000, 1000, 5000), ("8", 0, 3000, 0)
    ]  # fmt: skip
    assert orders.refresh() is None
    # What of it K1 booked itself, its own journal says already; here that is empty, so the office is believed.
    assert [x.received for x in shop.orders()[0].lines] == [17_000, 1000]
    came = sorted((x.till, x.seq, orders.unknown_of(x)) for x in StockReceipt.objects.filter(branch="B1"))
    assert came == [("K1", 1, []), ("K1", 2, [("871", 4000)]), ("K2", 1, [])]
    received(tills[1], order.number, ("6", 7000), ("7", 5000))
    push(tills[1])
    assert orders.refresh() == "1 orders"
    order.refresh_from_db()
    assert order.state == "closed"
    assert shop.orders() == []
    assert ledger.levels(["B1"]) == {("B1", "6"): 24_000, ("B1", "7"): 6000, ("B1", "8"): 3000}
    assert rebuild() == {}


def test_a_till_may_say_that_no_more_will_come(make_till: MakeTill) -> None:
    here = make_till("B1")
    article("6")
    short, none, other = sent(("6", 24_000)), sent(("6", 5000)), sent(("6", 5000))
    received(here, short.number, ("6", 20_000), finished=True)
    received(here, none.number, finished=True)
    push(here)
    assert orders.refresh() == "2 orders"
    states = dict(PurchaseOrder.objects.values_list("number", "state"))
    assert states == {short.number: "closed", none.number: "closed", other.number: "sent"}
    assert orders.on_order("B1") == {"6": 5000}


def test_another_branchs_order_is_not_booked_on(make_till: MakeTill) -> None:
    here = make_till("B2", "K2")
    branch("B1")
    article("6")
    order = sent(("6", 24_000))
    received(here, order.number, ("6", 24_000), finished=True)
    assert push(here) == ["stored"]
    assert orders.refresh() is None
    order.refresh_from_db()
    assert (order.state, ledger.levels(["B2"])) == ("sent", {("B2", "6"): 24_000})


def test_pages_show_what_tills_received_and_which_codes_nobody_knew(make_till: MakeTill) -> None:
    here = make_till("B1")
    article("6")
    order = sent(("6", 24_000))
    received(here, order.number, ("6", 24_000), unknown=[{"code": "<b>871</b>", "qty": 4000}], finished=True)
    received(here, "", ("6", 1000), supplier="Markt")
    push(here)
    client = as_user("manager", "B1")
    page = page_of(client, f"/voorraad/bestellingen/{order.number}/")
    assert "4 × &lt;b&gt;871&lt;/b&gt;" in page
    listed = page_of(client, "/voorraad/bestellingen/")
    assert f"{order.number}, er komt niets meer" in listed
    assert "Markt" in listed
    assert "Markt" not in page
    assert order.number not in page_of(as_user("manager", "B2"), "/voorraad/bestellingen/?staat=alle")
