"""An order as tills are shown it, from what the books have of it."""

from __future__ import annotations

from collections.abc import Mapping

from kassa_tui.storage.web_orders import LineRow, OrderRow
from kassa_tui.sync.channel.books import ENDED, gone_now, paid_in_shop, stored
from kassa_tui.sync.channel.ports import BoardLine, BoardRow
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.webshops.base import GOODS, WebLine, WebOrder

OPEN_STAGES = ("unpaid", "prepare", "ready", "unknown")


def shown(settings: Settings, row: OrderRow, lines: Mapping[str, LineRow], customer: tuple[str, str]) -> BoardRow:
    """The row of one order; ``customer`` is name and note."""
    order = stored(row)
    refunded = sum(refund.amount for refund in order.refunds)
    paid = paid_in_shop(order, row) + row.received - max(refunded, row.paid_out)
    costs = 0 if order.stage in ENDED else order.total - refunded
    return {
        "channel": settings.code,
        "webshop": settings.name,
        "id": order.id,
        "number": order.number,
        "stage": order.stage,
        "status": order.status,
        "pickup": order.pickup,
        "pickup_at": order.pickup_at,
        "customer": customer[0],
        "note": customer[1],
        "placed_at": order.placed_at,
        "modified_at": row.modified_at,
        "total": order.total,
        "paid": paid,
        "due": max(0, costs - paid),
        "lines": [_line(order, line, lines.get(line.id)) for line in order.lines],
    }


def _line(order: WebOrder, line: WebLine, row: LineRow | None) -> BoardLine:
    left = 0
    if line.kind == GOODS and order.stage not in ENDED:
        left = max(0, line.qty - line.refunded - gone_now(order, line, row))
    return {
        "line": line.id,
        "sku": row.sku if row else "",
        "name": line.name,
        "qty": line.qty,
        "amount": line.amount,
        "left": left,
        "back": max(line.refunded, row.back if row else 0),
        "goods": int(line.kind == GOODS),
    }
