"""Rows of the feed made from the tables: what tills are to know of an article, a person, a reason.

Each builder is given keys and answers, for those that are there, the rows with their scopes. Nothing else decides what
a till is told, so a row can be made anew at any time from what stands in the tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.db.models import Model, Sum
from django.utils import timezone

from kassa_office.catalogue.models import (
    Article,
    Barcode,
    Customer,
    Group,
    Price,
    Reason,
    ReceiptText,
    VatRate,
)
from kassa_office.catalogue.timeline import Dated, dated, own
from kassa_office.staff.models import Employee
from kassa_office.stock.models import PurchaseOrder, StockMove
from kassa_office.tills.models import Branch, Till

ALL = "all"
ON_THEIR_WAY = ("sent", "partly")
"""States of a purchase order in which tills hear of it."""


class Made(NamedTuple):
    """One row as it is to be."""

    unit: str
    table: str
    key: str
    scope: str
    data: dict[str, Any]


Builder = Callable[[Sequence[str]], Iterator[Made]]


def articles(skus: Sequence[str]) -> Iterator[Made]:
    """Articles in use with their codes, and their dated prices.

    The rank is not told: a new order of the shelves would be news of every article. A snapshot has it.
    """
    codes: dict[str, list[list[Any]]] = defaultdict(list)
    found = Barcode.objects.filter(article__in=skus).order_by("code")
    for sku, code, pieces in found.values_list("article", "code", "pieces"):
        codes[sku].append([code, pieces])
    prices = _prices(skus)
    today = timezone.localdate()
    columns = ("sku", "name", "group_id", "vat", *_LEFT_OUT)
    for sku, name, group, vat, *rest in Article.objects.filter(sku__in=skus, active=True).values_list(*columns):
        places = prices.get(sku, {})
        base = own(places.get(ALL, []), today)
        rows = [(place, price) for place, those in places.items()
                for price in dated(those, today, base.start if base and place == ALL else None)]  # fmt: skip
        # Without any price it is not sold; with one elsewhere only, that is its price here: never for nothing.
        first = base or next((price for _place, price in rows), None)
        if first is None:
            continue
        data: dict[str, Any] = {"name": name, "group": group, "vat": vat}
        data |= {column: value for column, value in zip(_LEFT_OUT, rest, strict=True) if value != _LEFT_OUT[column]}
        if sku in codes:
            data["codes"] = codes[sku]
        base = own(places.get(ALL, []), today)
        data["price"] = first.amount
        yield _one("article", sku, ALL, data)
        for place, price in rows:
            yield _price(sku, place, price)


_LEFT_OUT: dict[str, Any] = {"unit": "each", "kind": "goods", "deposit_sku": "", "min_age": 0, "no_discount": False,
                             "tare": 0}  # fmt: skip
"""Columns that are told only where they are not so."""


def _price(sku: str, place: str, price: Dated) -> Made:
    start = price.start.isoformat()
    data: dict[str, Any] = {"sku": sku, "price": price.amount, "valid_from": start, "scope": place.partition(":")[0]}
    if price.until:
        data["valid_to"] = price.until.isoformat()
    if price.label:
        data["label"] = price.label
    return Made(sku, "price", f"{place}:{start}:{sku}", place, data)


def _prices(skus: Sequence[str]) -> dict[str, dict[str, list[Dated]]]:
    prices: dict[str, dict[str, list[Dated]]] = {}
    columns = ("article", "place", "valid_from", "valid_to", "amount", "label")
    rows = Price.objects.released().filter(article__in=skus).order_by("article", "place", "valid_from")
    for sku, place, *rest in rows.values_list(*columns):
        prices.setdefault(sku, {}).setdefault(place, []).append(Dated(*rest))
    return prices


def groups(ids: Sequence[str]) -> Iterator[Made]:
    """Product groups; their number is what articles name them by."""
    for number, name, vat, active in Group.objects.filter(id__in=map(int, ids)).values_list(
        "id", "name", "vat", "active"
    ):
        yield _one("group", str(number), ALL, {"name": name, "vat": vat, "active": active})


def vat_rates(codes: Sequence[str]) -> Iterator[Made]:
    """All rates of a code, for the branches of their country only: ``low`` is another rate over the border."""
    branches = defaultdict(list)
    for code, country in Branch.objects.values_list("code", "country"):
        branches[country].append(code)
    for rate in VatRate.objects.filter(code__in=codes):
        valid_from = rate.valid_from.isoformat()
        data = {"code": rate.code, "valid_from": valid_from, "rate": rate.rate, "country": rate.country}
        for branch in branches[rate.country]:
            yield Made(rate.code, "vat_rate", f"{rate.code}:{valid_from}", f"branch:{branch}", data)


def staff(codes: Sequence[str]) -> Iterator[Made]:
    """People, for the branches they work in. Who has no PIN yet cannot log in."""
    for person in Employee.objects.filter(code__in=codes).prefetch_related("branches"):
        data = {"name": person.name, "role": person.role, "pin_hash": person.pin_hash,
                "language": person.language, "active": person.active and bool(person.pin_hash)}  # fmt: skip
        for scope in [f"branch:{branch.code}" for branch in person.branches.all()] or [ALL]:
            yield _one("staff", person.code, scope, data)


def customers(codes: Sequence[str]) -> Iterator[Made]:
    """Customers; what a till does not need of them it is not told."""
    columns = ("code", "name", "vat_id", "account_allowed", "business")
    for row in Customer.objects.filter(code__in=codes).values_list(*columns):
        yield _one("customer", row[0], ALL, dict(zip(columns[1:], row[1:], strict=True)))


def settings(codes: Sequence[str]) -> Iterator[Made]:
    """What the office sets for each till, one row for each key."""
    for till in Till.objects.filter(code__in=codes):
        for name, value in sorted(till.settings.items()):
            scope = f"till:{till.code}"
            yield Made(till.code, "setting", name, scope, {"value": value})


def reasons(keys: Sequence[str]) -> Iterator[Made]:
    """Reasons; the key is ``what:code``."""
    wanted = set(keys)
    for reason in Reason.objects.filter(code__in={key.partition(":")[2] for key in keys}):
        key = f"{reason.what}:{reason.code}"
        if key in wanted:
            data = {"text": reason.text, "active": reason.active}
            yield _one("reason", key, ALL, data)


def texts(ids: Sequence[str]) -> Iterator[Made]:
    """Lines for the head or foot of receipts."""
    for text in ReceiptText.objects.filter(id__in=map(int, ids)):
        data = {"place": text.place, "text": text.text, "valid_from": _iso(text.valid_from),
                "valid_to": _iso(text.valid_to)}  # fmt: skip
        yield _one("text", str(text.pk), f"branch:{text.branch_id}" if text.branch_id else ALL, data)


def branches(codes: Sequence[str]) -> Iterator[Made]:
    """All branches, for all: names beside stock elsewhere, and addresses on receipts."""
    columns = ("code", "name", "street", "postcode", "city", "country", "active")
    for row in Branch.objects.filter(code__in=codes).values_list(*columns):
        yield _one("branch", row[0], ALL, dict(zip(columns[1:], row[1:], strict=True)))


def orders(numbers: Sequence[str]) -> Iterator[Made]:
    """Purchase orders that are still to come, for the tills of their branch, with what came and by which till.

    A till knows what it received itself before the office does; told what of it the office has, it counts none twice.
    """
    found = PurchaseOrder.objects.filter(number__in=numbers, state__in=ON_THEIR_WAY).select_related("supplier")
    for order in found:
        got: dict[str, dict[str, int]] = defaultdict(dict)
        moves = StockMove.objects.filter(branch=order.branch_id, kind="received", ref=order.number)
        for sku, till, qty in moves.values_list("sku", "till").annotate(all=Sum("qty")).order_by("sku", "till"):
            got[sku][till] = int(qty)
        lines = [_order_line(*line, got.get(line[0], {})) for line in order.lines.order_by("article_id").values_list(
            "article_id", "article__name", "article__unit", "qty")]  # fmt: skip
        data = {"supplier": order.supplier.name, "expected": _iso(order.expected), "lines": lines}
        yield _one("order", order.number, f"branch:{order.branch_id}", data)


def _order_line(sku: str, name: str, unit: str, qty: int, got: dict[str, int]) -> dict[str, Any]:
    line: dict[str, Any] = {"sku": sku, "name": name, "qty": qty}
    if unit != _LEFT_OUT["unit"]:
        line["unit"] = unit
    return line | ({"got": sum(got.values()), "tills": got} if got else {})


BUILDERS: dict[str, Builder] = {
    "branch": branches,
    "vat_rate": vat_rates,
    "group": groups,
    "article": articles,
    "staff": staff,
    "customer": customers,
    "setting": settings,
    "reason": reasons,
    "text": texts,
    "order": orders,
}
"""What is touched → who makes its rows, in the order in which a till can best take them."""

TABLES = {name: (name,) for name in BUILDERS} | {"article": ("article", "price")}
"""What is touched → tables of the rows that follow from it."""

SOURCES: dict[str, tuple[type[Model], str]] = {
    "branch": (Branch, "code"),
    "vat_rate": (VatRate, "code"),
    "group": (Group, "id"),
    "article": (Article, "sku"),
    "staff": (Employee, "code"),
    "customer": (Customer, "code"),
    "setting": (Till, "code"),
    "text": (ReceiptText, "id"),
    "order": (PurchaseOrder, "number"),
}


def every_key(name: str) -> Iterator[str]:
    """All keys that :data:`BUILDERS` of this name can be given."""
    if name == "reason":
        for what, code in Reason.objects.values_list("what", "code"):
            yield f"{what}:{code}"
        return
    model, column = SOURCES[name]
    for key in model._default_manager.order_by(column).values_list(column, flat=True).distinct().iterator():
        yield str(key)


def _one(table: str, key: str, scope: str, data: dict[str, Any]) -> Made:
    return Made(key, table, key, scope, data)


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
