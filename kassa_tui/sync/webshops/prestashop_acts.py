"""What we do to a PrestaShop's orders: bring them to a state, and book what was given back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from kassa_tui.sync.webshops.amounts import cents, euros, exact, net
from kassa_tui.sync.webshops.base import (
    SHIPPING,
    Permanent,
    RefundWish,
    Step,
    Unanswered,
    Unauthorised,
    WebLine,
    WebOrder,
    WebRefund,
    WebshopError,
)
from kassa_tui.sync.webshops.prestashop_api import Row, text_of, whole
from kassa_tui.sync.webshops.prestashop_orders import About, Orders, web_refund
from kassa_tui.sync.webshops.prestashop_stamp import has_stamp, stamped
from kassa_tui.sync.webshops.prestashop_xml import Field

STEPS: dict[Step, str] = {
    "prepare": "PS_OS_PREPARATION",
    "shipped": "PS_OS_SHIPPING",
    "done": "PS_OS_DELIVERED",
    "cancelled": "PS_OS_CANCELED",
}
"""Our steps as the shop's own states; ready to be picked up is none of them, the owner makes one and says which."""
_ORDER = ("unpaid", "prepare", "ready", "done")
_REACHED: dict[Step, str] = {"prepare": "prepare", "ready": "ready", "shipped": "done", "done": "done"}
_GOODS, _CARRIAGE = 1, 2


class Acts:
    """Changes orders."""

    def __init__(self, orders: Orders) -> None:
        self.orders, self.api, self.known = orders, orders.api, orders.known
        self._tried: dict[tuple[str, str], frozenset[str]] = {}
        """Refunds whose answer was lost, and the slips there were before, for shops that round stamps away."""

    def acknowledge(self, order_id: str, step: Step, note: str) -> WebOrder:
        """Bring an order to a step; mails the customer by the state's own letter where the owner wants that."""
        row = self._row(order_id)
        state, target = whole(row.get("current_state")), self._target(step)
        if not self._there(state, step, target):
            if self.known.stage(state) in ("cancelled", "refunded"):
                raise Permanent("refused", {"says": self.known.find_state(state).name or str(state)})
            mail = self.known.options.notes_to_customer and (bool(note) or step in ("ready", "shipped"))
            self._move(order_id, target, mail=mail)
            row = self._row(order_id)
            if whole(row.get("current_state")) != target:
                raise Permanent("not_taken", {"order": order_id, "status": str(row.get("current_state"))[:20]})
            self._note(row, note)
        return self.orders.read([row])[0]

    def settle(self, order_id: str, target: int) -> None:
        """Bring an order to a state, unless it is there; without a word where the key may write histories.

        Where it may not, the shop mails the state's own letter: it does so whenever an order's state is set.
        """
        if whole(self._row(order_id).get("current_state")) != target:
            self._move(order_id, target, mail=False)

    def _target(self, step: Step) -> int:
        chosen = whole(self.known.options.steps.get(step, ""))
        if chosen:
            return chosen
        if step not in STEPS:
            raise Permanent("not_supported", {"what": step})
        return self.known.state(STEPS[step])

    def _there(self, state: int, step: Step, target: int) -> bool:
        """Whether an order is at a step or past it; nothing brings it back."""
        if state == target:
            return True
        stage, reached = self.known.stage(state), _REACHED.get(step)
        if step == "cancelled":
            return stage in ("cancelled", "refunded")
        if stage not in _ORDER or reached is None:
            return False
        if step == "done" and state == self.known.state("PS_OS_SHIPPING"):
            return False
        ahead = _ORDER.index(stage) - _ORDER.index(reached)
        return ahead > 0 or (ahead == 0 and stage in ("ready", "done"))

    def _move(self, order_id: str, target: int, *, mail: bool) -> None:
        """Posting a state twice would add it twice: the state is looked at before, and after an answer was lost."""
        try:
            self._enter(order_id, target, mail=mail)
        except Unanswered:
            if whole(self._row(order_id).get("current_state")) != target:
                raise
        except Permanent as error:
            # A letter that could not be sent is answered as if nothing was saved, and the state is there.
            if error.code != "refused" or whole(self._row(order_id).get("current_state")) != target:
                raise

    def _enter(self, order_id: str, target: int, *, mail: bool) -> None:
        """By the order's history; by its own field, which always mails, where the key has no right to that."""
        if self.api.may("order_histories", "POST") is not False:
            fields: dict[str, Field] = {"id_order": order_id, "id_order_state": target}
            extra = [("sendemail", "1")] if mail else []
            try:
                self.api.create("order_histories", "order_history", fields, extra=extra)
                return
            except Unauthorised as error:
                if error.code != "forbidden_write":
                    raise
        self.api.change("orders", "order", order_id, {"current_state": target}, repeat=False, whole=False)

    def _note(self, row: Row, note: str) -> None:
        old = text_of(row.get("note"))
        if note and "note" in row and note not in old:
            text = f"{old}\n{note}" if old else note
            try:
                self.api.change("orders", "order", text_of(row.get("id")), {"note": text}, repeat=False, whole=False)
            except WebshopError:
                # The state is what counts, and it is there; a note that the key may not write stops nothing.
                return

    def _row(self, order_id: str) -> Row:
        rows = self.orders.rows(order_id)
        if not rows:
            raise Permanent("unknown_order", {"order": order_id})
        return rows[0]

    def refund(self, order_id: str, wish: RefundWish) -> WebRefund:
        """Book a refund as a credit slip; it pays nothing back and puts nothing back on the shelf."""
        if wish.pay_out:
            raise Permanent("not_supported", {"what": "pay_out"})
        if not self.api.may("order_slip"):
            # Without seeing what is there, a repetition would book it twice.
            raise Unauthorised("forbidden_write", {"status": 401, "says": "order_slip"})
        row = self._row(order_id)
        slips = self.orders.slips([order_id])
        found = self._booked(order_id, wish, slips)
        if found is None:
            order = self.orders.read([row])[0]
            if wish.amount <= 0 or wish.amount > order.total - sum(each.amount for each in order.refunds):
                raise Permanent("refused", {"says": f"{euros(wish.amount)} > {euros(order.total)}"})
            self._tried[order_id, wish.key] = frozenset(text_of(each.get("id")) for each in slips)
            made, refused = self._book(row, order, wish)
            slips = self.orders.slips([order_id])
            number = whole(made.get("id"))
            found = next((each for each in slips if number and whole(each.get("id")) == number), None)
            found = found or self._booked(order_id, wish, slips)
            if found is None:
                raise refused or Permanent("not_taken", {"order": order_id})
        return web_refund(found, self.known, About())

    def _booked(self, order_id: str, wish: RefundWish, slips: Sequence[Row]) -> Row | None:
        """The slip of this key: by its stamp, or because it came after we tried and is the same."""
        for slip in slips:
            goods, carriage = (_exact(slip, f"total_{kind}_tax_excl") for kind in ("products", "shipping"))
            coarse = carriage.quantize(Decimal("0.001")) == carriage
            if has_stamp(goods, wish.key, _GOODS) and (coarse or has_stamp(carriage, wish.key, _CARRIAGE)):
                return slip
        before = self._tried.get((order_id, wish.key))
        new = [slip for slip in slips if before is not None and text_of(slip.get("id")) not in before]
        return next((slip for slip in new if _incl(slip) == wish.amount), None)

    def _book(self, row: Row, order: WebOrder, wish: RefundWish) -> tuple[Row, Permanent | None]:
        """What the shop made, and why it refused: it may warn behind the save, and the slip is there all the same."""
        lines = {line.id: line for line in order.lines}
        asked = [(lines[each.line], each) for each in wish.lines if each.line in lines]
        carriage = min(wish.amount, sum(each.amount for line, each in asked if line.kind == SHIPPING))
        goods = wish.amount - carriage
        without = [(_net(line, each.amount), line) for line, each in asked]
        carriage_net = sum((part for part, line in without if line.kind == SHIPPING), Decimal(0))
        rest = goods - sum(each.amount for line, each in asked if line.kind != SHIPPING)
        goods_net = sum((part for part, line in without if line.kind != SHIPPING), _rest_net(order, rest))
        fields = {
            "id_customer": text_of(row.get("id_customer")), "id_order": order.id,
            "conversion_rate": text_of(row.get("conversion_rate")) or "1.000000",
            "total_products_tax_excl": f"{stamped(goods_net, wish.key, _GOODS):f}",
            "total_products_tax_incl": euros(goods, 6),
            "total_shipping_tax_excl": f"{stamped(carriage_net, wish.key, _CARRIAGE):f}",
            "total_shipping_tax_incl": euros(carriage, 6), "amount": euros(goods, 6),
            "shipping_cost": "1" if carriage else "0", "shipping_cost_amount": euros(carriage, 6),
            "partial": "0" if wish.amount == order.total else "1", "order_slip_type": "0",
        }  # fmt: skip
        details: list[dict[str, str | int]] = [
            {
                "id_order_detail": line.id, "product_quantity": each.qty // 1000,
                "amount_tax_excl": f"{_net(line, each.amount):f}", "amount_tax_incl": euros(each.amount, 6),
            }
            for line, each in asked if whole(line.id) and each.qty >= 1000
        ]  # fmt: skip
        rows = {"order_slip_details": ("order_slip_detail", details)} if details else None
        try:
            return self.api.create("order_slip", "order_slip", fields, rows), None
        except Permanent as error:
            if error.code != "refused":
                raise
            return {}, error


def _net(line: WebLine, amount: int) -> Decimal:
    return Decimal(net(amount, line.rate))


def _rest_net(order: WebOrder, amount: int) -> Decimal:
    """What an amount that is of no line is without VAT: as the order as a whole."""
    vat = sum(line.vat for line in order.lines)
    share = Decimal(order.total - vat) / order.total if order.total else Decimal(1)
    return (Decimal(amount) / 100 * share).quantize(Decimal("0.000001"))


def _exact(row: Row, name: str) -> Decimal:
    value = row.get(name)
    return Decimal(0) if value in (None, "") else exact(value, name)


def _incl(slip: Row) -> int:
    return cents(_exact(slip, "total_products_tax_incl") + _exact(slip, "total_shipping_tax_incl"))
