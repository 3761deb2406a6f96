"""Months of the fact tables on PostgreSQL: made when they begin, and never a reason to refuse or lose anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.db import connection, connections, transaction

from kassa_office import facts
from kassa_office.journal import recovery
from kassa_office.journal.ingest import push
from kassa_office.sales.models import Sale
from kassa_office.stock import ledger
from kassa_office.stock.models import StockLevel, StockMove
from kassa_tui.sync.codec import encode
from tests.office.conftest import Databases, MakeTill

MONTH = date(2026, 9, 1)
AT = int(datetime(2026, 9, 14, 10, tzinfo=UTC).timestamp() * 1000)

pytestmark = pytest.mark.parametrize("office_db", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def without_the_month(office_db: Databases) -> Iterator[None]:
    """No table has a partition of September 2026."""
    _drop()
    facts._known.clear()
    yield
    _drop()
    facts._known.clear()


def _drop() -> None:
    with connection.cursor() as cursor:
        for model in facts.fact_models():
            cursor.execute(f'DROP TABLE IF EXISTS "{model._meta.db_table}_2026_09"')


def place_of_rows(table: str) -> set[str]:
    """The partitions in which the rows of September are."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT DISTINCT tableoid::regclass::text FROM "{table}" WHERE day >= %s AND day < %s',
                       [MONTH, facts.next_month(MONTH)])  # fmt: skip
        return {row[0] for row in cursor.fetchall()}


def partitions() -> set[str]:
    """Tables that have one for September."""
    names = [model._meta.db_table for model in facts.fact_models()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent"
            " JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relname = p.relname || '_2026_09'"
        )
        found = {row[0] for row in cursor.fetchall()}
    assert found <= set(names)
    return found


def book() -> int:
    return ledger.book("B1", "received", [("A1", 5000)], ledger.Note(by="els", at=AT))


def everywhere() -> set[str]:
    return {model._meta.db_table for model in facts.fact_models()}


def test_the_first_movement_of_a_month_makes_it(make_till: MakeTill) -> None:
    make_till("B1", "K1")
    book()
    assert partitions() == everywhere()
    assert place_of_rows("stock_move") == {"stock_move_2026_09"}


def test_the_first_movement_within_a_transaction_has_it_made_behind_that(make_till: MakeTill) -> None:
    make_till("B1", "K1")
    with transaction.atomic():
        book()
        book()
        assert place_of_rows("stock_move") == {"stock_move_rest"}
    assert partitions() == everywhere()
    assert place_of_rows("stock_move") == {"stock_move_2026_09"}
    assert StockMove.objects.filter(branch="B1", day__gte=MONTH).count() == 2
    assert StockLevel.objects.get(branch="B1", sku="A1").qty == 10_000
    book()
    assert StockMove.objects.filter(branch="B1").count() == 3


def test_a_transaction_that_is_taken_back_leaves_no_trace_and_the_next_one_goes_well(make_till: MakeTill) -> None:
    make_till("B1", "K1")
    with transaction.atomic():
        book()
        transaction.set_rollback(True)
    assert partitions() == set()
    book()
    assert partitions() == everywhere()


def test_where_it_cannot_be_made_now_the_entry_is_booked_and_moves_later(
    make_till: MakeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "LOCK_MS", 50)
    make_till("B1", "K1")
    held, free, wrong = threading.Event(), threading.Event(), list[BaseException]()

    def hold() -> None:
        """Somebody who reads for long: a report."""
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for table in everywhere():
                    cursor.execute(f'LOCK TABLE "{table}" IN ACCESS SHARE MODE')
                held.set()
                assert free.wait(30)
        except BaseException as error:  # noqa: BLE001  the test's own thread tells it
            wrong.append(error)
            held.set()
        finally:
            connections.close_all()

    reader = threading.Thread(target=hold)
    reader.start()
    assert held.wait(30)
    try:
        book()
        assert partitions() == set()
        assert place_of_rows("stock_move") == {"stock_move_rest"}
        book()
        assert StockMove.objects.filter(branch="B1").count() == 2
    finally:
        free.set()
        reader.join(30)
    assert wrong == []
    assert recovery.make_ahead() == "partitions made late: 2026-09"
    assert place_of_rows("stock_move") == {"stock_move_2026_09"}
    assert StockMove.objects.filter(branch="B1").count() == 2
    assert recovery.make_ahead() is None


def test_sales_of_a_month_that_went_to_the_rest_move_whole(
    make_till: MakeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make_till("B1", "K1")
    here.book.at = AT
    here.book.open_shift()
    for _ in range(3):
        here.book.sale()
    batch = here.book.batch()
    with monkeypatch.context() as patch:
        patch.setattr(facts, "make_partitions", _refuses)
        assert [ack.status for ack in push(here.till, batch, encode(batch), "").acks] == ["stored"] * 4
    before = list(Sale.objects.filter(branch="B1").order_by("seq").values())
    assert len(before) == 3
    assert place_of_rows("sale") == {"sale_rest"}
    assert recovery.make_ahead() == "partitions made late: 2026-09"
    assert place_of_rows("sale") == {"sale_2026_09"}
    assert list(Sale.objects.filter(branch="B1").order_by("seq").values()) == before
    assert [ack.status for ack in push(here.till, batch, encode(batch), "").acks] == ["duplicate"] * 4


def _refuses(*_: object) -> None:
    from django.db import OperationalError

    raise OperationalError("canceling statement due to lock timeout")
