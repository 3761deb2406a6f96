"""Customer displays behind their supervisor: the newest of what was to be shown, a few times a second."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kassa_tui.hardware.charset import Charset, UnknownCodepage
from kassa_tui.hardware.display_protocols import CODEPAGES, LANGUAGES, fitted
from kassa_tui.hardware.serial_line import SerialLine
from kassa_tui.hardware.supervisor import Bell, DeviceError, from_os
from kassa_tui.services.ports import Showing

PAUSE_S = 0.33
"""Rest after a frame: about three a second is what an eye and a slow display can follow."""
USUAL_ROWS = 24


class Surface(Protocol):
    """Where frames go."""

    def open(self) -> None:
        """Raises `DeviceError`."""

    def handle(self) -> int | None:
        """For ``select``, to notice that it went away; None where nothing tells."""

    def listen(self) -> None:
        """Take what came unasked. Raises `DeviceError` where it is gone."""

    def draw(self, showing: Showing) -> None:
        """Raises `DeviceError`."""

    def close(self) -> None:
        """Let go; harmless when called again."""


class DisplayDevice:
    """The display's own thread draws; `show` may be called from any and returns at once."""

    def __init__(self, surface: Surface, pause: Callable[[Bell, float], object] = Bell.wait) -> None:
        self._surface, self._pause = surface, pause
        self._lock = threading.Lock()
        self._frames = Bell()
        self._newest: Showing | None = None
        self._drawn: Showing | None = None

    def show(self, showing: Showing) -> None:
        """Keep it as the newest; what was not drawn yet never is."""
        with self._lock:
            self._newest = showing
        self._frames.ring()

    def open(self, stop: Bell) -> None:
        """Open it; a display that was away gets the newest frame again."""
        self._surface.open()
        self._drawn = None
        self._frames.ring()

    def run(self, stop: Bell) -> None:
        """Draw the newest, rest, and again."""
        handle = self._surface.handle()
        frames = self._frames.fileno()
        watched = [frames, stop.fileno()] if handle is None else [frames, stop.fileno(), handle]
        while not stop.is_set():
            ready, _, _ = select.select(watched, [], [])
            if handle in ready:
                self._surface.listen()
            if frames not in ready:
                continue
            self._frames.clear()
            with self._lock:
                newest = self._newest
            if newest is not None and newest != self._drawn:
                self._surface.draw(newest)
                self._drawn = newest
                self._pause(stop, PAUSE_S)

    def close(self) -> None:
        """Let go."""
        self._surface.close()


class SerialSurface:
    """Two lines on a serial display."""

    def __init__(self, line: SerialLine, kind: str, codepage: str, columns: int, start: bytes = b"") -> None:
        self._line, self._language, self._columns, self._start = line, LANGUAGES[kind], columns, start
        self._codepage = codepage.upper()

    def open(self) -> None:
        """Open the line and set the display up: its own start-up bytes, then page, cursor and a clear screen."""
        page = CODEPAGES.get(self._codepage)
        try:
            self._charset = Charset(self._codepage)
        except UnknownCodepage as error:
            raise DeviceError("device_config", {"option": "codepage", "value": self._codepage}) from error
        if page is None:
            raise DeviceError("device_config", {"option": "codepage", "value": self._codepage})
        self._line.open()
        self._line.write(self._start + self._language.begin(page))

    def handle(self) -> int | None:
        """The line's."""
        return self._line.fileno()

    def listen(self) -> None:
        """Displays say nothing; this is how an unplugged one is noticed."""
        self._line.read(None, 0)

    def draw(self, showing: Showing) -> None:
        """Both lines."""
        encode = self._charset.encode
        upper, lower = (
            fitted((encode(left), encode(right)), self._columns) for left, right in (showing.upper, showing.lower)
        )
        self._line.write(self._language.frame(upper, lower))

    def close(self) -> None:
        """Let go."""
        self._line.close()


class TextSurface:
    """A second screen that shows text: another terminal, a FIFO that a program reads, or a file."""

    def __init__(self, path: Path, columns: int) -> None:
        self._path, self._columns = path, columns
        self._handle = -1
        self._kind = ""

    def open(self) -> None:
        """A file that is not there yet is made with the first frame; a FIFO nobody reads counts as missing."""
        try:
            mode = os.stat(self._path).st_mode
        except FileNotFoundError:
            mode = 0
        except OSError as error:
            raise from_os(error, self._path) from error
        self._kind = "tty" if stat.S_ISCHR(mode) else "fifo" if stat.S_ISFIFO(mode) else "file"
        if self._kind == "file":
            if not self._path.parent.is_dir() or stat.S_ISDIR(mode):
                raise DeviceError("device_missing", {"path": str(self._path)})
            return
        try:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            raise from_os(error, self._path) from error

    def handle(self) -> int | None:
        """Nothing is read from it: that it went away shows at the next frame."""
        return None

    def listen(self) -> None:
        """Nothing to take."""
        return

    def draw(self, showing: Showing) -> None:
        """The whole frame; one that the other end has no room for is passed over."""
        try:
            if self._kind == "file":
                self._replace("\n".join(text_frame(showing, self._columns, USUAL_ROWS)) + "\n")
                return
            rows, columns = self._size()
            lines = text_frame(showing, columns, rows)
            text = "\x1b[?25l\x1b[H\x1b[2J" + "\r\n".join(lines) if self._kind == "tty" else "\n".join(lines) + "\n\f"
            with contextlib.suppress(BlockingIOError):
                os.write(self._handle, text.encode("utf-8", "replace"))
        except OSError as error:
            raise from_os(error, self._path) from error

    def close(self) -> None:
        """Let go; harmless when called again."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _replace(self, text: str) -> None:
        fresh = self._path.with_name(f".{self._path.name}.new")
        fresh.write_text(text, "utf-8", "replace")
        fresh.replace(self._path)

    def _size(self) -> tuple[int, int]:
        if self._kind == "tty":
            with contextlib.suppress(OSError):
                size = os.get_terminal_size(self._handle)
                if size.lines > 3 and size.columns >= self._columns:
                    return size.lines, size.columns
        return USUAL_ROWS, self._columns


def text_frame(showing: Showing, columns: int, rows: int) -> list[str]:
    """Lines of a frame: title, the last of the goods, a rule, and both lines of what it comes to."""
    below = ["─" * columns, _spread(showing.upper, columns), _spread(showing.lower, columns)]
    above = [_spread((showing.title, ""), columns), ""]
    room = max(rows - len(above) - len(below) - 1, 0)
    goods = [_spread(line, columns) for line in showing.lines[-room:]] if room else []
    return [*above, *goods, *[""] * (room - len(goods)), *below]


def _spread(pair: tuple[str, str], columns: int) -> str:
    left, right = ("".join(char if char.isprintable() else " " for char in text) for text in pair)
    room = max(columns - len(right) - 1, 0)
    return f"{left[:room]:<{room}} {right}"[:columns].rstrip()
