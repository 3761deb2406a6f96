"""A ZVT terminal on a TCP port or a pseudo-terminal."""

from __future__ import annotations

import threading
import time
from collections import deque

from kassa_tui.hardware.terminals import zvt_bytes as zvt
from kassa_tui.hardware.terminals import zvt_frames
from kassa_tui.hardware.terminals.amounts import euros
from kassa_tui.simulate.behaviour import CANCEL, DECLINE, UNKNOWN, Behaviour, Books, Charge, LineCut, Meter
from kassa_tui.simulate.lines import CLOSE_S, Cable, Listener, PtyCable

TERMINAL_ID = "29000006"
CARD = bytes.fromhex("672600EEEEEE4771")
HANG_S = 0.05
"""How soon a terminal that hangs notices that it is to go on."""
POSITIVE, NOT_SUPPORTED = zvt.Apdu(0x8000), zvt.Apdu(zvt.NOT_SUPPORTED)
_OPEN_ERROR, _ABORTED, _DECLINED, _NO_RECEIPT = 0xA0, 0x6C, 0x05, 0x83


class ZvtSimulator:
    """``zvt`` over TCP (`port`) or, with ``serial``, over a pseudo-terminal (`path`)."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0, serial: bool = False) -> None:
        self.behaviour, self.books = behaviour or Behaviour(), Books()
        self.meter = Meter(self.behaviour)
        self.heard: list[int] = []
        """Every command that the till gave, in order."""
        self._closed = False
        self._listener: Listener | None = None
        self._pty: PtyCable | None = None
        self.port, self.path = 0, ""
        if serial:
            self._pty = PtyCable(self.meter)
            self.path = self._pty.path
            self._thread = threading.Thread(target=self._serial, args=(self._pty,), name="simulator", daemon=True)
            self._thread.start()
        else:
            self._listener = Listener(lambda cable: _Session(self, _Tcp(cable)).run(), self.meter, port)
            self.port = self._listener.port

    def close(self) -> None:
        """Switch it off."""
        if self._closed:
            return
        self._closed = True
        if self.behaviour.late is not None:
            self.behaviour.late.set()
        if self._listener is not None:
            self._listener.close()
        if self._pty is not None:
            self._pty.close()
            self._thread.join(CLOSE_S)
            self._pty.release()

    def _serial(self, cable: PtyCable) -> None:
        while not self._closed:
            try:
                _Session(self, _Serial(cable, self.behaviour)).run()
            except LineCut:
                continue


class _Tcp:
    """Commands over a socket."""

    def __init__(self, cable: Cable) -> None:
        self._cable, self._splitter = cable, zvt.Splitter()
        self._ready: deque[zvt.Apdu] = deque()

    def receive(self, seconds: float | None) -> zvt.Apdu | None:
        """The till's next command; None when the time is over."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._ready:
            left = None if until is None else max(until - time.monotonic(), 0)
            data = self._cable.read(left)
            if not data:
                return None
            self._ready.extend(self._splitter.feed(data))
        return self._ready.popleft()

    def send(self, apdu: zvt.Apdu) -> None:
        """Say it."""
        self._cable.write(apdu.encode())

    def forget(self) -> None:
        """What came while nobody listened is lost; a socket keeps it."""
        return

    def put_back(self, apdu: zvt.Apdu) -> None:
        """Hear it again next."""
        self._ready.appendleft(apdu)

    def raw(self, data: bytes) -> None:
        """Say what is no command."""
        self._cable.write(data)


class _Serial(_Tcp):
    """Commands in frames, acknowledged."""

    def __init__(self, cable: Cable, behaviour: Behaviour) -> None:
        super().__init__(cable)
        self._behaviour = behaviour
        self._deframer = zvt_frames.Deframer()
        self._answers: deque[str] = deque()

    def receive(self, seconds: float | None) -> zvt.Apdu | None:
        """The till's next command."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._ready:
            left = None if until is None else max(until - time.monotonic(), 0)
            if not self._listen(left):
                return None
        return self._ready.popleft()

    def send(self, apdu: zvt.Apdu) -> None:
        """Say it until the till has taken it, at most three times."""
        for _ in range(3):
            self._answers.clear()
            self._cable.write(zvt_frames.frame(apdu.encode()))
            until = time.monotonic() + self._behaviour.answer_s
            while not self._answers and (left := until - time.monotonic()) > 0:
                self._listen(left)
            if self._answers and self._answers[0] == zvt_frames.TAKEN:
                return
        raise LineCut

    def forget(self) -> None:
        """What came while nobody listened is lost."""
        while self._cable.read(0):
            self._ready.clear()

    def _listen(self, seconds: float | None) -> bool:
        data = self._cable.read(seconds)
        for event in self._deframer.feed(data):
            if event in (zvt_frames.TAKEN, zvt_frames.AGAIN):
                self._answers.append(str(event))
                continue
            apdu = zvt.parse_apdu(event) if isinstance(event, bytes) else None
            self._cable.write(bytes([zvt_frames.NAK if apdu is None else zvt_frames.ACK]))
            if apdu is not None:
                self._ready.append(apdu)
        return bool(data)


class _Session:
    """What the terminal does on one line."""

    def __init__(self, terminal: ZvtSimulator, line: _Tcp) -> None:
        self._terminal, self._line = terminal, line
        self._behaviour, self._books = terminal.behaviour, terminal.books
        self._aborted = False

    def run(self) -> None:
        """Serve the till until it hangs up."""
        while True:
            order = self._line.receive(None)
            if order is not None:
                self._terminal.heard.append(order.control)
                self._obey(order)

    def _obey(self, order: zvt.Apdu) -> None:
        self._aborted = False
        if order.control == zvt.REGISTER:
            self._say(POSITIVE)
            self._tell(zvt.Apdu(zvt.COMPLETION, zvt.encode_fields({0x19: b"\0", 0x29: bytes.fromhex(TERMINAL_ID)})))
        elif order.control in (zvt.AUTHORISE, zvt.REFUND):
            self._pay(order)
        elif order.control == zvt.STATUS_ENQUIRY:
            self._say(POSITIVE)
            self._tell(zvt.Apdu(zvt.COMPLETION, b"\0"))
        elif order.control == zvt.REPEAT_RECEIPT:
            self._repeat()
        elif order.control == zvt.END_OF_DAY:
            self._end_of_day()
        elif order.control not in (0x8000, 0x8466, zvt.ABORT):
            self._say(NOT_SUPPORTED)

    def _pay(self, order: zvt.Apdu) -> None:
        refund = order.control == zvt.REFUND
        found, _ = zvt.fields(order.data[3:] if refund else order.data)
        cents = zvt.from_bcd(found.get(0x04, b"")) or 0
        amount = -cents if refund else cents
        ending = self._behaviour.ending(cents)
        try:
            self._say(POSITIVE)
            self._wait_for_customer()
        except LineCut:
            self._alone(amount, ending)
            raise
        if self._aborted:
            self._say(zvt.Apdu(zvt.TERMINAL_ABORT, bytes([_ABORTED])))
            return
        if ending == DECLINE:
            self._books.add(amount, ok=False)
            self._tell(zvt.Apdu(zvt.STATUS, zvt.encode_fields({0x27: bytes([_DECLINED])})))
            self._tell(zvt.Apdu(zvt.TERMINAL_ABORT, bytes([_DECLINED])))
            return
        self._approve(self._books.add(amount), ending)

    def _alone(self, amount: int, ending: str) -> None:
        """The line went while the customer was busy."""
        if ending != DECLINE and self._behaviour.on_drop != CANCEL:
            self._books.add(amount)

    def _wait_for_customer(self) -> None:
        if self._behaviour.hang:
            while self._behaviour.hang:
                self._line.receive(HANG_S)
            raise LineCut
        if self._behaviour.late is not None:
            self._behaviour.late.wait()
            self._line.forget()
        for code in (0x0A, 0x15, 0x0E):
            self._tell(zvt.Apdu(zvt.INTERMEDIATE, bytes([code])))
            if self._behaviour.dwell_s and not self._aborted:
                self._listen(self._behaviour.dwell_s)
            if self._aborted:
                return

    def _approve(self, charge: Charge, ending: str) -> None:
        if self._behaviour.garbage:
            self._line.raw(self._behaviour.garbage)
        elif ending == UNKNOWN:
            self._tell(zvt.Apdu(zvt.COMPLETION))
        else:
            self._tell(zvt.Apdu(zvt.STATUS, status_fields(charge)))
            self._print(charge)
            self._tell(zvt.Apdu(zvt.COMPLETION))

    def _print(self, charge: Charge) -> None:
        text = f"Bedrag EUR {euros(abs(charge.amount))}".encode("cp437")
        block = zvt.tlv(0x1F07, b"\x02") + zvt.tlv(0x25, zvt.tlv(0x07, b"KOPIE KLANT") + zvt.tlv(0x07, text))
        self._tell(zvt.Apdu(zvt.PRINT_LINE, b"\x40** BETALING **"))
        self._tell(zvt.Apdu(zvt.PRINT_BLOCK, zvt.encode_container(block)))

    def _repeat(self) -> None:
        self._say(POSITIVE)
        last = self._books.last()
        if last is None or self._behaviour.ending(abs(last.amount)) == UNKNOWN:
            self._tell(zvt.Apdu(zvt.TERMINAL_ABORT, bytes([_NO_RECEIPT])))
            return
        self._tell(zvt.Apdu(zvt.STATUS, status_fields(last)))
        self._print(last)
        self._tell(zvt.Apdu(zvt.COMPLETION))

    def _end_of_day(self) -> None:
        self._say(POSITIVE)
        total = sum(self._books.charged())
        self._tell(zvt.Apdu(zvt.STATUS, zvt.encode_fields({0x27: b"\0", 0x04: zvt.bcd(abs(total), 6)})))
        self._tell(zvt.Apdu(zvt.PRINT_LINE, b"\x40** KASSASCHNITT **"))
        self._tell(zvt.Apdu(zvt.PRINT_LINE, b"\x00" + f"{len(self._books.charged())} x EUR {euros(total)}".encode()))
        self._tell(zvt.Apdu(zvt.COMPLETION))

    def _say(self, apdu: zvt.Apdu) -> None:
        for _ in range(2 if self._behaviour.twice else 1):
            self._line.send(apdu)

    def _tell(self, apdu: zvt.Apdu) -> None:
        """Say something that the till acknowledges."""
        for _ in range(2 if self._behaviour.twice else 1):
            self._line.send(apdu)
            self._listen(self._behaviour.answer_s, until_acknowledged=True)

    def _listen(self, seconds: float, *, until_acknowledged: bool = False) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            said = self._line.receive(left)
            if said is None:
                return
            if said.control == zvt.ABORT:
                self._terminal.heard.append(said.control)
                self._aborted = True
                self._say(POSITIVE)
                if not until_acknowledged:
                    return
            elif said.control == 0x8466 and self._books.charges:
                self._books.charges[-1].ok = False
            elif until_acknowledged and said.control >> 8 not in (0x80, 0x84):
                # The till goes on to its next command, and so has heard this one.
                self._line.put_back(said)
                return
            if until_acknowledged and said.control >> 8 in (0x80, 0x84):
                return


def status_fields(charge: Charge) -> bytes:
    """Status information of an approved transaction."""
    at = time.localtime(charge.at / 1000)
    inside = zvt.tlv(0x2F, zvt.tlv(0x1F10, b"\x02") + zvt.tlv(0x1F12, b"\x02"))
    return zvt.encode_fields({
        0x27: b"\0", 0x04: zvt.bcd(abs(charge.amount), 6), 0x0B: zvt.bcd(charge.number, 3),
        0x0C: bytes.fromhex(time.strftime("%H%M%S", at)), 0x0D: bytes.fromhex(time.strftime("%m%d", at)),
        0x22: CARD, 0x29: bytes.fromhex(TERMINAL_ID), 0x87: zvt.bcd(charge.number, 2), 0x3B: b"123456\0\0",
        0x8A: b"\x2e", 0x8B: b"Maestro\0", 0x06: inside,
    })  # fmt: skip
