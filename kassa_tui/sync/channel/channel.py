"""A channel's books: a journal in a folder of its own, in the tables and under the rules of a till."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.clock import uuid7_source
from kassa_tui.storage.channels import channel_folder as channel_folder
from kassa_tui.storage.database import StorageError, checkpoint, open_database
from kassa_tui.storage.journal import Clock, Journal
from kassa_tui.storage.till_schema import PAGE_SIZE
from kassa_tui.storage.till_store import TILL_DB, create
from kassa_tui.sync.channel.ownership import Owner

if TYPE_CHECKING:
    from kassa_tui.domain.journal import Entry


class Channel:
    """The journal of one webshop. Made, used and closed on one thread; made by :meth:`open`."""

    def __init__(self, folder: Path, code: str, clock: Clock, new_id: Callable[[], str], owner: Owner) -> None:
        self.folder, self.code, self._owner = folder, code, owner
        path = folder / TILL_DB
        signer = create(folder)
        self._db = open_database(path, page_size=PAGE_SIZE)
        self._db.connect()
        try:
            self.con: sqlite3.Connection = self._db.connection()
            """The one that writes; for questions too."""
            found = self.con.execute("select value from meta where key = 'till'").fetchone()
            if found is None:
                self.con.execute("insert into meta values ('till', ?)", (code,))
            elif found[0] != code:
                raise StorageError("channel_other", {"found": found[0], "wanted": code, "path": str(folder)})
            self.journal = Journal(self.con, code, clock, new_id, signer)
        except BaseException:
            self._db.close()
            raise
        self.last_seq = self.con.execute("select coalesce(max(seq), 0) from journal").fetchone()[0]
        """The newest entry's."""
        self.began: int = self.con.execute("select coalesce(min(at), ?) from journal", (clock.now().at,)).fetchone()[0]
        """When the first entry was made, UTC milliseconds; of empty books now."""

    @classmethod
    def open(
        cls, folder: Path, code: str, clock: Clock, *, me: str = "", owner: str = "",
        new_id: Callable[[], str] | None = None,
    ) -> Channel:  # fmt: skip
        """Open the books, made where there are none; StorageError, see :class:`Owner` for who may."""
        held = Owner(folder, me, owner)
        try:
            return cls(folder, code, clock, new_id or uuid7_source(), held)
        except BaseException:
            held.release()
            raise

    def record_all(self, acts: Sequence[tuple[str, dict[str, Any]]], who: str = "") -> list[Entry]:
        """Append entries in one transaction; on disk when this returns. Sales among them are numbered."""
        entries = self.journal.record_all(acts, who)
        if entries:
            self.last_seq = entries[-1].seq
        return entries

    def rest(self) -> None:
        """Copy the write-ahead log back, when nobody waits."""
        checkpoint(self._db)

    def close(self) -> None:
        """Let go of the files; twice does no harm."""
        if not self._db.is_closed():
            self._db.close()
        self._owner.release()
