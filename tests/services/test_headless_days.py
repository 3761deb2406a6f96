"""Long days through ``kassa sell``: the books add up, and follow from the journal alone."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui.exports import journal_file
from kassa_tui.services import books
from kassa_tui.storage import keys
from kassa_tui.storage.database import backup, open_database
from kassa_tui.storage.journal import verify
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.till_schema import PROJECTIONS
from tests.services.shop_floor import CASHIER, MANAGER, MINUTE, SENIOR, Hands, hands

ACTS = (
    "6", "7", "9", "2 * 7", "87000009", "0,350 * 1", "14", "15", "31", "ring 2,50 Fris", "nergens", "+",
    "void 1", "void 2 fout", "set 1 3", "set 2 2", "price 1 1,00", "discount 1 5%", "discount ticket 0,50",
    "discount ticket 10%", "customer 100", "customer 101", "age ok", "age refused", "park", "park jan", "recall",
    "recall 1", "return 1", "return 2 1", "return 3 1 1", "return-article 6", "deposit-return 7 2", "issue-voucher",
    "issue-voucher 10", "pay cash", "pay cash", "pay cash", "pay cash", "pay cash", "pay cash", "pay cash 1",
    "pay cash 50", "pay pin", "pay pin",
    "pay pin refused", "pay pin unknown", "pay pin ok", "pay account", "pay voucher ZEGEL 2", "take-back", "back",
    "cancel", "drawer wisselgeld", "cash-in 5 gevonden", "cash-out 2,50 melk", "drop 10", "price-check 6", "x-report",
    "reprint", "approve 9999", "note dag", "lock", "login 1111", "login 2222", "login 9999", "login 0000", "logout",
    "count 50=1 1=3", "close-shift", "open-shift 100", "training on",
)  # fmt: skip


Day = tuple[Hands, list[dict[str, Any]]]


def long_day(till: Hands, seed: int, acts: int) -> list[dict[str, Any]]:
    """A day of everything in any order; the finished sales, without those of the practice till."""
    choose = random.Random(seed)
    vouchers: list[str] = []
    sold = []

    def type_(line: str) -> str:
        answer = till.type(line)
        assert answer.get("code") != "internal_error", line
        if answer["ok"] and answer["outcome"] == "paid" and not till.till.training:
            sold.append(answer["ticket"])
        if answer["ok"] and answer["outcome"] == "voucher_issued" and not till.till.training:
            vouchers.append(answer["facts"]["number"])
        till.clock.pass_(choose.randrange(MINUTE))
        return str(answer.get("code", ""))

    till.open_shop(MANAGER)
    for _ in range(acts):
        line = choose.choice(ACTS)
        if vouchers and choose.random() < 0.05:
            line = f"pay voucher {choose.choice(vouchers)}"
        if till.till.training and choose.random() < 0.2:
            leave_practice(till)
        code = type_(line)
        if code in ("not_logged_in", "login_wait"):
            till.clock.pass_(10 * MINUTE)
            type_(f"login {choose.choice((CASHIER, SENIOR, MANAGER))}")
        elif code == "shift_closed":
            type_("open-shift 100")
        elif code == "age_open":
            type_("age ok")
        elif code == "card_unresolved":
            type_("pay pin ok")
            type_("approve 9999")
    if till.till.training:
        leave_practice(till)
    return sold


def leave_practice(till: Hands) -> None:
    """Back to the real till, whatever lies open on the other."""
    till.clock.pass_(10 * MINUTE)
    till.do(f"login {MANAGER}")
    for line in ("open-shift 1", "pay pin refused", "age ok", "take-back", "cancel", "pay cash", "pay pin"):
        till.type(line)
    till.type("close-shift")
    till.do("training off")


@pytest.fixture(scope="module", params=[("NL", 1), ("NL", 2), ("BE", 3)], ids=["NL1", "NL2", "BE3"])
def day(
    request: pytest.FixtureRequest, new_shops: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    """A till after a long day, and what it sold."""
    country, seed = request.param
    till = hands(tmp_path_factory.mktemp("day"), new_shops[country], country, rules="login_delay_after = 50")
    sold = long_day(till, seed, 1500)
    till.till.store.flush()
    yield till, sold
    till.close()


def test_a_day_adds_up(day: Day) -> None:
    till, sold = day
    con = till.till.store.read
    assert len(sold) > 40
    assert [sale["receipt_number"] for sale in sold] == [f"K1-{n:06d}" for n in range(1, len(sold) + 1)]
    for sale in sold:
        assert sum(line["amount"] for line in sale["lines"]) == sale["total"]
        paid = sum(payment["amount"] for payment in sale["payments"])
        assert paid == sale["total"] + sale["rounding"] + sale["change"]
        assert all(block["gross"] == block["net"] + block["vat"] for block in sale["vat"])
    figures = [books.day_figures(con, date) for date in dates(con)]
    turnover = sum(counted(sale) for sale in sold)
    assert sum(day["turnover"] for day in figures) == turnover
    assert sum(day["receipts"] for day in figures) == len(sold)
    assert sum(day["rounding"] for day in figures) == sum(sale["rounding"] for sale in sold)
    by_rate: Counter[int] = Counter()
    for sale in sold:
        by_rate.update({block["rate"]: block["vat"] for block in sale["vat"]})
    reported: Counter[int] = Counter()
    for each in figures:
        reported.update({block["rate"]: block["vat"] for block in each["vat"]})
    assert reported == by_rate
    grand = books.x_figures(con, till.till.store.state)["grand"]
    assert grand["net"] == turnover == grand["sales"] - grand["returns"]


def test_tenders_of_a_day_are_those_of_its_sales(day: Day) -> None:
    till, sold = day
    taken: Counter[str] = Counter()
    for sale in sold:
        for payment in sale["payments"]:
            taken[payment["kind"]] += payment["amount"]
        taken["cash"] -= sale["change"]
    reported: Counter[str] = Counter()
    for date in dates(till.till.store.read):
        for kind, row in books.day_figures(till.till.store.read, date)["tenders"].items():
            reported[kind] += row["amount"]
    assert reported == taken


def test_the_tables_follow_from_the_journal(day: Day, tmp_path: Path) -> None:
    till, _ = day
    store = till.till.store
    assert verify(store.read, "K1", keys.verify) == []
    backup(store.folder / "till.db", tmp_path / "till.db")
    con = writable(tmp_path)
    before = tables(con)
    differences = rebuild(con, "K1")
    assert differences.tables == ()
    assert differences.entries == con.execute("select count(*) from journal").fetchone()[0] > 200
    assert tables(con) == before
    assert con.execute("select receipt, z from state").fetchone() == (store.state.receipt, store.state.z)
    con.close()


def test_a_rebuild_finds_and_mends_what_was_changed(at_till: Hands) -> None:
    at_till.do("6", "pay cash", "7", "pay cash")
    folder = at_till.till.store.folder
    at_till.close()
    con = writable(folder)
    right = tables(con)
    con.execute("update sale_line set amount = amount + 1 where receipt = 1")
    con.execute("delete from total where kind = 'hour'")
    con.execute("insert into returned values ('K1-000001', 1, 1000)")
    found = {each.table: (each.gone, each.new) for each in rebuild(con, "K1").tables}
    assert found == {"sale_line": (1, 1), "total": (0, 1), "returned": (1, 0)}
    assert tables(con) == right
    assert rebuild(con, "K1").tables == ()
    con.close()


def test_a_rebuild_that_fails_changes_nothing(at_till: Hands) -> None:
    at_till.do("6", "pay cash")
    folder = at_till.till.store.folder
    at_till.close()
    con = writable(folder)
    con.execute("update journal set body = '{}' where kind = 'sale'")
    before = tables(con)
    with pytest.raises(KeyError):
        rebuild(con, "K1")
    assert tables(con) == before
    assert not con.in_transaction
    con.close()


def test_an_exported_journal_proves_itself(day: Day, tmp_path: Path) -> None:
    till, _ = day
    path = tmp_path / "k1.jsonl"
    entries = journal_file.write(till.till.store.read, "K1", path)
    header, flaws = journal_file.verify(path, keys.verify)
    assert flaws == []
    assert header["entries"] == entries
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == entries + 1

    def flaws_of(changed: list[bytes]) -> set[str]:
        path.write_bytes(b"".join(changed))
        return {flaw.code for flaw in journal_file.verify(path, keys.verify)[1]}

    assert flaws_of(lines[:-1]) == {"end"}
    assert flaws_of([*lines[:9], *lines[10:]]) == {"gap", "hash"}
    assert flaws_of([*lines[:9], b"{}\n", *lines[10:]]) == {"unreadable", "hash"}
    assert flaws_of([*lines[:-1], lines[-1].replace(b'"who":"', b'"who":"x')]) == {"hash"}
    other = keys.create_key(tmp_path / "other.key").public.hex().encode()
    assert flaws_of([lines[0].replace(header["public_key"].encode(), other), *lines[1:]]) == {"signature"}


def counted(sale: dict[str, Any]) -> int:
    """Turnover of a sale: without deposits and vouchers sold."""
    return sum(line["amount"] for line in sale["lines"] if line["kind"] not in ("deposit", "voucher"))


def dates(con: sqlite3.Connection) -> list[str]:
    """Every local date on which something was added to the totals."""
    return [row[0] for row in con.execute("select distinct date from total order by date")]


def writable(folder: Path) -> sqlite3.Connection:
    """The till's database as ``journal rebuild`` opens it."""
    db = open_database(folder / "till.db")
    db.connect()
    con: sqlite3.Connection = db.connection()
    return con


def tables(con: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All projections, sorted."""
    return {table: sorted(con.execute(f"select * from {table}"), key=repr) for table in PROJECTIONS}
