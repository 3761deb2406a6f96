"""The views for other programs' reports: there on both databases, as documented, and equal to the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from kassa_office.api import views
from kassa_office.sales.models import Sale, SaleLine
from tests.office.journals import Book

DOCS = Path(__file__).resolve().parents[3] / "docs" / "api.md"


def _rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.mark.parametrize("name", list(views.VIEWS))
def test_each_view_has_its_columns_and_is_documented(shop: Book, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{name}"')
        assert [column[0] for column in cursor.description] == list(views.VIEWS[name].columns)
        assert cursor.fetchall()
    told = DOCS.read_text("utf-8")
    assert f"`{name}`" in told
    for column in views.VIEWS[name].columns:
        assert f"`{column}`" in told, (name, column)


def test_views_say_what_the_tables_say(shop: Book) -> None:
    by_view = _rows("SELECT branch, count(*), sum(turnover_cents) FROM report_sales GROUP BY branch ORDER BY branch")
    for branch, count, turnover in by_view:
        sales = Sale.objects.filter(branch=branch)
        assert (count, int(str(turnover))) == (sales.count(), sum(one.turnover for one in sales))
    lines = _rows("SELECT sum(amount_cents) FROM report_sale_lines WHERE branch = 'B1'")
    assert int(str(lines[0][0])) == sum(one.amount for one in SaleLine.objects.filter(branch="B1"))
    days = _rows("SELECT sum(amount_cents) FROM report_days WHERE branch = 'B1' AND kind = 'sale'")
    assert int(str(days[0][0])) == sum(one.turnover for one in Sale.objects.filter(branch="B1"))


def test_views_go_and_come_back_around_a_migration(shop: Book) -> None:
    views.before()
    with connection.cursor() as cursor:
        assert not [one for one in connection.introspection.get_table_list(cursor) if one.name.startswith(views.PREFIX)]
    views.after()
    assert _rows("SELECT count(*) FROM report_sales")[0][0] == Sale.objects.count()
