"""A WooCommerce order as JSON, into a web order.

Lines are without VAT, at six places; the order was rounded once. ``_reduced_stock`` on a line is there exactly while
the shop holds the goods for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.amounts import cents, exact, fit, rate_of, rounded, thousandths, utc
from kassa_tui.sync.webshops.base import (
    FEE,
    GOODS,
    SHIPPING,
    Permanent,
    Stage,
    WebLine,
    WebOrder,
    WebPayment,
    WebRefund,
    WebRefundLine,
)
from kassa_tui.sync.webshops.woocommerce_web import Row, inner, many, meta, number, own_rates, text

KEY_META, STEP_META, REFUND_META = "_till_sale_id", "_till_step", "_till_refund_key"
"""Where our keys are on orders and refunds, and how far we brought an order that has no status for it."""
PICKUP_METHODS = ("local_pickup", "pickup_location")
"""Of the classic checkout and of the one in blocks."""
DRAFTS = ("checkout-draft", "auto-draft")
"""Somebody at the checkout: no order yet, and gone within a day if it never becomes one."""
STAGES: Mapping[str, Stage] = {
    "pending": "unpaid",
    "on-hold": "unpaid",
    "checkout-draft": "unpaid",
    "auto-draft": "unpaid",
    "processing": "prepare",
    "completed": "done",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "trash": "cancelled",
    "refunded": "refunded",
}
REST_LINE = "rest"
"""Id of the line for what a plugin put into the total and not into any line (gift cards)."""


def order_of(row: Row, refunds: list[Row], options: Options) -> WebOrder:
    """The order; ``refunds`` are those of the order in full.

    Raises:
        Permanent: ``bad_answer`` with the order's id.
    """
    try:
        return _order(row, refunds, options)
    except Permanent as error:
        raise Permanent(error.code, {**error.facts, "order": text(row, "id")}) from error


def _order(row: Row, refunds: list[Row], options: Options) -> WebOrder:
    paid_at = utc(row.get("date_paid_gmt"))
    total = cents(row.get("total") or 0, "total")
    lines = _lines(row, total, options)
    methods = many(row, "shipping_lines")
    pickup = next((each for each in methods if is_pickup(each, options)), None)
    given = {"method": text(row, "payment_method"), "title": text(row, "payment_method_title")}
    payment = WebPayment(**given, amount=total, ref=text(row, "transaction_id"))
    return WebOrder(
        id=str(number(row)),
        number=text(row, "number") or str(number(row)),
        status=text(row, "status"),
        stage=stage(row, options),
        placed_at=utc(row.get("date_created_gmt")),
        modified_at=utc(row.get("date_modified_gmt")),
        paid_at=paid_at,
        currency=text(row, "currency") or "EUR",
        total=total,
        paid=total if paid_at else 0,
        lines=_with_refunded(lines, refunds, utc(row.get("date_completed_gmt"))),
        payments=(payment,) if paid_at and total else (),
        refunds=_refunds(row, refunds),
        pickup=pickup is not None,
        pickup_at=_place(pickup) if pickup else "",
        delivery=text(pickup or (methods[0] if methods else {}), "method_id"),
        customer=_customer(row),
        note=text(row, "customer_note"),
        created_via=text(row, "created_via"),
        key=_word(meta(row, KEY_META)),
    )


def stage(row: Row, options: Options) -> Stage:
    """What the order's status means; one that we made ready has no status of WooCommerce's own for it."""
    status = text(row, "status").removeprefix("wc-")
    own = options.statuses
    found: Stage = own.get(status) or own.get(f"wc-{status}") or STAGES.get(status, "unknown")
    return "ready" if found == "prepare" and meta(row, STEP_META) == "ready" else found


def is_pickup(method: Row, options: Options) -> bool:
    """Whether a shipping line means that the customer comes for it."""
    code, instance = text(method, "method_id"), text(method, "instance_id")
    return code in PICKUP_METHODS or code in options.pickup_methods or f"{code}:{instance}" in options.pickup_methods


def _place(method: Row) -> str:
    for key in ("pickup_location", "_pickup_location"):
        if isinstance(found := meta(method, key), str) and found:
            return found
    return text(method, "method_title")


def _customer(row: Row) -> str:
    for address in (inner(row, "billing"), inner(row, "shipping")):
        name = f"{text(address, 'first_name')} {text(address, 'last_name')}".strip()
        if found := name or text(address, "company"):
            return found
    return ""


def _lines(row: Row, total: int, options: Options) -> list[WebLine]:
    kinds = (("line_items", GOODS), ("shipping_lines", SHIPPING), ("fee_lines", FEE))
    found = [(each, kind) for key, kind in kinds for each in many(row, key)]
    taxes = [tax_of(each) for each, _ in found]
    parts = [exact(each.get("total") or 0, "total") + tax for (each, _), tax in zip(found, taxes, strict=True)]
    amounts, rest = _fitted(parts, total)
    vats, _ = _fitted(taxes, cents(row.get("total_tax") or 0, "total_tax"))
    percents = {text(each, "rate_id"): each.get("rate_percent") for each in many(row, "tax_lines")}
    left = text(row, "status") == "completed" or (text(row, "status") == "refunded" and row.get("date_completed_gmt"))
    lines = [
        _line(each, kind, amount, vat, percents, bool(left), options)
        for (each, kind), amount, vat in zip(found, amounts, vats, strict=True)
    ]
    if rest:
        lines.append(WebLine(id=REST_LINE, kind=FEE, amount=rest, vat=0, rate=0))
    return lines


def tax_of(row: Row) -> Decimal:
    """VAT of a line at six places; ``total_tax`` was rounded already, unless the shop rounds by the order."""
    found = [each.get("total") for each in many(row, "taxes")]
    said = [exact(each, "tax") for each in found if each not in ("", None)]
    return sum(said, Decimal(0)) if said else exact(row.get("total_tax") or 0, "total_tax")


def _fitted(parts: list[Decimal], total: int) -> tuple[list[int], int]:
    """Cents that add up, and what of the total rounding cannot explain."""
    whole = rounded(sum(parts, Decimal(0)) * 100)
    # Each line may have been rounded for itself, by half a cent at most, and the order once more.
    if abs(total - whole) > (len(parts) + 1) // 2 + 1 or not parts:
        return fit(parts, whole), total - whole
    return fit(parts, total), 0


def _line(
    row: Row, kind: str, amount: int, vat: int, percents: Mapping[str, Any], left: bool, options: Options
) -> WebLine:
    goods = kind == GOODS
    qty = thousandths(row.get("quantity") or 0) if goods else 1000
    return WebLine(
        id=str(number(row)),
        kind=kind,
        product=product_id(row) if goods else "",
        sku=text(row, "sku"),
        ean=text(row, "global_unique_id"),
        name=text(row, "name") or text(row, "method_title"),
        qty=qty,
        amount=amount,
        vat=vat,
        rate=_rate(row, amount, vat, percents, options),
        vat_class=text(row, "tax_class"),
        taken=_count(meta(row, "_reduced_stock")) if goods else 0,
        shipped=qty if goods and left else 0,
    )


def product_id(row: Row) -> str:
    """``12``, or ``12:34`` for a variation; empty for what is not a product (any more)."""
    product, variation = number(row, "product_id"), number(row, "variation_id")
    return (f"{product}:{variation}" if variation else str(product)) if product else ""


def _rate(row: Row, amount: int, vat: int, percents: Mapping[str, Any], options: Options) -> int:
    taxes = [each for each in many(row, "taxes") if each.get("total") not in ("", None)]
    # All rates of the order may be listed, those that are not the line's own at nothing.
    taxes = [each for each in taxes if exact(each["total"], "tax")] or taxes[:1]
    # As text: plugins that calculate tax themselves have 0 or a word for the id of a rate.
    said = [percents.get(text(each, "id")) for each in taxes]
    if said and None not in said:
        return rounded(sum((exact(each, "rate_percent") for each in said), Decimal(0)) * 100)
    # What the shop says itself comes first; and what was sold without VAT has none, whatever its class.
    if vat and "tax_class" in row and text(row, "tax_class") in (rates := own_rates(options)):
        return rates[text(row, "tax_class")]
    return rate_of(amount, vat, options.known_rates)


def _count(found: Any) -> int:
    """Thousandths of a count in a meta field; plugins leave empty texts there."""
    return max(0, thousandths(found, "_reduced_stock")) if found not in (None, "", False) else 0


def _word(found: Any) -> str:
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""


def refund_key(row: Row) -> str:
    """The key that we gave a refund. It stands in the reason too, which the shop keeps in the same breath."""
    found = _word(meta(row, REFUND_META))
    reason = text(row, "reason")
    if not found and reason.endswith("]") and "[" in reason:
        return reason[reason.rindex("[") + 1 : -1]
    return found


def _refunded_line(row: Row) -> str:
    return _word(meta(row, "_refunded_item_id"))


def refund_of(row: Row, restocked: bool) -> WebRefund:
    """One refund; the shop has its amounts below zero in lines (of what lowered the order above it), and above it as a
    whole."""
    kinds = ("line_items", "shipping_lines", "fee_lines")
    lines = tuple(
        WebRefundLine(line=line, qty=abs(thousandths(each.get("quantity") or 0)) if kind == "line_items" else 0,
                      amount=-_gross(each))
        for kind in kinds for each in many(row, kind) if (line := _refunded_line(each))
    )  # fmt: skip
    amount = abs(cents(row.get("amount") or 0))
    return WebRefund(id=str(number(row)), at=utc(row.get("date_created_gmt")), amount=amount, lines=lines,
                     restocked=restocked, reason=text(row, "reason"))  # fmt: skip


def _gross(row: Row) -> int:
    return rounded((exact(row.get("total") or 0) + tax_of(row)) * 100)


def _refunds(row: Row, refunds: list[Row]) -> tuple[WebRefund, ...]:
    """Refunds, oldest first. The shop tallies on each line how many it put back, not by which refund: what it put
    back is laid to the oldest."""
    pool = {str(number(each)): _count(meta(each, "_restock_refunded_items")) for each in many(row, "line_items")}
    found = []
    for each in sorted(refunds, key=number):
        refund = refund_of(each, False)
        wanted = [line for line in refund.lines if line.qty]
        back = bool(wanted) and all(pool.get(line.line, 0) >= line.qty for line in wanted)
        for line in wanted if back else ():
            pool[line.line] -= line.qty
        found.append(refund_of(each, back))
    return tuple(found)


def _with_refunded(lines: list[WebLine], refunds: list[Row], completed_at: int) -> tuple[WebLine, ...]:
    """With what came back. What was refunded before the order was completed never left."""
    came, early = dict[str, int](), dict[str, int]()
    for refund in (refund_of(row, False) for row in refunds):
        for each in refund.lines:
            came[each.line] = came.get(each.line, 0) + each.qty
            if refund.at < completed_at:
                early[each.line] = early.get(each.line, 0) + each.qty
    return tuple(
        msgspec.structs.replace(line, refunded=came[line.id], shipped=max(0, line.shipped - early.get(line.id, 0)))
        if came.get(line.id) else line
        for line in lines
    )  # fmt: skip
