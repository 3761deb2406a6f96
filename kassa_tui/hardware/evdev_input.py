"""A keyboard or scanner taken from the kernel for the till alone, found by what it is and never by its event number.

Event numbers change with every plug, so a device is named by a link under ``/dev/input/by-id`` or ``by-path``, by the
maker and product of its USB plug, or by the physical port that it is plugged into.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from kassa_tui.hardware.evdev_codes import ENTER, KP_ENTER, TAB
from kassa_tui.hardware.supervisor import Bell, DeviceError, from_os, readable

SYS, DEV = Path("/sys/class/input"), Path("/dev/input")


class Event(Protocol):
    """One event as the kernel tells it."""

    @property
    def sec(self) -> int:
        """Time of day, whole seconds."""

    @property
    def usec(self) -> int:
        """And millionths."""

    @property
    def type(self) -> int:
        """Keys, marks, pointers."""

    @property
    def code(self) -> int:
        """Which key."""

    @property
    def value(self) -> int:
        """Down, up, held."""


class Input(Protocol):
    """What is used of evdev's ``InputDevice``."""

    fd: int

    def read(self) -> Iterable[Event]:
        """What came; BlockingIOError where nothing did, OSError where the device is gone."""

    def grab(self) -> None:
        """Take it for this program alone; OSError EBUSY where another one has."""

    def close(self) -> None:
        """Let go, of the grab too."""


class Where(NamedTuple):
    """How a device is found: by the path, else by make, by port, or by both where two of a make are plugged in."""

    path: str = ""
    """A link under ``by-id`` or ``by-path``, or one that a udev rule makes."""
    usb: str = ""
    """Maker and product in hexadecimal, as ``lsusb`` writes them: ``0c2e:0b61``."""
    phys: str = ""
    """Physical port as the kernel names it, ``usb-0000:00:14.0-2/input0``, or its beginning."""

    def __str__(self) -> str:
        return self.path or self.usb or self.phys


def locate(where: Where, sys: Path = SYS, dev: Path = DEV) -> str:
    """The event file of a device that types. Raises `DeviceError` ``device_missing``."""
    if where.path:
        return where.path
    events = (path for path in sys.glob("event*") if path.name[5:].isdigit())
    for event in sorted(events, key=lambda path: int(path.name[5:])):
        about = event / "device"
        if _matches(where, about) and types(_read(about / "capabilities" / "key")):
            return str(dev / event.name)
    raise DeviceError("device_missing", {"path": str(where)})


def _matches(where: Where, about: Path) -> bool:
    usb = f"{_read(about / 'id' / 'vendor')}:{_read(about / 'id' / 'product')}"
    there = _read(about / "phys").startswith(where.phys)
    return bool(where.usb or where.phys) and there and where.usb.lower() in ("", usb)


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def types(keys: str) -> bool:
    """Whether a device with these keys can end a code: the kernel's bits in words, the lowest last. A scanner has
    a second face without Enter (volume keys, power) under the same maker and product."""
    bits = 0
    for word in keys.split():
        if not set(word) <= set("0123456789abcdefABCDEF"):
            return False
        bits = bits << 64 | int(word, 16)
    return any(bits >> code & 1 for code in (ENTER, KP_ENTER, TAB))


def open_input(path: str) -> Input:
    """Open an event file through evdev. Raises `DeviceError` where that library is not installed, else OSError."""
    try:
        import evdev
    except ImportError as error:
        raise DeviceError("device_software", {"library": "evdev"}) from error
    # Read only: a scanner has no lights that we mean to switch.
    return cast("Input", evdev.InputDevice(path, readonly=True))


class GrabbedInput:
    """Opens the device, takes it for the till alone, and reads what it sends."""

    def __init__(
        self, where: Where, find: Callable[[Where], str] = locate, opener: Callable[[str], Input] = open_input
    ) -> None:
        self._where, self._find, self._opener = where, find, opener
        self._input: Input | None = None

    def open(self) -> None:
        """Raises `DeviceError`; ``device_held`` where another program has the device."""
        path = self._find(self._where)
        try:
            self._input = self._opener(os.path.realpath(path))
            self._input.grab()
        except OSError as error:
            self.close()
            raise from_os(error, self._where) from error

    def events(self, bell: Bell, seconds: float | None) -> list[Event] | None:
        """What came; None where the bell rang or the time is up. Raises `DeviceError` where the device is gone."""
        if self._input is None:
            raise DeviceError("device_missing", {"path": str(self._where)})
        if not readable(self._input.fd, bell, seconds):
            return None
        try:
            return list(self._input.read())
        except BlockingIOError:
            return []
        except OSError as error:
            raise from_os(error, self._where) from error

    def close(self) -> None:
        """Let go, of the grab too; harmless when called again."""
        found, self._input = self._input, None
        if found is not None:
            with contextlib.suppress(OSError):
                found.close()
