"""Which driver goes with which kind in the configuration, and all devices of a till as one thing to start and end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.supervisor import CLOSE_SECONDS, Device, Supervisor
from kassa_tui.hardware.traffic import Tap, Traffic, nobody, tap_of

if TYPE_CHECKING:
    from kassa_tui.config import Device as Setting
    from kassa_tui.hardware.display_device import DisplayDevice
    from kassa_tui.hardware.keyboard_evdev import Press
    from kassa_tui.hardware.scale_device import ScaleDevice, ScalePort
    from kassa_tui.hardware.serial_line import SerialLine
    from kassa_tui.services.ports import Heard, Learning


class Hears(Protocol):
    """Who the devices tell; called on their threads, and must return at once."""

    def scanned(self, code: str) -> None:
        """A whole code was read."""

    def scan_broken(self) -> None:
        """A code was begun and thrown away."""

    def pressed(self, presses: list[Press]) -> None:
        """Keys of a keyboard of the till's own, in order."""

    def device_told(self, role: str, trouble: Refused | None) -> None:
        """A device went wrong, or works again."""


class State(NamedTuple):
    """How one device is."""

    role: str
    kind: str
    trouble: Refused | None
    name: str = ""
    since: float = 0.0
    """UTC seconds since when it is so; 0 where that is not known."""
    last: Refused | None = None
    """What was wrong last, also when it works again."""


class _Kept(NamedTuple):
    """One device as it was configured, and who watches it."""

    kind: str
    supervisor: Supervisor
    name: str
    options: Mapping[str, Any]


_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
LEARNABLE = ("scanner", "keyboard")
"""Roles whose devices may change while the till runs."""


class Devices:
    """The supervised devices of one till."""

    def __init__(self, told: Callable[[str, Refused | None], None]) -> None:
        self._told = told
        self._kept: list[_Kept] = []
        self._retired: list[Supervisor] = []
        """Asked to end, and waited for only at the end of the program."""
        self._started = False
        self.driver: Callable[[Setting], Device | None] = lambda setting: None
        """Makes the device of a setting; None for one that needs no watching."""
        self.scale: ScalePort | None = None
        self.display: DisplayDevice | None = None

    def add(
        self, role: str, kind: str, device: Device, name: str = "", options: Mapping[str, Any] = _NO_OPTIONS
    ) -> Supervisor:
        """Keep a device open from `start` on."""
        supervisor = Supervisor(role, device, self._told)
        self._kept.append(_Kept(kind, supervisor, name, options))
        return supervisor

    def _add(self, setting: Setting, device: Device) -> Supervisor:
        return self.add(setting.role, setting.kind, device, setting.name, setting.options)

    def adopt(self, settings: Iterable[Setting], anew: str = "") -> None:
        """Go over to these scanners and keyboards; those that stayed as they were are left alone but for the one called
        ``anew``, whose file of keys may have changed. Nobody waits.

        One that is let go and taken anew, with other options, is held for a moment: it is tried again at once.
        """
        wanted = [each for each in settings if each.role in LEARNABLE]
        stays = {(each.name, each.kind): each.options for each in wanted}
        for kept in [each for each in self._kept if each.supervisor.role in LEARNABLE]:
            if kept.name == anew or stays.get((kept.name, kept.kind)) != kept.options:
                self._kept.remove(kept)
                self._retired.append(kept.supervisor)
                kept.supervisor.stop()
        there = {(kept.name, kept.kind) for kept in self._kept}
        for setting in wanted:
            device = None if (setting.name, setting.kind) in there else self.driver(setting)
            if device is not None:
                supervisor = self._add(setting, device)
                if self._started:
                    supervisor.start()

    def learn(self, role: str, taken: Iterable[str], told: Callable[[Heard], None]) -> Learning:
        """Listen to all that is plugged in but the serial lines in ``taken``; ``told`` is called on a thread."""
        from kassa_tui.hardware.listening import Listener, plugged_in

        lines = tuple(taken)
        return Listener(role, told, lambda: plugged_in(taken=lines)).start()

    def states(self) -> tuple[State, ...]:
        """Each device in the order of the configuration; never waits."""
        return tuple(
            State(each.role, kind, each.trouble, name, each.since, each.last) for kind, each, name, _ in self._kept
        )

    def start(self) -> None:
        """Begin to open all of them."""
        self._started = True
        for kept in self._kept:
            kept.supervisor.start()

    def close(self) -> None:
        """End them all within `CLOSE_SECONDS` together; harmless when called again."""
        ending = [*self._retired, *(kept.supervisor for kept in self._kept)]
        self._kept, self._retired = [], []
        for each in ending:
            each.stop()
        until = time.monotonic() + CLOSE_SECONDS
        for each in ending:
            each.join(max(until - time.monotonic(), 0))


def make(settings: Iterable[Setting], hears: Hears, acts: Iterable[str], traffic: Traffic | None = None) -> Devices:
    """The devices of a configuration that need watching; ``acts`` are those that a key of a keyboard may stand for.
    ``traffic`` is told what goes over their lines; what is typed on a keyboard, a PIN among it, is never told.

    Printers, drawers and card terminals have roads of their own, and a wedge scanner is the terminal's keyboard.
    """
    devices, acts = Devices(hears.device_told), tuple(acts)

    def driver(setting: Setting) -> Device | None:
        if setting.role == "keyboard":
            return _keyboard(setting.options, hears, acts)
        if setting.role == "scanner" and setting.kind in _SCANNERS:
            return _SCANNERS[setting.kind](setting.options, hears, tap_of(traffic, setting.role))
        return None

    devices.driver = driver
    for setting in settings:
        if setting.role == "scale" and devices.scale is None:
            _add_scale(devices, setting, tap_of(traffic, setting.role))
        elif setting.role == "display" and devices.display is None:
            _add_display(devices, setting, tap_of(traffic, setting.role))
        elif (made := devices.driver(setting)) is not None:
            devices._add(setting, made)
    return devices


def _line(options: Mapping[str, Any], tap: Tap, baud: int = 9600, framing: str = "8N1") -> SerialLine:
    from kassa_tui.hardware.serial_line import SerialLine

    return SerialLine(str(options["path"]), options["baud"] or baud, options["framing"] or framing, tap)


def _pipe_scanner(options: Mapping[str, Any], hears: Hears, tap: Tap) -> Device:
    from kassa_tui.hardware.scanner_pipe import PipeScanner

    return PipeScanner(Path(options["path"]), hears.scanned, hears.scan_broken, tap)


def _serial_scanner(options: Mapping[str, Any], hears: Hears, tap: Tap) -> Device:
    from kassa_tui.hardware.scanner_serial import SerialScanner

    return SerialScanner(_line(options, tap), hears.scanned, hears.scan_broken)


def _evdev_scanner(options: Mapping[str, Any], hears: Hears, tap: Tap) -> Device:
    from kassa_tui.hardware.evdev_input import GrabbedInput, Where
    from kassa_tui.hardware.scanner_evdev import EvdevScanner

    where = Where(*(str(options[name] or "") for name in Where._fields))
    return EvdevScanner(GrabbedInput(where), options["layout"], hears.scanned, hears.scan_broken, tap)


_SCANNERS: Mapping[str, Callable[[Mapping[str, Any], Hears, Tap], Device]] = {
    "pipe": _pipe_scanner, "serial": _serial_scanner, "evdev": _evdev_scanner,
}  # fmt: skip


def _keyboard(options: Mapping[str, Any], hears: Hears, acts: tuple[str, ...]) -> Device:
    from kassa_tui.hardware.evdev_input import GrabbedInput, Where
    from kassa_tui.hardware.keyboard_evdev import EvdevKeyboard, read_key_map

    where, keys = Where(*(str(options[name] or "") for name in Where._fields)), options["keys"]
    key_map = partial(read_key_map, Path(keys), acts) if keys else dict
    return EvdevKeyboard(GrabbedInput(where), options["layout"], key_map, hears.pressed, hears.scan_broken)


def make_scale(kind: str, options: Mapping[str, Any], tap: Tap = nobody) -> ScaleDevice:
    """The scale of a ``[[device]]``, not yet open."""
    from kassa_tui.hardware import scale_dialog06 as dialog
    from kassa_tui.hardware.scale_device import Dialogue, Polled, ScaleDevice
    from kassa_tui.hardware.scale_protocols import PROTOCOLS

    if kind == "dialog06":
        secret = options["polynomial"]
        polynomial = int(secret, 16) if secret else None
        text = bool(options["scale_text"])
        return ScaleDevice(
            _line(options, tap, dialog.BAUD, dialog.FRAMING),
            lambda line, stop: Dialogue(line, stop, polynomial, text, lambda: secrets.randbelow(0x10000)),
        )
    protocol = PROTOCOLS[kind]
    line = _line(options, tap, protocol.baud, protocol.framing)
    return ScaleDevice(line, lambda line, stop: Polled(protocol, line, stop))


def _add_scale(devices: Devices, setting: Setting, tap: Tap) -> None:
    from kassa_tui.hardware.scale_device import ScalePort

    device = make_scale(setting.kind, setting.options, tap)
    supervisor = devices._add(setting, device)
    devices.scale = ScalePort(device, lambda: supervisor.trouble)


def _add_display(devices: Devices, setting: Setting, tap: Tap) -> None:
    from kassa_tui.hardware.display_device import DisplayDevice, SerialSurface, TextSurface

    options = setting.options
    if setting.kind == "screen":
        devices.display = DisplayDevice(TextSurface(Path(options["path"]), options["columns"]))
    else:
        start = bytes.fromhex(options["start"] or "")
        surface = SerialSurface(_line(options, tap), setting.kind, options["codepage"], options["columns"], start)
        devices.display = DisplayDevice(surface)
    devices._add(setting, devices.display)
