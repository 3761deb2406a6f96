"""The demand of a branch: against the plain count day by day, and in the table only for as long as it holds."""

from __future__ import annotations

import random
from datetime import date, timedelta

from django.utils import timezone

from kassa_office.stock import demand, reorder
from kassa_office.stock.ledger import Note, book
from kassa_office.stock.models import StockDemand
from kassa_office.stock.reorder import Demand
from tests.office.stock.shelves import article, branch, sold

DAY = 86_400_000


def plain(days: dict[date, int], moved: dict[date, int], level: int, today: date) -> Demand:
    """As a person would count, from today back."""
    end = level - moved.get(today, 0) + days.get(today, 0)
    counted = []
    for back in range(1, demand.WINDOW + 1):
        day = today - timedelta(days=back)
        out = days.get(day, 0)
        start = end - moved.get(day, 0) + out
        if start > 0 or end > 0 or out > 0:
            counted.append(max(out, 0))
        end = start
    if not any(counted):
        return demand.NONE
    return reorder.demand(len(counted), sum(counted), sum(qty * qty for qty in counted))


def test_day_by_day_is_the_same(office_db: object) -> None:
    branch("B1")
    chance, today = random.Random(3), timezone.localdate()
    noon = int(timezone.now().timestamp() * 1000)
    for number in range(12):
        sku = str(number)
        article(sku)
        days: dict[date, int] = {}
        moved: dict[date, int] = {}
        for _ in range(chance.randrange(12)):
            back = chance.randrange(demand.WINDOW + 4)
            day = today - timedelta(days=back)
            if day not in days:
                days[day] = chance.choice([-1000, 1000, 4000, 9000])
                sold("B1", sku, day, days[day])
        for _ in range(1 + chance.randrange(4)):
            back, qty = chance.randrange(demand.WINDOW + 4), chance.choice([-3000, 2000, 12_000])
            day = today - timedelta(days=back)
            moved[day] = moved.get(day, 0) + qty
            book("B1", "corrected", [(sku, qty)], Note("els", at=noon - back * DAY))
        # The sums are there without the sales, so the level is what was moved.
        assert demand.reckon("B1", today)[sku] == plain(days, moved, sum(moved.values()), today), sku


def test_the_table_is_read_only_while_it_holds(office_db: object) -> None:
    today = timezone.localdate()
    for place in ("B1", "B2"):
        branch(place)
        sold(place, "6", today - timedelta(days=2), 8000)
        book(place, "received", [("6", 9000)], Note("els", at=1))
    article("6")
    assert demand.prepare() == "2 branches"
    assert demand.prepare() is None
    assert demand.demands(["B1", "B2"]) == {place: demand.reckon(place, today) for place in ("B1", "B2")}
    StockDemand.objects.update(mean=77.0)
    assert demand.demands(["B1"])["B1"]["6"].mean == 77.0
    sold("B1", "6", today, 1000)
    assert demand.demands(["B1"])["B1"]["6"].mean == 77.0
    sold("B1", "6", today - timedelta(days=5), 8000)
    assert demand.demands(["B1"], ["6"])["B1"] == demand.reckon("B1", today)
    book("B2", "received", [("7", 1000)], Note("els"))
    assert demand.demands(["B2"])["B2"] == demand.reckon("B2", today)
    assert demand.prepare() == "2 branches"
    assert demand.demands(["B1"], today=today + timedelta(days=1))["B1"] == demand.reckon(
        "B1", today + timedelta(days=1)
    )
