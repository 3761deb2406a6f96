"""Dated prices: what an article costs from one day to another, laid over its own price."""

from __future__ import annotations

from peewee import SqliteDatabase

from kassa_tui.storage.database import translated
from kassa_tui.storage.shop_schema import next_version

_PUT = """insert into price (sku, valid_from, valid_to, price, label) values (?, ?, ?, ?, ?)
on conflict (sku, valid_from) do update set
valid_to = excluded.valid_to, price = excluded.price, label = excluded.label"""


def put_price(
    db: SqliteDatabase, sku: str, price: int, *, valid_from: str, valid_to: str | None = None, label: str = "dated"
) -> None:
    """Let ``sku`` cost ``price`` cents from ``valid_from`` to ``valid_to``, ISO dates, both included.

    Of several that hold on a day the one that began last counts. One that begins on the same day is replaced. The
    SKU may come into the catalogue later; ``label`` is the article's ``price_source`` while the price holds.
    """
    with translated(db.database), db.atomic():
        db.execute_sql(_PUT, (sku, valid_from, valid_to, price, label))
        next_version(db)
