"""How long the catalogue takes: import, look-up by code, search as typed; each beside a floor measured in the same run.

``python bench/bench_catalogue.py [FILE.csv] [--articles N]``: with a file its articles, else N made up ones (800,000).
The floor of a look-up is a bare prepared statement of the sqlite3 module on one indexed table with as many rows.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kassa_tui.domain.gtin import check_digit
from kassa_tui.storage.articles_import import ImportWords, import_articles
from kassa_tui.storage.catalogue import Catalogue
from kassa_tui.storage.database import open_database
from kassa_tui.storage.shop_schema import open_shop

TODAY = "2026-11-22"
LOOKUPS = 4000
PHRASES = ("cola", "melk halfvol", "chocolade", "bier blond", "kaas jong", "pindakaas", "thee groen", "saus tomaat")

_FIRST = "verse jonge oude halfvolle groene rode blonde zoete zoute bittere romige pittige biologische luchtige"
_GOODS = (
    "melk kaas cola bier thee koffie saus soep brood boter yoghurt chocolade pindakaas rijst pasta appels peren "
    "tomaten worst ham zalm haring chips noten koek drop jam honing azijn olie mosterd mayonaise"
)
_MORE = "naturel mild klassiek familiepak zakje fles blik doos vanille aardbei citroen knoflook paprika crème"


def synthetic(path: Path, count: int) -> None:
    """Write ``count`` made-up articles."""
    dice = random.Random(1)
    first, goods, more = _FIRST.split(), _GOODS.split(), _MORE.split()
    with path.open("w", encoding="utf-8") as file:
        file.write("sku,gtin,name,group,price,vat,unit,deposit,min_age,stock\n")
        for number in range(count):
            body = f"{870000000000 + number * 7:012d}"
            name = f"{dice.choice(first)} {dice.choice(goods)} {dice.choice(more)} {dice.randrange(1000)}"
            price = f"{dice.randrange(1, 40)}.{dice.randrange(100):02d}"
            deposit = "0.15" if number % 60 == 0 else ""
            file.write(f"{100000 + number},{body}{check_digit(body)},{name},Groep {number % 16},{price},9,each,")
            file.write(f"{deposit},,{dice.randrange(90)}\n")


def timed(work: Callable[[str], object], keys: Sequence[str]) -> list[float]:
    """Microseconds of CPU of each call."""
    found = []
    clock = time.thread_time
    for key in keys:
        start = clock()
        work(key)
        found.append((clock() - start) * 1e6)
    return found


def row(name: str, figures: list[float], floor: float) -> None:
    """Print one line of the table."""
    figures.sort()
    p50, p95 = statistics.median(figures), figures[int(len(figures) * 0.95)]
    print(f"{name:44} {p50:10.1f} {p95:10.1f} {figures[-1]:10.1f} {p50 / floor:8.2f}")


def bare(folder: Path, codes: list[str], keys: Sequence[str]) -> list[float]:
    """F_look: the look-up without any of our code, on a file of the same number of rows."""
    con = sqlite3.connect(folder / "floor.db", isolation_level=None)
    con.execute("pragma cache_size=-8000")
    con.execute("create table a (b text primary key, c text, d integer)")
    con.execute("begin")
    con.executemany("insert into a values (?, ?, ?)", ((code, "x" * 30, n) for n, code in enumerate(codes)))
    con.execute("commit")
    sql = "select * from a where b = ?"
    work: Callable[[str], object] = lambda key: con.execute(sql, (key,)).fetchone()  # noqa: E731
    timed(work, keys)
    figures = timed(work, keys)
    con.close()
    return figures


def measure(folder: Path, csv: Path) -> None:
    """Import ``csv`` and print the table."""
    db = open_shop(folder / "shop.db", "NL")
    words = ImportWords(lambda cents: f"Statiegeld {cents}", "Statiegeld", "Overig")
    wall, cpu = time.monotonic(), time.process_time()
    report = import_articles(db, csv, today=TODAY, words=words)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    db.close()
    if not report.ok:
        raise SystemExit(f"{report.problem_count} problems, first {report.problems[0]}")
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    size = (folder / "shop.db").stat().st_size / 1e6
    print(f"{report.articles} articles, {report.codes} codes imported in {wall:.1f} s wall, {cpu:.1f} s cpu,", end=" ")
    print(f"{rss} MB of memory at most, shop.db {size:.0f} MB")
    reader = open_database(folder / "shop.db", readonly=True)
    reader.connect()
    catalogue = Catalogue(reader)
    codes = [code for (code,) in reader.execute_sql("select code from code")]
    skus = [sku for (sku,) in reader.execute_sql("select sku from article limit 100000")]
    dice = random.Random(2)
    keys, misses = dice.choices(codes, k=LOOKUPS), [f"X{n}" for n in range(LOOKUPS)]
    floor_figures = bare(folder, codes, keys)
    floor = statistics.median(floor_figures)
    print(f"{'microseconds of cpu':44} {'p50':>10} {'p95':>10} {'max':>10} {'x F_look':>8}")
    row("F_look: bare sqlite3, one table", floor_figures, floor)
    for name, work, wanted in (
        ("by_code, a code", lambda key: catalogue.by_code(key, TODAY), keys),
        ("by_code, an SKU", lambda key: catalogue.by_code(key, TODAY), dice.choices(skus, k=LOOKUPS)),
        ("by_code, unknown", lambda key: catalogue.by_code(key, TODAY), misses),
    ):
        timed(work, wanted)
        row(name, timed(work, wanted), floor)
    for name, least, most in (("1 or 2 letters", 1, 2), ("3 letters or more", 3, 99)):
        typed = [phrase[:n] for phrase in PHRASES for n in range(1, len(phrase) + 1) if least <= n <= most]
        # The first run warms the page cache.
        timed(lambda text: catalogue.search(text, TODAY), typed)
        row(f"search, {name}", timed(lambda text: catalogue.search(text, TODAY), typed * 5), floor)
    reader.close()


def main() -> None:
    """Read the arguments, make the file where none is given, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", nargs="?", type=Path)
    parser.add_argument("--articles", type=int, default=800_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        csv = options.csv or folder / "articles.csv"
        if options.csv is None:
            synthetic(csv, options.articles)
        measure(folder, csv)


if __name__ == "__main__":
    main()
