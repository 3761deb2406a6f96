"""Tables of the feed: what the tills were told, what they are still to be told, and the files made of it."""

from __future__ import annotations

from django.db import models


class FeedRow(models.Model):
    """The last change of one thing, as the tills are to hear of it. Live ones together are all that tills know."""

    pk = models.CompositePrimaryKey("unit", "table", "key", "scope")
    unit = models.CharField(max_length=120)
    """What it was made from: the SKU of a price, else the key itself."""
    table = models.CharField(max_length=20)
    key = models.CharField(max_length=120)
    scope = models.CharField(max_length=40)
    """``all``, ``branch:CODE``, ``list:CODE`` or ``till:CODE``."""
    seq = models.BigIntegerField()
    """From :attr:`tills.models.Office.feed_seq`, under its lock, so that numbers appear in their order."""
    op = models.CharField(max_length=3)
    data = models.TextField()
    """JSON; empty for ``del``."""
    at = models.DateTimeField()

    class Meta:
        db_table = "feed_row"
        indexes = (models.Index(fields=("scope", "seq"), name="feed_row_seq"),)


class FeedPending(models.Model):
    """A change that has no number yet: written with the change itself, so that it is never lost, and without a lock."""

    op = models.CharField(max_length=5)
    """``put`` or ``del`` of ``key`` in ``scope``; ``touch``: make the rows of ``key`` (``*``: of all) anew from the
    tables; ``floor``: whoever reads ``scope`` needs a snapshot."""
    scope = models.CharField(max_length=40)
    table = models.CharField(max_length=20)
    key = models.CharField(max_length=120)
    data = models.TextField()

    class Meta:
        db_table = "feed_pending"
        indexes = (models.Index(fields=("id",), condition=~models.Q(table="stock"), name="feed_pending_quick"),)


class FeedFloor(models.Model):
    """How far back the feed of a scope reaches: an older cursor needs a snapshot. ``all`` holds for every till."""

    scope = models.CharField(max_length=40, primary_key=True)
    seq = models.BigIntegerField()

    class Meta:
        db_table = "feed_floor"


class FeedWalk(models.Model):
    """A till that reads the feed from its beginning: it may go on below the floor, for it holds nothing older."""

    till = models.CharField(max_length=16, primary_key=True)
    begun = models.BigIntegerField()
    """The feed's last number when it began; a floor that came later holds for it too."""
    cursor = models.BigIntegerField()
    """Of the last page it was given."""
    at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "feed_walk"


class FeedSum(models.Model):
    """Number and checksum of the live rows of a table in a scope, kept with each change: what a till compares with."""

    pk = models.CompositePrimaryKey("scope", "table")
    scope = models.CharField(max_length=40)
    table = models.CharField(max_length=20)
    rows = models.BigIntegerField()
    total = models.CharField(max_length=16)
    """Sum of the rows' hashes modulo 2^64, hexadecimal."""

    class Meta:
        db_table = "feed_sum"


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

    class Meta:
        indexes = (models.Index(fields=("branch", "cursor"), name="snapshot_branch"),)
