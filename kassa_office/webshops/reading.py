"""What a page shows of a channel: read from its files beside whoever works on it, and never written."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kassa_tui.storage import web_values
from kassa_tui.storage.database import StorageError, file_uri, translated
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.storage.web_values import Command, Link, Offer
from kassa_tui.sync.channel.board import OPEN_STAGES

OFFERS, LINKS, ORDERS, FAILED = 100, 100, 200, 100
"""So many are shown."""
Order = tuple[str, str, str, int, int, int, int]
"""Number, stage, the shop's word, when it was placed, whether it is fetched, its total and what was paid, in cents."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Books:
    """What a person should see to, and what is open."""

    ambiguous: list[Offer] = field(default_factory=list)
    unknown: list[Offer] = field(default_factory=list)
    unsold: list[Offer] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    failed: list[Command] = field(default_factory=list)
    report: tuple[int, dict[str, Any]] | None = None
    orders: list[Order] = field(default_factory=list)


def books(folder: Path, search: str = "") -> Books:
    """Of a channel; nothing of one that was never worked on. ``search``: of the links those with this in them."""
    try:
        with closing(web_values.open_reader(folder)) as con, translated(folder):
            return Books(
                web_values.offers(con, "ambiguous", OFFERS), web_values.offers(con, "product", OFFERS),
                web_values.offers(con, "article", OFFERS), _links(con, search),
                web_values.commands(con, "failed", FAILED), web_values.last_report(con), _orders(folder),
            )  # fmt: skip
    except StorageError as error:
        if error.code != "missing":
            log.warning("%s: %s %s", folder.name, error.code, error.facts)
        return Books()


def _links(con: sqlite3.Connection, search: str) -> list[Link]:
    wanted = search.casefold()
    found = [link for link in web_values.links(con).values()
             if wanted in f"{link.product} {link.sku} {link.name}".casefold()]  # fmt: skip
    return sorted(found, key=lambda link: (link.name.casefold(), link.product))[:LINKS]


def _orders(folder: Path) -> list[Order]:
    sql = f"""select number, stage, status, placed_at, pickup, total, paid + received - paid_out from web_order
        where stage in ({", ".join("?" * len(OPEN_STAGES))}) order by placed_at desc limit {ORDERS}"""
    with closing(sqlite3.connect(file_uri(folder / TILL_DB), uri=True, timeout=2, isolation_level=None)) as con:
        return con.execute(sql, OPEN_STAGES).fetchall()
