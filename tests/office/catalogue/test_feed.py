"""The feed: every change reaches it, none is skipped, what moves or goes leaves a tombstone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from importlib import import_module

import msgspec
import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.catalogue.models import (
    Article,
    Barcode,
    Customer,
    FeedPending,
    FeedRow,
    FeedSum,
    Group,
    Price,
    PriceBatch,
    PriceList,
    Reason,
    ReceiptText,
)
from kassa_office.staff.models import Employee
from kassa_office.tills.models import Branch, Till
from kassa_tui.storage.feed_sums import row_hash, tables
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import FeedPage, Row
from tests.office.conftest import Databases, MakeTill

LONG_AGO = date(2026, 1, 1)


@pytest.fixture
def till(make_till: MakeTill) -> Till:
    found = make_till("B1", "K1").till
    feed.sequence()
    return found


def article(sku: str = "1", cents: int = 199, **more: object) -> Article:
    group, _ = Group.objects.get_or_create(name="Brood", defaults={"vat": "low"})
    made = Article.objects.create(sku=sku, name=f"Artikel {sku}", group=group, vat="low", **more)
    Price.objects.create(article=made, valid_from=LONG_AGO, amount=cents)
    return made


def news(till: Till, cursor: int) -> FeedPage:
    feed.sequence(slow=True)
    return feed.page(till, cursor)


def told(rows: list[Row]) -> set[tuple[str, str, str]]:
    return {(row.table, row.id, row.op) for row in rows}


def now(till: Till) -> int:
    feed.sequence(slow=True)
    return feed.office_seq()


def test_an_article_with_all_that_belongs_to_it(till: Till) -> None:
    made = article(min_age=18, deposit_sku="S25")
    Barcode.objects.create(code="08710400000013", article=made, pieces=6)
    rows = {row.table: row for row in news(till, 0).rows}
    assert rows["article"].id == "1"
    assert rows["article"].data == {
        "name": "Artikel 1", "group": made.group_id, "vat": "low", "price": 199, "min_age": 18, "deposit_sku": "S25",
        "codes": [["08710400000013", 6]],
    }  # fmt: skip
    assert rows["group"].data == {"name": "Brood", "vat": "low", "active": True}


def test_the_tills_country_decides_which_rates_it_hears(till: Till) -> None:
    belgian = Branch.objects.create(code="B2", name="Gent", country="BE")
    ghent = Till.objects.create(code="K2", branch=belgian)
    here = {row.data["code"] for row in news(till, 0).rows if row.table == "vat_rate"}
    there = {row.data["code"] for row in news(ghent, 0).rows if row.table == "vat_rate"}
    assert (here, there) == ({"high", "low", "zero"}, {"standard", "middle", "low", "zero"})


CHANGES: dict[str, Callable[[Till], set[tuple[str, str, str]]]] = {}


def change(function: Callable[[Till], set[tuple[str, str, str]]]) -> Callable[[Till], set[tuple[str, str, str]]]:
    CHANGES[function.__name__] = function
    return function


@change
def saved_article(till: Till) -> set[tuple[str, str, str]]:
    Article.objects.get(sku="1").save()
    Article(sku="1", name="Anders", group=Group.objects.get(), vat="low").save()
    return {("article", "1", "put")}


@change
def article_out_of_use(till: Till) -> set[tuple[str, str, str]]:
    made = Article.objects.get(sku="1")
    made.active = False
    made.save()
    return {("article", "1", "del")}


@change
def deleted_article(till: Till) -> set[tuple[str, str, str]]:
    Article.objects.get(sku="1").delete()
    return {("article", "1", "del")}


@change
def moved_barcode(till: Till) -> set[tuple[str, str, str]]:
    code = Barcode.objects.create(code="08710400000013", article_id="1")
    now(till)
    article("2")
    code.article_id = "2"
    code.save()
    return {("article", "1", "put"), ("article", "2", "put")}


@change
def price_to_come(till: Till) -> set[tuple[str, str, str]]:
    Price.objects.create(article_id="1", valid_from=date(2099, 1, 1), amount=999)
    return {("price", "all:2099-01-01:1", "put")}


@change
def price_of_another_branch(till: Till) -> set[tuple[str, str, str]]:
    other = Branch.objects.create(code="B9", name="Elders")
    Price.objects.create(article_id="1", branch=other, valid_from=LONG_AGO, amount=1)
    return {("branch", "B9", "put")}


@change
def price_of_this_branch(till: Till) -> set[tuple[str, str, str]]:
    Price.objects.create(article_id="1", branch=till.branch, valid_from=LONG_AGO, amount=1)
    return {("price", "branch:B1:2026-01-01:1", "put")}


@change
def staff_of_another_branch(till: Till) -> set[tuple[str, str, str]]:
    person = Employee.objects.create(code="anna", name="Anna", pin_hash="x")
    first = now(till)
    person.branches.add(Branch.objects.create(code="B9", name="Elders"))
    assert told(news(till, first).rows) == {("staff", "anna", "del"), ("branch", "B9", "put")}
    person.branches.add(till.branch)
    page = news(till, first)
    assert [row.op for row in page.rows if row.table == "staff"] == ["del", "put"]
    return {("staff", "anna", "del"), ("staff", "anna", "put"), ("branch", "B9", "put")}


@change
def others(till: Till) -> set[tuple[str, str, str]]:
    Customer.objects.create(code="9", name="Jansen")
    Reason.objects.create(what="return", code="damaged", text="Kapot")
    ReceiptText.objects.create(text="Dag", branch=till.branch)
    till.settings = {"rules.login_delay_after": 5}
    till.save()
    return {
        ("customer", "9", "put"),
        ("reason", "return:damaged", "put"),
        ("text", str(ReceiptText.objects.get().pk), "put"),
        ("setting", "rules.login_delay_after", "put"),
    }


@change
def said_outright(till: Till) -> set[tuple[str, str, str]]:
    feed.put("branch:B1", "parked", "t1", {"till": "K2"})
    feed.put("branch:B1", "parked", "t2", {"till": "K2"})
    feed.put("branch:B2", "parked", "t3", {"till": "K2"})
    feed.put_many("all", "stock", [("B1:1", {"qty": 1000, "at": 5}), ("B1:1", {"qty": 900, "at": 6})])
    feed.drop("branch:B1", "parked", "t2")
    return {("parked", "t1", "put"), ("parked", "t2", "del"), ("stock", "B1:1", "put")}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_and_nothing_else(till: Till, name: str) -> None:
    article()
    first = now(till)
    expected = CHANGES[name](till)
    page = news(till, first)
    assert told(page.rows) == expected
    assert [row.seq for row in page.rows] == sorted({row.seq for row in page.rows})
    assert not news(till, page.cursor).rows


def test_what_changes_nothing_is_no_news(till: Till) -> None:
    article()
    first = now(till)
    Article.objects.get(sku="1").save()
    Article.objects.filter(sku="1").update(rank=5)
    feed.touch_all()
    assert not news(till, first).rows


def test_prices_of_a_round_come_when_it_is_released(till: Till) -> None:
    made, batch = article(), PriceBatch.objects.create(name="Week 50", starts=date(2099, 1, 1))
    Price.objects.create(article=made, valid_from=batch.starts, amount=99, batch=batch)
    first = now(till)
    assert not news(till, first).rows
    batch.released_at = timezone.now()
    batch.save()
    assert told(news(till, first).rows) == {("price", "all:2099-01-01:1", "put")}
    batch.released_at = None
    batch.save()
    assert told(news(till, first).rows) == {("price", "all:2099-01-01:1", "del")}


def test_a_branch_with_another_price_list_needs_a_snapshot(till: Till) -> None:
    article()
    PriceList.objects.create(code="L", name="Lijst")
    Price.objects.create(article_id="1", price_list_id="L", valid_from=LONG_AGO, amount=5)
    first = now(till)
    till.branch.price_list_id = "L"
    till.branch.save()
    feed.sequence()
    with pytest.raises(OfficeError) as gone:
        feed.page(till, first)
    assert gone.value.code == "cursor_gone"
    assert ("price", "list:L:2026-01-01:1", "put") in told(feed.page(till, 0).rows)


def test_a_till_that_moves_needs_a_snapshot_and_others_do_not(till: Till, make_till: MakeTill) -> None:
    other = make_till("B2", "K2").till
    first = now(till)
    till.branch = other.branch
    till.save()
    feed.sequence()
    with pytest.raises(OfficeError, match="cursor_gone"):
        feed.page(till, first)
    assert feed.page(other, first).cursor == feed.office_seq()


def test_tombstones_live_thirteen_months(till: Till) -> None:
    article()
    first = now(till)
    Article.objects.get(sku="1").delete()
    feed.sequence()
    assert feed.prune() is None
    assert told(feed.page(till, first).rows) == {("article", "1", "del")}
    FeedRow.objects.filter(op="del").update(at=timezone.now() - timedelta(days=31 * 13))
    assert feed.prune() == "1 tombstones"
    with pytest.raises(OfficeError) as gone:
        feed.page(till, first)
    assert gone.value.code == "cursor_gone"
    assert not feed.page(till, feed.office_seq()).rows
    assert feed.page(till, 0).cursor == feed.office_seq()


def test_from_the_beginning_one_always_gets_to_the_end(till: Till) -> None:
    for number in range(6):
        article(str(number))
    feed.sequence()
    Article.objects.get(sku="5").delete()
    feed.sequence()
    FeedRow.objects.filter(op="del").update(at=timezone.now() - timedelta(days=401))
    feed.prune()
    cursor = 0
    for _ in range(3):
        assert feed.page(till, cursor, 3).rows == feed.page(till, cursor, 3).rows
        cursor = feed.page(till, cursor, 3).cursor
    feed.renumber_scope("branch:B1")
    feed.sequence()
    with pytest.raises(OfficeError, match="cursor_gone"):
        feed.page(till, cursor, 3)


def test_a_cursor_of_an_office_that_was_restored(till: Till) -> None:
    with pytest.raises(OfficeError, match="cursor_gone"):
        feed.page(till, feed.office_seq() + 1)


def test_far_behind_a_snapshot_is_shorter(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        article(str(number))
    first = now(till) - 3
    monkeypatch.setattr(feed, "TOO_MANY", 2)
    with pytest.raises(OfficeError, match="cursor_gone"):
        feed.page(till, first)
    assert feed.page(till, first + 2).rows


def test_pages_join_up(till: Till) -> None:
    for number in range(12):
        article(str(number))
    feed.sequence()
    whole, cursor, pages = feed.page(till, 0).rows, 0, 0
    found: list[Row] = []
    while True:
        page = feed.page(till, cursor, 5)
        found, cursor, pages = found + page.rows, page.cursor, pages + 1
        if not page.more:
            break
        assert not page.sums
    assert [row.seq for row in found] == [row.seq for row in whole]
    assert pages == -(-len(whole) // 5)
    assert cursor == feed.office_seq()


def test_the_sums_are_those_of_the_live_rows(till: Till) -> None:
    for number in range(4):
        article(str(number))
    feed.put("branch:B2", "parked", "t", {"till": "K9"})
    feed.put("all", "group", "77", {"name": "Oud", "vat": "low", "active": False})
    Article.objects.get(sku="2").delete()
    page = news(till, 0)
    wanted: dict[str, list[int]] = {table: [0, 0] for table in tables()}
    for row in page.rows:
        hashed = row_hash(row.table, row.id, row.data) if row.op == "put" else None
        if hashed is not None:
            counted = wanted.setdefault(row.table, [0, 0])
            counted[0] += 1
            counted[1] += hashed
    assert page.sums == {table: f"{count}:{total % 2**64:016x}" for table, (count, total) in wanted.items()}
    assert page.sums["article"].startswith("3:")
    assert page.sums["parked"] == "0:0000000000000000", "of another branch"


def test_a_migration_makes_the_sums_anew(till: Till) -> None:
    article("1")
    before = news(till, 0).sums
    FeedSum.objects.update(total="f" * 16)
    assert news(till, 0).sums != before
    import_module("kassa_office.catalogue.migrations.0003_sums_and_rank").recount(apps, None)
    assert news(till, 0).sums == before


def test_a_change_that_is_undone_is_never_told(till: Till) -> None:
    first = now(till)
    with transaction.atomic():
        article()
        transaction.set_rollback(True)
    assert not FeedPending.objects.exists()
    assert not news(till, first).rows


def test_eight_writers_and_a_reader_that_skips_nothing(office_db: Databases, make_till: MakeTill) -> None:
    till = make_till("B1", "K1").till
    first = now(till)
    each, writers = 25, 8
    seen: list[Row] = []
    wrong: list[BaseException] = []
    done = threading.Event()

    def write(writer: int) -> None:
        try:
            for number in range(each):
                with transaction.atomic():
                    feed.put("all", "message", f"{writer}-{number}", {"text": "x"})
                    feed.put("all", "message", f"shared-{number % 5}", {"text": f"{writer}-{number}"})
                feed.sequence(wait=number % 2 == 0)
        except BaseException as error:  # noqa: BLE001 - told by the test
            wrong.append(error)
        finally:
            connections.close_all()

    def read() -> None:
        cursor = first
        try:
            while True:
                last = done.is_set()
                page = feed.page(till, cursor, 7)
                assert all(cursor < row.seq <= page.cursor for row in page.rows)
                seen.extend(page.rows)
                cursor = page.cursor
                if last and not page.more and not FeedPending.objects.exists():
                    return
        except BaseException as error:  # noqa: BLE001 - told by the test
            wrong.append(error)
        finally:
            connections.close_all()

    connection.close()
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    reader = threading.Thread(target=read)
    for thread in (*threads, reader):
        thread.start()
    for thread in threads:
        thread.join(120)
    done.set()
    reader.join(120)
    assert not wrong
    assert {row.id for row in seen if "shared" not in row.id} == {
        f"{writer}-{number}" for writer in range(writers) for number in range(each)
    }
    held = {row.id: row.data for row in seen}
    for key, data in FeedRow.objects.filter(table="message").values_list("key", "data"):
        assert held[key] == msgspec.json.decode(data)
