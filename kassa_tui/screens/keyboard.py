"""Keys from the terminal, in order and without detours, and wedge scanners told from fingers.

Textual hands every key through two queues, and a plain field takes Enter later than the digits before it; a scanner
that types then loses or merges codes. Here the input thread parses what one read brought and hands it over at once:
keys in order, and a whole line of digits that arrived in one piece as a scan. It also notices that the terminal is
gone, where Textual would spin.
"""

from __future__ import annotations

import os
import re
import selectors
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import _character_to_key

if TYPE_CHECKING:
    from textual.app import App

BURST = re.compile(r"(?:\d{8,14}(?:\d{2}|\d{5})?|\][A-Za-z]\d[ -~\x1d]{4,120})\r")
"""A code and Enter in one read: no hand types that fast."""
CUT = re.compile(r"\d\d\Z")
"""A read that ends like this has cut a code in two: fingers bring one digit at a time."""
CUT_SECONDS = 0.01
"""How long the rest of such a code is waited for."""
GOES_ON_SECONDS = 0.05
"""A read that ends in one digit is not held up: a code that follows it within this time belongs to it and is typed."""
LONE_ESCAPE = re.compile(r"\x1b(?=\d)")
"""Esc, and a code right behind it; no key of the till sends Esc and a digit."""

ESCAPE_SECONDS = int(os.environ.get("ESCDELAY", "2")) / 1000
"""How long a lone Esc waits for the rest of a key's sequence. A console sends those in one piece; over a slow line the
environment's ESCDELAY (milliseconds) must be longer."""

Stroke = tuple[str, str | None] | str
"""A key with the character it types, or the text of a scan."""


def stroke_of(char: str) -> Stroke:
    """The key that types a character; a line feed is Enter."""
    return ("enter", None) if char in "\r\n" else (_character_to_key(char), char)


class Listens(Protocol):
    """What the application must offer."""

    def strokes(self, strokes: list[Stroke]) -> None:
        """Keys and scans of one read, in order; called on the event loop."""

    def hung_up(self) -> None:
        """The terminal is gone; called on the event loop."""


def split_bursts(text: str, begun: bool = False) -> Iterator[tuple[bool, str]]:
    """Pieces of one read in order: ``(True, code)`` for a scan, ``(False, text)`` for the rest.

    With ``begun`` the first piece goes on from digits that were handed over already.
    """
    at = 0
    while at < len(text):
        match = None if begun else BURST.match(text, at)
        begun = False
        if match:
            yield True, match[0][:-1]
            at = match.end()
            continue
        end = text.find("\r", at)
        end = len(text) if end < 0 else end + 1
        yield False, text[at:end]
        at = end


class Outlet:
    """The terminal's file, for Textual's writer thread and for small changes that do not wait for it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.done = 0
        """Texts written so far."""

    def write(self, text: str) -> None:
        """All of ``text``, now."""
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._file.fileno(), data) :]
        self.done += 1

    def flush(self) -> None:
        """Nothing is kept back."""

    def fileno(self) -> int:
        """The terminal's handle."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()


class KassaDriver(LinuxDriver):
    """Textual's driver with an input thread of our own, and a short way out for small changes."""

    _digit_at = 0.0
    """When a read ended in the middle of a number."""

    def __init__(self, app: App[object], **options: object) -> None:
        super().__init__(app, **options)  # type: ignore[arg-type]
        self._outlet = Outlet(cast("IO[str]", self._file))
        self._file = cast("Any", self._outlet)
        self._asked = 0

    def write(self, data: str) -> None:
        """Through the writer thread, which a slow terminal may hold up."""
        self._asked += 1
        super().write(data)

    def write_now(self, data: str) -> None:
        """At once where nothing waits to be written before it; a thread less to wake up per key."""
        if self._asked == self._outlet.done:
            self._asked += 1
            self._outlet.write(data)
        else:
            self.write(data)

    def run_input_thread(self) -> None:
        """Read, parse and hand over until told to stop."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    data = self._taken()
                    if not data:
                        self._loop.call_soon_threadsafe(cast("Listens", self._app).hung_up)
                        return
                    # Enter before the terminal was ours, and at the end of some scanners' codes, is a line feed.
                    text = decode(data).replace("\r\n", "\r").replace("\n", "\r")
                    while CUT.search(text) and selector.select(CUT_SECONDS) and (data := self._taken()):
                        text += decode(data).replace("\n", "\r")
                    if text.endswith("\x1b") and not selector.select(ESCAPE_SECONDS):
                        self._hand_over(parser, text[:-1])
                        self._send([("escape", None)])
                    else:
                        self._hand_over(parser, text)
                self._pass(parser.tick())

    def _taken(self) -> bytes:
        """One read; empty where the terminal is gone."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

    def _hand_over(self, parser: XTermParser, text: str) -> None:
        begun = time.monotonic() - self._digit_at < GOES_ON_SECONDS
        self._digit_at = time.monotonic() if text[-1:].isdigit() else 0.0
        for number, part in enumerate(LONE_ESCAPE.split(text)):
            if number:
                self._send([("escape", None)])
            for scanned, piece in split_bursts(part, begun and not number):
                if scanned:
                    self._send([piece])
                else:
                    self._pass(parser.feed(piece))

    def _pass(self, messages: object) -> None:
        strokes: list[Stroke] = []
        for message in cast("Iterator[events.Event]", messages):
            if isinstance(message, events.Key):
                strokes.append((message.key, message.character))
            elif isinstance(message, events.Paste):
                strokes += [(c, c) for c in message.text if c.isprintable()]
            else:
                self.process_message(message)
        if strokes:
            self._send(strokes)

    def _send(self, strokes: list[Stroke]) -> None:
        self._loop.call_soon_threadsafe(cast("Listens", self._app).strokes, strokes)
