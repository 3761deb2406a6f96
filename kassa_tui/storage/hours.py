"""Who came, went and rested when, as clocked at this till."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

IN, OUT, BREAK_START, BREAK_END = "in", "out", "break_start", "break_end"
CLOCKED = tuple(f"hours.{kind}" for kind in (IN, OUT, BREAK_START, BREAK_END))
"""Kinds of journal entries."""


@dataclass(frozen=True, slots=True)
class Clocking:
    """One time that somebody clocked."""

    at: int
    """UTC milliseconds."""
    offset: int
    """Minutes from UTC to the wall of the shop."""
    date: str
    kind: str
    """``in``, ``out``, ``break_start``, ``break_end``."""


def clockings(con: sqlite3.Connection, who: str, since: int) -> list[Clocking]:
    """What ``who`` clocked at this till from ``since`` (UTC milliseconds) on, in the order of the journal."""
    rows = con.execute(
        "select at, offset, date, kind from clocking where who = ? and at >= ? order by seq", (who, since)
    )
    return [Clocking(*row) for row in rows]


def last(con: sqlite3.Connection, who: str) -> Clocking | None:
    """What ``who`` clocked here last."""
    row = con.execute(
        "select at, offset, date, kind from clocking where who = ? order by seq desc limit 1", (who,)
    ).fetchone()
    return None if row is None else Clocking(*row)
