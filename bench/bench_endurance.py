"""A busy hour in a shop that has been open for years: a scanner that never rests, on a ticket that never ends.

``python -m bench.bench_endurance [--articles N] [--sales N] [--lines N] [--seconds N]``: makes a till with 800,000
articles and 100,000 closed sales, then scans twenty times a second for a minute on a ticket of 300 lines. Prints how
many scans became lines, in which time, and what the till weighs; 1 where one was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import floors
from bench.bench_catalogue import synthetic
from bench.bench_screen import row, start
from bench.shop import codes_of, make_shop
from bench.terminal import Terminal
from kassa_tui.clock import SystemClock, uuid7_source
from kassa_tui.storage.till_store import TillStore

PER_SECOND = 20
F11 = b"\x1b[23~"
BATCH = 500
"""Sales written in one transaction while the books are made."""
LINES_A_SALE = 3
QUIET_S = 0.03
"""A till that has written nothing for so long has answered."""
WAIT_S = 30.0

Act = tuple[str, dict[str, Any]]


def sold_before(folder: Path, count: int) -> float:
    """Write so many closed sales into the books of the till; the seconds it took."""
    begin = time.perf_counter()
    store = TillStore(folder, "K1", SystemClock(), uuid7_source())
    try:
        store.record("shift.open", {"z": 1, "float": 10_000}, "1")
        acts = sales(count)
        while batch := [act for _, act in zip(range(BATCH), acts, strict=False)]:
            store.record_all(batch, "1")
        store.record("shift.close", {"z": 1}, "1")
        store.rest()
    finally:
        store.close()
    return time.perf_counter() - begin


def sales(count: int) -> Iterator[Act]:
    """Made-up sales of a few lines each, paid in cash."""
    dice, grand = random.Random(3), 0
    for number in range(1, count + 1):
        lines = [_line(no, dice) for no in range(1, LINES_A_SALE + 1)]
        total = sum(line["amount"] for line in lines)
        vat = sum(line["vat"] for line in lines)
        grand += total
        yield "sale", {
            "no": number, "number": f"K1-{number:06d}", "ticket": f"{number:032x}", "shift": 1, "date": "2026-11-21",
            "opened": 0, "lines": lines, "total": total, "rounding": 0, "change": 0,
            "tenders": [{"kind": "cash", "amount": total}],
            "vat": [{"code": "low", "rate": 900, "gross": total, "net": total - vat, "vat": vat}],
            "grand": {"sales": grand, "returns": 0},
        }  # fmt: skip


def _line(no: int, dice: random.Random) -> dict[str, Any]:
    cents = dice.randrange(20, 4000)
    vat = (2 * cents * 9 + 109) // 218
    return {"no": no, "kind": "sale", "sku": f"{100_000 + dice.randrange(800_000)}", "name": "Halfvolle melk 1 l",
            "group": "Zuivel", "qty": 1000, "unit": "each", "price": cents, "gross": cents, "amount": cents,
            "vat_code": "low", "rate": 900, "vat": vat, "source": "list"}  # fmt: skip


def scan_on(terminal: Terminal, scanner: int, codes: list[str]) -> list[float]:
    """One code every twentieth of a second, whatever the till does; seconds from each to the last byte it caused."""
    begin, times = time.perf_counter(), []
    for number, code in enumerate(codes):
        due = begin + number / PER_SECOND
        while (early := due - time.perf_counter()) > 0:
            terminal.read(early)
        sent = last = time.perf_counter()
        os.write(scanner, code.encode() + b"\n")
        while time.perf_counter() < due + 1 / PER_SECOND and terminal.read(QUIET_S):
            last = time.perf_counter()
        times.append(last - sent)
        terminal.seen = b""
    return times


def echo() -> float:
    """F_echo: median seconds from a key to its paint by raw Python."""
    floor = floors.Echo()
    try:
        return statistics.median(_rested(floor) for _ in range(80))
    finally:
        floor.close()


def _rested(floor: floors.Echo) -> float:
    time.sleep(0.01)
    return floor.once()


def wait_for(terminal: Terminal, done: Callable[[], bool]) -> bool:
    """Read what the till writes until something is so; False where it does not come about."""
    deadline = time.perf_counter() + WAIT_S
    while not done():
        if time.perf_counter() > deadline:
            return False
        terminal.read(0.02)
    return True


def in_journal(folder: Path, receipt: int) -> int:
    """Lines of a closed sale; 0 where there is no such sale yet."""
    con = sqlite3.connect(f"file:{folder / 'data' / 'till.db'}?mode=ro", uri=True)
    try:
        found = con.execute("select lines from sale where receipt = ?", (receipt,)).fetchone()
        return int(found[0]) if found else 0
    finally:
        con.close()


def measure(folder: Path, options: Namespace, floor: float) -> int:
    """Scan, pay, and print the figures; how many scans were lost."""
    scans = options.seconds * PER_SECOND
    codes = codes_of(folder, options.lines + scans)
    terminal = start(folder)
    scanner = os.open(folder / "scanner", os.O_WRONLY)
    for code in codes[: options.lines]:
        os.write(scanner, code.encode() + b"\n")
    terminal.drain(0.5)
    before = terminal.cpu()
    times = scan_on(terminal, scanner, codes[options.lines :])
    cpu = terminal.cpu() - before
    row(f"{scans} scans on {options.lines} lines and more", times, floor, None, "p50 <= 8 x, p99 <= 16.7 ms")
    late = sum(seconds > 1 / PER_SECOND for seconds in times)
    print(f"slowest {max(times) * 1e3:.1f} ms, mean {statistics.mean(times) * 1e3:.2f} ms, {late} late")
    print(f"CPU of the till                                {cpu / options.seconds * 100:9.1f} %")
    print(f"memory (RSS)                                   {terminal.rss_mb():9.1f} MB")
    # By card: so many articles come to more than may be paid in cash.
    terminal.write(F11)
    terminal.drain(0.3)
    begin = time.perf_counter()
    terminal.write(b"j")
    closed = wait_for(terminal, lambda: in_journal(folder, options.sales + 1) > 0)
    print(f"card accepted -> {len(codes)} lines on disk         {(time.perf_counter() - begin) * 1e3:9.1f} ms")
    lost = len(codes) - (in_journal(folder, options.sales + 1) if closed else 0)
    print(f"scans {len(codes)}   lines {len(codes) - lost}   lost {lost}")
    os.close(scanner)
    terminal.close()
    return lost


def main() -> int:
    """Make the shop and its past, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=800_000)
    parser.add_argument("--sales", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        folder = Path(name)
        synthetic(folder / "articles.csv", options.articles)
        begin = time.perf_counter()
        articles = make_shop(folder, folder / "articles.csv")
        print(f"{articles} articles in {time.perf_counter() - begin:.1f} s")
        seconds = sold_before(folder / "data", options.sales)
        size = (folder / "data" / "till.db").stat().st_size / 1e6
        print(f"{options.sales} sales in {seconds:.1f} s, till.db {size:.0f} MB   load {os.getloadavg()[0]:.1f}")
        return 1 if measure(folder, options, echo()) else 0


if __name__ == "__main__":
    sys.exit(main())
