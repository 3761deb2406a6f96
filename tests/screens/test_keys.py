"""The keys: what the help and the key lines promise is what happens, and no key does nothing in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kassa_tui.keymap import DEFAULT
from kassa_tui.screens.counter import Counter
from kassa_tui.screens.help import KEYS, HelpSheet
from kassa_tui.services.ports import CardState
from kassa_tui.services.till import Till
from tests.screens.hand import BREAD, BREAD_CODE, CAN, GIN, MANAGER, Hand
from tests.screens.test_goldens import CLOSED, MANAGERS, SCENES

Check = Callable[[Hand], object]


def title(h: Hand) -> str:
    """Of the view on top."""
    return h.desk.top.title


def names(till: Till) -> list[str]:
    """Names of the lines on the ticket."""
    return [line.name for line in till.ticket.lines] if till.ticket else []


def last(h: Hand) -> tuple[int, int]:
    """Quantity and amount of the last line."""
    assert h.till.ticket is not None
    line = h.till.ticket.lines[-1]
    return line.quantity, line.amount


def counter(h: Hand) -> Counter:
    """The bottom view."""
    assert isinstance(h.desk.views[0], Counter)
    return h.desk.views[0]


def selected(h: Hand) -> int:
    """The chosen line."""
    sell = counter(h).sell
    assert sell is not None
    return sell.selected


SELL: dict[str, tuple[Check, Check]] = {
    "help": (lambda h: h.press("help"), lambda h: isinstance(h.desk.top, HelpSheet)),
    "search": (lambda h: h.type("bos").press("search", "enter"), lambda h: names(h.till)[-1] == "Bos tulpen"),
    "customer": (lambda h: h.type("100").press("customer"),
                 lambda h: h.till.ticket and h.till.ticket.customer_name == "Bakkerij Jansen"),
    "park": (lambda h: h.type("rode jas").press("park"), lambda h: h.till.ticket is None and "rode jas" in h.text()),
    "recall": (lambda h: h.press("park", "recall"), lambda h: len(names(h.till)) == 12),
    "price": (lambda h: h.press("price").enter("0,50").enter(MANAGER), lambda h: last(h) == (1000, 50)),
    "discount": (lambda h: h.press("discount").type("1").enter("10%"), lambda h: last(h) == (1000, 49)),
    "return": (lambda h: h.press("return"), lambda h: title(h) == "Retour nemen"),
    "pay": (lambda h: h.press("pay"), lambda h: title(h) == "Betalen" and "Te betalen" in h.text()),
    "functions": (lambda h: h.press("functions"), lambda h: title(h) == "Functies"),
    "pin": (lambda h: h.type("5,").press("pin"), lambda h: h.till.open.card and h.till.open.card.amount == 500),
    "cash": (lambda h: h.type("2000").press("cash"), lambda h: h.till.last_sale and h.till.last_sale["change"] == 1340),
    "repeat": (lambda h: h.press("repeat"), lambda h: len(names(h.till)) == 13 and names(h.till)[-1] == "Krentenbol"),
    "set": (lambda h: h.press("set").enter("5"), lambda h: last(h) == (5000, 275)),
    "times": (lambda h: h.type("3").press("times").enter(BREAD), lambda h: last(h) == (3000, 165)),
    "up": (lambda h: h.press("up"), lambda h: selected(h) == 11),
    "down": (lambda h: h.press("up", "up", "down"), lambda h: selected(h) == 11),
    "page_up": (lambda h: h.press("page_up"), lambda h: selected(h) == 2),
    "page_down": (lambda h: h.press("home", "page_down"), lambda h: selected(h) == 11),
    "home": (lambda h: h.press("home"), lambda h: selected(h) == 1),
    "end": (lambda h: h.press("home", "end"), lambda h: selected(h) == 12),
    "void": (lambda h: h.press("void").type("2"), lambda h: len(names(h.till)) == 11),
    "correct": (lambda h: h.type("12").press("correct"), lambda h: counter(h).entry == "1"),
    "lock": (lambda h: h.press("lock"), lambda h: h.till.locked and "pincode" in h.text()),
    "back": (lambda h: h.type("12").press("back"), lambda h: counter(h).entry == "" and len(names(h.till)) == 12),
    "enter": (lambda h: h.enter("1,49@2"), lambda h: last(h) == (1000, 149)),
    "why": (lambda h: h.press("why"), lambda h: title(h) == "Waarom deze prijs" and "de gewone prijs" in h.text()),
    "note": (lambda h: h.type("ring").press("note"), lambda h: h.till.ticket and h.till.ticket.note == "ring"),
    "check": (lambda h: h.type(BREAD).press("check"), lambda h: "Krentenbol: € 0,55" in h.desk.message),
    "drawer": (lambda h: h.press("park", "drawer").type("1"), lambda h: "Akkoord nodig" in h.text()),
    "group": (lambda h: h.type("2").press("group").enter("2"), lambda h: last(h) == (1000, 200)),
    "copy": (lambda h: h.press("cash", "copy"), lambda h: "K1-000001 wordt afgedrukt" in h.desk.message),
    "gift": (lambda h: h.press("cash", "gift"), lambda h: "K1-000001 wordt afgedrukt" in h.desk.message),
    "voucher": (lambda h: h.type("10,").press("voucher"),
                lambda h: names(h.till)[-1] == "Tegoedbon" and last(h) == (1000, 1000)),
    "account": (lambda h: h.type("100").press("customer", "account"), lambda h: "Akkoord nodig" in h.text()),
    "tare": (lambda h: h.type("0,012").press("tare"), lambda h: h.till.tare == 12 and "T 0,012" in h.text()),
    "zero": (lambda h: h.press("zero"), lambda h: "geen weegschaal" in h.desk.message),
}  # fmt: skip
"""Act → pressing it with twelve rolls on the ticket, and what is so then."""

PAY: dict[str, tuple[Check, Check]] = {
    "help": (lambda h: h.press("help"), lambda h: isinstance(h.desk.top, HelpSheet)),
    "pay": (lambda h: h.press("pay"), lambda h: h.till.open.payment is None),
    "functions": (lambda h: h.press("functions"), lambda h: title(h) == "Functies"),
    "pin": (lambda h: h.press("pin"), lambda h: h.till.open.card and h.till.open.card.amount == 660),
    "cash": (lambda h: h.type("10,").press("cash"), lambda h: h.till.last_sale and h.till.last_sale["change"] == 340),
    "enter": (lambda h: h.enter("10,"), lambda h: h.till.last_sale is None and "F12" in h.desk.message),
    "correct": (lambda h: h.type("1,").press("cash", "correct"), lambda h: "Teruggegeven: € 1,00" in h.desk.message),
    "lock": (lambda h: h.press("lock"), lambda h: h.till.locked),
    "back": (lambda h: h.press("back"), lambda h: h.till.open.payment is None and len(names(h.till)) == 12),
    "voucher": (lambda h: h.press("voucher").enter("X1234").enter("5"), lambda h: "Nog te betalen: € 1,60" in h.text()),
    "account": (lambda h: h.press("account"), lambda h: "Akkoord nodig" in h.text()),
}  # fmt: skip
"""The same on the pay view; every other act is refused there in words."""

QUIET = {"back", "enter", "correct", "up", "down", "page_up", "page_down", "home", "end"}
"""What may be pressed where there is nothing left to do: nobody needs to hear of it."""


@pytest.fixture
def rolls(till_at: Callable[..., Hand]) -> Hand:
    """Twelve rolls, one by one."""
    return till_at(prints=True).ready().sell(*[BREAD] * 12)


@pytest.mark.parametrize("act", DEFAULT)
def test_on_the_sell_view(act: str, rolls: Hand) -> None:
    press, check = SELL[act]
    press(rolls)
    assert check(rolls), rolls.text()
    assert "doet hier niets" not in rolls.desk.message


@pytest.mark.parametrize("act", DEFAULT)
def test_on_the_pay_view(act: str, rolls: Hand) -> None:
    rolls.press("pay")
    press, check = PAY.get(act, (lambda h: h.press(act), lambda h: "doet hier niets" in h.desk.message))
    press(rolls)
    assert check(rolls), rolls.text()


def test_what_the_help_tells_is_tried() -> None:
    assert set(KEYS) <= set(SELL)
    assert set(SELL) == set(DEFAULT)


@pytest.mark.parametrize("scene", [*SCENES, *CLOSED, *MANAGERS])
def test_no_key_is_silent_and_the_key_line_is_true(scene: str, till_at: Callable[..., Hand]) -> None:
    h = till_at(prints=True)
    if scene not in CLOSED:
        h.ready(MANAGER if scene in MANAGERS else "1111")
    {**SCENES, **CLOSED, **MANAGERS}[scene](h)
    promised, view = set(h.desk.top.keys), h.desk.top
    for act in DEFAULT:
        if h.desk.top is not view or act in ("lock",):
            continue
        h.desk.top.entry = ""
        h.desk.message = ""
        before, sounds = h.text(), len(h.app.sounds)
        h.press(act)
        said = h.desk.message
        again = act == "help" and isinstance(view, HelpSheet)
        assert h.text() != before or len(h.app.sounds) > sounds or act in QUIET or again, act
        if act in promised and act not in ("enter", "correct"):
            assert "doet hier niets" not in said, act


def test_each_promised_key_alone(till_at: Callable[..., Hand]) -> None:
    for scene in ("sell-lines", "pay", "count", "history", "return-receipt", "search"):
        for act in dict.fromkeys(_promised(till_at, scene)):
            h = till_at(prints=True).ready()
            SCENES[scene](h)
            h.desk.message = h.desk.top.entry = ""
            h.press(act)
            assert "doet hier niets" not in h.desk.message, (scene, act)


def _promised(till_at: Callable[..., Hand], scene: str) -> tuple[str, ...]:
    h = till_at(prints=True).ready()
    SCENES[scene](h)
    return h.desk.top.keys


def test_functions_are_there_before_the_shift(till_at: Callable[..., Hand]) -> None:
    h = till_at().login(MANAGER).press("functions")
    assert title(h) == "Functies"
    assert "Programma afsluiten" in h.text(100, 40)


def test_a_menu_that_is_longer_than_the_screen_says_so(at_till: Hand) -> None:
    at_till.press("functions")
    assert "Functies ─" in at_till.text(80, 40)
    small = at_till.text(60, 20)
    assert "Functies  1/" in small
    assert "Programma afsluiten" not in small
    at_till.press("up")
    assert "Programma afsluiten" in at_till.text(60, 20)


def test_enter_never_adds_goods(at_till: Hand) -> None:
    at_till.press("enter", "enter", "enter")
    assert at_till.till.ticket is None
    at_till.sell(BREAD).press("enter", "enter")
    assert names(at_till.till) == ["Krentenbol"]


def test_escape_never_loses_a_line(at_till: Hand) -> None:
    at_till.sell(BREAD, CAN).press(*["back"] * 6)
    assert len(names(at_till.till)) == 3


def test_what_is_done_to_the_last_line_is_done_to_the_article_not_to_its_deposit(at_till: Hand) -> None:
    at_till.sell(CAN).press("set").enter("3")
    assert [(line.quantity, line.amount) for line in at_till.till.ticket.lines] == [(3000, 357), (3000, 45)]  # type: ignore[union-attr]
    at_till.type("10%").press("discount")
    assert at_till.till.ticket is not None
    assert [line.discount for line in at_till.till.ticket.lines] == [36, 0]
    at_till.sell(BREAD).press("up", "void").type("1")
    assert names(at_till.till) == ["Krentenbol"]


def test_a_scan_is_a_line_whatever_was_typed(at_till: Hand) -> None:
    at_till.type("12").scan(BREAD_CODE)
    assert names(at_till.till) == ["Krentenbol"]
    assert counter(at_till).entry == "12"


@pytest.mark.parametrize("scene", ["prompt-price", "functions", "count", "approval", "why", "help", "locked"])
def test_a_scan_is_refused_aloud_where_it_means_nothing(scene: str, till_at: Callable[..., Hand]) -> None:
    h = till_at().ready()
    SCENES[scene](h)
    before, entry, sounds = names(h.till), h.desk.top.entry, len(h.app.sounds)
    h.scan(BREAD_CODE)
    # A PIN begins anew: its first digits may have been those of a code, before the scanner was the till's own.
    assert (names(h.till), h.desk.top.entry) == (before, "" if scene == "locked" else entry)
    assert BREAD_CODE in h.desk.message
    assert len(h.app.sounds) == sounds + 1


def test_a_denomination_keeps_what_was_typed_at_it(at_till: Hand) -> None:
    at_till.press("functions").type("3").type("2").press("down").type("7").press("pay")
    assert "Geteld: € 2400,00" in at_till.text().replace(".", "")


def test_an_approval_may_be_mistyped(till_at: Callable[..., Hand]) -> None:
    h = till_at().ready().sell(BREAD).type("0,10").press("price").enter("1234")
    assert "Verkeerde pincode" in h.desk.message
    h.enter(MANAGER)
    assert last(h) == (1000, 10)
    assert h.till.who == "1"


def test_help_once_is_enough(at_till: Hand) -> None:
    at_till.press("help", "help", "help", "back")
    assert at_till.desk.top is at_till.desk.views[0]


def test_what_was_said_about_another_view_goes(at_till: Hand) -> None:
    at_till.scan("8712345678906")
    assert at_till.desk.message
    at_till.press("functions")
    assert not at_till.desk.message


def test_goods_by_weight_are_no_alarm(at_till: Hand) -> None:
    at_till.app.sounds.clear()
    at_till.sell("1")
    assert "Bananen" in at_till.text()
    assert not at_till.app.sounds
    at_till.enter("0,450")
    assert last(at_till) == (450, 81)


def test_the_age_is_asked_before_paying(at_till: Hand) -> None:
    at_till.sell(GIN).press("cash")
    assert at_till.till.last_sale is None
    at_till.type("n")
    assert names(at_till.till) == []
    at_till.sell(GIN).type("j").press("cash")
    assert at_till.till.last_sale is not None


def test_evident_is_no_answer_where_the_shop_says_so(till_at: Callable[..., Hand]) -> None:
    h = till_at(rules="age_evident = false").ready().sell(GIN)
    assert "duidelijk ouder" not in h.text()
    h.type("e")
    assert h.till.ticket is not None
    assert h.till.ticket.age_wanted == 18


def test_a_late_word_about_another_payment_ends_nothing(at_till: Hand) -> None:
    at_till.sell(BREAD).press("pin")
    assert at_till.till.open.card is not None
    ours, pay = at_till.till.open.card.id, counter(at_till).pay
    assert pay is not None
    pay.told(CardState("approved", {}, "another"))
    assert at_till.till.last_sale is None
    pay.told(CardState("approved", {}, ours))
    assert at_till.till.last_sale is not None
