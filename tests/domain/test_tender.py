"""Paying: rounding, limits, change; in the Netherlands and in Belgium."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kassa_tui.domain.country import ALL_TENDERS, BE, CASH_ONLY, COUNTRIES, NL, OFF, Country, round5, with_rounding
from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.tender import (
    ACCOUNT,
    PIN,
    VOUCHER,
    Payment,
    Tender,
    begin,
    cash_due,
    implausible,
    pay_cash,
    pay_exact,
    suggestions,
)
from tests.domain import model

NL_ROUNDS = with_rounding(NL, CASH_ONLY)
BE_ALL = with_rounding(BE, ALL_TENDERS)
ALL_COUNTRIES = st.sampled_from([NL, NL_ROUNDS, BE, BE_ALL])


def taken(outcome: Payment | Refused) -> Payment:
    """The payment of a tender that was not refused."""
    assert isinstance(outcome, Payment), outcome
    return outcome


def refused(outcome: Payment | Refused) -> str:
    """The code of a tender that was."""
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def balance(payment: Payment) -> int:
    """Zero where payments = total + rounding + change."""
    return payment.paid - payment.total - payment.rounding - payment.change


@pytest.mark.parametrize(
    ("cents", "rounded"),
    [
        (2337, 2335),
        (889, 890),
        (1498, 1500),
        (2747, 2745),
        (-498, -500),
        (-2337, -2335),
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 5),
        (4, 5),
        (5, 5),
        (6, 5),
        (7, 5),
        (8, 10),
        (9, 10),
        (10, 10),
        (-1, 0),
        (-2, 0),
        (-3, -5),
        (-7, -5),
        (-8, -10),
    ],
)
def test_the_rounding_table(cents: int, rounded: int) -> None:
    assert round5(cents) == rounded
    assert model.to_five(cents) == rounded


@given(st.integers())
def test_rounding_moves_two_cents_at_most_and_mirrors(cents: int) -> None:
    assert round5(cents) % 5 == 0
    assert abs(round5(cents) - cents) <= 2
    assert round5(-cents) == -round5(cents)


@pytest.mark.parametrize(
    ("country", "cents", "allowed"),
    [(NL, 299_999, True), (NL, 300_000, False), (BE, 300_000, True), (BE, 300_001, False)],
)
def test_how_much_cash_the_law_allows(country: Country, cents: int, allowed: bool) -> None:
    assert country.cash_allowed(cents) is allowed


def test_a_shop_chooses_its_rounding_within_the_law() -> None:
    assert COUNTRIES == {"NL": NL, "BE": BE}
    assert (NL.rounding, BE.rounding) == (OFF, CASH_ONLY)
    assert with_rounding(NL, None) is NL
    assert with_rounding(NL, CASH_ONLY) == replace(NL, rounding=CASH_ONLY)
    for country, choice in ((NL, ALL_TENDERS), (BE, OFF), (BE, "up")):
        with pytest.raises(ValueError, match=choice):
            with_rounding(country, choice)


@pytest.mark.parametrize(
    ("country", "total", "due"),
    [
        (NL, 2337, 2337),
        (NL_ROUNDS, 2337, 2335),
        (BE, 2337, 2335),
        (NL_ROUNDS, 3, 5),
        (NL_ROUNDS, 2, 0),
        (BE, 1, 1),
        (BE, 3, 3),
        (BE, 5, 5),
        (BE, 6, 5),
        (BE, 8, 10),
        (BE, -4, -4),
        (BE, -6, -5),
        (BE_ALL, 3, 3),
        (BE_ALL, 2337, 2335),
        (NL_ROUNDS, -498, -500),
        (BE, -2337, -2335),
    ],
)
def test_what_is_due_in_cash(country: Country, total: int, due: int) -> None:
    payment = begin(total, country)
    assert cash_due(payment, country) == due
    settled = taken(pay_cash(payment, None, country))
    assert (settled.settled, settled.paid, settled.rounding, settled.change) == (True, due, due - total, 0)
    assert balance(settled) == 0


@pytest.mark.parametrize("country", [NL_ROUNDS, BE])
def test_split_payment_rounds_only_what_is_settled_in_cash(country: Country) -> None:
    payment = taken(pay_exact(begin(2337, country), Tender(PIN, 1000)))
    assert (payment.remaining, cash_due(payment, country)) == (1337, 1335)
    payment = taken(pay_cash(payment, 2000, country))
    assert (payment.settled, payment.rounding, payment.change, balance(payment)) == (True, -2, 665, 0)


@pytest.mark.parametrize("country", [NL_ROUNDS, BE])
def test_cash_first_is_not_rounded_until_it_is_the_last(country: Country) -> None:
    payment = taken(pay_cash(begin(2337, country), 1000, country))
    assert (payment.settled, payment.rounding, payment.remaining) == (False, 0, 1337)
    by_card = taken(pay_exact(payment, Tender(PIN, 1337)))
    assert (by_card.settled, by_card.rounding) == (True, 0)
    in_cash = taken(pay_cash(payment, None, country))
    assert (in_cash.settled, in_cash.rounding, in_cash.cash) == (True, -2, 2335)


@pytest.mark.parametrize(("country", "rounding"), [(NL, 0), (NL_ROUNDS, 0), (BE, 0), (BE_ALL, -2)])
def test_a_card_pays_exactly_unless_every_tender_is_rounded(country: Country, rounding: int) -> None:
    payment = begin(2337, country)
    payment = taken(pay_exact(payment, Tender(PIN, payment.remaining, "T1")))
    assert (payment.settled, payment.paid, payment.rounding) == (True, 2337 + rounding, rounding)


@pytest.mark.parametrize("country", [NL_ROUNDS, BE])
def test_a_refund_in_cash_of_498_pays_out_500(country: Country) -> None:
    payment = taken(pay_cash(begin(-498, country), None, country))
    assert (payment.settled, payment.paid, payment.rounding, payment.change) == (True, -500, -2, 0)


def test_part_cash_counts_for_the_5_cents_that_belgium_leaves_alone() -> None:
    """€ 10,03 in cash is € 10,05, also when the ten-euro note was counted first."""
    payment = taken(pay_cash(begin(1003, BE), 1000, BE))
    assert (payment.remaining, cash_due(payment, BE)) == (3, 5)
    by_card_first = taken(pay_exact(begin(1003, BE), Tender(PIN, 1000)))
    assert cash_due(by_card_first, BE) == 3


def test_single_cents_do_not_shift_the_rounding() -> None:
    payment = taken(pay_cash(begin(2337, BE), 2334, BE))
    assert cash_due(payment, BE) == 1
    assert taken(pay_cash(payment, None, BE)).cash == 2335


@pytest.mark.parametrize(("country", "due"), [(BE, 2337), (BE_ALL, 2337), (NL_ROUNDS, 2335)])
def test_a_business_is_not_rounded_in_belgium(country: Country, due: int) -> None:
    payment = begin(2337, country, business=True)
    assert cash_due(payment, country, business=True) == due
    assert taken(pay_cash(payment, None, country, business=True)).paid == due


def test_an_amount_that_rounding_puts_out_of_reach() -> None:
    assert pay_cash(begin(998, BE), 999, BE) == Refused("cash_short", {"short": 1})
    assert pay_cash(begin(998, BE), 998, BE) == Refused("cash_short", {"short": 2})
    assert pay_cash(begin(-998, BE), -998, BE) == Refused("cash_short", {"short": 2})
    assert pay_cash(begin(-998, BE), -999, BE) == Refused("cash_short", {"short": 1})
    assert taken(pay_cash(begin(998, BE), 997, BE)).remaining == 1


@pytest.mark.parametrize(("country", "most"), [(NL, 299_999), (NL_ROUNDS, 299_997), (BE, 300_002), (BE_ALL, 300_002)])
def test_the_cash_limit_cannot_be_passed(country: Country, most: int) -> None:
    assert taken(pay_cash(begin(most, country), None, country)).settled
    over = pay_cash(begin(most + 1, country), None, country)
    assert over == Refused("cash_limit", {"limit": 300_000})


def test_the_cash_limit_is_over_all_cash_of_the_sale() -> None:
    payment = taken(pay_cash(begin(400_000, NL), 200_000, NL))
    assert refused(pay_cash(payment, 100_000, NL)) == "cash_limit"
    payment = taken(pay_cash(payment, 99_999, NL))
    assert refused(pay_cash(payment, 1, NL)) == "cash_limit"
    assert taken(pay_exact(payment, Tender(PIN, 100_001))).settled


def test_what_goes_back_as_change_does_not_count_for_the_limit() -> None:
    payment = taken(pay_cash(begin(299_000, NL), 300_000, NL))
    assert (payment.settled, payment.change) == (True, 1000)


def test_a_payout_knows_no_cash_limit() -> None:
    assert taken(pay_cash(begin(-400_000, NL), None, NL)).settled


def test_nothing_to_pay_is_settled_at_once() -> None:
    payment = begin(0, BE)
    assert (payment.settled, payment.tenders, payment.remaining) == (True, (), 0)
    assert cash_due(payment, BE) == 0


def test_two_cents_in_a_shop_that_rounds_are_settled_with_nothing() -> None:
    payment = taken(pay_cash(begin(2, NL_ROUNDS), 0, NL_ROUNDS))
    assert (payment.settled, payment.rounding, payment.change, balance(payment)) == (True, -2, 0, 0)


def test_what_is_refused_changes_nothing_and_says_why() -> None:
    payment = begin(1000, NL)
    assert refused(pay_cash(payment, 0, NL)) == "bad_amount"
    assert refused(pay_cash(payment, -5, NL)) == "wrong_direction"
    assert pay_exact(payment, Tender(PIN, 1001)) == Refused("too_much", {"due": 1000})
    assert refused(pay_exact(payment, Tender(VOUCHER, -1))) == "wrong_direction"
    assert refused(pay_exact(payment, Tender(ACCOUNT, 0))) == "bad_amount"
    back = begin(-1000, NL)
    assert pay_cash(back, -1001, NL) == Refused("too_much", {"due": -1000})
    assert pay_exact(back, Tender(VOUCHER, -1001)) == Refused("too_much", {"due": -1000})
    assert refused(pay_cash(back, 500, NL)) == "wrong_direction"
    done = taken(pay_cash(payment, None, NL))
    assert refused(pay_cash(done, 100, NL)) == "already_settled"
    assert refused(pay_exact(done, Tender(PIN, 100))) == "already_settled"


def test_a_payout_may_be_split_over_a_voucher_and_cash() -> None:
    payment = taken(pay_exact(begin(-1498, BE), Tender(VOUCHER, -1000, "V1")))
    assert (payment.remaining, cash_due(payment, BE)) == (-498, -500)
    payment = taken(pay_cash(payment, -200, BE))
    assert (payment.remaining, cash_due(payment, BE)) == (-298, -300)
    payment = taken(pay_cash(payment, None, BE))
    assert (payment.settled, payment.cash, payment.rounding, balance(payment)) == (True, -500, -2, 0)


@pytest.mark.parametrize(
    ("total", "given", "slip"),
    [
        (1995, 2000, False),
        (1995, 50000, True),
        (60000, 60500, True),
        (60000, 60000, False),
        (45000, 50000, False),
        (50, 1000, False),
        (50, 1001, True),
        (4000, 40000, False),
        (4000, 40001, True),
        (-1995, -1995, False),
    ],
)
def test_a_slip_of_the_hand_is_noticed(total: int, given: int, slip: bool) -> None:
    assert implausible(begin(total, NL), given, NL) is slip


@pytest.mark.parametrize(
    ("due", "offered"),
    [
        (1337, (1500, 2000, 5000, 10000)),
        (500, (1000, 2000, 5000, 10000)),
        (95, (500, 1000, 2000, 5000)),
        (20001, (20500, 21000)),
        (2000, (5000, 10000, 20000)),
        (0, ()),
        (-500, ()),
    ],
)
def test_notes_a_customer_is_likely_to_hand_over(due: int, offered: tuple[int, ...]) -> None:
    assert suggestions(due) == offered


@given(
    st.integers(-2000, 5000) | st.integers(-400_000, 400_000),
    st.lists(st.tuples(st.booleans(), st.integers(-3000, 5000) | st.none()), max_size=6),
    ALL_COUNTRIES,
    st.booleans(),
)
@example(8, [(False, 6), (True, 1), (False, None)], BE, False)
@example(-498, [(False, -499), (False, -498), (False, None)], BE, False)
def test_any_row_of_tenders_goes_as_in_the_model(
    total: int, tenders: list[tuple[bool, int | None]], country: Country, business: bool
) -> None:
    payment = begin(total, country, business)
    drawer = model.Drawer(total, country.code, country.rounding, business)
    for exact, amount in tenders:
        cents = amount if amount is not None else drawer.open if exact else drawer.due
        if exact:
            outcome = pay_exact(payment, Tender(PIN, cents))
            fine = drawer.card(cents)
        else:
            outcome = pay_cash(payment, amount, country, business)
            fine = drawer.pay(cents)
        assert isinstance(outcome, Payment) is fine
        payment = outcome if isinstance(outcome, Payment) else payment
        assert (payment.remaining, payment.settled) == (drawer.open, drawer.settled)
        assert (payment.rounding, payment.change) == (drawer.rounding, drawer.change)
        assert cash_due(payment, country, business) == drawer.due
        assert not payment.settled or balance(payment) == 0


@given(st.integers(-400_000, 299_000), ALL_COUNTRIES, st.lists(st.integers(1, 200), max_size=5))
def test_cash_alone_always_settles_and_where_it_is_rounded_on_five_cents(
    total: int, country: Country, parts: list[int]
) -> None:
    payment = begin(total, country)
    for part in parts:
        outcome = pay_cash(payment, part if total > 0 else -part, country)
        payment = outcome if isinstance(outcome, Payment) else payment
    if not payment.settled:
        payment = taken(pay_cash(payment, None, country))
    assert payment.settled
    assert balance(payment) == 0
    assert abs(payment.rounding) <= 2
    if country.rounding != OFF and abs(total) >= country.round_from:
        assert (payment.cash - payment.change) % 5 == 0
    else:
        assert payment.rounding == 0
