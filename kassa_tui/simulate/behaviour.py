"""How a simulated terminal behaves, and its books."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

APPROVE, DECLINE, UNKNOWN = "approve", "decline", "unknown"
FINISH, CANCEL = "finish", "cancel"


@dataclass(slots=True)
class Behaviour:
    """What the terminal does with the next payments; may be changed between two of them."""

    end: str = APPROVE
    """``approve``, ``decline``, or ``unknown``: it never says how a payment ended, also when asked."""
    by_amount: bool = False
    """The cents of the amount choose: 13 declines, 31 is unknown, all others approve."""
    dwell_s: float = 0.0
    """Between two states, as a customer takes to find a card."""
    hang: bool = False
    """Takes the order and says nothing any more."""
    late: threading.Event | None = None
    """Says nothing until this is set, then goes on as if nothing had happened."""
    drop_sent: int | None = None
    """The line is cut, once, after so many bytes to the till."""
    drop_received: int | None = None
    """The line is cut, once, after so many bytes from the till."""
    on_drop: str = FINISH
    """What becomes of a payment whose line is cut before the card was charged: ``finish`` or ``cancel``."""
    twice: bool = False
    """Says everything twice."""
    garbage: bytes = b""
    """Said in place of the result."""
    answer_s: float = 2.0
    """How long it waits for the till to acknowledge."""
    looks: int = 1
    """A cloud's payment is open for so many looks."""

    def ending(self, cents: int) -> str:
        """How a payment of this amount is to end."""
        if not self.by_amount:
            return self.end
        return {13: DECLINE, 31: UNKNOWN}.get(cents % 100, APPROVE)


@dataclass(slots=True)
class Charge:
    """One transaction in the terminal's books."""

    number: int
    reference: str
    """What the till called it; empty where the protocol has no name for it."""
    amount: int
    """Cents; negative was given back."""
    at: int
    """UTC milliseconds."""
    ok: bool = True


@dataclass(slots=True)
class Books:
    """Everything that a terminal did."""

    charges: list[Charge] = field(default_factory=list)
    number: int = 0
    told: Callable[[Charge], None] | None = None
    """Hears of each transaction, on the terminal's thread."""

    def add(self, amount: int, reference: str = "", *, ok: bool = True) -> Charge:
        """Note a transaction."""
        self.number += 1
        charge = Charge(self.number, reference, amount, int(time.time() * 1000), ok)
        self.charges.append(charge)
        if self.told is not None:
            self.told(charge)
        return charge

    def last(self) -> Charge | None:
        """The newest one that succeeded."""
        return next((charge for charge in reversed(self.charges) if charge.ok), None)

    def charged(self) -> list[int]:
        """Amounts that were really moved, in order."""
        return [charge.amount for charge in self.charges if charge.ok]


class LineCut(Exception):
    """The line to the till is gone."""


class Meter:
    """Counts every byte of a simulator's lines, and says when to cut."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour, self._lock = behaviour, threading.Lock()
        self.sent = self.received = 0

    def send(self, data: bytes) -> tuple[bytes, bool]:
        """As much of ``data`` as still goes out, and whether the line is cut behind it."""
        with self._lock:
            limit = self._behaviour.drop_sent
            before, self.sent = self.sent, self.sent + len(data)
            if limit is None or self.sent <= limit:
                return data, False
            self._behaviour.drop_sent = None
            return data[: max(limit - before, 0)], True

    def receive(self, data: bytes) -> tuple[bytes, bool]:
        """As much of ``data`` as still comes in, and whether the line is cut behind it."""
        with self._lock:
            limit = self._behaviour.drop_received
            before, self.received = self.received, self.received + len(data)
            if limit is None or self.received <= limit:
                return data, False
            self._behaviour.drop_received = None
            return data[: max(limit - before, 0)], True
