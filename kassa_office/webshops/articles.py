"""The office's articles as a webshop's channel knows them, and as it changes them where the webshop knows better."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from kassa_office.catalogue import checks, rows
from kassa_office.catalogue.models import Article, Barcode, Group, Price, VatRate
from kassa_office.staff.access import audit
from kassa_office.webshops.models import Webshop
from kassa_tui.domain.gtin import gtin14
from kassa_tui.sync.channel.ports import Article as Sold
from kassa_tui.sync.channel.ports import ArticleChange, NewArticle

AT_ONCE = 500
NEW_GROUP = "Webshop"
"""Group of articles that only the webshop had."""

log = logging.getLogger(__name__)


class OfficeArticles:
    """The office's catalogue, at the prices of the webshop's branch."""

    def __init__(self, webshop: Webshop) -> None:
        self._branch, self._by = webshop.till.branch, f"webshop {webshop.till_id}"[:40]

    def by_sku(self, sku: str) -> Sold | None:
        """The article as it is sold today."""
        return next(iter(self._read([sku])), None)

    def by_code(self, code: str) -> list[str]:
        """Articles with this barcode."""
        codes = {code, gtin14(code) or code, code.lstrip("0")}
        found = Barcode.objects.filter(code__in=codes, pieces=1, article__kind="goods", article__active=True)
        return sorted(set(found.values_list("article", flat=True)))

    def all(self) -> Iterator[Sold]:
        """Every article in use."""
        yield from self.some(Article.objects.filter(active=True, kind="goods").values_list("sku", flat=True))

    def some(self, skus: Iterable[str]) -> Iterator[Sold]:
        """These articles, where they are in use."""
        wanted = sorted(skus)
        for first in range(0, len(wanted), AT_ONCE):
            yield from self._read(wanted[first : first + AT_ONCE])

    def vat_codes(self) -> dict[int, str]:
        """VAT rate in force → its code."""
        return {rate: code for code, rate in self._rates().items()}

    def _rates(self) -> dict[str, int]:
        today = timezone.localdate()
        found = VatRate.objects.filter(country=self._branch.country, valid_from__lte=today).order_by("valid_from")
        return dict(found.values_list("code", "rate"))

    def _read(self, skus: Sequence[str]) -> Iterator[Sold]:
        rates, today = self._rates(), timezone.localdate().isoformat()
        groups = dict(Article.objects.filter(sku__in=skus).values_list("sku", "group__name"))
        places = self._places
        facts: dict[str, dict[str, Any]] = {}
        prices: dict[str, tuple[int, str, int]] = {}
        for made in rows.articles(skus):
            if made.table == "article":
                facts[made.key] = made.data
            elif made.scope in places and made.data["valid_from"] <= today <= made.data.get("valid_to", today):
                mine = (places.index(made.scope), made.data["valid_from"], made.data["price"])
                prices[made.unit] = max(prices.get(made.unit, (-1, "", 0)), mine)
        for sku, data in facts.items():
            if data.get("kind", "goods") != "goods":
                continue
            price = prices[sku][2] if sku in prices else data["price"]
            codes = tuple(code for code, pieces in data.get("codes", ()) if pieces == 1)
            # One without codes is scanned by its own number, where that is one.
            codes = codes or ((own,) if (own := gtin14(sku)) and "codes" not in data else ())
            yield Sold(sku, data["name"], groups.get(sku, ""), price, data["vat"], rates.get(data["vat"], 0),
                       data.get("unit", "each"), codes)  # fmt: skip

    def take_over(self, changes: Sequence[ArticleChange]) -> list[str]:
        """Change articles as a person would, one by one, in the books of who changed what."""
        return [self._taken(change) for change in changes]

    def _taken(self, change: ArticleChange) -> str:
        try:
            return self._changed(change)
        except ValidationError as error:
            log.warning("%s: %s %s: %s", self._by, change.sku, change.what, error)
            return "article_invalid"

    def _changed(self, change: ArticleChange) -> str:
        with transaction.atomic():
            article = Article.objects.select_for_update().filter(sku=change.sku, active=True).first()
            if article is None:
                return "unknown_sku"
            if change.what == "price":
                return self._priced(article, int(change.value))
            if change.what == "vat":
                article.vat = str(change.value)
                article.full_clean(validate_unique=False)
                article.save()
            elif not _coded(article, str(change.value)):
                return "code_of_other"
            audit(self._by, "article.changed", sku=article.sku, what=change.what, now=str(change.value))
        return ""

    def _priced(self, article: Article, amount: int) -> str:
        """A price from today on, where the one that holds is: for all, for the list, or for the branch."""
        today = timezone.localdate()
        holds = Price.objects.released().filter(article=article, place__in=self._places, valid_from__lte=today)
        now = [row for row in holds if row.valid_to is None or row.valid_to >= today]
        row = max(now, key=lambda each: (self._places.index(each.place), each.valid_from), default=None)
        if row is not None and (row.valid_to is not None or row.label):
            return "price_dated"
        if row is None or row.valid_from != today:
            row = Price(article=article, valid_from=today, branch_id=row.branch_id if row else None,
                        price_list_id=row.price_list_id if row else None)  # fmt: skip
        row.amount = amount
        row.full_clean()
        row.save()
        audit(self._by, "price.set", sku=article.sku, place=row.place, day=str(today), amount=amount)
        return ""

    @property
    def _places(self) -> list[str]:
        """Where prices of the branch are, the last of them before all others."""
        return ["all", f"list:{self._branch.price_list_id}", f"branch:{self._branch.code}"]

    def make(self, new: NewArticle) -> str:
        """Add an article, in a group of its own, with a price from today on."""
        if Article.objects.filter(sku=new.sku).exists():
            return "sku_taken"
        try:
            return self._made(new)
        except ValidationError as error:
            log.warning("%s: %s: %s", self._by, new.sku, error)
            return "article_invalid"

    def _made(self, new: NewArticle) -> str:
        with transaction.atomic():
            group, _new = Group.objects.get_or_create(name=NEW_GROUP, defaults={"vat": new.vat_code})
            article = Article(sku=new.sku, name=new.name, group=group, vat=new.vat_code)
            article.full_clean()
            article.save(force_insert=True)
            if not all(_coded(article, code) for code in new.codes):
                transaction.set_rollback(True)
                return "code_of_other"
            price = Price(article=article, valid_from=timezone.localdate(), amount=new.price)
            price.full_clean()
            price.save()
            audit(self._by, "article.made", sku=new.sku)
        return ""


def _coded(article: Article, code: str) -> bool:
    """Give an article a barcode; False where it is another's, or none."""
    made = Barcode(article=article, code=code)
    try:
        made.full_clean()
    except ValidationError:
        return False
    # Another may be scanned by its own number.
    if Article.objects.filter(sku__in=[made.code, checks.shown(made.code)]).exclude(sku=article.sku).exists():
        return False
    made.save()
    return True
