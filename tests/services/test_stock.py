"""Stock at the till: papers that are filled and booked, what survives the power, and what there is here."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from peewee import SqliteDatabase

from kassa_tui.domain.outcome import Done, Outcome
from kassa_tui.services import access, stock
from kassa_tui.services.stock import Paper
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.shop_schema import STOCK_AT, open_shop, set_meta
from kassa_tui.storage.stock import BranchStock
from kassa_tui.storage.till_schema import STEPS
from kassa_tui.storage.till_store import TILL_DB
from tests.services.conftest import OpenTill
from tests.services.shop_floor import CASHIER, MANAGER, MINUTE, Hands

BREAD, BREAD_CODE, COLA, SIX, BANANAS = "6", "8710400280507", "7", "87000009", "1"
UNKNOWN = "8712345678906"


def begun(h: Hands, kind: str, **head: str) -> Paper:
    """A new paper."""
    outcome = h.till.act(stock.begin, kind, head)
    assert isinstance(outcome, Done), outcome
    paper: Paper = outcome.facts["paper"]
    return paper


def add(h: Hands, paper: Paper, raw: str, thousandths: int | None = None) -> Outcome:
    """A code on it."""
    return h.till.act(stock.add, paper, raw, thousandths)


def entries(h: Hands, kind: str) -> list[dict[str, Any]]:
    """Facts of the entries of a kind, without what is new each time."""
    rows = h.till.store.read.execute("select body from journal where kind = ? order by seq", (kind,)).fetchall()
    return [{name: value for name, value in json.loads(row[0]).items() if name != "id"} for row in rows]


def told(h: Hands, *rows: tuple[str, str, int, int], own: str = "B1") -> None:
    """The office tells of stock: branch, article, thousandths, time."""
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    try:
        db.execute_sql("replace into meta values ('office_branch', ?)", (own,))
        for code, name in (("B1", "De Hoek"), ("B2", "Markt"), ("WEB", "Webshop")):
            db.execute_sql("replace into branch values (?, ?, 1)", (code, name))
        for branch, sku, qty, at in rows:
            db.execute_sql("replace into branch_stock values (?, ?, ?, ?)", (sku, branch, qty, at))
    finally:
        db.close()


def lines_of(paper: Paper) -> list[tuple[str, int]]:
    """Key and thousandths."""
    return [(key, line.qty) for key, line in paper.lines.items()]


def test_a_count_adds_up_and_keeps_what_nobody_knows(at_till: Hands) -> None:
    paper = begun(at_till, "count", area="Winkel")
    add(at_till, paper, BREAD_CODE)
    add(at_till, paper, COLA, 12_000)
    assert add(at_till, paper, UNKNOWN, 3000).code == "stock_unknown"
    add(at_till, paper, UNKNOWN)
    outcome = add(at_till, paper, BREAD, 4000)
    assert (outcome.code, outcome.facts["total"]) == ("stock_added", 5000)
    assert add(at_till, paper, SIX, 2000).facts["quantity"] == 12_000
    assert add(at_till, paper, BANANAS).code == "stock_weight"
    assert add(at_till, paper, BANANAS, 2350).code == "stock_added"
    assert add(at_till, paper, BREAD, 1500).code == "whole_pieces"
    assert add(at_till, paper, "8710400280508").code == "check_digit"
    assert lines_of(paper) == [
        (COLA, 12_000), (f"?0{UNKNOWN}", 4000), (BREAD, 5000), ("8", 12_000), (BANANAS, 2350)
    ]  # fmt: skip
    booked = at_till.till.act(stock.book, paper)
    assert (booked.code, booked.facts["lines"], booked.facts["unknown"]) == ("stock_booked", 4, 1)
    (body,) = entries(at_till, "stock.count")
    assert body["lines"][1] == {"sku": BREAD, "code": BREAD, "qty": 5000, "expected": 40_000}
    assert (body["area"], body["by"], body["unknown"]) == ("Winkel", "1", [{"code": f"0{UNKNOWN}", "qty": 4000}])
    assert stock.papers(at_till.till) == []


@pytest.mark.parametrize(
    ("kind", "head", "journaled", "facts"),
    [
        ("receive", {"order": "B26-0001", "supplier": ""}, "stock.received",
         {"order": "B26-0001", "supplier": "", "unknown": []}),
        ("send", {"branch": "B2"}, "stock.transfer", {"branch": "B2", "direction": "sent", "number": "K1-V1"}),
        ("arrive", {"branch": "B2", "number": "K9-V4"}, "stock.transfer",
         {"branch": "B2", "direction": "arrived", "number": "K9-V4"}),
        ("waste", {"reason": "Kapot"}, "stock.waste", {"reason": "Kapot"}),
        ("correct", {"reason": "Gevonden"}, "stock.correct", {"reason": "Gevonden"}),
    ],
)  # fmt: skip
def test_each_kind_of_paper_is_one_entry(
    open_till: OpenTill, kind: str, head: dict[str, str], journaled: str, facts: dict[str, Any]
) -> None:
    h = open_till().open_shop(MANAGER)
    paper = begun(h, kind, **head)
    add(h, paper, BREAD, 3000)
    assert isinstance(h.till.act(stock.book, paper), Done)
    assert entries(h, journaled) == [{"by": "9", "lines": [{"sku": BREAD, "qty": 3000}], **facts}]


def test_transfers_are_numbered_on(open_till: OpenTill) -> None:
    h = open_till().open_shop(MANAGER)
    for number in ("K1-V1", "K1-V2"):
        paper = begun(h, "send", branch="B2")
        add(h, paper, BREAD)
        assert h.till.act(stock.book, paper).facts["number"] == number


def test_a_paper_survives_the_power_and_is_booked_once(open_till: OpenTill) -> None:
    h = open_till().open_shop()
    paper = begun(h, "count", area="Magazijn")
    for code in (BREAD, COLA, UNKNOWN, BREAD):
        add(h, paper, code, 2000)
    h.till.act(stock.put, paper, COLA, 0)
    h.till.act(stock.remove, paper, f"?0{UNKNOWN}")
    h.close()
    h = open_till()
    h.do(f"login {CASHIER}")
    (again,) = stock.papers(h.till)
    assert (again.id, again.kind, again.head) == (paper.id, "count", {"area": "Magazijn"})
    assert sorted(lines_of(again)) == [(BREAD, 4000), (COLA, 0)]
    assert isinstance(h.till.act(stock.resume, again), Done)
    assert isinstance(h.till.act(stock.book, again), Done)
    h.close()
    h = open_till()
    assert stock.papers(h.till) == []
    assert len(entries(h, "stock.count")) == 1


def test_booking_and_forgetting_the_paper_is_one_transaction(at_till: Hands) -> None:
    paper = begun(at_till, "count", area="")
    add(at_till, paper, BREAD)
    other = begun(at_till, "count", area="Elders")
    add(at_till, other, COLA)
    at_till.till.act(stock.book, paper)
    assert [one.id for one in stock.papers(at_till.till)] == [other.id]
    at_till.till.act(stock.throw_away, other)
    assert stock.papers(at_till.till) == []
    assert len(entries(at_till, "stock.count")) == 1


def test_what_the_disk_lost_is_written_again_whole(at_till: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    from kassa_tui.storage import stock as storage
    from kassa_tui.storage.database import StorageError

    paper = begun(at_till, "count", area="")
    add(at_till, paper, BREAD)

    def full(*_: object) -> None:
        raise StorageError("disk_full", {})

    with monkeypatch.context() as broken:
        broken.setattr(storage, "append_draft", full)
        add(at_till, paper, COLA)
        at_till.till.store.flush()
    assert at_till.till.trouble == "disk_full"
    add(at_till, paper, SIX)
    at_till.till.store.flush()
    assert [lines_of(one) for one in stock.papers(at_till.till)] == [lines_of(paper)]
    assert len(paper.lines) == 3


def test_who_may_not_asks_a_manager(at_till: Hands) -> None:
    outcome = at_till.till.act(stock.begin, "waste", {"reason": "Kapot"})
    assert (outcome.code, outcome.facts["permission"]) == ("needs_approval", "stock_correct")
    assert at_till.till.act(access.approve, MANAGER).code == "stock_begun"
    (paper,) = stock.papers(at_till.till)
    assert paper.by == "9"
    assert at_till.refused("book waste Kapot 6=1") == "needs_approval"
    assert at_till.do(f"approve {MANAGER}")["facts"]["lines"] == 1
    assert entries(at_till, "stock.waste")[0]["by"] == "9"
    at_till.do("lock")
    assert at_till.till.act(stock.begin, "count", {}).code == "not_logged_in"
    assert at_till.till.act(stock.book, paper).code == "not_logged_in"


def test_what_a_paper_needs_is_asked_for(open_till: OpenTill) -> None:
    h = open_till().open_shop(MANAGER)
    told(h)
    for kind, head, code in (
        ("send", {"branch": "B9"}, "unknown_branch"), ("send", {"branch": "B1"}, "unknown_branch"),
        ("arrive", {"branch": "B2"}, "stock_number_needed"), ("waste", {}, "reason_needed"),
    ):  # fmt: skip
        assert h.till.act(stock.begin, kind, head).code == code
    paper = begun(h, "waste", reason="Kapot")
    assert h.till.act(stock.book, paper).code == "stock_empty"
    assert add(h, paper, UNKNOWN).code == "unknown_code"
    assert h.till.act(stock.put, paper, "x", 1000).code == "no_line"
    assert h.till.act(stock.remove, paper, "x").code == "no_line"
    add(h, paper, BREAD, 2000)
    assert h.till.act(stock.put, paper, BREAD, 1500).code == "whole_pieces"
    assert h.till.act(stock.put, paper, BREAD, stock.MAX_PIECES + 1000).code == "stock_too_many"
    assert add(h, paper, BREAD, stock.MAX_PIECES).code == "stock_too_many"
    assert h.till.act(stock.put, paper, BREAD, 0).code == "stock_removed"
    assert h.till.act(stock.add_sku, paper, "999").code == "unknown_code"
    assert h.till.act(stock.add_sku, paper, BANANAS).code == "stock_weight"
    assert h.till.act(stock.add_sku, paper, COLA, 2000).code == "stock_added"


def test_what_is_here_follows_what_happens_here(open_till: OpenTill) -> None:
    h = open_till().open_shop(MANAGER)
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    set_meta(db, STOCK_AT, str(h.clock.at))
    db.close()
    assert (stock.here(h.till, BREAD), stock.here(h.till, BANANAS)) == (40_000, None)
    h.clock.pass_(MINUTE)
    h.do("6", "pay cash")
    assert stock.here(h.till, BREAD) == 39_000
    h.clock.pass_(MINUTE)
    told(h, ("B1", BREAD, 40_000, h.clock.at), ("B2", BREAD, 7000, h.clock.at))
    assert stock.here(h.till, BREAD) == 40_000
    h.clock.pass_(MINUTE)
    h.do("5 * 6", "pay cash", "3 * 6", "pay cash")
    h.do("book receive B26-0001 6=24", "book waste Kapot 6=2", "book send B2 6=10", "book correct Gevonden 6=-1 7=4")
    assert stock.here(h.till, BREAD) == 40_000 - 8000 + 24_000 - 2000 - 10_000 - 1000
    h.clock.pass_(MINUTE)
    h.do("book count Winkel 6=30")
    assert stock.here(h.till, BREAD) == 30_000
    h.clock.pass_(MINUTE)
    h.do("6", "pay cash", "book arrive B2/K9-V1 6=5")
    assert stock.here(h.till, BREAD) == 34_000
    assert entries(h, "stock.count")[0]["lines"] == [{"sku": BREAD, "code": BREAD, "qty": 30_000, "expected": 43_000}]
    told(h, ("B1", BREAD, 33_000, h.clock.at))
    assert stock.here(h.till, BREAD) == 33_000


def test_what_there_is_elsewhere_and_how_old_that_is(open_till: OpenTill) -> None:
    h = open_till().open_shop()
    at = h.clock.at - 5 * MINUTE
    told(h, ("B1", BREAD, 40_000, at), ("WEB", BREAD, 3000, at), ("B2", BREAD, 12_000, at))
    assert h.till.catalogue.in_branches([BREAD, COLA]) == {
        BREAD: [BranchStock("B1", "De Hoek", 40_000, at, True), BranchStock("B2", "Markt", 12_000, at, False),
                BranchStock("WEB", "Webshop", 3000, at, False)]
    }  # fmt: skip
    assert h.till.catalogue.other_branches() == [("B2", "Markt"), ("WEB", "Webshop")]
    facts = h.do("stock 6")["facts"]
    assert (facts["quantity"], [(one["name"], one["quantity"], one["at"]) for one in facts["branches"]]) == (
        40_000, [("Markt", 12_000, at), ("Webshop", 3000, at)]
    )  # fmt: skip
    assert h.do("stock 9")["facts"]["quantity"] == 22_000
    assert h.refused("stock 1") == "unknown_stock"
    assert h.refused(f"stock {UNKNOWN}") == "unknown_code"
    assert h.refused("stock") == "bad_act"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("book", "bad_act"), ("book count", "bad_act"), ("book count -", "bad_act"), ("book steal - 6=1", "bad_act"),
        ("book count - 6", "bad_act"), ("book count - 6=veel", "bad_quantity"),
        ("book waste Kapot 6=-1", "bad_quantity"), ("book receive - 1=0", "bad_quantity"),
        ("book waste - 6=1", "reason_needed"),
        ("book arrive B2 6=1", "stock_number_needed"), ("book receive - 8710400280508=1", "check_digit"),
    ],
)  # fmt: skip
def test_papers_in_one_line_that_are_refused_leave_nothing(open_till: OpenTill, line: str, code: str) -> None:
    h = open_till().open_shop(MANAGER)
    assert h.refused(line) == code
    h.till.store.flush()
    assert stock.papers(h.till) == []


def test_a_count_of_nothing(at_till: Hands) -> None:
    at_till.do("book count - 6=0 7=3")
    assert [line["qty"] for line in entries(at_till, "stock.count")[0]["lines"]] == [0, 3000]


def as_of(path: Path, version: int) -> None:
    """Take away the tables that later steps made."""
    before = SqliteDatabase(":memory:")
    for step in STEPS[:version]:
        step.run(before)
    sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    con = sqlite3.connect(path)
    later = {row[0] for row in con.execute(sql)} - {row[0] for row in before.execute_sql(sql).fetchall()}
    con.executescript(f"{''.join(f'drop table {table};' for table in later)} pragma user_version = {version}")
    con.close()


def test_a_till_of_before_gets_the_tables(open_till: OpenTill) -> None:
    h = open_till().open_shop(MANAGER)
    path = h.till.store.folder / TILL_DB
    h.close()
    as_of(path, 1)
    h = open_till()
    h.do(f"login {MANAGER}", "book receive - 6=2")
    assert h.till.store.read.execute("select sku, qty from stock_move").fetchall() == [(BREAD, 2000)]


def test_receipts_of_before_are_known_of_their_order(open_till: OpenTill) -> None:
    h = open_till().open_shop(MANAGER)
    h.do("book receive B26-0001 6=2", "book receive - 6=1")
    path = h.till.store.folder / TILL_DB
    h.close()
    con = sqlite3.connect(path)
    was = con.execute("select * from order_receipt").fetchall()
    con.close()
    as_of(path, 2)
    rows = open_till().till.store.read.execute("select * from order_receipt").fetchall()
    assert ([row[1:] for row in rows], rows) == ([("B26-0001", 0)], was)


def test_a_rebuild_gives_the_same_movements_and_leaves_open_papers(open_till: OpenTill) -> None:
    h = open_till().open_shop(MANAGER)
    h.do(
        "book receive - 6=24 7=12", "book waste Kapot 6=1", "2 * 6", "pay cash", "book send B2 7=6", "book count - 6=20"
    )
    paper = begun(h, "count", area="")
    add(h, paper, BREAD)
    path = h.till.store.folder / TILL_DB
    h.close()
    con = sqlite3.connect(path)
    try:
        before = con.execute("select * from stock_move order by seq, no").fetchall()
        assert [(row[3], row[4], row[5]) for row in before] == [
            ("received", "6", 24_000), ("received", "7", 12_000), ("waste", "6", -1000), ("sent", "7", -6000),
            ("count", "6", 20_000),
        ]  # fmt: skip
        con.execute("update stock_move set qty = 1 where no = 2")
        con.commit()
        assert [table.table for table in rebuild(con, "K1").tables] == ["stock_move"]
        assert con.execute("select * from stock_move order by seq, no").fetchall() == before
        assert con.execute("select count(*) from stock_draft").fetchone()[0] == 2
    finally:
        con.close()
