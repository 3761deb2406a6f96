"""Paging by cursor: no row twice, none left out, whatever comes and goes meanwhile."""

from __future__ import annotations

import string
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_office.api import paging
from kassa_office.api.problems import Refused
from kassa_office.catalogue.models import Customer
from kassa_office.stock.models import StockMove
from tests.office.conftest import Databases

CODES = st.text(string.ascii_letters + string.digits + "-_ é", min_size=1, max_size=6).filter(
    lambda text: text.strip() == text
)
KEYS = st.tuples(st.integers(1, 3), st.sampled_from(["K1", "K2"]), st.integers(1, 4), st.integers(1, 3))


def _pages(rows: Any, order: list[str], limit: int, between: Any = lambda: None) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _turn in range(1000):
        page = paging.page(rows(), order, cursor, limit, lambda row: {name: getattr(row, name) for name in order})
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found
        assert len(page["items"]) == limit
        between()
    raise AssertionError("no end")


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=st.sets(CODES, max_size=12), later=st.lists(CODES, max_size=6), limit=st.integers(1, 5))
def test_rows_that_stay_come_once(office_db: Databases, there: set[str], later: list[str], limit: int) -> None:
    Customer.objects.all().delete()
    Customer.objects.bulk_create([Customer(code=code, name=code) for code in there])
    coming = iter(later)

    def between() -> None:
        code = next(coming, None)
        if code is not None:
            Customer.objects.get_or_create(code=code, defaults={"name": code})

    found = [row["code"] for row in _pages(Customer.objects.all, ["code"], limit, between)]
    assert len(found) == len(set(found))
    assert there <= set(found) <= there | set(later)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(KEYS, max_size=20), limit=st.integers(1, 7))
def test_keys_of_several_columns(office_db: Databases, keys: set[tuple[int, str, int, int]], limit: int) -> None:
    StockMove.objects.filter(branch="B1").delete()
    StockMove.objects.bulk_create(
        StockMove(branch="B1", day=f"2026-11-0{day}", till=till, seq=seq, no=no, at=0, kind="received", sku="1", qty=1)
        for day, till, seq, no in keys
    )
    order = ["day", "till", "seq", "no"]
    found = _pages(lambda: StockMove.objects.filter(branch="B1"), order, limit)
    assert [(row["day"].day, row["till"], row["seq"], row["no"]) for row in found] == sorted(keys)


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
@given(text=st.one_of(st.text(max_size=40), st.binary(max_size=40).map(lambda data: data.hex())))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_text_is_no_cursor(office_db: Databases, text: str) -> None:
    with pytest.raises(Refused) as refused:
        paging.read(Customer.objects.all(), ["code"], text)
    assert refused.value.code == "cursor_unknown"


def test_a_cursor_is_of_its_list_alone(office_db: Databases) -> None:
    cursor = paging.write(["sku"], ["1"])
    for value in (["1", "2"], [1], ["a\0"], [None]):
        with pytest.raises(Refused):
            paging.read(Customer.objects.all(), ["code"], paging.write(["code"], value))
    with pytest.raises(Refused):
        paging.read(Customer.objects.all(), ["code"], cursor)


def test_every_page_is_one_question(office_db: Databases) -> None:
    from django.db import connection

    with CaptureQueriesContext(connection) as asked:
        paging.page(StockMove.objects.filter(branch="B1"), ["day", "till"], None, 10, lambda row: {})
    assert len(asked) == 1
    assert '"branch" = ' in asked[0]["sql"]
