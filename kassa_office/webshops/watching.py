"""A webshop that stands still, or fails for long, is told of; and no longer once it is well."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kassa_office.journal.alarms import Matter, close_alarm, raise_alarm
from kassa_office.journal.models import Alarm
from kassa_office.webshops import asking
from kassa_office.webshops.models import OFFICE, Webshop

CODE = "webshop"
FAILING = timedelta(minutes=30)
"""So long a webshop may fail before somebody hears of it: it is tried again all the while."""


def find() -> str | None:
    """Regular job: an alarm for each webshop of the office that waits for a person, or has failed for half an hour."""
    now, bad = timezone.now(), []
    shops = Webshop.objects.filter(owner=OFFICE, active=True, till__branch__active=True).select_related("till__branch")
    for shop in shops:
        found = asking.status(shop)
        if found is None:
            continue
        matter = Matter(CODE, shop.till.branch_id, str(shop.till_id), facts={
            "name": shop.name, "state": found.state, "why": found.why, "about": found.facts, "since_ms": found.since,
        })  # fmt: skip
        lasting = now.timestamp() * 1000 - found.since
        if found.state in ("stopped", "silent") or (
            found.state == "failing" and lasting > FAILING.total_seconds() * 1000
        ):
            raise_alarm(matter, now)
            bad.append(matter.till)
        else:
            close_alarm(matter, at=now)
    gone = Alarm.objects.filter(code=CODE, closed_at=None).exclude(till__in=[str(shop.till_id) for shop in shops])
    gone.update(closed_at=now)
    return f"webshops that stand still: {', '.join(bad)}" if bad else None
