"""Each time that somebody clocked, and each correction of it: rows are added, and never changed."""

from __future__ import annotations

from django.db import models

from kassa_office.facts import Fact


class Clocking(Fact):
    """Somebody came, went, or began or ended a break; or a manager said so later, or that it was not so.

    ``day`` is the date on the shop's wall. What is done in the office has ``OFFICE`` for a till.
    """

    pk = models.CompositePrimaryKey("branch", "till", "seq", "day")
    at = models.BigIntegerField()
    """When it was, UTC milliseconds."""
    offset = models.IntegerField()
    """Minutes from UTC to the wall of the shop."""
    kind = models.CharField(max_length=12)
    """``in``, ``out``, ``break_start``, ``break_end``; ``void`` says that what it ``replaces`` was not so."""
    employee = models.CharField(max_length=40)
    replaces = models.CharField(max_length=40, blank=True)
    """``TILL/SEQ`` of the row in whose place this one stands; that one no longer counts."""
    reason = models.CharField(max_length=200, blank=True)
    """Why it was corrected."""
    who = models.CharField(max_length=40, blank=True)
    """Who wrote it: the person at the till, or the user of the office."""

    class Meta:
        db_table = "clocking"
        indexes = (models.Index(fields=("branch", "employee", "day"), name="clocking_employee"),)
