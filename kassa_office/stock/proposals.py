"""What to order again: demand from the days' sales, limits from demand or a person, and where it can come from.

Always a proposal. What another branch has too much of comes first, what is still short is bought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kassa_office.catalogue.models import Article, Supplier
from kassa_office.journal import alarms
from kassa_office.journal.alarms import Matter
from kassa_office.stock import orders, reorder, transfers
from kassa_office.stock.demand import NONE, Demands, demands
from kassa_office.stock.ledger import levels
from kassa_office.stock.models import StockRule
from kassa_office.stock.reorder import Demand, Limits, Supply, Wanted
from kassa_office.tills.models import Branch

ALARM = "stock"
UNKNOWN = Supply(2, 7, orders.DEVIATION)
"""How an article without a supplier comes."""
STEP = 1000
"""The least that is moved between branches: a piece, or a kilogram."""
AT_ONCE = 500
NAMED = 10
"""Articles that an alarm names."""


class Goods(NamedTuple):
    """Of an article what an order needs."""

    sku: str
    name: str
    supplier_id: str | None
    pack: int


@dataclass(slots=True)
class Proposal:
    """An article of a branch, and what to do about it."""

    article: Goods
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
    demands: Demands
    """Of every article whose stock is kept."""
    rules: dict[str, tuple[int, int]]

    def limits(self, article: Goods, supply: Supply) -> Limits:
        """A person's limits, else those of demand."""
        of = self.demands.get(article.sku, NONE)
        rule = self.rules.get(article.sku)
        if rule is not None:
            return Limits(*rule, fixed=True)
        return reorder.limits(of, supply, article.pack)


def proposals(branch: str, *, all_of_them: bool = False, skus: Collection[str] | None = None) -> list[Proposal]:
    """What a branch is short of, first what runs out first; with ``all_of_them`` also what is not short.

    Whole, with what others can spare: :func:`short` and :func:`fill_in` in one, of all or of some articles.
    """
    found = [one for one in short(branch, all_of_them=all_of_them) if skus is None or one.article.sku in skus]
    fill_in(branch, found)
    return found


def short(branch: str, *, all_of_them: bool = False) -> list[Proposal]:
    """The same, before other branches and packs are looked at: ``buy`` is what is short."""
    here, supplies = read([branch])[branch], _supplies()
    coming = _sum(orders.on_order(branch), transfers.under_way_to(branch))
    skus = here.demands.keys() | here.rules.keys() if all_of_them else _in_doubt(here, coming, supplies)
    found = []
    for article in _articles(skus):
        sku, supply = article.sku, supplies.get(article.supplier_id or "", UNKNOWN)
        of, level, come = here.demands.get(sku, NONE), here.level.get(sku, 0), coming.get(sku, 0)
        one = Proposal(article, level, come, of, supply, here.limits(article, supply))
        one.buy = reorder.suggestion(one.position, one.limits)
        if one.buy or all_of_them:
            found.append(one)
    endless = float("inf")
    return sorted(found, key=lambda one: (endless if one.cover is None else one.cover, one.article.sku))


def fill_in(branch: str, found: Collection[Proposal]) -> None:
    """What other branches can spare, and what is still to be bought in whole packs."""
    _from_other_branches(branch, [one for one in found if one.buy])
    for one in found:
        one.buy = reorder.whole_packs(one.buy, one.article.pack)


def read(branches: Collection[str], skus: Collection[str] | None = None) -> dict[str, Branchwise]:
    """Levels, demands and limits of branches, of all their articles or of some."""
    found = {branch: Branchwise({}, of, {}) for branch, of in demands(branches, skus).items()}
    for (branch, sku), qty in levels(branches, skus).items():
        found[branch].level[sku] = qty
    rules = StockRule.objects.filter(branch__in=branches)
    rules = rules if skus is None else rules.filter(sku__in=skus)
    for branch, sku, low, high in rules.values_list("branch", "sku", "minimum", "maximum"):
        found[branch].rules[sku] = (low, high)
    return found


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
        late = [one for one in short(branch) if one.runs_out]
        if late:
            names = [f"{one.article.sku} {one.article.name}"[:60] for one in late[:NAMED]]
            alarms.raise_alarm(Matter(ALARM, branch, facts={"n": len(late), "articles": ", ".join(names)}))
            raised += 1
        else:
            alarms.close_alarm(Matter(ALARM, branch))
    return f"{raised} branches run out of something" if raised else None


def _articles(skus: Collection[str]) -> Iterator[Goods]:
    """Those of them that are in use."""
    ordered = sorted(skus)
    for first in range(0, len(ordered), AT_ONCE):
        rows = Article.objects.filter(sku__in=ordered[first : first + AT_ONCE], active=True, kind="goods")
        yield from map(Goods._make, rows.order_by("sku").values_list("sku", "name", "supplier_id", "pack"))


def _in_doubt(here: Branchwise, coming: dict[str, int], supplies: dict[str, Supply]) -> set[str]:
    """Articles that may be short: those with limits of a person, and those of which there is not enough for certain,
    were the slowest supplier theirs."""
    every = [*supplies.values(), UNKNOWN]
    slowest = Supply(
        *(max(each) for each in zip(*((one.lead, one.review, one.deviation) for one in every), strict=True))
    )
    level = here.level
    return here.rules.keys() | {
        sku for sku, of in here.demands.items()
        if not reorder.enough(max(level.get(sku, 0), 0) + coming.get(sku, 0), of, slowest)
    }  # fmt: skip


def _supplies() -> dict[str, Supply]:
    vary = orders.deviations()
    rows = Supplier.objects.values_list("code", "lead_days", "review_days")
    return {code: Supply(lead, review, vary.get(code, orders.DEVIATION)) for code, lead, review in rows}


def _sum(*parts: dict[str, int]) -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for part in parts:
        for sku, qty in part.items():
            found[sku] += qty
    return found


def _from_other_branches(branch: str, wanted: list[Proposal]) -> None:
    """What others have beyond their own maximum comes first."""
    if not wanted:
        return
    others = Branch.objects.filter(active=True).exclude(code=branch).order_by("code").values_list("code", flat=True)
    for other, there in sorted(read(list(others), {one.article.sku for one in wanted}).items()):
        for one in wanted:
            sku = one.article.sku
            level = there.level.get(sku, 0)
            if level < STEP or one.buy < STEP:
                continue
            if sku not in there.rules and not reorder.spare(level, there.demands.get(sku, NONE), one.supply):
                continue
            spare = (level - there.limits(one.article, one.supply).maximum) // STEP * STEP
            much = min(spare, one.buy // STEP * STEP)
            if much > 0:
                one.move.append((other, much))
                one.buy -= much
