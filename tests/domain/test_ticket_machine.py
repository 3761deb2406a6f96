"""Whatever a cashier does, in whatever order: the ticket and its payment against the dull till of ``model``."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kassa_tui.domain.country import ALL_TENDERS, BE, CASH_ONLY, NL, Country, with_rounding
from kassa_tui.domain.journal import canonical
from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.sale import sale_body, turnover
from kassa_tui.domain.tender import PIN, Payment, Tender, begin, cash_due, pay_cash, pay_exact
from kassa_tui.domain.tender import VOUCHER as VOUCHER_TENDER
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
    add,
    discounted,
    family,
    gross_of,
    remove,
    repriced,
    requantified,
    swap,
    total_of,
    totals,
)
from kassa_tui.domain.vat import OUTSIDE
from tests.domain import model

PRICES = st.integers(1, 20_000)
PIECES = st.integers(1, 24)
GRAMS = st.integers(1, 5000)
RATES = st.sampled_from([0, 600, 900, 1200, 2100])
DISCOUNTS = st.builds(Discount, st.just(PERCENT), st.integers(1, 10_000)) | st.builds(
    Discount, st.just(AMOUNT), st.integers(1, 30_000)
)
WHICH = st.integers(0, 1000)


def line(kind: str, quantity: int, price: int, rate: int | None, **changes: Any) -> Line:
    """A line of a kind; no rate is outside VAT."""
    code, per_cent = (OUTSIDE, 0) if rate is None else (f"r{rate}", rate)
    made = Line(0, kind, "1", "Iets", "Van alles", quantity, "each", price, gross_of(quantity, price), code, per_cent)
    return replace(made, **changes)


def item(quantity: int, price: int, rate: int | None, shares: bool, paid_off: int = 0, parent: int = 0) -> model.Item:
    """The same line in the model's terms."""
    percent = None if rate is None else Fraction(rate, 100)
    return model.Item(Fraction(quantity, 1000), price, percent, shares, None, paid_off, parent)


def off(discount: Discount | None) -> model.Off | None:
    """The same discount in the model's terms."""
    if discount is None:
        return None
    if discount.kind == PERCENT:
        return model.percent_off(Fraction(discount.value, 100))
    return model.amount_off(discount.value)


class CounterMachine(RuleBasedStateMachine):
    """One counter: tickets are made, paid and begun anew."""

    country: Country = NL

    @initialize(business=st.booleans())
    def begin_ticket(self, business: bool) -> None:
        self.business = business
        self.ticket = Ticket("0192f0c1", customer="B1" if business else "", business=business)
        self.counter = model.Counter()
        self.payment: Payment | None = None

    def lay(self, made: Line, its_item: model.Item) -> int:
        self.counter.items[self.ticket.next_no] = its_item
        self.ticket = add(self.ticket, made)
        return self.ticket.lines[-1].no

    def pick(self, which: int) -> int:
        return self.ticket.lines[which % len(self.ticket.lines)].no

    def still_open(self) -> bool:
        return self.payment is None

    def has_lines(self) -> bool:
        return self.payment is None and bool(self.ticket.lines)

    def paying(self) -> bool:
        return self.payment is not None and not self.payment.settled

    @precondition(still_open)
    @rule(pieces=PIECES, price=PRICES, rate=RATES, fixed=st.booleans(), open_ring=st.booleans())
    def sell(self, pieces: int, price: int, rate: int, fixed: bool, open_ring: bool) -> None:
        made = line(GROUP if open_ring else SALE, pieces * 1000, price, rate, no_discount=fixed)
        self.lay(made, item(pieces * 1000, price, rate, not fixed))

    @precondition(still_open)
    @rule(grams=GRAMS, price=PRICES, rate=RATES)
    def weigh(self, grams: int, price: int, rate: int) -> None:
        self.lay(line(SALE, grams, price, rate, unit="kg"), item(grams, price, rate, True))

    @precondition(still_open)
    @rule(pieces=PIECES, price=PRICES, deposit=st.sampled_from([10, 15, 25]), rate=RATES)
    def sell_with_deposit(self, pieces: int, price: int, deposit: int, rate: int) -> None:
        no = self.ticket.next_no
        bottle = line(SALE, pieces * 1000, price, rate)
        self.ticket = add(self.ticket, bottle, line(DEPOSIT, pieces * 1000, deposit, None, no_discount=True, parent=-1))
        self.counter.items[no] = item(pieces * 1000, price, rate, True)
        self.counter.items[no + 1] = item(pieces * 1000, deposit, None, False, parent=no)
        assert [found.no for found in family(self.ticket, no)] == [no, no + 1]

    @precondition(still_open)
    @rule(pieces=PIECES, deposit=st.sampled_from([10, 15, 25]))
    def take_bottles_back(self, pieces: int, deposit: int) -> None:
        self.lay(line(DEPOSIT, -1000 * pieces, deposit, None), item(-1000 * pieces, deposit, None, False))

    @precondition(still_open)
    @rule(value=st.sampled_from([1000, 2500, 5000]))
    def sell_voucher(self, value: int) -> None:
        self.lay(line(VOUCHER, 1000, value, None), item(1000, value, None, False))

    @precondition(still_open)
    @rule(pieces=PIECES, price=PRICES, rate=RATES, paid=st.integers(0, 100))
    def return_with_receipt(self, pieces: int, price: int, rate: int, paid: int) -> None:
        paid_off = -(pieces * price * paid // 100)
        made = line(RETURN, -1000 * pieces, price, rate, discount=paid_off, origin="K1-17", origin_line=1)
        self.lay(made, item(-1000 * pieces, price, rate, False, paid_off))

    @precondition(still_open)
    @rule(pieces=PIECES, price=PRICES, rate=RATES)
    def return_without_receipt(self, pieces: int, price: int, rate: int) -> None:
        self.lay(line(RETURN, -1000 * pieces, price, rate), item(-1000 * pieces, price, rate, True))

    @precondition(has_lines)
    @rule(which=WHICH)
    def void(self, which: int) -> None:
        no = self.pick(which)
        self.ticket = remove(self.ticket, no, "mis-scan", "AN", 1, False)
        self.counter.void(no)

    @precondition(has_lines)
    @rule(which=WHICH, pieces=PIECES)
    def requantify(self, which: int, pieces: int) -> None:
        no = self.pick(which)
        related = family(self.ticket, no)
        if related[0].origin:
            return
        sign = -1 if related[0].quantity < 0 else 1
        changed = [requantified(found, sign * pieces * 1000) for found in related]
        self.ticket = swap(self.ticket, *changed)
        for found in changed:
            self.counter.items[found.no].pieces = Fraction(sign * pieces)

    @precondition(has_lines)
    @rule(which=WHICH, price=PRICES)
    def reprice(self, which: int, price: int) -> None:
        no = self.pick(which)
        found = self.ticket.line(no)
        assert found is not None
        if found.kind not in (SALE, GROUP):
            return
        self.ticket = swap(self.ticket, repriced(found, price, "CHEF"))
        self.counter.items[no].price = price

    @precondition(has_lines)
    @rule(which=WHICH, discount=st.none() | DISCOUNTS)
    def discount_line(self, which: int, discount: Discount | None) -> None:
        no = self.pick(which)
        found = self.ticket.line(no)
        assert found is not None
        assert found.discountable is self.counter.items[no].shares_discount
        if found.discountable:
            self.ticket = swap(self.ticket, discounted(found, discount))
            self.counter.items[no].off = off(discount)

    @precondition(still_open)
    @rule(discount=st.none() | DISCOUNTS)
    def discount_ticket(self, discount: Discount | None) -> None:
        self.ticket = replace(self.ticket, discount=discount)
        self.counter.ticket_off = off(discount)

    @precondition(has_lines)
    @rule()
    def go_and_pay(self) -> None:
        self.payment = begin(totals(self.ticket).total, self.country, self.business)
        self.drawer = model.Drawer(self.counter.total(), self.country.code, self.country.rounding, self.business)

    def answer(self, outcome: Payment | Refused, fine: bool) -> None:
        """Keep what was taken; a refusal is right only where the model refuses too."""
        assert isinstance(outcome, Payment) is fine, outcome
        if isinstance(outcome, Payment):
            self.payment = outcome

    @precondition(paying)
    @rule(percent=st.integers(1, 100), voucher=st.booleans())
    def pay_exactly(self, percent: int, voucher: bool) -> None:
        """By card or voucher, a part or all; where money is owed to the customer, back onto them."""
        assert self.payment is not None
        cents = model.half_up(Fraction(self.drawer.open * percent, 100)) or self.drawer.open
        tender = Tender(VOUCHER_TENDER if voucher else PIN, cents, "1")
        self.answer(pay_exact(self.payment, tender), self.drawer.card(cents))

    @precondition(paying)
    @rule()
    def pay_the_rest_in_cash(self) -> None:
        assert self.payment is not None
        outcome = pay_cash(self.payment, None, self.country, self.business)
        self.answer(outcome, self.drawer.pay(self.drawer.due))

    @precondition(paying)
    @rule(cents=st.sampled_from([5, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 300_000]), back=st.booleans())
    def hand_over_notes(self, cents: int, back: bool) -> None:
        assert self.payment is not None
        cents = -cents if back else cents
        self.answer(pay_cash(self.payment, cents, self.country, self.business), self.drawer.pay(cents))

    @precondition(paying)
    @rule(near=st.integers(-4, 4), by_card=st.booleans())
    def pay_nearly_the_rest(self, near: int, by_card: bool) -> None:
        """A few cents beside what is open: where rounding, change and refusals meet."""
        assert self.payment is not None
        cents = self.drawer.open + near
        if by_card:
            self.answer(pay_exact(self.payment, Tender(PIN, cents)), self.drawer.card(cents))
        else:
            self.answer(pay_cash(self.payment, cents, self.country, self.business), self.drawer.pay(cents))

    @precondition(lambda self: self.payment is not None and self.payment.settled)
    @rule(business=st.booleans())
    def next_customer(self, business: bool) -> None:
        assert self.payment is not None
        body = sale_body(self.ticket, self.payment, shift=1, date="2026-11-22", opened=1)
        assert json.loads(canonical(body)) == body
        assert {row["no"]: row["amount"] for row in body["lines"]} == self.counter.final()
        assert sum(tender["amount"] for tender in body["tenders"]) == body["total"] + body["rounding"] + body["change"]
        assert (body["total"], body["rounding"]) == (self.counter.total(), self.drawer.rounding)
        for block in body["vat"]:
            assert sum(row["vat"] for row in body["lines"] if row["vat_code"] == block["code"]) == block["vat"]
        inside = [no for no, found in self.counter.items.items() if found.percent is not None]
        assert turnover(body["lines"]) == sum(self.counter.final()[no] for no in inside)
        self.begin_ticket(business)

    @invariant()
    def the_ticket_is_the_models(self) -> None:
        sums = totals(self.ticket)
        assert sums.total == total_of(self.ticket) == self.counter.total()
        assert {found.no: found.amount for found in self.ticket.lines} == {
            no: its_item.amount for no, its_item in self.counter.items.items()
        }
        assert {Fraction(block.rate, 100): (block.gross, block.vat) for block in sums.vat} == self.counter.vat()
        assert [void.amount for void in self.ticket.voids] == self.counter.taken_off

    @invariant()
    def the_payment_is_the_models(self) -> None:
        if self.payment is None:
            return
        drawer = self.drawer
        assert (self.payment.remaining, self.payment.settled) == (drawer.open, drawer.settled)
        assert cash_due(self.payment, self.country, self.business) == drawer.due
        assert (self.payment.rounding, self.payment.change) == (drawer.rounding, drawer.change)


class NlMachine(CounterMachine):
    """A Dutch shop that does not round."""


class NlRoundsMachine(CounterMachine):
    """A Dutch shop that rounds cash."""

    country = with_rounding(NL, CASH_ONLY)


class BeMachine(CounterMachine):
    """A Belgian shop."""

    country = BE


class BeAllMachine(CounterMachine):
    """A Belgian shop that rounds whatever the tender."""

    country = with_rounding(BE, ALL_TENDERS)


TestNl = NlMachine.TestCase
TestNlRounds = NlRoundsMachine.TestCase
TestBe = BeMachine.TestCase
TestBeAll = BeAllMachine.TestCase
