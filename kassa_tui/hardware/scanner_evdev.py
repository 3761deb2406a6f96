"""Scanners that play a keyboard, taken from the kernel: a scan is put together here and can never become typing.

A code that lost an event, or that stops half-way, is thrown away whole and said to be: half a code is another article.
The thread only reads and hands over, for the kernel keeps 64 events and a code with Enter is 84 or more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.evdev_input import Event, GrabbedInput
from kassa_tui.hardware.scanner_serial import hand_over
from kassa_tui.hardware.supervisor import Bell
from kassa_tui.hardware.traffic import FROM, Tap

GAP_MS = 200
"""Longest pause within one code: no scanner pauses, and no hand types on a scanner."""
CLOCK_STEP_MS = 60_000
"""A longer one is the system's clock being set, for events carry the time of day."""
MAX_CODE_CHARS = 1024
GS = "\x1d"
_ENDS = "\r\n\t"


class ScanAssembler:
    """Puts codes together from key events."""

    def __init__(self, layout: str = "us") -> None:
        self._plain, self._shifted, self._alt_gr = keys.LAYOUTS[layout]
        self._code, self._spoiled = "", False
        self._held: set[int] = set()
        self._caps, self._number = False, ""
        self._last_ms = 0

    @property
    def pending(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._code) or self._spoiled

    def expire(self) -> bool:
        """Throw away what has begun; whether there was anything."""
        lost, self._code, self._spoiled = self.pending, "", False
        return lost

    def feed(self, events: Iterable[Event]) -> list[str | None]:
        """Codes that these events end, in order; None for one that was thrown away."""
        found: list[str | None] = []
        for event in events:
            if event.type == keys.EV_SYN and event.code == keys.SYN_DROPPED:
                # Presses and releases are missing: nothing up to the next end, or the next pause, can be trusted.
                self._spoiled, self._number = True, ""
                self._held.clear()
            elif event.type == keys.EV_KEY:
                if self._paused(event) and self.expire():
                    found.append(None)
                for char in self._typed(event.code, event.value):
                    found += self._take(char)
        return found

    def _paused(self, event: Event) -> bool:
        now = event.sec * 1000 + event.usec // 1000
        pause, self._last_ms = now - self._last_ms, now
        return GAP_MS < pause < CLOCK_STEP_MS

    def _take(self, char: str) -> list[str | None]:
        if char not in _ENDS:
            self._code += char
            self._spoiled = self._spoiled or len(self._code) > MAX_CODE_CHARS
            return []
        code, spoiled = self._code, self._spoiled
        self._code, self._spoiled = "", False
        return [None] if spoiled else [code] if code else []

    def _typed(self, key: int, value: int) -> str:
        """What a press types; nothing for most releases."""
        if key in (*keys.SHIFT, *keys.CTRL, keys.ALT, keys.ALT_GR):
            return self._modified(key, value)
        if value != keys.DOWN:
            return ""
        if keys.ALT in self._held and key in keys.KEYPAD:
            self._number += keys.KEYPAD[key]
            return ""
        if key in (keys.ENTER, keys.KP_ENTER, keys.TAB):
            return "\r"
        if key == keys.F8:
            return GS  # what a scanner can be told to send for the separator
        if key == keys.CAPS_LOCK:
            self._caps = not self._caps
        return self._character(key)

    def _modified(self, key: int, value: int) -> str:
        if value:
            self._held.add(key)
            return ""
        self._held.discard(key)
        number, self._number = self._number, ""
        return alt_character(number) if key == keys.ALT and number else ""

    def _character(self, key: int) -> str:
        held = self._held
        shifted = not held.isdisjoint(keys.SHIFT)
        if keys.ALT_GR in held:
            char = self._alt_gr.get(key, "")
        else:
            char = (self._shifted if shifted else self._plain).get(key, "") or keys.KEYPAD.get(key, "")
        if self._caps and char.isalpha() and len(char.swapcase()) == 1:
            char = char.swapcase()
        if not held.isdisjoint(keys.CTRL):
            return self._control(key, char)
        if not char and key not in keys.SILENT:
            self._spoiled = True  # a key that types nothing here: the scanner has another layout
        return char

    def _control(self, key: int, char: str) -> str:
        """A control character that may stand in or end a code; the separator has the same place on every layout."""
        if key == keys.GS_KEY:
            return GS
        control = chr(ord(char) & 0x1F) if char.isascii() and char.isalpha() else ""
        return control if control and control in _ENDS else ""


def alt_character(number: str) -> str:
    """The character of Alt and a number on the pad: Windows' page after a leading zero, else the PC's first one."""
    if not number.isdigit():
        return ""
    page = "cp1252" if number.startswith("0") else "cp437"
    return bytes((int(number) & 0xFF,)).decode(page, "ignore")


def key_bytes(events: Iterable[Event]) -> bytes:
    """Events as the black box keeps them: a byte for each key by the kernel's number, 0x80 more where it was let go of,
    and 0xFF where the kernel lost some."""
    return bytes(
        [0xFF if event.type == keys.EV_SYN else event.code & 0x7F | (0 if event.value else 0x80)
         for event in events if event.type == keys.EV_KEY or event.code == keys.SYN_DROPPED]
    )  # fmt: skip


class EvdevScanner:
    """One scanner; hands codes to ``deliver`` and says ``broken`` for those it threw away."""

    def __init__(
        self, source: GrabbedInput, layout: str, deliver: Callable[[str], None], broken: Callable[[], None],
        tap: Tap | None = None,
    ) -> None:  # fmt: skip
        self._source, self._layout, self._deliver, self._broken = source, layout, deliver, broken
        self._tap = tap

    def open(self, stop: Bell) -> None:
        """Find and grab it."""
        self._source.open()

    def run(self, stop: Bell) -> None:
        """Read and hand over."""
        codes = ScanAssembler(self._layout)
        while not stop.is_set():
            events = self._source.events(stop, GAP_MS / 1000 if codes.pending else None)
            if events is None:
                if not stop.is_set() and codes.expire():
                    self._broken()
                continue
            hand_over(codes.feed(events), self._deliver, self._broken)
            if self._tap is not None:
                data = key_bytes(events)
                self._tap(FROM, data, len(data))

    def close(self) -> None:
        """Let go."""
        self._source.close()
