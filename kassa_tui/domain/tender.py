"""Paying: what is still due, what cash rounding does to it, and what comes back as change (standards 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kassa_tui.domain.country import ALL_TENDERS, CASH_ONLY, Country, round5
from kassa_tui.domain.outcome import Refused

CASH, PIN, VOUCHER, ACCOUNT = "cash", "pin", "voucher", "account"

IMPLAUSIBLE_CENTS, IMPLAUSIBLE_TIMES = 50_000, 10
"""A cash tender above € 500, or above ten times what is due, is asked about once."""

EVERYDAY_NOTES = (500, 1000, 2000, 5000)
"""A single note that anybody may hand over for a small amount is never doubted."""

NOTES = (500, 1000, 2000, 5000, 10_000, 20_000)
"""Notes in cents that are suggested on the pay screen."""


@dataclass(frozen=True, slots=True)
class Tender:
    """One means of payment on one ticket."""

    kind: str
    amount: int
    """Cents handed over; negative where the shop pays out."""
    ref: str = ""
    """Number of the voucher, id of the card payment, customer of an account sale."""
    detail: tuple[tuple[str, str], ...] = ()
    """What the terminal told, to be printed: brand, masked number, authorisation."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A ticket being paid. ``total = Σ tenders − change − rounding`` once settled."""

    total: int
    """Cents of the ticket, exact."""
    tenders: tuple[Tender, ...] = ()
    rounding: int = 0
    """Cents added by cash rounding (negative where the customer pays less)."""
    change: int = 0
    settled: bool = False

    @property
    def paid(self) -> int:
        """Cents tendered so far."""
        return sum(tender.amount for tender in self.tenders)

    @property
    def remaining(self) -> int:
        """Cents still due, exact; negative is owed to the customer."""
        return 0 if self.settled else self.total + self.rounding - self.paid

    @property
    def cash(self) -> int:
        """Cents of cash tendered so far."""
        return sum(tender.amount for tender in self.tenders if tender.kind == CASH)


def begin(total: int, country: Country, business: bool = False) -> Payment:
    """Start paying a ticket; where every tender is rounded, the total is rounded here."""
    rounding = _step(total, country, business) if country.rounding == ALL_TENDERS else 0
    payment = Payment(total, rounding=rounding)
    return replace(payment, settled=True) if total + rounding == 0 else payment


def cash_due(payment: Payment, country: Country, business: bool = False) -> int:
    """Cents to be settled if cash is the last tender.

    What is rounded is all that is settled in cash, the part payments with it: after € 10,00 of € 10,03 the last
    3 cents are 5. Cash already taken may leave nothing to settle, never something in the other direction.
    """
    remaining = payment.remaining
    if country.rounding != CASH_ONLY or payment.settled:
        return remaining
    due = remaining + _step(remaining + payment.cash, country, business)
    return max(due, 0) if remaining > 0 else min(due, 0)


def pay_cash(payment: Payment, given: int | None, country: Country, business: bool = False) -> Payment | Refused:
    """Take cash: None is exactly what is due. Less than due is a part payment and is not rounded.

    An amount that rounding puts out of reach (€ 9,98 of € 10,00 due for € 9,98) is ``cash_short``, also as a payout.
    """
    due = cash_due(payment, country, business)
    given = due if given is None else given
    refusal = _unfit(payment, given, due)
    if refusal is None and given > 0 and not country.cash_allowed(payment.cash + min(given, max(due, 0))):
        refusal = Refused("cash_limit", {"limit": country.cash_limit})
    if refusal is not None:
        return refusal
    taken = (*payment.tenders, Tender(CASH, given))
    if (due >= 0 and given >= due) or (due < 0 and given == due):
        rounding = payment.rounding + due - payment.remaining
        return replace(payment, tenders=taken, rounding=rounding, change=given - due, settled=True)
    if abs(given) >= abs(payment.remaining):
        return Refused("cash_short", {"short": abs(due - given)})
    return replace(payment, tenders=taken)


def pay_exact(payment: Payment, tender: Tender) -> Payment | Refused:
    """Take a tender that gives no change: card, voucher, account. It may not pass what is due."""
    remaining = payment.remaining
    refusal = _unfit(payment, tender.amount, remaining)
    if refusal is not None:
        return refusal
    if abs(tender.amount) > abs(remaining):
        return Refused("too_much", {"due": remaining})
    return replace(payment, tenders=(*payment.tenders, tender), settled=tender.amount == remaining)


def implausible(payment: Payment, given: int, country: Country) -> bool:
    """Whether a cash amount looks like a slip of the hand."""
    due = abs(cash_due(payment, country))
    if given in EVERYDAY_NOTES:
        return False
    return given > due and (given > IMPLAUSIBLE_CENTS or given > IMPLAUSIBLE_TIMES * max(due, 100))


def suggestions(due: int) -> tuple[int, ...]:
    """Round amounts a customer is likely to hand over for ``due`` cents, smallest first, at most four."""
    if due <= 0:
        return ()
    found = {-(-due // 500) * 500, -(-due // 1000) * 1000} | {note for note in NOTES if note >= due}
    return tuple(sorted(amount for amount in found if amount > due))[:4]


def _unfit(payment: Payment, amount: int, due: int) -> Refused | None:
    if payment.settled:
        return Refused("already_settled")
    if amount == 0 and due != 0:
        return Refused("bad_amount", {"text": "0"})
    if (due < 0) != (amount < 0) and amount != 0:
        return Refused("wrong_direction", {"due": due})
    if due < 0 and amount < due:
        return Refused("too_much", {"due": due})
    return None


def _step(cents: int, country: Country, business: bool) -> int:
    """What rounding adds to ``cents``."""
    if abs(cents) < country.round_from or (business and not country.business_rounds):
        return 0
    return round5(cents) - cents
