"""The routes of orders, their notes and refunds, and what the shop accepts there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from kassa_tui.simulate.webshops.woocommerce_books import Books, Item, Order, Refund, Refused
from kassa_tui.simulate.webshops.woocommerce_json import order_json, refund_json, times
from kassa_tui.simulate.webshops.woocommerce_lists import Query, ids, listed, number

Answer = tuple[int, Any, dict[str, str]]
_FIELDS = {"payment_method": "payment_method", "payment_method_title": "payment_title", "customer_note": "note",
           "transaction_id": "transaction"}  # fmt: skip


class Orders:
    """Answers under ``/orders``."""

    def __init__(self, books: Books, zone: ZoneInfo, version: tuple[int, ...], storage: str) -> None:
        self.books, self.zone, self.version, self.storage = books, zone, version, storage

    def listing(self, query: Query) -> Answer:
        """``GET /orders``."""
        wanted = [each for each in query.get("status", "any").split(",") if each]
        if unknown := [each for each in wanted if each not in ("any", "trash", *self.books.statuses)]:
            raise Refused("rest_invalid_param", f"Invalid parameter(s): status {unknown}")
        rows = [each for each in self.books.orders.values()
                if (each.status in wanted if "any" not in wanted else each.status != "trash")]  # fmt: skip
        if text := query.get("search", ""):
            rows = [each for each in rows if self._matches(each, text)]
        if "created_via" in query and self.version >= (9, 9):
            rows = [each for each in rows if each.created_via == query["created_via"]]
        if "include" in query:
            rows = [each for each in rows if each.id in ids(query)]
        page, headers = listed(rows, query, self.zone)
        return 200, [self.json(each, query) for each in page], headers

    def _matches(self, order: Order, text: str) -> bool:
        """Names in the address in both storages; the payment's reference only in the newer."""
        where = [*order.billing.values(), str(order.id), *(item.name for item in order.items)]
        if self.storage == "hpos":
            where.append(order.transaction)
        return any(text.lower() in each.lower() for each in where)

    def json(self, order: Order, query: Query) -> dict[str, Any]:
        """At the places that were asked."""
        return order_json(order, self.books, self.zone, number(query, "dp", 2))

    def find(self, id_: int, status: int = 404) -> Order:
        """One; 404 on reading and 400 on writing."""
        found = self.books.orders.get(id_)
        if found is None:
            raise Refused("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status)
        return found

    def create(self, body: dict[str, Any]) -> Order:
        """``POST /orders``: made as pending, then brought to its status."""
        self._check(body)
        now = self.books.now
        order = Order(next(self.books.ids), "pending", now, now, created_via="rest-api")
        order.items = [self._goods(each) for each in body.get("line_items") or []]
        order.items += [self._fee(each) for each in body.get("fee_lines") or []]
        if self.version >= (9, 9):
            order.created_via = body.get("created_via") or "rest-api"
        self._fill(order, body)
        self.books.orders[order.id] = order
        self._bring(order, body)
        order.mails = ["admin", *([order.billing["email"]] if order.billing.get("email") else [])]
        return order

    def change(self, order: Order, body: dict[str, Any]) -> Order:
        """``PUT`` of one."""
        self._check(body)
        self._fill(order, body)
        self._bring(order, body)
        order.modified = self.books.now
        return order

    def batch(self, body: dict[str, Any], query: Query) -> Answer:
        """``POST …/batch``: each for itself, and 200 whatever."""
        found = []
        for each in body.get("update") or []:
            try:
                found.append(self.json(self.change(self.find(int(each.get("id", 0)), 400), each), query))
            except Refused as error:
                told = {"code": error.code, "message": error.message, "data": {"status": error.status}}
                found.append({"id": each.get("id", 0), "error": told})
        return 200, {"update": found} if found else [], {}

    def _check(self, body: dict[str, Any]) -> None:
        if "status" in body and body["status"] not in self.books.statuses:
            raise Refused("rest_invalid_param", "Invalid parameter(s): status")

    def _bring(self, order: Order, body: dict[str, Any]) -> None:
        if body.get("status") and body["status"] != order.status:
            self.books.set_status(order, body["status"])
        if body.get("set_paid") is True and not order.paid:
            if order.status in ("pending", "on-hold", "failed"):
                self.books.set_status(order, "processing")
            order.paid = self.books.now

    def _fill(self, order: Order, body: dict[str, Any]) -> None:
        for name, field in _FIELDS.items():
            if name in body:
                setattr(order, field, str(body[name]))
        order.billing |= {name: str(text) for name, text in (body.get("billing") or {}).items()}
        for meta in body.get("meta_data") or []:
            order.meta[meta["key"]] = meta["value"]

    def _goods(self, line: dict[str, Any]) -> Item:
        product = self.books.products.get(int(line.get("variation_id") or line.get("product_id") or 0))
        if product is None and line.get("sku"):
            product = next((each for each in self.books.products.values() if each.sku == line["sku"]), None)
        if product is None:
            raise Refused("woocommerce_rest_required_product_reference", "Product ID or SKU is required.")
        qty = Decimal(str(line.get("quantity", 1)))
        if qty < 0:
            # Taken, for nothing, and it adds to the stock.
            return self.books.line(product, qty, Decimal(0), Decimal(0))
        total = Decimal(line["total"]) if "total" in line else None
        subtotal = Decimal(line["subtotal"]) if "subtotal" in line else None
        return self.books.line(product, qty, total, subtotal, line.get("tax_class"))

    def _fee(self, line: dict[str, Any]) -> Item:
        net = Decimal(line.get("total", "0"))
        named = line.get("tax_class", "")
        # A fee below zero takes its VAT from the rest of the basket, whatever class it names.
        taxes = self.books.taxes_of(named, net) if line.get("tax_status", "taxable") == "taxable" and net > 0 else {}
        return Item(next(self.books.ids), "fee", line.get("name") or "Fee", net, net, taxes, tax_class=named)

    def notes(self, order: Order) -> Answer:
        """``GET …/notes``, newest first."""
        return 200, list(reversed(order.notes)), {}

    def add_note(self, order: Order, body: dict[str, Any]) -> Answer:
        """``POST …/notes``; a note to the customer is mailed."""
        to_customer = bool(body.get("customer_note"))
        made = {"id": next(self.books.ids), "author": "kassa", **times("date_created", self.books.now, self.zone),
                "note": str(body.get("note", "")), "customer_note": to_customer}  # fmt: skip
        order.notes.append(made)
        if to_customer:
            order.mails.append(order.billing.get("email", ""))
        return 201, made, {}

    def refunds(self, order: Order, query: Query) -> Answer:
        """``GET …/refunds``; it knows no dates to filter on."""
        return 200, [self.refund_json(each, query) for each in reversed(order.refunds)], {}

    def refund_json(self, refund: Refund, query: Query) -> dict[str, Any]:
        """At the places that were asked."""
        return refund_json(refund, self.books, self.zone, number(query, "dp", 2))

    def refund(self, order: Order, body: dict[str, Any]) -> Refund:
        """``POST …/refunds``; the provider pays unless told not to, and the goods come back likewise."""
        known = {each.id: each for each in order.items}
        lines = []
        for each in body.get("line_items") or []:
            if int(each["id"]) not in known:
                raise Refused("woocommerce_rest_invalid_item_id", "Invalid item ID.")
            taxes = {int(tax["id"]): Decimal(str(tax["refund_total"])) for tax in each.get("refund_tax") or []}
            net = Decimal(str(each.get("refund_total", 0)))
            lines.append((known[int(each["id"])], Decimal(str(each.get("quantity", 0))), net, taxes))
        return self.books.give_back(
            order, Decimal(str(body.get("amount", "0"))), lines, str(body.get("reason", "")),
            restock=body.get("api_restock", True) is True, pay_out=body.get("api_refund", True) is True,
            meta={each["key"]: each["value"] for each in body.get("meta_data") or []},
        )  # fmt: skip
