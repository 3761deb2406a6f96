"""Web orders in the day's figures and in the stock of a till that talks to the webshop itself."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import cli
from kassa_tui.domain.outcome import Done
from kassa_tui.messages import words
from kassa_tui.services import books, shifts, stock
from kassa_tui.services.report_documents import as_text, day_report
from kassa_tui.storage.channels import channel_folder
from tests.services.shop_floor import MINUTE, START, Hands, hands, make_shop
from tests.services.test_stock import told
from tests.web_books import DAY, record, sale, shipped

BREAD = "6"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A till that sold bread for 1.10, of which 0.09 is VAT."""
    monkeypatch.setenv("KASSA_CONFIG", str(tmp_path / "till.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    make_shop(tmp_path, "NL")
    h = hands(tmp_path).open_shop()
    h.do("6", "6", "pay cash")
    h.close()
    return tmp_path


def at_till(shop: Path) -> Hands:
    h = hands(shop)
    h.do("login 1111")
    return h


def figures(h: Hands, date: str = DAY) -> dict[str, Any]:
    return shifts.day_figures(h.till, date)


def test_a_till_without_webshops_has_nothing_more(shop: Path) -> None:
    h = at_till(shop)
    found = figures(h)
    assert found["channels"] == []
    assert "together" not in found
    assert {**books.day_figures(h.till.store.read, DAY), "channels": []} == found
    assert "webshops" not in as_text(day_report(found, h.till.config, words("nl")))
    h.close()


def test_each_webshop_by_itself_and_all_together(shop: Path) -> None:
    record(shop / "data", "WEB", [sale(1090, "A"), sale(2180, "B", tender="open"), sale(-1090, "A"),
                                  sale(1210, "C", rate=2100)])  # fmt: skip
    record(shop / "data", "WEB2", [sale(109, "A")])
    h = at_till(shop)
    found = figures(h)
    assert {key: found[key] for key in ("receipts", "turnover")} == {"receipts": 1, "turnover": 110}
    one, two = found["channels"]
    assert (one["code"], one["receipts"], one["turnover"]) == ("WEB", 4, 1090 + 2180 - 1090 + 1210)
    assert [(x["rate"], x["gross"], x["vat"]) for x in one["vat"]] == [(2100, 1210, 210), (900, 2180, 180)]
    assert {kind: row["amount"] for kind, row in one["tenders"].items()} == {"open": 2180, "web": 1210}
    assert (two["code"], two["turnover"]) == ("WEB2", 109)
    both = found["together"]
    assert (both["receipts"], both["turnover"]) == (6, 110 + 3390 + 109)
    assert [(x["rate"], x["gross"], x["vat"]) for x in both["vat"]] == [(2100, 1210, 210), (900, 2399, 198)]
    h.close()


def test_it_counts_on_the_day_on_which_it_happened(shop: Path) -> None:
    kind, body = sale(1090, "A")
    record(shop / "data", "WEB", [(kind, {**body, "date": "2026-11-20"})])
    h = at_till(shop)
    assert figures(h)["channels"][0]["turnover"] == 0
    assert figures(h, "2026-11-20")["channels"][0]["turnover"] == 1090
    h.close()


def test_on_paper(shop: Path) -> None:
    record(shop / "data", "WEB", [sale(1090, "A"), sale(-109, "B")])
    h = at_till(shop)
    text = as_text(day_report(figures(h), h.till.config, words("nl")))
    h.close()
    own, _, rest = text.partition("Webshop WEB (WEB)")
    web, _, both = rest.partition("Kassa en webshops samen")
    assert "1,10" in own
    assert "9,81" in web
    assert "In de webshop betaald" in web
    assert "10,91" in both
    assert all(len(line) <= 42 for line in text.splitlines())


def test_from_a_shell(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(shop / "data", "WEB", [sale(1090, "A")])
    assert cli.main(["report", "day", DAY, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["turnover"], told["channels"][0]["turnover"], told["together"]["turnover"]) == (110, 1090, 1200)


def test_books_that_cannot_be_read_are_said_and_not_left_out(shop: Path) -> None:
    record(shop / "data", "WEB", [sale(1090, "A")])
    record(shop / "data", "WEB2", [sale(109, "A")])
    path = channel_folder(shop / "data", "WEB2") / "till.db"
    for each in path.parent.glob("till.db*"):
        each.unlink()
    path.write_bytes(b"geen database" * 1000)
    h = at_till(shop)
    found = figures(h)
    assert [each.get("turnover") for each in found["channels"]] == [1090, None]
    assert "together" not in found
    assert "Niet te lezen" in as_text(day_report(found, h.till.config, words("nl")))
    assert h.do("stock 6")["ok"]
    h.close()


def test_what_left_for_web_orders_is_not_here(shop: Path) -> None:
    h = at_till(shop)
    told(h, ("B1", BREAD, 40_000, START - MINUTE))
    before = stock.here(h.till, BREAD)
    record(shop / "data", "WEB", [shipped("A", BREAD, 3000)])
    record(shop / "data", "WEB2", [shipped("A", BREAD, 1000)])
    assert before == 38_000
    assert stock.here(h.till, BREAD) == 34_000
    outcome = h.till.act(stock.level, "8710400280507")
    assert isinstance(outcome, Done)
    assert outcome.facts["quantity"] == 34_000
    h.close()


def test_what_left_before_the_stock_was_told_is_in_it(shop: Path) -> None:
    h = at_till(shop)
    record(shop / "data", "WEB", [shipped("A", BREAD, 3000)], START + MINUTE)
    told(h, ("B1", BREAD, 40_000, START + 2 * MINUTE))
    assert stock.here(h.till, BREAD) == 40_000
    record(shop / "data", "WEB", [shipped("B", BREAD, 2000)], START + 3 * MINUTE)
    assert stock.here(h.till, BREAD) == 38_000
    h.close()


def test_a_channel_that_cannot_be_read_does_not_hold_up_the_till(shop: Path) -> None:
    h = at_till(shop)
    told(h, ("B1", BREAD, 40_000, START - MINUTE))
    record(shop / "data", "WEB", [shipped("A", BREAD, 3000)])
    con = sqlite3.connect(channel_folder(shop / "data", "WEB") / "till.db")
    con.execute("drop table stock_move")
    con.commit()
    con.close()
    assert stock.here(h.till, BREAD) == 38_000
    h.close()
