"""All figures made anew from the journals; what differs from the figures there are is counted.

The proof that overviews say what the journals say. Margins are the exception that is meant: they follow the cost prices
as they stand at the time of the rebuild.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.core.cache import caches
from django.db import connection, transaction

from kassa_office.journal import projection
from kassa_office.journal.bodies import Unreadable
from kassa_office.journal.projection import Here, Read
from kassa_office.journal.writing import (
    CLOCKING,
    DAY_TOTAL,
    ENTRY,
    MONTH_TOTAL,
    PARKED,
    PAYMENT,
    RETURNED,
    SALE,
    SALE_LINE,
    SKU_DAY,
    SKU_MONTH,
    STOCK_COUNT,
    STOCK_LEVEL,
    STOCK_MOVE,
    STOCK_RECEIPT,
    VOUCHER,
    WEB_WISH,
    Z_REPORT,
    Gathered,
    Row,
    Table,
)
from kassa_office.tills.models import Branch, TillCursor
from kassa_tui.domain.journal import Entry

AT_ONCE = 500
TABLES = (SALE, SALE_LINE, PAYMENT, Z_REPORT, STOCK_MOVE, STOCK_COUNT, STOCK_RECEIPT, CLOCKING, WEB_WISH, DAY_TOTAL,
          MONTH_TOTAL, SKU_DAY, SKU_MONTH, STOCK_LEVEL, VOUCHER, RETURNED, PARKED)  # fmt: skip
"""All that follows from journals."""
OFFICE_MADE = dict.fromkeys((STOCK_MOVE.name, CLOCKING.name), "till NOT IN (SELECT code FROM tills_till)")
"""Rows that did not come from a till's journal stay."""
COMPARED = {PARKED.name: "parks <> 0"}
"""Tickets that were taken up go after a while, which is no difference."""
LEFT_OUT = {PARKED.name: {"claimed_by", "draft"}}
"""Columns that are the office's own, or not comparable as JSON."""


def rebuild(keep: bool = False) -> dict[str, int]:
    """Make every table anew; table → rows that differ from what was there. With ``keep`` nothing is replaced.

    One transaction, under the lock of every till: tills wait meanwhile, and send then.
    """
    with transaction.atomic():
        list(TillCursor.objects.select_for_update().order_by("till_id").values_list("till_id", flat=True))
        branches = _branches()
        _remember(branches)
        for table in TABLES:
            where, values = _of(table, branches)
            _execute(f"DELETE FROM {table.name} WHERE {where} AND NOT ({OFFICE_MADE.get(table.name, '1 = 0')})", values)
        for reads in _batches(branches):
            gathered = Gathered()
            projection.project(gathered, reads)
            gathered.write()
        _office_levels(branches)
        differing = {table.name: rows for table in TABLES if (rows := _differing(table, branches))}
        _restore_claims()
        for table in TABLES:
            _execute(f"DROP TABLE was_{table.name}")
        if keep:
            transaction.set_rollback(True)
    caches["remembered"].clear()
    return differing


def _branches() -> list[str]:
    """All that have or had a till: each statement names them, as every query of facts names its branches."""
    held = (code for branches in TillCursor.objects.values_list("branches", flat=True) for code in branches)
    return sorted({*Branch.objects.values_list("code", flat=True), *held}) or [""]


def _of(table: Table, branches: list[str]) -> tuple[str, list[str]]:
    """The condition for the rows of these branches, and its values; all rows where a table is the whole company's."""
    if table.names[0] != "branch":
        return "1 = 1", []
    return f"branch IN ({', '.join(['%s'] * len(branches))})", branches


def _batches(branches: list[str]) -> Iterator[list[Read]]:
    """Every entry that counts, in the order of its key, a few at a time; not those that were set apart."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT till, seq, hash FROM journal_quarantine WHERE decision <> 'accepted'")
        apart = set(cursor.fetchall())
    after: Row | None = None
    while rows := _page(branches, after):
        after = rows[-1][:4]
        yield [read for row in rows if (row[1], row[2], bytes(row[10]).hex()) not in apart for read in _read(row)]


def _read(row: Row) -> Iterator[Read]:
    branch, till, seq, day, entry_id, at, offset, who, kind, body, hashed = row
    entry = Entry(till, seq, entry_id, at, offset, who, kind, body, b"", bytes(hashed), b"")
    try:
        yield projection.read(Here(branch, str(day), entry))
    except Unreadable:
        return


def _page(branches: list[str], after: Row | None) -> list[Row]:
    where, values = _of(ENTRY, branches)
    where += " AND (branch, till, seq, day) > (%s, %s, %s, %s)" if after else ""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT branch, till, seq, day, id, at, "offset", who, kind, body, hash FROM journal_entry'
            f" WHERE {where} ORDER BY branch, till, seq, day LIMIT {AT_ONCE}",
            [*values, *(after or ())],
        )
        return list(cursor.fetchall())


def _remember(branches: list[str]) -> None:
    for table in TABLES:
        where, values = _of(table, branches)
        _execute(f"DROP TABLE IF EXISTS was_{table.name}")
        _execute(f"CREATE TEMPORARY TABLE was_{table.name} AS SELECT * FROM {table.name} WHERE {where}", values)


def _office_levels(branches: list[str]) -> None:
    """Movements made in the office belong to the levels and the totals too."""
    gathered = Gathered()
    with connection.cursor() as cursor:
        where, values = _of(STOCK_MOVE, branches)
        made = OFFICE_MADE[STOCK_MOVE.name]
        cursor.execute(f"SELECT branch, sku, qty, at, day, kind FROM stock_move WHERE {where} AND {made}", values)
        for branch, sku, qty, at, day, kind in cursor.fetchall():
            gathered.level(branch, sku, qty, at)
            gathered.moved(branch, str(day), kind, qty)
    gathered.write()


def _differing(table: Table, branches: list[str]) -> int:
    names = ", ".join(f'"{name}"' for name in table.names if name not in LEFT_OUT.get(table.name, ()))
    of, values = _of(table, branches)
    where = f"{of} AND {COMPARED.get(table.name, '1 = 1')}"
    old = f"SELECT {names} FROM was_{table.name} WHERE {where}"
    new = f"SELECT {names} FROM {table.name} WHERE {where}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT count(*) FROM ({old} EXCEPT {new}) a), (SELECT count(*) FROM ({new} EXCEPT {old}) b)",
            values * 4,
        )
        gone, come = cursor.fetchone()
    return max(int(gone), int(come))


def _restore_claims() -> None:
    """Which till took a ticket over is the office's own mark, not the journal's."""
    _execute(
        f"UPDATE {PARKED.name} SET claimed_by = (SELECT w.claimed_by FROM was_{PARKED.name} w"
        f" WHERE w.ticket = {PARKED.name}.ticket) WHERE ticket IN (SELECT ticket FROM was_{PARKED.name})"
    )


def _execute(sql: str, values: Sequence[str] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
