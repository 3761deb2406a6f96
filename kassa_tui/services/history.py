"""Looking back: receipts, copies, and why a line costs what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.services import books
from kassa_tui.services.till import done, refused
from kassa_tui.storage import spool

if TYPE_CHECKING:
    from kassa_tui.services.till import Till


def sale_by_number(till: Till, number: str) -> dict[str, Any] | Refused:
    """The facts of a sale with its ``seq``, ``copies`` and ``mark``, by ``K1-000123`` or ``123``."""
    return books.sale(till.store.read, till.config.till.id, number)


def reprint(till: Till, number: str = "", gift: bool = False) -> Outcome:
    """Print a receipt again, counted and marked as a copy; a gift receipt has no prices and is no copy."""
    if till.person is None or till.locked:
        return refused("not_logged_in")
    allowed = till.permit("reprint")
    if isinstance(allowed, Refused):
        return allowed
    sale = sale_by_number(till, number or str(till.store.state.receipt))
    if isinstance(sale, Refused):
        return sale
    if gift:
        till.store.spool(spool.add, sale["seq"], "gift", "")
    elif not spool.printed(till.store.read, sale["seq"]):
        till.store.spool(spool.add, sale["seq"], "receipt", "")
    else:
        copy = sale["copies"] + 1
        body = {"no": sale["no"], "number": sale["number"], "copy": copy, "total": sale["total"]}
        till.store.record("receipt.copy", body, till.who)
        till.store.spool(spool.add, sale["seq"], "receipt", str(copy))
    if till.printing is not None:
        till.printing.wake()
    return done("reprinted", number=sale["number"])


def why(till: Till, no: int) -> Outcome:
    """Where a line's amount comes from."""
    line = till.ticket.line(no) if till.ticket else None
    if line is None:
        return refused("no_line", line=no)
    deposits = [child.amount for child in till.ticket.lines if child.parent == no] if till.ticket else []
    return done("why", sku=line.sku, code=line.code, name=line.name, group=line.group, quantity=line.quantity,
                unit=line.unit, price=line.unit_price, list_price=line.list_price, source=line.source,
                gross=line.gross, discount=line.discount,
                discount_percent=line.given.value if line.given and line.given.kind == "percent" else 0,
                by=line.by, rate=line.vat_rate, deposit=sum(deposits), min_age=line.min_age,
                no_discount=line.no_discount, origin=line.origin, typed_weight=line.typed_weight)  # fmt: skip
