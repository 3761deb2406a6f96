"""The books of the simulated PrestaShop: its tables, what a checkout does to them, and what a state does to stock.

Nothing in here knows HTTP. Stock moves as in the real shop: taken at checkout, given back when an order is cancelled or
its payment fails, taken again when it is paid after that; neither a refund nor a delivery moves it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kassa_tui.simulate.webshops.prestashop_fields import METHODS, RESOURCES

Row = dict[str, Any]
Line = tuple[int, int, int]
"""Product, combination (0: none), pieces."""

DUTCH, FRENCH = 1, 2
PENDING_CHEQUE, PAID, PREPARATION, SHIPPED, DELIVERED, CANCELED, REFUNDED, ERROR = range(1, 9)
BACKORDER_PAID, WIRE, WEBSERVICE, BACKORDER_UNPAID, CASH_ON_DELIVERY = range(9, 14)
READY = 14
_STATES = (
    # id, name, paid, logable, shipped, delivery, send_email, its setting
    (PENDING_CHEQUE, "Wachten op cheque", 0, 0, 0, 0, 1, "PS_OS_CHEQUE"),
    (PAID, "Betaling aanvaard", 1, 1, 0, 0, 1, "PS_OS_PAYMENT"),
    (PREPARATION, "Wordt voorbereid", 1, 1, 0, 1, 1, "PS_OS_PREPARATION"),
    (SHIPPED, "Verzonden", 1, 1, 1, 1, 1, "PS_OS_SHIPPING"),
    (DELIVERED, "Afgeleverd", 1, 1, 1, 1, 0, "PS_OS_DELIVERED"),
    (CANCELED, "Geannuleerd", 0, 0, 0, 0, 1, "PS_OS_CANCELED"),
    (REFUNDED, "Terugbetaald", 0, 0, 0, 0, 1, "PS_OS_REFUND"),
    (ERROR, "Betalingsfout", 0, 0, 0, 0, 1, "PS_OS_ERROR"),
    (BACKORDER_PAID, "Niet op voorraad (betaald)", 1, 1, 0, 0, 1, "PS_OS_OUTOFSTOCK_PAID"),
    (WIRE, "Wachten op overschrijving", 0, 0, 0, 0, 1, "PS_OS_BANKWIRE"),
    (WEBSERVICE, "Betaling op afstand aanvaard", 1, 1, 0, 0, 1, "PS_OS_WS_PAYMENT"),
    (BACKORDER_UNPAID, "Niet op voorraad (niet betaald)", 0, 0, 0, 0, 1, "PS_OS_OUTOFSTOCK_UNPAID"),
    (CASH_ON_DELIVERY, "Wachten op rembours", 0, 0, 0, 0, 1, "PS_OS_COD_VALIDATION"),
    (READY, "Klaar om af te halen", 1, 1, 0, 0, 1, ""),
)
_ZERO = "0000-00-00 00:00:00"
CENT = Decimal("0.01")


class CartUsed(Exception):
    """An order has already been placed using this cart."""


class NoModule(Exception):
    """PHP ends without a word: the payment module is not installed."""


class Books:
    """Everything the shop has, and its own rules."""

    def __init__(self, clock: Callable[[], float], *, timezone: str = "Europe/Amsterdam", country: str = "NL",
                 shared_stock: bool = False, modules: Sequence[str] = ("ps_wirepayment",)) -> None:  # fmt: skip
        self.clock, self.zone, self.modules = clock, ZoneInfo(timezone), set(modules)
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in RESOURCES}
        self.rights: dict[str, set[str]] = {name: set(METHODS) for name in RESOURCES}
        self.mails: list[tuple[str, int]] = []
        """What was mailed, and of which order."""
        self.shared_stock = shared_stock
        self.specific: dict[int, Decimal] = {}
        """Fixed prices without VAT that stand in the place of a product's own, as of a promotion."""
        self._last: dict[str, int] = {}
        self._stock: dict[tuple[int, int], list[int]] = {}
        self._payments: dict[str, list[int]] = {}
        self._parts: dict[int, list[int]] = {}
        """Where to look: rows of stock by product, payments by reference."""
        self._install(timezone, country)

    def now(self) -> str:
        """The shop's own clock, as it writes it: without a zone."""
        return datetime.fromtimestamp(int(self.clock()), UTC).astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def snapshot(self) -> object:
        """All that is kept, to compare."""
        return copy.deepcopy((self.tables, self.mails))

    def add(self, table: str, fields: Mapping[str, Any], associations: Mapping[str, list[Row]] | None = None) -> Row:
        """A row with the next id, all fields that it may have, and its dates."""
        number = self._last[table] = self._last.get(table, 0) + 1
        row: Row = {"id": number, **dict.fromkeys(RESOURCES[table].fields), **fields}
        for name in ("date_add", "date_upd"):
            if name in row:
                row[name] = self.now()
        row["associations"] = {name: list(rows) for name, rows in (associations or {}).items()}
        self.tables[table][number] = row
        return row

    def touch(self, table: str, number: int, **fields: Any) -> Row:
        """Change a row and its date."""
        row = self.tables[table][number]
        row.update(fields)
        if "date_upd" in row:
            row["date_upd"] = self.now()
        return row

    def _install(self, timezone: str, country: str) -> None:
        for number, name, paid, logable, shipped, delivery, mail, setting in _STATES:
            self.state(name, paid=paid, logable=logable, shipped=shipped, delivery=delivery, send_email=mail)
            if setting:
                self.configure(setting, str(number))
        for name, value in (
            ("PS_TIMEZONE", timezone), ("PS_CURRENCY_DEFAULT", "1"), ("PS_COUNTRY_DEFAULT", "13"),
            ("PS_LANG_DEFAULT", str(DUTCH)), ("PS_STOCK_MANAGEMENT", "1"), ("PS_ROUND_TYPE", "2"),
            ("PS_SHOP_NAME", "Voorbeeldwinkel"), ("PS_WEBSERVICE", "1"), ("PS_HOME_CATEGORY", "2"),
        ):  # fmt: skip
            self.configure(name, value)
        for code in ("nl", "fr"):
            self.add("languages", {"name": code, "iso_code": code, "active": 1})
        self.add("currencies", {"iso_code": "EUR", "name": "Euro", "conversion_rate": "1.000000", "active": 1})
        self.add("carriers", {"id_reference": 1, "name": "Click and collect", "active": 1, "is_free": 1, "deleted": 0})
        self.add("carriers", {"id_reference": 2, "name": "Pakketdienst", "active": 1, "is_free": 0, "deleted": 0})
        rates = {"NL": (2100, 900), "BE": (2100, 600)}.get(country, (2100, 900))
        for rate in (*rates, 0):
            self._tariff(rate)

    def _tariff(self, rate: int) -> int:
        tax: int = self.add("taxes", {"rate": f"{Decimal(rate) / 100:.3f}", "active": 1, "name": {DUTCH: f"{rate}"}})[
            "id"
        ]
        # Abroad the first tariff holds for everything.
        return self._tax_group(f"{rate}", {13: tax, 3: 1})

    def _tax_group(self, name: str, taxes: Mapping[int, int]) -> int:
        """A new tax rules group of a tax for each country; its id."""
        group: int = self.add("tax_rule_groups", {"name": name, "active": 1, "deleted": 0})["id"]
        for country, tax in taxes.items():
            self.add("tax_rules", {"id_tax_rules_group": group, "id_country": country, "id_state": 0, "id_tax": tax})
        return group

    def regroup(self, group: int) -> int:
        """The staff changes a tax rules group: it stays as it was for old orders, and products get a new one."""
        old = self.touch("tax_rule_groups", group, deleted=1)
        rules = [rule for rule in self.tables["tax_rules"].values() if rule["id_tax_rules_group"] == group]
        new = self._tax_group(old["name"], {rule["id_country"]: rule["id_tax"] for rule in rules})
        for row in self.tables["products"].values():
            if str(row["id_tax_rules_group"]) == str(group):
                row["id_tax_rules_group"] = new
        return new

    def configure(self, name: str, value: str) -> None:
        """A setting of the shop."""
        rows = self.tables["configurations"].values()
        row = next((each for each in rows if each["name"] == name), None)
        if row is None:
            self.add("configurations", {"name": name, "value": value})
        else:
            row["value"] = value

    def setting(self, name: str) -> str:
        """The value of a setting."""
        rows = self.tables["configurations"].values()
        return next((str(each["value"]) for each in rows if each["name"] == name), "")

    def state(self, name: str, **flags: int) -> int:
        """A new order state; its id."""
        number: int = self.add("order_states", {"name": {DUTCH: name, FRENCH: name}, "invoice": 1, **flags})["id"]
        return number

    def group(self, rate: int) -> int:
        """The tax rules group of a tariff, hundredths of a percent; a new one where there is none."""
        for rule in self.tables["tax_rules"].values():
            used = not self.tables["tax_rule_groups"][int(rule["id_tax_rules_group"])]["deleted"]
            if used and rule["id_country"] == 13 and self._hundredths(rule["id_tax"]) == rate:
                return int(rule["id_tax_rules_group"])
        return self._tariff(rate)

    def _hundredths(self, tax: int) -> int:
        return int(Decimal(self.tables["taxes"][tax]["rate"]) * 100)

    def rate(self, group: Any, country: int = 13) -> Decimal:
        """The tariff of a group in a country, as a factor."""
        for rule in self.tables["tax_rules"].values():
            if str(rule["id_tax_rules_group"]) == str(group) and rule["id_country"] == country:
                return Decimal(self.tables["taxes"][rule["id_tax"]]["rate"]) / 100
        return Decimal(0)

    def price(self, product: int, variation: int = 0, *, tax: bool = True, country: int = 13) -> Decimal:
        """What one piece costs, at six decimals."""
        row = self.tables["products"][product]
        amount = self.specific.get(product, Decimal(row["price"]))
        if variation:
            amount += Decimal(self.tables["combinations"][variation]["price"])
        factor = 1 + self.rate(row["id_tax_rules_group"], country) if tax else Decimal(1)
        return (amount * factor).quantize(Decimal("0.000001"), ROUND_HALF_UP)

    def stock_row(self, product: int, variation: int = 0) -> Row | None:
        """The row of a product's stock that this shop shows."""
        shop = 0 if self.shared_stock else 1
        table = self.tables["stock_availables"]
        rows = (table[number] for number in self._stock.get((product, variation), ()) if number in table)
        return next((row for row in rows if int(row["id_shop"] or 0) == shop), None)

    def quantity(self, product: int, variation: int = 0) -> int:
        """Pieces that the shop shows; 0 where it finds no row."""
        row = self.stock_row(product, variation)
        return int(row["quantity"]) if row is not None else 0

    def add_stock_row(self, product: int, variation: int, quantity: int, *, warehouse: bool = False) -> None:
        """The row that comes with a new product or combination."""
        own = {"id_shop": 0, "id_shop_group": 1} if self.shared_stock else {"id_shop": 1, "id_shop_group": 0}
        row = self.add("stock_availables", {
            "id_product": product, "id_product_attribute": variation, **own, "quantity": quantity,
            "depends_on_stock": int(warehouse), "out_of_stock": 2, "location": "",
        })  # fmt: skip
        self._stock.setdefault((product, variation), []).append(row["id"])
        if variation:
            self._parts.setdefault(product, []).append(row["id"])
        self.sum_up(product)

    def sum_up(self, product: int) -> None:
        """The row without a combination is the sum of those with one."""
        table = self.tables["stock_availables"]
        parts = [table[number] for number in self._parts.get(product, ()) if number in table]
        whole = self.stock_row(product)
        if parts and whole is not None:
            whole["quantity"] = sum(int(row["quantity"]) for row in parts)

    def move(self, product: int, variation: int, pieces: int) -> None:
        """Stock up or down; it may go below zero."""
        row = self.stock_row(product, variation)
        if row is not None:
            row["quantity"] = int(row["quantity"]) + pieces
            self.sum_up(product)

    def order(self, lines: Sequence[Line], *, state: int, customer: int, carrier: int, module: str, payment: str,
              cart: int = 0, shipping: Decimal = Decimal(0), discount: Decimal = Decimal(0),
              paid: Decimal | None = None, message: str = "") -> Row:  # fmt: skip
        """An order as a checkout makes it. ``paid`` (else all of it) that is not the total is a payment error."""
        if module not in self.modules:
            raise NoModule
        if cart and any(int(each["id_cart"]) == cart for each in self.tables["orders"].values()):
            raise CartUsed
        rows, totals = self._rows(lines, shipping, discount)
        if paid is not None and paid != totals["total_paid"]:
            state = ERROR
        number = self._last.get("orders", 0) + 1
        order = self.add("orders", {
            "id_cart": cart or 100_000 + number, "id_currency": 1, "id_lang": DUTCH, "id_customer": customer,
            "id_address_delivery": 1, "id_address_invoice": 1, "id_carrier": carrier, "current_state": 0,
            "module": module, "payment": payment, "invoice_number": 0, "invoice_date": _ZERO, "delivery_number": 0,
            "delivery_date": _ZERO, "valid": 0, "id_shop": 1, "id_shop_group": 1, "gift": 0, "gift_message": message,
            "note": "", "secure_key": self.tables["customers"][customer]["secure_key"], "conversion_rate": "1.000000",
            "total_paid_real": "0.000000", "reference": _reference(number), "round_mode": 2,
            "round_type": int(self.setting("PS_ROUND_TYPE")), **{name: f"{each:.6f}" for name, each in totals.items()},
        })  # fmt: skip
        for each in rows:
            given = dict.fromkeys((f"product_quantity_{name}" for name in ("reinjected", "refunded", "return")), 0)
            detail = self.add("order_details", {**each, "id_order": order["id"], **given})
            if state not in (CANCELED, ERROR):
                self.move(each["product_id"], each["product_attribute_id"], -each["product_quantity"])
            order["associations"].setdefault("order_rows", []).append({"id": detail["id"], **each})
        self.enter(order["id"], state)
        self.mails.append(("order_conf", order["id"]))
        return order

    def _rows(self, lines: Sequence[Line], shipping: Decimal, discount: Decimal) -> tuple[list[Row], Row]:
        rows: list[Row] = []
        by = int(self.setting("PS_ROUND_TYPE"))
        incl = excl = Decimal(0)
        for product, variation, pieces in lines:
            goods = self.tables["products"][product]
            code = self.tables["combinations"][variation] if variation else goods
            with_tax, without = (self.price(product, variation, tax=tax) for tax in (True, False))
            rows.append({
                "product_id": product, "product_attribute_id": variation, "product_quantity": pieces,
                "product_name": goods["name"][DUTCH], "product_reference": code["reference"],
                "product_ean13": code["ean13"], "product_price": f"{without:.6f}",
                "unit_price_tax_incl": f"{with_tax:.6f}", "unit_price_tax_excl": f"{without:.6f}",
                "id_tax_rules_group": goods["id_tax_rules_group"],
            })  # fmt: skip
            if by == 1:
                with_tax, without = _cents(with_tax), _cents(without)
            incl += with_tax * pieces if by == 3 else _cents(with_tax * pieces)
            excl += without * pieces if by == 3 else _cents(without * pieces)
        incl, excl = _cents(incl), _cents(excl)
        share = excl / incl if incl else Decimal(1)
        carriage = _cents(shipping / (1 + self.rate(1)))
        off = _cents(discount * share)
        total, without = incl + shipping - discount, excl + carriage - off
        return rows, {
            "total_paid": total, "total_paid_tax_incl": total, "total_paid_tax_excl": without,
            "total_products": excl, "total_products_wt": incl, "total_shipping": shipping,
            "total_shipping_tax_incl": shipping, "total_shipping_tax_excl": carriage,
            "total_discounts": discount, "total_discounts_tax_incl": discount, "total_discounts_tax_excl": off,
            "total_wrapping": Decimal(0), "total_wrapping_tax_incl": Decimal(0), "total_wrapping_tax_excl": Decimal(0),
        }  # fmt: skip

    def enter(self, number: int, state: int) -> Row:
        """Bring an order to a state, with all that hangs on it; the same state twice is in its history twice."""
        order = self.tables["orders"][number]
        self.stock_follows(order, int(order["current_state"]), state)
        flags = self.tables["order_states"][state]
        self.touch("orders", number, current_state=state, valid=flags["logable"])
        if flags.get("delivery"):
            order["delivery_date"] = self.now()
        if flags.get("paid"):
            self._pay(order)
        return self.add("order_histories", {"id_order": number, "id_order_state": state, "id_employee": 0})

    def stock_follows(self, order: Row, before: int, after: int) -> None:
        """Stock that is given back or taken again by a change of state."""
        if not before:
            return
        states, gone = self.tables["order_states"], (ERROR, CANCELED)
        old, new = states[before], states[after]
        sign = 0
        if new["logable"] and not old["logable"] and before in gone:
            sign = -1
        elif not new["logable"] and after in gone and (old["logable"] or before not in gone):
            sign = 1
        if sign:
            for row in order["associations"].get("order_rows", []):
                self.move(row["product_id"], row["product_attribute_id"], sign * row["product_quantity"])

    def _pay(self, order: Row) -> None:
        total = Decimal(order["total_paid"])
        known = self._payments.setdefault(order["reference"], [])
        paid = sum((Decimal(self.tables["order_payments"][each]["amount"]) for each in known), Decimal(0))
        if total > paid:
            payment = self.add("order_payments", {
                "order_reference": order["reference"], "id_currency": 1, "amount": f"{total - paid:.6f}",
                "payment_method": order["payment"], "conversion_rate": "1.000000", "transaction_id": "",
            })  # fmt: skip
            known.append(payment["id"])
            order["total_paid_real"] = f"{total:.6f}"
            order["invoice_number"], order["invoice_date"] = order["id"], self.now()

    def customer(self, first: str, last: str, email: str, *, address: bool = True) -> Row:
        """A new customer."""
        row = self.add("customers", {
            "firstname": first, "lastname": last, "email": email, "passwd": "$2y$10$", "active": 1, "deleted": 0,
        })  # fmt: skip
        row["secure_key"] = hashlib.md5(f"{row['id']}".encode(), usedforsecurity=False).hexdigest()
        if address:
            self.add("addresses", {"id_customer": row["id"], "id_country": 13, "alias": "Thuis", "firstname": first,
                                   "lastname": last, "address1": "Dorpsstraat 1", "city": "Utrecht",
                                   "postcode": "3500 AA", "deleted": 0})  # fmt: skip
        return row


def _reference(number: int) -> str:
    letters = ""
    number = (number * 7_368_787 + 12_345) % 26**9
    for _ in range(9):
        number, rest = divmod(number, 26)
        letters += chr(65 + rest)
    return letters


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
