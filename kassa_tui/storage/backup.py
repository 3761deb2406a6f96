"""A till's files in one archive, and back: nothing is written that was not read again, nothing overwritten unseen.

An archive is a gzipped tar with ``manifest.json``, ``till.db``, ``shop.db`` and, where asked for, ``till.key``; and of
each webshop that the till owns its channel, as ``webshops/<CODE>/till.db``, ``webshop.db`` and ``till.key``. Whoever
holds a key can sign as this till, so they go along only on request.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from kassa_tui.storage import channels, generations
from kassa_tui.storage.database import StorageError, backup, file_uri, quick_check, sync_file, translated
from kassa_tui.storage.journal import Flaw, verify
from kassa_tui.storage.keys import KEY_FILE, load_key
from kassa_tui.storage.shop import SHOP_DB
from kassa_tui.storage.till_store import CHANNEL_LOCK, LOCK_FILE, TILL_DB, Lock
from kassa_tui.storage.web_values import WEBSHOP_DB

MANIFEST = "manifest.json"
MEMBERS = (TILL_DB, SHOP_DB, KEY_FILE)
CHANNEL_MEMBERS = (WEBSHOP_DB, TILL_DB, KEY_FILE)
"""Of a channel. What its engine remembers is copied before the books it remembers things of, and a channel before the
till whose acts it has taken in: younger books do no harm, older ones would be missing what is thought to be in them."""
VERSION = 1
_OF_CHANNEL = re.compile(f"{channels.FOLDER}/({channels.CODE.pattern})/({'|'.join(map(re.escape, CHANNEL_MEMBERS))})")
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


class Restored(NamedTuple):
    """A journal that was put back: the till's, or a channel's."""

    code: str
    before: Head
    """How far it went here."""
    after: Head
    taken: Taken
    """Numbers that are not given out again."""


Enter = Callable[[Path, Restored], None]
"""Writes the restoring into the journal in a folder."""


class _Books(NamedTuple):
    """A journal of a till's folder: its own, or that of a channel."""

    code: str
    place: str
    """Where it is in the data folder and in the archive."""
    lock: str
    members: tuple[str, ...]


def _books(folder: Path, till: str) -> list[_Books]:
    found = [_Books(code, f"{channels.FOLDER}/{code}", CHANNEL_LOCK, CHANNEL_MEMBERS)
             for code in channels.codes(folder)]  # fmt: skip
    return [_Books(till, "", LOCK_FILE, MEMBERS), *found]


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
            copied = [path for each in reversed(_books(data, till))
                      for path in _copied(each, data, folder, check, with_key)]  # fmt: skip
            manifest = _manifest(till, stamp, folder, copied)
            (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
            _pack(folder, [folder / MANIFEST, *copied], manifest)
            (folder / "archive").replace(archive)
        sync_file(target)
    return archive


def _copied(each: _Books, data: Path, folder: Path, check: Check, with_key: bool) -> list[Path]:
    """Copies of one journal's files, of which the journal is whole."""
    source, place = data / each.place, folder / each.place
    place.mkdir(parents=True, exist_ok=True)
    copied = [backup(source / name, place / name) for name in each.members
              if name != KEY_FILE and (name != WEBSHOP_DB or (source / name).exists())]  # fmt: skip
    _refuse_flaws(flaws(place / TILL_DB, each.code, check), each)
    if with_key:
        copied.append(Path(shutil.copyfile(source / KEY_FILE, place / KEY_FILE)))
    return copied


def restore(
    archive: Path, data: Path, till: str, stamp: str, check: Check, enter: Enter, *, force: bool = False,
    next_receipt: Mapping[str, int] | None = None,
) -> list[Restored]:  # fmt: skip
    """Put the files of an archive in place of those in ``data``, which move to ``replaced-<stamp>`` beside them.

    Of each journal numbers go on behind the highest in the archive, in ``data`` and in what earlier restores left
    there, or with ``next_receipt`` (code of till or channel → number), so that none is given out twice; ``enter``
    journals that before the files change places. A channel that the archive does not have stays as it is.

    Returns what was put back, the till first. StorageError where it must not be: ``backup_bad`` (``reason``),
    ``backup_other`` (``found``: another till's), ``journal_broken``, ``till_running``, ``channel_running``,
    ``key_missing`` or ``key_other`` (no key to go on signing with); and unless ``force``: ``journal_newer``
    (``have``, ``seq``: entries here and in the archive), ``journal_other`` (another history), ``damaged`` (what is
    here cannot be compared).
    """
    with translated(archive):
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=data) as name, ExitStack() as held:
            folder = Path(name)
            _unpack(archive, folder, till)
            books = _books(folder, till)
            for each in books:
                _refuse_unfit(folder, each, check)
            # Also a channel that stays must not be at work: it reads the till's books.
            for each in sorted({*books, *_books(data, till)}):
                (data / each.place).mkdir(parents=True, exist_ok=True)
                held.callback(Lock(data / each.place, each.lock).release)
            numbers = next_receipt or {}
            found = [_judged(each, folder, data, numbers.get(each.code, 0), force) for each in books]
            for each, restored in zip(books, found, strict=True):
                with _key_beside(folder / each.place, data / each.place):
                    enter(folder / each.place, restored)
            _exchange(folder, data, data / f"replaced-{stamp}", books)
    return found


def _refuse_unfit(folder: Path, each: _Books, check: Check) -> None:
    for name in each.members:
        if name != KEY_FILE and (folder / each.place / name).exists():
            quick_check(folder / each.place / name)
    _refuse_flaws(flaws(folder / each.place / TILL_DB, each.code, check), each)


def _judged(each: _Books, folder: Path, data: Path, next_receipt: int, force: bool) -> Restored:
    """How far a journal goes here and in the archive, and where its numbers go on; StorageError where it may not."""
    fresh, here = folder / each.place, data / each.place
    before, after = _now(here, force), head(fresh / TILL_DB)
    if not force:
        _refuse_older(here, before, after)
    _refuse_keyless(fresh, here)
    older = [here, *(kept / each.place for kept in data.glob("replaced-*"))]
    return Restored(each.code, before, after, _numbers(fresh / TILL_DB, older, each, next_receipt))


def _numbers(path: Path, older: list[Path], each: _Books, next_receipt: int) -> Taken:
    """Numbers that must not be given out again. `StorageError` ``next_receipt_needed`` where the files here do not tell
    and nobody else does, ``next_receipt_low`` where ``next_receipt`` was given out already; both with ``next``."""
    known, lost = [_taken(path)], False
    for folder in older:
        other = folder / TILL_DB
        try:
            known += [_taken(other)] if other.exists() else []
        except StorageError:
            lost = lost or folder == older[0]
    numbers = Taken(max(each.receipt for each in known), max(each.z for each in known))
    first = numbers.receipt + 1
    facts = {"next": f"{each.code}-{first}" if each.place else first}
    if next_receipt and next_receipt < first:
        raise StorageError("next_receipt_low", facts)
    if (lost and not next_receipt) or next_receipt > MAX_RECEIPT:
        raise StorageError("next_receipt_needed", facts)
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


def _manifest(till: str, stamp: str, folder: Path, files: list[Path]) -> dict[str, Any]:
    last = head(folder / TILL_DB)
    return {
        "kassa_backup": VERSION,
        "till": till,
        "made": stamp,
        "seq": last.seq,
        "hash": last.hash,
        "sha256": {path.relative_to(folder).as_posix(): _sha256(path) for path in files},
    }


def _pack(folder: Path, files: list[Path], manifest: dict[str, Any]) -> None:
    archive = folder / "archive"
    archive.touch(mode=0o600)
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in files:
            path.chmod(0o600)
            tar.add(path, path.relative_to(folder).as_posix(), recursive=False)
    sync_file(archive)
    with tarfile.open(archive, "r:gz") as tar:
        for name, digest in manifest["sha256"].items():
            packed = tar.extractfile(name)
            if packed is None or _digest(packed) != digest:
                raise StorageError("backup_bad", {"path": str(archive), "reason": name})


def _unpack(archive: Path, folder: Path, till: str) -> None:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in _known(tar):
                packed, place = tar.extractfile(member), folder / member.name
                place.parent.mkdir(parents=True, exist_ok=True)
                if packed is not None:
                    with place.open("xb") as file:
                        place.chmod(0o600)
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


def _known(tar: tarfile.TarFile) -> Iterable[tarfile.TarInfo]:
    """Of what an archive has the files of ours, each once; no name in it leads anywhere else."""
    seen = set[str]()
    for item in tar:
        ours = item.name in (MANIFEST, *MEMBERS) or _OF_CHANNEL.fullmatch(item.name)
        if ours and item.isreg() and item.name not in seen:
            seen.add(item.name)
            yield item


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


def _refuse_flaws(found: list[Flaw], each: _Books) -> None:
    if found:
        raise StorageError("journal_broken", {"seq": found[0].seq, "flaw": found[0].code, "till": each.code})


def _exchange(folder: Path, data: Path, replaced: Path, books: list[_Books]) -> None:
    replaced.mkdir()
    for each in books:
        fresh, here, aside = folder / each.place, data / each.place, replaced / each.place
        aside.mkdir(parents=True, exist_ok=True)
        for name in each.members:
            # An engine goes by its books: what it remembers of others must not stay beside them.
            if (fresh / name).exists() or name == WEBSHOP_DB:
                generations.move(here / name, aside / name)
            if (fresh / name).exists():
                sync_file(fresh / name)
                (fresh / name).replace(here / name)
        sync_file(here)
    for path in sorted((path for path in replaced.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    if not any(replaced.iterdir()):
        replaced.rmdir()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return _digest(file)


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
