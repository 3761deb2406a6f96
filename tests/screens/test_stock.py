"""Counting and moving stock by hand: the entry line, the list, what waits, and what other branches have."""

from __future__ import annotations

import json
from collections.abc import Callable

from kassa_tui.storage.shop_feed import apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.sync.wire import Row
from tests.screens.hand import BREAD, BREAD_CODE, CAN, CAN_CODE, MANAGER, Hand
from tests.screens.test_goldens import chosen

UNKNOWN = "8712345678906"


def opened(h: Hand, what: str) -> Hand:
    """Something from the menu of the stock."""
    chosen(h, "Voorraad")
    line = next(line for line in h.text(100, 40).splitlines() if what in line)
    return h.type(line.partition("│")[2].split()[0])


def counting(h: Hand, area: str = "Winkel") -> Hand:
    """At a new count."""
    return opened(h, "Tellen").enter(area)


def booked(h: Hand, kind: str) -> list[dict[str, object]]:
    """Facts of the entries of a kind."""
    rows = h.till.store.read.execute("select body from journal where kind = ? order by seq", (kind,)).fetchall()
    return [json.loads(row[0]) for row in rows]


def told(h: Hand, *rows: tuple[str, str, int]) -> None:
    """The office tells of stock at 12:55 this day: branch, article, thousandths."""
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    try:
        db.execute_sql("replace into meta values ('office_branch', 'B1')")
        for code, name in (("B1", "De Hoek"), ("B2", "Markt"), ("WEB", "Webshop")):
            db.execute_sql("replace into branch values (?, ?, 1)", (code, name))
        for branch, sku, qty in rows:
            db.execute_sql("replace into branch_stock values (?, ?, ?, ?)", (sku, branch, qty, h.clock.at - 300_000))
    finally:
        db.close()


def test_counting_with_scans_numbers_and_unknown_codes(at_till: Hand) -> None:
    h = counting(at_till).scan(BREAD_CODE, UNKNOWN)
    assert h.app.sounds[-1] == "unknown"
    assert UNKNOWN in h.desk.message
    h.type("12").press("times").scan(CAN_CODE).type("3").press("times").enter(BREAD)
    text = h.text()
    assert "Tellen: Winkel" in text
    assert f"ONBEKEND 0{UNKNOWN}" in text
    assert "2 artikelen · 17 stuks · 1 onbekend" in text
    h.press("pay").type("b")
    (body,) = booked(h, "stock.count")
    counted = [(line["sku"], line["code"], line["qty"]) for line in body["lines"]]  # type: ignore[attr-defined]
    assert counted == [(CAN, CAN_CODE, 12_000), (BREAD, BREAD, 4000)]
    assert h.desk.message == "Telling geboekt, artikelen: 2, onbekend: 1"
    assert h.desk.top is h.desk.views[0]


def test_a_scan_never_becomes_the_number_of_something(at_till: Hand) -> None:
    h = counting(at_till).type("12").scan(BREAD_CODE)
    assert h.desk.top.entry == "12"
    h.press("back").type("87104002805").press("times")
    assert "Eerst het aantal" in h.desk.message
    h.press("back").press("pay").type("b")
    assert [line["qty"] for line in booked(h, "stock.count")[0]["lines"]] == [1000]  # type: ignore[attr-defined]


def test_lines_are_put_right_and_taken_off(at_till: Hand) -> None:
    h = counting(at_till).enter(BREAD).enter(CAN).enter("10")
    h.press("up", "up", "set").enter("7")
    h.press("down", "void").press("end", "set").enter("0")
    h.press("pay").type("b")
    assert [(x["sku"], x["qty"]) for x in booked(h, "stock.count")[0]["lines"]] == [(BREAD, 7000), ("10", 0)]  # type: ignore[attr-defined]


def test_a_count_waits_and_is_taken_up_again(at_till: Hand) -> None:
    h = counting(at_till, "Magazijn").enter(BREAD).press("back")
    assert "Bewaard" in h.desk.message
    h.sell(CAN).press("cash")
    opened(h, "Verder: Tellen Magazijn (1 regel)").enter(BREAD).press("pay").type("b")
    assert booked(h, "stock.count")[0]["lines"][0]["qty"] == 2000  # type: ignore[index]
    chosen(h, "Voorraad")
    assert "Verder" not in h.text()


def test_nothing_is_thrown_away_by_one_key(at_till: Hand) -> None:
    h = counting(at_till).enter(BREAD).press("pay").type("v")
    assert "1 artikel · 1 stuks" in h.text()
    h.press("pay").type("w").type("n").press("pay").type("w").type("j")
    assert h.desk.message == "Telling weggegooid"
    assert booked(h, "stock.count") == []
    counting(h).press("pay")
    assert h.desk.message == "Er is nog niets gescand"
    h.press("back")
    chosen(h, "Voorraad")
    assert "Verder" not in h.text()


def test_an_article_is_found_by_name(at_till: Hand) -> None:
    h = counting(at_till).type("4").press("times").type("krent").press("search", "enter")
    assert "Krentenbol: 4" in h.desk.message


def test_receiving_by_order_and_from_somebody(till_at: Callable[..., Hand]) -> None:
    h = (
        opened(till_at().ready(), "Ontvangen van een leverancier")
        .enter("b26-0001")
        .type("24")
        .press("times")
        .enter(BREAD)
    )
    h.press("pay").type("b")
    opened(h, "Ontvangen van een leverancier").enter("Bakkerij Jansen").enter(CAN).press("pay").type("b")
    assert [(x["order"], x["supplier"]) for x in booked(h, "stock.received")] == [
        ("B26-0001", ""), ("", "Bakkerij Jansen")
    ]  # fmt: skip


def ordered(h: Hand, number: str, *lines: tuple[str, int], expected: str | None = "2026-11-24") -> None:
    """The office tells of an order."""
    data = {"supplier": "Bakkerij [b]Jansen[/b]", "expected": expected,
            "lines": [{"sku": sku, "name": f"Artikel {sku}", "qty": qty} for sku, qty in lines]}  # fmt: skip
    db = open_shop(h.till.store.folder / "shop.db", "NL")
    try:
        apply_page(db, [Row(1, "order", number, "put", data)], "e", 1)
    finally:
        db.close()


def test_receiving_beside_an_order_until_it_is_whole(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready()
    ordered(h, "B26-0007", (BREAD, 24_000), ("99", 6000))
    ordered(h, "B26-0003", (CAN, 6000), expected=None)
    opened(h, "Ontvangen van een leverancier")
    text = h.text()
    assert "1 B26-0007   Bakkerij [b]Jansen[/b] 24-11  2 regels open" in text
    assert "2 B26-0003   Bakkerij [b]Jansen[/b]        1 regel open" in text
    h.type("1").type("20").press("times").scan(BREAD_CODE).scan(UNKNOWN).enter(CAN)
    shown = [line.split() for line in h.text().splitlines()]
    for line in (["24", "20", "-4", "Krentenbol", BREAD], ["6", "0", "-6", "Artikel", "99", "99"],
                 ["1", "niet", "besteld", "ONBEKEND", f"0{UNKNOWN}"],
                 ["1", "niet", "besteld", "Energydrank", "blik", "0,25", "l", CAN]):  # fmt: skip
        assert line in shown
    assert "0 van 2 regels kloppen · 2 te weinig · 1 niet besteld · 1 onbekend" in h.text()
    h.press("home", "down", "set").enter("6").press("pay")
    assert "Krentenbol: 20 van 24" in h.text()
    assert "Boeken, de rest komt nog" in h.text()
    h.type("b")
    (body,) = booked(h, "stock.received")
    assert body["order"] == "B26-0007"
    assert [(x["sku"], x["qty"], x["expected"]) for x in body["lines"]] == [  # type: ignore[attr-defined]
        (BREAD, 20_000, 24_000), (CAN, 1000, 0), ("99", 6000, 6000)
    ]  # fmt: skip
    opened(h, "Ontvangen van een leverancier")
    assert "24-11  1 regel open" in h.text()
    h.type("1").type("3").press("times").enter(BREAD).press("pay").type("s")
    assert booked(h, "stock.received")[1]["finished"] is True
    opened(h, "Ontvangen van een leverancier")
    assert "B26-0007" not in h.text()
    h.type("1").type("6").press("times").enter(CAN)
    assert "1 van 1 regels kloppen" in h.text()
    h.press("pay")
    assert "komt nog" not in h.text()
    h.type("b")
    assert "finished" not in booked(h, "stock.received")[2]


def test_a_delivery_of_an_order_waits_and_keeps_its_columns(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready()
    ordered(h, "B26-0007", (BREAD, 24_000))
    opened(h, "Ontvangen van een leverancier").type("1").enter(BREAD).press("back")
    opened(h, "Verder: Ontvangen B26-0007")
    assert "Verschil" in h.text()
    h.press("void", "pay")
    assert "Boeken" not in h.text().replace("Boeken kan niet", "").replace("boeken", "")
    h.type("v").press("back")
    opened(h, "Ontvangen van een leverancier").type("2").enter("b26-0099").enter(BREAD)
    assert "Verschil" not in h.text()


def test_sending_to_a_branch_and_what_came_from_one(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready()
    told(h)
    opened(h, "Naar een ander filiaal").type("1").enter(BREAD).press("pay").type("b")
    assert h.desk.message == "Zending naar een filiaal geboekt als K1-V1, artikelen: 1"
    opened(h, "Van een ander filiaal").type("1").enter("k9-v3").enter(CAN).press("pay").type("b")
    assert [(x["branch"], x["direction"], x["number"]) for x in booked(h, "stock.transfer")] == [
        ("B2", "sent", "K1-V1"), ("B2", "arrived", "K9-V3")
    ]  # fmt: skip


def test_writing_off_takes_a_right(at_till: Hand) -> None:
    h = opened(at_till, "Afschrijven").type("2")
    assert "Akkoord nodig" in h.text()
    h.enter(MANAGER).enter(BREAD).press("pay").type("b")
    (body,) = booked(h, "stock.waste")
    assert (body["reason"], body["by"], body["lines"]) == ("Kapot", "2", [{"sku": BREAD, "qty": 1000}])


def test_putting_right_goes_both_ways(till_at: Callable[..., Hand]) -> None:
    h = opened(till_at().ready(MANAGER), "Voorraad verbeteren").type("1").type("-3").press("times").enter(BREAD)
    h.type("2").press("times").enter(CAN).press("pay").type("b")
    assert [x["qty"] for x in booked(h, "stock.correct")[0]["lines"]] == [-3000, 2000]  # type: ignore[attr-defined]


def test_what_other_branches_have_while_searching_and_of_a_line(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready()
    told(h, ("B1", BREAD, 40_000), ("B2", BREAD, 12_000), ("WEB", BREAD, 3000), ("B2", "7", 1000))
    h.press("search").type("kre")
    assert "Markt 12 · 12:55   Webshop 3 · 12:55" in h.text()
    h.press("enter", "why")
    assert "Voorraad: De Hoek 40 · 12:55" in h.text()
    assert "Voorraad: Markt 12 · 12:55" in h.text()
    h.press("back").press("search").type("tul")
    assert "Markt" not in h.text()


def test_stock_of_an_article_branch_by_branch(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready()
    told(h, ("B1", BREAD, 40_000), ("B2", BREAD, 12_000))
    h.clock.at += 86_400_000
    h.sell(BREAD).press("cash")
    opened(h, "Voorraad van een artikel").scan(BREAD_CODE)
    text = h.text()
    assert [line.split() for line in text.splitlines() if "Hier" in line or "Markt" in line] == [
        ["Hier", "39"], ["Markt", "12", "·", "21-11"]
    ]  # fmt: skip


def test_without_an_office_nothing_is_shown_of_others(at_till: Hand) -> None:
    h = at_till.press("search").type("kre")
    assert "·" not in h.text()
    assert "Nergens" not in h.text()
