"""A scanner behind a FIFO or a character device that gives one code a line: other programs, and tests."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from kassa_tui.hardware.scanner_serial import LineSplitter, hand_over
from kassa_tui.hardware.supervisor import Bell, DeviceError, from_os, readable
from kassa_tui.hardware.traffic import FROM, Tap, nobody


class PipeScanner:
    """Hands each line to ``deliver``; a line longer than any code is ``broken``, for half of it would be another."""

    def __init__(
        self, path: Path, deliver: Callable[[str], None], broken: Callable[[], None], tap: Tap = nobody
    ) -> None:
        self._path, self._deliver, self._broken, self._tap = path, deliver, broken, tap
        self._handle = -1

    def open(self, stop: Bell) -> None:
        """Raises `DeviceError`."""
        try:
            # Read and write, so that a FIFO does not end when its last writer leaves.
            fifo = stat.S_ISFIFO(os.stat(self._path).st_mode)
            self._handle = os.open(self._path, (os.O_RDWR if fifo else os.O_RDONLY) | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise from_os(error, self._path) from error

    def run(self, stop: Bell) -> None:
        """Read and hand over; a program may write a line in pieces, so nothing is thrown away for being slow."""
        codes = LineSplitter()
        while not stop.is_set():
            if not readable(self._handle, stop, None):
                continue
            try:
                data = os.read(self._handle, 4096)
            except BlockingIOError:
                continue
            except OSError as error:
                raise from_os(error, self._path) from error
            if not data:
                raise DeviceError("device_missing", {"path": str(self._path)})
            hand_over(codes.feed(data), self._deliver, self._broken)
            self._tap(FROM, data, len(data))

    def close(self) -> None:
        """Let go; harmless when called again."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
