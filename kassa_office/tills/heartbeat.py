"""How each till is: what its heartbeat said, whose clock is wrong, and who has not been heard."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.db.models import Q
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.journal.alarms import Matter, close_alarm, raise_alarm
from kassa_office.journal.bodies import storable
from kassa_office.journal.models import Alarm
from kassa_office.tills.models import Till, TillCursor, TillState
from kassa_office.tills.office import office
from kassa_tui.sync.wire import SCHEMA, Heartbeat, HeartbeatAnswer

SKEW_MS = 120_000
"""A clock this far from the office's is told to people."""
SILENT_OPEN, SILENT_CLOSED = timedelta(minutes=15), timedelta(hours=72)
"""Not heard for so long is an alarm: of a till with an open shift, of one that was closed."""
MAX = 2**62
MAX_DEVICES = 50


def beat(till: Till, beat: Heartbeat) -> HeartbeatAnswer:
    """Keep what a till says of itself and answer what the office wants of it."""
    now = timezone.now()
    now_ms = int(now.timestamp() * 1000)
    skew = _within(beat.now - now_ms)
    devices = storable(msgspec.to_builtins(beat.devices[:MAX_DEVICES]))
    TillState.objects.update_or_create(
        till=till,
        defaults={
            "at": now, "version": storable(beat.version)[:40], "skew_ms": skew, "waiting": _within(beat.waiting),
            "oldest": _within(beat.oldest), "turnover_waiting": _within(beat.turnover),
            "receipt": _within(beat.receipt), "z": _within(beat.z), "cursor": _within(beat.cursor),
            "disk_free": _within(beat.disk_free), "devices": devices, "doctor": storable(beat.doctor),
            "settings": storable(beat.settings)[:64],
        },
    )  # fmt: skip
    next_seq = _claim(till, beat.high)
    note_skew(till, skew, now)
    close_alarm(Matter("silent", till.branch_id, till.code), at=now)
    mark = office()
    head = feed.head()
    wanted = till.wanted_version
    if wanted == beat.version:
        # It has what was wanted. What a technician does with it from here on is not undone.
        Till.objects.filter(code=till.code, wanted_version=wanted).exclude(wanted_version="").update(wanted_version="")
        wanted = ""
    return HeartbeatAnswer(SCHEMA, mark.epoch, now_ms, next_seq, head, wanted, pull_snapshot=beat.cursor > head)


def _claim(till: Till, high: int) -> int:
    """Note the highest ``seq`` the till says it has; the first that is not here."""
    TillCursor.objects.bulk_create([TillCursor(till=till)], ignore_conflicts=True)
    if 0 < high < 2**53:
        TillCursor.objects.filter(till=till, claimed_seq__lt=high).update(claimed_seq=high)
    return TillCursor.objects.values_list("next_seq", flat=True).get(till=till)


def note_skew(till: Till, skew_ms: int, now: datetime) -> None:
    """Raise or close the alarm of a till whose clock differs from the office's."""
    matter = Matter("clock", till.branch_id, till.code, facts={"skew_ms": skew_ms})
    if abs(skew_ms) > SKEW_MS:
        raise_alarm(matter, now)
    else:
        close_alarm(matter, at=now)


def find_silent() -> str | None:
    """Regular job: raise an alarm for each till that ought to have been heard, close those of tills that were."""
    now, silent = timezone.now(), []
    tills = Till.objects.filter(active=True, branch__active=True, enrolled_at__isnull=False).exclude(token_hash="")
    for till in tills.select_related("state", "cursor"):
        heard = _heard(till)
        state = getattr(till, "state", None)
        limit = SILENT_OPEN if state is not None and state.z else SILENT_CLOSED
        matter = Matter("silent", till.branch_id, till.code, facts={"since": heard.isoformat()})
        if now - heard > limit:
            raise_alarm(matter, now)
            silent.append(till.code)
        else:
            close_alarm(matter, at=now)
    gone = Till.objects.filter(Q(active=False) | Q(branch__active=False) | Q(token_hash=""))
    codes = list(gone.values_list("code", flat=True))
    Alarm.objects.filter(code="silent", till__in=codes, closed_at=None).update(closed_at=now)
    return f"silent: {', '.join(silent)}" if silent else None


def _heard(till: Till) -> datetime:
    """When the till last said anything, or was enrolled."""
    state, cursor = getattr(till, "state", None), getattr(till, "cursor", None)
    times = [till.enrolled_at, state and state.at, cursor and cursor.received_at]
    return max(each for each in times if each)


def _within(number: int) -> int:
    return max(-MAX, min(number, MAX))
