"""What sells, out of remembered pieces: true whatever comes in late."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from kassa_office.dashboard import figures, selling
from kassa_office.journal.rebuild import rebuild
from kassa_office.sales.models import DayTotal, ZReport
from tests.office.conftest import TillHere
from tests.office.dashboard.conftest import noon, send, set_clock
from tests.office.journals import line

NOW = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@given(NOW, st.integers(1, 500), st.integers(0, 400))
def test_pieces_are_each_day_once(now: date, back: int, length: int) -> None:
    first = now - timedelta(days=back)
    last = min(first + timedelta(days=length), now - timedelta(days=1))
    counted: Counter[date] = Counter()
    for piece in selling.pieces(first, last, now):
        assert piece.last < now
        for number in range((piece.last - piece.first).days + 1):
            counted[piece.first + timedelta(days=number)] += piece.sign
    wanted = {first + timedelta(days=number) for number in range((last - first).days + 1)}
    assert {day for day, times in counted.items() if times} == wanted
    assert set(counted.values()) <= {0, 1}


def value(sku: str, days: int) -> int:
    today = figures.today()
    rows = selling.sellers(["B1", "B2"], today - timedelta(days=days), today)
    return next((row.value for row in rows if row.sku == sku), 0)


def test_what_comes_in_late_is_there_at_once(company: dict[str, TillHere]) -> None:
    here = company["K1"]
    for days in (3, 40, 400):
        before = value("6", days)
        for back in (0, 1, days):
            sent = len(here.book.entries)
            set_clock(here.book, noon(back))
            here.book.sale(line("6", 770))
            send(here, sent + 1)
            assert value("6", days) == before + 770, (days, back)
            before = value("6", days)


def test_past_days_are_not_added_up_again(company: dict[str, TillHere]) -> None:
    first = value("6", 300)
    with CaptureQueriesContext(connection) as seen:
        assert value("6", 300) == first
    asked = [query["sql"] for query in seen if "sku_month" in query["sql"] or "sku_day" in query["sql"]]
    assert len(asked) == 1, asked


def test_a_rebuild_forgets(company: dict[str, TillHere]) -> None:
    caches[selling.STORE].set("a", 1, None)
    assert rebuild() == {}
    assert caches[selling.STORE].get("a") is None


def test_a_branch_has_the_sums_of_its_tills(company: dict[str, TillHere]) -> None:
    for kind in ("sale", "hour", "group", "staff", "vat", "tender"):
        tills: Counter[tuple[str, date, str]] = Counter()
        whole: Counter[tuple[str, date, str]] = Counter()
        for counter, rows in (
            (tills, DayTotal.objects.filter(kind=kind)),
            (whole, DayTotal.objects.filter(kind=f"all.{kind}", till="")),
        ):
            for row in rows:
                counter[row.branch, row.day, row.key] += row.amount + 10**9 * row.n
        assert tills == whole, kind
        assert tills, kind


def test_turnover_and_what_lies_beside_it_come_to_what_was_paid(company: dict[str, TillHere]) -> None:
    here = company["K1"]
    sent = len(here.book.entries)
    set_clock(here.book, noon(1))
    here.book.sale(line("6", 770), line("W", 2500, kind="weborder"), line("S", 15, kind="deposit"))
    here.book.sale(line("W", -400, kind="weborder"))
    send(here, sent + 1)
    today = figures.today()
    where = (["B1", "B2"], today - timedelta(days=400), today)
    beside = {row.key: row.amount for row in figures.beside(*where)}
    assert (beside["weborder:received"], beside["weborder:paid_out"]) == (2500, -400)
    paid = sum(row.amount for row in figures.by("tender", *where))
    assert figures.total(*where).amount + sum(beside.values()) == paid


def test_closed_shifts_in_few_rows(company: dict[str, TillHere]) -> None:
    here = company["K2"]
    for back, difference in ((40, 0), (39, 25), (3, -10), (2, 0)):
        sent = len(here.book.entries)
        set_clock(here.book, noon(back))
        figures_ = {"z": 90 - back, "turnover": 100 * back, "counted": 5000 + back, "difference": difference}
        here.book.add("shift.close", figures_)
        send(here, sent + 1)
    today = figures.today()
    for first, last in ((today - timedelta(days=60), today), (today - timedelta(days=39), today + timedelta(days=9))):
        where = (["B1", "B2"], first, last)
        rows = figures.z_reports(*where)
        assert figures.z_sums(*where) == figures.Closed(
            len(rows), sum(row.turnover for row in rows), sum(row.counted or 0 for row in rows),
            sum(1 for row in rows if row.difference), sum(row.difference for row in rows),
        )  # fmt: skip
        for limit in (1, 2, 4, 100):
            newest = figures.z_reports(*where, limit=limit)
            assert [row.pk for row in newest] == [row.pk for row in rows][:limit]
    assert ZReport.objects.count() > 6
    assert all(one.day >= other.day for one, other in pairwise(figures.z_reports(*where)))
