"""What this till did with web orders, projected from its own journal: until the order's channel has heard of it, the
list that the till is shown still has the order as it was."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from kassa_tui.domain.journal import Entry
from kassa_tui.domain.weborder import WebWish, body_of, wish_of, wishes_of

TABLE = """
create table web_done (
    seq integer not null, no integer not null, at integer not null, channel text not null, order_id text not null,
    body text not null, primary key (seq, no)) strict, without rowid;
create index web_done_order on web_done (channel, order_id)
"""


def project(con: sqlite3.Connection, entry: Entry, facts: dict[str, Any]) -> None:
    """Write the wishes of an entry."""
    rows = [
        (entry.seq, no, entry.at, wish.channel, wish.order, json.dumps(body_of(wish), sort_keys=True))
        for no, wish in enumerate(wishes_of(entry.kind, facts), 1)
    ]
    con.executemany("insert into web_done values (?, ?, ?, ?, ?, ?)", rows)


def done_with(con: sqlite3.Connection, channel: str, order: str, after: int = 0) -> list[WebWish]:
    """What was done here with one order since a time, in order."""
    sql = "select body from web_done where channel = ? and order_id = ? and at > ? order by seq, no"
    return [wish_of(json.loads(row[0])) for row in con.execute(sql, (channel, order, after))]


def done_since(con: sqlite3.Connection, channel: str, seq: int) -> list[tuple[str, int, WebWish]]:
    """Key, time and wish of all that was done for a channel behind an entry.

    The key is the entry's own id and a number within it: ``seq`` alone is used again where a copy was put back.
    """
    sql = """select lower(hex(j.id)) || ':' || w.no, w.at, w.body from web_done w join journal j on j.seq = w.seq
    where w.channel = ? and w.seq > ? order by w.seq, w.no"""
    return [(key, at, wish_of(json.loads(body))) for key, at, body in con.execute(sql, (channel, seq))]


def mark_of(con: sqlite3.Connection, seq: int) -> str:
    """Id of an entry; empty where there is none."""
    row = con.execute("select lower(hex(id)) from journal where seq = ?", (seq,)).fetchone()
    return row[0] if row else ""
