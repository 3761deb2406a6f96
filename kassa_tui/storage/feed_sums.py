"""Number and checksum of what the office told, made from the tables of ``shop.db``, to be held against the office's.

A checksum is over what a till keeps of a row, in one form that both sides make: the office of the row as it tells it,
the till of its tables. So what went missing, what came twice and what changed on the disk all show. What a table has by
itself (the VAT rates a shop is made with, the code that an article has by its number) counts on neither side.
``docs/wire.md`` says which values of each table these are; a change of it needs another name for the table.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any

import msgspec

from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage.price_layers import SCOPES
from kassa_tui.storage.shop_schema import SEEDED_FROM, VAT_SEED

MODULUS = 1 << 64
_ENCODER = msgspec.json.Encoder(order="sorted")
Values = list[Any]
"""What is hashed of a row: texts, whole numbers, None, and lists of these."""


def row_hash(table: str, key: str, data: Mapping[str, Any]) -> int | None:
    """64 bits of a row as the office tells it; None for one that does not count."""
    normal = _NORMAL.get(table)
    try:
        values = normal(key, data) if normal else [data]
    except (KeyError, TypeError, ValueError, AttributeError):
        # No till takes it over, so that each finds that it has one less.
        values = [data]
    return None if values is None else _hash(table, key, values)


def written(count: int, total: int) -> str:
    """``COUNT:HEX``."""
    return f"{count}:{total % MODULUS:016x}"


def differing(con: sqlite3.Connection, sums: Mapping[str, str], *, only_counts: bool = False) -> list[str]:
    """Tables of which the office says something else than stands in ``shop.db``; those unknown here are passed by.

    With ``only_counts`` in milliseconds; else each row is read, which is seconds for 800,000 articles.
    """
    return [
        table
        for table, rows in _ROWS.items()
        if table in sums
        and (
            sums[table].partition(":")[0] != str(_count(con, table))
            or not (only_counts or sums[table] == _sum(table, rows(con)))
        )
    ]


def _sum(table: str, rows: Iterable[tuple[str, Values]]) -> str:
    count = total = 0
    for key, values in rows:
        count += 1
        total += _hash(table, key, values)
    return written(count, total)


def _count(con: sqlite3.Connection, table: str) -> int:
    if table == "vat_rate":
        return sum(1 for _ in _vat_rates(con))
    return int(con.execute(f"select count(*) from {_COUNTED.get(table, table)}").fetchone()[0])


_COUNTED = {"group": "article_group where active", "price": "feed_price", "text": "receipt_text",
            "stock": "branch_stock", "parked": "parked_elsewhere"}  # fmt: skip


def _hash(table: str, key: str, values: Values) -> int:
    return int.from_bytes(sha256(_ENCODER.encode([table, key, *values])).digest()[:8], "big")


def _article(sku: str, data: Mapping[str, Any]) -> Values:
    codes = {gtin14(code) or code: pieces for code, pieces in reversed(data.get("codes") or [])}
    return [data["name"], data["group"], data["vat"], data["price"], data.get("unit", "each"),
            data.get("kind", "goods"), data.get("deposit_sku") or "", data.get("min_age", 0),
            int(data.get("no_discount", 0)), data.get("tare", 0), _codes(sku, codes.items())]  # fmt: skip


def _codes(sku: str, codes: Iterable[tuple[str, int]]) -> Values:
    """In order, without the one that an article has by its number anyway."""
    own = (gtin14(sku), 1)
    return [list(each) for each in sorted(codes) if tuple(each) != own]


def _articles(con: sqlite3.Connection) -> Iterator[tuple[str, Values]]:
    found = con.execute("select article, code, pieces from code order by article")
    codes = groupby(found, key=lambda row: row[0])
    at, those = next(codes, (None, iter(())))
    rows = con.execute(
        "select id, sku, name, group_id, vat, price, unit, kind, coalesce(deposit_sku, ''), min_age, no_discount, tare"
        " from article order by id"
    )
    for article, sku, *values in rows:
        while at is not None and at < article:
            at, those = next(codes, (None, iter(())))
        yield sku, [*values, _codes(sku, [row[1:] for row in those] if at == article else ())]


def _price(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["sku"], data["price"], data["valid_from"], data.get("valid_to") or None,
            data.get("label") or "list", SCOPES[data.get("scope", "all")]]  # fmt: skip


def _group(_key: str, data: Mapping[str, Any]) -> Values | None:
    return [data["name"], data["vat"]] if data.get("active", 1) else None


def _vat_rate(key: str, data: Mapping[str, Any]) -> Values | None:
    seed = VAT_SEED.get(data.get("country", ""), {}).get(data["code"])
    return None if (data["valid_from"], data["rate"]) == (SEEDED_FROM, seed) else [data["rate"]]


def _vat_rates(con: sqlite3.Connection) -> Iterator[tuple[str, Values]]:
    country = (con.execute("select value from meta where key = 'country'").fetchone() or ("",))[0]
    for code, valid_from, rate in con.execute("select code, valid_from, rate from vat_rate"):
        values = _vat_rate("", {"code": code, "valid_from": valid_from, "rate": rate, "country": country})
        if values is not None:
            yield f"{code}:{valid_from}", values


def _staff(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["name"], data["role"], data["pin_hash"], data.get("language", "nl"), int(data.get("active", 1))]


def _customer(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["name"], data.get("vat_id", ""), int(data.get("account_allowed", 0)), int(data.get("business", 0))]


def _setting(_key: str, data: Mapping[str, Any]) -> Values:
    return [data.get("value")]


def _settings(con: sqlite3.Connection) -> Iterator[tuple[str, Values]]:
    for key, value in con.execute("select key, value from setting"):
        yield key, [_parsed(value)]


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _reason(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["text"], int(data.get("active", 1))]


def _text(_key: str, data: Mapping[str, Any]) -> Values:
    return [data.get("place", "footer"), data["text"], data.get("valid_from") or None, data.get("valid_to") or None]


def _branch(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["name"], int(data.get("active", 1))]


def _stock(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["qty"], data.get("at", 0)]


def _parked(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["till"], data.get("place", 0), data.get("name", ""), data.get("who", ""), data.get("at", 0),
            data.get("total", 0)]  # fmt: skip


def _message(_key: str, data: Mapping[str, Any]) -> Values:
    return [data["text"], data.get("valid_from") or None, data.get("valid_to") or None, int(data.get("urgent", 0))]


_NORMAL: dict[str, Callable[[str, Mapping[str, Any]], Values | None]] = {
    "article": _article, "price": _price, "group": _group, "vat_rate": _vat_rate, "staff": _staff,
    "customer": _customer, "setting": _setting, "reason": _reason, "text": _text, "branch": _branch, "stock": _stock,
    "parked": _parked, "message": _message,
}  # fmt: skip
"""Table → the values of a row that the office tells; None for one that does not count."""


def _plain(sql: str) -> Callable[[sqlite3.Connection], Iterator[tuple[str, Values]]]:
    """Rows whose first column is the key, and the others the values."""

    def rows(con: sqlite3.Connection) -> Iterator[tuple[str, Values]]:
        for key, *values in con.execute(sql):
            yield str(key), values

    return rows


_ROWS: dict[str, Callable[[sqlite3.Connection], Iterable[tuple[str, Values]]]] = {
    "branch": _plain("select code, name, active from branch"),
    "vat_rate": _vat_rates,
    "group": _plain("select id, name, vat from article_group where active"),
    "article": _articles,
    "price": _plain("select id, sku, price, valid_from, valid_to, label, scope from feed_price"),
    "staff": _plain("select code, name, role, pin_hash, language, active from staff"),
    "customer": _plain("select code, name, vat_id, account_allowed, business from customer"),
    "setting": _settings,
    "reason": _plain("select what || ':' || code, text, active from reason"),
    "text": _plain("select id, place, text, valid_from, valid_to from receipt_text"),
    "stock": _plain("select branch || ':' || sku, qty, at from branch_stock"),
    "parked": _plain("select ticket, till, place, name, who, at, total from parked_elsewhere"),
    "message": _plain("select id, text, valid_from, valid_to, urgent from message"),
}
"""Table → its rows as they stand here, in the same form."""


def tables() -> Sequence[str]:
    """Those that are compared."""
    return tuple(_ROWS)
