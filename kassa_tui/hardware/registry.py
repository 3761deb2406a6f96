"""Which driver goes with which kind in the configuration, and all devices of a till as one thing to start and end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.supervisor import CLOSE_SECONDS, Device, Supervisor

if TYPE_CHECKING:
    from kassa_tui.config import Device as Setting
    from kassa_tui.hardware.display_device import DisplayDevice
    from kassa_tui.hardware.keyboard_evdev import Press
    from kassa_tui.hardware.scale_device import ScaleDevice, ScalePort
    from kassa_tui.hardware.serial_line import SerialLine


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


class Devices:
    """The supervised devices of one till."""

    def __init__(self, told: Callable[[str, Refused | None], None]) -> None:
        self._told = told
        self._kept: list[tuple[str, Supervisor]] = []
        self.scale: ScalePort | None = None
        self.display: DisplayDevice | None = None

    def add(self, role: str, kind: str, device: Device) -> Supervisor:
        """Keep a device open from `start` on."""
        supervisor = Supervisor(role, device, self._told)
        self._kept.append((kind, supervisor))
        return supervisor

    def states(self) -> tuple[State, ...]:
        """Each device in the order of the configuration; never waits."""
        return tuple(State(each.role, kind, each.trouble) for kind, each in self._kept)

    def start(self) -> None:
        """Begin to open all of them."""
        for _, each in self._kept:
            each.start()

    def close(self) -> None:
        """End them all within `CLOSE_SECONDS` together; harmless when called again."""
        kept, self._kept = self._kept, []
        for _, each in kept:
            each.stop()
        until = time.monotonic() + CLOSE_SECONDS
        for _, each in kept:
            each.join(max(until - time.monotonic(), 0))


def make(settings: Iterable[Setting], hears: Hears, acts: Iterable[str]) -> Devices:
    """The devices of a configuration that need watching; ``acts`` are those that a key of a keyboard may stand for.

    Printers, drawers and card terminals have roads of their own, and a wedge scanner is the terminal's keyboard.
    """
    devices, acts = Devices(hears.device_told), tuple(acts)
    for setting in settings:
        if setting.role == "scale" and devices.scale is None:
            _add_scale(devices, setting)
        elif setting.role == "display" and devices.display is None:
            _add_display(devices, setting)
        elif setting.role == "keyboard":
            devices.add(setting.role, setting.kind, _keyboard(setting.options, hears, acts))
        elif setting.role == "scanner" and setting.kind in _SCANNERS:
            devices.add(setting.role, setting.kind, _SCANNERS[setting.kind](setting.options, hears))
    return devices


def _line(options: Mapping[str, Any], baud: int = 9600, framing: str = "8N1") -> SerialLine:
    from kassa_tui.hardware.serial_line import SerialLine

    return SerialLine(str(options["path"]), options["baud"] or baud, options["framing"] or framing)


def _pipe_scanner(options: Mapping[str, Any], hears: Hears) -> Device:
    from kassa_tui.hardware.scanner_pipe import PipeScanner

    return PipeScanner(Path(options["path"]), hears.scanned, hears.scan_broken)


def _serial_scanner(options: Mapping[str, Any], hears: Hears) -> Device:
    from kassa_tui.hardware.scanner_serial import SerialScanner

    return SerialScanner(_line(options), hears.scanned, hears.scan_broken)


def _evdev_scanner(options: Mapping[str, Any], hears: Hears) -> Device:
    from kassa_tui.hardware.evdev_input import GrabbedInput, Where
    from kassa_tui.hardware.scanner_evdev import EvdevScanner

    where = Where(*(str(options[name] or "") for name in Where._fields))
    return EvdevScanner(GrabbedInput(where), options["layout"], hears.scanned, hears.scan_broken)


_SCANNERS: Mapping[str, Callable[[Mapping[str, Any], Hears], Device]] = {
    "pipe": _pipe_scanner, "serial": _serial_scanner, "evdev": _evdev_scanner,
}  # fmt: skip


def _keyboard(options: Mapping[str, Any], hears: Hears, acts: tuple[str, ...]) -> Device:
    from kassa_tui.hardware.evdev_input import GrabbedInput, Where
    from kassa_tui.hardware.keyboard_evdev import EvdevKeyboard, read_key_map

    where, keys = Where(*(str(options[name] or "") for name in Where._fields)), options["keys"]
    key_map = partial(read_key_map, Path(keys), acts) if keys else dict
    return EvdevKeyboard(GrabbedInput(where), options["layout"], key_map, hears.pressed, hears.scan_broken)


def make_scale(kind: str, options: Mapping[str, Any]) -> ScaleDevice:
    """The scale of a ``[[device]]``, not yet open."""
    from kassa_tui.hardware import scale_dialog06 as dialog
    from kassa_tui.hardware.scale_device import Dialogue, Polled, ScaleDevice
    from kassa_tui.hardware.scale_protocols import PROTOCOLS

    if kind == "dialog06":
        secret = options["polynomial"]
        polynomial = int(secret, 16) if secret else None
        text = bool(options["scale_text"])
        return ScaleDevice(
            _line(options, dialog.BAUD, dialog.FRAMING),
            lambda line, stop: Dialogue(line, stop, polynomial, text, lambda: secrets.randbelow(0x10000)),
        )
    protocol = PROTOCOLS[kind]
    return ScaleDevice(_line(options, protocol.baud, protocol.framing), lambda line, stop: Polled(protocol, line, stop))


def _add_scale(devices: Devices, setting: Setting) -> None:
    from kassa_tui.hardware.scale_device import ScalePort

    device = make_scale(setting.kind, setting.options)
    supervisor = devices.add(setting.role, setting.kind, device)
    devices.scale = ScalePort(device, lambda: supervisor.trouble)


def _add_display(devices: Devices, setting: Setting) -> None:
    from kassa_tui.hardware.display_device import DisplayDevice, SerialSurface, TextSurface

    options = setting.options
    if setting.kind == "screen":
        devices.display = DisplayDevice(TextSurface(Path(options["path"]), options["columns"]))
    else:
        start = bytes.fromhex(options["start"] or "")
        surface = SerialSurface(_line(options), setting.kind, options["codepage"], options["columns"], start)
        devices.display = DisplayDevice(surface)
    devices.add(setting.role, setting.kind, devices.display)
