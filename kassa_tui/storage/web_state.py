"""``webshop.db``: what a channel's engine knows of its webshop besides the books. The engine alone writes it.

Losing it loses no turnover: orders are read again and found to be in the journal, and links are taken from there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.storage import web_details
from kassa_tui.storage.database import migrate, open_database, transaction, translated
from kassa_tui.storage.migrations import Migration
from kassa_tui.storage.web_values import (
    COMMAND,
    WEBSHOP_DB,
    Command,
    Level,
    Link,
    Offer,
    State,
    as_json,
    command,
    commands,
    links,
    read_values,
    values,
)

if TYPE_CHECKING:
    from peewee import SqliteDatabase

_TABLES = """
create table state (key text primary key, value text not null) strict, without rowid;
create table link (
    product text primary key, sku text not null, how text not null check (how in ('id', 'sku', 'ean', 'person')),
    by text not null, at integer not null, name text not null default '', gone integer not null default 0)
    strict, without rowid;
create index link_sku on link (sku);
create table offer (
    id text not null, kind text not null check (kind in ('product', 'ambiguous', 'article')), sku text not null,
    ean text not null, name text not null, candidates text not null, at integer not null, primary key (kind, id))
    strict, without rowid;
create table level (
    product text primary key, want integer not null, have integer, written_at integer not null, code text not null)
    strict, without rowid;
create table command (
    key text primary key, no integer not null unique,
    kind text not null check (kind in ('handed_over', 'taken_back', 'ack', 'refund', 'place', 'price')),
    body text not null, state text not null check (state in ('waiting', 'done', 'failed')), tries integer not null,
    error text not null, facts text not null, at integer not null, done_at integer not null) strict, without rowid;
create index command_waiting on command (no) where state = 'waiting';
create table customer (
    order_id text primary key, name text not null, note text not null, done_at integer not null) strict, without rowid;
create table finding (
    code text not null, key text not null, facts text not null, at integer not null, primary key (code, key))
    strict, without rowid;
create table report (id integer primary key check (id = 1), at integer not null, body text not null) strict
"""


def _create(db: SqliteDatabase) -> None:
    for statement in _TABLES.split(";\n"):
        db.execute_sql(statement)


_PRICE = (
    "create table price (sku text primary key, cents integer not null, rate integer not null) strict, without rowid"
)


def _prices(db: SqliteDatabase) -> None:
    db.execute_sql("create table price (sku text primary key, cents integer not null, rate integer not null) strict")


def _details(db: SqliteDatabase) -> None:
    """More than prices goes to the shop."""
    db.execute_sql("drop table price")
    db.execute_sql(web_details.TABLE)
    db.execute_sql("drop index command_waiting")
    db.execute_sql("alter table command rename to command_before")
    command = next(statement for statement in _TABLES.split(";\n") if statement.startswith("create table command"))
    db.execute_sql(command.replace("'price'", "'details'"))
    columns = "key, no, iif(kind = 'price', 'details', kind), body, state, tries, error, facts, at, done_at"
    db.execute_sql(f"insert into command select {columns} from command_before")
    db.execute_sql("drop table command_before")
    db.execute_sql("create index command_waiting on command (no) where state = 'waiting'")


STEPS = (
    Migration(1, "what the engine knows", _create),
    Migration(2, "prices", _prices),
    Migration(3, "details", _details),
)


class WebState:
    """The engine's side: one connection, one thread."""

    def __init__(self, folder: Path) -> None:
        path = folder / WEBSHOP_DB
        self._db = open_database(path)
        self._db.connect()
        try:
            migrate(self._db, path, STEPS)
            # Whatever the power takes is asked of the shop or read from the journal once more; commands are kept.
            self._db.execute_sql("pragma wal_autocheckpoint=500")
            self._con: sqlite3.Connection = self._db.connection()
            self.now = State(**read_values(self._con))
        except BaseException:
            self._db.close()
            raise
        self._saved = values(self.now)

    @property
    def con(self) -> sqlite3.Connection:
        """For questions."""
        return self._con

    @contextmanager
    def together(self) -> Iterator[None]:
        """Everything inside is kept or nothing."""
        with translated(WEBSHOP_DB):
            if self._con.in_transaction:
                yield
            else:
                with transaction(self._con):
                    yield

    def save(self) -> None:
        """Keep what changed in ``now``."""
        changed = values(self.now)
        rows = [(name, json.dumps(value)) for name, value in changed.items() if value != self._saved[name]]
        if rows:
            self.write("replace into state values (?, ?)", rows)
            self._saved = changed

    def write(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for many rows."""
        with self.together():
            self._con.executemany(sql, list(rows))

    def links(self, *, gone: bool = False) -> dict[str, Link]:
        """Product → link; with ``gone`` those of products that the shop has no more too."""
        return links(self._con, gone=gone)

    def put_links(self, rows: Iterable[Link]) -> None:
        """Links, in place of those there were."""
        self.write("replace into link values (?, ?, ?, ?, ?, ?, ?)",
                   [(x.product, x.sku, x.how, x.by, x.at, x.name, x.gone) for x in rows])  # fmt: skip

    def drop_links(self, products: Iterable[str]) -> None:
        """Links that are no more, and what was known of those products' stock."""
        names = [(product,) for product in products]
        with self.together():
            self.write("delete from link where product = ?", names)
            self.write("delete from level where product = ?", names)

    def put_offers(self, kinds: Sequence[str], rows: Iterable[Offer]) -> None:
        """All offers of these kinds."""
        found = [(x.id, x.kind, x.sku, x.ean, x.name, json.dumps(x.candidates), x.at) for x in rows]
        with self.together():
            self.write("delete from offer where kind = ?", [(kind,) for kind in kinds])
            self.write("replace into offer values (?, ?, ?, ?, ?, ?, ?)", found)

    def put_levels(self, rows: Iterable[Level]) -> None:
        """What products show."""
        self.write("replace into level values (?, ?, ?, ?, ?)",
                   [(x.product, x.want, x.have, x.written_at, x.code) for x in rows])  # fmt: skip

    def levels(self, products: Iterable[str]) -> dict[str, Level]:
        """What is known of these products."""
        sql = "select l.* from json_each(?) wanted cross join level l on l.product = wanted.value"
        return {row[0]: Level(*row) for row in self._con.execute(sql, (json.dumps(list(products)),))}

    def forget_levels(self, products: Iterable[str]) -> None:
        """Nobody knows what these show: something else than the engine's own writing may have changed it."""
        self.write("update level set have = null, code = '' where product = ?", [(product,) for product in products])

    def put_command(self, key: str, kind: str, body: Mapping[str, Any], at: int) -> bool:
        """Queue something; False where this key was queued before, done or not."""
        with self.together():
            made = self._con.execute(
                "insert into command select ?, coalesce(max(no), 0) + 1, ?, ?, 'waiting', 0, '', '{}', ?, 0"
                " from command where true on conflict (key) do nothing",
                (key, kind, json.dumps(body, ensure_ascii=False, sort_keys=True), at),
            )
            return made.rowcount > 0

    def queue_again(self, key: str, kind: str, body: Mapping[str, Any], at: int) -> None:
        """Queue something that may be done many times: what waits is left, what was done or refused waits again."""
        if not self.put_command(key, kind, body, at):
            sql = "update command set state = 'waiting', tries = 0, error = '', facts = '{}', at = ?, done_at = 0"
            self.write(f"{sql} where key = ? and state <> 'waiting'", [(at, key)])

    def waiting(self) -> list[Command]:
        """Commands not yet done, in order."""
        return commands(self._con, "waiting")

    def command(self, key: str) -> Command | None:
        """One command."""
        found = self._con.execute(COMMAND + " where key = ?", (key,)).fetchone()
        return command(found) if found else None

    def command_ended(self, key: str, at: int, error: str = "", facts: Mapping[str, Any] | None = None) -> None:
        """It was done, or with ``error`` never will be."""
        row = ("failed" if error else "done", error, as_json(facts), at, key)
        self.write("update command set state = ?, error = ?, facts = ?, done_at = ? where key = ?", [row])

    def command_failed(self, key: str, error: str, facts: Mapping[str, Any] | None = None) -> None:
        """It went wrong this time."""
        row = (error, as_json(facts), key)
        self.write("update command set tries = tries + 1, error = ?, facts = ? where key = ?", [row])

    def again(self, key: str) -> bool:
        """Have a command that failed tried once more."""
        with self.together():
            sql = "update command set state = 'waiting', done_at = 0 where key = ? and state = 'failed'"
            return self._con.execute(sql, (key,)).rowcount > 0

    def forget_commands(self, before: int) -> int:
        """Throw away what was done before; how many. Whether a till's act was booked stands in the journal."""
        with self.together():
            sql = "delete from command where state = 'done' and done_at < ?"
            return self._con.execute(sql, (before,)).rowcount

    def put_customer(self, order_id: str, name: str, note: str, done_at: int) -> bool:
        """Who an order is for; whether that is other than before."""
        row = (order_id, name, note, done_at)
        had = self._con.execute("select name, note, done_at from customer where order_id = ?", (order_id,)).fetchone()
        if had and had[2] and done_at:
            row = (order_id, name, note, had[2])
        if had == row[1:] or (had is None and not name and not note):
            return False
        self.write("replace into customer values (?, ?, ?, ?)", [row])
        return had is None or had[:2] != (name, note)

    def customers(self) -> dict[str, tuple[str, str]]:
        """Order → name and note."""
        return {row[0]: (row[1], row[2]) for row in self._con.execute("select order_id, name, note from customer")}

    def customer(self, order_id: str) -> tuple[str, str]:
        """Name and note of one order; empty where they are not known any more."""
        found = self._con.execute("select name, note from customer where order_id = ?", (order_id,)).fetchone()
        return found or ("", "")

    def forget_customers(self, before: int) -> int:
        """Throw away the names of orders that were done before; how many."""
        with self.together():
            return self._con.execute("delete from customer where done_at between 1 and ?", (before - 1,)).rowcount

    def note(self, code: str, key: str, facts: Mapping[str, Any], at: int) -> None:
        """Remember a finding; one that is there keeps its time."""
        sql = "insert into finding values (?, ?, ?, ?) on conflict do update set facts = excluded.facts"
        known = self._con.execute("select facts from finding where code = ? and key = ?", (code, key)).fetchone()
        if known is None or known[0] != as_json(facts):
            self.write(sql, [(code, key, as_json(facts), at)])

    def clear(self, code: str, keys: Iterable[str] | None = None) -> None:
        """A finding is settled; without keys all of its code."""
        if self._con.execute("select 1 from finding where code = ? limit 1", (code,)).fetchone() is None:
            return
        if keys is None:
            self.write("delete from finding where code = ?", [(code,)])
        else:
            self.write("delete from finding where code = ? and key = ?", [(code, key) for key in keys])

    def put_report(self, at: int, body: Mapping[str, Any]) -> None:
        """The last compare."""
        self.write("replace into report values (1, ?, ?)", [(at, as_json(body))])

    def close(self) -> None:
        """Save and let go; twice does no harm."""
        if not self._db.is_closed():
            self.save()
            self._db.close()
