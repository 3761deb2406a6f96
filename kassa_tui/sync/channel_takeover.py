"""A machine that took a till's place takes over the journals of its webshops too, before anybody works on them.

The till's own journal says that it replaced another. A webshop whose books are empty here may then have had some there:
the office is asked, and until it has answered nobody begins them anew, for numbers would be given out twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from kassa_tui.storage.backup import head
from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.database import file_uri, translated
from kassa_tui.storage.journal import REPLACED
from kassa_tui.storage.keys import verify
from kassa_tui.storage.takeover import Claims, Taken, Takeover
from kassa_tui.storage.till_store import TILL_DB, create
from kassa_tui.sync.channel.ownership import Owner
from kassa_tui.sync.journal_pages import journal_pages
from kassa_tui.sync.port import ChannelPort, OfficeError, OfficePort
from kassa_tui.sync.wire import SCHEMA, ChannelClaim

if TYPE_CHECKING:
    from kassa_tui.config import Config, Webshop
    from kassa_tui.storage.journal import Clock


class Road(ChannelPort, Protocol):
    """What the office is to the owner of webshops."""

    def of_channel(self, code: str) -> OfficePort:
        """The same for the journal of a channel."""


def awaits(config: Config, webshop: Webshop) -> bool:
    """Whether the books of a webshop that this till owns must come from the office first. StorageError."""
    if config.office is None or webshop.owner != config.till.id:
        return False
    path = channel_folder(config.till.data, webshop.code) / TILL_DB
    if path.exists() and head(path).seq:
        return False
    with translated(TILL_DB):
        con = sqlite3.connect(file_uri(config.till.data / TILL_DB), uri=True)
        try:
            sql = "select 1 from journal where kind = ? limit 1"
            return con.execute(sql, (REPLACED,)).fetchone() is not None
        finally:
            con.close()


def take_over(config: Config, webshop: Webshop, road: Road, clock: Clock, new_id: Callable[[], str]) -> Taken:
    """Fetch the books and go on behind them, with a key of this machine's. OfficeError, StorageError: try again later.

    It may stop at any point: what was not finished is begun anew.
    """
    folder = channel_folder(config.till.data, webshop.code)
    owner = Owner(folder, config.till.id, webshop.owner)
    try:
        key = create(folder).public.hex()
        answer = road.claim_channel(
            ChannelClaim(SCHEMA, webshop.code, webshop.name, webshop.kind, webshop.url, key, replaces=True)
        )
        if not answer.ok:
            raise OfficeError(answer.code or "channel_taken", answer.facts)
        high = [int(answer.facts.get("high", 0))]
        takeover = Takeover(folder, webshop.code, verify)
        try:
            for entries, keys in journal_pages(road.of_channel(webshop.code), webshop.code, high):
                takeover.add(entries, keys)
            return takeover.finish(Claims(high[0], int(answer.facts.get("receipt", 0))), clock, new_id)
        finally:
            takeover.close()
    finally:
        owner.release()
