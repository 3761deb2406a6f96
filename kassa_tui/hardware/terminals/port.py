"""The port of every terminal that is connected: one thread, one operation at a time, and always exactly one end.

A driver speaks a protocol, blocks, and may raise `TerminalError`; nothing of that gets out. Where the order to charge
may have reached the terminal, the port asks it how it ended before it says *unknown*.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from kassa_tui.hardware.terminals.detail import clean, refused, unknown
from kassa_tui.hardware.terminals.errors import BUSY, CLOSED, FAULT, TerminalError
from kassa_tui.hardware.terminals.wake import Wake
from kassa_tui.services.ports import CardRequest, CardState, Tell

ASK_AFTER_S = (0.5, 2.0, 5.0)
"""Waits before each question how a payment ended, after the line was lost."""
CLOSE_S = 2.0

Say = Callable[[str], None]
"""Is told the states on the way: ``present_card``, ``enter_pin``, ``busy``, ``remove_card``."""


class Driver(Protocol):
    """A protocol. Methods block, are called from one thread at a time, and raise nothing but `TerminalError`."""

    def pay(self, request: CardRequest, say: Say, wake: Wake) -> CardState:
        """Charge, or give back where the amount is negative."""

    def ask(self, request: CardRequest, wake: Wake) -> CardState:
        """What became of it."""

    def end_of_day(self, say: Say, wake: Wake) -> CardState:
        """Close the terminal's day."""

    def reprint(self, say: Say, wake: Wake) -> CardState:
        """The last receipt once more."""

    def close(self) -> None:
        """Let go of the device."""


class Looking(Driver, Protocol):
    """A driver that can be asked how the terminal is, too."""

    def look(self, wake: Wake) -> None:
        """Whether it is there and answers; charges nothing. Raises `TerminalError`, ``busy`` where it is at work."""


class TerminalPort:
    """A driver as the till's `CardTerminal`."""

    stand_alone = False

    def __init__(self, driver: Driver, ask_after_s: tuple[float, ...] = ASK_AFTER_S) -> None:
        self._driver, self._ask_after_s = driver, ask_after_s
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake: Wake | None = None
        self._paying = self._closed = False

    def pay(self, request: CardRequest, tell: Tell) -> None:
        """Charge; ``refused`` with ``busy`` where another payment is under way."""
        with self._lock:
            busy, self._paying = self._paying, True
        if busy:
            _tell(tell, replace(refused(BUSY), payment=request.payment))
            return
        self._begin(lambda: self._perform(lambda wake, say: self._pay(request, say, wake), request.payment, tell, True))

    def refund(self, request: CardRequest, tell: Tell) -> None:
        """Give back."""
        self.pay(request, tell)

    def status(self, request: CardRequest, tell: Tell) -> None:
        """Ask, behind whatever is under way."""
        self._begin(lambda: self._perform(lambda wake, say: self._driver.ask(request, wake), request.payment, tell))

    def end_of_day(self, tell: Tell) -> None:
        """Close the day, behind whatever is under way."""
        self._begin(lambda: self._perform(lambda wake, say: self._driver.end_of_day(say, wake), "", tell))

    def reprint(self, tell: Tell) -> None:
        """The last receipt, behind whatever is under way."""
        self._begin(lambda: self._perform(lambda wake, say: self._driver.reprint(say, wake), "", tell))

    def abort(self) -> None:
        """Stop what is under way, if anything is."""
        with self._lock:
            wake = self._wake
        if wake is not None:
            wake.call()

    def close(self) -> None:
        """Stop, and let go; a terminal that hangs is left behind."""
        with self._lock:
            first, self._closed = not self._closed, True
            wake, thread = self._wake, self._thread
        if not first:
            return
        if wake is not None:
            wake.call(closing=True)
        self._jobs.put(None)
        if thread is not None:
            thread.join(CLOSE_S)

    def _begin(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="card-terminal", daemon=True)
                self._thread.start()
            alone = self._thread is None or not self._thread.is_alive()
        if alone:
            self._drain()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        self._drain()
        self._driver.close()

    def _drain(self) -> None:
        """What is still asked of a terminal that was let go of ends as `_perform` ends it."""
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None:
                job()

    def _perform(
        self, work: Callable[[Wake, Say], CardState], payment: str, tell: Tell, paying: bool = False
    ) -> None:  # fmt: skip
        wake, last = Wake(), ""

        def say(state: str) -> None:
            nonlocal last
            if state != last:
                last = state
                _tell(tell, CardState(state, payment=payment))

        with self._lock:
            self._wake, closed = wake, self._closed
        try:
            # A payment that was never begun is refused; of one that was asked about nothing is known.
            end = (refused if paying else unknown)(CLOSED) if closed else work(wake, say)
        except TerminalError as error:
            end = (refused if paying else unknown)(error.code, detail=dict(error.facts))
        except Exception as error:  # noqa: BLE001  a fault of ours is no verdict on a payment
            _log().exception("a terminal's driver failed")
            end = unknown(FAULT, type(error).__name__)
        finally:
            with self._lock:
                self._wake = None
                self._paying = self._paying and not paying
            wake.close()
        _tell(tell, CardState(end.state, clean(end.detail), payment))

    def _pay(self, request: CardRequest, say: Say, wake: Wake) -> CardState:
        try:
            end = self._driver.pay(request, say, wake)
        except TerminalError as error:
            if not error.sent:
                raise
            _log().warning("payment %s in doubt: %s %r", request.payment, error.code, error.facts)
            end = unknown(error.code, detail=dict(error.facts))
        return end if end.state != "unknown" else self._find_out(request, end, say, wake)

    def _find_out(self, request: CardRequest, doubt: CardState, say: Say, wake: Wake) -> CardState:
        """Ask the terminal until it knows; ``doubt`` where it never does."""
        wake.quiet()
        for seconds in self._ask_after_s:
            say("asking")
            if wake.rest(seconds):
                break
            try:
                answer = self._driver.ask(request, wake)
            except TerminalError as error:
                _log().warning("payment %s still in doubt: %s %r", request.payment, error.code, error.facts)
                continue
            if answer.state != "unknown":
                return answer
        return doubt


def _tell(tell: Tell, state: CardState) -> None:
    try:
        tell(state)
    except Exception:  # noqa: BLE001  a screen that is closing must not end the terminal's thread
        _log().exception("nobody took the terminal's state")


def _log() -> Any:
    """Imported late: only trouble needs it."""
    import logging

    return logging.getLogger(__name__)
