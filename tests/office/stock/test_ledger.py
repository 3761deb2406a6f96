"""The ledger: its rows, its running level, and that the level is their sum whatever came first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa_office.journal.models import Quarantine
from kassa_office.journal.rebuild import rebuild
from kassa_office.sales.models import SaleLine
from kassa_office.stock import counts, ledger
from kassa_office.stock.ledger import Note, book
from kassa_office.stock.models import StockCount, StockLevel, StockMove
from kassa_tui.domain import ticket as tickets
from tests.office.conftest import VENDORS, Databases, MakeTill, TillHere, till_here
from tests.office.dump import dump
from tests.office.journals import START, batch_of, line
from tests.office.stock.shelves import push

DAY = date(2026, 11, 21)


def moves_of(here: TillHere) -> None:
    """A bit of everything that moves stock at a till."""
    b = here.book
    b.add("stock.received", {"id": "a", "order": "B26-0001", "supplier": "L1", "lines": [{"sku": "6", "qty": 24_000}]})
    b.sale(line("6", 55, 3000), line("7", 101))
    b.add("stock.waste", {"reason": "Bedorven", "lines": [{"sku": "6", "qty": 2000}]})
    b.sale(line("6", 55, -1000, kind=tickets.RETURN, origin="K1-000001", origin_line=1))
    transfer = {"number": "K1-V1", "branch": "B2", "lines": [{"sku": "6", "qty": 5000}]}
    b.add("stock.transfer", {**transfer, "direction": "sent"})
    b.add("stock.transfer", {**transfer, "number": "B2-V9", "direction": "arrived"})
    b.add("stock.correct", {"reason": "Verkeerd geteld", "lines": [{"sku": "6", "qty": -500}]})


def level(sku: str, branch: str = "B1") -> int:
    """What there is."""
    return StockLevel.objects.get(branch=branch, sku=sku).qty


def test_everything_that_moves_is_in_the_ledger(make_till: MakeTill) -> None:
    here = make_till()
    moves_of(here)
    assert set(push(here)) == {"stored"}
    rows = ledger.ledger(["B1"], "6", DAY, DAY)
    assert [(row.kind, row.qty, row.level, row.ref) for row in rows] == [
        ("received", 24_000, 24_000, "B26-0001"), ("sale", -3000, 21_000, "K1-000001"), ("wasted", -2000, 19_000, ""),
        ("return", 1000, 20_000, "K1-000002"), ("sent", -5000, 15_000, "K1-V1"), ("arrived", 5000, 20_000, "B2-V9"),
        ("corrected", -500, 19_500, ""),
    ]  # fmt: skip
    assert level("6") == 19_500
    assert rows[4].reason == "B2"
    assert ledger.ledger(["B2"], "6", DAY, DAY) == ledger.ledger([], "6", DAY, DAY) == []


def test_a_part_of_the_ledger_begins_with_what_was_there(make_till: MakeTill) -> None:
    here = make_till()
    book("B1", "received", [("6", 10_000)], Note("els", at=START - 3 * 86_400_000))
    moves_of(here)
    push(here)
    book("B1", "corrected", [("6", 7)], Note("els", at=START + 3 * 86_400_000))
    rows = ledger.ledger(["B1"], "6", DAY, DAY)
    assert (rows[0].level, rows[-1].level) == (34_000, 29_500)
    whole = ledger.ledger(["B1", "B2"], "6", DAY - timedelta(days=9), DAY + timedelta(days=9))
    assert (whole[0].level, whole[-1].level, len(whole)) == (10_000, 29_507, 9)


def test_the_office_numbers_its_own_movements(make_till: MakeTill) -> None:
    make_till()
    assert [book("B1", "received", [("6", 1000), ("7", 2000)], Note("els", "r", "f")) for _ in range(2)] == [1, 2]
    rows = StockMove.objects.order_by("seq", "no").values_list("till", "seq", "no", "sku", "who", "reason", "ref")
    assert list(rows)[2:] == [("OFFICE", 2, 1, "6", "els", "r", "f"), ("OFFICE", 2, 2, "7", "els", "r", "f")]
    assert (level("6"), level("7")) == (2000, 4000)


def test_what_there_was_at_a_moment(make_till: MakeTill) -> None:
    here = make_till()
    moves_of(here)
    push(here)
    at = [entry.at for entry in here.book.entries]
    assert [ledger.level_at("B1", ["6"], moment)["6"] for moment in (at[0] - 1, at[0], at[1], at[6])] == [
        0, 24_000, 21_000, 19_500
    ]  # fmt: skip
    assert ledger.level_at("B1", ["999"], at[0]) == {"999": 0}


def test_a_count_moves_nothing_until_it_is_taken(make_till: MakeTill) -> None:
    here = make_till()
    body = {"area": "Winkel", "lines": [{"sku": "6", "qty": 20_000, "code": "6", "expected": 18_000}],
            "unknown": [{"code": "8712345678906", "qty": 3000}]}  # fmt: skip
    here.book.add("stock.count", body)
    assert push(here) == ["stored"]
    assert list(StockCount.objects.order_by("no").values_list("sku", "code", "qty", "expected", "area")) == [
        ("6", "6", 20_000, 18_000, "Winkel"), ("", "8712345678906", 3000, None, "Winkel"),
    ]  # fmt: skip
    assert not StockMove.objects.exists()
    assert not StockLevel.objects.exists()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("stock.received", {}),
        ("stock.received", {"lines": [{"sku": "", "qty": 1}]}),
        ("stock.transfer", {"lines": [], "direction": "up"}),
        ("stock.count", {"lines": [{"sku": "6"}]}),
        ("stock.count", {"lines": [], "unknown": [{"qty": 1}]}),
    ],
)
def test_what_cannot_be_read_is_kept_apart(make_till: MakeTill, kind: str, body: dict[str, Any]) -> None:
    here = make_till()
    here.book.add(kind, body)
    assert push(here) == ["quarantined"]
    assert Quarantine.objects.get().code == "unreadable"
    assert not StockMove.objects.exists()


def test_a_rebuild_gives_the_same_stock(make_till: MakeTill) -> None:
    here = make_till()
    moves_of(here)
    here.book.add("stock.count", {"area": "", "lines": [{"sku": "6", "qty": 9000}]})
    push(here)
    counts.take("B1", [("B1", "K1", 8)], "els")
    before = dump()
    assert rebuild() == {}
    assert dump() == before
    assert level("6") == 9000


def _sum_of_moves(sku: str) -> int:
    lines = SaleLine.objects.filter(branch="B1", sku=sku, kind__in=ledger.GOODS)
    moves = StockMove.objects.filter(branch="B1", sku=sku)
    return (moves.aggregate(n=Sum("qty"))["n"] or 0) - (lines.aggregate(n=Sum("qty"))["n"] or 0)


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[int]]:
    """Ten entries in batches of any size and order, some twice."""
    places = draw(st.permutations(range(10)))
    cuts = sorted(draw(st.sets(st.integers(1, 9), max_size=4)))
    pieces = [places[a:b] for a, b in zip([0, *cuts], [*cuts, 10], strict=True)]
    return [*pieces, *draw(st.lists(st.sampled_from(pieces), max_size=2))]


def _journal(here: TillHere) -> None:
    moves_of(here)
    here.book.add("stock.count", {"area": "A", "lines": [{"sku": "6", "qty": 4000}, {"sku": "7", "qty": 0}]})
    here.book.sale(line("6", 55, 1000))
    here.book.add("stock.received", {"lines": [{"sku": "7", "qty": 6000}]})


@settings(max_examples=15)
@given(plan=deliveries(), when=st.integers(0, 5))
@pytest.mark.parametrize("vendor", VENDORS)
def test_the_level_is_the_sum_of_all_movements_after_any_delivery(
    databases_of_office: Databases, vendor: str, plan: Sequence[Sequence[int]], when: int
) -> None:
    databases_of_office.use(vendor)
    here = till_here()
    _journal(here)
    taken = False
    for turn, places in enumerate([*plan, []]):
        if places:
            push(here, batch_of([here.book.entries[place] for place in places], "K1", high=10))
        if turn >= when and not taken and counts.open_counts(["B1"]):
            counts.take("B1", [("B1", "K1", 8)], "els")
            taken = True
        for sku in ("6", "7"):
            found = StockLevel.objects.filter(branch="B1", sku=sku).values_list("qty", flat=True).first()
            assert (found or 0) == _sum_of_moves(sku)
    if not taken:
        counts.take("B1", [("B1", "K1", 8)], "els")
    counts.settle()
    assert (level("6"), level("7")) == (4000 - 1000, 6000)
    assert counts.settle() is None
