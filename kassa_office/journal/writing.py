"""Rows gathered from many entries, written at once: plain rows of facts, and sums that are added to what is there.

Within a transaction tables and rows are written in one order, whoever writes, so that two tills of a shop never wait
for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection

Row = tuple[Any, ...]


class Table(NamedTuple):
    """A table and how rows go in."""

    name: str
    columns: str
    """In order, with the PostgreSQL type of each: ``branch:text …``."""
    key: str = ""
    """Columns that a row is added up under; empty for facts, which are inserted."""
    update: str = ""
    """What becomes of a row that is there; ``{t}`` is the table, ``MAX`` the greater of two."""

    @property
    def names(self) -> list[str]:
        """The columns."""
        return [part.partition(":")[0] for part in self.columns.split()]

    @property
    def types(self) -> list[str]:
        """Their PostgreSQL types."""
        return [part.partition(":")[2] for part in self.columns.split()]


def _adds(*names: str) -> str:
    return ", ".join(f"{name} = {{t}}.{name} + excluded.{name}" for name in names)


_PARKED = ("branch", "till", "seq", "place", "name", "who", "at", "total", "draft", "claimed_by")
_LATER = "(excluded.at, excluded.till, excluded.seq) > ({t}.at, {t}.till, {t}.seq)"

ENTRY = Table(
    "journal_entry",
    "branch:text till:text seq:bigint day:date id:text at:bigint offset:int who:text kind:text body:text prev:bytea"
    " hash:bytea signature:bytea",
)
SALE = Table(
    "sale",
    "branch:text till:text seq:bigint day:date number:text at:bigint offset:int z:int who:text ticket:text"
    " customer:text channel:text total:bigint turnover:bigint lines:int discount:bigint rounding:bigint",
)
SALE_LINE = Table(
    "sale_line",
    "branch:text till:text seq:bigint day:date no:int kind:text sku:text grp:text qty:bigint amount:bigint"
    " vat_code:text rate:int vat:bigint cost:bigint",
)
PAYMENT = Table(
    "payment", "branch:text till:text seq:bigint day:date no:int kind:text amount:bigint ref:text"
)  # fmt: skip
Z_REPORT = Table(
    "z_report",
    "branch:text till:text seq:bigint day:date z:int at:bigint offset:int who:text turnover:bigint counted:bigint"
    " difference:bigint body:text",
)
STOCK_MOVE = Table(
    "stock_move",
    "branch:text till:text seq:bigint day:date no:int at:bigint kind:text sku:text qty:bigint reason:text ref:text"
    " who:text",
)
STOCK_COUNT = Table(
    "stock_count",
    "branch:text till:text seq:bigint day:date no:int at:bigint sku:text code:text qty:bigint expected:bigint area:text"
    " who:text",
)
STOCK_RECEIPT = Table(
    "stock_receipt",
    "branch:text till:text seq:bigint day:date at:bigint order:text supplier:text finished:bool lines:int unknown:text"
    " who:text",
)
CLOCKING = Table(
    "clocking",
    "branch:text till:text seq:bigint day:date at:bigint offset:int kind:text employee:text replaces:text reason:text"
    " who:text",
)
WEB_WISH = Table(
    "web_wish", "branch:text till:text seq:bigint day:date no:int at:bigint channel:text body:text"
)  # fmt: skip
DAY_TOTAL = Table(
    "day_total",
    "branch:text day:date till:text kind:text key:text n:bigint qty:bigint amount:bigint vat:bigint cost:bigint"
    " costed:bigint",
    "branch, day, till, kind, key",
    _adds("n", "qty", "amount", "vat", "cost", "costed"),
)
SKU_DAY = Table(
    "sku_day",
    "branch:text sku:text day:date qty:bigint amount:bigint cost:bigint",
    "branch, sku, day",
    _adds("qty", "amount", "cost"),
)
MONTH_TOTAL = Table(
    "month_total", DAY_TOTAL.columns, DAY_TOTAL.key, _adds("n", "qty", "amount", "vat", "cost", "costed")
)
"""As DAY_TOTAL, ``day`` being the first of the month."""
SKU_MONTH = Table("sku_month", SKU_DAY.columns, SKU_DAY.key, _adds("qty", "amount", "cost"))
STOCK_LEVEL = Table(
    "stock_level",
    "branch:text sku:text qty:bigint at:bigint",
    "branch, sku",
    f"{_adds('qty')}, at = MAX({{t}}.at, excluded.at)",
)
VOUCHER = Table(
    "sales_voucher",
    "number:text issued:bigint spent:bigint foreign:bool issued_on:int",
    "number",
    f'{_adds("issued", "spent")}, "foreign" = {{t}}."foreign" OR excluded."foreign", '
    "issued_on = CASE WHEN {t}.issued_on = 0 OR (excluded.issued_on > 0 AND excluded.issued_on < {t}.issued_on)"
    " THEN excluded.issued_on ELSE {t}.issued_on END",
)
RETURNED = Table("returned", "number:text no:int qty:bigint", "number, no", _adds("qty"))
PARKED = Table(
    "sales_parked",
    "ticket:text branch:text till:text seq:bigint place:int name:text who:text at:bigint total:bigint draft:jsonb"
    " parks:int claimed_by:text",
    "ticket",
    f"{_adds('parks')}, "
    + ", ".join(f"{name} = CASE WHEN {_LATER} THEN excluded.{name} ELSE {{t}}.{name} END" for name in _PARKED),
)

FACTS = (ENTRY, SALE, SALE_LINE, PAYMENT, Z_REPORT, STOCK_MOVE, STOCK_COUNT, STOCK_RECEIPT, CLOCKING, WEB_WISH)
SUMS = (DAY_TOTAL, SKU_DAY, MONTH_TOTAL, SKU_MONTH, STOCK_LEVEL, VOUCHER, RETURNED)

ALL = "all."
"""Stands before the kind of a total that is of a whole branch; its till is empty."""
WHOLE = frozenset(("sale", "hour", "group", "staff", "vat", "tender"))
"""Kinds of which the whole branch has totals besides: what is divided by them needs no more rows than the division."""
STOCK = f"{ALL}stock"
"""Kind of the movements of a branch's stock, sales not among them; its keys are theirs."""
DAYS_ONLY = WHOLE - {"sale"}
"""Kinds that a till has by day only; by month the branch has them."""

Sold = dict[str, tuple[int, int, int, int]]
"""Article → thousandths, cents, cents of cost, and the time of the newest line; of one branch."""


class Gathered:
    """What a batch of entries comes to."""

    def __init__(self) -> None:
        self.facts: dict[str, list[Row]] = {table.name: [] for table in FACTS}
        self.sums: dict[str, dict[Row, list[int]]] = {table.name: {} for table in SUMS}
        """What is added up under the key of its table; months and articles follow from ``sold`` and the days."""
        self.sold: dict[tuple[str, str], Sold] = {}
        """Goods by branch and day."""
        self.groups: dict[tuple[str, str, str], dict[str, tuple[int, int, int, int, int, int]]] = {}
        """Branch, day and till → name of a product group → the amounts of a DAY_TOTAL."""
        self.parked: list[Row] = []
        """As the columns of :data:`PARKED`."""
        self.settled: list[tuple[str, str]] = []
        """Voucher and ticket whose sale is in: nothing needs to be held any more."""
        self._ready: list[tuple[Table, list[Row]]] = []

    def add(self, table: Table, row: Row) -> None:
        """One fact."""
        self.facts[table.name].append(row)

    def sum(self, table: Table, key: Row, *amounts: int) -> None:
        """Add to the sums under a key."""
        sums = self.sums[table.name]
        have = sums.get(key)
        if have is None:
            sums[key] = list(amounts)
            return
        for place, amount in enumerate(amounts):
            have[place] += amount

    def moved(self, branch: str, day: str, kind: str, qty: int) -> None:
        """A movement of stock among the totals of its day."""
        self.sum(DAY_TOTAL, (branch, day, "", STOCK, kind), 1, qty, 0, 0, 0, 0)

    def level(self, branch: str, sku: str, qty: int, at: int) -> None:
        """A movement of stock: thousandths, and when."""
        have = self.sums[STOCK_LEVEL.name].setdefault((branch, sku), [0, 0])
        have[0] += qty
        have[1] = max(have[1], at)

    def voucher(
        self, number: str, issued: int = 0, spent: int = 0, foreign: bool = False, issued_on: int = 0
    ) -> None:  # fmt: skip
        """A voucher that was sold or taken; cents, and the day it was sold as ``20261122``."""
        have = self.sums[VOUCHER.name].setdefault((number,), [0, 0, False, 0])
        have[0] += issued
        have[1] += spent
        have[2] = bool(have[2]) or foreign
        have[3] = min(filter(None, (have[3], issued_on)), default=0)

    def make_ready(self) -> None:
        """All that can be done before the locks are taken: nothing is gathered any more."""
        self._ready = list(self.added())

    def write(self) -> None:
        """Insert and add; in the caller's transaction."""
        for table in FACTS:
            insert(table, self.facts[table.name])
        with queued():
            for table, rows in self._ready or self.added():
                upsert(table, rows)
        self._write_parked()
        if self.settled:
            with connection.cursor() as cursor:
                cursor.executemany(
                    "DELETE FROM sales_voucherhold WHERE voucher = %s AND ticket = %s", sorted(self.settled)
                )

    def added(self) -> Iterator[tuple[Table, list[Row]]]:
        """The sums of each table as rows, in the order in which all transactions write them."""
        self._settle_groups()
        days, months, levels = self._goods()
        by_day, by_month = dict(self.sums[DAY_TOTAL.name]), dict[Row, list[int]]()
        for (branch, day, till, kind, key), amounts in self.sums[DAY_TOTAL.name].items():
            if kind in WHOLE:
                _add(by_day, (branch, day, "", ALL + kind, key), amounts)
                _add(by_month, (branch, _month(day), "", ALL + kind, key), amounts)
            if kind not in DAYS_ONLY:
                _add(by_month, (branch, _month(day), till, kind, key), amounts)
        yield DAY_TOTAL, _rows(by_day)
        yield SKU_DAY, days
        yield MONTH_TOTAL, _rows(by_month)
        yield SKU_MONTH, months
        yield STOCK_LEVEL, levels
        yield VOUCHER, _rows(self.sums[VOUCHER.name])
        yield RETURNED, _rows(self.sums[RETURNED.name])

    def _settle_groups(self) -> None:
        """Product groups among the totals of their days."""
        for place, groups in self.groups.items():
            for group, amounts in groups.items():
                self.sum(DAY_TOTAL, (*place, "group", group), *amounts)
        self.groups = {}

    def _goods(self) -> tuple[list[Row], list[Row], list[Row]]:
        """Rows of SKU_DAY, SKU_MONTH and STOCK_LEVEL. Most batches are of one day, and need no adding up here."""
        months: dict[tuple[str, str], Sold] = {}
        branches: dict[str, Sold] = {}
        for (branch, day), sold in self.sold.items():
            ordered = dict(sorted(sold.items()))
            self.sold[branch, day] = ordered
            months[branch, _month(day)] = _both(months.get((branch, _month(day))), ordered)
            branches[branch] = _both(branches.get(branch), ordered)
        by_day, by_month = _sold_rows(self.sold), _sold_rows(months)
        moved = self.sums[STOCK_LEVEL.name]
        rows = [(branch, sku, -qty, at) for branch, sold in branches.items() for sku, (qty, _, _, at) in sold.items()]
        if moved:
            there = {(branch, sku): [qty, at] for branch, sku, qty, at in rows}
            for (branch, sku), (qty, at) in moved.items():
                have = there.setdefault((branch, sku), [0, at])
                there[branch, sku] = [have[0] + qty, max(have[1], at)]
            return by_day, by_month, _rows(there)
        return by_day, by_month, sorted(rows)

    def _write_parked(self) -> None:
        """One after the other: a ticket may be parked and taken up within one batch."""
        rows = sorted(self.parked, key=_ticket)
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(_one_by_one(PARKED), rows)


def _add(sums: dict[Row, list[int]], key: Row, amounts: Sequence[int]) -> None:
    have = sums.get(key)
    sums[key] = list(amounts) if have is None else [a + b for a, b in zip(have, amounts, strict=True)]


def _rows(sums: Mapping[Any, Sequence[int]]) -> list[Row]:
    return sorted((*key, *amounts) for key, amounts in sums.items())


def _month(day: str) -> str:
    """The first of the month of an ISO day."""
    return day[:8] + "01"


def _both(one: Sold | None, other: Sold) -> Sold:
    """Two days' goods as one; where there is but one, that one itself."""
    if one is None:
        return other
    found = dict(one)
    for sku, (qty, amount, cost, at) in other.items():
        have = found.get(sku, (0, 0, 0, at))
        found[sku] = (have[0] + qty, have[1] + amount, have[2] + cost, max(have[3], at))
    return found


def _sold_rows(sold: Mapping[tuple[str, str], Sold]) -> list[Row]:
    """Rows of SKU_DAY or SKU_MONTH, in the order of their key."""
    return [
        (branch, sku, day, qty, amount, cost)
        for (branch, day), goods in sorted(sold.items())
        for sku, (qty, amount, cost, _) in sorted(goods.items())
    ]


def _ticket(row: Row) -> str:
    return str(row[0])


def insert(table: Table, rows: Sequence[Row]) -> None:
    """Plain rows of a table."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with (
                connection.wrap_database_errors,
                cursor.copy(f"COPY {table.name} ({_quoted(table.names)}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        else:
            cursor.executemany(_one_by_one(table), rows)


def upsert(table: Table, rows: Sequence[Row]) -> None:
    """Rows that are added to what is there; sorted, each key once."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{kind}[]" for kind in table.types)
        sql = f"INSERT INTO {table.name} ({_quoted(table.names)}) SELECT * FROM unnest({arrays}) {_conflict(table)}"
        columns = zip(table.types, zip(*rows, strict=True), strict=True)
        with _binding() as cursor:
            cursor.execute(sql, [array(column, kind) for kind, column in columns])
        return
    with connection.cursor() as cursor:
        cursor.executemany(_one_by_one(table), rows)


@contextmanager
def queued() -> Iterator[None]:
    """On PostgreSQL statements go out without waiting for the answer to the one before: it works while we write the
    next. What went wrong shows at the end of the block."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def _binding() -> Any:
    """A cursor that sends PostgreSQL values as they are; Django's own would first write them into the statement."""
    from psycopg import Cursor

    cursor: Any = Cursor(connection.connection)
    return connection.make_cursor(cursor)


def array(values: Sequence[Any], kind: str) -> str:
    """A PostgreSQL array as text: written here, it costs a tenth of what the driver takes for a list."""
    if kind in ("bigint", "int", "date", "bool"):
        return "{" + ",".join(map(str, values)) + "}"
    plain = '","'.join(values)
    if "\\" in plain or plain.count('"') != 2 * max(0, len(values) - 1):
        plain = '","'.join([text.replace("\\", "\\\\").replace('"', '\\"') for text in values])
    return '{"' + plain + '"}'


def _one_by_one(table: Table) -> str:
    marks = ", ".join("%s" for _ in table.names)
    return f"INSERT INTO {table.name} ({_quoted(table.names)}) VALUES ({marks}) {_conflict(table)}"


def _conflict(table: Table) -> str:
    if not table.key:
        return ""
    update = table.update.format(t=table.name)
    if connection.vendor == "postgresql":
        update = update.replace("MAX(", "GREATEST(")
    return f"ON CONFLICT ({table.key}) DO UPDATE SET {update}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
