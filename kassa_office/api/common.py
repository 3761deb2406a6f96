"""What the parts of the REST API share: the kinds of value, the lists, whose branch it is, and marks of versions."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Annotated, Any, cast

from django.http import HttpRequest, HttpResponse
from ninja import Field, Path, Schema
from pydantic import BeforeValidator, ConfigDict, WithJsonSchema

from kassa_office.api.paging import MAX_LIMIT, USUAL_LIMIT
from kassa_office.api.problems import REFUSALS, Problem, Refused
from kassa_office.api.tokens import Caller
from kassa_office.staff.access import audit_few
from kassa_office.tills.models import Branch

PLAIN = r"^[^\x00-\x1f\x7f-\x9f]*$"
"""No control characters."""
MAX_AMOUNT = 10**12
DAYS = 366 * 3
"""The longest period that is asked for at once."""


def _whole(value: Any) -> Any:
    """In JSON 19.0 is a whole number as well."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Exact = BeforeValidator(_whole)
"""Stands behind the limits, so that these stay in the description."""
Cents = Annotated[
    int, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, description="Whole cents, VAT included unless said."), Exact
]
Price = Annotated[int, Field(ge=0, le=MAX_AMOUNT, description="Whole cents, VAT included."), Exact]
Thousandths = Annotated[
    int,
    Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, description="Whole thousandths: 1000 is one piece or one kilogram."),
    Exact,
]
Rate = Annotated[int, Field(description="VAT rate in hundredths of a percent: 900 is 9 %.")]
Millis = Annotated[int, Field(description="UTC milliseconds since 1970.")]
Name = Annotated[str, Field(max_length=200, pattern=PLAIN)]
Short = Annotated[str, Field(max_length=40, pattern=PLAIN)]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)]
Day = Annotated[date, Field(strict=False, ge=date(1970, 1, 1), le=date(2999, 12, 31)),
                WithJsonSchema({"type": "string", "format": "date",
                                "pattern": r"^(19[7-9][0-9]|2[0-9]{3})-[01][0-9]-[0-3][0-9]$"})]  # fmt: skip
"""A date as ``2026-11-21``."""
InPath = Path[Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)]]


class Given(Schema):
    """What a program sends: nothing that is not known, and no text where a number belongs."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Paging(Schema):
    """Which page."""

    cursor: str | None = Field(
        None, max_length=1000, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before."
    )
    limit: int = Field(USUAL_LIMIT, ge=1, le=MAX_LIMIT)


class Period(Schema):
    """From a day to a day, both included; both today where they are left out."""

    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")


def answers(good: Any) -> dict[Any, Any]:
    """The answers of an operation: one of these (a schema, or status → schema), or a Problem."""
    wanted = good if isinstance(good, dict) else {200: good}
    return {**wanted, REFUSALS: Problem}


def caller(request: HttpRequest) -> Caller:
    """Who asks, as the token's check found."""
    return cast(Caller, cast(Any, request).auth)


def own_branch(request: HttpRequest, code: str) -> Branch:
    """A branch of the token's; Refused, and a line in the record, where it is another's."""
    asking = caller(request)
    if asking.branches is not None and code not in asking.branches:
        audit_few(request, "api.branch", asking.name, path=request.path[:120], branch=code)
        raise Refused(403, "branch", {"branch": code})
    found = Branch.objects.filter(code=code).first()
    if found is None:
        raise Refused(404, "unknown", {"branch": code})
    return found


def branches_asked(request: HttpRequest, chosen: list[str]) -> list[str]:
    """Codes of the branches asked for, all of the token's where none is named."""
    for code in chosen:
        own_branch(request, code)
    allowed = caller(request).branches
    if chosen:
        return sorted(set(chosen))
    return sorted(allowed) if allowed is not None else list(Branch.objects.values_list("code", flat=True))


def whole_company(request: HttpRequest) -> None:
    """Refused where the token is of some branches only: what all of them share is not theirs to change."""
    asking = caller(request)
    if asking.branches is not None:
        audit_few(request, "api.company", asking.name, path=request.path[:120])
        raise Refused(403, "all_branches")


def period(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Both ends of a period; Refused where it is too long."""
    begin = first or last or today
    end = last or max(begin, today if first else begin)
    if end - begin > timedelta(days=DAYS):
        raise Refused(409, "period", {"days": DAYS})
    return begin, end


def tag_of(data: dict[str, Any]) -> str:
    """The ETag of one thing."""
    packed = json.dumps(data, sort_keys=True, default=str).encode()
    return f'"{hashlib.sha256(packed).hexdigest()[:32]}"'


def tagged(response: HttpResponse, data: dict[str, Any]) -> dict[str, Any]:
    """The thing as the answer, with its ETag."""
    response["ETag"] = tag_of(data)
    return data


def check_match(request: HttpRequest, data: dict[str, Any] | None) -> None:
    """Refused where ``If-Match`` says that the asker saw another version than there is."""
    wanted = request.headers.get("If-Match", "")
    tags = {one.strip().removeprefix("W/") for one in wanted.split(",") if one.strip()}
    if tags and (data is None or ("*" not in tags and tag_of(data) not in tags)):
        raise Refused(412, "changed")
