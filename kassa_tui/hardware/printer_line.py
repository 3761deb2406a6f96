"""An open line to a printer, both ways: written and read piece by piece, so that nothing a printer does can hold it."""

from __future__ import annotations

import contextlib
import errno
import os
import select
from collections.abc import Callable, Mapping

from kassa_tui.hardware.printer import REFUSED, TIMEOUT, UNREACHABLE, PrinterError, name_of, unacknowledged
from kassa_tui.hardware.traffic import FROM, HEAD_BYTES, TO, Tap, nobody

PIECE = 4096
"""Bytes taken at a time."""
_LOST = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Line:
    """A handle of a socket, a serial line or a printer's device file. Raises `PrinterError` and nothing else."""

    def __init__(self, handle: int, facts: Mapping[str, object], close: Callable[[], object], socket: bool) -> None:
        os.set_blocking(handle, False)
        self._handle, self._facts, self._close = handle, dict(facts), close
        self._socket = socket
        self._mute = False
        self.tap: Tap = nobody
        """Told what goes over it: of what is printed only the beginning of each piece."""

    def write(self, data: bytes | memoryview) -> int:
        """As much as goes now; how many bytes that were."""
        try:
            count = os.write(self._handle, data[:PIECE])
            self.tap(TO, bytes(data[: min(count, HEAD_BYTES)]), count)
            return count
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._lost(error) from error

    def read(self) -> bytes:
        """What has come, perhaps nothing."""
        if self._mute:
            return b""
        try:
            data = os.read(self._handle, PIECE)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EINVAL:
                # The kernel says so of a USB printer that has no way back.
                self._mute = True
                return b""
            raise self._lost(error) from error
        if not data and (self._socket or self._events(select.POLLIN, 0) & _LOST):
            raise self._lost(OSError(errno.ECONNRESET, "closed by the printer"))
        if data:
            self.tap(FROM, data[:HEAD_BYTES], len(data))
        return data

    def wait(self, writing: bool, seconds: float) -> None:
        """Until something came, or room to write where that is wanted, or the time is up."""
        reading = 0 if self._mute else select.POLLIN
        self._events(reading | (select.POLLOUT if writing else 0), max(0.0, seconds))

    def unsent(self) -> int:
        """Bytes that have not left this machine, or that the other side has not acknowledged."""
        return unacknowledged(self._handle)

    def close(self) -> None:
        """Let go; harmless when called again."""
        close, self._close = self._close, lambda: None
        with contextlib.suppress(OSError):
            close()

    def _events(self, wanted: int, seconds: float) -> int:
        poll = select.poll()
        poll.register(self._handle, wanted)
        return sum(event for _, event in poll.poll(seconds * 1000))

    def _lost(self, error: OSError) -> PrinterError:
        code = REFUSED if self._socket else UNREACHABLE
        if isinstance(error, TimeoutError):
            code = TIMEOUT
        return PrinterError(code, {**self._facts, "reason": name_of(error)})
