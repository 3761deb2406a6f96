"""An article made of a product that has none, and a product of an article that the shop lacks, when a person asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kassa_tui.domain.gtin import gtin14
from kassa_tui.sync.channel.details import Details, printed, pushed_code
from kassa_tui.sync.channel.importing import Linked
from kassa_tui.sync.channel.linking import Linker
from kassa_tui.sync.channel.ports import Articles, NewArticle
from kassa_tui.sync.webshops.base import Connector, NewProduct, Permanent, Unanswered, WebProduct

SKU_CHARS = 40


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it; where ``code`` is not empty it says why nothing was made."""

    product: str
    sku: str
    code: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Maker:
    """Makes one from the other, and links them."""

    def __init__(self, linked: Linked, linker: Linker, articles: Articles, details: Details) -> None:
        self._linked, self._linker, self._articles, self._details = linked, linker, articles, details

    def article(self, connector: Connector, product_id: str, by: str) -> Made:
        """An article of a product of the shop."""
        product = connector.product(product_id)
        if product is None:
            return Made(product_id, "", "unknown_product", {"product": product_id})
        link = self._linked.by_product.get(product_id)
        if link is not None:
            return Made(product_id, link.sku, "linked_already", {"product": product_id, "sku": link.sku})
        code, facts, new = self._new_article(product)
        if new is not None:
            code = self._articles.make(new)
        if code or new is None:
            return Made(product_id, "", code, facts)
        self._linker.by_hand(product_id, new.sku, by, product.name)
        return Made(product_id, new.sku)

    def product(self, connector: Connector, sku: str, by: str) -> Made:
        """A product of an article of ours."""
        article = next(iter(self._articles.some([sku])), None)
        if article is None:
            return Made("", sku, "unknown_sku", {"sku": sku})
        if linked := self._linked.by_sku.get(sku):
            return Made(linked[0], sku, "linked_already", {"product": linked[0], "sku": sku})
        vat_class = self._details.class_of(article)
        if vat_class is None:
            return Made("", sku, "vat_unclear", {"sku": sku, "vat": article.vat_code})
        new = NewProduct(sku=sku, name=article.name, price=article.price, rate=article.rate, vat_class=vat_class,
                         ean=pushed_code(article.codes) or "")  # fmt: skip
        try:
            found = self._there(connector, sku) or self._sent(connector, new)
        except Permanent as error:
            return Made("", sku, error.code, error.facts)
        self._linker.by_hand(found.id, sku, by, found.name)
        return Made(found.id, sku)

    def _there(self, connector: Connector, sku: str) -> WebProduct | None:
        """The product that has the SKU already, as after an answer that was lost."""
        found = connector.products(sku=sku)
        free = [each for each in found if each.sellable and each.id not in self._linked.by_product]
        if found and len(free) != 1:
            raise Permanent("duplicate_code", {"code": sku})
        return free[0] if free else None

    def _sent(self, connector: Connector, new: NewProduct) -> WebProduct:
        try:
            return connector.make_product(new)
        except Unanswered:
            found = self._there(connector, new.sku)
            if found is None:
                raise
            return found

    def _new_article(self, product: WebProduct) -> tuple[str, dict[str, Any], NewArticle | None]:
        """What the article is to be, or why it cannot be made."""
        about = {"product": product.id, "name": product.name or product.id}
        ean = printed(product.ean) or ""
        sku = product.sku or ean
        if not product.sellable:
            return "not_sellable", about, None
        if not sku or len(sku) > SKU_CHARS or not sku.isprintable():
            return "no_sku", about, None
        if self._articles.by_sku(sku) is not None:
            return "sku_taken", {**about, "sku": sku}, None
        if product.price is None:
            return "no_price", about, None
        vat_code = self._details.code_of(product)
        if vat_code is None:
            return "vat_unknown", {**about, "sku": sku, "vat_class": product.vat_class}, None
        if ean and self._articles.by_code(gtin14(ean) or ean):
            return "code_of_other", {**about, "sku": sku, "code": ean}, None
        new = NewArticle(sku, (product.name or sku)[:200], product.price, vat_code, (ean,) if ean else ())
        return "", {**about, "sku": sku}, new
