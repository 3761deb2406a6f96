"""A whole catalogue from the office, put in the place of the one in use while the till sells.

The file is a ``shop.db`` packed with zstd. It is checked (SHA-256, the office's signature, every page) before anything
is touched; what was unpacked then becomes the till's own file by a change of name (``generations``), so that the
catalogue is written to the disk once. A till has the old one until then, and the new one at its next look-up.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kassa_tui.storage import generations
from kassa_tui.storage.database import (
    StorageError,
    file_uri,
    migrate,
    open_database,
    quick_check,
    translated,
    user_version,
)
from kassa_tui.storage.shop_feed import BRANCH, CURSOR, EPOCH, LOADED
from kassa_tui.storage.shop_schema import MIGRATIONS

PART, UNPACKED = "shop.snapshot.part", "shop.snapshot.db"
"""In the data folder: what has come of the file so far, and what is in it."""
SPARE_BYTES = 50_000_000
"""Left free on the disk for sales while a snapshot is unpacked."""
_PIECE = 1 << 22
_ZSTD = b"\x28\xb5\x2f\xfd"

Check = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the office says its file is."""

    epoch: str
    cursor: int
    size: int
    """Bytes of the packed file."""
    unpacked: int
    """Bytes of the database in it."""
    sha256: str
    """Of the packed file, hexadecimal."""
    signature: str
    """Ed25519 over the 32 bytes of that, hexadecimal."""


def begun(folder: Path, wanted: Wanted) -> int:
    """How many bytes of this very file are here; what is here of another is thrown away.

    StorageError ``disk_full`` where there is no room for it.
    """
    part, mark = folder / PART, folder / f"{PART}.sha256"
    with translated(part):
        if not mark.exists() or mark.read_text("ascii", "replace") != wanted.sha256:
            discard(folder)
            if shutil.disk_usage(folder).free < wanted.size + wanted.unpacked + SPARE_BYTES:
                raise StorageError("disk_full", {"path": str(folder)})
            mark.write_text(wanted.sha256, "ascii")
            part.touch(mode=0o600)
        return part.stat().st_size if part.exists() else 0


def append(folder: Path, data: bytes) -> None:
    """Add what came next, on disk before this returns."""
    with translated(folder / PART), (folder / PART).open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def unpack(folder: Path, wanted: Wanted, office_key: str, check: Check) -> Path:
    """The database in the file that has come, checked from its signature to its last page.

    StorageError ``snapshot_bad`` (``reason``: ``size``, ``sha256``, ``signature``, ``packing``, ``damaged``, …), after
    which nothing of the file is left.
    """
    place = folder / UNPACKED
    try:
        with translated(place):
            _authentic(folder / PART, wanted, office_key, check)
            _expand(folder / PART, place, wanted.unpacked)
        try:
            # Its rows went through the same constraints when the office wrote them.
            quick_check(place, pages_only=True)
        except StorageError as error:
            raise StorageError("snapshot_bad", {"reason": error.code}) from error
    except StorageError as error:
        if error.code == "snapshot_bad":
            discard(folder)
        raise
    return place


def discard(folder: Path) -> None:
    """Throw away what has come."""
    for name in (PART, f"{PART}.sha256", UNPACKED, f"{UNPACKED}-wal", f"{UNPACKED}-shm", f"{UNPACKED}-journal"):
        (folder / name).unlink(missing_ok=True)


def load(shop: Path, snapshot: Path, wanted: Wanted, country: str, branch: str) -> None:
    """Put ``snapshot`` in the place of ``shop``, with the feed's cursor and the office's epoch in it.

    StorageError ``snapshot_newer`` where it is of a later program, ``other_country``, ``snapshot_bad``; the catalogue
    in use stays then.
    """
    _fit(shop, snapshot, wanted, country, branch)
    with translated(shop):
        generations.exchange(shop, snapshot)


def _authentic(part: Path, wanted: Wanted, office_key: str, check: Check) -> None:
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    if part.stat().st_size != wanted.size:
        raise StorageError("snapshot_bad", {"reason": "size"})
    if digest.hexdigest() != wanted.sha256:
        raise StorageError("snapshot_bad", {"reason": "sha256"})
    try:
        good = check(bytes.fromhex(office_key), digest.digest(), bytes.fromhex(wanted.signature))
    except ValueError:
        good = False
    if not good:
        raise StorageError("snapshot_bad", {"reason": "signature"})


def _expand(part: Path, place: Path, unpacked: int) -> None:
    import zstandard

    place.unlink(missing_ok=True)
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with part.open("rb") as packed, os.fdopen(handle, "wb") as file:
        if packed.read(4) != _ZSTD:
            raise StorageError("snapshot_bad", {"reason": "packing"})
        packed.seek(0)
        written = 0
        try:
            with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
                while piece := reader.read(_PIECE):
                    written += len(piece)
                    if written > unpacked:
                        raise StorageError("snapshot_bad", {"reason": "unpacked"})
                    file.write(piece)
                    file.flush()
                    os.fdatasync(file.fileno())
        except zstandard.ZstdError as error:
            raise StorageError("snapshot_bad", {"reason": "packing"}) from error
    if written != unpacked:
        raise StorageError("snapshot_bad", {"reason": "unpacked"})


def _fit(shop: Path, snapshot: Path, wanted: Wanted, country: str, branch: str) -> None:
    """Bring the snapshot to the shape of this program and put the till's notes in it."""
    have = user_version(snapshot)
    if have > len(MIGRATIONS):
        raise StorageError("snapshot_newer", {"found": have, "known": len(MIGRATIONS)})
    version = _version(shop)
    try:
        if have == 0:
            raise StorageError("snapshot_bad", {"reason": "tables"})
        if have < len(MIGRATIONS):
            db = open_database(snapshot)
            db.connect()
            try:
                migrate(db, snapshot, MIGRATIONS)
            finally:
                db.close()
            with suppress(OSError):
                snapshot.with_name(f"{snapshot.stem}.before-{len(MIGRATIONS)}.db").unlink()
        _write_notes(snapshot, wanted, country, branch, version)
    except sqlite3.Error as error:
        raise StorageError("snapshot_bad", {"reason": str(error)[:80]}) from error


def _version(shop: Path) -> int:
    with translated(shop):
        con = sqlite3.connect(file_uri(shop), uri=True)
        try:
            row = con.execute("select value from meta where key = 'catalogue_version'").fetchone()
            return int(row[0]) if row else 0
        finally:
            con.close()


def _write_notes(snapshot: Path, wanted: Wanted, country: str, branch: str, version: int) -> None:
    con = sqlite3.connect(snapshot, isolation_level=None)
    try:
        row = con.execute("select value from meta where key = 'country'").fetchone()
        if row is not None and row[0] != country:
            raise StorageError("other_country", {"found": row[0], "wanted": country})
        # Nobody reads it yet, and all of it goes to the disk before anybody does.
        con.execute("pragma synchronous=off")
        con.execute("begin")
        for key, value in ((EPOCH, wanted.epoch), (CURSOR, str(wanted.cursor)), (BRANCH, branch),
                           (LOADED, str(wanted.cursor)), ("country", country),
                           ("catalogue_version", str(version + 1))):  # fmt: skip
            con.execute("replace into meta values (?, ?)", (key, value))
        con.execute("commit")
        # What a till has: whoever reads it is not in the way of who writes.
        con.execute("pragma journal_mode=wal")
    finally:
        con.close()
