"""A company with a long past in the office's tables, as ingest would have left them: made by the database itself.

Totals by till and day, by month, articles by day and month; every ticket as a journal entry and a sale; the lines of
the last quarter; Z reports, stock with its movements and counts, orders, transfers, alarms and the record. One till
has journaled today for real, signed, through ingest, so that its proof has something to prove.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from kassa_office.facts import make_partitions, next_month
from kassa_office.journal.writing import ALL, DAYS_ONLY, STOCK, WHOLE

GROUPS, STAFF, SKUS, SOLD, LINES = 20, 4, 3000, 400, 10
LINE_DAYS, SKU_DAYS, COUNTED, DELIVERED = 92, 366, 200, 214
BULK = ("journal_entry", "sale", "sale_line", "stock_move", "sku_day")
"""Tables whose indexes are made when the rows are there."""
BODY = '{"lines":[],"note":"' + "x" * 80 + '"}'
Z_BODY = (
    '{"cash":{"float":15000,"expected":88210},"tenders":{"cash":{"n":31,"amount":73210}},"note":"' + "z" * 1200 + '"}'
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the company is and how long its past."""

    branches: int = 50
    tills: int = 6
    """Of each branch."""
    days: int = 730
    tickets: int = 46
    """Of each till and day."""

    @property
    def all_tickets(self) -> int:
        """Of the whole past."""
        return self.branches * self.tills * self.days * self.tickets

    @property
    def entries(self) -> int:
        """Of each till and day: its tickets, an opening and a closing."""
        return self.tickets + 2


def fill(shape: Shape, today: date, say: Callable[[str], None]) -> int:
    """Everything; returns the rows of totals."""
    maker = Maker(shape, today, say)
    maker.masters()
    again = maker.without_indexes()
    maker.each_day()
    maker.from_days()
    for sql in again:
        maker.run(sql)
    maker.odds_and_ends()
    maker.real_day()
    maker.settle()
    return maker.count("day_total", "month_total", "sku_day", "sku_month")


class Maker:
    """Fills the database that Django is connected to."""

    def __init__(self, shape: Shape, today: date, say: Callable[[str], None]) -> None:
        from django.db import connection

        self.shape, self.today, self.say = shape, today, say
        self.postgres = connection.vendor == "postgresql"
        self.start = today - timedelta(days=shape.days - 1)
        self.chance = random.Random(1)

    def run(self, sql: str) -> None:
        """One statement."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql)

    def rows(self, sql: str) -> list[Any]:
        """What a query finds."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def count(self, *tables: str) -> int:
        """Rows of tables together."""
        return sum(int(self.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in tables)

    def day(self, day: date) -> str:
        """A date as this database writes it."""
        return f"DATE '{day}'" if self.postgres else f"'{day}'"

    def masters(self) -> None:
        """Branches, tills, articles, people, and the small tables that the large ones are multiplied from."""
        from django.utils import timezone

        from kassa_office.catalogue.models import Article, Barcode, CostPrice, Group, Supplier
        from kassa_office.staff.models import Employee
        from kassa_office.tills.models import Branch, Till, TillCursor, TillState

        if not self.postgres:
            for pragma in ("synchronous=OFF", "cache_size=-2000000"):
                self.run(f"PRAGMA {pragma}")
        now, shape = timezone.now(), self.shape
        places = [Branch(code=f"B{n:02d}", name=f"Filiaal {n}") for n in range(shape.branches)]
        Branch.objects.bulk_create(places)
        tills = [Till(code=f"K{n + 1}", branch=places[n // shape.tills], token_hash=f"{n}", enrolled_at=now)
                 for n in range(shape.branches * shape.tills)]  # fmt: skip
        Till.objects.bulk_create(tills)
        high = shape.days * shape.entries
        TillCursor.objects.bulk_create([
            TillCursor(till=till, next_seq=high + 1, high_seq=high, claimed_seq=high, received_at=now,
                       branches=[till.branch_id]) for till in tills
        ])  # fmt: skip
        devices = [{"role": "printer", "state": "ok"}, {"role": "scanner", "state": "ok"}]
        TillState.objects.bulk_create([TillState(till=till, at=now, z=shape.days, version="0.1.0", disk_free=10**10,
                                                 devices=devices) for till in tills])  # fmt: skip
        groups = Group.objects.bulk_create([Group(name=f"Groep {n}", vat="low") for n in range(GROUPS)])
        suppliers = [Supplier(code=f"L{n}", name=f"Leverancier {n}") for n in range(30)]
        Supplier.objects.bulk_create(suppliers)
        articles = [Article(sku=f"{n}", name=f"Artikel nummer {n}", group=groups[n % GROUPS], vat="low",
                            supplier=suppliers[n % 30], pack=6000) for n in range(SKUS)]  # fmt: skip
        Article.objects.bulk_create(articles)
        Barcode.objects.bulk_create([Barcode(code=f"87{n:010d}0", article=one) for n, one in enumerate(articles)])
        CostPrice.objects.bulk_create([CostPrice(article=one, valid_from=self.start, amount=150) for one in articles])
        Employee.objects.bulk_create([Employee(code=f"s{n}", name=f"Medewerker {n}", pin_hash="") for n in range(200)])
        self._seeds([(till.branch_id, till.code, n) for n, till in enumerate(tills)])

    def _seeds(self, tills: list[tuple[str, str, int]]) -> None:
        self.run("CREATE TEMP TABLE seed_till (branch text, code text, n int)")
        self.run("CREATE TEMP TABLE seed_branch (branch text, n int)")
        self.run("CREATE TEMP TABLE seed_part (kind text, key text, share int)")
        self.run("CREATE TEMP TABLE seed (n int)")
        self._many("seed_till", [f"('{branch}', '{code}', {n})" for branch, code, n in tills])
        self._many("seed_branch", [f"('B{n:02d}', {n})" for n in range(self.shape.branches)])
        self._many("seed_part", [f"('{kind}', '{key}', {share})" for kind, key, share in _parts()])
        self._many("seed", [f"({n})" for n in range(max(SKUS, self.shape.entries + 1))])

    def _many(self, table: str, values: list[str]) -> None:
        self.run(f"INSERT INTO {table} VALUES {', '.join(values)}")

    def without_indexes(self) -> list[str]:
        """Drop what can be made afterwards, faster; the statements that make it."""
        names = ", ".join(f"'{table}'" for table in BULK)
        if self.postgres:
            found = self.rows(
                f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({names})"
                " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
            )
        else:
            found = self.rows(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
                f" AND tbl_name IN ({names})"
            )
        for name, _sql in found:
            self.run(f'DROP INDEX "{name}"')
        return [sql.replace(" ON ONLY ", " ON ") for _name, sql in found]

    def each_day(self) -> None:
        """What tills bring day by day, in the order in which it came."""
        from django.db import transaction

        months, month = set(), self.start.replace(day=1)
        while month <= self.today:
            months.add(month)
            month = next_month(month)
        make_partitions(months)
        begun = time.monotonic()
        for back in range(self.shape.days - 1, -1, -1):
            with transaction.atomic():
                for sql in self._day(self.today - timedelta(days=back), self.shape.days - 1 - back, back):
                    self.run(sql)
            if back % 100 == 0:
                self.say(f"{back} days to go, {time.monotonic() - begun:.0f} s")

    def _day(self, day: date, no: int, back: int) -> Iterator[str]:
        shape, on = self.shape, self.day(day)
        at = int(datetime(day.year, day.month, day.day, 7).timestamp() * 1000)
        blob = "'\\x" + "00" * 32 + "'::bytea" if self.postgres else "x'" + "00" * 32 + "'"
        amount = f"(80000 + (t.n * 7919 + {no} * 10473) % 160000)"
        yield f"""INSERT INTO day_total (branch, day, till, kind, key, n, qty, amount, vat, cost, costed)
            SELECT t.branch, {on}, t.code, p.kind, p.key, {shape.tickets} / p.share + 1,
            {shape.tickets * 3000} / p.share, {amount} / p.share, {amount} / 12 / p.share, {amount} / 2 / p.share,
            {amount} * 11 / 12 / p.share FROM seed_till t CROSS JOIN seed_part p"""
        yield f"""INSERT INTO day_total (branch, day, till, kind, key, n, qty, amount, vat, cost, costed)
            SELECT branch, day, '', '{ALL}' || kind, key, sum(n), sum(qty), sum(amount), sum(vat), sum(cost),
            sum(costed) FROM day_total WHERE branch IN (SELECT branch FROM seed_branch) AND day = {on}
            AND kind IN {_words(WHOLE)} GROUP BY branch, day, kind, key"""
        yield f"""INSERT INTO z_report
            (branch, till, seq, day, z, at, "offset", who, turnover, counted, difference, body)
            SELECT branch, code, {(no + 1) * shape.entries}, {on}, {no + 1}, {at} + 36000000, 60, 's1', 90000, 73210,
            n % 40 - 20, '{Z_BODY}' FROM seed_till t"""
        mine = "" if back else "AND t.n > 0"
        seq = f"{no * shape.entries} + s.n"
        yield f"""INSERT INTO journal_entry
            (branch, till, seq, day, id, at, "offset", who, kind, body, prev, hash, signature)
            SELECT t.branch, t.code, {seq}, {on}, t.code || '-{day}-' || s.n, {at} + s.n * 600000, 60, 's1', 'sale',
            '{BODY}', {blob}, {blob}, {blob} FROM seed_till t CROSS JOIN seed s
            WHERE s.n BETWEEN 1 AND {shape.entries} {mine}"""
        yield f"""INSERT INTO sale (branch, till, seq, day, number, at, "offset", z, who, ticket, customer, channel,
            total, turnover, lines, discount, rounding)
            SELECT t.branch, t.code, {seq}, {on}, t.code || '-' || ({no * shape.tickets} + s.n - 1),
            {at} + s.n * 600000, 60, {no + 1}, 's1', t.code || 't{no}-' || s.n, '', 'till', 1990, 1990, {LINES}, 0, 0
            FROM seed_till t CROSS JOIN seed s WHERE s.n BETWEEN 2 AND {shape.tickets + 1} {mine}"""
        if back < LINE_DAYS:
            sku = f"(s.n * 31 + l.n * 97 + {no * 13} + t.n * 7) % {SKUS}"
            yield f"""INSERT INTO sale_line
                (branch, till, seq, day, no, kind, sku, grp, qty, amount, vat_code, rate, vat)
                SELECT t.branch, t.code, {seq}, {on}, l.n, 'sale', '' || {sku}, 'Groep 1', 1000, 199, 'low', 900, 16
                FROM seed_till t CROSS JOIN seed s CROSS JOIN seed l
                WHERE s.n BETWEEN 2 AND {shape.tickets + 1} AND l.n BETWEEN 1 AND {LINES} {mine}"""
        if back < SKU_DAYS:
            yield from self._stock_day(on, no, back, at)

    def _stock_day(self, on: str, no: int, back: int, at: int) -> Iterator[str]:
        sold = f"(s.n * 7 + {no * 3} + b.n) % {SKUS}"
        yield f"""INSERT INTO sku_day (branch, sku, day, qty, amount, cost)
            SELECT b.branch, '' || {sold}, {on}, 3000, 700 + s.n, 300 FROM seed_branch b CROSS JOIN seed s
            WHERE s.n < {SOLD}"""
        come = f"(s.n * 14 + {no}) % {SKUS}"
        yield f"""INSERT INTO stock_move (branch, till, seq, day, no, at, kind, sku, qty, reason, ref, who)
            SELECT b.branch, 'OFFICE', {no + 1}, {on}, s.n, {at}, 'received', '' || {come}, 6000, '', 'B{no}', 's1'
            FROM seed_branch b CROSS JOIN seed s WHERE s.n < {DELIVERED}"""
        if back % 30 == 0:
            yield f"""INSERT INTO stock_count
                (branch, till, seq, day, no, at, sku, code, qty, expected, area, who)
                SELECT t.branch, t.code, {(no + 1) * self.shape.entries}, {on}, s.n, {at}, '' || s.n, '', 12000, 12000,
                'winkel', 's1' FROM seed_till t CROSS JOIN seed s
                WHERE t.n % {self.shape.tills} = 0 AND s.n < {COUNTED}"""

    def from_days(self) -> None:
        """Totals by month, of articles too, and levels."""
        self.run(f"""INSERT INTO day_total (branch, day, till, kind, key, n, qty, amount, vat, cost, costed)
            SELECT branch, day, '', '{STOCK}', kind, count(*), sum(qty), 0, 0, 0, 0 FROM stock_move
            WHERE branch IN (SELECT branch FROM seed_branch) GROUP BY branch, day, kind""")
        month = "date_trunc('month', day)::date" if self.postgres else "substr(day, 1, 7) || '-01'"
        self.run(f"""INSERT INTO month_total (branch, day, till, kind, key, n, qty, amount, vat, cost, costed)
            SELECT branch, {month}, till, kind, key, sum(n), sum(qty), sum(amount), sum(vat), sum(cost), sum(costed)
            FROM day_total WHERE kind NOT IN {_words(DAYS_ONLY)} GROUP BY 1, 2, 3, 4, 5""")
        first = self.start.replace(day=1)
        while first <= self.today:
            self.run(f"""INSERT INTO sku_month (branch, sku, day, qty, amount, cost)
                SELECT b.branch, '' || s.n, {self.day(first)}, 9000, 1900 + s.n, 900 FROM seed_branch b
                CROSS JOIN seed s WHERE s.n < {SKUS}""")
            first = next_month(first)
        at = int(time.time() * 1000)
        self.run(f"""INSERT INTO stock_level (branch, sku, qty, at)
            SELECT b.branch, '' || s.n, 1000 * ((s.n * 7 + b.n * 13) % 25 - 1), {at} FROM seed_branch b
            CROSS JOIN seed s WHERE s.n < {SKUS}""")

    def odds_and_ends(self) -> None:
        """What people leave behind in an office: alarms, the record, entries set apart."""
        from django.utils import timezone

        from kassa_office.journal.models import Alarm, Quarantine
        from kassa_office.staff.models import Audit

        now, codes = timezone.now(), self.codes()
        Alarm.objects.bulk_create([
            Alarm(code="silent", branch=codes[n % len(codes)], till=f"K{n % 300 + 1}", matter=f"{n}", first_at=now,
                  last_at=now - timedelta(minutes=n), closed_at=None if n < 25 else now - timedelta(minutes=n))
            for n in range(20_000)
        ], batch_size=2000)  # fmt: skip
        Audit.objects.bulk_create([Audit(user=f"u{n % 20}", address="10.0.0.1", act="login", facts={"n": n})
                                   for n in range(100_000)], batch_size=2000)  # fmt: skip
        Quarantine.objects.bulk_create([
            Quarantine(branch=codes[n % len(codes)], till=f"K{n + 1}", seq=1, hash=f"{n:064x}", code="hash",
                       raw="{" + "q" * 2000 + "}", received_at=now, decided_at=None if n < 5 else now,
                       decision="" if n < 5 else "dismissed")
            for n in range(200)
        ])  # fmt: skip
        self.papers()
        self.counts()

    def codes(self) -> list[str]:
        """Of all branches."""
        return [f"B{n:02d}" for n in range(self.shape.branches)]

    def papers(self) -> None:
        """Orders and transfers, most of them closed."""
        from django.utils import timezone

        from kassa_office.stock.models import PurchaseLine, PurchaseOrder, Transfer, TransferLine

        now, codes = timezone.now(), self.codes()
        orders = [
            PurchaseOrder(number=f"B{n:06d}", branch_id=codes[n % len(codes)], supplier_id=f"L{n % 30}", made_by="s1",
                          state="sent" if n < 2 * len(codes) else "closed",
                          sent_at=now - timedelta(days=n % 300 + 3), arrived_at=now - timedelta(days=n % 300))
            for n in range(100 * len(codes))
        ]  # fmt: skip
        PurchaseOrder.objects.bulk_create(orders, batch_size=1000)
        PurchaseLine.objects.bulk_create([PurchaseLine(order=one, article_id=f"{(n * 37 + k) % SKUS}", qty=6000)
                                          for n, one in enumerate(orders) for k in range(12)],
                                         batch_size=2000)  # fmt: skip
        moves = [Transfer(number=f"O{n:06d}", source=codes[n % len(codes)], target=codes[(n + 1) % len(codes)],
                          made_by="s1", sent_at=now, closed_at=None if n < len(codes) else now)
                 for n in range(40 * len(codes))]  # fmt: skip
        Transfer.objects.bulk_create(moves, batch_size=1000)
        TransferLine.objects.bulk_create([TransferLine(transfer=one, sku=f"{k}", qty=3000) for one in moves
                                          for k in range(5)], batch_size=2000)  # fmt: skip

    def counts(self) -> None:
        """Limits of people, and stock-takes of all counts but the last."""
        from kassa_office.stock.models import StockRule, StockTake, StockTakeCount

        codes, shape = self.codes(), self.shape
        StockRule.objects.bulk_create([StockRule(branch=code, sku=f"{k * 10}", minimum=3000, maximum=12000)
                                       for code in codes for k in range(SKUS // 10)], batch_size=2000)  # fmt: skip
        takes = [StockTake(number=f"T{code}{back}", branch=code, made_by="s1") for code in codes
                 for back in range(30, min(shape.days, SKU_DAYS), 30)]  # fmt: skip
        StockTake.objects.bulk_create(takes)
        StockTakeCount.objects.bulk_create([
            StockTakeCount(take=one, branch=one.branch, till=f"K{int(one.branch[1:]) * shape.tills + 1}",
                           seq=(shape.days - int(one.number[4:])) * shape.entries) for one in takes
        ])  # fmt: skip

    def real_day(self) -> None:
        """The first till's day, as its agent would push it."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        from kassa_office.journal import ingest
        from kassa_office.simulate.book import Book, fill
        from kassa_office.tills.models import Till, TillKey
        from kassa_tui.sync.codec import encode

        before, till = (self.shape.days - 1) * self.shape.entries, Till.objects.get(code="K1")
        key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        TillKey.objects.create(till=till, first=1, public_key=key.public_key().public_bytes_raw().hex(), host="bench")

        class Late(Book):
            """A book that was begun before."""

            @property
            def high(self) -> int:
                return before + len(self.entries)

        book = Late("K1", key)
        till.cursor.next_seq, till.cursor.high_seq = before + 1, before
        till.cursor.save()
        book.receipt = (self.shape.days - 1) * self.shape.tickets
        midnight = datetime(self.today.year, self.today.month, self.today.day).astimezone()
        fill(book, 150, int(midnight.timestamp() * 1000) + 60_000, self.chance)
        batch = book.batch(1, len(book.entries), int(time.time() * 1000))
        ingest.push(till, batch, encode(batch), "identity")

    def settle(self) -> None:
        """What a database that ran for years has: demand as the job keeps it, statistics, pages that were cleaned."""
        from django.db import connection

        from kassa_office.journal import recovery
        from kassa_office.stock import demand

        demand.prepare()
        for table in ("seed_till", "seed_branch", "seed_part", "seed"):
            self.run(f"DROP TABLE {table}")
        if self.postgres:
            self.run("VACUUM ANALYZE")
        recovery.statistics()
        if not self.postgres:
            self.run("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def _words(kinds: frozenset[str]) -> str:
    return "(" + ", ".join(f"'{kind}'" for kind in sorted(kinds)) + ")"


def _parts() -> Iterator[tuple[str, str, int]]:
    """Kind and key of every total of a till's day, and into how many the day is divided."""
    parts = {"sale": [""], "hour": [f"{hour:02d}" for hour in range(8, 20)],
             "group": [f"Groep {n}" for n in range(GROUPS)], "staff": [f"s{n}" for n in range(STAFF)],
             "vat": ["high:2100", "low:900", "none:0"], "tender": ["cash", "pin", "voucher"],
             "z": ["closed", "counted", "off"]}  # fmt: skip
    odd = {"return": "receipt", "void": "line", "discount": "line", "event": "drawer", "override": "price"}
    parts |= {kind: [key] for kind, key in odd.items()}
    parts["who"] = [f"{kind}:{key}:s{n}" for n, (kind, key) in enumerate(odd.items())]
    for kind, keys in parts.items():
        for key in keys:
            yield kind, key, len(keys)
