"""REST: customers that the tills know by a code."""

from __future__ import annotations

from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema, Status

from kassa_office.api.common import (
    PLAIN,
    Code,
    Given,
    InPath,
    Name,
    Paging,
    answers,
    caller,
    check_match,
    tag_of,
    tagged,
    whole_company,
)
from kassa_office.api.paging import page
from kassa_office.api.problems import Refused
from kassa_office.api.tokens import Scope
from kassa_office.catalogue.models import Customer
from kassa_office.staff.access import audit

router = Router(tags=["customers"])
READ, WRITE = Scope("customers:read", "customers:write"), Scope("customers:write")

Email = Annotated[str, Field(max_length=254, pattern=r"^([A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,})?$")]


class CustomerPatch(Given):
    """What of a customer is to change."""

    name: Annotated[str, Field(min_length=1, max_length=120, pattern=PLAIN)] = ""
    vat_id: Annotated[str, Field(max_length=20, pattern=PLAIN)] = ""
    email: Email = ""
    account_allowed: bool = Field(False, description="May buy on account.")
    business: bool = False


class CustomerWhole(CustomerPatch):
    """A customer whole; what is left out becomes what is usual."""

    name: Annotated[str, Field(min_length=1, max_length=120, pattern=PLAIN)]


class CustomerOut(Schema):
    """A customer."""

    code: str
    name: str
    vat_id: str
    email: str
    account_allowed: bool
    business: bool


class Customers(Schema):
    """A page of customers, by code."""

    items: list[CustomerOut]
    next: str | None


class CustomerFilter(Paging):
    """Which customers."""

    code: Code | None = None
    email: Name | None = None
    text: Name | None = Field(None, description="In the name.")


@router.get("/customers", response=answers(Customers), auth=READ)
def customers(request: HttpRequest, asked: Query[CustomerFilter]) -> dict[str, Any]:
    """Customers by code. Scope `customers:read`."""
    rows = Customer.objects.all()
    if asked.code is not None:
        rows = rows.filter(code=asked.code)
    if asked.email is not None:
        rows = rows.filter(email__iexact=asked.email)
    if asked.text:
        rows = rows.filter(name__icontains=asked.text)
    return page(rows, ["code"], asked.cursor, asked.limit, shown)


@router.get("/customers/{code}", response=answers(CustomerOut), auth=READ)
def customer(request: HttpRequest, response: HttpResponse, code: InPath) -> dict[str, Any]:
    """One customer, with its ETag. Scope `customers:read`."""
    return tagged(response, shown(_customer(code)))


@router.put("/customers/{code}", response=answers({200: CustomerOut, 201: CustomerOut}), auth=WRITE)
def put_customer(
    request: HttpRequest, response: HttpResponse, code: InPath, given: CustomerWhole
) -> Any:  # fmt: skip
    """Make a customer, or say anew who it is. Scope `customers:write`, of a token for all branches."""
    whole_company(request)
    with transaction.atomic():
        row = Customer.objects.filter(code=code).first()
        check_match(request, shown(row) if row else None)
        made = row is None
        data = _write(
            request, row or Customer(code=code), given.dict(), "customer.made" if made else "customer.changed"
        )
    response["ETag"] = tag_of(data)
    return Status(201 if made else 200, data)


@router.patch("/customers/{code}", response=answers(CustomerOut), auth=WRITE)
def patch_customer(request: HttpRequest, response: HttpResponse, code: InPath, given: CustomerPatch) -> dict[str, Any]:
    """Change some of a customer. Scope `customers:write`, of a token for all branches."""
    whole_company(request)
    with transaction.atomic():
        row = _customer(code)
        check_match(request, shown(row))
        return tagged(response, _write(request, row, given.dict(exclude_unset=True), "customer.changed"))


def shown(row: Customer) -> dict[str, Any]:
    """A customer as it is answered."""
    names = ("code", "name", "vat_id", "email", "account_allowed", "business")
    return {name: getattr(row, name) for name in names}


def _customer(code: str) -> Customer:
    found = Customer.objects.filter(code=code).first()
    if found is None:
        raise Refused(404, "unknown", {"code": code})
    return found


def _write(request: HttpRequest, row: Customer, given: dict[str, Any], act: str) -> dict[str, Any]:
    for name, value in given.items():
        setattr(row, name, value)
    adding = row._state.adding
    row.full_clean(validate_unique=adding)
    row.save(force_insert=adding)
    audit(caller(request).name, act, code=row.code)
    return shown(row)
