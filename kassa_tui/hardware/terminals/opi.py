"""OPI-NL over its two channels (standards 7.3): the till asks on channel 0, the terminal shows and prints on channel 1.

Channel 1 listens before anything is sent, both are closed after the answer, and each request has its own number, which
follows from the payment's id. A repeated answer is matched by it after a crash as well.
"""

from __future__ import annotations

import hashlib
import selectors
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kassa_tui.hardware.terminals import hidden
from kassa_tui.hardware.terminals import opi_xml as opi
from kassa_tui.hardware.terminals.amounts import cents, moment
from kassa_tui.hardware.terminals.detail import approved, judge, refused, slip, unknown
from kassa_tui.hardware.terminals.errors import (
    ABORTED,
    BUSY,
    CLOSED,
    DECLINED,
    GARBLED,
    LINE_LOST,
    OTHER_AMOUNT,
    TIMEOUT,
    UNREACHABLE,
    UNSUPPORTED,
    TerminalError,
)
from kassa_tui.hardware.traffic import FROM, TO, Tap, nobody
from kassa_tui.services.ports import CardRequest, CardState

if TYPE_CHECKING:
    from kassa_tui.hardware.terminals.port import Say
    from kassa_tui.hardware.terminals.wake import Wake

PORT, LISTEN_PORT = 4100, 4102
READ = 65_536
NO_CHARGE = {
    "Failure": DECLINED, "Aborted": ABORTED, "LoggedOut": DECLINED, "DeviceUnavailable": BUSY, "Busy": BUSY,
    "FormatError": GARBLED, "ParsingError": GARBLED, "ValidationError": UNSUPPORTED,
    "MissingMandatoryData": UNSUPPORTED,
}  # fmt: skip
"""Results that say that no card was charged; every other one but ``Success`` leaves doubt."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a terminal may take, in seconds."""

    connect: float = 5.0
    message: float = 5.0
    """For the rest of a message that has begun."""
    brief: float = 10.0
    """For the answer to a question that nobody has to act on."""
    whole: float = 180.0
    """For the next word of a terminal at work."""
    settle: float = 300.0
    """After which a payment that the terminal has not ended is none that it is still busy with."""


class OpiDriver:
    """One terminal: it listens on ``port`` and calls back on ``listen_port``."""

    def __init__(
        self, host: str, port: int = PORT, listen_port: int = LISTEN_PORT, workstation: str = "1", pop: str = "001",
        patience: Patience | None = None, tap: Tap = nobody,
    ) -> None:  # fmt: skip
        self._tap = tap
        self._host, self._port, self._listen_port = host, port, listen_port
        self._workstation, self._pop, self._patience = workstation, pop, patience or Patience()

    def pay(self, request: CardRequest, say: Say, wake: Wake) -> CardState:
        """``CardPayment`` or ``PaymentRefund``; logs in first where the terminal says that it has to be."""
        kind = "PaymentRefund" if request.amount < 0 else "CardPayment"
        say("present_card")
        for attempt in (0, 1):
            number = request_number(request.payment, attempt)
            with closing(_Dialogue(self, say, wake)) as dialogue:
                answer = dialogue.ask("CardServiceRequest", kind, number, abs(request.amount), money=True)
            if answer.result != "LoggedOut" or attempt:
                break
            self._service("Login", say, wake)
        return _verdict(answer, abs(request.amount), dialogue.slip)

    def ask(self, request: CardRequest, wake: Wake) -> CardState:
        """Have the last message repeated; it is about this payment if its number or its transaction says so."""
        with closing(_Dialogue(self, None, wake)) as dialogue:
            answer = dialogue.ask("CardServiceRequest", "RepeatLastMessage", _fresh(), None)
        original = answer.attribute("OriginalHeader", "RequestID") or answer.request
        if original in (request_number(request.payment, 0), request_number(request.payment, 1)):
            return _verdict(answer, abs(request.amount), dialogue.slip)
        if answer.result in ("DeviceUnavailable", "Busy"):
            return unknown(BUSY)
        detail = opi.card_detail(answer)
        if answer.result != "Success" or not detail["transaction"]:
            return unknown(UNSUPPORTED, opi.error_text(answer))
        at = moment(answer.attribute("Tender/Authorisation", "TimeStamp"))
        told = judge(request, cents(answer.text("Tender/TotalAmount")), at, detail)
        # It repeats an older message as well while the customer is still typing a PIN for this one.
        busy = not request.at or time.time() * 1000 - request.at < self._patience.settle * 1000
        return unknown(BUSY) if told.state == "refused" and busy else told

    def look(self, wake: Wake) -> None:
        """Open both channels: the protocol has no question that is only a question."""
        with closing(_Dialogue(self, None, wake)):
            return

    def end_of_day(self, say: Say, wake: Wake) -> CardState:
        """``ReconciliationWithClosure``; totals per card where the terminal prints nothing."""
        say("busy")
        answer, printed = self._service("ReconciliationWithClosure", say, wake)
        if answer.result != "Success":
            return refused(NO_CHARGE.get(answer.result, DECLINED), opi.error_text(answer))
        totals = [
            f"{total.get('CardCircuit', '')} {total.get('PaymentType', '')} {total.get('NumberPayments', '')}x "
            f"{(total.text or '').strip()} {total.get('Currency', '')}"
            for total in answer.root.findall("Reconciliation/TotalAmount")
        ]
        return approved({"slip": printed or slip(totals)})

    def reprint(self, say: Say, wake: Wake) -> CardState:
        """``TicketReprint``: the terminal sends its last receipt to the printer."""
        answer, printed = self._service("TicketReprint", say, wake)
        if answer.result != "Success":
            return refused(NO_CHARGE.get(answer.result, DECLINED), opi.error_text(answer))
        return approved({"slip": printed})

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def abort(self) -> None:
        """Say so on a channel of its own; how the payment ended comes as its answer."""
        try:
            with socket.create_connection((self._host, self._port), self._patience.connect) as channel:
                document = self.document("CardServiceRequest", "AbortRequest", _fresh())
                self.tell(TO, document.encode())
                channel.sendall(opi.framed(document))
                channel.settimeout(self._patience.message)
                channel.recv(READ)
        except OSError:
            # The payment goes on, and ends by itself.
            return

    def tell(self, direction: str, document: bytes) -> None:
        """Tell the black box of a document, without what is in it about a card."""
        if self._tap is not nobody:
            self._tap(direction, hidden.xml(document), len(document))

    def document(self, tag: str, kind: str, number: str, amount: int | None = None) -> str:
        """A request of this till."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
        return opi.request(tag, kind, number, self._workstation, self._pop, stamp, amount)

    def _service(self, kind: str, say: Say, wake: Wake) -> tuple[opi.Message, str]:
        with closing(_Dialogue(self, say, wake)) as dialogue:
            answer = dialogue.ask("ServiceRequest", kind, _fresh(), None, everything=True)
            return answer, dialogue.slip


class _Dialogue:
    """One request with everything that the terminal wants shown and printed until it answers."""

    def __init__(self, driver: OpiDriver, say: Say | None, wake: Wake) -> None:
        self._driver, self._say, self._wake = driver, say, wake
        self._patience = driver._patience
        self._sockets: dict[socket.socket, opi.Splitter] = {}
        self._lines: list[str] = []
        self._everything = False
        try:
            self._listener = socket.create_server(("", driver._listen_port))
        except OSError as error:
            raise TerminalError(UNREACHABLE, {"reason": str(error)}) from error
        try:
            self._channel = socket.create_connection((driver._host, driver._port), self._patience.connect)
        except (OSError, UnicodeError) as error:
            self._listener.close()
            raise TerminalError(UNREACHABLE, {"reason": str(error)}) from error
        self._sockets[self._channel] = opi.Splitter()
        self._peer = self._channel.getpeername()[0]

    @property
    def slip(self) -> str:
        """What the terminal printed for the customer."""
        return slip(self._lines)

    def ask(
        self, tag: str, kind: str, number: str, amount: int | None, *, money: bool = False, everything: bool = False
    ) -> opi.Message:  # fmt: skip
        """Send, serve channel 1, and return the answer. ``everything``: the merchant's slip is wanted too."""
        self._everything = everything
        document = self._driver.document(tag, kind, number, amount)
        if self._wake.stop and money:
            raise TerminalError(ABORTED)
        try:
            self._send(self._channel, document)
            return self._hear_out(kind, number)
        except TerminalError as error:
            raise error.after_sending() if money else error from error

    def close(self) -> None:
        """Hang up on both channels."""
        for channel in (*self._sockets, self._listener):
            channel.close()

    def _hear_out(self, kind: str, number: str) -> opi.Message:
        stopped = self._say is None
        while True:
            for channel in self._ready(stopped):
                if channel is self._listener:
                    self._accept()
                    continue
                answer = self._read(channel, kind, number)
                if answer is not None:
                    return answer
            if self._wake.stop and not stopped:
                stopped = True
                self._driver.abort()

    def _ready(self, stopped: bool) -> list[socket.socket]:
        """Sockets that have something; returns without any when the operation is to be stopped."""
        if self._wake.closing:
            raise TerminalError(CLOSED)
        partial = any(splitter.left for splitter in self._sockets.values())
        patience = self._patience.brief if self._say is None else self._patience.whole
        until = time.monotonic() + (self._patience.message if partial else patience)
        with selectors.DefaultSelector() as waiting:
            for channel in (*self._sockets, self._listener):
                waiting.register(channel, selectors.EVENT_READ, channel)
            waiting.register(self._wake.fileno(), selectors.EVENT_READ, None)
            while (left := until - time.monotonic()) > 0:
                ready = [key.data for key, _ in waiting.select(left)]
                if None in ready:
                    self._wake.quiet()
                    if self._wake.closing:
                        raise TerminalError(CLOSED)
                if (self._wake.stop and not stopped) or any(ready):
                    return [channel for channel in ready if channel is not None]
        raise TerminalError(GARBLED if partial else TIMEOUT)

    def _accept(self) -> None:
        try:
            channel, (peer, *_) = self._listener.accept()
        except OSError as error:
            raise TerminalError(LINE_LOST, {"reason": str(error)}) from error
        if peer == self._peer:
            self._sockets[channel] = opi.Splitter()
        else:
            channel.close()

    def _read(self, channel: socket.socket, kind: str, number: str) -> opi.Message | None:
        """Take in what came; the answer, if it is that."""
        splitter = self._sockets[channel]
        try:
            data = channel.recv(READ)
        except OSError as error:
            raise TerminalError(LINE_LOST, {"reason": str(error)}) from error
        if not data:
            if channel is self._channel:
                raise TerminalError(LINE_LOST)
            del self._sockets[channel]
            channel.close()
            return None
        documents = splitter.feed(data)
        if splitter.broken:
            self._driver.tell(FROM, b"")
            raise TerminalError(GARBLED)
        for document in documents:
            self._driver.tell(FROM, document)
            answer = self._take(channel, opi.parse(document), kind, number)
            if answer is not None:
                return answer
        return None

    def _take(
        self, channel: socket.socket, message: opi.Message | None, kind: str, number: str
    ) -> opi.Message | None:  # fmt: skip
        if message is None:
            raise TerminalError(GARBLED)
        if message.tag == "DeviceRequest":
            self._serve(channel, message)
        elif channel is self._channel and (message.request == number or kind == "RepeatLastMessage"):
            return message
        return None

    def _serve(self, channel: socket.socket, asked: opi.Message) -> None:
        for device, lines in opi.output(asked):
            if device == opi.CUSTOMER_SLIP or (device == opi.MERCHANT_SLIP and self._everything):
                self._lines += lines
            elif device in ("CashierDisplay", "CustomerDisplay") and self._say is not None:
                self._say(opi.shown_state(lines))
        # Whether a signature is right is for a person with the card in hand; the till never says yes by itself.
        self._send(channel, opi.device_response(asked, "Failure" if asked.kind == "Input" else "Success"))

    def _send(self, channel: socket.socket, document: str) -> None:
        self._driver.tell(TO, document.encode())
        try:
            channel.settimeout(self._patience.message)
            channel.sendall(opi.framed(document))
        except OSError as error:
            raise TerminalError(LINE_LOST, {"reason": str(error)}) from error


def request_number(payment: str, attempt: int) -> str:
    """Number of the request for a payment: the same whenever it is asked for."""
    digest = hashlib.sha256(f"{payment}/{attempt}".encode()).digest()
    return str(int.from_bytes(digest[:8], "big") % 900_000_000 + 100_000_000)


def _fresh() -> str:
    return str(time.time_ns() // 1000 % 90_000_000 + 1_000_000)


def _verdict(answer: opi.Message, amount: int, printed: str) -> CardState:
    if answer.result != "Success":
        code = NO_CHARGE.get(answer.result)
        return unknown(TIMEOUT, opi.error_text(answer)) if code is None else refused(code, opi.error_text(answer))
    detail = {**opi.card_detail(answer), "slip": printed}
    charged = answer.text("Tender/TotalAmount")
    if charged and cents(charged) != amount:
        return unknown(OTHER_AMOUNT, charged, detail)
    return approved(detail)
