"""Orders of the shop into the channel's journal: each one whole, as often as the shop sends it, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kassa_tui.storage import web_orders
from kassa_tui.storage.web_state import WebState
from kassa_tui.storage.web_values import Link
from kassa_tui.sync.channel import books
from kassa_tui.sync.channel.board import OPEN_STAGES
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.ports import Article, Articles
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.webshops.base import WebOrder

BOOK_FINDINGS = ("refund_over", "other_currency", "unknown_article", "other_rate", "unknown_rate")


class Linked:
    """Which article a product is: by its link, else by the shop's SKU."""

    def __init__(self, state: WebState, articles: Articles) -> None:
        self._state, self._articles = state, articles
        self.by_product: dict[str, Link] = {}
        self.by_sku: dict[str, list[str]] = {}
        """Article → products that are sold of it."""
        self.read()

    def read(self) -> None:
        """Take the links as they are kept."""
        self.by_product = self._state.links()
        self.by_sku = {}
        for link in self.by_product.values():
            self.by_sku.setdefault(link.sku, []).append(link.product)

    def article(self, product: str, sku: str) -> Article | None:
        """The article of an order's line; None where nobody knows one."""
        link = self.by_product.get(product)
        return self._articles.by_sku(link.sku if link else sku) if link or sku else None

    def sku_of(self, product: str, sku: str) -> str:
        """The same, by its SKU alone, without asking whether it is sold: ``sku`` is what was booked."""
        link = self.by_product.get(product)
        return link.sku if link else sku


class Importer:
    """Takes orders in."""

    def __init__(
        self, settings: Settings, channel: Channel, state: WebState, linked: Linked, articles: Articles,
        now: Callable[[], int],
    ) -> None:  # fmt: skip
        self._settings, self._channel, self._state = settings, channel, state
        self._linked, self._articles, self._now = linked, articles, now
        self.sales = 0
        """Booked since the engine began."""
        self.renamed: set[str] = set()
        """Orders of which only the name or the note is other than before."""

    def page(self, orders: Iterable[WebOrder]) -> int:
        """Take these in, in one transaction; how many were new or other than before. A repetition changes nothing."""
        found, changed = list(orders), 0
        while found:
            # An order that stands there twice is booked by what the first time came to.
            once = {order.id: order for order in reversed(found)}
            with self._state.together():
                changed += self._take(list(reversed(once.values())))
            taken = {id(order) for order in once.values()}
            found = [order for order in found if id(order) not in taken]
        return changed

    def take(self, order: WebOrder) -> bool:
        """Take one in; whether it was new or other than before."""
        return bool(self.page((order,)))

    def _take(self, orders: list[WebOrder]) -> int:
        known = web_orders.known(self._channel.con, [order.id for order in orders])
        acts, cases, people = list[books.Act](), list[books.Case](), list[WebOrder]()
        for order in orders:
            _, hashed = books.content(order)
            if order.id in known or self._wanted(order):
                people.append(order)
                if known.get(order.id) != hashed:
                    cases.append(self.case(order))
                    acts += books.acts(cases[-1])
        self._record(acts, cases)
        for order in people:
            self._person(order)
        return len(cases)

    def case(self, order: WebOrder) -> books.Case:
        """An order and what the books have of it."""
        con = self._channel.con
        row = web_orders.order(con, order.id)
        rows = web_orders.lines(con, order.id) if row else {}
        return books.Case(self._settings, order, row, rows, self._linked.article, self._articles.vat_codes())

    def record(self, acts: list[books.Act], case: books.Case) -> None:
        """Journal what was found of an order, and note what a person should see to."""
        self._record(acts, [case])

    def _record(self, acts: list[books.Act], cases: list[books.Case]) -> None:
        if acts:
            self._channel.record_all(acts)
        self.sales += sum(kind == web_orders.SOLD for kind, _ in acts)
        for code in BOOK_FINDINGS:
            has = {case.order.id for case in cases if any(code == found for found, _ in case.findings)}
            self._state.clear(code, [case.order.id for case in cases if case.order.id not in has])
        for case in cases:
            for code, facts in case.findings:
                self._state.note(code, case.order.id, facts, self._now())

    def _wanted(self, order: WebOrder) -> bool:
        if order.key:
            # A sale of a till, which is in the till's books.
            return False
        if order.placed_at >= self._settings.orders_since:
            return True
        held = any(line.taken > line.shipped for line in order.lines)
        return order.stage in OPEN_STAGES and (order.stage != "unknown" or held)

    def _person(self, order: WebOrder) -> None:
        ended = order.stage == "done" or order.stage in books.ENDED
        if self._state.put_customer(order.id, order.customer, order.note, self._now() if ended else 0):
            self.renamed.add(order.id)
