"""Web orders at the counter: found, handed over, paid on the ticket, taken back, and counted once whatever is known."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from kassa_tui.domain.outcome import Done, Outcome, Refused
from kassa_tui.domain.weborder import wishes_of
from kassa_tui.services import access, checkout, selling, shifts, web_orders
from kassa_tui.storage import web_done
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.shop_feed import apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.storage.web_board import ShownOrder
from kassa_tui.sync.wire import Row
from tests.services.conftest import OpenTill
from tests.services.shop_floor import CASHIER, Hands

BREAD, GIN = "6", "14"


def line(no: str, qty: int, amount: int, **more: Any) -> dict[str, Any]:
    """One line as a channel shows it."""
    return {"line": no, "sku": BREAD, "name": "Brood", "qty": qty, "amount": amount, "left": qty, "back": 0, **more}


def row(order_id: str, **more: Any) -> Row:
    """An order in the feed: paid, two breads, ready to be picked up."""
    data = {
        "webshop": "Webwinkel", "number": order_id, "stage": "ready", "status": "processing", "pickup": 1,
        "customer": "J. de Wit", "placed_at": 1000, "modified_at": 1000, "total": 590, "paid": 590, "due": 0,
        "lines": [line("1", 2000, 590)],
    }  # fmt: skip
    return Row(1, "weborder", f"WEB:{order_id}", "put", data | more)


def told(h: Hands, *rows: Row) -> None:
    """The channel shows orders."""
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    try:
        applied = apply_page(db, rows, "e", 1)
        assert applied.refused == ()
    finally:
        db.close()


@pytest.fixture
def h(open_till: OpenTill) -> Hands:
    """A till that is open, with somebody at it."""
    hands = open_till()
    hands.till.act(access.login, CASHIER)
    hands.till.act(shifts.open_shift, 15_000)
    return hands


def order(h: Hands, number: str) -> ShownOrder:
    """The one order with this number."""
    [found] = web_orders.find(h.till, number)
    return found


def entries(h: Hands, kind: str) -> list[dict[str, Any]]:
    """Facts of the entries of a kind."""
    rows = h.till.store.read.execute("select body from journal where kind = ? order by seq", (kind,)).fetchall()
    return [json.loads(row[0]) for row in rows]


def good(outcome: Outcome) -> Done:
    """It was done."""
    assert isinstance(outcome, Done), outcome
    return outcome


def test_a_paid_order_is_handed_over_once_and_without_a_sale(h: Hands) -> None:
    told(h, row("1001"))
    good(h.till.act(web_orders.hand_over, order(h, "1001")))
    [facts] = entries(h, "weborder.handed_over")
    assert facts == {"channel": "WEB", "order": "1001", "number": "1001", "handed": True, "paid": 590,
                     "lines": [{"line": "1", "qty": 2000}]}  # fmt: skip
    assert entries(h, "sale") == []
    assert web_orders.shown(h.till) == []
    again = h.till.act(web_orders.hand_over, order(h, "1001"))
    assert again.code == "web_gone"
    # What the channel shows then says the same.
    told(h, row("1001", stage="done", lines=[line("1", 2000, 590, left=0)]))
    assert order(h, "1001").stage == "done"


def test_what_is_still_to_be_paid_goes_on_the_ticket_and_is_no_turnover(h: Hands) -> None:
    told(h, row("1002", stage="unpaid", paid=200, due=390))
    good(h.till.act(web_orders.hand_over, order(h, "1002")))
    assert h.till.act(web_orders.hand_over, order(h, "1002")).code == "web_on_ticket"
    assert h.till.act(selling.set_quantity, 1, 2000).code == "quantity_fixed"
    assert h.till.act(selling.price, 1, 1).code == "price_fixed"
    h.till.act(selling.scan, BREAD, True)
    good(h.till.act(checkout.cash))
    [sale] = entries(h, "sale")
    assert sale["total"] == 390 + sale["lines"][1]["amount"]
    assert sale["grand"]["sales"] == sale["lines"][1]["amount"]
    assert [block["gross"] for block in sale["vat"] if block["rate"]] == [sale["lines"][1]["amount"]]
    [wish] = wishes_of("sale", sale)
    assert (wish.ref, wish.handed, wish.amount, wish.paid) == ("WEB:1002", True, 390, 200)
    shown = order(h, "1002")
    assert (shown.stage, shown.due, shown.paid) == ("done", 0, 590)
    figures = shifts.x_figures(h.till)
    assert figures["turnover"] == sale["lines"][1]["amount"]
    assert figures["weborders"]["received"] == {"n": 1, "qty": 0, "amount": 390}


def test_nothing_is_handed_over_while_the_ticket_is_not_paid(h: Hands) -> None:
    told(h, row("1003", paid=0, due=590))
    good(h.till.act(web_orders.hand_over, order(h, "1003")))
    assert order(h, "1003").lines[0].left == 2000
    good(h.till.act(selling.void, 1, "toch niet"))
    assert [shown.number for shown in web_orders.shown(h.till)] == ["1003"]


def test_a_part_is_paid_and_the_rest_at_the_next_visit(h: Hands) -> None:
    told(h, row("1004", stage="unpaid", paid=0, due=590))
    assert h.till.act(web_orders.pay, order(h, "1004"), 600).code == "web_amount"
    good(h.till.act(web_orders.pay, order(h, "1004"), 100))
    good(h.till.act(checkout.cash))
    assert (order(h, "1004").due, order(h, "1004").lines[0].left) == (490, 2000)
    told(h, row("1004", stage="unpaid", paid=100, due=490))
    assert order(h, "1004").due == 490
    good(h.till.act(web_orders.hand_over, order(h, "1004")))
    good(h.till.act(checkout.cash))
    assert [sale["total"] for sale in entries(h, "sale")] == [100, 490]
    assert order(h, "1004").due == 0


def test_goods_come_back_and_the_till_pays_out(h: Hands) -> None:
    told(h, row("1005", stage="done", lines=[line("1", 2000, 590, left=0)]))
    assert h.till.act(web_orders.take_back, order(h, "1005"), {"1": 3000}, by_shop=False, restock=True).code == (
        "web_nothing_back"
    )
    good(h.till.act(web_orders.take_back, order(h, "1005"), {"1": 1000}, by_shop=False, restock=True))
    assert h.till.ticket is not None
    assert h.till.ticket.amount == -295
    good(h.till.act(checkout.cash))
    [sale] = entries(h, "sale")
    [wish] = wishes_of("sale", sale)
    assert (wish.back, wish.restock, wish.amount, dict(wish.lines)) == (True, True, -295, {"1": 1000})
    assert sale["grand"]["returns"] == 0
    assert web_orders.returnable(order(h, "1005").lines[0]) == 1000
    figures = shifts.x_figures(h.till)
    assert figures["weborders"]["paid_out"]["amount"] == -295


def test_goods_come_back_and_the_webshop_pays(h: Hands) -> None:
    told(h, row("1006", stage="done", lines=[line("1", 2000, 590, left=0)]))
    good(h.till.act(web_orders.take_back, order(h, "1006"), {"1": 2000}, by_shop=True, restock=False))
    assert h.till.ticket is None
    [facts] = entries(h, "weborder.taken_back")
    assert (facts["amount"], facts["by_shop"], "restock" in facts) == (-590, True, False)
    again = h.till.act(web_orders.take_back, order(h, "1006"), {"1": 1000}, by_shop=True, restock=False)
    assert again.code == "web_nothing_back"


def test_goods_with_an_age_are_not_given_out_unseen(h: Hands) -> None:
    told(h, row("1007", lines=[line("1", 1000, 1499, sku=GIN)], total=1499, paid=1499))
    first = h.till.act(web_orders.hand_over, order(h, "1007"))
    assert isinstance(first, Refused)
    assert (first.code, first.facts["age"]) == ("web_age", 18)
    assert entries(h, "weborder.handed_over") == []
    good(h.till.act(web_orders.hand_over, order(h, "1007"), "ok"))
    assert entries(h, "weborder.handed_over")[0]["age"] == {"18": "ok"}


@pytest.mark.parametrize("stage", ["cancelled", "refunded"])
def test_a_cancelled_order_stays_here(h: Hands, stage: str) -> None:
    told(h, row("1008", stage=stage))
    assert h.till.act(web_orders.hand_over, order(h, "1008")).code == "web_closed"


@pytest.mark.parametrize(
    "text",
    ["1009", "#1009", "WEB:1009", "https://winkel.example.nl/my-account/view-order/1009/?key=wc_order_x",
     "https://winkel.example.nl/?order=1009", "KASSA WEB:1009"],
)  # fmt: skip
def test_an_order_is_found_by_whatever_its_code_says(h: Hands, text: str) -> None:
    told(h, row("1009"), row("2001"))
    assert [found.number for found in web_orders.find(h.till, text)] == ["1009"]


def test_each_act_has_a_key_that_no_other_ever_gets(h: Hands) -> None:
    told(h, row("1012"), row("1013"))
    good(h.till.act(web_orders.hand_over, order(h, "1012")))
    good(h.till.act(web_orders.hand_over, order(h, "1013")))
    con = h.till.store.read
    found = web_done.done_since(con, "WEB", 0)
    ids = [web_done.mark_of(con, seq) for (seq,) in con.execute("select seq from web_done order by seq")]
    assert [key for key, _, _ in found] == [f"{entry}:1" for entry in ids]
    assert [wish.order for _, _, wish in found] == ["1012", "1013"]
    last = con.execute("select max(seq) from journal").fetchone()[0]
    assert [wish.order for _, _, wish in web_done.done_since(con, "WEB", last - 1)] == ["1013"]
    assert web_done.mark_of(con, last + 1) == ""


def test_odd_rows_of_a_feed_are_left_out(h: Hands) -> None:
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    try:
        odd = [
            row("1", stage="weird"), row("2", lines="none"), row("3", lines=[{"line": 1}]), row("4", total="x"),
            Row(1, "weborder", "WEB", "put", {"lines": []}),
        ]  # fmt: skip
        assert len(apply_page(db, odd, "e", 1).refused) == len(odd)
    finally:
        db.close()
    assert web_orders.shown(h.till) == []


def test_the_projection_is_that_of_the_journal(h: Hands) -> None:
    told(h, row("1010"), row("1011", paid=0, due=590))
    good(h.till.act(web_orders.hand_over, order(h, "1010")))
    good(h.till.act(web_orders.hand_over, order(h, "1011")))
    good(h.till.act(checkout.cash))
    before = h.till.store.read.execute("select * from web_done order by seq, no").fetchall()
    assert len(before) == 2
    folder = h.till.store.folder
    h.till.close()
    con = sqlite3.connect(folder / TILL_DB, isolation_level=None)
    try:
        assert [table.table for table in rebuild(con, "K1").tables] == []
        assert con.execute("select * from web_done order by seq, no").fetchall() == before
    finally:
        con.close()
