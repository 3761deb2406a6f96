"""The tables of ``shop.db``: what this till was told. Articles, prices, VAT rates, staff and customers.

Amounts are cents, VAT rates hundredths of a percent, stock and tare thousandths, dates local ISO dates. ``article.id``
is the rank of the article: what is found first in a search has the lowest. The tables of the catalogue
(CATALOGUE_TABLES) are replaced as a whole, so nothing refers to an ``id`` from outside them: dated prices name the
article by its SKU.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from peewee import SqliteDatabase

from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.storage import web_board
from kassa_tui.storage.database import StorageError, migrate, open_database, translated
from kassa_tui.storage.migrations import Migration

CATALOGUE_TABLES = ("article", "code", "article_find", "article_run")

STOCK_AT = "stock_at"
"""Note in ``meta``: when the articles with their stock were imported, UTC milliseconds."""
SEEDED_FROM = "2019-01-01"
"""The Dutch low rate is 9 % since this day; nothing older is ever looked up."""

VAT_SEED: dict[str, dict[str, int]] = {
    "NL": {"high": 2100, "low": 900, "zero": 0, OUTSIDE: 0},
    "BE": {"standard": 2100, "middle": 1200, "low": 600, "zero": 0, OUTSIDE: 0},
}
"""Country → VAT code → hundredths of a percent (standards 3.1). A change of rate is a further, dated row."""

# The search table holds no text and no positions: for each run of three characters the ids in rank order, so that
# LIMIT gives the best articles without a sort. ``article_run`` says how many articles have a run, ``article.find`` is
# the name as it is compared.
_CATALOGUE = """
create table {p}article (
    id integer primary key, sku text not null, name text not null, group_id integer not null,
    price integer not null check (price >= 0), vat text not null, unit text not null check (unit in ('each', 'kg')),
    kind text not null check (kind in ('goods', 'deposit', 'voucher')), deposit_sku text,
    min_age integer not null default 0, no_discount integer not null default 0, stock integer,
    tare integer not null, find text not null) strict;
create table {p}code (
    code text primary key, article integer not null, pieces integer not null check (pieces > 0)) strict, without rowid;
create virtual table {p}article_find using fts5(
    name, content='', columnsize=0, detail=none, tokenize='trigram');
create table {p}article_run (run text primary key, articles integer not null) strict, without rowid
"""

_TABLES = """
create table meta (key text primary key, value text not null) strict, without rowid;
create table article_group (
    id integer primary key, name text not null unique, vat text not null, active integer not null default 1) strict;
create table price (
    sku text not null, valid_from text not null check (valid_from glob '????-??-??'),
    valid_to text check (valid_to glob '????-??-??'), price integer not null check (price >= 0), label text not null,
    primary key (sku, valid_from)) strict, without rowid;
create table vat_rate (
    code text not null, valid_from text not null check (valid_from glob '????-??-??'), rate integer not null,
    primary key (code, valid_from)) strict, without rowid;
create table staff (
    code text primary key, name text not null,
    role text not null check (role in ('cashier', 'senior', 'manager', 'technician')), pin_hash text not null,
    language text not null default 'nl', active integer not null default 1) strict, without rowid;
create table customer (
    code text primary key, name text not null, vat_id text not null default '',
    account_allowed integer not null default 0, business integer not null default 0) strict, without rowid
"""

_FROM_OFFICE = """
create table feed_price (
    id text primary key, sku text not null, scope integer not null, valid_from text not null, valid_to text,
    price integer not null check (price >= 0), label text not null) strict, without rowid;
create index feed_price_sku on feed_price (sku);
create table setting (key text primary key, value text not null) strict, without rowid;
create table reason (
    what text not null, code text not null, text text not null, active integer not null default 1,
    primary key (what, code)) strict, without rowid;
create table receipt_text (
    id text primary key, place text not null check (place in ('header', 'footer')), text text not null,
    valid_from text, valid_to text) strict, without rowid;
create table branch (
    code text primary key, name text not null, active integer not null default 1) strict, without rowid;
create table branch_stock (
    sku text not null, branch text not null, qty integer not null, at integer not null,
    primary key (sku, branch)) strict, without rowid;
create table parked_elsewhere (
    ticket text primary key, till text not null, place integer not null, name text not null, who text not null,
    at integer not null, total integer not null) strict, without rowid;
create table message (
    id text primary key, text text not null, valid_from text, valid_to text, urgent integer not null default 0
    ) strict, without rowid
"""
"""What only the office tells. ``feed_price`` holds its dated prices by scope (0 all, 1 price list, 2 branch), of which
``price`` is what holds here; ``branch_stock`` is the stock of every branch and channel, thousandths, as of ``at``."""

_ORDERS = """
create table purchase_order (
    number text primary key, supplier text not null, expected text, lines text not null) strict, without rowid
"""
"""Orders of this branch that are still to come; ``lines`` is JSON, see :mod:`.purchases`."""


def catalogue_tables(prefix: str = "") -> list[str]:
    """Statements that make the catalogue's tables, their names behind ``prefix``; :func:`sku_index` is apart."""
    return [statement.strip() for statement in _CATALOGUE.format(p=prefix).split(";\n")]


def sku_index(prefix: str, version: int) -> str:
    """The index by SKU, made after the rows. Numbered by catalogue version: two live side by side during a change."""
    return f"create unique index article_sku_{version} on {prefix}article (sku)"


def _first(db: SqliteDatabase) -> None:
    for statement in [*_TABLES.split(";\n"), *catalogue_tables(), sku_index("", 0)]:
        db.execute_sql(statement)


def _from_office(db: SqliteDatabase) -> None:
    for statement in _FROM_OFFICE.split(";\n"):
        db.execute_sql(statement)


def _orders(db: SqliteDatabase) -> None:
    db.execute_sql(_ORDERS)


def _web_orders(db: SqliteDatabase) -> None:
    for statement in web_board.TABLE.split(";\n"):
        db.execute_sql(statement)


MIGRATIONS: Sequence[Migration] = (
    Migration(1, "first tables", _first),
    Migration(2, "what the office tells", _from_office),
    Migration(3, "purchase orders", _orders),
    Migration(4, "web orders", _web_orders),
)


def open_shop(path: Path | str, country: str) -> SqliteDatabase:
    """``shop.db`` for writing, connected to the calling thread; made or brought up to date where needed.

    ``country`` is ``NL`` or ``BE``, and gives the VAT rates.
    StorageError ``other_country`` where it was made for the other country: its articles carry that country's rates.
    """
    db = open_database(path)
    db.connect()
    try:
        migrate(db, path, MIGRATIONS)
        with translated(path), db.atomic():
            _seed(db, country)
    except BaseException:
        db.close()
        raise
    return db


def _seed(db: SqliteDatabase, country: str) -> None:
    was = get_meta(db, "country")
    if was == country:
        return
    if was is not None and db.execute_sql("select 1 from article limit 1").fetchone():
        raise StorageError("other_country", {"found": was, "wanted": country})
    db.execute_sql("delete from vat_rate")
    for code, rate in VAT_SEED[country].items():
        db.execute_sql("insert into vat_rate values (?, ?, ?)", (code, SEEDED_FROM, rate))
    set_meta(db, "country", country)


def get_meta(db: SqliteDatabase, key: str) -> str | None:
    """One of the shop's notes to itself."""
    row = db.execute_sql("select value from meta where key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def set_meta(db: SqliteDatabase, key: str, value: str) -> None:
    """Write a note; part of the transaction that is open, if one is."""
    db.execute_sql("replace into meta values (?, ?)", (key, value))


def next_version(db: SqliteDatabase) -> int:
    """Count the catalogue's version on, in the same transaction as the change itself; returns the new one."""
    version = int(get_meta(db, "catalogue_version") or 0) + 1
    set_meta(db, "catalogue_version", str(version))
    return version
