"""Parked tickets that were sold twice: a till that cannot ask the office takes up its own, whoever has it by then.

Both sales count, for both happened; a person must say which of them was not meant. A ticket that was taken up more
often than it was parked is looked for among the sales from the day on which it was parked, until two are in.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from kassa_office.dashboard import formats
from kassa_office.journal.alarms import Matter, raise_all
from kassa_office.journal.models import Alarm
from kassa_office.sales.models import Parked, Sale
from kassa_office.tills.models import Branch

CODE = "sold_twice"
DAYS = 60
"""So far back tickets are looked for; nothing is offline for longer without somebody knowing."""


def find() -> str | None:
    """The job: an alarm for each ticket of which two sales are in."""
    since = timezone.now() - timedelta(days=DAYS)
    start = int(since.timestamp() * 1000)
    told = set(Alarm.objects.filter(code=CODE).values_list("matter", flat=True))
    # Where the parking itself is not here, nobody knows of which branch the ticket is.
    rows = Parked.objects.filter(parks__lt=0)
    taken = [row for row in rows if row.ticket not in told and (row.at < 0 or row.at > start)]
    if not taken:
        return None
    everywhere = list(Branch.objects.values_list("code", flat=True))
    branches = everywhere if any(not row.branch for row in taken) else sorted({row.branch for row in taken})
    first = min((row.at for row in taken), default=0)
    day = (since if first < 0 else datetime.fromtimestamp(first / 1000, UTC)).date() - timedelta(days=1)
    sales: dict[str, list[Sale]] = defaultdict(list)
    found = Sale.objects.filter(branch__in=branches, day__gte=day, ticket__in=[row.ticket for row in taken])
    for sale in found.order_by("at", "till", "seq"):
        sales[sale.ticket].append(sale)
    matters = [_matter(row, sales[row.ticket]) for row in taken if len(sales[row.ticket]) > 1]
    raise_all(matters)
    return f"{len(matters)} tickets sold twice" if matters else None


def _matter(row: Parked, sales: list[Sale]) -> Matter:
    last = sales[-1]
    facts = {"numbers": ", ".join(sale.number for sale in sales), "name": row.name, "total": formats.euro(last.total)}
    return Matter(CODE, last.branch, last.till, row.ticket, facts)
