"""People at the till: their language, and PINs that nobody else gets to see."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from kassa_tui.messages import words
from tests.screens.hand import BREAD, CASHIER, ENGLISH, FRENCH, GIN, MANAGER, Hand


@pytest.mark.parametrize(
    ("country", "pin", "language", "total", "pay"),
    [("NL", CASHIER, "nl", "Totaal", "betalen"), ("NL", FRENCH, "fr", "Total", "payer"),
     ("NL", ENGLISH, "en", "Total", "pay"), ("BE", CASHIER, "nl_BE", "Totaal", "Bancontact"),
     ("BE", FRENCH, "fr", "Total", "payer")],
)  # fmt: skip
def test_the_screen_speaks_the_language_of_who_logs_in(
    country: str, pin: str, language: str, total: str, pay: str, till_at: Callable[..., Hand]
) -> None:
    h = till_at(country=country).ready(pin).sell(BREAD)
    assert h.desk.words is words(language)
    assert f" {total} " in h.text()
    assert pay in h.text().splitlines()[-1]


def test_the_next_person_brings_their_own_language(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready(FRENCH).press("lock").login(CASHIER)
    assert h.desk.words is words("nl")
    assert "Welkom Anna" in h.desk.message
    h.press("lock").login(ENGLISH)
    assert "Welcome Dave" in h.desk.message


@pytest.mark.parametrize("leave", ["lock", "logout"])
def test_nobody_at_the_till_is_spoken_to_in_the_shop_s_language(leave: str, till_at: Callable[..., Hand]) -> None:
    h = till_at().ready(FRENCH)
    if leave == "lock":
        h.press("lock")
    else:
        h.press("functions")
        line = next(line for line in h.text(100, 40).splitlines() if "Se déconnecter" in line)
        h.type(line.partition("│")[2].split()[0])
    assert "Typ uw pincode en druk op Enter" in h.text()


def test_practice_keeps_the_language(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready(MANAGER).press("functions")
    line = next(line for line in h.text(100, 40).splitlines() if "Oefenen" in line)
    h.type(line.partition("│")[2].split()[0])
    assert "OEFENEN - TELT NIET MEE" in h.text()
    assert h.till.training


@pytest.mark.parametrize(("pin", "yes", "no"), [(CASHIER, "j", "n"), (FRENCH, "o", "n"), (ENGLISH, "y", "n")])
def test_answers_are_the_letters_that_show(pin: str, yes: str, no: str, till_at: Callable[..., Hand]) -> None:
    h = till_at(prints=True).ready(pin).sell(GIN)
    for letter in {"j", "o", "y", "i", "u"} - {yes}:
        h.type(letter)
        h.desk.top.entry = ""
        assert age_wanted(h) == 18, letter
    h.type(yes)
    assert age_wanted(h) == 0
    h.press("pin")
    assert card(h) == "pending"
    h.type(no)
    assert card(h) == ""
    assert h.till.last_sale is None
    h.press("pin").type({"j": "o", "o": "i", "y": "u"}[yes])
    assert card(h) == "unknown"


def age_wanted(h: Hand) -> int:
    """The age that the till still asks for."""
    return h.till.ticket.age_wanted if h.till.ticket else 0


def card(h: Hand) -> str:
    """Where the card payment stands."""
    return h.till.open.card.state if h.till.open.card else ""


def stars(h: Hand, pin: str) -> None:
    """What was typed shows as stars, and nowhere as digits."""
    for width, height in ((80, 25), (100, 30)):
        shown = h.text(width, height)
        assert "*" * len(pin) in shown
        assert pin not in shown


def test_a_pin_never_shows(till_at: Callable[..., Hand]) -> None:
    pin = "84627319"
    h = till_at().type(pin)
    stars(h, pin)
    h.press("enter")
    assert pin not in h.text() + h.desk.message
    h.ready().sell(BREAD).type("0,10").press("price").type(pin)
    stars(h, pin)
    h.press("enter")
    assert pin not in h.text() + h.desk.message
    h.press("back", "lock").type(pin)
    stars(h, pin)


def test_a_pin_scanned_from_a_card_never_shows(till_at: Callable[..., Hand]) -> None:
    h = till_at().scan("84627319")
    assert "84627319" not in h.text() + h.desk.message
    assert "Verkeerde pincode" in h.desk.message


def test_what_is_scanned_at_the_log_in_is_not_told(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready().sell(BREAD).type("0,10").press("price").scan("9999")
    assert h.till.ticket is not None
    assert h.till.ticket.lines[0].unit_price == 55


def test_paper_on_request(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules='print_receipt = "ask"', prints=True).ready().sell(BREAD).press("cash")
    assert " B " in h.text()
    assert h.paper.sheets == []
    h.type("b")
    assert "Krentenbol" in h.paper.wait(1)[0]
    assert "Bon afdrukken" not in h.text()
    h.sell(BREAD).press("cash").sell(BREAD)
    assert len(h.paper.sheets) == 1, "a sale whose paper nobody wanted was printed"


def test_paper_on_request_in_french(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules='print_receipt = "ask"', prints=True).ready(FRENCH).sell(BREAD).press("cash")
    assert " I  Imprimer le ticket" in h.text()
    h.type("i")
    assert len(h.paper.wait(1)) == 1


def test_a_lock_after_each_sale(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules="lock_after_sale = true").ready().sell(BREAD).type("1,").press("cash")
    assert h.till.locked
    assert "Wisselgeld € 0,45" in h.text()
    h.login().sell(BREAD)
    assert h.till.ticket is not None


def test_a_till_left_alone_locks_itself(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules="auto_lock_seconds = 60").ready().sell(BREAD).type("12")
    h.app._touched = time.monotonic() - 50
    h.app._tick()
    assert "> 12_" in h.text()
    h.app._touched = time.monotonic() - 61
    h.app._tick()
    assert h.till.locked
    assert "12" not in h.text().splitlines()[-3]
    assert "Er staat nog een bon open" in h.text()


def test_a_forgotten_quantity_goes(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules="quantity_seconds = 20").ready().type("3").press("times")
    assert " 3 × " in h.text()
    h.app._touched = time.monotonic() - 21
    h.app._tick()
    assert " 3 × " not in h.text()


def test_a_code_that_is_typed_into_the_log_in_is_no_pin(till_at: Callable[..., Hand]) -> None:
    """A scanner types on the console until the till has taken it for itself: that is no try, and nobody has to wait."""
    h = till_at()
    for _ in range(5):
        h.type("8710400280507")
        h.press("enter")
        assert "Niet goed gelezen" in h.desk.message
        assert h.desk.top.entry == ""
    h.type("12345678").press("enter")
    assert "pincode" in h.desk.message
    h.login(CASHIER)
    assert "Welkom" in h.desk.message


def test_digits_too_many_can_be_rubbed_out(till_at: Callable[..., Hand]) -> None:
    h = till_at()
    h.type("123456789").press(*["correct"] * 8)
    h.login(CASHIER)
    assert "Welkom" in h.desk.message


def test_the_beginning_of_a_code_does_not_stay_in_the_log_in(till_at: Callable[..., Hand]) -> None:
    h = till_at()
    h.type("8710").scan("400280507")
    assert "telt hier niet mee" in h.desk.message
    h.login(CASHIER)
    assert "Welkom" in h.desk.message
