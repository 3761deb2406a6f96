"""Customer displays that read the real bytes and show what a customer would see: two lines of text."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable

ROWS, COLUMNS = 2, 20
CODEPAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858"}
_LENGTHS = {0x40: 2, 0x74: 3, 0x11: 2, 0x5F: 3, 0x6C: 4, 0x2A: 3, 0x63: 3}
"""Byte after ESC → length of the whole command."""


class DisplaySimulator:
    """Bytes in, two lines out; a byte that is no text and no known command is an error that ``unknown`` keeps."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._cells = [[" "] * COLUMNS for _ in range(ROWS)]
        # A DSP-800 is set to its page by hand.
        self._at, self._page, self._rest = 0, "cp858" if kind == "dsp800" else "cp437", b""
        self.unknown = bytearray()
        """What no display of this kind understands."""

    @property
    def lines(self) -> tuple[str, str]:
        """What it shows."""
        return "".join(self._cells[0]), "".join(self._cells[1])

    def hear(self, data: bytes) -> None:
        """Take bytes; a command cut in two is finished by the next ones."""
        self._rest += data
        while self._rest:
            used = self._dsp800() if self._kind == "dsp800" else self._escape()
            if not used:
                return
            self._rest = self._rest[used:]

    def _text(self, value: int) -> int:
        if value < 0x20:
            self.unknown.append(value)
        else:
            self._cells[self._at // COLUMNS][self._at % COLUMNS] = bytes((value,)).decode(self._page, "replace")
            self._at = (self._at + 1) % (ROWS * COLUMNS)
        return 1

    def _clear(self) -> None:
        self._cells = [[" "] * COLUMNS for _ in range(ROWS)]
        self._at = 0

    def _escape(self) -> int:
        data = self._rest
        if data[0] == 0x0C:
            self._clear()
            return 1
        if data[0] == 0x1F and self._kind == "escpos":
            return self._unit(data)
        if data[0] != 0x1B:
            return self._text(data[0])
        if len(data) < 2:
            return 0
        if data[1] == 0x51 and self._kind == "cd5220":
            return self._whole_line(data)
        length = _LENGTHS.get(data[1], 0)
        if not length:
            self.unknown += data[:2]
            return 2
        if len(data) < length:
            return 0
        if data[1] == 0x40:
            self._clear()
        elif data[1] == 0x74:
            self._page = CODEPAGES.get(data[2], "cp437")
        elif data[1] == 0x6C:
            self._move(data[2], data[3])
        return length

    def _unit(self, data: bytes) -> int:
        length = {0x24: 4, 0x43: 3, 0x01: 2, 0x58: 3}.get(data[1] if len(data) > 1 else 0, 0)
        if len(data) < 2 or (length and len(data) < length):
            return 0
        if not length:
            self.unknown += data[:2]
            return 2
        if data[1] == 0x24:
            self._move(data[2], data[3])
        return length

    def _whole_line(self, data: bytes) -> int:
        end = data.find(b"\r")
        if end < 0:
            return 0
        self._at = COLUMNS if data[2:3] == b"B" else 0
        for value in data[3:end][:COLUMNS]:
            self._text(value)
        return end + 1

    def _move(self, column: int, row: int) -> None:
        self._at = (min(row, ROWS) - 1) * COLUMNS + min(column, COLUMNS) - 1

    def _dsp800(self) -> int:
        data = self._rest
        if data[0] != 0x04:
            return self._text(data[0])
        end = data.find(b"\x17")
        if end < 0:
            return 0
        command = data[2:end]
        if command[:1] == b"P" and len(command) == 2:
            self._at = (command[1] - 0x31) % (ROWS * COLUMNS)
        elif command[:1] == b"C" or command == b"%":
            self._clear()
        else:
            self.unknown += data[: end + 1]
        return end + 1


def serve(
    handle: int, kind: str, seen: Callable[[tuple[str, str]], None], stop: Callable[[], bool] = lambda: False
) -> None:
    """Read an open terminal until ``stop`` says so or the other side goes away, and tell each new face; blocks."""
    display = DisplaySimulator(kind)
    while not stop():
        try:
            if not select.select([handle], [], [], 0.1)[0]:
                continue
            data = os.read(handle, 4096)
        except OSError:
            return
        if not data:
            return
        display.hear(data)
        seen(display.lines)


class PtyDisplay:
    """A display at the far end of a pseudo-terminal, read on a thread of its own; ``path`` is for the till."""

    def __init__(self, kind: str, seen: Callable[[tuple[str, str]], None]) -> None:
        import pty
        import tty

        self.far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=serve, args=(self.far, kind, seen, self._ended.is_set), name="display-simulator", daemon=True
        )
        self._thread.start()

    def unplug(self) -> None:
        """The other side sees the line go away; harmless when called again."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join(2)
            os.close(self.far)
            os.close(self._near)
