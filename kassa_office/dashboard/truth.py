"""How far the figures can be trusted: what is known not to be in, per till, and about how much it is.

What a till says waits is taken from its heartbeat. Of a till that fell silent is guessed what it would have sold, from
the same hours a week before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Sum
from django.utils import timezone

from kassa_office.dashboard import formats
from kassa_office.journal.models import Alarm, Quarantine
from kassa_office.sales.models import DayTotal
from kassa_office.tills.models import Place, Till, TillCursor

SILENT_AFTER = timedelta(minutes=15)
"""A till that was not heard of for so long may hold sales that are not in."""

COUNTED = 5000
"""Entries between which missing ones are counted one by one."""
AT_ONCE = 50
"""Tills whose gaps are counted in one statement."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not in from one till."""

    till: str
    branch: str
    code: str
    """``gap``: entries in between; ``waiting``: at the till; ``silent``: not heard of; ``never``: not once."""
    entries: int = 0
    since: datetime | None = None
    turnover: int = 0
    """Cents that the till said are still with it."""
    guess: int = 0
    """Cents that it sold in these hours a week ago."""

    @property
    def amount(self) -> int:
        """The larger of what is known and what is guessed."""
        return max(self.turnover, self.guess)


@dataclass(slots=True)
class Truth:
    """Of some branches together."""

    tills: int = 0
    missing: list[Missing] = field(default_factory=list)
    quarantined: int = 0
    """Entries that were set apart and count nowhere."""
    received: dict[str, datetime | None] = field(default_factory=dict)
    """Till → when it last sent something."""
    entries: int = 0
    """Numbers of the tills' newest and first missing entries, added up: grows with whatever comes in."""

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.missing and not self.quarantined

    @property
    def turnover(self) -> int:
        """Cents that the tills said are still with them."""
        return sum(one.turnover for one in self.missing)

    @property
    def amount(self) -> int:
        """Cents that may be missing, known or guessed."""
        return sum(one.amount for one in self.missing)

    def share(self, turnover: int) -> int | None:
        """Hundredths of a percent of the turnover that are in, in whole tenths; None where that cannot be told.

        Never rounded up to all of it.
        """
        whole = turnover + self.amount
        return 1000 * turnover // whole * 10 if whole > 0 and turnover >= 0 else None

    def of(self, branch: str) -> list[Missing]:
        """What is missing of one branch."""
        return [one for one in self.missing if one.branch == branch]


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a till, of its journal here and of its last heartbeat: no more of it than the marks need."""

    till: str
    branch: str
    next_seq: int | None
    high_seq: int | None
    claimed_seq: int | None
    received_at: datetime | None
    branches: list[str] | None
    at: datetime | None
    waiting: int | None
    turnover_waiting: int | None
    z: int | None

    @property
    def last(self) -> datetime | None:
        """When it was heard last, one way or the other."""
        return max((at for at in (self.received_at, self.at) if at), default=None)

    @property
    def behind(self) -> int:
        """Entries that it said it has and that are not here."""
        return max((self.claimed_seq or 0) - (self.high_seq or 0), self.waiting or 0)


_HEARD = ("cursor__next_seq", "cursor__high_seq", "cursor__claimed_seq", "cursor__received_at", "cursor__branches",
          "state__at", "state__waiting", "state__turnover_waiting", "state__z")  # fmt: skip


def truth(branches: Collection[str], now: datetime | None = None) -> Truth:
    """What is known not to be in, per till."""
    now = now or timezone.now()
    rows = Till.objects.filter(branch_id__in=branches, active=True).exclude(token_hash="").order_by("code")
    tills = [Heard(*row) for row in rows.values_list("code", "branch_id", *_HEARD)]
    found = Truth(len(tills), quarantined=Quarantine.objects.filter(branch__in=branches, decided_at=None).count())
    between = gaps((one.till, one.branches or [], one.next_seq or 0, one.high_seq or 0) for one in tills)
    silent = [one for one in tills if one.last is not None and now - one.last > SILENT_AFTER]
    usual = _usual({one.branch for one in silent}, formats.local(now).date()) if silent else {}
    for one in tills:
        found.received[one.till] = one.received_at
        found.entries += (one.high_seq or 0) + (one.next_seq or 0)
        missing = _missing(one, between.get(one.till, 0), now, usual.get(one.till, {}))
        if missing is not None:
            found.missing.append(missing)
    return found


def version(branches: Collection[str], company: bool, of: Truth, now: datetime) -> str:
    """Changes with whatever a page of today shows: entries that came in, tills that fell silent, alarms, the time.

    Read from a few small tables; every ingest moves ``received_at`` of its till.
    """
    codes = [*branches, ""] if company else list(branches)
    alarms = Alarm.objects.filter(branch__in=codes, closed_at=None)
    counted = alarms.aggregate(n=Count("id"), which=Sum("id"), times=Sum("times"), last=Max("last_at"))
    then = formats.local(now)
    seen: list[Any] = [
        sorted(branches),
        company,
        of,
        sorted(counted.items()),
        then.date(),
        then.hour,
        then.minute,
    ]
    return sha256(repr(seen).encode()).hexdigest()[:24]


def missing_between(cursor: TillCursor | None) -> int:
    """Entries that are not here though later ones are; of very wide gaps the most it can be."""
    return gaps([cursor.place]).get(cursor.till_id, 0) if cursor else 0


def gaps(places: Iterable[Place]) -> dict[str, int]:
    """Till → :func:`missing_between`, of those tills where there is a gap."""
    found: dict[str, int] = {}
    counted: list[Place] = []
    for till, branches, first, last in places:
        if last < first or not last:
            continue
        found[till] = last - first
        if last - first < COUNTED and branches:
            counted.append((till, branches, first, last))
    for start in range(0, len(counted), AT_ONCE):
        for till, there in _there(counted[start : start + AT_ONCE]):
            found[till] -= int(there) - 1
    return found


def _there(counted: list[Place]) -> list[tuple[str, int]]:
    """Till → entries after the first missing one, all in one statement."""
    queries, values = [], list[Any]()
    for till, branches, first, last in counted:
        where = f"branch IN ({', '.join(['%s'] * len(branches))}) AND till = %s AND seq > %s AND seq <= %s"
        queries.append(f"SELECT %s, count(*) FROM journal_entry WHERE {where}")
        values += [till, *branches, till, first, last]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(queries), values)
        return list(cursor.fetchall())


def _missing(till: Heard, between: int, now: datetime, usual: dict[int, int]) -> Missing | None:
    heard = till.last
    if heard is None:
        return Missing(till.till, till.branch, "never")
    turnover = max(0, till.turnover_waiting or 0)
    if between:
        return Missing(till.till, till.branch, "gap", between, heard, turnover)
    behind = till.behind
    if now - heard > SILENT_AFTER:
        guess = _guess(usual, heard, now)
        if guess or behind or till.z:
            return Missing(till.till, till.branch, "silent", behind, heard, turnover, guess)
    elif behind:
        return Missing(till.till, till.branch, "waiting", behind, heard, turnover)
    return None


def _guess(usual: dict[int, int], heard: datetime, now: datetime) -> int:
    """Turnover of the hours of today since the till was heard, a week ago."""
    then, here = formats.local(heard), formats.local(now)
    start = then.hour * 60 + then.minute if then.date() == here.date() else 0
    end = here.hour * 60 + here.minute
    found = 0
    for hour, amount in usual.items():
        minutes = min(end, 60 * hour + 60) - max(start, 60 * hour)
        found += max(0, amount) * max(0, minutes) // 60
    return found


def _usual(branches: Collection[str], day: date) -> dict[str, dict[int, int]]:
    """Till → hour → turnover, a week before."""
    rows = DayTotal.objects.filter(branch__in=branches, day=day - timedelta(days=7), kind="hour").order_by()
    found: dict[str, dict[int, int]] = {}
    for till, key, amount in rows.values_list("till", "key").annotate(amount=Sum("amount")):
        if key.isdigit():
            found.setdefault(till, {})[int(key)] = int(amount)
    return found
