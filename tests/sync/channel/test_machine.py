"""Shop, tills and a bad line, at random: whatever happens in whatever order, the books are right and the stock exact.

A turn may be killed between any two things that it does; a question may not arrive, or its answer not come back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel.channel import Channel
from tests.sync.channel.small_shop import PRICE, Item, Order, SmallConnector, SmallShop
from tests.sync.channel.stand import Stand

PRODUCTS = ("1", "2", "3")
SKU = {"1": "A", "2": "B", "3": "C"}
QUIET = 4
"""Turns without faults after which all must be as it should be."""


class Killed(BaseException):
    """The process ended here."""


class Fuse:
    """Ends the process at the so manyeth thing that it does."""

    def __init__(self) -> None:
        self.left = -1

    def on(self, name: str, moment: str) -> bool:
        """No fault, but perhaps the end."""
        self.burn()
        return False

    def burn(self) -> None:
        if self.left > 0:
            self.left -= 1
        elif self.left == 0:
            self.left = -1
            raise Killed


class World(RuleBasedStateMachine):
    """A shop, its channel, and what really lies on the shelf."""

    reserves = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="kassa-machine-"))
        self.shop = SmallShop(reserves=self.reserves, at=1_761_430_000_000)
        for product, sku in SKU.items():
            self.shop.product(product, sku, 0)
        self.connector = SmallConnector(self.shop)
        self.fuse, self.faults = Fuse(), list[tuple[str, str]]()
        self.connector.fault = self._fault
        self.stand = Stand(self.folder / "WEB", self.connector)
        self._wire()
        self.stand.clock.at = self.shop.at
        self.truth: dict[str, int] = {}
        """Pieces that really lie there."""
        for sku in SKU.values():
            self._counter(sku, 100)
        self.left: dict[tuple[str, str], int] = {}
        """Order and line → pieces that really left."""
        self.acts: list[Callable[[], Any]] = []
        self.number = 0
        self.spoken: set[str] = set()
        """Orders of which a till said something."""
        self.backs: list[tuple[str, str]] = []
        """Act and line of each piece that came back to a till."""
        self.stand.engine.link()
        self.settle()

    def _fault(self, name: str, moment: str) -> bool:
        self.fuse.burn()
        if self.faults and self.faults[0] == (name, moment):
            self.faults.pop(0)
            return True
        return False

    def _wire(self) -> None:
        """The fuse burns when books and notes are written too: before, and after it is on disk."""
        for owner, name in ((self.stand.channel, "record_all"), (self.stand.state, "write")):
            setattr(owner, name, self._burning(getattr(owner, name)))

    def _burning(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def burning(*args: Any) -> Any:
            self.fuse.burn()
            found = work(*args)
            self.fuse.burn()
            return found

        return burning

    def _counter(self, sku: str, pieces: int) -> None:
        self.truth[sku] = self.truth.get(sku, 0) + pieces
        self.stand.shelf.add(sku, pieces)

    def _orders(self, *stages: str) -> list[Order]:
        return [order for order in self.shop.orders.values() if order.stage in stages]

    def _leave(self, order: Order, item: Item, qty: int) -> None:
        self.truth[SKU[item.product]] -= qty
        self.left[order.id, item.id] = self.left.get((order.id, item.id), 0) + qty

    def _pass(self, seconds: int) -> None:
        self.shop.at += seconds * 1000
        self.stand.clock.pass_(seconds)

    def _do(self, work: Callable[[], Any]) -> None:
        """Something that the agent does, which may be killed; what a till said is said again by the next process."""
        try:
            work()
        except Killed:
            self.fuse.left = -1
            self.stand.crash()
            self.stand.open()
            self._wire()
            for act in self.acts:
                act()

    @rule(wanted=st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, 4), min_size=1), paid=st.booleans())
    def checkout(self, wanted: dict[str, int], paid: bool) -> None:
        self.shop.checkout(wanted, paid=paid)

    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        if orders := self._orders("unpaid"):
            self.shop.pay(data.draw(st.sampled_from(orders)))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        orders = [x for x in self._orders("unpaid", "prepare") if not any((x.id, i.id) in self.left for i in x.items)]
        if orders:
            self.shop.cancel(data.draw(st.sampled_from(orders)))

    @rule(data=st.data())
    def ship(self, data: st.DataObject) -> None:
        orders = [x for x in self._orders("unpaid", "prepare") if not any((x.id, i.id) in self.left for i in x.items)]
        if orders:
            order = data.draw(st.sampled_from(orders))
            self.shop.ship(order)
            for item in order.items:
                self._leave(order, item, item.qty - item.refunded)

    @rule(data=st.data(), qty=st.integers(0, 5))
    def edit(self, data: st.DataObject, qty: int) -> None:
        orders = [x for x in self._orders("unpaid") if not any((x.id, i.id) in self.left for i in x.items)]
        if orders:
            order = data.draw(st.sampled_from(orders))
            self.shop.edit(order, data.draw(st.sampled_from(order.items)), qty)

    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        """In the shop's admin, of goods that go back on the shelf or never left it."""
        orders = [(x, i) for x in self._orders("prepare", "done") for i in x.items if i.refunded < i.qty
                  and self.left.get((x.id, i.id), 0) in (0, i.qty - i.refunded) and not self._said(x)]  # fmt: skip
        if orders:
            order, item = data.draw(st.sampled_from(orders))
            self.shop.refund(order, item, 1, restock=True)
            if self.left.get((order.id, item.id)):
                self._leave(order, item, -1)

    def _said(self, order: Order) -> bool:
        return order.id in self.spoken

    @rule(sku=st.sampled_from(list(SKU.values())), pieces=st.integers(-5, 5))
    def counter(self, sku: str, pieces: int) -> None:
        """A sale over the counter, goods brought back, a delivery."""
        self._counter(sku, pieces)

    @rule(data=st.data(), cash=st.booleans())
    def hand_over(self, data: st.DataObject, cash: bool) -> None:
        """At a till: it is on the till's list, whatever the shop thinks of it by now."""
        shown = [x for x in self.shop.orders.values() if x.id in self.stand.wall.rows and x.id not in self.spoken
                 and x.stage in ("unpaid", "prepare")]  # fmt: skip
        if not shown:
            return
        order = data.draw(st.sampled_from(shown))
        row, self.number = self.stand.wall.rows[order.id], self.number + 1
        self.spoken.add(order.id)
        lines = {x["line"]: x["left"] for x in row["lines"] if x["left"]}
        key, at, money = f"K1:{self.number}", self.stand.clock.at, row["due"] if cash else 0
        self._act(lambda: self.stand.engine.handed_over(key, order.id, at, lines, money, row["paid"]))
        for item in order.items:
            self._leave(order, item, lines.get(item.id, 0) // 1000)

    @rule(data=st.data(), pay_out=st.booleans())
    def take_back(self, data: st.DataObject, pay_out: bool) -> None:
        """One piece of an order that was handed over or sent is brought to the counter and lies on the shelf again."""
        found = [(x, i) for x in self._orders("done") for i in x.items if self.left.get((x.id, i.id), 0) > 0
                 and i.refunded < i.qty and x.id in self.stand.wall.rows
                 and self.stand.wall.rows[x.id]["stage"] == "done"]  # fmt: skip
        if not found:
            return
        order, item = data.draw(st.sampled_from(found))
        self.number += 1
        self.spoken.add(order.id)
        key, came = f"K1:{self.number}", sum(line == item.id for _, line in self.backs)
        if came and came + item.refunded >= item.qty:
            return
        self.backs.append((key, item.id))
        self._act(lambda: self.stand.engine.taken_back(key, order.id, {item.id: 1000}, PRICE, pay_out, True))
        self._leave(order, item, -1)

    def _act(self, act: Callable[[], Any]) -> None:
        self.acts.append(act)
        self._do(act)

    @rule(name=st.sampled_from(["check", "pull", "order", "stock", "push", "acknowledge", "refund"]),
          moment=st.sampled_from(["ask", "answer"]))  # fmt: skip
    def fault(self, name: str, moment: str) -> None:
        """A question that will not arrive, or whose answer will be lost."""
        self.faults = [(name, moment)]

    @rule(steps=st.integers(0, 40))
    def doom(self, steps: int) -> None:
        """The next process ends after so many steps."""
        self.fuse.left = steps

    @rule(twice=st.booleans())
    def pages(self, twice: bool) -> None:
        self.connector.twice = twice

    @rule(seconds=st.sampled_from([1, 30, 45, 600, 7200, 86_400]))
    def wait(self, seconds: int) -> None:
        """Also over the night in which the clock goes back."""
        self._pass(seconds)

    @rule()
    def turn(self) -> None:
        self._pass(1)
        self._do(lambda: self.stand.engine.turn())

    @rule()
    def again(self) -> None:
        self.stand.again()
        self._wire()

    @precondition(lambda self: len(self.shop.orders) > 0)
    @rule()
    def settle(self) -> None:
        """Some quiet turns, and everything must be as it should be."""
        self.faults, self.fuse.left = [], -1
        for _ in range(QUIET):
            self._pass(301)
            self.stand.engine.turn()
        self.right()

    def right(self) -> None:
        assert self.stand.engine.status().state == "ok"
        assert self.stand.engine.status().waiting == 0
        for product, sku in SKU.items():
            held = 0 if self.reserves else sum(
                max(0, item.taken - max(item.shipped, self.gross(order, item)))
                for order in self.shop.orders.values() for item in order.items if item.product == product
            )  # fmt: skip
            untold = self._untold(product) if self.reserves else 0
            assert self.shop.stock[product] == max(0, self.truth[sku] - held + untold), (product, held)
        for order in self.shop.orders.values():
            assert self.stand.booked(order.id) == self.target(order)
        placed = [entry["id"] for entry in self.stand.entries("weborder.placed")]
        assert sorted(placed) == sorted(self.shop.orders)

    def gross(self, order: Order, item: Item) -> int:
        """Pieces that left by a till's word, whether they came back or not."""
        came = sum(line == item.id for _, line in self.backs)
        return self.left.get((order.id, item.id), 0) + came

    def _untold(self, product: str) -> int:
        return sum(
            max(0, self.left.get((order.id, item.id), 0) - item.shipped)
            for order in self._orders("unpaid", "prepare") for item in order.items if item.product == product
        )  # fmt: skip

    def target(self, order: Order) -> tuple[int, dict[str, int]]:
        """What must be booked, from the shop alone."""
        gone = any(self.left.get((order.id, item.id)) or item.shipped for item in order.items)
        ever = bool(order.paid_at) or gone or order.id in {x["order"] for x in self.stand.entries("weborder.sale")}
        if order.stage == "cancelled" or not ever:
            return 0, {}
        lines = {item.id: (item.qty - item.refunded) * 1000 for item in order.items}
        cents = order.total - sum(made.amount for _, made in order.refunds)
        return cents, {line: qty for line, qty in (lines | {"s": 1000}).items() if qty}

    @invariant()
    def numbered_without_gaps(self) -> None:
        numbers = [sale["no"] for sale in self.stand.entries("weborder.sale")]
        assert numbers == list(range(1, len(numbers) + 1))

    def teardown(self) -> None:
        try:
            self.faults, self.fuse.left = [], -1
            if self.shop.orders:
                self.settle()
            self.stand.sound()
        finally:
            self.stand.crash()
            shutil.rmtree(self.folder, ignore_errors=True)


class ReservingWorld(World):
    """The same with a shop that keeps orders apart from its stock."""

    reserves = True


QUICK = settings(max_examples=12, stateful_step_count=40, deadline=None,
                 suppress_health_check=list(HealthCheck))  # fmt: skip

World.TestCase.settings = QUICK
ReservingWorld.TestCase.settings = QUICK
TestWorld = World.TestCase
TestReservingWorld = ReservingWorld.TestCase


@pytest.mark.parametrize("steps", range(60))
def test_killed_at_each_step_of_a_day(tmp_path: Path, steps: int) -> None:
    """One order that is paid, half of it given back, the rest handed over: killed at each thing that is done."""
    shop = SmallShop()
    shop.product("1", "A", 0)
    connector, fuse = SmallConnector(shop), Fuse()
    stand = Stand(tmp_path / "WEB", connector)

    def live(work: Callable[[], Any]) -> None:
        try:
            work()
        except Killed:
            stand.crash()
            stand.open()
            work()

    stand.shelf.add("A", 10)
    stand.engine.link()
    stand.engine.turn()
    connector.fault = fuse.on
    original = (Channel.record_all, WebState.write)
    fuse.left = steps
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, work in ((Channel, "record_all", original[0]), (WebState, "write", original[1])):
            patch.setattr(owner, name, _burning(fuse, work))
        order = shop.checkout({"1": 2})
        live(lambda: stand.engine.turn())
        stand.shelf.add("A", -1)
        shop.at += 1000
        shop.refund(order, order.items[0], 1, restock=True)
        live(lambda: stand.engine.turn())
        live(lambda: stand.engine.handed_over("K1:1", order.id, shop.at))
        for _ in range(3):
            stand.clock.pass_(301)
            live(lambda: stand.engine.turn())
    assert (shop.stock["1"], order.stage) == (8, "done")
    assert stand.booked(order.id) == (PRICE + 495, {f"{order.id}-1": 1000, "s": 1000})
    assert [x["lines"][0]["qty"] for x in stand.entries("weborder.shipped")] == [1000]
    stand.sound()
    stand.close()


def _burning(fuse: Fuse, work: Callable[..., Any]) -> Callable[..., Any]:
    def burning(*args: Any, **kw: Any) -> Any:
        fuse.burn()
        found = work(*args, **kw)
        fuse.burn()
        return found

    return burning
