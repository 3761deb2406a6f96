"""A whole stock paper in one line of words: what it is about, and each article with how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.quantity import parse_quantity
from kassa_tui.services import stock
from kassa_tui.services.till import refused

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

_ABOUT = {
    "count": ("area",), "receive": ("order",), "send": ("branch",), "arrive": ("branch", "number"),
    "waste": ("reason",), "correct": ("reason",),
}  # fmt: skip
"""Kind of paper → what its one word about it says; two are divided by a slash, and ``-`` stands for nothing."""


def book(till: Till, words: list[str]) -> Outcome | None:
    """``count Winkel 6=40 17=12``; None where the words are no such line. What is refused leaves nothing behind."""
    if len(words) < 3 or words[0] not in stock.KINDS or not all("=" in word for word in words[2:]):
        return None
    kind, about = words[0], "" if words[1] == "-" else words[1]
    parts = about.split("/", 1) if len(_ABOUT[kind]) > 1 else [about]
    begun = stock.begin(till, kind, dict(zip(_ABOUT[kind], parts, strict=False)))
    if isinstance(begun, Refused):
        return begun
    paper: stock.Paper = begun.facts["paper"]
    for word in words[2:]:
        problem = _put(till, paper, word)
        if problem is not None:
            stock.throw_away(till, paper)
            return problem
    return stock.book(till, paper)


def _put(till: Till, paper: stock.Paper, word: str) -> Refused | None:
    code, _, number = word.rpartition("=")
    minus = number.startswith("-") and paper.kind == "correct"
    thousandths = parse_quantity(number.removeprefix("-") if minus else number)
    nothing = paper.kind == "count" and number == "0"
    if thousandths is None and not nothing:
        return refused("bad_quantity", text=number)
    outcome = stock.add(till, paper, code, -thousandths if minus and thousandths else thousandths)
    if nothing and not isinstance(outcome, Refused):
        outcome = stock.put(till, paper, str(outcome.facts["key"]), 0)
    return outcome if isinstance(outcome, Refused) else None
