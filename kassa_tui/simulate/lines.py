"""The till's side of a simulated line: sockets on this machine and pseudo-terminals, each byte through a meter."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Protocol

from kassa_tui.simulate.behaviour import LineCut, Meter

READ = 65_536
CLOSE_S = 2.0


class Cable(Protocol):
    """Bytes to and from the till; raises LineCut when the line is gone."""

    def read(self, seconds: float | None) -> bytes:
        """What came; nothing when the time is over. None waits for ever."""

    def write(self, data: bytes) -> None:
        """Say something."""

    def close(self) -> None:
        """Hang up."""


class SocketCable:
    """One connection."""

    def __init__(self, channel: socket.socket, meter: Meter, stop: socket.socket) -> None:
        self._channel, self._meter, self._stop = channel, meter, stop
        self._closed = False

    def read(self, seconds: float | None) -> bytes:
        """What came."""
        if self._closed:
            raise LineCut
        pending = isinstance(self._channel, ssl.SSLSocket) and self._channel.pending()
        if not pending:
            ready = select.select([self._channel, self._stop], [], [], seconds)[0]
            if self._stop in ready:
                raise LineCut
            if not ready:
                return b""
        try:
            data = self._channel.recv(READ)
        except OSError as error:
            raise LineCut from error
        if not data:
            raise LineCut
        kept, cut = self._meter.receive(data)
        if cut:
            self.close()
            if not kept:
                raise LineCut
        return kept

    def write(self, data: bytes) -> None:
        """Say it, or as much of it as the line carries."""
        kept, cut = self._meter.send(data)
        try:
            self._channel.sendall(kept)
        except OSError as error:
            raise LineCut from error
        if cut:
            self.close()
            raise LineCut

    def close(self) -> None:
        """Hang up."""
        self._closed = True
        with contextlib.suppress(OSError):
            # Without this the other side would not hear of it while another thread still reads here.
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()


class Listener:
    """Takes connections on a port of this machine; ``each`` serves one."""

    def __init__(self, each: Callable[[Cable], None], meter: Meter, port: int = 0, *, parallel: bool = False,
                 context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:  # fmt: skip
        self._each, self._meter, self._parallel, self._context = each, meter, parallel, context
        self._server = socket.create_server((host, port), backlog=64)
        self.port: int = self._server.getsockname()[1]
        self._stop, self._stopper = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; harmless when called again."""
        with contextlib.suppress(OSError):
            self._stopper.send(b"!")
        self._thread.join(CLOSE_S)
        for end in (self._server, self._stopper):
            end.close()

    def _run(self) -> None:
        while True:
            ready = select.select([self._server, self._stop], [], [])[0]
            if self._stop in ready:
                return
            channel, _ = self._server.accept()
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._parallel:
                threading.Thread(target=self._serve, args=(channel,), name="simulated-line", daemon=True).start()
            else:
                self._serve(channel)

    def _serve(self, channel: socket.socket) -> None:
        try:
            if self._context is not None:
                channel = self._context.wrap_socket(channel, server_side=True)
        except OSError:
            channel.close()
            return
        cable = SocketCable(channel, self._meter, self._stop)
        try:
            self._each(cable)
        except LineCut:
            # The till hung up, or was made to believe so.
            return
        finally:
            cable.close()


class PtyCable:
    """A pseudo-terminal; the till opens `path` as its serial port. Cutting the line loses what is on it, but the port
    stays, as a pulled plug leaves it."""

    def __init__(self, meter: Meter) -> None:
        import tty

        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._meter = meter
        self._stop, self._stopper = socket.socketpair()

    def read(self, seconds: float | None) -> bytes:
        """What came."""
        stop = self._stop.fileno()
        ready = select.select([self._master, stop], [], [], seconds)[0]
        if stop in ready:
            raise LineCut
        if not ready:
            return b""
        try:
            data = os.read(self._master, READ)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LineCut from error
        kept, cut = self._meter.receive(data)
        if cut and not kept:
            raise LineCut
        return kept

    def write(self, data: bytes) -> None:
        """Say it, or as much of it as the line carries."""
        kept, cut = self._meter.send(data)
        while kept:
            select.select([], [self._master], [], CLOSE_S)
            try:
                kept = kept[os.write(self._master, kept) :]
            except OSError as error:
                raise LineCut from error
        if cut:
            raise LineCut

    def close(self) -> None:
        """Wake whoever reads, so that it ends."""
        with contextlib.suppress(OSError):
            self._stopper.send(b"!")

    def release(self) -> None:
        """Let go of the pseudo-terminal."""
        for handle in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(handle)
        self._stop.close()
        self._stopper.close()
