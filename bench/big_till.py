"""A till that has sold for years, made in minutes: the real journal, projections and spool, only committed in bulk.

``python -m bench.big_till SALES --cache FOLDER`` makes ``FOLDER/till-SALES`` with ``till.db`` and ``till.key`` unless
it is there already. Days of 1,000 sales of ten lines (two days where there are fewer), each day one shift that was
opened, counted and closed; the last is open. Hashes, signatures and totals are those the till itself would have made.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kassa_tui.clock import uuid7_source
from kassa_tui.domain import tender as paying
from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.country import COUNTRIES
from kassa_tui.domain.journal import Moment
from kassa_tui.domain.sale import sale_body
from kassa_tui.domain.shift import local_date
from kassa_tui.services import books
from kassa_tui.storage import spool
from kassa_tui.storage.journal import Job, Journal
from kassa_tui.storage.till_store import TILL_DB, create

TILL = "K1"
SALES_A_DAY, SECONDS_A_SALE, LINES = 1000, 40, 10
ACTS_A_COMMIT = 4000
MODELS = 200
"""Different tickets, sold over and over."""
FIRST_MORNING = 1_704_182_400_000
"""2 January 2024, 8:00 UTC."""
DAY_MS = 86_400_000

_GROUPS = (("Zuivel", "low", 900), ("Brood", "low", 900), ("Fris", "low", 900), ("Groente", "low", 900),
           ("Non-food", "high", 2100), ("Drank", "high", 2100))  # fmt: skip
_NAMES = ("Halfvolle melk 1 l", "Volkoren heel gesneden", "Café crème 250 g", "Pindakaas naturel", "Jonge kaas plakken")


class Time:
    """A clock that is moved by hand and never jumps."""

    def __init__(self) -> None:
        self.at = FIRST_MORNING

    def now(self) -> Moment:
        """Where it stands, an hour from UTC."""
        return Moment(self.at, 60)

    def monotonic_ms(self) -> int:
        """The same, for a clock that nobody sets."""
        return self.at


class Bulk(sqlite3.Connection):
    """A connection that puts many transactions into one; whoever uses it closes it with :meth:`end`."""

    acts = 0

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        """As always, but a commit is only every ``ACTS_A_COMMIT``-th time one."""
        if sql == "commit":
            self.acts += 1
            if self.acts % ACTS_A_COMMIT:
                return self.cursor()
        elif sql == "begin immediate" and self.in_transaction:
            return self.cursor()
        return super().execute(sql, parameters)

    def end(self) -> None:
        """Commit what is left, back to a durable file, and close."""
        if self.in_transaction:
            super().execute("commit")
        super().execute("pragma journal_mode=wal")
        self.close()


def models(count: int = MODELS, lines: int = LINES) -> list[dict[str, Any]]:
    """Bodies of sales with ``lines`` lines, as the till makes them; the tenth line of some is a deposit."""
    dice, found = random.Random(7), []
    for turn in range(count):
        ticket = tickets.Ticket(f"{turn:032x}")
        for no in range(lines):
            group, code, rate = dice.choice(_GROUPS)
            price, sku, pieces = dice.randrange(49, 1999), str(dice.randrange(1, 90_000)), dice.choice((1, 1, 1, 2, 3))
            kind = tickets.DEPOSIT if no == 9 and turn % 3 == 0 else tickets.SALE
            if kind == tickets.DEPOSIT:
                group, code, rate, price = "Statiegeld", "none", 0, 15
            line = tickets.Line(0, kind, sku, dice.choice(_NAMES), group, pieces * 1000, "each", price, price * pieces,
                                code, rate, code=f"871040028{sku:0>4}")  # fmt: skip
            ticket = tickets.add(ticket, line)
        payment = paying.begin(tickets.total_of(ticket), COUNTRIES["NL"])
        if turn % 5 < 2:
            settled = paying.pay_cash(payment, -(-payment.total // 5000) * 5000, COUNTRIES["NL"], False)
        else:
            settled = paying.pay_exact(payment, paying.Tender(paying.PIN, payment.total))
        assert isinstance(settled, paying.Payment)
        found.append(sale_body(ticket, settled, shift=1, date="2024-01-02", opened=0))
    return found


def make(folder: Path, count: int) -> None:
    """Fill ``folder`` with a till that made ``count`` sales."""
    signer = create(folder)
    con = sqlite3.connect(folder / TILL_DB, isolation_level=None, factory=Bulk, cached_statements=256)
    for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-200000"):
        con.execute(f"pragma {pragma}")
    clock = Time()
    journal = Journal(con, TILL, clock, uuid7_source(lambda: clock.at), signer)
    bodies, made, a_day = models(), 0, min(SALES_A_DAY, -(-count // 2))
    while made < count:
        day = min(a_day, count - made)
        clock.at = FIRST_MORNING + made // a_day * DAY_MS
        journal.record("shift.open", {"z": journal.state.z + 1, "float": 15_000}, "1")
        _sell(con, journal, clock, (bodies[n % len(bodies)] for n in range(made, made + day)))
        made += day
        if made < count:
            _close(con, journal, clock)
    con.end()


def _sell(con: sqlite3.Connection, journal: Journal, clock: Time, bodies: Iterable[dict[str, Any]]) -> None:
    today, z = local_date(clock.at, 60), journal.state.shift
    for turn, body in enumerate(bodies):
        clock.at += SECONDS_A_SALE * 1000
        ticket = f"{clock.at:012x}{turn:020x}"
        facts = {**body, "ticket": ticket, "shift": z, "date": today, "opened": clock.at - 30_000}
        journal.record_sale(facts, "1", [Job("receipt")])
        for job in spool.waiting(con):
            spool.sending(con, job.id)
            spool.done(con, job.id)


def _close(con: sqlite3.Connection, journal: Journal, clock: Time) -> None:
    figures = books.x_figures(con, journal.state)
    total = figures["cash"]["expected"]
    journal.record("shift.count", {"pieces": {"1": total}, "total": total}, "1")
    clock.at += 60_000
    body = figures | {"counted": total, "difference": 0, "pieces": {"1": total}}
    journal.record("shift.close", body, "1")


def tables(folder: Path) -> list[tuple[str]]:
    """How the tables of a till were made."""
    with contextlib.closing(sqlite3.connect(folder / TILL_DB)) as con:
        return con.execute("select sql from sqlite_schema order by name").fetchall()


def big_till(cache: Path, count: int) -> Path:
    """Folder of a till with ``count`` sales: from the cache, else, or where the tables are others today, made there."""
    folder = cache / f"till-{count}"
    with tempfile.TemporaryDirectory() as name:
        create(Path(name))
        today = tables(Path(name))
    if not folder.exists() or tables(folder) != today:
        fresh = cache / f".till-{count}.new"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(fresh, ignore_errors=True)
        start = time.perf_counter()
        make(fresh, count)
        fresh.rename(folder)
        size = (folder / TILL_DB).stat().st_size / 1e6
        print(f"made {folder}: {count} sales, {size:.0f} MB, {time.perf_counter() - start:.0f} s", flush=True)
    return folder


def main() -> None:
    """Make a till."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sales", type=int)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    big_till(options.cache, options.sales)


if __name__ == "__main__":
    main()
