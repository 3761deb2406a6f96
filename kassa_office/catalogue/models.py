"""Articles, barcodes, groups, dated prices and VAT, and the feed that takes each change to the tills.

Amounts are cents, VAT included unless said; quantities thousandths; VAT rates hundredths of a percent.
"""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

SKU_CHARS = 40
NOT_NEGATIVE = [MinValueValidator(0)]


class VatRate(models.Model):
    """A VAT code and its rate from a day on."""

    country = models.CharField(_("land"), max_length=2, default="NL")
    code = models.CharField(_("code"), max_length=12)
    valid_from = models.DateField(_("geldig vanaf"))
    rate = models.IntegerField(_("tarief in honderdsten van een procent"), validators=NOT_NEGATIVE)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("country", "code", "valid_from"), name="vat_rate_key"),)
        verbose_name, verbose_name_plural = _("btw-tarief"), _("btw-tarieven")


class Group(models.Model):
    """A product group."""

    name = models.CharField(_("naam"), max_length=80, unique=True)
    vat = models.CharField(_("btw-code"), max_length=12, default="high")
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
    minimum = models.BigIntegerField(_("minste orderbedrag in centen"), default=0, validators=NOT_NEGATIVE)

    class Meta:
        ordering = ("name",)
        verbose_name, verbose_name_plural = _("leverancier"), _("leveranciers")

    def __str__(self) -> str:
        return self.name


class Article(models.Model):
    """Something that is sold, in every branch."""

    sku = models.CharField(_("artikelnummer"), max_length=SKU_CHARS, primary_key=True)
    name = models.CharField(_("naam"), max_length=120)
    group = models.ForeignKey(Group, models.PROTECT, verbose_name=_("groep"))
    vat = models.CharField(_("btw-code"), max_length=12)
    unit = models.CharField(_("eenheid"), max_length=4, default="each", choices=[("each", _("stuk")), ("kg", "kg")])
    kind = models.CharField(
        _("soort"),
        max_length=8,
        default="goods",
        choices=[("goods", _("artikel")), ("deposit", _("statiegeld")), ("voucher", _("tegoedbon"))],
    )
    deposit_sku = models.CharField(_("statiegeldartikel"), max_length=SKU_CHARS, blank=True)
    min_age = models.IntegerField(_("leeftijd vanaf"), default=0, validators=NOT_NEGATIVE)
    no_discount = models.BooleanField(_("geen korting"), default=False)
    rank = models.IntegerField(_("rang"), default=0)
    """Place in the order in which a search finds; lowest first."""
    supplier = models.ForeignKey(Supplier, models.SET_NULL, null=True, blank=True, verbose_name=_("leverancier"))
    supplier_sku = models.CharField(_("nummer bij de leverancier"), max_length=SKU_CHARS, blank=True)
    pack = models.BigIntegerField(_("per verpakking, duizendsten"), default=1000)
    active = models.BooleanField(_("in gebruik"), default=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("sku",)
        verbose_name, verbose_name_plural = _("artikel"), _("artikelen")

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class Barcode(models.Model):
    """A code under which an article is scanned; a multipack counts several pieces."""

    code = models.CharField(_("streepjescode"), max_length=40, primary_key=True)
    article = models.ForeignKey(Article, models.CASCADE, related_name="barcodes", verbose_name=_("artikel"))
    pieces = models.IntegerField(_("stuks"), default=1, validators=[MinValueValidator(1)])

    class Meta:
        verbose_name, verbose_name_plural = _("streepjescode"), _("streepjescodes")


class PriceList(models.Model):
    """A list of prices that branches share; the one without a branch of its own is for all."""

    code = models.CharField(_("code"), max_length=16, primary_key=True)
    name = models.CharField(_("naam"), max_length=80)

    class Meta:
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
        verbose_name, verbose_name_plural = _("prijsronde"), _("prijsrondes")

    def __str__(self) -> str:
        return f"{self.name} ({self.starts})"


class Price(models.Model):
    """A price from a day on, for a price list, a branch, or all."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="prices", verbose_name=_("artikel"))
    price_list = models.ForeignKey(PriceList, models.CASCADE, null=True, blank=True, verbose_name=_("prijslijst"))
    branch = models.ForeignKey("tills.Branch", models.CASCADE, null=True, blank=True, verbose_name=_("filiaal"))
    valid_from = models.DateField(_("geldig vanaf"))
    valid_to = models.DateField(_("geldig tot en met"), null=True, blank=True)
    amount = models.BigIntegerField(_("prijs in centen"), validators=NOT_NEGATIVE)
    label = models.CharField(_("op de bon"), max_length=40, blank=True)
    batch = models.ForeignKey(PriceBatch, models.CASCADE, null=True, blank=True, verbose_name=_("prijsronde"))

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("article", "price_list", "branch", "valid_from"), name="price_key", nulls_distinct=False
            ),
        )
        verbose_name, verbose_name_plural = _("prijs"), _("prijzen")


class CostPrice(models.Model):
    """What an article costs the shop, without VAT, from a day on."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="costs", verbose_name=_("artikel"))
    valid_from = models.DateField(_("geldig vanaf"))
    amount = models.BigIntegerField(_("inkoopprijs in centen"), validators=NOT_NEGATIVE)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("article", "valid_from"), name="cost_price_key"),)
        verbose_name, verbose_name_plural = _("inkoopprijs"), _("inkoopprijzen")


class Reason(models.Model):
    """A reason a till offers for a return, a discount, cash in or out, a void, waste."""

    what = models.CharField(_("waarvoor"), max_length=20)
    code = models.CharField(_("code"), max_length=20)
    text = models.CharField(_("tekst"), max_length=80)
    active = models.BooleanField(_("in gebruik"), default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("what", "code"), name="reason_key"),)
        verbose_name, verbose_name_plural = _("reden"), _("redenen")


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


class Customer(models.Model):
    """A customer the tills know by a code."""

    code = models.CharField(_("klantnummer"), max_length=40, primary_key=True)
    name = models.CharField(_("naam"), max_length=120)
    vat_id = models.CharField(_("btw-nummer"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    account_allowed = models.BooleanField(_("mag op rekening"), default=False)
    business = models.BooleanField(_("zakelijk"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("klant"), _("klanten")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class FeedRow(models.Model):
    """The last change of one thing, as the tills are to hear of it."""

    scope = models.CharField(max_length=40)
    """``all``, ``branch:CODE``, ``list:CODE`` or ``till:CODE``."""
    table = models.CharField(max_length=20)
    key = models.CharField(max_length=120)
    seq = models.BigIntegerField(unique=True)
    """From :attr:`tills.models.Office.feed_seq`, under its lock, so that numbers appear in their order."""
    op = models.CharField(max_length=3)
    data = models.TextField()
    """JSON; empty for ``del``."""
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("scope", "table", "key"), name="feed_row_key"),)


class Snapshot(models.Model):
    """A catalogue file that was made for a branch."""

    branch = models.CharField(max_length=16)
    cursor = models.BigIntegerField()
    file = models.CharField(max_length=120)
    """Name below ``snapshots`` in the data folder."""
    size = models.BigIntegerField()
    unpacked = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    made_at = models.DateTimeField()
