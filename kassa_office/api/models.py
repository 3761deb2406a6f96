"""Tokens of other programs, and webhooks to them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ApiToken(models.Model):
    """A program's right to ask, with what it may ask."""

    name = models.CharField(_("naam"), max_length=80, unique=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("rechten"), default=list)
    branches = models.ManyToManyField("tills.Branch", blank=True, verbose_name=_("filialen"))
    made_by = models.CharField(max_length=150, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("toegangssleutel"), _("toegangssleutels")


class Webhook(models.Model):
    """Where another program wants to hear of events."""

    url = models.URLField(_("adres"))
    events = models.JSONField(_("gebeurtenissen"), default=list)
    secret = models.CharField(max_length=80, editable=False)
    branches = models.ManyToManyField("tills.Branch", blank=True, verbose_name=_("filialen"))
    active = models.BooleanField(_("actief"), default=True)
    failures = models.IntegerField(default=0, editable=False)
    """In a row; after too many it is switched off."""

    class Meta:
        verbose_name, verbose_name_plural = _("webhook"), _("webhooks")


class Delivery(models.Model):
    """One event for one webhook: written with the event, sent until it was taken."""

    id = models.CharField(max_length=40, primary_key=True)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    body = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(db_index=True)
    tries = models.IntegerField(default=0)
    status = models.IntegerField(default=0)
    """Of the last answer; 0 where there was none."""
    done_at = models.DateTimeField(null=True)
