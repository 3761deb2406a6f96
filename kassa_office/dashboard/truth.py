"""How far the figures can be trusted: what is known not to be in, per till, and about how much it is.

What a till says waits is taken from its heartbeat. Of a till that fell silent is guessed what it would have sold, from
the same hours a week before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Count, Max, Sum
from django.utils import timezone

from kassa_office.dashboard import formats
from kassa_office.journal.models import Alarm, Entry, Quarantine
from kassa_office.sales.models import DayTotal
from kassa_office.tills.models import Till, TillCursor, TillState

SILENT_AFTER = timedelta(minutes=15)
"""A till that was not heard of for so long may hold sales that are not in."""

COUNTED = 5000
"""Entries between which missing ones are counted one by one."""


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


def truth(branches: Collection[str], now: datetime | None = None) -> Truth:
    """What is known not to be in, per till."""
    now = now or timezone.now()
    tills = list(Till.objects.filter(branch_id__in=branches, active=True).exclude(token_hash=""))
    codes = [till.code for till in tills]
    cursors = {one.till_id: one for one in TillCursor.objects.filter(till__in=codes)}
    states = {one.till_id: one for one in TillState.objects.filter(till__in=codes)}
    found = Truth(len(tills), quarantined=Quarantine.objects.filter(branch__in=branches, decided_at=None).count())
    usual = _usual(branches, formats.local(now).date())
    for till in tills:
        cursor, state = cursors.get(till.code), states.get(till.code)
        found.received[till.code] = cursor.received_at if cursor else None
        missing = _missing(till, cursor, state, now, usual.get(till.code, {}))
        if missing is not None:
            found.missing.append(missing)
    return found


def version(branches: Collection[str], company: bool, of: Truth, now: datetime) -> str:
    """Changes with whatever a page of today shows: entries that came in, tills that fell silent, alarms, the time.

    Read from a few small tables; every ingest moves ``received_at`` of its till.
    """
    codes = [*branches, ""] if company else list(branches)
    alarms = Alarm.objects.filter(branch__in=codes)
    counted = alarms.aggregate(n=Count("id"), times=Sum("times"), last=Max("last_at"), closed=Max("closed_at"))
    high = TillCursor.objects.filter(till__in=list(of.received)).aggregate(high=Sum("high_seq"), next=Sum("next_seq"))
    then = formats.local(now)
    seen: list[Any] = [
        sorted(branches),
        company,
        of,
        sorted(counted.items()),
        high,
        then.date(),
        then.hour,
        then.minute,
    ]
    return sha256(repr(seen).encode()).hexdigest()[:24]


def missing_between(cursor: TillCursor | None) -> int:
    """Entries that are not here though later ones are; of very wide gaps the most it can be."""
    if cursor is None or cursor.high_seq < cursor.next_seq:
        return 0
    most = cursor.high_seq - cursor.next_seq + 1
    if most > COUNTED:
        return most - 1
    there = Entry.objects.filter(branch__in=cursor.branches, till=cursor.till_id, seq__gt=cursor.next_seq)
    return most - there.filter(seq__lte=cursor.high_seq).count()


def _missing(
    till: Till, cursor: TillCursor | None, state: TillState | None, now: datetime, usual: dict[int, int]
) -> Missing | None:
    heard = max((at for at in (cursor and cursor.received_at, state and state.at) if at), default=None)
    if heard is None:
        return Missing(till.code, till.branch_id, "never")
    turnover = max(0, state.turnover_waiting) if state else 0
    if between := missing_between(cursor):
        return Missing(till.code, till.branch_id, "gap", between, heard, turnover)
    behind = max(cursor.claimed_seq - cursor.high_seq if cursor else 0, state.waiting if state else 0)
    if now - heard > SILENT_AFTER:
        guess = _guess(usual, heard, now)
        if guess or behind or (state is not None and state.z):
            return Missing(till.code, till.branch_id, "silent", behind, heard, turnover, guess)
    elif behind:
        return Missing(till.code, till.branch_id, "waiting", behind, heard, turnover)
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
