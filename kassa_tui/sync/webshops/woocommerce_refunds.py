"""Money back in WooCommerce's books: found by its key before it is booked, by lines without VAT and their taxes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kassa_tui.sync.webshops.amounts import euros, exact, rounded
from kassa_tui.sync.webshops.base import Permanent, RefundWish, WebRefund, WebRefundLine
from kassa_tui.sync.webshops.woocommerce_orders import REFUND_META, refund_key, refund_of, tax_of
from kassa_tui.sync.webshops.woocommerce_web import MAX_PAGE, Api, Row, is_gone, many, meta, number, one, rows, text

_SIX_PLACES = Decimal("0.000001")
RESTOCK_META = "_till_restock"


def refunds_of(api: Api, order: Row) -> list[Row]:
    """The refunds of an order in full; the order itself shows their totals only, and where it shows none nothing is
    asked."""
    if not many(order, "refunds"):
        return []
    return _all(api, str(number(order)))


def book(api: Api, order_id: str, wish: RefundWish) -> WebRefund:
    """The refund with this key, booked unless it is there.

    Raises:
        Permanent: ``unknown_order``; ``refused`` for more than there is to give back (the shop's 500).
    """
    try:
        order = one(api.get(f"/orders/{order_id}", [("dp", 6)]))
        found = next((row for row in _all(api, order_id) if refund_key(row) == wish.key), None) if wish.key else None
        if found is None:
            # Without api_refund the shop would ask the provider, and fail with a 500 where there is none.
            found = one(api.send("POST", f"/orders/{order_id}/refunds", [("dp", 6)], refund_body(order, wish)))
    except Permanent as error:
        if is_gone(error):
            raise Permanent("unknown_order", {"order": order_id}) from error
        raise
    back = meta(found, RESTOCK_META)
    return refund_of(found, back == "yes" if back is not None else wish.restock)


def _all(api: Api, order_id: str) -> list[Row]:
    return rows(api.get(f"/orders/{order_id}/refunds", [("per_page", MAX_PAGE), ("dp", 6)]))


def refund_body(order: Row, wish: RefundWish) -> Row:
    """What to send."""
    known = {str(number(row)): row for key in ("line_items", "shipping_lines", "fee_lines") for row in many(order, key)}
    lines = [_line(known[line.line], line) for line in wish.lines if line.line in known]
    restock = wish.restock and any(line["quantity"] for line in lines)
    return {
        "amount": euros(wish.amount),
        # In the reason too: the shop keeps that with the refund itself, and fields of ours a moment later.
        "reason": f"{wish.reason} [{wish.key}]".strip() if wish.key else wish.reason,
        "api_refund": wish.pay_out,
        "api_restock": restock,
        "line_items": lines,
        "meta_data": [
            {"key": REFUND_META, "value": wish.key},
            {"key": RESTOCK_META, "value": "yes" if restock else "no"},
        ],
    }


def _line(row: Row, line: WebRefundLine) -> dict[str, Any]:
    taxes = [(each.get("id"), exact(each.get("total") or 0)) for each in many(row, "taxes")]
    gross = exact(row.get("total") or 0) + tax_of(row)
    amount = Decimal(line.amount) / 100
    shares = [(id_, _share(amount, each, gross)) for id_, each in taxes]
    rest = amount - sum((each for _, each in shares), Decimal(0))
    whole = rounded(Decimal(line.qty) / 1000) if text(row, "product_id") else 0
    return {
        "id": number(row),
        "quantity": max(0, whole),
        "refund_total": f"{rest:f}",
        "refund_tax": [{"id": id_, "refund_total": f"{each:f}"} for id_, each in shares],
    }


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """``amount`` × ``part`` ÷ ``whole`` at six places; zero of nothing."""
    return (amount * part / whole).quantize(_SIX_PLACES, ROUND_HALF_UP) if whole else Decimal(0)
