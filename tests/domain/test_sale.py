"""The body of a finished sale: literal, complete, adding up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.country import BE
from kassa_tui.domain.journal import canonical
from kassa_tui.domain.sale import sale_body, ticket_body, turnover
from kassa_tui.domain.tender import CASH, PIN, Payment, Tender, begin, cash_due, pay_cash, pay_exact
from kassa_tui.domain.ticket import (
    AMOUNT,
    DEPOSIT,
    PERCENT,
    RETURN,
    SALE,
    VOUCHER,
    Discount,
    Line,
    Ticket,
    add,
    discounted,
    remove,
    repriced,
    totals,
)
from kassa_tui.domain.vat import OUTSIDE

BEER = Line(
    0, SALE, "100", "Bier blik", "Drank", 6000, "each", 89, 534, "high", 2100, list_price=89, code="87104", min_age=18
)
CAN = Line(0, DEPOSIT, "900", "Statiegeld", "Statiegeld", 6000, "each", 15, 90, OUTSIDE, 0, no_discount=True, parent=-1)
APPLES = Line(0, SALE, "200", "Elstar", "Fruit", 450, "kg", 799, 360, "low", 900, list_price=799, typed_weight=True)
CARD = Line(0, VOUCHER, "950", "Cadeaubon", "Bonnen", 1000, "each", 2500, 2500, OUTSIDE, 0)


def test_a_whole_sale_literally() -> None:
    ticket = add(
        Ticket("0192f0c1"), BEER, CAN, discounted(APPLES, Discount(AMOUNT, 60, "CHEF")), replace(BEER, code="")
    )
    ticket = remove(ticket, 4, "mis-scan", "AN", 1_763_800_000_000, True)
    ticket = replace(
        ticket,
        discount=Discount(PERCENT, 1000, "CHEF"),
        customer="K7",
        customer_name="De Buurman",
        note="voor de buurt",
        ages=((18, "evident"),),
    )
    sums = totals(ticket)
    payment = pay_exact(begin(sums.total, BE), Tender(PIN, 500, "T1", (("brand", "Maestro"),)))
    assert isinstance(payment, Payment)
    payment = pay_cash(payment, 1000, BE)
    assert isinstance(payment, Payment)
    assert sale_body(ticket, payment, shift=3, date="2026-11-22", opened=1_763_799_999_000) == {
        "ticket": "0192f0c1",
        "shift": 3,
        "date": "2026-11-22",
        "opened": 1_763_799_999_000,
        "total": 841,
        "rounding": -1,
        "change": 660,
        "tenders": [
            {"kind": "pin", "amount": 500, "ref": "T1", "detail": {"brand": "Maestro"}},
            {"kind": "cash", "amount": 1000},
        ],
        "vat": [
            {"code": "high", "rate": 2100, "gross": 481, "net": 398, "vat": 83},
            {"code": "low", "rate": 900, "gross": 270, "net": 248, "vat": 22},
        ],
        "lines": [
            {"no": 1, "kind": "sale", "sku": "100", "name": "Bier blik", "group": "Drank", "qty": 6000, "unit": "each"}
            | {"price": 89, "gross": 534, "amount": 481, "share": 53, "vat_code": "high", "rate": 2100, "vat": 83}
            | {"source": "list", "code": "87104", "age": 18},
            {"no": 2, "kind": "deposit", "sku": "900", "name": "Statiegeld", "group": "Statiegeld", "qty": 6000}
            | {"unit": "each", "price": 15, "gross": 90, "amount": 90, "vat_code": "none", "rate": 0, "vat": 0}
            | {"source": "list", "parent": 1},
            {"no": 3, "kind": "sale", "sku": "200", "name": "Elstar", "group": "Fruit", "qty": 450, "unit": "kg"}
            | {"price": 799, "gross": 360, "discount": 60, "given": {"kind": "amount", "value": 60, "by": "CHEF"}}
            | {"amount": 270, "share": 30, "vat_code": "low", "rate": 900, "vat": 22, "source": "list"}
            | {"typed_weight": True},
        ],
        "voids": [
            {"sku": "100", "name": "Bier blik", "qty": 6000, "amount": 534, "reason": "mis-scan", "by": "AN"}
            | {"at": 1_763_800_000_000, "after_subtotal": True},
        ],
        "discount": {"kind": "percent", "value": 1000, "by": "CHEF", "amount": 83},
        "customer": {"code": "K7", "name": "De Buurman", "business": False},
        "note": "voor de buurt",
        "ages": {"18": "evident"},
    }


def test_what_is_empty_is_left_out() -> None:
    body = ticket_body(add(Ticket("t"), CAN), totals(add(Ticket("t"), CAN)))
    assert set(body) == {"lines"}
    assert not {"discount", "share", "given", "list", "code", "age", "origin", "by", "note"} & set(body["lines"][0])


def test_an_override_and_a_return_tell_where_they_come_from() -> None:
    back = replace(BEER, kind=RETURN, quantity=-1000, gross=-89, origin="K1-17", origin_line=2, by="CHEF", reason="lek")
    ticket = add(Ticket("t"), repriced(APPLES, 500, "CHEF", "rot"), back)
    first, second = ticket_body(ticket, totals(ticket))["lines"]
    assert {key: first[key] for key in ("price", "list", "source", "by", "reason")} == {
        "price": 500,
        "list": 799,
        "source": "override",
        "by": "CHEF",
        "reason": "rot",
    }
    assert (second["origin"], second["origin_line"], second["amount"], second["vat"]) == ("K1-17", 2, -89, -15)


def test_turnover_knows_no_deposits_and_no_vouchers() -> None:
    ticket = add(Ticket("t"), BEER, CAN, APPLES, CARD)
    lines = ticket_body(ticket, totals(ticket))["lines"]
    assert turnover(lines) == 534 + 360
    assert turnover([]) == 0


def test_product_text_stays_data() -> None:
    """Markup and control characters come out of the journal as they went in."""
    name = "[bold]Æbler\x1b[2J\x00"
    ticket = add(Ticket("t"), replace(APPLES, name=name))
    body = ticket_body(ticket, totals(ticket))
    assert json.loads(canonical(body))["lines"][0]["name"] == name


@given(
    st.lists(
        st.sampled_from([BEER, CAN, APPLES, CARD, replace(BEER, kind=RETURN, quantity=-2000, gross=-178)]), max_size=8
    ),
    st.none() | st.builds(Discount, st.just(PERCENT), st.integers(0, 10_000)),
    st.integers(0, 2000),
)
def test_every_body_adds_up(lines: list[Line], discount: Discount | None, by_card: int) -> None:
    ticket = replace(add(Ticket("t"), *lines), discount=discount)
    payment = begin(totals(ticket).total, BE)
    with_card = pay_exact(payment, Tender(PIN, by_card))
    payment = with_card if isinstance(with_card, Payment) else payment
    in_cash = pay_cash(payment, cash_due(payment, BE) + 40 if payment.remaining > 0 else None, BE)
    payment = in_cash if isinstance(in_cash, Payment) else payment
    body = sale_body(ticket, payment, shift=1, date="2026-11-22", opened=0)
    check_sums(body)
    assert json.loads(canonical(body)) == body


def check_sums(body: dict[str, Any]) -> None:
    """Lines = total, payments = total + rounding + change, line VAT per rate = VAT block."""
    lines = body["lines"]
    assert sum(line["amount"] for line in lines) == body["total"]
    assert sum(t["amount"] for t in body["tenders"]) == body["total"] + body["rounding"] + body["change"]
    assert body["change"] >= 0
    assert all(t["kind"] in (CASH, PIN, VOUCHER) for t in body["tenders"])
    for block in body["vat"]:
        mine = [line for line in lines if (line["vat_code"], line["rate"]) == (block["code"], block["rate"])]
        assert sum(line["vat"] for line in mine) == block["vat"]
        assert sum(line["amount"] for line in mine) == block["gross"] == block["net"] + block["vat"]
    assert sum(line["vat"] for line in lines) == sum(block["vat"] for block in body["vat"])
    outside = sum(line["amount"] for line in lines if line["kind"] in (DEPOSIT, VOUCHER))
    assert turnover(lines) + outside == body["total"]
