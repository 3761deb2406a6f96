"""Setting a ticket aside and taking it up again; parked tickets belong to the shop and outlive shift and power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.sale import ticket_body
from kassa_tui.domain.ticket import total_of, totals
from kassa_tui.services import draft
from kassa_tui.services.till import done, refused
from kassa_tui.storage import sales

if TYPE_CHECKING:
    from kassa_tui.services.till import Till
    from kassa_tui.storage.sales import ParkedRow


def park(till: Till, name: str = "") -> Outcome:
    """Set the open ticket aside under the lowest free number."""
    if till.person is None:
        return refused("not_logged_in")
    if till.ticket is None or not till.ticket.lines:
        return refused("no_ticket")
    if till.open.card is not None:
        return refused("card_unresolved")
    return set_aside(till, name)


def set_aside(till: Till, name: str = "") -> Outcome:
    """Park whatever lies open, money taken included; what closing a shift does with it."""
    ticket = till.ticket
    assert ticket is not None
    taken = {row.place for row in sales.parked(till.store.read)}
    place = next(number for number in range(1, len(taken) + 2) if number not in taken)
    snapshot = draft.snapshot(ticket, till.open.opened)
    if till.open.payment and till.open.payment.tenders:
        snapshot |= draft.delta(ticket, ticket, till.open.payment.tenders) | {"put": snapshot["put"]}
    body = {
        "ticket": ticket.id,
        "place": place,
        "name": name.strip()[:40],
        "total": total_of(ticket),
        "draft": snapshot,
    }
    till.store.record("ticket.park", body, till.who)
    till.end_ticket()
    return done("parked", place=place, name=body["name"], total=body["total"])


def chosen(till: Till, place: int | None = None) -> ParkedRow | Refused:
    """The ticket parked here under a number; without one, the only one there is."""
    problem = till.ready()
    if problem is not None:
        return problem
    if till.ticket is not None and till.ticket.lines:
        return refused("ticket_open")
    rows = sales.parked(till.store.read)
    if not rows:
        return refused("nothing_parked")
    if place is None and len(rows) > 1:
        return refused("which_parked", places=[row.place for row in rows])
    row = next((row for row in rows if place in (None, row.place)), None)
    return refused("no_such_parked", place=place) if row is None else row


def recall(till: Till, place: int | None = None) -> Outcome:
    """Take up the ticket parked under a number; without one, the only one there is."""
    row = chosen(till, place)
    if isinstance(row, Refused):
        return row
    till.store.record("ticket.recall", {"ticket": row.ticket, "place": row.place}, till.who)
    till.end_ticket()
    till.restore(row.ticket, [row.draft])
    return done("recalled", place=row.place, name=row.name, total=row.total)


def cancel(till: Till, reason: str = "") -> Outcome:
    """Let the whole ticket go; it stays in the journal."""
    problem = till.ready()
    if problem is not None:
        return problem
    ticket = till.ticket
    if ticket is None:
        return refused("no_ticket")
    if till.open.card is not None or (till.open.payment is not None and till.open.payment.tenders):
        return refused("tenders_taken")
    if not ticket.lines and not ticket.voids:
        till.end_ticket()
        return done("cancelled", total=0)
    allowed = till.permit("cancel_ticket")
    if isinstance(allowed, Refused):
        return allowed
    body = ticket_body(ticket, totals(ticket))
    body |= {"ticket": ticket.id, "total": total_of(ticket), "reason": reason, "by": allowed}
    till.store.record("ticket.cancel", body, till.who)
    till.end_ticket()
    return done("cancelled", total=body["total"])
