"""Receiving against an order of the office: what is still to come, what came, and what the journal says of it."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from kassa_tui.domain.outcome import Done
from kassa_tui.services import purchases, stock
from kassa_tui.services.purchases import Differences
from kassa_tui.services.stock import Paper, open_orders
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.shop_feed import Applied, apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.sync.wire import Row
from tests.services.conftest import OpenTill
from tests.services.shop_floor import MANAGER, Hands

BREAD, COLA, MILK = "6", "7", "nog-niet-hier"
UNKNOWN = "8712345678906"
NUMBER = "B26-0001"


def order_line(sku: str, qty: int, got: int = 0, **tills: int) -> dict[str, Any]:
    """A line as the feed has it."""
    return {"sku": sku, "name": f"Artikel {sku}", "qty": qty, "got": got, "tills": tills}


def told(h: Hands, *lines: dict[str, Any], number: str = NUMBER, **more: Any) -> Applied:
    """The office tells of an order, or without lines that it is no more."""
    data = {"supplier": "Bakkerij Jansen", "expected": "2026-11-24", "lines": list(lines), **more}
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    try:
        return apply_page(db, [Row(1, "order", number, "put" if lines else "del", data if lines else {})], "e", 1)
    finally:
        db.close()


def begun(h: Hands, number: str = NUMBER) -> Paper:
    """A delivery of the order."""
    outcome = h.till.act(stock.begin, "receive", {"order": number, "supplier": "Bakkerij Jansen"})
    assert isinstance(outcome, Done), outcome
    paper: Paper = outcome.facts["paper"]
    return paper


def still_open(h: Hands) -> dict[str, int]:
    """What is still to come of the first order."""
    return {line.sku: line.open for order in open_orders(h.till)[:1] for line in order.lines}


def bodies(h: Hands) -> list[dict[str, Any]]:
    """Facts of the deliveries in the journal."""
    rows = h.till.store.read.execute("select body from journal where kind = 'stock.received' order by seq").fetchall()
    return [json.loads(row[0]) for row in rows]


def test_a_delivery_beside_its_order(open_till: OpenTill) -> None:
    h = open_till().open_shop()
    told(h, order_line(BREAD, 24_000), order_line(MILK, 6000), order_line("9", 5000, 5000))
    paper = begun(h)
    order = purchases.order_of(h.till, paper)
    assert order is not None
    assert (order.supplier, order.expected, order.open_lines) == ("Bakkerij Jansen", "2026-11-24", 2)
    h.till.act(stock.add, paper, BREAD, 26_000)
    h.till.act(stock.add, paper, COLA, 2000)
    h.till.act(stock.add, paper, UNKNOWN)
    rows = purchases.against(order, paper)
    assert [(key, row.expected, row.line.qty, row.difference, row.ordered) for key, row in rows.items()] == [
        (BREAD, 24_000, 26_000, 2000, True), (MILK, 6000, 0, -6000, True), (COLA, 0, 2000, 2000, False),
        (f"?0{UNKNOWN}", 0, 1000, 1000, False),
    ]  # fmt: skip
    assert purchases.differences(order, paper) == Differences(1, 1, 1, 1, 0)
    assert h.till.act(purchases.put, paper, rows[MILK], 6000).code == "stock_set"
    assert h.till.act(purchases.put, paper, rows[BREAD], 24_000).code == "stock_set"
    assert purchases.differences(order, paper) == Differences(0, 0, 1, 1, 2)
    assert isinstance(h.till.act(stock.book, paper), Done)
    (body,) = bodies(h)
    assert (body["order"], body["supplier"]) == (NUMBER, "Bakkerij Jansen")
    assert "finished" not in body
    assert body["lines"] == [
        {"sku": BREAD, "qty": 24_000, "expected": 24_000}, {"sku": COLA, "qty": 2000, "expected": 0},
        {"sku": MILK, "qty": 6000, "expected": 6000},
    ]  # fmt: skip
    assert body["unknown"] == [{"code": f"0{UNKNOWN}", "qty": 1000}]


def test_what_this_till_booked_counts_once_whether_the_office_heard_of_it_or_not(open_till: OpenTill) -> None:
    h = open_till().open_shop(MANAGER)
    told(h, order_line(BREAD, 24_000, 4000, K2=4000))
    h.do(f"book receive {NUMBER} 6=10")
    assert still_open(h) == {BREAD: 10_000}
    told(h, order_line(BREAD, 24_000, 14_000, K1=10_000, K2=4000))
    assert still_open(h) == {BREAD: 10_000}
    h.do(f"book receive {NUMBER} 6=3")
    assert still_open(h) == {BREAD: 7000}
    # Of a machine that took this one's place the office may know more than the machine itself.
    told(h, order_line(BREAD, 24_000, 20_000, K1=20_000))
    assert still_open(h) == {BREAD: 4000}


def test_an_order_of_which_nothing_more_comes_is_gone_from_the_list(open_till: OpenTill) -> None:
    h = open_till().open_shop()
    told(h, order_line(BREAD, 24_000))
    told(h, order_line(COLA, 6000), number="B26-0002", expected=None)
    assert [order.number for order in open_orders(h.till)] == [NUMBER, "B26-0002"]
    paper = begun(h)
    h.till.act(stock.add, paper, BREAD, 20_000)
    h.till.act(stock.book, paper, finished=True)
    assert bodies(h)[0]["finished"] is True
    assert [order.number for order in open_orders(h.till)] == ["B26-0002"]
    paper = begun(h, "B26-0002")
    assert h.till.act(stock.book, paper).code == "stock_empty"
    assert h.till.act(stock.book, paper, finished=True).code == "stock_booked"
    assert open_orders(h.till) == []
    told(h, number="B26-0002")
    told(h)
    assert open_orders(h.till) == []


def test_a_delivery_without_an_order_is_never_finished(at_till: Hands) -> None:
    outcome = at_till.till.act(stock.begin, "receive", {"order": "", "supplier": "X"})
    at_till.till.act(stock.add, outcome.facts["paper"], BREAD)
    at_till.till.act(stock.book, outcome.facts["paper"], finished=True)
    assert [sorted(body) for body in bodies(at_till)] == [["by", "id", "lines", "order", "supplier", "unknown"]]


def test_a_line_that_was_not_scanned_is_not_taken_off_and_bad_numbers_leave_nothing(open_till: OpenTill) -> None:
    h = open_till().open_shop()
    told(h, order_line(BREAD, 24_000))
    paper = begun(h)
    order = purchases.order_of(h.till, paper)
    assert order is not None
    row = purchases.against(order, paper)[BREAD]
    assert h.till.act(purchases.put, paper, row, 0).code == "no_line"
    assert h.till.act(purchases.put, paper, row, 1500).code == "whole_pieces"
    assert paper.lines == {}


@pytest.mark.parametrize(
    "lines",
    [
        "geen", [1], [{"sku": "6"}], [{"sku": "", "qty": 1}], [{"sku": "6", "qty": "veel"}],
        [{"sku": "6", "qty": 1, "unit": "liter"}], [{"sku": "6", "qty": 1, "tills": [1]}],
        [{"sku": "6", "qty": 1, "tills": {"K1": "x"}}],
    ],
)  # fmt: skip
def test_an_order_that_is_not_understood_is_left_out(open_till: OpenTill, lines: Any) -> None:
    h = open_till().open_shop()
    applied = told(h, order_line(BREAD, 1000), lines=lines)
    assert applied.refused == (("order", NUMBER, applied.refused[0][2]),)
    assert open_orders(h.till) == []


def test_a_rebuild_knows_the_receipts_of_orders(open_till: OpenTill) -> None:
    h = open_till().open_shop()
    told(h, order_line(BREAD, 24_000))
    paper = begun(h)
    h.till.act(stock.add, paper, BREAD, 2000)
    h.till.act(stock.book, paper, finished=True)
    path = h.till.store.folder / TILL_DB
    h.close()
    con = sqlite3.connect(path)
    try:
        (row,) = con.execute("select * from order_receipt").fetchall()
        assert row[1:] == (NUMBER, 1)
        con.execute("delete from order_receipt")
        con.commit()
        assert [table.table for table in rebuild(con, "K1").tables] == ["order_receipt"]
        assert con.execute("select * from order_receipt").fetchall() == [row]
    finally:
        con.close()
