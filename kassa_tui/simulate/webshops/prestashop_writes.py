"""What the simulated PrestaShop does with a state, an order and a credit slip that its webservice is given."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from kassa_tui.simulate.webshops.prestashop_books import WEBSERVICE, Books, CartUsed, Line, Row
from kassa_tui.simulate.webshops.prestashop_query import Refusal


def entered(books: Books, order: int, state: Any, *, mail: bool) -> Row:
    """Bring an order to a state; the row of its history."""
    if (
        order not in books.tables["orders"]
        or not str(state).isdecimal()
        or int(state) not in books.tables["order_states"]
    ):
        raise Refusal(500, 46, "Unable to save resource")
    row = books.enter(order, int(state))
    if mail and books.tables["order_states"][int(state)].get("send_email"):
        books.mails.append((f"state {int(state)}", order))
    return row


def add_order(books: Books, fields: Mapping[str, Any]) -> Row:
    """An order of a cart: the shop calculates it anew, and its state is what the shop says, not what is sent."""
    cart = books.tables["carts"].get(_whole(fields["id_cart"]))
    customer = books.tables["customers"].get(_whole(fields["id_customer"]))
    if cart is None or customer is None:
        raise CartUsed
    if cart["secure_key"] != customer["secure_key"]:
        raise Refusal(500, 0, "Secure key does not match")
    lines: list[Line] = [
        (_whole(row["id_product"]), _whole(row["id_product_attribute"]), _whole(row["quantity"]))
        for row in cart["associations"].get("cart_rows", [])
    ]
    carrier = books.tables["carriers"][_whole(cart["id_carrier"])]
    # One that is switched off carries nothing: the cart falls to another, that costs something.
    free = carrier["is_free"] and carrier["active"]
    return books.order(
        lines, state=WEBSERVICE, customer=customer["id"], carrier=_whole(cart["id_carrier"]),
        module=fields["module"], payment=fields["payment"], cart=cart["id"], paid=_euros(fields["total_paid"]),
        shipping=Decimal(0) if free else Decimal("4.95"), message=cart["gift_message"] or "",
    )  # fmt: skip


def add_slip(books: Books, fields: Mapping[str, Any], rows: Mapping[str, list[Row]]) -> Row:
    """A credit slip: money in the books, no goods on the shelf, whatever it comes to."""
    if _whole(fields["id_order"]) not in books.tables["orders"]:
        raise Refusal(500, 46, "Unable to save resource")
    slip = books.add("order_slip", fields)
    for name in ("total_products_tax_excl", "total_products_tax_incl", "total_shipping_tax_excl",
                 "total_shipping_tax_incl", "amount", "shipping_cost_amount"):  # fmt: skip
        slip[name] = f"{_euros(fields.get(name) or '0', '0.000001'):.6f}"
    details = [{"id": slip["id"], **row} for row in rows.get("order_slip_details", [])]
    slip["associations"]["order_slip_details"] = details
    return slip


def _whole(text: Any) -> int:
    return int(text) if str(text).isdecimal() else 0


def _euros(text: Any, places: str = "0.01") -> Decimal:
    try:
        return Decimal(str(text)).quantize(Decimal(places))
    except InvalidOperation as error:
        raise Refusal(400, 85, 'Validation error: "Property Order->total_paid is not valid"') from error
