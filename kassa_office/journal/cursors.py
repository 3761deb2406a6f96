"""Where each till's journal stands here, and which of its entries are: read, locked and written by hand.

Every batch asks this several times, under a lock that others wait for; the ORM would take longer over the statements
than the database.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from kassa_office.journal.checks import MAX_SEQ, Keys
from kassa_office.tills.models import Till, TillCursor

NEIGHBOURS = 4
"""A batch whose numbers lie this many times wider than it is long is looked up number by number."""
STEP = 2000

Known = dict[int, tuple[bytes, bytes]]
"""``seq`` → hash and ``prev`` of entries that are here."""


@contextmanager
def turn() -> Iterator[None]:
    """Wait to be the one who writes, on SQLite: it has one writer at a time, and those it keeps waiting sleep for ever
    longer before they look again. Here they queue and are woken. PostgreSQL locks rows, and does that itself.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with open(f"{connection.settings_dict['NAME']}-turn", "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def read(till: Till) -> TillCursor:
    """How far the till is here, without a lock."""
    return _read(till, "") or TillCursor(till=till)


def lock(till: Till) -> TillCursor:
    """The same, locked until the end of the transaction; the row is made where it is not."""
    update = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    cursor = _read(till, update)
    if cursor is None:
        TillCursor.objects.bulk_create([TillCursor(till=till)], ignore_conflicts=True)
        cursor = _read(till, update)
    if cursor is None:
        raise LookupError(till.code)
    return cursor


def _read(till: Till, how: str) -> TillCursor | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT next_seq, high_seq, claimed_seq, last_at, branches FROM tills_tillcursor WHERE till_id = %s" + how,
            [till.code],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    next_seq, high, claimed, last_at, branches = row
    held = json.loads(branches) if isinstance(branches, str) else branches
    return TillCursor(till=till, next_seq=next_seq, high_seq=high, claimed_seq=claimed, last_at=last_at, branches=held)


def save(cursor: TillCursor) -> None:
    """Write it down; its row is locked."""
    received = connection.ops.adapt_datetimefield_value(cursor.received_at)
    with connection.cursor() as statement:
        statement.execute(
            "UPDATE tills_tillcursor SET next_seq = %s, high_seq = %s, claimed_seq = %s, last_at = %s,"
            " received_at = %s, branches = %s WHERE till_id = %s",
            [cursor.next_seq, cursor.high_seq, cursor.claimed_seq, cursor.last_at, received,
             json.dumps(cursor.branches), cursor.till_id],
        )  # fmt: skip


def keys(till: Till) -> Keys:
    """The till's public keys, and from which entry on each signs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT first, public_key FROM tills_tillkey WHERE till_id = %s ORDER BY first", [till.code])
        return list(cursor.fetchall())


def stored(till: str, branches: Sequence[str], numbers: Sequence[int]) -> Known:
    """What is here among these numbers and their neighbours."""
    wanted = {seq + step for seq in numbers for step in (-1, 0, 1) if 0 < seq < MAX_SEQ}
    if not wanted or not branches:
        return {}
    low, high = min(wanted), max(wanted)
    values: list[Any]
    if high - low < NEIGHBOURS * len(wanted):
        where, values = "seq BETWEEN %s AND %s", [low, high]
    else:
        where, values = f"seq IN ({', '.join(['%s'] * len(wanted))})", sorted(wanted)
    places = ", ".join(["%s"] * len(branches))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT seq, hash, prev FROM journal_entry WHERE branch IN ({places}) AND till = %s AND {where}",
            [*branches, till, *values],
        )
        return {seq: (bytes(hashed), bytes(prev)) for seq, hashed, prev in cursor.fetchall()}


def held(till: str, branches: Sequence[str], first: int) -> set[int]:
    """Numbers from ``first`` on, as many as a step, of what is stored or set apart."""
    places, last = ", ".join(["%s"] * len(branches)), first + STEP - 1
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT seq FROM journal_entry WHERE branch IN ({places}) AND till = %s AND seq BETWEEN %s AND %s"
            f" UNION SELECT seq FROM journal_quarantine WHERE branch IN ({places}) AND till = %s"
            " AND seq BETWEEN %s AND %s",
            [*branches, till, first, last] * 2,
        )
        return {row[0] for row in cursor.fetchall()}
