"""The formulas of reordering, against worked examples."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_office.stock import reorder
from kassa_office.stock.reorder import Demand, Limits, Supply, Wanted

OF, SUPPLY = Demand(8000.0, 3200.0, 56), Supply(lead=4, review=7, deviation=1)
"""Eight a day, deviating by 3.2; four days until they come, give or take one; ordered every seven days."""


def test_the_worked_example() -> None:
    z = reorder.factor(0.95)
    assert round(z, 3) == 1.645
    assert round(reorder.safety(OF, SUPPLY, z, 4 + 7) / 1000, 1) == 21.9
    assert round(reorder.maximum(OF, SUPPLY, z) / 1000, 1) == 109.9
    assert round(reorder.minimum(OF, SUPPLY, z) / 1000, 1) == 48.9
    limits = reorder.limits(OF, SUPPLY, pack=6000)
    assert (limits.minimum, limits.maximum) == (48_852, 109_862)
    assert round(limits.safety) == 21_861


@pytest.mark.parametrize("sold", [[8000, 10_000, 6000], [8000, 0, 0, 10_000, 6000], [3000, 3000], [1, 0, 2**31]])
def test_mean_and_deviation_from_sums(sold: list[int]) -> None:
    found = reorder.demand(len(sold), sum(sold), sum(qty * qty for qty in sold))
    assert (found.mean, found.days) == (fmean(sold), len(sold))
    assert found.deviation == pytest.approx(stdev(sold))


def test_demand_of_one_day_and_of_none() -> None:
    assert reorder.demand(3, 24_000, 8000**2 + 10_000**2 + 6000**2) == Demand(8000.0, 2000.0, 3)
    assert reorder.demand(0, 0, 0) == Demand(0.0, 0.0, 0)
    assert reorder.demand(1, 3000, 3000**2) == Demand(3000.0, 0.0, 1)


@pytest.mark.parametrize(("position", "asked"), [(48_852, 61_010), (48_853, 0), (0, 109_862), (109_862, 0)])
def test_ordered_up_to_the_maximum_once_the_minimum_is_reached(position: int, asked: int) -> None:
    assert reorder.suggestion(position, Limits(48_852, 109_862)) == asked


def test_packs_are_whole() -> None:
    assert [reorder.whole_packs(qty, 6000) for qty in (0, 1, 6000, 61_009)] == [0, 6000, 6000, 66_000]
    assert reorder.whole_packs(61_009, 0) == 61_009


def test_what_hardly_sells_has_plain_limits() -> None:
    assert reorder.limits(Demand(99.0, 500.0, 56), SUPPLY, pack=6000) == Limits(0, 6000)
    assert reorder.limits(Demand(0.0, 0.0, 56), SUPPLY, pack=6000) == Limits(0, 0)
    assert reorder.limits(Demand(100.0, 0.0, 56), Supply(4, 7), pack=6000) == Limits(400, 1100)


def test_days_of_cover_and_running_out() -> None:
    assert reorder.days_of_cover(40_000, OF) == 5.0
    assert reorder.days_of_cover(-5000, OF) == 0.0
    assert reorder.days_of_cover(40_000, Demand(0.0, 0.0, 9)) is None
    enough = 4 + 21_861 / 8000
    assert reorder.runs_out(enough - 0.01, OF, SUPPLY, 21_861)
    assert not reorder.runs_out(enough + 0.01, OF, SUPPLY, 21_861)
    assert not reorder.runs_out(None, OF, SUPPLY, 21_861)


def test_an_order_is_filled_up_with_what_runs_out_first() -> None:
    slow = Wanted("1", 6000, 6000, 100, 1000.0, 0)
    fast = Wanted("2", 6000, 6000, 100, 4000.0, 0)
    free = Wanted("3", 1000, 1000, 0, 9000.0, 0)
    assert reorder.fill_up([slow, fast, free], 3000) == 3000
    assert (slow.qty, fast.qty, free.qty) == (6000, 24_000, 1000)
    assert reorder.fill_up([free], 3000) == 0


@given(
    least=st.integers(0, 50_000),
    lines=st.lists(st.tuples(st.integers(1, 20), st.integers(1, 12), st.integers(1, 900), st.integers(1, 20_000)),
                   min_size=1, max_size=6),
)  # fmt: skip
def test_filled_up_orders_reach_the_least_amount_in_whole_packs(
    least: int, lines: list[tuple[int, int, int, int]]
) -> None:
    wanted = [
        Wanted(str(n), packs * pieces * 1000, pieces * 1000, cost, float(mean), 0)
        for n, (packs, pieces, cost, mean) in enumerate(lines)
    ]
    before = {line.sku: line.qty for line in wanted}
    total = reorder.fill_up(wanted, least)
    assert total == sum(line.amount for line in wanted) >= least
    assert all(line.qty % line.pack == 0 and line.qty >= before[line.sku] for line in wanted)


@given(
    st.integers(0, 10**6), st.floats(0, 10**5), st.floats(0, 10**5), st.integers(0, 60), st.integers(0, 60),
    st.floats(0, 10), st.sampled_from([1000, 6000]),
)  # fmt: skip
def test_the_quick_answers_never_contradict_the_formulas(
    there: int, mean: float, deviation: float, lead: int, review: int, vary: float, pack: int
) -> None:
    of, supply = Demand(mean, deviation, 56), Supply(lead, review, vary)
    limits = reorder.limits(of, supply, pack)
    if reorder.enough(there, of, supply):
        assert reorder.suggestion(there, limits) == 0
    if not reorder.spare(there, of, supply):
        assert there <= limits.maximum
