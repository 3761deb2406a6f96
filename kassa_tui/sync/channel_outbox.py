"""The journals of this till's webshops on their way to the office, behind the till's own and as it goes itself."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from kassa_tui.clock import uuid7_source
from kassa_tui.storage.database import StorageError, file_uri, translated
from kassa_tui.storage.sync_state import SyncState
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.sync.channel.channel import channel_folder
from kassa_tui.sync.channel_takeover import Road, awaits, take_over
from kassa_tui.sync.outbox import Outbox
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import SCHEMA, ChannelClaim

if TYPE_CHECKING:
    from kassa_tui.config import Config, Webshop
    from kassa_tui.storage.journal import Clock

BATCHES_AT_ONCE = 10
"""Of one channel, before the till's own journal has its turn again."""

log = logging.getLogger("kassa.sync")


class ChannelOutbox:
    """Sends the journals of the webshops that this till owns. All methods run on the thread that made it."""

    def __init__(self, config: Config, road: Road, version: str, clock: Clock) -> None:
        self._config, self._road, self._version, self._clock = config, road, version, clock
        self._open: dict[str, tuple[SyncState, Outbox]] = {}
        self._waiting: set[str] | None = None
        """Webshops whose books must come from the office first; None: not looked at yet."""
        self._claimed: set[str] = set()

    def pending(self) -> bool:
        """Whether anything waits."""
        return bool(self._awaited()) or any(outbox.pending() for _, outbox in self._all())

    def push(self) -> OfficeError | StorageError | None:
        """Send some of what waits. What went wrong, also ``channel_taken`` where another owns one, is noted there."""
        wrong: OfficeError | StorageError | None = None
        for webshop in self._awaited():
            try:
                taken = take_over(self._config, webshop, self._road, self._clock, uuid7_source())
                log.info("channel %s: %s entries taken over, goes on at %s", webshop.code, taken.entries,
                         taken.goes_on_at)  # fmt: skip
                self._waiting = None
            except (OfficeError, StorageError) as error:
                log.warning("channel %s: %s %s", webshop.code, error.code, error.facts)
                wrong = error
        for webshop, (state, outbox) in zip(self._webshops(), self._all(), strict=False):
            if not outbox.pending():
                continue
            mine: OfficeError | StorageError | None = None
            try:
                self._claim(webshop)
                for _ in range(BATCHES_AT_ONCE):
                    if not outbox.push(self._road.of_channel(webshop.code)):
                        break
            except (OfficeError, StorageError) as error:
                log.warning("channel %s: %s %s", webshop.code, error.code, error.facts)
                wrong = mine = error
            self._note(state, mine)
        return wrong

    def close(self) -> None:
        """Let go of the files."""
        for state, outbox in self._open.values():
            outbox.close()
            state.close()

    def _note(self, state: SyncState, wrong: OfficeError | StorageError | None) -> None:
        now, at = state.now, self._now()
        now.code = wrong.code if wrong else ""
        now.failing_since = (now.failing_since or at) if wrong else 0
        now.last_success = now.last_success if wrong else at
        state.save()

    def _now(self) -> int:
        return self._clock.now().at

    def _awaited(self) -> list[Webshop]:
        """Those whose books must come from the office first; looked at once, and after each that came."""
        if self._waiting is None:
            self._waiting = {each.code for each in self._config.webshops if awaits(self._config, each)}
        return [each for each in self._config.webshops if each.code in self._waiting]

    def _webshops(self) -> list[Webshop]:
        awaited = self._awaited()
        mine = (each for each in self._config.webshops if each.owner == self._config.till.id and each not in awaited)
        return [each for each in mine if self._there(each)]

    def _there(self, webshop: Webshop) -> bool:
        return (channel_folder(self._config.till.data, webshop.code) / TILL_DB).exists()

    def _all(self) -> list[tuple[SyncState, Outbox]]:
        for webshop in self._webshops():
            if webshop.code not in self._open:
                folder = channel_folder(self._config.till.data, webshop.code)
                state = SyncState(folder)
                self._open[webshop.code] = state, Outbox(folder, webshop.code, state, self._version, self._now)
        return [self._open[webshop.code] for webshop in self._webshops()]

    def _claim(self, webshop: Webshop) -> None:
        """Once in each run: the office says no where another till, or it itself, talks to the webshop."""
        if webshop.code in self._claimed:
            return
        request = ChannelClaim(SCHEMA, webshop.code, webshop.name, webshop.kind, webshop.url, self._key(webshop))
        answer = self._road.claim_channel(request)
        if not answer.ok:
            raise OfficeError(answer.code or "channel_taken", answer.facts)
        self._claimed.add(webshop.code)

    def _key(self, webshop: Webshop) -> str:
        path = channel_folder(self._config.till.data, webshop.code) / TILL_DB
        with translated(path):
            con = sqlite3.connect(file_uri(path), uri=True)
            try:
                row = con.execute("select value from meta where key = 'public_key'").fetchone()
            finally:
                con.close()
        if row is None:
            raise StorageError("key_missing", {"path": str(path)})
        return str(row[0])
