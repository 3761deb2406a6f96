"""The office's sums against what stands in ``shop.db``: a difference is told, and a whole catalogue comes for it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.domain.gtin import gtin14
from kassa_tui.messages import words
from kassa_tui.services.office import Standing, facts, report
from kassa_tui.storage import shop_feed
from kassa_tui.storage.feed_sums import differing, row_hash, tables
from kassa_tui.storage.shop import Shop as ShopReader
from kassa_tui.storage.shop_feed import apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.sync.agent import Agent
from kassa_tui.sync.catalogue_sync import CatalogueSync
from kassa_tui.sync.schedule import NIGHT, PULL
from kassa_tui.sync.wire import Row
from tests.sync.conftest import Shop
from tests.sync.office import Office
from tests.sync.test_feed import DAY, EAN, put

UNCOMPARED = {"order", "weborder"}
"""Working papers of which the till keeps another form than it was told."""
HOUR = 3600


def fill(office: Office) -> Office:
    """Something of everything, with what is easily told in two ways."""
    office.put("group", "3", name="Zuivel", vat="low")
    office.put("group", "4", name="Oud", vat="low", active=False)
    office.put("vat_rate", "low:2019-01-01", code="low", valid_from="2019-01-01", rate=900, country="NL")
    office.put("vat_rate", "low:2027-01-01", code="low", valid_from="2027-01-01", rate=2100, country="NL")
    office.put("article", "A1", name="Crème fraîche \"½\"", group=3, vat="low", price=129, min_age=18, no_discount=True,
               codes=[["96385074", 6], [EAN, 1], ["x-1", 1]])  # fmt: skip
    office.put("article", EAN, name="Bij zijn nummer", group=3, vat="low", price=1)
    office.put(
        "article", "4006381333931", name="En nog eens", group=3, vat="low", price=2, codes=[["4006381333931", 1]]
    )
    office.put("article", "A2", name="Losse kaas", group=3, vat="low", price=0, unit="kg", kind="goods", deposit_sku="",
               tare=12)  # fmt: skip
    office.put("price", "all:2026-01-01:A1", sku="A1", price=110, valid_from="2026-01-01", scope="all")
    office.put("price", "branch:F1:2026-02-01:A1", sku="A1", price=90, valid_from="2026-02-01", valid_to="2026-03-01",
               scope="branch", label="Actie")  # fmt: skip
    office.put("staff", "7", name="Anna", role="senior", pin_hash="$argon2id$x", language="fr", active=True)
    office.put("customer", "K9", name="Bakker", account_allowed=True)
    office.put("setting", "rules.return_days", value=30)
    office.put("setting", "shop.address", value=["Dorpsstraat 1", "1234 AB  Ons Dorp"])
    office.put("reason", "return:broken", text="Kapot")
    office.put("text", "5", place="footer", text="Fijne dag", valid_from=None, valid_to="2027-01-01")
    office.put("branch", "F2", name="Utrecht", street="Weg 1", country="NL")
    office.put("stock", "F2:A1", qty=-2000, at=5)
    office.put("parked", "t1", till="K2", place=1, name="Jan", total=-5)
    office.put("message", "m1", text="Kom naar het kantoor", urgent=True)
    office.summed = True
    return office


@pytest.fixture
def told(office: Office) -> Office:
    return fill(office)


def wrong(path: Path, office: Office, *, only_counts: bool = False) -> list[str]:
    con = sqlite3.connect(path)
    try:
        return differing(con, office.sums(), only_counts=only_counts)
    finally:
        con.close()


def test_what_a_till_took_over_has_the_offices_sums(told: Office, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    assert set(wrong(path, told) if path.exists() else []) == set()
    assert not put(path, told.rows).refused
    assert wrong(path, told) == []
    told.drop("article", "A1")
    told.drop("group", "3")
    assert set(wrong(path, told)) == {"article", "group"}
    put(path, told.rows)
    assert wrong(path, told) == []


def test_every_table_of_the_feed_is_compared_or_named_here() -> None:
    assert set(tables()) | UNCOMPARED == set(shop_feed._TABLES)
    assert not set(tables()) & UNCOMPARED


def test_the_hash_is_as_the_document_says() -> None:
    data = {"name": "Melk é", "group": 3, "vat": "low", "price": 119, "codes": [["08710400000013", 1], ["B", 2]]}
    values = ["article", "1001", "Melk é", 3, "low", 119, "each", "goods", "", 0, 0, 0,
              [["08710400000013", 1], ["B", 2]]]  # fmt: skip
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    assert row_hash("article", "1001", data) == int.from_bytes(sha256(text).digest()[:8], "big")
    assert row_hash("article", "8710400000013", {**data, "codes": [["08710400000013", 1]]}) == row_hash(
        "article", "8710400000013", {**data, "codes": []}
    )
    assert row_hash("group", "3", {"name": "x", "vat": "low", "active": False}) is None
    assert row_hash("article", "1001", {"name": "x"}) is not None
    assert row_hash("moonphase", "1", {"b": 1, "a": 2}) == row_hash("moonphase", "1", {"a": 2, "b": 1})


CODES = st.lists(st.tuples(st.sampled_from(["8710400000006", "08710400000006", "x", "y", EAN]), st.integers(1, 3)))
ARTICLES = st.fixed_dictionaries(
    {"name": st.text(st.characters(codec="utf-8"), max_size=6), "group": st.just(3), "vat": st.just("low"),
     "price": st.integers(0, 3)},
    optional={"unit": st.sampled_from(["each", "kg"]), "min_age": st.integers(0, 18), "no_discount": st.booleans(),
              "deposit_sku": st.sampled_from(["", "S"]), "tare": st.integers(0, 9)},
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C"]), ARTICLES | st.none(), CODES), max_size=8))
def test_after_any_changes_the_sums_are_those_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, dict[str, Any] | None, list[tuple[str, int]]]]
) -> None:
    office = Office()
    office.put("group", "3", name="Zuivel", vat="low")
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    put(path, office.rows)
    for sku, data, codes in changes:
        if data is None:
            office.drop("article", sku)
        else:
            # No code of two articles: the office does not let it be.
            office.put("article", sku, **data, codes=[[f"{sku}{code}", n] for code, n in dict(codes).items()])
        put(path, office.rows[-1:])
    assert wrong(path, office) == []
    assert gtin14("A") is None


CORRUPTIONS = {
    "article": "update article set price = price + 1 where sku = 'A1'",
    "price": "update feed_price set valid_to = null where id like 'branch%'",
    "staff": "update staff set role = 'manager' where code = '7'",
    "vat_rate": "update vat_rate set rate = 2000 where valid_from = '2027-01-01'",
    "setting": "update setting set value = '31' where key = 'rules.return_days'",
    "stock": "update branch_stock set qty = 1",
    "text": "delete from receipt_text",
    "customer": "insert into customer (code, name) values ('K10', 'Vreemde')",
    "group": "update article_group set active = 1 where id = 4",
}


def _agent(shop: Shop, office: Office) -> Agent:
    agent = shop.agent(office)  # type: ignore[arg-type]
    agent.state.now.office_key = office.key.public_key().public_bytes_raw().hex()
    agent.state.now.branch = "F1"
    agent.state.save()
    return agent


def _snapshot(office: Office, folder: Path) -> Office:
    """What the office's rows say, as a file."""
    folder.mkdir(exist_ok=True)
    path = folder / "snapshot.db"
    path.unlink(missing_ok=True)
    db = open_shop(path, "NL")
    apply_page(db, office.rows, "x", 0)
    db.execute_sql("pragma journal_mode=delete")
    db.close()
    office.keep_snapshot(path)
    return office


def corrupt(shop: Shop, sql: str) -> None:
    con = sqlite3.connect(shop.data / "shop.db", isolation_level=None)
    con.execute(sql)
    con.close()


def said(agent: Agent) -> tuple[list[str], dict[str, Any]]:
    """What ``kassa sync --status`` says of it."""
    now = Standing(agent.state.now, agent.state.now.agent, 60, 0, 0, 0)
    spoken = words("nl")
    lines = [spoken.outcome(outcome) for outcome, bad in report(now) if bad]
    return [line for line in lines if "verschillen" in line], facts(now)


@pytest.mark.parametrize("table", CORRUPTIONS)
def test_a_corrupted_row_is_found_told_and_put_right(shop: Shop, told: Office, tmp_path: Path, table: str) -> None:
    agent = _agent(shop, _snapshot(told, tmp_path / "s"))
    assert agent.once() is None
    assert agent.state.now.differs == ""
    corrupt(shop, CORRUPTIONS[table])
    assert wrong(shop.data / "shop.db", told) == [table]
    agent.catalogue.compare_soon()
    agent.work({PULL})
    assert (agent.state.now.differs, agent.state.now.snapshot) == ("", ""), "compared lately: nothing is due"
    shop.clock.go(21 * HOUR)
    agent.catalogue.compare_soon()
    told.before = lambda what: agent.stop() if what == "snapshot" else None
    agent.once()
    assert agent.state.now.differs == table
    assert agent.state.now.snapshot.startswith("wanted: differs")
    assert agent._condition(0).doctor["catalogue"] == f"warn differs {table}"
    lines, all_facts = said(agent)
    assert len([line for line in lines if "verschillen van die van het kantoor: alles komt opnieuw" in line]) == 1
    assert all_facts["differs"] == [table]
    agent.close()
    told.before = lambda what: None
    again = _agent(shop, told)
    assert again.once() is None
    assert wrong(shop.data / "shop.db", told) == []
    assert (again.state.now.differs, again.state.now.snapshot) == ("", "")
    assert "catalogue" not in again._condition(0).doctor
    assert said(again)[0] == []
    again.close()


def test_a_count_that_differs_shows_with_the_next_change(shop: Shop, told: Office, tmp_path: Path) -> None:
    agent = _agent(shop, _snapshot(told, tmp_path / "s"))
    assert agent.once() is None
    corrupt(shop, "delete from article where sku = 'A2'")
    told.put("message", "m2", text="Vandaag")
    _snapshot(told, tmp_path / "s")
    shop.clock.go(60)
    assert agent.once() is None
    reader = ShopReader(shop.data)
    assert reader.by_sku("A2", DAY) is not None
    reader.close()
    assert agent.state.now.differs == ""
    agent.close()


def test_a_difference_that_stays_is_told_and_not_fetched_again_and_again(
    shop: Shop, told: Office, tmp_path: Path
) -> None:
    _snapshot(told, tmp_path / "s")
    told.rows.append(Row(told.cursor + 1, "article", "BAD", "put", {"name": None, "group": 3}))
    asked: list[str] = []
    told.before = lambda what: asked.append(what) if what == "snapshot" else None
    agent = _agent(shop, told)
    for _ in range(12):
        assert agent.once() is None
        told.put("message", "m2", text=f"Vandaag {shop.clock.at}")
        shop.clock.go(HOUR)
    assert len(asked) == 2, "the first load, and one for the difference"
    assert agent.state.now.differs == "article"
    lines, all_facts = said(agent)
    assert any("ook nadat alles opnieuw kwam: bel het kantoor" in line for line in lines)
    assert all_facts["who"] == "office"
    for _ in range(5):
        shop.clock.go(24 * HOUR)
        told.put("message", "m2", text=f"Vandaag {shop.clock.at}")
        assert agent.once() is None
    assert len(asked) == 2
    shop.clock.go(3 * 24 * HOUR)
    assert agent.once() is None
    assert len(asked) == 3, "after a week it may help"
    told.drop("article", "BAD")
    told.put("message", "m2", text="Beter")
    shop.clock.go(HOUR)
    assert agent.once() is None
    shop.clock.go(80 * HOUR)
    assert agent.once() is None
    assert agent.state.now.differs == ""
    assert said(agent)[0] == []
    agent.close()


def test_the_night_looks_at_each_row_once(shop: Shop, told: Office, tmp_path: Path, monkeypatch: Any) -> None:
    agent = _agent(shop, _snapshot(told, tmp_path / "s"))
    assert agent.once() is None
    looked: list[bool] = []
    real: Callable[..., list[str]] = differing

    def watched(con: Any, sums: Any, *, only_counts: bool = False) -> list[str]:
        looked.append(only_counts)
        return real(con, sums, only_counts=only_counts)

    monkeypatch.setattr("kassa_tui.sync.catalogue_sync.differing", watched)
    shop.clock.go(30 * HOUR)
    monkeypatch.setattr("kassa_tui.sync.night.is_quiet", lambda moment: True)
    for _ in range(4):
        agent.work({NIGHT})
        agent.work({PULL})
        shop.clock.go(900)
    assert looked == [False]
    agent.close()


def test_what_a_till_shows_of_its_own_webshop_is_no_difference(shop: Shop, told: Office, tmp_path: Path) -> None:
    agent = _agent(shop, _snapshot(told, tmp_path / "s"))
    assert agent.once() is None
    corrupt(shop, "insert into branch values ('WEB', 'Webwinkel', 1)")
    corrupt(shop, "insert into branch_stock values ('A1', 'WEB', 5, 0)")
    told.put("message", "m2", text="Vandaag")
    for own, differs in ((True, ""), (False, "branch stock")):
        catalogue = CatalogueSync(shop.data, "NL", agent.state, lambda: shop.clock.at, own_channel=own)
        corrupt(shop, "update meta set value = '1' where key = 'feed_cursor'")
        assert catalogue.turn(told) is bool(differs)  # type: ignore[arg-type]
        assert agent.state.now.differs == differs
    agent.close()
