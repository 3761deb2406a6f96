"""What a sync costs the cashier: scan to paint while the journal goes up and a whole catalogue comes down, and without.

Usage: python -m bench.bench_sync [--articles N] [--rounds N] [--entries N] [--times N]
The till sells on a pty; ``kassa sync``'s own agent runs in a process beside it, against an office on this machine that
has a snapshot of ``--articles`` more and none of the till's ``--entries``. The load of the snapshot is timed against a
copy of the same file with one fsync.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from bench import floors
from bench.bench_screen import start
from bench.shop import codes_of, make_shop
from bench.terminal import Terminal, percentile
from kassa_tui.clock import SystemClock, uuid7_source
from kassa_tui.domain.journal import Entry, Moment, canonical, digest
from kassa_tui.storage import snapshot
from kassa_tui.storage.catalogue import search_text
from kassa_tui.storage.catalogue_build import BATCH_ROWS, ArticleRow, building
from kassa_tui.storage.database import backup
from kassa_tui.storage.keys import KEY_FILE, load_key, verify
from kassa_tui.storage.shop_feed import apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.sync.wire import Row

PAUSE_S = 0.04
FED = 5000
"""Changes of the feed behind each whole catalogue."""
AGENT = "bench.bench_sync"
KEY = bytes(range(32))


def catalogue(shop: Path, path: Path, articles: int) -> None:
    """A snapshot's database: the till's own articles and so many more."""
    backup(shop, path)
    db = open_shop(path, "NL")
    con: sqlite3.Connection = db.connection()
    apply_page(db, [Row(1, "group", "900", "put", {"name": "Alles", "vat": "low"})], "bench", 1)
    own = con.execute("select * from article order by id").fetchall()
    codes = con.execute("select code, article, pieces, 14 from code").fetchall()
    with building(db) as build:
        build.add(own, codes)
        for start in range(0, articles, BATCH_ROWS):
            numbers = range(start, min(start + BATCH_ROWS, articles))
            build.add([_article(own[-1][0] + 1 + number, number) for number in numbers],
                      [(f"29{number:012d}", own[-1][0] + 1 + number, 1, 14) for number in numbers])  # fmt: skip
        build.same_skus()
        build.finish()
        build.exchange({name: (number, vat) for number, name, vat in
                        con.execute("select id, name, vat from article_group").fetchall()})  # fmt: skip
    db.execute_sql("pragma wal_checkpoint(truncate)")
    db.execute_sql("pragma journal_mode=delete")
    db.execute_sql("vacuum")
    db.close()


def _article(article: int, number: int) -> ArticleRow:
    name = f"Artikel {number} van merk {number % 997} soort {number % 61}"
    return (article, f"B{number}", name, 900, 100 + number % 900, "low", "each", "goods", None, 0, 0, None, 0,
            search_text(name))  # fmt: skip


def grown(folder: Path, entries: int) -> None:
    """Entries in the till's journal that nobody has yet: sales of ten lines in size, without projections."""
    con = sqlite3.connect(folder / "data" / "till.db", isolation_level=None)
    signer, prev, new_id = load_key(folder / "data" / KEY_FILE), bytes(32), uuid7_source()
    at = SystemClock().now().at - entries * 1000
    body = canonical({"reason": "x" * 2400, "by": "1"})
    con.execute("begin")
    for seq in range(1, entries + 1):
        moment, entry_id = Moment(at + seq * 1000, 60), new_id()
        hashed = digest("K1", seq, entry_id, moment, "1", "drawer", body, prev)
        entry = Entry("K1", seq, entry_id, moment.at, 60, "1", "drawer", body, prev, hashed, signer.sign(hashed))
        row = (seq, bytes.fromhex(entry_id), moment.at, 60, "1", "drawer", body, hashed, entry.signature)
        con.execute("insert into journal values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        prev = hashed
    con.execute("commit")
    con.close()


def scanning(terminal: Terminal, codes: list[bytes], fd: int, while_: Callable[[], bool]) -> list[float]:
    """Seconds from scan to paint, at rest, for as long as ``while_`` says, every 25 scans a new ticket."""
    times: list[float] = []
    for number in count():
        if not while_():
            return times
        seconds, _ = terminal.answer(codes[number % len(codes)], fd)
        times.append(seconds)
        time.sleep(PAUSE_S)
        if number % 25 == 24:
            terminal.write(b"\x1b[24~")
            terminal.drain(0.3)
    return times


def agent(folder: Path, source: Path, done: Path, times: int) -> None:
    """The process beside the till: so many times it sends all, loads a whole catalogue and reads pages of the feed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from kassa_tui import config
    from kassa_tui.sync.agent import Agent, Means, step_back
    from tests.sync.office import Office

    step_back()
    office = Office()
    office.key = Ed25519PrivateKey.from_private_bytes(KEY)
    office.keep_snapshot(source)
    office.snapshot_bytes = lambda sha256, start=0: office.packed[start : start + (8 << 20)]  # type: ignore[method-assign]
    worker = Agent(config.load(folder / "till.toml"), office, Means(SystemClock()))  # type: ignore[arg-type]
    worker.state.now.office_key = office.key.public_key().public_bytes_raw().hex()
    begun, sent, wrong = time.monotonic(), 0, None
    for turn in range(times):
        office.entries.clear()
        data = {"name": "Nieuw", "group": 900, "vat": "low", "price": 100 + turn}
        office.rows = [Row(number + 1, "article", f"F{number}", "put", data) for number in range(FED)]
        worker.state.now.acked = 0
        worker.catalogue.want_snapshot("bench")
        wrong = wrong or worker.once()
        sent += len(office.entries)
    took = time.monotonic() - begun
    worker.close()
    done.write_text(f"{sent} entries, {times} whole catalogues and {times * FED} changes in {took:.1f} s"
                    f"{'' if wrong is None else f' FAILED {wrong}'}")  # fmt: skip


def load_against_copy(folder: Path, source: Path) -> None:
    """Seconds of a checked load into a live ``shop.db``, and of a copy of the same file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from tests.sync.office import Office

    office = Office()
    office.key = Ed25519PrivateKey.from_private_bytes(KEY)
    office.keep_snapshot(source)
    info = office.snapshot()
    wanted = snapshot.Wanted(info.epoch, 0, info.size, info.unpacked, info.sha256, info.signature)
    key = office.key.public_key().public_bytes_raw().hex()
    place = folder / "load"
    place.mkdir()
    open_shop(place / "shop.db", "NL").close()
    copies, checks, loads = [], [], []
    for _ in range(3):
        begun = time.perf_counter()
        shutil.copyfile(source, folder / "copy.db")
        with (folder / "copy.db").open("rb") as file:
            os.fsync(file.fileno())
        copies.append(time.perf_counter() - begun)
        snapshot.begun(place, wanted)
        snapshot.append(place, office.packed)
        begun = time.perf_counter()
        ready = snapshot.unpack(place, wanted, key, verify)
        checks.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        snapshot.load(place / "shop.db", ready, wanted, "NL", "F1")
        loads.append(time.perf_counter() - begun)
        snapshot.discard(place)
    copied, checked, loaded = map(statistics.median, (copies, checks, loads))
    size = source.stat().st_size / 1e6
    print(f"snapshot of {size:.0f} MB ({info.size / 1e6:.0f} MB packed): copy {copied:.2f} s, unpacked and checked "
          f"{checked:.2f} s, loaded {loaded:.2f} s = {loaded / copied:.2f} x the copy, all of it "
          f"{(checked + loaded) / copied:.1f} x")  # fmt: skip


def told(name: str, times: list[float], floor: float, waited: float) -> None:
    """One line of the table."""
    p50, p99 = statistics.median(times), percentile(times, 0.99)
    print(f"{name:<34}{len(times):6} scans{p50 * 1e3:9.2f} ms {p99 * 1e3:9.2f} ms {max(times) * 1e3:9.2f} ms"
          f"{p50 / floor:8.1f} x{waited / len(times) * 1e3:9.2f} ms", flush=True)  # fmt: skip


def main(argv: list[str]) -> int:
    """Run it."""
    if argv[:1] == ["--agent"]:
        agent(Path(argv[1]), Path(argv[2]), Path(argv[3]), int(argv[4]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200, help="scans of each series without a sync, at least")
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=1, help="so often everything is synced")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        return measured(Path(name), options)


def measured(folder: Path, options: argparse.Namespace) -> int:
    """Without, with, and without again as long as with."""
    make_shop(folder)
    grown(folder, options.entries)
    source, done = folder / "source.db", folder / "done"
    catalogue(folder / "data" / "shop.db", source, options.articles)
    codes = [f"{code}\n".encode() for code in codes_of(folder, 200)]
    echo = floors.Echo()
    floor = statistics.median([echo.once() for _ in range(100)])
    echo.close()
    terminal = start(folder)
    fd = os.open(folder / "scanner", os.O_WRONLY)
    print(f"load {os.getloadavg()[0]:.1f}; all of it goes to the disk before, so that nothing is left of making it")
    os.sync()
    print(f"{'scan to paint':<34}{'':12}{'p50':>12} {'p99':>12} {'worst':>12}   / F_echo  till waited for a processor")

    def series(name: str, while_: Callable[[], bool]) -> int:
        before = terminal.scheduled()[1]
        times = scanning(terminal, codes, fd, while_)
        told(name, times, floor, terminal.scheduled()[1] - before)
        return len(times)

    def for_(count: int) -> Callable[[], bool]:
        rounds = iter(range(count))
        return lambda: next(rounds, None) is not None

    series("alone", for_(options.rounds))
    command = [sys.executable, "-m", AGENT, "--agent", str(folder), str(source), str(done), str(options.times)]
    with subprocess.Popen(command) as running:
        made = series("while everything is synced", lambda: running.poll() is None)
    series("afterwards, with the new catalogue", for_(max(made, options.rounds)))
    os.close(fd)
    terminal.close()
    print(done.read_text() if done.exists() else "the agent did not finish")
    load_against_copy(folder, source)
    print(f"load {os.getloadavg()[0]:.1f}")
    return 0 if done.exists() and "FAILED" not in done.read_text() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
