"""One article put into the catalogue in use or taken out of it, with its codes and its place in the search.

The search table holds no text, so what an article no longer has must be named to be taken out; ``article.find`` is what
was put in. ``article_run`` counts the articles that have a run of three characters, and follows each change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage.catalogue import search_text
from kassa_tui.storage.price_layers import layers
from kassa_tui.storage.row_data import BadRow, flag, number, text

MAX_SKU_CHARS = 48
CODES_OF = "create index if not exists code_article on code (article)"
"""Wanted only by whoever changes single articles; an import makes the table without it."""
_ARTICLE = """insert into article (
    sku, name, group_id, price, vat, unit, kind, deposit_sku, min_age, no_discount, tare, find, stock, id)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (id) do update set sku = excluded.sku, name = excluded.name, group_id = excluded.group_id,
price = excluded.price, vat = excluded.vat, unit = excluded.unit, kind = excluded.kind,
deposit_sku = excluded.deposit_sku, min_age = excluded.min_age, no_discount = excluded.no_discount,
tare = excluded.tare, find = excluded.find"""
_OWN_STOCK = """select qty from branch_stock where sku = ? and branch = (
    select value from meta where key = 'office_branch')"""


def put_article(con: sqlite3.Connection, sku: str, data: Mapping[str, Any]) -> None:
    """Add the article with this SKU, or change it where it is."""
    if not sku or len(sku) > MAX_SKU_CHARS:
        raise BadRow("sku")
    was = con.execute("select id, find, price from article where sku = ?", (sku,)).fetchone()
    name, codes = text(data, "name"), _wanted(data.get("codes", []))
    find = search_text(name)
    if was is None:
        article = con.execute("select coalesce(max(id), 0) + 1 from article").fetchone()[0]
    else:
        article = was[0]
    deposit = text(data, "deposit_sku", "") if data.get("deposit_sku") is not None else ""
    stock = con.execute(_OWN_STOCK, (sku,)).fetchone()
    con.execute(
        _ARTICLE,
        (sku, name, number(data, "group"), _price(con, sku, data, was[2] if was else 0), text(data, "vat"),
         text(data, "unit", "each"), text(data, "kind", "goods"), deposit or None, number(data, "min_age", 0),
         flag(data, "no_discount"), number(data, "tare", 0), find, stock[0] if stock else None, article),
    )  # fmt: skip
    con.execute("delete from code where article = ?", (article,))
    # A code that moved from another article belongs to who was given it last.
    con.executemany("replace into code values (?, ?, ?)", [(code, article, n) for code, n in codes.items()])
    own = None if codes else gtin14(sku)
    if own:
        # Found by its own number, unless that was given to another as a code.
        con.execute("insert or ignore into code values (?, ?, 1)", (own, article))
    if was is None or was[1] != find:
        if was is not None:
            _unfind(con, article, was[1])
        _find(con, article, find)


def article_data(con: sqlite3.Connection, sku: str) -> dict[str, Any] | None:
    """An article as :func:`put_article` wants it; None where it is not sold."""
    columns = ("name", "group", "price", "vat", "unit", "kind", "deposit_sku", "min_age", "no_discount", "tare")
    row = con.execute(
        "select id, name, group_id, price, vat, unit, kind, deposit_sku, min_age, no_discount, tare from article"
        " where sku = ?", (sku,),
    ).fetchone()  # fmt: skip
    if row is None:
        return None
    con.execute(CODES_OF)
    codes = [list(each) for each in con.execute("select code, pieces from code where article = ?", (row[0],))]
    return {**dict(zip(columns, row[1:], strict=True)), "codes": codes}


def drop_article(con: sqlite3.Connection, sku: str) -> None:
    """Sell it no more; its dated prices stay, for it may come back."""
    was = con.execute("select id, find from article where sku = ?", (sku,)).fetchone()
    if was is not None:
        _unfind(con, *was)
        con.execute("delete from code where article = ?", (was[0],))
        con.execute("delete from article where id = ?", (was[0],))


def _price(con: sqlite3.Connection, sku: str, data: Mapping[str, Any], was: int) -> int:
    """Its own price; where it has dated ones only, the first of them, so that it is never sold for nothing."""
    if data.get("price") is not None:
        return number(data, "price")
    first = next(iter(layers(con, sku)), None)
    return was if first is None else first.price


def _wanted(given: Any) -> dict[str, int]:
    """Codes with their pieces."""
    if not isinstance(given, list):
        raise BadRow("codes")
    wanted: dict[str, int] = {}
    for each in given:
        code, pieces = each if isinstance(each, list | tuple) and len(each) == 2 else (each, 1)
        if not isinstance(code, str) or not 0 < len(code) <= MAX_SKU_CHARS:
            raise BadRow("codes")
        wanted.setdefault(gtin14(code) or code, number({"pieces": pieces}, "pieces", least=1))
    return wanted


def _find(con: sqlite3.Connection, article: int, find: str) -> None:
    con.execute("insert into article_find (rowid, name) values (?, ?)", (article, find))
    con.executemany(
        "insert into article_run values (?, 1) on conflict (run) do update set articles = articles + 1",
        [(run,) for run in _runs(find)],
    )


def _unfind(con: sqlite3.Connection, article: int, find: str) -> None:
    con.execute("insert into article_find (article_find, rowid, name) values ('delete', ?, ?)", (article, find))
    runs = [(run,) for run in _runs(find)]
    con.executemany("update article_run set articles = articles - 1 where run = ?", runs)
    con.executemany("delete from article_run where run = ? and articles <= 0", runs)


def _runs(find: str) -> set[str]:
    return {find[at : at + 3] for at in range(len(find) - 2)}
