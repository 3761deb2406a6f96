"""What the nightly compare of shop and channel found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from kassa_tui.sync.channel.details import Detail
from kassa_tui.sync.channel.importing import Linked
from kassa_tui.sync.channel.linking import LinkReport
from kassa_tui.sync.channel.stocking import Pushed

SHOWN = 200
"""Rows of each kind that are kept; the rest is counted."""


class Difference(msgspec.Struct, frozen=True):
    """A product whose number was not what it should be."""

    product: str
    sku: str
    want: int
    have: int | None


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
    other_details: int
    """Prices, tariffs and barcodes that the two do not agree on, and that are not each one's own affair."""
    differences: tuple[Difference, ...] = ()
    details: tuple[Detail, ...] = ()

    def counts(self) -> dict[str, Any]:
        """Facts for the journal."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in found.items() if isinstance(value, int)}


def compared(linked: Linked, links: LinkReport, pushed: Pushed, details: Sequence[Detail], at: int) -> Report:
    """Everything that was found, in one value."""
    return Report(
        at=at, products=links.products, linked=len(linked.by_product), read=pushed.read,
        different=len(pushed.differences), fixed=pushed.written, not_taken=pushed.failed, gone=len(links.gone),
        new=len(links.linked), ambiguous=len(links.ambiguous), unknown=len(links.unknown), unsold=links.unsold_count,
        other_details=len(details), differences=tuple(Difference(*row) for row in pushed.differences[:SHOWN]),
        details=tuple(details[:SHOWN]),
    )  # fmt: skip
