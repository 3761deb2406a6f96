"""Levels to the tills: what changed since they were told, for the feed."""

from __future__ import annotations

from django.db import connection, transaction

from kassa_office.catalogue import feed
from kassa_office.stock.models import StockTold
from kassa_office.tills.models import Branch

AT_ONCE = 2000

_CHANGED = """SELECT l.sku, l.qty, l.at FROM stock_level l
LEFT JOIN stock_told t ON t.branch = l.branch AND t.sku = l.sku
WHERE l.branch = %s AND (t.qty IS NULL OR t.qty <> l.qty) ORDER BY l.sku LIMIT %s"""


def tell() -> str | None:
    """The job: put each level that changed into the feed, for all tills of all branches."""
    told = 0
    for branch in Branch.objects.filter(active=True).order_by("code").values_list("code", flat=True):
        while some := _tell(branch):
            told += some
            if some < AT_ONCE:
                break
    return f"{told} levels" if told else None


def _tell(branch: str) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_CHANGED, [branch, AT_ONCE])
            rows = cursor.fetchall()
        feed.put_many("all", "stock", ((f"{branch}:{sku}", {"qty": qty, "at": at}) for sku, qty, at in rows))
        StockTold.objects.bulk_create(
            [StockTold(branch=branch, sku=sku, qty=qty) for sku, qty, _at in rows],
            update_conflicts=True, unique_fields=["branch", "sku"], update_fields=["qty"],
        )  # fmt: skip
    return len(rows)
