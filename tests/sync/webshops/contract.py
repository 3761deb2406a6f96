"""What every connector promises, as one suite: each kind of shop runs it against its own simulator.

A test class of a shop derives from :class:`Contract` and says how a :class:`Stand` is made; the helpers of the stand
do what customers and the shop's staff do, in words that all shops know.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.server import Fault, Queue, ShopServer
from kassa_tui.sync.webshops.base import (
    Connector,
    CounterSale,
    NewProduct,
    Permanent,
    ProductChange,
    RefundWish,
    SoldLine,
    StockWant,
    Transient,
    Unanswered,
    Unauthorised,
    WebOrder,
    WebRefundLine,
    WebshopError,
)
from kassa_tui.sync.webshops.web import Patience
from tests.sync.certificates import authority

EAN = "8712345678906"
OTHER_EAN = "8712345678913"


class Waits(list[float]):
    """What a connector waited, without waiting."""

    def patience(self) -> Patience:
        """For the connector."""
        return Patience(wait=self.append, random=lambda: 0.5)


class Stand(ABC):
    """One shop with its server, and a connector to it."""

    connector: Connector
    server: ShopServer
    waits: Waits
    secrets: tuple[str, ...]
    plugin_status: str
    """A status that no connector knows."""
    supports_place: bool = True
    place_takes: bool = True
    """Whether a counter sale that is placed as an order takes stock, or is there for the shop's reports only."""
    called_off: str = "cancelled"
    """What a paid order is to us after :meth:`cancel`; a shop that cannot cancel one gives the money back."""

    @abstractmethod
    def product(
        self, sku: str, *, ean: str = "", name: str = "", price: int = 1499, stock: int | None = 10, rate: int = 900
    ) -> str:
        """A new product (price in cents with VAT, stock in pieces, None: not managed); its id for the connector."""

    @abstractmethod
    def variation(self, sku: str, *, ean: str = "", stock: int = 10) -> str:
        """A new product with one variation of this SKU that keeps its own stock; the variation's id."""

    @abstractmethod
    def buy(self, *lines: tuple[str, int], pickup: bool = False, paid: bool = True) -> str:
        """A customer's checkout of products in pieces; the order's id."""

    @abstractmethod
    def pay(self, order: str) -> None:
        """The customer's money came."""

    @abstractmethod
    def cancel(self, order: str) -> None:
        """By the shop's staff."""

    @abstractmethod
    def finish(self, order: str) -> None:
        """All is shipped or handed over, by the shop's staff."""

    @abstractmethod
    def give_back(self, order: str, product: str, qty: int, *, restock: bool) -> None:
        """The staff refunds pieces of a line."""

    @abstractmethod
    def mark(self, order: str, status: str) -> None:
        """Some plugin gives it a status of its own."""

    @abstractmethod
    def remove(self, product: str) -> None:
        """The staff deletes a product."""

    @abstractmethod
    def shown(self, product: str) -> int | None:
        """Pieces, in the sense of :attr:`ShopFacts.reserves`, straight from the shop's own books."""

    @abstractmethod
    def hidden(self, product: str) -> bool:
        """Whether customers cannot see it."""

    @abstractmethod
    def orders(self) -> int:
        """How many the shop has."""

    @abstractmethod
    def refunds(self, order: str) -> int:
        """How many the order has."""

    @abstractmethod
    def state(self) -> object:
        """All that the shop keeps, to compare."""

    @abstractmethod
    def go(self, seconds: float) -> None:
        """Let the shop's clock run."""

    @abstractmethod
    def now(self) -> int:
        """The shop's clock in UTC milliseconds."""

    def faults(self, *faults: Fault | None) -> None:
        """What happens to the next requests, in order."""
        self.server.faults = Queue(faults)

    def on_write(self, fault: Fault, *, skip: int = 0) -> None:
        """What happens to the next writing request, after ``skip`` of them."""
        left = [skip]

        def once(asked: Asked) -> Fault | None:
            if asked.method == "GET" or left[0] < 0:
                return None
            left[0] -= 1
            return fault if left[0] < 0 else None

        self.server.faults = once

    def between(self, *acts: Callable[[], object] | None) -> None:
        """What others do to the shop just before each of the next requests."""
        waiting = list(acts)

        def do(_: Asked) -> Fault | None:
            if waiting and (act := waiting.pop(0)) is not None:
                act()
            return None

        self.server.faults = do

    def asked(self) -> list[Asked]:
        """The requests so far."""
        return self.server.asked

    def writes(self) -> int:
        """How many of them were to change something."""
        return sum(each.method not in ("GET", "HEAD") for each in self.server.asked)

    def close(self) -> None:
        """Connector and server."""
        self.connector.close()
        self.server.close()


def pulled(stand: Stand, since: int = 0, page: int = 50) -> tuple[dict[str, WebOrder], int]:
    """All orders since, the last of each, and the next cursor."""
    found: dict[str, WebOrder] = {}
    cursor = since
    for each in stand.connector.pull_orders(since, page=page):
        cursor = each.cursor
        found |= {order.id: order for order in each.orders}
    return found, cursor


def products(stand: Stand, since: int = 0, page: int = 100) -> dict[str, Any]:
    """All products since, by SKU."""
    return {found.sku: found for each in stand.connector.pull_products(since, page=page) for found in each.products}


def sold(product: str, qty: int = 1, *, amount: int = 1499, key: str = "K1-000123", gross: int | None = None,
         rate: int = 900) -> CounterSale:  # fmt: skip
    """A counter sale of one product."""
    vat = round(amount * rate / (10_000 + rate))
    line = SoldLine(product=product, name="Kaas", qty=qty * 1000, amount=amount, gross=gross or amount, vat=vat,
                    rate=rate)  # fmt: skip
    return CounterSale(key=key, at=1_795_000_000_000, total=amount, lines=(line,), method="pos_pin", title="Pin")


class Ledger:
    """The engine in small: what lies on the shelf, and what the shop must show for it."""

    def __init__(self, stand: Stand, shelf: dict[str, int]) -> None:
        self.stand, self.shelf = stand, {product: pieces * 1000 for product, pieces in shelf.items()}
        self.reserves = stand.connector.check().reserves
        self.orders: dict[str, WebOrder] = {}
        self.cursor = 0

    def read(self) -> None:
        """Take in what changed."""
        found, self.cursor = pulled(self.stand, self.cursor)
        for order in found.values():
            known = self.orders.get(order.id)
            before = {line.id: line.shipped for line in known.lines} if known else {}
            for line in order.lines:
                if line.product in self.shelf:
                    self.shelf[line.product] -= line.shipped - before.get(line.id, 0)
            self.orders[order.id] = order

    def want(self, product: str) -> int:
        """What the shop is to show."""
        if self.reserves:
            return self.shelf[product]
        lines = (line for order in self.orders.values() for line in order.lines if line.product == product)
        return self.shelf[product] - sum(max(0, line.taken - line.shipped) for line in lines)

    def write(self) -> None:
        """Bring the shop to it."""
        have = self.stand.connector.stock(list(self.shelf))
        wants = [StockWant(product=each, qty=self.want(each)) for each in self.shelf if have[each] != self.want(each)]
        for written in self.stand.connector.push_stock(wants):
            assert written.code == ""

    def cycle(self) -> None:
        """Both."""
        self.read()
        self.write()


class Contract(ABC):
    """The promises. ``make`` builds a stand; its arguments are all optional."""

    @abstractmethod
    def make(self, *, context: SSLContext | None = None, ca_file: Path | None = None, **options: Any) -> Stand:
        """A shop with nothing in it, and a connector that was not used yet; ``options`` of :class:`Options`."""

    @pytest.fixture
    def stand(self) -> Iterator[Stand]:
        """A shop of this kind."""
        with self.open() as made:
            yield made

    @contextmanager
    def open(self, **given: Any) -> Iterator[Stand]:
        """The same where a fixture will not do."""
        made = self.make(**given)
        try:
            yield made
        finally:
            made.close()

    def test_check_says_who_it_is_and_changes_nothing(self, stand: Stand) -> None:
        stand.product("A1")
        before = stand.state()
        facts = stand.connector.check()
        assert facts.currency == "EUR"
        assert facts.version
        assert abs(facts.now - stand.now()) <= 1000
        assert "write_refused" not in [code for code, _ in facts.remarks]
        assert stand.state() == before

    def test_a_paid_order_says_all_that_the_books_need(self, stand: Stand) -> None:
        first, second = stand.product("A1", price=1499, rate=900), stand.product("B2", price=495, rate=2100)
        stand.connector.check()
        order_id = stand.buy((first, 2), (second, 1))
        order = stand.connector.order(order_id)
        assert order is not None
        assert order.stage == "prepare"
        assert order.total == order.paid == sum(line.amount for line in order.lines)
        assert abs(order.placed_at - stand.now()) < 5000
        assert abs(order.modified_at - stand.now()) < 5000
        assert order.paid_at
        goods = {line.sku: line for line in order.lines if line.kind == "goods"}
        assert (goods["A1"].product, goods["A1"].qty, goods["A1"].amount) == (first, 2000, 2998)
        assert (goods["A1"].vat, goods["A1"].rate, goods["A1"].taken) == (248, 900, 2000)
        assert (goods["B2"].amount, goods["B2"].vat, goods["B2"].rate) == (495, 86, 2100)
        assert [payment.amount for payment in order.payments] == [order.total]
        assert {each.id for each in next(iter(stand.connector.pull_orders(0))).orders} == {order_id}

    def test_an_order_that_is_not_paid_is_unpaid(self, stand: Stand) -> None:
        order = stand.connector.order(stand.buy((stand.product("A1"), 1), paid=False))
        assert order is not None
        assert (order.stage, order.paid, order.paid_at, order.payments) == ("unpaid", 0, 0, ())

    def test_picked_up_is_told_from_sent(self, stand: Stand) -> None:
        product = stand.product("A1")
        orders = [stand.connector.order(stand.buy((product, 1), pickup=pickup)) for pickup in (True, False)]
        assert [order.pickup for order in orders if order] == [True, False]
        assert all(order.delivery for order in orders if order)

    def test_no_order_is_none(self, stand: Stand) -> None:
        assert stand.connector.order("987654") is None
        assert stand.connector.find("K1-999999") is None

    def test_a_status_of_a_plugin_is_kept_as_it_came(self, stand: Stand) -> None:
        order_id = stand.buy((stand.product("A1"), 1))
        stand.mark(order_id, stand.plugin_status)
        order = stand.connector.order(order_id)
        assert order is not None
        assert (order.status, order.stage) == (stand.plugin_status, "unknown")

    def test_a_status_means_what_the_owner_says(self) -> None:
        with self.open() as plain:
            status = plain.plugin_status
        with self.open(statuses={status: "ready"}) as stand:
            order_id = stand.buy((stand.product("A1"), 1))
            stand.mark(order_id, status)
            order = stand.connector.order(order_id)
        assert order is not None
        assert order.stage == "ready"

    def test_pages_bring_every_order_once_and_oldest_first(self, stand: Stand) -> None:
        product = stand.product("A1", stock=100)
        made = []
        for _ in range(7):
            made.append(stand.buy((product, 1)))
            stand.go(60)
        pages = list(stand.connector.pull_orders(0, page=3))
        assert [order.id for page in pages for order in page.orders] == made
        assert [page.more for page in pages] == [True, True, False]
        assert all(abs(page.cursor - stand.now()) <= 1000 for page in pages)

    def test_an_order_that_changes_while_we_page_is_not_missed(self, stand: Stand) -> None:
        product = stand.product("A1", stock=100)
        made = []
        for _ in range(6):
            made.append(stand.buy((product, 1)))
            stand.go(600)
        since = stand.now() - 3_700_000
        stand.connector.check()
        late: list[str] = []
        stand.between(None, lambda: stand.cancel(made[0]), lambda: late.append(stand.buy((product, 1))))
        found, cursor = pulled(stand, since, page=2)
        again, _ = pulled(stand, cursor, page=2)
        assert set(found) | set(again) == {*made, *late}
        assert (found | again)[made[0]].stage == stand.called_off

    def test_what_changed_in_the_second_of_the_cursor_comes_again(self, stand: Stand) -> None:
        product = stand.product("A1")
        first = stand.buy((product, 1))
        _, cursor = pulled(stand)
        second = stand.buy((product, 1))
        stand.cancel(first)
        found, _ = pulled(stand, cursor)
        assert set(found) == {first, second}
        assert found[first].stage == stand.called_off

    def test_what_did_not_change_does_not_come_for_ever(self, stand: Stand) -> None:
        product = stand.product("A1")
        stand.buy((product, 1))
        stand.go(30_000)
        _, cursor = pulled(stand)
        stand.go(30_000)
        late = stand.buy((product, 1))
        assert set(pulled(stand, cursor)[0]) == {late}

    def test_taken_is_what_the_shop_holds(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        reserves = stand.connector.check().reserves
        order_id = stand.buy((product, 3))
        assert stand.shown(product) == (10 if reserves else 7)
        order = stand.connector.order(order_id)
        assert order is not None
        assert order.lines[0].taken == 3000
        stand.cancel(order_id)
        order = stand.connector.order(order_id)
        assert order is not None
        assert (order.stage, order.lines[0].taken, order.lines[0].shipped) == (stand.called_off, 0, 0)
        assert stand.shown(product) == 10

    def test_finished_is_shipped(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        order_id = stand.buy((product, 3))
        stand.finish(order_id)
        order = stand.connector.order(order_id)
        assert order is not None
        assert (order.stage, order.lines[0].shipped) == ("done", 3000)
        assert stand.shown(product) == 7

    def test_a_refund_by_the_staff_is_seen(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10, price=1000)
        order_id = stand.buy((product, 3))
        stand.finish(order_id)
        stand.give_back(order_id, product, 1, restock=True)
        order = stand.connector.order(order_id)
        assert order is not None
        assert [refund.amount for refund in order.refunds] == [1000]
        assert order.lines[0].refunded == 1000
        assert order.total == sum(line.amount for line in order.lines)

    def test_products_come_with_their_variations(self, stand: Stand) -> None:
        plain = stand.product("A1", ean=EAN, name="Kaas", price=1499, stock=10)
        variation = stand.variation("V1", ean=OTHER_EAN, stock=4)
        stand.connector.check()
        found = products(stand)
        assert (found["A1"].id, found["A1"].ean, found["A1"].name) == (plain, EAN, "Kaas")
        assert (found["A1"].price, found["A1"].stock, found["A1"].managed) == (1499, 10_000, "yes")
        assert (found["V1"].id, found["V1"].ean, found["V1"].stock) == (variation, OTHER_EAN, 4000)

    def test_products_are_paged(self, stand: Stand) -> None:
        made = {f"A{no}": stand.product(f"A{no}") for no in range(7)}
        assert {sku: found.id for sku, found in products(stand, page=3).items()} == made

    def test_a_product_is_found_by_its_sku_and_by_its_ean(self, stand: Stand) -> None:
        plain = stand.product("A1", ean=EAN)
        variation = stand.variation("V1", ean=OTHER_EAN)
        connector = stand.connector
        assert [each.id for each in connector.products(sku="A1")] == [plain]
        assert [each.id for each in connector.products(ean=EAN)] == [plain]
        assert [each.id for each in connector.products(sku="V1")] == [variation]
        assert [each.id for each in connector.products(ean=OTHER_EAN)] == [variation]
        assert connector.products(sku="none") == connector.products(ean="8710000000003") == ()

    def test_an_empty_shop_is_empty(self, stand: Stand) -> None:
        assert pulled(stand)[0] == {}
        assert products(stand) == {}
        assert stand.connector.stock([]) == {}
        assert stand.connector.push_stock([]) == []

    def test_stock_is_written_absolute_and_read_back(self, stand: Stand) -> None:
        plain, variation = stand.product("A1", stock=10), stand.variation("V1", stock=4)
        stand.connector.check()
        wants = [StockWant(product=plain, sku="A1", qty=7000), StockWant(product=variation, sku="V1", qty=0)]
        for _ in range(2):
            assert [(each.product, each.qty, each.code) for each in stand.connector.push_stock(wants)] == [
                (plain, 7000, ""), (variation, 0, ""),
            ]  # fmt: skip
        assert (stand.shown(plain), stand.shown(variation)) == (7, 0)
        assert stand.connector.stock([plain, variation]) == {plain: 7000, variation: 0}

    def test_many_are_written_in_order(self, stand: Stand) -> None:
        made = [stand.product(f"A{no}", stock=1) for no in range(60)]
        stand.connector.check()
        wants = [StockWant(product=each, qty=no * 1000) for no, each in reversed(list(enumerate(made)))]
        written = stand.connector.push_stock(wants)
        assert [(each.product, each.qty) for each in written] == [(want.product, want.qty) for want in wants]
        assert [stand.shown(each) for each in made] == list(range(60))

    def test_a_deleted_product_spoils_nothing_for_the_others(self, stand: Stand) -> None:
        kept, gone = stand.product("A1", stock=10), stand.product("B2", stock=10)
        order_id = stand.buy((gone, 1))
        stand.remove(gone)
        stand.connector.check()
        assert stand.connector.stock([gone, kept]) == {kept: 10_000}
        written = stand.connector.push_stock([StockWant(product=gone, qty=1000), StockWant(product=kept, qty=3000)])
        assert [(each.code, each.qty) for each in written] == [("unknown_product", None), ("", 3000)]
        order = stand.connector.order(order_id)
        assert order is not None
        assert order.lines[0].amount == 1499

    def test_weighed_goods_are_rounded_down_where_the_shop_counts_pieces(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        if stand.connector.check().whole_units:
            (written,) = stand.connector.push_stock([StockWant(product=product, qty=2999)])
            assert (written.code, written.qty) == ("", 2000)
            assert stand.shown(product) == 2

    def test_only_what_is_named_of_a_product_changes(self, stand: Stand) -> None:
        product = stand.product("A1", ean=EAN, name="Kaas", price=1499, stock=10)
        stand.connector.check()
        changed = stand.connector.change_product(ProductChange(product=product, price=1234, rate=900))
        assert (changed.price, changed.name, changed.ean, changed.stock) == (1234, "Kaas", EAN, 10_000)
        changed = stand.connector.change_product(ProductChange(product=product, ean=OTHER_EAN))
        assert (changed.price, changed.ean, changed.name) == (1234, OTHER_EAN, "Kaas")

    def test_a_product_that_is_gone_cannot_be_changed(self, stand: Stand) -> None:
        product = stand.product("A1")
        stand.remove(product)
        with pytest.raises(Permanent) as error:
            stand.connector.change_product(ProductChange(product=product, price=1))
        assert error.value.code == "unknown_product"

    def test_one_product_is_asked_for_by_its_id(self, stand: Stand) -> None:
        plain, variation = stand.product("A1", ean=EAN, name="Kaas"), stand.variation("V1", ean=OTHER_EAN)
        stand.connector.check()
        for product in (plain, variation):
            found = stand.connector.product(product)
            assert found is not None
            listed = next(x for page in stand.connector.pull_products() for x in page.products if x.id == product)
            assert (found.sku, found.ean, found.price, found.rate, found.vat_class, found.name) == (
                listed.sku, listed.ean, listed.price, listed.rate, listed.vat_class, listed.name)  # fmt: skip
        stand.remove(plain)
        assert stand.connector.product(plain) is None
        assert stand.connector.product("nothing of this") is None

    def test_a_tariff_goes_by_the_class_of_the_shop(self, stand: Stand) -> None:
        low, high = stand.product("A1", rate=900, price=1090), stand.product("B1", rate=2100, price=1210)
        classes = {each.name: each.rate for each in stand.connector.check().vat_classes}
        found = stand.connector.product(low)
        assert found is not None
        assert (found.rate, classes[found.vat_class]) == (900, 900)
        other = next(name for name, rate in classes.items() if rate == 2100)
        changed = stand.connector.change_product(ProductChange(product=low, vat_class=other, price=1210, rate=2100))
        assert (changed.vat_class, changed.rate, changed.price, changed.sku) == (other, 2100, 1210, "A1")
        unchanged = stand.connector.product(high)
        assert unchanged is not None
        assert (unchanged.rate, unchanged.price) == (2100, 1210)

    def test_an_article_is_made_a_product_that_customers_do_not_see_yet(self, stand: Stand) -> None:
        classes = {each.rate: each.name for each in stand.connector.check().vat_classes}
        new = NewProduct(
            sku="N1", name="Boerenkaas; <oud> 500 g", price=1499, rate=900, vat_class=classes[900], ean=EAN
        )
        made = stand.connector.make_product(new)
        assert (made.sku, made.ean, made.price, made.rate, made.vat_class) == ("N1", EAN, 1499, 900, classes[900])
        assert "Boerenkaas" in made.name
        assert [each.id for each in stand.connector.products(sku="N1")] == [made.id]
        (written,) = stand.connector.push_stock([StockWant(product=made.id, sku="N1", qty=7000)])
        assert (written.code, written.qty) == ("", 7000)
        assert stand.hidden(made.id)

    def test_what_has_a_sku_already_is_not_made_again(self, stand: Stand) -> None:
        product = stand.product("N1", name="Kaas")
        stand.connector.check()
        before = stand.state()
        with pytest.raises(Permanent) as error:
            stand.connector.make_product(NewProduct(sku="N1", name="Brood", price=100, rate=900))
        assert error.value.code == "duplicate_code"
        assert stand.state() == before
        found = stand.connector.product(product)
        assert found is not None
        assert found.name == "Kaas"

    def test_a_product_whose_answer_was_lost_is_found(self, stand: Stand) -> None:
        stand.connector.check()
        stand.on_write(Fault("lost"))
        with pytest.raises(Unanswered):
            stand.connector.make_product(NewProduct(sku="N1", name="Kaas", price=100, rate=900))
        assert [each.sku for each in stand.connector.products(sku="N1")] == ["N1"]

    def test_a_step_is_taken_once(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        order_id = stand.buy((product, 2))
        order = stand.connector.acknowledge(order_id, "done", note="Opgehaald")
        assert (order.stage, order.lines[0].shipped) == ("done", 2000)
        assert stand.shown(product) == 8
        before, writes = stand.state(), stand.writes()
        assert stand.connector.acknowledge(order_id, "done", note="Opgehaald").stage == "done"
        assert (stand.state(), stand.writes()) == (before, writes)

    def test_an_order_that_is_called_off_gives_back_its_stock(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        order_id = stand.buy((product, 2), paid=False)
        order = stand.connector.acknowledge(order_id, "cancelled")
        assert (order.stage, order.lines[0].taken) == ("cancelled", 0)
        assert stand.shown(product) == 10

    def test_a_step_of_no_order_is_refused(self, stand: Stand) -> None:
        with pytest.raises(Permanent) as error:
            stand.connector.acknowledge("987654", "done")
        assert error.value.code == "unknown_order"

    def test_a_step_whose_answer_was_lost_is_seen_the_next_time(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        order_id = stand.buy((product, 2))
        stand.on_write(Fault("lost"))
        for _ in range(3):
            try:
                order = stand.connector.acknowledge(order_id, "done")
            except Unanswered:
                continue
        assert order.stage == "done"
        assert stand.shown(product) == 8

    def test_a_refund_is_booked_once(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10, price=1000)
        order_id = stand.buy((product, 3))
        stand.finish(order_id)
        stand.connector.check()
        wish = RefundWish(key="K1-000124", amount=1000, lines=(self.refund_line(stand, order_id),), restock=True,
                          reason="Te oud")  # fmt: skip
        first = stand.connector.refund(order_id, wish)
        assert (first.amount, first.restocked) == (1000, True)
        assert stand.connector.refund(order_id, wish).id == first.id
        assert (stand.refunds(order_id), stand.shown(product)) == (1, 8)
        order = stand.connector.order(order_id)
        assert order is not None
        assert order.lines[0].refunded == 1000

    def test_a_refund_whose_answer_was_lost_is_found_before_it_is_repeated(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10, price=1000)
        order_id = stand.buy((product, 3))
        stand.finish(order_id)
        wish = RefundWish(key="K1-000124", amount=1000, lines=(self.refund_line(stand, order_id),))
        stand.on_write(Fault("lost"))
        with pytest.raises(Unanswered):
            stand.connector.refund(order_id, wish)
        assert stand.connector.refund(order_id, wish).amount == 1000
        assert (stand.refunds(order_id), stand.shown(product)) == (1, 7)

    def test_two_refunds_are_two(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10, price=1000)
        order_id = stand.buy((product, 3))
        stand.finish(order_id)
        line = self.refund_line(stand, order_id)
        for key in ("K1-000124", "K1-0001245"):
            stand.connector.refund(order_id, RefundWish(key=key, amount=1000, lines=(line,)))
        assert stand.refunds(order_id) == 2

    def test_more_than_was_paid_is_refused_and_not_repeated(self, stand: Stand) -> None:
        order_id = stand.buy((stand.product("A1", price=1000), 1))
        stand.finish(order_id)
        stand.connector.check()
        with pytest.raises(Permanent) as error:
            stand.connector.refund(order_id, RefundWish(key="K1-000124", amount=100_000))
        assert error.value.code in ("refused", "not_supported")
        assert stand.refunds(order_id) == 0
        assert stand.waits == []

    def refund_line(self, stand: Stand, order_id: str) -> WebRefundLine:
        """One piece of the first line, ten euros."""
        order = stand.connector.order(order_id)
        assert order is not None
        return WebRefundLine(line=order.lines[0].id, qty=1000, amount=1000)

    def test_a_counter_sale_is_placed_once(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10, price=1499)
        stand.connector.check()
        sale = sold(product, 2, amount=2998)
        if not stand.supports_place:
            with pytest.raises(Permanent) as error:
                stand.connector.place(sale)
            assert error.value.code == "not_supported"
            assert stand.orders() == 0
            return
        order = stand.connector.place(sale)
        assert (order.total, order.key, order.stage) == (2998, sale.key, "done")
        assert (order.lines[0].taken, stand.shown(product)) == ((2000, 8) if stand.place_takes else (0, 10))
        assert stand.connector.place(sale).id == order.id
        found = stand.connector.find(sale.key)
        assert found is not None
        assert found.id == order.id
        assert stand.orders() == 1

    @pytest.mark.parametrize("fault", [Fault("lost"), Fault("gateway"), Fault("cut", 30), Fault("drop")])
    def test_a_sale_whose_answer_was_lost_is_found(self, stand: Stand, fault: Fault) -> None:
        if not stand.supports_place:
            assert stand.connector.find("K1-000123") is None
            return
        product = stand.product("A1", stock=10, price=1499)
        stand.connector.check()
        self.last_write_of_place(stand, fault, product)
        order = stand.connector.place(sold(product))
        assert stand.connector.find("K1-000123") == stand.connector.order(order.id)
        assert (stand.orders(), stand.shown(product)) == (1, 9 if stand.place_takes else 10)

    def last_write_of_place(self, stand: Stand, fault: Fault, product: str) -> None:
        """Place the sale while the write that makes the order meets ``fault``; for shops of one write."""
        stand.on_write(fault)
        with pytest.raises(Unanswered):
            stand.connector.place(sold(product))

    @pytest.mark.parametrize("fault", [Fault("drop"), Fault("lost"), Fault("cut", 40), Fault("gateway"),
                                       Fault("status", 429, 7), Fault("status", 503)])  # fmt: skip
    def test_reading_is_repeated(self, stand: Stand, fault: Fault) -> None:
        order_id = stand.buy((stand.product("A1"), 1))
        stand.faults(fault)
        assert set(pulled(stand)[0]) == {order_id}
        assert len(stand.waits) == 1
        assert stand.waits[0] >= fault.retry_after

    @pytest.mark.parametrize("fault", [Fault("drop"), Fault("lost"), Fault("cut", 40), Fault("gateway"),
                                       Fault("status", 429, 7), Fault("status", 503)])  # fmt: skip
    def test_absolute_stock_is_repeated(self, stand: Stand, fault: Fault) -> None:
        product = stand.product("A1", stock=10)
        stand.connector.check()
        stand.on_write(fault)
        (written,) = stand.connector.push_stock([StockWant(product=product, qty=4000)])
        assert (written.code, written.qty, stand.shown(product)) == ("", 4000, 4)
        assert stand.waits

    def test_patience_ends(self, stand: Stand) -> None:
        stand.faults(*[Fault("status", 503)] * 4)
        with pytest.raises(Transient) as error:
            pulled(stand)
        assert error.value.code == "busy"
        assert len(stand.waits) == 3
        assert stand.waits == sorted(stand.waits)

    def test_a_page_of_the_host_is_no_answer(self, stand: Stand) -> None:
        for act in (lambda: pulled(stand), lambda: products(stand), stand.connector.check):
            stand.faults(*[Fault("html")] * 9)
            with pytest.raises(Transient) as error:
                act()
            assert error.value.code == "not_json"

    def test_a_firewall_is_waited_for_and_is_no_wrong_key(self, stand: Stand) -> None:
        stand.faults(Fault("status", 403))
        assert pulled(stand)[0] == {}
        stand.faults(*[Fault("status", 403)] * 9)
        with pytest.raises(Transient) as error:
            pulled(stand)
        assert error.value.code == "blocked"

    def test_a_redirect_is_never_followed(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        stand.connector.check()
        for act in (lambda: pulled(stand), lambda: stand.connector.push_stock([StockWant(product=product, qty=4000)])):
            count = len(stand.asked())
            stand.faults(*[Fault("redirect")] * 9)
            with pytest.raises(Permanent) as error:
                act()
            assert error.value.code == "redirect"
            assert len(stand.asked()) == count + 1
        assert stand.shown(product) == 10

    def test_a_redirected_sale_is_not_placed(self, stand: Stand) -> None:
        product = stand.product("A1", stock=10)
        stand.connector.check()
        stand.on_write(Fault("redirect"))
        with pytest.raises(Permanent) as error:
            stand.connector.place(sold(product))
        assert error.value.code == ("redirect" if stand.supports_place else "not_supported")
        assert (stand.orders(), stand.shown(product)) == (0, 10)

    def test_secrets_are_nowhere(self, stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        stand.product("A1")
        seen = [repr(stand.connector)]
        for fault in (Fault("drop"), Fault("lost"), Fault("html"), Fault("redirect"), Fault("status", 403)):
            stand.faults(*[fault] * 9)
            with pytest.raises(WebshopError) as error:
                pulled(stand)
            seen += [str(error.value), repr(error.value), str(error.value.facts)]
        stand.server.close()
        with pytest.raises(Transient):
            pulled(stand)
        seen += [record.getMessage() for record in caplog.records if record.name.startswith("kassa")]
        assert stand.secrets
        assert not [secret for secret in stand.secrets if any(secret in text for text in seen)]

    def test_the_environment_has_no_say_over_the_authority(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, server = authority(tmp_path / "ours", "Onze")
        theirs, _ = authority(tmp_path / "theirs", "Andere")
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*server)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(theirs))
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        with self.open(context=context, ca_file=ours) as stand:
            assert pulled(stand)[0] == {}
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(ours))
        with self.open(context=context, ca_file=theirs) as stand, pytest.raises(Permanent) as error:
            pulled(stand)
        assert error.value.code == "certificate"

    def test_wrong_keys_stop_everything_at_once(self) -> None:
        with self.open() as stand:
            self.spoil_keys(stand)
            for act in (stand.connector.check, lambda: pulled(stand), lambda: products(stand)):
                count = len(stand.asked())
                with pytest.raises(Unauthorised):
                    act()
                assert len(stand.asked()) <= count + 2
            assert stand.waits == []

    @abstractmethod
    def spoil_keys(self, stand: Stand) -> None:
        """From now on the shop does not know our keys."""

    def test_ten_and_ten_at_once_leave_exactly_eighty(self, stand: Stand) -> None:
        product = stand.product("A1", stock=100)
        ledger = Ledger(stand, {product: 100})
        orders = []
        for no in range(10):
            ledger.read()
            ledger.shelf[product] -= 1000
            # A web order lands between reading and writing: it is overwritten for one cycle and then healed.
            orders.append(stand.buy((product, 1)))
            ledger.write()
            stand.go(no)
        ledger.cycle()
        assert stand.shown(product) == (90 if ledger.reserves else 80)
        for order in orders:
            stand.finish(order)
        ledger.cycle()
        assert stand.shown(product) == 80
        assert ledger.shelf[product] == 80_000

    @given(steps=st.lists(st.sampled_from(["web", "counter", "read", "write", "cancel", "finish", "lost", "day"]),
                          max_size=25))  # fmt: skip
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def test_whatever_the_order_of_events_the_stock_ends_right(self, steps: list[str]) -> None:
        with self.open() as stand:
            product = stand.product("A1", stock=100)
            ledger = Ledger(stand, {product: 100})
            open_orders: list[str] = []
            left, held = 100, 0
            for step in steps:
                stand.go(7)
                if step == "web":
                    open_orders.append(stand.buy((product, 2)))
                    held += 2
                elif step == "counter":
                    ledger.shelf[product] -= 1000
                    left -= 1
                elif step == "read":
                    ledger.read()
                elif step == "write":
                    ledger.write()
                elif step == "lost":
                    stand.faults(Fault("lost"), None, Fault("drop"), None, Fault("gateway"))
                elif step == "day":
                    stand.go(86_400)
                elif open_orders:
                    order = open_orders.pop(0)
                    held -= 2
                    if step == "cancel":
                        stand.cancel(order)
                    else:
                        stand.finish(order)
                        left -= 2
            stand.faults()
            ledger.cycle()
            assert stand.shown(product) == (left if ledger.reserves else left - held)
            assert ledger.shelf[product] == left * 1000
