"""How a webshop is, as plain values: for the till's line at the bottom, the command line, the doctor and the office."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kassa_tui.storage import web_orders, web_values
from kassa_tui.storage.database import StorageError, file_uri, translated
from kassa_tui.storage.till_store import TILL_DB
from kassa_tui.storage.web_values import Noted
from kassa_tui.sync.channel.board import OPEN_STAGES
from kassa_tui.sync.channel.settings import Settings

KEYS = frozenset({"unauthorised", "bad_credentials", "key_missing", "key_open", "key_bad", "forbidden_write"})
SILENT_MS = 900_000
"""Of a webshop that is asked every minute: then nobody asks."""
SETTINGS = frozenset({"redirect", "certificate", "not_supported", "old_version", "no_https", "other_currency"})


@dataclass(frozen=True, slots=True)
class Status:
    """A webshop and what is the matter with it. Times are UTC milliseconds, 0 for never."""

    code: str
    name: str
    kind: str
    state: str
    """``new`` (never answered yet), ``ok``, ``silent`` (nobody asks it anything), ``failing`` (tried again by itself),
    ``stopped`` (waits for a person)."""
    since: int
    """Since when it fails, stands still, or is asked nothing; 0 while it is well."""
    why: str
    """Code of what is wrong; empty while nothing is."""
    facts: dict[str, Any]
    who: str
    """Who must act: ``nobody``, ``shop`` (whoever keeps the webshop running), ``keys`` (whoever may make new keys),
    ``settings`` (whoever sets up this webshop here)."""
    next_try: int
    last_success: int
    shop_name: str
    version: str
    waiting: int
    """Commands that the shop must still be told."""
    failed: int
    """Commands that it refused."""
    orders: int
    """That are open."""
    links: int
    ambiguous: int
    """Products of which a person must say which article they are."""
    unknown: int
    """Products without an article."""
    unsold: int
    """Articles without a product."""
    compared_at: int
    report: dict[str, Any]
    """Of the last compare."""
    findings: tuple[Noted, ...]


def status_of(settings: Settings, books: sqlite3.Connection, state: sqlite3.Connection, at: int = 0) -> Status:
    """How it is, from the channel's ``till.db`` and its ``webshop.db``; ``at``: the time, 0 for who works on it."""
    now = web_values.read_state(state)
    stands = "stopped" if now.stopped else "failing" if now.failing_since else "ok" if now.last_success else "new"
    since = now.failing_since
    if stands == "ok" and at - now.last_success > max(SILENT_MS, 3000 * settings.poll_seconds):
        stands, since = "silent", now.last_success
    why = now.stopped or now.code
    compared_at, report = web_values.last_report(state) or (0, {})
    commands = dict(state.execute("select state, count(*) from command group by state").fetchall())
    offers = dict(state.execute("select kind, count(*) from offer group by kind").fetchall())
    return Status(
        settings.code, settings.name, settings.kind, stands, since, why, json.loads(now.facts),
        _who(why, bool(now.stopped)), now.next_try, now.last_success, now.shop_name, now.version,
        commands.get("waiting", 0), commands.get("failed", 0), web_orders.open_orders(books, OPEN_STAGES),
        state.execute("select count(*) from link where gone = 0").fetchone()[0], offers.get("ambiguous", 0),
        offers.get("product", 0), now.unsold, compared_at, report,
        tuple(web_values.findings(state)),
    )  # fmt: skip


def read_status(folder: Path, settings: Settings, at: int) -> Status | None:
    """The same beside a running engine; None where the channel was never opened. StorageError as for any database."""
    path = folder / TILL_DB
    try:
        state = web_values.open_reader(folder)
    except StorageError as error:
        if error.code == "missing":
            return None
        raise
    with translated(path):
        try:
            books = sqlite3.connect(file_uri(path), uri=True, timeout=2, isolation_level=None)
            try:
                return status_of(settings, books, state, at)
            finally:
                books.close()
        finally:
            state.close()


def _who(code: str, stopped: bool) -> str:
    if stopped or code in KEYS:
        return "keys"
    if code in SETTINGS:
        return "settings"
    return "shop" if code else "nobody"
