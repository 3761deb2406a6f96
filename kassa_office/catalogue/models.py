"""Articles, barcodes, groups, dated prices and VAT, and the feed that takes each change to the tills.

Amounts are cents, VAT included unless said; quantities thousandths; VAT rates hundredths of a percent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from kassa_office.catalogue import checks
from kassa_office.catalogue.feed_models import (
    FeedFloor,
    FeedPending,
    FeedRow,
    FeedSum,
    FeedWalk,
    Snapshot,
)

__all__ = [
    "Article", "Barcode", "CostPrice", "Customer", "FeedFloor", "FeedPending", "FeedRow", "FeedSum", "FeedWalk",
    "Group", "Price", "PriceBatch", "PriceList", "Reason", "ReceiptText", "Snapshot", "Supplier", "VatRate",
]  # fmt: skip

SKU_CHARS = 40
LAST_RANK = 999_999
NOT_NEGATIVE = [MinValueValidator(0)]


class VatRate(models.Model):
    """A VAT code and its rate from a day on."""

    country = models.CharField(_("land"), max_length=2, default="NL")
    code = models.CharField(_("code"), max_length=12)
    valid_from = models.DateField(_("geldig vanaf"))
    rate = models.IntegerField(_("tarief"), validators=NOT_NEGATIVE)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("country", "code", "valid_from"), name="vat_rate_key"),)
        ordering = ("country", "code", "valid_from")
        verbose_name, verbose_name_plural = _("btw-tarief"), _("btw-tarieven")

    def __str__(self) -> str:
        return f"{self.country} {self.code} {self.rate / 100:g} %"


class Group(models.Model):
    """A product group."""

    name = models.CharField(_("naam"), max_length=80, unique=True)
    vat = models.CharField(_("btw-code"), max_length=12, default="high", validators=[checks.vat_code])
    active = models.BooleanField(_("in gebruik"), default=True)

    class Meta:
        ordering = ("name",)
        verbose_name, verbose_name_plural = _("groep"), _("groepen")

    def __str__(self) -> str:
        return self.name


class Supplier(models.Model):
    """Who delivers."""

    code = models.CharField(_("code"), max_length=20, primary_key=True)
    name = models.CharField(_("naam"), max_length=80)
    email = models.EmailField(_("e-mail"), blank=True)
    customer_number = models.CharField(_("ons klantnummer"), max_length=40, blank=True)
    lead_days = models.IntegerField(_("levertijd in dagen"), default=2, validators=NOT_NEGATIVE)
    review_days = models.IntegerField(_("dagen tussen bestellingen"), default=7, validators=NOT_NEGATIVE)
    minimum = models.BigIntegerField(_("minste orderbedrag"), default=0, validators=NOT_NEGATIVE)

    class Meta:
        ordering = ("name",)
        verbose_name, verbose_name_plural = _("leverancier"), _("leveranciers")

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """Something that is sold, in every branch."""

    sku = models.CharField(_("artikelnummer"), max_length=SKU_CHARS, primary_key=True)
    name = models.CharField(_("naam"), max_length=200)
    group = models.ForeignKey(Group, models.PROTECT, verbose_name=_("groep"))
    vat = models.CharField(_("btw-code"), max_length=12, validators=[checks.vat_code])
    unit = models.CharField(_("eenheid"), max_length=4, default="each", choices=[("each", _("stuk")), ("kg", "kg")])
    kind = models.CharField(
        _("soort"),
        max_length=8,
        default="goods",
        choices=[("goods", _("artikel")), ("deposit", _("statiegeld")), ("voucher", _("tegoedbon"))],
    )
    deposit_sku = models.CharField(_("statiegeldartikel"), max_length=SKU_CHARS, blank=True)
    min_age = models.IntegerField(_("leeftijd vanaf"), default=0, validators=[*NOT_NEGATIVE, MaxValueValidator(99)])
    no_discount = models.BooleanField(_("geen korting"), default=False)
    rank = models.IntegerField(_("rang"), default=LAST_RANK)
    """Place in the order in which a search finds; lowest first."""
    tare = models.IntegerField(_("tarra in gram"), default=0, validators=[*NOT_NEGATIVE, MaxValueValidator(9999)])
    """Of the packing in which it is weighed."""
    supplier = models.ForeignKey(Supplier, models.SET_NULL, null=True, blank=True, verbose_name=_("leverancier"))
    supplier_sku = models.CharField(_("nummer bij de leverancier"), max_length=SKU_CHARS, blank=True)
    pack = models.BigIntegerField(_("per verpakking"), default=1000)
    active = models.BooleanField(_("in gebruik"), default=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("sku",)
        indexes = (models.Index(fields=("rank", "sku"), name="article_rank"),)
        verbose_name, verbose_name_plural = _("artikel"), _("artikelen")

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"

    def clean(self) -> None:
        """The deposit is an article of its own kind."""
        if self.deposit_sku and not Article.objects.filter(sku=self.deposit_sku, kind="deposit").exists():
            raise ValidationError({"deposit_sku": _("Er is geen statiegeldartikel met dit nummer.")})


class Barcode(models.Model):
    """A code under which an article is scanned; a multipack counts several pieces."""

    code = models.CharField(_("streepjescode"), max_length=48, unique=True)
    """A GTIN as 14 digits, whatever it was written with; other codes as they are."""
    article = models.ForeignKey(Article, models.CASCADE, related_name="barcodes", verbose_name=_("artikel"))
    pieces = models.IntegerField(_("stuks"), default=1, validators=[MinValueValidator(1)])

    class Meta:
        ordering = ("code",)
        verbose_name, verbose_name_plural = _("streepjescode"), _("streepjescodes")

    def __str__(self) -> str:
        return checks.shown(self.code)

    def clean(self) -> None:
        """Bring the code into its one form; a wrong check digit, and a code of another article, are refused."""
        try:
            self.code = checks.barcode(self.code)
        except ValidationError as error:
            raise ValidationError({"code": error.messages}) from error
        other = Barcode.objects.filter(code=self.code).exclude(pk=self.pk).select_related("article").first()
        if other is not None and other.article_id != self.article_id:
            raise ValidationError({"code": _("Deze code hoort al bij artikel %s.") % other.article})


class PriceList(models.Model):
    """A list of prices that branches share; the one without a branch of its own is for all."""

    code = models.CharField(_("code"), max_length=16, primary_key=True)
    name = models.CharField(_("naam"), max_length=80)

    class Meta:
        ordering = ("code",)
        verbose_name, verbose_name_plural = _("prijslijst"), _("prijslijsten")

    def __str__(self) -> str:
        return self.name


class PriceBatch(models.Model):
    """Prices that begin on one day together."""

    name = models.CharField(_("naam"), max_length=80)
    starts = models.DateField(_("gaat in op"))
    released_at = models.DateTimeField(_("vrijgegeven op"), null=True, blank=True, editable=False)
    """Only released prices go to the tills."""

    class Meta:
        ordering = ("-starts", "name")
        verbose_name, verbose_name_plural = _("prijsronde"), _("prijsrondes")

    def __str__(self) -> str:
        return f"{self.name} ({self.starts})"


class PriceQuerySet(models.QuerySet["Price"]):
    """Prices; many at once get their place as one does."""

    def bulk_create(self, objs: Iterable[Price], *args: Any, **kwargs: Any) -> list[Price]:
        """As Django's, each price with its place."""
        prices = list(objs)
        for price in prices:
            price.place = price.where()
        return super().bulk_create(prices, *args, **kwargs)

    def released(self) -> PriceQuerySet:
        """Those that tills may know."""
        return self.filter(models.Q(batch=None) | models.Q(batch__released_at__isnull=False))


class Price(models.Model):
    """A price from a day on, for a price list, a branch, or all."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="prices", verbose_name=_("artikel"))
    price_list = models.ForeignKey(PriceList, models.CASCADE, null=True, blank=True, verbose_name=_("prijslijst"))
    branch = models.ForeignKey("tills.Branch", models.CASCADE, null=True, blank=True, verbose_name=_("filiaal"))
    place = models.CharField(max_length=24, editable=False, default="all")
    """``all``, ``list:CODE`` or ``branch:CODE``: unique together with article and day, where empty columns are not."""
    valid_from = models.DateField(_("geldig vanaf"))
    valid_to = models.DateField(_("geldig tot en met"), null=True, blank=True)
    amount = models.BigIntegerField(_("prijs"), validators=NOT_NEGATIVE)
    label = models.CharField(_("op de bon"), max_length=40, blank=True)
    batch = models.ForeignKey(PriceBatch, models.CASCADE, null=True, blank=True, verbose_name=_("prijsronde"))

    objects = PriceQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("article", "place", "valid_from"), name="price_key"),)
        ordering = ("article", "place", "valid_from")
        verbose_name, verbose_name_plural = _("prijs"), _("prijzen")

    def __str__(self) -> str:
        return f"{self.article_id} {self.place} {self.valid_from}"

    def where(self) -> str:
        """The place that list and branch say."""
        if self.branch_id:
            return f"branch:{self.branch_id}"
        return f"list:{self.price_list_id}" if self.price_list_id else "all"

    def clean(self) -> None:
        """One place, an end after the beginning, and one price a day for a place."""
        self.place = self.where()
        if self.branch_id and self.price_list_id:
            raise ValidationError(_("Kies een filiaal of een prijslijst, niet allebei."))
        if self.valid_to and self.valid_from and self.valid_to < self.valid_from:
            raise ValidationError({"valid_to": _("Deze dag ligt voor het begin.")})
        same = Price.objects.filter(article_id=self.article_id, place=self.place, valid_from=self.valid_from)
        if self.article_id and same.exclude(pk=self.pk).exists():
            raise ValidationError({"valid_from": _("Voor deze dag is er al een prijs.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, with the place."""
        self.place = self.where()
        super().save(*args, **kwargs)


class CostPrice(models.Model):
    """What an article costs the shop, without VAT, from a day on."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="costs", verbose_name=_("artikel"))
    valid_from = models.DateField(_("geldig vanaf"))
    amount = models.BigIntegerField(_("inkoopprijs"), validators=NOT_NEGATIVE)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("article", "valid_from"), name="cost_price_key"),)
        ordering = ("article", "valid_from")
        verbose_name, verbose_name_plural = _("inkoopprijs"), _("inkoopprijzen")


REASONS = [
    ("return", _("retour")),
    ("discount", _("korting")),
    ("price", _("prijs veranderen")),
    ("void", _("regel vervallen")),
    ("cancel", _("bon vervallen")),
    ("cash_in", _("geld erin")),
    ("cash_out", _("geld eruit")),
    ("drawer", _("lade open")),
    ("waste", _("afgeschreven")),
    ("stock", _("voorraad verbeteren")),
]


class Reason(models.Model):
    """A reason a till offers for a return, a discount, cash in or out, a void, waste."""

    what = models.CharField(_("waarvoor"), max_length=20, choices=REASONS)
    code = models.CharField(_("code"), max_length=20)
    text = models.CharField(_("tekst"), max_length=80)
    active = models.BooleanField(_("in gebruik"), default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("what", "code"), name="reason_key"),)
        ordering = ("what", "code")
        verbose_name, verbose_name_plural = _("reden"), _("redenen")

    def __str__(self) -> str:
        return self.text


class ReceiptText(models.Model):
    """Lines at the head or foot of receipts, for all branches or one, from a day to a day."""

    branch = models.ForeignKey("tills.Branch", models.CASCADE, null=True, blank=True, verbose_name=_("filiaal"))
    place = models.CharField(
        _("plaats"), max_length=6, choices=[("header", _("boven")), ("footer", _("onder"))], default="footer"
    )
    text = models.TextField(_("tekst"))
    valid_from = models.DateField(_("geldig vanaf"), null=True, blank=True)
    valid_to = models.DateField(_("geldig tot en met"), null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("bontekst"), _("bonteksten")

    def __str__(self) -> str:
        return self.text[:40]

    def clean(self) -> None:
        """The end is not before the beginning."""
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValidationError({"valid_to": _("Deze dag ligt voor het begin.")})


class Customer(models.Model):
    """A customer the tills know by a code."""

    code = models.CharField(_("klantnummer"), max_length=40, primary_key=True)
    name = models.CharField(_("naam"), max_length=120)
    vat_id = models.CharField(_("btw-nummer"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    account_allowed = models.BooleanField(_("mag op rekening"), default=False)
    business = models.BooleanField(_("zakelijk"), default=False)

    class Meta:
        ordering = ("code",)
        verbose_name, verbose_name_plural = _("klant"), _("klanten")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
