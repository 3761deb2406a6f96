"""The tables of ``till.db``: the journal, what is projected from it, and the till's working papers.

Projections follow from the journal and nothing else (``PROJECTIONS`` names them); ``draft``, ``stock_draft``, ``spool``
and ``printed`` are working papers: the changes of the open ticket and of counts and deliveries not yet booked, what is
still to be printed, and which entries were. Amounts are cents, quantities thousandths, times UTC milliseconds, dates
local ISO dates.

Rows that come with every sale go to the end of a table keyed by one growing integer: SQLite then fills page after page,
where a ``without rowid`` table has three pages and their parent rewritten for the same ten lines.
"""

from __future__ import annotations

from peewee import SqliteDatabase

from kassa_tui.storage import web_done, web_orders
from kassa_tui.storage.migrations import Migration

PROJECTIONS = ("state", "shift", "sale", "sale_line", "total", "returned", "voucher", "card_payment", "parked",
               "stock_move", "order_receipt", "clocking", "web_done", *web_orders.NAMES)  # fmt: skip
"""Tables that ``journal rebuild`` makes anew."""

EMPTY_STATE = "insert into state values (1, 0, 0, 0, '', 0, 0, 0, 0)"

LINE_BITS = 20
"""A line's ``id`` is the number of its receipt, shifted left by this, plus the number of the line. Its columns
``receipt`` and ``no`` are worked out from that and take no room; a range of receipts is asked for by ``id``."""

PAGE_SIZE = 2048
"""Bytes; a sale touches about nine pages, and half the usual size halves what each sale writes to the card."""

_TABLES = f"""
create table meta (key text primary key, value text not null) strict, without rowid;
create table journal (
    seq integer primary key, id blob not null, at integer not null, offset integer not null, who text not null,
    kind text not null, body text not null, hash blob not null, signature blob not null) strict;
create table state (
    id integer primary key check (id = 1), receipt integer not null, shift integer not null, z integer not null,
    last_ticket text not null, grand_sales integer not null, grand_returns integer not null,
    login_failures integer not null, login_failed_at integer not null) strict;
create table shift (
    z integer primary key, opened_seq integer not null, opened_at integer not null, opened_date text not null,
    opened_by text not null, first_receipt integer not null, counted integer, count_seq integer,
    closed_seq integer, closed_at integer, closed_date text) strict;
create table sale (
    receipt integer primary key, seq integer not null, at integer not null, offset integer not null,
    date text not null, shift integer not null, who text not null, ticket text not null, customer text not null,
    total integer not null, lines integer not null, copies integer not null default 0) strict;
create table sale_line (
    id integer primary key, kind text not null, sku text not null, grp text not null, qty integer not null,
    amount integer not null, vat_code text not null, rate integer not null, vat integer not null,
    receipt integer generated always as (id >> {LINE_BITS}) virtual,
    no integer generated always as (id & {(1 << LINE_BITS) - 1}) virtual) strict;
create table total (
    shift integer not null, date text not null, kind text not null, key text not null, n integer not null,
    qty integer not null, amount integer not null, vat integer not null,
    primary key (shift, date, kind, key)) strict, without rowid;
create table returned (
    receipt text not null, no integer not null, qty integer not null, primary key (receipt, no)) strict, without rowid;
create table voucher (
    number text primary key, issued_by text not null, amount integer not null, balance integer not null,
    foreign_voucher integer not null) strict, without rowid;
create table card_payment (
    id text primary key, ticket text not null, seq integer not null, amount integer not null, state text not null,
    detail text not null, used integer not null) strict, without rowid;
create table parked (
    ticket text primary key, place integer not null, at integer not null, name text not null, who text not null,
    total integer not null, body text not null) strict, without rowid;
create table draft (n integer primary key, ticket text not null, body text not null) strict;
create table spool (
    id integer primary key, seq integer not null, what text not null, mark text not null, state text not null,
    tries integer not null default 0, error text not null default '') strict;
create table printed (seq integer primary key, mark text not null) strict;
"""

_INDEXES = """
create index shift_date on shift (opened_date);
"""


def _create(db: SqliteDatabase) -> None:
    for statement in (_TABLES + _INDEXES).split(";\n"):
        if statement.strip():
            db.execute_sql(statement)
    empty_state(db)


def empty_state(db: SqliteDatabase) -> None:
    """The one row of ``state``, as before the first entry."""
    db.execute_sql(EMPTY_STATE)


_STOCK = """
create table stock_move (
    seq integer not null, no integer not null, at integer not null, kind text not null, sku text not null,
    qty integer not null, primary key (seq, no)) strict, without rowid;
create index stock_move_sku on stock_move (sku, at);
create table stock_draft (n integer primary key, paper text not null, body text not null) strict
"""
"""Sale lines are movements too, and stay where they are: nothing more is written with a sale. ``qty`` is the change, of
``count`` what was there."""


def _stock(db: SqliteDatabase) -> None:
    for statement in _STOCK.split(";\n"):
        db.execute_sql(statement)


_ORDERS_AND_HOURS = """
create table order_receipt (seq integer primary key, number text not null, finished integer not null) strict;
create table clocking (
    seq integer primary key, at integer not null, offset integer not null, date text not null, who text not null,
    kind text not null) strict;
create index clocking_who on clocking (who, at);
insert into order_receipt select seq, json_extract(body, '$.order'), 0 from journal
    where kind = 'stock.received' and coalesce(json_extract(body, '$.order'), '') <> ''
"""
"""Which entries received goods of which purchase order, and whether it was said that no more of it will come; and who
came, went and rested when."""


def _orders_and_hours(db: SqliteDatabase) -> None:
    for statement in _ORDERS_AND_HOURS.split(";\n"):
        db.execute_sql(statement)


def _web_done(db: SqliteDatabase) -> None:
    for statement in web_done.TABLE.split(";\n"):
        db.execute_sql(statement)


def _web_orders(db: SqliteDatabase) -> None:
    for statement in web_orders.TABLES.split(";\n"):
        db.execute_sql(statement)


STEPS = (
    Migration(1, "the till's first tables", _create),
    Migration(2, "stock", _stock),
    Migration(3, "orders and hours", _orders_and_hours),
    Migration(4, "web orders at the counter", _web_done),
    Migration(5, "web orders of a channel", _web_orders),
)
