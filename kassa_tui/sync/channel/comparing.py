"""What the nightly compare of shop and channel found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from kassa_tui.sync.channel.importing import Linked
from kassa_tui.sync.channel.linking import LinkReport
from kassa_tui.sync.channel.ports import Articles
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.channel.stocking import Pushed
from kassa_tui.sync.webshops.base import WebProduct

SHOWN = 200
"""Rows of each kind that are kept; the rest is counted."""


class Difference(msgspec.Struct, frozen=True):
    """A product whose number was not what it should be."""

    product: str
    sku: str
    want: int
    have: int | None


class Price(msgspec.Struct, frozen=True):
    """A product with another price than its article; cents with VAT."""

    product: str
    sku: str
    ours: int
    theirs: int


class Report(msgspec.Struct, frozen=True):
    """Shop and channel, compared."""

    at: int
    products: int
    """That the shop sells."""
    linked: int
    read: int
    """Whose stock was looked at."""
    different: int
    fixed: int
    """Of these, those that are right now."""
    not_taken: int
    """Of these, those that the shop did not take."""
    gone: int
    """Linked products that the shop has no more."""
    new: int
    """Products that could be linked, and are offered."""
    ambiguous: int
    unknown: int
    unsold: int
    other_prices: int
    differences: tuple[Difference, ...] = ()
    prices: tuple[Price, ...] = ()

    def counts(self) -> dict[str, Any]:
        """Facts for the journal."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in found.items() if isinstance(value, int)}


def compared(
    settings: Settings, articles: Articles, linked: Linked, products: Sequence[WebProduct], links: LinkReport,
    pushed: Pushed, at: int,
) -> Report:  # fmt: skip
    """Everything that was found, in one value."""
    prices = _prices(settings, articles, linked, products)
    return Report(
        at=at, products=links.products, linked=len(linked.by_product), read=pushed.read,
        different=len(pushed.differences), fixed=pushed.written, not_taken=pushed.failed, gone=len(links.gone),
        new=len(links.linked), ambiguous=len(links.ambiguous), unknown=len(links.unknown), unsold=links.unsold_count,
        other_prices=len(prices), differences=tuple(Difference(*row) for row in pushed.differences[:SHOWN]),
        prices=tuple(prices[:SHOWN]),
    )  # fmt: skip


def _prices(settings: Settings, articles: Articles, linked: Linked, products: Sequence[WebProduct]) -> list[Price]:
    if settings.prices == "no":
        return []
    found = []
    for product in products:
        link = linked.by_product.get(product.id)
        article = articles.by_sku(link.sku) if link else None
        if article is not None and product.price is not None and product.price != article.price:
            found.append(Price(product.id, article.sku, article.price, product.price))
    return found
