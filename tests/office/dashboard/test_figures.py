"""What the pages show is what the facts say, for any days."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from kassa_office.dashboard import figures, formats, selling
from kassa_office.dashboard.periods import Period, compared, read
from kassa_office.dashboard.spans import merged
from kassa_office.dashboard.truth import Missing, Truth
from kassa_office.facts import next_month
from kassa_office.sales.models import DayTotal, Sale, SaleLine
from tests.office.conftest import Databases, TillHere
from tests.office.dashboard.conftest import send, set_clock
from tests.office.journals import line

DAYS = st.dates(date(2023, 1, 1), date(2027, 12, 31))


@given(DAYS, st.integers(0, 1200))
def test_parts_make_up_exactly_the_days(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    counted: Counter[date] = Counter()
    rows = 0
    for part in merged(first, last):
        until = next_month(part.last) - timedelta(days=1) if part.by_month else part.last
        rows += 1 if part.by_month else (part.last - part.first).days + 1
        for n in range((until - part.first).days + 1):
            counted[part.first + timedelta(days=n)] += part.sign
    wanted = {first + timedelta(days=n) for n in range(length + 1)}
    assert {day for day, times in counted.items() if times} == wanted
    assert all(counted[day] == 1 for day in wanted)
    assert rows <= 40


def test_any_days_equal_the_facts(company: dict[str, TillHere]) -> None:
    chance = random.Random(5)
    here = company["K1"]
    sent = len(here.book.entries)
    start = formats.local(_moment()) - timedelta(days=400)
    for _n in range(25):
        set_clock(here.book, start + timedelta(days=chance.randrange(390), hours=chance.randrange(8)))
        here.book.sale(line("6", chance.randrange(1, 5000)), line("9", chance.randrange(1, 900), group="Fris"))
    send(here, sent + 1)
    today = figures.today()
    for _n in range(40):
        first = today - timedelta(days=chance.randrange(420))
        last = first + timedelta(days=chance.randrange(200))
        for branches in (["B1"], ["B1", "B2"], []):
            sales = Sale.objects.filter(branch__in=branches, day__gte=first, day__lte=last)
            total = figures.total(branches, first, last)
            assert total.amount == (sales.aggregate(sum=Sum("turnover"))["sum"] or 0)
            assert total.n == sales.count()
            for kind in ("branch", "till", "day", "hour", "group", "staff"):
                assert sum(row.amount for row in figures.by(kind, branches, first, last)) == total.amount, kind
            lines = SaleLine.objects.filter(branch__in=branches, day__gte=first, day__lte=last)
            sold = {row["sku"]: row["sum"] for row in lines.order_by().values("sku").annotate(sum=Sum("amount"))}
            assert {one.sku: one.value for one in selling.sellers(branches, first, last)} == sold


def test_exceptions_by_till_and_by_person_are_the_same(company: dict[str, TillHere]) -> None:
    today = figures.today()
    rows = figures.exceptions(["B1", "B2"], today - timedelta(days=40), today)
    people = figures.persons(["B1", "B2"], today - timedelta(days=40), today)
    by_sort: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        by_sort[(row.till, row.kind, row.key)] += row.times
    for _person, row in people:
        by_sort[(row.till, row.kind, row.key)] -= row.times
    assert rows
    assert not any(by_sort.values())
    assert {person for person, row in people if row.key == "drawer"} == {"anna"}


def test_up_to_a_time_takes_a_part_of_the_hour(office_db: Databases) -> None:
    day = date(2026, 11, 2)
    for hour, amount in (("09", 1000), ("10", 600), ("11", 5000)):
        DayTotal.objects.create(branch="B1", day=day, till="", kind="all.hour", key=hour, n=1, qty=0, amount=amount,
                                vat=0, cost=0, costed=0)  # fmt: skip
    assert figures.until(["B1"], day, 10, 30) == 1300
    assert figures.until(["B1"], day, 10) == 1600
    assert figures.until(["B2"], day, 23) == 0


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, date(2026, 11, 25), date(2026, 11, 25)),
        ({"periode": "gisteren"}, date(2026, 11, 24), date(2026, 11, 24)),
        ({"periode": "week"}, date(2026, 11, 23), date(2026, 11, 29)),
        ({"periode": "maand"}, date(2026, 11, 1), date(2026, 11, 30)),
        ({"van": "2026-11-09", "tot": "2026-11-02"}, date(2026, 11, 2), date(2026, 11, 9)),
        ({"periode": "eigen", "van": "zomaar", "tot": "0001-01-01"}, date(2026, 11, 25), date(2026, 11, 25)),
        ({"periode": "'; DROP TABLE"}, date(2026, 11, 25), date(2026, 11, 25)),
    ],
)
def test_periods(asked: dict[str, str], first: date, last: date) -> None:
    found = read(asked, date(2026, 11, 25))
    assert (found.first, found.last) == (first, last)


def test_a_period_is_compared_with_the_same_weekdays_and_as_long_as_it_lasted() -> None:
    today = date(2026, 11, 25)
    week = compared({}, read({"periode": "week"}, today), today)
    assert (week.first, week.last) == (date(2026, 11, 16), date(2026, 11, 18))
    month = compared({}, read({"periode": "maand"}, today), today)
    assert (month.first, month.last) == (date(2025, 11, 2), date(2025, 11, 26))
    weeks = compared({"met": "week"}, Period("eigen", date(2026, 11, 1), date(2026, 11, 10)), today)
    assert (weeks.first, weeks.last) == (date(2026, 10, 18), date(2026, 10, 27))


@pytest.mark.parametrize(
    ("cents", "text"),
    [(123_456, "€\u00a01.234,56"), (-5, "€\u00a0-0,05"), (0, "€\u00a00,00"), (100_000_000, "€\u00a01.000.000,00")],
)
def test_euros(cents: int, text: str) -> None:
    assert formats.euro(cents) == text


def test_other_figures() -> None:
    assert formats.share(1234) == "12,3\u00a0%"
    assert formats.change(-850) == "-8,5\u00a0%"
    assert formats.quantity(375) == "0,375"
    assert formats.quantity(1_234_000) == "1.234"
    assert formats.rate(2100) == "21\u00a0%"
    assert formats.rate(550) == "5,5\u00a0%"
    assert formats.growth(110, 100) == 1000
    assert formats.growth(110, 0) is None


def _moment() -> datetime:
    from django.utils import timezone

    return timezone.now()


def test_what_is_not_all_in_is_never_said_to_be_all() -> None:
    found = Truth(1, [Missing("K1", "B1", "waiting", 1, None, 1)])
    assert found.share(10_000_000) == 9990
    assert found.share(99) == 9900
    assert found.share(0) == 0
    assert found.share(-1) is None
    assert Truth(1).share(500) == 10_000
