"""Dated prices of the office in layers: for all branches, over that for a price list, over that for one branch.

The till looks for the price that began last, so the layers are laid out flat whenever one of them changes: rows without
overlap, each the price of the highest layer that has one on those days.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from kassa_tui.storage.row_data import BadRow, number, optional_date, text, whole_date

SCOPES = {"all": 0, "list": 1, "branch": 2}
_END = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Dated:
    """A price from a day to a day, both included."""

    scope: int
    valid_from: str
    valid_to: str
    """``9999-12-31`` for one without end."""
    price: int
    label: str


def put_price(con: sqlite3.Connection, key: str, data: Mapping[str, Any]) -> None:
    """Add a dated price of the office, or change it."""
    scope = SCOPES.get(text(data, "scope", "all"))
    valid_from, valid_to = whole_date(data, "valid_from"), optional_date(data, "valid_to")
    if scope is None or (valid_to is not None and valid_to < valid_from):
        raise BadRow("scope" if scope is None else "valid_to")
    sku = text(data, "sku")
    _forget(con, key)
    row = (key, sku, scope, valid_from, valid_to, number(data, "price"), text(data, "label", "") or "list")
    con.execute("insert into feed_price values (?, ?, ?, ?, ?, ?, ?)", row)
    lay(con, sku)


def drop_price(con: sqlite3.Connection, key: str) -> None:
    """Take a dated price of the office away; what lay under it holds again."""
    sku = _forget(con, key)
    if sku is not None:
        lay(con, sku)


def _forget(con: sqlite3.Connection, key: str) -> str | None:
    was = con.execute("select sku from feed_price where id = ?", (key,)).fetchone()
    if was is None:
        return None
    con.execute("delete from feed_price where id = ?", (key,))
    lay(con, was[0])
    return str(was[0])


def lay(con: sqlite3.Connection, sku: str) -> None:
    """Write the rows of ``price`` anew that follow from the layers."""
    con.execute("delete from price where sku = ?", (sku,))
    found = layers(con, sku)
    con.executemany(
        "insert into price values (?, ?, ?, ?, ?)",
        [(sku, each.valid_from, None if each.valid_to == _END else each.valid_to, each.price, each.label)
         for each in found],
    )  # fmt: skip
    if found:
        # One that was never given a price of its own must not go for nothing.
        con.execute("update article set price = ? where sku = ? and price = 0", (found[0].price, sku))


def layers(con: sqlite3.Connection, sku: str) -> list[Dated]:
    """What an article costs from which day to which, by day."""
    sql = "select scope, valid_from, coalesce(valid_to, ?), price, label from feed_price where sku = ?"
    return flat([Dated(*row) for row in con.execute(sql, (_END, sku))])


def flat(prices: Sequence[Dated]) -> list[Dated]:
    """Without overlap: on each day the price of the highest scope, and of those the one that began last."""
    edges = sorted({day for each in prices for day in (each.valid_from, _after(each.valid_to))})
    found: list[Dated] = []
    for start, stop in pairwise(edges):
        there = [each for each in prices if each.valid_from <= start <= each.valid_to]
        if not there:
            continue
        best = max(there, key=lambda each: (each.scope, each.valid_from))
        until = _END if stop > _END else (date.fromisoformat(stop) - timedelta(1)).isoformat()
        last = found[-1] if found else None
        if last and (last.price, last.label, _after(last.valid_to)) == (best.price, best.label, start):
            found[-1] = Dated(best.scope, last.valid_from, until, best.price, best.label)
        else:
            found.append(Dated(best.scope, start, until, best.price, best.label))
    return found


def _after(day: str) -> str:
    # Behind the last day of all there is nothing but an edge.
    return "9999-12-32" if day >= _END else (date.fromisoformat(day) + timedelta(1)).isoformat()
