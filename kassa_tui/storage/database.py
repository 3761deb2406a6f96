"""SQLite files of the shop: opened in one way, copied in one way, and their failures named in words a till can show.

``till.db`` and ``shop.db`` are opened through :func:`open_database`, so that both are durable (WAL with
``synchronous=FULL``: a printed receipt survives a power cut) and neither is opened quietly from a strange thread
(``autoconnect`` off). The write-ahead log is copied back by :func:`checkpoint` only, never in the middle of a sale.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from peewee import DatabaseError, InterfaceError, SqliteDatabase

from kassa_tui.storage.migrations import Migration

BUSY_SECONDS = 5
"""How long a statement waits for another writer before the file counts as locked."""

CACHE_KIB = 8000
"""Pages kept in memory per connection: the whole index of an ordinary shop's catalogue."""

JOURNAL_LIMIT_BYTES = 16 * 1024 * 1024
"""A write-ahead log that grew beyond this is cut back after a checkpoint."""

_DURABLE: list[tuple[str, str | int]] = [
    ("journal_mode", "wal"),
    ("synchronous", "FULL"),
    ("foreign_keys", 1),
    ("wal_autocheckpoint", 0),
    ("journal_size_limit", JOURNAL_LIMIT_BYTES),
]

Facts = Mapping[str, str | int]

_CODES = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_NOTADB: "not_a_database",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PERM: "no_access",
    sqlite3.SQLITE_CANTOPEN: "no_access",
    sqlite3.SQLITE_IOERR: "io_error",
}
_OS_CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "no_access",
    errno.EPERM: "no_access",
    errno.ENOENT: "missing",
}


class StorageError(Exception):
    """A file that cannot be used as asked: ``code`` for the words, ``facts`` for what goes into them.

    Codes: ``missing``, ``not_a_database``, ``database_newer``, ``damaged``, ``disk_full``, ``read_only``,
    ``no_access``, ``locked``, ``io_error``, ``other_country`` and, for what SQLite alone can name, ``failed``.
    """

    def __init__(self, code: str, facts: Facts | None = None) -> None:
        self.code = code
        self.facts: dict[str, str | int] = dict(facts or {})
        super().__init__(code, self.facts)


def translate(error: BaseException, path: str | Path = "") -> StorageError:
    """Our error for one of peewee, ``sqlite3`` or the operating system; a StorageError comes back as it is."""
    if isinstance(error, StorageError):
        return error
    facts: dict[str, str | int] = {"path": str(path)} if str(path) else {}
    if isinstance(error, OSError):
        facts["reason"] = error.strerror or str(error)
        return StorageError(_OS_CODES.get(error.errno or 0, "io_error"), facts)
    number, reason = _sqlite_cause(error)
    code = _CODES.get(number, "failed")
    if number == sqlite3.SQLITE_CANTOPEN and str(path) and not Path(path).exists():
        code = "missing"
    return StorageError(code, {**facts, "reason": reason})


def _sqlite_cause(error: BaseException) -> tuple[int, str]:
    """SQLite's number for what went wrong first, and its words.

    A full disk ends a transaction by itself; what is raised last is then only that there is nothing to roll back.
    """
    at: BaseException | None = error
    while at is not None:
        number = (getattr(at, "sqlite_errorcode", None) or 0) & 0xFF
        if number in _CODES:
            return number, str(at)
        at = at.__context__
    return 0, str(error)


@contextmanager
def transaction(con: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: all of it is on disk at the end, or none of it, whatever went wrong inside."""
    con.execute("begin immediate")
    try:
        yield
        con.execute("commit")
    except BaseException:
        # A full disk has ended the transaction by itself.
        if con.in_transaction:
            con.execute("rollback")
        raise


@contextmanager
def translated(path: str | Path = "") -> Iterator[None]:
    """Whatever the database or the file system refuses inside leaves as a :class:`StorageError`, its cause chained."""
    try:
        yield
    except (DatabaseError, InterfaceError, sqlite3.Error, OSError) as error:
        raise translate(error, path) from error


class _Database(SqliteDatabase):
    """peewee's database, whose ``connect`` fails with our error, and before SQLite makes or half opens a file."""

    def __init__(self, path: Path, *, readonly: bool, **options: Any) -> None:
        self.path, self.readonly = path, readonly
        super().__init__(file_uri(path) if readonly else str(path), **options)

    def _connect(self) -> sqlite3.Connection:
        exists = self.path.exists()
        if not exists and (self.readonly or not self.path.parent.is_dir()):
            raise StorageError("missing", {"path": str(self.path)})
        if exists and not self.readonly and not os.access(self.path, os.W_OK):
            raise StorageError("read_only", {"path": str(self.path)})
        with translated(self.path):
            connection: sqlite3.Connection = super()._connect()  # type: ignore[misc]
            try:
                connection.execute("select count(*) from sqlite_schema").fetchone()
            except sqlite3.Error:
                connection.close()
                raise
            return connection


def file_uri(path: Path | str) -> str:
    """Address under which SQLite opens ``path`` for reading only."""
    return f"file:{quote(str(Path(path).absolute()))}?mode=ro"


def open_database(path: Path | str, *, readonly: bool = False, page_size: int | None = None) -> SqliteDatabase:
    """The database file ``path``, not connected yet: each thread that uses it calls ``connect()`` and ``close()``.

    A writer makes the file where there is none, with ``page_size`` bytes a page. A reader opens an existing file and
    can change nothing in it; it sees each commit of the writer at its next statement. ``connect()`` raises
    StorageError where the file is missing (reader), is no database, or may not be written (writer).
    """
    common: list[tuple[str, str | int]] = [("temp_store", 2), ("cache_size", -CACHE_KIB), ("trusted_schema", 0)]
    if readonly:
        pragmas: list[tuple[str, str | int]] = [*common, ("query_only", 1)]
    else:
        first: list[tuple[str, str | int]] = [("page_size", page_size)] if page_size else []
        pragmas = [*first, *_DURABLE, *common]
    return _Database(
        Path(path),
        readonly=readonly,
        pragmas=pragmas,
        lock_type=None if readonly else "IMMEDIATE",
        autoconnect=False,
        uri=readonly,
        timeout=BUSY_SECONDS,
        cached_statements=256,
    )


def checkpoint(db: SqliteDatabase, *, truncate: bool = False) -> bool:
    """Copy the write-ahead log back into the file; True when all of it was. Readers and writers are not waited for.

    With ``truncate`` the log is emptied too, for which readers of old pages are waited for: at the close of a shift.
    """
    with translated(db.database):
        mode = "truncate" if truncate else "passive"
        busy, pages, copied = db.execute_sql(f"pragma wal_checkpoint({mode})").fetchone()
    return not busy and pages == copied


def migrate(db: SqliteDatabase, path: Path | str, steps: Sequence[Migration]) -> int:
    """Take the steps that ``path``, open for writing as ``db``, has not taken yet; returns the number of the last.

    StorageError ``database_newer`` where the file is ahead of ``steps``. Before an existing database changes, its old
    shape is kept as ``<name>.before-<number>.db`` beside it. Foreign keys rest while the steps rebuild tables, and are
    checked as a whole before the commit.
    """
    if [step.number for step in steps] != list(range(1, len(steps) + 1)):
        raise ValueError("migrations are numbered 1, 2, 3, ... without a gap")
    path = Path(path)
    with translated(path):
        have = _version(db)
        if 0 < have < len(steps):
            _keep_old(db, path, have, len(steps))
        if have != len(steps):
            db.execute_sql("pragma foreign_keys=0")
            try:
                with db.atomic():
                    _take(db, path, steps)
            finally:
                db.execute_sql("pragma foreign_keys=1")
    return len(steps)


def _take(db: SqliteDatabase, path: Path, steps: Sequence[Migration]) -> None:
    # Read again: another process may have migrated while this one waited for the write lock.
    have = _version(db)
    if have > len(steps):
        raise StorageError("database_newer", {"path": str(path), "found": have, "known": len(steps)})
    for step in steps[have:]:
        step.run(db)
    broken = db.execute_sql("pragma foreign_key_check").fetchone()
    if broken:
        raise StorageError("damaged", {"path": str(path), "reason": f"foreign key of {broken[0]}"})
    db.execute_sql(f"pragma user_version={len(steps)}")


def _keep_old(db: SqliteDatabase, path: Path, have: int, to: int) -> None:
    kept = path.with_name(f"{path.stem}.before-{to}.db")
    fresh = path.with_name(f".{kept.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        db.execute_sql("vacuum into ?", (str(fresh),))
        # A second process that was quicker may have migrated meanwhile; its copy of the old shape stays then.
        if user_version(fresh) == have:
            sync_file(fresh)
            fresh.replace(kept)
            sync_file(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def _version(db: SqliteDatabase) -> int:
    return int(db.execute_sql("pragma user_version").fetchone()[0])


def user_version(path: Path | str) -> int:
    """Number of the last migration in the database file ``path``."""
    with translated(path):
        db = sqlite3.connect(file_uri(path), uri=True)
        try:
            return int(db.execute("pragma user_version").fetchone()[0])
        finally:
            db.close()


def backup(db_path: Path | str, target: Path | str) -> Path:
    """Copy a database that may be in use to ``target``: consistent, checked, on disk and complete, or not there at all.

    The copy needs no ``-wal`` file beside it. An older ``target`` is replaced only by a copy that passed its check.
    StorageError ``missing``, ``damaged``, ``disk_full``, ...
    """
    db_path, target = Path(db_path), Path(target)
    if not db_path.exists():
        raise StorageError("missing", {"path": str(db_path)})
    fresh = target.with_name(f".{target.name}.new")
    with translated(target):
        try:
            _copy(db_path, fresh)
            quick_check(fresh)
            sync_file(fresh)
            fresh.replace(target)
            sync_file(target.parent)
        finally:
            with suppress(FileNotFoundError):
                fresh.unlink()
    return target


def _copy(source_path: Path, target_path: Path) -> None:
    target_path.unlink(missing_ok=True)
    source = sqlite3.connect(file_uri(source_path), uri=True, timeout=BUSY_SECONDS)
    try:
        target = sqlite3.connect(target_path)
        try:
            source.backup(target)
            target.execute("pragma journal_mode=delete")
        finally:
            target.close()
    finally:
        source.close()


def quick_check(path: Path | str, *, pages_only: bool = False) -> None:
    """Read the file through; StorageError ``damaged`` (or ``not_a_database``) with SQLite's first finding.

    With ``pages_only`` the rows are not held against the constraints of their tables, which costs twice the rest.
    """
    with translated(path):
        db = sqlite3.connect(file_uri(path), uri=True)
        try:
            if pages_only:
                db.execute("pragma ignore_check_constraints=1")
            found = str(db.execute("pragma quick_check(1)").fetchone()[0])
        finally:
            db.close()
    if found != "ok":
        raise StorageError("damaged", {"path": str(path), "reason": found})


def sync_file(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
