"""A counter sale as an order of PrestaShop: only where the shop comes to the same price, and never twice.

The shop makes the order of a cart and calculates it anew; where what was paid is not what it finds, the order is a
payment error that takes no stock. So the price is calculated here first, and the cart is made before the order and
carries our key: what a lost answer left behind is found by it, and a cart can be ordered once.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from decimal import Decimal

import msgspec

from kassa_tui.sync.webshops.amounts import cents, exact
from kassa_tui.sync.webshops.base import CounterSale, Permanent, Unanswered, WebOrder
from kassa_tui.sync.webshops.prestashop_acts import Acts
from kassa_tui.sync.webshops.prestashop_api import Row, assoc, text_of, truth, whole
from kassa_tui.sync.webshops.prestashop_orders import BY_LINE, PICKUP_NAMES, Orders, priced, product_id
from kassa_tui.sync.webshops.prestashop_products import split_id
from kassa_tui.sync.webshops.prestashop_stamp import read_key, write_key
from kassa_tui.sync.webshops.prestashop_xml import Field

MAIL = "kassa@kassa.invalid"
"""Of the customer that is made for counter sales: an address that no mail ever reaches."""
_WITH_VAT = ("total_paid", "total_paid_tax_incl", "total_paid_real", "total_products_wt")
_WITHOUT = ("total_paid_tax_excl", "total_products")
GOODS_PRICE = (("use_tax", "1"), ("decimals", "6"))
_NOT_GENERIC = re.compile(r"[<>={}]")
"""Characters that the shop refuses in the name of a payment."""

Basket = dict[tuple[int, int], tuple[int, int]]
"""Product and variation → pieces and cents: a product may be in a cart once, and has one price there."""


class Sales:
    """Puts counter sales into the shop."""

    def __init__(self, orders: Orders, acts: Acts) -> None:
        self.orders, self.acts, self.api, self.known = orders, acts, orders.api, orders.known

    def find(self, key: str) -> WebOrder | None:
        """The order of a key: by the cart that it was made of, and by what the order took over from it."""
        row = self._found(key)
        return msgspec.structs.replace(self.orders.read([row])[0], key=key) if row is not None else None

    def place(self, sale: CounterSale) -> WebOrder:
        """The order of a sale, made unless it is there; handed over, and nobody is mailed."""
        row = self._found(sale.key)
        if row is None:
            row = self._make(sale)
        number = text_of(row.get("id"))
        if whole(row.get("current_state")) == self.known.state("PS_OS_ERROR"):
            # It took no stock and counts for nothing; a person cancels it and sees why the shop's price is another.
            raise Permanent("refused", {"says": "payment error", "order": number})
        if read_key(row.get("gift_message")) != sale.key:
            # Without our key it would come back to us as an order of the web, and count twice.
            self.api.change("orders", "order", number, {"gift_message": write_key(sale.key)}, whole=False)
        target = whole(self.known.options.steps.get("done", "")) or self.known.state("PS_OS_DELIVERED")
        self.acts.settle(number, target)
        order = self.orders.get(number)
        if order is None:
            raise Permanent("unknown_order", {"order": number})
        return order

    def _found(self, key: str) -> Row | None:
        rows = self._keyed("orders", key, "full")
        if not rows and self.api.may("carts"):
            carts = self._keyed("carts", key, "[id,gift_message]")
            rows = self.api.by("orders", "id_cart", [text_of(each.get("id")) for each in carts])
        return rows[0] if rows else None

    def _keyed(self, resource: str, key: str, display: str) -> list[Row]:
        """What carries a key, to the letter: the shop's database knows no capitals."""
        rows = self.api.rows(resource, filters={"gift_message": f"[{write_key(key)}]"}, display=display)
        return [row for row in rows if read_key(row.get("gift_message")) == key]

    def _make(self, sale: CounterSale) -> Row:
        module = self.known.options.payment_module
        if not module:
            raise Permanent("not_supported", {"what": "payment_module"})
        basket = basket_of(sale)
        total, without = self._price(sale, basket)
        customer, carrier = self._customer(), self._carrier()
        address = self._address(text_of(customer.get("id")))
        cart = self._cart(sale.key, basket, customer, address, carrier)
        title = _NOT_GENERIC.sub("", sale.title or sale.method).strip()
        fields: dict[str, Field] = {
            **self._who(text_of(customer.get("id")), address, carrier),
            "id_cart": cart, "module": module, "payment": title[:64] or "Kassa",
            "conversion_rate": "1", "gift_message": write_key(sale.key),
            **dict.fromkeys(_WITH_VAT, f"{total:.6f}"), **dict.fromkeys(_WITHOUT, f"{without:.6f}"),
        }  # fmt: skip
        try:
            self.api.create("orders", "order", fields)
        except Unanswered as error:
            if error.facts.get("status") != 500:
                raise
            # A shop that fails behind the order ends in a 500 without a word; so does a module that is not installed.
            row = self._of_cart(cart)
            if row is None:
                raise Permanent("refused", {"says": f"HTTP 500: {module}"}) from error
            return row
        except Permanent as error:
            # An order of this cart was made before: the answer is what we wanted.
            if error.code != "refused" or (row := self._of_cart(cart)) is None:
                raise
            return row
        made = self._of_cart(cart)
        if made is None:
            raise Permanent("not_taken", {"key": sale.key})
        return made

    def _of_cart(self, cart: str) -> Row | None:
        return next(iter(self.api.rows("orders", filters={"id_cart": f"[{cart}]"})), None)

    def _who(self, customer: str, address: str, carrier: int) -> dict[str, Field]:
        return {
            "id_address_delivery": address, "id_address_invoice": address, "id_customer": customer,
            "id_currency": self.known.currency, "id_lang": self.known.language or 1, "id_carrier": carrier,
        }  # fmt: skip

    def _price(self, sale: CounterSale, basket: Basket) -> tuple[Decimal, Decimal]:
        """What the shop will find, with VAT and without, euros; Permanent ``not_supported`` where it is another."""
        by = whole(self.known.settings.get("PS_ROUND_TYPE")) or BY_LINE
        incl = excl = Decimal(0)
        for (product, variation), (pieces, amount) in basket.items():
            unit, without = self._unit(product, variation, pieces)
            if abs(cents(unit * pieces) - amount) > pieces:
                facts = {"what": "price", "ours": amount, "theirs": cents(unit * pieces)}
                raise Permanent("not_supported", facts)
            incl, excl = incl + priced(unit, pieces, by), excl + without * pieces
        if (total := cents(incl)) != sale.total:
            raise Permanent("not_supported", {"what": "price", "ours": sale.total, "theirs": total})
        return Decimal(total) / 100, excl

    def _unit(self, product: int, variation: int, pieces: int) -> tuple[Decimal, Decimal]:
        """The shop's own price of one of so many pieces, with VAT and without."""
        kinds = {"incl": GOODS_PRICE, "excl": (("use_tax", "0"), ("decimals", "6"))}
        country = str(self.known.country)
        extra = [
            (f"price[{kind}][{name}]", value)
            for kind, asked in kinds.items()
            for name, value in (*asked, ("country", country), ("quantity", str(pieces)))
        ]
        resource = "combinations" if variation else "products"
        rows = self.api.rows(resource, filters={"id": f"[{variation or product}]"}, display="[id,incl,excl]",
                             extra=extra)  # fmt: skip
        if not rows:
            raise Permanent("unknown_product", {"product": product_id(product, variation)})
        unit, without = (exact(rows[0].get(kind) or None, "price") for kind in ("incl", "excl"))
        return unit, without

    def _made(self, search: Callable[[], list[Row]], make: Callable[[], object], what: str) -> Row:
        """What is looked for, made where it is not there."""
        rows, refused = search(), None
        if not rows:
            try:
                make()
            except Permanent as error:
                # The shop may warn of something behind the save, and what it was to make is there all the same.
                if error.code != "refused":
                    raise
                refused = error
            rows = search()
        if not rows:
            raise refused or Permanent("not_taken", {"what": what})
        return rows[0]

    def _customer(self) -> Row:
        """The customer of counter sales: the owner's choice, else one that is made."""
        chosen = self.known.options.customer_id
        filters = {"id": f"[{chosen}]"} if chosen else {"email": f"[{MAIL}]"}
        group = self.known.settings.get("PS_CUSTOMER_GROUP", "3")

        def make() -> None:
            if chosen:
                raise Permanent("refused", {"says": f"customer {chosen}"})
            self.api.create("customers", "customer", {
                "firstname": "Kassa", "lastname": "Balie", "email": MAIL, "passwd": secrets.token_urlsafe(24),
                "active": 1, "id_default_group": group,
            }, {"groups": ("group", [{"id": group}])})  # fmt: skip

        return self._made(lambda: self.api.rows("customers", filters=filters, display="[id,secure_key]"), make,
                          "customer")  # fmt: skip

    def _address(self, customer: str) -> str:
        filters = {"id_customer": f"[{customer}]", "deleted": "[0]"}
        belgium = self.known.options.country == "BE"
        fields: dict[str, Field] = {
            "id_customer": customer, "id_country": self.known.country, "alias": "Kassa", "firstname": "Kassa",
            "lastname": "Balie", "address1": "Balie 1", "city": "Brussel" if belgium else "Amsterdam",
            "postcode": "1000" if belgium else "1011 AB",
        }  # fmt: skip
        found = self._made(lambda: self.api.rows("addresses", filters=filters, display="[id]"),
                           lambda: self.api.create("addresses", "address", fields), "address")  # fmt: skip
        return text_of(found.get("id"))

    def _carrier(self) -> int:
        """What is picked up costs no carriage: that carrier, else the order would not cost what was paid."""
        mine = [each for each in self.known.carriers.values() if each.active and not each.deleted]
        chosen = [each for each in mine if each.reference in self.known.options.pickup_methods]
        chosen += [each for each in mine if each.name.casefold() in PICKUP_NAMES]
        if not chosen:
            raise Permanent("not_supported", {"what": "carrier"})
        return chosen[0].id

    def _cart(self, key: str, basket: Basket, customer: Row, address: str, carrier: int) -> str:
        """The id of the cart of a sale: one that an earlier try left, else a new one."""
        fields: dict[str, Field] = {
            **self._who(text_of(customer.get("id")), address, carrier),
            "secure_key": text_of(customer.get("secure_key")), "gift": 0, "gift_message": write_key(key),
            "recyclable": 0, "delivery_option": json.dumps({address: f"{carrier},"}, separators=(",", ":")),
            **({"id_shop": self.known.options.shop_id} if self.known.options.shop_id else {}),
        }  # fmt: skip
        goods: list[dict[str, str | int]] = [
            {
                "id_product": product,
                "id_product_attribute": variation,
                "id_address_delivery": address,
                "quantity": pieces,
            }
            for (product, variation), (pieces, _) in basket.items()
        ]

        def search() -> list[Row]:
            # A cart is saved before its rows: one that was cut off between the two holds nothing to order.
            return [row for row in self._keyed("carts", key, "full") if assoc(row, "cart_rows")]

        found = self._made(
            search, lambda: self.api.create("carts", "cart", fields, {"cart_rows": ("cart_row", goods)}), "cart"
        )
        if truth(found.get("gift")):
            raise Permanent("not_taken", {"what": "cart"})
        return text_of(found.get("id"))


def basket_of(sale: CounterSale) -> Basket:
    """What the shop's cart is to hold; Permanent ``not_supported`` for what it cannot."""
    found: Basket = {}
    for line in sale.lines:
        numbers = split_id(line.product)
        if numbers is None:
            raise Permanent("not_supported", {"what": "free_line"})
        if line.qty <= 0 or line.qty % 1000:
            raise Permanent("not_supported", {"what": "quantity"})
        pieces, amount = found.get(numbers, (0, 0))
        found[numbers] = pieces + line.qty // 1000, amount + line.amount
    if not found:
        raise Permanent("not_supported", {"what": "lines"})
    return found
