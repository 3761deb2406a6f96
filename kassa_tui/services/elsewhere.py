"""What the tills of one shop share by way of the office: parked tickets, receipts, vouchers.

Each act comes in two halves. The question goes to the office beside whatever the cashier does; the act itself is done
here when the answer is in, or when it is clear that there will be none. Without an answer the till does what it can
know by itself, and says what it cannot.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from kassa_tui.domain import tender as paying
from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.tender import Tender
from kassa_tui.services import draft, parking
from kassa_tui.services.messenger import Told
from kassa_tui.services.till import done, refused
from kassa_tui.services.vouchers import is_over, is_voucher
from kassa_tui.storage import sales

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

Question = dict[str, Any]
NOBODY = Told()
_UNFIT = (AttributeError, KeyError, TypeError, ValueError, IndexError)
"""What reading something of another till's program may raise."""


def ask_now(till: Till, question: Question) -> Told:
    """For a till without a screen: the answer, within the messenger's limit."""
    return till.office.ask_now(question) if till.office is not None else NOBODY


def own_question(till: Till, place: int | None) -> Question | Refused:
    """What to ask before a ticket of this till is taken up again: whether another till has it."""
    row = parking.chosen(till, place)
    return row if isinstance(row, Refused) else {"ask": "claim", "ticket": row.ticket}


def recall_own(till: Till, place: int | None, told: Told) -> Outcome:
    """Take up a ticket that was parked here; one that another till took over is let go of.

    What the office does not know yet, or cannot be asked, is this till's own.
    """
    row = parking.chosen(till, place)
    if isinstance(row, Refused):
        return row
    data = told.data if told.ok and isinstance(told.data, dict) else {}
    now_at = str(data.get("till", "") or told.facts.get("till", ""))
    if now_at in ("", till.config.till.id):
        return parking.recall(till, row.place)
    till.store.record("ticket.moved", {"ticket": row.ticket, "place": row.place, "to": now_at}, till.who)
    # Taken over there, and parked there again: then it is to be had.
    return recall_other(till, told) if data else refused("ticket_moved", place=row.place, till=now_at)


def recall_other(till: Till, told: Told) -> Outcome:
    """Take up a ticket of another till that the office gave to this one."""
    problem = till.ready()
    if problem is not None:
        return problem
    if till.ticket is not None and till.ticket.lines:
        return refused("ticket_open")
    if not told.ok:
        return _not_given(told)
    try:
        ticket_id, of, place = str(told.data["ticket"]), str(told.data["till"]), int(told.data["place"])
        found, _tenders, _opened = draft.fold(ticket_id, [told.data["draft"]])
        total = tickets.total_of(found)
    except _UNFIT:
        return refused("parked_unreadable")
    till.store.record("ticket.recall", {"ticket": ticket_id, "place": place, "of": of}, till.who)
    till.end_ticket()
    till.restore(ticket_id, [told.data["draft"]])
    return done("recalled_from", place=place, name=str(told.data.get("name", "")), till=of, total=total)


def _not_given(told: Told) -> Outcome:
    by = str(told.facts.get("till", ""))
    if told.code == "claimed":
        return refused("parked_claimed", till=by)
    if told.code == "gone":
        return refused("parked_gone", till=by)
    if told.code == "has_tenders":
        return refused("parked_paid", till=by)
    return refused("parked_offline", till=by)


def others(till: Till, told: Told) -> list[dict[str, Any]]:
    """Tickets parked at other tills of the branch, as the office listed them."""
    rows = told.data if told.ok and isinstance(told.data, list) else []
    own = till.config.till.id
    return [row for row in rows if isinstance(row, dict) and row.get("ticket") and row.get("till", own) != own]


def recall_by_name(till: Till, code: str, place: int) -> Outcome:
    """Take up what lies at a place of another till; for a till without a screen, which waits for the office."""
    told = ask_now(till, {"ask": "parked"})
    if not told.ok:
        return refused("parked_offline", till=code)
    rows = [row for row in others(till, told) if row["till"] == code and row.get("place") == place]
    if not rows:
        return refused("no_such_parked", place=place)
    return recall_other(till, ask_now(till, {"ask": "claim", "ticket": rows[0]["ticket"]}))


def receipt(till: Till, number: str, told: Told) -> Outcome:
    """Keep a receipt of another till for a return here; `returns.find` knows it from then on."""
    number = number.strip().upper()
    if told.code == "unknown":
        return refused("unknown_receipt", number=number)
    if not told.ok:
        return refused("return_offline", number=number, till=number.rpartition("-")[0])
    try:
        found = told.data["receipt"]
        facts = json.loads(found["body"])
        back = {int(no): int(qty) for no, qty in found.get("returned", {}).items()}
        facts["number"], facts["date"] = str(facts["number"]), date.fromisoformat(facts["date"]).isoformat()
        for line in facts["lines"]:
            line["no"], line["qty"], line["amount"] + line["price"] + line["rate"], line["kind"] + line["name"]
        acked = int(told.data.get("acked", 0))
    except _UNFIT:
        return refused("unknown_receipt", number=number)
    for entry in till.store.entries_after(acked, "sale"):
        for line in entry.facts["lines"]:
            if line.get("origin") == facts["number"]:
                back[line["origin_line"]] = back.get(line["origin_line"], 0) - line["qty"]
    till.elsewhere = {number: facts | {"back": back}}
    return done("receipt_found", number=number, till=str(found.get("till", "")))


def voucher_question(till: Till, number: str, amount: int | None = None) -> Question | None:
    """What to ask about a voucher that is to pay; None where there is nobody to ask or nothing to pay."""
    if till.office is None or till.ticket is None:
        return None
    due = till.open.payment.remaining if till.open.payment else tickets.total_of(till.ticket)
    wanted = due if amount is None else min(amount, due)
    number = number.strip().upper()[:40]
    return {"ask": "hold", "number": number, "ticket": till.ticket.id, "amount": wanted} if wanted > 0 else None


def voucher_tender(
    till: Till, number: str, known: tuple[int, bool] | None, amount: int | None, due: int, told: Told
) -> Tender | Refused | None:
    """How a voucher pays ``due`` cents by what the office says, or by the shop's limit where it says nothing.

    None: the till decides by itself, as one that stands alone: its own voucher, or paper of another issuer.
    """
    if told.ok and isinstance(told.data, dict):
        held = told.data.get("held", 0)
        if told.data.get("foreign") or not isinstance(held, int) or held <= 0:
            return refused("voucher_used", number=number)
        if is_over(till, told.data.get("issued") or sales.voucher_date(till.store.read, number)):
            return refused("voucher_expired", number=number)
        return Tender(paying.VOUCHER, min(held, due), number)
    mine = known is not None and known[0] >= 0
    if mine or not is_voucher(number):
        return None
    spent = -known[0] if known else 0
    limit = till.config.rules.voucher_offline_cents - spent
    if limit <= 0:
        return refused("voucher_offline", number=number)
    if amount is None:
        return refused("voucher_offline_amount", number=number, limit=limit)
    if min(amount, due) > limit:
        return refused("voucher_over_limit", number=number, limit=limit)
    return Tender(paying.VOUCHER, min(amount, due), number, (("offline", "1"),))


def balance(till: Till, number: str, told: Told) -> Outcome:
    """What a voucher is worth, to the office or, without it, to this till."""
    from kassa_tui.services import vouchers

    number = number.strip().upper()
    if told.ok and isinstance(told.data, dict):
        return done("voucher_balance", number=number, amount=int(told.data.get("balance", 0)))
    known = sales.voucher(till.store.read, number)
    if known is None and told.code != "unknown":
        return refused("voucher_unasked", number=number)
    return vouchers.balance(till, number)
