"""The till's end of the print process.

The till may not import python-escpos and Pillow (they would take it past its memory) and may not wait for a printer
longer than it says. So a child process does both, and this starts it, speaks with it, and replaces it when it hangs or
dies. Every outcome is a `PrintResult`; nothing here raises for what a printer or the child does.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from kassa_tui.domain.document import Document
from kassa_tui.hardware.traffic import FROM, TO, Tap, nobody
from kassa_tui.hardware.wire import to_json

TIMEOUT = "printer_timeout"
CRASHED = "printer_crashed"
CLOSED = "printer_closed"

TIMEOUT_S = 10.0
"""Longest wait for one job: the child's start on a slow board and then two deliveries of at most 3 s."""
GRACE_S = 1.0
"""How long `PrintProcess.close` waits for the child to end by itself."""
DYING_S = 0.2
"""From the end of the child's output to its exit status."""
SENDING = b'{"sending": true}'
"""Line with which the child says that the first byte of a job's paper goes out now."""
MAX_ANSWER_BYTES = 32 * 1024 * 1024
LOG_NAME = "print_process.log"
COMMAND = (sys.executable, "-P", "-m", "kassa_tui.hardware.print_process")


class PrintResult(NamedTuple):
    """What became of a job."""

    ok: bool
    code: str = ""
    """Empty, or ``printer_…``, ``disk_full``, ``print_request``, ``print_failed``."""
    facts: Mapping[str, object] = {}
    data: bytes = b""
    """The bytes themselves where the printer is the screen."""
    doubt: bool = False
    """It failed after bytes of it had gone out: nobody knows how much of it is on paper."""
    seen: Mapping[str, object] | None = None
    """What the printer told of itself (`print_session.Seen`); None where it told nothing."""
    finished: bool = False
    """The job that was in doubt has come out after all."""


class PrintProcess:
    """One printer behind a child process, started at the first job. Safe to call from several threads."""

    def __init__(
        self, options: Mapping[str, object], state_dir: Path, command: Sequence[str] = COMMAND, tap: Tap = nobody
    ) -> None:
        """``options`` are the printer's in the configuration; ``state_dir`` is a private folder of the till; ``tap``
        hears what goes over the printer's line, on the thread of whoever prints.

        The folder keeps the child's log (of its last start only) and python-escpos' cache.
        """
        self._arguments = [*command, json.dumps(dict(options), default=str), str(state_dir)]
        self._state_dir, self._tap = state_dir, tap
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._child: _Child | None = None
        self._closed = False
        self._number = 0

    def warm(self) -> None:
        """Start the child ahead of the first job; a failure shows at that job."""
        try:
            self._started()
        except (OSError, _Closed):
            return

    def send(
        self, document: Document, kick: bool = False, timeout_s: float = TIMEOUT_S, copies: int = 1
    ) -> PrintResult:
        """Print a document, with ``kick`` after opening the drawer; returns within ``timeout_s``."""
        return self._ask({"document": to_json(document), "kick": kick, "copies": copies}, timeout_s)

    def kick(self, timeout_s: float = TIMEOUT_S) -> PrintResult:
        """Open the drawer and print nothing."""
        return self._ask({"document": [], "kick": True}, timeout_s)

    def look(self, timeout_s: float = TIMEOUT_S) -> PrintResult:
        """Ask the printer how it is, and whether a job in doubt has come out."""
        return self._ask({"look": True}, timeout_s)

    def close(self) -> None:
        """End the child: a job that is under way gets `GRACE_S` to finish. Every later job is ``printer_closed``."""
        with self._guard:
            self._closed = True
        if not self._turn.acquire(timeout=GRACE_S):
            # The thread that waits for this child owns its pipes: it sees them end, and only then are they closed.
            with self._guard:
                if self._child:
                    self._child.kill()
            if not self._turn.acquire(timeout=GRACE_S):
                return
        try:
            self._drop(GRACE_S)
        finally:
            self._turn.release()

    def _ask(self, request: dict[str, object], timeout_s: float) -> PrintResult:
        deadline = time.monotonic() + timeout_s
        if not self._turn.acquire(timeout=max(0.0, timeout_s)):
            return PrintResult(False, TIMEOUT, {"seconds": timeout_s})
        child: _Child | None = None
        try:
            child = self._started()
            self._number += 1
            return self._result(child.exchange({"id": self._number} | request, deadline))
        except _Closed:
            return PrintResult(False, CLOSED)
        except TimeoutError:
            self._drop()
            return PrintResult(False, TIMEOUT, {"seconds": timeout_s}, doubt=_sent(child))
        except (OSError, EOFError) as error:
            reason = "ended" if self._child else type(error).__name__
            facts = {"reason": reason, "exit": self._drop(DYING_S)}
            return PrintResult(False, CRASHED, facts, doubt=_sent(child))
        except (ValueError, RecursionError):
            return PrintResult(False, CRASHED, {"reason": "garbage", "exit": self._drop()}, doubt=True)
        finally:
            self._turn.release()

    def _result(self, answer: dict[str, object]) -> PrintResult:
        """Raises ValueError where the answer is not of the shape the child promises."""
        facts, code, data = answer.get("facts", {}), answer.get("code", ""), answer.get("bytes", "")
        seen = answer.get("seen")
        if not (isinstance(facts, dict) and isinstance(code, str) and isinstance(data, str)):
            raise _Garbage("not an answer")
        if seen is not None and not isinstance(seen, dict):
            raise _Garbage("not what a printer tells")
        return PrintResult(
            answer.get("ok") is True, code, facts, base64.b64decode(data, validate=True),
            answer.get("doubt") is True, seen, answer.get("finished") is True,
        )  # fmt: skip

    def _started(self) -> _Child:
        with self._guard:
            if self._closed:
                raise _Closed
            if self._child is None:
                self._child = _Child(self._arguments, self._state_dir, self._tap)
            return self._child

    def _drop(self, grace_s: float = 0.0) -> int | None:
        """End the child, so that the next job begins with a new one; its exit status, None where it never ran.

        Only for the thread whose turn it is.
        """
        with self._guard:
            child, self._child = self._child, None
        return child.end(grace_s) if child else None


class _Closed(Exception):
    """The printer was closed."""


class _Garbage(ValueError):
    """What the child wrote is not what it promises to write."""


class _Child:
    """A running print process and its two pipes, which never block."""

    def __init__(self, arguments: Sequence[str], state_dir: Path, tap: Tap) -> None:
        self._tap = tap
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (state_dir / LOG_NAME).open("wb") as log:
            # A session of its own: Ctrl+C on the till's terminal is not for the printer.
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
                env=_environment(), bufsize=0,
            )  # fmt: skip
        self._in, self._out = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._read = bytearray()
        self.sending = False
        """Bytes of the job at hand have gone out, or are about to."""

    def exchange(self, request: dict[str, object], deadline: float) -> dict[str, object]:
        """One request, one answer. Raises TimeoutError, EOFError, OSError, or ValueError for an answer that is none."""
        self.sending = False
        rest = memoryview(json.dumps(request).encode() + b"\n")
        while rest:
            _wait(self._in, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self._in, rest[: select.PIPE_BUF]) :]
            except BlockingIOError:
                continue
        answer = json.loads(self._line(deadline))
        while isinstance(answer, dict) and ("traffic" in answer or (answer == {"sending": True} and not self.sending)):
            if "traffic" in answer:
                self._told(answer["traffic"])
            else:
                self.sending = True
            answer = json.loads(self._line(deadline))
        if not isinstance(answer, dict) or answer.get("id") != request["id"]:
            raise _Garbage("not the answer to this request")
        return answer

    def _told(self, traffic: object) -> None:
        if not isinstance(traffic, list) or len(traffic) != 3 or traffic[0] not in (TO, FROM):
            raise _Garbage("not traffic")
        direction, data, size = traffic
        if not isinstance(data, str) or type(size) is not int:
            raise _Garbage("not traffic")
        self._tap(direction, bytes.fromhex(data), size)

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._read:
            if len(self._read) > MAX_ANSWER_BYTES:
                raise _Garbage("answer without end")
            _wait(self._out, select.POLLIN, deadline)
            try:
                piece = os.read(self._out, 1 << 16)
            except BlockingIOError:
                continue
            if not piece:
                raise EOFError("the print process ended")
            self._read += piece
        line, _, rest = self._read.partition(b"\n")
        self._read = bytearray(rest)
        return bytes(line)

    def kill(self) -> None:
        self._process.kill()

    def end(self, grace_s: float) -> int | None:
        """Close its input and wait for it; after ``grace_s`` it is killed. Returns its exit status."""
        try:
            if self._process.stdin:
                self._process.stdin.close()
            return self._ended(grace_s)
        finally:
            self._heard_last()
            if self._process.stdout:
                self._process.stdout.close()

    def _heard_last(self) -> None:
        """It may have begun to send after the till had stopped waiting for it."""
        with contextlib.suppress(OSError):
            self._read += os.read(self._out, 1 << 16)
        self.sending = self.sending or SENDING in self._read

    def _ended(self, grace_s: float) -> int | None:
        for wait_s in (grace_s, GRACE_S):
            try:
                return self._process.wait(wait_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        # Only a process stuck in the kernel outlives SIGKILL by a second; it is left to the system.
        return None


def _sent(child: _Child | None) -> bool:
    return child is not None and child.sending


def _environment() -> dict[str, str]:
    """This process' own, with the folder this package was imported from: the child's current folder does not count."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def _pipe(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise OSError("no pipe to the print process")
    os.set_blocking(stream.fileno(), False)
    return stream.fileno()


def _wait(handle: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(handle, event)
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError("the print process did not answer")
