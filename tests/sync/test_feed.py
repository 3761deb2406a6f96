"""The catalogue from the office: page by page and as a whole, into a ``shop.db`` that a till reads meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.storage.catalogue import Catalogue
from kassa_tui.storage.price_layers import Dated, flat
from kassa_tui.storage.shop import Shop as ShopReader
from kassa_tui.storage.shop_feed import apply_page, position
from kassa_tui.storage.shop_schema import MIGRATIONS, open_shop
from kassa_tui.storage.snapshot import UNPACKED
from kassa_tui.sync.agent import Agent
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import Row
from tests.sync.conftest import Shop
from tests.sync.office import Office

DAY = "2026-11-22"
EAN = "8710400000006"


def row(table: str, key: str, op: Any = "put", **data: Any) -> Row:
    return Row(1, table, key, op, data)


def milk(**data: Any) -> Row:
    return row("article", "A1", **{"name": "Halfvolle melk 1 L", "group": 3, "vat": "low", "codes": [[EAN, 1]], **data})


GROUP = row("group", "3", name="Zuivel", vat="low")


def put(path: Path, rows: Iterable[Row], cursor: int = 1) -> Any:
    db = open_shop(path, "NL")
    try:
        return apply_page(db, rows, "e", cursor)
    finally:
        db.close()


def test_an_article_can_be_scanned_found_changed_and_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    put(path, [GROUP, milk(price=129, min_age=18, tare=12)])
    reader = ShopReader(tmp_path)
    found = reader.find(EAN, DAY)
    assert found is not None
    assert (found.sku, found.price, found.group, found.vat_rate, found.min_age) == ("A1", 129, "Zuivel", 900, 18)
    assert [each.sku for each in reader.search("half melk", DAY)] == ["A1"]
    put(path, [milk(name="Volle melk", price=139, codes=[["4006381333931", 6]])])
    assert reader.find(EAN, DAY) is None
    assert (pack := reader.find("4006381333931", DAY)) is not None
    assert (pack.pack, pack.price, pack.name) == (6, 139, "Volle melk")
    assert reader.search("half", DAY) == []
    put(path, [row("article", "A1", "del")])
    assert reader.search("volle", DAY) == []
    assert reader.find("4006381333931", DAY) is None
    reader.close()


def test_every_table_of_the_feed(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    applied = put(path, [
        GROUP, milk(price=129),
        row("vat_rate", "low:2027-01-01", code="low", valid_from="2027-01-01", rate=2100, country="NL"),
        row("vat_rate", "low:2028-01-01", code="low", valid_from="2028-01-01", rate=600, country="BE"),
        row("staff", "7", name="Anna", role="senior", pin_hash="$argon2id$x", language="fr", active=True),
        row("customer", "K9", name="Bakker", account_allowed=True, business=True),
        row("setting", "rules.return_days", value=30),
        row("reason", "return:broken", text="Kapot"),
        row("text", "5", place="footer", text="Fijne dag"),
        row("branch", "F2", name="Utrecht", street="Weg 1"),
        row("stock", "F2:A1", qty=-2000, at=5),
        row("parked", "t1", till="K2", place=1, name="Jan", total=-5),
        row("message", "m1", text="Kom naar het kantoor", urgent=True),
        row("order", "B26-0001", supplier="Jansen", expected="2026-11-24", lines=[{"sku": "A1", "qty": 5000}]),
        row("moonphase", "x", name="vol"),
    ])  # fmt: skip
    assert (applied.rows, applied.passed, applied.refused) == (14, 1, ())
    con = sqlite3.connect(path)
    assert con.execute("select rate from vat_rate where valid_from = '2027-01-01'").fetchone() == (2100,)
    assert con.execute("select 1 from vat_rate where valid_from = '2028-01-01'").fetchone() is None
    assert con.execute("select value from setting").fetchone() == ("30",)
    assert con.execute("select qty from branch_stock").fetchone() == (-2000,)
    reader = ShopReader(tmp_path)
    assert [person.name for person, _ in reader.people()] == ["Anna"]
    customer = reader.customer("K9")
    assert customer is not None
    assert customer.account_allowed
    gone = ["staff 7", "customer K9", "setting rules.return_days", "reason return:broken", "text 5", "branch F2",
            "stock F2:A1", "parked t1", "message m1", "vat_rate low:2027-01-01", "order B26-0001"]  # fmt: skip
    put(path, [row(each.split(" ")[0], each.split(" ")[1], "del") for each in gone])
    for table in ("staff", "customer", "setting", "reason", "receipt_text", "branch", "branch_stock",
                  "parked_elsewhere", "message", "purchase_order", "web_order"):  # fmt: skip
        assert con.execute(f"select count(*) from {table}").fetchone() == (0,), table
    reader.close()
    con.close()


@pytest.mark.parametrize(
    "bad",
    [
        milk(name=None), milk(price=-1), milk(price=2**60), milk(group="drie"), milk(codes="x"), milk(codes=[[EAN, 0]]),
        milk(unit="liter"), milk(no_discount="ja"), row("article", "", name="x", group=3, vat="low"),
        row("group", "x", name="y", vat="low"), row("price", "p", sku="A1", price=1, valid_from="2026-02-31"),
        row("price", "p", sku="A1", price=1, valid_from="2026-02-01", valid_to="2026-01-01"),
        row("staff", "1", name="x", role="keizer", pin_hash="y"), row("reason", "geen", text="x"),
        row("stock", "F2:A1", qty="veel"), row("stock", "geen", "del"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_understood_is_left_out_alone(tmp_path: Path, bad: Row) -> None:
    path = tmp_path / "shop.db"
    applied = put(path, [GROUP, bad, row("branch", "F2", name="Utrecht")], 9)
    assert (applied.rows, len(applied.refused)) == (2, 1)
    db = open_shop(path, "NL")
    assert position(db) == ("e", 9)
    db.close()


def test_two_groups_may_change_names(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    put(path, [row("group", "1", name="A", vat="low"), row("group", "2", name="B", vat="low")])
    put(path, [row("group", "1", name="B", vat="low"), row("group", "2", name="A", vat="low")])
    reader = ShopReader(tmp_path)
    assert reader.groups() == [(1, "B"), (2, "A")]
    reader.close()


def test_prices_come_in_layers(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    put(path, [
        GROUP, milk(price=100),
        row("price", "a", sku="A1", price=110, valid_from="2026-06-01", scope="all"),
        row("price", "b", sku="A1", price=90, valid_from="2026-01-01", valid_to="2026-06-30", scope="branch",
            label="actie"),
        row("price", "c", sku="A1", price=105, valid_from="2026-07-01", valid_to="2026-07-31", scope="list"),
    ])  # fmt: skip
    reader = ShopReader(tmp_path)

    def price(day: str) -> int:
        found = reader.by_sku("A1", day)
        assert found is not None
        return found.price

    assert [price(day) for day in ("2025-12-31", "2026-06-30", "2026-07-15", "2026-08-01")] == [100, 90, 105, 110]
    put(path, [row("price", "b", "del")])
    assert [price(day) for day in ("2026-05-31", "2026-06-30")] == [100, 110]
    reader.close()


def test_an_article_with_dated_prices_only_is_never_free(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    put(path, [GROUP, milk(), row("price", "a", sku="A1", price=110, valid_from="2026-06-01")])
    reader = ShopReader(tmp_path)
    assert [each.price for each in (reader.by_sku("A1", day) for day in ("2026-01-01", DAY)) if each] == [110, 110]
    reader.close()


DATED = st.builds(
    lambda scope, start, days, price: Dated(
        scope, f"2026-01-{start:02d}", f"2026-01-{min(start + days, 31):02d}" if days else "9999-12-31", price, ""
    ),
    st.integers(0, 2), st.integers(1, 31), st.none() | st.integers(0, 20), st.integers(1, 5),
)  # fmt: skip


@given(st.lists(DATED, max_size=7), st.integers(1, 31))
def test_layers_laid_flat_give_the_same_price_on_each_day(prices: list[Dated], number: int) -> None:
    day = f"2026-01-{number:02d}"
    there = [each for each in prices if each.valid_from <= day <= each.valid_to]
    best = max(((each.scope, each.valid_from) for each in there), default=None)
    wanted = {each.price for each in there if (each.scope, each.valid_from) == best}
    laid = [each for each in flat(prices) if each.valid_from <= day <= each.valid_to]
    assert len(laid) == (1 if there else 0)
    assert {each.price for each in laid} <= wanted or len(wanted) > 1


NAMES = st.sampled_from(["Melk", "Volle melk", "Crème fraîche", "KAAS 48+", "kaas", "Ünïcode thee", "ee", "a b c", "-"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("ABCD"), NAMES | st.none()), max_size=25))
def test_the_search_is_what_an_import_would_have_made(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str | None]]
) -> None:
    """After any changes the runs are counted as SQLite's own vocabulary counts them, and each article is found."""
    folder = tmp_path_factory.mktemp("shop")
    put(folder / "shop.db", [GROUP])
    names: dict[str, str] = {}
    for sku, name in changes:
        if name is None:
            names.pop(sku, None)
            put(folder / "shop.db", [row("article", sku, "del")])
        else:
            names[sku] = name
            put(folder / "shop.db", [row("article", sku, name=name, group=3, vat="low", price=1)])
    db = open_shop(folder / "shop.db", "NL")
    db.execute_sql("create virtual table temp.v using fts5vocab(main, article_find, row)")
    assert dict(db.execute_sql("select run, articles from article_run")) == dict(
        db.execute_sql("select term, doc from temp.v")
    )
    catalogue = Catalogue(db)
    for sku, name in names.items():
        if len(name) > 2:
            assert sku in {each.sku for each in catalogue.search(name.split()[-1][:5], DAY, 50)}, name
    db.close()


def _agent(shop: Shop, office: Office, key: Office | None = None) -> Agent:
    agent = shop.agent(office)  # type: ignore[arg-type]
    agent.state.now.office_key = (key or office).key.public_key().public_bytes_raw().hex()
    agent.state.now.branch = "F1"
    agent.state.save()
    return agent


def _catalogue(folder: Path, articles: int, name: str = "Artikel", version: int | None = None) -> Path:
    """A snapshot's database."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "snapshot.db"
    path.unlink(missing_ok=True)
    db = open_shop(path, "NL")
    rows = [row("group", "3", name="Zuivel", vat="low")]
    rows += [row("article", f"S{n}", name=f"{name} {n}", group=3, vat="low", price=100 + n) for n in range(articles)]
    apply_page(db, rows, "x", 0)
    db.execute_sql("pragma journal_mode=delete")
    if version is not None:
        db.execute_sql(f"pragma user_version={version}")
    db.close()
    return path


def test_a_first_load_is_a_snapshot_in_pieces_and_the_feed_behind_it(
    shop: Shop, office: Office, tmp_path: Path
) -> None:
    office.put("group", "3", name="Zuivel", vat="low")
    office.keep_snapshot(_catalogue(tmp_path / "s", 300))
    office.put("article", "N1", name="Nieuw", group=3, vat="low", price=5)
    agent = _agent(shop, office)
    assert agent.once() is None
    reader = ShopReader(shop.data)
    assert reader.count() == 301
    assert [each.sku for each in reader.search("artikel 299", DAY)] == ["S299"]
    assert office.beats[-1].cursor == office.cursor
    reader.close()
    agent.close()
    assert not list(shop.data.glob("shop.snapshot*"))


def test_a_snapshot_goes_on_where_the_line_broke(shop: Shop, office: Office, tmp_path: Path) -> None:
    office.keep_snapshot(_catalogue(tmp_path / "s", 2000))
    asked: list[int] = []
    real = office.snapshot_bytes
    breaks = iter([False, True, False, False, True] + [False] * 1000)

    def piece(sha256: str, start: int = 0) -> bytes:
        asked.append(start)
        if next(breaks):
            raise OfficeError("unreachable")
        return real(sha256, start)

    office.snapshot_bytes = piece  # type: ignore[method-assign]
    agent = _agent(shop, office)
    for _ in range(3):
        wrong = agent.once()
        shop.clock.go(1000)
        agent.close()
        agent = _agent(shop, office)
    assert wrong is None
    assert sorted(set(asked)) == list(range(0, len(office.packed), 4096)), "no piece was asked for in vain"
    assert len(asked) == len(set(asked)) + 2
    agent.close()


@pytest.mark.parametrize("wrong", ["key", "bytes", "short", "long", "garbage", "no database"])
def test_a_snapshot_that_is_not_the_offices_changes_nothing(
    shop: Shop, office: Office, tmp_path: Path, wrong: str
) -> None:
    put(shop.data / "shop.db", [GROUP, milk(price=1)])
    office.keep_snapshot(_catalogue(tmp_path / "s", 50))
    packed, other = office.packed, Office()
    office.epoch = "n" * 32
    if wrong == "bytes":
        office.snapshot_bytes = lambda sha256, start=0: bytes(4096)[: len(packed) - start]  # type: ignore[method-assign]
    elif wrong == "short":
        office.snapshot_bytes = lambda sha256, start=0: packed[start:-9]  # type: ignore[method-assign]
    elif wrong == "long":
        office.unpacked += 5
    elif wrong in ("garbage", "no database"):
        content = tmp_path / "garbage"
        content.write_bytes(b"no database" * 5000)
        office.keep_snapshot(content)
        if wrong == "garbage":
            office.packed = bytes(5000)
    agent = _agent(shop, office, other if wrong == "key" else None)
    refused = agent.once()
    assert refused is not None
    assert refused.code in ("snapshot_bad", "bad_answer")
    assert agent.state.now.feed_code in ("snapshot_bad", "bad_answer")
    reader = ShopReader(shop.data)
    assert reader.find(EAN, DAY) is not None
    reader.close()
    agent.close()
    assert not (shop.data / UNPACKED).exists()


def test_a_snapshot_of_a_newer_office_is_read_page_by_page_instead(shop: Shop, office: Office, tmp_path: Path) -> None:
    office.put("group", "3", name="Zuivel", vat="low")
    office.put("article", "N1", name="Nieuw", group=3, vat="low", price=5, colour="of a later version")
    office.keep_snapshot(_catalogue(tmp_path / "s", 5, version=len(MIGRATIONS) + 1))
    agent = _agent(shop, office)
    assert agent.once() is None
    reader = ShopReader(shop.data)
    assert [each.sku for each in reader.search("nieuw", DAY)] == ["N1"]
    reader.close()
    agent.close()


def test_a_snapshot_of_an_older_office_is_brought_up_to_date(shop: Shop, office: Office, tmp_path: Path) -> None:
    path = _catalogue(tmp_path / "s", 20)
    con = sqlite3.connect(path, isolation_level=None)
    for table in ("feed_price", "setting", "reason", "receipt_text", "branch", "branch_stock", "parked_elsewhere",
                  "message", "purchase_order", "web_order"):  # fmt: skip
        con.execute(f"drop table {table}")
    con.execute("pragma user_version=1")
    con.execute("pragma page_size=8192")
    con.execute("vacuum")
    con.close()
    office.keep_snapshot(path)
    office.put("branch", "F2", name="Utrecht")
    agent = _agent(shop, office)
    assert agent.once() is None
    con = sqlite3.connect(shop.data / "shop.db")
    assert con.execute("select name from branch").fetchall() == [("Utrecht",)]
    assert con.execute("select count(*) from article").fetchone() == (20,)
    con.close()
    agent.close()


def test_a_till_too_far_behind_and_one_of_a_restored_office_load_the_whole(
    shop: Shop, office: Office, tmp_path: Path
) -> None:
    office.put("group", "3", name="Zuivel", vat="low")
    office.keep_snapshot(_catalogue(tmp_path / "s", 3, "Eerste"))
    agent = _agent(shop, office)
    assert agent.once() is None
    office.floor = 500
    office.keep_snapshot(_catalogue(tmp_path / "s", 4, "Tweede"))
    office.snapshot_cursor = 600
    shop.clock.go(100)
    assert agent.once() is None
    office.epoch = "r" * 32
    office.keep_snapshot(_catalogue(tmp_path / "s", 5, "Derde"))
    office.snapshot_cursor = 700
    shop.clock.go(100)
    assert agent.once() is None
    reader = ShopReader(shop.data)
    assert (reader.count(), len(reader.search("derde", DAY)), reader.search("tweede", DAY)) == (5, 5, [])
    reader.close()
    agent.close()


def test_a_till_that_sells_has_the_old_catalogue_or_the_new_and_nothing_between(
    shop: Shop, office: Office, tmp_path: Path
) -> None:
    put(shop.data / "shop.db", [GROUP, *(row("article", f"S{n}", name=f"Oud {n}", group=3, vat="low", price=1)
                                         for n in range(50))])  # fmt: skip
    office.keep_snapshot(_catalogue(tmp_path / "s", 3000, "Nieuw"))
    loaded, seen, wrong = threading.Event(), set[tuple[int, int]](), list[object]()

    def sell() -> None:
        reader = ShopReader(shop.data)
        try:
            after = 3
            while after:
                after -= loaded.is_set()
                found = reader.by_sku("S7", DAY)
                assert found is not None
                kind = found.name.split()[0]
                if kind == "Nieuw" or not seen:
                    seen.add((found.price, len(reader.search(kind, DAY))))
                reader.count()
        except Exception as error:  # noqa: BLE001  the test's own thread tells it
            wrong.append(error)
        finally:
            reader.close()

    selling = threading.Thread(target=sell)
    selling.start()
    agent = _agent(shop, office)
    assert agent.once() is None
    loaded.set()
    selling.join(20)
    agent.close()
    assert wrong == []
    assert seen == {(1, 17), (107, 17)}
    con = sqlite3.connect(shop.data / "shop.db")
    assert con.execute("pragma quick_check").fetchone() == ("ok",)
    con.close()


def test_drift_asks_for_the_whole(shop: Shop, office: Office, tmp_path: Path) -> None:
    office.keep_snapshot(_catalogue(tmp_path / "s", 10))
    agent = _agent(shop, office)
    assert agent.once() is None
    assert agent.catalogue.drift() == ""
    con = sqlite3.connect(shop.data / "shop.db", isolation_level=None)
    con.execute("insert into code values ('123', 99999, 1)")
    con.close()
    assert agent.catalogue.drift() == "code"
    assert agent.once() is None
    assert agent.catalogue.drift() == ""
    agent.close()


def test_an_import_and_the_feed_keep_out_of_each_others_way(shop: Shop, office: Office) -> None:
    from kassa_tui.storage.catalogue_build import changing

    agent = _agent(shop, office)
    with changing(shop.data / "shop.db"):
        wrong = agent.once()
    assert wrong is not None
    assert wrong.code == "locked"
    agent.close()
