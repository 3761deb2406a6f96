"""What sells a day, article by article, from eight weeks of sales: kept in a table, and never older than its proof.

To reckon it takes all that was sold and moved in a branch over the window, which is too much for a page about fifty
branches. So a job keeps it in a table, with what all sales and movements of the branch came to at that time (a few rows
of totals). A page reads the table where that still holds, and reckons anew where something came in since.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from kassa_office.journal.writing import ALL, STOCK
from kassa_office.sales.models import DayTotal, MonthTotal
from kassa_office.stock import reorder
from kassa_office.stock.models import DemandProof, StockDemand
from kassa_office.stock.reorder import Demand
from kassa_office.tills.models import Branch

WINDOW = 56
"""Days of sales that the demand is reckoned from, today not among them: eight of each weekday."""
NONE = Demand(0.0, 0.0, 0)
Days = dict[str, dict[int, int]]
"""Article → days back → thousandths."""
Demands = dict[str, Demand]
"""Every article of which a branch keeps stock: something other than a sale ever moved it."""


def demands(
    branches: Collection[str], skus: Collection[str] | None = None, today: date | None = None
) -> dict[str, Demands]:
    """Branch → demand of its articles; of those named, where some are."""
    today = today or timezone.localdate()
    proofs = _proofs(branches, today)
    kept = dict(DemandProof.objects.filter(branch__in=branches).values_list("branch", "proof"))
    good = [branch for branch in branches if kept.get(branch) == proofs[branch]]
    found: dict[str, Demands] = {branch: {} for branch in branches}
    rows = StockDemand.objects.filter(branch__in=good)
    rows = rows if skus is None else rows.filter(sku__in=skus)
    for branch, sku, mean, deviation, days in rows.values_list("branch", "sku", "mean", "deviation", "days"):
        found[branch][sku] = Demand(mean, deviation, days)
    for branch in set(branches) - set(good):
        whole = reckon(branch, today)
        found[branch] = whole if skus is None else {sku: whole[sku] for sku in skus if sku in whole}
    return found


def prepare() -> str | None:
    """The job: the table of each branch in which something changed, or whose day is over."""
    today = timezone.localdate()
    branches = list(Branch.objects.filter(active=True).values_list("code", flat=True))
    proofs = _proofs(branches, today)
    kept = dict(DemandProof.objects.filter(branch__in=branches).values_list("branch", "proof"))
    changed = [branch for branch in branches if kept.get(branch) != proofs[branch]]
    for branch in changed:
        rows = [StockDemand(branch=branch, sku=sku, mean=of.mean, deviation=of.deviation, days=of.days)
                for sku, of in reckon(branch, today).items()]  # fmt: skip
        with transaction.atomic():
            StockDemand.objects.filter(branch=branch).delete()
            StockDemand.objects.bulk_create(rows, batch_size=1000)
            DemandProof.objects.update_or_create(branch=branch, defaults={"proof": proofs[branch]})
    return f"{len(changed)} branches" if changed else None


def reckon(branch: str, today: date) -> Demands:
    """Of one branch, from what was sold and moved.

    Days on which there was nothing to sell do not count: an article was there if there was some in the morning or in
    the evening, or if it was sold.
    """
    places = dict[Any, int]()
    for back in range(1, WINDOW + 1):
        day = today - timedelta(days=back)
        places[day] = places[day.isoformat()] = back  # as PostgreSQL, and as SQLite has it
    levels = dict(_rows("SELECT sku, qty FROM stock_level WHERE branch = %s", branch))
    first = today - timedelta(days=WINDOW)
    out, come = Days(), Days()
    for sql, sign, days in (
        ("SELECT sku, day, qty FROM sku_day WHERE branch = %s AND day >= %s", 1, out),
        ("SELECT sku, day, qty FROM stock_move WHERE branch = %s AND day >= %s", -1, come),
    ):
        for sku, at, qty in _rows(sql, branch, first):
            if at in places:
                of, back = days.setdefault(sku, {}), places[at]
                of[back] = of.get(back, 0) + qty
            else:
                levels[sku] = levels.get(sku, 0) + sign * qty  # today, or later by a wrong clock
    kept = _rows("SELECT DISTINCT sku FROM stock_move WHERE branch = %s", branch)
    return {sku: _demand(out.get(sku, {}), come.get(sku, {}), levels.get(sku, 0)) for (sku,) in kept}


def _demand(out: dict[int, int], come: dict[int, int], level: int) -> Demand:
    """Back from last evening's level, from one day on which something happened to the one before it."""
    if not any(qty > 0 for qty in out.values()):
        return NONE
    days = total = squares = last = 0
    for back in sorted(out.keys() | come.keys()):
        sold = out.get(back, 0)
        morning = level - come.get(back, 0) + sold
        if level > 0:
            days += back - last - 1
        if morning > 0 or level > 0 or sold > 0:
            days += 1
        if sold > 0:
            total, squares = total + sold, squares + sold * sold
        level, last = morning, back
    return reorder.demand(days + (WINDOW - last if level > 0 else 0), total, squares)


def _rows(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _proofs(branches: Collection[str], today: date) -> dict[str, str]:
    """What all sales before today, and all movements of stock, come to in each branch."""
    sums: dict[str, list[int]] = {branch: [0] * 6 for branch in branches}
    for model, sign, rows in (
        (MonthTotal, 1, {"kind__in": (f"{ALL}sale", STOCK)}),
        (DayTotal, -1, {"kind": f"{ALL}sale", "day__gte": today}),
    ):
        asked = model.objects.filter(branch__in=branches, **rows).order_by().values_list("branch", "kind")
        for branch, kind, *amounts in asked.annotate(a=Sum("n"), b=Sum("qty"), c=Sum("amount")):
            for place, amount in enumerate(amounts, 3 if kind == STOCK else 0):
                sums[branch][place] += sign * int(amount)
    return {branch: sha256(repr((today, WINDOW, of)).encode()).hexdigest() for branch, of in sums.items()}
