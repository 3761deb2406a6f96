"""A process that has the till imported and forks one at each request: a start costs milliseconds instead of half a
second, so a day can be killed hundreds of times.

As a program, ``python -m tests.journeys.nursery SOCKET``: each connection is a new process whose standard input and
output are that connection. The first line is the job as JSON, and is answered with the process's id.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.house.source import ROOT

WAIT_S = 60.0
"""Longest wait for something that takes milliseconds; only a failing test waits so long."""

Job = Mapping[str, Any]


class Child:
    """A till in a process of its own, seen from the test."""

    def __init__(self, connection: socket.socket, job: Job) -> None:
        self._connection, self._rest = connection, b""
        self.write(json.dumps(dict(job)))
        self.pid = int(self.line() or 0)

    def write(self, *lines: str) -> None:
        """Send lines; a process that is gone does not mind."""
        try:
            self._connection.sendall("".join(line + "\n" for line in lines).encode())
        except (BrokenPipeError, ConnectionResetError):
            return

    def line(self) -> str | None:
        """The next whole line it wrote; None where it is gone."""
        while b"\n" not in self._rest:
            if not select.select([self._connection], [], [], WAIT_S)[0]:
                raise TimeoutError("the child says nothing")
            try:
                data = self._connection.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def lines(self) -> list[str]:
        """Every whole line up to its end."""
        found = []
        while (line := self.line()) is not None:
            found.append(line)
        return found

    def shut(self) -> None:
        """Its input ends here."""
        self._connection.shutdown(socket.SHUT_WR)

    def kill(self) -> list[str]:
        """Pull the plug; what it had written by then."""
        os.kill(self.pid, signal.SIGKILL)
        return self.lines()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


class Nursery:
    """Starts children one after the other: the next begins only when the one before is entirely gone."""

    def __init__(self, folder: Path) -> None:
        self._path = str(folder / "nursery")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.nursery", self._path], cwd=ROOT, stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            raise RuntimeError("the nursery did not start")

    def born(self, **job: Any) -> Child:
        """A new child that does this job."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._path)
        return Child(connection, job)

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def serve(path: str, jobs: Mapping[str, Callable[[Job], object]]) -> None:
    """Fork a child for each connection. A child stays a zombie, and its id its own, until the next is asked for."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    os.write(1, b"ready\n")
    child = 0
    while True:
        connection, _ = listener.accept()
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if not child:
            listener.close()
            _live(connection, jobs)
        connection.close()


def _live(connection: socket.socket, jobs: Mapping[str, Callable[[Job], object]]) -> None:
    os.dup2(connection.fileno(), 0)
    os.dup2(connection.fileno(), 1)
    connection.close()
    job: Job = json.loads(sys.stdin.buffer.readline())
    os.write(1, f"{os.getpid()}\n".encode())
    try:
        jobs[job["job"]](job)
    except BaseException:  # noqa: BLE001  a child must never run on as a second nursery
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    from tests.journeys.children import JOBS

    serve(sys.argv[1], JOBS)
