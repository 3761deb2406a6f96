"""A flag that a wait on a socket notices: how another thread reaches a terminal's thread in the middle of waiting."""

from __future__ import annotations

import select
import socket
import threading
import time


class Wake:
    """Raised once to stop an operation (``abort``) or to let go of the device (``close``)."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        self._lock = threading.Lock()
        self.stop = False
        """The operation is to be stopped."""
        self.closing = False
        """The device is to be let go of."""

    def fileno(self) -> int:
        """For ``select``: readable from the first call on until `quiet`."""
        return self._here.fileno()

    def call(self, *, closing: bool = False) -> None:
        """Stop the operation, or everything; from any thread, as often as one likes."""
        with self._lock:
            self.stop, self.closing = True, self.closing or closing
            if self._there.fileno() >= 0:
                self._there.send(b"!")

    def quiet(self) -> None:
        """The call was heard; the next one wakes again."""
        with self._lock:
            if self._here.fileno() >= 0:
                self._here.setblocking(False)
                try:
                    self._here.recv(4096)
                except BlockingIOError:
                    return

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until called; whether somebody called by now."""
        until = time.monotonic() + seconds
        while not self.stop and (left := until - time.monotonic()) > 0:
            select.select([self._here], [], [], left)
        return self.stop

    def rest(self, seconds: float) -> bool:
        """As `wait`, but only letting go of the device ends it; whether that is so."""
        until = time.monotonic() + seconds
        while not self.closing and (left := until - time.monotonic()) > 0:
            if select.select([self._here], [], [], left)[0]:
                self.quiet()
        return self.closing

    def close(self) -> None:
        """The operation is over."""
        with self._lock:
            self._here.close()
            self._there.close()
