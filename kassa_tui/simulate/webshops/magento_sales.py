"""A simulated Magento's orders: what customers buy, and what invoices, shipments and credit memos make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from kassa_tui.simulate.webshops.magento_documents import (
    CENT,
    LABELS,
    OVER,
    PICKUP,
    Cents,
    Item,
    Line,
    Memo,
    Order,
    Sums,
    gross,
)
from kassa_tui.simulate.webshops.magento_goods import DEFAULT, NOT_THERE, ZERO, Goods, Product, Refusal

P = ParamSpec("P")
R = TypeVar("R")


def alone(act: Callable[Concatenate[Sales, P], R]) -> Callable[Concatenate[Sales, P], R]:
    """One act at a time, whoever does it."""

    @wraps(act)
    def locked(self: Sales, /, *given: P.args, **named: P.kwargs) -> R:
        with self.goods.lock:
            return act(self, *given, **named)

    return locked


class Sales:
    """The orders."""

    def __init__(self, goods: Goods, now: Callable[[], int]) -> None:
        self.goods, self._now = goods, now
        self.orders: dict[int, Order] = {}
        self.vat_in_prices = True
        self.refunds_amounts = True
        """Whether an amount alone is given back, without goods and shipping; not before 2.4."""
        self.takes_statuses = True
        """Whether a comment may say a status; it is said to be no longer so since 2.4.8."""
        self.country = "NL"
        self._ids = 0
        self.first_number = 1

    def next(self) -> int:
        """A number that no document or item has."""
        self._ids += 1
        return self._ids

    def get(self, order_id: Any) -> Order:
        """One order."""
        found = self.orders.get(int(order_id)) if str(order_id).isdigit() else None
        if found is None:
            raise Refusal(NOT_THERE, status=404)
        return found

    @alone
    def checkout(
        self, lines: Sequence[tuple[str, int]], *, pickup: str = "", shipping: int = 0, discount: int = 0,
        off_shipping: int = 0, method: str = "mollie_methods_ideal", title: str = "iDEAL", paid: bool = True,
        note: str = "", customer: tuple[str, str] = ("Anna", "de Vries"), option: str = "", surcharge: int = 0,
    ) -> Order:  # fmt: skip
        """A customer buys: SKUs and pieces, ``pickup`` a location, ``shipping`` cents with VAT, ``discount`` percent.

        ``off_shipping`` is a discount on that in percent, ``option`` what was chosen of every product, ``surcharge``
        cents of some module. Raises Refusal where something is not to be had.
        """
        wanted: dict[str, int] = {}
        for sku, qty in lines:
            wanted[sku] = wanted.get(sku, 0) + qty
        for sku, qty in wanted.items():
            self.goods.sell(sku, Decimal(qty))
        order = self._new(method, title, customer, note)
        for sku, qty in wanted.items():
            self._add(order, self.goods.get(sku), Decimal(qty), Decimal(discount), option)
        if pickup:
            order.shipping, order.location = (PICKUP, "In-Store Pickup Delivery"), pickup
        elif shipping:
            self._send(order, Decimal(shipping) / 100, Decimal(off_shipping))
        order.surcharge = Decimal(surcharge) / 100
        order.tax = sum((item.tax for item in order.items), order.shipping_tax)
        order.total = sum((item.gross for item in order.items), order.shipping_gross + order.surcharge)
        if paid:
            order.ref = f"tr_{order.number}"
            self.invoice(order, [])
        return order

    def _new(self, method: str, title: str, customer: tuple[str, str], note: str) -> Order:
        now = self._now()
        number = f"{len(self.orders) + self.first_number:09}"
        order = Order(max(self.orders, default=0) + 1, number, now, now, method=method, title=title,
                      customer=customer, note=note)  # fmt: skip
        self.orders[order.id] = order
        return order

    def _send(self, order: Order, whole: Decimal, discount: Decimal) -> None:
        """What it costs to send it, less percent."""
        before = _part(whole, Decimal(21))
        order.shipping_amount, order.shipping_discount = whole - before, _round(whole * discount / 100)
        order.shipping_tax = _part(whole - order.shipping_discount, Decimal(21))
        order.shipping_compensation = before - order.shipping_tax

    def _add(self, order: Order, product: Product, qty: Decimal, discount: Decimal, option: str) -> None:
        percent = self.goods.rate(product, self.country)
        price = product.price if self.vat_in_prices else _round(product.price * (100 + percent) / 100)
        whole = _round(price * qty)
        off = _round(whole * discount / 100)
        before, after = _part(whole, percent), _part(whole - off, percent)
        parent = self.goods.parent(product.sku)
        top = Item(self.next(), product.id, product.sku, product.name, product.kind, qty, row_total=whole - before,
                   tax=after, discount=off, compensation=before - after, percent=percent,
                   virtual=product.kind == "virtual", option=option)  # fmt: skip
        order.items.append(top)
        if parent is not None:
            # Two lines: the parent with the money and the child's SKU, the child with nothing but what it is.
            top.product, top.name, top.kind = parent.id, parent.name, parent.kind
            order.items.append(Item(self.next(), product.id, product.sku, product.name, product.kind, qty, parent=top))

    @alone
    def invoice(self, order: Order, items: Sequence[Mapping[str, Any]]) -> Memo:
        """Book the money."""
        if order.state in (*OVER, "holded", "payment_review") or not any(_uninvoiced(each) for each in order.tops):
            raise Refusal("Invoice Document Validation Error(s):\nThe order does not allow an invoice to be created.")
        lines = Cents().lines(_asked(order, items, _uninvoiced))
        whole = all(_uninvoiced(line.item) == line.qty for line in lines) and len(lines) == sum(
            bool(_uninvoiced(each)) for each in order.tops
        )
        total = sum((gross(line.sums) for line in lines), ZERO)
        made = Memo(self.next(), order, self._now(), order.total - order.paid if whole else total, lines)
        for line in lines:
            line.item.invoiced += line.qty
            _add_up(line.item.booked, line.sums)
            order.child(line.item).invoiced = line.item.invoiced
        order.paid += made.total
        order.invoices.append(made)
        self._touch(order, "processing" if order.state in ("new", "pending_payment") else order.state)
        return made

    @alone
    def ship(self, order: Order, items: Sequence[Mapping[str, Any]], source: str = "") -> Memo:
        """Goods leave a source, or where they are picked up; nothing of them, where one of them is not there."""
        source = source or order.location or DEFAULT
        if order.state in (*OVER, "holded", "payment_review") or not any(each.to_ship > 0 for each in order.tops):
            raise Refusal("Shipment Document Validation Error(s):\nThe order does not allow a shipment to be created.")
        lines = _asked(order, items, lambda item: item.to_ship)
        if any(qty > item.to_ship for item, qty in lines):
            raise Refusal("Shipment Document Validation Error(s):\nThe quantity to ship must not be greater than the "
                          "unshipped quantity.")  # fmt: skip
        for item, qty in lines:
            self.goods.take(order.child(item).sku, qty, source)
            item.shipped += qty
        left = [Line(item, qty, item.sums) for item, qty in lines]
        made = Memo(self.next(), order, self._now(), ZERO, left, [source])
        order.shipments.append(made)
        self._touch(order, "processing" if order.state == "new" else order.state)
        return made

    @alone
    def cancel(self, order: Order) -> bool:
        """Call it off; False where money or goods went already."""
        if order.state in (*OVER, "holded", "payment_review") or not any(_uninvoiced(each) for each in order.tops):
            return False
        for item in order.tops:
            left = min(item.to_ship if not item.virtual else _uninvoiced(item), _uninvoiced(item))
            item.canceled += left
            order.child(item).canceled = item.canceled
            self.goods.release(order.child(item).sku, left)
        self._touch(order, "canceled", settle=False)
        return True

    @alone
    def refund(self, order: Order, wish: Mapping[str, Any]) -> Memo:
        """Give back: items (none named: all), the shipping that is left unless an amount is named, and adjustments."""
        if order.state in ("canceled", "closed", "holded", "payment_review"):
            raise Refusal(_memo("A creditmemo can not be created when an order has a status of %1"), [order.status])
        if order.paid - order.refunded < CENT / 2:
            raise Refusal(_memo("The order does not allow a creditmemo to be created."))
        wanted = _asked(order, wish.get("items") or [], _refundable)
        for item, qty in wanted:
            if qty > _refundable(item) or qty < 0:
                raise Refusal(_memo('The quantity to creditmemo must not be greater than the unrefunded quantity for '
                                    'product SKU "%1".'), [item.sku])  # fmt: skip
        # In the order's order, however they were asked for: the rounding goes from one to the next.
        lines = Cents().lines(sorted(wanted, key=lambda each: each[0].id), back=True)
        arguments = wish.get("arguments") or {}
        total, shipping, tax = self._refund_total(order, lines, arguments)
        restock = [str(each) for each in (arguments.get("extension_attributes") or {}).get("return_to_stock_items", [])]
        for line in lines:
            item, qty = line.item, line.qty
            unshipped = min(qty, max(ZERO, _refundable(item) - item.shipped))
            item.refunded += qty
            _add_up(item.back, line.sums)
            order.child(item).refunded = item.refunded
            self._put_back(order, item, qty, unshipped, restock)
        order.shipping_refunded += shipping
        order.refunded += total
        told = (wish.get("comment") or {}).get("comment", "")
        made = Memo(self.next(), order, self._now(), total, [line for line in lines if line.qty],
                    [told] if told else [], shipping, tax)  # fmt: skip
        order.memos.append(made)
        self._touch(order, order.state)
        return made

    def _put_back(self, order: Order, item: Item, qty: Decimal, unshipped: Decimal, restock: Sequence[str]) -> None:
        """With sources what lies in one must be named: of a configurable its child; else what was ordered."""
        child = order.child(item)
        named = str(child.id) in restock or (not self.goods.msi and str(item.id) in restock)
        if not named or not qty:
            return
        if self.goods.msi and unshipped:
            self.goods.release(child.sku, unshipped)
        if not self.goods.msi or qty > unshipped:
            source = order.shipments[-1].comments[0] if order.shipments else DEFAULT
            self.goods.give_back(child.sku, qty - unshipped if self.goods.msi else qty, source)

    def _refund_total(self, order: Order, lines: Sequence[Line], arguments: Mapping[str, Any]
                      ) -> tuple[Decimal, Decimal, Decimal]:  # fmt: skip
        left = order.shipping_amount - order.shipping_refunded
        given = arguments.get("shipping_amount")
        shipping = left if given is None else Decimal(str(given))
        if shipping > left:
            raise Refusal(_memo("Maximum shipping amount allowed to refund is: %1"), [str(left)])
        share = shipping / order.shipping_amount if order.shipping_amount else ZERO
        tax = _round(order.shipping_tax * share)
        total = sum((gross(line.sums) for line in lines), shipping + tax)
        total += _round((order.shipping_compensation - order.shipping_discount) * share)
        if sum(line.qty for line in lines) == sum(map(_refundable, order.tops)):
            total += order.surcharge
        adjusted = Decimal(str(arguments.get("adjustment_positive") or 0))
        adjusted -= Decimal(str(arguments.get("adjustment_negative") or 0))
        total += adjusted
        if total <= 0:
            raise Refusal(_memo("The credit memo's total must be positive."))
        if not any(line.qty for line in lines) and left <= 0 and not self.refunds_amounts:
            raise Refusal(_memo("You can't create a creditmemo without products."))
        if total > order.paid - order.refunded + CENT / 2:
            raise Refusal("The most money available to refund is %1.", [str(order.paid - order.refunded)])
        order.adjusted += adjusted
        return total, shipping, tax

    @alone
    def comment(self, order: Order, text: str, status: str | None, notified: int = 0) -> None:
        """Write in its history; without a status old versions forget the one it had."""
        if status and (status != order.status or not self.takes_statuses):
            raise Refusal('Unable to add comment: The status "%1" is not part of the order status history.', [status])
        order.history.append({"comment": text, "status": status, "notified": notified, "at": self._now()})
        order.status = status or (order.status if not self.takes_statuses else "")
        order.updated = self._now()

    @alone
    def mark(self, order: Order, status: str) -> None:
        """Some module gives it a state and status of its own."""
        order.state = order.status = status
        order.updated = self._now()

    def _touch(self, order: Order, state: str, *, settle: bool = True) -> None:
        """What Magento makes of the state after every act."""
        order.updated = self._now()
        busy = any(_uninvoiced(each) for each in order.tops)
        sending = any(each.to_ship > 0 for each in order.tops)
        if settle and state in ("processing", "complete") and not busy and not sending:
            state = "closed" if order.paid - order.refunded < CENT / 2 else "complete"
        order.state, order.status = state, LABELS.get(state, state)


def _uninvoiced(item: Item) -> Decimal:
    return item.qty - item.invoiced - item.canceled


def _asked(order: Order, items: Sequence[Mapping[str, Any]], left: Callable[[Item], Decimal]
           ) -> list[tuple[Item, Decimal]]:  # fmt: skip
    """Items and quantities of a wish; of nobody's wish all that is left."""
    if not items:
        return [(each, left(each)) for each in order.tops if left(each) > 0]
    return [(order.item(each.get("order_item_id")), Decimal(str(each.get("qty", 0)))) for each in items]


def _refundable(item: Item) -> Decimal:
    return item.invoiced - item.refunded


def _add_up(sums: Sums, more: Sums) -> None:
    for name, amount in more.items():
        sums[name] += amount


def _memo(text: str) -> str:
    return f"Creditmemo Document Validation Error(s):\n{text}"


def _round(number: Decimal) -> Decimal:
    return number.quantize(CENT, ROUND_HALF_UP)


def _part(gross: Decimal, percent: Decimal) -> Decimal:
    """The VAT in an amount."""
    return _round(gross * percent / (100 + percent))
