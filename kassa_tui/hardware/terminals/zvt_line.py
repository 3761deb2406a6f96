"""The two roads to a ZVT terminal: a socket that carries commands as they are, and a serial line that frames them."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kassa_tui.hardware.terminals import hidden, zvt_frames
from kassa_tui.hardware.terminals.errors import CLOSED, GARBLED, LINE_LOST, TIMEOUT, UNREACHABLE, TerminalError
from kassa_tui.hardware.terminals.zvt_bytes import Apdu, Splitter, parse_apdu
from kassa_tui.hardware.traffic import FROM, TO, Tap, nobody

if TYPE_CHECKING:
    import serial

    from kassa_tui.hardware.terminals.wake import Wake

READ = 4096


@dataclass(frozen=True, slots=True)
class Timers:
    """How long a terminal may take, in seconds; the names are those of the specification."""

    connect: float = 5.0
    character: float = 0.2
    """T1: longest gap inside a serial frame."""
    frame: float = 5.0
    """T2: longest wait for the byte that acknowledges a serial frame, and for the rest of a command over TCP."""
    answer: float = 5.0
    """T3: longest wait for the answer to a command."""
    whole: float = 180.0
    """T4: longest wait for the next word of a terminal at work."""
    tries: int = 3
    """Times that a serial frame is sent."""


class Line(Protocol):
    """Commands out and in. Raises `TerminalError` ``line_lost``, ``timeout``, ``garbled`` or ``closed``."""

    def send(self, apdu: Apdu, wake: Wake, *, once: bool = False) -> None:
        """Bring a command to the terminal. ``once``: silence is no reason to say it again: it may have been heard."""

    def receive(self, until: float, wake: Wake, *, stoppable: bool = True) -> Apdu | None:
        """The terminal's next command; None where the operation is to be stopped. ``until`` is monotonic seconds."""

    def close(self) -> None:
        """Let go of the line."""


class TcpLine:
    """Over a socket; the terminal listens."""

    def __init__(self, host: str, port: int, timers: Timers, tap: Tap = nobody) -> None:
        self._timers, self._tap = timers, tap
        try:
            self._socket = socket.create_connection((host, port), timers.connect)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, UnicodeError) as error:
            raise TerminalError(UNREACHABLE, {"reason": str(error)}) from error
        self._splitter = Splitter()
        self._ready: list[Apdu] = []

    def send(self, apdu: Apdu, wake: Wake, *, once: bool = False) -> None:
        """Write it."""
        tell(self._tap, TO, apdu)
        try:
            self._socket.sendall(apdu.encode())
        except OSError as error:
            raise TerminalError(LINE_LOST, {"reason": str(error)}) from error

    def receive(self, until: float, wake: Wake, *, stoppable: bool = True) -> Apdu | None:
        """Read on until a command is whole."""
        while not self._ready:
            limit = min(until, time.monotonic() + self._timers.frame) if self._splitter.left else until
            try:
                if not _wait(self._socket.fileno(), limit, wake, stoppable):
                    return None
            except TerminalError as error:
                raise TerminalError(GARBLED if error.code == TIMEOUT and self._splitter.left else error.code) from error
            found = self._splitter.feed(self._read())
            for apdu in found:
                tell(self._tap, FROM, apdu)
            self._ready += found
        return self._ready.pop(0)

    def _read(self) -> bytes:
        try:
            data = self._socket.recv(READ)
        except OSError as error:
            raise TerminalError(LINE_LOST, {"reason": str(error)}) from error
        if not data:
            raise TerminalError(LINE_LOST)
        return data

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class SerialLine:
    """Over a serial line, with acknowledgement and repetition."""

    def __init__(self, path: str, baud: int, timers: Timers, tap: Tap = nobody) -> None:
        self._timers, self._tap = timers, tap
        self._port = _open(path, baud)
        self._fd: int = self._port.fileno()
        self._deframer = zvt_frames.Deframer()
        self._ready: list[Apdu] = []
        self._answers: list[str] = []

    def send(self, apdu: Apdu, wake: Wake, *, once: bool = False) -> None:
        """Write a frame until the terminal has acknowledged it; one that is damaged on the way is sent again always."""
        data = zvt_frames.frame(apdu.encode())
        for _ in range(self._timers.tries):
            self._answers.clear()
            tell(self._tap, TO, apdu)
            self._write(data)
            until = time.monotonic() + self._timers.frame
            while not self._answers and self._listen(until, wake):
                pass
            if self._answers[:1] == [zvt_frames.TAKEN]:
                return
            if once and not self._answers:
                break
        raise TerminalError(TIMEOUT)

    def receive(self, until: float, wake: Wake, *, stoppable: bool = True) -> Apdu | None:
        """The next command, acknowledged."""
        while not self._ready:
            if stoppable and wake.stop and not wake.closing:
                return None
            if not self._listen(until, wake, stoppable=stoppable) and not (stoppable and wake.stop):
                raise TerminalError(TIMEOUT)
        return self._ready.pop(0)

    def close(self) -> None:
        """Let go of the port."""
        with contextlib.suppress(OSError):
            self._port.close()

    def _listen(self, until: float, wake: Wake, *, stoppable: bool = False) -> bool:
        """Read what is there; False when the time is over. A frame that does not go on is refused."""
        limit = min(until, time.monotonic() + self._timers.character) if self._deframer.inside else until
        try:
            if not _wait(self._fd, limit, wake, stoppable):
                return False
        except TerminalError as error:
            if error.code != TIMEOUT:
                raise
            if not self._deframer.inside:
                return False
            self._deframer.drop()
            self._write(bytes([zvt_frames.NAK]))
            return time.monotonic() < until
        for event in self._deframer.feed(self._read()):
            self._heard(event)
        return True

    def _heard(self, event: zvt_frames.Event) -> None:
        if event in (zvt_frames.TAKEN, zvt_frames.AGAIN):
            self._tap(FROM, _ACKNOWLEDGED[str(event)], 1)
            self._answers.append(str(event))
            return
        apdu = parse_apdu(event) if isinstance(event, bytes) else None
        self._write(bytes([zvt_frames.NAK if apdu is None else zvt_frames.ACK]))
        if apdu is None:
            # A frame that was damaged: nobody knows which of its bytes are a card's.
            self._tap(FROM, b"", len(event))
        else:
            tell(self._tap, FROM, apdu)
            self._ready.append(apdu)

    def _read(self) -> bytes:
        try:
            data = os.read(self._fd, READ)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise TerminalError(LINE_LOST, {"reason": str(error)}) from error
        if not data:
            raise TerminalError(LINE_LOST)
        return data

    def _write(self, data: bytes) -> None:
        until = time.monotonic() + self._timers.frame
        while data:
            try:
                if not select.select([], [self._fd], [], max(until - time.monotonic(), 0))[1]:
                    raise TerminalError(TIMEOUT)
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                continue
            except (OSError, ValueError) as error:
                raise TerminalError(LINE_LOST, {"reason": str(error)}) from error


_ACKNOWLEDGED = {zvt_frames.TAKEN: bytes([zvt_frames.ACK]), zvt_frames.AGAIN: bytes([zvt_frames.NAK])}


def tell(tap: Tap, direction: str, apdu: Apdu) -> None:
    """Tell of a whole command, without what is in it about a card."""
    if tap is not nobody:
        data = hidden.apdu(apdu)
        tap(direction, data, len(data))


def _open(path: str, baud: int) -> serial.Serial:
    import termios

    import serial

    try:
        port = serial.Serial(
            path, baud, serial.EIGHTBITS, serial.PARITY_NONE, serial.STOPBITS_TWO, timeout=0, exclusive=True
        )
        port.reset_input_buffer()
    except (serial.SerialException, termios.error, OSError, ValueError) as error:
        raise TerminalError(UNREACHABLE, {"reason": str(error)}) from error
    return port


def _wait(fd: int, until: float, wake: Wake, stoppable: bool) -> bool:
    """Wait for bytes: True where there are some, False where the operation is to be stopped."""
    while True:
        if wake.closing:
            raise TerminalError(CLOSED)
        if stoppable and wake.stop:
            return False
        left = until - time.monotonic()
        if left <= 0:
            raise TerminalError(TIMEOUT)
        try:
            called = wake.fileno()
            ready = select.select([fd, called], [], [], left)[0]
        except (OSError, ValueError) as error:
            raise TerminalError(LINE_LOST, {"reason": str(error)}) from error
        if fd in ready:
            return True
        if called in ready:
            wake.quiet()
