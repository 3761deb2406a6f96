"""What entries of webshop channels come to, and what tills did to web orders.

A ``weborder.sale`` is turnover like a till's sale, of its own channel; it moves no stock, for goods leave the shelf by
``weborder.shipped`` and come back by ``weborder.returned``.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from msgspec import Struct

from kassa_office.journal import bodies
from kassa_office.journal.bodies import Facts, Whole, cut
from kassa_office.journal.projection import Costs, Here, Kind
from kassa_office.journal.writing import STOCK_MOVE, WEB_WISH, Gathered
from kassa_tui.domain.weborder import HANDED_OVER, TAKEN_BACK, WebWish, body_of, wishes_of

MOVE = "web"

log = logging.getLogger(__name__)


class Moved(Struct, gc=False):
    """A line that left or came back."""

    line: str
    qty: Whole
    sku: str = ""


class Moves(Struct, gc=False):
    """``weborder.shipped``, ``weborder.returned``."""

    lines: list[Moved]
    number: str = ""


class Part(Struct, gc=False):
    """So much of a line of an order."""

    line: str
    qty: Whole


class Said(Struct, gc=False):
    """``weborder.handed_over``, ``weborder.taken_back``."""

    channel: str
    order: str
    lines: list[Part] = []
    amount: Whole = 0
    paid: Whole = 0


def _moves(sign: int) -> Any:
    def move(gathered: Gathered, here: Here, facts: Moves, costs: Costs) -> None:
        entry = here.entry
        for no, line in enumerate(facts.lines, 1):
            if not line.sku or not line.qty:
                continue
            sku, qty = cut(line.sku, 40), sign * line.qty
            gathered.add(STOCK_MOVE, (*here.key, no, entry.at, MOVE, sku, qty, "", cut(facts.number, 60), entry.who))
            gathered.moved(here.branch, here.day, MOVE, qty)
            gathered.level(here.branch, sku, qty, entry.at)

    return move


def wishes(gathered: Gathered, here: Here) -> None:
    """Keep what a till did for the channels to carry out; what cannot be read holds up nothing else."""
    for no, wish in enumerate(_read(here), 1):
        # Its key is the entry's own id: a number alone is used again where a till's copy was put back.
        body = json.dumps(body_of(wish) | {"key": f"{here.entry.id}:{no}"}, sort_keys=True)
        gathered.add(WEB_WISH, (*here.key, no, here.entry.at, cut(wish.channel, 8), body))


def _read(here: Here) -> list[WebWish]:
    try:
        return wishes_of(here.entry.kind, json.loads(here.entry.body))
    except (ValueError, TypeError, OverflowError):
        log.warning("%s %s: what was done to a web order cannot be read", here.entry.till, here.entry.seq)
        return []


def _said(gathered: Gathered, here: Here, facts: Said, costs: Costs) -> None:
    wishes(gathered, here)


def _nothing(gathered: Gathered, here: Here, facts: Facts, costs: Costs) -> None:
    """Kept in the journal; nothing is counted of it."""


def _sold(gathered: Gathered, here: Here, facts: bodies.Sale, costs: Costs) -> None:
    # Of the sales' own module, which in turn keeps the wishes of this one.
    from kassa_office.sales.projection import sold_online

    sold_online(gathered, here, facts, costs)


def _skus(sale: bodies.Sale) -> set[str]:
    return {line.sku[:40] for line in sale.lines}


_KEPT = (
    "weborder.placed", "weborder.changed", "weborder.cancelled", "weborder.paid", "webshop.linked",
    "webshop.unlinked", "webshop.compared", "webshop.articles",
)  # fmt: skip

KINDS: dict[str, Kind] = {
    "weborder.sale": Kind(bodies.Sale, _sold, _skus),
    "weborder.shipped": Kind(Moves, _moves(-1)),
    "weborder.returned": Kind(Moves, _moves(1)),
    HANDED_OVER: Kind(Said, _said),
    TAKEN_BACK: Kind(Said, _said),
    **{kind: Kind(Facts, _nothing) for kind in _KEPT},
}
