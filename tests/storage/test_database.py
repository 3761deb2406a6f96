"""Opening, migrating and copying database files, and what is said when that fails."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from peewee import OperationalError, SqliteDatabase

from kassa_tui.storage.database import (
    StorageError,
    backup,
    checkpoint,
    migrate,
    open_database,
    quick_check,
    translate,
    translated,
    user_version,
)
from kassa_tui.storage.migrations import Migration


def first(db: SqliteDatabase) -> None:
    db.execute_sql("create table sale (id integer primary key, cents integer not null) strict")


def second(db: SqliteDatabase) -> None:
    db.execute_sql("alter table sale add column who text not null default ''")


ONE = (Migration(1, "first", first),)
TWO = (*ONE, Migration(2, "second", second))


def opened(path: Path, readonly: bool = False) -> SqliteDatabase:
    db = open_database(path, readonly=readonly)
    db.connect()
    return db


def code_of(error: pytest.ExceptionInfo[StorageError]) -> str:
    return error.value.code


def test_a_writer_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    db = open_database(tmp_path / "till.db", page_size=2048)
    db.connect()
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "temp_store": 2,
        "trusted_schema": 0,
        "wal_autocheckpoint": 0,
        "page_size": 2048,
    }
    assert {name: db.execute_sql(f"pragma {name}").fetchone()[0] for name in wanted} == wanted


def test_a_thread_without_a_connection_of_its_own_is_refused(tmp_path: Path) -> None:
    db = opened(tmp_path / "till.db")
    caught: list[str] = []

    def strange() -> None:
        try:
            db.execute_sql("select 1")
        except Exception as error:  # noqa: BLE001  whatever it is goes to the assertion
            caught.append(type(error).__name__)

    thread = threading.Thread(target=strange)
    thread.start()
    thread.join()
    assert caught == ["InterfaceError"]


def test_a_reader_sees_each_commit_and_can_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a strange #name?.db"
    writer = opened(path)
    migrate(writer, path, ONE)
    reader = opened(path, readonly=True)
    assert reader.execute_sql("select count(*) from sale").fetchone() == (0,)
    writer.execute_sql("insert into sale values (1, 250)")
    assert reader.execute_sql("select cents from sale").fetchall() == [(250,)]
    with pytest.raises(StorageError) as error, translated(path):
        reader.execute_sql("insert into sale values (2, 1)")
    assert code_of(error) == "read_only"


def test_a_reader_works_after_the_writer_left_and_beside_an_unfinished_log(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    writer = opened(path)
    migrate(writer, path, ONE)
    writer.close()
    reader = opened(path, readonly=True)
    assert reader.execute_sql("select count(*) from sale").fetchone() == (0,)


def test_a_missing_file_is_not_made_by_a_reader(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with pytest.raises(StorageError) as error:
        opened(path, readonly=True)
    assert code_of(error) == "missing"
    assert error.value.facts == {"path": str(path)}
    assert not path.exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        opened(tmp_path / "no" / "till.db")
    assert code_of(error) == "missing"


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("content", [b"sku,name\n1,Bananen\n" * 200, b"SQLite format 3\0" + b"\xff" * 5000])
def test_garbage_is_not_a_database(tmp_path: Path, content: bytes, readonly: bool) -> None:
    path = tmp_path / "till.db"
    path.write_bytes(content)
    with pytest.raises(StorageError) as error:
        opened(path, readonly)
    assert code_of(error) in {"not_a_database", "damaged"}
    assert path.read_bytes() == content


def test_a_file_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "till.db"
    opened(path).close()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(StorageError) as error:
        opened(path)
    assert code_of(error) == "read_only"


def test_a_second_writer_waits_and_then_is_told(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    one = opened(path)
    migrate(one, path, ONE)
    two = opened(path)
    two.execute_sql("pragma busy_timeout=1")
    with one.atomic(), pytest.raises(StorageError) as error, translated(path), two.atomic():
        pytest.fail("two writers at once")
    assert code_of(error) == "locked"


def test_a_full_disk_is_said_and_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    db = opened(path)
    migrate(db, path, ONE)
    db.execute_sql("insert into sale values (1, 250)")
    pages = db.execute_sql("pragma page_count").fetchone()[0]
    db.execute_sql(f"pragma max_page_count={pages + 2}")
    with pytest.raises(StorageError) as error, translated(path), db.atomic():
        db.connection().executemany("insert into sale values (?, 1)", ((n,) for n in range(2, 9999)))
    assert code_of(error) == "disk_full"
    assert db.execute_sql("select * from sale").fetchall() == [(1, 250)]


_LIMITED = """
import resource, sys
from pathlib import Path
from kassa_tui.storage.database import StorageError, backup, open_database, translated
path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
db = open_database(path)
db.connect()
for work in (
    lambda: db.connection().executemany("insert into sale values (?, 1)", ((n,) for n in range(10_000, 99_999))),
    lambda: backup(path, path.with_name("copy.db")),
):
    try:
        with translated(path):
            work()
        print("done")
    except StorageError as error:
        print(error.code)
"""


def test_a_write_that_the_system_cuts_short(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    db = opened(path)
    migrate(db, path, ONE)
    db.connection().execute("begin")
    db.connection().executemany("insert into sale values (?, 1000000000000)", ((n,) for n in range(1, 9000)))
    db.connection().execute("commit")
    checkpoint(db)
    db.close()
    done = subprocess.run([sys.executable, "-c", _LIMITED, str(path)], capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == 2
    assert all(line in {"disk_full", "io_error"} for line in done.stdout.split())
    assert sorted(p.name for p in tmp_path.iterdir() if "copy" in p.name) == []
    quick_check(path)


def test_the_log_is_copied_back_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    db = opened(path)
    migrate(db, path, ONE)
    assert checkpoint(db, truncate=True)
    assert (tmp_path / "till.db-wal").stat().st_size == 0
    db.execute_sql("insert into sale values (1, 250)")
    assert (tmp_path / "till.db-wal").stat().st_size > 0
    reader = opened(path, readonly=True)
    with reader.atomic():
        reader.execute_sql("select * from sale").fetchall()
        db.execute_sql("insert into sale values (2, 250)")
        assert not checkpoint(db)
    assert checkpoint(db)


def test_steps_are_taken_once_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    db = opened(path)
    assert migrate(db, path, ONE) == 1
    assert migrate(db, path, TWO) == 2
    assert migrate(db, path, TWO) == 2
    assert user_version(path) == 2
    assert [row[1] for row in db.execute_sql("pragma table_info(sale)").fetchall()] == ["id", "cents", "who"]
    assert db.execute_sql("pragma foreign_keys").fetchone() == (1,)


def test_the_old_shape_is_kept_beside_a_migrated_file(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    db = opened(path)
    migrate(db, path, ONE)
    assert [p.name for p in tmp_path.glob("*before*")] == []
    db.execute_sql("insert into sale values (7, 250)")
    migrate(db, path, TWO)
    kept = tmp_path / "till.before-2.db"
    assert user_version(kept) == 1
    assert sqlite3.connect(kept).execute("select * from sale").fetchall() == [(7, 250)]
    assert [p.name for p in tmp_path.glob("*.new")] == []


def test_a_step_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    def broken(db: SqliteDatabase) -> None:
        db.execute_sql("create table half (id integer)")
        db.execute_sql("insert into nowhere values (1)")

    path = tmp_path / "till.db"
    db = opened(path)
    migrate(db, path, ONE)
    with pytest.raises(StorageError):
        migrate(db, path, (*TWO, Migration(3, "broken", broken)))
    assert user_version(path) == 1
    assert db.execute_sql("select name from sqlite_schema").fetchall() == [("sale",)]
    assert db.execute_sql("pragma foreign_keys").fetchone() == (1,)


def test_a_step_that_breaks_a_foreign_key_is_undone(tmp_path: Path) -> None:
    def dangling(db: SqliteDatabase) -> None:
        db.execute_sql("create table line (sale integer references sale (id))")
        db.execute_sql("insert into line values (99)")

    path = tmp_path / "till.db"
    db = opened(path)
    with pytest.raises(StorageError) as error:
        migrate(db, path, (*ONE, Migration(2, "dangling", dangling)))
    assert code_of(error) == "damaged"
    assert user_version(path) == 0


def test_a_database_of_a_newer_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "till.db"
    db = opened(path)
    migrate(db, path, TWO)
    with pytest.raises(StorageError) as error:
        migrate(db, path, ONE)
    assert code_of(error) == "database_newer"
    assert error.value.facts == {"path": str(path), "found": 2, "known": 1}
    assert user_version(path) == 2


def test_steps_with_a_gap_are_a_mistake_of_the_program(tmp_path: Path) -> None:
    db = opened(tmp_path / "till.db")
    with pytest.raises(ValueError, match="without a gap"):
        migrate(db, tmp_path / "till.db", TWO[1:])


def test_a_backup_of_a_file_in_use_is_whole_and_stands_alone(tmp_path: Path) -> None:
    path, target = tmp_path / "till.db", tmp_path / "stick" / "copy.db"
    target.parent.mkdir()
    target.write_text("an older copy")
    db = opened(path)
    migrate(db, path, ONE)
    db.execute_sql("insert into sale values (1, 250)")
    with db.atomic():
        db.execute_sql("insert into sale values (2, 999)")
        assert backup(path, target) == target
    copy = sqlite3.connect(target)
    assert copy.execute("select * from sale").fetchall() == [(1, 250)]
    assert copy.execute("pragma journal_mode").fetchone() == ("delete",)
    assert [p.name for p in target.parent.iterdir()] == ["copy.db"]


def test_a_backup_of_a_damaged_file_does_not_replace_the_older_copy(tmp_path: Path) -> None:
    path, target = tmp_path / "till.db", tmp_path / "copy.db"
    db = opened(path)
    migrate(db, path, ONE)
    db.connection().executemany("insert into sale values (?, 1000000)", ((n,) for n in range(2000)))
    checkpoint(db, truncate=True)
    db.close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 3] = b"\xa5" * 4096
    path.write_bytes(content)
    target.write_text("the copy of yesterday")
    with pytest.raises(StorageError) as error:
        backup(path, target)
    assert code_of(error) == "damaged"
    assert target.read_text() == "the copy of yesterday"


def test_a_backup_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        backup(tmp_path / "till.db", tmp_path / "copy.db")
    assert code_of(error) == "missing"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "disk_full"),
        (PermissionError(13, "Permission denied"), "no_access"),
        (OSError(30, "Read-only file system"), "read_only"),
        (FileNotFoundError(2, "No such file"), "missing"),
        (OSError(5, "Input/output error"), "io_error"),
        (OperationalError("no such table: x"), "failed"),
        (StorageError("locked"), "locked"),
    ],
)
def test_every_failure_has_a_code(error: BaseException, code: str) -> None:
    assert translate(error, "/data/till.db").code == code
