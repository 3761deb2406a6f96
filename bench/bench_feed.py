"""The catalogue on its way to the tills: import, feed and snapshot of 800,000 articles, beside copying the file.

``python -m bench.bench_feed [FILE.csv] [--articles N] [--database URL]``: with a file its articles, else N made up.
The office is a new one in a temporary folder, on SQLite or in the PostgreSQL database of the URL, which is emptied.
The floor is a plain copy of the unpacked file and its way to the disk, on the same disk in the same run.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bench.bench_catalogue import synthetic

if TYPE_CHECKING:
    from kassa_office.tills.models import Till

PAGES = 50
ROUNDS = 3
T = TypeVar("T")


def timed(what: str, work: Callable[[], T]) -> tuple[T, float]:
    """Do it and print how long it took."""
    wall, cpu = time.monotonic(), time.process_time()
    found = work()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    print(f"{what:52} {wall:8.2f} s wall {cpu:8.2f} s cpu", flush=True)
    return found, wall


def set_up(folder: Path, database: str) -> None:
    """A new office."""
    config = folder / "office.toml"
    data = folder / "office"
    config.write_text(f'data = "{data}"\n' + (f'database = "{database}"\n' if database else ""), "utf-8")
    os.environ |= {"KASSA_OFFICE_CONFIG": str(config), "DJANGO_SETTINGS_MODULE": "kassa_office.settings"}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    if database:
        call_command("flush", verbosity=0, interactive=False)
        _rates()


def _rates() -> None:
    from datetime import date

    from kassa_office.catalogue.models import VatRate

    rates = {"high": 2100, "low": 900, "zero": 0}
    VatRate.objects.bulk_create(
        [VatRate(country="NL", code=code, valid_from=date(2019, 1, 1), rate=rate) for code, rate in rates.items()]
    )


def measure(folder: Path, csv: Path) -> None:
    """Print the table."""
    from django.db import connection

    from kassa_office.catalogue import feed, importing, snapshot
    from kassa_office.tills.models import Branch, Till

    print(f"{connection.vendor}, load {os.getloadavg()[0]:.1f}")
    branch = Branch.objects.create(code="B1", name="Een")
    till = Till.objects.create(code="K1", branch=branch)
    count, _wall = timed("import of the file, all rows in the feed", lambda: importing.import_articles(csv))
    timed("the same file again, nothing new", lambda: importing.import_articles(csv))
    pages(till)
    info, _wall = timed("snapshot made", lambda: snapshot.current(till))
    print(f"{count} articles; packed {info.size / 1e6:.1f} MB, unpacked {info.unpacked / 1e6:.1f} MB;", end=" ")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    timed("asked for again", lambda: snapshot.current(till))
    other = Till.objects.create(code="K2", branch=Branch.objects.create(code="B2", name="Twee"))
    timed("snapshot of another branch", lambda: snapshot.current(other))
    load(folder, till, info)
    feed.prune()


def pages(till: Till) -> None:
    """Pages of the feed from its beginning, made and packed."""
    from kassa_office.catalogue import feed
    from kassa_tui.sync.codec import encode, pack

    cursor, times, size = 0, [], 0
    for _ in range(PAGES):
        start = time.perf_counter()
        page = feed.page(till, cursor)
        size += len(pack(encode(page)))
        times.append(time.perf_counter() - start)
        cursor = page.cursor
        if not page.more:
            break
    middle = statistics.median(times)
    rest = feed.office_seq() / 1000 * middle
    print(f"page of 1000 rows: {middle * 1e3:.1f} ms, {size / len(times) / 1e3:.0f} KB; all of them {rest:.0f} s")


def load(folder: Path, till: Till, info: Any) -> None:
    """What the till does with the file, against a plain copy of what is in it."""
    from kassa_office.catalogue import snapshot
    from kassa_office.tills.office import public_key
    from kassa_tui.storage import snapshot as tills
    from kassa_tui.storage.keys import verify
    from kassa_tui.storage.shop_schema import open_shop

    wanted = tills.Wanted(info.epoch, info.cursor, info.size, info.unpacked, info.sha256, info.signature)

    def fetch() -> None:
        at = tills.begun(folder, wanted)
        while at < wanted.size:
            piece = snapshot.read(till, info.sha256, at)
            tills.append(folder, piece)
            at += len(piece)

    timed("file fetched in pieces, each on the disk", fetch)
    copies, backups, unpacks, loads = [], [], [], []
    shop, place = folder / "shop.db", folder / tills.UNPACKED
    open_shop(shop, "NL").close()
    for _ in range(ROUNDS):
        unpacks.append(_once(lambda: tills.unpack(folder, wanted, public_key(), verify)))
        copies.append(_once(lambda: copied(place, folder / "copy.db")))
        backups.append(_once(lambda: backed_up(place, folder / "backup.db")))
        loads.append(_once(lambda: tills.load(shop, place, wanted, "NL", "B1")))
    copy, backup, unpack, whole = (statistics.median(times) for times in (copies, backups, unpacks, loads))
    print(f"F_copy, the file copied and on the disk: {copy:.2f} s")
    print(f"sqlite's backup into a new file: {backup:.2f} s = {backup / copy:.1f} x")
    print(f"the till's load into shop.db while a till may sell: {whole:.3f} s = {whole / copy:.2f} x (aim 2 x)")
    print(f"before it, signature, unpacked, every page read: {unpack:.2f} s = {unpack / copy:.1f} x")
    compared(shop, till)


def compared(shop: Path, till: Till) -> None:
    """What the till's nightly look at each row costs."""
    from kassa_office.catalogue import feed
    from kassa_tui.storage.feed_sums import differing
    from kassa_tui.storage.shop_feed import apply_page, position
    from kassa_tui.storage.shop_schema import open_shop

    db = open_shop(shop, "NL")
    epoch, cursor = position(db)
    page = feed.page(till, cursor)
    apply_page(db, page.rows, epoch, page.cursor)
    wrong, _wall = timed("each row held against the office's sums", lambda: differing(db.connection(), page.sums))
    timed("numbers of rows only", lambda: differing(db.connection(), page.sums, only_counts=True))
    print(f"differing: {wrong or 'nothing'}")
    db.close()


def _once(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def copied(source: Path, target: Path) -> None:
    """The floor."""
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    target.unlink()


def backed_up(source: Path, target: Path) -> None:
    """Page by page, all at once, by SQLite itself."""
    one, other = sqlite3.connect(source), sqlite3.connect(target)
    one.backup(other)
    one.close()
    other.close()
    with target.open("rb") as file:
        os.fsync(file.fileno())
    target.unlink()


def main() -> None:
    """Read the arguments, make the file where none is given, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", nargs="?", type=Path)
    parser.add_argument("--articles", type=int, default=800_000)
    parser.add_argument("--database", default="", help="URL of a PostgreSQL database that may be emptied")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        folder = Path(name)
        csv = options.csv or folder / "articles.csv"
        if options.csv is None:
            synthetic(csv, options.articles)
        set_up(folder, options.database)
        measure(folder, csv)


if __name__ == "__main__":
    main()
