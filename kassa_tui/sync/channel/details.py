"""What an article and its product must agree on, price, VAT and barcode: who of the two is right, and what follows.

Of each the owner says whether ours goes to the shop, the shop's comes to us, or neither. What goes to the shop is
queued as a command that looks at the product first, so that nothing is written that is there already. What comes from
it is taken over by whoever owns the articles, and journaled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage import web_orders
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.importing import Linked
from kassa_tui.sync.channel.ports import Article, ArticleChange, Articles
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.webshops.base import Connector, Permanent, ProductChange, VatClass, WebProduct

What = Literal["price", "vat", "ean"]
PRICE: What = "price"
VAT: What = "vat"
EAN: What = "ean"
COMMAND = "details"
BETWEEN_MS = 600_000
"""Between two looks at what is taken over of the shop's products."""
PUSH_FINDING, PULL_FINDING, APART = "vat_unclear", "vat_unknown", "details_apart"
TAKE_FINDINGS = ("articles_of_office", "article_invalid", "price_dated", "code_of_other", PULL_FINDING, APART)
"""Codes of why the shop's word was not taken over."""
_OWN_NUMBERS = ("02", "04", "2")
"""GTINs of 13 digits that a shop gives out itself (GS1 General Specifications 1.4.5): nobody else's business."""


class Detail(msgspec.Struct, frozen=True):
    """Something of a product that is other than of its article."""

    product: str
    sku: str
    what: What
    ours: int | str
    """Cents with VAT, VAT code, or barcode."""
    theirs: int | str
    """Cents with VAT, the shop's class, or barcode."""


class Details:
    """Compares, and brings into line."""

    def __init__(
        self, settings: Settings, channel: Channel, state: WebState, linked: Linked, articles: Articles,
        classes: Callable[[], Sequence[VatClass]], now: Callable[[], int],
    ) -> None:  # fmt: skip
        self._settings, self._channel, self._state, self._linked = settings, channel, state, linked
        self._articles, self._classes, self._now = articles, classes, now
        self._ways: Mapping[What, str] = {PRICE: settings.prices, VAT: settings.vat, EAN: settings.eans}

    @property
    def pushes(self) -> bool:
        """Whether anything goes to the shop."""
        return "push" in self._ways.values()

    @property
    def pulls(self) -> bool:
        """Whether anything comes from it."""
        return "pull" in self._ways.values()

    def changed(self, skus: Iterable[str]) -> int:
        """Articles are others than before: have the shop told, where that is wanted; how many products."""
        if not self.pushes:
            return 0
        return self._queue(product for sku in skus for product in self._linked.by_sku.get(sku, ()))

    def turn(self, connector: Connector) -> None:
        """Take over what changed in the shop, now and then."""
        now = self._state.now
        if not self.pulls or self._now() - now.details_at < BETWEEN_MS:
            return
        pages = list(connector.pull_products(now.details_cursor))
        self.settle([product for page in pages for product in page.products])
        now.details_cursor, now.details_at = pages[0].cursor if pages else now.details_cursor, self._now()

    def look_again(self) -> None:
        """Articles may have lost what was taken over, as by an import: all products are looked at."""
        self._state.now.details_cursor = self._state.now.details_at = 0

    def settle(self, products: Sequence[WebProduct]) -> list[Detail]:
        """Find what differs, have the shop told of ours, and take over what is theirs; all that differed."""
        found = self.differences(products)
        self._queue(each.product for each in found if self._ways[each.what] == "push")
        if self.pulls:
            self._take([each for each in found if self._ways[each.what] == "pull"], products)
        return found

    def differences(self, products: Iterable[WebProduct]) -> list[Detail]:
        """What differs of these products and is not to be left alone."""
        if not (self.pushes or self.pulls):
            return []
        linked = self._linked.by_product
        pairs = [(product, linked[product.id].sku) for product in products if product.id in linked]
        articles = {article.sku: article for article in self._articles.some({sku for _, sku in pairs})}
        return [
            detail
            for product, sku in pairs
            if (article := articles.get(sku)) is not None
            for detail in self._compared(product, article)
        ]

    def bring(self, connector: Connector, product_id: str) -> None:
        """Tell the shop what of a product is to be as we have it, where it is not."""
        link = self._linked.by_product.get(product_id)
        if link is None:
            return
        product = connector.product(product_id)
        if product is None:
            raise Permanent("unknown_product", {"product": product_id})
        article = next(iter(self._articles.some([link.sku])), None)
        if article is None:
            return
        differs = {each.what for each in self._compared(product, article) if self._ways[each.what] == "push"}
        vat_class = self.class_of(article) if VAT in differs else None
        self._state.clear(PUSH_FINDING, [article.sku])
        if VAT in differs and vat_class is None:
            differs.discard(VAT)
            self._note(PUSH_FINDING, article.sku, {"sku": article.sku, "vat": article.vat_code})
        if not differs:
            return
        if VAT in differs and self._ways[PRICE] == "push":
            # A shop that keeps prices without VAT would ask another one of its customers.
            differs.add(PRICE)
        known = product.rate if vat_class is None else None
        connector.change_product(ProductChange(
            product=product_id, price=article.price if PRICE in differs else None,
            rate=article.rate if known is None else known, vat_class=vat_class,
            ean=pushed_code(article.codes) if EAN in differs else None,
        ))  # fmt: skip

    def class_of(self, article: Article) -> str | None:
        """The shop's class for an article: as the owner says, else the only one with its rate."""
        if article.vat_code in self._settings.vat_classes:
            return self._settings.vat_classes[article.vat_code]
        found = [each.name for each in self._classes() if each.rate == article.rate]
        return found[0] if len(found) == 1 else None

    def code_of(self, product: WebProduct) -> str | None:
        """Our VAT code for a product: as the owner says, else that of its rate."""
        found = [code for code, name in self._settings.vat_classes.items() if name == product.vat_class]
        if len(found) == 1:
            return found[0]
        return None if product.rate is None else self._articles.vat_codes().get(product.rate)

    def _compared(self, product: WebProduct, article: Article) -> Iterable[Detail]:
        about = (product.id, article.sku)
        if self._ways[PRICE] != "no" and product.price is not None and product.price != article.price:
            yield Detail(*about, PRICE, article.price, product.price)
        if self._ways[VAT] != "no" and not self._same_vat(product, article):
            yield Detail(*about, VAT, article.vat_code, product.vat_class)
        ours = pushed_code(article.codes) or ""
        if self._ways[EAN] == "push" and ours and not _among(product.ean, article.codes):
            yield Detail(*about, EAN, ours, product.ean)
        if self._ways[EAN] == "pull" and gtin14(product.ean) and not _among(product.ean, article.codes):
            yield Detail(*about, EAN, ours, product.ean)

    def _same_vat(self, product: WebProduct, article: Article) -> bool:
        """Whether nothing is to be done: two codes with one rate, as "zero" and "none", are told apart by the owner's
        own table only."""
        pushes = self._ways[VAT] == "push"
        wanted = self.class_of(article) if pushes else self._settings.vat_classes.get(article.vat_code)
        if wanted is not None:
            return product.vat_class == wanted
        if product.rate is None:
            return pushes
        return product.rate == article.rate

    def _queue(self, products: Iterable[str]) -> int:
        waiting = {each.body.get("product") for each in self._state.waiting() if each.kind == COMMAND}
        fresh = [product for product in dict.fromkeys(products) if product not in waiting]
        at = self._now()
        for product in fresh:
            self._state.queue_again(f"{COMMAND}:{product}", COMMAND, {"product": product}, at)
        return len(fresh)

    def _take(self, found: Sequence[Detail], products: Sequence[WebProduct]) -> None:
        there = {product.id: product for product in products}
        # What was in the way is found again where it still is.
        for code in TAKE_FINDINGS:
            self._state.clear(code, [f"{product}:{what}" for product in there for what in (PRICE, VAT, EAN)])
        wanted: list[tuple[Detail, ArticleChange]] = []
        seen: set[tuple[str, What]] = set()
        for detail in found:
            if (detail.sku, detail.what) in seen:
                continue
            seen.add((detail.sku, detail.what))
            change = self._change(detail, there)
            if change is not None:
                wanted.append((detail, change))
        if not wanted:
            return
        rows = [
            {"sku": detail.sku, "product": detail.product, "what": detail.what, "was": detail.ours, "now": change.value}
            for detail, change in wanted
        ]
        self._intend(rows)
        answers = self._articles.take_over([change for _, change in wanted])
        for (detail, _), code in zip(wanted, answers, strict=True):
            if code:
                self._refused(code, detail)
        self._record([row for row, code in zip(rows, answers, strict=True) if not code])

    def finish(self) -> None:
        """Journal what was taken over when the power went: that the articles have it says that it was done."""
        rows = self._state.now.taking
        if not rows:
            return
        articles = {article.sku: article for article in self._articles.some({row["sku"] for row in rows})}
        self._record([row for row in rows if row["sku"] in articles and _has(articles[row["sku"]], row)])

    def _intend(self, rows: list[dict[str, Any]]) -> None:
        self._state.now.taking = rows
        self._state.save()

    def _record(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._channel.record_all([(web_orders.ARTICLES, {"changed": rows})])
        self._intend([])

    def _change(self, detail: Detail, there: Mapping[str, WebProduct]) -> ArticleChange | None:
        """What the article is to become; None where that is not certain, which is noted."""
        siblings = [there.get(product) for product in self._linked.by_sku[detail.sku]]
        values = {None if each is None else self._value(each, detail.what) for each in siblings}
        if len(values) > 1 and detail.what != EAN:
            # Of several products for one article some say otherwise, or were not asked.
            if None not in siblings:
                self._refused(APART, detail)
            return None
        value = self._value(there[detail.product], detail.what)
        if value is None:
            self._refused(PULL_FINDING, detail)
            return None
        if detail.what == PRICE and value == 0:
            # Nothing is given away because somebody forgot a price.
            self._refused("article_invalid", detail)
            return None
        return ArticleChange(detail.sku, detail.what, value)

    def _value(self, product: WebProduct, what: What) -> int | str | None:
        if what == VAT:
            return self.code_of(product)
        return product.price if what == PRICE else product.ean

    def _refused(self, code: str, detail: Detail) -> None:
        facts = {"product": detail.product, "sku": detail.sku, "code": str(detail.theirs), "vat_class": detail.theirs}
        self._note(code, f"{detail.product}:{detail.what}", facts)

    def _note(self, code: str, key: str, facts: Mapping[str, object]) -> None:
        self._state.note(code, key, facts, self._now())


def pushed_code(codes: Iterable[str]) -> str | None:
    """The first barcode that means the same in another shop, as it stands on the packing; None where there is none."""
    for code in codes:
        shown = printed(code)
        if shown and not shown.startswith(_OWN_NUMBERS if len(shown) == 13 else ("2",)):
            return shown
    return None


def printed(code: str) -> str | None:
    """A GTIN without the zeros that were put before it: 8, 13 or 14 digits; None for what is none."""
    whole = gtin14(code)
    if whole is None:
        return None
    if whole.startswith("000000"):
        return whole[6:]
    return whole[1:] if whole.startswith("0") else whole


def _has(article: Article, row: Mapping[str, Any]) -> bool:
    if row["what"] == EAN:
        return _among(str(row["now"]), article.codes)
    return bool(row["now"] == (article.price if row["what"] == PRICE else article.vat_code))


def _among(ean: str, codes: Iterable[str]) -> bool:
    wanted = gtin14(ean)
    return wanted is not None and any(gtin14(code) == wanted for code in codes)
