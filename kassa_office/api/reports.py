"""REST: turnover and Z reports, as the pages show them; branches and tills."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from kassa_office.api.common import (
    Cents,
    InPath,
    Millis,
    Paging,
    Period,
    Thousandths,
    answers,
    branches_asked,
    caller,
    own_branch,
    period,
)
from kassa_office.api.paging import page
from kassa_office.api.tokens import SCOPES, Scope
from kassa_office.dashboard import figures
from kassa_office.dashboard.truth import truth
from kassa_office.sales.models import ZReport
from kassa_office.tills.models import Branch, Till

router = Router(tags=["reports"])
places = Router(tags=["branches"])
READ, ANY = Scope("reports:read"), Scope(*SCOPES)

BranchCode = Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class TurnoverRow(Schema):
    """One line of turnover."""

    key: str = Field(description="The branch, till, day, hour (`00`–`23`), group, `code:rate`, tender or person.")
    tickets: int
    qty: Thousandths
    amount: Cents
    vat: Cents = Field(description="The VAT in it; cents. 0 where the division has none: by payment.")


class MissingOut(Schema):
    """A till of which something is not in yet."""

    branch: str
    till: str
    code: str = Field(description="`gap`, `waiting`, `silent`, `never`.")
    entries: int
    turnover: Cents


class Turnover(Schema):
    """Turnover of a period, with what is known to be missing from it."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    branches: list[str]
    by: str
    rows: list[TurnoverRow]
    tickets: int
    amount: Cents
    vat: Cents
    complete: bool = Field(description="Whether nothing is known to be missing.")
    missing: list[MissingOut]


class TurnoverFilter(Period):
    """Which turnover, divided by what."""

    by: Literal["branch", "till", "day", "hour", "group", "vat", "tender", "staff"] = "day"
    branch: list[BranchCode] = Field(default=[], max_length=100, description="All of the token's where none is named.")
    till: Annotated[str, Field(max_length=16, pattern=r"^[A-Z0-9]*$")] = ""


class ZOut(Schema):
    """A shift that was closed, as the till counted it."""

    branch: str
    till: str
    z: int
    day: date
    at: Millis
    who: str
    turnover: Cents
    counted: int | None = Field(description="Cash counted, cents; null where nobody did.")
    difference: Cents = Field(description="Counted less expected; cents.")


class ZReports(Schema):
    """A page of Z reports, by day, till and number."""

    items: list[ZOut]
    next: str | None


class ZFilter(Period, Paging):
    """Which Z reports."""


class BranchOut(Schema):
    """A shop."""

    code: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    timezone: str
    active: bool


class TillOut(Schema):
    """A till and how it is."""

    code: str
    branch: str
    name: str
    active: bool
    enrolled_at: datetime | None
    heard_at: datetime | None = Field(description="When it last said how it is.")
    version: str
    waiting: int = Field(description="Journal entries that it still has to send, as it said.")
    entries: int = Field(description="Journal entries that are here without a gap.")
    missing: int = Field(description="Entries that are known to exist and are not here.")
    skew_ms: int = Field(description="Its clock less the office's.")
    shift: int = Field(description="Number of the open shift; 0 where it is closed.")


@router.get("/turnover", response=answers(Turnover), auth=READ, by_alias=True)
def turnover(request: HttpRequest, asked: Query[TurnoverFilter]) -> dict[str, Any]:
    """Turnover of a period, today's without one, from the totals that the pages show. Scope `reports:read`."""
    codes = branches_asked(request, asked.branch)
    first, last = period(asked.first, asked.last, figures.today())
    rows = figures.by(asked.by, codes, first, last, asked.till)
    whole, known = figures.total(codes, first, last, asked.till), truth(codes)
    missing = [one for one in known.missing if not asked.till or one.till == asked.till]
    return {
        "from": first, "to": last, "branches": codes, "by": asked.by,
        "rows": [
            {"key": row.key, "tickets": row.n, "qty": row.qty, "amount": row.amount, "vat": row.vat} for row in rows
        ],
        "tickets": whole.n, "amount": whole.amount, "vat": whole.vat,
        "complete": not missing and not known.quarantined,
        "missing": [
            {"branch": one.branch, "till": one.till, "code": one.code, "entries": one.entries, "turnover": one.turnover}
            for one in missing
        ],
    }  # fmt: skip


@router.get("/branches/{branch}/z-reports", response=answers(ZReports), auth=READ)
def z_reports(request: HttpRequest, branch: InPath, asked: Query[ZFilter]) -> dict[str, Any]:
    """Shifts closed in a period, today's without one. Scope `reports:read`."""
    code = own_branch(request, branch).code
    first, last = period(asked.first, asked.last, figures.today())
    rows = ZReport.objects.filter(branch=code, day__gte=first, day__lte=last).defer("body")
    return page(rows, ["day", "till", "seq"], asked.cursor, asked.limit, _z)


@places.get("/branches", response=answers(list[BranchOut]), auth=ANY)
def branches(request: HttpRequest) -> Any:
    """The branches of the token. Any scope."""
    allowed = caller(request).branches
    rows = Branch.objects.order_by("code")
    return rows if allowed is None else rows.filter(code__in=allowed)


@places.get("/branches/{branch}/tills", response=answers(list[TillOut]), auth=READ)
def tills(request: HttpRequest, branch: InPath) -> list[dict[str, Any]]:
    """The tills of a branch and how each is; channels of webshops are none. Scope `reports:read`."""
    found = Till.objects.filter(branch=own_branch(request, branch).code, webshop=None)
    return [_till(row) for row in found.select_related("state", "cursor").order_by("code")]


def _till(row: Till) -> dict[str, Any]:
    state, cursor = getattr(row, "state", None), getattr(row, "cursor", None)
    return {
        "code": row.code, "branch": row.branch_id, "name": row.name, "active": row.active,
        "enrolled_at": row.enrolled_at, "heard_at": state and state.at, "version": state.version if state else "",
        "waiting": state.waiting if state else 0, "entries": cursor.next_seq - 1 if cursor else 0,
        "missing": max(cursor.high_seq, cursor.claimed_seq) + 1 - cursor.next_seq if cursor else 0,
        "skew_ms": state.skew_ms if state else 0, "shift": state.z if state else 0,
    }  # fmt: skip


def _z(row: ZReport) -> dict[str, Any]:
    names = ("branch", "till", "z", "day", "at", "who", "turnover", "counted", "difference")
    return {name: getattr(row, name) for name in names}
