"""The tills' journals in the office: raw batches, entries, quarantine and alarms."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kassa_office.facts import CODE_CHARS, Fact


class Inbox(models.Model):
    """A batch as it came, committed before anything is made of it."""

    digest = models.CharField(max_length=64, primary_key=True)
    """SHA-256 of till and packed body: the same batch twice is one row."""
    till = models.CharField(max_length=CODE_CHARS)
    encoding = models.CharField(max_length=10)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, db_index=True)
    """When it was taken into the tables; null means that this is still to be done."""


class Entry(Fact):
    """One journal entry, exactly as the till made it."""

    pk = models.CompositePrimaryKey("branch", "till", "seq", "day")
    id = models.CharField(max_length=32)
    at = models.BigIntegerField()
    offset = models.SmallIntegerField()
    who = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    body = models.TextField()
    prev = models.BinaryField()
    hash = models.BinaryField()
    signature = models.BinaryField()

    class Meta:
        db_table = "journal_entry"


class Quarantine(models.Model):
    """An entry that could not be taken for true: kept as it came, counted nowhere, until a person decides."""

    branch = models.CharField(max_length=CODE_CHARS)
    till = models.CharField(max_length=CODE_CHARS)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    """As sent: a second version of one ``seq`` is a row of its own."""
    code = models.CharField(max_length=20)
    """``hash``, ``signature``, ``unreadable``, ``other_till``; ``conflict`` for another entry under a known number."""
    raw = models.TextField()
    """The entry's JSON as it came."""
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decision = models.CharField(max_length=10, blank=True)
    """``accepted``: counted after all; ``dismissed``: looked at and left out."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("branch", "till", "seq", "hash"), name="quarantine_key"),)
        verbose_name, verbose_name_plural = _("quarantaine"), _("quarantaine")


class Alarm(models.Model):
    """Something a person must look at. One row for one matter, however often it was seen."""

    code = models.CharField(max_length=40)
    """``gap``, ``silent``, ``quarantine``, ``conflict``, ``chain``, ``clock``, ``unknown_kind``, ``stock``,
    ``sold_twice`` …"""
    branch = models.CharField(max_length=CODE_CHARS, blank=True)
    till = models.CharField(max_length=CODE_CHARS, blank=True)
    matter = models.CharField(max_length=120, blank=True)
    """What tells two alarms of one code and till apart: a ``seq``, a day, an article."""
    facts = models.JSONField(default=dict)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.IntegerField(default=1)
    closed_at = models.DateTimeField(null=True, db_index=True)
    closed_by = models.CharField(max_length=150, blank=True)
    """Empty where the matter mended itself."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("code", "branch", "till", "matter"), name="alarm_matter"),)
        verbose_name, verbose_name_plural = _("melding"), _("meldingen")
