"""A webshop of a few lines, in memory, with its connector: what real ones do to orders and stock, and faults on call.

Its stock is whole pieces. With ``reserves`` it keeps orders apart from its stock until they are shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from kassa_tui.sync.webshops.base import (
    CounterSale,
    NewProduct,
    OrderPage,
    Permanent,
    ProductChange,
    ProductPage,
    RefundWish,
    ShopFacts,
    Stage,
    Step,
    StockWant,
    StockWritten,
    Transient,
    Unanswered,
    VatClass,
    WebLine,
    WebOrder,
    WebPayment,
    WebProduct,
    WebRefund,
    WebRefundLine,
)

STATUS: dict[Stage, str] = {
    "unpaid": "on-hold", "prepare": "processing", "done": "completed", "cancelled": "cancelled",
    "refunded": "refunded", "unknown": "wc-plugin", "ready": "ready",
}  # fmt: skip
PRICE, RATE = 1090, 900
OVERLAP_MS = 120_000
CLASSES = {"hoog": 2100, "laag": 900, "boeken": 900, "nul": 0}


@dataclass
class Item:
    id: str
    product: str
    qty: int
    taken: int = 0
    refunded: int = 0
    shipped: int = 0


@dataclass
class Order:
    id: str
    placed_at: int
    modified_at: int
    stage: Stage
    items: list[Item]
    paid_at: int = 0
    shipping: int = 495
    refunds: list[tuple[str, WebRefund]] = field(default_factory=list)
    customer: str = "J. Klant"
    key: str = ""

    @property
    def total(self) -> int:
        return sum(item.qty * PRICE for item in self.items) + self.shipping


class SmallShop:
    """The shop itself."""

    def __init__(self, *, reserves: bool = False, at: int = 1_761_000_000_000) -> None:
        self.reserves, self.at = reserves, at
        self.stock: dict[str, int | None] = {}
        self.skus: dict[str, str] = {}
        self.eans: dict[str, str] = {}
        self.prices: dict[str, int] = {}
        self.classes: dict[str, str] = {}
        self.orders: dict[str, Order] = {}
        self.deaf: set[str] = set()
        """Products whose stock it does not take."""

    def product(self, product: str, sku: str, stock: int | None = 0, ean: str = "") -> None:
        self.stock[product], self.skus[product], self.eans[product] = stock, sku, ean

    def checkout(self, wanted: dict[str, int], *, paid: bool = True, key: str = "") -> Order:
        number = str(1000 + len(self.orders))
        items = [Item(f"{number}-{no}", product, qty) for no, (product, qty) in enumerate(wanted.items(), 1)]
        order = Order(number, self.at, self.at, "prepare" if paid else "unpaid", items, self.at if paid else 0, key=key)
        self.orders[number] = order
        for item in items:
            self._take(item, item.qty)
        return order

    def pay(self, order: Order) -> None:
        if order.stage == "unpaid":
            order.stage, order.paid_at = "prepare", self.at
            self._touch(order)

    def cancel(self, order: Order) -> None:
        if order.stage in ("unpaid", "prepare"):
            order.stage = "cancelled"
            for item in order.items:
                self._take(item, -item.taken)
            self._touch(order)

    def ship(self, order: Order) -> None:
        """Everything leaves, also what nobody had paid."""
        if order.stage in ("unpaid", "prepare"):
            order.stage, order.paid_at = "done", order.paid_at or self.at
            for item in order.items:
                item.shipped = item.qty
                if self.reserves:
                    self._add(item.product, -(item.qty - item.refunded))
                    item.shipped = item.qty - item.refunded
            self._touch(order)

    def edit(self, order: Order, item: Item, qty: int) -> None:
        if order.stage == "unpaid" and qty >= item.refunded:
            self._take(item, qty - item.qty)
            item.qty = qty
            self._touch(order)

    def refund(self, order: Order, item: Item, qty: int, *, restock: bool, key: str = "", cents: int = -1) -> WebRefund:
        """Money for pieces of one line; the whole line's, or an amount of its own."""
        amount = qty * PRICE if cents < 0 else cents
        no = f"r{order.id}-{len(order.refunds)}"
        lines = (WebRefundLine(line=item.id, qty=qty * 1000, amount=amount),)
        made = WebRefund(id=no, at=self.at, amount=amount, lines=lines, restocked=restock)
        order.refunds.append((key, made))
        item.refunded += qty
        if restock:
            if not self.reserves:
                self._take(item, -qty)
            elif item.shipped:
                self._add(item.product, qty)
        self._touch(order)
        return made

    def note(self, order: Order, customer: str) -> None:
        order.customer = customer
        self._touch(order)

    def _take(self, item: Item, qty: int) -> None:
        item.taken += qty
        if not self.reserves:
            self._add(item.product, -qty)

    def _add(self, product: str, qty: int) -> None:
        have = self.stock.get(product)
        if have is not None:
            self.stock[product] = have + qty

    def _touch(self, order: Order) -> None:
        order.modified_at = self.at

    def seen(self, order: Order) -> WebOrder:
        lines = [
            WebLine(
                id=x.id, product=x.product if x.product in self.skus else "", sku=self.skus.get(x.product, ""),
                name=f"Artikel {x.product}", qty=x.qty * 1000, amount=x.qty * PRICE, vat=x.qty * 90, rate=RATE,
                taken=x.taken * 1000, shipped=x.shipped * 1000, refunded=x.refunded * 1000,
            ) for x in order.items
        ]  # fmt: skip
        if order.shipping:
            lines.append(WebLine(id="s", kind="shipping", name="PostNL", amount=order.shipping, vat=86, rate=2100))
        paid = order.total if order.paid_at else 0
        return WebOrder(
            id=order.id, number=f"W{order.id}", status=STATUS[order.stage], stage=order.stage,
            placed_at=order.placed_at, modified_at=order.modified_at, paid_at=order.paid_at, total=order.total,
            paid=paid, lines=tuple(lines), refunds=tuple(made for _, made in order.refunds), customer=order.customer,
            payments=(WebPayment(method="ideal", title="iDEAL", amount=paid, ref=f"tr_{order.id}"),) if paid else (),
            key=order.key,
        )  # fmt: skip


class SmallConnector:
    """The contract over it. ``fault(name, moment)`` is asked before (``ask``) and after (``answer``) each question."""

    def __init__(self, shop: SmallShop, page: int = 3) -> None:
        self.shop, self.size = shop, page
        self.fault: Callable[[str, str], bool] = lambda name, moment: False
        self.asked: list[str] = []
        self.twice = False
        """Pages come twice, the second time the other way round."""
        self.shop_classes = tuple(VatClass(name=name, rate=rate) for name, rate in CLASSES.items())

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if self.fault(name, "ask"):
            raise Transient("unreachable", {"sent": False})

    def _answer(self, name: str, *, write: bool = False) -> None:
        if self.fault(name, "answer"):
            raise Unanswered("timeout", {}) if write else Transient("timeout", {})

    def check(self) -> ShopFacts:
        self._ask("check")
        return ShopFacts(name="Winkeltje", version="1.0", timezone="Europe/Amsterdam", now=self.shop.at,
                         reserves=self.shop.reserves, vat_classes=self.shop_classes,
                         remarks=(("no_https", {}),))  # fmt: skip

    def pull_orders(self, since: int, *, page: int = 50) -> Iterator[OrderPage]:
        cursor = self.shop.at
        found = [order for _, order in sorted(self.shop.orders.items()) if order.modified_at >= since - OVERLAP_MS]
        pieces = [found[no : no + self.size] for no in range(0, len(found), self.size)] or [[]]
        for no, piece in enumerate(pieces):
            self._ask("pull")
            seen = tuple(self.shop.seen(order) for order in piece)
            self._answer("pull")
            yield OrderPage(orders=seen, cursor=cursor, more=no + 1 < len(pieces), total=len(found))
            if self.twice:
                yield OrderPage(orders=seen[::-1], cursor=cursor, more=no + 1 < len(pieces), total=len(found))

    def order(self, order_id: str) -> WebOrder | None:
        self._ask("order")
        found = self.shop.orders.get(order_id)
        return self.shop.seen(found) if found else None

    def pull_products(self, since: int = 0, *, page: int = 100) -> Iterator[ProductPage]:
        self._ask("products")
        yield ProductPage(products=tuple(self._product(name) for name in self.shop.skus), cursor=self.shop.at)

    def _product(self, name: str) -> WebProduct:
        have, shop = self.shop.stock.get(name), self.shop
        return WebProduct(id=name, sku=shop.skus[name], ean=shop.eans[name], name=f"Artikel {name}",
                          price=shop.prices.get(name, PRICE), vat_class=shop.classes.get(name, "laag"),
                          rate=CLASSES.get(shop.classes.get(name, "laag")), stock=None if have is None else have * 1000,
                          managed="no" if have is None else "yes")  # fmt: skip

    def product(self, product: str) -> WebProduct | None:
        self._ask("product")
        return self._product(product) if product in self.shop.skus else None

    def products(self, *, sku: str = "", ean: str = "") -> tuple[WebProduct, ...]:
        self._ask("products")
        return tuple(p for p in map(self._product, self.shop.skus) if (sku and p.sku == sku) or (ean and p.ean == ean))

    def stock(self, products: Sequence[str]) -> dict[str, int | None]:
        self._ask("stock")
        have = {name: self.shop.stock[name] for name in products if name in self.shop.stock}
        self._answer("stock")
        return {name: None if qty is None else qty * 1000 for name, qty in have.items()}

    def push_stock(self, wants: Sequence[StockWant]) -> list[StockWritten]:
        self._ask("push")
        found = []
        for want in wants:
            have = self.shop.stock.get(want.product)
            if have is None:
                found.append(StockWritten(product=want.product, code="not_managed"))
                continue
            if want.product not in self.shop.deaf:
                self.shop.stock[want.product] = want.qty // 1000
            found.append(StockWritten(product=want.product, qty=(self.shop.stock[want.product] or 0) * 1000))
        self._answer("push", write=True)
        return found

    def change_product(self, change: ProductChange) -> WebProduct:
        self._ask("change")
        if change.price is not None:
            self.shop.prices[change.product] = change.price
        if change.vat_class is not None:
            self.shop.classes[change.product] = change.vat_class
        if change.ean is not None:
            self.shop.eans[change.product] = change.ean
        self._answer("change", write=True)
        return self._product(change.product)

    def make_product(self, new: NewProduct) -> WebProduct:
        self._ask("make")
        name = str(len(self.shop.skus) + 1)
        self.shop.product(name, new.sku, 0, new.ean)
        self.shop.prices[name], self.shop.classes[name] = new.price, new.vat_class or "laag"
        self._answer("make", write=True)
        return self._product(name)

    def acknowledge(self, order_id: str, step: Step, *, note: str = "") -> WebOrder:
        self._ask("acknowledge")
        order = self.shop.orders[order_id]
        self.shop.ship(order)
        self._answer("acknowledge", write=True)
        return self.shop.seen(order)

    def refund(self, order_id: str, wish: RefundWish) -> WebRefund:
        self._ask("refund")
        order = self.shop.orders[order_id]
        for key, made in order.refunds:
            if key == wish.key:
                return made
        (part,) = wish.lines
        item = next(item for item in order.items if item.id == part.line)
        made = self.shop.refund(order, item, part.qty // 1000, restock=wish.restock, key=wish.key, cents=wish.amount)
        self._answer("refund", write=True)
        return made

    def find(self, key: str) -> WebOrder | None:
        self._ask("find")
        found = [order for order in self.shop.orders.values() if order.key == key]
        return self.shop.seen(found[0]) if found else None

    def place(self, sale: CounterSale) -> WebOrder:
        self._ask("place")
        if (made := self.find(sale.key)) is not None:
            return made
        order = self.shop.checkout({x.product: x.qty // 1000 for x in sale.lines if x.product}, key=sale.key)
        order.shipping = 0
        order.stage = "done"
        for item in order.items:
            item.shipped = item.qty
        self._answer("place", write=True)
        return self.shop.seen(order)

    def close(self) -> None:
        self.asked.append("close")


class Refusing(SmallConnector):
    """Refuses one question for good."""

    def __init__(self, shop: SmallShop, name: str, error: Permanent | Exception) -> None:
        super().__init__(shop)
        self.name, self.error = name, error

    def _ask(self, name: str) -> None:
        super()._ask(name)
        if name == self.name:
            raise self.error
