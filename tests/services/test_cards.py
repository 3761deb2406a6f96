"""Card payments and their doubts: what stands on disk before the terminal is asked, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kassa_tui.domain.outcome import Done, Outcome, Refused
from kassa_tui.hardware.card_terminals import StandAlone
from kassa_tui.hardware.terminals.errors import CODES
from kassa_tui.message_words import KIND_WORDS
from kassa_tui.messages import words
from kassa_tui.services import access, cards, parking, report_documents, returns, shifts
from kassa_tui.services.ports import CardRequest, CardState, CardTerminal, Tell
from kassa_tui.services.printing import document_of
from kassa_tui.services.receipts import receipt
from kassa_tui.storage import sales
from kassa_tui.storage.spool import PrintJob
from tests.services.conftest import OpenTill
from tests.services.shop_floor import CASHIER, SENIOR, Hands

DETAIL = {
    "brand": "Maestro", "number": "************4771", "authorisation": "123456", "method": "contactless",
    "verification": "none", "terminal": "29000006", "transaction": "000017", "stamp": "2026-11-22T13:00:00Z",
    "slip": "KOPIE KLANT\nAKKOORD",
}  # fmt: skip


class Recorder:
    """A terminal that notes what it is asked, and tells what the test lets it tell."""

    stand_alone = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, CardRequest | None]] = []
        self.closed = 0

    def pay(self, request: CardRequest, tell: Tell) -> None:
        """Note it."""
        self.asked.append(("pay", request))

    def refund(self, request: CardRequest, tell: Tell) -> None:
        """Note it."""
        self.asked.append(("refund", request))

    def status(self, request: CardRequest, tell: Tell) -> None:
        """Note it."""
        self.asked.append(("status", request))

    def abort(self) -> None:
        """Note it."""
        self.asked.append(("abort", None))

    def end_of_day(self, tell: Tell) -> None:
        """Note it."""
        self.asked.append(("end_of_day", None))

    def reprint(self, tell: Tell) -> None:
        """Note it."""
        self.asked.append(("reprint", None))

    def close(self) -> None:
        """Note it."""
        self.closed += 1

    @property
    def last(self) -> CardRequest:
        """The request that it was asked about last."""
        request = self.asked[-1][1]
        assert request is not None
        return request


def quiet(state: CardState) -> None:
    """Nobody listens; the tests tell the till themselves."""
    assert state


def at_card(h: Hands, *entries: str) -> Recorder:
    """Goods on the counter and the terminal asked for the money."""
    terminal = Recorder()
    wired: CardTerminal = terminal
    h.till.terminal = wired
    h.do(*entries)
    assert isinstance(h.till.act(cards.start), Done)
    cards.ask(h.till, quiet)
    return terminal


def tell(h: Hands, payment: str, state: str, detail: Mapping[str, str] | None = None) -> Outcome:
    """The terminal says so."""
    return h.till.act(cards.told, CardState(state, detail or {}, payment))


def journal(h: Hands, kind: str) -> list[dict[str, Any]]:
    """Bodies of all entries of a kind."""
    rows = h.till.store.read.execute("select body from journal where kind = ? order by seq", (kind,))
    return [json.loads(row[0]) for row in rows]


def reopened(open_till: OpenTill, h: Hands) -> tuple[Hands, Recorder]:
    """The same till after the power came back, with its terminal."""
    h.close()
    again, terminal = open_till(clock=h.clock), Recorder()
    again.till.terminal = terminal
    return again, terminal


def test_on_disk_before_the_terminal_is_asked(at_till: Hands) -> None:
    terminal = at_card(at_till, "9", "14", "age evident")
    (pending,) = journal(at_till, "payment.pending")
    assert terminal.asked == [("pay", terminal.last)]
    assert (terminal.last.payment, terminal.last.amount) == (pending["payment"], 1848)
    assert terminal.last.at == at_till.clock.at
    cards.ask(at_till.till, quiet)
    assert len(terminal.asked) == 2


def test_approved_lands_on_receipt_and_in_the_journal(at_till: Hands) -> None:
    terminal = at_card(at_till, "9")
    outcome = tell(at_till, terminal.last.payment, "approved", DETAIL)
    assert outcome.code == "paid"
    (result,) = journal(at_till, "payment.result")
    assert result["detail"] == DETAIL
    (sale,) = journal(at_till, "sale")
    (tender,) = sale["tenders"]
    assert tender["detail"] == {key: value for key, value in DETAIL.items() if key != "slip"}
    entry = at_till.till.store.entry(at_till.till.last_sale["seq"] if at_till.till.last_sale else 0)
    facts = entry.facts | {"at": entry.at, "offset": entry.offset, "who": entry.who}
    text = report_documents.as_text(receipt(facts, at_till.till.config, words("nl")))
    for shown in ("Maestro", "************4771", "contactloos", "zonder pincode", "123456", "29000006", "000017"):
        assert shown in text
    assert "KOPIE KLANT" not in text
    assert "stamp" not in text


def test_refused_says_why(at_till: Hands) -> None:
    terminal = at_card(at_till, "9")
    outcome = tell(at_till, terminal.last.payment, "refused", {"code": "declined", "reason": "05"})
    assert isinstance(outcome, Refused)
    assert words("nl").outcome(outcome) == \
        "Pin € 3,49 geweigerd (door bank of kaart): probeer opnieuw of betaal anders"  # fmt: skip
    assert at_till.till.open.card is None
    assert isinstance(at_till.till.act(cards.start), Done)


def test_every_reason_of_a_terminal_has_its_words() -> None:
    assert set(KIND_WORDS["card_why"]) == set(CODES)


def test_words_about_another_payment_are_not_taken(at_till: Hands) -> None:
    terminal = at_card(at_till, "9")
    assert tell(at_till, "another", "approved", DETAIL).code == "no_card_payment"
    assert at_till.till.open.card is not None
    assert tell(at_till, terminal.last.payment, "approved", DETAIL).code == "paid"
    assert tell(at_till, terminal.last.payment, "approved", DETAIL).code == "no_card_payment"
    assert len(journal(at_till, "payment.result")) == 1
    assert len(journal(at_till, "sale")) == 1


def test_never_asked_for_money_twice_while_in_doubt(at_till: Hands) -> None:
    terminal = at_card(at_till, "9")
    payment = terminal.last.payment
    assert tell(at_till, payment, "unknown", {"code": "timeout"}).code == "card_unknown"
    assert at_till.till.act(cards.start).code == "card_unresolved"
    cards.ask(at_till.till, quiet)
    assert [what for what, _ in terminal.asked] == ["pay"]
    assert cards.recover(at_till.till, quiet) == (payment,)
    assert [what for what, _ in terminal.asked] == ["pay", "status"]
    assert tell(at_till, payment, "unknown", {"code": "busy"}).code == "card_unknown"
    assert [body["state"] for body in journal(at_till, "payment.result")] == ["unknown"]


def test_the_terminal_needs_no_permission_to_clear_a_doubt_a_person_does(at_till: Hands) -> None:
    terminal = at_card(at_till, "9")
    payment = terminal.last.payment
    tell(at_till, payment, "unknown")
    assert at_till.till.act(cards.ended, "approved").code == "needs_approval"
    assert tell(at_till, payment, "approved", DETAIL).code == "paid"


@pytest.mark.parametrize(("word", "said"), [("approved", "card_late_charged"), ("unknown", "no_card_payment"),
                                            ("refused", "no_card_payment")])  # fmt: skip
def test_a_terminal_that_contradicts_what_a_person_decided(open_till: OpenTill, word: str, said: str) -> None:
    h = open_till().open_shop(SENIOR)
    terminal = at_card(h, "9")
    tell(h, terminal.last.payment, "unknown")
    assert h.till.act(cards.ended, "refused").code == "card_refused"
    assert tell(h, terminal.last.payment, word, DETAIL).code == said
    late = journal(h, "payment.late")
    assert [(body["stood"], body["state"]) for body in late] == (
        [("refused", "approved")] if word == "approved" else []
    )


def test_a_sale_that_the_terminal_takes_back_is_said_aloud(open_till: OpenTill) -> None:
    h = open_till().open_shop(SENIOR)
    terminal = at_card(h, "9")
    tell(h, terminal.last.payment, "unknown")
    assert h.till.act(cards.ended, "approved").code == "paid"
    assert tell(h, terminal.last.payment, "refused", {"code": "not_found"}).code == "card_late_refused"
    assert len(journal(h, "sale")) == 1


def test_after_a_crash_the_till_asks_and_closes_the_sale_at_log_in(open_till: OpenTill, at_till: Hands) -> None:
    payment = at_card(at_till, "9").last.payment
    h, terminal = reopened(open_till, at_till)
    assert h.till.open.card is not None
    assert h.till.open.card.state == "unknown"
    assert cards.recover(h.till, quiet) == (payment,)
    assert terminal.asked[0][0] == "status"
    found = tell(h, payment, "approved", DETAIL)
    assert (found.code, found.facts["state"]) == ("card_found", "approved")
    assert journal(h, "sale") == []
    assert not cards.resumable(h.till)
    assert h.till.act(cards.resume).code == "not_logged_in"
    h.till.act(access.login, CASHIER)
    assert cards.resumable(h.till)
    assert h.till.act(cards.resume).code == "paid"
    assert len(journal(h, "sale")) == 1
    assert not cards.resumable(h.till)
    assert h.till.act(cards.resume).code == "not_settled"
    assert cards.recover(h.till, quiet) == ()


def test_a_crash_between_the_word_and_the_sale_loses_nothing(open_till: OpenTill, at_till: Hands) -> None:
    payment = at_card(at_till, "9").last.payment
    at_till.till.person = None
    tell(at_till, payment, "approved", DETAIL)
    h, terminal = reopened(open_till, at_till)
    assert cards.recover(h.till, quiet) == ()
    h.till.act(access.login, CASHIER)
    assert h.till.act(cards.resume).code == "paid"
    assert terminal.asked == []


def test_after_a_crash_a_payment_that_never_was_may_be_made_anew(open_till: OpenTill, at_till: Hands) -> None:
    payment = at_card(at_till, "9").last.payment
    h, terminal = reopened(open_till, at_till)
    cards.recover(h.till, quiet)
    assert tell(h, payment, "refused", {"code": "not_found"}).code == "card_refused"
    h.do(f"login {CASHIER}")
    assert isinstance(h.till.act(cards.start), Done)
    cards.ask(h.till, quiet)
    assert terminal.asked[-1][0] == "pay"
    assert terminal.last.payment != payment


def test_a_doubt_outlives_the_shift_and_comes_back_with_its_ticket(open_till: OpenTill) -> None:
    h = open_till().open_shop(SENIOR)
    terminal = at_card(h, "9")
    payment = terminal.last.payment
    tell(h, payment, "unknown")
    assert h.till.act(shifts.close_shift).code == "shift_closed_z"
    assert h.till.open.card is None
    assert [row.id for row in cards.doubts(h.till)] == [payment]
    assert cards.recover(h.till, quiet) == (payment,)
    found = tell(h, payment, "approved", DETAIL)
    assert (found.code, found.facts["amount"]) == ("card_found", 349)
    h.do("open-shift 100")
    assert h.till.act(parking.recall).code == "recalled"
    assert h.till.act(cards.resume).code == "paid"
    assert sales.card_doubts(h.till.store.read) == []


def test_the_payment_at_the_terminal_is_no_doubt(at_till: Hands) -> None:
    at_card(at_till, "9")
    assert cards.doubts(at_till.till) == []
    assert cards.recover(at_till.till, quiet) == ()


def test_a_terminal_that_stands_alone_cannot_be_asked(at_till: Hands) -> None:
    terminal = at_card(at_till, "9")
    tell(at_till, terminal.last.payment, "unknown")
    at_till.till.terminal = StandAlone()
    assert cards.recover(at_till.till, quiet) == ()
    at_till.till.terminal = None
    assert cards.recover(at_till.till, quiet) == ()
    assert len(cards.doubts(at_till.till)) == 1


def test_the_driver_is_told_of_the_payments_around(at_till: Hands) -> None:
    numbers = ["000017", "000018", "000019"]
    requests = []
    for number in numbers:
        terminal = at_card(at_till, "9")
        requests.append(terminal.last)
        tell(at_till, terminal.last.payment, "approved", {**DETAIL, "transaction": number})
    assert [request.before for request in requests] == [(), ("000017",), ("000018", "000017")]
    row = sales.card_payment(at_till.till.store.read, requests[1].payment)
    assert row is not None
    again = cards._request(at_till.till, row)
    assert (again.before, again.after) == (("000017",), ("000019",))


def test_money_back_names_the_payment_it_gives_back(open_till: OpenTill) -> None:
    h = open_till().open_shop(SENIOR)
    paid = at_card(h, "9")
    tell(h, paid.last.payment, "approved", DETAIL)
    number = str(h.till.last_sale["number"] if h.till.last_sale else "")
    assert isinstance(h.till.act(returns.by_receipt, number, 1), Done)
    terminal = Recorder()
    h.till.terminal = terminal
    h.till.act(cards.start)
    cards.ask(h.till, quiet)
    assert terminal.asked[-1][0] == "refund"
    assert terminal.last.amount == -349
    assert dict(terminal.last.origin) == {key: DETAIL[key] for key in ("transaction", "stamp", "terminal")}
    assert tell(h, terminal.last.payment, "approved", {"transaction": "000018"}).code == "paid"


@pytest.mark.parametrize("what", ["end_of_day", "reprint"])
def test_what_a_terminal_wants_printed_is_kept_and_printed(at_till: Hands, what: str) -> None:
    outcome = at_till.till.act(cards.serviced, what, CardState("approved", {"slip": "KASSASCHNITT\n2 x 12,34"}))
    assert outcome.code == "terminal_service"
    entry = at_till.till.store.entry(outcome.facts["seq"])
    assert (entry.kind, entry.facts["what"]) == ("terminal.slip", what)
    document = document_of(entry, PrintJob(0, entry.seq, "report", "", 0, ""), at_till.till.config, words("nl"))
    text = report_documents.as_text(document or ())
    assert "KASSASCHNITT" in text
    assert "2 x 12,34" in text


def test_a_terminal_that_will_not(at_till: Hands) -> None:
    outcome = at_till.till.act(cards.serviced, "reprint", CardState("refused", {"code": "unsupported"}))
    assert words("nl").outcome(outcome) == "Pinautomaat: niet gelukt (kan deze pinautomaat niet)"
    assert journal(at_till, "terminal.slip") == []


def test_the_terminal_is_let_go_of_with_the_till(open_till: OpenTill) -> None:
    h, terminal = open_till(), Recorder()
    h.till.terminal = terminal
    h.till.close()
    assert terminal.closed == 1
