"""When the agent does what: waits that grow, turns that ten thousand tills do not take at once, the clock that wakes.

APScheduler only wakes the runner; what is due is decided there, from what there is to send and how the last tries went.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from kassa_tui.sync.port import PERMANENT, OfficeError

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 5.0, 900.0
"""After the first failure, and after many; between them it doubles."""
PERSON_SECONDS = 900.0
"""Between two tries where a person must act: somebody may have."""
LONG_OUTAGE_SECONDS = 600
"""After this without an answer all tills may come back together, and each waits for its turn."""
TURNS_SECONDS = 600
"""Over which the turns are spread."""

WATCH, PULL, BEAT, NIGHT = "watch", "pull", "beat", "night"
EVERY_SECONDS = {WATCH: 1, PULL: 30, BEAT: 60, NIGHT: 900}
"""How often the runner is woken for each: a sale goes up within two seconds."""

Random = Callable[[], float]
"""From 0 to 1, 1 not included."""


def wait(tries: int, error: OfficeError, random: Random) -> float:
    """Seconds until the next try after ``tries`` failures in a row: anywhere up to a bound that doubles each time.

    What the office asked for (``Retry-After``) is always waited out, and a little longer, so that not all end together.
    """
    bound: float = min(FIRST_WAIT_SECONDS * 2.0 ** min(max(tries - 1, 0), 20), MOST_WAIT_SECONDS)
    if error.code in PERMANENT:
        return PERSON_SECONDS * (0.75 + random() / 4)
    if error.retry_after:
        return error.retry_after + random() * bound
    # Never at once: a line that fails immediately must not be tried in a loop.
    return 1.0 + random() * (bound - 1.0)


def turn(till: str, seconds: int = TURNS_SECONDS) -> float:
    """Seconds after the end of a long outage at which this till sends: the same each time, spread over all tills."""
    number = int.from_bytes(hashlib.sha256(till.encode()).digest()[:4], "big")
    return number * seconds / 2**32


@dataclass(slots=True)
class Lane:
    """One kind of traffic, with waits of its own: a feed that fails does not hold up the journal."""

    tries: int = 0
    """Failures in a row."""
    not_before: float = 0.0
    """Monotonic seconds."""

    def open(self, now: float) -> bool:
        """Whether it may try now."""
        return now >= self.not_before

    def failed(self, now: float, error: OfficeError, random: Random) -> float:
        """Note a failure; seconds until the next try."""
        self.tries += 1
        seconds = wait(self.tries, error, random)
        self.not_before = now + seconds
        return seconds

    def worked(self) -> None:
        """Note that it went well."""
        self.tries, self.not_before = 0, 0.0


def scheduler(wake: Callable[[str], object]) -> BackgroundScheduler:
    """A scheduler, not started, that calls ``wake`` with each name at its time, from a thread of its own."""
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobEvent
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    made = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        # A job that is a little late must come, not be dropped; one that is due many times comes once.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )

    def told(event: JobEvent) -> None:
        logging.getLogger("kassa.sync").error("schedule: job %s failed or was missed", event.job_id)

    made.add_listener(told, EVENT_JOB_ERROR | EVENT_JOB_MISSED)
    for name, seconds in EVERY_SECONDS.items():
        trigger = IntervalTrigger(seconds=seconds, timezone=UTC)
        made.add_job(wake, trigger, args=(name,), id=name, replace_existing=True)
    return made
