"""The office's tables as plain rows, to compare one database with another."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

TABLES = ("journal_entry", "sale", "sale_line", "payment", "z_report", "stock_move", "stock_count", "stock_receipt",
          "clocking", "day_total", "sku_day", "month_total", "sku_month", "stock_level", "sales_voucher", "returned",
          "sales_parked")  # fmt: skip
"""All that follows from journals."""
COUNTERS = "SELECT till_id, next_seq, high_seq, claimed_seq, last_at FROM tills_tillcursor"


def dump(*extra: str) -> dict[str, list[Any]]:
    """Table → its rows, sorted; dates, bytes, numbers and JSON spelled the same whatever the database."""
    found = {table: _rows(f"SELECT * FROM {table}") for table in (*TABLES, *extra)}
    return {**found, "cursor": _rows(COUNTERS)}


def _rows(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column[0] for column in cursor.description]
        rows = [tuple(_plain(name, value) for name, value in zip(names, row, strict=True)) for row in cursor.fetchall()]
    return sorted(rows, key=repr)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, memoryview | bytes):
        return bytes(value).hex()
    if name == "draft":
        return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
    if name in ("foreign", "finished"):
        return bool(value)
    return value if isinstance(value, int | None) else str(value)
