"""A scanner behind a FIFO or a character device that gives one code a line: serial scanners in the simplest mode,
other programs, and tests."""

from __future__ import annotations

import os
import selectors
import stat
import threading
from collections.abc import Callable
from pathlib import Path

MAX_CODE_BYTES = 1024
"""A line longer than any code is dropped whole: half of it would be another code."""
RETRY_SECONDS = 2.0


class PipeScanner:
    """Reads lines on a thread of its own and hands each over at once; a device that went away is opened again."""

    def __init__(self, path: Path, deliver: Callable[[str], None], told: Callable[[str], None]) -> None:
        self._path, self._deliver, self._told = path, deliver, told
        self._stop = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading; harmless when called again."""
        if not self._stop.is_set():
            self._stop.set()
            os.write(self._wake_write, b".")
            self._thread.join(timeout=2)
            if not self._thread.is_alive():
                os.close(self._wake_read)
                os.close(self._wake_write)

    def _run(self) -> None:
        state = ""
        while not self._stop.is_set():
            try:
                handle = self._open()
            except OSError:
                if state != "scanner_missing":
                    state = "scanner_missing"
                    self._told(state)
                self._stop.wait(RETRY_SECONDS)
                continue
            if state:
                state = ""
                self._told("ok")
            try:
                self._read(handle)
            finally:
                os.close(handle)

    def _open(self) -> int:
        # Read and write, so that a FIFO does not end when its last writer leaves.
        fifo = stat.S_ISFIFO(os.stat(self._path).st_mode)
        return os.open(self._path, (os.O_RDWR if fifo else os.O_RDONLY) | os.O_NONBLOCK | os.O_NOCTTY)

    def _read(self, handle: int) -> None:
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while not self._stop.is_set():
                selector.select()
                if self._stop.is_set():
                    return
                try:
                    data = os.read(handle, 4096)
                except BlockingIOError:
                    continue
                except OSError:
                    return
                if not data:
                    return
                *lines, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
                for line in lines:
                    if line and len(line) <= MAX_CODE_BYTES:
                        self._deliver(line.decode("utf-8", "replace"))
                if len(rest) > MAX_CODE_BYTES:
                    rest = rest[: MAX_CODE_BYTES + 1]
