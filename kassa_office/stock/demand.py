"""What sells a day, article by article, from eight weeks of sales: kept in a table, and never older than its proof.

To reckon it takes all that was sold and moved in a branch over the window, which is too much for a page about fifty
branches. So a job keeps it in a table, with what all sales and movements of the branch came to at that time (a few rows
of totals). A page reads the table where that still holds, and reckons anew where something came in since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from hashlib import sha256

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
    first = (today - timedelta(days=WINDOW)).isoformat()
    sold = _by_day("SELECT sku, day, sum(qty) FROM sku_day WHERE branch = %s AND day >= %s GROUP BY sku, day",
                   branch, first)  # fmt: skip
    moved = _by_day("SELECT sku, day, sum(qty) FROM stock_move WHERE branch = %s AND day >= %s GROUP BY sku, day",
                    branch, first)  # fmt: skip
    places = {(today - timedelta(days=back)).isoformat(): back for back in range(1, WINDOW + 1)}
    levels = _levels(branch)
    return {
        sku: _demand(sold.get(sku, {}), moved.get(sku, {}), levels.get(sku, 0), places) for sku in _kept_in(branch)
    }  # fmt: skip


def _demand(sold: dict[str, int], moved: dict[str, int], level: int, places: dict[str, int]) -> Demand:
    """Back from today's level, from one day on which something happened to the one before it."""
    changes: dict[int, tuple[int, int]] = {}
    for day in sold.keys() | moved.keys():
        out, come = sold.get(day, 0), moved.get(day, 0)
        back = places.get(day)
        if back is None:
            level += out - come  # today, or later by a wrong clock
        else:
            changes[back] = (out, come)
    if not any(out > 0 for out, _come in changes.values()):
        return NONE
    days = total = squares = last = 0
    for back in sorted(changes):
        out, come = changes[back]
        if level > 0:
            days += back - last - 1
        morning = level - come + out
        if morning > 0 or level > 0 or out > 0:
            days, total, squares = days + 1, total + max(out, 0), squares + max(out, 0) ** 2
        level, last = morning, back
    return reorder.demand(days + (WINDOW - last if level > 0 else 0), total, squares)


def _by_day(sql: str, branch: str, first: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [branch, first])
        for sku, day, qty in cursor.fetchall():
            found.setdefault(sku, {})[str(day)] = int(qty)
    return found


def _levels(branch: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku, qty FROM stock_level WHERE branch = %s", [branch])
        return dict(cursor.fetchall())


def _kept_in(branch: str) -> Iterable[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT sku FROM stock_move WHERE branch = %s", [branch])
        return [sku for (sku,) in cursor.fetchall()]


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
