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
    """Why; of ``sent`` and ``arrived`` the branch at the other end."""
    ref = models.CharField(max_length=60, blank=True)
    """Order, count or transfer it belongs to."""
    who = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "stock_move"
        indexes = (
            models.Index(fields=("branch", "sku", "day"), name="stock_move_sku"),
            models.Index(fields=("branch", "ref"), name="stock_move_ref"),
        )


class StockCount(Fact):
    """A line of a count at a till: what was there. It moves nothing; a stock-take in the office does."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "no", "day")
    no = models.IntegerField()
    at = models.BigIntegerField()
    sku = models.CharField(max_length=40, blank=True)
    """Empty for a code that nobody knows."""
    code = models.CharField(max_length=80, blank=True)
    """As it was scanned or typed."""
    qty = models.BigIntegerField()
    expected = models.BigIntegerField(null=True)
    """What the till took to be there."""
    area = models.CharField(max_length=60, blank=True)
    who = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "stock_count"


class StockReceipt(Fact):
    """A delivery as a till booked it; its goods are movements with the same ``seq``."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "day")
    at = models.BigIntegerField()
    order = models.CharField(max_length=60, blank=True)
    """Number of the purchase order, as the till had it."""
    supplier = models.CharField(max_length=60, blank=True)
    finished = models.BooleanField(default=False)
    """A person said that nothing more of the order will come."""
    lines = models.IntegerField()
    unknown = models.TextField(default="[]")
    """Codes that nobody knew: JSON, ``[code, thousandths]`` each."""
    who = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "stock_receipt"


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
    """Goods ordered from a supplier for a branch. What was received of it are the movements that name it."""

    number = models.CharField(_("ordernummer"), max_length=24, primary_key=True)
    branch = models.ForeignKey("tills.Branch", models.PROTECT, verbose_name=_("filiaal"))
    supplier = models.ForeignKey("catalogue.Supplier", models.PROTECT, verbose_name=_("leverancier"))
    state = models.CharField(max_length=10, default="draft")
    """``draft``, ``sent``, ``partly`` received, ``closed``, ``cancelled``."""
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    """When the first of it came: how long this supplier takes."""
    expected = models.DateField(_("verwacht op"), null=True, blank=True)
    heard = models.IntegerField(default=0)
    """Movements and receipts of it that were in when it was last looked at: more of them is news for the tills."""
    note = models.CharField(_("opmerking"), max_length=200, blank=True)

    class Meta:
        ordering = ("-made_at",)
        verbose_name, verbose_name_plural = _("bestelling"), _("bestellingen")


class PurchaseLine(models.Model):
    """One article of an order."""

    order = models.ForeignKey(PurchaseOrder, models.CASCADE, related_name="lines")
    article = models.ForeignKey("catalogue.Article", models.PROTECT)
    qty = models.BigIntegerField()
    cost = models.BigIntegerField(default=0)
    """Cents for one unit, without VAT."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("order", "article"), name="purchase_line_key"),)


class Transfer(models.Model):
    """Goods from one branch to another, begun in the office or at a till; the movements that name it say the rest."""

    number = models.CharField(max_length=24, primary_key=True)
    source = models.CharField(max_length=CODE_CHARS)
    target = models.CharField(max_length=CODE_CHARS)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.CharField(max_length=150)
    """A user, or the till."""
    sent_at = models.DateTimeField(null=True)
    """Null while it is a draft."""
    closed_at = models.DateTimeField(null=True)
    """When all of it had arrived, or a person left it at what had."""

    class Meta:
        ordering = ("-made_at",)


class TransferLine(models.Model):
    """One article that is to be sent; empty where a till sent without a draft."""

    transfer = models.ForeignKey(Transfer, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=40)
    qty = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("transfer", "sku"), name="transfer_line_key"),)


class StockTake(models.Model):
    """Counts of a branch, taken together and put into the ledger."""

    number = models.CharField(max_length=24, primary_key=True)
    branch = models.CharField(max_length=CODE_CHARS)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    whole = models.BooleanField(default=False)
    """What was not counted was taken to be gone."""

    class Meta:
        ordering = ("-made_at",)


class StockTakeCount(models.Model):
    """A count that is in a stock-take, by the till's journal entry: in one only."""

    take = models.ForeignKey(StockTake, models.CASCADE, related_name="counts")
    branch = models.CharField(max_length=CODE_CHARS)
    till = models.CharField(max_length=CODE_CHARS)
    seq = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("branch", "till", "seq"), name="stock_take_count_key"),)


class StockTakeLine(models.Model):
    """What was there of an article, and when: sales of before that come in later do not change it."""

    take = models.ForeignKey(StockTake, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=40)
    at = models.BigIntegerField()
    counted = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("take", "sku"), name="stock_take_line_key"),)


class StockDemand(models.Model):
    """What sells a day of an article in a branch, as :mod:`kassa_office.stock.demand` reckoned it last."""

    pk = models.CompositePrimaryKey("branch", "sku")
    branch = models.CharField(max_length=CODE_CHARS)
    sku = models.CharField(max_length=40)
    mean = models.FloatField()
    """Thousandths a day, and their deviation."""
    deviation = models.FloatField()
    days = models.IntegerField()
    """On which there was something to sell."""

    class Meta:
        db_table = "stock_demand"


class DemandProof(models.Model):
    """What the sales and movements of a branch came to when its demand was reckoned."""

    branch = models.CharField(primary_key=True, max_length=CODE_CHARS)
    proof = models.CharField(max_length=64)

    class Meta:
        db_table = "stock_demand_proof"


class StockTold(models.Model):
    """The level of an article in a branch as the tills were told of it last."""

    pk = models.CompositePrimaryKey("branch", "sku")
    branch = models.CharField(max_length=CODE_CHARS)
    sku = models.CharField(max_length=40)
    qty = models.BigIntegerField()

    class Meta:
        db_table = "stock_told"
