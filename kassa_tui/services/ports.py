"""What the services need from the floors above and beside them, as small protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kassa_tui.domain.document import Document
from kassa_tui.domain.outcome import Refused


@dataclass(frozen=True, slots=True)
class CardState:
    """Where a card payment stands, as the terminal tells it."""

    state: str
    """``present_card``, ``enter_pin``, ``busy``, ``confirm`` (the cashier reads it off a stand-alone terminal), or the
    end: ``approved``, ``refused``, ``unknown``."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """Brand, masked number, authorisation: printed on the receipt and kept in the journal."""

    @property
    def final(self) -> bool:
        """Whether the terminal is done with it."""
        return self.state in ("approved", "refused", "unknown")


class CardTerminal(Protocol):
    """A PIN terminal."""

    stand_alone: bool
    """The cashier types the amount on the terminal and tells the till how it ended."""

    def pay(self, payment: str, amount: int, tell: Callable[[CardState], None]) -> None:
        """Start a payment (a refund where ``amount`` is negative) and return; ``tell`` is called as it goes on,
        perhaps from another thread."""

    def abort(self) -> None:
        """Ask the terminal to stop; it still tells how it ended."""


class Printer(Protocol):
    """The receipt printer with the drawer on it; both calls block and are made from the print thread only."""

    def send(self, document: Document) -> Refused | None:
        """Print; None when the printer took it, else why not."""

    def kick(self) -> Refused | None:
        """Open the drawer."""

    def close(self) -> None:
        """Let go of the device."""
