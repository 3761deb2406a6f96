"""Who came, went and rested when, as clocked at this till."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass


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
