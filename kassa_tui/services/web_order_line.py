"""Web orders in words: ``list``, ``1234``, ``hand 1234``, ``pay 1234 5,00``, ``back 1234 shop 7=1``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kassa_tui.domain.money import parse_amount
from kassa_tui.domain.outcome import Outcome
from kassa_tui.domain.quantity import parse_quantity
from kassa_tui.services import web_orders
from kassa_tui.services.till import done, refused

if TYPE_CHECKING:
    from kassa_tui.services.till import Till
    from kassa_tui.storage.web_board import ShownOrder

WAYS = {
    "here": (False, True), "here-waste": (False, False), "shop": (True, True), "shop-waste": (True, False),
}  # fmt: skip
"""Who pays back, and whether the goods go back on the shelf."""


def act(till: Till, words: list[str]) -> Outcome | None:
    """Do what the words say; None where they say nothing of the kind."""
    match words:
        case ["list"]:
            rows = [facts_of(order) for order in web_orders.shown(till)]
            return done("web_orders", count=len(rows), orders=rows)
        case ["hand", number, *rest] if len(rest) <= 1:
            return _with(till, number, lambda order: web_orders.hand_over(till, order, *rest))
        case ["pay", number, text]:
            cents = parse_amount(text)
            if cents is None:
                return refused("bad_amount", text=text)
            return _with(till, number, lambda order: web_orders.pay(till, order, cents))
        case ["back", number, way, *picks] if way in WAYS and picks and all("=" in pick for pick in picks):
            return _with(till, number, lambda order: _back(till, order, way, picks))
        case [number] if number not in ("hand", "pay", "back"):
            return _with(till, number, lambda order: done("web_orders", count=1, orders=[facts_of(order)]))
    return None


def _with(till: Till, number: str, then: Any) -> Outcome:
    found = web_orders.find(till, number)
    if not found:
        return refused("web_unknown", number=number)
    outcome: Outcome = then(found[0])
    return outcome


def _back(till: Till, order: ShownOrder, way: str, picks: list[str]) -> Outcome:
    wanted: dict[str, int] = {}
    for pick in picks:
        line, _, text = pick.rpartition("=")
        thousandths = parse_quantity(text)
        if thousandths is None:
            return refused("bad_quantity", text=text)
        wanted[line] = thousandths
    by_shop, restock = WAYS[way]
    return web_orders.take_back(till, order, wanted, by_shop=by_shop, restock=restock)


def facts_of(order: ShownOrder) -> dict[str, Any]:
    """An order as JSON."""
    return {
        "channel": order.channel, "id": order.id, "number": order.number, "stage": order.stage,
        "status": order.status, "pickup": order.pickup, "customer": order.customer, "total": order.total,
        "paid": order.paid, "due": order.due,
        "lines": [
            {"line": line.line, "sku": line.sku, "name": line.name, "quantity": line.qty, "amount": line.amount,
             "left": line.left, "back": line.back} for line in order.lines
        ],
    }  # fmt: skip
