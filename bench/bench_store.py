"""What the books cost: a sale on its way to the disk, reports, proof, crash, verification; beside this run's floors.

``python -m bench.bench_store --cache FOLDER [--sizes 10,100000,1000000] [--articles 300000] [--rounds 400]
[--verified 100000] [--rebuilt 20000]``

F_sync is 4 KB written and ``fdatasync``, F_look a prepared look-up through sqlite3 alone, in memory and in a file.
Tills of many sales are made in the cache by :mod:`bench.big_till` where they are not there yet. Calls to the disk are
counted by ``strace``.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

from bench import floors
from bench.bench_catalogue import bare, synthetic
from bench.big_till import TILL, big_till, models
from bench.shop import SHOP, codes_of, make_shop
from bench.terminal import percentile
from kassa_tui import bootstrap, config
from kassa_tui.clock import SystemClock, uuid7_source
from kassa_tui.domain.shift import report
from kassa_tui.services import access, books, checkout, selling, shifts
from kassa_tui.storage import keys, rebuild, sales, spool
from kassa_tui.storage.database import open_database
from kassa_tui.storage.journal import Job, Journal, verify
from kassa_tui.storage.projections import read_state
from kassa_tui.storage.till_store import TILL_DB, TillStore

LINES = 10
MARK_PAY, MARK_PAID = b"<pay>", b"<paid>"
WAL_MB = (4, 64)

Times = list[float]


class Counter:
    """Somebody who sells, without screen or printer, timed at the pay key."""

    def __init__(self, folder: Path) -> None:
        self.till = bootstrap.open_till(config.load(folder / "till.toml"))
        self.till.act(access.login, "9999")
        if not self.till.shift:
            self.till.act(shifts.open_shift, 15_000)
        self._codes = cycle(codes_of(folder, 5000))

    def scan(self) -> None:
        """Ten lines on the ticket, and on disk."""
        while self.till.ticket is None or len(self.till.ticket.lines) < LINES:
            self.till.act(selling.scan, next(self._codes))
        self.till.store.flush()

    def pay(self) -> float:
        """Seconds from the pay key to a sale that is on disk."""
        start = time.perf_counter()
        outcome = self.till.act(checkout.cash, None)
        seconds = time.perf_counter() - start
        if outcome.code != "paid":
            raise SystemExit(f"not paid: {outcome}")
        return seconds


def line(name: str, figure: str, floor: str = "", aim: str = "") -> None:
    """One line of the table."""
    print(f"{name:<58}{figure:>24}  {floor:<22}{aim}", flush=True)


def spread(times: Sequence[float]) -> str:
    """Median and p99 in milliseconds."""
    return f"{statistics.median(times) * 1e3:.2f} / {percentile(times, 0.99) * 1e3:.2f} ms"


def cpu(act: Callable[[], object], runs: int = 200) -> float:
    """Seconds of CPU of one run, median of nine rounds."""
    rounds = []
    act()
    for _ in range(9):
        start = time.thread_time()
        for _ in range(runs):
            act()
        rounds.append((time.thread_time() - start) / runs)
    return statistics.median(rounds)


def sale(folder: Path, rounds: int) -> None:
    """The pay key, in time."""
    counter = Counter(folder)
    before, times, spent = floors.sync(folder), [], 0.0
    for _ in range(rounds):
        counter.scan()
        began = time.process_time()
        times.append(counter.pay())
        spent += time.process_time() - began
    counter.till.close()
    after = floors.sync(folder)
    floor = max(before[1], after[1])
    line("pay key -> sale on disk, 10 lines, p50 / p99", spread(times),
         f"F_sync {before[0] * 1e3:.2f} / {floor * 1e3:.2f}", f"p99 <= {floor * 1e3 + 3:.2f} ms")  # fmt: skip
    line("  of which CPU, all threads, mean", f"{spent / rounds * 1e3:.2f} ms", "", "<= 0.5 ms")


def during_import(folder: Path, articles: int) -> None:
    """The pay key while another process replaces the whole catalogue."""
    csv = folder / "many.csv"
    synthetic(csv, articles)
    quiet, busy = floors.sync(folder)[1] * 1e3, 0.0
    with _import(folder, csv) as process:
        while process.poll() is None:
            busy = max(busy, floors.sync(folder)[1] * 1e3)
    counter, times = Counter(folder), []
    with _import(folder, csv) as process:
        while process.poll() is None:
            counter.scan()
            times.append(counter.pay())
            time.sleep(0.02)
    counter.till.close()
    line(f"same while {articles} articles are imported ({len(times)} sales)", spread(times),
         f"p99 {quiet:.2f}, busy {busy:.2f}", f"p99 <= {quiet + 3:.2f} ms")  # fmt: skip


def _import(folder: Path, csv: Path) -> subprocess.Popen[bytes]:
    kassa = str(Path(sys.executable).with_name("kassa"))
    return subprocess.Popen([kassa, "import", "articles", str(csv), "--config", str(folder / "till.toml")],
                            stdout=subprocess.DEVNULL)  # fmt: skip


def counts(folder: Path, rounds: int = 40) -> None:
    """The pay key, in calls to the disk."""
    strace = shutil.which("strace")
    if strace is None:
        line("calls to the disk of a sale", "not counted", "strace is not installed")
        return
    trace = folder / "trace"
    child = [sys.executable, "-m", "bench.bench_store", "--pay", str(rounds), "--shop", str(folder)]
    traced = [strace, "-f", "-qq", "-s", "8", "-o", str(trace), "-e", "trace=fdatasync,fsync,pwrite64,write", *child]
    subprocess.run(traced, check=True, cwd=Path(__file__).parents[1])
    syncs, writes, size, inside = 0, 0, 0, False
    for text in trace.read_text("utf-8", "replace").splitlines():
        if MARK_PAY.decode() in text or MARK_PAID.decode() in text:
            inside = MARK_PAY.decode() in text
        elif inside:
            syncs += "sync(" in text
            found = re.search(r"pwrite64\(\d+, .*, (\d+), \d+", text)
            writes += found is not None
            size += int(found[1]) if found else 0
    line("  fdatasync and fsync of a sale", f"{syncs / rounds:.2f}", "", "exactly 1")
    line("  bytes written by a sale", f"{size / rounds:.0f} in {writes / rounds:.1f} writes", "", "<= 24 KB")


def pay_under_strace(folder: Path, rounds: int) -> None:
    """The child that is traced: marks each sale in the trace."""
    counter = Counter(folder)
    mark = os.open(folder / "mark", os.O_CREAT | os.O_WRONLY)
    for _ in range(rounds):
        counter.scan()
        os.write(mark, MARK_PAY)
        counter.pay()
        os.write(mark, MARK_PAID)
    counter.till.close()


def reader(folder: Path) -> sqlite3.Connection:
    """The till's reading connection."""
    db = open_database(folder / TILL_DB, readonly=True)
    db.connect()
    con: sqlite3.Connection = db.connection()
    return con


def look_in_file(folder: Path, rows: int = 100_000) -> float:
    """F_look where the table is in a file, as the till's is; seconds."""
    codes = [str(4 * 10**12 + number) for number in range(rows)]
    return statistics.median(bare(folder, codes, random.Random(2).choices(codes, k=4000))) / 1e6


def reports(folder: Path, count: int, floor: tuple[float, float]) -> None:
    """X, Z, proof and reprint of a till with ``count`` sales."""
    con, dice = reader(folder), random.Random(3)
    state = read_state(con)
    first = books.x_figures(con, state)["first_receipt"]

    def figures() -> object:
        return report(sales.shift_totals(con, state.shift))

    def look(act: Callable[[int], object]) -> Times:
        times = []
        for _ in range(300):
            number = dice.randrange(1, count + 1)
            start = time.perf_counter()
            act(number)
            times.append(time.perf_counter() - start)
        return times

    def row(name: str, act: Callable[[], object], aim: str = "") -> None:
        seconds = cpu(act)
        ratios = f"{seconds / floor[0]:.1f} x, {seconds / floor[1]:.1f} x F_look"
        line(f"{name}, {count} sales", f"{seconds * 1e6:.0f} us", ratios, aim)

    row("X: totals of the shift and report", figures, "<= 10 x")
    row("X: all of books.x_figures", lambda: books.x_figures(con, state))
    row("Z: from its entry", lambda: books.z_figures(con, TILL, state.z - 1), "<= 10 x")
    sold = state.receipt - first + 1
    proved = cpu(lambda: sales.proof(con, first, state.receipt), 5)
    line(f"proof of {sold} sales from their lines, {count} sales", f"{proved * 1e3:.1f} ms", "", "<= 15 ms")
    line(f"reprint look-up, {count} sales, p50 / p99", spread(look(lambda no: books.sale(con, TILL, str(no)))))
    line(f"printed already?, {count} sales, p50 / p99", spread(look(lambda no: spool.printed(con, no))))
    con.close()


def crash(folder: Path, megabytes: int) -> None:
    """Open a till whose process was killed with this much in the write-ahead log."""
    child = [sys.executable, "-m", "bench.bench_store", "--die", str(megabytes), "--shop", str(folder)]
    ended = subprocess.run(child, check=False, cwd=Path(__file__).parents[1])
    size = (folder / f"{TILL_DB}-wal").stat().st_size / 1e6
    start = time.perf_counter()
    store = TillStore(folder, TILL, SystemClock(), uuid7_source())
    found = sales.sale(store.read, store.state.receipt)
    opened = time.perf_counter() - start
    start = time.perf_counter()
    store.rest()
    rested = time.perf_counter() - start
    told = "last sale there" if found and ended.returncode == -signal.SIGKILL else "SALE LOST"
    store.close()
    line(f"open after kill -9 with {size:.0f} MB of log ({told})", f"{opened * 1e3:.1f} ms",
         f"checkpoint {rested * 1e3:.0f} ms", "<= 50 ms")  # fmt: skip


def sell_and_die(folder: Path, megabytes: int) -> None:
    """The child that is killed: sells without ever resting."""
    db = open_database(folder / TILL_DB)
    db.connect()
    journal = Journal(db.connection(), TILL, SystemClock(), uuid7_source(), keys.load_key(folder / keys.KEY_FILE))
    wal, bodies, new_id = folder / f"{TILL_DB}-wal", cycle(models()), uuid7_source()
    while wal.stat().st_size < megabytes * 1e6:
        journal.record_sale({**next(bodies), "ticket": new_id()}, "1", [Job("receipt")])
    os.kill(os.getpid(), signal.SIGKILL)


def walks(cache: Path, work: Path, verified: int, rebuilt: int) -> None:
    """Verification of a till with so many sales, rebuild of another, in entries a second; the size of the file."""
    folder = big_till(cache, verified)
    con = reader(folder)
    entries = con.execute("select count(*) from journal").fetchone()[0]
    for name, check in (("hashes only", None), ("with signatures", keys.verify)):
        start = time.process_time()
        flaws = verify(con, TILL, check)
        seconds = time.process_time() - start
        line(f"verify {entries} entries, {name}, {len(flaws)} flaws", f"{entries / seconds:.0f} / s of cpu")
    con.close()
    size = (folder / TILL_DB).stat().st_size
    line("size per 1,000 sales", f"{size / verified * 1e3 / 1e6:.2f} MB")
    copy = work / "rebuilt.db"
    shutil.copyfile(big_till(cache, rebuilt) / TILL_DB, copy)
    db = open_database(copy)
    db.connect()
    start = time.process_time()
    found = rebuild.rebuild(db.connection(), TILL)
    seconds = time.process_time() - start
    db.close()
    line(f"rebuild {found.entries} entries, {len(found.tables)} tables differ",
         f"{found.entries / seconds:.0f} / s of cpu")  # fmt: skip


def table(options: argparse.Namespace, work: Path) -> None:
    """Print it all."""
    cache: Path = options.cache or work
    cache.mkdir(parents=True, exist_ok=True)
    shop = work / "shop"
    shop.mkdir()
    make_shop(shop)
    # Without its devices: what a printer writes to the spool afterwards is not the sale's.
    (shop / "till.toml").write_text(SHOP)
    look, filed = floors.look(), look_in_file(work)
    (p50, p99), load = floors.sync(work), os.getloadavg()[0]
    print(f"F_sync {p50 * 1e3:.2f} / {p99 * 1e3:.2f} ms   F_look {look * 1e6:.1f} us in memory,"
          f" {filed * 1e6:.1f} us in a file   load {load:.1f}   SQLite {sqlite3.sqlite_version}")  # fmt: skip
    sale(shop, options.rounds)
    counts(shop)
    during_import(shop, options.articles)
    for count in (int(text) for text in options.sizes.split(",")):
        reports(big_till(cache, count), count, (look, filed))
    for megabytes in WAL_MB:
        folder = work / f"crash-{megabytes}"
        shutil.copytree(big_till(cache, 1000), folder)
        crash(folder, megabytes)
    walks(cache, work, options.verified, options.rebuilt)


def main() -> None:
    """Print the table, or be one of its children."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sizes", default="10,100000,1000000")
    parser.add_argument("--articles", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--verified", type=int, default=100_000)
    parser.add_argument("--rebuilt", type=int, default=20_000)
    parser.add_argument("--shop", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pay", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--die", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pay:
        pay_under_strace(options.shop, options.pay)
    elif options.die:
        sell_and_die(options.shop, options.die)
    else:
        if options.cache is not None:
            Path(options.cache).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="kassa-bench-", dir=options.cache) as name:
            table(options, Path(name))


if __name__ == "__main__":
    main()
