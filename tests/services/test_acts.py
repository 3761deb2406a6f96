"""Every act of ``kassa sell``: what it does, and when it is refused."""

from __future__ import annotations

import pytest

from kassa_tui.acts import ACTS
from tests.services.conftest import OpenTill
from tests.services.shop_floor import CASHIER, MANAGER, MINUTE, SENIOR, TECHNICIAN, Hands


def test_nobody_sells_before_login_and_shift(open_till: OpenTill) -> None:
    till = open_till()
    assert till.refused("6") == "not_logged_in"
    assert till.refused("open-shift 100") == "not_logged_in"
    assert till.refused("logout") == "not_logged_in"
    till.do(f"login {CASHIER}")
    assert till.refused("6") == "shift_closed"
    assert till.refused("close-shift") == "shift_closed"
    assert till.refused("open-shift") == "bad_act"
    assert till.refused("open-shift veel") == "bad_amount"
    assert till.refused("open-shift -1") == "bad_amount"
    assert till.do("open-shift 100,00")["facts"]["float"] == 10_000
    assert till.refused("open-shift 100") == "shift_is_open"
    assert till.do("6")["outcome"] == "added"


def test_wrong_pins_make_people_wait(open_till: OpenTill) -> None:
    till = open_till()
    for _ in range(3):
        assert till.refused("login 0000") == "wrong_pin"
    assert till.type(f"login {CASHIER}")["facts"] == {"seconds": 5}
    till.clock.pass_(5000)
    assert till.do(f"login {CASHIER}")["facts"]["name"] == "Anna"


def test_a_locked_till_sells_nothing(at_till: Hands) -> None:
    at_till.do("6", "lock")
    assert at_till.refused("6") == "not_logged_in"
    assert len(at_till.do(f"login {CASHIER}")["ticket"]["lines"]) == 1


def test_codes_quantities_and_weights(at_till: Hands) -> None:
    assert at_till.do("scan 8710400280507")["ticket"]["total"] == 55
    assert at_till.do("3 x 6")["ticket"]["total"] == 55 + 165
    assert at_till.do("qty 2", "6")["ticket"]["total"] == 220 + 110
    assert at_till.do("0,450 * 1")["ticket"]["total"] == 330 + 81
    assert at_till.do("qty 0,200", "+")["facts"]["name"] == "Bananen"
    six = at_till.do("87000009")["ticket"]["lines"][-1]
    assert (six["quantity"], six["amount"]) == (6000, 594)
    deposit = at_till.do("2*7")["ticket"]["lines"][-1]
    assert (deposit["kind"], deposit["quantity"], deposit["amount"], deposit["vat_rate"]) == ("deposit", 2000, 30, 0)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("8710400280508", "check_digit"),
        ("nergens", "unknown_code"),
        ("scan", "bad_act"),
        ("0 * 6", "bad_quantity"),
        ("1,5 * 6", "whole_pieces"),
        ("1", "weight_needed"),
        ("qty twee", "bad_quantity"),
        ("25 * 6", "big_quantity"),
        ("void 1", "no_ticket"),
        ("set 1 2", "no_ticket"),
        ("set 1", "bad_act"),
        ("price 1 2", "no_ticket"),
        ("price 1", "bad_act"),
        ("price 1 x", "bad_amount"),
        ("discount 1 10%", "no_line"),
        ("discount 1 x", "bad_amount"),
        ("discount ticket 101%", "bad_amount"),
        ("discount ticket 1", "no_ticket"),
        ("age ok", "no_age_question"),
        ("park", "no_ticket"),
        ("recall", "nothing_parked"),
        ("recall 1 2", "bad_act"),
        ("return K1-000009", "unknown_receipt"),
        ("return K2-000001", "other_till"),
        ("return", "bad_act"),
        ("return 1 x", "no_line"),
        ("return-article 6", "needs_approval"),
        ("return-article", "bad_act"),
        ("deposit-return 6", "no_deposit"),
        ("pay", "no_ticket"),
        ("pay cash", "no_ticket"),
        ("pay pin", "no_ticket"),
        ("pay pin 1 2 3", "bad_act"),
        ("pay pin x", "bad_amount"),
        ("pay schelpen", "bad_act"),
        ("take-back", "no_tender"),
        ("cancel", "no_ticket"),
        ("drawer", "reason_needed"),
        ("drawer wisselgeld", "needs_approval"),
        ("cash-in 10", "reason_needed"),
        ("cash-in", "bad_act"),
        ("cash-out x melk", "bad_amount"),
        ("drop 10", "needs_approval"),
        ("count 3=1", "bad_denomination"),
        ("count 5=veel", "bad_denomination"),
        ("ring 5 Sneeuw", "unknown_group"),
        ("ring 0 Fris", "bad_amount"),
        ("ring 5", "bad_act"),
        ("issue-voucher", "bad_amount"),
        ("why 1", "no_line"),
        ("price-check 999", "unknown_code"),
        ("reprint", "unknown_receipt"),
        ("training on", "needs_approval"),
        ("training off", "training_already"),
        ("training maybe", "bad_act"),
        ("approve 9999", "nothing_to_approve"),
        ("logout nu", "bad_act"),
        ("customer", "bad_act"),
        ("note dag", "no_ticket"),
    ],
)
def test_refusals_on_an_empty_counter(at_till: Hands, line: str, code: str) -> None:
    assert at_till.refused(line) == code
    assert at_till.do("show")["ticket"]["lines"] == []


def test_every_act_says_how_it_is_used(at_till: Hands) -> None:
    for verb, (usage, _) in ACTS.items():
        answer = at_till.type(f"{verb} a b c d e f")
        if answer.get("code") == "bad_act":
            assert answer["facts"]["usage"] == f"{verb} {usage}".strip()
            assert verb in answer["text"]


def test_a_refused_quantity_is_not_left_for_the_next_line(at_till: Hands) -> None:
    assert at_till.refused("5 * nergens") == "unknown_code"
    assert at_till.do("6")["ticket"]["lines"][0]["quantity"] == 1000
    assert at_till.refused("30 * 6") == "big_quantity"
    assert at_till.do("30 * 6")["ticket"]["lines"][1]["quantity"] == 30_000


def test_lines_are_changed_and_voided(at_till: Hands) -> None:
    at_till.do("7", "6")
    assert at_till.do("set 1 3")["ticket"]["total"] == 3 * 116 + 55
    assert at_till.refused("set 1 0,5") == "whole_pieces"
    assert at_till.refused("set 9 1") == "no_line"
    assert at_till.refused("set 1 x") == "bad_quantity"
    assert at_till.do("void 1 vergissing")["ticket"]["total"] == 55
    assert at_till.do("void 3")["ticket"]["state"] == "empty"
    assert at_till.do("cancel")["outcome"] == "cancelled"


def test_prices_and_discounts_have_limits(at_till: Hands) -> None:
    at_till.do("9", "6")
    assert at_till.refused("price 1 2,00") == "needs_approval"
    assert at_till.do(f"approve {MANAGER}")["ticket"]["lines"][0]["amount"] == 200
    assert at_till.do("discount 2 10%")["ticket"]["total"] == 200 + 49
    assert at_till.refused("discount 2 10,01%") == "needs_approval"
    assert at_till.refused("discount 2 0,06") == "needs_approval"
    assert at_till.refused("discount ticket 0,20") == "needs_approval"
    assert at_till.do(f"approve {MANAGER}")["ticket"]["total"] == 229
    assert at_till.do(f"login {MANAGER}", "discount ticket 0")["ticket"]["total"] == 249


def test_a_manager_who_mistypes_may_try_again(at_till: Hands) -> None:
    at_till.do("9")
    assert at_till.refused("drawer x") == "ticket_open"
    assert at_till.refused("price 1 1,00") == "needs_approval"
    assert at_till.refused("approve 9998") == "wrong_pin"
    assert at_till.refused(f"approve {SENIOR}") == "may_not_approve"
    assert at_till.do(f"approve {MANAGER}")["ticket"]["lines"][0]["amount"] == 100
    assert at_till.refused(f"approve {MANAGER}") == "nothing_to_approve"


def test_beyond_the_manager_too(open_till: OpenTill) -> None:
    till = open_till(rules="discount_limit = { manager = 50 }").open_shop()
    till.do("9")
    assert till.refused("discount 1 60%") == "needs_approval"
    for _ in range(3):
        assert till.refused(f"approve {MANAGER}") == "may_not_approve"
    assert till.do("show")["ticket"]["total"] == 349


def test_a_void_that_was_approved_is_written_once(open_till: OpenTill) -> None:
    till = open_till().open_shop()
    till.do("6", "7", f"login {TECHNICIAN}")
    assert till.refused("void 1") == "needs_approval"
    till.do(f"approve {MANAGER}")
    till.till.store.flush()
    till.close()
    again = open_till()
    assert again.till.ticket is not None
    assert len(again.till.ticket.voids) == 1
    assert [line.sku for line in again.till.ticket.lines] == ["7", "STATIE-0015"]


def test_age_is_asked_once_and_a_refusal_takes_the_goods_off(at_till: Hands) -> None:
    added = at_till.do("6", "15")
    assert (added["facts"]["age"], added["facts"]["born"]) == (16, "2010-11-21")
    assert at_till.refused("pay cash") == "age_open"
    at_till.do("age ok")
    assert at_till.do("14")["facts"]["age"] == 18
    assert at_till.refused("age misschien") == "bad_answer"
    assert [line["sku"] for line in at_till.do("age refused")["ticket"]["lines"]] == ["6", "15", "STATIE-0390"]
    assert at_till.do("pay cash")["ticket"]["total"] == 55 + 1699 + 390


def test_parking_and_recalling(at_till: Hands) -> None:
    assert at_till.do("6", "park jan")["facts"]["place"] == 1
    at_till.do("7", "park")
    assert at_till.refused("recall") == "which_parked"
    assert at_till.refused("recall 5") == "no_such_parked"
    at_till.do("9")
    assert at_till.refused("recall 1") == "ticket_open"
    at_till.do("cancel")
    assert at_till.do("recall 1")["ticket"]["total"] == 55


def test_an_open_ticket_outlives_the_program(open_till: OpenTill) -> None:
    till = open_till().open_shop()
    till.do("6", "2 * 7", "discount 1 10%", "pay cash 1")
    before = till.do("show")["ticket"]
    till.close()
    again = open_till()
    again.do(f"login {CASHIER}")
    assert again.do("show")["ticket"] == before


def test_returns_by_receipt_never_twice(at_till: Hands) -> None:
    at_till.do("3 * 7", "6", "pay cash")
    back = at_till.do("return K1-000001 1 2")["ticket"]
    assert [(line["kind"], line["quantity"], line["amount"]) for line in back["lines"]] == [
        ("return", -2000, -202), ("deposit", -2000, -30)]  # fmt: skip
    assert at_till.refused("return 1 1 2") == "too_many_returned"
    paid = at_till.do("pay cash")["ticket"]
    assert (paid["total"], paid["payments"][0]["amount"], paid["state"]) == (-232, -232, "closed")
    at_till.do("return 1", "pay cash")
    assert at_till.refused("return 1") == "already_returned"
    assert at_till.refused("return 1 9") in ("no_line", "already_returned")


def test_a_return_may_become_a_voucher_and_the_voucher_money(at_till: Hands) -> None:
    at_till.do("9", "pay cash 5", "return 1")
    number = at_till.do("issue-voucher")["facts"]["number"]
    assert at_till.do("pay cash")["ticket"]["total"] == 0
    at_till.do("6")
    assert at_till.refused("pay voucher TB0000000000") == "unknown_voucher"
    paid = at_till.do(f"pay voucher {number}")["ticket"]["payments"]
    assert paid == [{"kind": "voucher", "amount": 55, "ref": number}]
    at_till.do("9")
    assert at_till.do(f"pay voucher {number}")["ticket"]["due"] == 349 - 294
    assert at_till.refused("void 1") == "paying"
    assert at_till.refused("cancel") == "tenders_taken"
    assert at_till.refused("back") == "tenders_taken"
    assert at_till.do("take-back")["ticket"]["due"] == 349
    at_till.do("back")
    at_till.do(f"pay voucher {number}", "pay cash")
    at_till.do("6")
    assert at_till.refused(f"pay voucher {number}") == "voucher_used"


def test_articles_back_without_receipt_need_a_manager(at_till: Hands) -> None:
    assert at_till.refused("return-article 8710400280507 2") == "needs_approval"
    assert at_till.do(f"approve {MANAGER}")["ticket"]["total"] == -110
    assert at_till.do("deposit-return 7 4")["ticket"]["total"] == -170
    assert at_till.do("6")["ticket"]["total"] == -115
    assert at_till.do("pay cash")["ticket"]["change"] == 0


def test_what_the_label_says_comes_back(at_till: Hands) -> None:
    at_till.do(f"login {MANAGER}")
    assert at_till.refused("return-article 1") == "weight_needed"
    weighed = at_till.do("return-article 1 0,300")["ticket"]["lines"][0]
    assert (weighed["quantity"], weighed["amount"]) == (-300, -54)
    pack = at_till.do("return-article 87000009 2")["ticket"]["lines"][1]
    assert (pack["quantity"], pack["amount"]) == (-12_000, -1188)


def test_cards_are_never_charged_twice(at_till: Hands) -> None:
    at_till.do("9")
    assert at_till.refused("pay pin 5,00") == "too_much"
    assert at_till.refused("pay pin refused") == "card_refused"
    assert at_till.refused("pay pin 3 unknown") == "card_unknown"
    assert at_till.refused("pay cash") == "card_unresolved"
    assert at_till.refused("pay pin") == "card_unresolved"
    assert at_till.refused("park") == "card_unresolved"
    assert at_till.refused("pay pin ok") == "needs_approval"
    assert at_till.do(f"approve {MANAGER}")["ticket"]["due"] == 49
    assert at_till.refused("take-back") == "card_charged"
    kinds = [payment["kind"] for payment in at_till.do("pay pin")["ticket"]["payments"]]
    assert kinds == ["pin", "pin"]


def test_cash_that_cannot_be_meant_is_asked_about_once(at_till: Hands) -> None:
    at_till.do("6")
    assert at_till.refused("pay cash 900") == "implausible_tender"
    assert at_till.do("pay cash 900")["ticket"]["change"] == 90_000 - 55
    at_till.do("30", "6")
    assert at_till.refused("pay cash") == "cash_limit"
    assert at_till.do("pay cash 100")["ticket"]["due"] == 300_054 - 10_000


def test_on_account_for_those_who_may(at_till: Hands) -> None:
    at_till.do("6", "customer 101")
    assert at_till.refused("pay account") == "needs_approval"
    at_till.do(f"login {MANAGER}")
    assert at_till.refused("pay account") == "no_account"
    assert at_till.do("customer 100")["facts"]["known"] is True
    paid = at_till.do("pay account")["ticket"]
    assert paid["payments"] == [{"kind": "account", "amount": 55, "ref": "100"}]


def test_open_rings_notes_and_questions(at_till: Hands) -> None:
    assert at_till.do("ring 2,50 fris")["ticket"]["vat"] == [{"rate": 900, "gross": 250, "net": 229, "vat": 21}]
    number = next(number for number, name in at_till.till.catalogue.groups() if name == "Non-food")
    assert at_till.do(f"ring 5 {number}")["ticket"]["lines"][1]["vat_rate"] == 2100
    assert at_till.do("note zonder tas")["facts"]["note"] == "zonder tas"
    assert at_till.do("why 2")["facts"]["source"] == "group"
    asked = at_till.do("price-check 7")
    assert (asked["facts"]["price"], asked["facts"]["deposit"]) == (101, 15)
    assert len(asked["ticket"]["lines"]) == 2


def test_the_drawer_and_its_money(open_till: OpenTill) -> None:
    till = open_till(rules="cash_out_limit = 5000\nblind_count = false").open_shop(SENIOR)
    till.do("drawer wisselgeld", "cash-in 20 wisselgeld", "cash-out 5 melk", "drop 50", "6", "pay cash")
    assert till.refused("cash-out 50,01 veel") == "needs_approval"
    assert till.do("x-report")["facts"]["report"]["cash"]["expected"] == 10_000 + 2000 - 500 - 5000 + 55
    till.do(f"login {MANAGER}")
    assert till.do("count 50=1 10=1 5=1 0,50=1 0,05=1")["facts"] == {"total": 6555, "expected": 6555}
    closed = till.do("close-shift")
    assert (closed["facts"]["z"], closed["facts"]["counted"], closed["facts"]["difference"]) == (1, 6555, 0)
    assert till.refused("6") == "shift_closed"
    assert till.do("open-shift 0")["facts"]["z"] == 2


def test_a_blind_count_is_blind(at_till: Hands) -> None:
    assert "expected" not in at_till.do("x-report")["facts"]["report"]["cash"]
    assert at_till.do("count 50=2 20=1")["facts"] == {"total": 12_000}
    assert at_till.do("close-shift")["facts"]["difference"] == 2000


def test_closing_parks_what_lies_open(at_till: Hands) -> None:
    at_till.do("6")
    at_till.do("close-shift")
    at_till.do("open-shift 0")
    assert at_till.do("recall")["ticket"]["total"] == 55


def test_copies_are_counted(at_till: Hands) -> None:
    at_till.do("6", "pay cash")
    assert at_till.do("reprint")["facts"]["number"] == "K1-000001"
    at_till.do("reprint K1-000001")
    row = at_till.till.store.read.execute("select copies from sale").fetchone()
    assert row == (2,)


def test_practice_counts_for_nothing(at_till: Hands) -> None:
    at_till.do("6")
    assert at_till.refused("training on") == "ticket_open"
    at_till.do("pay cash", f"login {SENIOR}", "training on")
    assert at_till.refused("training on") == "training_already"
    at_till.do("open-shift 10", "9")
    assert at_till.do("pay cash")["ticket"]["receipt_number"] == "OEFK1-000001"
    at_till.do("training off", "6")
    assert at_till.do("pay cash")["ticket"]["receipt_number"] == "K1-000002"
    kinds = [row[0] for row in at_till.till.store.read.execute("select kind from journal order by seq")]
    assert kinds[-4:] == ["login", "training.on", "training.off", "sale"]
    assert at_till.do("x-report")["facts"]["report"]["turnover"] == 110


def test_receipt_numbers_have_no_gaps(at_till: Hands) -> None:
    numbers = []
    for _ in range(3):
        at_till.do("6", "cancel")
        numbers.append(at_till.do("6", "pay cash")["ticket"]["receipt_number"])
        at_till.clock.pass_(MINUTE)
    assert numbers == ["K1-000001", "K1-000002", "K1-000003"]


def test_belgium_rounds_cash_and_nothing_else(open_till: OpenTill) -> None:
    till = open_till("BE").open_shop()
    till.do("7")
    due = till.do("pay")["facts"]
    assert (due["due"], due["cash_due"]) == (116, 115)
    cash = till.do("pay cash 2")["ticket"]
    assert (cash["total"], cash["rounding"], cash["change"]) == (116, -1, 85)
    assert cash["vat"] == [{"rate": 600, "gross": 101, "net": 95, "vat": 6}]
    card = till.do("7", "pay pin")["ticket"]
    assert (card["rounding"], card["payments"][0]["amount"]) == (0, 116)
    mixed = till.do("7", "pay pin 1", "pay cash")["ticket"]
    assert sum(payment["amount"] for payment in mixed["payments"]) == mixed["total"] + mixed["rounding"] == 115
    report = till.do("x-report")["facts"]["report"]
    assert report["rounding"] == cash["rounding"] + mixed["rounding"] == -2
