"""Card payments: noted before the terminal is asked, and never charged twice.

*Unknown* is a state of its own: nobody knows whether the card was charged. After a crash or a lost line the till asks
the terminal by itself, at its start and before the shift closes; asking charges nothing. What the terminal does not say
either stays unknown until a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.tender import PIN, Tender
from kassa_tui.services import checkout
from kassa_tui.services.ports import CardRequest, CardState, Tell
from kassa_tui.services.till import CardPayment, done, refused
from kassa_tui.storage import sales
from kassa_tui.storage.journal import Job

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

NEIGHBOURS = 50
"""Payments before and after one in doubt whose numbers the terminal's driver is told."""
JOURNAL_ONLY = ("slip", "code", "reason")
"""Facts of a terminal that do not go onto the ticket."""
_ENDED = ("approved", "refused")
_ORIGIN = ("transaction", "stamp", "terminal")
"""Facts by which a terminal finds the payment that is given back."""


def start(till: Till, amount: int | None = None) -> Outcome:
    """Write the pending payment to disk; the caller then asks the terminal (`ask`)."""
    begun = checkout.begin(till)
    if isinstance(begun, Refused) or begun.code == "paid":
        return begun
    payment = till.open.payment
    assert payment is not None
    assert till.ticket is not None
    value = payment.remaining if amount is None else amount
    if not value or (value < 0) != (payment.remaining < 0) or abs(value) > abs(payment.remaining):
        return refused("too_much" if value else "bad_amount", due=payment.remaining, text=str(value))
    payment_id = till.new_id()
    body: dict[str, Any] = {"payment": payment_id, "ticket": till.ticket.id, "amount": value, "kind": PIN}
    origin = _origin(till) if value < 0 else {}
    till.store.record("payment.pending", body | ({"origin": origin} if origin else {}), till.who)
    till.open.card = CardPayment(payment_id, value, "pending")
    return done("card_started", payment=payment_id, amount=value)


def ask(till: Till, tell: Tell) -> None:
    """Have the terminal do the pending payment; what it tells goes to `told`."""
    card = till.open.card
    row = sales.card_payment(till.store.read, card.id) if card is not None else None
    if till.terminal is None or card is None or card.state != "pending" or row is None:
        return
    (till.terminal.refund if card.amount < 0 else till.terminal.pay)(_request(till, row), tell)


def ended(till: Till, state: str, detail: Mapping[str, str] | None = None) -> Outcome:
    """How a person says that the payment on the counter ended: ``approved``, ``refused`` or ``unknown``."""
    card = till.open.card
    if card is None:
        return refused("no_card_payment")
    if card.state == "unknown" and state != "unknown":
        allowed = till.permit("resolve_card")
        if isinstance(allowed, Refused):
            return allowed
    return _end(till, card, state, detail or {})


def told(till: Till, state: CardState) -> Outcome:
    """How the terminal says that a payment ended; also of one whose ticket is parked by now.

    Its word needs nobody's permission. What contradicts an end that stands is written down and said aloud.
    """
    card = till.open.card
    if not state.payment or (card is not None and card.id == state.payment):
        if card is None:
            return refused("no_card_payment")
        if state.state == "unknown" and card.state == "unknown":
            return refused("card_unknown", amount=card.amount, why=state.detail.get("code", ""))
        return _end(till, card, state.state, state.detail)
    row = sales.card_payment(till.store.read, state.payment)
    if row is None:
        return refused("no_card_payment")
    if row.state in _ENDED:
        return _late(till, row, state)
    if state.state == row.state:
        return refused("card_unknown", amount=row.amount, why=state.detail.get("code", ""))
    _record(till, row.id, row.amount, state.state, state.detail)
    if state.state == "unknown":
        return refused("card_unknown", amount=row.amount, why=state.detail.get("code", ""))
    return done("card_found", amount=row.amount, state=state.state)


def doubts(till: Till) -> list[sales.CardRow]:
    """Payments of which nobody knows how they ended, oldest first; not the one the terminal is busy with."""
    card = till.open.card
    busy = card.id if card is not None and card.state == "pending" else ""
    return [row for row in sales.card_doubts(till.store.read) if row.id != busy]


def recover(till: Till, tell: Tell) -> tuple[str, ...]:
    """Ask the terminal about every payment in doubt; the ids asked about. What it tells goes to `told`."""
    if till.terminal is None or till.terminal.stand_alone:
        return ()
    rows = doubts(till)
    for row in rows:
        till.terminal.status(_request(till, row), tell)
    return tuple(row.id for row in rows)


def resumable(till: Till) -> bool:
    """Whether the ticket on the counter is paid by card and only waits for somebody to close it."""
    payment = till.open.payment
    return (
        payment is not None and payment.settled and till.open.card is None and till.ready() is None
        and any(tender.kind == PIN for tender in payment.tenders)
    )  # fmt: skip


def resume(till: Till) -> Outcome:
    """Close the ticket that the terminal turned out to have charged while nobody was there to see it."""
    return checkout.finish(till) if resumable(till) else till.ready() or refused("not_settled")


def confirmed(till: Till, amount: int | None = None) -> Outcome:
    """A stand-alone terminal that the cashier has already seen say yes: start and end in one act."""
    started = start(till, amount)
    if isinstance(started, Refused) or started.code == "paid":
        return started
    return ended(till, "approved", {"terminal": "stand-alone"})


def serviced(till: Till, what: str, state: CardState) -> Outcome:
    """What the terminal answered to ``end_of_day`` or ``reprint``; its text is kept and printed."""
    text = state.detail.get("slip", "")
    if state.state != "approved":
        return refused("terminal_service", why=state.detail.get("code", ""), reason=state.detail.get("reason", ""))
    body = {"what": what, "lines": text.split("\n") if text else []}
    entry = till.store.record("terminal.slip", body, till.who, [Job("report")] if text else [])
    if till.printing is not None:
        till.printing.wake()
    return done("terminal_service", seq=entry.seq)


def _end(till: Till, card: CardPayment, state: str, detail: Mapping[str, str]) -> Outcome:
    """The payment on the counter ended."""
    _record(till, card.id, card.amount, state, detail)
    if state == "unknown":
        card.state = "unknown"
        return refused("card_unknown", amount=card.amount, why=detail.get("code", ""))
    till.open.card = None
    if state == "refused":
        return refused("card_refused", amount=card.amount, why=detail.get("code", ""))
    facts = tuple(sorted((key, value) for key, value in detail.items() if key not in JOURNAL_ONLY))
    return checkout.tender_card(till, Tender(PIN, card.amount, card.id, facts))


def _record(till: Till, payment: str, amount: int, state: str, detail: Mapping[str, str]) -> None:
    body = {"payment": payment, "state": state, "amount": amount, "detail": dict(detail)}
    till.store.record("payment.result", body, till.who)


def _late(till: Till, row: sales.CardRow, state: CardState) -> Outcome:
    """A word on a payment that has ended: nothing new, or a contradiction, which somebody has to look into."""
    if state.state in (row.state, "unknown"):
        return refused("no_card_payment")
    body = {"payment": row.id, "state": state.state, "stood": row.state, "amount": row.amount}
    till.store.record("payment.late", body | {"detail": dict(state.detail)}, till.who)
    return refused("card_late_charged" if state.state == "approved" else "card_late_refused", amount=row.amount)


def _request(till: Till, row: sales.CardRow) -> CardRequest:
    """A payment on disk as the terminal's driver wants it."""
    entry = till.store.entry(row.seq)
    before, after = sales.card_neighbours(till.store.read, row.seq, NEIGHBOURS)
    numbers = [
        tuple(number for other in rows if (number := other.detail.get("transaction", ""))) for rows in (before, after)
    ]
    return CardRequest(row.id, row.amount, entry.at, numbers[0], numbers[1], entry.facts.get("origin", {}))


def _origin(till: Till) -> dict[str, str]:
    """The card payment of the one receipt that goods on the ticket come back from, as far as a terminal needs it."""
    from kassa_tui.services import books

    numbers = {line.origin for line in till.ticket.lines if line.origin} if till.ticket else set()
    if len(numbers) != 1:
        return {}
    sale = books.sale(till.store.read, till.config.till.id, numbers.pop())
    paid = [] if isinstance(sale, Refused) else [tender for tender in sale["tenders"] if tender["kind"] == PIN]
    detail = paid[0].get("detail", {}) if len(paid) == 1 else {}
    return {key: detail[key] for key in _ORIGIN if detail.get(key)}
