"""A serial line that a device's own thread reads and writes, and that never makes it deaf to the end of the program."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from kassa_tui.hardware.supervisor import Bell, DeviceError, from_os, readable
from kassa_tui.hardware.traffic import FROM, TO, Tap, nobody

if TYPE_CHECKING:
    import serial

WRITE_SECONDS = 1.0
"""A device that takes nothing for so long is off or holds the line."""
CHUNK = 4096
PSEUDO = "/dev/pts/"


class SerialLine:
    """One line for one program: a second one that opens it is told that it is held."""

    def __init__(self, path: str, baud: int, framing: str, tap: Tap = nobody) -> None:
        self.path, self.baud, self.framing = path, baud, framing
        self._tap = tap
        self._port: serial.Serial | None = None

    def open(self) -> None:
        """Raises `DeviceError`."""
        try:
            import termios

            import serial
        except ImportError as error:
            raise DeviceError("device_software", {"library": "pyserial"}) from error
        # A pseudo-terminal has no parity, and the C library refuses to set one on it the second time.
        framing = "8N1" if os.path.realpath(self.path).startswith(PSEUDO) else self.framing
        try:
            bits, parity, stops = tuple(framing)
            self._port = serial.Serial(
                self.path, self.baud, int(bits), parity, int(stops),
                timeout=0, write_timeout=WRITE_SECONDS, exclusive=True,
            )  # fmt: skip
        except termios.error as error:  # pyserial lets it through where a line cannot be set so
            raise DeviceError("device_config", {"option": "framing", "value": self.framing}) from error
        except OSError as error:  # serial's own exception is one
            raise from_os(error, self.path) from error
        except ValueError as error:
            raise DeviceError("device_config", {"option": "framing", "value": self.framing}) from error

    def close(self) -> None:
        """Let go; harmless when called again."""
        port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()

    def fileno(self) -> int:
        """Handle for ``select``."""
        return int(self._there().fileno())

    def read(self, bell: Bell | None, seconds: float | None) -> bytes:
        """What came, at most `CHUNK` bytes; nothing where the bell rang or the time is up. Raises `DeviceError`."""
        handle = self.fileno()
        if not readable(handle, bell, seconds):
            return b""
        try:
            # Not through pyserial, whose read with a timeout of zero cannot tell an unplugged line from a quiet one.
            data = os.read(handle, CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise from_os(error, self.path) from error
        if not data:
            raise DeviceError("device_missing", {"path": self.path})
        self._tap(FROM, data, len(data))
        return data

    def drain(self) -> None:
        """Forget what came unasked."""
        import termios

        try:
            self._there().reset_input_buffer()
        except (OSError, termios.error) as error:
            raise DeviceError("device_missing", {"path": self.path}) from error

    def write(self, data: bytes) -> None:
        """Raises `DeviceError` ``device_silent`` where the line takes no more, ``device_missing`` where it is gone."""
        import serial

        self._tap(TO, data, len(data))
        try:
            self._there().write(data)
        except serial.SerialTimeoutException as error:
            raise DeviceError("device_silent", {"path": self.path}) from error
        except OSError as error:
            raise from_os(error, self.path) from error

    def _there(self) -> serial.Serial:
        if self._port is None:
            raise DeviceError("device_missing", {"path": self.path})
        return self._port
