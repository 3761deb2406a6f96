"""How WooCommerce 9.9 writes products, orders and refunds: texts for money, naive times, empty lists for nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kassa_tui.simulate.webshops.woocommerce_books import Books, Item, Order, Product, Refund

Json = dict[str, Any]


def times(name: str, at: int, zone: ZoneInfo) -> Json:
    """A time by the shop's clock and in UTC, both without a zone; null for none."""
    if not at:
        return {name: None, f"{name}_gmt": None}
    here = datetime.fromtimestamp(at, zone).replace(tzinfo=None)
    return {name: here.isoformat(), f"{name}_gmt": datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()}


def money(amount: Decimal, places: int) -> str:
    """At so many places, two by default."""
    return f"{amount.quantize(Decimal(10) ** -places, ROUND_HALF_UP):f}"


def whole(number: Decimal) -> int | float:
    """A count as PHP writes it."""
    return int(number) if number == int(number) else float(number)


def metas(meta: Json, start: int) -> list[Json]:
    """Meta fields, each with an id."""
    return [{"id": start * 100 + no, "key": key, "value": value} for no, (key, value) in enumerate(meta.items())]


def product_json(product: Product, books: Books, zone: ZoneInfo, *, version: tuple[int, ...], nested: bool) -> Json:
    """A product; ``nested``: a variation in the list of its parent, named by what sets it apart."""
    above = books.products.get(product.parent)
    keeper = books.keeper(product)
    name = product.name if above is None else product.option if nested else f"{above.name} - {product.option}"
    variations = [each.id for each in books.products.values() if each.parent == product.id and each.status != "trash"]
    found: Json = {
        "id": product.id,
        "name": name,
        **times("date_created", product.created, zone),
        **times("date_modified", product.modified, zone),
        "type": product.type,
        "status": product.status,
        "sku": product.sku,
        "global_unique_id": product.ean,
        "price": product.sale_price or product.regular_price,
        "regular_price": product.regular_price,
        "sale_price": product.sale_price,
        "tax_status": books.tax_status(product),
        "tax_class": product.tax_class,
        "manage_stock": product.manage_stock,
        "stock_quantity": None if keeper is None else whole(keeper.stock),
        "backorders": product.backorders,
        "stock_status": "instock" if keeper is None or keeper.stock > 0 else "outofstock",
        "parent_id": product.parent,
        "attributes": [{"id": 0, "name": "Soort", "slug": "soort", "option": product.option}] if product.option else [],
        "variations": variations if product.type == "variable" else [],
        "meta_data": metas(product.meta, product.id),
    }
    if version < (9, 1):
        del found["global_unique_id"]
    return found


def item_json(item: Item, books: Books, places: int) -> Json:
    """A line."""
    product = books.products.get(item.variation or item.product)
    found: Json = {"id": item.id, "name": item.name}
    taxes = [{"id": rate, "total": f"{tax:f}", "subtotal": f"{tax:f}"} for rate, tax in item.taxes.items()]
    totals = {"total": money(item.total, places), "total_tax": money(item.tax, places), "taxes": taxes}
    if item.kind == "line_item":
        count = item.qty or Decimal(1)
        found |= {
            "product_id": item.product, "variation_id": item.variation, "quantity": whole(item.qty),
            "tax_class": item.tax_class, "subtotal": money(item.subtotal, places),
            "subtotal_tax": money(item.tax, places), **totals, "sku": product.sku if product else None,
            "price": float(item.total / count), "image": {"id": "", "src": ""}, "parent_name": None,
        }  # fmt: skip
    elif item.kind == "shipping":
        found = {"id": item.id, "method_title": item.name, "method_id": item.method, "instance_id": "1", **totals}
    else:
        found |= {"tax_class": item.tax_class, "tax_status": "taxable" if item.taxes else "none",
                  "amount": money(item.total, places), **totals}  # fmt: skip
    return {**found, "meta_data": metas(item.meta, item.id)}


def order_json(order: Order, books: Books, zone: ZoneInfo, places: int = 2) -> Json:
    """An order."""
    kinds = {kind: [each for each in order.items if each.kind == kind] for kind in ("line_item", "shipping", "fee")}
    rates = {rate for item in order.items for rate in item.taxes}
    empty = dict.fromkeys(("first_name", "last_name", "company", "address_1", "postcode", "city", "country"), "")
    return {
        "id": order.id,
        "parent_id": 0,
        "status": order.status,
        "currency": "EUR",
        "version": "9.9.5",
        "prices_include_tax": books.prices_include_tax,
        **times("date_created", order.created, zone),
        **times("date_modified", order.modified, zone),
        "discount_total": money(sum(((each.subtotal - each.total) for each in order.items), Decimal(0)), places),
        "total": money(order.total, places),
        "total_tax": money(order.tax, places),
        "billing": {**empty, "email": "", "phone": "", **order.billing},
        "shipping": empty,
        "payment_method": order.payment_method,
        "payment_method_title": order.payment_title,
        "transaction_id": order.transaction,
        "created_via": order.created_via,
        "customer_note": order.note,
        **times("date_completed", order.completed, zone),
        **times("date_paid", order.paid, zone),
        "number": str(order.id),
        "meta_data": metas(order.meta, order.id),
        "line_items": [item_json(each, books, places) for each in kinds["line_item"]],
        "tax_lines": [
            {"id": order.id * 10 + tax.id, "rate_code": f"NL-{tax.name}-{tax.id}", "rate_id": tax.id, "label": tax.name,
             "compound": False, "tax_total": "0", "rate_percent": float(tax.percent)}
            for tax in books.taxes if tax.id in rates
        ],
        "shipping_lines": [item_json(each, books, places) for each in kinds["shipping"]],
        "fee_lines": [item_json(each, books, places) for each in kinds["fee"]],
        "coupon_lines": [],
        "refunds": [{"id": each.id, "reason": each.reason, "total": f"-{money(each.amount, 2)}"}
                    for each in reversed(order.refunds)],
    }  # fmt: skip


def refund_json(refund: Refund, books: Books, zone: ZoneInfo, places: int = 2) -> Json:
    """A refund: its own amount above zero, its lines below."""
    lines = {kind: [item_json(each, books, places) for each in refund.items if each.kind == kind]
             for kind in ("line_item", "shipping", "fee")}  # fmt: skip
    return {
        "id": refund.id,
        **times("date_created", refund.at, zone),
        "amount": money(refund.amount, places),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": refund.paid_back,
        "meta_data": metas(refund.meta, refund.id),
        "line_items": lines["line_item"],
        "shipping_lines": lines["shipping"],
        "tax_lines": [],
        "fee_lines": lines["fee"],
    }
