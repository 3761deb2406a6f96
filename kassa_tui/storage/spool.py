"""Print jobs that wait: made in the sale's transaction, done only when the printer took them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One job: which entry to print, as what."""

    id: int
    seq: int
    what: str
    mark: str
    tries: int
    error: str


def waiting(con: sqlite3.Connection, limit: int = 20) -> list[PrintJob]:
    """Jobs not yet printed, oldest first."""
    rows = con.execute(
        "select id, seq, what, mark, tries, error from spool where state != 'done' order by id limit ?", (limit,)
    )
    return [PrintJob(*row) for row in rows]


def count_waiting(con: sqlite3.Connection) -> int:
    """How many jobs wait."""
    number: int = con.execute("select count(*) from spool where state != 'done'").fetchone()[0]
    return number


def add(con: sqlite3.Connection, seq: int, what: str, mark: str) -> None:
    """Queue one more print of an entry."""
    con.execute("insert into spool (seq, what, mark, state) values (?, ?, ?, 'waiting')", (seq, what, mark))


def sending(con: sqlite3.Connection, job: int) -> None:
    """Note that bytes are about to go out: after a crash from here on the paper may already be there."""
    con.execute("update spool set state = 'sending', tries = tries + 1 where id = ?", (job,))


def done(con: sqlite3.Connection, job: int) -> None:
    """The printer took the job."""
    con.execute("update spool set state = 'done', error = '' where id = ?", (job,))


def failed(con: sqlite3.Connection, job: int, error: str) -> None:
    """The printer did not take the job; it waits, unless a person dropped it meanwhile."""
    con.execute("update spool set state = 'waiting', error = ? where id = ? and state = 'sending'", (error, job))


def doubtful(con: sqlite3.Connection) -> list[PrintJob]:
    """Jobs that were being sent when the till died; printed again they carry the word for a copy."""
    rows = con.execute("select id, seq, what, mark, tries, error from spool where state = 'sending' order by id")
    return [PrintJob(*row) for row in rows]


def mark_doubtful(con: sqlite3.Connection) -> None:
    """At start: what was being sent waits again, marked as perhaps a second print."""
    con.execute("update spool set state = 'waiting', mark = 'again' where state = 'sending'")


def drop(con: sqlite3.Connection, job: int) -> None:
    """A person decided that this need not be printed."""
    con.execute("update spool set state = 'done', error = 'dropped' where id = ?", (job,))


def drop_all(con: sqlite3.Connection) -> int:
    """A person decided that nothing that waits need be printed; how many jobs that were."""
    return con.execute("update spool set state = 'done', error = 'dropped' where state != 'done'").rowcount


def printed(con: sqlite3.Connection, seq: int) -> bool:
    """Whether a receipt of this entry went to the printer, or will: the next one is a copy."""
    row = con.execute(
        "select 1 from spool where seq = ? and what = 'receipt' and not (error = 'dropped' and tries = 0)", (seq,)
    ).fetchone()
    return row is not None
