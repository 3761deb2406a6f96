"""``kassa sync``: one process beside the till that carries the journal to the office and the catalogue back.

It writes ``shop.db`` and ``sync.db`` and nothing of the till's own. One thread does all the work, so that a till has
one sender; the schedule only wakes it. Whatever fails waits and is tried again, for as long as it takes.
"""

from __future__ import annotations

import logging
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kassa_tui.storage.database import StorageError
from kassa_tui.storage.sync_state import SyncState
from kassa_tui.storage.till_store import Lock
from kassa_tui.sync import night, wish
from kassa_tui.sync.catalogue_sync import CatalogueSync
from kassa_tui.sync.channel_outbox import ChannelOutbox
from kassa_tui.sync.heartbeat import condition
from kassa_tui.sync.outbox import Outbox
from kassa_tui.sync.port import OfficeError, OfficePort
from kassa_tui.sync.schedule import BEAT, LONG_OUTAGE_SECONDS, NIGHT, PULL, WATCH, Lane, scheduler, turn
from kassa_tui.sync.wire import SCHEMA, Heartbeat

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.storage.journal import Clock

SYNC_LOCK = "sync.lock"
NICE = 10
BATCHES_AT_ONCE = 20
"""Batches before heartbeat and feed have their turn again."""
STUCK_SECONDS = 3600.0
"""Between two offers of what the office could not take."""

log = logging.getLogger("kassa.sync")


def step_back() -> None:
    """Let the till go before: who scans never waits for this process. systemd does it for the disk as well."""
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), NICE))


@dataclass(frozen=True, slots=True)
class Means:
    """What the agent is given: time and chance come from outside, so that tests have their own."""

    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    version: str = ""
    backup: Callable[[], list[str] | None] = lambda: None
    """The command that makes tonight's copy; None where there is nothing to do."""
    channels: ChannelOutbox | None = None
    """Journals of the webshops that this till owns."""


class Agent:
    """Carries one till's journal and catalogue. Made, used and closed on one thread; `wake` and `stop` on any.

    StorageError ``sync_running`` where another agent has the folder.
    """

    def __init__(self, config: Config, port: OfficePort, means: Means) -> None:
        self._config, self._port, self._means = config, port, means
        folder = config.till.data
        self._lock = Lock(folder, SYNC_LOCK)
        try:
            self.state = SyncState(folder)
            self.outbox = Outbox(folder, config.till.id, self.state, means.version, self._now)
        except BaseException:
            self._lock.release()
            raise
        owned = any(webshop.owner == config.till.id for webshop in config.webshops)
        self.catalogue = CatalogueSync(folder, config.shop.country, self.state, self._now, own_channel=owned)
        self._journal, self._feed, self._channel = Lane(), Lane(), Lane()
        self._stuck_at = 0.0
        self._copy: subprocess.Popen[bytes] | None = None
        self._due: set[str] = set()
        self._awake = threading.Condition()
        self._stopped = False

    def close(self) -> None:
        """Let go of everything; what was sent and acked stays noted."""
        if self._copy is not None and self._copy.poll() is None:
            self._copy.terminate()
        if self._means.channels is not None:
            self._means.channels.close()
        self.outbox.close()
        self.state.close()
        self._lock.release()

    def wake(self, name: str) -> None:
        """Something may be due."""
        with self._awake:
            self._due.add(name)
            self._awake.notify()

    def stop(self) -> None:
        """End after the request at hand."""
        with self._awake:
            self._stopped = True
            self._awake.notify()

    def run(self) -> None:
        """Work until stopped."""
        clockwork = scheduler(self.wake)
        clockwork.start()
        try:
            for name in (BEAT, PULL):
                self.wake(name)
            while (due := self._wait()) is not None:
                self.work(due)
        finally:
            clockwork.shutdown(wait=False)

    def once(self) -> OfficeError | StorageError | None:
        """One round of everything, until nothing waits; what went wrong, if anything did."""
        self._journal, self._feed, self._channel = Lane(), Lane(), Lane()
        wrong = self._beat()
        while wrong is None and not self._stopped and self.outbox.pending():
            wrong = self._push(1)
        while wrong is None and not self._stopped and self._channels_wait():
            wrong = self._push_channels()
        if wrong is None:
            self._stuck_at = 0.0
            wrong = self._offer_stuck()
        more = True
        while wrong is None and more and not self._stopped:
            wrong, more = self._pull()
        return wrong or self._beat()

    def work(self, due: set[str]) -> None:
        """Do what is due and may be tried now: the journal first, for it is the shop's books."""
        at = self._means.monotonic()
        if BEAT in due:
            self.state.now.agent = self._now()
            self.state.save()
        if due & {WATCH, BEAT} and self._journal.open(at):
            self._journal_turn(BEAT in due)
        if PULL in due and self._feed.open(at):
            wrong, more = self._pull()
            if wrong is None and more:
                self.wake(PULL)
        if NIGHT in due:
            self._night()

    def _wait(self) -> set[str] | None:
        """What is due; None at the end."""
        with self._awake:
            while not self._due and not self._stopped:
                self._awake.wait()
            due, self._due = self._due, set()
            return None if self._stopped else due

    def _now(self) -> int:
        return self._means.clock.now().at

    def _journal_turn(self, beat: bool) -> None:
        outage = (self._now() - self.state.now.failing_since) / 1000 if self.state.now.failing_since else 0.0
        if (beat or outage) and self._beat() is not None:
            return
        if outage >= LONG_OUTAGE_SECONDS and self.outbox.pending():
            # All tills of the company may have come back this minute.
            seconds = turn(self._config.till.id)
            self._journal.not_before = self._means.monotonic() + seconds
            self.state.now.next_try = self._now() + int(seconds * 1000)
            self.state.save()
            return
        if self.outbox.pending():
            self._push(BATCHES_AT_ONCE)
        elif self._channels_wait():
            self._push_channels()
        else:
            self._offer_stuck()

    def _push(self, batches: int) -> OfficeError | StorageError | None:
        def send() -> None:
            for _ in range(batches):
                if not self.outbox.push(self._port) or self._stopped:
                    return
            self.wake(WATCH)

        return self._tried(send)

    def _channels_wait(self) -> bool:
        return self._means.channels is not None and self._means.channels.pending()

    def _push_channels(self) -> OfficeError | StorageError | None:
        """With a lane of its own: the till's journal does not wait for a webshop's."""
        channels, at = self._means.channels, self._means.monotonic()
        if channels is None or not self._channel.open(at):
            return None
        wrong = channels.push()
        if wrong is None:
            self._channel.worked()
        else:
            told = wrong if isinstance(wrong, OfficeError) else OfficeError(wrong.code)
            self._channel.failed(at, told, self._means.random)
        return wrong

    def _offer_stuck(self) -> OfficeError | StorageError | None:
        at = self._means.monotonic()
        if at < self._stuck_at or not self.state.aside("stuck"):
            return None
        self._stuck_at = at + STUCK_SECONDS
        return self._tried(lambda: self.outbox.retry_stuck(self._port))

    def _beat(self) -> OfficeError | StorageError | None:
        def beat() -> None:
            before = self._now()
            answer = self._port.heartbeat(self._condition(before))
            now = self.state.now
            now.skew = (before + self._now()) // 2 - answer.now
            now.agent = self._now()
            self.outbox.meet(answer.epoch, answer.next)
            now.office_cursor = answer.cursor
            now.latest_version = answer.desired_version
            wish.put(self._config.till.data, answer.desired_version, self._means.version)
            if answer.pull_snapshot:
                self.catalogue.asked_for_snapshot()
            if now.snapshot or answer.cursor > now.cursor:
                self.wake(PULL)

        return self._tried(beat)

    def _condition(self, at: int) -> Heartbeat:
        waiting, now = self.outbox.waiting(), self.state.now
        receipt, z = self.outbox.counters()
        free, devices, doctor, settings = condition(self._config.till.data)
        if now.differs:
            doctor["catalogue"] = f"warn differs {now.differs}"
        return Heartbeat(
            schema=SCHEMA,
            till=self._config.till.id,
            now=at,
            version=self._means.version,
            high=self.outbox.high(),
            waiting=waiting.entries,
            epoch=now.epoch,
            oldest=waiting.oldest,
            receipt=receipt,
            z=z,
            turnover=waiting.turnover,
            cursor=now.cursor,
            disk_free=free,
            devices=devices,
            doctor=doctor,
            settings=settings,
        )

    def _tried(self, work: Callable[[], Any]) -> OfficeError | StorageError | None:
        """Do something that the journal's road depends on, and note how it went."""
        now, at = self.state.now, self._now()
        try:
            work()
        except (OfficeError, StorageError) as error:
            wrong = error if isinstance(error, OfficeError) else OfficeError(error.code)
            seconds = self._journal.failed(self._means.monotonic(), wrong, self._means.random)
            now.failing_since = now.failing_since or at
            now.code, now.tries, now.next_try = error.code, self._journal.tries, at + int(seconds * 1000)
            log.warning("office: %s %s; again in %.0f s", error.code, error.facts, seconds)
            self.state.save()
            return error
        self._journal.worked()
        now.last_success, now.failing_since, now.code, now.tries, now.next_try = self._now(), 0, "", 0, 0
        self.state.save()
        return None

    def _pull(self) -> tuple[OfficeError | StorageError | None, bool]:
        """What went wrong, and whether more is to come."""
        now = self.state.now
        try:
            more = self.catalogue.turn(self._port)
        except (OfficeError, StorageError) as error:
            wrong = error if isinstance(error, OfficeError) else OfficeError(error.code)
            self._feed.failed(self._means.monotonic(), wrong, self._means.random)
            now.feed_code, now.feed_since = error.code, now.feed_since or self._now()
            log.warning("catalogue: %s %s", error.code, error.facts)
            self.state.save()
            return error, False
        self._feed.worked()
        now.feed_code, now.feed_since = "", 0
        self.state.save()
        return None, more

    def _night(self) -> None:
        if self._copy is not None:
            code = self._copy.poll()
            if code is None:
                return
            self._copy = None
            log.log(logging.INFO if code == 0 else logging.ERROR, "nightly copy ended with %s", code)
        if not night.is_quiet(self._means.clock.now()):
            return
        try:
            if what := self.catalogue.drift():
                log.error("catalogue does not fit together: %s", what)
        except StorageError as error:
            log.warning("catalogue could not be looked at: %s", error.code)
        self.catalogue.compare_soon()
        self.wake(PULL)
        if command := self._means.backup():
            self._copy = night.start(command)
