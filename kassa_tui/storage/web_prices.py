"""The price of each linked article as it was last looked at, in ``webshop.db``: what changed is told to the shop."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kassa_tui.storage.database import translated

if TYPE_CHECKING:
    from kassa_tui.storage.web_state import WebState

TABLE = "create table price (sku text primary key, cents integer not null, rate integer not null) strict, without rowid"

Prices = Mapping[str, tuple[int, int]]
"""Article → cents with VAT, and the VAT rate, which goes into what a shop is told that wants prices without."""


def changed(con: sqlite3.Connection, now: Prices) -> list[str]:
    """Articles whose price or rate is other than was kept; one that was never kept has not changed. StorageError."""
    with translated():
        kept = {sku: (cents, rate) for sku, cents, rate in con.execute("select sku, cents, rate from price")}
    return sorted(sku for sku, price in now.items() if kept.get(sku, price) != price)


def keep(state: WebState, now: Prices) -> None:
    """Keep these, and no others."""
    with state.together():
        state.write("delete from price", [()])
        state.write("insert into price values (?, ?, ?)", [(sku, *price) for sku, price in now.items()])
