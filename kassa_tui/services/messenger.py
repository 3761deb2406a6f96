"""Asking the office by way of the sync agent: one question through a Unix socket, one answer or none in a second and a
half. Nothing that sells waits for it: a screen asks on a thread of its own and goes on."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SOCKET = "office.sock"
"""In the data folder, made by the agent."""
LIMIT_SECONDS = 1.5
MAX_ANSWER_BYTES = 8 << 20
OFFLINE = "offline"
_ANSWERED = frozenset({"unknown", "gone", "claimed", "has_tenders", "too_little"})
"""Codes by which the office itself says no; every other means that it could not be asked."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came back."""

    code: str = OFFLINE
    """Empty: ``data`` is the answer. ``offline``: there is none. Else the office's no."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    data: Any = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return not self.code


class Messenger:
    """Carries questions for one till; on any thread."""

    def __init__(self, folder: Path, limit: float = LIMIT_SECONDS) -> None:
        self._folder, self._limit = folder, limit

    def ask(self, question: Mapping[str, Any], told: Callable[[Told], object]) -> None:
        """Ask in the background; ``told`` is called once, on a thread of its own."""
        threading.Thread(target=lambda: told(self.ask_now(question)), name="messenger", daemon=True).start()

    def ask_now(self, question: Mapping[str, Any]) -> Told:
        """Ask and wait, for a till without a screen; never raises, never longer than the limit."""
        until = time.monotonic() + self._limit
        try:
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                    line.settimeout(self._limit)
                    # By way of the folder's descriptor: the name of a socket may not be long.
                    line.connect(f"/proc/self/fd/{handle}/{SOCKET}")
                    line.sendall(json.dumps(question).encode() + b"\n")
                    return _read(_line(line, until))
            finally:
                os.close(handle)
        except (OSError, ValueError, RecursionError):
            return Told()


def _line(line: socket.socket, until: float) -> bytes:
    said = bytearray()
    while not said.endswith(b"\n"):
        line.settimeout(max(until - time.monotonic(), 0.001))
        piece = line.recv(1 << 16)
        if not piece or len(said) + len(piece) > MAX_ANSWER_BYTES:
            raise ValueError("no whole answer")
        said += piece
    return bytes(said)


def _read(said: bytes) -> Told:
    answer = json.loads(said)
    if not isinstance(answer, dict):
        return Told()
    code, facts = answer.get("code", ""), answer.get("facts", {})
    if not isinstance(facts, dict) or (code and code not in _ANSWERED):
        return Told()
    return Told(str(code), facts, answer.get("data"))
