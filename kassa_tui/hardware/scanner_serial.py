"""Scanners on a serial line: bytes up to a terminator are a code, group separators and all."""

from __future__ import annotations

from collections.abc import Callable

from kassa_tui.hardware.serial_line import SerialLine
from kassa_tui.hardware.supervisor import Bell

GAP_S = 0.2
"""Longest pause within one code."""
MAX_CODE_BYTES = 1024
_STX, _ETX = 0x02, 0x03
_ENDS = frozenset((0x0D, 0x0A, _ETX))


class LineSplitter:
    """Puts codes together from bytes: CR, LF, both, or ETX ends one; STX before it is no part of it."""

    def __init__(self) -> None:
        self._code, self._spoiled = bytearray(), False

    @property
    def pending(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._code) or self._spoiled

    def expire(self) -> bool:
        """Throw away what has begun; whether there was anything."""
        lost, self._spoiled = self.pending, False
        self._code.clear()
        return lost

    def feed(self, data: bytes) -> list[str | None]:
        """Codes that these bytes end, in order; None for one that was too long to be any."""
        found: list[str | None] = []
        for value in data:
            if value in _ENDS:
                if self._spoiled:
                    found.append(None)
                elif self._code:
                    found.append(self._code.decode("utf-8", "replace"))
                self.expire()
            elif value != _STX:
                self._code.append(value)
                if len(self._code) > MAX_CODE_BYTES:
                    self._code.clear()
                    self._spoiled = True
        return found


class SerialScanner:
    """One scanner; hands codes to ``deliver`` and says ``broken`` for those it threw away."""

    def __init__(self, line: SerialLine, deliver: Callable[[str], None], broken: Callable[[], None]) -> None:
        self._line, self._deliver, self._broken = line, deliver, broken

    def open(self, stop: Bell) -> None:
        """Open the line; what was scanned before the till listened is forgotten."""
        self._line.open()
        self._line.drain()

    def run(self, stop: Bell) -> None:
        """Read and hand over."""
        codes = LineSplitter()
        while not stop.is_set():
            data = self._line.read(stop, GAP_S if codes.pending else None)
            if not data:
                if not stop.is_set() and codes.expire():
                    self._broken()
                continue
            hand_over(codes.feed(data), self._deliver, self._broken)

    def close(self) -> None:
        """Let go."""
        self._line.close()


def hand_over(codes: list[str | None], deliver: Callable[[str], None], broken: Callable[[], None]) -> None:
    """Each code to ``deliver``, each one thrown away to ``broken``."""
    for code in codes:
        if code is None:
            broken()
        else:
            deliver(code)
