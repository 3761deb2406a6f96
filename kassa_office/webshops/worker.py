"""The office's own webshops: a thread for each in the process of the regular jobs, under a lease and a lock."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as day_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone

from kassa_office.tills.models import Lease
from kassa_office.webshops import claims, options
from kassa_office.webshops.articles import OfficeArticles
from kassa_office.webshops.models import OFFICE, Webshop, WebWish, WishTaken
from kassa_office.webshops.ports import OfficeBoard, OfficeShelf, OwnJournal, folder_of
from kassa_tui.clock import SystemClock
from kassa_tui.domain.weborder import wish_of
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync import webshop_asks
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.engine import Engine, Turn
from kassa_tui.sync.channel.ports import Means
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.webshop_details import DetailWatch
from kassa_tui.sync.webshops import connect
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import Connector, WebshopError
from kassa_tui.sync.webshops.keyfile import read_keys
from kassa_tui.sync.webshops.refusing import Refusing

KEY_FILE = "webshop.key"
LOOK_SECONDS = 2.0
AGAIN_SECONDS = 30.0
ARTICLES_SECONDS = 600.0
"""Between two looks at what linked articles are."""
LEASE = timedelta(minutes=5)
NIGHT = range(2, 6)
WISHES_DAYS = 120
"""How far back wishes are looked for: a till that was away for longer is seen to by a person."""

log = logging.getLogger(__name__)


def key_file(code: str) -> Path:
    """Where the keys are."""
    return folder_of(code) / KEY_FILE


def access_of(webshop: Webshop) -> Access:
    """Address, keys and options; Permanent ``key_missing``, ``key_open``, ``key_bad``."""
    return Access(webshop.kind, webshop.url, read_keys(key_file(webshop.till_id)), None, None,  # type: ignore[arg-type]
                  Options(**options_of(webshop)))  # fmt: skip


def options_of(webshop: Webshop) -> dict[str, Any]:
    """The options as connectors want them; one that is wrong is left out and logged."""
    found, faults = options.checked(webshop.options)
    for fault in faults:
        log.warning("webshop %s: option %s is left out", webshop.till_id, fault.facts["key"])
    return found


def connector_of(webshop: Webshop) -> Connector:
    """A connector, or one that answers everything with what is wrong with the keys."""
    try:
        return connect(access_of(webshop))
    except WebshopError as error:
        return Refusing(error)


def settings_of(webshop: Webshop) -> Settings:
    """What the engine must know."""
    branch = webshop.till.branch
    midnight = datetime.combine(webshop.orders_since, day_time(), ZoneInfo(branch.timezone))
    return Settings(
        code=str(webshop.till_id), name=webshop.name, kind=webshop.kind, branch=str(branch.code), zone=branch.timezone,
        country=branch.country, stock=webshop.stock, orders_since=int(midnight.timestamp() * 1000),
        buffer=webshop.buffer, buffer_max=webshop.buffer_max, buffer_silent_minutes=webshop.buffer_silent_minutes,
        prices=webshop.prices, vat=webshop.vat, eans=webshop.eans,  # type: ignore[arg-type]
        vat_classes=webshop.vat_classes, acknowledge=webshop.acknowledge,
        poll_seconds=webshop.poll_seconds,
    )  # fmt: skip


class Desk:
    """A channel of the office with its engine, open on the calling thread."""

    def __init__(self, code: str, stopped: Callable[[], bool] = lambda: False) -> None:
        self.webshop = Webshop.objects.select_related("till__branch").get(till=code)
        clock, folder = SystemClock(), folder_of(code)
        self.channel = Channel.open(folder, code, clock, me=OFFICE, owner=self.webshop.owner)
        try:
            claims.sign(self.webshop, self._public_key())
            self.state, self._journal = WebState(folder), OwnJournal(self.webshop, lambda: clock.now().at)
            means = Means(clock, time.monotonic, random.random, self._key_mark, self._renewed, stopped)
            articles = OfficeArticles(self.webshop)
            self.engine = Engine(
                settings_of(self.webshop), connector_of(self.webshop), self.channel, self.state,
                OfficeShelf(self.webshop), articles, OfficeBoard(self.webshop), self._journal, means,
            )  # fmt: skip
            self._details = DetailWatch(self.engine, self.state, articles, _articles_mark)
        except BaseException:
            self.channel.close()
            raise

    def hear(self) -> bool:
        """Take over what tills did to the orders; whether there was anything."""
        code, since = str(self.webshop.till_id), timezone.localdate() - timedelta(days=WISHES_DAYS)
        branches = self._branches()
        found = WebWish.objects.filter(branch__in=branches, channel=code, day__gte=since).order_by("at", "till", "seq")
        keyed = {_key(wish): wish for wish in found}
        taken = set(WishTaken.objects.filter(channel=code, key__in=keyed).values_list("key", flat=True))
        fresh = [key for key in keyed if key not in taken]
        for key in fresh:
            try:
                self.engine.wish(key, keyed[key].at, wish_of(json.loads(keyed[key].body)))
            except ValueError:
                log.warning("webshop %s: wish %s cannot be read", code, key)
        WishTaken.objects.bulk_create([WishTaken(channel=code, key=key) for key in fresh], ignore_conflicts=True)
        return bool(fresh)

    def turn(self) -> Turn:
        """One turn of the engine; what could not be taken in waits for the next."""
        try:
            self._details.look()
            return self.engine.turn()
        except OfficeError as error:
            log.warning("webshop %s: %s", self.webshop.till_id, error)
            return Turn()

    def close(self) -> None:
        """Let go of everything."""
        self.engine.close()
        self.state.close()
        self._journal.close()
        self.channel.close()

    def _branches(self) -> list[str]:
        from kassa_office.tills.models import Branch

        return list(Branch.objects.order_by("code").values_list("code", flat=True))

    def _public_key(self) -> str:
        row = self.channel.con.execute("select value from meta where key = 'public_key'").fetchone()
        return str(row[0])

    def _key_mark(self) -> str:
        try:
            found = key_file(str(self.webshop.till_id)).stat()
        except OSError:
            return ""
        return f"{found.st_mtime_ns} {found.st_ino}"

    def _renewed(self) -> Connector:
        return connector_of(self.webshop)


def _articles_mark() -> object:
    """Another value now and then: articles change by hand, and their prices by the day."""
    return timezone.localdate(), time.monotonic() // ARTICLES_SECONDS


def _key(wish: WebWish) -> str:
    """What it is known by; of one that cannot be read, where it stands."""
    try:
        return str(json.loads(wish.body)["key"])[:60]
    except (ValueError, KeyError, TypeError):
        return f"{wish.till}:{wish.seq}:{wish.no}"


class Worker(threading.Thread):
    """Works on one webshop of the office's own until stopped."""

    def __init__(self, code: str, holder: str) -> None:
        super().__init__(name=f"webshop-{code}", daemon=True)
        self.code, self._holder = code, holder
        self._ended = threading.Event()
        self._lease_until = 0.0
        self._other = ""

    def stop(self) -> None:
        """End after the request at hand."""
        self._ended.set()

    def run(self) -> None:
        """Until stopped; whatever fails is logged and tried again."""
        while not self._ended.is_set():
            try:
                if self._leased():
                    self._serve()
                    continue
                log.info("webshop %s: %s works on it", self.code, self._other)
            except (StorageError, DatabaseError, OfficeError) as error:
                log.warning("webshop %s: %s", self.code, error)
            except Exception:
                log.exception("webshop %s", self.code)
            finally:
                connection.close()
            self._ended.wait(AGAIN_SECONDS)

    def _serve(self) -> None:
        """Until stopped, or what was settled about the webshop is other than before."""
        desk = Desk(self.code, self._must_stop)
        try:
            due, nudged, more, settled = 0.0, desk.webshop.nudged_at, False, _settled(desk.webshop)
            while not self._must_stop():
                close_old_connections()
                heard = desk.hear() or bool(webshop_asks.answer_all(desk, folder_of(self.code)))
                found = Webshop.objects.select_related("till__branch").filter(till=self.code).first()
                if found is None or _settled(found) != settled:
                    return
                if heard or more or found.nudged_at != nudged or time.monotonic() >= due:
                    due, nudged = time.monotonic() + desk.webshop.poll_seconds, found.nudged_at
                    turn = desk.turn()
                    more = turn.more and turn.error is None
                    if turn.error is None:
                        self._night(desk)
                self._ended.wait(LOOK_SECONDS)
        finally:
            desk.close()

    def _night(self, desk: Desk) -> None:
        hour = datetime.now(ZoneInfo(desk.webshop.till.branch.timezone)).hour
        if hour in NIGHT and desk.engine.night_due():
            try:
                desk.engine.night()
            except (WebshopError, StorageError) as error:
                log.warning("webshop %s: the night's work: %s", self.code, error.code)

    def _must_stop(self) -> bool:
        """Asked between any two requests that take long: the lease is held on to meanwhile."""
        if self._ended.is_set():
            return True
        return time.monotonic() >= self._lease_until and not self._leased()

    def _leased(self) -> bool:
        """Whether no other machine of the office works on it."""
        now, name = timezone.now(), f"webshop {self.code}"
        with transaction.atomic():
            Lease.objects.get_or_create(name=name, defaults={"holder": "", "until": now})
            lease = Lease.objects.select_for_update().get(name=name)
            if lease.until > now and lease.holder not in ("", self._holder):
                self._other = lease.holder
                return False
            lease.holder, lease.until = self._holder, now + LEASE
            lease.save()
        self._lease_until = time.monotonic() + LEASE.total_seconds() / 5
        return True

    def give_back(self) -> None:
        """The next process need not wait."""
        Lease.objects.filter(name=f"webshop {self.code}", holder=self._holder).update(until=timezone.now())


def _settled(webshop: Webshop) -> list[Any]:
    """All that a desk is opened with."""
    own = [getattr(webshop, field.attname) for field in Webshop._meta.concrete_fields if field.name != "nudged_at"]
    branch = webshop.till.branch
    return [*own, branch.code, branch.timezone, branch.country, branch.price_list_id]


def watch(stop: threading.Event, holder: str) -> None:
    """Start a worker for each webshop of the office's own, and stop those of webshops that are no more."""
    workers: dict[str, Worker] = {}
    while not stop.is_set():
        try:
            wanted = Webshop.objects.filter(owner=OFFICE, active=True, till__branch__active=True)
            codes = set(wanted.values_list("till_id", flat=True))
        except DatabaseError as error:
            log.warning("webshops: %s", error)
            codes = set(workers)
        for code in codes - workers.keys():
            workers[code] = Worker(code, holder)
            workers[code].start()
        for code in workers.keys() - codes:
            workers.pop(code).stop()
        close_old_connections()
        stop.wait(AGAIN_SECONDS)
    for worker in workers.values():
        worker.stop()
    for worker in workers.values():
        worker.join(10)
        worker.give_back()
