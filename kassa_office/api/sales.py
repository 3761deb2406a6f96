"""REST: sales as the tills made them; nothing here is computed again but what a VAT rate comes to.

Every question names one branch: that is how the tables are kept.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from kassa_office.api.common import (
    Cents,
    Code,
    InPath,
    Millis,
    Paging,
    Period,
    Rate,
    Thousandths,
    answers,
    own_branch,
    period,
)
from kassa_office.api.paging import page
from kassa_office.api.problems import Refused
from kassa_office.api.tokens import Scope
from kassa_office.catalogue.models import Article
from kassa_office.dashboard.figures import today
from kassa_office.sales.models import Payment, Sale, SaleLine

router = Router(tags=["sales"])
READ = Scope("sales:read")


class SaleOut(Schema):
    """A sale or return that was settled."""

    branch: str
    till: str
    seq: int = Field(description="Of the entry in the till's journal: till and seq are the sale's identity.")
    day: date = Field(description="On the shop's wall.")
    number: str = Field(description="Of the receipt.")
    at: Millis
    offset: int = Field(description="Minutes that the shop's clock was ahead of UTC.")
    z: int = Field(description="Of the shift.")
    who: str = Field(description="Code of the person at the till.")
    customer: str
    channel: str = Field(description="`till`, or the name of the webshop.")
    total: Cents = Field(description="To pay, in cents, VAT and deposits included.")
    turnover: Cents = Field(description="Without deposits and vouchers sold; cents, VAT included.")
    lines: int = Field(description="How many.")
    discount: Cents
    rounding: Cents


class Sales(Schema):
    """A page of sales, by day, till and number."""

    items: list[SaleOut]
    next: str | None


class LineOut(Schema):
    """One line of a sale."""

    no: int
    kind: str = Field(description="`sale`, `return`, `group`, `deposit`, `voucher`.")
    sku: str
    name: str = Field(description="As the article is called today; empty where it is gone.")
    group: str
    qty: Thousandths
    amount: Cents = Field(description="Paid for it, after every discount; cents, VAT included.")
    vat_code: str
    rate: Rate
    vat: Cents = Field(description="The VAT in it; cents.")


class PaymentOut(Schema):
    """A tender; change is one of cash below zero."""

    no: int
    kind: str
    amount: Cents
    ref: str = Field(description="Of the card payment, the voucher.")


class VatOut(Schema):
    """What the lines of one VAT rate come to."""

    code: str
    rate: Rate
    gross: Cents
    vat: Cents


class SaleWhole(SaleOut):
    """A sale with all that belongs to it."""

    items: list[LineOut]
    payments: list[PaymentOut]
    vat: list[VatOut]


class SaleFilter(Period, Paging):
    """Which sales."""

    till: Annotated[str, Field(max_length=16, pattern=r"^[A-Z0-9]+$")] | None = None
    customer: Code | None = None


@router.get("/branches/{branch}/sales", response=answers(Sales), auth=READ)
def sales(request: HttpRequest, branch: InPath, asked: Query[SaleFilter]) -> dict[str, Any]:
    """Sales of a period, today's without one. Scope `sales:read`.

    What a till sent late stands among those of its day: who copies sales asks for the last days again, or has a
    webhook for `sale.stored`.
    """
    code = own_branch(request, branch).code
    first, last = period(asked.first, asked.last, today())
    rows = Sale.objects.filter(branch=code, day__gte=first, day__lte=last)
    if asked.till is not None:
        rows = rows.filter(till=asked.till)
    if asked.customer is not None:
        rows = rows.filter(customer=asked.customer)
    return page(rows, ["day", "till", "seq"], asked.cursor, asked.limit, _sale)


@router.get("/branches/{branch}/sales/{number}", response=answers(SaleWhole), auth=READ)
def sale(request: HttpRequest, branch: InPath, number: InPath) -> dict[str, Any]:
    """One sale by the number of its receipt, with lines, payments and VAT. Scope `sales:read`."""
    code = own_branch(request, branch).code
    row = Sale.objects.filter(branch=code, number=number).order_by("-day", "-seq").first()
    if row is None:
        raise Refused(404, "unknown", {"number": number})
    key = {"branch": code, "till": row.till, "seq": row.seq, "day": row.day}
    lines = list(SaleLine.objects.filter(**key).order_by("no"))
    names = dict(Article.objects.filter(sku__in={line.sku for line in lines}).values_list("sku", "name"))
    paid = Payment.objects.filter(**key).order_by("no")
    return {
        **_sale(row),
        "items": [_line(line, names) for line in lines],
        "payments": [{"no": one.no, "kind": one.kind, "amount": one.amount, "ref": one.ref} for one in paid],
        "vat": _vat(lines),
    }


def _sale(row: Sale) -> dict[str, Any]:
    names = ("branch", "till", "seq", "day", "number", "at", "offset", "z", "who", "customer", "channel", "total",
             "turnover", "lines", "discount", "rounding")  # fmt: skip
    return {name: getattr(row, name) for name in names}


def _line(row: SaleLine, names: dict[str, str]) -> dict[str, Any]:
    return {
        "no": row.no, "kind": row.kind, "sku": row.sku, "name": names.get(row.sku, ""), "group": row.grp,
        "qty": row.qty, "amount": row.amount, "vat_code": row.vat_code, "rate": row.rate, "vat": row.vat,
    }  # fmt: skip


def _vat(lines: list[SaleLine]) -> list[dict[str, Any]]:
    """The till gave each line its part of the VAT of the whole ticket, so the parts add up to it."""
    found: dict[tuple[str, int], list[int]] = {}
    for line in lines:
        have = found.setdefault((line.vat_code, line.rate), [0, 0])
        have[0] += line.amount
        have[1] += line.vat
    return [
        {"code": code, "rate": rate, "gross": gross, "vat": vat} for (code, rate), (gross, vat) in sorted(found.items())
    ]
