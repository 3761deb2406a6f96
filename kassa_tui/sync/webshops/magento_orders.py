"""Magento's orders, invoices and credit memos as values of ours.

Of a configurable product an order has two lines: the parent has the prices, and what is shipped and refunded is said of
it; the child says what was sold. The two become one line, with the parent's id. Magento says nothing of how much stock
an order holds: it is what is still to be shipped, and what was shipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.amounts import cents, fit, rate_of, rounded, thousandths, utc
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
from kassa_tui.sync.webshops.magento_web import Row, amount, part, rows, text

STAGES: Mapping[str, Stage] = {
    "new": "unpaid", "pending_payment": "unpaid", "payment_review": "unpaid", "processing": "prepare",
    "complete": "done", "canceled": "cancelled", "closed": "refunded",
}  # fmt: skip
"""By state; statuses are labels that every shop makes for itself. ``holded`` is a person's business."""
OFFLINE = frozenset({"checkmo", "banktransfer", "cashondelivery", "purchaseorder", "free"})
"""Payment methods without a payment before the goods are made ready."""
PICKUP = "instore_pickup"
CANCELED_MEMO, PAID_INVOICE = "3", "2"
READY, DONE = "[kassa:ready]", "[kassa:done]"
"""In the history of an order to be picked up: when it is ready Magento has shipped it, and tells the two not apart."""
CREATED_VIA = "kassa"
NEAR = Decimal("0.05")
"""Euros that rounding may make an order differ from its lines; more is a charge that stands in no line."""
_KEY = re.compile(r"\[kassa:key:(.+?)(:restock)?\]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What belongs to orders and does not stand in them."""

    options: Options
    invoices: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """By order."""
    memos: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    skus: Mapping[str, str] = field(default_factory=dict)
    """By the number of a product its SKU, where an item may say another."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A line with its exact amounts, in euros."""

    id: str
    kind: str
    name: str
    amount: Decimal
    vat: Decimal
    percent: Decimal
    holder: Row = field(default_factory=dict)
    """The item that says what was shipped and refunded."""
    item: Row = field(default_factory=dict)
    """The item that says what was sold."""


def order_of(row: Row, reading: Reading) -> WebOrder:
    """An order; Permanent ``bad_answer`` for what is none."""
    order_id, total = text(row, "entity_id"), cents(amount(row, "grand_total"), "grand_total")
    if not order_id:
        raise Permanent("bad_answer", {"what": "order", "found": str(dict(row))[:40]})
    refunds = tuple(refund_of(memo, row) for memo in reading.memos.get(order_id, ()) if _counts(memo))
    key = key_of_order(row)
    payment, method = part(row, "payment"), delivery(row)
    paid = _paid(row, total)
    paid_at = _paid_at(row, reading.invoices.get(order_id, ())) if paid else 0
    return WebOrder(
        id=order_id, number=text(row, "increment_id") or order_id, status=text(row, "status") or text(row, "state"),
        stage="done" if key else stage(row, reading.options), placed_at=utc(text(row, "created_at")),
        modified_at=utc(text(row, "updated_at")), paid_at=paid_at,
        currency=text(row, "order_currency_code") or "EUR", total=total, paid=paid,
        lines=_lines(row, total, reading, refunds, held=not key),
        payments=(WebPayment(method=text(payment, "method"), title=_title(row, payment), amount=paid,
                             ref=text(payment, "last_trans_id")),) if paid else (),
        refunds=refunds, pickup=picked_up(row, reading.options), pickup_at=_place(row, reading.options),
        delivery=method, customer=_customer(row), note=text(row, "customer_note"),
        created_via=CREATED_VIA if key else "", key=key,
    )  # fmt: skip


def stage(row: Row, options: Options) -> Stage:
    """What it means to us: by the owner's word for status, state or ``state/method of payment``, else by its state."""
    state, status, method = text(row, "state"), text(row, "status"), text(part(row, "payment"), "method")
    for name in (f"{state}/{method}", status, state):
        if name in options.statuses:
            return options.statuses[name]
    if state == "new" and method in OFFLINE:
        found: Stage = "prepare"
    else:
        found = STAGES.get(state, "unknown")
    if found in ("prepare", "done") and picked_up(row, options) and marked(row, READY) and not marked(row, DONE):
        return "ready"
    return found


def marked(row: Row, mark: str) -> bool:
    """Whether we wrote this in the order's history."""
    return any(mark in text(each, "comment") for each in rows(row.get("status_histories")))


def delivery(row: Row) -> str:
    """The code of the shipping method."""
    for each in rows(part(row, "extension_attributes").get("shipping_assignments")):
        if method := text(part(each, "shipping"), "method"):
            return method
    return text(row, "shipping_method")


def picked_up(row: Row, options: Options) -> bool:
    """Whether the customer comes for it."""
    method = delivery(row)
    return method == PICKUP or method in options.pickup_methods or method.partition("_")[0] in options.pickup_methods


def key_of_order(row: Row) -> str:
    """The key of a counter sale that we placed; empty for every other order."""
    key = text(row, "ext_order_id")
    return key if key and key == text(row, "increment_id") else ""


def key_mark(key: str, *, restock: bool) -> str:
    """What a credit memo's comment says for a refund to be found by its key."""
    return f"[kassa:key:{key}{':restock' if restock else ''}]"


def key_of_memo(memo: Row) -> tuple[str, bool]:
    """The key of a refund of ours, and whether its goods were put back; empty for one of somebody else."""
    for comment in rows(memo.get("comments")):
        if found := _KEY.search(text(comment, "comment")):
            return found[1], bool(found[2])
    return "", False


def refund_of(memo: Row, order: Row) -> WebRefund:
    """A credit memo of an order; of items only those that are lines of ours: a configurable's child is none."""
    told = " ".join(_KEY.sub("", text(each, "comment")).strip() for each in rows(memo.get("comments")))
    return WebRefund(
        id=text(memo, "entity_id"), at=utc(text(memo, "created_at")),
        amount=cents(amount(memo, "grand_total"), "grand_total"),
        lines=tuple(_refund_lines(memo, order)),
        restocked=key_of_memo(memo)[1], reason=told.strip(),
    )  # fmt: skip


def _refund_lines(memo: Row, order: Row) -> Iterator[WebRefundLine]:
    found = {text(item, "order_item_id"): item for item in rows(memo.get("items"))}
    parts = list(_goods(rows(order.get("items"))))
    shares = _bundle_shares(found, parts)
    for each in parts:
        item = found.get(each.id, {})
        qty, gross = thousandths(amount(item, "qty")), shares.get(each.id, cents(_gross(item)))
        if qty or gross:
            yield WebRefundLine(line=each.id, qty=qty, amount=gross)
    if shipping := cents(_refunded_shipping(memo, order)):
        yield WebRefundLine(line=SHIPPING, amount=shipping)


def _bundle_shares(found: Mapping[str, Row], parts: Sequence[_Part]) -> dict[str, int]:
    """Cents by line of bundles with one price: that stands at the bundle, which is no line of ours."""
    shares: dict[str, int] = {}
    for parent, item in found.items():
        below = [each.id for each in parts if text(each.item, "parent_item_id") == parent != each.id]
        if below and not any(_gross(found.get(child, {})) for child in below):
            gross = _gross(item)
            shares |= zip(below, fit([gross / len(below)] * len(below), cents(gross)), strict=True)
    return shares


def _refunded_shipping(memo: Row, order: Row) -> Decimal:
    """With VAT. A discount on it stands in the order only, and goes with it by its share."""
    given, whole = amount(memo, "shipping_amount"), amount(order, "shipping_amount")
    less = abs(amount(order, "shipping_discount_amount")) - amount(order, "shipping_discount_tax_compensation_amount")
    return given + amount(memo, "shipping_tax_amount") - (less * given / whole if whole else 0)


def _counts(memo: Row) -> bool:
    return text(memo, "state") != CANCELED_MEMO


def _gross(item: Row) -> Decimal:
    """What a line adds to the total, in euros, as Magento adds it up: the discount may be with VAT or without."""
    if item.get("row_total") is None and item.get("row_total_incl_tax") is not None:
        return amount(item, "row_total_incl_tax") - amount(item, "discount_amount")
    names = ("row_total", "tax_amount", "discount_tax_compensation_amount", "weee_tax_applied_row_amount")
    return sum((amount(item, name) for name in names), Decimal(0)) - abs(amount(item, "discount_amount"))


def _lines(row: Row, total: int, reading: Reading, refunds: Sequence[WebRefund], *, held: bool) -> tuple[WebLine, ...]:
    parts = [*_goods(rows(row.get("items"))), *_shipping(row)]
    tax = amount(row, "tax_amount")
    rest = Decimal(total) / 100 - sum((each.amount for each in parts), Decimal(0))
    untold = tax - sum((each.vat for each in parts), Decimal(0))
    if not parts or abs(rest) > NEAR + Decimal(len(parts)) / 100:
        parts.append(_Part("adjustment", FEE, "", rest, untold, Decimal(0)))
        untold = Decimal(0)
    amounts = fit([each.amount for each in parts], total)
    whole = cents(tax, "tax_amount") if abs(untold) <= NEAR else sum(rounded(each.vat * 100) for each in parts)
    vats = fit([each.vat for each in parts], whole)
    classes, back = _classes(row), _restocked(refunds)
    return tuple(
        _line(each, gross, vat, reading, classes, back if held else None)
        for each, gross, vat in zip(parts, amounts, vats, strict=True)
    )


def _line(each: _Part, gross: int, vat: int, reading: Reading, classes: Mapping[str, str],
          back: Mapping[str, int] | None) -> WebLine:  # fmt: skip
    rate = rounded(each.percent * 100) or rate_of(gross, vat, reading.options.known_rates)
    kind_key = each.id if each.kind == GOODS else each.kind
    if each.kind != GOODS:
        return WebLine(id=each.id, kind=each.kind, name=each.name, amount=gross, vat=vat, rate=rate,
                       vat_class=classes.get(kind_key, ""))  # fmt: skip
    sku, shipped = text(each.item, "sku"), shipped_of(each.holder, each.item)
    refunded = max(0, _scaled(each.holder, each.item, amount(each.holder, "qty_refunded")))
    # Of what is there again, what never left is no longer among what waits.
    returned = 0 if back is None else max(0, back.get(each.id, 0) - max(0, refunded - shipped))
    return WebLine(
        id=each.id, product=reading.skus.get(text(each.item, "product_id"), sku), sku=sku, name=each.name,
        qty=thousandths(amount(each.item, "qty_ordered")), amount=gross, vat=vat, rate=rate,
        vat_class=classes.get(kind_key, ""), shipped=shipped, refunded=refunded,
        taken=0 if back is None else max(0, to_ship(each.holder, each.item) + shipped - returned),
    )  # fmt: skip


def to_ship(holder: Row, item: Row) -> int:
    """Thousandths that wait to leave; Magento takes what was refunded for what was shipped, as far as it goes."""
    gone = max(amount(holder, _left(holder)), amount(holder, "qty_refunded")) + amount(holder, "qty_canceled")
    return max(0, _scaled(holder, item, amount(holder, "qty_ordered") - gone))


def shipped_of(holder: Row, item: Row) -> int:
    """Thousandths that left; what is never shipped (a service) left when it was invoiced."""
    return max(0, _scaled(holder, item, amount(holder, _left(holder))))


def _left(holder: Row) -> str:
    return "qty_invoiced" if holder.get("is_virtual") in (1, True, "1") else "qty_shipped"


def _scaled(holder: Row, item: Row, qty: Decimal) -> int:
    """A quantity of the holder in pieces of the item: a bundle may have several of one in it."""
    per, of = amount(item, "qty_ordered"), amount(holder, "qty_ordered")
    return thousandths(qty if holder is item or not of or per == of else qty * per / of)


def _goods(items: Sequence[Row]) -> Iterator[_Part]:
    children: dict[str, list[Row]] = {}
    for item in items:
        if parent := text(item, "parent_item_id"):
            children.setdefault(parent, []).append(item)
    known = {text(item, "item_id") for item in items}
    for item in items:
        if text(item, "parent_item_id") in known - {""}:
            continue
        below = children.get(text(item, "item_id"), [])
        if not below:
            yield _whole(item, item)
        elif text(item, "product_type") == "bundle":
            yield from _bundle(item, below)
        else:
            yield _whole(item, below[0])


def _whole(holder: Row, item: Row) -> _Part:
    return _Part(text(holder, "item_id"), GOODS, text(item, "name") or text(holder, "name"), _gross(holder),
                 amount(holder, "tax_amount"), amount(holder, "tax_percent"), holder, item)  # fmt: skip


def _bundle(holder: Row, below: Sequence[Row]) -> Iterator[_Part]:
    """A bundle's parts with their own prices, or, of one with a price of its own, with an even share in it."""
    own = not priced_whole(holder, below)
    share = Decimal(len(below))
    for item in below:
        gross = _gross(item) if own else _gross(holder) / share
        vat = amount(item, "tax_amount") if own else amount(holder, "tax_amount") / share
        percent = amount(item if own else holder, "tax_percent")
        yield _Part(text(item, "item_id"), GOODS, text(item, "name"), gross, vat, percent, _said(holder, item), item)


def priced_whole(holder: Row, items: Iterable[Row]) -> bool:
    """Whether a bundle has a price of its own, and its parts among these items have none."""
    number = text(holder, "item_id")
    return bool(_gross(holder)) and not any(_gross(item) for item in items if text(item, "parent_item_id") == number)


def chosen(row: Row) -> Iterator[str]:
    """Numbers of products of which the customer chose something: the item's SKU says that as well, and is none."""
    items = rows(row.get("items"))
    parents = {text(item, "parent_item_id") for item in items}
    for item in items:
        options = part(part(item, "product_option"), "extension_attributes").get("custom_options")
        if rows(options) and text(item, "item_id") not in parents and (number := text(item, "product_id")):
            yield number


def _said(holder: Row, item: Row) -> Row:
    """What was done with a part of a bundle: it may be said of the part, of the bundle, or of both."""
    names = ("qty_shipped", "qty_invoiced", "qty_refunded", "qty_canceled")
    below = {name: Decimal(_scaled(holder, item, amount(holder, name))) / 1000 for name in names}
    return {**item, **{name: max(amount(item, name), below[name]) for name in names}}


def _shipping(row: Row) -> Iterator[_Part]:
    names = ("shipping_amount", "shipping_tax_amount", "shipping_discount_tax_compensation_amount")
    vat = amount(row, "shipping_tax_amount")
    gross = sum((amount(row, name) for name in names), Decimal(0)) - abs(amount(row, "shipping_discount_amount"))
    if gross or vat:
        percent = next((amount(tax, "percent") for tax in _taxes(row, "shipping")), Decimal(0))
        yield _Part(SHIPPING, SHIPPING, text(row, "shipping_description"), gross, vat, percent)


def _taxes(row: Row, kind: str) -> Iterator[Row]:
    for each in rows(part(row, "extension_attributes").get("item_applied_taxes")):
        if text(each, "type") == kind:
            yield from rows(each.get("applied_taxes"))


def _classes(row: Row) -> dict[str, str]:
    """The shop's own name of the tariff by item, and of the shipping."""
    found: dict[str, str] = {}
    for each in rows(part(row, "extension_attributes").get("item_applied_taxes")):
        codes = [text(tax, "code") for tax in rows(each.get("applied_taxes"))]
        if codes:
            found[SHIPPING if text(each, "type") == SHIPPING else text(each, "item_id")] = codes[0]
    return found


def _restocked(refunds: Iterable[WebRefund]) -> dict[str, int]:
    """Thousandths by line that the shop has put back, as far as it was for us."""
    found: dict[str, int] = {}
    for refund in refunds:
        for line in refund.lines if refund.restocked else ():
            found[line.line] = found.get(line.line, 0) + line.qty
    return found


def _paid(row: Row, total: int) -> int:
    """Cents that were paid, or that the payment's provider holds for the invoice that comes with the goods."""
    paid = cents(amount(row, "total_paid"), "total_paid")
    if text(row, "state") not in ("processing", "complete"):
        return paid
    held = cents(amount(part(row, "payment"), "amount_authorized"), "amount_authorized")
    return max(paid, min(held, total))


def _paid_at(row: Row, invoices: Sequence[Row]) -> int:
    """When the first invoice was made; where there is none the payment came with the order."""
    made = [utc(text(invoice, "created_at")) for invoice in invoices if text(invoice, "state") in ("", PAID_INVOICE)]
    return min((at for at in made if at), default=utc(text(row, "created_at")))


def _title(row: Row, payment: Row) -> str:
    for each in rows(part(row, "extension_attributes").get("payment_additional_info")):
        if text(each, "key") == "method_title":
            return text(each, "value")
    told = payment.get("additional_information")
    return str(told[0])[:80] if isinstance(told, list) and told and isinstance(told[0], str) else ""


def _place(row: Row, options: Options) -> str:
    code = text(part(row, "extension_attributes"), "pickup_location_code")
    return code or (text(row, "shipping_description") if picked_up(row, options) else "")


def _customer(row: Row) -> str:
    for holder, first, last in ((row, "customer_firstname", "customer_lastname"),
                                (part(row, "billing_address"), "firstname", "lastname")):  # fmt: skip
        if name := f"{text(holder, first)} {text(holder, last)}".strip():
            return name
    return text(part(row, "billing_address"), "company")
