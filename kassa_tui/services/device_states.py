"""How each device is, as the till that holds them tells it: ``kassa doctor`` reads it in place of taking them away.

A small file in the data folder, written anew whenever a device changes and after each card payment, on the thread of
the device that changed. It counts only while the till that wrote it runs, and goes with it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from kassa_tui.domain.outcome import Refused
from kassa_tui.services.ports import CardState, DeviceState
from kassa_tui.storage.till_store import LOCK_FILE

FILE = "device-states.json"
CARD_TERMINAL = "card_terminal"
LINE_TROUBLE = ("unreachable", "line_lost", "timeout", "garbled", "untrusted", "key_refused", "key_file")
"""Codes of a card payment's end that are about the terminal, and not about the card or the customer."""


class Told(NamedTuple):
    """What the till told of one device."""

    role: str
    kind: str
    trouble: Refused | None
    at: int
    """UTC milliseconds since when."""


class Publisher:
    """Writes the file; safe to use from any thread. A disk that is full changes nothing."""

    def __init__(self, folder: Path, kind: str = "", now: Callable[[], float] = time.time) -> None:
        """``kind`` is the card terminal's; empty where there is none."""
        self._path, self._kind, self._now = folder / FILE, kind, now
        self._guard = threading.Lock()
        self._devices: dict[int, dict[str, Any]] = {}
        self._terminal: dict[str, Any] | None = None
        self._closed = False

    def tell(self, states: Sequence[DeviceState]) -> None:
        """All devices that are watched, in their order."""
        with self._guard:
            devices = {}
            for place, state in enumerate(states):
                told = _told(state.role, state.kind, state.trouble, int(self._now() * 1000))
                before = self._devices.get(place, {})
                same = {**before, "at": 0} == {**told, "at": 0}
                devices[place] = before if same else told
            self._devices = devices
            self._write()

    def card(self, state: CardState) -> None:
        """The end of whatever a card terminal was asked; states on the way are none."""
        if not state.final or not self._kind:
            return
        code = state.detail.get("code", "")
        trouble = Refused(code, {"reason": state.detail.get("reason", "")}) if code in LINE_TROUBLE else None
        with self._guard:
            self._terminal = _told(CARD_TERMINAL, self._kind, trouble, int(self._now() * 1000))
            self._write()

    def close(self) -> None:
        """The till ends: nobody holds the devices any more."""
        with self._guard, suppress(OSError):
            self._closed = True
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        if self._closed:
            return
        told = [*self._devices.values(), *([self._terminal] if self._terminal else [])]
        fresh = self._path.with_name(f".{FILE}.new")
        # Not synced: after a power cut no till runs, and the file counts for nothing.
        with suppress(OSError):
            fresh.write_text(json.dumps({"pid": os.getpid(), "devices": told}, default=str), "utf-8")
            fresh.replace(self._path)


def _told(role: str, kind: str, trouble: Refused | None, at: int) -> dict[str, Any]:
    facts = {} if trouble is None else {"code": trouble.code, "facts": dict(trouble.facts)}
    return {"role": role, "kind": kind, "at": at, **facts}


def published(folder: Path) -> list[Told] | None:
    """What the till that runs on this folder told; None where none runs that holds devices."""
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
        pid, devices = int(found["pid"]), list(_read(found["devices"]))
        holder = int((folder / LOCK_FILE).read_text("ascii"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return devices if pid == holder and _held(folder / LOCK_FILE) else None


def _read(devices: Iterable[dict[str, Any]]) -> Iterable[Told]:
    for each in devices:
        trouble = Refused(str(each["code"]), dict(each["facts"])) if "code" in each else None
        yield Told(str(each["role"]), str(each["kind"]), trouble, int(each["at"]))


def _held(path: Path) -> bool:
    """Whether the process that made the lock still has it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
