"""Many rows at once: Django makes an object of each and a statement of some hundred, and takes three times as long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone


def upsert(table: str, columns: Sequence[str], key: Sequence[str], rows: Sequence[Any],
           keep: Sequence[str] = ()) -> None:  # fmt: skip
    """Insert the rows; where ``key`` is there already its other columns change, but those to ``keep``."""
    names = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    others = [column for column in columns if column not in key and column not in keep]
    change = ", ".join(f'"{column}" = excluded."{column}"' for column in others)
    unique = ", ".join(f'"{column}"' for column in key)
    sql = f'insert into "{table}" ({names}) values ({marks}) on conflict ({unique}) do update set {change}'
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def now() -> datetime:
    """This moment as the database keeps it when it is told in plain SQL."""
    moment = timezone.now()
    return moment.replace(tzinfo=None) if connection.vendor == "sqlite" else moment
