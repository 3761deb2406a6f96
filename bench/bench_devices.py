"""The devices as who stands at the till sees them: scan to line, pay key to drawer and paper, and what idling costs.

The real till in a pty. Its scanner reads the kernel's own records from a FIFO (:mod:`bench.evdev_stand_in`); printer,
drawer, scale, customer display and card terminal are simulators at the far ends of real sockets and lines. At the
moment of every drawer pulse the sale must stand in ``till.db`` for another process to see: exits 1 where it does not.

    python -m bench.bench_devices [--rounds N] [--sales N] [--idle SECONDS]
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import sqlite3
import statistics
import struct
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from bench import floors
from bench.bench_screen import F12, ready, row, start
from bench.shop import SHOP, codes_of, make_shop
from bench.terminal import Terminal
from kassa_tui.hardware.evdev_codes import ENTER, EV_KEY, EV_SYN, LAYOUTS
from kassa_tui.hardware.printer_status import FENCE
from kassa_tui.hardware.scanner_evdev import GAP_MS
from kassa_tui.simulate.behaviour import Behaviour
from kassa_tui.simulate.display import PtyDisplay
from kassa_tui.simulate.printer import NetworkPrinter
from kassa_tui.simulate.scale import PtyScale
from kassa_tui.simulate.terminals import start as start_terminal

EV_MSC, MSC_SCAN = 4, 4
RECORD = struct.Struct("llHHi")
"""``struct input_event``: seconds, microseconds, type, code, value."""
KEY_S = 0.004
"""Between two keys of a scanner that plays a keyboard: they take 1 to 8 ms."""
INIT = b"\x1b@"
"""Begins every receipt."""
SETTLE_S = 5.0
"""After which a till that was started has nothing left to do."""
NUMBERS = {char: number for number, char in LAYOUTS["us"][0].items()}


def device(role: str, kind: str, **options: object) -> str:
    """A ``[[device]]``."""
    lines = [
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}" for name, value in options.items()
    ]
    return "\n".join(["[[device]]", f'role = "{role}"', f'kind = "{kind}"', *lines, ""])


def begin(folder: Path, devices: str) -> Terminal:
    """The till with these devices, ready to sell."""
    (folder / "till.toml").write_text(SHOP + devices)
    argv = [sys.executable, "-m", "bench.evdev_stand_in", "till", "--config", str(folder / "till.toml")]
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    return ready(Terminal(argv, env={"PYTHONPATH": paths})) if "evdev" in devices else start(folder)


def press(key: int) -> bytes:
    """The kernel's records of a key that goes down and up, stamped now: three each."""
    seconds, micro = divmod(time.time_ns() // 1000, 1_000_000)
    return b"".join(
        RECORD.pack(seconds, micro, *event)
        for value in (1, 0)
        for event in ((EV_MSC, MSC_SCAN, 0x70000 + key), (EV_KEY, key, value), (EV_SYN, 0, 0))
    )


def keys_of(code: str) -> list[int]:
    """Keys that a scanner presses for a code and Enter."""
    return [*(NUMBERS[char] for char in code), ENTER]


def scans(folder: Path, rounds: int) -> None:
    """From the kernel's events to the painted line: all at once, and key by key as a scanner sends them."""
    os.mkfifo(folder / "gun")
    terminal = begin(folder, device("scanner", "evdev", path="gun"))
    gun, echo = os.open(folder / "gun", os.O_WRONLY), floors.Echo()
    codes, late = iter(codes_of(folder, 2 * rounds)), 0
    for name, pause in (("one read", 0.0), (f"{KEY_S * 1e3:.0f} ms a key, from the last", KEY_S)):
        times, counts, floor = [], [], []
        for code in islice(codes, rounds):
            floor.append(echo.once())
            time.sleep(0.05)
            seconds, count, longest = scan(terminal, gun, code, pause)
            late += longest > GAP_MS / 1000
            times.append(seconds)
            counts.append(count)
            time.sleep(0.05)
        row(
            f"scan (kernel events, {name}) -> line",
            times,
            statistics.median(floor),
            counts,
            "p50 <= 8 x, p99 <= 16.7 ms",
        )
    lines = lines_on_disk(terminal, folder)
    told = f", of which {late} with a pause that this machine made between two keys" if late else ""
    print(f"scans {2 * rounds}   lines {lines}   thrown away {2 * rounds - lines}{told}")
    echo.close()
    os.close(gun)
    terminal.close()


def scan(terminal: Terminal, gun: int, code: str, pause: float) -> tuple[float, int, float]:
    """Pull the trigger; seconds from the last record to the last byte that it caused, the bytes, and the longest
    pause that this machine made between two keys."""
    if not pause:
        return *terminal.answer(b"".join(map(press, keys_of(code))), gun), 0.0
    longest, before = 0.0, time.perf_counter()
    for key in keys_of(code)[:-1]:
        os.write(gun, press(key))
        time.sleep(pause)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    return *terminal.answer(press(ENTER), gun), longest


def lines_on_disk(terminal: Terminal, folder: Path) -> int:
    """Pay cash; the lines of the sale, 0 where it does not come about."""
    terminal.write(F12)
    deadline = time.perf_counter() + 10
    while not (found := asked(folder, "select lines from sale order by receipt desc limit 1")):
        if time.perf_counter() > deadline:
            return 0
        terminal.read(0.05)
    return found


def asked(folder: Path, sql: str) -> int:
    """The one number that the till's file answers, read as another process does; 0 where there is none yet."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'data' / 'till.db'}?mode=ro", uri=True)) as con:
        found = con.execute(sql).fetchone()
        return int(found[0]) if found else 0


class Wire(NetworkPrinter):
    """A printer that notes when which bytes came, and at every pulse how many sales the disk has."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.pulses: list[tuple[float, int]] = []
        self._folder = folder
        super().__init__()

    def _attach(self, line: Any) -> None:
        read = line.read

        def noted() -> bytes:
            data: bytes = read()
            self.heard.append((time.perf_counter(), data))
            return data

        line.read = noted
        super()._attach(line)

    def _kick(self) -> None:
        now = time.perf_counter()
        self.pulses.append((now, asked(self._folder, "select count(*) from sale")))
        super()._kick()

    def arrived(self, what: bytes) -> float:
        """When these bytes had come."""
        whole = b""
        for at, data in self.heard:
            whole += data
            if what in whole:
                return at
        return 0.0


def sales(folder: Path, count: int) -> bool:
    """From the pay key to the drawer and to the receipt's ends; whether each pulse came after its commit."""
    sim = Wire(folder)
    printer = device("printer", "network", host="127.0.0.1", port=sim.port, profile="TM-T88V")
    terminal = begin(folder, printer + device("drawer", "printer") + device("scanner", "pipe", path="scanner"))
    gun = os.open(folder / "scanner", os.O_WRONLY)
    before, early = asked(folder, "select count(*) from sale"), 0
    found: dict[str, list[float]] = {"drawer": [], "first": [], "last": [], "change": []}
    sync = floors.sync(folder)
    for number, code in enumerate(codes_of(folder, count + 1), before + 1):
        os.write(gun, code.encode() + b"\n")
        terminal.drain(0.1)
        sim.heard, sim.pulses = [], []
        begun = time.perf_counter()
        change, _ = terminal.answer(F12)
        if not sim.wait_for(lambda it: bool(it.pulses) and bool(it.arrived(FENCE)), 20):  # type: ignore[attr-defined]
            raise SystemExit("a receipt did not come out")
        at, on_disk = sim.pulses[0]
        early += on_disk != number
        for name, moment in (("drawer", at), ("first", sim.arrived(INIT)), ("last", sim.arrived(FENCE))):
            found[name].append(moment - begun)
        found["change"].append(change)
        sim.shut_drawer()
        terminal.drain(0.3)
    os.close(gun)
    terminal.close()
    sim.close()
    told = {"change": "change on the screen", "drawer": "drawer pulse at the printer",
            "first": "first byte of the receipt", "last": "last byte of the receipt"}  # fmt: skip
    print(f"F_sync {sync[0] * 1e3:.2f} / {sync[1] * 1e3:.2f} ms, p50 / p99; x: against its p50")
    for name, text in told.items():
        # The first sale starts the print process and learns the printer.
        row(f"pay key -> {text}", found[name][1:], sync[0])
    gap = [first - drawer for first, drawer in zip(found["first"][1:], found["drawer"][1:], strict=True)]
    row("  of which from the pulse to the first byte", gap, sync[0])
    print(f"first sale: drawer {found['drawer'][0] * 1e3:.0f} ms, receipt {found['last'][0] * 1e3:.0f} ms", end="   ")
    print(f"pulses before the commit: {early} of {count + 1}")
    return not early


class Used:
    """What a till and its print process have used so far, over all their threads."""

    def __init__(self, terminal: Terminal) -> None:
        self.cpu_s = self.wakes = self.threads = 0.0
        self.rss_mb: list[float] = []
        for pid in (terminal.process.pid, *children(terminal.process.pid)):
            for task in Path(f"/proc/{pid}/task").iterdir():
                self.threads += 1
                self.cpu_s += int((task / "schedstat").read_text().split()[0]) / 1e9
                self.wakes += field(task / "status", "voluntary_ctxt_switches")
            self.rss_mb.append(field(Path(f"/proc/{pid}/status"), "VmRSS") / 1024)


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    return [
        int(child) for each in Path(f"/proc/{pid}/task").iterdir() for child in (each / "children").read_text().split()
    ]


def field(path: Path, name: str) -> int:
    """A number of a ``status`` file."""
    lines = path.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def idle(folder: Path, name: str, devices: str, seconds: float) -> Used:
    """A till that nobody touches, printed as a line of the table."""
    terminal = begin(folder, devices)
    terminal.drain(SETTLE_S)
    time.sleep(SETTLE_S)
    terminal.drain(0.1)
    before, begun = Used(terminal), time.perf_counter()
    while (left := begun + seconds - time.perf_counter()) > 0:
        terminal.read(min(left, 1.0))
    after, took = Used(terminal), time.perf_counter() - begun
    cpu, wakes = (after.cpu_s - before.cpu_s) / took * 100, (after.wakes - before.wakes) / took
    memory = " + ".join(f"{each:.1f}" for each in after.rss_mb)
    print(f"{name:<34}{cpu:8.3f} % CPU {wakes:8.1f} wake-ups/s {after.threads:4.0f} threads   RSS {memory} MB")
    terminal.close()
    return after


def idling(folder: Path, seconds: float) -> None:
    """What a till without devices and one with each of them costs while nothing happens."""
    idle(folder, "idle, no devices", "", seconds)
    for name in ("scanner0", "keyboard0"):
        os.mkfifo(folder / name)
    sim, scale, pole = NetworkPrinter(), PtyScale("toledo8217"), PtyDisplay("escpos", lambda face: None)
    card, found = start_terminal("zvt", Behaviour(), folder)
    try:
        printer = device("printer", "network", host="127.0.0.1", port=sim.port, profile="TM-T88V")
        drawer, terminal = device("drawer", "printer"), device("card_terminal", "zvt", **found)
        scanner, keys = device("scanner", "evdev", path="scanner0"), device("keyboard", "evdev", path="keyboard0")
        poles = device("scale", "toledo8217", path=scale.path) + device("display", "escpos", path=pole.path)
        idle(folder, "idle, printer, drawer, terminal", printer + drawer + terminal, seconds)
        idle(folder, "idle, and scanner, keyboard", printer + drawer + terminal + scanner + keys, seconds)
        idle(folder, "idle, and scale, display: all", printer + drawer + terminal + scanner + keys + poles, seconds)
    finally:
        for each in (sim, card):
            each.close()
        scale.unplug()
        pole.unplug()


def main() -> int:
    """Print the figures; 1 where a drawer opened before its sale was safe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--sales", type=int, default=60)
    parser.add_argument("--idle", type=float, default=20.0)
    options = parser.parse_args()
    if importlib.util.find_spec("evdev") is None:
        print("devices: evdev is not installed, nothing measured")
        return 0
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        folder = Path(name)
        make_shop(folder)
        print(f"{'':<46}{'p50':>12} {'p99':>12} {'x floor':>10}   load {os.getloadavg()[0]:.1f}")
        scans(folder, options.rounds)
        right = sales(folder, options.sales)
        idling(folder, options.idle)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
