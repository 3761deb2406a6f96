"""How Magento writes its products, orders and documents: naive UTC times, bare numbers, and much that is null."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kassa_tui.simulate.webshops.magento_documents import Item, Memo, Order
from kassa_tui.simulate.webshops.magento_goods import ZERO, Goods, Product


def when(at: int) -> str:
    """A time in UTC milliseconds as Magento writes it."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def price(amount: Decimal) -> Decimal:
    """An amount with as many places as it needs, two at least."""
    return amount.quantize(Decimal("0.01")) if amount == amount.quantize(Decimal("0.01")) else amount


def pieces(qty: Decimal) -> int | Decimal:
    """A quantity without places it does not need."""
    return int(qty) if qty == qty.to_integral_value() else qty.normalize()


def product(row: Product, store: str, *, alone: bool = False, goods: Goods | None = None) -> dict[str, Any]:
    """One product as a store view shows it; the stock item comes only with a product that was asked for alone."""
    own = row.views.get(store, {})
    custom = {"tax_class_id": str(own.get("tax_class_id", row.tax)), **row.attributes}
    extension: dict[str, Any] = {"website_ids": [1]}
    if row.children:
        extension["configurable_product_links"] = list(range(1, len(row.children) + 1))
    if alone and goods is not None:
        extension["stock_item"] = stock_item(row, goods)
    return {
        "id": row.id, "sku": row.sku, "name": own.get("name", row.name), "attribute_set_id": 4,
        "price": price(Decimal(str(own.get("price", row.price)))), "status": row.status, "visibility": 4,
        "type_id": row.kind,
        "created_at": when(row.created), "updated_at": when(row.updated), "weight": 1,
        "extension_attributes": extension, "product_links": [], "options": [], "media_gallery_entries": [],
        "tier_prices": [], "custom_attributes": [{"attribute_code": code, "value": custom[code]} for code in custom],
    }  # fmt: skip


def stock_item(row: Product, goods: Goods) -> dict[str, Any]:
    """What was all there was of stock before there were sources; with them it is what lies in the default one."""
    item = goods.items.get((row.sku.casefold(), "default"))
    qty = row.qty if not goods.msi else item.quantity if item else ZERO
    return {
        "item_id": row.id, "product_id": row.id, "stock_id": 1, "qty": pieces(qty),
        "is_in_stock": bool(row.in_stock if not goods.msi else item and item.status), "is_qty_decimal": False,
        "use_config_manage_stock": row.managed, "manage_stock": row.managed, "backorders": row.backorders,
        "min_qty": 0,
    }  # fmt: skip


def order(row: Order) -> dict[str, Any]:
    """One order, whole."""
    if row.raw is not None:
        return _posted(row)
    method, description = row.shipping
    assigned = {"shipping": {"method": method, "total": {"shipping_amount": price(row.shipping_amount)}}, "items": []}
    extension: dict[str, Any] = {
        "shipping_assignments": [assigned], "item_applied_taxes": _applied(row),
        "payment_additional_info": [{"key": "method_title", "value": row.title}],
    }  # fmt: skip
    if row.location:
        extension["pickup_location_code"] = row.location
    discount = sum((item.discount for item in row.items), ZERO)
    first, last = row.customer
    return {
        "entity_id": row.id, "increment_id": row.number, "state": row.state, "status": row.status or None,
        "created_at": when(row.created), "updated_at": when(row.updated), "store_id": 1, "is_virtual": 0,
        "base_currency_code": "EUR", "order_currency_code": "EUR", "ext_order_id": row.ext or None,
        "customer_firstname": first, "customer_lastname": last, "customer_email": "klant@example.org",
        "customer_note": row.note or None, "discount_amount": -price(discount), "grand_total": price(row.total),
        "subtotal": price(sum((item.row_total for item in row.items), ZERO)), "tax_amount": price(row.tax),
        "shipping_amount": price(row.shipping_amount), "shipping_tax_amount": price(row.shipping_tax),
        "shipping_incl_tax": price(row.shipping_gross + row.shipping_discount),
        "shipping_discount_amount": price(row.shipping_discount),
        "shipping_discount_tax_compensation_amount": price(row.shipping_compensation),
        "shipping_description": description,
        "shipping_refunded": price(row.shipping_refunded) if row.shipping_refunded else None,
        "total_paid": price(row.paid) if row.invoices else None, "total_due": price(row.total - row.paid),
        "total_refunded": price(row.refunded) if row.memos else None,
        "adjustment_positive": price(max(ZERO, row.adjusted)), "adjustment_negative": price(max(ZERO, -row.adjusted)),
        "items": [item(each) for each in row.items], "billing_address": {"firstname": first, "lastname": last},
        "payment": {"method": row.method, "last_trans_id": row.ref or None, "additional_information": [row.title]},
        "status_histories": [_history(row, no) for no in range(len(row.history))], "extension_attributes": extension,
    }  # fmt: skip


def _posted(row: Order) -> dict[str, Any]:
    return {
        **(row.raw or {}), "entity_id": row.id, "state": row.state, "status": row.status,
        "created_at": when(row.created), "updated_at": when(row.updated),
        "status_histories": [_history(row, no) for no in range(len(row.history))],
    }  # fmt: skip


def item(row: Item, *, nested: bool = True) -> dict[str, Any]:
    """One line of an order."""
    found: dict[str, Any] = {
        "item_id": row.id, "product_id": row.product, "product_type": row.kind, "name": row.name,
        "sku": f"{row.sku}-{row.option}" if row.option else row.sku, "is_virtual": int(row.virtual),
        "qty_ordered": pieces(row.qty), "qty_invoiced": pieces(row.invoiced),
        "qty_shipped": pieces(row.shipped), "qty_refunded": pieces(row.refunded),
        "qty_canceled": pieces(row.canceled), "row_total": price(row.row_total), "tax_amount": price(row.tax),
        "tax_percent": pieces(row.percent), "discount_amount": price(row.discount),
        "discount_tax_compensation_amount": price(row.compensation),
        "row_total_incl_tax": price(row.gross + row.discount), "price": price(row.row_total / row.qty),
        "price_incl_tax": price((row.gross + row.discount) / row.qty),
        "row_invoiced": price(row.booked["row_total"]), "amount_refunded": price(row.back["row_total"]),
    }  # fmt: skip
    for name, short in (("tax", "tax"), ("discount", "discount"), ("discount_tax_compensation", "compensation")):
        found |= {f"{name}_invoiced": price(row.booked[short]), f"{name}_refunded": price(row.back[short])}
    if row.option:
        found["product_option"] = {"extension_attributes": {"custom_options": [{
            "option_id": "1", "option_value": row.option}]}}  # fmt: skip
    if row.parent is not None:
        found["parent_item_id"] = row.parent.id
        if nested:
            found["parent_item"] = item(row.parent, nested=False)
    return found


def _applied(row: Order) -> list[dict[str, Any]]:
    found = [_tax("product", each.percent, each.tax, each.id) for each in row.items if each.tax]
    return [*found, _tax("shipping", Decimal(21), row.shipping_tax, None)] if row.shipping_tax else found


def _tax(kind: str, percent: Decimal, amount: Decimal, item_id: int | None) -> dict[str, Any]:
    code = f"NL-{pieces(percent)}"
    applied = {"code": code, "title": code, "percent": pieces(percent), "amount": price(amount)}
    return {"type": kind, "item_id": item_id, "associated_item_id": None, "applied_taxes": [applied]}


def _history(row: Order, no: int) -> dict[str, Any]:
    each = row.history[no]
    return {"comment": each["comment"], "created_at": when(each["at"]), "entity_id": no + 1, "entity_name": "order",
            "is_customer_notified": each["notified"], "is_visible_on_front": each["notified"], "parent_id": row.id,
            "status": each["status"]}  # fmt: skip


def invoice(row: Memo) -> dict[str, Any]:
    """One invoice, paid."""
    return {"entity_id": row.id, "order_id": row.order.id, "increment_id": f"{row.id:09}", "state": 2,
            "created_at": when(row.at), "grand_total": price(row.total), "items": _lines(row)}  # fmt: skip


def shipment(row: Memo) -> dict[str, Any]:
    """One shipment."""
    return {"entity_id": row.id, "order_id": row.order.id, "created_at": when(row.at), "items": _lines(row),
            "extension_attributes": {"source_code": row.comments[0]}}  # fmt: skip


def memo(row: Memo) -> dict[str, Any]:
    """One credit memo."""
    return {"entity_id": row.id, "order_id": row.order.id, "increment_id": f"{row.id:09}", "state": 2,
            "created_at": when(row.at), "grand_total": price(row.total), "items": _lines(row),
            "shipping_amount": price(row.shipping), "shipping_tax_amount": price(row.shipping_tax),
            "shipping_incl_tax": price(row.shipping + row.shipping_tax), "comments": comments(row)}  # fmt: skip


def comments(row: Memo) -> list[dict[str, Any]]:
    """What was written with it."""
    return [{"entity_id": no, "parent_id": row.id, "comment": told, "created_at": when(row.at)}
            for no, told in enumerate(row.comments, 1)]  # fmt: skip


def _lines(row: Memo) -> list[dict[str, Any]]:
    found = []
    for line in row.lines:
        each, qty, sums = line.item, line.qty, line.sums
        found.append({
            "entity_id": row.id * 100 + each.id, "order_item_id": each.id, "sku": each.sku, "name": each.name,
            "qty": pieces(qty), "row_total": price(sums["row_total"]), "tax_amount": price(sums["tax"]),
            "discount_amount": price(sums["discount"]), "discount_tax_compensation_amount": price(sums["compensation"]),
        })  # fmt: skip
        child = row.order.child(each)
        if child is not each:
            found.append({"entity_id": row.id * 100 + child.id, "order_item_id": child.id, "sku": child.sku,
                          "name": child.name, "qty": pieces(qty), "row_total": 0, "tax_amount": None})  # fmt: skip
    return found
