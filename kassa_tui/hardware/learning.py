"""Which of all plugged-in devices just spoke, told from what it sent and how fast: pure, given events and the time.

A scanner types a whole code and its end in the time in which a hand presses one key. A device that was seen to be
worked by a hand is the keyboard of whoever stands there, and can never be taken for a scanner, whatever comes from it
later: it would be lost to the person.
"""

from __future__ import annotations

from collections.abc import Iterable

from kassa_tui.domain.gtin import passes
from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.evdev_input import Event
from kassa_tui.hardware.scanner_evdev import GAP_MS, ScanAssembler
from kassa_tui.hardware.scanner_serial import LineSplitter
from kassa_tui.services.ports import Heard

SCANNER, KEYBOARD = "scanner", "keyboard"
MIN_CODE_CHARS = 4
"""Anything shorter is no proof of a scanner."""
MEAN_MS, WORST_MS = 45, 90
"""Longest mean and single pause between two keys of a scanner: at 10 ms a report a shifted sign takes 40. The fastest
typists need 60 on average, and a code with its Enter is never typed in one roll of the hand."""
QUIET_S = 0.25
"""A device that is silent for so long has ended what it had to say; a little over `GAP_MS`."""
SURE_S = 0.5
"""After somebody confirmed: had the confirming key come from the device itself, it would be known by then."""
LISTEN_S = 60.0
"""Nobody came: the till stops listening by itself."""

_MODIFIERS = (*keys.SHIFT, *keys.CTRL, keys.ALT, keys.ALT_GR, *keys.SILENT)


class _Ear:
    """What one device sent last."""

    def __init__(self, name: str, layouts: Iterable[str]) -> None:
        self.name = name
        self.by_hand = False
        self.layouts = {layout: ScanAssembler(layout) for layout in layouts}
        self.splitter = LineSplitter()
        self.times: list[int] = []
        """Milliseconds of each press since the last pause or end."""
        self.keys: list[int] = []
        self.heard_s = 0.0

    @property
    def machine(self) -> bool:
        """Whether what came since then came too fast for a hand."""
        gaps = [later - before for before, later in zip(self.times, self.times[1:], strict=False)]
        return len(gaps) >= MIN_CODE_CHARS - 1 and sum(gaps) <= MEAN_MS * len(gaps) and max(gaps) <= WORST_MS

    def clear(self) -> None:
        """Begin anew."""
        self.times.clear()
        self.keys.clear()


class Learner:
    """Listens to all devices for one role. ``now`` is in seconds of any steady clock."""

    def __init__(self, role: str, now: float) -> None:
        self._role = role
        self._ears: dict[str, _Ear] = {}
        self._until = now + LISTEN_S
        self._asked: tuple[str, float] | None = None
        self.ended = False

    def keys(self, device: str, events: Iterable[Event], now: float) -> list[Heard]:
        """What these events of a device that types mean."""
        ear, found = self._ear(device, now), list[Heard]()
        for event in events:
            codes = {layout: assembler.feed([event]) for layout, assembler in ear.layouts.items()}
            if event.type != keys.EV_KEY or event.value != keys.DOWN or event.code in _MODIFIERS:
                continue
            at = event.sec * 1000 + event.usec // 1000
            if ear.times and not 0 <= at - ear.times[-1] <= GAP_MS:
                found += self._paused(ear)
            ear.times.append(at)
            ear.keys.append(event.code)
            if self._role == SCANNER and event.code in (keys.ENTER, keys.KP_ENTER, keys.TAB):
                found += self._ended(ear, {layout: code[-1] or "" for layout, code in codes.items() if code})
        return found

    def line(self, device: str, data: bytes, now: float) -> list[Heard]:
        """What these bytes of a serial line mean; no hand types on one."""
        ear = self._ear(device, now)
        codes = [code for code in ear.splitter.feed(data) if code and len(code) >= MIN_CODE_CHARS]
        return [Heard("scan", device, code) for code in codes if code.isprintable()] if self._role == SCANNER else []

    def confirm(self, device: str, now: float) -> None:
        """Somebody wants this one; `tick` says ``sure`` or ``by_hand`` in a moment."""
        self._asked = (device, now)
        self._until = now + LISTEN_S

    def tick(self, now: float) -> list[Heard]:
        """What the silence means: asked a few times a second."""
        found = list[Heard]()
        for ear in self._ears.values():
            if ear.times and now - ear.heard_s >= QUIET_S:
                found += self._paused(ear)
        if self._asked is not None and now - self._asked[1] >= SURE_S:
            device, self._asked = self._asked[0], None
            mine = self._role == SCANNER and device in self._ears and self._ears[device].by_hand
            found.append(Heard("by_hand" if mine else "sure", device))
        if now >= self._until and not self.ended:
            self.ended = True
            found.append(Heard("ended"))
        return found

    def _ear(self, device: str, now: float) -> _Ear:
        ear = self._ears.get(device)
        if ear is None:
            ear = self._ears[device] = _Ear(device, keys.LAYOUTS)
        ear.heard_s, self._until = now, now + LISTEN_S
        return ear

    def _ended(self, ear: _Ear, codes: dict[str, str]) -> list[Heard]:
        machine = ear.machine
        ear.clear()
        layout, code = likely(codes)
        if not machine:
            ear.by_hand = True
            return [Heard("typed", ear.name, code)] if len(code) >= MIN_CODE_CHARS else []
        if len(code) < MIN_CODE_CHARS:
            return []
        return [Heard("by_hand" if ear.by_hand else "scan", ear.name, code, layout)]

    def _paused(self, ear: _Ear) -> list[Heard]:
        """A device stopped without an end: keys of a hand, or a scanner that is set to send no Enter."""
        machine, pressed = ear.machine, tuple(ear.keys)
        ear.clear()
        for assembler in ear.layouts.values():
            assembler.expire()
        if machine:
            return [Heard("no_end" if self._role == SCANNER else "is_scanner", ear.name)]
        ear.by_hand = True
        names = tuple(keys.key_name(key) for key in pressed)
        return [] if self._role == SCANNER else [Heard("keys", ear.name, keys=names)]


def likely(codes: dict[str, str]) -> tuple[str, str]:
    """Layout that the scanner is probably set to, and the code in it: one whose check digit is right, else one of
    digits alone, else the usual one. On another layout digits read as signs."""

    def doubt(layout: str) -> int:
        code = codes[layout]
        digits = code.isascii() and code.isdigit()
        return 0 if digits and len(code) in (8, 12, 13, 14) and passes(code) else 1 if digits else 2

    return min(((layout, codes[layout]) for layout in codes), key=lambda each: doubt(each[0]), default=("us", ""))
