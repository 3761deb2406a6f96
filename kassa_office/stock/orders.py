"""Orders to suppliers: a draft, sent, received in parts or at once, closed.

What was received of an order are the movements that name it, made in the office or at a till. So it does not matter
when, how often and in what order the tills' entries come in: the order is looked at anew whenever there are more. Tills
hear of it through the feed as long as it is open (:func:`kassa_office.catalogue.rows.orders`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import stdev

from django.db import transaction
from django.db.models import F, Min, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from kassa_office.catalogue.models import Article, CostPrice
from kassa_office.stock.ledger import Note, book
from kassa_office.stock.models import PurchaseLine, PurchaseOrder, StockMove, StockReceipt
from kassa_office.stock.numbers import new_number
from kassa_office.stock.transfers import Wrong

OPEN = ("sent", "partly")
DEVIATION = 1.0
"""Days by which a supplier's lead time is taken to vary until it was measured."""
MEASURED = 3
"""Orders that must have come before the measured lead time is believed."""


@dataclass(frozen=True, slots=True)
class Received:
    """How one article of an order stands."""

    sku: str
    name: str
    unit: str
    supplier_sku: str
    pack: int
    cost: int
    ordered: int
    received: int

    @property
    def open(self) -> int:
        """Still to come."""
        return max(self.ordered - self.received, 0)

    @property
    def amount(self) -> int:
        """Cents, without VAT."""
        return self.ordered * self.cost // 1000


def make(branch: str, supplier: str, lines: Sequence[tuple[str, int]], by: str) -> PurchaseOrder:
    """A draft; :class:`Wrong` ``no_lines``."""
    if not any(qty > 0 for _sku, qty in lines):
        raise Wrong("no_lines")
    with transaction.atomic():
        number = new_number(PurchaseOrder, "B")
        order = PurchaseOrder.objects.create(number=number, branch_id=branch, supplier_id=supplier, made_by=by[:150])
        _put(order, lines)
    return order


def edit(number: str, lines: Sequence[tuple[str, int]]) -> PurchaseOrder:
    """Give articles of a draft another quantity; 0 takes one off. :class:`Wrong` ``not_draft``."""
    with transaction.atomic():
        order = _locked(number, "draft")
        _put(order, lines)
    return order


def send(number: str) -> PurchaseOrder:
    """It went to the supplier; :class:`Wrong` ``not_draft``, ``no_lines``."""
    with transaction.atomic():
        order = _locked(number, "draft")
        if not order.lines.exists():
            raise Wrong("no_lines")
        order.state, order.sent_at = "sent", timezone.now()
        order.expected = timezone.localdate() + timedelta(days=order.supplier.lead_days)
        order.save(update_fields=["state", "sent_at", "expected"])
    return order


def receive(number: str, lines: Sequence[tuple[str, int]], by: str) -> PurchaseOrder:
    """Goods of it came in; :class:`Wrong` ``not_open``, ``no_lines``."""
    with transaction.atomic():
        order = _locked(number, *OPEN)
        there = [(sku, qty) for sku, qty in lines if qty]
        if not there:
            raise Wrong("no_lines")
        book(order.branch_id, "received", there, Note(by, ref=number))
        _look(order)
    return order


def close(number: str) -> PurchaseOrder:
    """Nothing more is to come; a draft is thrown away."""
    with transaction.atomic():
        order = PurchaseOrder.objects.select_for_update().get(number=number)
        if order.state not in ("closed", "cancelled"):
            order.state = "cancelled" if order.state in ("draft", "sent") else "closed"
            order.save(update_fields=["state"])
    return order


def lines_of(order: PurchaseOrder) -> list[Received]:
    """Its articles, with what was received of each; what came without having been ordered stands at the end."""
    got = received(order)
    found = [
        Received(line.article.sku, line.article.name, line.article.unit, line.article.supplier_sku, line.article.pack,
                 line.cost, line.qty, got.pop(line.article.sku, 0))
        for line in order.lines.select_related("article").order_by("article_id")
    ]  # fmt: skip
    articles = {article.sku: article for article in Article.objects.filter(sku__in=got)}
    for sku, qty in sorted(got.items()):
        other = articles.get(sku)
        name, unit = (other.name, other.unit) if other else ("", "each")
        found.append(Received(sku, name, unit, other.supplier_sku if other else "", 1000, 0, 0, qty))
    return found


def received(order: PurchaseOrder) -> dict[str, int]:
    """Article → thousandths that came in on this order."""
    moves = StockMove.objects.filter(branch=order.branch_id, kind="received", ref=order.number)
    return {sku: int(qty) for sku, qty in moves.values_list("sku").annotate(all=Sum("qty")).order_by("sku")}


def receipts(branches: Collection[str], since: date, order: str = "") -> list[StockReceipt]:
    """Deliveries that tills of these branches booked since a day, newest first; of one order where that is named."""
    rows = StockReceipt.objects.filter(branch__in=branches, day__gte=since)
    return list((rows.filter(order=order) if order else rows).order_by("-at", "till", "-seq"))


def unknown_of(receipt: StockReceipt) -> list[tuple[str, int]]:
    """Codes of a delivery that nobody knew, and thousandths of each."""
    return [(str(code), int(qty)) for code, qty in json.loads(receipt.unknown)]


def on_order(branch: str) -> dict[str, int]:
    """Article → thousandths that are still to come to a branch."""
    lines = PurchaseLine.objects.filter(order__branch_id=branch, order__state__in=OPEN)
    ordered = list(lines.values_list("order_id", "article_id", "qty"))
    numbers = {number for number, _sku, _qty in ordered}
    moves = StockMove.objects.filter(branch=branch, kind="received", ref__in=numbers).order_by()
    got = {(ref, sku): int(qty) for ref, sku, qty in moves.values_list("ref", "sku").annotate(all=Sum("qty"))}
    found: dict[str, int] = {}
    for number, sku, qty in ordered:
        found[sku] = found.get(sku, 0) + max(qty - got.get((number, sku), 0), 0)
    return found


def costs(skus: Collection[str]) -> dict[str, int]:
    """Article → cents it costs today, without VAT."""
    rows = CostPrice.objects.filter(article__in=skus, valid_from__lte=timezone.localdate()).order_by("valid_from")
    return dict(rows.values_list("article_id", "amount"))


def deviations() -> dict[str, float]:
    """Supplier → days by which the lead time varies, of those of whom enough orders came within a year: the newest
    twenty."""
    number = Window(RowNumber(), partition_by=F("supplier"), order_by=F("sent_at").desc())
    rows = PurchaseOrder.objects.filter(sent_at__gte=timezone.now() - timedelta(days=365)).exclude(arrived_at=None)
    rows = rows.annotate(no=number).filter(no__lte=20)
    times: dict[str, list[float]] = {}
    for supplier, sent, there in rows.order_by().values_list("supplier_id", "sent_at", "arrived_at"):
        if sent and there:
            times.setdefault(supplier, []).append((there - sent).total_seconds() / 86_400)
    return {supplier: stdev(days) for supplier, days in times.items() if len(days) >= MEASURED}


def refresh() -> str | None:
    """The job: orders of which goods were received at a till."""
    changed = 0
    for number in PurchaseOrder.objects.filter(state__in=OPEN).values_list("number", flat=True):
        with transaction.atomic():
            changed += _look(PurchaseOrder.objects.select_for_update().get(number=number))
    return f"{changed} orders" if changed else None


def _look(order: PurchaseOrder) -> bool:
    """Whether something was heard of an open order; what came of it, or that no more will, decides how it stands."""
    moves = StockMove.objects.filter(branch=order.branch_id, kind="received", ref=order.number)
    came = StockReceipt.objects.filter(branch=order.branch_id, order=order.number)
    heard = moves.count() + came.count()
    if heard == order.heard or order.state not in OPEN:
        return False
    got, finished = received(order), came.filter(finished=True).exists()
    whole = all(got.get(sku, 0) >= qty for sku, qty in order.lines.values_list("article_id", "qty"))
    if finished or any(got.values()):
        order.state = "closed" if finished or whole else "partly"
    first = moves.aggregate(first=Min("at"))["first"]
    if order.arrived_at is None and first is not None:
        order.arrived_at = datetime.fromtimestamp(first / 1000, timezone.get_current_timezone())
    order.heard = heard
    order.save(update_fields=["state", "arrived_at", "heard"])
    return True


def _locked(number: str, *states: str) -> PurchaseOrder:
    order = PurchaseOrder.objects.select_for_update().get(number=number)
    if order.state not in states:
        raise Wrong("not_draft" if "draft" in states else "not_open")
    return order


def _put(order: PurchaseOrder, lines: Sequence[tuple[str, int]]) -> None:
    known = set(Article.objects.filter(sku__in=[sku for sku, _qty in lines]).values_list("sku", flat=True))
    prices = costs(known)
    for sku, qty in lines:
        if qty <= 0:
            order.lines.filter(article_id=sku).delete()
        elif sku in known:
            facts = {"qty": qty, "cost": prices.get(sku, 0)}
            PurchaseLine.objects.update_or_create(order=order, article_id=sku, defaults=facts)
