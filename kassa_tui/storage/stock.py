"""Stock in ``till.db`` and ``shop.db``: movements made here, papers not yet booked, and what other branches have.

Quantities are thousandths, times UTC milliseconds. What was sold is not written a second time: what there is here is
the level the office told, or the last count where that is younger, and what happened at this till since.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.ticket import RETURN, SALE
from kassa_tui.storage.database import transaction, translated
from kassa_tui.storage.till_schema import LINE_BITS

if TYPE_CHECKING:
    from peewee import SqliteDatabase

Facts = dict[str, Any]

RECEIVED, COUNT, TRANSFER, WASTE, CORRECT = (
    "stock.received", "stock.count", "stock.transfer", "stock.waste", "stock.correct",
)  # fmt: skip
MOVES = (RECEIVED, COUNT, TRANSFER, WASTE, CORRECT)
"""Kinds of journal entries that move stock, or count it."""
SENT, ARRIVED = "sent", "arrived"


@dataclass(frozen=True, slots=True)
class BranchStock:
    """What a branch or a webshop has of an article."""

    branch: str
    name: str
    qty: int
    at: int
    """When it was so; 0 where nobody knows."""
    own: bool
    """This till's own branch."""


def moves_of(kind: str, facts: Facts) -> Iterator[tuple[str, str, int]]:
    """Kind, article and change of each movement of an entry; of a count what was there."""
    name, sign = kind.removeprefix("stock."), 1
    if kind == TRANSFER:
        name = facts["direction"]
        sign = -1 if name == SENT else 1
    elif kind == WASTE:
        sign = -1
    for line in facts["lines"]:
        yield name, line["sku"], sign * line["qty"]


def append_draft(con: sqlite3.Connection, paper: str, delta: Facts) -> None:
    """Keep a change of a paper; an empty one throws the paper away."""
    with translated(), transaction(con):
        if not delta:
            con.execute("delete from stock_draft where paper = ?", (paper,))
            return
        body = json.dumps(delta, ensure_ascii=False, separators=(",", ":"))
        con.execute("insert into stock_draft (paper, body) values (?, ?)", (paper, body))


def drafts(con: sqlite3.Connection) -> dict[str, list[Facts]]:
    """Papers that were not booked, and their changes in order."""
    found: dict[str, list[Facts]] = {}
    for paper, body in con.execute("select paper, body from stock_draft order by n"):
        found.setdefault(paper, []).append(json.loads(body))
    return found


def sent_so_far(con: sqlite3.Connection) -> int:
    """How many times something was sent to another branch."""
    return int(con.execute("select count(distinct seq) from stock_move where kind = ?", (SENT,)).fetchone()[0])


def level(con: sqlite3.Connection, sku: str, told: tuple[int, int] | None) -> int | None:
    """What there is of an article here: ``told`` is quantity and time as the office had it; None where nobody knows."""
    base = base_of(con, sku, told)
    return None if base is None else base[0] + moved_since(con, sku, base[1])


def base_of(con: sqlite3.Connection, sku: str, told: tuple[int, int] | None) -> tuple[int, int] | None:
    """What there was of an article, and when: the last count here where that is younger than what was told."""
    counted = con.execute(
        "select sum(qty), at from stock_move where sku = ? and kind = 'count' and at > ? group by seq"
        " order by seq desc limit 1",
        (sku, told[1] if told else -1),
    ).fetchone()
    return counted or told


def moved_since(con: sqlite3.Connection, sku: str, at: int) -> int:
    """By how much sales and papers of this till changed what there is."""
    moved = con.execute(
        "select coalesce(sum(qty), 0) from stock_move where sku = ? and kind <> 'count' and at > ?", (sku, at)
    ).fetchone()[0]
    return int(moved - _sold_since(con, sku, at))


def touched_since(con: sqlite3.Connection, seq: int) -> set[str]:
    """Articles that entries behind ``seq`` sold, took back, moved or counted."""
    first = con.execute("select receipt from sale where seq > ? order by receipt limit 1", (seq,)).fetchone()
    found = {row[0] for row in con.execute("select distinct sku from stock_move where seq > ?", (seq,))}
    if first:
        sql = "select distinct sku from sale_line where id >= ? and kind in (?, ?)"
        found |= {row[0] for row in con.execute(sql, (first[0] << LINE_BITS, SALE, RETURN))}
    return found


def _sold_since(con: sqlite3.Connection, sku: str, at: int) -> int:
    """Looked for from the newest receipt backwards: it is never far."""
    last = con.execute("select receipt from sale where at <= ? order by receipt desc limit 1", (at,)).fetchone()
    first = (last[0] + 1 if last else 0) << LINE_BITS
    sql = "select coalesce(sum(qty), 0) from sale_line where id >= ? and sku = ? and kind in (?, ?)"
    return int(con.execute(sql, (first, sku, SALE, RETURN)).fetchone()[0])


_BRANCHES = """
select s.sku, s.branch, coalesce(b.name, s.branch), s.qty, s.at, coalesce(s.branch = m.value, 0)
from json_each(?) wanted cross join branch_stock s on s.sku = wanted.value
left join branch b on b.code = s.branch left join meta m on m.key = 'office_branch'
where coalesce(b.active, 1) order by s.sku, 6 desc, 3"""


def in_branches(db: SqliteDatabase, skus: Iterable[str]) -> dict[str, list[BranchStock]]:
    """Article → what each branch has, this till's own first; from ``shop.db``, in one look."""
    found: dict[str, list[BranchStock]] = {}
    rows: Sequence[tuple[Any, ...]] = db.execute_sql(_BRANCHES, (json.dumps(list(skus)),)).fetchall()
    for sku, branch, name, qty, at, own in rows:
        found.setdefault(sku, []).append(BranchStock(branch, name, qty, at, own == 1))
    return found


def other_branches(db: SqliteDatabase) -> list[tuple[str, str]]:
    """Code and name of the branches in use that are not this till's own."""
    sql = """select code, name from branch where active
    and code <> coalesce((select value from meta where key = 'office_branch'), '') order by name"""
    return list(db.execute_sql(sql).fetchall())


def reasons(db: SqliteDatabase, what: str) -> list[str]:
    """The office's reasons for ``waste`` or ``stock``; none where it has none."""
    sql = "select text from reason where what = ? and active order by code"
    return [row[0] for row in db.execute_sql(sql, (what,)).fetchall()]
