"""Fact tables: what happened in the shops. Appended to, never edited, keyed by branch first.

Rules that keep one company on one machine fast and leave the door to several machines open (``docs/scale.md``): every
key, unique constraint and index begins with ``branch`` and every query names it; rows carry the numbers that were given
at their source (``till`` and ``seq``), so nothing here draws from a sequence; no foreign key points from or to a fact.
PostgreSQL keeps each table in partitions by month of ``day``, SQLite in one piece.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Any

from django.db import DatabaseError, connections, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.state import ProjectState

FIRST_MONTH = date(2020, 1, 1)
"""Days before this, or far ahead, come from a clock that is wrong: they go to the partition for all the rest."""
CODE_CHARS = 16
"""Longest code of a branch or a till."""
LOCK_MS = 1000
"""So long a new partition waits for those who write; they are not kept waiting for longer either."""
RETRY_SECONDS = 60.0
"""After a try that did not come through."""

log = logging.getLogger(__name__)
_known: dict[tuple[str, date], float] = {}
"""Database and month → monotonic seconds from which on it is to be looked at again."""


class Fact(models.Model):
    """A row of a fact table; the concrete table adds its composite primary key, branch first, ``day`` in it."""

    branch = models.CharField(max_length=CODE_CHARS)
    till = models.CharField(max_length=CODE_CHARS)
    """The till, or ``OFFICE`` for what was done in the office, or the name of a webshop's channel."""
    seq = models.BigIntegerField()
    """Of the journal entry that the row follows from."""
    day = models.DateField()
    """Local date of what happened; the month of it is the partition."""

    class Meta:
        abstract = True


class CreateFact(CreateModel):
    """``CreateModel`` whose table PostgreSQL partitions by month of ``day``."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make the table, and the partition for days that have none of their own."""
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        sql, params = schema_editor.table_sql(model)
        schema_editor.execute(f"{sql} PARTITION BY RANGE (day)", params or None)
        table = schema_editor.quote_name(model._meta.db_table)
        rest = schema_editor.quote_name(f"{model._meta.db_table}_rest")
        schema_editor.execute(f"CREATE TABLE {rest} PARTITION OF {table} DEFAULT")
        for statement in schema_editor._model_indexes_sql(model):  # type: ignore[attr-defined]
            schema_editor.execute(statement)

    def describe(self) -> str:
        """For ``migrate``'s list."""
        return f"Create fact table {self.name}"


class CreateTotal(CreateModel):
    """``CreateModel`` for sums under a composite key, which SQLite keeps in the order of that key, without a second
    tree that leads to it: adding to a row touches one tree, and the rows of a period lie side by side."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make the table."""
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.name)
        sql, params = schema_editor.table_sql(model)
        schema_editor.execute(f"{sql} WITHOUT ROWID", params or None)

    def describe(self) -> str:
        """For ``migrate``'s list."""
        return f"Create totals {self.name}"


def fact_models() -> list[type[models.Model]]:
    """All fact tables of the office."""
    from django.apps import apps

    return [model for model in apps.get_models() if issubclass(model, Fact)]


def ensure_partitions(months: Iterable[date], using: str = "default") -> None:
    """Make the partitions of ``months`` (first days of them) where they are not; never an error, nothing on SQLite.

    Without one its rows go to the partition for all the rest, and lose nothing by it. So whoever is about to write
    facts calls this, and where it must not or cannot be done now, it is done after the transaction or at a later try:
    the rows are moved then.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    name, now = str(connection.settings_dict["NAME"]), time.monotonic()
    wanted = {month for month in months if month >= FIRST_MONTH and _known.get((name, month), -1.0) < now}
    if not wanted:
        return
    if connection.in_atomic_block:
        transaction.on_commit(partial(ensure_partitions, wanted, using), using=using, robust=True)
        return
    try:
        make_partitions(wanted, using)
        again = math.inf
    except DatabaseError as error:
        log.warning("partitions %s later: %s", sorted(map(str, wanted)), str(error).splitlines()[0])
        again = now + RETRY_SECONDS
    _known.update(((name, month), again) for month in wanted)


def make_partitions(months: Iterable[date], using: str = "default") -> None:
    """Make the partitions of ``months`` where they are not, and move rows of theirs there; nothing on SQLite.

    Not within a transaction: each table is locked for a moment. DatabaseError where it could not be had so soon.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    for month in sorted(set(months)):
        for model in fact_models():
            table = model._meta.db_table
            with connection.cursor() as cursor:
                cursor.execute("SELECT to_regclass(%s)", [f"{table}_{month:%Y_%m}"])
                if cursor.fetchone()[0] is None:
                    with transaction.atomic(using):
                        _make(cursor, table, month)


def strayed(last: date, using: str = "default") -> set[date]:
    """Months up to that of ``last`` of which there are rows in the partition for all the rest."""
    connection, found = connections[using], set[date]()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for model in fact_models():
                cursor.execute(
                    f"SELECT DISTINCT date_trunc('month', day)::date FROM \"{model._meta.db_table}_rest\""
                    " WHERE day >= %s AND day < %s",
                    [FIRST_MONTH, next_month(last)],
                )
                found.update(row[0] for row in cursor.fetchall())
    return found


def _make(cursor: Any, table: str, month: date) -> None:
    own, until = f"{table}_{month:%Y_%m}", next_month(month)
    span = f"FOR VALUES FROM ('{month}') TO ('{until}')"
    cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_MS}ms'")
    if not _in_rest(cursor, table, month, until):
        cursor.execute(f'CREATE TABLE IF NOT EXISTS "{own}" PARTITION OF "{table}" {span}')
        return
    # Whoever writes to the rest waits, so that nothing comes in between its emptying and the attaching.
    cursor.execute(f'LOCK TABLE "{table}_rest" IN ACCESS EXCLUSIVE MODE')
    cursor.execute(f'CREATE TABLE "{own}" (LIKE "{table}" INCLUDING ALL)')
    cursor.execute(
        f'WITH moved AS (DELETE FROM "{table}_rest" WHERE day >= %s AND day < %s RETURNING *)'
        f' INSERT INTO "{own}" SELECT * FROM moved',
        [month, until],
    )
    cursor.execute(f'ALTER TABLE "{table}" ATTACH PARTITION "{own}" {span}')


def next_month(month: date) -> date:
    """First day of the month after ``month``."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _in_rest(cursor: Any, table: str, month: date, until: date) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}_rest" WHERE day >= %s AND day < %s)', [month, until])
    return bool(cursor.fetchone()[0])
