"""What a till did to an order, into the channel's books: at once, whether the shop answers or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kassa_tui.domain.money import allocate
from kassa_tui.storage import web_orders
from kassa_tui.storage.web_orders import LineRow
from kassa_tui.sync.channel import books
from kassa_tui.sync.channel.books import Act, Body, Case, gone_now
from kassa_tui.sync.channel.refunds import left
from kassa_tui.sync.webshops.base import GOODS, RefundWish, WebRefundLine


@dataclass(frozen=True, slots=True)
class Said:
    """What a till says it did, under a key of its own."""

    key: str
    order: str
    at: int
    lines: Mapping[str, int] | None = None
    """The shop's id of a line → thousandths; None: all that is left."""
    received: int = 0
    before: int | None = None
    """What had been paid when the till took its money, as far as it knew; None: what the books have."""
    paid_out: int = 0
    restock: bool = False


def handed_over(case: Case, said: Said) -> list[Act]:
    """Entries of goods that were given out, and money taken for them."""
    rows, handed = dict(case.rows), list[Body]()
    for line in case.order.lines:
        row = rows.get(line.id)
        if line.kind != GOODS or row is None:
            continue
        gone = gone_now(case.order, line, row)
        qty = max(0, line.qty - line.refunded - gone) if said.lines is None else said.lines.get(line.id, 0)
        # Two tills that both say so gave it out once.
        more = min(line.qty, gone + qty) - row.handed
        if qty > 0 and more > 0:
            handed.append({"line": line.id, "qty": more})
            rows[line.id] = replace(row, handed=row.handed + more, handed_at=max(row.handed_at, said.at))
    after = _after(case, rows, said)
    if case.order.stage in books.ENDED:
        after.findings.append(("handed_over_ended", {"number": case.order.number, "stage": case.order.stage}))
    shipped = _keyed(after, web_orders.SHIPPED, books.moves(after), {"handed": handed, "at": said.at, "key": said.key})
    return [*_paid(after, said), *shipped, *books.sale(after)]


def never_left(case: Case, said: Said) -> bool:
    """Whether goods that are given up at the counter lie on the shelf still: then the shop is to put them back."""
    lines = said.lines or {}
    here = [line for line in case.order.lines if lines.get(line.id) and line.kind == GOODS]
    return said.restock and bool(here) and not any(gone_now(case.order, line, case.line(line.id)) for line in here)


def taken_back(case: Case, said: Said) -> list[Act]:
    """Entries of goods that were brought back, and of money paid out."""
    rows, back = dict(case.rows), list[Body]()
    lines = said.lines or {}
    if said.restock and not never_left(case, said):
        for line in case.order.lines:
            row = rows.get(line.id)
            if row is not None and line.kind == GOODS and lines.get(line.id):
                back.append({"line": line.id, "qty": lines[line.id]})
                rows[line.id] = replace(row, back=row.back + lines[line.id])
    after = _after(case, rows, said)
    more: Body = {"back": back, "at": said.at, "key": said.key}
    if not said.restock and lines:
        more["kept_off"] = [{"line": line, "qty": qty} for line, qty in lines.items()]
    returned = _keyed(after, web_orders.RETURNED, books.moves(after), more)
    return [*_paid(after, said), *returned, *books.sale(after)]


def received(case: Case, said: Said) -> list[Act]:
    """Entries of money alone."""
    after = _after(case, dict(case.rows), said)
    return [*_paid(after, said), *books.sale(after)]


def refund_wish(case: Case, said: Said, amount: int, *, pay_out: bool, restock: bool) -> RefundWish:
    """What the shop is to note as given back: the amount over the lines that came back."""
    there, _ = left(case.order)
    asked = [(line, min(qty, there[line].qty) or qty) for line, qty in (said.lines or {}).items() if line in there]
    worth = [there[line].amount * qty // (there[line].qty or qty) for line, qty in asked]
    shares = allocate(amount, worth) if sum(worth) != amount else worth
    parts = tuple(
        WebRefundLine(line=line, qty=qty, amount=share) for (line, qty), share in zip(asked, shares, strict=True)
    )
    return RefundWish(key=said.key, amount=amount, lines=parts, restock=restock, pay_out=pay_out)


def all_gone(case: Case) -> bool:
    """Whether nothing of an order is left to be handed over."""
    return all(
        line.kind != GOODS or gone_now(case.order, line, case.line(line.id)) >= line.qty - line.refunded
        for line in case.order.lines
    )


def _after(case: Case, rows: dict[str, LineRow], said: Said) -> Case:
    """The case as it is once the till's word is in the books."""
    row = case.row
    if row is not None:
        before = _before(case, said) if said.received and not row.received else row.paid_before
        row = replace(row, received=row.received + said.received, paid_out=row.paid_out + said.paid_out,
                      paid_before=before)  # fmt: skip
    return replace(case, row=row, rows=rows)


def _paid(case: Case, said: Said) -> list[Act]:
    if not said.received and not said.paid_out:
        return []
    facts: dict[str, Any] = {**books.names(case), "key": said.key}
    known = (("received", said.received), ("before", _before(case, said)), ("paid_out", said.paid_out))
    facts |= {name: cents for name, cents in known if cents}
    return [(web_orders.PAID, facts)]


def _before(case: Case, said: Said) -> int:
    if not said.received:
        return 0
    return said.before if said.before is not None else case.order.paid


def _keyed(case: Case, kind: str, acts: list[Act], more: Body) -> list[Act]:
    """The till's word goes with the movement that it made, or alone where it made none."""
    if not any(made == kind for made, _ in acts):
        acts = [*acts, (kind, {**books.names(case), "lines": []})]
    return [(made, {**facts, **more} if made == kind else facts) for made, facts in acts]
