"""Who a Magento shop says it is, and what our keys may do there, found out without changing anything.

Whether something may be written is asked by writing what cannot be: for order 0, which no shop has, or of nothing. The
keys are looked at before the wish is, so a shop that finds fault with the wish has let the keys through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kassa_tui.sync.webshops.access import Access
from kassa_tui.sync.webshops.base import ShopFacts, Unauthorised, WebshopError
from kassa_tui.sync.webshops.magento_stock import DEFAULT, Books, Sources, enabled_sources
from kassa_tui.sync.webshops.magento_web import Rest, Row, rows, says, text

Probe = tuple[str, str, dict[str, Any]]
WRITES: tuple[Probe, ...] = (
    ("invoice", "order/0/invoice", {}),
    ("ship", "order/0/ship", {}),
    ("creditmemo", "order/0/refund", {}),
    ("cancel", "orders/0/cancel", {}),
    ("comment", "orders/0/comments", {}),
    ("pickup", "order/notify-orders-are-ready-for-pickup", {"orderIds": []}),
)
STOCK_WRITE: Probe = ("stock", "inventory/source-items", {"sourceItems": []})
DOCUMENTS = ("invoices", "creditmemos")
"""What orders are read with."""
PLAIN_VERSION = "2"
CURRENCY = "EUR"
FIRST_STORE = 1
"""The store view that every shop begins with."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found."""

    facts: ShopFacts
    website: str
    """Code of the website whose stock is sold."""
    store: int
    """Number of the store view that orders of ours belong to."""


def check(rest: Rest, access: Access, books: Callable[[], Books]) -> Checked:
    """All of it; Unauthorised where the keys may not even read orders, products or stock."""
    remarks: list[tuple[str, dict[str, Any]]] = []
    now = rest.search("orders", size=1, fields="items[entity_id]").at
    rest.search("products", size=1, fields="items[sku]")
    kept = books()
    config, website = _store(rest, access.options.store, remarks)
    currency = text(config, "base_currency_code") or CURRENCY
    if currency != CURRENCY:
        remarks.append(("other_currency", {"currency": currency}))
    if not access.https:
        remarks.append(("no_https", {}))
    version = _version(rest)
    if isinstance(kept, Sources):
        remarks += _sources(rest, kept, named=bool(access.options.sources))
    elif not access.options.legacy_stock:
        remarks.append(("old_version", {"version": version}))
    remarks += [("read_refused", {"what": what}) for what in DOCUMENTS if not _readable(rest, what)]
    writes = [*WRITES, STOCK_WRITE] if kept.reserves else [*WRITES]
    remarks += [("write_refused", {"what": name}) for name, path, body in writes if rest.may(path, body) is False]
    facts = ShopFacts(
        name=text(website, "name"), version=version, timezone=text(config, "timezone"), currency=currency, now=now,
        reserves=kept.reserves, whole_units=False, remarks=tuple(remarks),
    )  # fmt: skip
    return Checked(facts, text(website, "code"), _store_id(config))


def _readable(rest: Rest, what: str) -> bool:
    try:
        rest.search(what, size=1, fields="items[entity_id]")
    except Unauthorised:
        return False
    return True


def store_id(rest: Rest, store: str) -> int:
    """The number of our store view, where no check came first."""
    return _store_id(_store(rest, store, [])[0])


def _store_id(config: Row) -> int:
    told = text(config, "id")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else FIRST_STORE


def _store(rest: Rest, store: str, remarks: list[tuple[str, dict[str, Any]]]) -> tuple[Row, Row]:
    """Configuration and website of the store view that is ours; nothing where the keys may not see them."""
    try:
        configs, sites = rows(rest.get("store/storeConfigs")), rows(rest.get("store/websites"))
    except Unauthorised:
        remarks.append(("read_refused", {"what": "store"}))
        return {}, {}
    config = next((row for row in configs if text(row, "code") == store), configs[0] if configs else {})
    if store and text(config, "code") != store:
        remarks.append(("unknown_store", {"store": store}))
    site = next((row for row in sites if text(row, "id") == text(config, "website_id")), {})
    return config, site


def _sources(rest: Rest, kept: Sources, *, named: bool) -> list[tuple[str, dict[str, Any]]]:
    """What is odd about the sources: one that is not there or switched off, or several of which nobody said which."""
    there = enabled_sources(rest)
    missing = [code for code in kept.sources if not there.get(code)]
    found: list[tuple[str, dict[str, Any]]] = [("unknown_source", {"source": code}) for code in missing]
    others = [code for code, on in there.items() if on and code != DEFAULT]
    if not named and others:
        found.append(("several_sources", {"sources": ", ".join(others)}))
    return found


def _version(rest: Rest) -> str:
    """As the shop says to everybody (``Magento/2.4 (Community)``), unless its owner switched that off."""
    try:
        answer = rest.web.call("GET", "/magento_version")
    except WebshopError:
        return PLAIN_VERSION
    told = says(answer.body)
    return told.removeprefix("Magento/")[:40] if answer.status == 200 and told.startswith("Magento/") else PLAIN_VERSION
