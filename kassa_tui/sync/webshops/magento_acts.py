"""What we do to Magento's orders: bring them to a step, and give money back.

Each begins with what is there, as doing it twice is refused or, a credit memo, is done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.amounts import cents, euros
from kassa_tui.sync.webshops.base import GOODS, SHIPPING, Permanent, RefundWish, Step, WebOrder
from kassa_tui.sync.webshops.magento_orders import (
    DONE,
    PAID_INVOICE,
    PICKUP,
    READY,
    delivery,
    key_mark,
    key_of_memo,
    marked,
    picked_up,
    priced_whole,
    to_ship,
)
from kassa_tui.sync.webshops.magento_web import Rest, Row, amount, in_path, number, part, quantity, rows, text

OVER = ("canceled", "closed")
_AMOUNTS = (
    (("row_invoiced", "amount_refunded", 1),),
    (("discount_invoiced", "discount_refunded", -1),),
    (("tax_invoiced", "tax_refunded", 1),
     ("discount_tax_compensation_invoiced", "discount_tax_compensation_refunded", 1)),
)  # fmt: skip
"""Of an item what was invoiced, what was given back of that, and its sign, in the order in which Magento rounds."""


class Steps:
    """One order on its way to a step."""

    def __init__(self, rest: Rest, options: Options, row: Row) -> None:
        self._rest, self._options, self._row = rest, options, row
        self._id = in_path(text(row, "entity_id"))

    def go(self, step: Step, note: str) -> None:
        """Do what is still to be done for it."""
        if step == "cancelled":
            self._cancel()
        elif step == "ready":
            self._ready()
        elif step == "shipped":
            self._ship()
        elif step == "done":
            self._invoice()
            self._ship()
        self._remark(step, note)

    def _cancel(self) -> None:
        state = text(self._row, "state")
        if state in OVER:
            return
        if state == "holded":
            self._rest.send("POST", f"orders/{self._id}/unhold", {})
        try:
            done = self._rest.send("POST", f"orders/{self._id}/cancel", {}) is True
            # It answers well and says false: of a paid order the money is given back, it is not cancelled.
            error = None if done else Permanent("refused", {"says": state})
        except Permanent as refusal:
            error = refusal
        if error is not None:
            self._unless(error, lambda: text(self._row, "state") in OVER)

    def _ready(self) -> None:
        if delivery(self._row) != PICKUP or not self._to_ship():
            return
        found = self._rest.send("POST", "order/notify-orders-are-ready-for-pickup",
                                {"orderIds": [ident(text(self._row, "entity_id"))]})  # fmt: skip
        if told := _failed(found):
            raise Permanent("refused", {"says": told})

    def _ship(self) -> None:
        if self._shipped():
            return
        # What is to be picked up is not shipped unless it is said from where; it lies where the customer comes for it.
        place = text(part(self._row, "extension_attributes"), "pickup_location_code")
        source = place or next(iter(self._options.sources), "")
        body: dict[str, Any] = {"notify": False}
        if source:
            body["arguments"] = {"extension_attributes": {"source_code": source}}
        self._do("ship", body, self._shipped)

    def _shipped(self) -> bool:
        return text(self._row, "state") in OVER or not self._to_ship()

    def _invoice(self) -> None:
        if not self._invoiced():
            self._do("invoice", {"capture": True, "notify": False}, self._invoiced)

    def _invoiced(self) -> bool:
        return text(self._row, "state") in OVER or not any(_to_invoice(item) > 0 for item in tops(self._row))

    def _do(self, what: str, body: dict[str, Any], done: Callable[[], bool]) -> None:
        try:
            self._rest.send("POST", f"order/{self._id}/{what}", body)
        except Permanent as error:
            self._unless(error, done)

    def _unless(self, error: Permanent, done: Callable[[], bool]) -> None:
        """Raise what the shop answered, unless somebody else did it meanwhile: it says that in its own language."""
        if error.code != "refused" or error.facts.get("status", 400) != 400:
            raise error
        self._again()
        if not done():
            raise error

    def _again(self) -> None:
        """The order as it is now."""
        found = self._rest.get(f"orders/{self._id}")
        self._row = found if isinstance(found, dict) else self._row

    def _to_ship(self) -> bool:
        return any(to_ship(item, item) for item in tops(self._row) if item.get("is_virtual") not in (1, True, "1"))

    def _remark(self, step: Step, note: str) -> None:
        marks = []
        if step == "ready" and picked_up(self._row, self._options) and not marked(self._row, READY):
            marks.append((READY, False))
        if step == "done" and marked(self._row, READY) and not marked(self._row, DONE):
            marks.append((DONE, False))
        if note and not marked(self._row, note):
            marks.insert(0, (note, self._options.notes_to_customer))
        for comment, public in marks:
            self._comment(comment, public)

    def _comment(self, comment: str, public: bool) -> None:
        self._again()
        seen, status = 1 if public else 0, text(self._row, "status")
        told: dict[str, Any] = {"comment": comment, "is_customer_notified": seen, "is_visible_on_front": seen}
        path = f"orders/{self._id}/comments"
        try:
            # The status goes with every comment and must be the one the order has; without it older versions lose it.
            self._rest.send("POST", path, {"statusHistory": told | {"status": status}})
        except Permanent as error:
            if error.facts.get("status") != 400:
                raise
            # Somebody changed it just now, or this version takes none.
            self._again()
            now = text(self._row, "status")
            self._rest.send("POST", path, {"statusHistory": told | ({"status": now} if now != status else {})})


def tops(row: Row) -> Iterator[Row]:
    """The items that are not part of another."""
    return (item for item in rows(row.get("items")) if not text(item, "parent_item_id"))


def _to_invoice(item: Row) -> Decimal:
    return amount(item, "qty_ordered") - amount(item, "qty_invoiced") - amount(item, "qty_canceled")


def _failed(found: Any) -> str:
    """What an answer to several orders says of those it did not do: it is well with failures in it."""
    if not isinstance(found, Mapping):
        return ""
    told = [text(each, "message") or str(each) for name in ("failed", "errors") for each in _list(found.get(name))]
    if not told and (found.get("successful") is False or found.get("is_successful") is False):
        told = ["failed"]
    return " ".join(told)[:300]


def _list(value: Any) -> list[Any]:
    return [each if isinstance(each, Mapping) else {"message": str(each)} for each in value] \
        if isinstance(value, list) else []  # fmt: skip


class Refunds:
    """Credit memos of one order."""

    def __init__(self, rest: Rest, row: Row, order: WebOrder) -> None:
        self._rest, self._row, self._order = rest, row, order
        self._items = {text(item, "item_id"): item for item in rows(row.get("items"))}

    def booked(self, key: str) -> str:
        """The number of the one with this key; empty where there is none."""
        for memo in memos(self._rest, [text(self._row, "entity_id")], sure=True):
            if key_of_memo(memo)[0] == key:
                return text(memo, "entity_id")
        return ""

    def book(self, wish: RefundWish) -> str:
        """Make one; its number."""
        body = self._body(wish)
        path = f"order/{in_path(self._order.id)}/refund"
        if wish.pay_out:
            body["isOnline"] = True
            path = f"invoice/{in_path(self._invoice())}/refund"
        found = self._rest.send("POST", path, body)
        if isinstance(found, bool) or not isinstance(found, (int, str)):
            raise Permanent("bad_answer", {"what": "creditmemo", "found": str(found)[:40]})
        return str(found)

    def _invoice(self) -> str:
        for page in self._rest.pages("invoices", [[("order_id", "eq", self._order.id)]], size=100):
            for row in page.rows:
                if text(row, "state") == PAID_INVOICE:
                    return text(row, "entity_id")
        raise Permanent("not_supported", {"what": "pay_out"})

    def _body(self, wish: RefundWish) -> dict[str, Any]:
        qtys = self._qtys(wish)
        expected = _refunded([(item, qtys[no]) for no, item in self._items.items() if no in qtys])
        whole = self._whole_shipping(wish)
        arguments: dict[str, Any] = {}
        if whole:
            expected += whole
        else:
            # Left out, Magento gives back all shipping that is left.
            arguments["shipping_amount"] = 0
        rest = wish.amount - expected
        if rest and not self._last(wish, whole):
            arguments[f"adjustment_{'positive' if rest > 0 else 'negative'}"] = number(euros(abs(rest)))
        if back := self._back(qtys, restock=wish.restock):
            arguments["extension_attributes"] = {"return_to_stock_items": [ident(item) for item in back]}
        # Without items Magento gives back all of them: an amount alone goes with none of something.
        listed: Iterable[tuple[str, int]] = qtys.items() or [(text(item, "item_id"), 0) for item in tops(self._row)][:1]
        said = f"{wish.reason} {key_mark(wish.key, restock=wish.restock and bool(qtys))}".strip()
        return {
            "items": [{"order_item_id": ident(item), "qty": quantity(qty)} for item, qty in listed], "notify": False,
            "appendComment": True, "comment": {"comment": said, "is_visible_on_front": 0}, "arguments": arguments,
        }  # fmt: skip

    def _qtys(self, wish: RefundWish) -> dict[str, int]:
        """Thousandths by the item that Magento gives back: of a bundle with one price the bundle."""
        found: dict[str, int] = {}
        known = {line.id for line in self._order.lines if line.kind == GOODS}
        for line in wish.lines:
            if line.line not in known or line.qty <= 0:
                continue
            item_id, qty = line.line, line.qty
            item = self._items[item_id]
            parent = self._items.get(text(item, "parent_item_id"))
            if parent is not None and priced_whole(parent, self._items.values()):
                item_id = text(parent, "item_id")
                qty = int(qty * amount(parent, "qty_ordered") / (amount(item, "qty_ordered") or 1))
            found[item_id] = max(qty, found.get(item_id, 0))
        return found

    def _back(self, qtys: Mapping[str, int], *, restock: bool) -> list[str]:
        """Items whose goods the shop is to count as there again.

        Those that come back, and those that never left: what the shop keeps for them it keeps for ever otherwise. Of a
        configurable its child as well, which is what lies in a source.
        """
        named = [item for item, qty in qtys.items() if restock or qty <= to_ship(self._items[item], self._items[item])]
        below = [no for no, item in self._items.items() if text(item, "parent_item_id") in named]
        return [*named, *below]

    def _last(self, wish: RefundWish, shipping: int) -> bool:
        """Whether it is all that is left of an order from which nothing but its parts went: then the sum is the shop's.

        Some module may have put something into the total that it takes out of it again by itself.
        """
        row, asked = self._row, {line.line: line.qty for line in wish.lines}
        goods = (line for line in self._order.lines if line.kind == GOODS)
        adjusted = amount(row, "adjustment_positive") or amount(row, "adjustment_negative")
        sent = shipping or amount(row, "shipping_amount") <= amount(row, "shipping_refunded")
        whole = wish.amount == cents(amount(row, "total_paid") - amount(row, "total_refunded"))
        return bool(whole and sent and not adjusted) and all(
            asked.get(line.id, 0) + line.refunded >= line.qty for line in goods
        )

    def _whole_shipping(self, wish: RefundWish) -> int:
        """Cents of the shipping where all of it is given back, and nothing was before; otherwise 0."""
        cost = {line.id: line.amount for line in self._order.lines if line.kind == SHIPPING}
        asked = sum(line.amount for line in wish.lines if line.line in cost)
        total = sum(cost.values())
        return total if total and asked == total and not amount(self._row, "shipping_refunded") else 0


def _refunded(asked: Sequence[tuple[Row, int]]) -> int:
    """Cents that Magento gives back for so much of these items, which are in the order's order.

    Of each amount it gives the part of what is left, and carries what rounding leaves over to the next amount; of the
    last pieces of an item it gives all that is left.
    """
    total = carried = Decimal(0)
    for amounts in _AMOUNTS:
        for item, qty in asked:
            wanted, there = Decimal(qty) / 1000, amount(item, "qty_invoiced") - amount(item, "qty_refunded")
            for done, back, sign in amounts if wanted and there > 0 else ():
                left = amount(item, done) - amount(item, back)
                if left and wanted < there:
                    exact = left / there * wanted + sign * carried
                    left = _to_cents(exact)
                    carried = sign * (exact - left)
                total += sign * left
    return cents(total + sum((_weee(item, qty) for item, qty in asked), Decimal(0)))


def _weee(item: Row, qty: int) -> Decimal:
    ordered = amount(item, "qty_ordered")
    return _to_cents(amount(item, "weee_tax_applied_row_amount") * qty / 1000 / ordered) if ordered else Decimal(0)


def _to_cents(euro: Decimal) -> Decimal:
    return (euro * 100).to_integral_value(ROUND_HALF_UP) / 100


def memos(rest: Rest, orders: Sequence[str], *, sure: bool = False) -> list[Row]:
    """Credit memos of these orders; ``sure``: the comments of each, also where the list holds none of them."""
    found: list[Row] = []
    for page in rest.pages("creditmemos", [[("order_id", "in", ",".join(orders))]], size=100):
        for memo in page.rows:
            if not sure or rows(memo.get("comments")):
                found.append(memo)
                continue
            told = rest.get(f"creditmemo/{in_path(text(memo, 'entity_id'))}/comments")
            comments = told.get("items") if isinstance(told, dict) else None
            found.append({**memo, "comments": list(rows(comments))})
    return found


def ident(told: str) -> int | str:
    """A number of the shop's for a body."""
    return int(told) if told.isascii() and told.isdigit() else told
