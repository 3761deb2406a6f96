"""Paying: tenders in, one transaction, then drawer, change and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kassa_tui.domain import tender as paying
from kassa_tui.domain.outcome import Done, Outcome, Refused
from kassa_tui.domain.sale import sale_body
from kassa_tui.domain.tender import Payment, Tender
from kassa_tui.domain.ticket import total_of
from kassa_tui.services.till import done, refused
from kassa_tui.services.vouchers import is_over
from kassa_tui.storage import sales
from kassa_tui.storage.journal import Job

if TYPE_CHECKING:
    from kassa_tui.services.messenger import Told
    from kassa_tui.services.till import Till


SHORTEST_VOUCHER = 4
"""Characters of a voucher's number; less is an amount or a slip of the hand."""


def begin(till: Till) -> Outcome:
    """Subtotal: the ticket is ready to be paid."""
    problem = till.ready() or _unfit(till)
    if problem is not None:
        return problem
    payment = _payment(till)
    if till.ticket is not None and payment.settled and not payment.tenders:
        return finish(till)
    return done("due", due=payment.remaining, cash_due=cash_due(till))


def cash_due(till: Till) -> int:
    """Cents if the rest is settled in cash."""
    payment = till.open.payment
    return paying.cash_due(payment, till.country, _business(till)) if payment else 0


def cash(till: Till, given: int | None = None) -> Outcome:
    """Cash: what was handed over, or exactly what is due. An unlikely amount is asked about once."""
    problem = till.ready() or _unfit(till)
    if problem is not None:
        return problem
    payment = _payment(till)
    if payment.settled:
        return finish(till)
    unlikely = given is not None and paying.implausible(payment, given, till.country)
    if given is not None and unlikely and till.last_tender != (paying.CASH, given):
        till.last_tender = (paying.CASH, given)
        return refused("implausible_tender", given=given, due=cash_due(till))
    till.last_tender = None
    return _take(till, paying.pay_cash(payment, given, till.country, _business(till)))


def account(till: Till, amount: int | None = None) -> Outcome:
    """On the account of a customer who may."""
    problem = till.ready() or _unfit(till)
    if problem is not None:
        return problem
    allowed = till.permit("account_sale")
    if isinstance(allowed, Refused):
        return allowed
    code = till.ticket.customer if till.ticket else ""
    known = till.catalogue.customer(code) if code else None
    if known is None or not known.account_allowed:
        return refused("no_account", customer=code)
    payment = _payment(till)
    value = payment.remaining if amount is None else amount
    return _take(till, paying.pay_exact(payment, Tender(paying.ACCOUNT, value, known.code)))


def voucher(till: Till, number: str, amount: int | None = None, told: Told | None = None) -> Outcome:
    """A voucher of this shop by its number, or one bought in from elsewhere with the amount on it.

    ``told`` is what the office said of it, for a till that has one.
    """
    problem = till.ready() or _unfit(till)
    if problem is not None:
        return problem
    number = number.strip().upper()[:40]
    if len(number) < SHORTEST_VOUCHER:
        return refused("bad_voucher")
    payment, known = _payment(till), sales.voucher(till.store.read, number)
    if any(tender.kind == paying.VOUCHER and tender.ref == number for tender in payment.tenders):
        return refused("voucher_used", number=number)
    if told is not None and till.office is not None and payment.remaining > 0:
        from kassa_tui.services import elsewhere

        tender = elsewhere.voucher_tender(till, number, known, amount, payment.remaining, told)
        if tender is not None:
            return tender if isinstance(tender, Refused) else _take(till, paying.pay_exact(payment, tender))
    if known is not None and (known[1] or known[0] <= 0):
        return refused("voucher_used", number=number)
    if known is not None and is_over(till, sales.voucher_date(till.store.read, number)):
        return refused("voucher_expired", number=number)
    if known is None and amount is None:
        return refused("unknown_voucher", number=number)
    worth = known[0] if known else amount or 0
    value = min(worth, payment.remaining, amount if amount is not None else worth)
    detail = () if known else (("foreign", "1"), ("worth", str(worth)))
    if payment.remaining <= 0:
        return refused("wrong_direction", due=payment.remaining)
    return _take(till, paying.pay_exact(payment, Tender(paying.VOUCHER, value, number, detail)))


def take_back(till: Till) -> Outcome:
    """Give the last tender back; a card that was charged cannot be."""
    payment = till.open.payment
    if payment is None or not payment.tenders:
        return refused("no_tender")
    last = payment.tenders[-1]
    if last.kind == paying.PIN:
        return refused("card_charged", amount=last.amount)
    again = paying.begin(payment.total, till.country, _business(till))
    for tender in payment.tenders[:-1]:
        again = till.retake(again, tender)
    till.open.payment = again
    return done("tender_back", amount=last.amount)


def leave(till: Till) -> Outcome:
    """Back to the lines; not while money lies on the counter."""
    if till.open.card is not None:
        return refused("card_unresolved")
    if till.open.payment is not None and till.open.payment.tenders:
        return refused("tenders_taken")
    till.open.payment = None
    return done("back")


def finish(till: Till) -> Outcome:
    """Close the settled ticket: on disk first, then the drawer, then paper."""
    ticket, payment = till.ticket, till.open.payment
    if ticket is None or payment is None or not payment.settled:
        return refused("not_settled")
    body = sale_body(ticket, payment, shift=till.shift, date=till.today, opened=till.open.opened)
    if till.training:
        body["training"] = True
    policy = till.config.rules.print_receipt
    jobs = [Job("receipt")] if policy == "always" or _must_print(body) else []
    if not jobs:
        body["no_print"] = True
    entry = till.store.record_sale(body, till.who, jobs)
    till.trouble = ""
    facts = entry.facts
    till.end_ticket()
    till.last_sale = {**facts, "seq": entry.seq}
    till.locked = till.config.rules.lock_after_sale
    if till.printing is not None:
        if any(tender.kind == paying.CASH for tender in payment.tenders):
            till.printing.kick()
        till.printing.wake()
    return Done(
        "paid",
        {
            "receipt_number": facts["number"],
            "total": facts["total"],
            "change": facts["change"],
            "rounding": facts["rounding"],
            "print": "ask" if policy == "ask" and not jobs else "",
        },
    )


def _take(till: Till, payment: Payment | Refused) -> Outcome:
    if isinstance(payment, Refused):
        return payment
    till.open.payment = payment
    if payment.settled:
        return finish(till)
    return done("tendered", due=payment.remaining, cash_due=cash_due(till))


def tender_card(till: Till, tender: Tender) -> Outcome:
    """Take a card payment that the terminal approved. With nobody at the till the ticket is not closed yet: that is
    for whoever comes (`services.cards.resume`)."""
    payment = paying.pay_exact(_payment(till), tender)
    if isinstance(payment, Refused) or till.ready() is None:
        return _take(till, payment)
    till.open.payment = payment
    return done("card_found", amount=tender.amount, state="approved")


def _payment(till: Till) -> Payment:
    if till.open.payment is None:
        assert till.ticket is not None
        till.open.payment = paying.begin(total_of(till.ticket), till.country, _business(till))
        till.open.subtotalled = True
    return till.open.payment


def _business(till: Till) -> bool:
    return till.ticket is not None and till.ticket.business


def _unfit(till: Till) -> Refused | None:
    ticket = till.ticket
    if ticket is None or not ticket.lines:
        return refused("no_ticket")
    if ticket.age_wanted:
        from kassa_tui.domain.age import latest_birth_date

        age = ticket.age_wanted
        return refused("age_open", age=age, born=latest_birth_date(till.today, age))
    if till.open.card is not None:
        return refused("card_unresolved")
    return None


def _must_print(body: dict[str, Any]) -> bool:
    """Money that went back, a voucher or an account sale always gets its paper."""
    return (
        body["total"] < 0
        or any(line["kind"] == "voucher" for line in body["lines"])
        or any(tender["kind"] == paying.ACCOUNT for tender in body["tenders"])
    )
