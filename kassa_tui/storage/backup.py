"""A till's files in one archive, and back: nothing is written that was not read again, nothing overwritten unseen.

An archive is a gzipped tar with ``manifest.json``, ``till.db``, ``shop.db`` and, where asked for, ``till.key``. Whoever
holds the key can sign as this till, so it goes along only on request.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from kassa_tui.storage import generations
from kassa_tui.storage.database import StorageError, backup, file_uri, quick_check, sync_file, translated
from kassa_tui.storage.journal import Flaw, verify
from kassa_tui.storage.keys import KEY_FILE, load_key
from kassa_tui.storage.shop import SHOP_DB
from kassa_tui.storage.till_store import TILL_DB, Lock

MANIFEST = "manifest.json"
MEMBERS = (MANIFEST, TILL_DB, SHOP_DB, KEY_FILE)
VERSION = 1
_TAKEN = "select max(receipt, (select coalesce(max(receipt), 0) from sale)), z from state"
MAX_RECEIPT = 9_999_999
"""More is no number from a receipt."""

Check = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Head:
    """How far a journal goes."""

    seq: int
    hash: str
    """Hexadecimal; empty where there is no entry."""
    at: int
    """UTC milliseconds of the last entry."""


class Taken(NamedTuple):
    """The highest numbers given out, as far as is known."""

    receipt: int = 0
    z: int = 0


Enter = Callable[[Path, Head, Head, Taken], None]
"""Writes the restoring into the journal in a folder: how far it went before and goes now, and the numbers taken."""


def head(path: Path) -> Head:
    """Last entry of the journal in the ``till.db`` at ``path``."""
    with translated(path):
        con = sqlite3.connect(file_uri(path), uri=True)
        try:
            row = con.execute("select seq, hash, at from journal order by seq desc limit 1").fetchone()
        finally:
            con.close()
    return Head(row[0], row[1].hex(), row[2]) if row else Head(0, "", 0)


def flaws(path: Path, till: str, check: Check | None) -> list[Flaw]:
    """What is wrong with the journal in the ``till.db`` at ``path``."""
    with translated(path):
        con = sqlite3.connect(file_uri(path), uri=True)
        try:
            return verify(con, till, check)
        finally:
            con.close()


def write(data: Path, target: Path, till: str, stamp: str, check: Check, *, with_key: bool = False) -> Path:
    """Write ``kassa-<till>-<stamp>.tar.gz`` into the folder ``target``; a till may be selling meanwhile.

    The copies are checked page by page and the journal's chain and signatures are walked before the archive is made;
    then the archive is read back. StorageError ``journal_broken`` (``seq``, ``flaw``) where the journal is not whole,
    ``backup_bad`` where what was written does not read back.
    """
    archive = target / f"kassa-{till}-{stamp}.tar.gz"
    with translated(target):
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{archive.name}-", dir=target) as name:
            folder = Path(name)
            copied = [backup(data / each, folder / each) for each in (TILL_DB, SHOP_DB)]
            _refuse_flaws(flaws(folder / TILL_DB, till, check))
            if with_key:
                copied.append(Path(shutil.copyfile(data / KEY_FILE, folder / KEY_FILE)))
            manifest = _manifest(till, stamp, copied)
            (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
            _pack(folder, [folder / MANIFEST, *copied], manifest)
            (folder / "archive").replace(archive)
        sync_file(target)
    return archive


def restore(
    archive: Path, data: Path, till: str, stamp: str, check: Check, enter: Enter, *, force: bool = False,
    next_receipt: int = 0,
) -> tuple[Head, Head, Taken]:  # fmt: skip
    """Put the files of an archive in place of those in ``data``, which move to ``replaced-<stamp>`` beside them.

    Numbers go on behind the highest in the archive, in ``data`` and in what earlier restores left there, or with
    ``next_receipt``, so that none is given out twice; ``enter`` journals that before the files change places.

    Returns how far the journal went before and goes now, and the numbers taken. StorageError where it must not be:
    ``backup_bad`` (``reason``), ``backup_other`` (``found``: another till's), ``journal_broken``, ``till_running``,
    ``key_missing`` or ``key_other`` (no key to go on signing with); and unless ``force``: ``journal_newer``
    (``have``, ``seq``: entries here and in the archive), ``journal_other`` (another history), ``damaged`` (what is
    here cannot be compared).
    """
    with translated(archive):
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as name:
            folder = Path(name)
            _unpack(archive, folder, till)
            quick_check(folder / TILL_DB)
            quick_check(folder / SHOP_DB)
            _refuse_flaws(flaws(folder / TILL_DB, till, check))
            lock = Lock(data)
            try:
                before, after = _now(data, force), head(folder / TILL_DB)
                if not force:
                    _refuse_older(data, before, after)
                _refuse_keyless(folder, data)
                numbers = _numbers(folder / TILL_DB, data, next_receipt)
                with _key_beside(folder, data):
                    enter(folder, before, after, numbers)
                _exchange(folder, data, data / f"replaced-{stamp}")
            finally:
                lock.release()
    return before, after, numbers


def _numbers(path: Path, data: Path, next_receipt: int) -> Taken:
    """Numbers that must not be given out again. `StorageError` ``next_receipt_needed`` where the files here do not tell
    and nobody else does, ``next_receipt_low`` where ``next_receipt`` was given out already; both with ``next``."""
    known, lost = [_taken(path)], False
    for other in (data / TILL_DB, *data.glob(f"replaced-*/{TILL_DB}")):
        try:
            known += [_taken(other)] if other.exists() else []
        except StorageError:
            lost = lost or other == data / TILL_DB
    numbers = Taken(max(each.receipt for each in known), max(each.z for each in known))
    if next_receipt and next_receipt <= numbers.receipt:
        raise StorageError("next_receipt_low", {"next": numbers.receipt + 1})
    if (lost and not next_receipt) or next_receipt > MAX_RECEIPT:
        raise StorageError("next_receipt_needed", {"next": numbers.receipt + 1})
    return numbers._replace(receipt=next_receipt - 1) if next_receipt else numbers


def _taken(path: Path) -> Taken:
    with translated(path):
        con = sqlite3.connect(file_uri(path), uri=True)
        try:
            row = con.execute(_TAKEN).fetchone()
        finally:
            con.close()
    return Taken(*row)


@contextmanager
def _key_beside(folder: Path, data: Path) -> Iterator[None]:
    """The till's key in ``folder`` for as long as something is signed there."""
    key = folder / KEY_FILE
    borrowed = not key.exists()
    if borrowed:
        key.touch(mode=0o600)
        shutil.copyfile(data / KEY_FILE, key)
    try:
        yield
    finally:
        if borrowed:
            key.unlink()


def _manifest(till: str, stamp: str, files: list[Path]) -> dict[str, Any]:
    last = head(files[0])
    return {
        "kassa_backup": VERSION,
        "till": till,
        "made": stamp,
        "seq": last.seq,
        "hash": last.hash,
        "sha256": {path.name: _sha256(path) for path in files},
    }


def _pack(folder: Path, files: list[Path], manifest: dict[str, Any]) -> None:
    archive = folder / "archive"
    archive.touch(mode=0o600)
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in files:
            path.chmod(0o600)
            tar.add(path, path.name, recursive=False)
    sync_file(archive)
    with tarfile.open(archive, "r:gz") as tar:
        for name, digest in manifest["sha256"].items():
            packed = tar.extractfile(name)
            if packed is None or _digest(packed) != digest:
                raise StorageError("backup_bad", {"path": str(archive), "reason": name})


def _unpack(archive: Path, folder: Path, till: str) -> None:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for name in MEMBERS:
                member = next((item for item in tar if item.name == name and item.isreg()), None)
                packed = tar.extractfile(member) if member else None
                if packed is not None:
                    with (folder / name).open("xb") as file:
                        (folder / name).chmod(0o600)
                        shutil.copyfileobj(packed, file)
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        sums = {str(name): str(digest) for name, digest in manifest["sha256"].items()}
        known, found = manifest["kassa_backup"] == VERSION, str(manifest["till"])
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError("backup_bad", {"path": str(archive), "reason": type(error).__name__}) from error
    except FileNotFoundError as error:
        if archive.exists():
            raise StorageError("backup_bad", {"path": str(archive), "reason": MANIFEST}) from error
        raise
    for name in (TILL_DB, SHOP_DB, *sums):
        if not known or not (folder / name).is_file() or _sha256(folder / name) != sums.get(name):
            raise StorageError("backup_bad", {"path": str(archive), "reason": name})
    if found != till:
        raise StorageError("backup_other", {"found": found, "till": till})


def _now(data: Path, force: bool) -> Head:
    if not (data / TILL_DB).exists():
        return Head(0, "", 0)
    try:
        return head(data / TILL_DB)
    except StorageError:
        if force:
            return Head(0, "", 0)
        raise


def _refuse_older(data: Path, before: Head, after: Head) -> None:
    if before.seq > after.seq or before.at > after.at:
        raise StorageError("journal_newer", {"have": before.seq, "seq": after.seq, "path": str(data)})
    if before.seq and before.seq == after.seq and before.hash != after.hash:
        raise StorageError("journal_other", {"seq": before.seq, "path": str(data)})


def _refuse_keyless(folder: Path, data: Path) -> None:
    """The till must be able to go on signing: with the key in the archive, or the one it has."""
    signer = load_key(folder / KEY_FILE if (folder / KEY_FILE).exists() else data / KEY_FILE)
    con = sqlite3.connect(file_uri(folder / TILL_DB), uri=True)
    try:
        row = con.execute("select value from meta where key = 'public_key'").fetchone()
    finally:
        con.close()
    if row is None or row[0] != signer.public.hex():
        raise StorageError("key_other", {"path": str(data / KEY_FILE)})


def _refuse_flaws(found: list[Flaw]) -> None:
    if found:
        raise StorageError("journal_broken", {"seq": found[0].seq, "flaw": found[0].code})


def _exchange(folder: Path, data: Path, replaced: Path) -> None:
    arriving = [name for name in (TILL_DB, SHOP_DB, KEY_FILE) if (folder / name).exists()]
    replaced.mkdir()
    for name in arriving:
        generations.move(data / name, replaced / name)
        sync_file(folder / name)
        (folder / name).replace(data / name)
    if not any(replaced.iterdir()):
        replaced.rmdir()
    sync_file(data)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return _digest(file)


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
