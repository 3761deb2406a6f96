"""What the shop must show of each product: absolute numbers, read back, and written only where they differ.

An order that lands between reading and writing is overwritten for one turn; it is imported with the next one, its
products are looked at again whatever was known of them, and the number is put right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from kassa_tui.storage import web_orders
from kassa_tui.storage.web_state import WebState
from kassa_tui.storage.web_values import Level
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.importing import Linked
from kassa_tui.sync.channel.ports import Board, Shelf
from kassa_tui.sync.channel.settings import UNIT, Settings
from kassa_tui.sync.webshops.base import Connector, StockWant, StockWritten

READ_AT_ONCE = 100
"""Products that are read, and then written, together."""
FINDINGS = ("unknown_product", "not_managed", "parent_managed", "not_taken", "refused")
"""Codes of what stands between a product and its number."""


@dataclass(slots=True)
class Pushed:
    """What a turn did to stock."""

    read: int = 0
    written: int = 0
    failed: int = 0
    more: bool = False
    """Products are left for the next turn."""
    differences: list[tuple[str, str, int, int | None]] = field(default_factory=list)
    """Product, article, wanted, found."""


class Stocker:
    """Keeps the shop's stock as it should be."""

    def __init__(
        self, settings: Settings, channel: Channel, state: WebState, linked: Linked, shelf: Shelf, board: Board,
        now: Callable[[], int], stopped: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._settings, self._channel, self._state, self._linked = settings, channel, state, linked
        self._shelf, self._board, self._now, self._stopped = shelf, board, now, stopped
        kept = state.now
        self._seq, self._mark, self._growth = kept.stocked_seq, kept.shelf_mark, kept.growth
        # What another run knew and was not written down is not known: each product is reckoned once.
        self._queue: dict[str, bool] = dict.fromkeys(linked.by_product, False)
        """Product → whether it is read whatever is known of it; the most urgent first."""

    def add(self, products: Iterable[str]) -> None:
        """Look at these products at the next turn."""
        self._queue = {**dict.fromkeys(products, True), **self._queue}

    def turn(self, connector: Connector) -> Pushed:
        """Write what changed since the last turn, and what was left then."""
        self._gather()
        pushed = Pushed()
        while self._queue and pushed.written < self._settings.stock_per_turn and not self._stopped():
            batch = [name for name, _ in zip(self._queue, range(READ_AT_ONCE), strict=False)]
            self._batch(connector, batch, pushed)
            for name in batch:
                del self._queue[name]
        pushed.more = bool(self._queue)
        if not pushed.more:
            now = self._state.now
            now.stocked_seq, now.shelf_mark, now.growth = self._seq, self._mark, self._growth
        return pushed

    def whole(self, connector: Connector) -> Pushed:
        """Read every linked product and put right what differs."""
        pushed, products = Pushed(), list(self._linked.by_product)
        for start in range(0, len(products), READ_AT_ONCE):
            batch = products[start : start + READ_AT_ONCE]
            self._batch(connector, batch, pushed, sure=True)
            for name in batch:
                self._queue.pop(name, None)
        return pushed

    def wants(self, products: Iterable[str]) -> dict[str, int]:
        """Product → thousandths that the shop is to show; products of which nobody knows the stock are left out."""
        links = self._linked.by_product
        chosen = {product: links[product].sku for product in products if product in links}
        physical = self._shelf.physical(sorted(set(chosen.values())))
        kept = self._kept()
        buffer = (self._settings.buffer + self._growth) * UNIT
        found, short = dict[str, int](), dict[str, int]()
        for product, sku in chosen.items():
            there = physical.get(sku)
            if there is None:
                continue
            free = there + kept.get(sku, 0)
            if free < 0:
                short[sku] = free
            whole = max(0, free - buffer)
            found[product] = whole // UNIT * UNIT if self._state.now.whole_units else whole
        self._note_short(set(chosen.values()), short)
        return found

    def _kept(self) -> dict[str, int]:
        """Article → what comes on top of the shelf: below zero what web orders have taken and is still there.

        A shop that keeps orders apart from its stock itself counts what left as there until it hears of it.
        """
        found: dict[str, int] = {}
        con = self._channel.con
        sign, rows = (1, web_orders.untold(con)) if self._state.now.reserves else (-1, web_orders.outstanding(con))
        for product, sku, qty in rows:
            own = self._linked.sku_of(product, sku)
            found[own] = found.get(own, 0) + sign * qty
        return found

    def _gather(self) -> None:
        """Queue what changed: products of orders, articles on the shelf, all of them when the buffer changed."""
        seq, growth = self._channel.last_seq, self.growth()
        changed, mark = self._shelf.changed(self._mark)
        fresh: dict[str, bool] = {}
        for product, sku in web_orders.touched(self._channel.con, self._seq):
            own = self._linked.sku_of(product, sku)
            fresh.update(dict.fromkeys(self._linked.by_sku.get(own, ()), True))
        if changed is None or growth != self._growth:
            more: Iterable[str] = self._linked.by_product
        else:
            more = (product for sku in sorted(changed) for product in self._linked.by_sku.get(sku, ()))
        for product in more:
            fresh.setdefault(product, False)
        for product, sure in self._queue.items():
            fresh[product] = fresh.get(product, False) or sure
        self._queue = {product: sure for product, sure in fresh.items() if product in self._linked.by_product}
        self._seq, self._mark, self._growth = seq, mark, growth

    def growth(self) -> int:
        """Pieces by which the buffer has grown because a till is silent."""
        every = self._settings.buffer_silent_minutes * 60
        if every <= 0 or not self._settings.buffer_max:
            return 0
        return min(self._settings.buffer_max, max(0, self._shelf.silent_seconds()) // every)

    def _batch(self, connector: Connector, batch: Sequence[str], pushed: Pushed, *, sure: bool = False) -> None:
        wants, levels = self.wants(batch), self._state.levels(batch)
        asked = [name for name in batch if name in wants and (
            sure or self._queue.get(name) or _differs(wants[name], levels.get(name)))]  # fmt: skip
        if not asked:
            return
        have = connector.stock(asked)
        pushed.read += len(asked)
        found = [_found(name, wants[name], have) for name in asked]
        off = [level for level in found if not level.code and level.have != level.want]
        pushed.differences += [(x.product, self._linked.by_product[x.product].sku, x.want, x.have) for x in found
                               if x.have != x.want]  # fmt: skip
        self._keep([level for level in found if level not in off])
        pushed.failed += sum(bool(level.code) for level in found)
        if off:
            self._write(connector, off, pushed)

    def _write(self, connector: Connector, off: Sequence[Level], pushed: Pushed) -> None:
        # Should the answer be lost, what these show is not known.
        self._state.forget_levels(level.product for level in off)
        links = self._linked.by_product
        written = connector.push_stock(
            [StockWant(product=x.product, sku=links[x.product].sku, qty=x.want) for x in off]
        )
        done = [self._read_back(level, answer) for level, answer in zip(off, written, strict=True)]
        details = {answer.product: answer.detail for answer in written}
        pushed.written += sum(not level.code for level in done)
        pushed.failed += sum(bool(level.code) for level in done)
        self._keep(done, details)

    def _read_back(self, level: Level, answer: StockWritten) -> Level:
        have = level.have if answer.qty is None else answer.qty
        code = answer.code or ("" if answer.qty == level.want else "not_taken")
        return Level(level.product, level.want, have, self._now(), code)

    def _keep(self, levels: Sequence[Level], details: Mapping[str, str] = MappingProxyType({})) -> None:
        if not levels:
            return
        at = self._now()
        with self._state.together():
            self._state.put_levels(levels)
            for code in FINDINGS:
                self._state.clear(code, [level.product for level in levels if level.code != code])
            for level in levels:
                if level.code:
                    link = self._linked.by_product[level.product]
                    name = link.name or level.product
                    facts = {"product": level.product, "sku": link.sku, "name": name, "what": name,
                             "says": f"{name} {details.get(level.product, '')}".strip()}  # fmt: skip
                    self._state.note(level.code, level.product, facts, at)
        links = self._linked.by_product
        self._board.stock([(links[x.product].sku, x.have, at) for x in levels if x.have is not None])

    def _note_short(self, skus: set[str], short: dict[str, int]) -> None:
        self._state.clear("oversold", sorted(skus - short.keys()))
        for sku, free in short.items():
            self._state.note("oversold", sku, {"sku": sku, "qty": -free}, self._now())


def _differs(want: int, level: Level | None) -> bool:
    """Whether a product must be read. What a shop did not take is offered again when it is another number."""
    if level is None:
        return True
    return level.want != want if level.code else level.have != want


def _found(product: str, want: int, have: dict[str, int | None]) -> Level:
    if product not in have:
        return Level(product, want, None, 0, "unknown_product")
    there = have[product]
    return Level(product, want, there, 0, "not_managed" if there is None else "")
