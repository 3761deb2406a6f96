"""The scale from the till: a tare typed by hand, zero, and a weighing that waits for its end, for who has no screen."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from kassa_tui.domain.catalogue import KG
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.quantity import parse_quantity
from kassa_tui.services import selling
from kassa_tui.services.ports import ScaleState
from kassa_tui.services.till import done, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from kassa_tui.services.till import Till

MAX_TARE = 9_999
"""Thousandths of a kilogram; scales that are told the tare have four digits for it."""
PATIENCE_S = 15.0
"""Longer than a scale takes until it tells that it gives up."""
OPENING_S = 5.0
"""For a scale that is being opened when it is first asked."""
LOOK_S = 0.05
NO_PRICE = 1
"""Cents per kilogram for a scale that will not weigh without a price, where none is asked about."""


def parse_tare(text: str) -> int | None:
    """Thousandths of a kilogram from ``0,012``; ``0`` is none. None where it is no tare."""
    if set(text) <= set("0,.") and "0" in text:
        return 0
    thousandths = parse_quantity(text)
    return thousandths if thousandths is not None and thousandths <= MAX_TARE else None


def tare(till: Till, thousandths: int) -> Outcome:
    """Take this much off the next weighing, whatever tare the article has."""
    problem = till.changeable()
    if problem is not None:
        return problem
    till.tare = thousandths
    return done("tare", tare=thousandths)


def zero(till: Till) -> Outcome:
    """Have the empty scale begin at zero; waits until it says how that went."""
    scale = till.scale
    if scale is None:
        return till.ready() or refused("scale_none")
    state = _ended(scale.zero)
    return till.ready() or (done("scale_zeroed") if state.code == "scale_zeroed" else _no_weight(state))


def weigh(till: Till, code: str = "") -> Outcome:
    """Sell by weight what lies on the scale, or without a code tell what it weighs; waits until it stands still."""
    problem, scale = till.changeable(), till.scale
    if problem is not None or scale is None:
        return problem or refused("scale_none")
    if not code:
        state = _ended(lambda tell: scale.weigh(NO_PRICE, "", tell, till.tare or 0))
        whole = state.thousandths + state.tare if state.tare else None
        facts = {"weight": state.thousandths, "whole": whole, "tare": state.tare or None}
        return done("weighed", **facts) if state.code == "weighed" else _no_weight(state)
    found = selling.find(till, code)
    if found is not None and found[0].unit != KG:
        return refused("not_by_weight", name=found[0].name)
    wanted = selling.scan(till, code, True)
    if wanted.code != "weight_needed":
        return wanted
    name, price, off = (wanted.facts[key] for key in ("name", "price", "tare"))
    state = _ended(lambda tell: scale.weigh(price, name, tell, off))
    return selling.scan(till, code, True, state) if state.code == "weighed" else _no_weight(state)


def _no_weight(state: ScaleState) -> Refused:
    return refused(state.code, device="scale")


def _ended(begin: Callable[[Callable[[ScaleState], None]], None]) -> ScaleState:
    until = time.monotonic() + OPENING_S
    while True:
        told: SimpleQueue[ScaleState] = SimpleQueue()
        begin(told.put)
        state = ScaleState("")
        try:
            while not state.final:
                state = told.get(timeout=PATIENCE_S)
        except Empty:
            return ScaleState("device_silent", True)
        if state.code != "device_opening" or time.monotonic() >= until:
            return state
        Event().wait(LOOK_S)
