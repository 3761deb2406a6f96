"""The whole catalogue of a branch as one file: the till's own ``shop.db``, ready made, packed and signed.

It is made from the live rows of the feed (what is for all in ``base``, once for all branches), so a till that loads it
and goes on from its cursor has what one has that read the feed from the beginning. A file is made when a till asks and
there is none that the feed can catch up with soon; it serves all tills of the branch until a newer one is made.
"""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import zstandard
from django.utils import timezone

from kassa_office.catalogue import base, feed
from kassa_office.catalogue.base import folder
from kassa_office.catalogue.models import FeedRow, Snapshot
from kassa_office.tills.models import Branch, Till
from kassa_office.tills.office import office, signer
from kassa_tui.storage.shop_feed import BRANCH
from kassa_tui.storage.shop_schema import open_shop, set_meta
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import MAX_BODY_BYTES, SCHEMA, SnapshotInfo

LOOSE = 1.02
"""A file that grew by more, because rows no longer fit their pages, is written anew in order."""
KEEP = timedelta(days=2)
"""An older file stays so long: a till may be in the middle of it."""
LEVEL = 3
_PIECE = 1 << 20


def current(till: Till) -> SnapshotInfo:
    """The file for a till's branch, made where there is none that will do.

    OfficeError ``busy`` while another process makes it. What concerns this till alone gets new numbers: it follows
    through the feed, since the file is the same for all tills of the branch.
    """
    found = fitting(till.branch, till.code) or _made_once(till.branch)
    feed.renew(f"till:{till.code}")
    return SnapshotInfo(SCHEMA, office().epoch, found.cursor, found.size, found.unpacked, found.sha256, found.signature)


def read(till: Till, sha256: str, start: int) -> bytes:
    """The file from byte ``start`` on, at most ``MAX_BODY_BYTES``; OfficeError ``unknown`` for another branch's."""
    found = Snapshot.objects.filter(branch=till.branch_id, sha256=sha256).first()
    if found is None or start < 0:
        raise OfficeError("unknown", {"sha256": sha256[:64]})
    try:
        with (folder() / found.file).open("rb") as file:
            file.seek(start)
            return file.read(MAX_BODY_BYTES)
    except FileNotFoundError as error:
        found.delete()
        raise OfficeError("unknown", {"sha256": sha256[:64]}) from error


def fitting(branch: Branch, till: str = "") -> Snapshot | None:
    """The newest file of a branch from which the feed is whole and short."""
    feed.sequence(wait=False)
    found = Snapshot.objects.filter(branch=branch.code).order_by("-cursor", "-id").first()
    if found is None or not (folder() / found.file).exists():
        return None
    last, scopes = feed.office_seq(), feed.scopes_of(branch, till)
    if not feed.floor(scopes) <= found.cursor <= last:
        return None
    behind = FeedRow.objects.filter(scope__in=scopes, seq__gt=found.cursor).exclude(table=feed.SLOW)
    return None if behind[: base.STALE_ROWS + 1].count() > base.STALE_ROWS else found


def _made_once(branch: Branch) -> Snapshot:
    with base.alone(branch.code):
        return make(branch)


def make(branch: Branch) -> Snapshot:
    """Make the file of a branch from what the feed says now; OfficeError ``busy`` while the base is being made."""
    feed.sequence(wait=False)
    bare = folder() / f"{branch.code}-{os.getpid()}.db"
    try:
        cursor = build(bare, branch)
        digest, size = _pack(bare, bare.with_suffix(".part"))
        name = f"{branch.code}-{cursor}-{digest[:12]}.db.zst"
        bare.with_suffix(".part").rename(folder() / name)
        unpacked = bare.stat().st_size
    finally:
        for left in folder().glob(f"{bare.stem}.*"):
            left.unlink(missing_ok=True)
    signature = signer().sign(bytes.fromhex(digest)).hex()
    return Snapshot.objects.create(
        branch=branch.code, cursor=cursor, file=name, size=size, unpacked=unpacked, sha256=digest,
        signature=signature, made_at=timezone.now(),
    )  # fmt: skip


def _pack(source: Path, target: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    packer = zstandard.ZstdCompressor(level=LEVEL, threads=-1, write_checksum=True)
    packed = packer.compressobj(source.stat().st_size)
    with source.open("rb") as file, target.open("wb") as out:
        while piece := file.read(_PIECE):
            _write(out, digest, packed.compress(piece))
        _write(out, digest, packed.flush())
        out.flush()
        os.fsync(out.fileno())
        return digest.hexdigest(), out.tell()


def _write(out: Any, digest: Any, data: bytes) -> None:
    digest.update(data)
    out.write(data)


def build(path: Path, branch: Branch) -> int:
    """Write ``shop.db`` of a branch to ``path``: the base, and what is told to this branch. The cursor it stands at."""
    work = path.with_suffix(".work")
    cursor = base.copy(branch.country, work)
    db = open_shop(work, branch.country)
    try:
        base.unguarded(db)
        pages = _pragma(db, "page_count")
        db.execute_sql("delete from meta where key = ?", (base.MADE,))
        set_meta(db, BRANCH, branch.code)
        db.execute_sql(
            "update article set stock = s.qty from branch_stock s where s.branch = ? and s.sku = article.sku",
            (branch.code,),
        )
        base.apply(db, [scope for scope in feed.scopes_of(branch) if scope != "all"], cursor)
        db.execute_sql("pragma journal_mode=delete")
        if _pragma(db, "freelist_count") or _pragma(db, "page_count") > pages * LOOSE:
            db.execute_sql("vacuum into ?", (str(path),))
        else:
            work.rename(path)
    finally:
        db.close()
    return cursor


def _pragma(db: Any, name: str) -> int:
    return int(db.execute_sql(f"pragma {name}").fetchone()[0])


def refresh() -> str | None:
    """The job: a new file for each branch whose file has fallen behind, before a till asks; old files go."""
    made = 0
    for branch in Branch.objects.filter(active=True, code__in=Snapshot.objects.values("branch")):
        if fitting(branch) is None:
            try:
                _made_once(branch)
            except OfficeError:
                continue
            made += 1
    gone = prune()
    return f"{made} made, {gone} removed" if made or gone else None


def prune() -> int:
    """Remove files that a newer one has replaced long enough ago, and what belongs to no row; how many rows went."""
    gone = 0
    for branch in Snapshot.objects.order_by().values_list("branch", flat=True).distinct():
        rows = list(Snapshot.objects.filter(branch=branch).order_by("-cursor", "-id"))
        for row in rows[1:]:
            if row.made_at < timezone.now() - KEEP:
                (folder() / row.file).unlink(missing_ok=True)
                row.delete()
                gone += 1
    kept = set(Snapshot.objects.values_list("file", flat=True))
    before = (timezone.now() - KEEP).timestamp()
    for path in folder().glob("*"):
        if path.name not in kept and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
    return gone
