"""Articles that changed, for a webshop that is to have the same price, VAT or barcode.

What the shop has is not asked for here: the night's comparing finds what differs there, and has it told too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from kassa_tui.storage import web_details
from kassa_tui.storage.database import StorageError
from kassa_tui.sync.channel.details import pushed_code

if TYPE_CHECKING:
    from kassa_tui.storage.web_state import WebState
    from kassa_tui.sync.channel.engine import Engine
    from kassa_tui.sync.channel.ports import Article

log = logging.getLogger("kassa.webshop")


class Known(Protocol):
    """Where articles are known."""

    def some(self, skus: Iterable[str]) -> Iterator[Article]:
        """These, as they are sold now."""


class DetailWatch:
    """Looks after each change of the catalogue, of the links, and of the day: prices may be for some days only."""

    def __init__(self, engine: Engine, state: WebState, articles: Known, mark: Callable[[], object]) -> None:
        self._engine, self._state, self._articles, self._mark = engine, state, articles, mark
        self._seen: object = None

    def look(self) -> int:
        """Have the shop told of every article that changed since the last look; how many products."""
        if not self._engine.details.pushes:
            return 0
        try:
            return self._looked()
        except StorageError as error:
            log.warning("articles of webshop %s: %s %s", self._engine.settings.code, error.code, error.facts)
            return 0

    def _looked(self) -> int:
        mark = (self._mark(), self._state.now.links_seq)
        if mark == self._seen:
            return 0
        now = {
            article.sku: web_details.Kept(
                article.price, article.rate, article.vat_code, pushed_code(article.codes) or ""
            )
            for article in self._articles.some({link.sku for link in self._state.links().values()})
        }
        with self._state.together():
            found = self._engine.details.changed(web_details.changed(self._state.con, now))
            web_details.keep(self._state, now)
        self._seen = mark
        return found
