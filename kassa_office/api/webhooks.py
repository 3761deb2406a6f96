"""Sending what was written down for webhooks: signed after Standard Webhooks, again until it is taken.

At least once, and as good as in order: a receiver tells a repetition by ``webhook-id``. One that does not answer holds
up nobody else.
"""

from __future__ import annotations

import random
import secrets
import threading
from base64 import b64encode
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Signature

from kassa_office.api import guard
from kassa_office.api.models import FAILED, SUPERSEDED, TAKEN, WAITING, Delivery, Webhook
from kassa_office.journal.alarms import Matter, close_alarm, raise_alarm

WAITS = (5, 30, 120, 300, 900, 1800, 3600, 7200, 10_800, 14_400, 14_400, 21_600, 28_800, 28_800, 28_800, 43_200)
"""Seconds after each failure of one delivery; the last one on and on."""
GIVE_UP = timedelta(days=3)
OFF_AFTER = 20
"""Rounds in a row in which a webhook took nothing; then it is switched off."""
AT_ONCE, HOOKS_AT_ONCE = 20, 8
"""Deliveries of one webhook in a round, and webhooks that are called at the same time."""
REFUSED_IN_A_ROW = 3
"""Answers that are no 2xx; then the round is over for this webhook."""
LEASE = timedelta(minutes=5)
"""Longer than a round can take; a process that died leaves its deliveries to another after it."""
KEEP = timedelta(days=30)

_one_sender = threading.Lock()


@dataclass(slots=True)
class Round:
    """One webhook's share of a round."""

    hook: Webhook
    deliveries: list[Delivery]
    results: list[tuple[Delivery, int, str]] = field(default_factory=list)
    """Delivery, status, problem; those not in it were not tried."""


def new_secret() -> str:
    """A signing secret in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode("ascii")


def headers_of(delivery: Delivery, secret: str, now: datetime) -> dict[str, str]:
    """Id, time and signature; a repetition has its own time and the same id."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Kassa-Webhooks/1",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signature(secret).sign(delivery.id, now, delivery.body),
    }


def work() -> None:
    """The job: see to it that there is a thread that sends. Slow receivers must not hold up the office's other jobs."""
    if Delivery.objects.filter(state=WAITING, next_at__lte=timezone.now()).exists() and not _one_sender.locked():
        threading.Thread(target=_send_all, name="webhooks", daemon=True).start()


def _send_all() -> None:
    if not _one_sender.acquire(blocking=False):
        return
    try:
        close_old_connections()
        while send_due():
            pass
    finally:
        connection.close()
        _one_sender.release()


def send_due(now: datetime | None = None) -> int:
    """One round: what is due, of each webhook so many; how many were taken."""
    rounds = claim(now or timezone.now())
    if not rounds:
        return 0
    with ThreadPoolExecutor(HOOKS_AT_ONCE, thread_name_prefix="webhook") as pool:
        done = list(pool.map(_call, rounds))
    return sum(note(one, now or timezone.now()) for one in done)


def claim(now: datetime) -> list[Round]:
    """Take what is due, so that nobody else sends it meanwhile."""
    with transaction.atomic():
        due = Delivery.objects.filter(state=WAITING, next_at__lte=now).order_by("made_at", "id")
        if connection.vendor == "postgresql":
            due = due.select_for_update(skip_locked=True)
        shares = [Round(hook, list(due.filter(webhook=hook)[:AT_ONCE])) for hook in Webhook.objects.filter(active=True)]
        for share in shares:
            _drop_superseded(share, now)
        chosen = [one.pk for share in shares for one in share.deliveries]
        Delivery.objects.filter(pk__in=chosen).update(next_at=now + LEASE)
    return [share for share in shares if share.deliveries]


def _drop_superseded(share: Round, now: datetime) -> None:
    """Of several that tell the same, the last is enough; it was written after what the others tell."""
    last = {(one.event, one.about): one.pk for one in share.deliveries if one.about}
    old = [one for one in share.deliveries if one.about and last[one.event, one.about] != one.pk]
    if old:
        gone = {one.pk for one in old}
        Delivery.objects.filter(pk__in=gone).update(state=SUPERSEDED, done_at=now)
        share.deliveries = [one for one in share.deliveries if one.pk not in gone]


def _call(share: Round) -> Round:
    """One after the other, in order; no database in here, this is a thread of its own."""
    refused = 0
    with guard.session(private=settings.OFFICE.webhook_private) as through:
        for one in share.deliveries:
            headers = headers_of(one, share.hook.secret, datetime.now(UTC))
            status, problem = guard.post(through, share.hook.url, one.body.encode(), headers)
            share.results.append((one, status, problem))
            refused = 0 if taken(status) else refused + 1
            if not status or status == 410 or refused >= REFUSED_IN_A_ROW:
                break
    return share


def taken(status: int) -> bool:
    """Whether the receiver has it."""
    return 200 <= status < 300


def note(share: Round, now: datetime) -> int:
    """Write down what became of a round; how many were taken."""
    tried = {one.pk for one, _status, _problem in share.results}
    good = sum(taken(status) for _one, status, _problem in share.results)
    with transaction.atomic():
        for one, status, problem in share.results:
            _note_one(one, status, problem, now)
        hook = Webhook.objects.select_for_update().filter(pk=share.hook.pk).first()
        if hook is None:
            return good
        hook.failures = 0 if good else hook.failures + 1
        later = now if good else now + timedelta(seconds=WAITS[min(hook.failures, len(WAITS)) - 1])
        left = [one.pk for one in share.deliveries if one.pk not in tried]
        Delivery.objects.filter(pk__in=left).update(next_at=later)
        gone = any(status == 410 for _one, status, _problem in share.results)
        if gone or hook.failures >= OFF_AFTER:
            _switch_off(hook, now)
        hook.save(update_fields=["failures", "active", "stopped_at"])
    return good


def _note_one(one: Delivery, status: int, problem: str, now: datetime) -> None:
    one.tries, one.status, one.problem = one.tries + 1, status, problem
    if taken(status):
        one.state, one.done_at = TAKEN, now
    elif now - one.made_at >= GIVE_UP:
        one.state, one.done_at = FAILED, now
    else:
        wait = WAITS[min(one.tries, len(WAITS)) - 1]
        one.next_at = now + timedelta(seconds=wait * random.uniform(0.9, 1.1))
    one.save()


def _switch_off(hook: Webhook, now: datetime) -> None:
    hook.active, hook.stopped_at = False, now
    raise_alarm(Matter("webhook", matter=str(hook.pk), facts={"url": hook.url, "failures": hook.failures}), now)


def switch(hook: Webhook, *, on: bool, by: str) -> None:
    """On or off, by a person; switched on, what waits is sent at once."""
    hook.active, hook.failures, hook.stopped_at = on, 0, None
    hook.save()
    if on:
        close_alarm(Matter("webhook", matter=str(hook.pk)), by)
        Delivery.objects.filter(webhook=hook, state=WAITING).update(next_at=timezone.now())


def replay(deliveries: Iterable[Delivery]) -> int:
    """Send these again, whatever became of them, with the ids they had; how many."""
    chosen: Sequence[str] = [one.pk for one in deliveries]
    now = timezone.now()
    # ``made_at`` begins anew: it is what the three days are counted from.
    return Delivery.objects.filter(pk__in=chosen).update(
        state=WAITING, tries=0, next_at=now, made_at=now, done_at=None, problem="", status=0
    )


def prune() -> str | None:
    """The job: forget what was delivered or given up long ago, and the ids of programs of that time."""
    from kassa_office.api.models import Taken

    before = timezone.now() - KEEP
    count, _each = Delivery.objects.filter(made_at__lt=before).exclude(state=WAITING, webhook__active=True).delete()
    ids, _each = Taken.objects.filter(at__lt=before).delete()
    return f"{count} deliveries, {ids} ids" if count or ids else None
