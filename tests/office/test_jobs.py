"""The regular jobs: one process at each, none kept waiting by one that is gone, none ended by one that fails."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from kassa_office import jobs
from kassa_office.jobs import Job, run_one
from kassa_office.tills.models import Lease
from tests.office.databases import Databases

DONE: list[str] = []
DAILY = Job("proof", 86_400, f"{__name__}:work")
BROKEN = Job("broken", 86_400, f"{__name__}:fails")


def work() -> str | None:
    """A job that notes who held it."""
    DONE.append(Lease.objects.get(name=DAILY.name).holder)
    return None


def fails() -> str | None:
    """A job that goes wrong."""
    raise RuntimeError("out of order")


@pytest.fixture(autouse=True)
def nothing_done(office_db: Databases) -> None:
    DONE.clear()


def test_an_office_started_anew_does_a_daily_job_at_once() -> None:
    assert run_one(DAILY, "shop:1")
    assert run_one(DAILY, "shop:2")
    assert DONE == ["shop:1", "shop:2"]


def test_what_somebody_is_at_is_left_alone_until_his_time_is_over() -> None:
    now = timezone.now()
    Lease.objects.create(name=DAILY.name, holder="elsewhere:7", until=now + timedelta(seconds=30))
    assert not run_one(DAILY, "shop:1")
    assert DONE == []
    Lease.objects.update(until=now - timedelta(seconds=1))
    assert run_one(DAILY, "shop:1")
    assert DONE == ["shop:1"]


def test_a_job_that_fails_is_told_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    assert not run_one(BROKEN, "shop:1")
    assert "out of order" in caplog.text
    assert Lease.objects.get(name=BROKEN.name).until <= timezone.now()


def test_the_jobs_end_when_they_are_told_to() -> None:
    stop = threading.Event()
    DONE.clear()
    thread_jobs = [Job(DAILY.name, 0, f"{__name__}:until_three")]
    STOP.append(stop)
    jobs.run(stop, thread_jobs, "shop:1")
    assert len(DONE) == 3


STOP: list[threading.Event] = []


def until_three() -> str | None:
    """A job that tells its own loop to end after three times."""
    DONE.append("done")
    if len(DONE) == 3:
        STOP.pop().set()
    return None


def test_every_job_there_is_can_be_done_and_done_again() -> None:
    assert len({job.name for job in jobs.JOBS}) == len(jobs.JOBS)
    for job in jobs.JOBS * 2:
        assert run_one(job, "shop:1"), job.name
