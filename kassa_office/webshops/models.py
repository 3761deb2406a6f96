"""Webshops, and what tills did to their orders.

A webshop's channel has a journal like a till's, so it is a till here as well, one without a token: its entries come
from the office's own engine, or through the till that owns the webshop. Keys are not in the database: they are in a
file of the channel's folder.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from kassa_office.facts import Fact
from kassa_office.tills.models import Till

OFFICE = "office"
"""Owner of a webshop that the office itself talks to."""


class Webshop(models.Model):
    """One webshop. Exactly one node talks to it."""

    KINDS: ClassVar[list[tuple[str, str]]] = [
        ("woocommerce", "WooCommerce"), ("magento", "Magento"), ("prestashop", "PrestaShop"),
    ]  # fmt: skip
    WAYS: ClassVar[list[tuple[str, object]]] = [
        ("no", _("niet")), ("push", _("van ons naar de webshop")), ("pull", _("van de webshop naar ons")),
    ]  # fmt: skip

    till = models.OneToOneField(Till, models.PROTECT, primary_key=True, related_name="webshop")
    """The channel; its code is that of the journal, its branch the one whose shelf is sold from."""
    name = models.CharField(_("naam"), max_length=80)
    kind = models.CharField(_("soort"), max_length=12, choices=KINDS)
    url = models.CharField(_("adres"), max_length=300, unique=True)
    owner = models.CharField(_("wie ermee praat"), max_length=8, default=OFFICE)
    """``office``, or the code of the till that does."""
    active = models.BooleanField(_("in gebruik"), default=True)
    orders_since = models.DateField(_("bestellingen vanaf"))
    stock = models.BooleanField(_("voorraad bijhouden"), default=True)
    all_branches = models.BooleanField(_("verkoopt uit alle filialen"), default=False)
    """Otherwise from its own branch alone."""
    buffer = models.PositiveIntegerField(_("buffer, stuks"), default=0)
    buffer_max = models.PositiveIntegerField(_("buffer groeit met hoogstens"), default=5)
    buffer_silent_minutes = models.PositiveIntegerField(_("minuten stilte per stuk"), default=30)
    prices = models.CharField(_("prijzen"), max_length=4, choices=WAYS, default="no")
    vat = models.CharField(_("btw-tarieven"), max_length=4, choices=WAYS, default="no")
    eans = models.CharField(_("streepjescodes"), max_length=4, choices=WAYS, default="no")
    vat_classes = models.JSONField(_("btw-tarieven van de webshop"), default=dict, blank=True)
    """VAT code to the webshop's own class, where the rate alone does not tell."""
    acknowledge = models.BooleanField(_("meegegeven melden"), default=True)
    poll_seconds = models.PositiveIntegerField(_("seconden tussen twee keer kijken"), default=30)
    options = models.JSONField(_("bijzonderheden"), default=dict, blank=True)
    """As ``[webshop.options]`` of a till."""
    nudged_at = models.DateTimeField(null=True, editable=False)
    """When the webshop last said that something changed."""

    class Meta:
        ordering = ("till_id",)
        verbose_name, verbose_name_plural = _("webshop"), _("webshops")

    def __str__(self) -> str:
        return f"{self.till_id} {self.name}"


class WebWish(Fact):
    """What a till did to an order: the part of its journal that the channel must carry out."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "no", "day")
    no = models.IntegerField()
    at = models.BigIntegerField()
    channel = models.CharField(max_length=8)
    body = models.TextField()
    """JSON, as :func:`kassa_tui.domain.weborder.body_of` writes it, and ``key``: id of the entry and ``no``."""

    class Meta:
        db_table = "web_wish"
        indexes = (models.Index(fields=("branch", "channel", "day"), name="web_wish_channel"),)


class WishTaken(models.Model):
    """A wish that the channel's engine has taken over."""

    channel = models.CharField(max_length=8)
    key = models.CharField(max_length=60)
    """As the wish has it."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("channel", "key"), name="wish_taken_key"),)
