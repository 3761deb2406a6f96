"""What movements of stock at a till come to: rows of the ledger, and levels. Sale lines are with the sales.

Quantities are thousandths; a movement is what changes, never what is there. A count moves nothing by itself: what ought
to have been there can be told only when every till's sales of before are in, and is worked out by :mod:`.counts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, Struct

from kassa_office.journal.bodies import Whole, cut
from kassa_office.journal.projection import Costs, Here, Kind
from kassa_office.journal.writing import STOCK_COUNT, STOCK_MOVE, STOCK_RECEIPT, Gathered

Sku = Annotated[str, Meta(min_length=1)]
SENT, ARRIVED = "sent", "arrived"


class MoveLine(Struct):
    """An article and how much of it."""

    sku: Sku
    qty: Whole


class CountLine(Struct):
    """An article that was counted, and how much of it the till took to be there."""

    sku: Sku
    qty: Whole
    code: str = ""
    expected: Whole | None = None


class UnknownLine(Struct):
    """A code that nobody knows, and how many there were."""

    code: str
    qty: Whole


class Moves(Struct):
    """``stock.received``, ``stock.waste``, ``stock.correct``."""

    lines: list[MoveLine]
    order: str = ""
    supplier: str = ""
    reason: str = ""
    finished: bool = False
    unknown: list[UnknownLine] = []


class Count(Struct):
    """``stock.count``."""

    lines: list[CountLine]
    area: str = ""
    unknown: list[UnknownLine] = []


class Transfer(Struct):
    """``stock.transfer``: out to a branch, or in from one."""

    lines: list[MoveLine]
    direction: str
    number: str = ""
    branch: str = ""

    def __post_init__(self) -> None:
        if self.direction not in (SENT, ARRIVED):
            raise ValueError("neither sent nor arrived")


def _write(
    gathered: Gathered, here: Here, kind: str, lines: Iterable[tuple[str, int]], reason: str = "", ref: str = ""
) -> None:
    entry = here.entry
    for no, (sku, qty) in enumerate(lines, 1):
        row = (*here.key, no, entry.at, kind, cut(sku, 40), qty, cut(reason, 40), cut(ref, 60), entry.who)
        gathered.add(STOCK_MOVE, row)
        gathered.level(here.branch, cut(sku, 40), qty, entry.at)
        gathered.moved(here.branch, here.day, kind, qty)


def _received(gathered: Gathered, here: Here, facts: Moves, costs: Costs) -> None:
    _write(gathered, here, "received", ((line.sku, line.qty) for line in facts.lines), ref=facts.order)
    unknown = json.dumps([[cut(line.code, 80), line.qty] for line in facts.unknown], ensure_ascii=False)
    row = (*here.key, here.entry.at, cut(facts.order, 60), cut(facts.supplier, 60), facts.finished, len(facts.lines),
           unknown, here.entry.who)  # fmt: skip
    gathered.add(STOCK_RECEIPT, row)


def _wasted(gathered: Gathered, here: Here, facts: Moves, costs: Costs) -> None:
    _write(gathered, here, "wasted", ((line.sku, -line.qty) for line in facts.lines), facts.reason)


def _corrected(gathered: Gathered, here: Here, facts: Moves, costs: Costs) -> None:
    _write(gathered, here, "corrected", ((line.sku, line.qty) for line in facts.lines), facts.reason)


def _moved(gathered: Gathered, here: Here, facts: Transfer, costs: Costs) -> None:
    sign = -1 if facts.direction == SENT else 1
    lines = ((line.sku, sign * line.qty) for line in facts.lines)
    _write(gathered, here, facts.direction, lines, facts.branch, facts.number)


def _counted(gathered: Gathered, here: Here, facts: Count, costs: Costs) -> None:
    entry, area = here.entry, cut(facts.area, 60)
    rows = [(line.sku, line.code, line.qty, line.expected) for line in facts.lines]
    rows += [("", line.code, line.qty, None) for line in facts.unknown]
    for no, (sku, code, qty, expected) in enumerate(rows, 1):
        row = (*here.key, no, entry.at, cut(sku, 40), cut(code, 80), qty, expected, area, entry.who)
        gathered.add(STOCK_COUNT, row)


KINDS: dict[str, Kind] = {
    "stock.received": Kind(Moves, _received),
    "stock.waste": Kind(Moves, _wasted),
    "stock.correct": Kind(Moves, _corrected),
    "stock.count": Kind(Count, _counted),
    "stock.transfer": Kind(Transfer, _moved),
}
