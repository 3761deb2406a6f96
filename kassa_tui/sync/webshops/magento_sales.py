"""Counter sales as orders in Magento, for whoever wants one report: they take no stock and reserve none.

The number of the receipt is the order's number: Magento refuses it a second time, so that nothing is there twice.
"""

from __future__ import annotations

from typing import Any

from kassa_tui.sync.webshops.amounts import euros, naive
from kassa_tui.sync.webshops.base import CounterSale, Permanent, SoldLine
from kassa_tui.sync.webshops.magento_orders import key_of_order
from kassa_tui.sync.webshops.magento_web import Rest, Row, number, quantity

MAX_KEY = 32
"""Characters of an order's number that every version keeps."""
METHOD = "checkmo"
"""A method of payment that every shop has; how it was really paid is the payment's note."""
EMAIL = "kassa@kassa.invalid"
"""Nobody's: an order must have one."""


def find_sale(rest: Rest, key: str) -> Row | None:
    """The order of a counter sale."""
    found = rest.search("orders", [[("ext_order_id", "eq", key)]], size=10)
    return next((row for row in found.rows if key_of_order(row) == key), None)


def place_sale(rest: Rest, sale: CounterSale, store: int) -> None:
    """Put it there; well too where it is there already. Permanent ``refused``.

    ``store``: the number of a store view; without one the shop takes the same number twice.
    """
    if len(sale.key) > MAX_KEY:
        raise Permanent("refused", {"says": sale.key})
    try:
        rest.send("POST", "orders", {"entity": {**_entity(sale), "store_id": store}})
    except Permanent as error:
        # That there is one with this number it says in its own language.
        if error.facts.get("status") != 400 or find_sale(rest, sale.key) is None:
            raise


def _entity(sale: CounterSale) -> dict[str, Any]:
    vat = sum(line.vat for line in sale.lines)
    discount = sum(line.gross - line.amount for line in sale.lines)
    address = {"firstname": "Kassa", "lastname": sale.key, "company": sale.key, "street": ["-"], "city": "-",
               "postcode": "-", "country_id": "NL", "telephone": "-", "email": EMAIL,
               "address_type": "billing"}  # fmt: skip
    sums = {"grand_total": sale.total, "subtotal": sale.total - vat + discount, "tax_amount": vat,
            "discount_amount": -discount, "total_paid": sale.total, "total_due": 0, "shipping_amount": 0,
            "subtotal_incl_tax": sale.total + discount}  # fmt: skip
    return {
        "increment_id": sale.key, "ext_order_id": sale.key, "state": "complete", "status": "complete",
        "created_at": naive(sale.at, sep=" "), "customer_email": EMAIL, "customer_is_guest": 1, "is_virtual": 1,
        "base_currency_code": "EUR", "order_currency_code": "EUR", "store_currency_code": "EUR",
        "global_currency_code": "EUR", "email_sent": 1, "billing_address": address, **_doubled(sums),
        "payment": {"method": METHOD, "additional_information": [sale.title or sale.method], **_doubled(
            {"amount_ordered": sale.total, "amount_paid": sale.total})},
        "items": [_item(line) for line in sale.lines],
    }  # fmt: skip


def _item(line: SoldLine) -> dict[str, Any]:
    discount = line.gross - line.amount
    each = line.gross * 1000 // (line.qty or 1000)
    sums = {"row_total": line.gross - line.vat, "row_total_incl_tax": line.gross, "tax_amount": line.vat,
            "discount_amount": discount, "price_incl_tax": each, "price": each, "original_price": each}  # fmt: skip
    return {
        "sku": line.product, "name": line.name, "product_type": "virtual", "is_virtual": 1,
        "qty_ordered": quantity(line.qty), "tax_percent": number(euros(line.rate)), **_doubled(sums),
    }  # fmt: skip


def _doubled(sums: dict[str, int]) -> dict[str, Any]:
    """Amounts in the order's currency and, the same here, in the shop's."""
    return {f"{start}{name}": number(euros(cents)) for name, cents in sums.items() for start in ("", "base_")}
