"""Prices that changed at the till, for a webshop that is to have the same: looked for when articles may be others.

What the shop has is not asked for here: the night's comparing finds what differs there, and has it told too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from kassa_tui.storage import web_prices
from kassa_tui.storage.database import StorageError

if TYPE_CHECKING:
    from kassa_tui.storage.web_state import WebState
    from kassa_tui.sync.channel.comparing import Report
    from kassa_tui.sync.channel.engine import Engine
    from kassa_tui.sync.channel.ports import Article

log = logging.getLogger("kassa.webshop")


class Priced(Protocol):
    """Where prices are known."""

    def by_sku(self, sku: str) -> Article | None:
        """The article as it is sold now."""


class PriceWatch:
    """Looks after each change of the catalogue, of the links, and of the day: prices may be for some days only."""

    def __init__(self, engine: Engine, state: WebState, articles: Priced, mark: Callable[[], object]) -> None:
        self._engine, self._state, self._articles, self._mark = engine, state, articles, mark
        self._seen: object = None

    def look(self) -> int:
        """Have the shop told of every price that changed since the last look; how many products."""
        if self._engine.settings.prices != "push":
            return 0
        try:
            return self._looked()
        except StorageError as error:
            log.warning("prices of webshop %s: %s %s", self._engine.settings.code, error.code, error.facts)
            return 0

    def _looked(self) -> int:
        mark = (self._mark(), self._state.now.links_seq)
        if mark == self._seen:
            return 0
        now: dict[str, tuple[int, int]] = {}
        for sku in {link.sku for link in self._state.links().values()}:
            article = self._articles.by_sku(sku)
            if article is not None:
                now[sku] = (article.price, article.rate)
        with self._state.together():
            found = self._engine.price_changed(web_prices.changed(self._state.con, now))
            web_prices.keep(self._state, now)
        self._seen = mark
        return found


def tell_differences(engine: Engine, report: Report) -> int:
    """Have the shop told of the prices that comparing found to differ; how many products."""
    return engine.price_changed([price.sku for price in report.prices])
