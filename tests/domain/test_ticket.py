"""The ticket: lines that come, change and go, and what they come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.ticket import (
    AMOUNT,
    DEPOSIT,
    GROUP,
    PERCENT,
    RETURN,
    SALE,
    VOUCHER,
    Discount,
    Line,
    Ticket,
    Void,
    add,
    discounted,
    family,
    gross_of,
    remove,
    repriced,
    requantified,
    shares_of,
    swap,
    total_of,
    totals,
)
from kassa_tui.domain.vat import OUTSIDE, VatBlock
from tests.domain import model

EMPTY = Ticket("0192f0c1")


def goods(price: int, quantity: int = 1000, **changes: Any) -> Line:
    """A line of goods at 9 %, changed as a test needs it."""
    line = Line(
        0, SALE, "4711", "Appelmoes", "Kruidenier", quantity, "each", price, gross_of(quantity, price), "low", 900
    )
    return replace(line, **changes)


def deposit(price: int, quantity: int = 1000) -> Line:
    """Deposit on the line before it."""
    return goods(price, quantity, kind=DEPOSIT, vat_code=OUTSIDE, vat_rate=0, no_discount=True, parent=-1)


@pytest.mark.parametrize(
    ("discount", "cents", "off"),
    [
        (Discount(PERCENT, 1000), 1995, 200),
        (Discount(PERCENT, 1000), -1995, -200),
        (Discount(PERCENT, 10_000), 1995, 1995),
        (Discount(PERCENT, 15_000), 1995, 1995),
        (Discount(PERCENT, -1000), 1995, 0),
        (Discount(AMOUNT, 500), 1995, 500),
        (Discount(AMOUNT, 500), 300, 300),
        (Discount(AMOUNT, 500), -1995, -500),
        (Discount(AMOUNT, 500), -300, -300),
        (Discount(AMOUNT, -500), 1995, 0),
        (Discount(AMOUNT, 500), 0, 0),
    ],
)
def test_a_discount_is_never_more_than_there_is_and_never_a_surcharge(discount: Discount, cents: int, off: int) -> None:
    assert discount.on(cents) == off


@pytest.mark.parametrize(
    ("quantity", "price", "gross"),
    [(3000, 199, 597), (450, 799, 360), (1250, 299, 374), (-450, 799, -360), (500, 1, 1), (-500, 1, -1), (499, 1, 0)],
)
def test_quantity_times_price_rounds_half_away_from_zero(quantity: int, price: int, gross: int) -> None:
    assert gross_of(quantity, price) == gross


def test_lines_are_numbered_in_turn_and_a_deposit_knows_its_line() -> None:
    ticket = add(add(EMPTY, goods(100)), goods(89, 6000), deposit(15, 6000))
    assert [(line.no, line.parent, line.amount) for line in ticket.lines] == [(1, 0, 100), (2, 0, 534), (3, 2, 90)]
    assert ticket.next_no == 4
    assert EMPTY.lines == ()


def test_line_and_family_are_found_by_number() -> None:
    ticket = add(EMPTY, goods(89), deposit(15), goods(100))
    assert ticket.line(3) == ticket.lines[2]
    assert ticket.line(9) is None
    assert family(ticket, 1) == ticket.lines[:2]
    assert family(ticket, 2) == ticket.lines[1:2]
    assert family(ticket, 9) == ()


def test_no_line_has_number_zero() -> None:
    """Lines without a parent say 0; that does not make them the family of line 0."""
    ticket = add(EMPTY, goods(89), goods(100))
    assert family(ticket, 0) == ()
    assert remove(ticket, 0, "", "", 0, False) == ticket


def test_a_void_takes_the_deposits_along_and_leaves_its_trace_and_a_gap() -> None:
    ticket = add(EMPTY, discounted(goods(89, 6000), Discount(AMOUNT, 34)), deposit(15, 6000), goods(100))
    ticket = remove(ticket, 1, "mis-scan", "AN", 1_700_000_000_000, True)
    assert [line.no for line in ticket.lines] == [3]
    assert ticket.voids == (
        Void("4711", "Appelmoes", 6000, 500, "mis-scan", "AN", 1_700_000_000_000, True),
        Void("4711", "Appelmoes", 6000, 90, "mis-scan", "AN", 1_700_000_000_000, True),
    )
    assert add(ticket, goods(5)).lines[-1].no == 4


def test_a_deposit_can_go_alone() -> None:
    ticket = remove(add(EMPTY, goods(89), deposit(15)), 2, "", "AN", 0, False)
    assert total_of(ticket) == 89
    assert [void.amount for void in ticket.voids] == [15]


def test_another_quantity_works_the_discount_out_anew() -> None:
    line = discounted(goods(199, 2000), Discount(PERCENT, 1000))
    assert (line.gross, line.discount, line.amount) == (398, 40, 358)
    line = requantified(line, 5000)
    assert (line.quantity, line.gross, line.discount, line.amount) == (5000, 995, 100, 895)
    line = requantified(discounted(line, Discount(AMOUNT, 600)), 1000)
    assert (line.gross, line.discount, line.amount) == (199, 199, 0)


def test_part_of_a_return_gives_back_part_of_what_was_paid() -> None:
    """Two of € 10 were sold at half price: one of them is worth € 5, not € 10."""
    line = goods(1000, -2000, kind=RETURN, discount=-1000, origin="K1-17", origin_line=1)
    line = requantified(line, -1000)
    assert (line.gross, line.discount, line.amount) == (-1000, -500, -500)


def test_a_price_of_the_cashiers_making_says_so() -> None:
    line = repriced(discounted(goods(199, 2000), Discount(PERCENT, 5000)), 100, "CHEF", "deuk")
    assert (line.unit_price, line.gross, line.discount, line.amount) == (100, 200, 100, 100)
    assert (line.source, line.by, line.reason) == ("override", "CHEF", "deuk")


def test_a_discount_replaces_the_one_before_and_can_be_taken_away() -> None:
    line = discounted(discounted(goods(1000), Discount(PERCENT, 5000)), Discount(AMOUNT, 100))
    assert (line.discount, line.given) == (100, Discount(AMOUNT, 100))
    line = discounted(line, None)
    assert (line.discount, line.given, line.amount) == (0, None, 1000)


def test_swap_keeps_the_order_of_the_lines() -> None:
    ticket = add(EMPTY, goods(100), goods(200), goods(300))
    changed = swap(ticket, requantified(ticket.lines[1], 3000), requantified(ticket.lines[0], 2000))
    assert [(line.no, line.amount) for line in changed.lines] == [(1, 200), (2, 600), (3, 300)]


@pytest.mark.parametrize(
    ("ages", "wanted"),
    [
        ((), 18),
        (((18, "ok"),), 0),
        (((18, "evident"),), 0),
        (((16, "ok"),), 18),
        (((18, "refused"),), 18),
        (((18, "refused"), (18, "ok")), 0),
        (((21, "ok"),), 0),
    ],
)
def test_the_highest_age_is_asked_until_somebody_answers(ages: tuple[tuple[int, str], ...], wanted: int) -> None:
    ticket = add(replace(EMPTY, ages=ages), goods(899, min_age=18), goods(199, min_age=16), goods(100))
    assert ticket.age_wanted == wanted
    assert add(replace(EMPTY, ages=ages), goods(100)).age_wanted == 0


@pytest.mark.parametrize(
    ("kind", "changes", "may"),
    [
        (SALE, {}, True),
        (GROUP, {}, True),
        (RETURN, {}, True),
        (DEPOSIT, {}, False),
        (VOUCHER, {}, False),
        (RETURN, {"origin": "K1-17"}, False),
        (SALE, {"no_discount": True}, False),
    ],
)
def test_what_a_discount_may_touch(kind: str, changes: dict[str, Any], may: bool) -> None:
    assert goods(100, kind=kind, **changes).discountable is may


def test_a_ticket_discount_is_split_over_the_rates_pro_rata() -> None:
    ticket = add(EMPTY, goods(1999), goods(499, vat_code="high", vat_rate=2100), goods(250, no_discount=True))
    sums = totals(replace(ticket, discount=Discount(AMOUNT, 1000)))
    assert sums.shares == (800, 200, 0)
    assert sums.discount == 1000
    assert sums.total == 1748
    assert sums.vat == (VatBlock("high", 2100, 299, 247, 52), VatBlock("low", 900, 1449, 1329, 120))


def test_a_deposit_is_neither_discounted_nor_taxed_nor_lost() -> None:
    ticket = replace(add(EMPTY, goods(89, 6000), deposit(15, 6000)), discount=Discount(PERCENT, 10_000))
    sums = totals(ticket)
    assert (sums.total, sums.shares) == (90, (534, 0))
    assert sums.vat == (VatBlock("low", 900, 0, 0, 0),)


def test_empty_bottles_alone_are_owed_to_the_customer_without_vat() -> None:
    ticket = add(EMPTY, replace(deposit(25, -4000), parent=0), replace(deposit(15, -10_000), parent=0))
    assert (totals(ticket).total, totals(ticket).vat) == (-250, ())


def test_a_ticket_discount_leaves_what_comes_back_alone() -> None:
    back = goods(500, -1000, kind=RETURN, origin="K1-17")
    ticket = replace(add(EMPTY, goods(1000), back), discount=Discount(PERCENT, 1000))
    assert (shares_of(ticket), total_of(ticket)) == ((100, 0), 400)


LINES = st.builds(
    goods,
    st.integers(0, 20_000),
    st.integers(1, 5000) | st.integers(-3000, -1),
    kind=st.sampled_from([SALE, GROUP, RETURN, DEPOSIT, VOUCHER]),
    no_discount=st.booleans(),
    vat_rate=st.sampled_from([0, 600, 900, 2100]),
)
DISCOUNTS = st.builds(Discount, st.just(PERCENT), st.integers(0, 10_000)) | st.builds(
    Discount, st.just(AMOUNT), st.integers(0, 100_000)
)


@given(st.lists(st.builds(discounted, LINES, st.none() | DISCOUNTS), max_size=12), st.none() | DISCOUNTS)
def test_what_a_ticket_comes_to_always_adds_up(lines: list[Line], discount: Discount | None) -> None:
    ticket = replace(add(EMPTY, *lines), discount=discount)
    sums = totals(ticket)
    paid = [line.amount - share for line, share in zip(ticket.lines, sums.shares, strict=True)]
    assert sums.total == total_of(ticket) == sum(paid)
    assert sum(block.gross for block in sums.vat) == sum(paid)
    assert sums.discount == sum(sums.shares) >= 0


@given(st.lists(st.builds(discounted, LINES, st.none() | DISCOUNTS), max_size=12), DISCOUNTS)
def test_no_line_is_discounted_below_nothing_or_in_the_wrong_direction(lines: list[Line], discount: Discount) -> None:
    ticket = replace(add(EMPTY, *lines), discount=discount)
    bases = [max(line.amount, 0) if line.discountable else 0 for line in ticket.lines]
    shares = shares_of(ticket)
    assert all(0 <= share <= base for share, base in zip(shares, bases, strict=True))
    assert list(shares) == model.spread(discount.on(sum(bases)), bases)
    for line in ticket.lines:
        assert 0 <= line.discount <= line.gross or line.gross <= line.discount <= 0


@given(LINES, st.none() | DISCOUNTS)
def test_a_line_that_goes_back_mirrors_the_line_that_was_sold(line: Line, discount: Discount | None) -> None:
    sold = discounted(line, discount)
    assert requantified(sold, -line.quantity).amount == -sold.amount
    assert requantified(requantified(sold, -line.quantity), line.quantity) == sold
