"""REST: what is there in a branch, and what moved."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from kassa_office.api.common import (
    PLAIN,
    Code,
    Given,
    InPath,
    Millis,
    Paging,
    Period,
    Short,
    Thousandths,
    answers,
    caller,
    own_branch,
    period,
)
from kassa_office.api.models import ApiToken, Taken
from kassa_office.api.paging import page
from kassa_office.api.problems import Refused
from kassa_office.api.tokens import Scope
from kassa_office.catalogue.models import Article
from kassa_office.facts import ensure_partitions
from kassa_office.staff.access import audit
from kassa_office.stock import ledger
from kassa_office.stock.models import StockLevel, StockMove

router = Router(tags=["stock"])
READ, WRITE = Scope("stock:read", "stock:write"), Scope("stock:write")
SIGNS = {"received": 1, "wasted": -1, "web": -1, "corrected": 0}
"""What a program may write; a quantity's sign, 0 where it says both ways."""
MAX_LINES = 500


class LevelOut(Schema):
    """What is there of an article in a branch."""

    branch: str
    sku: str
    qty: Thousandths
    at: Millis


class Levels(Schema):
    """A page of levels, by article."""

    items: list[LevelOut]
    next: str | None


class MoveOut(Schema):
    """A movement that is no sale; sales are the others, and are asked for as sales."""

    branch: str
    till: str = Field(description="The till, or `OFFICE`.")
    seq: int
    no: int
    day: date
    at: Millis
    kind: str = Field(description="`received`, `counted`, `sent`, `arrived`, `wasted`, `corrected`, `web`.")
    sku: str
    qty: Thousandths
    reason: str
    ref: str
    who: str


class Moves(Schema):
    """A page of movements, by day, till and number."""

    items: list[MoveOut]
    next: str | None


class MoveLine(Given):
    """An article and how much of it."""

    sku: Code
    qty: Thousandths


class MovesGiven(Given):
    """Movements of one kind, taken together or not at all."""

    id: Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")] = Field(
        description="Yours, new for each: sent again, it is answered again and counts once."
    )
    kind: Literal["received", "wasted", "web", "corrected"] = Field(
        description="Received goods come in, wasted and web go out: quantities above zero. A correction says the "
        "difference, either way."
    )
    lines: list[MoveLine] = Field(min_length=1, max_length=MAX_LINES)
    reason: Short = ""
    ref: Annotated[str, Field(max_length=60, pattern=PLAIN)] = Field("", description="Order or number of yours.")


class Booked(Schema):
    """Where the movements stand in the ledger, and what is there now."""

    till: str
    seq: int
    levels: list[LevelOut]


class LevelFilter(Paging):
    """Which levels."""

    sku: Code | None = None


class MoveFilter(Period, Paging):
    """Which movements."""

    sku: Code | None = None


@router.get("/branches/{branch}/stock", response=answers(Levels), auth=READ)
def levels(request: HttpRequest, branch: InPath, asked: Query[LevelFilter]) -> dict[str, Any]:
    """Levels of stock in a branch, by article. Scope `stock:read`."""
    rows = StockLevel.objects.filter(branch=own_branch(request, branch).code)
    if asked.sku is not None:
        rows = rows.filter(sku=asked.sku)
    return page(rows, ["sku"], asked.cursor, asked.limit, _level)


@router.get("/branches/{branch}/stock/moves", response=answers(Moves), auth=READ)
def moves(request: HttpRequest, branch: InPath, asked: Query[MoveFilter]) -> dict[str, Any]:
    """Movements of a period, today's without one. Scope `stock:read`."""
    code = own_branch(request, branch).code
    first, last = period(asked.first, asked.last, ledger.day_in(code, _now()))
    rows = StockMove.objects.filter(branch=code, day__gte=first, day__lte=last)
    if asked.sku is not None:
        rows = rows.filter(sku=asked.sku)
    return page(rows, ["day", "till", "seq", "no"], asked.cursor, asked.limit, _move)


@router.post("/branches/{branch}/stock/moves", response=answers({200: Booked, 201: Booked}), auth=WRITE)
def book(request: HttpRequest, branch: InPath, given: MovesGiven) -> Any:
    """Write movements of stock; 200 where this id was here before. Scope `stock:write`."""
    place, asking = own_branch(request, branch), caller(request)
    digest = hashlib.sha256(f"{place.code}\n{given.model_dump_json()}".encode()).hexdigest()
    ensure_partitions({ledger.day_in(place.code, _now()).replace(day=1)})
    with transaction.atomic():
        # One token's movements go in in turn: the same id twice at the same time is once as well.
        ApiToken.objects.select_for_update().get(pk=asking.token.pk)
        before = Taken.objects.filter(token=asking.token, key=given.id).first()
        if before is not None and before.digest != digest:
            raise Refused(409, "id_used", {"id": given.id})
        if before is not None:
            return Status(200, before.answer)
        lines = _lines(given)
        note = ledger.Note(asking.name, given.reason, given.ref)
        seq = ledger.book(place.code, given.kind, lines, note)
        skus = sorted({sku for sku, _qty in lines})
        now = StockLevel.objects.filter(branch=place.code, sku__in=skus).order_by("sku")
        answer = {"till": ledger.OFFICE, "seq": seq, "levels": [_level(row) for row in now]}
        Taken.objects.create(token=asking.token, key=given.id, digest=digest, answer=answer)
        audit(asking.name, "stock.booked", branch=place.code, kind=given.kind, lines=len(lines), seq=seq)
    return Status(201, answer)


def _lines(given: MovesGiven) -> list[tuple[str, int]]:
    known = set(Article.objects.filter(sku__in={line.sku for line in given.lines}).values_list("sku", flat=True))
    sign = SIGNS[given.kind]
    for line in given.lines:
        if line.sku not in known:
            raise Refused(409, "unknown_value", {"field": "sku", "sku": line.sku})
        if line.qty == 0 or (sign and line.qty < 0):
            raise Refused(409, "quantity", {"sku": line.sku, "qty": line.qty})
    return [(line.sku, line.qty * (sign or 1)) for line in given.lines]


def _now() -> int:
    from django.utils import timezone

    return int(timezone.now().timestamp() * 1000)


def _level(row: StockLevel) -> dict[str, Any]:
    return {"branch": row.branch, "sku": row.sku, "qty": row.qty, "at": row.at}


def _move(row: StockMove) -> dict[str, Any]:
    names = ("branch", "till", "seq", "no", "day", "at", "kind", "sku", "qty", "reason", "ref", "who")
    return {name: getattr(row, name) for name in names}
