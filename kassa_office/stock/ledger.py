"""The ledger of stock: every movement of an article, and what was there after it.

One ledger from two tables: lines of sales, and all other movements. The level of an article is the sum of its ledger,
kept beside it in the transaction of each movement. Quantities are thousandths, times UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from kassa_office.facts import ensure_partitions
from kassa_office.journal.bodies import cut
from kassa_office.journal.writing import STOCK_MOVE, Gathered
from kassa_office.stock.models import StockLevel
from kassa_office.tills.models import Branch, Office
from kassa_office.tills.office import office
from kassa_tui.domain.ticket import RETURN, SALE

OFFICE = "OFFICE"
"""Stands for the till of what was done in the office."""
KINDS = ("received", "counted", "sent", "arrived", "wasted", "corrected", "web")
GOODS = (SALE, RETURN)
"""Kinds of sale lines that are goods with a stock."""
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the ledger."""

    branch: str
    till: str
    seq: int
    no: int
    day: date
    at: int
    kind: str
    """``sale`` and ``return``, or one of :data:`KINDS`."""
    qty: int
    """Positive comes in."""
    reason: str
    ref: str
    """Receipt, order, transfer or stock-take."""
    who: str
    level: int = 0
    """What there was after it, over the branches asked for."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a movement made in the office is about."""

    by: str
    reason: str = ""
    ref: str = ""
    at: int = 0
    """When it was; 0 is at this moment."""


def ledger(branches: Collection[str], sku: str, first: date, last: date, newest: int | None = None) -> list[Movement]:
    """Movements of an article from ``first`` to ``last``, oldest first, with the running level; the newest of them."""
    if not branches:
        return []
    places = ", ".join(["%s"] * len(branches))
    sql = f"""
        SELECT l.branch, l.till, l.seq, l.no, l.day, s.at, l.kind, -l.qty, '', s.number, s.who FROM sale_line l
        JOIN sale s ON s.branch = l.branch AND s.till = l.till AND s.seq = l.seq AND s.day = l.day
        WHERE l.branch IN ({places}) AND l.sku = %s AND l.day BETWEEN %s AND %s AND l.kind IN (%s, %s)
        UNION ALL
        SELECT branch, till, seq, no, day, at, kind, qty, reason, ref, who FROM stock_move
        WHERE branch IN ({places}) AND sku = %s AND day BETWEEN %s AND %s
        ORDER BY 6 DESC, 1 DESC, 2 DESC, 3 DESC, 4 DESC {f"LIMIT {newest:d}" if newest else ""}"""
    values: list[Any] = [*branches, sku, first, last, *GOODS, *branches, sku, first, last]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = cursor.fetchall()
    level, found = _at_end_of(branches, sku, last), []
    for branch, till, seq, no, day, at, kind, qty, reason, ref, who in rows:
        on = day if isinstance(day, date) else date.fromisoformat(day)
        found.append(Movement(branch, till, seq, no, on, at, kind, int(qty), reason, ref, who, level))
        level -= int(qty)
    return found[::-1]


def levels(branches: Collection[str], skus: Collection[str] | None = None) -> dict[tuple[str, str], int]:
    """(branch, article) → thousandths; of all articles where none are named."""
    found: dict[tuple[str, str], int] = {}
    rows = StockLevel.objects.filter(branch__in=branches)
    for some in [None] if skus is None else _pieces(sorted(skus)):
        part = rows if some is None else rows.filter(sku__in=some)
        found.update({(branch, sku): qty for branch, sku, qty in part.values_list("branch", "sku", "qty")})
    return found


def level_at(branch: str, skus: Collection[str], at: int) -> dict[str, int]:
    """What there was of articles in a branch once everything up to ``at`` had happened, as far as it is known now."""
    found = dict.fromkeys(skus, 0)
    found.update({sku: qty for (_branch, sku), qty in levels([branch], skus).items()})
    since = (datetime.fromtimestamp(at / 1000, ZoneInfo("UTC")) - timedelta(days=1)).date()
    for some in _pieces(sorted(found)):
        for sku, qty in _since(branch, some, since, at):
            found[sku] -= int(qty)
    return found


def book(branch: str, kind: str, lines: Sequence[tuple[str, int]], note: Note) -> int:
    """Write movements made in the office: article and thousandths each, with their sign. Returns their ``seq``."""
    at = note.at or int(timezone.now().timestamp() * 1000)
    day = day_in(branch, at)
    ensure_partitions({day.replace(day=1)})
    with transaction.atomic():
        seq = next_seq()
        gathered = Gathered()
        for no, (sku, qty) in enumerate(lines, 1):
            row = (branch, OFFICE, seq, day.isoformat(), no, at, kind, sku, qty, cut(note.reason, 40),
                   cut(note.ref, 60), cut(note.by, 40))  # fmt: skip
            gathered.add(STOCK_MOVE, row)
            gathered.level(branch, sku, qty, at)
            gathered.moved(branch, day.isoformat(), kind, qty)
        gathered.write()
    return seq


def day_in(branch: str, at: int) -> date:
    """The date on the wall of a branch."""
    zone = Branch.objects.filter(code=branch).values_list("timezone", flat=True).first() or "Europe/Amsterdam"
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).date()


def next_seq() -> int:
    """Number of the next thing done in the office; in the caller's transaction, under the lock of the office's row."""
    office()
    mark = Office.objects.select_for_update().get(id=1)
    mark.office_seq += 1
    mark.save(update_fields=["office_seq"])
    return mark.office_seq


def _at_end_of(branches: Collection[str], sku: str, last: date) -> int:
    """The level when ``last`` was over: today's less all that came later."""
    places = ", ".join(["%s"] * len(branches))
    sql = f"""
        SELECT (SELECT coalesce(sum(qty), 0) FROM stock_level WHERE branch IN ({places}) AND sku = %s)
        + (SELECT coalesce(sum(qty), 0) FROM sale_line
           WHERE branch IN ({places}) AND sku = %s AND day > %s AND kind IN (%s, %s))
        - (SELECT coalesce(sum(qty), 0) FROM stock_move WHERE branch IN ({places}) AND sku = %s AND day > %s)"""
    values: list[Any] = [*branches, sku, *branches, sku, last, *GOODS, *branches, sku, last]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.fetchone()[0])


def _since(branch: str, skus: Sequence[str], day: date, at: int) -> list[tuple[str, int]]:
    """What changed after ``at``, per article; ``day`` is a day before which nothing of it can lie."""
    places = ", ".join(["%s"] * len(skus))
    sql = f"""
        SELECT l.sku, -sum(l.qty) FROM sale_line l
        JOIN sale s ON s.branch = l.branch AND s.till = l.till AND s.seq = l.seq AND s.day = l.day
        WHERE l.branch = %s AND l.sku IN ({places}) AND l.day >= %s AND l.kind IN (%s, %s) AND s.at > %s
        GROUP BY l.sku
        UNION ALL
        SELECT sku, sum(qty) FROM stock_move
        WHERE branch = %s AND sku IN ({places}) AND day >= %s AND at > %s GROUP BY sku"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [branch, *skus, day, *GOODS, at, branch, *skus, day, at])
        return list(cursor.fetchall())


def _pieces(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return [keys[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE)]
