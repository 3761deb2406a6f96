"""A program in a pty, timed from outside: when its bytes arrive, and how many."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence


class Terminal:
    """The far end of a program's terminal."""

    def __init__(
        self, argv: Sequence[str], cols: int = 80, rows: int = 25, env: Mapping[str, str] | None = None
    ) -> None:
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
        full = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(env or {})}
        full.pop("COLUMNS", None)
        full.pop("LINES", None)
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            argv, stdin=slave, stdout=slave, stderr=slave, env=full, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        self.seen = b""

    def write(self, data: bytes) -> None:
        """Type."""
        while data:
            data = data[os.write(self.fd, data) :]

    def read(self, timeout: float) -> bytes:
        """What arrives within ``timeout`` seconds, one read; empty when nothing does."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return b""
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.seen += data
        return data

    def until(self, text: bytes, timeout: float = 30.0) -> float:
        """Seconds from the start of the program until ``text`` has arrived."""
        end = time.perf_counter() + timeout
        while text not in self.seen:
            if time.perf_counter() > end:
                raise TimeoutError(f"{text!r} not seen; last: {self.seen[-400:]!r}")
            self.read(0.05)
        return time.perf_counter() - self.started

    def answer(self, act: bytes, fd: int | None = None, quiet: float = 0.03) -> tuple[float, int]:
        """Send ``act``; seconds until the last byte of what it caused, and the bytes. Quiet for ``quiet`` s ends it."""
        start = time.perf_counter()
        if fd is None:
            self.write(act)
        else:
            os.write(fd, act)
        last, count, wait = start, 0, 1.0
        while data := self.read(wait):
            last, wait = time.perf_counter(), quiet
            count += len(data)
        return last - start, count

    def drain(self, quiet: float = 0.1) -> None:
        """Read until nothing comes."""
        while self.read(quiet):
            pass

    def cpu(self) -> float:
        """CPU seconds of the process so far."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def scheduled(self) -> tuple[float, float]:
        """Seconds that its threads ran, and that they were ready and waited for a processor, so far."""
        found = [
            schedule(f"/proc/{self.process.pid}/task/{task}") for task in os.listdir(f"/proc/{self.process.pid}/task")
        ]
        return sum(ran for ran, _ in found), sum(waited for _, waited in found)

    def rss_mb(self) -> float:
        """Resident memory, MB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024

    def close(self) -> None:
        """End the program."""
        self.process.kill()
        self.process.wait()
        os.close(self.fd)


def schedule(task: str = "/proc/thread-self") -> tuple[float, float]:
    """Seconds that a thread ran, and that it was ready and waited for a processor."""
    with open(f"{task}/schedstat", encoding="ascii") as file:
        ran, waited, _ = file.read().split()
    return int(ran) / 1e9, int(waited) / 1e9


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
