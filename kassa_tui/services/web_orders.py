"""Orders of the webshops at the counter: looked up, handed over, paid, and taken back.

The till only says what happened; the order's channel does the rest, whenever it can: booking, stock, the shop's own
status. Until then what this till did itself stands over what it was shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.money import half_away
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.quantity import ONE
from kassa_tui.domain.ticket import Line
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.domain.weborder import HANDED_OVER, TAKEN_BACK, WebWish, body_of, written
from kassa_tui.services.till import done, refused
from kassa_tui.storage import web_board, web_done

if TYPE_CHECKING:
    from kassa_tui.services.till import Till
    from kassa_tui.storage.web_board import OrderedLine, ShownOrder

CLOSED = ("cancelled", "refunded")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def wanted(till: Till) -> bool:
    """Whether web orders are of any concern here."""
    return bool(till.config.webshops) or bool(till.catalogue.has_web_orders())


def shown(till: Till) -> list[ShownOrder]:
    """Orders that may still be handed over, the most urgent first."""
    orders = [_merged(till, order) for order in till.catalogue.web_orders()]
    return [order for order in orders if order.stage != "done"]


def find(till: Till, text: str) -> list[ShownOrder]:
    """Orders that a scanned or typed text stands for: a number, ``WEB:1234``, or an address that holds one."""
    return [_merged(till, order) for order in till.catalogue.find_web_orders(words_of(text))]


def words_of(text: str) -> list[str]:
    """What in a text may be the number of an order, likeliest first."""
    text = text.strip()[:500]
    whole = text.lstrip("#")
    found = [whole, *re.findall(r"[A-Z][A-Z0-9]{0,7}:[A-Za-z0-9_-]+", text)]
    if "/" in text or "=" in text or " " in text:
        found += reversed(_WORD.findall(text))
    return list(dict.fromkeys(word for word in found if word))


def hand_over(till: Till, order: ShownOrder, age: str = "") -> Outcome:
    """Give all goods that are left; what is still to be paid goes on the ticket first, and the goods with it.

    ``age``: ``ok`` or ``evident`` once somebody has looked, for goods with an age.
    """
    problem = _may(till)
    if problem is not None:
        return problem
    order = _merged(till, order)
    if order.stage in CLOSED:
        return refused("web_closed", number=order.number, stage=order.stage)
    left = {line.line: line.left for line in order.lines if line.goods and line.left > 0}
    if not left:
        return refused("web_gone", number=order.number)
    wish = WebWish(order.channel, order.id, handed=True, lines=left, paid=order.paid)
    wanted = _age(till, order)
    if order.due > 0:
        return _on_ticket(till, order, replace(wish, amount=order.due), wanted)
    if wanted and age not in ("ok", "evident"):
        return refused("web_age", age=wanted, number=order.number)
    facts = body_of(wish) | {"number": order.number} | ({"age": {str(wanted): age}} if wanted else {})
    till.store.record(HANDED_OVER, facts, till.who)
    return done("web_handed_over", number=order.number, customer=order.customer, webshop=order.webshop)


def pay(till: Till, order: ShownOrder, cents: int) -> Outcome:
    """Take a part of what is to be paid for an order; nothing is handed over yet."""
    problem = _may(till)
    if problem is not None:
        return problem
    order = _merged(till, order)
    if not 0 < cents <= order.due:
        return refused("web_amount", due=order.due, number=order.number)
    return _on_ticket(till, order, WebWish(order.channel, order.id, amount=cents, paid=order.paid), 0)


def worth(order: ShownOrder, picks: Mapping[str, int]) -> int:
    """Cents that the customer paid for so much of these lines."""
    return sum(
        half_away(line.amount * picks[line.line], line.qty) for line in order.lines if line.line in picks and line.qty
    )


def take_back(
    till: Till, order: ShownOrder, picks: Mapping[str, int], *, by_shop: bool, restock: bool, cents: int | None = None
) -> Outcome:
    """Goods of an order come back. ``by_shop``: the webshop pays the money back; otherwise it goes on the ticket.

    ``cents``: another amount than what was paid for them, not more.
    """
    problem = _may(till)
    if problem is not None:
        return problem
    allowed = till.permit("return_receipt")
    if isinstance(allowed, Refused):
        return allowed
    order = _merged(till, order)
    known = {line.line: line for line in order.lines}
    if not picks or any(line not in known or not 0 < qty <= returnable(known[line]) for line, qty in picks.items()):
        return refused("web_nothing_back", number=order.number)
    most = min(worth(order, picks), order.paid)
    amount = most if cents is None else cents
    if not 0 <= amount <= most:
        return refused("web_amount", due=most, number=order.number)
    wish = WebWish(order.channel, order.id, lines=dict(picks), back=True, restock=restock, amount=-amount,
                   by_shop=by_shop, paid=order.paid)  # fmt: skip
    if not by_shop and amount:
        return _on_ticket(till, order, wish, 0)
    till.store.record(TAKEN_BACK, body_of(wish) | {"number": order.number, "by": allowed}, till.who)
    return done("web_taken_back", number=order.number, amount=amount)


def returnable(line: OrderedLine) -> int:
    """Thousandths of a line that may come back: handed over or sent, and not back yet."""
    return max(line.qty - line.left - line.back, 0)


def _may(till: Till) -> Refused | None:
    problem = till.changeable()
    if problem is not None:
        return problem
    allowed = till.permit("web_orders")
    return allowed if isinstance(allowed, Refused) else None


def _on_ticket(till: Till, order: ShownOrder, wish: WebWish, min_age: int) -> Outcome:
    if till.ticket is not None and any(line.code == order.ref for line in till.ticket.lines):
        return refused("web_on_ticket", number=order.number)
    cents = wish.amount
    line = Line(0, tickets.WEBORDER, "", f"{order.webshop} {order.number}".strip(), "", ONE if cents >= 0 else -ONE,
                "each", abs(cents), cents, OUTSIDE, 0, list_price=abs(cents), code=order.ref, no_discount=True,
                min_age=min_age, web=written(wish), by=till.who if wish.back else "")  # fmt: skip
    till.open.ticket = tickets.add(till.begin_ticket(), line)
    till.open.payment = None
    return done("web_on_ticket", number=order.number, amount=cents)


def _age(till: Till, order: ShownOrder) -> int:
    """The highest age among its articles; 0 where none has one."""
    articles = (till.catalogue.by_sku(line.sku, till.today) for line in order.lines if line.sku and line.left > 0)
    return max((article.min_age for article in articles if article is not None), default=0)


def _merged(till: Till, order: ShownOrder) -> ShownOrder:
    """The order with what this till did to it and what lies on its ticket, whatever the channel has heard of it."""
    wishes = web_done.done_with(till.store.read, order.channel, order.id)
    return _with(order, wishes) if wishes else order


def _with(order: ShownOrder, wishes: Iterable[WebWish]) -> ShownOrder:
    """Each wish counts once: what the channel shows may have it in already, or not yet."""
    handed: set[str] = set()
    back: dict[str, int] = {}
    paid = order.paid
    for wish in wishes:
        if wish.handed:
            # Always all that was left.
            handed.update(wish.lines)
        elif wish.back:
            for line, qty in wish.lines.items():
                back[line] = back.get(line, 0) + qty
        if wish.amount > 0:
            paid = max(paid, wish.paid + wish.amount)
        elif wish.amount < 0:
            paid = min(paid, max(wish.paid + wish.amount, 0))
    lines = tuple(
        replace(line, left=0 if line.line in handed else line.left,
                back=max(line.back, min(back.get(line.line, 0), line.qty)))
        for line in order.lines
    )  # fmt: skip
    gone = bool(handed) and not any(line.left for line in lines if line.goods)
    stage = "done" if gone and order.stage in web_board.OPEN else order.stage
    due = max(0, min(order.due, order.total - paid)) if paid > order.paid else order.due
    return replace(order, lines=lines, stage=stage, paid=paid, due=due)
