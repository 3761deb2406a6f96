"""Asking the office from the counter: the question goes beside whatever is typed and scanned, a line says that it does,
and what was meant is done when the answer is in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.screens.amounts import amount_of
from kassa_tui.screens.base import Menu, Prompt
from kassa_tui.screens.ink import BAD, FAINT
from kassa_tui.screens.text import plain
from kassa_tui.services import checkout, elsewhere, parking
from kassa_tui.storage import sales

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.messenger import Told


def ask(desk: Desk, question: elsewhere.Question, then: Callable[[Told], object]) -> None:
    """Ask; ``then`` is called on the screen's own thread, unless another till stands behind the desk by then."""
    till = desk.till
    if till is None or till.office is None:
        return
    desk.tell(desk.t("Het kantoor wordt gevraagd …"), FAINT)
    asked = desk.message

    def back(told: Told) -> None:
        if desk.till is till:
            if desk.message == asked:
                desk.tell("")
            then(told)

    till.office.ask(question, lambda told: desk.host.later(lambda: back(told)))


def recall(desk: Desk, text: str) -> None:
    """A place, or the only ticket of this till, at once; else a choice of all that is parked in the branch."""
    assert desk.till is not None
    place = int(text) if text.isdigit() and len(text) < 7 else None
    own = sales.parked(desk.till.store.read)
    if place is not None or (len(own) == 1 and not text):
        recall_own(desk, place)
    elif desk.till.ticket is not None and desk.till.ticket.lines:
        desk.act(parking.recall, None)
    else:
        menu = ParkedMenu(desk, [] if text else own, text.upper())
        desk.show(menu)
        ask(desk, {"ask": "parked"}, menu.told)


def recall_own(desk: Desk, place: int | None) -> None:
    """One of this till, unless another till took it over."""
    assert desk.till is not None
    question = elsewhere.own_question(desk.till, place)
    if isinstance(question, Refused):
        desk.act(parking.recall, place)
    else:
        ask(desk, question, partial(_recalled, desk, place))


def _recalled(desk: Desk, place: int | None, told: Told) -> None:
    desk.act(elsewhere.recall_own, place, told)


class ParkedMenu(Menu):
    """Parked tickets: this till's at once, those of the others as soon as the office has told."""

    def __init__(self, desk: Desk, own: list[sales.ParkedRow], only: str) -> None:
        self._only = only
        choices: list[tuple[str, Callable[[], object]]] = [
            (f"P{row.place}  {plain(row.name)}  {euro(row.total)}", partial(recall_own, desk, row.place)) for row in own
        ]
        waiting = desk.t("andere kassa's: het kantoor wordt gevraagd …")
        super().__init__(desk, desk.t("Geparkeerde bonnen"), [*choices, (waiting, lambda: None)])

    def told(self, told: Told) -> None:
        """The tickets of the other tills in the place of the line that waits, or why there are none."""
        assert self.desk.till is not None
        t = self.desk.t
        rows = [row for row in elsewhere.others(self.desk.till, told) if str(row["till"]).startswith(self._only)]
        more: list[tuple[str, Callable[[], object]]] = [
            (_label(row), partial(self._take, str(row["ticket"]))) for row in rows
        ]
        if not more:
            words = t("andere kassa's: niets") if told.ok else t("andere kassa's: het kantoor antwoordt niet")
            more = [(words, lambda: None)]
        self._choices[-1:] = more

    def _take(self, ticket: str) -> None:
        ask(self.desk, {"ask": "claim", "ticket": ticket}, partial(_act, self.desk, elsewhere.recall_other))


def _act(desk: Desk, function: Callable[[Any, Told], Outcome], told: Told) -> None:
    desk.act(function, told)


def _label(row: dict[str, Any]) -> str:
    total = row.get("total", 0)
    amount = euro(total) if isinstance(total, int) else ""
    return f"{plain(str(row['till']))} P{row.get('place', 0)}  {plain(str(row.get('name', '')))}  {amount}"


def receipt(desk: Desk, number: str, then: Callable[[], object]) -> None:
    """A receipt of another till; ``then`` goes on once this till knows it."""

    def told(answer: Told) -> None:
        assert desk.till is not None
        outcome = desk.till.act(elsewhere.receipt, number, answer)
        if isinstance(outcome, Refused):
            desk.tell(desk.words.outcome(outcome), BAD, "refused")
        else:
            then()

    ask(desk, {"ask": "receipt", "number": number.strip().upper()}, told)


def voucher(desk: Desk, number: str, amount: int | None = None) -> None:
    """A voucher pays, with the office's word where there is one; the amount on it is asked where that is needed."""
    assert desk.till is not None
    question = elsewhere.voucher_question(desk.till, number, amount)
    if question is None:
        _voucher(desk, number, amount, None)
    else:
        ask(desk, question, partial(_voucher, desk, number, amount))


def _voucher(desk: Desk, number: str, amount: int | None, told: Told | None) -> None:
    outcome = desk.act(checkout.voucher, number, amount, told)
    if amount is None and outcome.code in ("unknown_voucher", "voucher_offline_amount"):

        def answer(text: str) -> None:
            cents = amount_of(desk, text)
            if cents is not None:
                voucher(desk, number, cents)

        desk.show(Prompt(desk, desk.t("Welk bedrag staat op de bon?"), answer, hint=plain(number)))


def balance(desk: Desk, number: str) -> None:
    """What a voucher is worth."""
    from kassa_tui.services import vouchers

    assert desk.till is not None
    if desk.till.office is None:
        desk.act(vouchers.balance, number)
    else:
        question = {"ask": "voucher", "number": number.strip().upper()[:40]}
        ask(desk, question, lambda told: desk.act(elsewhere.balance, number, told))
