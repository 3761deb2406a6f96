"""The snapshot: what a till has that loads it is what one has that read the feed from its beginning."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from kassa_office.catalogue import base, feed, snapshot
from kassa_office.catalogue.models import (
    Article,
    Barcode,
    Customer,
    Group,
    Price,
    PriceList,
    Reason,
    ReceiptText,
    Snapshot,
)
from kassa_office.staff.models import Employee
from kassa_office.tills.models import Branch, Lease, Till
from kassa_office.tills.office import public_key
from kassa_tui.storage import snapshot as tills
from kassa_tui.storage.catalogue import Catalogue
from kassa_tui.storage.feed_sums import differing
from kassa_tui.storage.keys import verify
from kassa_tui.storage.shop_feed import BRANCH, apply_page, position
from kassa_tui.storage.shop_schema import open_shop, set_meta
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import MAX_BODY_BYTES, SnapshotInfo
from tests.office.conftest import MakeTill

LONG_AGO = date(2026, 1, 1)
NAMES = ("Volkoren brood", "Melk halfvol 1 l", "Crème fraîche", "Appelsap", "Statiegeld")


@pytest.fixture(autouse=True)
def clean_folder() -> Iterator[None]:
    yield
    for path in base.folder().glob("*"):
        path.unlink()


@pytest.fixture
def till(make_till: MakeTill) -> Till:
    """A branch that has something of everything."""
    with transaction.atomic():
        found = _fill(make_till)
    feed.sequence(slow=True)
    return found


def _fill(make_till: MakeTill) -> Till:
    found = make_till("B1", "K1").till
    make_till("B2", "K2")
    PriceList.objects.create(code="L", name="Lijst")
    found.branch.price_list_id = "L"
    found.branch.save()
    found.settings = {"rules.login_delay_after": 5}
    found.save()
    groups = [Group.objects.create(name=name, vat="low") for name in ("Zuivel", "Brood")]
    for number in range(60):
        sku = f"8710400{number:05d}" if number == 7 else str(100 + number)
        made = Article.objects.create(
            sku=sku, name=f"{NAMES[number % 5]} {number}", group=groups[number % 2], vat="low", rank=60 - number,
            kind="deposit" if number % 5 == 4 else "goods", deposit_sku="104" if number % 3 == 0 else "",
            min_age=18 if number % 7 == 0 else 0, unit="kg" if number % 11 == 0 else "each", tare=number % 11,
        )  # fmt: skip
        Price.objects.create(article=made, valid_from=LONG_AGO, amount=100 + number)
        if number % 4 == 0:
            Price.objects.create(article=made, valid_from=date(2099, 1, 1), amount=50)
        if number % 6 == 0:
            Price.objects.create(article=made, price_list_id="L", valid_from=LONG_AGO, amount=40, label="Lijst")
        if number % 12 == 0:
            Price.objects.create(article=made, branch=found.branch, valid_from=LONG_AGO, amount=30)
            Barcode.objects.create(code=f"code{number}", article=made, pieces=6)
        feed.put("all", "stock", f"B1:{sku}", {"qty": number * 1000, "at": number})
        feed.put("all", "stock", f"B2:{sku}", {"qty": 1, "at": number})
    Employee.objects.create(code="anna", name="Anna", pin_hash="x")
    Employee.objects.create(code="bas", name="Bas", pin_hash="x").branches.add(Branch.objects.get(code="B2"))
    Customer.objects.create(code="9", name="Jansen", business=True)
    Reason.objects.create(what="return", code="damaged", text="Kapot")
    ReceiptText.objects.create(text="Dag", branch=found.branch, valid_to=date(2027, 1, 1))
    feed.sequence()
    Article.objects.get(sku="101").delete()
    return found


def fetch(till: Till, info: SnapshotInfo, folder: Path, step: int = MAX_BODY_BYTES) -> tills.Wanted:
    """The file as a till gets it, in pieces."""
    wanted = tills.Wanted(info.epoch, info.cursor, info.size, info.unpacked, info.sha256, info.signature)
    at = tills.begun(folder, wanted)
    while at < info.size:
        piece = snapshot.read(till, info.sha256, at)[:step]
        tills.append(folder, piece)
        at += len(piece)
    return wanted


def from_snapshot(till: Till, folder: Path) -> Path:
    shop = folder / "shop.db"
    open_shop(shop, "NL").close()
    wanted = fetch(till, snapshot.current(till), folder)
    tills.load(shop, tills.unpack(folder, wanted, public_key(), verify), wanted, "NL", till.branch_id)
    return shop


def from_feed(till: Till, shop: Path) -> Path:
    """Everything after the shop's cursor, page by page."""
    db = open_shop(shop, "NL")
    set_meta(db, BRANCH, till.branch_id)
    _epoch, cursor = position(db)
    while True:
        page = feed.page(till, cursor, 50)
        assert not apply_page(db, page.rows, page.epoch, page.cursor).refused
        cursor = page.cursor
        if not page.more:
            break
    assert len(page.sums) >= 13
    assert differing(db.connection(), page.sums) == []
    db.close()
    return shop


TABLES = {
    "article": "select sku, name, group_id, price, vat, unit, kind, deposit_sku, min_age, no_discount, stock, tare,"
    " find from article order by sku",
    "code": "select k.code, a.sku, k.pieces from code k join article a on a.id = k.article order by 1",
    "meta": "select * from meta where key not in ('catalogue_version', 'snapshot_cursor') order by 1",
    "runs": "select * from article_run order by 1",
} | {
    table: f"select * from {table} order by 1, 2"
    for table in ("article_group", "price", "feed_price", "vat_rate", "staff", "customer", "setting", "reason",
                  "receipt_text", "branch", "branch_stock", "parked_elsewhere")
}  # fmt: skip


def tables(shop: Path) -> dict[str, list[tuple[object, ...]]]:
    con = sqlite3.connect(shop)
    try:
        return {name: con.execute(sql).fetchall() for name, sql in TABLES.items()}
    finally:
        con.close()


def test_a_snapshot_is_the_feed_from_its_beginning(till: Till, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = from_snapshot(till, tmp_path / "a")
    before = tables(whole)
    assert len(before["article"]) == 59
    assert before["price"]
    assert before["branch_stock"]
    from_feed(till, whole)
    paged = from_feed(till, tmp_path / "b" / "shop.db")
    assert tables(whole) == tables(paged)
    assert tables(whole)["setting"] == [("rules.login_delay_after", "5")]
    assert not before["setting"]


def test_the_order_of_a_search_is_that_of_the_ranks(till: Till, tmp_path: Path) -> None:
    db = open_shop(from_snapshot(till, tmp_path), "NL")
    found = [article.sku for article in Catalogue(db).search("brood", "2026-11-22")]
    by_rank = Article.objects.filter(name__contains="brood").order_by("rank").values_list("sku", flat=True)
    assert found == list(by_rank)[: len(found)]
    assert len(found) == 12
    db.close()


def test_changes_after_the_snapshot_come_by_the_feed(till: Till, tmp_path: Path) -> None:
    shop = from_snapshot(till, tmp_path)
    Article.objects.filter(sku="102").update(name="Heel anders")
    feed.touch("article", ["102"])
    Article.objects.get(sku="103").delete()
    from_feed(till, shop)
    names = {row[0]: row[1] for row in tables(shop)["article"]}
    assert names["102"] == "Heel anders"
    assert "103" not in names


def test_the_file_serves_until_it_is_stale(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    first = snapshot.current(till)
    feed.put("all", "message", "m", {"text": "x"})
    assert snapshot.current(till).sha256 == first.sha256
    monkeypatch.setattr(base, "STALE_ROWS", 0)
    second = snapshot.current(till)
    assert second.cursor > first.cursor
    assert snapshot.read(till, first.sha256, 0)
    Snapshot.objects.filter(sha256=first.sha256).update(made_at=timezone.now() - timedelta(days=3))
    assert snapshot.prune() == 1
    with pytest.raises(OfficeError) as unknown:
        snapshot.read(till, first.sha256, 0)
    assert unknown.value.code == "unknown"
    assert snapshot.read(till, second.sha256, 0)


def test_a_file_older_than_the_feed_reaches_is_made_anew(till: Till) -> None:
    first = snapshot.current(till)
    till.branch.price_list_id = None
    till.branch.save()
    second = snapshot.current(till)
    assert second.cursor > first.cursor
    assert feed.page(till, second.cursor).cursor == feed.office_seq()


def test_one_process_makes_it_and_others_are_told_to_wait(till: Till) -> None:
    Lease.objects.create(name="snapshot:B1", holder="x", until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(OfficeError) as busy:
        snapshot.current(till)
    assert (busy.value.code, busy.value.retry_after) == ("busy", base.RETRY_SECONDS)
    Lease.objects.update(until=timezone.now() - timedelta(minutes=1))
    assert snapshot.current(till).size


def test_in_pieces_with_page_size_and_a_good_signature(till: Till, tmp_path: Path) -> None:
    info = snapshot.current(till)
    wanted = fetch(till, info, tmp_path, step=1000)
    place = tills.unpack(tmp_path, wanted, public_key(), verify)
    con = sqlite3.connect(place)
    open_shop(tmp_path / "mine.db", "NL").close()
    own = sqlite3.connect(tmp_path / "mine.db")
    assert con.execute("pragma page_size").fetchone() == own.execute("pragma page_size").fetchone()
    assert con.execute("pragma freelist_count").fetchone() == (0,)
    assert con.execute("pragma integrity_check").fetchone() == ("ok",)
    con.close()
    own.close()


def test_another_branchs_file_is_not_given(till: Till, make_till: MakeTill) -> None:
    info = snapshot.current(till)
    with pytest.raises(OfficeError, match="unknown"):
        snapshot.read(Till.objects.get(code="K2"), info.sha256, 0)
    assert snapshot.read(till, info.sha256, info.size) == b""


def test_the_job_renews_stale_files_and_removes_what_is_left_over(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot.current(till)
    left = base.folder() / "B1-1-99.db.work"
    left.write_bytes(b"x")
    os.utime(left, (1, 1))
    assert snapshot.refresh() is None
    assert not left.exists()
    feed.put("all", "message", "m", {"text": "x"})
    monkeypatch.setattr(base, "STALE_ROWS", 0)
    assert snapshot.refresh() == "1 made, 0 removed"
    assert Path(settings.OFFICE.data, "snapshots", Snapshot.objects.order_by("-cursor")[0].file).exists()


def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Countries whose base was made from the ground up, from here on."""
    found: list[str] = []
    real = base.make

    def watched(path: Path, country: str, cursor: int) -> None:
        found.append(country)
        real(path, country, cursor)

    monkeypatch.setattr(base, "make", watched)
    return found


def test_what_branches_share_is_made_once(till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bases, shops = made(monkeypatch), []
    for code in ("K1", "K2"):
        other = Till.objects.select_related("branch").get(code=code)
        (tmp_path / code).mkdir()
        shops.append(from_feed(other, from_snapshot(other, tmp_path / code)))
        paged = from_feed(other, tmp_path / code / "paged.db")
        assert tables(shops[-1]) == tables(paged)
    assert bases == ["NL"]
    first, second = map(tables, shops)
    assert first["price"] != second["price"]
    assert first["article"] != second["article"], "each has the stock of its own branch"
    assert first["branch_stock"] == second["branch_stock"]


def test_the_base_follows_the_feed(till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot.current(till)
    bases = made(monkeypatch)
    Article.objects.filter(sku="102").update(name="Heel anders")
    feed.touch("article", ["102"])
    Article.objects.get(sku="103").delete()
    Customer.objects.create(code="10", name="Later")
    feed.put("all", "stock", "B1:105", {"qty": 77, "at": 9})
    feed.sequence(slow=True)
    Snapshot.objects.all().delete()
    whole = from_snapshot(till, tmp_path)
    assert bases == []
    found = tables(whole)
    assert {row[0]: row[1] for row in found["article"]}["102"] == "Heel anders"
    assert "103" not in {row[0] for row in found["article"]}
    assert {row[0]: row[10] for row in found["article"]}["105"] == 77
    assert ("10", "Later", "", 0, 0) in found["customer"]
    paged = from_feed(till, tmp_path / "paged.db")
    assert tables(from_feed(till, whole)) == tables(paged)


@pytest.mark.parametrize("why", ["rows", "age", "program", "floor", "damaged", "epoch"])
def test_a_base_that_will_not_do_is_made_anew(
    till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    snapshot.current(till)
    bases, path = made(monkeypatch), base.folder() / "base-NL.db"
    if why == "rows":
        monkeypatch.setattr(base, "STALE_ROWS", 0)
        Customer.objects.create(code="10", name="Later")
    elif why == "age":
        monkeypatch.setattr(base, "OLD_SECONDS", 0)
    elif why == "program":
        monkeypatch.setattr(base, "_version", lambda: "99")
    elif why == "floor":
        feed.renumber_scope("all")
    elif why == "damaged":
        path.write_bytes(b"x" * 5000)
    else:
        con = sqlite3.connect(path, isolation_level=None)
        con.execute("update meta set value = 'other' where key = 'feed_epoch'")
        con.close()
    Snapshot.objects.all().delete()
    whole = from_feed(till, from_snapshot(till, tmp_path))
    assert bases == ["NL"]
    assert tables(whole) == tables(from_feed(till, tmp_path / "paged.db"))
    assert {each.suffix for each in base.folder().iterdir()} == {".db", ".zst"}


def test_while_another_process_makes_the_base_a_till_waits(till: Till) -> None:
    Lease.objects.create(name="snapshot:base-NL", holder="x", until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(OfficeError) as busy:
        snapshot.current(till)
    assert busy.value.code == "busy"
    Lease.objects.update(until=timezone.now() - timedelta(minutes=1))
    assert snapshot.current(till).size


def test_a_code_that_was_given_counts_before_the_number_of_another_article(till: Till, tmp_path: Path) -> None:
    own = "8710400000006"
    group = Group.objects.all()[0]
    for sku, rank in (("0-other", 900), (own, 1)):
        article = Article.objects.create(sku=sku, name=sku, group=group, vat="low", rank=rank)
        Price.objects.create(article=article, valid_from=LONG_AGO, amount=5)
    Barcode.objects.create(code=f"0{own}", article_id="0-other", pieces=2)
    feed.touch("article", ["0-other", own])
    feed.sequence(slow=True)
    for shop in (from_feed(till, from_snapshot(till, tmp_path)), from_feed(till, tmp_path / "paged.db")):
        assert (f"0{own}", "0-other", 2) in tables(shop)["code"]
        assert own not in {row[1] for row in tables(shop)["code"]}
