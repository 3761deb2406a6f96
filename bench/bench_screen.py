"""From key or scan to paint, start-up, memory and idle: the till in a pty, beside the floors.

Usage: python -m bench.bench_screen [ARTICLES.csv] [--rounds N] [--keys N] [--past FOLDER]
``--past`` is a folder with a ``till.db`` and its key, as ``bench.big_till`` makes them: a till with a long history.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

from bench import floors
from bench.shop import codes_of, make_shop
from bench.terminal import Terminal, percentile, schedule

PAUSE_S = 0.005
"""No key may wait longer for the collector or another thread."""
QUIET_S = 0.002
"""A till that has written nothing for so long has answered the key."""
F12, F9, F10, ESC = b"\x1b[24~", b"\x1b[20~", b"\x1b[21~", b"\x1b"


def start(folder: Path, **env: str) -> Terminal:
    """The till of a folder, logged in, shift open."""
    return ready(launch(folder, **env))


def ready(terminal: Terminal) -> Terminal:
    """Log in, and open the shift where it is closed."""
    terminal.until(b"Pincode")
    time.sleep(1.5)
    terminal.write(b"9999\r")
    terminal.until(b"Bas")
    terminal.drain(0.3)
    if "wisselgeld" in terminal.seen.decode("utf-8", "replace").lower():
        terminal.write(b"150,00\r")
        terminal.drain(0.5)
    return terminal


def launch(folder: Path, **env: str) -> Terminal:
    """``kassa till`` on a pty of 80 by 25."""
    program = str(Path(sys.executable).with_name("kassa"))
    return Terminal([program, "till", "--config", str(folder / "till.toml")], env=env)


class Meter:
    """Times acts on a terminal, with a sample of the floor beside each."""

    def __init__(self) -> None:
        self.echo = floors.Echo()

    def series(
        self,
        name: str,
        terminal: Terminal,
        acts: list[bytes],
        fd: int | None = None,
        aim: str = "",
        pause: float = 0.05,
    ) -> None:
        """Print latency and bytes of acts, each at rest, against F_echo of the same moments."""
        times, counts, floor = [], [], []
        for act in acts:
            floor.append(self.echo.once())
            time.sleep(pause)
            seconds, count = terminal.answer(act, fd)
            times.append(seconds)
            counts.append(count)
            time.sleep(pause)
        row(name, times, statistics.median(floor), counts, aim)


def row(name: str, times: list[float], floor: float, counts: list[int] | None = None, aim: str = "") -> None:
    """One line of the table."""
    p50, p99 = statistics.median(times), percentile(times, 0.99)
    size = f"{statistics.median(counts):6.0f} B" if counts else " " * 8
    print(f"{name:<46}{p50 * 1e3:9.2f} ms {p99 * 1e3:9.2f} ms {p50 / floor:8.1f} x {size}  {aim}")


def scans(folder: Path, meter: Meter, rounds: int, label: str) -> None:
    """A scan from a device at three lengths of ticket, and a wedge's burst."""
    terminal = start(folder)
    fifo = os.open(folder / "scanner", os.O_WRONLY)
    have = 0
    for length in (10, 100, 500):
        for code in codes_of(folder, length - have):
            os.write(fifo, code.encode() + b"\n")
        terminal.drain(1.0)
        acts = [code.encode() + b"\n" for code in codes_of(folder, rounds)]
        aim = "p50 <= 8 x, p99 <= 16.7 ms, <= 300 B"
        meter.series(f"scan, {label}, {length} lines", terminal, acts, fifo, aim)
        have = length + rounds
    bursts = [code.encode() + b"\r" for code in codes_of(folder, rounds)]
    meter.series(f"wedge burst, {label}", terminal, bursts, None, "p50 <= 16 x")
    os.close(fifo)
    print(f"{'memory (RSS)':<46}{terminal.rss_mb():9.1f} MB{'':42}<= 40 MB")
    before = terminal.cpu()
    time.sleep(10)
    print(f"{'idle CPU over 10 s':<46}{(terminal.cpu() - before) * 10:9.2f} %{'':43}<= 0.5 %")
    terminal.close()


def keys(folder: Path, meter: Meter, rounds: int) -> None:
    """Keys of the sell screen, dialogs, paying, searching."""
    terminal, half = start(folder), rounds // 2
    for code in codes_of(folder, 8):
        terminal.write(code.encode() + b"\r")
        terminal.drain(0.1)
    meter.series("digit key", terminal, [b"1", b"\x7f"] * half, None, "<= 12 x")
    meter.series("arrow key", terminal, [b"\x1b[A", b"\x1b[B"] * half, None, "<= 12 x")
    meter.series("functions open, close", terminal, [F10, ESC] * half, None, "<= 20 x", 0.1)
    meter.series("pay view open, close", terminal, [F9, ESC] * half, None, "<= 20 x", 0.1)
    times, floor = [], []
    for code in codes_of(folder, half):
        terminal.write(code.encode() + b"\r")
        terminal.drain(0.06)
        floor.append(meter.echo.once())
        times.append(terminal.answer(F12)[0])
        time.sleep(0.2)
    row("pay key -> sale on disk and change shown", times, statistics.median(floor))
    letters = [bytes([c]) for c in b"ocola"]
    for _ in range(2):
        terminal.write(b"\x1bOQch")
        terminal.drain(0.1)
        meter.series("search from the third letter, hits painted", terminal, letters, None, "<= 2 frames (33 ms)")
        terminal.write(ESC)
        terminal.drain(0.1)
    terminal.close()


def pauses(folder: Path, count: int) -> None:
    """Keys one after the other as fast as the till answers, and how often one waited for longer than a pause may last.

    The same number of keys to raw Python is the floor. What the till's threads, or this program, waited for a processor
    is the machine's. What is the till's own, the collector or a thread that holds the lock, shows as time that it ran.
    """
    terminal, echo = start(folder), floors.Echo()
    for code in codes_of(folder, 8):
        terminal.write(code.encode() + b"\r")
        terminal.drain(0.1)
    own, seen, floor, ran = [], [], [], []
    for key, _ in zip(cycle((b"1", b"2", b"\x7f", b"\x7f", b"\x1b[A", b"\x1b[B")), range(count), strict=False):
        before, here = terminal.scheduled(), schedule()[1]
        seconds = terminal.answer(key, quiet=QUIET_S)[0]
        here, after = schedule()[1] - here, terminal.scheduled()
        seen.append(seconds)
        own.append(max(seconds - here - (after[1] - before[1]), 0.0))
        ran.append(after[0] - before[0])
        floor.append(echo.once())
    echo.close()
    terminal.close()
    for name, times in ((f"{count} keys", seen), ("  without waiting for a processor", own),
                        ("  the till's threads ran", ran), ("  raw Python (F_echo)", floor)):  # fmt: skip
        late = sum(seconds > PAUSE_S for seconds in times)
        p50, worst = statistics.median(times) * 1e3, max(times) * 1e3
        print(f"{name:<46}{p50:9.2f} ms {worst:9.2f} ms at most, {late} over {PAUSE_S * 1e3:.0f} ms")


def boots(folder: Path, rounds: int) -> None:
    """From exec to the first sign of life and to the log-in, a bare Python started before each."""
    first, frame, floor = [], [], []
    for _ in range(rounds):
        floor.append(floors.boot_once())
        terminal = launch(folder)
        while not terminal.seen:
            terminal.read(1)
        first.append(time.perf_counter() - terminal.started)
        frame.append(terminal.until(b"Pincode"))
        terminal.close()
        time.sleep(0.2)
    row("exec -> first sign of life", first, statistics.median(floor), None, "<= 1.5 x F_boot")
    row("exec -> log-in frame", frame, statistics.median(floor), None, "<= 22 x F_boot")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("articles", nargs="?")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--past", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        folder = Path(name)
        if args.past:
            shutil.copytree(args.past, folder / "data")
        count = make_shop(folder, Path(args.articles) if args.articles else None)
        print(f"{count} articles   load {os.getloadavg()[0]:.1f}   x: against F_echo, or F_boot, of the same moments")
        print(f"{'':<46}{'p50':>12} {'p99':>12} {'x floor':>10}")
        meter = Meter()
        scans(folder, meter, args.rounds, f"{count} articles")
        keys(folder, meter, args.rounds)
        pauses(folder, args.keys)
        boots(folder, 12)


if __name__ == "__main__":
    main()
