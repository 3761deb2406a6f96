"""The engine of one webshop: tell the shop what waits, take its orders in, bring its stock to where it should be.

One turn after the other on one thread. Whatever fails waits and is tried again; keys that are refused stop everything
until a person has seen to them. It may be killed at any point: what was done is found to be done.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from kassa_tui.domain.weborder import WebWish
from kassa_tui.storage import web_orders
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel import commands
from kassa_tui.sync.channel.books import local_day
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.commands import Commander
from kassa_tui.sync.channel.comparing import Report, compared
from kassa_tui.sync.channel.details import Details
from kassa_tui.sync.channel.importing import Importer, Linked
from kassa_tui.sync.channel.lanes import Lane
from kassa_tui.sync.channel.linking import Linker, LinkReport, all_products
from kassa_tui.sync.channel.making import Made, Maker
from kassa_tui.sync.channel.ports import Articles, Board, Deliver, Means, Shelf
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.channel.showing import Shower
from kassa_tui.sync.channel.status import Status, status_of
from kassa_tui.sync.channel.stocking import Pushed, Stocker
from kassa_tui.sync.webshops.base import Connector, OrderPage, ShopFacts, Unauthorised, VatClass, WebshopError

DAY_MS = 86_400_000
CHECK_MS = DAY_MS // 4
"""Between two questions who the shop is and what its keys may do."""
LOST = ("unreachable", "timeout")
"""Codes after which no other question of the turn would be answered."""
Wrong = WebshopError | StorageError
Found = TypeVar("Found")

log = logging.getLogger("kassa.webshop")


@dataclass(slots=True)
class Turn:
    """What one turn did."""

    commands: int = 0
    """Done, of those that waited."""
    orders: int = 0
    """New or other than before."""
    sales: int = 0
    """Booked."""
    read: int = 0
    """Products whose stock was asked for."""
    written: int = 0
    """Products that were given another number."""
    more: bool = False
    """There is more to do at once."""
    error: Wrong | None = None
    """The first thing that went wrong."""


class Engine:
    """Works on one channel. Made, used and closed on one thread; does not close what it is given but the connector."""

    def __init__(
        self, settings: Settings, connector: Connector, channel: Channel, state: WebState, shelf: Shelf,
        articles: Articles, board: Board, deliver: Deliver, means: Means,
    ) -> None:  # fmt: skip
        self.settings, self.connector, self.channel, self.state, self.means = settings, connector, channel, state, means
        self._articles, self._deliver = articles, deliver
        self._linked = Linked(state, articles)
        self._importer = Importer(settings, channel, state, self._linked, articles, self._now)
        self._linker = Linker(channel, state, self._linked, articles, self._now)
        self._linker.catch_up()
        self._stocker = Stocker(settings, channel, state, self._linked, shelf, board, self._now, means.stopped)
        self._classes: Sequence[VatClass] = ()
        self.details = Details(settings, channel, state, self._linked, articles, lambda: self._classes, self._now)
        self._maker = Maker(self._linked, self._linker, articles, self.details)
        self.details.finish()
        self._commander = Commander(settings, channel, state, self._linked, self._importer, self.details, self._now,
                                    means.stopped)  # fmt: skip
        self._shower = Shower(settings, channel, state, board, self._now)
        self._lanes = {name: Lane() for name in ("command", "order", "stock", "details")}
        self._checked = False
        self._delivered = 0

    def turn(self) -> Turn:
        """Commands, then orders, then stock, then what is taken over of products, each where it may try now."""
        done = Turn()
        if self._stands(done):
            return done
        works: tuple[tuple[str, Callable[[Turn], None]], ...] = (
            ("command", self._commands), ("order", self._orders), ("stock", self._stock), ("details", self._details),
        )  # fmt: skip
        for name, work in works:
            error = self._tried(name, work, done)
            done.error = done.error or error
            if self.state.now.stopped or (error is not None and error.code in LOST) or self.means.stopped():
                break
        self._told(done)
        return done

    def retry(self) -> None:
        """Go on at once: a person has seen to what was wrong."""
        now = self.state.now
        now.stopped, now.key_mark, now.failing_since, now.code, now.facts = "", "", 0, "", "{}"
        now.tries = now.next_try = 0
        self._lanes = {name: Lane() for name in self._lanes}
        self._renew()
        self.state.save()

    def check(self) -> ShopFacts:
        """Ask who the shop is and what its keys may do. WebshopError."""
        return self._alone(lambda: self.connector.check())

    def reread(self, days: int | None = None) -> int:
        """Take in again what the shop has of so many days; how many orders were other than known. WebshopError."""
        since = max(0, self._now() - (self.settings.reread_days if days is None else days) * DAY_MS)
        return self._alone(lambda: sum(self._take(page) for page in self.connector.pull_orders(since)))

    def compare(self) -> Report:
        """Look at every product and every number, put right what differs, and journal what was found. WebshopError."""
        return self._alone(self._compare)

    def night_due(self) -> bool:
        """Whether the night's work of today is still to be done."""
        return self.state.now.night != self._today()

    def night(self) -> Report:
        """Read again, compare, and throw away names that nobody needs any more. WebshopError."""
        self.reread()
        report = self.compare()
        before = self._now() - self.settings.clean_days * DAY_MS
        self.state.forget_customers(before)
        self.state.forget_commands(before)
        self._shower.night()
        self.state.now.night = self._today()
        self.state.save()
        return report

    def link(self, report: bool = False) -> LinkReport:
        """Link what is certain; with ``report`` only say what that would be. WebshopError."""
        found = self._alone(lambda: self._linker.link(all_products(self.connector), report=report))
        self._stocker.add(link.product for link in (() if report else found.linked))
        return found

    def link_by_hand(self, product: str, sku: str, by: str) -> bool:
        """A person says that a product is an article; False where there is no such article."""
        if self._articles.by_sku(sku) is None:
            return False
        self._linker.by_hand(product, sku, by)
        self._stocker.add([product])
        self._hand_on()
        return True

    def unlink(self, product: str, by: str) -> bool:
        """A person says that it is not; False where it was not linked. The shop keeps the number it shows."""
        found = self._linker.undo(product, by)
        self._hand_on()
        return found

    def make_article(self, product: str, by: str) -> Made:
        """A person wants an article of a product that has none. WebshopError."""
        return self._made(lambda: self._maker.article(self.connector, product, by))

    def make_product(self, sku: str, by: str) -> Made:
        """A person wants an article to be a product of the shop too. WebshopError."""
        return self._made(lambda: self._maker.product(self.connector, sku, by))

    def _made(self, work: Callable[[], Made]) -> Made:
        made = self._alone(work)
        self._stocker.add([] if made.code else [made.product])
        return made

    def handed_over(
        self, key: str, order_id: str, at: int, lines: Mapping[str, int] | None = None, received: int = 0,
        before: int | None = None,
    ) -> bool:  # fmt: skip
        """Goods were given out at a till: all that was left, or of each line so much; and money taken for them.

        ``key`` says which act it was: the same act again does nothing, and False is answered. ``before``: cents that
        had been paid, as far as the till knew.
        """
        given = None if lines is None else dict(lines)
        return self._said(key, commands.HANDED, order_id, at, lines=given, received=received, before=before)

    def taken_back(
        self, key: str, order_id: str, lines: Mapping[str, int], amount: int, pay_out: bool, restock: bool, at: int = 0
    ) -> bool:
        """Goods were brought to a till, or given up there, and ``amount`` cents (0 and up) are given back for them.

        With ``pay_out`` the shop's payment provider is to pay it, otherwise the till did. ``restock``: they are on the
        shelf.
        """
        return self._said(key, commands.BACK, order_id, at or self._now(), lines=dict(lines), amount=amount,
                          pay_out=pay_out, paid_out=0 if pay_out else amount, restock=restock)  # fmt: skip

    def received(self, key: str, order_id: str, at: int, amount: int, before: int | None = None) -> bool:
        """Money was taken for an order, and its goods are still here."""
        return self._said(key, commands.PAID, order_id, at, received=amount, before=before)

    def wish(self, key: str, at: int, wish: WebWish) -> bool:
        """What a till's journal says that was done to an order; False where it was said before."""
        if wish.handed:
            return self.handed_over(key, wish.order, at, wish.lines or None, max(wish.amount, 0), wish.paid)
        if wish.back or wish.amount < 0:
            return self.taken_back(key, wish.order, wish.lines, abs(wish.amount), wish.by_shop, wish.restock, at)
        return self.received(key, wish.order, at, wish.amount, wish.paid)

    def sold(self, body: Mapping[str, Any], at: int) -> bool:
        """A sale of a till, ``at`` its time: placed in the shop where its owner wants that; False where it is not."""
        return self.settings.sale_as_order and self._commander.sold(body, at)

    def try_again(self, key: str) -> bool:
        """Have a command that the shop refused done once more."""
        self.state.clear("command_failed", [key])
        return self.state.again(key)

    def status(self) -> Status:
        """How it is."""
        return status_of(self.settings, self.channel.con, self.state.con)

    def refresh_board(self) -> int:
        """Show the tills every order that they should have; how many."""
        return self._shower.everything()

    def close(self) -> None:
        """Let go of the shop."""
        self.state.save()
        self.connector.close()

    def _now(self) -> int:
        at: int = self.means.clock.now().at
        return at

    def _today(self) -> str:
        return local_day(self._now(), self.settings.zone)

    def _said(self, key: str, what: str, order_id: str, at: int, **facts: Any) -> bool:
        given = {name: value for name, value in facts.items() if value is not None}
        fresh = self._commander.said(key, what, {"order": order_id, **given}, at)
        if fresh:
            self._hand_on()
        return fresh

    def _stands(self, done: Turn) -> bool:
        """Whether everything has stopped; other keys are tried."""
        now = self.state.now
        if not now.stopped:
            return False
        if self.means.key_mark() != now.key_mark:
            self.retry()
            return False
        done.error = Unauthorised(now.stopped, json.loads(now.facts))
        return True

    def _renew(self) -> None:
        if self.means.renew is not None:
            self.connector.close()
            self.connector = self.means.renew()
        self._checked = False

    def _met(self) -> None:
        """Ask who the shop is, first and now and then."""
        now = self.state.now
        if self._checked and self._now() - now.checked_at < CHECK_MS:
            return
        facts = self.connector.check()
        now.shop_name, now.version, now.timezone = facts.name, facts.version, facts.timezone
        now.reserves, now.whole_units, now.checked_at = facts.reserves, facts.whole_units, self._now()
        self._classes = facts.vat_classes
        with self.state.together():
            self.state.write("delete from finding where key = ?", [("shop",)])
            for code, about in facts.remarks:
                self.state.note(code, "shop", about, now.checked_at)
            self.state.save()
        self._checked = True

    def _commands(self, done: Turn) -> None:
        worked = self._commander.work(self.connector)
        done.commands, done.more = done.commands + worked.done, worked.more
        if worked.error is not None:
            raise worked.error

    def _orders(self, done: Turn) -> None:
        if not self.settings.orders:
            return
        before, cursor = self._importer.sales, 0
        for page in self.connector.pull_orders(self.state.now.cursor):
            done.orders += self._take(page)
            done.sales = self._importer.sales - before
            cursor = page.cursor
            if self.means.stopped():
                return
        # Pages come by id: until the last is in, an order of any time may be missing.
        self.state.now.cursor = cursor or self.state.now.cursor
        self.state.now.pulled_at = self._now()

    def _take(self, page: OrderPage) -> int:
        """Take a page in; how many orders were other than known. What cannot be read is told, and tried at night."""
        taken = self._importer.page(page.orders)
        self.state.clear("order_unread", [order.id for order in page.orders])
        for odd in page.odd:
            self.state.note("order_unread", odd.id, {**odd.facts, "order": odd.id}, self._now())
        return taken

    def _stock(self, done: Turn) -> None:
        if not self.settings.stock:
            return
        pushed: Pushed = self._stocker.turn(self.connector)
        done.read, done.written, done.more = pushed.read, pushed.written, done.more or pushed.more

    def _details(self, done: Turn) -> None:
        self.details.turn(self.connector)

    def _compare(self) -> Report:
        self._orders(Turn())
        products = all_products(self.connector)
        links = self._linker.link(products, report=False, apply=False)
        pushed = self._stocker.whole(self.connector) if self.settings.stock else Pushed()
        report = compared(self._linked, links, pushed, self.details.settle(products), self._now())
        self.channel.record_all([(web_orders.COMPARED, report.counts())])
        self.state.put_report(report.at, msgspec.to_builtins(report))
        return report

    def _tried(self, name: str, work: Callable[[Turn], None], done: Turn) -> Wrong | None:
        lane = self._lanes[name]
        if not lane.open(self.means.monotonic()):
            return None
        try:
            self._met()
            work(done)
        except (WebshopError, StorageError) as error:
            self._failed(lane, error)
            return error
        lane.worked()
        self._worked()
        return None

    def _alone(self, work: Callable[[], Found]) -> Found:
        """Do something that a person or the night asks for, whatever waits."""
        if self._stands(Turn()):
            raise Unauthorised(self.state.now.stopped, json.loads(self.state.now.facts))
        lane = self._lanes["order"]
        try:
            self._met()
            found = work()
        except (WebshopError, StorageError) as error:
            self._failed(lane, error)
            raise
        lane.worked()
        self._worked()
        self._hand_on()
        return found

    def _failed(self, lane: Lane, error: Wrong) -> None:
        now, at = self.state.now, self._now()
        seconds = lane.failed(self.means.monotonic(), getattr(error, "retry_after", 0.0), self.means.random)
        now.failing_since = now.failing_since or at
        now.code, now.facts = error.code, json.dumps(error.facts, default=str)
        now.tries, now.next_try = now.tries + 1, at + int(seconds * 1000)
        if isinstance(error, Unauthorised):
            now.stopped, now.key_mark = error.code, self.means.key_mark()
        log.warning("webshop %s: %s %s; again in %.0f s", self.settings.code, error.code, error.facts, seconds)
        self.state.save()

    def _worked(self) -> None:
        now = self.state.now
        now.last_success = self._now()
        if not any(lane.tries for lane in self._lanes.values()):
            now.failing_since, now.code, now.facts, now.tries, now.next_try = 0, "", "{}", 0, 0

    def _hand_on(self) -> None:
        self._told(Turn())

    def _told(self, done: Turn) -> None:
        """Show tills what is new, and say that there are new entries; keep how far all is, once a turn."""
        try:
            self._shower.news(self._importer.renamed)
            if self.channel.last_seq > self._delivered:
                self._deliver.journal()
                self._delivered = self.channel.last_seq
                self.channel.rest()
            self.state.save()
        except StorageError as error:
            done.error = done.error or error
            log.warning("webshop %s: %s %s", self.settings.code, error.code, error.facts)
