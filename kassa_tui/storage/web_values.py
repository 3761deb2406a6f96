"""The values of ``webshop.db`` and how they are read, by the engine and beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kassa_tui.storage.database import StorageError, file_uri, translated

WEBSHOP_DB = "webshop.db"


@dataclass(slots=True)
class State:
    """Everything the engine remembers in single values. Times are UTC milliseconds."""

    cursor: int = 0
    """The shop's clock up to which its orders are in."""
    pulled_at: int = 0
    """When orders were last asked for and answered."""
    stocked_seq: int = 0
    """Entries of the channel's journal up to this one are reckoned in in what the shop shows."""
    shelf_mark: int = 0
    """The same of the shelf."""
    growth: int = 0
    """Pieces that the buffer had grown when stock was last written."""
    links_seq: int = 0
    """Links are taken from the journal up to this entry."""
    board_seq: int = 0
    """Tills were shown the orders up to this entry."""
    board_from: int = 0
    """Orders that were done before are off the tills' lists."""
    last_success: int = 0
    failing_since: int = 0
    """When the shop first did not answer, since then; 0 while it does."""
    code: str = ""
    """Why, as of the last try."""
    facts: str = "{}"
    """What goes into the words of ``code``; JSON."""
    tries: int = 0
    next_try: int = 0
    stopped: str = ""
    """Code for which everything stopped until a person has acted; empty while it runs."""
    key_mark: str = ""
    """The keys that were refused."""
    checked_at: int = 0
    """When the shop last said what it is."""
    shop_name: str = ""
    version: str = ""
    timezone: str = ""
    reserves: bool = False
    whole_units: bool = True
    unsold: int = 0
    """Articles without a product, when that was last looked at."""
    details_cursor: int = 0
    """The shop's clock up to which its products were looked at for what is taken over from it."""
    details_at: int = 0
    """When that was last done."""
    taking: list[dict[str, Any]] = field(default_factory=list)
    """What is being taken over from the shop: journaled when it is done, or at the next start."""
    night: str = ""
    """Local date of the last night's work."""


@dataclass(frozen=True, slots=True)
class Link:
    """A product of the shop and the article that it is."""

    product: str
    sku: str
    how: str
    """``id``, ``sku``, ``ean`` or ``person``."""
    by: str
    at: int
    name: str = ""
    gone: int = 0
    """When the product was first found missing in the shop; 0 while it is there."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something without its counterpart."""

    id: str
    """The shop's product, of kind ``article`` our SKU."""
    kind: str
    """``product``: no article fits; ``ambiguous``: several do, or the same article fits several; ``article``: the
    shop has no product for it."""
    sku: str
    ean: str
    name: str
    candidates: tuple[str, ...] = ()
    """SKUs, of kind ``ambiguous`` those that might be meant."""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """What a product is to show and does."""

    product: str
    want: int
    have: int | None
    """As last read back; None: not managed by the shop, or not known."""
    written_at: int = 0
    code: str = ""
    """Why it is not so; as of :class:`StockWritten`."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that the shop must still be told, or was."""

    key: str
    no: int
    kind: str
    body: dict[str, Any]
    state: str = "waiting"
    tries: int = 0
    error: str = ""
    facts: dict[str, Any] | None = None
    at: int = 0
    done_at: int = 0


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that a person should see to."""

    code: str
    key: str
    facts: dict[str, Any]
    at: int


COMMAND = "select key, no, kind, body, state, tries, error, facts, at, done_at from command"


def command(row: Sequence[Any]) -> Command:
    """A row of ``COMMAND``."""
    key, no, kind, body, state, tries, error, facts, at, done_at = row
    return Command(key, no, kind, json.loads(body), state, tries, error, json.loads(facts), at, done_at)


def commands(con: sqlite3.Connection, state: str, limit: int = -1) -> list[Command]:
    """Commands in one state, in order."""
    return [command(row) for row in con.execute(COMMAND + " where state = ? order by no limit ?", (state, limit))]


def links(con: sqlite3.Connection, *, gone: bool = False) -> dict[str, Link]:
    """Product → link."""
    sql = "select product, sku, how, by, at, name, gone from link" + ("" if gone else " where gone = 0")
    return {row[0]: Link(*row) for row in con.execute(sql)}


def offers(con: sqlite3.Connection, kind: str, limit: int = -1) -> list[Offer]:
    """What has no counterpart, by name."""
    sql = "select id, kind, sku, ean, name, candidates, at from offer where kind = ? order by name, id limit ?"
    rows = con.execute(sql, (kind, limit))
    return [Offer(id, kind, sku, ean, name, tuple(json.loads(may)), at) for id, kind, sku, ean, name, may, at in rows]


def findings(con: sqlite3.Connection) -> list[Noted]:
    """Everything that a person should see to, the oldest first."""
    rows = con.execute("select code, key, facts, at from finding order by at, code, key")
    return [Noted(code, key, json.loads(facts), at) for code, key, facts, at in rows]


def last_report(con: sqlite3.Connection) -> tuple[int, dict[str, Any]] | None:
    """When shop and channel were last compared, and what was found."""
    found = con.execute("select at, body from report").fetchone()
    return (found[0], json.loads(found[1])) if found else None


def read_state(con: sqlite3.Connection) -> State:
    """The single values."""
    return State(**read_values(con))


def open_reader(folder: Path) -> sqlite3.Connection:
    """Read ``webshop.db`` beside the engine; StorageError ``missing`` where there is none."""
    path = folder / WEBSHOP_DB
    if not path.exists():
        raise StorageError("missing", {"path": str(path)})
    with translated(path):
        return sqlite3.connect(file_uri(path), uri=True, timeout=2, isolation_level=None)


def as_json(facts: Mapping[str, Any] | None) -> str:
    """Facts as they are kept."""
    return json.dumps(facts or {}, ensure_ascii=False, sort_keys=True)


def values(state: State) -> dict[str, Any]:
    """Every single value by its name."""
    return {name: getattr(state, name) for name in State.__slots__}


def read_values(con: sqlite3.Connection) -> dict[str, Any]:
    """Every single value that is kept and understood."""
    usual = State()
    found: dict[str, Any] = {}
    for name, text in con.execute("select key, value from state"):
        if name in State.__slots__:
            value = json.loads(text)
            if isinstance(value, type(getattr(usual, name))):
                found[name] = value
    return found
