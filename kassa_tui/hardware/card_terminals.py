"""Card terminals without a cable to the till: one that stands alone, and one for demonstrations and training."""

from __future__ import annotations

import threading

from kassa_tui.services.ports import CardRequest, CardState, Tell


class StandAlone:
    """The cashier types the amount on the terminal and tells the till what it said."""

    stand_alone = True

    def pay(self, request: CardRequest, tell: Tell) -> None:
        """Ask the cashier to confirm."""
        tell(CardState("confirm", payment=request.payment))

    def refund(self, request: CardRequest, tell: Tell) -> None:
        """Ask the cashier to confirm."""
        self.pay(request, tell)

    def status(self, request: CardRequest, tell: Tell) -> None:
        """Only the cashier can look."""
        tell(CardState("unknown", {"code": "unsupported"}, request.payment))

    def abort(self) -> None:
        """Nothing to stop: the terminal does not listen."""

    def end_of_day(self, tell: Tell) -> None:
        """Done on the terminal itself."""
        tell(CardState("refused", {"code": "unsupported"}))

    def reprint(self, tell: Tell) -> None:
        """Done on the terminal itself."""
        tell(CardState("refused", {"code": "unsupported"}))

    def close(self) -> None:
        """Nothing to let go of."""


class DemoTerminal:
    """Goes through the states of a real payment by itself. The cents of the amount choose the end, so that refusals
    and doubt can be practised: amounts that end in 13 are refused, in 31 unknown; all others are approved."""

    stand_alone = False
    steps = (("present_card", 0.8), ("enter_pin", 0.8), ("busy", 0.5))

    def __init__(self) -> None:
        self._stop = threading.Event()

    def pay(self, request: CardRequest, tell: Tell) -> None:
        """Start; the states come from a thread of the terminal's own."""
        self._stop = threading.Event()
        threading.Thread(target=self._run, args=(request, tell, self._stop), name="demo-terminal", daemon=True).start()

    def refund(self, request: CardRequest, tell: Tell) -> None:
        """As a payment."""
        self.pay(request, tell)

    def status(self, request: CardRequest, tell: Tell) -> None:
        """Leaves the doubt to be practised."""
        tell(CardState("unknown", {"terminal": "demo"}, request.payment))

    def abort(self) -> None:
        """Stop; ends refused."""
        self._stop.set()

    def end_of_day(self, tell: Tell) -> None:
        """A report without figures."""
        tell(CardState("approved", {"terminal": "demo", "slip": "DEMO"}))

    def reprint(self, tell: Tell) -> None:
        """A receipt without figures."""
        tell(CardState("approved", {"terminal": "demo", "slip": "DEMO"}))

    def close(self) -> None:
        """Stop."""
        self._stop.set()

    def _run(self, request: CardRequest, tell: Tell, stop: threading.Event) -> None:
        for state, seconds in self.steps:
            tell(CardState(state, payment=request.payment))
            if stop.wait(seconds):
                tell(CardState("refused", {"terminal": "demo", "code": "aborted"}, request.payment))
                return
        end = {13: "refused", 31: "unknown"}.get(abs(request.amount) % 100, "approved")
        detail = {"terminal": "demo", "brand": "Maestro", "number": "**** **** **** 4711", "authorisation": "123456"}
        tell(CardState(end, detail if end == "approved" else {"terminal": "demo"}, request.payment))
