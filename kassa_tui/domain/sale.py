"""A finished sale as a fact: the body of the journal's ``sale`` entry, computed once and never again downstream."""

from __future__ import annotations

from typing import Any

from kassa_tui.domain.tender import Payment, Tender
from kassa_tui.domain.ticket import BESIDE, Discount, Line, Ticket, Totals, Void, totals
from kassa_tui.domain.vat import line_vat

Body = dict[str, Any]


def sale_body(ticket: Ticket, payment: Payment, *, shift: int, date: str, opened: int) -> Body:
    """Everything about a settled sale but its number and the perpetual totals, which the journal adds on commit.

    Amounts are cents, quantities thousandths, rates hundredths of a percent; ``amount`` of a line is what was paid
    for it after every discount. ``date`` is the local date of the sale, ``opened`` when its ticket began.
    """
    sums = totals(ticket)
    body = ticket_body(ticket, sums)
    body.update(
        ticket=ticket.id,
        shift=shift,
        date=date,
        opened=opened,
        total=sums.total,
        rounding=payment.rounding,
        change=payment.change,
        tenders=[_tender(tender) for tender in payment.tenders],
        vat=[{"code": b.code, "rate": b.rate, "gross": b.gross, "net": b.net, "vat": b.vat} for b in sums.vat],
    )
    return body


def ticket_body(ticket: Ticket, sums: Totals) -> Body:
    """Lines, voids, customer and answers of a ticket, finished or not."""
    parts = [
        (line.vat_code, line.vat_rate, line.amount - share)
        for line, share in zip(ticket.lines, sums.shares, strict=True)
    ]
    vats = line_vat(parts)
    body: Body = {
        "lines": [
            line_body(line, share, vat) for line, share, vat in zip(ticket.lines, sums.shares, vats, strict=True)
        ],
    }
    if ticket.voids:
        body["voids"] = [void_body(void) for void in ticket.voids]
    if ticket.discount:
        body["discount"] = {**discount_body(ticket.discount), "amount": sums.discount}
    if ticket.customer:
        body["customer"] = {"code": ticket.customer, "name": ticket.customer_name, "business": ticket.business}
    if ticket.note:
        body["note"] = ticket.note
    if ticket.ages:
        body["ages"] = {str(age): answer for age, answer in ticket.ages}
    return body


def line_body(line: Line, share: int, vat: int) -> Body:
    """One line; what is empty is left out, so that a year of sales stays small."""
    body: Body = {
        "no": line.no,
        "kind": line.kind,
        "sku": line.sku,
        "name": line.name,
        "group": line.group,
        "qty": line.quantity,
        "unit": line.unit,
        "price": line.unit_price,
        "gross": line.gross,
        "amount": line.amount - share,
        "vat_code": line.vat_code,
        "rate": line.vat_rate,
        "vat": vat,
        "source": line.source,
    }
    optional: Body = {
        "discount": line.discount,
        "share": share,
        "given": discount_body(line.given) if line.given else None,
        "list": line.list_price if line.list_price != line.unit_price else None,
        "code": line.code,
        "age": line.min_age,
        "parent": line.parent,
        "origin": line.origin,
        "origin_line": line.origin_line,
        "typed_weight": line.typed_weight,
        "tare": line.tare,
        "by": line.by,
        "reason": line.reason,
        "note": line.note,
        "web": line.web,
    }
    body.update({key: value for key, value in optional.items() if value})
    return body


def void_body(void: Void) -> Body:
    """One line that was taken off."""
    return {
        "sku": void.sku,
        "name": void.name,
        "qty": void.quantity,
        "amount": void.amount,
        "reason": void.reason,
        "by": void.by,
        "at": void.at,
        "after_subtotal": void.after_subtotal,
    }


def discount_body(discount: Discount) -> Body:
    """A discount as it was given."""
    return {"kind": discount.kind, "value": discount.value, "by": discount.by}


def turnover(lines: list[Body]) -> int:
    """Cents of the lines that count as turnover: not deposits, not vouchers sold, not money for a web order."""
    return sum(line["amount"] for line in lines if line["kind"] not in BESIDE)


def _tender(tender: Tender) -> Body:
    body: Body = {"kind": tender.kind, "amount": tender.amount}
    if tender.ref:
        body["ref"] = tender.ref
    if tender.detail:
        body["detail"] = dict(tender.detail)
    return body
