"""Keeps one device open: a thread opens it, watches it, and opens it again when it went away.

Nothing here waits for a device but that thread: whoever asks for its state, or ends the program, gets an answer at
once. The first failure and the recovery are logged, not every try in between.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from kassa_tui.domain.outcome import Refused

FIRST_RETRY_S, LONGEST_RETRY_S = 0.25, 2.0
"""Wait after the first failure; doubled up to the longest. A try is a look whether a file is there, so it is cheap."""
STEADY_S = 10.0
"""A device that worked this long is tried again soon; one that fails at once is not."""
CLOSE_SECONDS = 2.0
"""What ending the program waits for all devices together; a driver that hangs is left behind."""

Told = Callable[[str, Refused | None], None]
"""Role and what is wrong with the device, None when nothing is; called on the device's thread."""


class DeviceError(Exception):
    """A device that cannot be opened, went away or does not answer. ``code`` keys the words, ``facts`` fill them in.

    ``device_missing``, ``device_held`` (another program has it), ``device_access``, ``device_silent``,
    ``device_config``, ``device_software`` (its library is not installed).
    """

    def __init__(self, code: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code, self.facts = code, dict(facts or {})


class Bell:
    """An event that also ends a ``select``: a thread that waits for a device hears it at once."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._rung = threading.Event()
        # Event and pipe change together: a ring in the middle of a `clear` would else be lost for good.
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Wake whoever waits, now or later."""
        with self._lock:
            if not self._rung.is_set():
                self._rung.set()
                with contextlib.suppress(OSError):
                    os.write(self._write, b".")

    def clear(self) -> None:
        """Wait for the next ring."""
        with self._lock, contextlib.suppress(OSError):
            self._rung.clear()
            while os.read(self._read, 64):
                continue

    def is_set(self) -> bool:
        """Whether it rang."""
        return self._rung.is_set()

    def wait(self, seconds: float | None) -> bool:
        """Whether it rings within so many seconds."""
        return self._rung.wait(seconds)

    def fileno(self) -> int:
        """For ``select``."""
        return self._read

    def close(self) -> None:
        """Let go of the pipe; nobody may wait any more."""
        ends, self._read, self._write = (self._read, self._write), -1, -1
        for end in ends:
            if end >= 0:
                os.close(end)


class Device(Protocol):
    """What a supervisor keeps open; all three are called on its thread only, and raise `DeviceError`, no other."""

    def open(self, stop: Bell) -> None:
        """Open it, and make sure as far as possible that it is there; ``stop`` cuts that short."""

    def run(self, stop: Bell) -> None:
        """Do its work until ``stop`` rings; an error where the device goes away."""

    def close(self) -> None:
        """Let go; harmless when called again or before `open`."""


Wait = Callable[[Bell, float], object]
"""Waits so many seconds or until the bell rings."""


class Supervisor:
    """One device and its thread."""

    def __init__(
        self,
        role: str,
        device: Device,
        told: Told,
        *,
        wait: Wait = Bell.wait,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.role, self.device = role, device
        self._told, self._wait, self._clock = told, wait, clock
        self._stop = Bell()
        self._trouble: Refused | None = Refused("device_opening", {"device": role})
        self.since, self.last = time.time(), cast("Refused | None", None)
        """Since when it is as it is, UTC seconds; and what was wrong last, also when it works again."""
        self._logged, self._recovery_logged = "", False
        """The failure that the log has already, and whether it also has its end."""
        self._thread = threading.Thread(target=self._run, name=f"device-{role}", daemon=True)

    @property
    def trouble(self) -> Refused | None:
        """What is wrong now, or None; never waits."""
        return self._trouble

    def start(self) -> None:
        """Begin to open it."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stop.ring()

    def join(self, seconds: float) -> bool:
        """Whether the thread ended within so many seconds; a driver that hangs is left to the end of the process."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._stop.close()
        return True

    def _run(self) -> None:
        delay = FIRST_RETRY_S
        while not self._stop.is_set():
            since = self._clock()
            failure = self._served()
            if self._stop.is_set():
                return
            if self._clock() - since >= STEADY_S:
                delay, self._logged = FIRST_RETRY_S, ""
            self._failed(failure or DeviceError("device_missing"))
            self._wait(self._stop, delay)
            delay = min(delay * 2, LONGEST_RETRY_S)

    def _served(self) -> DeviceError | None:
        """Open and run until it fails or must stop; why it failed."""
        try:
            try:
                self.device.open(self._stop)
                self._works()
                self.device.run(self._stop)
            finally:
                self.device.close()
        except DeviceError as error:
            return error
        except Exception:
            logging.getLogger("kassa.devices").exception("%s: fault in the driver", self.role)
            return DeviceError("device_fault")
        return None

    def _works(self) -> None:
        if self._trouble is None:
            return
        if self._logged and not self._recovery_logged:
            self._recovery_logged = True
            logging.getLogger("kassa.devices").info("%s: works again", self.role)
        self._trouble, self.since = None, time.time()
        self._told(self.role, None)

    def _failed(self, error: DeviceError) -> None:
        before = self._trouble
        self._trouble = self.last = Refused(error.code, {"device": self.role, **error.facts})
        if before is None or before.code != error.code:
            self.since = time.time()
        if error.code != self._logged:
            self._logged, self._recovery_logged = error.code, False
            logging.getLogger("kassa.devices").warning("%s: %s %s", self.role, error.code, error.facts)
        if before is None or before.code != error.code:
            self._told(self.role, self._trouble)


def readable(handle: int, bell: Bell | None, seconds: float | None) -> bool:
    """Whether there is something to read before the bell rings or the time is up."""
    ready, _, _ = select.select([handle] if bell is None else [handle, bell.fileno()], [], [], seconds)
    return handle in ready


def from_os(error: OSError, path: object) -> DeviceError:
    """What an error of the system means for who stands at the till."""
    facts = {"path": str(path)}
    if error.errno in (errno.EBUSY, errno.EAGAIN, errno.ETXTBSY):
        return DeviceError("device_held", facts)
    if error.errno in (errno.EACCES, errno.EPERM):
        return DeviceError("device_access", facts)
    return DeviceError("device_missing", {**facts, "reason": errno.errorcode.get(error.errno or 0, "")})
