"""What the services need from the floors above and beside them, as small protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from kassa_tui.domain.document import Document
from kassa_tui.domain.outcome import Refused


@dataclass(frozen=True, slots=True)
class CardRequest:
    """One card payment, as the till wrote it to disk before it asks a terminal anything."""

    payment: str
    """Our id of it: unique for ever, the same in the journal, and what a terminal that takes references is given."""
    amount: int
    """Cents; negative gives money back."""
    at: int = 0
    """UTC milliseconds at which it was written to disk; 0 where that is not known."""
    before: tuple[str, ...] = ()
    """Transaction numbers of earlier payments, newest first: what a terminal shows of these is not this payment."""
    after: tuple[str, ...] = ()
    """Transaction numbers of later payments: a terminal whose last one is among these cannot tell of this one."""
    origin: Mapping[str, str] = field(default_factory=dict)
    """For money back: the detail of the payment that is given back, where the till knows it."""


@dataclass(frozen=True, slots=True)
class CardState:
    """Where a card payment stands, as the terminal tells it."""

    state: str
    """``present_card``, ``enter_pin``, ``busy``, ``remove_card``, ``asking`` (the line was lost, and the terminal is
    asked how it ended), ``confirm`` (the cashier reads it off a stand-alone terminal), or the end: ``approved``,
    ``refused``, ``unknown``."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """Printed on the receipt and kept in the journal: ``brand``, ``number`` (masked: never more than the first six and
    the last four digits), ``authorisation``, ``method`` (``contactless``, ``chip``, ``stripe``), ``verification``
    (``pin``, ``none``, ``signature``, ``device``), ``terminal``, ``transaction``. Kept in the journal only: ``slip``
    (the terminal's own text, lines divided by a line feed), ``code`` (why, a name of ours) and ``reason`` (why, as the
    terminal put it)."""
    payment: str = ""
    """Id of the `CardRequest` that this is about; empty where it is about none."""

    @property
    def final(self) -> bool:
        """Whether the terminal is done with it."""
        return self.state in ("approved", "refused", "unknown")


Tell = Callable[[CardState], None]
"""Is told how it goes on, perhaps on another thread, and exactly once how it ended."""


class CardTerminal(Protocol):
    """A PIN terminal. Every method returns at once and none raises: whatever happens ends in a state that is told."""

    stand_alone: bool
    """The cashier types the amount on the terminal and tells the till how it ended."""

    def pay(self, request: CardRequest, tell: Tell) -> None:
        """Charge the card; with a negative amount as `refund`."""

    def refund(self, request: CardRequest, tell: Tell) -> None:
        """Give money back; the amount is negative."""

    def status(self, request: CardRequest, tell: Tell) -> None:
        """Ask what became of a payment that nobody is sure of. Charges nothing, however often it is asked; ``unknown``
        where the terminal does not say either."""

    def abort(self) -> None:
        """Ask the terminal to stop; it still tells how it ended."""

    def end_of_day(self, tell: Tell) -> None:
        """Close the terminal's day: ``approved`` with the report in ``slip``, else why not."""

    def reprint(self, tell: Tell) -> None:
        """The terminal's last receipt once more, in ``slip``."""

    def close(self) -> None:
        """Let go of the device; a payment that is under way ends ``unknown``. Harmless when called again."""


class Printer(Protocol):
    """The receipt printer with the drawer on it; both calls block and are made from the print thread only."""

    def send(self, document: Document) -> Refused | None:
        """Print; None when the printer took it, else why not."""

    def kick(self) -> Refused | None:
        """Open the drawer."""

    def close(self) -> None:
        """Let go of the device."""


@dataclass(frozen=True, slots=True)
class PrinterSeen:
    """What a printer told of itself last."""

    answers: bool = False
    """It tells anything at all."""
    drawer: bool | None = None
    """The drawer is open, or shut; None where it has no switch, as far as is known."""
    advice: str = ""
    """Code of what wants doing and stops nothing yet; empty when all is well."""
    finished: bool = False
    """The job that was refused in doubt has come out after all."""


@runtime_checkable
class TellingPrinter(Printer, Protocol):
    """A printer that can be asked how it is. A refusal of its ``send`` has the fact ``doubt`` where part of the job may
    be on paper."""

    seen: PrinterSeen
    """As of the last call of any kind."""

    def look(self) -> Refused | None:
        """Ask it now; ``pending`` among the facts of a refusal says that a job in doubt may yet come out."""


@dataclass(frozen=True, slots=True)
class ScaleState:
    """Where a weighing stands, as the scale tells it."""

    code: str
    """``weighed``, which ends it; why there is no weight yet (``scale_empty``, ``scale_motion`` …); or why there will
    be none (``device_silent`` …)."""
    final: bool = False
    thousandths: int = 0
    """Of a kilogram, without the tare."""
    amount: int | None = None
    """Cents, where the scale works out the price itself; then this is the price of the line."""


class Scale(Protocol):
    """A weighing scale."""

    def weigh(self, price: int, name: str, tell: Callable[[ScaleState], None]) -> None:
        """Begin and return; ``tell`` is called as it goes on, perhaps from another thread, and ends within seconds.
        ``price`` is in cents per kilogram, for scales that show it. What was begun before ends untold."""

    def cancel(self) -> None:
        """Stop asking; nothing is told any more."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What the customer sees: two lines, and on a larger screen the goods above them."""

    upper: tuple[str, str]
    """Text on the left, amount on the right."""
    lower: tuple[str, str] = ("", "")
    lines: tuple[tuple[str, str], ...] = ()
    """Goods and their amounts, the last ones last."""
    title: str = ""


class CustomerDisplay(Protocol):
    """The display on the customer's side."""

    def show(self, showing: Showing) -> None:
        """Show it soon and return at once; what was to be shown before it is passed over."""


class DeviceState(Protocol):
    """How one device is, for status line and device screen."""

    @property
    def role(self) -> str:
        """As in the configuration."""

    @property
    def kind(self) -> str:
        """As in the configuration."""

    @property
    def trouble(self) -> Refused | None:
        """What is wrong, or None."""
