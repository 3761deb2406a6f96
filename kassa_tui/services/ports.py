"""What the services need from the floors above and beside them, as small protocols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from kassa_tui.domain.document import Document
from kassa_tui.domain.outcome import Refused

if TYPE_CHECKING:
    from kassa_tui.config import Device


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
    """``weighed`` or ``scale_zeroed``, which end it; why there is no weight yet (``scale_empty``, ``scale_motion`` …);
    or why there will be none (``device_silent`` …)."""
    final: bool = False
    thousandths: int = 0
    """Of a kilogram, without the tare."""
    amount: int | None = None
    """Cents, where the scale works out the price itself; then this is the price of the line."""
    tare: int = 0
    """Thousandths of a kilogram that were taken off what lay on the scale."""


class Scale(Protocol):
    """A weighing scale."""

    def weigh(self, price: int, name: str, tell: Callable[[ScaleState], None], tare: int = 0) -> None:
        """Begin and return; ``tell`` is called as it goes on, perhaps from another thread, and ends within seconds.
        ``price`` is in cents per kilogram, for scales that show it; ``tare`` in thousandths of a kilogram. What was
        begun before ends untold."""

    def zero(self, tell: Callable[[ScaleState], None]) -> None:
        """Have the empty scale begin at zero; told as a weighing is."""

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

    @property
    def name(self) -> str:
        """As in the configuration."""

    @property
    def since(self) -> float:
        """UTC seconds since when it is so; 0 where that is not known."""

    @property
    def last(self) -> Refused | None:
        """What was wrong last, also when it works again."""


@dataclass(frozen=True, slots=True)
class Plugged:
    """Something plugged in that might be learned."""

    key: str
    """Its device file; steady only as long as it stays plugged in."""
    name: str
    """What it calls itself: text from outside."""
    usb: str = ""
    """Maker and product, ``0c2e:0b61``; empty where it has none."""
    phys: str = ""
    """Physical port as the kernel names it."""
    path: str = ""
    """Steady name of a serial line; empty for what types."""
    twin: bool = False
    """Another device that types has the same maker and product: only the port tells them apart."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard while learning."""

    code: str
    """``scan``: a scanner read ``text``. ``keys``: a hand pressed these. ``typed``: a hand typed a code. ``by_hand``:
    a scan from what was also worked by hand. ``no_end``: a code without an end. ``is_scanner``: a scan while a
    keyboard was wanted. ``sure``: the confirmed device is right. ``ended``: nobody came, it is over."""
    device: str = ""
    """`Plugged.key`."""
    text: str = ""
    layout: str = ""
    """Keyboard layout that the scanner is set to, as far as its code shows."""
    keys: tuple[str, ...] = ()
    """Names as the kernel has them, or numbers where they have none."""


class Learns(Protocol):
    """Who can listen to what is plugged in, and take devices into use while the till runs."""

    def learn(self, role: str, taken: Iterable[str], told: Callable[[Heard], None]) -> Learning:
        """Begin to listen; ``told`` is called on another thread. ``taken`` are serial lines to leave alone."""

    def adopt(self, settings: Iterable[Device], anew: str = "") -> None:
        """Go over to these scanners and keyboards at once, to the one called ``anew`` in any case; never waits."""

    def states(self) -> Sequence[DeviceState]:
        """How each device is; never waits."""


class Learning(Protocol):
    """Listening to everything that is plugged in and not taken, until closed or for `hardware.learning.LISTEN_S`."""

    def device(self, key: str) -> Plugged | None:
        """What is known of a device that was heard; None once it is gone."""

    def closed_to_us(self) -> bool:
        """Whether something is plugged in that may not be listened to."""

    def confirm(self, key: str) -> None:
        """Somebody wants this one; ``sure`` or ``by_hand`` follows within a second."""

    def close(self) -> None:
        """Stop listening; harmless when called again."""
