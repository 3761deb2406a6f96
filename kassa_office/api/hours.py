"""REST: hours as they were clocked and corrected, and what they come to.

Every question names one branch: that is how the table is kept, and how hours are reckoned.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from kassa_office.api.common import Code, InPath, Millis, Paging, Period, answers, own_branch, period
from kassa_office.api.paging import page
from kassa_office.api.problems import Refused
from kassa_office.api.tokens import Scope
from kassa_office.dashboard.figures import today
from kassa_office.hours import book
from kassa_office.hours.models import Clocking

router = Router(tags=["hours"])
READ = Scope("hours:read")
WORKED_DAYS = 62
"""Longest period that is reckoned at once: two months."""


class ClockingOut(Schema):
    """One clocking, or a correction of one; rows are only ever added."""

    branch: str
    till: str
    seq: int = Field(description="Till and seq are the row's identity; `OFFICE` is what was corrected in the office.")
    day: date = Field(description="On the shop's wall.")
    at: Millis
    offset: int = Field(description="Minutes that the shop's clock was ahead of UTC.")
    employee: str
    kind: Literal["in", "out", "break_start", "break_end", "void"] = Field(
        description="`void`: what it replaces was not so."
    )
    replaces: str = Field(description="`TILL/SEQ` of the row in whose place it stands and that no longer counts.")
    reason: str
    who: str = Field(description="The person at the till, or the user who corrected it.")


class Clockings(Schema):
    """A page of clockings, by day, till and number."""

    items: list[ClockingOut]
    next: str | None


class WorkedOut(Schema):
    """From coming to going."""

    branch: str
    employee: str
    day: date = Field(description="On which it began.")
    begin: Millis | None = Field(description="Null where nobody clocked in.")
    end: Millis | None = Field(description="Null where nobody clocked out, or not yet.")
    break_minutes: int
    minutes: int = Field(description="Worked, without breaks; so far while it lasts, 0 where something is missing.")
    missing: Literal["", "in", "out"] = Field(description="What was forgotten.")
    running: bool = Field(description="Whether the person is at work now.")
    corrected: bool


class Worked(Schema):
    """The hours of a period, by person and time."""

    items: list[WorkedOut]


class HoursFilter(Period, Paging):
    """Which clockings."""

    employee: Code | None = None


class WorkedFilter(Period):
    """Which hours; two months at most."""

    employee: Code | None = None


@router.get("/branches/{branch}/hours", response=answers(Clockings), auth=READ)
def clockings(request: HttpRequest, branch: InPath, asked: Query[HoursFilter]) -> dict[str, Any]:
    """What was clocked and corrected in a period, today's without one. Scope `hours:read`.

    What a till sent late, and every correction, stands among what is of its day.
    """
    code = own_branch(request, branch).code
    first, last = period(asked.first, asked.last, today())
    rows = Clocking.objects.filter(branch=code, day__gte=first, day__lte=last)
    if asked.employee is not None:
        rows = rows.filter(employee=asked.employee)
    return page(rows, ["day", "till", "seq"], asked.cursor, asked.limit, _clocking)


@router.get("/branches/{branch}/hours/worked", response=answers(Worked), auth=READ)
def worked(request: HttpRequest, branch: InPath, asked: Query[WorkedFilter]) -> dict[str, Any]:
    """What the clockings of a period come to, by person, as the office's page has it. Scope `hours:read`."""
    code = own_branch(request, branch).code
    first, last = period(asked.first, asked.last, today())
    if (last - first).days > WORKED_DAYS:
        raise Refused(409, "period", {"days": WORKED_DAYS})
    return {"items": [_worked(one) for one in book.worked([code], first, last, asked.employee or "")]}


def _clocking(row: Clocking) -> dict[str, Any]:
    names = ("branch", "till", "seq", "day", "at", "offset", "employee", "kind", "replaces", "reason", "who")
    return {name: getattr(row, name) for name in names}


def _worked(one: book.Worked) -> dict[str, Any]:
    spell = one.spell
    return {
        "branch": one.branch, "employee": one.employee, "day": one.day, "begin": spell.begin, "end": spell.end,
        "break_minutes": spell.rested(), "minutes": one.minutes, "missing": spell.missing, "running": spell.running,
        "corrected": one.corrected,
    }  # fmt: skip
