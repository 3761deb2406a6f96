"""A printer on a serial line: bytes out at the line's own pace, within a time that the line's speed allows."""

from __future__ import annotations

from kassa_tui.hardware.printer import CONFIG, TIMEOUT, UNREACHABLE, PrinterError

BITS_PER_BYTE = 11
"""Start bit, eight data bits, parity and stop bit: no framing takes more."""
SLACK_S = 5.0
"""What a printer may hold the line (paper being cut, a full buffer) before it counts as hanging."""


class SerialTransport:
    """Opens the line for each job, so that a printer that was switched off and on is found again."""

    def __init__(self, path: str, baud: int = 9600, framing: str = "8N1") -> None:
        if len(framing) != 3 or framing[0] not in "78" or framing[1] not in "NEO" or framing[2] not in "12":
            raise PrinterError(CONFIG, {"option": "framing", "value": framing})
        self.path, self.baud, self.framing = path, baud, framing

    def deliver(self, data: bytes) -> None:
        """Raises `PrinterError` ``printer_unreachable`` or ``printer_timeout``; part may have printed by then."""
        import serial

        limit = len(data) * BITS_PER_BYTE / self.baud + SLACK_S
        try:
            with serial.Serial(
                self.path, self.baud, int(self.framing[0]), self.framing[1], int(self.framing[2]),
                write_timeout=limit, exclusive=True,
            ) as line:  # fmt: skip
                line.write(data)
                line.flush()
        except serial.SerialTimeoutException as error:
            raise PrinterError(TIMEOUT, {"path": self.path}) from error
        except (serial.SerialException, OSError, ValueError) as error:
            raise PrinterError(UNREACHABLE, {"path": self.path, "reason": str(error)[:120]}) from error
