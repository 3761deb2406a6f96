"""Counter and web at the same moment on a line that loses answers, for every kind of shop."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Barrier, Thread

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.base import Transient
from tests.sync.webshops.contract import Ledger, Stand

BAD = (Fault("drop"), Fault("lost"), Fault("gateway"), Fault("cut", 50), Fault("status", 503), Fault("html"))


def bad_line(seed: int) -> Callable[[Asked], Fault | None]:
    """One request in five goes wrong, in some way."""
    chance = random.Random(seed)
    return lambda asked: chance.choice(BAD) if chance.random() < 0.2 else None


def at_last(act: Callable[[], object]) -> object:
    """Do it until it is done, as the engine does."""
    for _ in range(50):
        try:
            return act()
        except Transient:
            continue
    raise AssertionError("it never went well")


def ten_and_ten(stand: Stand, product: str, seed: int) -> Ledger:
    """Two customers buy five times each while ten are sold over the counter; the ledger when all is in the shop."""
    ledger, start = Ledger(stand, {product: 100}), Barrier(3)
    stand.server.faults = bad_line(seed)

    def customers() -> None:
        start.wait()
        for _ in range(5):
            stand.buy((product, 1))

    shoppers = [Thread(target=customers) for _ in range(2)]
    for each in shoppers:
        each.start()
    start.wait()
    for _ in range(10):
        ledger.shelf[product] -= 1000
        at_last(ledger.cycle)
    for each in shoppers:
        each.join()
    at_last(ledger.cycle)
    assert len(ledger.orders) == 10
    return ledger
