"""What a webshop is told of each linked article, as last looked at, in ``webshop.db``: changes go to the shop."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from kassa_tui.storage.database import translated

if TYPE_CHECKING:
    from kassa_tui.storage.web_state import WebState

TABLE = """create table detail (sku text primary key, cents integer not null, rate integer not null, vat text not null,
    code text not null) strict, without rowid"""


class Kept(NamedTuple):
    """Price in cents with VAT, hundredths of a percent, VAT code, and the barcode that means the same elsewhere."""

    cents: int
    rate: int
    vat: str
    code: str


def changed(con: sqlite3.Connection, now: Mapping[str, Kept]) -> list[str]:
    """Articles that are other than was kept; one that was never kept has not changed. StorageError."""
    with translated():
        kept = {sku: Kept(*rest) for sku, *rest in con.execute("select sku, cents, rate, vat, code from detail")}
    return sorted(sku for sku, found in now.items() if kept.get(sku, found) != found)


def keep(state: WebState, now: Mapping[str, Kept]) -> None:
    """Keep these, and no others."""
    with state.together():
        state.write("delete from detail", [()])
        state.write("insert into detail values (?, ?, ?, ?, ?)", [(sku, *kept) for sku, kept in now.items()])
