"""Print jobs that wait: made in the sale's transaction, done only when the printer took them.

What is done goes from ``spool``, which so stays a page that a sale rewrites anyhow; that a receipt was printed, and
with which mark last, stays in ``printed``. The newest row remains until there is a newer one, for the number of a job
is never given out twice.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kassa_tui.storage.database import transaction

_WAS_PRINTED = "insert or replace into printed select seq, mark from spool where what = 'receipt' and state != 'done'"
_CLEAR = "delete from spool where state = 'done' and id < (select max(id) from spool)"
_PRINTED = (
    "select mark from (select mark, id from spool where seq = ? and what = 'receipt' and state != 'done' "
    "union all select mark, 0 from printed where seq = ?) order by id desc limit 1"
)
AGAIN = "again"
"""Mark of a print after one of which nobody knows how much is on paper; it takes the place of a copy's number."""


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
    with transaction(con):
        con.execute(_WAS_PRINTED + " and id = ?", (job,))
        con.execute("update spool set state = 'done', error = '' where id = ?", (job,))
        con.execute(_CLEAR)


def failed(con: sqlite3.Connection, job: int, error: str, doubt: bool = False) -> None:
    """The printer did not take the job; it waits, unless a person dropped it meanwhile.

    In ``doubt`` part of it may be on paper, and the next print carries the word for that.
    """
    con.execute(
        "update spool set state = 'waiting', error = ?, mark = iif(?, 'again', mark)"
        " where id = ? and state = 'sending'",
        (error, doubt, job),
    )


def doubt_all(con: sqlite3.Connection) -> None:
    """What waits may be on paper already: these tables come from an older copy of themselves."""
    con.execute("update spool set mark = 'again' where state != 'done'")


def doubtful(con: sqlite3.Connection) -> list[PrintJob]:
    """Jobs that were being sent when the till died; printed again they carry the word for a copy."""
    rows = con.execute("select id, seq, what, mark, tries, error from spool where state = 'sending' order by id")
    return [PrintJob(*row) for row in rows]


def mark_doubtful(con: sqlite3.Connection) -> None:
    """At start: what was being sent waits again, marked as perhaps a second print."""
    con.execute("update spool set state = 'waiting', mark = 'again' where state = 'sending'")


def drop(con: sqlite3.Connection, job: int) -> None:
    """A person decided that this need not be printed."""
    with transaction(con):
        con.execute(_WAS_PRINTED + " and tries > 0 and id = ?", (job,))
        con.execute("update spool set state = 'done', error = 'dropped' where id = ?", (job,))
        con.execute(_CLEAR)


def drop_all(con: sqlite3.Connection) -> int:
    """A person decided that nothing that waits need be printed; how many jobs that were."""
    with transaction(con):
        con.execute(_WAS_PRINTED + " and tries > 0")
        dropped = con.execute("update spool set state = 'done', error = 'dropped' where state != 'done'").rowcount
        con.execute(_CLEAR)
    return dropped


def printed(con: sqlite3.Connection, seq: int) -> bool:
    """Whether a receipt of this entry went to the printer, or will: the next one is a copy."""
    return last_mark(con, seq) is not None


def last_mark(con: sqlite3.Connection, seq: int) -> str | None:
    """Mark of the newest receipt of this entry that was printed or waits: empty, `AGAIN`, or the number of a copy;
    None where there is none."""
    row = con.execute(_PRINTED, (seq, seq)).fetchone()
    return None if row is None else str(row[0])
