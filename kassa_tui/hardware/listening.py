"""Listening to every input device and idle serial line at once, to learn which of them is the scanner or keyboard.

Nothing is grabbed: what the cashier's own keyboard types goes on to the screen as always, and devices that the till
has already taken are silent here. A device plugged in meanwhile is listened to as well.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kassa_tui.hardware.evdev_input import DEV, SYS, Input, open_input, types
from kassa_tui.hardware.learning import Learner
from kassa_tui.hardware.serial_line import SerialLine
from kassa_tui.hardware.supervisor import Bell, DeviceError
from kassa_tui.services.ports import Heard, Plugged

SERIAL = Path("/dev/serial/by-id")
LOOK_S = 1.0
"""From one look for new devices to the next."""
TICK_S = 0.1


class Line(Protocol):
    """What is used of a serial line."""

    def open(self) -> None:
        """Raises `DeviceError`."""

    def fileno(self) -> int:
        """For ``select``."""

    def read(self, bell: Bell | None, seconds: float | None) -> bytes:
        """What came. Raises `DeviceError`."""

    def close(self) -> None:
        """Let go."""


def plugged_in(sys: Path = SYS, dev: Path = DEV, serial: Path = SERIAL, taken: Iterable[str] = ()) -> list[Plugged]:
    """Everything that types, then the serial lines but for those ``taken``, in the order of the kernel's numbers."""
    found = []
    events = [path for path in sys.glob("event*") if path.name[5:].isdigit()]
    for event in sorted(events, key=lambda path: int(path.name[5:])):
        about = event / "device"
        if types(_read(about / "capabilities" / "key")) or _has_keys(_read(about / "capabilities" / "key")):
            found.append(_input(str(dev / event.name), about))
    makes = [each.usb for each in found]
    found = [replace(each, twin=makes.count(each.usb) > 1) for each in found]
    used = {os.path.realpath(path) for path in taken}
    for link in sorted(serial.glob("*")):
        if os.path.realpath(link) not in used:
            found.append(Plugged(str(link), link.name, path=str(link)))
    return found


def _input(key: str, about: Path) -> Plugged:
    usb = f"{_read(about / 'id' / 'vendor')}:{_read(about / 'id' / 'product')}"
    return Plugged(key, _read(about / "name"), "" if usb in (":", "0000:0000") else usb, _read(about / "phys"))


def _has_keys(bits: str) -> bool:
    """Whether it has keys of a pad or function keys, also without an Enter; buttons of a mouse or a case are none."""
    words = [int(word, 16) for word in bits.split() if set(word) <= set("0123456789abcdefABCDEF")]
    return bool(words) and (words[-1] & ~(1 << 0)).bit_count() >= 8


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


class Listener:
    """One time of listening, on a thread of its own; ``told`` is called on it."""

    def __init__(
        self,
        role: str,
        told: Callable[[Heard], None],
        look: Callable[[], list[Plugged]],
        *,
        opener: Callable[[str], Input] = open_input,
        liner: Callable[[str], Line] = lambda path: SerialLine(path, 9600, "8N1"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._told, self._look, self._opener, self._liner, self._clock = told, look, opener, liner, clock
        self._learner = Learner(role, clock())
        self._bell, self._lock = Bell(), threading.Lock()
        self._known: dict[str, Plugged] = {}
        self._inputs: dict[str, Input] = {}
        self._lines: dict[str, Line] = {}
        self._shut: set[str] = set()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="learning", daemon=True)

    def start(self) -> Listener:
        """Begin."""
        self._thread.start()
        return self

    def device(self, key: str) -> Plugged | None:
        """What is known of a device that is open."""
        with self._lock:
            return self._known.get(key) if key in self._inputs or key in self._lines else None

    def closed_to_us(self) -> bool:
        """Whether something is plugged in that may not be read."""
        return bool(self._shut)

    def confirm(self, key: str) -> None:
        """Somebody wants this one."""
        with self._lock:
            self._learner.confirm(key, self._clock())

    def close(self) -> None:
        """Stop; the thread lets go of the devices within `TICK_S`."""
        self._over = True
        self._bell.ring()

    def join(self, seconds: float) -> bool:
        """Whether everything was let go of within so many seconds."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        looked = -LOOK_S
        try:
            while not self._over and not self._learner.ended:
                now = self._clock()
                if now - looked >= LOOK_S:
                    looked = now
                    self._look_around()
                found = self._round(TICK_S)
                with self._lock:
                    found += self._learner.tick(self._clock())
                for each in found:
                    if not self._over:
                        self._told(each)
        finally:
            with self._lock:
                for key in (*self._inputs, *self._lines):
                    self._drop(key)
            self._bell.close()

    def _look_around(self) -> None:
        there = {each.key: each for each in self._look()}
        with self._lock:
            for key in {*self._inputs, *self._lines} - there.keys():
                self._drop(key)
            self._known = there
            for key, each in there.items():
                if key not in self._inputs and key not in self._lines:
                    self._take(key, each)

    def _take(self, key: str, each: Plugged) -> None:
        try:
            if each.path:
                line = self._liner(key)
                line.open()
                self._lines[key] = line
            else:
                self._inputs[key] = self._opener(key)
            self._shut.discard(key)
        except (DeviceError, OSError):
            self._shut.add(key)

    def _drop(self, key: str) -> None:
        device = self._inputs.pop(key, None) or self._lines.pop(key, None)
        with contextlib.suppress(OSError):
            if device is not None:
                device.close()

    def _round(self, seconds: float) -> list[Heard]:
        """What all of them sent, once any does or the time is up."""
        handles = {each.fd: key for key, each in self._inputs.items()}
        handles |= {each.fileno(): key for key, each in self._lines.items()}
        ready, _, _ = select.select([*handles, self._bell.fileno()], [], [], seconds)
        found: list[Heard] = []
        for handle in ready:
            if handle in handles:
                found += self._hear(handles[handle])
        return found

    def _hear(self, key: str) -> list[Heard]:
        with self._lock:
            try:
                if key in self._inputs:
                    return self._learner.keys(key, list(self._inputs[key].read()), self._clock())
                return self._learner.line(key, self._lines[key].read(None, 0), self._clock())
            except BlockingIOError:
                return []
            except (OSError, DeviceError):
                self._drop(key)
                return []
