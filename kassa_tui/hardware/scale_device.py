"""A scale behind its supervisor: a weighing is asked for from anywhere, done on the device's thread, and bounded."""

from __future__ import annotations

import select
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware import scale_dialog06 as dialog
from kassa_tui.hardware.charset import NEAREST
from kassa_tui.hardware.scale_protocols import EMPTY, MOTION, Answer, Notice, Weight
from kassa_tui.hardware.scale_protocols import Protocol as Asking
from kassa_tui.hardware.serial_line import SerialLine
from kassa_tui.hardware.supervisor import Bell, DeviceError
from kassa_tui.services.ports import ScaleState

POLL_S = 0.2
"""Between two questions; scales ask for 200 to 500 ms."""
ANSWER_S = 0.5
PATIENCE_S = 10.0
"""How long goods may take to come to rest before the till gives up asking."""
IDLE_CHECK_S = 30.0
"""A scale that nobody weighs on is asked so often whether it is still there."""
ZERO_ANSWER_S = 0.2
"""For the answer to the command for zero; half of the scales give none."""
ZERO_S = 1.5
"""After which a scale that still shows a weight has refused."""
SILENT = "device_silent"
ZEROED, ZERO_REFUSED, NO_ZERO = "scale_zeroed", "scale_zero_refused", "scale_no_zero"
TARED, BELOW_TARE = "scale_tared", "scale_below_tare"
"""The scale takes off a tare of its own besides the till's; less lies on it than the tare."""

Tell = Callable[[ScaleState], None]


@dataclass(frozen=True, slots=True)
class Order:
    """One weighing that was asked for, or one zero."""

    price: int
    name: str
    tell: Tell
    tare: int = 0
    zero: bool = False


class Manner(Protocol):
    """How a scale is spoken to."""

    speaks: bool
    """Answers whenever it is asked."""

    def begin(self) -> None:
        """A new weighing: what was read before does not count."""

    def ask(self, order: Order) -> ScaleState:
        """One question and its answer; ``device_silent`` where none came. Raises `DeviceError`."""

    def zero(self) -> ScaleState:
        """Ask for zero once after `begin`, then look whether it is; as `ask`."""

    def there(self) -> bool:
        """Whether the scale answers at all."""


class Polled:
    """Scales that say their weight; equal stable answers in a row make one."""

    def __init__(self, protocol: Asking, line: SerialLine, bell: Bell) -> None:
        self.speaks = protocol.speaks
        self._protocol, self._line, self._bell = protocol, line, bell
        self._seen: Answer | None = None
        self._times = 0
        self._kept: Answer | None = None
        self._kept_until = self._zero_until = 0.0

    def begin(self) -> None:
        """What was read before does not count."""
        self._seen, self._times, self._zero_until = None, 0, 0.0

    def ask(self, order: Order) -> ScaleState:
        """The answer to one request."""
        found = self._settled()
        return found if isinstance(found, ScaleState) else _net(found, order.tare)

    def zero(self) -> ScaleState:
        """The command, and then what the scale shows: many do not answer it."""
        if not self._zero_until:
            self._zero_until = time.monotonic() + ZERO_S
            self._line.drain()
            self._line.write(self._protocol.zero)
            said = self._line.read(self._bell, ZERO_ANSWER_S)
            if any(refusal in said for refusal in self._protocol.zero_refusals):
                return ScaleState(ZERO_REFUSED, True)
        found = self._settled()
        if self._seen == Notice(EMPTY) or (isinstance(found, Weight) and not found.thousandths):
            return ScaleState(ZEROED, True)
        if isinstance(found, Weight) and time.monotonic() >= self._zero_until:
            return ScaleState(ZERO_REFUSED, True)
        return ScaleState(MOTION) if isinstance(found, Weight) or found.code == EMPTY else found

    def _settled(self) -> Weight | ScaleState:
        """A weight that stands still, or why there is none yet."""
        answer = self._answer() if self.speaks else self._changed()
        self._times = self._times + 1 if answer == self._seen else 1
        self._seen = answer
        if answer is None:
            return ScaleState(SILENT)
        if isinstance(answer, Notice):
            return ScaleState(answer.code)
        if not answer.stable or self._times < self._protocol.agreeing:
            return ScaleState(EMPTY if not answer.thousandths else MOTION)
        return answer

    def there(self) -> bool:
        """Whether an answer of any kind comes."""
        return self._answer() is not None

    def _changed(self) -> Answer | None:
        """Of a scale that only tells what changed: the last it told stands for a while, then it may as well be off."""
        answer, now = self._answer(), time.monotonic()
        if answer is not None:
            self._kept, self._kept_until = answer, now + PATIENCE_S
            return answer
        return self._kept if now < self._kept_until else None

    def _answer(self) -> Answer | None:
        if self.speaks:
            self._line.drain()
        self._line.write(self._protocol.request)
        data, until = b"", time.monotonic() + ANSWER_S
        while (left := until - time.monotonic()) > 0 and not self._bell.is_set():
            data += self._line.read(self._bell, left)
            answer, data = self._protocol.parse(data)
            if isinstance(answer, Weight | Notice):
                return answer
        return None


class Dialogue:
    """Scales that are given the price and answer with the amount."""

    speaks = True

    def __init__(
        self, line: SerialLine, bell: Bell, polynomial: int | None, text: bool, number: Callable[[], int]
    ) -> None:
        self._line, self._bell, self._text = line, bell, text
        self._scale = dialog.Dialog06(polynomial, number)
        self._data = b""

    def begin(self) -> None:
        """What was read before does not count."""
        self._data = b""

    def ask(self, order: Order) -> ScaleState:
        """One try."""
        self.listen_afresh()
        found = self._scale.weigh(self, order.price, order.tare, plain_letters(order.name) if self._text else b"")
        if isinstance(found, Notice):
            return ScaleState(found.code, found.code == dialog.UNPROVEN)
        if not found.thousandths:
            return ScaleState(EMPTY)
        return ScaleState("weighed", True, found.thousandths, found.amount, order.tare)

    def zero(self) -> ScaleState:
        """The protocol has no word for it."""
        return ScaleState(NO_ZERO, True)

    def there(self) -> bool:
        """Whether the scale answers when asked how it is."""
        self.listen_afresh()
        self.write(dialog.ASK_STATUS)
        record = self.read_record()
        if record is not None and not isinstance(record, bytes):
            self.write(dialog.EOT)
        return record is not None

    def listen_afresh(self) -> None:
        """Forget what came unasked."""
        self._line.drain()
        self._data = b""

    def write(self, data: bytes) -> None:
        """Send."""
        self._line.write(data)

    def read_record(self) -> dialog.Record | None:
        """The next record, within the time that a scale has for it."""
        until = time.monotonic() + dialog.ANSWER_S
        while True:
            record, self._data = dialog.parse(self._data)
            left = until - time.monotonic()
            if record is not None or left <= 0 or self._bell.is_set():
                return record
            self._data += self._line.read(self._bell, left)


def _net(found: Weight, tare: int) -> ScaleState:
    """What is left of a weight without the tare."""
    if found.net and tare:
        return ScaleState(TARED)
    net = found.thousandths - tare
    if not net or not found.thousandths:
        return ScaleState(EMPTY)
    return ScaleState("weighed", True, net, tare=tare) if net > 0 else ScaleState(BELOW_TARE)


def plain_letters(text: str) -> bytes:
    """A text in the 95 signs that every scale shows."""
    nearest = "".join(NEAREST.get(char, char) for char in text if char.isprintable())
    return unicodedata.normalize("NFKD", nearest).encode("ascii", "ignore")


class ScaleDevice:
    """The scale's own thread asks; `take` and `cancel` may be called from any."""

    def __init__(
        self, line: SerialLine, manner: Callable[[SerialLine, Bell], Manner], *, poll_s: float = POLL_S,
        patience_s: float = PATIENCE_S, idle_s: float = IDLE_CHECK_S,
    ) -> None:  # fmt: skip
        self._line, self._manner = line, manner
        self._poll_s, self._patience_s, self._idle_s = poll_s, patience_s, idle_s
        self._lock = threading.Lock()
        self._order: Order | None = None
        self._orders = Bell()
        self._running = False

    def take(self, order: Order) -> bool:
        """Take an order in place of any before it; False where there is no scale to give it to."""
        with self._lock:
            if self._running:
                self._order = order
            running = self._running
        self._orders.ring()
        return running

    def cancel(self) -> None:
        """Drop the order."""
        with self._lock:
            self._order = None

    def open(self, stop: Bell) -> None:
        """Open the line; a scale that always answers must do so."""
        self._line.open()
        manner = self._manner(self._line, stop)
        if manner.speaks and not manner.there() and not stop.is_set():
            raise DeviceError(SILENT, {"path": self._line.path})
        self._orders.clear()
        with self._lock:
            self._running = True

    def run(self, stop: Bell) -> None:
        """Wait for orders; look now and then whether the scale is still there."""
        manner = self._manner(self._line, stop)
        while not stop.is_set():
            order = self._order
            if order is not None:
                self._weigh(manner, order, stop)
                continue
            line, orders = self._line.fileno(), self._orders.fileno()
            ready, _, _ = select.select([line, orders, stop.fileno()], [], [], self._idle_s)
            if orders in ready:
                self._orders.clear()
            elif line in ready:
                self._line.read(stop, 0)  # said unasked, or unplugged
            elif not ready and manner.speaks and not manner.there() and not manner.there():
                raise DeviceError(SILENT, {"path": self._line.path})

    def close(self) -> None:
        """Let go; an order that waits is told so."""
        with self._lock:
            self._running = False
        self._end(self._order, ScaleState("device_missing", True))
        self._line.close()

    def _weigh(self, manner: Manner, order: Order, stop: Bell) -> None:
        manner.begin()
        last, until, heard = "", time.monotonic() + self._patience_s, False
        while self._order is order and not stop.is_set():
            try:
                state = manner.zero() if order.zero else manner.ask(order)
            except DeviceError as error:
                self._end(order, ScaleState(error.code, True))
                raise
            heard = heard or state.code != SILENT
            late = time.monotonic() >= until
            if state.final or late:
                self._end(order, state if state.final else ScaleState(state.code, True))
                if late and not heard and manner.speaks:
                    raise DeviceError(SILENT, {"path": self._line.path})
                return
            if state.code not in (last, SILENT):
                last = state.code
                order.tell(state)
            stop.wait(self._poll_s)

    def _end(self, order: Order | None, state: ScaleState) -> None:
        """Tell the end to whoever asked, unless it was cancelled or asked anew meanwhile."""
        with self._lock:
            mine = order is not None and self._order is order
            if mine:
                self._order = None
        if mine and order is not None:
            order.tell(state)


class ScalePort:
    """The scale as the till knows it: where it is out of order, whoever asks is told so at once."""

    def __init__(self, device: ScaleDevice, trouble: Callable[[], Refused | None]) -> None:
        self._device, self._trouble = device, trouble

    def weigh(self, price: int, name: str, tell: Tell, tare: int = 0) -> None:
        """Begin; ends within the patience that the device has."""
        self._give(Order(price, name, tell, tare))

    def zero(self, tell: Tell) -> None:
        """Begin at zero, with nothing on the scale."""
        self._give(Order(0, "", tell, zero=True))

    def _give(self, order: Order) -> None:
        if not self._device.take(order):
            trouble = self._trouble()
            order.tell(ScaleState(trouble.code if trouble else "device_missing", True))

    def cancel(self) -> None:
        """Stop asking."""
        self._device.cancel()
