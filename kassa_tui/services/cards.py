"""Card payments: noted before the terminal is asked, and never charged twice.

*Unknown* is a state of its own: nobody knows whether the card was charged. It stays until a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.tender import PIN, Tender
from kassa_tui.services import checkout
from kassa_tui.services.till import CardPayment, done, refused

if TYPE_CHECKING:
    from kassa_tui.services.till import Till


def start(till: Till, amount: int | None = None) -> Outcome:
    """Write the pending payment to disk; the caller then asks the terminal."""
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
    till.store.record(
        "payment.pending", {"payment": payment_id, "ticket": till.ticket.id, "amount": value, "kind": PIN}, till.who
    )
    till.open.card = CardPayment(payment_id, value, "pending")
    return done("card_started", payment=payment_id, amount=value)


def ended(till: Till, state: str, detail: Mapping[str, str] | None = None) -> Outcome:
    """How the terminal says it ended: ``approved``, ``refused`` or ``unknown``."""
    card = till.open.card
    if card is None:
        return refused("no_card_payment")
    if card.state == "unknown" and state != "unknown":
        allowed = till.permit("resolve_card")
        if isinstance(allowed, Refused):
            return allowed
    body = {"payment": card.id, "state": state, "amount": card.amount, "detail": dict(detail or {})}
    till.store.record("payment.result", body, till.who)
    if state == "unknown":
        card.state = "unknown"
        return refused("card_unknown", amount=card.amount)
    till.open.card = None
    if state == "refused":
        return refused("card_refused", amount=card.amount)
    return checkout.tender_card(till, Tender(PIN, card.amount, card.id, tuple(sorted((detail or {}).items()))))


def confirmed(till: Till, amount: int | None = None) -> Outcome:
    """A stand-alone terminal that the cashier has already seen say yes: start and end in one act."""
    started = start(till, amount)
    if isinstance(started, Refused) or started.code == "paid":
        return started
    return ended(till, "approved", {"terminal": "stand-alone"})
