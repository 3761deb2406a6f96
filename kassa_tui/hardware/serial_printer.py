"""A printer on a serial line: bytes out at the line's own pace, within a time that the line's speed allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kassa_tui.hardware.printer import CONFIG, TIMEOUT, UNREACHABLE, PrinterError

if TYPE_CHECKING:
    from kassa_tui.hardware.printer_line import Line

BITS_PER_BYTE = 11
"""Start bit, eight data bits, parity and stop bit: no framing takes more."""
SLACK_S = 5.0
"""What a printer may hold the line (paper being cut, a full buffer) before it counts as hanging."""
_LOOK_S = 0.01


class SerialTransport:
    """Opens the line for each job, so that a printer that was switched off and on is found again."""

    timeout_s = SLACK_S

    def __init__(self, path: str, baud: int = 9600, framing: str = "8N1") -> None:
        if len(framing) != 3 or framing[0] not in "78" or framing[1] not in "NEO" or framing[2] not in "12":
            raise PrinterError(CONFIG, {"option": "framing", "value": framing})
        self.path, self.baud, self.framing = path, baud, framing

    def open(self) -> Line:
        """The line, for this program alone; whatever stood in it is thrown away."""
        import serial

        from kassa_tui.hardware.printer_line import Line

        try:
            port = serial.Serial(
                self.path, self.baud, int(self.framing[0]), self.framing[1], int(self.framing[2]), exclusive=True
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise PrinterError(UNREACHABLE, {"path": self.path, "reason": str(error)[:120]}) from error
        return Line(port.fileno(), {"path": self.path}, port.close, socket=False)

    def key(self) -> str:
        """The path."""
        return self.path

    def deliver(self, data: bytes) -> None:
        """Raises `PrinterError` ``printer_unreachable`` or ``printer_timeout``; part may have printed by then."""
        deadline = time.monotonic() + len(data) * BITS_PER_BYTE / self.baud + SLACK_S
        line, rest = self.open(), memoryview(data)
        try:
            while rest or line.unsent():
                if time.monotonic() > deadline:
                    raise PrinterError(TIMEOUT, {"path": self.path})
                rest = rest[line.write(rest) :] if rest else rest
                if rest:
                    line.wait(writing=True, seconds=_LOOK_S)
                else:
                    # What the printer says is nobody's here, and would end each wait at once.
                    line.read()
                    time.sleep(_LOOK_S)
        except PrinterError as error:
            raise PrinterError(error.code, error.facts, doubt=len(rest) < len(data)) from error
        finally:
            line.close()
