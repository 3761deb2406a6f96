"""An OPI terminal: it listens for requests and calls the till back on the till's own port."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from xml.sax.saxutils import escape, quoteattr

from kassa_tui.hardware.terminals import opi_xml as opi
from kassa_tui.hardware.terminals.amounts import cents, euros
from kassa_tui.simulate.behaviour import CANCEL, DECLINE, UNKNOWN, Behaviour, Books, Charge, LineCut, Meter
from kassa_tui.simulate.lines import Cable, Listener, SocketCable

TERMINAL_ID = "90000042"
HANG_S = 0.05
"""How soon a terminal that hangs notices that it is to go on."""


class OpiSimulator:
    """``port`` is its own; ``call_back`` the till's, and may be set before the first request."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0, call_back: int = 4102) -> None:
        self.behaviour, self.books, self.call_back = behaviour or Behaviour(), Books(), call_back
        self.meter = Meter(self.behaviour)
        self.heard: list[str] = []
        """Kind of every request, in order."""
        self.logged_in = True
        """Whether a payment may be made without a log-in first."""
        self.device_answers: list[opi.Message] = []
        self._last = ""
        """The last answer to a payment, to be repeated."""
        self._abort = threading.Event()
        self._closed = False
        self._listener = Listener(self._serve, self.meter, port, parallel=True)
        self.port = self._listener.port
        self._stop, self._stopper = socket.socketpair()

    def close(self) -> None:
        """Switch it off."""
        if self._closed:
            return
        self._closed = True
        if self.behaviour.late is not None:
            self.behaviour.late.set()
        with contextlib.suppress(OSError):
            self._stopper.send(b"!")
        self._listener.close()

    def _serve(self, cable: Cable) -> None:
        splitter = opi.Splitter()
        while True:
            for document in splitter.feed(cable.read(None)):
                request = opi.parse(document)
                if request is not None:
                    self.heard.append(request.kind)
                    self._obey(cable, request)

    def _obey(self, cable: Cable, request: opi.Message) -> None:
        kind = request.kind
        if kind in ("CardPayment", "PaymentRefund"):
            if not self.logged_in:
                self._say(cable, answer(request, "LoggedOut"))
                return
            self._pay(cable, request)
        elif kind == "AbortRequest":
            self._abort.set()
            self._say(cable, answer(request, "Success"))
        elif kind == "RepeatLastMessage":
            hidden = not self._last or self.behaviour.end == UNKNOWN
            self._say(cable, answer(request, "Failure") if hidden else self._last)
        else:
            self._service(cable, request)

    def _service(self, cable: Cable, request: opi.Message) -> None:
        body = ""
        if request.kind == "Login":
            self.logged_in = True
        elif request.kind == "ReconciliationWithClosure":
            done = self.books.charged()
            body = (f'<Reconciliation><TotalAmount NumberPayments="{len(done)}" PaymentType="Debit" Currency="EUR"'
                    f' CardCircuit="Maestro">{euros(sum(done))}</TotalAmount></Reconciliation>')  # fmt: skip
        elif request.kind == "TicketReprint":
            last = self.books.last()
            self._show([(opi.CUSTOMER_SLIP, _receipt(last) if last else ["GEEN BON"])])
        self._say(cable, answer(request, "Success", body))

    def _pay(self, cable: Cable, request: opi.Message) -> None:
        self._abort.clear()
        amount = cents(request.text("TotalAmount")) or 0
        signed = -amount if request.kind == "PaymentRefund" else amount
        ending = self.behaviour.ending(amount)
        try:
            aborted = self._customer(cable)
        except LineCut:
            lost = ending == DECLINE or self.behaviour.on_drop == CANCEL
            self._note(request, signed, "Aborted" if lost else "Success")
            raise
        if aborted:
            self._say(cable, self._note(request, signed, "Aborted"))
        elif ending == DECLINE:
            self._say(cable, self._note(request, signed, "Failure"))
        else:
            told = self._note(request, signed, "Success")
            with contextlib.suppress(LineCut):
                self._show([(opi.CUSTOMER_SLIP, _receipt(self.books.charges[-1]))])
            if self.behaviour.garbage:
                cable.write(self.behaviour.garbage)
            else:
                self._say(cable, answer(request, "TimedOut") if ending == UNKNOWN else told)

    def _note(self, request: opi.Message, amount: int, result: str) -> str:
        """Into the books, and the answer that tells of it."""
        charge = self.books.add(amount, request.request, ok=result == "Success")
        self._last = answer(request, result, _tender(charge) if charge.ok else "")
        return self._last

    def _customer(self, cable: Cable) -> bool:
        """Show what is to be done, and let the customer do it; whether it was aborted."""
        if self.behaviour.hang:
            while self.behaviour.hang:
                cable.read(HANG_S)
            raise LineCut
        if self.behaviour.late is not None:
            self.behaviour.late.wait()
        for text in ("Kaart aanbieden a.u.b.", "PIN invoeren", "Even geduld"):
            self._show([("CashierDisplay", [text])])
            if self._abort.wait(self.behaviour.dwell_s):
                return True
        return False

    def _show(self, outputs: list[tuple[str, list[str]]]) -> None:
        """One device request on channel 1, and the till's answer to it."""
        try:
            channel = socket.create_connection(("127.0.0.1", self.call_back), self.behaviour.answer_s)
        except OSError as error:
            raise LineCut from error
        cable = SocketCable(channel, self.meter, self._stop)
        parts = "".join(
            f"<Output OutDeviceTarget={quoteattr(device)}>"
            + "".join(f"<TextLine>{escape(line)}</TextLine>" for line in lines)
            + "</Output>"
            for device, lines in outputs
        )
        try:
            self._say(cable, f'{opi.HEAD}<DeviceRequest xmlns="{opi.NAMESPACE}" RequestType="Output" WorkstationID="1"'
                             f' RequestID="{len(self.device_answers) + 1}">{parts}</DeviceRequest>')  # fmt: skip
            splitter = opi.Splitter()
            while not (documents := splitter.feed(self._heard(cable))):
                continue
            found = opi.parse(documents[0])
            if found is not None:
                self.device_answers.append(found)
        finally:
            cable.close()

    def _heard(self, cable: Cable) -> bytes:
        data = cable.read(self.behaviour.answer_s)
        if not data:
            raise LineCut
        return data

    def _say(self, cable: Cable, document: str) -> None:
        for _ in range(2 if self.behaviour.twice else 1):
            cable.write(opi.framed(document))


def answer(request: opi.Message, result: str, body: str = "") -> str:
    """A response to a request."""
    tag = request.tag.replace("Request", "Response")
    return (
        f'{opi.HEAD}<{tag} xmlns="{opi.NAMESPACE}" RequestType={quoteattr(request.kind)} ApplicationSender="SIM" '
        f'WorkstationID="1" POPID="001" RequestID={quoteattr(request.request)} OverallResult={quoteattr(result)}>'
        f"{body}</{tag}>"
    )


def _tender(charge: Charge) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(charge.at // 1000))
    return (
        f'<Terminal TerminalID="{TERMINAL_ID}" STAN="{charge.number:06}"/>'
        f'<Tender><TotalAmount Currency="EUR">{euros(abs(charge.amount))}</TotalAmount>'
        f'<Authorisation AuthorisationType="Online" CardCircuit="Maestro" CardPAN="673400XXXXXXXXX4771" Merchant="1"'
        f' ReceiptNumber="{charge.number}" ActionCode="000" ApprovalCode="123456" TimeStamp="{stamp}"/></Tender>'
        "<PrivateData><CardTechnologyType>Contactless</CardTechnologyType>"
        "<CardVerificationMethod>OnlinePIN</CardVerificationMethod></PrivateData>"
    )


def _receipt(charge: Charge) -> list[str]:
    return ["KOPIE KLANT", f"Terminal {TERMINAL_ID}", f"Totaal {euros(abs(charge.amount))} EUR", "AKKOORD"]
