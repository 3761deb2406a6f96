"""A catalogue that is replaced while the till sells: seen whole or not at all, whatever stops the import."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import SqliteDatabase

from kassa_tui.storage import catalogue_build
from kassa_tui.storage.articles_import import ImportWords, import_articles
from kassa_tui.storage.catalogue import Catalogue
from kassa_tui.storage.csvread import ImportReport
from kassa_tui.storage.database import StorageError, open_database
from kassa_tui.storage.shop_schema import CATALOGUE_TABLES, open_shop

TODAY = "2026-11-22"
WORDS = ImportWords(lambda cents: f"Statiegeld {cents}", "Statiegeld", "Overig")
HEADER = "sku,gtin,name,group,price,vat,unit,deposit,min_age,stock\n"
GOOD = HEADER + "1,8710400280507,Melk,Zuivel,1.29,9,each,,,4\n"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDatabase]:
    db = open_shop(tmp_path / "shop.db", "NL")
    yield db
    db.close()


def load(db: SqliteDatabase, content: str) -> ImportReport:
    path = Path(str(db.database)).with_name("articles.csv")
    path.write_text(content, encoding="utf-8")
    return import_articles(db, path, today=TODAY, words=WORDS)


def whole(db: SqliteDatabase) -> list[object]:
    return [db.execute_sql(f"select * from {table} order by 1").fetchall() for table in ("article", "code", "meta")]


def names_of_tables(db: SqliteDatabase) -> set[str]:
    return {row[0] for row in db.execute_sql("select name from sqlite_schema").fetchall()}


def test_a_running_till_sees_the_new_catalogue_and_is_never_held_up(
    db: SqliteDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(db, GOOD).ok
    till = open_database(tmp_path / "shop.db", readonly=True)
    till.connect()
    till.execute_sql("pragma busy_timeout=0")
    catalogue = Catalogue(till)
    seen: list[tuple[str, int, int]] = []
    plain = catalogue_build.CatalogueBuild.exchange

    def look() -> None:
        milk = catalogue.by_sku("1", TODAY)
        assert milk is not None
        seen.append((milk.name, catalogue.version(), len(catalogue.search("melk", TODAY))))

    def exchange(build: catalogue_build.CatalogueBuild, groups: dict[str, tuple[int, str]]) -> int:
        look()
        version = plain(build, groups)
        look()
        return version

    monkeypatch.setattr(catalogue_build.CatalogueBuild, "exchange", exchange)
    assert load(db, GOOD.replace("Melk", "Volle melk")).ok
    look()
    assert seen == [("Melk", 1, 1), ("Volle melk", 2, 1), ("Volle melk", 2, 1)]
    till.close()


def test_a_till_within_a_read_keeps_its_catalogue_while_it_is_exchanged(db: SqliteDatabase, tmp_path: Path) -> None:
    assert load(db, GOOD).ok
    till = open_database(tmp_path / "shop.db", readonly=True)
    till.connect()
    with till.atomic():
        before = Catalogue(till).by_sku("1", TODAY)
        assert load(db, HEADER + "2,,Kaas,G,5,9,kg,,,\n").ok
        assert Catalogue(till).by_sku("1", TODAY) == before
    assert Catalogue(till).by_sku("1", TODAY) is None
    till.close()


@pytest.mark.parametrize("table", CATALOGUE_TABLES)
def test_a_power_cut_while_building_leaves_the_old_catalogue(db: SqliteDatabase, tmp_path: Path, table: str) -> None:
    assert load(db, GOOD).ok
    db.execute_sql(f"create table next_{table} (left_by text)")
    db.execute_sql(f"create table old_{table} (left_by text)")
    assert Catalogue(db).by_sku("1", TODAY) is not None
    assert load(db, GOOD).ok
    assert not {name for name in names_of_tables(db) if name.startswith(("next_", "old_"))}


def test_a_process_killed_at_any_write_leaves_one_whole_catalogue(tmp_path: Path) -> None:
    db = open_shop(tmp_path / "shop.db", "NL")
    assert load(db, GOOD).ok
    db.close()
    (tmp_path / "articles.csv").write_text(GOOD.replace("Melk", "Room"))
    finished, name = False, ""
    for after in range(1, 200, 3):
        child = os.fork()
        if child == 0:
            os._exit(_die_after(tmp_path, after))
        _, status = os.waitpid(child, 0)
        reader = open_database(tmp_path / "shop.db", readonly=True)
        reader.connect()
        found = Catalogue(reader).by_code("08710400280507", TODAY)
        assert found is not None
        name = found.name
        assert len(Catalogue(reader).search(name, TODAY)) == 1
        reader.close()
        finished = os.waitstatus_to_exitcode(status) == 0
        if finished:
            break
        assert os.waitstatus_to_exitcode(status) == 9
    assert finished
    assert name == "Room"


def _die_after(folder: Path, statements: int) -> int:
    """Import in this process, which ends without a word at the given statement; 0 where it came to the end."""
    db = open_shop(folder / "shop.db", "NL")
    left = [statements]

    def count(_: str) -> None:
        left[0] -= 1
        if not left[0]:
            os._exit(9)

    db.connection().set_trace_callback(count)
    return 0 if import_articles(db, folder / "articles.csv", today=TODAY, words=WORDS).ok else 1


def test_a_full_disk_changes_nothing(db: SqliteDatabase) -> None:
    assert load(db, GOOD).ok
    before = whole(db)
    pages = db.execute_sql("pragma page_count").fetchone()[0]
    db.execute_sql(f"pragma max_page_count={pages + 20}")
    with pytest.raises(StorageError) as error:
        load(db, HEADER + "".join(f"{n},,Artikel {n} van de dag,G,1,9,each,,,\n" for n in range(9000)))
    assert error.value.code == "disk_full"
    assert whole(db) == before
    db.execute_sql(f"pragma max_page_count={pages + 9999}")
    assert load(db, GOOD.replace("Melk", "Room")).ok
    assert not {name for name in names_of_tables(db) if name.startswith(("next_", "old_"))}


def test_one_import_at_a_time(db: SqliteDatabase, tmp_path: Path) -> None:
    handle = os.open(tmp_path / "shop.db.import", os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(StorageError) as error:
        load(db, GOOD)
    assert error.value.code == "locked"
    os.close(handle)
    assert load(db, GOOD).ok


def test_a_file_of_many_batches_with_a_reader_at_work(
    db: SqliteDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kassa_tui.storage.articles_import.BATCH_ROWS", 100)
    monkeypatch.setattr(catalogue_build, "BATCH_ROWS", 100)
    assert load(db, GOOD).ok
    stop = threading.Event()
    failures: list[str] = []
    looked: list[int] = []

    def read() -> None:
        till = open_database(tmp_path / "shop.db", readonly=True)
        till.connect()
        till.execute_sql("pragma busy_timeout=0")
        while not stop.is_set() or not looked:
            if Catalogue(till).by_code("08710400280507", TODAY) is None:
                failures.append("lost")
            looked.append(1)
        till.close()

    thread = threading.Thread(target=read)
    thread.start()
    rows = "".join(f"A{n},PLU{n},Artikel {n},Groep {n % 7},1.29,9,each,,,\n" for n in range(2500))
    report = load(db, GOOD + rows)
    stop.set()
    thread.join()
    assert (report.articles, report.codes) == (2501, 2501)
    assert failures == []
    last = Catalogue(db).by_code("PLU2499", TODAY)
    assert last is not None
    assert last.group == "Groep 0"
    assert db.execute_sql("pragma secure_delete").fetchone() == open_secure(tmp_path)


def open_secure(folder: Path) -> tuple[int]:
    db = open_database(folder / "shop.db")
    db.connect()
    row: tuple[int] = db.execute_sql("pragma secure_delete").fetchone()
    db.close()
    return row
