"""Making the projections anew from the journal: the proof that nothing in them has another source."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kassa_tui.storage.database import translate
from kassa_tui.storage.journal import read_entries
from kassa_tui.storage.projections import State, project
from kassa_tui.storage.till_schema import EMPTY_STATE, PROJECTIONS

SHOWN_ROWS = 5
"""Rows of a table that are named; the rest is counted."""

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A table that was not what the journal says."""

    table: str
    gone: int
    """Rows that were there and do not follow from the journal."""
    new: int
    """Rows that follow from the journal and were not there."""
    shown: tuple[tuple[str, Row], ...]
    """``-`` or ``+`` and the row, the first few of each."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What a rebuild changed; no tables where all was as it should be."""

    entries: int
    """Entries of the journal that were read."""
    tables: tuple[Difference, ...]


def rebuild(con: sqlite3.Connection, till: str) -> Differences:
    """Replace every projection by what the journal says, in one transaction, and tell what that changed.

    ``con`` writes ``till.db`` and is in no transaction; no till may run meanwhile. Whatever goes wrong, the tables
    stay as they were; StorageError where the database refuses, ValueError or KeyError for a journal that is no journal.
    """
    try:
        con.execute("pragma temp_store = 1")
        con.execute("begin immediate")
        try:
            differences = _rebuild(con, till)
            con.execute("commit")
        except BaseException:
            if con.in_transaction:
                con.execute("rollback")
            raise
        finally:
            for table in PROJECTIONS:
                con.execute(f"drop table if exists temp.old_{table}")
    except sqlite3.Error as error:
        raise translate(error) from error
    return differences


def _rebuild(con: sqlite3.Connection, till: str) -> Differences:
    for table in PROJECTIONS:
        con.execute(f"create temp table old_{table} as select * from main.{table}")
        con.execute(f"delete from main.{table}")
    con.execute(EMPTY_STATE)
    state, entries = State(), 0
    for entry in read_entries(con, till):
        project(con, entry, entry.facts, state)
        entries += 1
    found = (_compare(con, table) for table in PROJECTIONS)
    return Differences(entries, tuple(difference for difference in found if difference.gone or difference.new))


def _compare(con: sqlite3.Connection, table: str) -> Difference:
    gone = f"select * from temp.old_{table} except select * from main.{table}"
    new = f"select * from main.{table} except select * from temp.old_{table}"
    shown: list[tuple[str, Row]] = []
    counts = []
    for sign, sql in (("-", gone), ("+", new)):
        shown += [(sign, row) for row in con.execute(f"{sql} limit {SHOWN_ROWS}")]
        counts.append(con.execute(f"select count(*) from ({sql})").fetchone()[0])
    return Difference(table, counts[0], counts[1], tuple(shown))
