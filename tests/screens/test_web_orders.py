"""Web orders on the screen: the list, one order, handing over, and taking back."""

from __future__ import annotations

import json
from typing import Any

from kassa_tui.storage.shop_feed import apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.sync.wire import Row
from tests.screens.hand import BREAD, GIN, Hand
from tests.screens.test_goldens import chosen


def told(h: Hand, *orders: dict[str, Any]) -> None:
    """The channel shows orders."""
    usual = {
        "webshop": "Webwinkel", "stage": "ready", "status": "processing", "pickup": 1, "customer": "J. de Wit",
        "placed_at": h.clock.at - 3_600_000, "modified_at": h.clock.at, "total": 590, "paid": 590, "due": 0,
        "lines": [{"line": "7", "sku": BREAD, "name": "Waldkornbrood", "qty": 2000, "amount": 590, "left": 2000,
                   "back": 0}],
    }  # fmt: skip
    rows = [Row(1, "weborder", f"WEB:{each['number']}", "put", usual | each) for each in orders]
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    try:
        assert apply_page(db, rows, "e", 1).refused == ()
    finally:
        db.close()


def last(h: Hand, kind: str) -> dict[str, Any]:
    """Facts of the last entry of a kind."""
    row = h.till.store.read.execute("select body from journal where kind = ? order by seq desc", (kind,)).fetchone()
    found: dict[str, Any] = json.loads(row[0])
    return found


def test_the_list_shows_who_comes_for_what(at_till: Hand) -> None:
    told(at_till, {"number": "1001"}, {"number": "1002", "stage": "unpaid", "paid": 0, "due": 590, "customer": "Bo"},
         {"number": "1003", "pickup": 0, "stage": "prepare"})  # fmt: skip
    h = chosen(at_till, "Webbestellingen")
    text = h.text()
    assert "Webbestellingen: 3" in text
    assert [line.split()[0] for line in text.splitlines() if line.strip().startswith("100")] == ["1001", "1003", "1002"]
    assert "ligt klaar" in text
    assert "€ 5,90" in text or "5,90" in text
    assert "verzenden" in text


def test_a_scanned_order_is_handed_over(at_till: Hand) -> None:
    told(at_till, {"number": "1001"})
    h = chosen(at_till, "Webbestellingen").scan("https://winkel.example.nl/order/1001/")
    text = h.text()
    assert "Webwinkel 1001" in text
    assert "J. de Wit" in text
    h.press("pay")
    assert "1001" in h.desk.message
    assert last(h, "weborder.handed_over")["order"] == "1001"
    assert h.desk.top is h.desk.views[0]


def test_an_unknown_number_is_said_so(at_till: Hand) -> None:
    told(at_till, {"number": "1001"})
    h = chosen(at_till, "Webbestellingen").enter("4711")
    assert "4711" in h.desk.message
    assert h.app.sounds[-1] == "unknown"


def test_what_is_to_be_paid_lies_on_the_ticket(at_till: Hand) -> None:
    told(at_till, {"number": "1002", "stage": "unpaid", "paid": 0, "due": 590})
    h = chosen(at_till, "Webbestellingen").enter("1002").press("pay")
    assert "Webwinkel 1002" in h.text()
    h.press("cash")
    assert last(h, "sale")["lines"][0]["kind"] == "weborder"


def test_an_age_is_asked_before_goods_are_given(at_till: Hand) -> None:
    lines = [{"line": "7", "sku": GIN, "name": "Jenever", "qty": 1000, "amount": 1499, "left": 1000, "back": 0}]
    told(at_till, {"number": "1004", "lines": lines})
    h = chosen(at_till, "Webbestellingen").enter("1004").press("pay")
    assert "18 jaar" in h.text()
    h.type("j")
    assert last(h, "weborder.handed_over")["age"] == {"18": "ok"}


def test_goods_come_back_and_are_paid_out(at_till: Hand) -> None:
    lines = [{"line": "7", "sku": BREAD, "name": "Brood", "qty": 2000, "amount": 590, "left": 0, "back": 0}]
    told(at_till, {"number": "1005", "stage": "done", "lines": lines})
    h = chosen(at_till, "Webbestellingen").enter("1005").press("return")
    h.press("pay")
    assert "Kies eerst" in h.desk.message
    h.enter("3")
    assert "2" in h.desk.message
    h.enter("1")
    assert "2,95" in h.text()
    h.press("pay").type("1")
    assert h.till.ticket is not None
    assert h.till.ticket.amount == -295


def test_goods_come_back_and_the_shop_pays(at_till: Hand) -> None:
    lines = [{"line": "7", "sku": BREAD, "name": "Brood", "qty": 2000, "amount": 590, "left": 0, "back": 0}]
    told(at_till, {"number": "1006", "stage": "done", "lines": lines})
    h = chosen(at_till, "Webbestellingen").enter("1006").press("return").press("repeat", "pay").type("4")
    facts = last(h, "weborder.taken_back")
    assert (facts["amount"], facts["by_shop"], facts.get("restock", False)) == (-590, True, False)
    assert "5,90" in h.desk.message
