"""Sales, their lines and payments, Z reports, and the totals that overviews read.

Amounts are cents, quantities thousandths, VAT rates hundredths of a percent.
"""

from __future__ import annotations

from django.db import models

from kassa_office.facts import CODE_CHARS, Fact


class Sale(Fact):
    """A sale or return that was settled."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "day")
    number = models.CharField(max_length=24)
    """Of the receipt, ``K1-000123``."""
    at = models.BigIntegerField()
    offset = models.SmallIntegerField()
    z = models.IntegerField()
    who = models.CharField(max_length=40)
    ticket = models.CharField(max_length=40)
    customer = models.CharField(max_length=40)
    channel = models.CharField(max_length=20, default="till")
    """``till``, or the name of the webshop."""
    total = models.BigIntegerField()
    turnover = models.BigIntegerField()
    """Without deposits and vouchers sold."""
    lines = models.IntegerField()
    discount = models.BigIntegerField()
    rounding = models.BigIntegerField()

    class Meta:
        db_table = "sale"
        indexes = (
            models.Index(fields=("branch", "day"), name="sale_day"),
            models.Index(fields=("branch", "number"), name="sale_number"),
        )


class SaleLine(Fact):
    """One line of a sale."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "no", "day")
    no = models.IntegerField()
    kind = models.CharField(max_length=10)
    """``sale``, ``return``, ``group``, ``deposit``, ``voucher`` as the till has it."""
    sku = models.CharField(max_length=40)
    grp = models.CharField(max_length=80)
    """Name of the product group."""
    qty = models.BigIntegerField()
    amount = models.BigIntegerField()
    """Paid for it, VAT included, after every discount."""
    vat_code = models.CharField(max_length=12)
    rate = models.IntegerField()
    vat = models.BigIntegerField()
    cost = models.BigIntegerField(null=True)
    """Purchase value without VAT by the cost price of that day; null where none is known."""

    class Meta:
        db_table = "sale_line"
        indexes = (models.Index(fields=("branch", "sku", "day"), name="sale_line_sku"),)


class Payment(Fact):
    """One tender of a sale; change is a negative one in cash."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "no", "day")
    no = models.IntegerField()
    kind = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    ref = models.CharField(max_length=80)
    """Of the card payment, the voucher."""

    class Meta:
        db_table = "payment"


class ZReport(Fact):
    """A shift that was closed, as the till counted it."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "day")
    z = models.IntegerField()
    at = models.BigIntegerField()
    offset = models.SmallIntegerField()
    who = models.CharField(max_length=40)
    turnover = models.BigIntegerField()
    counted = models.BigIntegerField(null=True)
    difference = models.BigIntegerField()
    body = models.TextField()
    """The entry's facts, JSON."""

    class Meta:
        db_table = "z_report"
        indexes = (models.Index(fields=("branch", "day"), name="z_report_day"),)


class Total(models.Model):
    """Figures of one till, added up from the facts."""

    branch = models.CharField(max_length=CODE_CHARS)
    day = models.DateField()
    till = models.CharField(max_length=CODE_CHARS)
    kind = models.CharField(max_length=12)
    """``sale`` (all), ``hour``, ``staff``, ``group``, ``vat``, ``tender``, ``rounding``, ``deposit``, ``voucher``,
    ``return``, ``discount``, ``void``, ``override``, ``cash``, ``card``, ``copy``, ``event``; ``z`` of closed shifts:
    ``closed`` with their turnover, ``counted``, and ``off`` where that was not what was expected; ``who`` for the same
    of what is out of the ordinary by person: ``kind:key:person``. ``all.sale``, ``all.hour`` … are those of a whole
    branch, with an empty till: what overviews of many branches read."""
    key = models.CharField(max_length=80)
    """Which hour (``00``-``23``), person, group, ``code:rate``, tender …; empty where there is but one."""
    n = models.BigIntegerField()
    qty = models.BigIntegerField()
    amount = models.BigIntegerField()
    vat = models.BigIntegerField()
    cost = models.BigIntegerField()
    """Of the goods whose cost is known; ``costed`` is the part of ``amount`` without VAT that it stands against."""
    costed = models.BigIntegerField()

    class Meta:
        abstract = True


class DayTotal(Total):
    """Figures of one till on one day: what every overview reads."""

    pk = models.CompositePrimaryKey("branch", "kind", "day", "till", "key")

    class Meta:
        db_table = "day_total"


class MonthTotal(Total):
    """The same by month, ``day`` being the first of it: what overviews of long periods read. Of hours, groups, staff,
    VAT and tenders only those of the whole branch."""

    pk = models.CompositePrimaryKey("branch", "kind", "day", "till", "key")

    class Meta:
        db_table = "month_total"


class SkuTotal(models.Model):
    """What was sold of one article in one branch."""

    branch = models.CharField(max_length=CODE_CHARS)
    sku = models.CharField(max_length=40)
    day = models.DateField()
    qty = models.BigIntegerField()
    amount = models.BigIntegerField()
    cost = models.BigIntegerField()

    class Meta:
        abstract = True


class SkuDay(SkuTotal):
    """Of one day; the demand that reorder proposals are made from."""

    pk = models.CompositePrimaryKey("branch", "day", "sku")

    class Meta:
        db_table = "sku_day"


class SkuMonth(SkuTotal):
    """Of one month, ``day`` being the first of it."""

    pk = models.CompositePrimaryKey("branch", "day", "sku")

    class Meta:
        db_table = "sku_month"


class Voucher(models.Model):
    """A voucher's balance, from all tills that issued or took it."""

    number = models.CharField(max_length=40, primary_key=True)
    issued = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    foreign = models.BooleanField(default=False)
    """Of another issuer: it may be taken once."""
    issued_on = models.IntegerField(default=0)
    """The day it was sold, as 20261122; 0 where that sale is not in."""


class VoucherHold(models.Model):
    """An amount of a voucher set aside for a ticket that is being paid."""

    voucher = models.CharField(max_length=40)
    ticket = models.CharField(max_length=40)
    till = models.CharField(max_length=CODE_CHARS)
    amount = models.BigIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("voucher", "ticket"), name="voucher_hold_key"),)


class Returned(models.Model):
    """How much of a sold line came back, at whichever till."""

    pk = models.CompositePrimaryKey("number", "no")
    number = models.CharField(max_length=24)
    no = models.IntegerField()
    qty = models.BigIntegerField()

    class Meta:
        db_table = "returned"


class Parked(models.Model):
    """A ticket set aside at a till, until it is taken up again there or claimed by another."""

    ticket = models.CharField(max_length=40, primary_key=True)
    branch = models.CharField(max_length=CODE_CHARS)
    till = models.CharField(max_length=CODE_CHARS)
    place = models.IntegerField(default=0)
    name = models.CharField(max_length=80, blank=True)
    who = models.CharField(max_length=40, blank=True)
    at = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    """Of the newest ``ticket.park``; all but ``parks`` is as that one says."""
    total = models.BigIntegerField(default=0)
    draft = models.JSONField(default=dict)
    parks = models.IntegerField(default=0)
    """Times parked less times taken up, by journal entries in any order: set aside while 1."""
    claimed_by = models.CharField(max_length=CODE_CHARS, blank=True)

    class Meta:
        indexes = (models.Index(fields=("branch", "till"), name="parked_branch"),)
