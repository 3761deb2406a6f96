"""From key or scan to paint, start-up, memory and idle: the till in a pty, beside the floors.

Usage: python -m bench.bench_screen [ARTICLES.csv] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench import floors
from bench.shop import codes_of, make_shop
from bench.terminal import Terminal, percentile

F12, F9, F10, ESC = b"\x1b[24~", b"\x1b[20~", b"\x1b[21~", b"\x1b"


def start(folder: Path, **env: str) -> Terminal:
    """The till of a folder, logged in, shift open."""
    terminal = launch(folder, **env)
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


def series(
    terminal: Terminal, acts: list[bytes], fd: int | None = None, pause: float = 0.05
) -> tuple[list[float], list[int]]:
    """Latency and bytes of each act, at rest before each."""
    times, counts = [], []
    for act in acts:
        seconds, count = terminal.answer(act, fd)
        times.append(seconds)
        counts.append(count)
        time.sleep(pause)
    return times, counts


def row(name: str, times: list[float], floor: float, counts: list[int] | None = None, aim: str = "") -> None:
    """One line of the table."""
    p50, p99 = statistics.median(times), percentile(times, 0.99)
    size = f"{statistics.median(counts):6.0f} B" if counts else " " * 8
    print(f"{name:<46}{p50 * 1e3:9.2f} ms {p99 * 1e3:9.2f} ms {p50 / floor:8.1f} x {size}  {aim}")


def scans(folder: Path, echo: float, rounds: int, label: str) -> None:
    """A scan from a device, from a wedge's burst, and the same typed."""
    codes = codes_of(folder, rounds * 3)
    terminal = start(folder)
    fifo = os.open(folder / "scanner", os.O_WRONLY)
    for length in (10, 100, 500):
        have = int(label_lines.get(id(terminal), 0))
        for code in codes_of(folder, length - have):
            os.write(fifo, code.encode() + b"\n")
        label_lines[id(terminal)] = length
        terminal.drain(1.0)
        acts = [code.encode() + b"\n" for code in codes[:rounds]]
        times, counts = series(terminal, acts, fifo)
        label_lines[id(terminal)] += rounds
        row(f"scan, {label}, {length} lines", times, echo, counts, "p50 <= 8 x, p99 <= 16.7 ms, <= 300 B")
    times, counts = series(terminal, [code.encode() + b"\r" for code in codes[:rounds]])
    row(f"wedge burst, {label}", times, echo, counts, "p50 <= 16 x")
    os.close(fifo)
    print(f"{'memory (RSS)':<46}{terminal.rss_mb():9.1f} MB{'':42}<= 40 MB")
    before = terminal.cpu()
    time.sleep(10)
    print(f"{'idle CPU over 10 s':<46}{(terminal.cpu() - before) * 10:9.2f} %{'':43}<= 0.5 %")
    terminal.close()


label_lines: dict[int, int] = {}


def keys(folder: Path, echo: float, rounds: int) -> None:
    """Keys of the sell screen, and dialogs."""
    terminal = start(folder)
    for code in codes_of(folder, 8):
        terminal.write(code.encode() + b"\r")
        terminal.drain(0.1)
    row("digit key", series(terminal, [b"1", b"\x7f"] * (rounds // 2))[0], echo, None, "<= 12 x")
    row("arrow key", series(terminal, [b"\x1b[A", b"\x1b[B"] * (rounds // 2))[0], echo, None, "<= 12 x")
    row("functions open / close", series(terminal, [F10, ESC] * (rounds // 2), pause=0.1)[0], echo, None, "<= 20 x")
    row("pay view open / close", series(terminal, [F9, ESC] * (rounds // 2), pause=0.1)[0], echo, None, "<= 20 x")
    times = []
    for code in codes_of(folder, rounds // 2):
        terminal.write(code.encode() + b"\r")
        terminal.drain(0.06)
        times.append(terminal.answer(F12)[0])
        time.sleep(0.2)
    row("pay key -> sale on disk and change shown", times, echo)
    letters = [bytes([c]) for c in b"chocola"]
    found = []
    for _ in range(max(rounds // 7, 1)):
        terminal.write(b"\x1bOQ")
        terminal.drain(0.1)
        found += series(terminal, letters)[0][2:]
        terminal.write(ESC)
        terminal.drain(0.1)
    row("search from the third letter, 17 hits painted", found, echo, None, "<= 2 frames (33 ms)")
    terminal.close()


def boots(folder: Path, floor: float, rounds: int) -> None:
    """From exec to the first sign of life and to the log-in."""
    first, frame = [], []
    for _ in range(rounds):
        terminal = launch(folder)
        while not terminal.seen:
            terminal.read(1)
        first.append(time.perf_counter() - terminal.started)
        frame.append(terminal.until(b"Pincode"))
        terminal.close()
        time.sleep(0.2)
    row("exec -> first sign of life", first, floor, None, "<= 1.5 x F_boot")
    row("exec -> log-in frame", frame, floor, None, "<= 22 x F_boot")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("articles", nargs="?")
    parser.add_argument("--rounds", type=int, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        folder = Path(name)
        count = make_shop(folder, Path(args.articles) if args.articles else None)
        echo, boot = floors.echo(), floors.boot()
        load = os.getloadavg()[0]
        print(f"F_echo {echo * 1e3:.2f} ms   F_boot {boot * 1e3:.1f} ms   {count} articles   load {load:.1f}")
        print(f"{'':<46}{'p50':>12} {'p99':>12} {'x floor':>10}")
        scans(folder, echo, args.rounds, f"{count} articles")
        keys(folder, echo, args.rounds)
        boots(folder, boot, 12)


if __name__ == "__main__":
    main()
