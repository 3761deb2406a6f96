"""Asking the office from the counter: the question goes beside the typing, and without an answer the till says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kassa_tui.domain.outcome import Refused
from kassa_tui.services.messenger import Told
from kassa_tui.storage import sales
from tests.screens.hand import BREAD, MANAGER, Hand

TICKET = {
    "ticket": "t9", "till": "K2", "place": 3, "name": "Jansen", "total": 110,
    "draft": {"put": [{"no": 1, "kind": "sale", "sku": "6", "name": "Krentenbol", "group": "Brood", "quantity": 2000,
                       "unit": "each", "unit_price": 55, "gross": 110, "vat_code": "low", "vat_rate": 900,
                       "source": "list", "list_price": 55}],
              "opened": 1, "head": {"next_no": 2}},
}  # fmt: skip
SALE = (
    '{"number":"K2-000004","date":"2026-11-20","total":110,"lines":[{"no":1,"kind":"sale","sku":"6","name":"Krentenbol",'
    '"group":"Brood","qty":2000,"unit":"each","price":55,"gross":110,"amount":110,"vat_code":"low","rate":900,"vat":9,'
    '"source":"list"}]}'
)


class Office:
    """Keeps the questions, and answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self._waiting: list[Callable[[Told], object]] = []

    def ask(self, question: dict[str, Any], told: Callable[[Told], object]) -> None:
        """Wait."""
        self.asked.append(question)
        self._waiting.append(told)

    def ask_now(self, question: dict[str, Any]) -> Told:
        """Nobody answers a till without a screen here."""
        self.asked.append(question)
        return Told()

    def answer(self, data: Any = None, code: str = "", **facts: Any) -> None:
        """The oldest question that waits."""
        self._waiting.pop(0)(Told(code, facts, data))

    def silent(self) -> None:
        """No answer within the limit."""
        self._waiting.pop(0)(Told())


@pytest.fixture
def office(at_till: Hand) -> Office:
    """An office behind the till of this test."""
    made = Office()
    at_till.till.office = made  # type: ignore[assignment]
    return made


def kinds(hand: Hand) -> list[tuple[str, dict[str, Any]]]:
    """The journal: kinds and facts."""
    return [(entry.kind, entry.facts) for entry in hand.till.store.entries_after(0, "ticket.recall")] + [
        (entry.kind, entry.facts) for entry in hand.till.store.entries_after(0, "ticket.moved")
    ]


def test_a_ticket_of_another_till_is_chosen_from_the_list(at_till: Hand, office: Office) -> None:
    at_till.press("recall")
    assert "het kantoor wordt gevraagd" in at_till.text()
    office.answer([TICKET | {"draft": {}}])
    assert "K2 P3  Jansen  € 1,10" in at_till.text()
    at_till.type("1")
    assert office.asked == [{"ask": "parked"}, {"ask": "claim", "ticket": "t9"}]
    office.answer(TICKET)
    assert at_till.desk.message.startswith("Opgehaald van kassa K2")
    assert at_till.till.ticket is not None
    assert kinds(at_till) == [("ticket.recall", {"ticket": "t9", "place": 3, "of": "K2"})]


def test_the_till_sells_on_while_the_office_thinks(at_till: Hand, office: Office) -> None:
    at_till.sell(BREAD).press("park")
    at_till.press("recall")
    at_till.sell(BREAD)
    assert at_till.till.ticket is not None
    office.silent()
    assert at_till.desk.message == at_till.desk.words.outcome(Refused("ticket_open"))
    assert len(at_till.till.ticket.lines) == 1
    assert kinds(at_till) == []


@pytest.mark.parametrize("code", ["claimed", "gone"])
def test_a_ticket_that_another_till_took_is_let_go_of(at_till: Hand, office: Office, code: str) -> None:
    at_till.sell(BREAD).press("park").press("recall")
    office.answer(code=code, till="K2")
    assert "opgehaald op kassa K2" in at_till.desk.message
    assert [kind for kind, _ in kinds(at_till)] == ["ticket.moved"]
    assert sales.parked(at_till.till.store.read) == []


@pytest.mark.parametrize("answer", ["gone", "offline"])
def test_an_own_ticket_comes_back_without_the_office(at_till: Hand, office: Office, answer: str) -> None:
    at_till.sell(BREAD).press("park").press("recall")
    office.answer(code=answer)
    assert at_till.till.ticket is not None
    assert [kind for kind, _ in kinds(at_till)] == ["ticket.recall"]


@pytest.mark.parametrize(
    ("code", "words"),
    [("claimed", "net opgehaald op kassa K3"), ("gone", "al opgehaald"), ("has_tenders", "alleen kassa K3"),
     ("offline", "Het kantoor antwoordt niet")],
)  # fmt: skip
def test_what_cannot_be_taken_over_is_said(at_till: Hand, office: Office, code: str, words: str) -> None:
    at_till.press("recall")
    office.answer([TICKET])
    at_till.type("1")
    office.answer(code=code, till="K3")
    assert words in at_till.desk.message
    assert at_till.till.ticket is None
    assert kinds(at_till) == []


def test_a_draft_that_cannot_be_read_takes_nothing(at_till: Hand, office: Office) -> None:
    at_till.press("recall")
    office.answer([TICKET])
    at_till.type("1")
    office.answer(TICKET | {"draft": {"put": [{"no": 1, "sterren": 5}]}})
    assert "nieuwere kassa" in at_till.desk.message
    assert kinds(at_till) == []


def test_without_an_answer_the_list_says_so(at_till: Hand, office: Office) -> None:
    at_till.press("recall")
    office.silent()
    assert "het kantoor antwoordt niet" in at_till.text()


def test_a_receipt_of_another_till(at_till: Hand, office: Office) -> None:
    at_till.press("return").enter("K2-000004")
    assert office.asked == [{"ask": "receipt", "number": "K2-000004"}]
    office.answer({"receipt": {"number": "K2-000004", "till": "K2", "body": SALE, "returned": {"1": 1000}}, "acked": 0})
    assert "nog 1" in at_till.text()
    at_till.press("enter")
    assert at_till.till.ticket is not None
    line = at_till.till.ticket.lines[0]
    assert (line.origin, line.origin_line, line.quantity, line.amount) == ("K2-000004", 1, -1000, -55)


def test_a_receipt_when_the_office_is_silent(at_till: Hand, office: Office) -> None:
    at_till.press("return").enter("K2-000004")
    office.silent()
    assert "K2-000004 terug op kassa K2" in at_till.desk.message


def test_a_voucher_of_another_till_pays_what_the_office_holds(at_till: Hand, office: Office) -> None:
    at_till.sell(BREAD, BREAD).press("pay").scan("TB0000000017")
    assert office.asked[-1]["amount"] == 110
    office.answer({"held": 60, "foreign": False})
    assert at_till.till.open.payment is not None
    assert at_till.till.open.payment.remaining == 50


@pytest.mark.parametrize(
    ("days", "issued", "taken"),
    [(30, "2026-10-21", False), (30, "2026-10-22", True), (0, "2020-01-01", True), (30, "", True), (30, "onzin", True),
     (30, 7, True)],
)  # fmt: skip
def test_a_voucher_of_another_till_that_is_too_old(
    till_at: Callable[..., Hand], days: int, issued: object, taken: bool
) -> None:
    hand, office = till_at(rules=f"voucher_days = {days}").ready(), Office()
    hand.till.office = office  # type: ignore[assignment]
    assert hand.till.today == "2026-11-21"
    hand.sell(BREAD, BREAD).press("pay").scan("TB0000000017")
    office.answer({"held": 110, "foreign": False, "issued": issued})
    assert (hand.till.last_sale is not None) == taken
    assert ("is niet meer geldig" in hand.desk.message) == (not taken)


def test_an_own_voucher_that_is_too_old_is_not_taken_by_the_offices_word(till_at: Callable[..., Hand]) -> None:
    hand, office = till_at(rules="voucher_days = 30").ready(MANAGER), Office()
    hand.type("5,00").press("voucher", "cash")
    assert hand.till.last_sale is not None
    number = hand.till.last_sale["lines"][0]["code"]
    hand.till.office = office  # type: ignore[assignment]
    hand.clock.at += 31 * 86_400_000
    hand.sell(BREAD, BREAD).press("pay").scan(number)
    office.answer({"held": 110, "foreign": False})
    assert f"{number} is niet meer geldig" in hand.desk.message
    assert hand.till.ticket is not None


def test_a_voucher_offline_up_to_the_limit(till_at: Callable[..., Hand]) -> None:
    hand, office = till_at(rules="voucher_offline_cents = 100").ready(), Office()
    hand.till.office = office  # type: ignore[assignment]
    hand.sell(BREAD, BREAD).press("pay").scan("TB0000000017")
    office.silent()
    assert "Het kantoor antwoordt niet: typ het bedrag" in hand.desk.message
    hand.enter("1,10")
    office.silent()
    assert "hoogstens € 1,00" in hand.desk.message
    hand.press("voucher").enter("TB0000000017")
    office.silent()
    hand.enter("0,60")
    office.silent()
    assert hand.till.open.payment is not None
    assert hand.till.open.payment.remaining == 50
    hand.press("cash")
    # Sixty cents of the hundred are gone.
    hand.sell(BREAD).press("pay").scan("TB0000000017")
    office.silent()
    hand.enter("0,55")
    office.silent()
    assert "hoogstens € 0,40" in hand.desk.message
