"""The floors: what this machine takes for the least that could be done, measured in the same run as everything else."""

from __future__ import annotations

import os
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.terminal import Terminal, percentile

_ECHO = (
    "import os,tty\ntty.setraw(0)\nos.write(1,b'R')\nwhile True:\n os.read(0,64)\n os.write(1,b'\\x1b[5;1H'+b'x'*50)\n"
)


def boot_once() -> float:
    """Seconds of one ``python -I -S -c pass``."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    return time.perf_counter() - start


class Echo:
    """F_echo: from a key to 57 bytes painted by raw Python; one sample at a time, between the samples it is beside."""

    def __init__(self) -> None:
        self._terminal = Terminal([sys.executable, "-I", "-S", "-c", _ECHO])
        self._terminal.until(b"R")

    def once(self) -> float:
        """Seconds of one key."""
        start = time.perf_counter()
        self._terminal.write(b"a")
        self._terminal.read(1)
        return time.perf_counter() - start

    def close(self) -> None:
        """End the program."""
        self._terminal.close()


def sync(folder: Path) -> tuple[float, float]:
    """F_sync: seconds of a 4 KB write and fdatasync, median and p99."""
    handle = os.open(folder / "floor.bin", os.O_CREAT | os.O_RDWR)
    os.pwrite(handle, bytes(4096 * 300), 0)
    os.fsync(handle)
    times = []
    for turn in range(300):
        data = os.urandom(4096)
        start = time.perf_counter()
        os.pwrite(handle, data, 4096 * turn)
        os.fdatasync(handle)
        times.append(time.perf_counter() - start)
    os.close(handle)
    (folder / "floor.bin").unlink()
    return statistics.median(times), percentile(times, 0.99)


def look(rows: int = 50_000) -> float:
    """F_look: seconds of a prepared look-up by barcode through sqlite3 alone."""
    con = sqlite3.connect(":memory:")
    con.execute("create table a (b text primary key, c, d)")
    con.executemany("insert into a values (?, ?, ?)", ((str(4 * 10**12 + i), "x" * 30, i) for i in range(rows)))
    times = []
    for _ in range(9):
        start = time.process_time()
        for i in range(1000):
            con.execute("select * from a where b = ?", (str(4 * 10**12 + i * 37),)).fetchone()
        times.append((time.process_time() - start) / 1000)
    return statistics.median(times)
