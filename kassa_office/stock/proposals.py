"""What to order again: demand from the days' sales, limits from demand or a person, and where it can come from.

Always a proposal. What another branch has too much of comes first, what is still short is bought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Sum
from django.utils import timezone

from kassa_office.catalogue.models import Article, Supplier
from kassa_office.journal import alarms
from kassa_office.journal.alarms import Matter
from kassa_office.sales.models import SkuDay
from kassa_office.stock import orders, reorder, transfers
from kassa_office.stock.ledger import levels
from kassa_office.stock.models import StockMove, StockRule
from kassa_office.stock.reorder import Demand, Limits, Supply, Wanted
from kassa_office.tills.models import Branch

WINDOW = 56
"""Days of sales that the demand is reckoned from: eight of each weekday."""
ALARM = "stock"
STEP = 1000
"""The least that is moved between branches: a piece, or a kilogram."""
NAMED = 10
"""Articles that an alarm names."""


@dataclass(slots=True)
class Proposal:
    """An article of a branch, and what to do about it."""

    article: Article
    on_hand: int
    on_order: int
    """Bought and under way from other branches."""
    demand: Demand
    supply: Supply
    limits: Limits
    buy: int = 0
    """In whole packs."""
    move: list[tuple[str, int]] = field(default_factory=list)
    """From which branches how much."""

    @property
    def position(self) -> int:
        """On hand and on order."""
        return max(self.on_hand, 0) + self.on_order

    @property
    def cover(self) -> float | None:
        """Days for which what is there will do."""
        return reorder.days_of_cover(self.on_hand, self.demand)

    @property
    def runs_out(self) -> bool:
        """Whether it does not last until an order can be there, and none is."""
        late = reorder.runs_out(self.cover, self.demand, self.supply, self.limits.safety)
        return late and self.position <= self.limits.minimum


@dataclass(slots=True)
class Branchwise:
    """What there is to know of one branch's articles, read at once."""

    level: dict[str, int]
    demands: dict[str, Demand]
    rules: dict[str, tuple[int, int]]
    kept: set[str]
    """Articles of which the stock is kept: something other than a sale ever moved it."""

    def limits(self, article: Article, supply: Supply) -> Limits:
        """A person's limits, else those of demand."""
        of = self.demands.get(article.sku, Demand(0.0, 0.0, 0))
        rule = self.rules.get(article.sku)
        if rule is not None:
            return Limits(*rule, fixed=True)
        return reorder.limits(of, supply, article.pack)


def proposals(branch: str, *, all_of_them: bool = False) -> list[Proposal]:
    """What a branch is short of, first what runs out first; with ``all_of_them`` also what is not short."""
    here, supplies = read(branch), _supplies()
    coming = _sum(orders.on_order(branch), transfers.under_way_to(branch))
    found = []
    for article in _articles(here):
        supply = supplies.get(article.supplier_id or "", Supply(2, 7, orders.DEVIATION))
        of = here.demands.get(article.sku, Demand(0.0, 0.0, 0))
        limits = here.limits(article, supply)
        one = Proposal(article, here.level.get(article.sku, 0), coming.get(article.sku, 0), of, supply, limits)
        one.buy = reorder.suggestion(one.position, limits)
        if one.buy or all_of_them:
            found.append(one)
    _from_other_branches(branch, [one for one in found if one.buy], supplies)
    for one in found:
        one.buy = reorder.whole_packs(one.buy, one.article.pack)
    endless = float("inf")
    return sorted(found, key=lambda one: (endless if one.cover is None else one.cover, one.article.sku))


def read(branch: str, today: date | None = None) -> Branchwise:
    """Levels, demands and limits of a branch."""
    today = today or timezone.localdate()
    level = {sku: qty for (_branch, sku), qty in levels([branch]).items()}
    moved = StockMove.objects.filter(branch=branch).values_list("sku", flat=True).distinct().order_by()
    rules = StockRule.objects.filter(branch=branch).values_list("sku", "minimum", "maximum")
    kept = set(moved)
    demands = _demands(branch, level, kept, today)
    return Branchwise(level, demands, {sku: (low, high) for sku, low, high in rules}, kept)


def order_lines(chosen: Collection[Proposal], supplier: Supplier) -> list[tuple[str, int]]:
    """What is to be bought of a supplier, filled up to what he delivers at least."""
    prices = orders.costs([one.article.sku for one in chosen])
    lines = [
        Wanted(one.article.sku, one.buy, one.article.pack, prices.get(one.article.sku, 0), one.demand.mean,
               one.position)
        for one in chosen if one.buy > 0 and one.article.supplier_id == supplier.code
    ]  # fmt: skip
    if lines:
        reorder.fill_up(lines, supplier.minimum)
    return [(line.sku, line.qty) for line in lines]


def alarm() -> str | None:
    """The job: one alarm for each branch in which something runs out before an order can be there."""
    raised = 0
    for branch in Branch.objects.filter(active=True).values_list("code", flat=True):
        short = [one for one in proposals(branch) if one.runs_out]
        if short:
            names = [f"{one.article.sku} {one.article.name}"[:60] for one in short[:NAMED]]
            alarms.raise_alarm(Matter(ALARM, branch, facts={"n": len(short), "articles": ", ".join(names)}))
            raised += 1
        else:
            alarms.close_alarm(Matter(ALARM, branch))
    return f"{raised} branches run out of something" if raised else None


def _articles(here: Branchwise) -> Iterator[Article]:
    """Those in use whose stock is kept, or that have limits of their own."""
    skus = sorted(here.kept | set(here.rules))
    for first in range(0, len(skus), 500):
        yield from Article.objects.filter(sku__in=skus[first : first + 500], active=True, kind="goods").order_by("sku")


def _supplies() -> dict[str, Supply]:
    return {
        one.code: Supply(one.lead_days, one.review_days, orders.deviation(one)) for one in Supplier.objects.all()
    }  # fmt: skip


def _sum(*parts: dict[str, int]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for part in parts:
        for sku, qty in part.items():
            found[sku] += qty
    return found


def _demands(branch: str, level: dict[str, int], kept: set[str], today: date) -> dict[str, Demand]:
    """Demand of each article over the window, today left out, for it is not over."""
    first = today - timedelta(days=WINDOW)
    sold, moved = _by_day(SkuDay.objects, branch, first), _by_day(StockMove.objects, branch, first)
    found = {}
    for sku in set(sold) & kept:
        days, other = sold[sku], moved.get(sku, {})
        end = level.get(sku, 0) - other.get(today, 0) + days.get(today, 0)
        qty, there = [], []
        for back in range(1, WINDOW + 1):
            day = today - timedelta(days=back)
            out, come = days.get(day, 0), other.get(day, 0)
            start = end - come + out
            qty.append(max(out, 0))
            # It was there if there was some in the morning or in the evening, or if it was sold.
            there.append(start > 0 or end > 0 or out > 0)
            end = start
        found[sku] = reorder.demand(qty, there)
    return found


def _by_day(rows: object, branch: str, first: date) -> dict[str, dict[date, int]]:
    found: defaultdict[str, dict[date, int]] = defaultdict(dict)
    asked = rows.filter(branch=branch, day__gte=first).values_list("sku", "day")  # type: ignore[attr-defined]
    for sku, day, qty in asked.annotate(all=Sum("qty")).order_by():
        found[sku][day] = int(qty)
    return found


def _from_other_branches(branch: str, short: list[Proposal], supplies: dict[str, Supply]) -> None:
    """What others have beyond their own maximum comes first."""
    if not short:
        return
    others = Branch.objects.filter(active=True).exclude(code=branch).order_by("code").values_list("code", flat=True)
    skus = {one.article.sku for one in short}
    held = {other for (other, _sku), qty in levels(list(others), skus).items() if qty > 0}
    for other in sorted(held):
        there = read(other)
        for one in short:
            limits = there.limits(one.article, supplies.get(one.article.supplier_id or "", one.supply))
            spare = (there.level.get(one.article.sku, 0) - limits.maximum) // STEP * STEP
            much = min(spare, one.buy // STEP * STEP)
            if much > 0:
                one.move.append((other, much))
                one.buy -= much
