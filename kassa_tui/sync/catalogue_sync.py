"""The catalogue from the office: pages of the feed, and the whole of it at once where those do not reach.

A snapshot comes in pieces, each on disk before the next is asked for, so that a line that drops costs one piece.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.storage import snapshot as snapshots
from kassa_tui.storage.catalogue_build import changing
from kassa_tui.storage.database import StorageError, checkpoint, translated
from kassa_tui.storage.feed_sums import differing
from kassa_tui.storage.generations import tidy
from kassa_tui.storage.keys import verify
from kassa_tui.storage.shop import SHOP_DB
from kassa_tui.storage.shop_feed import Applied, apply_page, position
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.sync.port import OfficeError, OfficePort

if TYPE_CHECKING:
    from kassa_tui.storage.sync_state import SyncState
    from kassa_tui.sync.wire import FeedPage, SnapshotInfo

log = logging.getLogger("kassa.sync")
PAGES_AT_ONCE = 20
"""Pages of the feed before the journal has its turn again."""
SNAPSHOT_AGAIN_MS = 3_600_000
"""A whole catalogue that the office asks for again within the hour has come already."""
DAY_MS, WEEK_MS = 20 * 3_600_000, 7 * 86_400_000
"""Between two whole catalogues for a difference, and where the last one left it as it was."""
COMPARE_MS = 3 * 86_400_000
"""After this each row is compared by day: a shop may switch its till off at night."""
SETTLED_MS = 60_000
"""So soon after a whole catalogue the office has not been restored once more."""


class CatalogueSync:
    """Keeps ``shop.db`` up to date; it is the only writer of it while a till belongs to an office."""

    def __init__(
        self, folder: Path, country: str, state: SyncState, now: Callable[[], int], *, own_channel: bool = False
    ) -> None:
        self._folder, self._country, self._state, self._now = folder, country, state, now
        self._wanted: snapshots.Wanted | None = None
        self._thorough = False
        # What this till shows of a webshop of its own stands between what the office told.
        self._apart = {"branch", "stock"} if own_channel else set[str]()

    @property
    def shop(self) -> Path:
        """The file."""
        return self._folder / SHOP_DB

    def want_snapshot(self, why: str) -> None:
        """A whole catalogue must come."""
        if not self._state.now.snapshot:
            log.info("whole catalogue wanted: %s", why)
            self._state.now.snapshot = f"wanted: {why}"
            self._state.save()

    def asked_for_snapshot(self) -> None:
        """The office would have the till load one."""
        if self._now() - self._state.now.snapshot_at > SNAPSHOT_AGAIN_MS:
            self.want_snapshot("office")

    def turn(self, port: OfficePort) -> bool:
        """Take over what there is, as much as fits in one turn; whether more is to come. OfficeError, StorageError."""
        with changing(self.shop):
            tidy(self.shop)
            if self._state.now.snapshot:
                return self._snapshot(port)
            return self._feed(port)

    def _feed(self, port: OfficePort) -> bool:
        db = open_shop(self.shop, self._country)
        try:
            epoch, cursor = position(db)
            if not epoch:
                self.want_snapshot("first")
                return True
            for _ in range(PAGES_AT_ONCE):
                try:
                    page = port.feed(cursor)
                except OfficeError as error:
                    if error.code != "cursor_gone":
                        raise
                    self.want_snapshot("cursor_gone")
                    return True
                if page.epoch != epoch:
                    if 0 <= self._now() - self._state.now.snapshot_at < SETTLED_MS:
                        raise OfficeError("bad_answer", {"detail": "epoch"})
                    # What the office lost this till may still have: only the whole says what is.
                    self.want_snapshot("epoch")
                    return True
                self._refused(apply_page(db, page.rows, page.epoch, page.cursor))
                # Little at a time: twenty pages at once would be half a second of the disk, and a sale waits for it.
                checkpoint(db)
                self._arrived(page)
                if not page.more:
                    return self._compare(db, page)
                if page.cursor <= cursor:
                    raise OfficeError("bad_answer", {"detail": "cursor stands still"})
                cursor = page.cursor
            return True
        finally:
            checkpoint(db)
            db.close()

    def compare_soon(self) -> None:
        """Each row is held against the office's sums behind the next page, where that was not done lately."""
        self._thorough = abs(self._now() - self._state.now.compared_at) > DAY_MS

    def _compare(self, db: Any, page: FeedPage) -> bool:
        """Hold what is here against the office's sums; whether a whole catalogue must come now."""
        now, at = self._state.now, self._now()
        thorough = self._thorough or abs(at - now.compared_at) > COMPARE_MS
        if not page.sums or not (page.rows or thorough):
            return False
        sums = {table: told for table, told in page.sums.items() if table not in self._apart}
        with translated(self.shop):
            wrong = differing(db.connection(), sums, only_counts=not thorough)
        # One that did not help is not asked for again and again: a person must find out why.
        pause = WEEK_MS if now.differs and now.snapshot_at >= now.differs_at else DAY_MS
        if thorough:
            now.compared_at, self._thorough = at, False
        if wrong or thorough:
            now.differs = " ".join(wrong)
        if wrong:
            log.error("catalogue is not as the office says: %s", now.differs)
        ask = bool(wrong) and abs(at - now.differs_at) > pause
        if ask:
            now.differs_at = at
            self.want_snapshot(f"differs: {now.differs}")
        self._state.save()
        return ask

    def _arrived(self, page: FeedPage) -> None:
        now = self._state.now
        now.cursor, now.office_cursor = page.cursor, max(now.office_cursor, page.cursor)
        if not page.more:
            now.feed_at = self._now()
        self._state.save()

    def _refused(self, applied: Applied) -> None:
        for table, key, wrong in applied.refused:
            log.error("feed: %s %r not understood: %s", table, key, wrong)
        self._state.now.feed_refused += len(applied.refused)

    def _snapshot(self, port: OfficePort) -> bool:
        """One piece of the file, or what follows on the last one."""
        if self._wanted is None:
            try:
                self._wanted = _wanted(port.snapshot())
            except OfficeError as error:
                if error.code != "unknown" or not self._feed_will_do():
                    raise
                self._from_the_beginning(self._state.now.epoch)
                return True
        wanted = self._wanted
        at = snapshots.begun(self._folder, wanted)
        if at < wanted.size:
            try:
                piece = port.snapshot_bytes(wanted.sha256, at)
            except OfficeError as error:
                # A newer file may have taken its place: ask again which one there is.
                self._wanted = None if error.code in ("unknown", "gone") else wanted
                raise
            if not piece:
                self._wanted = None
                snapshots.discard(self._folder)
                raise OfficeError("bad_answer", {"detail": "snapshot ends too soon"})
            snapshots.append(self._folder, piece[: wanted.size - at])
            return True
        self._load(wanted)
        return True

    def _load(self, wanted: snapshots.Wanted) -> None:
        self._wanted = None
        now = self._state.now
        try:
            place = snapshots.unpack(self._folder, wanted, now.office_key, verify)
            open_shop(self.shop, self._country).close()
            snapshots.load(self.shop, place, wanted, self._country, now.branch)
        except StorageError as error:
            if error.code != "snapshot_newer" or not self._feed_will_do():
                raise
            # The feed is read by any program: what this one does not know it passes by.
            log.warning("snapshot is of a newer program: reading the feed from its beginning")
            self._from_the_beginning(wanted.epoch)
            return
        finally:
            snapshots.discard(self._folder)
        now.snapshot, now.snapshot_at = "", self._now()
        now.cursor, now.office_cursor = wanted.cursor, max(now.office_cursor, wanted.cursor)
        now.feed_refused = 0
        # Whether a difference is gone shows behind the next page; without one the night will do.
        now.compared_at = 0 if now.differs else now.snapshot_at
        self._state.save()
        log.info("whole catalogue loaded, feed goes on from %s", wanted.cursor)

    def _feed_will_do(self) -> bool:
        """Whether all there is can be had page by page as well."""
        return bool(self._state.now.epoch) and "cursor_gone" not in self._state.now.snapshot

    def _from_the_beginning(self, epoch: str) -> None:
        db = open_shop(self.shop, self._country)
        try:
            apply_page(db, (), epoch, 0)
        finally:
            db.close()
        self._state.now.snapshot, self._state.now.cursor = "", 0
        self._state.now.snapshot_at = self._now()
        self._state.save()

    def drift(self) -> str:
        """A part of the catalogue that does not fit the others; empty when all is well. A whole one is wanted then."""
        db = open_shop(self.shop, self._country)
        try:
            for what, sql in _FITS.items():
                if db.execute_sql(sql).fetchone():
                    self.want_snapshot(what)
                    return what
        finally:
            db.close()
        return ""


_FITS = {
    "code": "select 1 from code k left join article a on a.id = k.article where a.id is null limit 1",
    "group": "select 1 from article a left join article_group g on g.id = a.group_id where g.id is null limit 1",
    "vat": "select 1 from article where vat not in (select code from vat_rate) limit 1",
    "runs": "select 1 from article_run where articles > (select count(*) from article) limit 1",
}
"""What must not be found in a catalogue that is whole."""


def _wanted(info: SnapshotInfo) -> snapshots.Wanted:
    if not 0 < info.size <= 1 << 34 or not 0 < info.unpacked <= 1 << 36 or len(info.sha256) != 64:
        raise OfficeError("bad_answer", {"detail": "snapshot"})
    return snapshots.Wanted(info.epoch, info.cursor, info.size, info.unpacked, info.sha256, info.signature)
