"""What the office does by itself, again and again: one process, one job at a time, each on its own clock.

``kassa-office run`` starts it beside the web server. Two at once (a second machine, a forgotten one) do no harm: a job
runs under a lease in the database, and every job can be repeated.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

from django.db import close_old_connections, transaction
from django.utils import timezone

from kassa_office.tills.models import Lease

log = logging.getLogger(__name__)


LEASE = timedelta(minutes=1)
"""So long a job is nobody else's; what was killed in the middle of one is waited for no longer."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to be done every ``seconds``."""

    name: str
    seconds: int
    call: str
    """``package.module:function``; takes nothing, returns a line for the log or None."""


JOBS: list[Job] = [
    Job("batches left behind", 30, "kassa_office.journal.recovery:recover"),
    Job("silent tills", 60, "kassa_office.tills.heartbeat:find_silent"),
    Job("feed", 2, "kassa_office.catalogue.feed:publish"),
    Job("levels", 60, "kassa_office.stock.telling:tell"),
    Job("orders", 60, "kassa_office.stock.orders:refresh"),
    Job("transfers", 60, "kassa_office.stock.transfers:refresh"),
    Job("webshops that stand still", 60, "kassa_office.webshops.watching:find"),
    Job("tickets sold twice", 120, "kassa_office.sales.twice:find"),
    Job("stock-takes", 300, "kassa_office.stock.counts:settle"),
    Job("demand", 300, "kassa_office.stock.demand:prepare"),
    Job("stock running out", 86_400, "kassa_office.stock.proposals:alarm"),
    Job("stock to tills", 300, "kassa_office.catalogue.feed:publish_stock"),
    Job("snapshots", 600, "kassa_office.catalogue.snapshot:refresh"),
    Job("webhooks", 2, "kassa_office.api.webhooks:work"),
    Job("old deliveries", 86_400, "kassa_office.api.webhooks:prune"),
    Job("prices of the day", 3600, "kassa_office.catalogue.feed:new_day"),
    Job("partitions ahead", 86_400, "kassa_office.journal.recovery:make_ahead"),
    Job("old batches", 86_400, "kassa_office.journal.recovery:prune"),
    Job("statistics", 86_400, "kassa_office.journal.recovery:statistics"),
    Job("old tombstones", 86_400, "kassa_office.catalogue.feed:prune"),
]
"""In the order of their importance; what is due at once is done in this order."""


def run(stop: threading.Event, jobs: list[Job] | None = None, holder: str = "jobs") -> None:
    """Do the jobs as they fall due until ``stop`` is set; a job that fails is logged and comes again."""
    queue = [(time.monotonic(), place, job) for place, job in enumerate(JOBS if jobs is None else jobs)]
    heapq.heapify(queue)
    while queue and not stop.is_set():
        due, place, job = queue[0]
        wait = due - time.monotonic()
        if wait > 0:
            stop.wait(wait)
            continue
        run_one(job, holder)
        heapq.heapreplace(queue, (time.monotonic() + job.seconds, place, job))


def run_one(job: Job, holder: str) -> bool:
    """Do one job if nobody else is at it; whether it was done without a fault."""
    close_old_connections()
    try:
        if not _take(job, holder):
            return False
        try:
            told = _function(job)()
        finally:
            _give_back(job, holder)
        if told:
            log.info("job %s: %s", job.name, told)
    except Exception:
        log.exception("job %s", job.name)
        return False
    finally:
        close_old_connections()
    return True


def _take(job: Job, holder: str) -> bool:
    now = timezone.now()
    with transaction.atomic():
        Lease.objects.get_or_create(name=job.name, defaults={"holder": "", "until": now})
        lease = Lease.objects.select_for_update().get(name=job.name)
        if lease.until > now and lease.holder != holder:
            return False
        lease.holder, lease.until = holder, now + LEASE
        lease.save()
    return True


def _give_back(job: Job, holder: str) -> None:
    """At once, so that an office that was started anew does not wait for the one before it."""
    Lease.objects.filter(name=job.name, holder=holder).update(until=timezone.now())


def _function(job: Job) -> Callable[[], str | None]:
    module, name = job.call.split(":")
    found: Callable[[], str | None] = getattr(import_module(module), name)
    return found
