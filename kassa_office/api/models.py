"""Tokens of other programs, and webhooks to them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiToken(models.Model):
    """A program's right to ask, with what it may ask."""

    name = models.CharField(_("naam"), max_length=80, unique=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    """SHA-256; the token itself is nowhere."""
    scopes = models.JSONField(_("rechten"), default=list)
    branches = models.ManyToManyField("tills.Branch", blank=True, verbose_name=_("filialen"))
    """None: all."""
    per_minute = models.IntegerField(_("vragen per minuut"), default=120)
    made_by = models.CharField(max_length=150, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, editable=False)
    """To the minute."""
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name, verbose_name_plural = _("toegangssleutel"), _("toegangssleutels")


class Taken(models.Model):
    """What a program sent under an id of its own, and what it was answered: sent twice, it counts once."""

    token = models.ForeignKey(ApiToken, models.CASCADE)
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    """SHA-256 of what was sent: the same id with other contents is refused."""
    answer = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("token", "key"), name="api_taken_key"),)


class Webhook(models.Model):
    """Where another program wants to hear of events."""

    url = models.URLField(_("adres"), max_length=400)
    events = models.JSONField(_("gebeurtenissen"), default=list)
    secret = models.CharField(max_length=80, editable=False)
    """``whsec_…``; kept, because each delivery is signed with it."""
    branches = models.ManyToManyField("tills.Branch", blank=True, verbose_name=_("filialen"))
    """None: all."""
    active = models.BooleanField(_("actief"), default=True)
    failures = models.IntegerField(default=0, editable=False)
    """Times in a row that nothing was taken; after too many it is switched off."""
    stopped_at = models.DateTimeField(null=True, editable=False)
    """When the office switched it off by itself."""
    made_by = models.CharField(max_length=150, editable=False, default="")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)
        verbose_name, verbose_name_plural = _("webhook"), _("webhooks")


WAITING, TAKEN, FAILED, SUPERSEDED = "waiting", "taken", "failed", "superseded"


class Delivery(models.Model):
    """One event for one webhook: written with the event, sent until it was taken."""

    id = models.CharField(max_length=40, primary_key=True)
    """The same at each try: whoever receives it twice can tell."""
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_constraint=False)
    """Without a constraint: a webhook thrown away at this moment must not undo a sale."""
    event = models.CharField(max_length=40)
    about = models.CharField(max_length=120, blank=True)
    """Where only the newest of several counts: of what it tells."""
    body = models.TextField()
    made_at = models.DateTimeField()
    next_at = models.DateTimeField()
    tries = models.IntegerField(default=0)
    state = models.CharField(max_length=10, default=WAITING)
    """``waiting``, ``taken``, ``failed`` for good, ``superseded`` by a newer one about the same."""
    status = models.IntegerField(default=0)
    """Of the last answer; 0 where there was none."""
    problem = models.CharField(max_length=20, blank=True)
    """Why there was none: ``address``, ``timeout``, ``tls``, ``connection``."""
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("next_at",), condition=models.Q(state=WAITING), name="delivery_due"),
            models.Index(fields=("webhook", "made_at"), name="delivery_of"),
        )
