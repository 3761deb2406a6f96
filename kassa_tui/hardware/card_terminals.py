"""Card terminals without a cable to the till: one that stands alone, and one for demonstrations and training."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kassa_tui.services.ports import CardState


class StandAlone:
    """The cashier types the amount on the terminal and tells the till what it said."""

    stand_alone = True

    def pay(self, payment: str, amount: int, tell: Callable[[CardState], None]) -> None:
        """Ask the cashier to confirm."""
        tell(CardState("confirm"))

    def abort(self) -> None:
        """Nothing to stop: the terminal does not listen."""


class DemoTerminal:
    """Goes through the states of a real payment by itself. The cents of the amount choose the end, so that refusals
    and doubt can be practised: amounts that end in 13 are refused, in 31 unknown; all others are approved."""

    stand_alone = False
    steps = (("present_card", 0.8), ("enter_pin", 0.8), ("busy", 0.5))

    def __init__(self) -> None:
        self._stop = threading.Event()

    def pay(self, payment: str, amount: int, tell: Callable[[CardState], None]) -> None:
        """Start; the states come from a thread of the terminal's own."""
        self._stop = threading.Event()
        threading.Thread(target=self._run, args=(amount, tell, self._stop), name="demo-terminal", daemon=True).start()

    def abort(self) -> None:
        """Stop; ends refused."""
        self._stop.set()

    def _run(self, amount: int, tell: Callable[[CardState], None], stop: threading.Event) -> None:
        for state, seconds in self.steps:
            tell(CardState(state))
            if stop.wait(seconds):
                tell(CardState("refused", {"terminal": "demo"}))
                return
        end = {13: "refused", 31: "unknown"}.get(abs(amount) % 100, "approved")
        detail = {"terminal": "demo", "brand": "Maestro", "number": "**** **** **** 4711", "authorisation": "123456"}
        tell(CardState(end, detail if end == "approved" else {"terminal": "demo"}))
