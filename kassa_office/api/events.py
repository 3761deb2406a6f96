"""What happened, told to other programs: written down with the event itself, sent afterwards.

Without a webhook this costs a look at the clock. What an event holds is enough to ask the REST API for the rest.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection
from django.utils import timezone

from kassa_office.api.models import Delivery, Webhook

SALE, Z, STOCK_LOW, ARTICLE, ALARM = "sale.stored", "z.closed", "stock.low", "article.changed", "alarm.raised"
EVENTS = (SALE, Z, STOCK_LOW, ARTICLE, ALARM)
LOOK_SECONDS = 2.0
"""A webhook that was made in another process is seen after at most so long."""
SKUS = 500
"""Article numbers in one event."""

_seen: tuple[str, float, bool] = ("", 0.0, False)


class Event(NamedTuple):
    """One thing that happened; ``branch`` empty is the whole company."""

    event: str
    branch: str
    data: dict[str, Any]
    about: str = ""
    """Where only the newest untold one counts: of what it tells."""


def wanted() -> bool:
    """Whether there is a webhook at all, as of at most LOOK_SECONDS ago."""
    global _seen
    name, now = str(connection.settings_dict["NAME"]), time.monotonic()
    if _seen[0] != name or now - _seen[1] > LOOK_SECONDS:
        _seen = (name, now, Webhook.objects.filter(active=True).exists())
    return _seen[2]


def look_again(**_signal: Any) -> None:
    """A webhook was made or changed here: see it at once."""
    global _seen
    _seen = ("", 0.0, False)


def emit(event: str, branch: str, data: dict[str, Any], about: str = "") -> int:
    """Write an event down for every webhook that wants it, in the caller's transaction; how many do."""
    return emit_all([Event(event, branch, data, about)]) if wanted() else 0


def emit_all(happened: Collection[Event]) -> int:
    """As :func:`emit`, for several."""
    if not happened or not wanted():
        return 0
    now, rows = timezone.now(), []
    for hook in Webhook.objects.filter(active=True).prefetch_related("branches"):
        places = {branch.pk for branch in hook.branches.all()}
        rows += [
            _delivery(hook, one, now)
            for one in happened
            if one.event in hook.events and (not places or one.branch in places or one.event == ARTICLE)
        ]
    Delivery.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def stored(reads: Iterable[Any]) -> None:
    """Sales and closed shifts among the journal entries (:class:`journal.projection.Read`) that were just stored."""
    emit_all([made for read in reads for made in _of_entry(read)])


def articles_changed(skus: Collection[str]) -> None:
    """These articles, their codes or their prices changed; ``*`` is perhaps all of them."""
    if not wanted():
        return
    if "*" in skus:
        emit(ARTICLE, "", {"all": True, "skus": []}, "*")
        return
    several = list(skus)
    for first in range(0, len(several), SKUS):
        part = several[first : first + SKUS]
        emit(ARTICLE, "", {"all": False, "skus": part}, part[0] if len(part) == 1 else "")


def alarm_raised(code: str, branch: str, till: str, matter: str, facts: dict[str, Any], *, opened: bool) -> None:
    """An alarm opened, or one that is open has other facts; one about stock tells what runs out each time."""
    happened = []
    if opened:
        data = {"code": code, "branch": branch, "till": till, "matter": matter, "facts": facts}
        happened.append(Event(ALARM, branch, data))
    if code == "stock":
        happened.append(Event(STOCK_LOW, branch, {"branch": branch, "facts": facts}))
    emit_all(happened)


def _of_entry(read: Any) -> Iterable[Event]:
    here, facts = read.here, read.facts
    entry = here.entry
    place = {"branch": here.branch, "till": entry.till, "seq": entry.seq, "day": here.day, "at": entry.at}
    if facts is None:
        return
    if entry.kind == "sale" and not facts.training:
        yield Event(SALE, here.branch, {**place, "number": facts.number, "total": facts.total})
    elif entry.kind == "shift.close":
        figures = {"z": facts.z, "turnover": facts.turnover, "counted": facts.counted, "difference": facts.difference}
        yield Event(Z, here.branch, {**place, **figures})


def _delivery(hook: Webhook, one: Event, now: datetime) -> Delivery:
    at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = msgspec.json.encode({"type": one.event, "timestamp": at, "data": one.data}).decode()
    number = f"msg_{int(now.timestamp() * 1000):012x}{secrets.token_hex(10)}"
    return Delivery(
        id=number, webhook=hook, event=one.event, about=one.about[:120], body=body, made_at=now, next_at=now
    )  # fmt: skip
