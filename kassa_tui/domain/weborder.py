"""What happens at a counter to an order of a webshop, as the journal keeps it until the order's channel has done it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

HANDED_OVER, TAKEN_BACK = "weborder.handed_over", "weborder.taken_back"
"""Kinds of entries of a till. A sale with a line of kind ``weborder`` says the same of an order that is paid, or paid
out, on that ticket."""


@dataclass(frozen=True, slots=True)
class WebWish:
    """What was done with an order at the counter."""

    channel: str
    """Code of the webshop's channel."""
    order: str
    """The webshop's own id of it."""
    handed: bool = False
    """The goods were given out: all that was left, or ``lines`` of it."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """The shop's id of a line → thousandths that were given out, or that came back."""
    back: bool = False
    """Goods or money came back."""
    restock: bool = False
    """What came back lies on the shelf again."""
    amount: int = 0
    """Cents that the customer paid here (above zero) or is given back (below)."""
    by_shop: bool = False
    """What is given back is to be paid by the webshop's own payment provider; otherwise the till paid it out."""
    paid: int = 0
    """Cents that were paid before, as far as the till knew."""

    @property
    def ref(self) -> str:
        """Channel and order in one word, as a line's code has it."""
        return f"{self.channel}:{self.order}"


def body_of(wish: WebWish) -> dict[str, Any]:
    """The wish as facts of an entry; what is empty is left out."""
    found: dict[str, Any] = {
        "channel": wish.channel, "order": wish.order, "handed": wish.handed, "back": wish.back,
        "restock": wish.restock, "amount": wish.amount, "by_shop": wish.by_shop, "paid": wish.paid,
        "lines": [{"line": line, "qty": qty} for line, qty in wish.lines.items()],
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def wish_of(facts: Mapping[str, Any]) -> WebWish:
    """The wish in facts of an entry; ValueError where there is none."""
    try:
        lines = {str(line["line"]): int(line["qty"]) for line in facts.get("lines", ())}
        return WebWish(
            str(facts["channel"]), str(facts["order"]), bool(facts.get("handed")), lines, bool(facts.get("back")),
            bool(facts.get("restock")), int(facts.get("amount", 0)), bool(facts.get("by_shop")),
            int(facts.get("paid", 0)),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no web order") from error


def written(wish: WebWish) -> str:
    """The wish as a ticket's line carries it."""
    return json.dumps(body_of(wish), separators=(",", ":"), sort_keys=True)


def wishes_of(kind: str, facts: Mapping[str, Any]) -> list[WebWish]:
    """All wishes of an entry of a till, in order: of the two kinds, and of the lines of a sale."""
    if kind in (HANDED_OVER, TAKEN_BACK):
        return [wish_of(facts)]
    if kind != "sale" or facts.get("training"):
        return []
    found = []
    for line in facts.get("lines", ()):
        if line.get("kind") == "weborder" and line.get("web"):
            said = wish_of(json.loads(line["web"]))
            found.append(replace(said, amount=line["amount"]))
    return found
