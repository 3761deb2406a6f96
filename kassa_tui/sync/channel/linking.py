"""Which product of the shop is which article: by SKU, else by barcode, and where that leaves a doubt by a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kassa_tui.storage import web_orders
from kassa_tui.storage.web_state import WebState
from kassa_tui.storage.web_values import Link, Offer
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.importing import Linked
from kassa_tui.sync.channel.ports import Articles
from kassa_tui.sync.webshops.base import Connector, WebProduct

AT_ONCE = 500
"""Links in one entry."""
SHOWN_UNSOLD = 5000
"""Articles without a product that are kept by name; a big till sells many that no webshop has."""


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What linking found; with ``report`` nothing was changed."""

    report: bool
    products: int
    """That the shop sells."""
    kept: int
    """Linked before, and still there."""
    linked: tuple[Link, ...]
    """New ones."""
    ambiguous: tuple[Offer, ...]
    unknown: tuple[Offer, ...]
    """Products without an article."""
    unsold: tuple[Offer, ...]
    """Articles without a product, the first of them."""
    unsold_count: int
    """All of them."""
    gone: tuple[Link, ...]
    """Linked, and no more in the shop."""


class Linker:
    """Makes links, in the journal and from it."""

    def __init__(
        self, channel: Channel, state: WebState, linked: Linked, articles: Articles, now: Callable[[], int]
    ) -> None:
        self._channel, self._state, self._linked, self._articles = channel, state, linked, articles
        self._now = now

    def catch_up(self) -> list[str]:
        """Take the links from the journal that are not in the tables yet; their products."""
        now, changed = self._state.now, list[str]()
        with self._state.together():
            for seq, at, kind, facts in web_orders.link_entries(self._channel.con, now.links_seq):
                rows = facts["links"]
                changed += [row["product"] for row in rows]
                if kind == web_orders.LINKED:
                    self._state.put_links(
                        Link(row["product"], row["sku"], row["how"], facts["by"], at, row.get("name", ""))
                        for row in rows
                    )
                else:
                    self._state.drop_links(row["product"] for row in rows)
                now.links_seq = seq
            self._state.save()
        if changed:
            self._linked.read()
        return changed

    def link(self, products: Sequence[WebProduct], *, report: bool, apply: bool = True) -> LinkReport:
        """Link what is certain of all products of the shop. Without ``apply`` what is new is only offered."""
        found = self._look(products, report)
        if report:
            return found
        if apply and found.linked:
            self._record(web_orders.LINKED, found.linked, "")
        at = self._now()
        with self._state.together():
            offers = [*found.unknown, *found.ambiguous, *found.unsold]
            if not apply:
                offers += [Offer(x.product, "product", x.sku, "", x.name, (x.sku,), at) for x in found.linked]
            self._state.put_offers(("product", "ambiguous", "article"), offers)
            self._state.now.unsold = found.unsold_count
            self._state.save()
            self._missing(found.gone, {product.id for product in products}, at)
        self.catch_up()
        self._linked.read()
        return found

    def _missing(self, gone: Iterable[Link], there: set[str], at: int) -> None:
        """Note what is gone, and what came back."""
        known = self._state.links(gone=True)
        changed = [link for link in known.values() if link.gone and link.product in there]
        self._state.put_links(_with_gone(link, 0) for link in changed)
        self._state.put_links(_with_gone(link, at) for link in gone)
        self._state.clear("product_gone", [link.product for link in known.values() if link.product in there])
        for link in gone:
            facts = {"product": link.product, "sku": link.sku, "name": link.name}
            self._state.note("product_gone", link.product, facts, at)

    def by_hand(self, product: str, sku: str, by: str, name: str = "") -> None:
        """A person says that these are one."""
        self._record(web_orders.LINKED, [Link(product, sku, "person", by, self._now(), name)], by)
        self.catch_up()

    def undo(self, product: str, by: str) -> bool:
        """A person says that they are not; False where they were not linked."""
        link = self._state.links(gone=True).get(product)
        if link is None:
            return False
        self._record(web_orders.UNLINKED, [link], by)
        self.catch_up()
        return True

    def _record(self, kind: str, links: Sequence[Link], by: str) -> None:
        for start in range(0, len(links), AT_ONCE):
            rows = [
                {"product": x.product, "sku": x.sku, "how": x.how, **({"name": x.name} if x.name else {})}
                for x in links[start : start + AT_ONCE]
            ]
            self._channel.record_all([(kind, {"links": rows, "by": by})], by)

    def _look(self, products: Sequence[WebProduct], report: bool) -> LinkReport:
        links, at = self._state.links(gone=True), self._now()
        sold = [product for product in products if product.sellable]
        twice = {"sku": _twice(x.sku for x in sold), "ean": _twice(x.ean for x in sold)}
        fresh, ambiguous, unknown = list[Link](), list[Offer](), list[Offer]()
        for product in sold:
            if product.id in links:
                continue
            how, skus = self._candidates(product)
            if len(skus) == 1 and getattr(product, how) not in twice[how]:
                fresh.append(Link(product.id, skus[0], how, "", at, product.name))
            else:
                kind = "ambiguous" if skus else "product"
                row = Offer(product.id, kind, product.sku, product.ean, product.name, tuple(skus), at)
                (ambiguous if skus else unknown).append(row)
        there = {product.id for product in products}
        unsold, count = self._unsold({x.sku for x in fresh} | {x.sku for x in links.values()}, at)
        return LinkReport(
            report, len(sold), sum(name in there for name in links), tuple(fresh), tuple(ambiguous), tuple(unknown),
            tuple(unsold), count, tuple(link for link in links.values() if link.product not in there and not link.gone),
        )  # fmt: skip

    def _candidates(self, product: WebProduct) -> tuple[str, list[str]]:
        """How an article was found, and which ones it may be: SKU and barcode must not speak of different ones."""
        by_code = self._articles.by_code(product.ean) if product.ean else []
        if product.sku and self._articles.by_sku(product.sku) is not None:
            return "sku", [product.sku, *(sku for sku in by_code if sku != product.sku)]
        return "ean", list(dict.fromkeys(by_code))

    def _unsold(self, linked: set[str], at: int) -> tuple[list[Offer], int]:
        found, count = list[Offer](), 0
        for article in self._articles.all():
            if article.sku in linked:
                continue
            count += 1
            if count <= SHOWN_UNSOLD:
                code = article.codes[0] if article.codes else ""
                found.append(Offer(article.sku, "article", article.sku, code, article.name, (), at))
        return found, count


def all_products(connector: Connector) -> list[WebProduct]:
    """Everything that the shop has, each once."""
    found: dict[str, WebProduct] = {}
    for page in connector.pull_products(0):
        found.update((product.id, product) for product in page.products)
    return list(found.values())


def _twice(texts: Iterable[str]) -> set[str]:
    seen, twice = set[str](), set[str]()
    for text in texts:
        (twice if text in seen else seen).add(text)
    return twice


def _with_gone(link: Link, at: int) -> Link:
    return Link(link.product, link.sku, link.how, link.by, link.at, link.name, at)
