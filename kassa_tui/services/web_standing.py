"""How the webshops that this till talks to stand, as far as whoever hands out orders has to know: nothing where all is
well. Looks at what the agent keeps beside its channels, and asks nobody."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.storage import web_values
from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.database import StorageError, translated

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

LATE_MS = 10 * 60_000
"""A shop that was not spoken to for so long, or something that waits for so long, is told."""


@dataclass(frozen=True, slots=True)
class WebStanding:
    """A webshop with which something is the matter."""

    name: str
    state: str
    """``failing`` (tried again by itself), ``stopped`` (waits for a person), ``silent`` (nobody asks it), ``waiting``
    (it answers and something still waits), ``refused`` (it answers and did not want something)."""
    since: int = 0
    """UTC milliseconds."""
    why: str = ""
    """Code of what is wrong, with ``facts``; empty where there is none."""
    waiting: int = 0
    """What the shop must still be told, or refused."""
    facts: dict[str, Any] = field(default_factory=dict)


def standings(till: Till) -> list[WebStanding]:
    """Of each webshop that this till talks to and that is not well."""
    now = till.clock.now().at
    owned = [webshop for webshop in till.config.webshops if webshop.owner == till.config.till.id]
    found = (_of(channel_folder(till.config.till.data, webshop.code), webshop.name, now,
                 max(LATE_MS, 3000 * webshop.poll_seconds)) for webshop in owned)  # fmt: skip
    return [each for each in found if each is not None]


def _of(folder: Path, name: str, now: int, late: int) -> WebStanding | None:
    try:
        con = web_values.open_reader(folder)
        try:
            with translated():
                return _judged(con, name, now, late)
        finally:
            con.close()
    except StorageError as error:
        return WebStanding(name, "silent", 0, "" if error.code == "missing" else error.code, facts=error.facts)


def _judged(con: sqlite3.Connection, name: str, now: int, late: int) -> WebStanding | None:
    state = web_values.read_state(con)
    waiting = {row[0]: (row[1], row[2])
               for row in con.execute("select state, count(*), min(at) from command group by state")}  # fmt: skip
    told, oldest = waiting.get("waiting", (0, 0))
    refused, first = waiting.get("failed", (0, 0))
    if state.stopped:
        return WebStanding(name, "stopped", state.failing_since, state.stopped, told, json.loads(state.facts))
    if state.failing_since:
        return WebStanding(name, "failing", state.failing_since, state.code, told, json.loads(state.facts))
    if now - state.last_success > late:
        return WebStanding(name, "silent", state.last_success, waiting=told)
    if told and now - oldest > late:
        return WebStanding(name, "waiting", oldest, waiting=told)
    return WebStanding(name, "refused", first, waiting=refused) if refused else None
