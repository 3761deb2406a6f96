"""The words of ``kassa sell``: one line of text to one act on the till.

A line begins with the name of an act or is a code, as on the entry line of the screen. What cannot be read as the act
it names is refused with the act's usage; nothing in a line raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from kassa_tui.domain.money import parse_amount
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.quantity import parse_quantity
from kassa_tui.services import (
    access,
    cards,
    checkout,
    discounts,
    elsewhere,
    history,
    parking,
    returns,
    selling,
    shifts,
    stock,
    stock_line,
    training,
    vouchers,
    web_order_line,
    weighing,
)
from kassa_tui.services.till import Till, done, refused

Act = Callable[[Till, list[str]], Outcome]

_TIMES = re.compile(r"([\d.,]{1,9})\s*(?:\*|\s[xX]\s)\s*(\S.*)", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_MISREAD = Refused("bad_act")
"""What a reader answers for words it cannot make sense of; the usage is filled in where it is known."""


def perform(till: Till, line: str) -> Outcome:
    """Do what a line says; a line that names no act is a code."""
    verb, _, rest = line.strip().partition(" ")
    act = ACTS.get(verb)
    if act is None:
        return till.act(_code, line.strip())
    usage, run = act
    words = rest.split()
    outcome = till.act(run, words)
    return Refused("bad_act", {"usage": f"{verb} {usage}".strip()}) if outcome is _MISREAD else outcome


def _code(till: Till, line: str) -> Outcome:
    times = _TIMES.fullmatch(line)
    if times is None:
        return selling.repeat(till) if line == "+" else selling.scan(till, line, typed=True)
    return _with_quantity(till, times[1], lambda: selling.scan(till, times[2], typed=True))


def _with_quantity(till: Till, number: str, then: Callable[[], Outcome]) -> Outcome:
    """Hold a quantity for one act only: what is refused leaves none behind for the next line."""
    thousandths = parse_quantity(number)
    if thousandths is None:
        return refused("bad_quantity", text=number)
    held = selling.quantity(till, thousandths)
    if isinstance(held, Refused):
        return held
    outcome = then()
    if isinstance(outcome, Refused):
        till.quantity = None
    return outcome


def _amount(text: str) -> int | Refused:
    cents = parse_amount(text)
    return refused("bad_amount", text=text) if cents is None else cents


def _no(text: str) -> int | Refused:
    return int(text) if _NUMBER.fullmatch(text) else refused("no_line", line=text)


def _login(till: Till, words: list[str]) -> Outcome:
    return access.login(till, words[0]) if len(words) == 1 else _MISREAD


def _approve(till: Till, words: list[str]) -> Outcome:
    return access.approve(till, words[0]) if len(words) == 1 else _MISREAD


def _scan(till: Till, words: list[str]) -> Outcome:
    return selling.scan(till, " ".join(words)) if words else _MISREAD


def _qty(till: Till, words: list[str]) -> Outcome:
    if len(words) != 1:
        return _MISREAD
    thousandths = parse_quantity(words[0])
    return refused("bad_quantity", text=words[0]) if thousandths is None else selling.quantity(till, thousandths)


def _void(till: Till, words: list[str]) -> Outcome:
    if not words:
        return _MISREAD
    no = _no(words[0])
    return no if isinstance(no, Refused) else selling.void(till, no, " ".join(words[1:]))


def _set(till: Till, words: list[str]) -> Outcome:
    if len(words) != 2:
        return _MISREAD
    no, thousandths = _no(words[0]), parse_quantity(words[1])
    if isinstance(no, Refused):
        return no
    if thousandths is None:
        return refused("bad_quantity", text=words[1])
    return selling.set_quantity(till, no, thousandths)


def _price(till: Till, words: list[str]) -> Outcome:
    if len(words) < 2:
        return _MISREAD
    no, cents = _no(words[0]), _amount(words[1])
    if isinstance(no, Refused):
        return no
    if isinstance(cents, Refused) or cents < 0:
        return refused("bad_amount", text=words[1])
    return selling.price(till, no, cents, " ".join(words[2:]))


def _discount(till: Till, words: list[str]) -> Outcome:
    if len(words) != 2:
        return _MISREAD
    discount = discounts.parse_discount(words[1])
    if discount is None:
        return refused("bad_amount", text=words[1])
    if words[0] == "ticket":
        return discounts.on_ticket(till, discount)
    no = _no(words[0])
    return no if isinstance(no, Refused) else discounts.on_line(till, no, discount)


def _customer(till: Till, words: list[str]) -> Outcome:
    return selling.customer(till, words[0]) if len(words) == 1 else _MISREAD


def _age(till: Till, words: list[str]) -> Outcome:
    return selling.age(till, words[0]) if len(words) == 1 else _MISREAD


def _weigh(till: Till, words: list[str]) -> Outcome:
    return weighing.weigh(till, " ".join(words))


def _tare(till: Till, words: list[str]) -> Outcome:
    if len(words) != 1:
        return _MISREAD
    thousandths = weighing.parse_tare(words[0])
    return refused("bad_tare", text=words[0]) if thousandths is None else weighing.tare(till, thousandths)


def _ring(till: Till, words: list[str]) -> Outcome:
    if len(words) < 2:
        return _MISREAD
    cents = _amount(words[0])
    return cents if isinstance(cents, Refused) else selling.ring(till, cents, " ".join(words[1:]))


def _note(till: Till, words: list[str]) -> Outcome:
    return selling.note(till, " ".join(words)) if words else _MISREAD


def _price_check(till: Till, words: list[str]) -> Outcome:
    return selling.price_check(till, " ".join(words)) if words else _MISREAD


def _why(till: Till, words: list[str]) -> Outcome:
    if len(words) != 1:
        return _MISREAD
    no = _no(words[0])
    return no if isinstance(no, Refused) else history.why(till, no)


def _park(till: Till, words: list[str]) -> Outcome:
    return parking.park(till, " ".join(words))


def _recall(till: Till, words: list[str]) -> Outcome:
    if len(words) > 2 or (len(words) == 2 and words[0].isdigit()):
        return _MISREAD
    place = (int(words[-1]) if _NUMBER.fullmatch(words[-1]) else 0) if words else None
    if till.office is None:
        return parking.recall(till, place) if len(words) < 2 else refused("office_none")
    if len(words) == 2:
        return elsewhere.recall_by_name(till, words[0].upper(), place or 0)
    question = elsewhere.own_question(till, place)
    return question if isinstance(question, Refused) else elsewhere.recall_own(
        till, place, elsewhere.ask_now(till, question)
    )  # fmt: skip


def _return(till: Till, words: list[str]) -> Outcome:
    if not 1 <= len(words) <= 3:
        return _MISREAD
    no = _no(words[1]) if len(words) > 1 else None
    if isinstance(no, Refused):
        return no
    thousandths = parse_quantity(words[2]) if len(words) > 2 else None
    if len(words) > 2 and thousandths is None:
        return refused("bad_quantity", text=words[2])
    outcome = returns.by_receipt(till, words[0], no, thousandths)
    if outcome.code != "other_till" or till.office is None:
        return outcome
    told = elsewhere.ask_now(till, {"ask": "receipt", "number": words[0].strip().upper()})
    found = elsewhere.receipt(till, words[0], told)
    return found if isinstance(found, Refused) else returns.by_receipt(till, words[0], no, thousandths)


def _return_article(till: Till, words: list[str]) -> Outcome:
    return _backwards(till, words, lambda: returns.article_back(till, words[0]))


def _deposit_return(till: Till, words: list[str]) -> Outcome:
    return _backwards(till, words, lambda: returns.deposit_back(till, words[0]))


def _backwards(till: Till, words: list[str], then: Callable[[], Outcome]) -> Outcome:
    if not 1 <= len(words) <= 2:
        return _MISREAD
    return _with_quantity(till, words[1], then) if len(words) == 2 else then()


def _pay(till: Till, words: list[str]) -> Outcome:
    match words:
        case []:
            return checkout.begin(till)
        case ["cash" | "account" as kind]:
            return checkout.cash(till) if kind == "cash" else checkout.account(till)
        case ["cash" | "account" as kind, text]:
            cents = _amount(text)
            if isinstance(cents, Refused):
                return cents
            return checkout.cash(till, cents) if kind == "cash" else checkout.account(till, cents)
        case ["voucher", number]:
            return _voucher(till, number, None)
        case ["voucher", number, text]:
            cents = _amount(text)
            return cents if isinstance(cents, Refused) else _voucher(till, number, cents)
        case ["pin", *rest] if len(rest) <= 2:
            return _pin(till, rest)
    return _MISREAD


def _voucher(till: Till, number: str, cents: int | None) -> Outcome:
    question = elsewhere.voucher_question(till, number, cents)
    return checkout.voucher(till, number, cents, elsewhere.ask_now(till, question) if question else None)


_ENDS = {"ok": "approved", "refused": "refused", "unknown": "unknown"}


def _pin(till: Till, words: list[str]) -> Outcome:
    """A card payment on a terminal that the script answers for; the last word says how it ended."""
    state = _ENDS.get(words[-1]) if words else None
    amounts = words[:-1] if state else words
    if len(amounts) > 1:
        return _MISREAD
    cents = _amount(amounts[0]) if amounts else None
    if isinstance(cents, Refused):
        return cents
    if till.open.card is not None and state and cents is None:
        return cards.ended(till, state)
    if state in (None, "approved"):
        return cards.confirmed(till, cents)
    started = cards.start(till, cents)
    if isinstance(started, Refused) or started.code == "paid":
        return started
    return cards.ended(till, state)


def _cancel(till: Till, words: list[str]) -> Outcome:
    return parking.cancel(till, " ".join(words))


def _drawer(till: Till, words: list[str]) -> Outcome:
    return shifts.drawer(till, " ".join(words))


def _move(kind: str) -> Act:
    def run(till: Till, words: list[str]) -> Outcome:
        if not words:
            return _MISREAD
        cents = _amount(words[0])
        return cents if isinstance(cents, Refused) else shifts.move(till, kind, cents, " ".join(words[1:]))

    return run


def _open_shift(till: Till, words: list[str]) -> Outcome:
    if len(words) != 1:
        return _MISREAD
    cents = _amount(words[0])
    return cents if isinstance(cents, Refused) else shifts.open_shift(till, cents)


def _count(till: Till, words: list[str]) -> Outcome:
    pieces: dict[int, int] = {}
    for word in words:
        euros, _, number = word.partition("=")
        cents = parse_amount(euros)
        if cents is None or not _NUMBER.fullmatch(number):
            return refused("bad_denomination", value=word)
        pieces[cents] = pieces.get(cents, 0) + int(number)
    return shifts.count(till, pieces)


def _issue_voucher(till: Till, words: list[str]) -> Outcome:
    if len(words) > 1:
        return _MISREAD
    cents = _amount(words[0]) if words else None
    return cents if isinstance(cents, Refused) else vouchers.issue(till, cents)


def _reprint(till: Till, words: list[str]) -> Outcome:
    return history.reprint(till, words[0] if words else "") if len(words) <= 1 else _MISREAD


def _training(till: Till, words: list[str]) -> Outcome:
    return training.switch(till, words == ["on"]) if words in (["on"], ["off"]) else _MISREAD


def _alone(act: Callable[[Till], Outcome]) -> Act:
    return lambda till, words: _MISREAD if words else act(till)


def _x_report(till: Till) -> Outcome:
    """Who counts blind is not told here either what ought to be in the drawer."""
    outcome = shifts.x_report(till)
    if isinstance(outcome, Refused) or not till.config.rules.blind_count:
        return outcome
    figures = dict(outcome.facts["report"])
    figures["cash"] = {name: cents for name, cents in figures["cash"].items() if name != "expected"}
    return done(outcome.code, **{**outcome.facts, "report": figures})


def _show(till: Till) -> Outcome:
    return done("show")


ACTS: dict[str, tuple[str, Act]] = {
    "login": ("PIN", _login),
    "logout": ("", _alone(access.logout)),
    "lock": ("", _alone(access.lock)),
    "approve": ("PIN", _approve),
    "open-shift": ("AMOUNT", _open_shift),
    "scan": ("CODE", _scan),
    "qty": ("N", _qty),
    "void": ("LINE [REASON]", _void),
    "set": ("LINE N", _set),
    "price": ("LINE AMOUNT [REASON]", _price),
    "discount": ("LINE|ticket PERCENT%|AMOUNT", _discount),
    "customer": ("CODE", _customer),
    "age": ("ok|evident|refused", _age),
    "weigh": ("[CODE]", _weigh),
    "tare": ("AMOUNT", _tare),
    "zero": ("", _alone(weighing.zero)),
    "ring": ("AMOUNT GROUP", _ring),
    "note": ("TEXT", _note),
    "price-check": ("CODE", _price_check),
    "why": ("LINE", _why),
    "park": ("[NAME]", _park),
    "recall": ("[[TILL] N]", _recall),
    "return": ("RECEIPT [LINE [N]]", _return),
    "return-article": ("CODE [N]", _return_article),
    "deposit-return": ("CODE [N]", _deposit_return),
    "issue-voucher": ("[AMOUNT]", _issue_voucher),
    "pay": ("[cash [AMOUNT] | pin [AMOUNT] [ok|refused|unknown] | voucher CODE [AMOUNT] | account [AMOUNT]]", _pay),
    "take-back": ("", _alone(checkout.take_back)),
    "back": ("", _alone(checkout.leave)),
    "cancel": ("[REASON]", _cancel),
    "drawer": ("REASON", _drawer),
    "cash-in": ("AMOUNT REASON", _move("in")),
    "cash-out": ("AMOUNT REASON", _move("out")),
    "drop": ("AMOUNT [REASON]", _move("drop")),
    "count": ("EUROS=PIECES ...", _count),
    "x-report": ("", _alone(_x_report)),
    "close-shift": ("", _alone(shifts.close_shift)),
    "reprint": ("[RECEIPT]", _reprint),
    "stock": ("CODE", lambda till, words: stock.level(till, " ".join(words)) if words else _MISREAD),
    "book": ("KIND ABOUT CODE=N ...", lambda till, words: stock_line.book(till, words) or _MISREAD),
    "weborder": ("list | [hand|pay|back] NUMBER ...", lambda till, words: web_order_line.act(till, words) or _MISREAD),
    "training": ("on|off", _training),
    "show": ("", _alone(_show)),
}
"""Act → its usage behind the name, and its reader. Amounts are euros (``12,34``), quantities ``3`` or ``0,450``."""
