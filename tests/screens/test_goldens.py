"""Every view as text, as it stands at 80x25 and 100x30. ``KASSA_GOLDEN=new`` writes the pages anew, to be read again.

Behind each row stand the inks in it, so that a lost selection or warning shows too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kassa_tui.services.ports import CardState
from tests.screens.hand import BANANAS, BREAD, BREAD_CODE, CAN, FRENCH, GIN, MANAGER, Hand, cells, numbered

GOLDEN = Path(__file__).with_name("golden")
SIZES = ((80, 25), (100, 30))
Scene = Callable[[Hand], object]


def sold(h: Hand) -> Hand:
    """A receipt to look back at, its paper out."""
    before = len(h.paper.sheets)
    h.sell(BREAD, BREAD, CAN).type("2").press("times").sell("7").type("20,").press("cash")
    h.paper.wait(before + 1)
    return h


def lines(h: Hand) -> Hand:
    """A ticket with a bit of everything."""
    h.sell(BREAD, CAN, "10").type("3").press("times").sell("7").type("0,450").press("times").sell(BANANAS)
    h.type("10%").press("discount")
    return h.type("ring").press("note").type("100").press("customer")


def counted(h: Hand) -> Hand:
    """A drawer half counted."""
    return chosen(h, "Lade tellen").press("down", "down").enter("3").enter("2")


def chosen(h: Hand, function: str) -> Hand:
    """Something from the menu of functions, by the key before its name."""
    h.press("functions")
    line = next(line for line in h.text(100, 40).splitlines() if function in line)
    return h.type(line.partition("│")[2].split()[0])


def stocktaking(h: Hand) -> Hand:
    """At a new count of the shop."""
    return chosen(h, "Voorraad").type("2").enter("Winkel")


def card(state: str) -> Scene:
    """A card payment, as far as the terminal tells."""

    def scene(h: Hand) -> None:
        h.sell(BREAD).press("pin")
        assert h.app.counter.pay is not None
        h.app.counter.pay.told(CardState(state))

    return scene


SCENES: dict[str, Scene] = {
    "sell-empty": lambda h: None,
    "sell-lines": lines,
    "sell-selected": lambda h: lines(h).press("up", "up"),
    "sell-quantity": lambda h: h.sell(BREAD).type("12").press("times").type("54"),
    "sell-many": lambda h: [h.sell(BREAD, "7", CAN) for _ in range(9)],
    "sell-age": lambda h: h.sell(GIN),
    "sell-unknown": lambda h: h.sell(BREAD).scan("8712345678906"),
    "sell-done": lambda h: sold(h),
    "sell-ticket-discount": lambda h: lines(h).press("discount").type("2").enter("5%"),
    "pay": lambda h: lines(h).press("pay"),
    "pay-part": lambda h: lines(h).type("5,").press("cash"),
    "pay-card-asks": lambda h: h.sell(BREAD).press("pin"),
    "pay-card-busy": card("enter_pin"),
    "pay-card-unknown": lambda h: h.sell(BREAD).press("pin").type("o"),
    "pay-card-decide": lambda h: h.sell(BREAD).press("pin").type("o").type("n"),
    "pay-voucher": lambda h: h.sell(BREAD).press("pay", "voucher").enter("ABCD1234"),
    "search": lambda h: h.press("search").type("kra").press("down"),
    "search-nothing": lambda h: h.type("xyzzy").press("search"),
    "prompt-price": lambda h: h.sell(BREAD).press("price").type("0,4"),
    "prompt-weight": lambda h: h.sell(BANANAS).type("0,4"),
    "prompt-customer": lambda h: h.press("customer"),
    "menu-discount": lambda h: h.sell(BREAD).press("discount"),
    "menu-void": lambda h: h.sell(BREAD).press("void", "down"),
    "menu-parked": lambda h: h.sell(BREAD).type("rode jas").press("park").sell("7").press("park", "recall"),
    "approval": lambda h: h.sell(BREAD).type("0,10").press("price").type("99"),
    "approval-wrong": lambda h: h.sell(BREAD).type("0,10").press("price").enter("1234"),
    "functions": lambda h: h.press("functions"),
    "functions-drawer": lambda h: h.press("drawer"),
    "functions-cash-out": lambda h: chosen(h, "Geld uit de lade").enter("20,").type("melk"),
    "count": counted,
    "count-close": lambda h: counted(h).press("pay"),
    "x-report": lambda h: chosen(sold(h), "X-rapport"),
    "z-report": lambda h: counted(sold(h)).press("pay").type("s"),
    "history": lambda h: chosen(sold(sold(h)).press("copy"), "Bonnen bekijken").press("down"),
    "history-empty": lambda h: chosen(h, "Bonnen bekijken"),
    "sale-sheet": lambda h: chosen(sold(h), "Bonnen bekijken").press("enter"),
    "return": lambda h: h.press("return").type("K1-"),
    "return-receipt": lambda h: sold(h).press("return").enter("K1-000001").press("down", "down").type("1"),
    "return-reason": lambda h: h.press("return").enter(BREAD),
    "receipt-scanned": lambda h: sold(h).scan("K1-000001"),
    "empties": lambda h: chosen(h, "Emballage terug").type("6 * 17"),
    "stock-menu": lambda h: chosen(h, "Voorraad"),
    "stock-count": lambda h: stocktaking(h).scan(BREAD_CODE, "8712345678906").type("12"),
    "stock-book": lambda h: stocktaking(h).scan(BREAD_CODE).press("pay"),
    "groups": lambda h: chosen(h, "Artikelgroepen"),
    "devices": lambda h: chosen(h, "Apparaten"),
    "why": lambda h: h.sell(CAN).type("10%").press("discount").press("why"),
    "help": lambda h: h.press("help"),
    "quit": lambda h: chosen(h, "Programma afsluiten"),
    "locked": lambda h: h.sell(BREAD).press("lock").type("11"),
}
"""As the cashier sees them."""


def practise(h: Hand) -> Hand:
    """The till for practice, its shift open."""
    return chosen(h, "Oefenen aan of uit").enter("100")


MANAGERS: dict[str, Scene] = {
    "sell-return": lambda h: h.sell("7").press("return").enter(BREAD).type("1"),
    "pay-back": lambda h: h.press("return").enter(CAN).type("1").press("pay"),
    "training": lambda h: practise(h).sell(BREAD),
    "training-done": lambda h: practise(h).sell(BREAD).press("cash"),
}
CLOSED: dict[str, Scene] = {
    "login": lambda h: h.type("111"),
    "login-wrong": lambda h: h.enter("1112"),
    "open-shift": lambda h: h.login().type("150,"),
}


def page(h: Hand, width: int, height: int) -> str:
    """The screen with its inks."""
    found = []
    for row in h.rows(width, height):
        assert cells(row) <= width, row
        text = "".join(part for part, _ in row)
        inks = dict.fromkeys(ink for part, ink in row if part and ink != "text")
        found.append(f"{text}{' ' * (width - cells(row))}| {' '.join(inks)}".rstrip())
    return "\n".join(found) + "\n"


def compare(name: str, h: Hand) -> None:
    """The screen against its page."""
    for width, height in SIZES:
        path = GOLDEN / f"{name}-{width}x{height}.txt"
        shown = page(h, width, height)
        if os.environ.get("KASSA_GOLDEN") == "new":
            path.write_text(shown, "utf-8")
        assert numbered(shown) == numbered(path.read_text("utf-8")), path.name


@pytest.mark.parametrize("name", CLOSED)
def test_before_the_shift(name: str, till_at: Callable[..., Hand]) -> None:
    h = till_at()
    CLOSED[name](h)
    compare(name, h)


@pytest.mark.parametrize("name", SCENES)
def test_views(name: str, till_at: Callable[..., Hand]) -> None:
    h = till_at(prints=True).ready()
    SCENES[name](h)
    compare(name, h)


@pytest.mark.parametrize("name", MANAGERS)
def test_what_a_manager_sees(name: str, till_at: Callable[..., Hand]) -> None:
    h = till_at().ready(MANAGER)
    MANAGERS[name](h)
    compare(name, h)


def test_in_french(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready(FRENCH)
    compare("french-sell", lines(h))
    compare("french-pay", h.press("pay"))


def test_every_page_belongs_to_a_view() -> None:
    names = {*SCENES, *CLOSED, *MANAGERS, "french-sell", "french-pay"}
    pages = {f"{name}-{width}x{height}.txt" for name in names for width, height in SIZES}
    assert {path.name for path in GOLDEN.iterdir()} == pages


def test_a_scan_never_shows_as_typing(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready().type("0,4").scan(BREAD_CODE)
    assert h.rows()[-3][-1][0].startswith("0,4_")
