"""What the tests of devices share: a line with a far end of the test's own, events of keys, and things that wait."""

from __future__ import annotations

import errno
import os
import pty
import threading
import tty
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.supervisor import Bell, Device, Supervisor

WAIT_S = 10.0
"""Longest wait for something that happens at once; only a failing test waits so long."""


class Kept:
    """Keeps what it is told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, *told: Any) -> None:
        with self._changed:
            self.told.append(told[0] if len(told) == 1 else told)
            self._changed.notify_all()

    def wait(self, count: int = 1) -> list[Any]:
        """Everything told, once it is that much."""
        return self.until(lambda told: len(told) >= count)

    def until(self, right: Callable[[list[Any]], bool]) -> list[Any]:
        """Everything told, once it is right."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(self.told) and right(self.told), WAIT_S), self.told
            return list(self.told)


class FarEnd:
    """A pseudo-terminal: ``path`` for the driver, this end for the test."""

    def __init__(self) -> None:
        self.far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)

    def send(self, data: bytes) -> None:
        """From the device to the till."""
        os.write(self.far, data)

    def read(self, count: int) -> bytes:
        """So many bytes that the till sent."""
        got = b""
        while len(got) < count:
            got += os.read(self.far, count - len(got))
        return got

    def unplug(self) -> None:
        """Gone; harmless when called again."""
        if self.far >= 0:
            far, self.far = self.far, -1
            os.close(far)
            os.close(self._near)


class Watch:
    """A device under a supervisor that tries again at once."""

    def __init__(self, role: str, device: Device) -> None:
        self.states = Kept()
        self.device = device
        self._again = threading.Event()
        self.supervisor = Supervisor(role, device, lambda role, trouble: self.states(trouble), wait=self._wait)
        self.supervisor.start()

    def _wait(self, bell: Bell, seconds: float) -> None:
        """In place of a pause: until the test says go, or the end."""
        while not bell.is_set() and not self._again.wait(0.002):
            continue
        self._again.clear()

    def again(self) -> None:
        """Try once more."""
        self._again.set()

    def works(self, times: int = 1) -> None:
        """Wait until it works, for the so-manieth time."""
        self.states.until(lambda told: sum(each is None for each in told) >= times)

    def fails(self) -> str:
        """Wait for trouble; its code."""
        told = self.states.until(lambda told: bool(told) and told[-1] is not None)
        assert isinstance(told[-1], Refused)
        return told[-1].code

    def close(self) -> bool:
        """End it; whether the thread did."""
        self.supervisor.stop()
        return self.supervisor.join(WAIT_S)


class KeyEvent(NamedTuple):
    """One event as the kernel tells it."""

    sec: int
    usec: int
    type: int
    code: int
    value: int


class Typist:
    """Makes the events of somebody or something that types, each a few milliseconds after the other."""

    def __init__(self, layout: str = "us", step_us: int = 4000) -> None:
        self._levels, self._step, self._now = keys.LAYOUTS[layout], step_us, 1_795_262_400_000_000

    def press(self, *codes: int) -> list[KeyEvent]:
        """Each key down and up again."""
        return [event for code in codes for value in (1, 0) for event in self.change(code, value)]

    def change(self, code: int, value: int) -> list[KeyEvent]:
        """One key, and the mark behind it."""
        self._now += self._step
        sec, usec = divmod(self._now, 1_000_000)
        return [KeyEvent(sec, usec, keys.EV_KEY, code, value), KeyEvent(sec, usec, keys.EV_SYN, 0, 0)]

    def dropped(self) -> list[KeyEvent]:
        """The kernel says that events are missing."""
        sec, usec = divmod(self._now, 1_000_000)
        return [KeyEvent(sec, usec, keys.EV_SYN, keys.SYN_DROPPED, 0)]

    def pause(self, milliseconds: int) -> None:
        """Time goes by."""
        self._now += milliseconds * 1000

    def type(self, text: str, end: int | None = keys.ENTER) -> list[KeyEvent]:
        """A text as a scanner types it, shift and AltGr around each sign that needs one."""
        plain, shifted, alt_gr = ({char: code for code, char in level.items()} for level in self._levels)
        events: list[KeyEvent] = []
        for char in text:
            if char in plain:
                events += self.press(plain[char])
            else:
                modifier, code = (42, shifted[char]) if char in shifted else (keys.ALT_GR, alt_gr[char])
                events += [*self.change(modifier, 1), *self.press(code), *self.change(modifier, 0)]
        return events + (self.press(end) if end is not None else [])


class FakeInput:
    """Stands for evdev's ``InputDevice``: same methods, a pipe in place of the kernel."""

    def __init__(self, held: bool = False) -> None:
        self.fd, self._far = os.pipe()
        os.set_blocking(self.fd, False)
        self._events: list[list[KeyEvent]] = []
        self._held, self.gone = held, False
        self.grabbed = self.closed = 0

    def sends(self, events: Iterable[KeyEvent]) -> None:
        """These events arrive in one go."""
        self._events.append(list(events))
        os.write(self._far, b".")

    def unplug(self) -> None:
        """Every read fails from now on."""
        self.gone = True
        os.write(self._far, b".")

    def read(self) -> list[KeyEvent]:
        """What came."""
        os.read(self.fd, 1)
        if self.gone:
            raise OSError(errno.ENODEV, "No such device")
        return self._events.pop(0)

    def grab(self) -> None:
        """Take it."""
        if self._held:
            raise OSError(errno.EBUSY, "Device or resource busy")
        self.grabbed += 1

    def close(self) -> None:
        """Let go."""
        if not self.closed:
            os.close(self.fd)
            os.close(self._far)
        self.closed += 1
