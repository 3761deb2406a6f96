"""Programmable keyboards and numeric pads of tills: each key is an act, a text, or what it says on it.

Taken from the kernel like a scanner, so that keys which a terminal does not know (F13 to F24, those with pictures) can
be used. A file says what the special keys do; the rest types as on any keyboard.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.evdev_input import Event, GrabbedInput
from kassa_tui.hardware.supervisor import Bell, DeviceError

ACT, KEY, TEXT = "act", "key", "text"
MAX_TEXT = 120
"""Characters on one key; no code is longer."""


class Press(NamedTuple):
    """What one key means."""

    kind: str
    """``act`` of the till, ``key`` by its name in ``keys.toml``, or ``text`` to type (a line feed in it is Enter)."""
    value: str


def read_key_map(path: Path, acts: Iterable[str]) -> dict[int, Press]:
    """Number of a key → what it does, from tables ``[acts]`` and ``[text]`` keyed by the kernel's names.

    Raises `DeviceError` ``device_config`` for a file, a key or an act that is not there.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DeviceError("device_config", {"option": "keys", "value": str(path)}) from error
    known, found = frozenset(acts), dict[int, Press]()
    for name, kind in (("acts", ACT), ("text", TEXT)):
        table = tables.pop(name, {})
        if not isinstance(table, dict):
            raise DeviceError("device_config", {"option": "keys", "value": name})
        for key, value in table.items():
            number = keys.key_number(key)
            right = isinstance(value, str) and (value in known if kind == ACT else 0 < len(value) <= MAX_TEXT)
            if number is None or not right or number in found:
                raise DeviceError("device_config", {"option": "keys", "value": f"{name}.{key}"})
            found[number] = Press(kind, value)
    if tables:
        raise DeviceError("device_config", {"option": "keys", "value": min(tables)})
    return found


_REPEATS = ("backspace", "up", "down", "left", "right", "pageup", "pagedown", "delete")


class KeyReader:
    """From events to presses."""

    def __init__(self, layout: str, mapped: Mapping[int, Press]) -> None:
        self._plain, self._shifted, self._alt_gr = keys.LAYOUTS[layout]
        self._mapped = mapped
        self._held: set[int] = set()

    def feed(self, events: Iterable[Event]) -> tuple[list[Press], bool]:
        """What was pressed, in order, and whether the kernel lost events."""
        found, lost = list[Press](), False
        for event in events:
            if event.type == keys.EV_SYN and event.code == keys.SYN_DROPPED:
                lost = True
                self._held.clear()
            elif event.type == keys.EV_KEY:
                press = self._press(event.code, event.value)
                if press is not None:
                    found.append(press)
        return found, lost

    def _press(self, key: int, value: int) -> Press | None:
        if key in (*keys.SHIFT, *keys.CTRL, keys.ALT, keys.ALT_GR):
            (self._held.add if value else self._held.discard)(key)
            return None
        if value == keys.REPEATED and keys.NAMED.get(key) in _REPEATS and key not in self._mapped:
            return Press(KEY, keys.NAMED[key])
        if value != keys.DOWN:
            return None
        return self._mapped.get(key) or self._usual(key)

    def _usual(self, key: int) -> Press | None:
        held = self._held
        if key in keys.NAMED:
            return Press(KEY, keys.NAMED[key])
        level = self._alt_gr if keys.ALT_GR in held else self._plain if held.isdisjoint(keys.SHIFT) else self._shifted
        char = level.get(key) or keys.KEYPAD.get(key, "")
        if char and not held.isdisjoint(keys.CTRL):
            return Press(KEY, f"ctrl+{char.lower()}") if char.isalpha() and char.isascii() else None
        return Press(TEXT, char) if char else None


class EvdevKeyboard:
    """One keyboard; hands presses over in order and says ``broken`` where the kernel lost some."""

    def __init__(
        self,
        source: GrabbedInput,
        layout: str,
        key_map: Callable[[], Mapping[int, Press]],
        deliver: Callable[[list[Press]], None],
        broken: Callable[[], None],
    ) -> None:
        self._source, self._layout, self._key_map = source, layout, key_map
        self._deliver, self._broken = deliver, broken
        self._mapped: Mapping[int, Press] = {}

    def open(self, stop: Bell) -> None:
        """The file first: a keyboard whose map is wrong is left to the console, so that it still types."""
        self._mapped = self._key_map()
        self._source.open()

    def run(self, stop: Bell) -> None:
        """Read and hand over."""
        reader = KeyReader(self._layout, self._mapped)
        while not stop.is_set():
            events = self._source.events(stop, None)
            if not events:
                continue
            presses, lost = reader.feed(events)
            if presses:
                self._deliver(presses)
            if lost:
                self._broken()

    def close(self) -> None:
        """Let go."""
        self._source.close()
