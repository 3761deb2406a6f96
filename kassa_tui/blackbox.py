"""What happened at the till in the last quarter of an hour: keys, scans, device traffic, screens.

It is for who must explain a fault that nobody can repeat.

Keeping an event is one append on the thread where it happens; text, files and masking wait for a thread of its own. A
PIN never gets in: while somebody types one, keys and scans are stars. On disk it is two files of JSON lines of which
the older is dropped, so that a day at the till costs the card a few MB.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

SECONDS = 15 * 60
MAX_BYTES = 2_000_000
"""In memory, and for the two files together."""
TRAFFIC_SHARE = 4
"""Traffic has one part in so many of it, 500 kB, so that a device that talks much pushes no screen out."""
TRAFFIC_BYTES = 256
"""Kept of each message to or from a device."""
FLUSH_SECONDS = 30.0
FOLDER, NOW, BEFORE = "blackbox", "now.jsonl", "before.jsonl"
HIDDEN = "*"
_EVENT_BYTES, _ROW_BYTES, _MESSAGE_BYTES = 120, 400, 360
"""What an event costs besides its text (the tuple, its numbers, its place in the queue), a row of a screen, and a
message besides its bytes (three tuples more)."""

KEY, SCAN, DEVICE, SCREEN, NOTE = "key", "scan", "device", "screen", "note"
Row = Sequence[tuple[str, str]]
T = TypeVar("T")
Event = tuple[float, str, Any]
"""UTC seconds, kind, and what: a key, a code, ``(device, direction, hex, length)``, ``(height, {row: text})``."""


class BlackBox:
    """The ring. Events come from the event loop and from the threads of devices."""

    def __init__(self, now: Callable[[], float] = time.time, max_bytes: int = MAX_BYTES) -> None:
        self._now, self._max_bytes = now, max_bytes
        self._events: deque[tuple[int, int, Event]] = deque()
        """Running number, size, event."""
        self._messages: deque[tuple[int, int, Event]] = deque()
        """Those of devices."""
        self._number = self._bytes = self._message_bytes = 0
        self._rows: list[Row] = []
        self._base: list[Row] = []
        """The screen as it was before the oldest event that is kept."""
        self._guard = threading.Lock()

    def key(self, name: str, secret: bool = False) -> None:
        """A key by its name; a star where a PIN is being typed."""
        self._keep(KEY, HIDDEN if secret else name, _EVENT_BYTES)

    def scan(self, code: str, secret: bool = False) -> None:
        """A code as the scanner gave it."""
        self._keep(SCAN, HIDDEN if secret else code, _EVENT_BYTES + len(code))

    def traffic(self, device: str, direction: str, data: bytes, size: int = 0) -> None:
        """Bytes ``to`` or ``from`` a device; only the first are kept. ``size`` is the length of the whole message where
        ``data`` is not all of it.

        What must not be kept is to be made unreadable before: the digits of cards, what receipts say of a customer.
        """
        # A slice of all of it is the same object, and hexadecimal waits: nothing is made here but the event.
        head = data[:TRAFFIC_BYTES]
        at, cost = self._now(), _MESSAGE_BYTES + len(head)
        with self._guard:
            self._number += 1
            self._message_bytes += cost
            messages = self._messages
            messages.append((self._number, cost, (at, DEVICE, (device, direction, head, max(size, len(data))))))
            most = self._max_bytes // TRAFFIC_SHARE
            while messages and (self._message_bytes > most or messages[0][2][0] < at - SECONDS):
                self._message_bytes -= messages.popleft()[1]

    def note(self, text: str) -> None:
        """Something that is neither: a fault, a device that went away."""
        self._keep(NOTE, text, _EVENT_BYTES + len(text))

    def screen(self, rows: Sequence[Row], secret: str = "") -> None:
        """The screen, if it changed: only the rows that did are kept. ``secret`` is typed text that must not be."""
        old, self._rows = self._rows, list(rows)
        if len(old) == len(rows):
            changed = {y: rows[y] for y in range(len(rows)) if rows[y] is not old[y] and rows[y] != old[y]}
        else:
            changed = dict(enumerate(rows))
        if not changed:
            return
        if secret:
            stars = HIDDEN * len(secret)
            changed = {y: (("".join([text for text, _ in row]).replace(secret, stars), ""),)
                       for y, row in changed.items()}  # fmt: skip
        self._keep(SCREEN, (len(rows), changed), _EVENT_BYTES + _ROW_BYTES * len(changed))

    def _keep(self, kind: str, what: Any, size: int) -> None:
        at = self._now()
        with self._guard:
            self._number += 1
            self._bytes += size
            events = self._events
            events.append((self._number, size, (at, kind, what)))
            most = self._max_bytes - self._max_bytes // TRAFFIC_SHARE
            while events and (self._bytes > most or events[0][2][0] < at - SECONDS):
                _, gone, event = events.popleft()
                self._bytes -= gone
                if event[1] == SCREEN:
                    self._base = _applied(self._base, event[2], ())

    def events(self, after: int = 0) -> tuple[int, list[str], list[Event]]:
        """The number of the newest event, the screen before the first one given, and the events after number
        ``after``, oldest first."""
        with self._guard:
            kept, newest, base = [*self._events, *self._messages], self._number, self._base
        kept.sort(key=lambda each: each[0])
        for number, _, event in kept:
            if number <= after and event[1] == SCREEN:
                base = _applied(base, event[2], ())
        return newest, [_text(row) for row in base], [_plain(event) for number, _, event in kept if number > after]

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self._bytes + self._message_bytes


def applied(screen: list[str], change: tuple[int, dict[int, str]]) -> list[str]:
    """A screen after a change of some of its rows."""
    return _applied(screen, change, "")


def _applied(screen: list[T], change: tuple[int, dict[int, T]], empty: T) -> list[T]:
    height, rows = change
    return [rows.get(y, screen[y] if y < len(screen) else empty) for y in range(height)]


def _text(row: Row) -> str:
    return "".join([text for text, _ in row]).rstrip()


def _plain(event: Event) -> Event:
    """A screen's rows as text and bytes as hexadecimal: they are kept as they came, because that takes longer."""
    at, kind, what = event
    if kind == SCREEN:
        return at, kind, (what[0], {y: _text(row) for y, row in what[1].items()})
    return (at, kind, (what[0], what[1], what[2].hex(), what[3])) if kind == DEVICE else event


class Recorder:
    """Takes a ring to disk: every half minute, at a fault, and at the end. A disk that is full changes nothing."""

    def __init__(self, box: BlackBox, folder: Path, every: float = FLUSH_SECONDS) -> None:
        self._box, self._folder, self._every = box, folder / FOLDER, every
        self._written = 0
        self._began = 0.0
        """Time of the first event in the file that is written to; 0 where it has none."""
        self._call, self._closing = threading.Event(), False
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="blackbox", daemon=True)
        self._thread.start()

    def flush(self) -> None:
        """Write soon, on the thread for it."""
        self._call.set()

    def close(self) -> None:
        """Write what is left; harmless when called again."""
        self._closing = True
        self._call.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._closing:
            self._call.wait(self._every)
            self._call.clear()
            self.write()

    def write(self) -> None:
        """Append what is new; begin a new file when this one has a quarter of an hour or half of the room."""
        with self._turn:
            newest, base, events = self._box.events(self._written)
            if not events:
                return
            try:
                self._append(base, events)
            except OSError:
                return
            self._written = newest

    def _append(self, base: list[str], events: list[Event]) -> None:
        self._folder.mkdir(mode=0o750, exist_ok=True)
        path = self._folder / NOW
        room = path.exists() and path.stat().st_size < MAX_BYTES // 2
        if not self._began or not room or events[-1][0] - self._began > SECONDS:
            if path.exists():
                path.replace(self._folder / BEFORE)
            self._began = events[0][0]
            events = [(self._began, SCREEN, (len(base), dict(enumerate(base)))), *events]
        with path.open("a", encoding="utf-8") as file:
            file.writelines(map(line, events))


def line(event: Event) -> str:
    """An event as a line of the file."""
    import json

    at, kind, what = event
    return json.dumps([round(at, 3), kind, what], ensure_ascii=False, separators=(",", ":")) + "\n"


def read(lines: Iterable[str]) -> list[Event]:
    """The events of a file; lines that are none, such as one that a power cut left half, are passed over."""
    import json

    events: list[Event] = []
    for text in lines:
        try:
            at, kind, what = json.loads(text)
            if kind == SCREEN:
                what = (int(what[0]), {int(y): str(row) for y, row in what[1].items()})
            events.append((float(at), str(kind), what))
        except (ValueError, TypeError, AttributeError, IndexError, RecursionError):
            continue
    return events
