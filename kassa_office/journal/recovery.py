"""What is left to do after a crash, and what need not be kept for ever. Regular jobs; each can be repeated."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from kassa_office.facts import make_partitions, strayed
from kassa_office.journal.ingest import coming_months, take
from kassa_office.journal.models import Inbox
from kassa_office.sales.models import Parked, VoucherHold
from kassa_office.tills.models import Till
from kassa_tui.sync.codec import WireError, decode, unpack
from kassa_tui.sync.wire import Batch

log = logging.getLogger(__name__)

AFTER = timedelta(seconds=60)
"""A batch that waits longer was not being taken in: the office ended in the middle."""
KEEP = timedelta(days=30)
KEEP_PARKED = timedelta(days=90)
AT_ONCE = 200
MONTHS_AHEAD = 3


def recover() -> str | None:
    """Take in the batches that are in the inbox and no further."""
    waiting = Inbox.objects.filter(done_at=None, received_at__lt=timezone.now() - AFTER)
    done = 0
    for digest in list(waiting.order_by("received_at").values_list("digest", flat=True)[:AT_ONCE]):
        row = Inbox.objects.get(digest=digest)
        till = Till.objects.filter(code=row.till).first()
        try:
            if till is not None:
                take(till, decode(unpack(bytes(row.body), row.encoding), Batch), digest)
                done += 1
                continue
        except WireError:
            log.warning("batch %s of %s cannot be read", digest, row.till)
        Inbox.objects.filter(digest=digest).update(done_at=timezone.now())
    return f"recovered: {done}" if done else None


def prune() -> str | None:
    """Let go of what has served: raw batches after a month, tickets taken up long ago, holds that ran out."""
    now = timezone.now()
    batches, _ = Inbox.objects.filter(done_at__lt=now - KEEP).delete()
    before = int((now - KEEP_PARKED).timestamp() * 1000)
    tickets, _ = Parked.objects.filter(parks=0, at__lt=before).delete()
    VoucherHold.objects.filter(until__lt=now - timedelta(days=1)).delete()
    return f"pruned: {batches} batches, {tickets} tickets" if batches or tickets else None


def make_ahead() -> str | None:
    """Partitions of the coming months, so that no ingest has to wait for them, and of those that got none in time."""
    make_partitions(coming_months(MONTHS_AHEAD))
    late = strayed(timezone.localdate())
    make_partitions(late)
    return f"partitions made late: {', '.join(sorted(f'{month:%Y-%m}' for month in late))}" if late else None


def statistics() -> None:
    """What SQLite must know of its tables to choose well how to read them; PostgreSQL sees to that itself."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 1000")
            cursor.execute("ANALYZE")
