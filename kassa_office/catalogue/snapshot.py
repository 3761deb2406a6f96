"""The whole catalogue of a branch as one file: the till's own ``shop.db``, ready made, packed and signed.

It is made from the live rows of the feed, so a till that loads it and goes on from its cursor has what one has that
read the feed from the beginning. A file is made when a till asks and there is none that the feed can catch up with
soon; it serves all tills of the branch until a newer one is made.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import zstandard
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.catalogue.models import Article, FeedRow, Snapshot
from kassa_office.tills.models import Branch, Lease, Till
from kassa_office.tills.office import office, signer
from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage.catalogue import search_text
from kassa_tui.storage.catalogue_build import BATCH_ROWS, ArticleRow, CatalogueBuild, CodeRow, building
from kassa_tui.storage.shop_feed import BRANCH, CURSOR, EPOCH, apply_page
from kassa_tui.storage.shop_schema import open_shop, set_meta
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import MAX_BODY_BYTES, SCHEMA, SnapshotInfo

STALE_ROWS = 20_000
"""Changes behind which a new file is made; fewer come quicker through the feed."""
MAKING = timedelta(minutes=10)
"""Longest that one process may be at a branch's file before another takes over."""
RETRY_SECONDS = 15
KEEP = timedelta(days=2)
"""An older file stays so long: a till may be in the middle of it."""
LEVEL = 3
_PIECE = 1 << 20


def folder() -> Path:
    """Where the files are."""
    return Path(settings.OFFICE.data) / "snapshots"


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
    return None if behind[: STALE_ROWS + 1].count() > STALE_ROWS else found


def _made_once(branch: Branch) -> Snapshot:
    name = f"snapshot:{branch.code}"
    now = timezone.now()
    with transaction.atomic():
        Lease.objects.get_or_create(name=name, defaults={"holder": "", "until": now})
        lease = Lease.objects.select_for_update().get(name=name)
        if lease.until > now:
            raise OfficeError("busy", {"branch": branch.code}, retry_after=RETRY_SECONDS)
        lease.holder, lease.until = str(os.getpid()), now + MAKING
        lease.save()
    try:
        return make(branch)
    finally:
        Lease.objects.filter(name=name).update(until=timezone.now())


def make(branch: Branch) -> Snapshot:
    """Make the file of a branch from what the feed says now."""
    feed.sequence(wait=False)
    cursor = feed.office_seq()
    folder().mkdir(parents=True, exist_ok=True, mode=0o750)
    bare = folder() / f"{branch.code}-{cursor}-{os.getpid()}.db"
    try:
        build(bare, branch, cursor)
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
    packer = zstandard.ZstdCompressor(level=LEVEL, threads=-1).compressobj(source.stat().st_size)
    with source.open("rb") as file, target.open("wb") as out:
        while piece := file.read(_PIECE):
            _write(out, digest, packer.compress(piece))
        _write(out, digest, packer.flush())
        out.flush()
        os.fsync(out.fileno())
        return digest.hexdigest(), out.tell()


def _write(out: Any, digest: Any, data: bytes) -> None:
    digest.update(data)
    out.write(data)


def build(path: Path, branch: Branch, cursor: int) -> None:
    """Write ``shop.db`` of a branch to ``path``, with pages in their order and nothing left free between them."""
    work = path.with_suffix(".work")
    db = open_shop(work, branch.country)
    try:
        # Nobody reads it yet and a crash loses nothing: no log, no waiting for the disk.
        for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-131072"):
            db.execute_sql(f"pragma {pragma}")
        for key, value in ((BRANCH, branch.code), (EPOCH, office().epoch), (CURSOR, str(cursor))):
            set_meta(db, key, value)
        scopes = feed.scopes_of(branch)
        stock = _stock(db, scopes, branch.code)
        with building(db) as next_one:
            _articles(next_one, stock)
            next_one.same_skus()
            next_one.finish()
            next_one.exchange({})
        rest = FeedRow.objects.filter(scope__in=scopes, op="put").exclude(table__in=("article", feed.SLOW))
        rows = (_Applied(*row) for row in rest.order_by("seq").values_list("table", "key", "data").iterator())
        while batch := list(islice(rows, BATCH_ROWS)):
            apply_page(db, batch, office().epoch, cursor)
        db.execute_sql("pragma journal_mode=delete")
        db.execute_sql("vacuum into ?", (str(path),))
    finally:
        db.close()


class _Applied:
    """A live row as the till's own code takes it over."""

    op = "put"

    def __init__(self, table: str, key: str, data: str) -> None:
        self.table, self.id = table, key
        self.data: dict[str, Any] = msgspec.json.decode(data)


class _Level(msgspec.Struct):
    qty: int
    at: int = 0


def _stock(db: Any, scopes: list[str], branch: str) -> dict[str, int]:
    """Write the stock of all branches; returns that of this one."""
    own: dict[str, int] = {}
    decoder = msgspec.json.Decoder(_Level)
    rows = FeedRow.objects.filter(scope__in=scopes, table=feed.SLOW, op="put").order_by("key")

    def levels() -> Iterator[tuple[str, str, int, int]]:
        for key, data in rows.values_list("key", "data").iterator():
            place, _colon, sku = key.partition(":")
            level = decoder.decode(data)
            if place == branch:
                own[sku] = level.qty
            yield sku, place, level.qty, level.at

    connection: sqlite3.Connection = db.connection()
    with db.atomic():
        connection.executemany("replace into branch_stock values (?, ?, ?, ?)", levels())
    return own


class _ArticleData(msgspec.Struct):
    name: str
    group: int
    vat: str
    price: int
    unit: str = "each"
    kind: str = "goods"
    deposit_sku: str = ""
    min_age: int = 0
    no_discount: bool = False
    tare: int = 0
    codes: list[tuple[str, int]] = []


class _Batch(NamedTuple):
    articles: list[ArticleRow]
    codes: list[CodeRow]


def _articles(build: CatalogueBuild, stock: dict[str, int]) -> None:
    """All articles in the order of their rank, which is the number that the till gives them."""
    decoder = msgspec.json.Decoder(_ArticleData)
    skus = Article.objects.order_by("rank", "sku").values_list("sku", flat=True).iterator(BATCH_ROWS)
    number = 0
    for some in _batches(skus, BATCH_ROWS):
        # Without their scope, which is always all: SQLite would look through everything that is for all.
        told = dict(FeedRow.objects.filter(unit__in=some, table="article", op="put").values_list("unit", "data"))
        batch = _Batch([], [])
        for sku in some:
            if sku in told:
                number += 1
                _add(batch, number, sku, decoder.decode(told[sku]), stock.get(sku))
        build.add(*batch)


def _add(batch: _Batch, number: int, sku: str, data: _ArticleData, stock: int | None) -> None:
    batch.articles.append(
        (number, sku, data.name, data.group, data.price, data.vat, data.unit, data.kind, data.deposit_sku or None,
         data.min_age, int(data.no_discount), stock, data.tare, search_text(data.name))
    )  # fmt: skip
    own = None if data.codes else gtin14(sku)
    batch.codes.extend((code, number, pieces, len(code)) for code, pieces in data.codes)
    if own:
        batch.codes.append((own, number, 1, 14))


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


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
