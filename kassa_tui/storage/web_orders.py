"""Web orders in a channel's ``till.db``: projected from its own journal, and the questions that are asked of them.

Amounts are cents, quantities thousandths, times UTC milliseconds. An order's lines stay when the shop takes them out of
the order, with nothing ordered, for what was booked of them must be booked back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kassa_tui.domain.journal import Entry, canonical

Facts = dict[str, Any]

PLACED, CHANGED, SOLD, PAID = "weborder.placed", "weborder.changed", "weborder.sale", "weborder.paid"
SHIPPED, RETURNED, CANCELLED = "weborder.shipped", "weborder.returned", "weborder.cancelled"
LINKED, UNLINKED, COMPARED = "webshop.linked", "webshop.unlinked", "webshop.compared"
ARTICLES = "webshop.articles"
"""Articles became as the shop has them."""
MOVE = "web"
"""Kind of stock movement."""

TABLES = """
create table web_order (
    id text primary key, number text not null, status text not null, stage text not null, placed_at integer not null,
    modified_at integer not null, total integer not null, paid integer not null, pickup integer not null,
    pickup_at text not null, hash text not null, seq integer not null, body text not null, sales integer not null,
    web integer not null, open integer not null, received integer not null, paid_out integer not null,
    paid_before integer not null) strict, without rowid;
create index web_order_seq on web_order (seq);
create table web_line (
    order_id text not null, line text not null, no integer not null, kind text not null, product text not null,
    sku text not null, name text not null, qty integer not null, amount integer not null, vat integer not null,
    rate integer not null, taken integer not null, told integer not null, shipped integer not null,
    handed integer not null, handed_at integer not null, back integer not null,
    gone integer not null, gone_sku text not null,
    booked_qty integer not null, booked_amount integer not null, booked_vat integer not null, booked_as text not null,
    primary key (order_id, line)) strict, without rowid;
create index web_line_open on web_line (order_id) where taken > min(qty, max(shipped, handed));
create index web_line_untold on web_line (order_id) where told <> min(qty, max(shipped, handed));
create table web_key (key text primary key, seq integer not null) strict, without rowid
"""
"""Of an order: how many sales it came to, what of them the shop was paid (``web``) and what not yet (``open``), what
tills received and paid out for it, and what the shop had when the first of them did (``paid_before``). Of a line:
what the shop says (to ``told``, what left by its word), what of that is not here any more (``shipped``), what tills
gave out (``handed``, last at ``handed_at``) and took back (``back``),
what left the shelf less what came back to it (``gone``), what was booked, and as what (``booked_as``: sku, group, VAT
code and rate)."""

NAMES = ("web_order", "web_line", "web_key")

_OPEN = "l.taken > min(l.qty, max(l.shipped, l.handed))"
_ORDER = ("id, number, status, stage, placed_at, modified_at, total, paid, pickup, pickup_at, hash, seq, body, sales,"
          " web, open, received, paid_out, paid_before")  # fmt: skip
_LINE = ("line, no, kind, product, sku, name, qty, amount, vat, rate, taken, told, shipped, handed, handed_at, back,"
         " gone, gone_sku, booked_qty, booked_amount, booked_vat, booked_as")  # fmt: skip
_PUT_ORDER = """
insert into web_order values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0) on conflict do update set
    number = excluded.number, status = excluded.status, stage = excluded.stage, placed_at = excluded.placed_at,
    modified_at = excluded.modified_at, total = excluded.total, paid = excluded.paid, pickup = excluded.pickup,
    pickup_at = excluded.pickup_at, hash = excluded.hash, seq = excluded.seq, body = excluded.body"""
_PUT_LINE = """
insert into web_line values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, '', 0, 0, 0, '')
on conflict do update set
    no = excluded.no, kind = excluded.kind, product = excluded.product, sku = excluded.sku, name = excluded.name,
    qty = excluded.qty, amount = excluded.amount, vat = excluded.vat, rate = excluded.rate, taken = excluded.taken,
    told = excluded.told, shipped = excluded.shipped"""
_EMPTY_LINE = "update web_line set qty = 0, amount = 0, vat = 0, taken = 0, told = 0, shipped = 0 where order_id = ?"
_BOOK = """
update web_line set booked_qty = booked_qty + ?, booked_amount = booked_amount + ?, booked_vat = booked_vat + ?,
    booked_as = ? where order_id = ? and line = ?"""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as the channel's books have it."""

    id: str
    number: str
    status: str
    stage: str
    placed_at: int
    modified_at: int
    total: int
    paid: int
    pickup: int
    pickup_at: str
    hash: str
    seq: int
    """The last entry about it."""
    body: str
    """The order as the shop had it, without name and note; JSON."""
    sales: int = 0
    web: int = 0
    open: int = 0
    received: int = 0
    paid_out: int = 0
    paid_before: int = 0


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of it."""

    line: str
    no: int
    kind: str
    product: str
    sku: str
    name: str
    qty: int
    amount: int
    vat: int
    rate: int
    taken: int
    told: int
    shipped: int
    handed: int = 0
    handed_at: int = 0
    back: int = 0
    gone: int = 0
    gone_sku: str = ""
    booked_qty: int = 0
    booked_amount: int = 0
    booked_vat: int = 0
    booked_as: str = ""


def waits(stage: str, pickup: bool) -> bool:
    """Whether an order lies ready to be picked up: some shops call that sent, and lower their stock by it."""
    return stage == "ready" and pickup


def _order(con: sqlite3.Connection, entry: Entry, facts: Facts) -> None:
    order = facts["order"]
    con.execute(
        _PUT_ORDER,
        (order["id"], order["number"], order["status"], order["stage"], order["placed_at"], order["modified_at"],
         order["total"], order.get("paid", 0), int(order.get("pickup", False)), order.get("pickup_at", ""),
         facts["hash"], entry.seq, canonical(order)),
    )  # fmt: skip
    con.execute(_EMPTY_LINE, (order["id"],))
    here = waits(order["stage"], order.get("pickup", False))
    con.executemany(
        _PUT_LINE,
        [
            (order["id"], x["id"], no, x.get("kind", "goods"), x.get("product", ""), x.get("article", ""),
             x.get("name", ""), x.get("qty", 1000), x["amount"], x["vat"], x["rate"], x.get("taken", 0),
             x.get("shipped", 0), 0 if here else x.get("shipped", 0)) for no, x in enumerate(order["lines"], 1)
        ],
    )  # fmt: skip


def _moved(con: sqlite3.Connection, entry: Entry, facts: Facts) -> None:
    """Goods that left or came back; the till's word for it, where it is a till's."""
    sign = 1 if entry.kind == SHIPPED else -1
    order_id = facts["id"]
    for x in facts["lines"]:
        con.execute("update web_line set gone = gone + ?, gone_sku = ? where order_id = ? and line = ?",
                    (sign * x["qty"], x["sku"], order_id, x["line"]))  # fmt: skip
    for name in ("handed", "back"):
        con.executemany(f"update web_line set {name} = {name} + ? where order_id = ? and line = ?",
                        [(x["qty"], order_id, x["line"]) for x in facts.get(name, ())])  # fmt: skip
    con.executemany("update web_line set handed_at = max(handed_at, ?) where order_id = ? and line = ?",
                    [(facts["at"], order_id, x["line"]) for x in facts.get("handed", ())])  # fmt: skip
    moves = [(x["sku"], -sign * x["qty"]) for x in facts["lines"] if x["sku"]]
    con.executemany(
        "insert into stock_move values (?, ?, ?, ?, ?, ?)",
        [(entry.seq, no, entry.at, MOVE, sku, qty) for no, (sku, qty) in enumerate(moves, 1)],
    )
    _about(con, entry, facts)


def _paid(con: sqlite3.Connection, entry: Entry, facts: Facts) -> None:
    received, out = facts.get("received", 0), facts.get("paid_out", 0)
    con.execute(
        "update web_order set paid_before = case when received = 0 and ?1 > 0 then ?4 else paid_before end,"
        " received = received + ?1, paid_out = paid_out + ?2 where id = ?3",
        (received, out, facts["id"], facts.get("before", 0)),
    )
    _about(con, entry, facts)


def _about(con: sqlite3.Connection, entry: Entry, facts: Facts) -> None:
    con.execute("update web_order set seq = ? where id = ?", (entry.seq, facts["id"]))
    if facts.get("key"):
        con.execute("insert or ignore into web_key values (?, ?)", (facts["key"], entry.seq))


def sold(con: sqlite3.Connection, entry: Entry, facts: Facts) -> None:
    """What a ``weborder.sale`` booked of its order, besides being a sale."""
    tenders = {"web": 0, "open": 0}
    for tender in facts["tenders"]:
        tenders[tender["kind"]] += tender["amount"]
    con.execute(
        "update web_order set sales = sales + 1, web = web + ?, open = open + ?, seq = ? where id = ?",
        (tenders["web"], tenders["open"], entry.seq, facts["order"]),
    )
    con.executemany(
        _BOOK,
        [
            (x["qty"], x["amount"], x["vat"], canonical([x["sku"], x["group"], x["vat_code"], x["rate"]]),
             facts["order"], x["line"]) for x in facts["lines"]
        ],
    )  # fmt: skip


HANDLERS: dict[str, Callable[[sqlite3.Connection, Entry, Facts], None]] = {
    PLACED: _order, CHANGED: _order, SHIPPED: _moved, RETURNED: _moved, CANCELLED: _about, PAID: _paid,
}  # fmt: skip
"""What follows from an entry about a web order; the sale among them goes through the ordinary sales too."""


def order(con: sqlite3.Connection, order_id: str) -> OrderRow | None:
    """One order; None where the channel has none."""
    row = con.execute(f"select {_ORDER} from web_order where id = ?", (order_id,)).fetchone()
    return OrderRow(*row) if row else None


def by_number(con: sqlite3.Connection, number: str) -> OrderRow | None:
    """The order that a customer names."""
    sql = f"select {_ORDER} from web_order where number = ? order by placed_at desc limit 1"
    row = con.execute(sql, (number,)).fetchone()
    return OrderRow(*row) if row else None


def lines(con: sqlite3.Connection, order_id: str) -> dict[str, LineRow]:
    """The shop's id of a line → the line, those that are no more behind the others."""
    sql = f"select {_LINE} from web_line where order_id = ? order by qty = 0 and amount = 0, no, line"
    return {row[0]: LineRow(*row) for row in con.execute(sql, (order_id,))}


def since(con: sqlite3.Connection, seq: int) -> Iterator[OrderRow]:
    """Orders with entries behind ``seq``, in the order of those."""
    for row in con.execute(f"select {_ORDER} from web_order where seq > ? order by seq", (seq,)):
        yield OrderRow(*row)


def known(con: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Of these orders those that are there → hash of what the shop said of them."""
    return dict(
        con.execute(
            "select w.id, w.hash from json_each(?) wanted cross join web_order w on w.id = wanted.value",
            (json.dumps(list(ids)),),
        ).fetchall()
    )


def outstanding(con: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """Product, article and thousandths of what the shop has taken off its stock and is still to leave the shelf.

    Of an order that is done or called off nothing is: what the shop did not put back lies here all the same.
    """
    sql = f"""select l.product, l.sku, sum(l.taken - min(l.qty, max(l.shipped, l.handed)))
    from web_line l join web_order o on o.id = l.order_id
    where {_OPEN} and o.stage not in ('done', 'cancelled', 'refunded') group by l.product, l.sku"""
    return con.execute(sql).fetchall()


def untold(con: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """Product, article and thousandths of what left and the shop has not yet heard of; below zero what it takes for
    gone and lies here to be picked up."""
    sql = """select l.product, l.sku, sum(min(l.qty, max(l.shipped, l.handed)) - l.told)
    from web_line l join web_order o on o.id = l.order_id where l.told <> min(l.qty, max(l.shipped, l.handed))
    and l.kind = 'goods' and o.stage not in ('done', 'cancelled', 'refunded') group by l.product, l.sku"""
    return con.execute(sql).fetchall()


def touched(con: sqlite3.Connection, seq: int) -> list[tuple[str, str]]:
    """Product and article of the lines of orders with entries behind ``seq``."""
    sql = """select distinct l.product, l.sku from web_order o cross join web_line l on l.order_id = o.id
    where o.seq > ? and (l.product <> '' or l.sku <> '')"""
    return con.execute(sql, (seq,)).fetchall()


def has_key(con: sqlite3.Connection, key: str) -> bool:
    """Whether what a till did under this key is in the books."""
    return con.execute("select 1 from web_key where key = ?", (key,)).fetchone() is not None


def open_orders(con: sqlite3.Connection, stages: Iterable[str]) -> int:
    """How many orders stand in one of these stages."""
    return int(
        con.execute(
            "select count(*) from web_order where stage in (select value from json_each(?))",
            (json.dumps(list(stages)),),
        ).fetchone()[0]
    )


def ended(con: sqlite3.Connection, stages: Iterable[str], first: int, last: int) -> list[str]:
    """Orders in none of these stages that were changed last between two times."""
    sql = """select id from web_order where modified_at between ? and ?
    and stage not in (select value from json_each(?))"""
    return [row[0] for row in con.execute(sql, (first, last, json.dumps(list(stages))))]


def moved(con: sqlite3.Connection, skus: Iterable[str], after: int = -1) -> dict[str, int]:
    """Article → thousandths by which web orders changed what is on the shelf after a time; below zero: they left."""
    sql = """select m.sku, sum(m.qty) from json_each(?) wanted cross join stock_move m on m.sku = wanted.value
    where m.at > ? and m.kind = 'web' group by m.sku"""
    return dict(con.execute(sql, (json.dumps(list(skus)), after)).fetchall())


def link_entries(con: sqlite3.Connection, after: int) -> Iterator[tuple[int, int, str, Facts]]:
    """Seq, time, kind and facts of the entries behind ``after`` that link products or unlink them."""
    sql = "select seq, at, kind, body from journal where seq > ? and kind in (?, ?) order by seq"
    for seq, at, kind, body in con.execute(sql, (after, LINKED, UNLINKED)):
        yield seq, at, kind, json.loads(body)
