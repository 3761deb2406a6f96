"""Stock movements that are no sales, levels, orders, counts, transfers, and limits. Quantities are thousandths."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kassa_office.facts import CODE_CHARS, Fact


class StockMove(Fact):
    """A movement that is not a line of a sale. The ledger of an article is these and its sale lines together."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "no", "day")
    no = models.IntegerField()
    at = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    """``received``, ``counted``, ``sent``, ``arrived``, ``wasted``, ``corrected``, ``web`` (sold in a webshop)."""
    sku = models.CharField(max_length=40)
    qty = models.BigIntegerField()
    """Change: positive comes in. Of a count, the difference with what was expected."""
    reason = models.CharField(max_length=40, blank=True)
    ref = models.CharField(max_length=60, blank=True)
    """Order, count or transfer it belongs to."""
    who = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "stock_move"
        indexes = (models.Index(fields=("branch", "sku", "day"), name="stock_move_sku"),)


class StockLevel(models.Model):
    """What is there of an article in a branch: the sum of all its movements, kept in the ingest transaction."""

    pk = models.CompositePrimaryKey("branch", "sku")
    branch = models.CharField(max_length=CODE_CHARS)
    sku = models.CharField(max_length=40)
    qty = models.BigIntegerField()
    at = models.BigIntegerField()
    """Time of the newest movement, UTC milliseconds."""

    class Meta:
        db_table = "stock_level"


class StockRule(models.Model):
    """When to order an article for a branch, where a person has set it."""

    pk = models.CompositePrimaryKey("branch", "sku")
    branch = models.CharField(_("filiaal"), max_length=CODE_CHARS)
    sku = models.CharField(_("artikelnummer"), max_length=40)
    minimum = models.BigIntegerField(_("minimum, duizendsten"), default=0)
    maximum = models.BigIntegerField(_("maximum, duizendsten"), default=0)


class PurchaseOrder(models.Model):
    """Goods ordered from a supplier for a branch."""

    number = models.CharField(_("ordernummer"), max_length=24, primary_key=True)
    branch = models.ForeignKey("tills.Branch", models.PROTECT, verbose_name=_("filiaal"))
    supplier = models.ForeignKey("catalogue.Supplier", models.PROTECT, verbose_name=_("leverancier"))
    state = models.CharField(max_length=10, default="draft")
    """``draft``, ``sent``, ``partly`` received, ``closed``, ``cancelled``."""
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    expected = models.DateField(_("verwacht op"), null=True, blank=True)
    note = models.CharField(_("opmerking"), max_length=200, blank=True)

    class Meta:
        ordering = ("-made_at",)
        verbose_name, verbose_name_plural = _("bestelling"), _("bestellingen")


class PurchaseLine(models.Model):
    """One article of an order."""

    order = models.ForeignKey(PurchaseOrder, models.CASCADE, related_name="lines")
    article = models.ForeignKey("catalogue.Article", models.PROTECT)
    qty = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    """Cents for one unit, without VAT."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("order", "article"), name="purchase_line_key"),)


class Transfer(models.Model):
    """Goods under way from one branch to another."""

    number = models.CharField(max_length=24, primary_key=True)
    source = models.CharField(max_length=CODE_CHARS)
    target = models.CharField(max_length=CODE_CHARS)
    sent_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=150)


class TransferLine(models.Model):
    """One article of a transfer."""

    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=40)
    sent = models.BigIntegerField(default=0)
    arrived = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("transfer", "sku"), name="transfer_line_key"),)
