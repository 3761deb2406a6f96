"""Whether a device works, tried with its own driver and nothing else: opened, asked, and let go of again.

Only for when no till runs: a device belongs to one program at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.registry import make
from kassa_tui.hardware.scale_protocols import MOTION
from kassa_tui.hardware.terminals.errors import BUSY, TerminalError
from kassa_tui.hardware.terminals.make import driver
from kassa_tui.hardware.terminals.wake import Wake

if TYPE_CHECKING:
    from kassa_tui.config import Device as Setting
    from kassa_tui.hardware.keyboard_evdev import Press
    from kassa_tui.services.ports import ScaleState

PATIENCE_S = 6.0
"""For a device to open or to say why not."""
WEIGH_S = 3.0
CLOSE_S = 2.0
OPENED, WEIGHS, SILENT = "opened", "weighs", "device_silent"


class Answer(NamedTuple):
    """What came of it."""

    code: str = ""
    """``opened``; ``weighs`` of a scale; ``answers`` or ``busy`` of a terminal; empty where there is nothing to try."""
    grams: int = 0
    trouble: Refused | None = None


class Ear:
    """Hears one device."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._told: list[Refused | None] = []
        self._codes: list[str | None] = []

    def scanned(self, code: str) -> None:
        """A whole code."""
        with self._changed:
            self._codes.append(code)
            self._changed.notify_all()

    def scan_broken(self) -> None:
        """A code that was thrown away."""
        with self._changed:
            self._codes.append(None)
            self._changed.notify_all()

    def pressed(self, presses: list[Press]) -> None:
        """Keys are none of ours."""

    def device_told(self, role: str, trouble: Refused | None) -> None:
        """It works, or does not."""
        with self._changed:
            self._told.append(trouble)
            self._changed.notify_all()

    def verdict(self, seconds: float) -> Refused | None:
        """How the first try ended."""
        with self._changed:
            told = self._changed.wait_for(lambda: self._told, seconds)
            return self._told[0] if told else Refused(SILENT, {})

    def code(self, seconds: float) -> str | None:
        """The first whole code; None where none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: any(code is not None for code in self._codes), seconds)
            return next((code for code in self._codes if code is not None), None)


def check(setting: Setting, till: str) -> Answer:
    """Try a device that is no printer. A terminal is asked how it is, and never to charge anything."""
    if setting.role == "card_terminal":
        return _terminal(setting, till)
    ear = Ear()
    devices = make([setting], ear, ())
    if not devices.states():
        return Answer()
    try:
        devices.start()
        trouble = ear.verdict(PATIENCE_S)
        if trouble is not None or devices.scale is None:
            return Answer(OPENED, trouble=trouble)
        weighed = threading.Event()
        seen: list[ScaleState] = []

        def tell(state: ScaleState) -> None:
            seen.append(state)
            if state.code != MOTION:  # said until two answers agree
                weighed.set()

        devices.scale.weigh(100, "", tell)
        weighed.wait(WEIGH_S)
        devices.scale.cancel()
        return _weighed(seen, setting)
    finally:
        devices.close()


def _weighed(seen: list[ScaleState], setting: Setting) -> Answer:
    """A scale that moves or is empty answers as well as one with goods on it."""
    if not seen:
        # One that tells only what changed has nothing to tell of an empty pan.
        return Answer(OPENED) if setting.kind == "adam" else Answer(trouble=Refused(SILENT, {}))
    state = seen[-1]
    if state.code.startswith("device_"):
        return Answer(trouble=Refused(state.code, {}))
    return Answer(WEIGHS, state.thousandths)


def listen(
    settings: Iterable[Setting], seconds: float, typed: Callable[[Callable[[], bool]], str | None]
) -> str | None:
    """The first code that any of these scanners reads, or line that is ``typed``; None where none comes in time.

    ``typed`` waits for a line on a thread of its own until what it is given says that it is over.
    """
    ear, over = Ear(), threading.Event()
    devices = make(settings, ear, ())

    def type_() -> None:
        line = typed(over.is_set)
        if line is not None:
            ear.scanned(line)

    keyboard = threading.Thread(target=type_, name="typed", daemon=True)
    try:
        devices.start()
        keyboard.start()
        return ear.code(seconds)
    finally:
        over.set()
        devices.close()
        keyboard.join(CLOSE_S)


def _terminal(setting: Setting, till: str) -> Answer:
    if setting.kind in ("standalone", "demo"):
        return Answer()
    asked, wake = driver(setting.kind, setting.options, till), Wake()
    try:
        asked.look(wake)
    except TerminalError as error:
        if error.code == BUSY:
            return Answer(BUSY)
        return Answer(trouble=Refused(error.code, dict(error.facts)))
    finally:
        wake.close()
        asked.close()
    return Answer("answers")
