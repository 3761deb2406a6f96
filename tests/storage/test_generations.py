"""A whole catalogue takes the name ``shop.db``: a till that reads follows, a crash leaves the old one or the new."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from kassa_tui.storage import generations
from kassa_tui.storage.catalogue_build import building, changing
from kassa_tui.storage.database import StorageError, backup, quick_check
from kassa_tui.storage.shop import SHOP_DB, Shop
from kassa_tui.storage.shop_feed import apply_page, position
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.storage.snapshot import Wanted, load
from kassa_tui.sync.wire import Row

DAY = "2026-11-22"
WANTED = Wanted("e", 70, 1, 1, "", "")


def catalogue(path: Path, name: str, articles: int = 40) -> Path:
    """A shop with so many articles of one name."""
    db = open_shop(path, "NL")
    rows = [Row(1, "group", "3", "put", {"name": "Zuivel", "vat": "low"})]
    rows += [
        Row(1, "article", f"S{n}", "put", {"name": f"{name} {n}", "group": 3, "vat": "low", "price": 100})
        for n in range(articles)
    ]
    apply_page(db, rows, "e", 7)
    db.close()
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return catalogue(tmp_path / SHOP_DB, "Oud")


def exchanged(shop: Path, name: str) -> None:
    """Another catalogue, in one step."""
    load(shop, catalogue(shop.with_name("fresh.db"), name), WANTED, "NL", "F1")


def names(shop: Path) -> set[str]:
    """First words of what is sold there; fails on a mixture that SQLite itself finds wrong."""
    quick_check(shop)
    con = sqlite3.connect(shop)
    try:
        found = {row[0].split()[0] for row in con.execute("select name from article")}
        assert con.execute("select count(*) from article").fetchone() == (40,)
        return found
    finally:
        con.close()


def aged(shop: Path) -> None:
    """As if the last exchange were minutes ago."""
    os.utime(shop, (1, 1), follow_symlinks=False)


def test_a_reader_follows_from_its_next_look_up_on(shop: Path) -> None:
    reader = Shop(shop.parent)
    versions, changes = [reader.version()], [reader.changes()]
    for name in ("Nieuw", "Nieuwer", "Nieuwst"):
        exchanged(shop, name)
        found = reader.by_sku("S7", DAY)
        assert found is not None
        assert found.name == f"{name} 7"
        assert len(reader.search(name.lower(), DAY)) == 17
        assert reader.search("oud", DAY) == []
        versions.append(reader.version())
        changes.append(reader.changes())
    assert versions == sorted(set(versions)), "the version counts on over all files"
    assert len(set(changes)) == 4, "who looks whether anything changed must see each"
    db = open_shop(shop, "NL")
    apply_page(db, [Row(1, "article", "S7", "put", {"name": "Later", "group": 3, "vat": "low", "price": 9})], "e", 80)
    assert position(db) == ("e", 80)
    db.close()
    assert (found := reader.by_sku("S7", DAY)) is not None
    assert found.name == "Later"
    reader.close()


def test_who_has_the_old_file_open_reads_it_to_the_end(shop: Path) -> None:
    con = sqlite3.connect(f"file:{shop}?mode=ro", uri=True)
    rows = con.execute("select name from article order by id")
    assert rows.fetchone() == ("Oud 0",)
    for name in ("Nieuw", "Nieuwer"):
        exchanged(shop, name)
        aged(shop)
        generations.tidy(shop)
    assert [row[0] for row in rows] == [f"Oud {n}" for n in range(1, 40)]
    con.close()
    assert names(shop) == {"Nieuwer"}


def test_a_reader_keeps_what_it_has_where_the_new_file_cannot_be_read(shop: Path) -> None:
    reader = Shop(shop.parent)
    damaged = shop.with_name("damaged.db")
    damaged.write_bytes(b"no database" * 500)
    generations.exchange(shop, damaged)
    assert (found := reader.by_sku("S7", DAY)) is not None
    assert found.name == "Oud 7"
    exchanged_over = catalogue(shop.with_name("fresh.db"), "Nieuw")
    generations.exchange(shop, exchanged_over)
    assert (found := reader.by_sku("S7", DAY)) is not None
    assert found.name == "Nieuw 7"
    reader.close()


def test_what_is_left_behind_goes_but_not_at_once(shop: Path) -> None:
    reader = Shop(shop.parent)
    assert reader.count() == 40
    exchanged(shop, "Nieuw")
    exchanged(shop, "Nieuwer")
    stray = shop.with_name("shop-99.db-wal")
    shop.with_name("shop-99.db").write_bytes(b"x")
    stray.write_bytes(b"x")
    unknown = shop.with_name("shop-old.db")
    unknown.write_bytes(b"of a person's own")
    generations.tidy(shop)
    assert stray.exists(), "somebody may be on the way to it"
    aged(shop)
    generations.tidy(shop)
    left = {path.name for path in shop.parent.glob("shop*") if not path.name.endswith(("-wal", "-shm"))}
    assert left == {SHOP_DB, shop.readlink().name, unknown.name}
    assert not stray.exists()
    assert not shop.with_name("shop.db-wal").exists(), "the log of the first file fits no other"
    assert reader.count() == 40
    reader.close()
    assert names(shop) == {"Nieuwer"}


def test_a_copy_of_the_shop_is_one_file_and_moving_it_takes_all_of_it(shop: Path, tmp_path: Path) -> None:
    exchanged(shop, "Nieuw")
    writer = sqlite3.connect(shop, isolation_level=None)
    writer.execute("pragma wal_autocheckpoint=0")
    writer.execute("update article set name = 'Pas ' || id")
    copy = backup(shop, tmp_path / "copy.db")
    assert names(copy) == {"Pas"}
    (tmp_path / "away").mkdir()
    generations.move(shop, tmp_path / "away" / SHOP_DB)
    assert not shop.is_symlink()
    assert not list(tmp_path.glob("shop-*.db*"))
    assert names(tmp_path / "away" / SHOP_DB) == {"Pas"}
    writer.close()


def test_an_import_into_a_file_that_lost_its_name_is_refused(shop: Path) -> None:
    db = open_shop(shop, "NL")
    exchanged(shop, "Nieuw")
    with pytest.raises(StorageError) as refused, building(db):
        pass
    assert refused.value.code == "locked"
    db.close()
    again = open_shop(shop, "NL")
    with building(again) as build:
        assert build.same_codes() == []
    again.close()


EVENTS = ("open", "os.rename", "os.remove", "os.symlink", "os.truncate", "sqlite3.connect", "os.listdir", "os.scandir")
"""What a process is killed before, each time it does one of them; of ``sqlite3.execute`` nothing is told."""


def killed_at(number: int, shop: Path, fresh: Path) -> bool:
    """Whether a process that loads ``fresh`` was killed as it came to the step of this number."""
    child = os.fork()
    if child == 0:
        left = [number]

        def step(event: str, _arguments: object) -> None:
            if event in EVENTS:
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(step)
        try:
            with changing(shop):
                generations.tidy(shop)
                load(shop, fresh, WANTED, "NL", "F1")
        finally:
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_at_each_step_the_shop_is_the_old_one_or_the_new(tmp_path: Path) -> None:
    old, new = catalogue(tmp_path / "old.db", "Oud"), catalogue(tmp_path / "new.db", "Nieuw")
    seen: list[set[str]] = []
    number, killed = 0, True
    while killed:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        shop = Path(shutil.copyfile(old, folder / SHOP_DB))
        if number % 2:
            # The second time the name is a link already.
            load(shop, Path(shutil.copyfile(old, folder / "first.db")), WANTED, "NL", "F1")
            aged(shop)
        reader = Shop(folder)
        assert reader.count() == 40
        killed = killed_at(number, shop, Path(shutil.copyfile(new, folder / "fresh.db")))
        seen.append(names(shop))
        assert reader.count() == 40
        reader.close()
        # The next try goes through, and nothing of the other stays behind.
        with changing(shop):
            load(shop, Path(shutil.copyfile(new, folder / "fresh.db")), WANTED, "NL", "F1")
            aged(shop)
            generations.tidy(shop)
        assert names(shop) == {"Nieuw"}
        databases = {path.name for path in folder.glob("shop*.db")}
        assert databases == {SHOP_DB, shop.readlink().name}, number
        shutil.rmtree(folder)
    assert number > 12
    assert seen[0] == {"Oud"}
    assert seen[-1] == {"Nieuw"}
    assert set().union(*seen) == {"Oud", "Nieuw"}
    assert all(len(each) == 1 for each in seen)
