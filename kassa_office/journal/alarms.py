"""Alarms: what a person must look at, one row for one matter, closed by itself where it mends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from kassa_office.api import events
from kassa_office.journal.bodies import cut, storable
from kassa_office.journal.models import Alarm


@dataclass(frozen=True, slots=True)
class Matter:
    """Something to raise or to close."""

    code: str
    branch: str = ""
    till: str = ""
    matter: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> dict[str, str]:
        """What finds its row."""
        return {"code": self.code, "branch": self.branch, "till": self.till, "matter": cut(storable(self.matter), 120)}


def raise_alarm(matter: Matter, at: datetime | None = None) -> None:
    """Raise, or note that it was seen again; one that was closed opens anew."""
    now, facts = at or timezone.now(), storable(matter.facts)
    row, made = Alarm.objects.get_or_create(
        **matter.key, defaults={"facts": facts, "first_at": now, "last_at": now, "closed_at": None}
    )
    if made or row.closed_at or row.facts != facts:
        opened = made or row.closed_at is not None
        events.alarm_raised(matter.code, matter.branch, matter.till, matter.matter, facts, opened=opened)
    if made:
        return
    again = {"first_at": now} if row.closed_at else {}
    Alarm.objects.filter(pk=row.pk).update(
        facts=facts, last_at=now, times=F("times") + 1, closed_at=None, closed_by="", **again
    )


def raise_all(matters: Iterable[Matter], at: datetime | None = None) -> None:
    """Several, in an order of their own, so that two transactions never wait for each other in a circle."""
    for matter in sorted(matters, key=lambda each: sorted(each.key.items())):
        raise_alarm(matter, at)


def close_alarm(matter: Matter, by: str = "", at: datetime | None = None) -> bool:
    """Close where it is open; ``by`` is who did, empty where the matter mended itself. Whether one was open."""
    open_ = Alarm.objects.filter(**matter.key, closed_at=None)
    return bool(open_.update(closed_at=at or timezone.now(), closed_by=by[:150]))
