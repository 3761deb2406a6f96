"""What the tills of a company share: each other's receipts, parked tickets and vouchers, and a till's own journal back.

All of it is asked while somebody waits at a counter, so each answer is one or two look-ups. Nothing here decides about
figures: a till journals what it did, and the journal is what counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from kassa_office.journal.models import Entry
from kassa_office.sales.models import Parked, Returned, Sale, Voucher, VoucherHold
from kassa_office.staff.access import audit
from kassa_office.tills.models import Till, TillCursor, TillKey
from kassa_office.tills.office import office
from kassa_tui.sync import wire
from kassa_tui.sync.port import OfficeError

HOLD = timedelta(minutes=15)
"""Longer than anybody takes to pay; a till that went down lets go of a voucher after this."""
PAGE_BYTES = 4 << 20
"""Bodies in one page of a journal; half of what a message may be."""


def journal(till: Till, after: int) -> wire.JournalPage:
    """The till's entries after ``after``, in order, for a machine that takes its place."""
    rows = Entry.objects.filter(branch=till.branch_id, till=till.code, seq__gt=after).order_by("seq")
    cursor = TillCursor.objects.filter(till=till).first()
    keys = TillKey.objects.filter(till=till).order_by("first")
    return wire.JournalPage(
        schema=wire.SCHEMA,
        epoch=office().epoch,
        entries=_page(rows[: wire.MAX_ENTRIES]),
        keys=[wire.TillKey(first=key.first, public_key=key.public_key) for key in keys],
        high=max(cursor.claimed_seq, cursor.high_seq) if cursor else 0,
    )


def _page(rows: Iterable[Entry]) -> list[wire.Entry]:
    page: list[wire.Entry] = []
    size = 0
    for row in rows:
        size += len(row.body)
        if page and size > PAGE_BYTES:
            break
        page.append(
            wire.Entry(
                seq=row.seq,
                id=row.id,
                at=row.at,
                offset=row.offset,
                who=row.who,
                kind=row.kind,
                body=row.body,
                prev=bytes(row.prev).hex(),
                hash=bytes(row.hash).hex(),
                signature=bytes(row.signature).hex(),
            )
        )
    return page


def receipt(till: Till, number: str) -> wire.ReceiptFound:
    """A sale by its receipt number, at whichever till of the company it was made; OfficeError ``unknown``."""
    maker = Till.objects.filter(code=number.rpartition("-")[0][:8]).first()
    sale = maker and Sale.objects.filter(branch=maker.branch_id, number=number[:24]).first()
    if not sale:
        raise OfficeError("unknown", {"number": number[:24]})
    # A webshop's sale is of the day that it was paid; its entry may be of a later one.
    entry = Entry.objects.get(branch=sale.branch, till=sale.till, seq=sale.seq)
    returned = Returned.objects.filter(number=sale.number).values_list("no", "qty")
    return wire.ReceiptFound(
        number=sale.number,
        till=sale.till,
        branch=sale.branch,
        seq=sale.seq,
        body=entry.body,
        returned={str(no): qty for no, qty in returned},
    )


def parked(till: Till) -> list[wire.ParkedTicket]:
    """Tickets set aside in the till's branch that no other till has claimed, oldest first."""
    rows = Parked.objects.filter(branch=till.branch_id, parks__gt=0, claimed_by__in=("", till.code)).order_by("at")
    return [_parked(row) for row in rows[:200]]


@transaction.atomic
def claim(till: Till, ticket: str) -> wire.ParkedTicket:
    """Give a parked ticket to this till and to no other; asked twice, the answer is the same.

    OfficeError ``gone`` where it was taken up already (with the ``till`` that did) or is of another branch,
    ``claimed`` with the till that has it, ``has_tenders`` where money for it lies in another till's drawer.
    """
    row = Parked.objects.select_for_update().filter(ticket=ticket[:40], branch=till.branch_id).first()
    if row is None:
        raise OfficeError("gone", {"ticket": ticket[:40]})
    if row.parks <= 0:
        taken = {"till": row.claimed_by} if row.claimed_by not in ("", till.code) else {}
        raise OfficeError("gone", {"ticket": row.ticket, **taken})
    if row.till != till.code and row.draft.get("tenders"):
        raise OfficeError("has_tenders", {"till": row.till})
    if row.claimed_by not in ("", till.code):
        raise OfficeError("claimed", {"till": row.claimed_by})
    if not row.claimed_by:
        row.claimed_by = till.code
        row.save(update_fields=["claimed_by"])
        audit(till.code, "parked.claimed", ticket=row.ticket, of=row.till)
    found = _parked(row)
    found.draft = row.draft
    return found


def voucher(till: Till, number: str) -> wire.Voucher:
    """What a voucher is worth to this till: the balance less what others hold. OfficeError ``unknown``."""
    row = Voucher.objects.filter(number=number[:40]).first()
    if row is None:
        raise OfficeError("unknown", {"number": number[:40]})
    day = str(row.issued_on)
    issued = f"{day[:4]}-{day[4:6]}-{day[6:]}" if row.issued_on else ""
    return wire.Voucher(number=row.number, balance=_free(row, but=till.code), foreign=row.foreign, issued=issued)


@transaction.atomic
def hold(till: Till, request: wire.Hold) -> wire.Answer:
    """Set an amount of a voucher aside for a ticket of this till, change it, or let it go with 0."""
    row = Voucher.objects.select_for_update().filter(number=request.number[:40]).first()
    if row is None:
        return wire.Answer(ok=False, code="unknown", facts={"number": request.number[:40]})
    held = VoucherHold.objects.filter(voucher=row.number, ticket=request.ticket[:40])
    if request.amount <= 0:
        held.filter(till=till.code).delete()
        return wire.Answer(ok=True)
    free = _free(row, but_ticket=request.ticket[:40])
    if request.amount > free:
        return wire.Answer(ok=False, code="too_little", facts={"balance": free})
    VoucherHold.objects.update_or_create(
        voucher=row.number,
        ticket=request.ticket[:40],
        defaults={"till": till.code, "amount": request.amount, "until": timezone.now() + HOLD},
    )
    return wire.Answer(ok=True, facts={"balance": free - request.amount})


def _free(row: Voucher, but: str = "", but_ticket: str = "") -> int:
    holds = VoucherHold.objects.filter(voucher=row.number, until__gt=timezone.now())
    if but:
        holds = holds.exclude(till=but)
    if but_ticket:
        holds = holds.exclude(ticket=but_ticket)
    held = holds.aggregate(amount=Sum("amount"))["amount"] or 0
    return max(0, row.issued - row.spent - held)


def _parked(row: Parked) -> wire.ParkedTicket:
    return wire.ParkedTicket(
        ticket=row.ticket, till=row.till, place=row.place, name=row.name, who=row.who, at=row.at, total=row.total
    )
