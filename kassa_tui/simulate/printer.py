"""A receipt printer in software: real bytes over TCP or a pseudo-terminal, with the faults of a real one.

It takes bytes into a buffer of limited size, works them off command by command, and answers what Epson's printers
answer: ``DLE EOT 1`` to ``4`` as soon as it arrives, ``GS r`` and ``GS I`` when their turn comes. Paper out, an open
cover and being off-line stop the work and keep the buffer; switching it off forgets the buffer and drops the line.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import socket
import struct
import termios
import threading
import tty
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kassa_tui.simulate.escpos_tokens import token_length

BUFFER_BYTES = 4096
_STOP_S = 0.05
"""Longest time until a thread sees that it is to end."""
_REAL_TIME = {4: 3, 5: 3, 0x14: 5}
"""Second byte of a real-time command → its length."""
_PAPER_FLAG, _COVER_FLAG = 0x60, 0x04


@dataclass(frozen=True, slots=True)
class Faults:
    """What is the matter with the printer; may be changed at any time with `PrinterSim.set`."""

    paper_out: bool = False
    paper_near_end: bool = False
    cover_open: bool = False
    offline: bool = False
    cutter_error: bool = False
    silent: bool = False
    """Answers nothing, as many cheap printers."""
    no_fence: bool = False
    """Does not answer ``GS r``."""
    hang: bool = False
    """Takes bytes no more and answers nothing, with the line open."""
    drop_after: int | None = None
    """Drops the line when it has received so many bytes of anything since it was told so."""
    drop_forgets: bool = False
    """It drops the line because it was switched off: its buffer is gone, too."""
    paper_out_after: int | None = None
    """Runs out of paper when it has worked off so many bytes since it was told so."""
    byte_seconds: float = 0.0
    """Time for each byte that is worked off."""


@dataclass(slots=True)
class _Line:
    """A way to whoever prints."""

    read: Callable[[], bytes]
    write: Callable[[bytes], object]
    handle: int
    drop: Callable[[], object]
    partial: bytearray = field(default_factory=bytearray)
    """Beginning of a real-time command."""


class PrinterSim:
    """The printer; `NetworkPrinter` and `DevicePrinter` give it a plug. Safe to use from any thread."""

    def __init__(self, faults: Faults | None = None, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._faults, self._room = faults or Faults(), buffer_bytes
        self._buffer = bytearray()
        self._paper = bytearray()
        self._changed = threading.Condition()
        self._line: _Line | None = None
        self._stopped = False
        self._received = self._worked = self._lines_dropped = 0
        self.drawer_open = False
        self.open_level = True
        """Level of the drawer's switch when it is open."""
        self.no_switch = False
        """The drawer has no switch: the pin reads high always."""
        self.kicks = 0
        self._worker = threading.Thread(target=self._work, name="simulated printer", daemon=True)
        self._worker.start()

    @property
    def paper(self) -> bytes:
        """Everything that was printed, as the bytes that made it."""
        with self._changed:
            return bytes(self._paper)

    @property
    def received(self) -> int:
        """Bytes taken in, of any kind."""
        with self._changed:
            return self._received

    @property
    def drops(self) -> int:
        """Times that the line was dropped."""
        with self._changed:
            return self._lines_dropped

    def tear_off(self, count: int) -> bytes:
        """The first so many bytes of the paper, which are then no longer on it."""
        with self._changed:
            torn = bytes(self._paper[:count])
            del self._paper[:count]
            return torn

    def set(self, **changes: object) -> None:
        """Change `Faults` by name."""
        with self._changed:
            self._faults = replace(self._faults, **changes)  # type: ignore[arg-type]
            self._received = 0 if "drop_after" in changes else self._received
            self._worked = 0 if "paper_out_after" in changes else self._worked
            self._changed.notify_all()

    def shut_drawer(self) -> None:
        """A hand shuts the drawer."""
        with self._changed:
            self.drawer_open = False
            self._changed.notify_all()

    def open_drawer(self) -> None:
        """Somebody opens it with the key."""
        with self._changed:
            self.drawer_open = True
            self._changed.notify_all()

    def power_cycle(self) -> None:
        """Off and on: what stood in the buffer is gone, and so is the line."""
        with self._changed:
            self._buffer.clear()
            self._drop()
            self._changed.notify_all()

    def wait_for(self, reached: Callable[[PrinterSim], bool], seconds: float = 10.0) -> bool:
        """Wait until something is so; it is looked at whenever anything changes."""
        with self._changed:
            return self._changed.wait_for(lambda: reached(self), seconds)

    def close(self) -> None:
        """End its threads."""
        with self._changed:
            self._stopped = True
            self._drop()
            self._changed.notify_all()
        self._worker.join(5)

    def _attach(self, line: _Line) -> None:
        """Serve a line until it ends."""
        with self._changed:
            self._line = line
        while self._serves(line) and self._take(line):
            pass
        with self._changed:
            if self._line is line:
                self._line = None
            self._changed.notify_all()

    def _serves(self, line: _Line) -> bool:
        """Wait until there is room for more."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._stopped
                    or self._line is not line
                    or (len(self._buffer) < self._room and not self._faults.hang)
                )
            )
            return not self._stopped and self._line is line

    def _take(self, line: _Line) -> bool:
        if not select.select([line.handle], [], [], _STOP_S)[0]:
            return True
        try:
            data = line.read()
        except OSError:
            return False
        if not data:
            return False
        with self._changed:
            limit = self._faults.drop_after
            ends = limit is not None and self._received + len(data) >= limit
            if limit is not None and ends:
                data = data[: limit - self._received]
            self._received += len(data)
            for byte in data:
                self._hear(line, byte)
            self._buffer += data
            if ends:
                if self._faults.drop_forgets:
                    self._buffer.clear()
                self._faults = replace(self._faults, drop_after=None)
                self._drop()
            self._changed.notify_all()
            return self._line is line

    def _hear(self, line: _Line, byte: int) -> None:
        """Real-time commands are obeyed as they arrive, whatever stands around them."""
        line.partial.append(byte)
        while line.partial:
            if line.partial[0] != 0x10:
                del line.partial[0]
            elif len(line.partial) == 1:
                return
            elif line.partial[1] not in _REAL_TIME:
                del line.partial[0]
            elif len(line.partial) < _REAL_TIME[line.partial[1]]:
                return
            else:
                self._obey(bytes(line.partial))
                line.partial.clear()

    def _obey(self, command: bytes) -> None:
        if command[1] == 4 and command[2] in (1, 2, 3, 4):
            self._say(bytes((self._state(command[2]),)))
        elif command[1] == 0x14 and command[2] == 1:
            self._kick()

    def _state(self, number: int) -> int:
        faults, base = self._faults, 0x12
        if number == 1:
            high = self.no_switch or self.drawer_open is self.open_level
            return base | (0x04 if high else 0) | (0x08 if self._held() else 0)
        if number == 2:
            stop = (0x20 if faults.paper_out else 0) | (0x40 if faults.cutter_error else 0)
            return base | (_COVER_FLAG if faults.cover_open else 0) | stop
        if number == 3:
            return base | (0x08 if faults.cutter_error else 0)
        return base | (_PAPER_FLAG if faults.paper_out else 0) | (0x0C if faults.paper_near_end else 0)

    def _held(self) -> bool:
        faults = self._faults
        return faults.paper_out or faults.cover_open or faults.offline or faults.cutter_error

    def _say(self, data: bytes) -> None:
        if self._line is not None and not self._faults.silent:
            with contextlib.suppress(OSError):
                self._line.write(data)

    def _kick(self) -> None:
        self.kicks += 1
        self.drawer_open = True

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._lines_dropped += 1
            with contextlib.suppress(OSError):
                line.drop()

    def _work(self) -> None:
        """Work off the buffer, a command at a time."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._next() is not None)
                length = self._next()
                if self._stopped or length is None:
                    return
                seconds = self._faults.byte_seconds * length
                if seconds:
                    self._changed.wait_for(lambda: self._stopped, seconds)
                if self._next() == length:
                    self._do(length)
                self._changed.notify_all()

    def _next(self) -> int | None:
        """Length of what is worked off next; None where there is nothing, or something keeps it."""
        if not self._buffer or self._held() or self._faults.hang:
            return None
        return token_length(self._buffer, 0)

    def _do(self, length: int) -> None:
        command = bytes(self._buffer[:length])
        del self._buffer[:length]
        if command[:1] == b"\x10":
            return
        self._paper += command
        self._worked += length
        if command[:2] == b"\x1dr" and not self._faults.no_fence:
            self._say(bytes((0x0C if self._faults.paper_near_end else 0,)))
        elif command[:2] == b"\x1dI":
            self._say(b"\x20")
        elif command[:2] == b"\x1bp":
            self._kick()
        if self._faults.paper_out_after is not None and self._worked >= self._faults.paper_out_after:
            self._faults = replace(self._faults, paper_out=True, paper_out_after=None)


class NetworkPrinter(PrinterSim):
    """On a TCP port of this machine, one connection at a time as the real ones."""

    def __init__(self, faults: Faults | None = None, buffer_bytes: int = BUFFER_BYTES, port: int = 0) -> None:
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._listening.bind(("127.0.0.1", port))
        self._listening.listen()
        self.port: int = self._listening.getsockname()[1]
        super().__init__(faults, buffer_bytes)
        self._server = threading.Thread(target=self._serve, name="simulated printer's port", daemon=True)
        self._server.start()

    @property
    def options(self) -> dict[str, object]:
        """What a till has to be told to print on it."""
        return {"kind": "network", "host": "127.0.0.1", "port": self.port}

    def close(self) -> None:
        """End its threads, and the port."""
        super().close()
        self._server.join(5)
        self._listening.close()

    def _serve(self) -> None:
        while not self._stopped:
            if not select.select([self._listening], [], [], _STOP_S)[0]:
                continue
            connection, _ = self._listening.accept()
            # One byte of answer must not wait for the acknowledgement of the one before.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                self._attach(
                    _Line(
                        lambda it=connection: it.recv(512),  # type: ignore[misc]
                        connection.send,
                        connection.fileno(),
                        lambda it=connection: _reset(it),  # type: ignore[misc]
                    )
                )


class DevicePrinter(PrinterSim):
    """Behind a pseudo-terminal, for a serial line or a device file such as ``/dev/usb/lp0``.

    The line cannot be dropped and taken up again under the same name: `power_cycle` only forgets the buffer, as a
    printer on a serial line does.
    """

    def __init__(self, faults: Faults | None = None, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)
        super().__init__(faults, buffer_bytes)
        self._server = threading.Thread(target=self._serve, name="simulated printer's line", daemon=True)
        self._server.start()

    def close(self) -> None:
        """End its threads, and the line."""
        super().close()
        self._server.join(5)
        os.close(self._far)
        os.close(self._near)

    def _serve(self) -> None:
        while not self._stopped:
            self._attach(
                _Line(
                    lambda: os.read(self._far, 512),
                    lambda data: os.write(self._far, data),
                    self._far,
                    lambda: termios.tcflush(self._far, termios.TCIOFLUSH),
                )
            )


def _reset(connection: socket.socket) -> None:
    """As a printer's plug that is pulled looks once it is back: the connection is unknown."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
