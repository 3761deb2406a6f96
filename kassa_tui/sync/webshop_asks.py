"""What a person asks of a webshop: done at once where nobody works on its channel, else by the agent that does.

The agent alone writes a channel, so a command line beside it leaves its question in a file and waits for the answer in
another. Questions and answers are JSON objects; an error is ``{"error": CODE, "facts": {...}}``.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import msgspec

from kassa_tui.storage.database import StorageError
from kassa_tui.sync.channel.ownership import Owner
from kassa_tui.sync.webshops.base import WebshopError

if TYPE_CHECKING:
    from kassa_tui.sync.channel.engine import Engine

ASKS = "asks"
DONE = ".done"
STALE_SECONDS = 3600.0
"""After which nobody waits for an answer any more."""
EVERYTHING_DAYS = 3650

log = logging.getLogger("kassa.webshop")
Facts = dict[str, Any]


class Desk(Protocol):
    """Whoever works on a channel."""

    @property
    def engine(self) -> Engine:
        """The engine of the channel."""


def perform(desk: Desk, what: str, facts: Facts) -> Facts:
    """Do one thing; never raises for what the shop or a disk does."""
    try:
        return ACTS[what](desk, facts)
    except (WebshopError, StorageError) as error:
        return {"error": error.code, "facts": error.facts}
    except KeyError:
        return {"error": "bad_ask", "facts": {"what": what}}


def _check(desk: Desk, _facts: Facts) -> Facts:
    desk.engine.retry()
    found: Facts = msgspec.to_builtins(desk.engine.check())
    return found


def _link(desk: Desk, facts: Facts) -> Facts:
    report = desk.engine.link(report=bool(facts.get("report")))
    return {
        "products": report.products, "kept": report.kept,
        "linked": [{"product": link.product, "sku": link.sku, "how": link.how, "name": link.name}
                   for link in report.linked],
        "gone": [{"product": link.product, "sku": link.sku, "name": link.name} for link in report.gone],
        **{kind: [{"id": offer.id, "sku": offer.sku, "ean": offer.ean, "name": offer.name,
                   "candidates": list(offer.candidates)} for offer in getattr(report, kind)]
           for kind in ("ambiguous", "unknown", "unsold")},
    }  # fmt: skip


def _link_one(desk: Desk, facts: Facts) -> Facts:
    """``-`` as SKU unlinks; ``+`` makes an article of the product, as product it makes a product of the article."""
    product, sku, by = str(facts["product"]), str(facts["sku"]), str(facts.get("by", ""))
    if sku == "-":
        return {"done": desk.engine.unlink(product, by)}
    if "+" not in (product, sku):
        return {"done": desk.engine.link_by_hand(product, sku, by)}
    made = desk.engine.make_article(product, by) if sku == "+" else desk.engine.make_product(sku, by)
    if made.code:
        return {"error": made.code, "facts": made.facts}
    return {"done": True, "product": made.product, "sku": made.sku}


def _compare(desk: Desk, _facts: Facts) -> Facts:
    found: Facts = msgspec.to_builtins(desk.engine.compare())
    return found


def _again(desk: Desk, facts: Facts) -> Facts:
    return {"done": desk.engine.try_again(str(facts["key"]))}


def _resync(desk: Desk, _facts: Facts) -> Facts:
    orders = desk.engine.reread(EVERYTHING_DAYS)
    desk.engine.refresh_board()
    return {"orders": orders, **_compare(desk, {})}


ACTS: dict[str, Callable[[Desk, Facts], Facts]] = {
    "check": _check, "link": _link, "link_one": _link_one, "compare": _compare, "resync": _resync,
    "again": _again,
}  # fmt: skip


def ask(
    folder: Path, what: str, facts: Facts, seconds: float, wait: Callable[[float], object] = time.sleep,
    *, leave: bool = False,
) -> Facts:  # fmt: skip
    """Leave a question for the agent and wait for its answer; ``{"error": "no_answer"}`` where none comes.

    With ``leave`` the question stays then, and is done when the agent comes to it.
    """
    place = folder / ASKS
    place.mkdir(mode=0o770, exist_ok=True)
    name = uuid4().hex
    question, answer = place / name, place / f"{name}{DONE}"
    _put(question, {"what": what, "facts": facts})
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer.exists():
            found: Facts = json.loads(answer.read_bytes())
            answer.unlink()
            return found
        wait(0.1)
    if not leave:
        question.unlink(missing_ok=True)
    return {"error": "no_answer", "facts": {}}


def is_running(folder: Path) -> bool:
    """Whether a process works on the channel."""
    if not folder.exists():
        return False
    try:
        Owner(folder).release()
    except StorageError:
        return True
    return False


def answer_all(desk: Desk, folder: Path) -> int:
    """Answer the questions that wait, oldest first; how many."""
    place = folder / ASKS
    try:
        waiting = sorted((each for each in place.iterdir() if not each.name.startswith(".")), key=_age)
    except FileNotFoundError:
        return 0
    answered = 0
    for path in waiting:
        if path.name.endswith(DONE):
            if time.time() - _age(path) > STALE_SECONDS:
                path.unlink(missing_ok=True)
            continue
        try:
            question = json.loads(path.read_bytes())
            what, facts = str(question["what"]), dict(question["facts"])
        except (OSError, ValueError, KeyError, TypeError):
            path.unlink(missing_ok=True)
            continue
        path.unlink(missing_ok=True)
        _put(place / f"{path.name}{DONE}", perform(desk, what, facts))
        answered += 1
    return answered


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _put(path: Path, value: Facts) -> None:
    """Whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o660)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file, default=str)
    fresh.replace(path)
