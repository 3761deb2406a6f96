"""Articles of a till that owns a webshop: as they are sold, and as the webshop has them where that is what counts.

Only a till without an office owns its articles; with one, nothing is changed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kassa_tui.domain.catalogue import GOODS
from kassa_tui.domain.catalogue import Article as SoldArticle
from kassa_tui.domain.gtin import gtin14
from kassa_tui.storage.own_rows import OwnRows, writing
from kassa_tui.sync.channel.ports import Article, ArticleChange, NewArticle
from kassa_tui.sync.webshop_till import Folder
from kassa_tui.sync.wire import Row

NEW_GROUP = "Webshop"
"""Group of articles that only the webshop had."""


class TillArticles:
    """What this till sells. ``country``: whose VAT it reckons with; None where an office owns the articles."""

    def __init__(self, folder: Folder, country: str | None) -> None:
        self._folder, self._country = folder, country

    def by_sku(self, sku: str) -> Article | None:
        """The article as it is sold today."""
        found = self._folder.shop.by_sku(sku, self._folder.today)
        return None if found is None or found.kind != GOODS else _article(found)

    def by_code(self, code: str) -> list[str]:
        """The article with this barcode: a till has one for each."""
        found = self._folder.shop.by_code(gtin14(code) or code, self._folder.today)
        return [found.sku] if found is not None and found.kind == GOODS and found.sku != code else []

    def all(self) -> Iterator[Article]:
        """Every article that is sold, with its barcodes."""
        for sku, codes in self._folder.shop.goods():
            found = self._folder.shop.by_sku(sku, self._folder.today)
            if found is not None:
                yield _article(found, codes)

    def some(self, skus: Iterable[str]) -> Iterator[Article]:
        """These, as far as they are sold, with their barcodes."""
        wanted = sorted(skus)
        codes = self._folder.shop.codes(wanted)
        for sku in wanted:
            found = self._folder.shop.by_sku(sku, self._folder.today)
            if found is not None and found.kind == GOODS:
                yield _article(found, codes.get(sku, ()))

    def vat_codes(self) -> dict[int, str]:
        """VAT rate in force → its code; of two codes with one rate the one that goods usually have."""
        rates = self._folder.shop.vat_rates(self._folder.today)
        return {rate: code for code, rate in reversed(rates.items())}

    def take_over(self, changes: Sequence[ArticleChange]) -> list[str]:
        """Change articles in ``shop.db``, all at once; StorageError where another is at work on it."""
        if self._country is None:
            return ["articles_of_office"] * len(changes)
        answers = []
        with writing(self._folder.data, self._country) as own:
            rows = dict[str, dict[str, Any]]()
            for change in changes:
                data = rows.get(change.sku) or own.article(change.sku)
                code = "unknown_sku" if data is None else self._changed(own, data, change)
                if data is not None and not code:
                    rows[change.sku] = data
                answers.append(code)
            put = own.put([Row(0, "article", sku, "put", data) for sku, data in rows.items()])
        refused = {sku for _, sku, _ in put.refused}
        return [code or ("article_invalid" if change.sku in refused else "")
                for code, change in zip(answers, changes, strict=True)]  # fmt: skip

    def _changed(self, own: OwnRows, data: dict[str, Any], change: ArticleChange) -> str:
        """Put what changes into an article's data; why not."""
        if change.what == "price":
            sold = self._folder.shop.by_sku(change.sku, self._folder.today)
            if sold is not None and sold.price != data["price"]:
                return "price_dated"
            data["price"] = change.value
        elif change.what == "vat":
            if change.value not in self._folder.shop.vat_rates(self._folder.today):
                return "article_invalid"
            data["vat"] = change.value
        else:
            code = gtin14(str(change.value)) or str(change.value)
            if own.owner(code) not in (None, (change.sku, 1)):
                return "code_of_other"
            data["codes"].append([code, 1])
        return ""

    def make(self, new: NewArticle) -> str:
        """Add an article to ``shop.db``, in a group of its own."""
        if self._country is None:
            return "articles_of_office"
        with writing(self._folder.data, self._country) as own:
            if own.article(new.sku) is not None:
                return "sku_taken"
            number, there = own.group(NEW_GROUP)
            group = Row(0, "group", str(number), "put", {"name": NEW_GROUP, "vat": new.vat_code})
            data = {"name": new.name, "group": number, "vat": new.vat_code, "price": new.price,
                    "codes": [[code, 1] for code in new.codes]}  # fmt: skip
            if any(own.owner(gtin14(code) or code) for code in new.codes):
                return "code_of_other"
            if new.vat_code not in self._folder.shop.vat_rates(self._folder.today):
                return "article_invalid"
            put = own.put([*([] if there else [group]), Row(0, "article", new.sku, "put", data)])
        return "article_invalid" if put.refused else ""


def _article(found: SoldArticle, codes: Sequence[str] = ()) -> Article:
    return Article(found.sku, found.name, found.group, found.price, found.vat_code, found.vat_rate, found.unit,
                   tuple(codes))  # fmt: skip
