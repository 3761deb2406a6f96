"""One webshop that this till owns, on a thread of its own within ``kassa sync``: a slow shop holds up nothing else."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from datetime import time as day_time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kassa_tui.domain.weborder import wishes_of
from kassa_tui.storage import web_done
from kassa_tui.storage.database import StorageError, translated
from kassa_tui.storage.journal import read_entries
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync import night
from kassa_tui.sync.channel.channel import Channel, channel_folder
from kassa_tui.sync.channel.engine import Engine, Turn
from kassa_tui.sync.channel.ports import Means
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.channel_takeover import awaits
from kassa_tui.sync.webshop_articles import TillArticles
from kassa_tui.sync.webshop_asks import answer_all
from kassa_tui.sync.webshop_details import DetailWatch
from kassa_tui.sync.webshop_till import Folder, KeptHere, TillBoard, TillShelf, shop_mark
from kassa_tui.sync.webshops import connect
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import Connector, Permanent, WebshopError
from kassa_tui.sync.webshops.keyfile import read_keys
from kassa_tui.sync.webshops.refusing import Refusing

if TYPE_CHECKING:
    from kassa_tui.config import Config, Webshop
    from kassa_tui.storage.journal import Clock

LOOK_SECONDS = 1.0
"""Between two looks at the till's journal."""
AFTER_SALE_SECONDS = 5.0
"""From a sale to the shop at the earliest: a queue at the till is one question, not twenty."""
AGAIN_SECONDS = 60.0
"""After the channel itself could not be opened."""
TILL_MARK = "till_mark"
ZONES = {"NL": "Europe/Amsterdam", "BE": "Europe/Brussels"}

log = logging.getLogger("kassa.webshop")


def access_of(webshop: Webshop) -> Access:
    """Address, keys and options; Permanent ``key_missing``, ``key_open``, ``key_bad``."""
    if webshop.key_file is None:
        raise Permanent("key_missing", {"path": f"webshop.{webshop.code}.key_file"})
    return Access(webshop.kind, webshop.url, read_keys(webshop.key_file), webshop.ca_file, webshop.proxy,  # type: ignore[arg-type]
                  Options(**webshop.options))  # fmt: skip


def connector_of(webshop: Webshop) -> Connector:
    """A connector, or one that answers everything with what is wrong with the keys."""
    try:
        return connect(access_of(webshop))
    except WebshopError as error:
        return Refusing(error)


def settings_of(config: Config, webshop: Webshop, born: int) -> Settings:
    """What the engine must know; ``born``: when the channel was made, UTC milliseconds."""
    zone = ZONES.get(config.shop.country, "Europe/Amsterdam")
    since = date.fromisoformat(webshop.orders_since) if webshop.orders_since else _day(born, zone)
    return Settings(
        code=webshop.code, name=webshop.name, kind=webshop.kind, branch=branch_of(config), zone=zone,
        country=config.shop.country, stock=webshop.stock, orders=webshop.orders, orders_since=_midnight(since, zone),
        buffer=webshop.buffer, buffer_max=webshop.buffer_max, buffer_silent_minutes=webshop.buffer_silent_minutes,
        sale_as_order=webshop.sale_as_order, prices=webshop.prices,  # type: ignore[arg-type]
        vat=webshop.vat, eans=webshop.eans, vat_classes=webshop.vat_classes,  # type: ignore[arg-type]
        acknowledge=webshop.acknowledge, poll_seconds=webshop.poll_seconds,
    )  # fmt: skip


def branch_of(config: Config) -> str:
    """Whose shelf the webshop sells from."""
    return (config.office.branch if config.office else None) or config.shop.branch or ""


def _day(at: int, zone: str) -> date:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).date()


def _midnight(day: date, zone: str) -> int:
    return int(datetime.combine(day, day_time(), ZoneInfo(zone)).timestamp() * 1000)


def owned(config: Config) -> list[Webshop]:
    """The webshops that this till talks to."""
    return [webshop for webshop in config.webshops if webshop.owner == config.till.id]


class Desk:
    """A channel with its engine and everything they need, open on the calling thread."""

    def __init__(self, config: Config, webshop: Webshop, clock: Clock, wake: Callable[[], object] = lambda: None,
                 stopped: Callable[[], bool] = lambda: False) -> None:  # fmt: skip
        folder = channel_folder(config.till.data, webshop.code)
        if awaits(config, webshop):
            raise StorageError("channel_pending", {"code": webshop.code})
        self._config, self._webshop, self._wake = config, webshop, wake
        self.channel = Channel.open(folder, webshop.code, clock, me=config.till.id, owner=webshop.owner)
        try:
            self.files = Folder(config.till.data, clock)
            self.state = WebState(folder)
            # Books that were taken over are older than the key of this machine.
            born = min(self.channel.began, int((folder / "till.key").stat().st_mtime * 1000))
            self._again = False
            board = TillBoard(config.till.data, config.shop.country, webshop.code, webshop.name, self._show_again)
            means = Means(clock, time.monotonic, random.random, self._key_mark, lambda: connector_of(webshop), stopped)
            articles = TillArticles(self.files, None if config.office else config.shop.country)
            self.engine = Engine(
                settings_of(config, webshop, born), connector_of(webshop), self.channel, self.state,
                TillShelf(self.files), articles, board, KeptHere(wake), means,
            )  # fmt: skip
            self._details = DetailWatch(self.engine, self.state, articles, self._catalogue_mark)
        except BaseException:
            self.channel.close()
            raise
        self._mark, self._marked_id = self._marked()
        self._shown = (0, 0)
        self._imported = self.files.shop.told_mark()[1]

    def hear(self) -> bool:
        """Take in what the till's journal says of web orders; whether anything in it concerns the shop."""
        with translated(TILL_DB):
            last = int(self.files.till.execute("select coalesce(max(seq), 0) from journal").fetchone()[0])
            if self._mark and web_done.mark_of(self.files.till, self._mark) != self._marked_id:
                # Another journal, put back from a copy: each act still counts once.
                self._mark = 0
            if last == self._mark:
                return False
            done = web_done.done_since(self.files.till, self._webshop.code, self._mark)
            marked = web_done.mark_of(self.files.till, last)
        for key, at, wish in done:
            self.engine.wish(key, at, wish)
        if self._webshop.sale_as_order:
            self._sold(last)
        self._mark, self._marked_id = last, marked
        self.state.write("replace into state values (?, ?)", [(TILL_MARK, json.dumps([last, marked]))])
        return True

    def turn(self) -> Turn:
        """One turn of the engine; what tills are shown is shown anew where ``shop.db`` is another file."""
        mark = shop_mark(self._config.till.data)
        if mark != self._shown or self._again:
            self._again, self._shown = False, mark
            self.engine.refresh_board()
        if (imported := self.files.shop.told_mark()[1]) != self._imported:
            self._imported = imported
            self.engine.details.look_again()
        self._details.look()
        return self.engine.turn()

    def close(self) -> None:
        """Let go of everything."""
        self.engine.close()
        self.state.close()
        self.files.close()
        self.channel.close()

    def _sold(self, last: int) -> None:
        first = max(self._mark + 1, 1)
        for entry in read_entries(self.files.till, self._config.till.id, first, last):
            if entry.kind == "sale" and not wishes_of(entry.kind, entry.facts) and not entry.facts.get("training"):
                self.engine.sold(entry.facts, entry.at)

    def _marked(self) -> tuple[int, str]:
        """Number and id of the till's entry up to which all was heard."""
        row = self.state.con.execute("select value from state where key = ?", (TILL_MARK,)).fetchone()
        if row is not None:
            seq, marked = json.loads(row[0])
            return int(seq), str(marked)
        with translated(TILL_DB):
            # Sales of before the webshop was added are none of its business; what was done to its orders is.
            first = self.files.till.execute(
                "select min(seq) from web_done where channel = ?", (self._webshop.code,)
            ).fetchone()[0]
            last = self.files.till.execute("select coalesce(max(seq), 0) from journal").fetchone()[0]
            seq = int(last if first is None else min(last, first - 1))
            return seq, web_done.mark_of(self.files.till, seq)

    def _catalogue_mark(self) -> object:
        return shop_mark(self._config.till.data), self.files.shop.told_mark(), self.files.today

    def _key_mark(self) -> str:
        path = self._webshop.key_file
        try:
            found = path.stat() if path else None
        except OSError:
            return ""
        return f"{found.st_mtime_ns} {found.st_ino}" if found else ""

    def _show_again(self) -> None:
        self._again = True


class Worker(threading.Thread):
    """Works on one webshop until stopped. ``wake`` is called when the channel's journal grew."""

    def __init__(self, config: Config, webshop: Webshop, clock: Clock, wake: Callable[[], object]) -> None:
        super().__init__(name=f"webshop-{webshop.code}", daemon=True)
        self._config, self._webshop, self._clock, self._wake = config, webshop, clock, wake
        self._ended = threading.Event()
        self._more = False
        """The last turn left something to do at once."""

    def stop(self) -> None:
        """End after the request at hand."""
        self._ended.set()

    def run(self) -> None:
        """Until stopped; a channel that cannot be opened is tried again, and said."""
        while not self._ended.is_set():
            try:
                self._serve()
            except StorageError as error:
                log.warning("webshop %s: %s %s", self._webshop.code, error.code, error.facts)
            except Exception:
                log.exception("webshop %s", self._webshop.code)
            self._ended.wait(AGAIN_SECONDS)

    def _serve(self) -> None:
        desk = Desk(self._config, self._webshop, self._clock, self._wake, self._ended.is_set)
        try:
            for _ in self._moments(desk):
                turn = desk.turn()
                self._more = turn.more and turn.error is None
                if turn.error is None and night.is_quiet(self._clock.now()) and desk.engine.night_due():
                    self._night(desk)
        finally:
            desk.close()

    def _moments(self, desk: Desk) -> Iterator[None]:
        """When to take a turn: every so many seconds, soon after something at the till, and at once for more."""
        due = touched = 0.0
        while not self._ended.is_set():
            now = time.monotonic()
            if desk.hear() or answer_all(desk, folder_of(self._config, self._webshop)):
                touched = touched or now
            if now >= due or self._more or (touched and now >= touched + AFTER_SALE_SECONDS):
                touched, due = 0.0, now + self._webshop.poll_seconds
                yield
            self._ended.wait(LOOK_SECONDS)

    def _night(self, desk: Desk) -> None:
        try:
            desk.engine.night()
        except (WebshopError, StorageError) as error:
            log.warning("webshop %s: the night's work: %s", self._webshop.code, error.code)


class Workers:
    """All webshops of a till."""

    def __init__(self, config: Config, clock: Clock, wake: Callable[[], object] = lambda: None) -> None:
        self.all: Sequence[Worker] = [Worker(config, webshop, clock, wake) for webshop in owned(config)]

    def start(self) -> None:
        """Begin."""
        for worker in self.all:
            worker.start()

    def close(self, seconds: float = 5.0) -> None:
        """Stop; a request that takes longer is left to itself, and found out about at the next start."""
        for worker in self.all:
            worker.stop()
        for worker in self.all:
            if worker.is_alive():
                worker.join(seconds)


def folder_of(config: Config, webshop: Webshop) -> Path:
    """Where the webshop's channel is kept."""
    return channel_folder(config.till.data, webshop.code)
