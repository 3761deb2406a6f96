"""Receiving against a purchase order: what is still to come beside what was scanned, and where the two differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome
from kassa_tui.services import stock
from kassa_tui.services.stock import Line, Paper, open_orders
from kassa_tui.services.till import refused

if TYPE_CHECKING:
    from kassa_tui.services.till import Till
    from kassa_tui.storage.purchases import Order


@dataclass(frozen=True, slots=True)
class Against:
    """An article of an order, or one that came without having been ordered, or a code that nobody knows."""

    line: Line
    """``qty`` is what was scanned now, 0 where it has not come."""
    expected: int
    """Thousandths still to come before this delivery."""
    ordered: bool

    @property
    def difference(self) -> int:
        """Too much, or below zero too little."""
        return self.line.qty - self.expected


@dataclass(frozen=True, slots=True)
class Differences:
    """Where a delivery is not what was ordered: lines of each kind."""

    short: int
    over: int
    unordered: int
    unknown: int
    right: int

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self.short or self.over or self.unordered or self.unknown)


def order_of(till: Till, paper: Paper) -> Order | None:
    """The order that a paper receives, where this till knows it to be open."""
    number = paper.head.get("order", "") if paper.kind == "receive" else ""
    return next((one for one in open_orders(till) if one.number == number), None) if number else None


def against(order: Order, paper: Paper) -> dict[str, Against]:
    """By key: the lines of the order that were still open or came now, in its order, then what else came."""
    found: dict[str, Against] = {}
    for line in order.lines:
        came = paper.lines.get(line.sku)
        if line.open or came:
            shown = came or Line(line.sku, "", line.name, line.unit, 0)
            found[shown.key] = Against(shown, line.open, True)
    for key, came in paper.lines.items():
        if key not in found:
            found[key] = Against(came, 0, False)
    return found


def differences(order: Order, paper: Paper) -> Differences:
    """How many lines are right, and how many are not."""
    rows = list(against(order, paper).values())
    ordered = [row for row in rows if row.ordered]
    return Differences(
        sum(row.difference < 0 for row in ordered), sum(row.difference > 0 for row in ordered),
        sum(not row.ordered and bool(row.line.sku) for row in rows), sum(not row.line.sku for row in rows),
        sum(not row.difference for row in ordered),
    )  # fmt: skip


def put(till: Till, paper: Paper, row: Against, thousandths: int) -> Outcome:
    """Make it so many of a line, scanned before or not."""
    key = row.line.key
    if key in paper.lines or not thousandths:
        return stock.put(till, paper, key, thousandths) if key in paper.lines else refused("no_line", line=key)
    paper.lines[key] = replace(row.line, qty=0)
    outcome = stock.put(till, paper, key, thousandths)
    if not paper.lines[key].qty:
        del paper.lines[key]
    return outcome
