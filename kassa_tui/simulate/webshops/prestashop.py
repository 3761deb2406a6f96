"""A simulated PrestaShop: a small shop with its staff, its customers and its webservice, quirks and all."""

from __future__ import annotations

import functools
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Concatenate, ParamSpec, TypeVar

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.prestashop_books import (
    CANCELED,
    DELIVERED,
    DUTCH,
    FRENCH,
    PAID,
    WIRE,
    Books,
    Row,
)
from kassa_tui.simulate.webshops.prestashop_http import Webservice
from kassa_tui.simulate.webshops.server import Faults, Reply, ShopServer
from kassa_tui.simulate.webshops.simulated import Simulated

KEY = "KASSAKASSAKASSAKASSAKASSAKASSA12"
PICKUP, PARCEL = 1, 2
Given = ParamSpec("Given")
Found = TypeVar("Found")


def alone(
    act: Callable[Concatenate[PrestaShopSite, Given], Found],
) -> Callable[Concatenate[PrestaShopSite, Given], Found]:
    """Of what staff, customers and the webservice do, one thing at a time."""

    @functools.wraps(act)
    def done(site: PrestaShopSite, /, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        with site.lock:
            return act(site, *args, **kwargs)

    return done


class PrestaShopSite:
    """The shop as its staff and customers see it; :meth:`respond` is its webservice."""

    def __init__(self, clock: Callable[[], float] = time.time, *, key: str = KEY, version: str = "8.1.6",
                 timezone: str = "Europe/Amsterdam", country: str = "NL", folder: str = "",
                 shared_stock: bool = False, modules: Sequence[str] = ("ps_wirepayment",)) -> None:  # fmt: skip
        self.books = Books(clock, timezone=timezone, country=country, shared_stock=shared_stock, modules=modules)
        self.webservice = Webservice(self.books, key, version=version, folder=folder)
        self.lock = threading.RLock()

    @alone
    def respond(self, asked: Asked) -> Reply:
        """One request to the webservice."""
        return self.webservice.respond(asked)

    @alone
    def product(self, reference: str, *, ean: str = "", name: str = "", price: int = 1499, rate: int = 900,
                stock: int = 10, warehouse: bool = False) -> str:  # fmt: skip
        """A new product, price in cents with VAT; its id."""
        words = {DUTCH: name or reference, FRENCH: f"{name or reference} (fr)"}
        links = dict.fromkeys(words, (name or reference).lower())
        row = self.books.add("products", {
            "reference": reference, "ean13": ean, "name": words, "link_rewrite": links, "type": "simple",
            "price": _net(price, rate), "id_tax_rules_group": self.books.group(rate), "active": 1, "state": 1,
            "available_for_order": 1, "show_price": 1, "id_category_default": 2, "position_in_category": 0,
            "minimal_quantity": 1, "description": dict.fromkeys(words, "<p>Goed</p>"),
        }, {"categories": [{"id": 2}]})  # fmt: skip
        self.books.add_stock_row(row["id"], 0, stock, warehouse=warehouse)
        return str(row["id"])

    @alone
    def combination(self, product: str, reference: str, *, ean: str = "", impact: str = "0.000000",
                    stock: int = 10) -> str:  # fmt: skip
        """A combination of a product, its price as a difference without VAT; its id as ``product:combination``."""
        row = self.books.add("combinations", {
            "id_product": int(product), "reference": reference, "ean13": ean, "price": impact, "minimal_quantity": 1,
            "quantity": 0,
        })  # fmt: skip
        self.books.add_stock_row(int(product), row["id"], stock)
        return f"{product}:{row['id']}"

    @alone
    def checkout(self, *lines: tuple[str, int], pickup: bool = False, paid: bool = True, shipping: int = 495,
                 discount: int = 0, name: tuple[str, str] = ("Jan", "Jansen"), note: str = "") -> str:  # fmt: skip
        """A customer orders; paid by card at once, or by a transfer that is waited for. The order's id."""
        parts = [(*_numbers(product), pieces) for product, pieces in lines]
        customer = self.books.customer(*name, f"klant{len(self.books.tables['customers'])}@example.org")
        order = self.books.order(
            parts, state=PAID if paid else WIRE, customer=customer["id"], carrier=PICKUP if pickup else PARCEL,
            module="ps_wirepayment", payment="iDEAL" if paid else "Overschrijving",
            shipping=Decimal(0) if pickup else Decimal(shipping) / 100, discount=Decimal(discount) / 100,
        )  # fmt: skip
        if note:
            self.books.add("messages", {"id_order": order["id"], "id_customer": customer["id"], "id_employee": 0,
                                        "message": note, "private": 0})  # fmt: skip
        return str(order["id"])

    @alone
    def set_status(self, order: str, state: int) -> None:
        """The staff, or a plugin, brings an order to a state."""
        self.books.enter(int(order), state)

    def pay(self, order: str) -> None:
        """The money of a transfer came."""
        self.set_status(order, PAID)

    def cancel(self, order: str) -> None:
        """The staff cancels an order."""
        self.set_status(order, CANCELED)

    def finish(self, order: str) -> None:
        """The staff hands an order over."""
        self.set_status(order, DELIVERED)

    @alone
    def give_back(self, order: str, product: str, pieces: int, *, restock: bool, slip: bool = True) -> str:
        """The staff refunds pieces of a line in the back office, which does not move the order's date.

        The slip's id; empty without one, as where the customer gets a voucher.
        """
        books, numbers = self.books, _numbers(product)
        row = books.tables["orders"][int(order)]
        line = next(each for each in row["associations"]["order_rows"]
                    if (each["product_id"], each["product_attribute_id"]) == numbers)  # fmt: skip
        detail = books.tables["order_details"][line["id"]]
        shipped = books.tables["order_states"][int(row["current_state"])]["shipped"]
        detail["product_quantity_return" if shipped else "product_quantity_refunded"] += pieces
        if restock:
            detail["product_quantity_reinjected"] += pieces
            books.move(*numbers, pieces)
        if not slip:
            return ""
        incl, excl = (Decimal(line[f"unit_price_tax_{kind}"]) * pieces for kind in ("incl", "excl"))
        made = books.add("order_slip", {
            "id_customer": row["id_customer"], "id_order": row["id"], "conversion_rate": "1.000000",
            "total_products_tax_excl": f"{excl:.6f}", "total_products_tax_incl": f"{incl:.6f}",
            "total_shipping_tax_excl": "0.000000", "total_shipping_tax_incl": "0.000000", "amount": f"{incl:.6f}",
            "shipping_cost": 0, "shipping_cost_amount": "0.000000", "partial": 1, "order_slip_type": 0,
        }, {"order_slip_details": [{"id": 0, "id_order_detail": line["id"], "product_quantity": pieces,
                                    "amount_tax_excl": f"{excl:.6f}", "amount_tax_incl": f"{incl:.6f}"}]})  # fmt: skip
        return str(made["id"])

    @alone
    def edit(self, product: str, /, **fields: Any) -> None:
        """The staff changes a product, or a combination of one."""
        number, variation = _numbers(product)
        if variation:
            self.books.touch("combinations", variation, **fields)
        self.books.touch("products", number, **({} if variation else fields))

    @alone
    def set_stock(self, product: str, pieces: int) -> None:
        """The staff counts."""
        row = self.books.stock_row(*_numbers(product))
        if row is not None:
            self.books.move(*_numbers(product), pieces - int(row["quantity"]))

    @alone
    def delete(self, product: str) -> None:
        """The staff deletes a product, or a combination; orders keep their lines."""
        number, variation = _numbers(product)
        tables = self.books.tables
        tables["combinations" if variation else "products"].pop(variation or number)
        for name, own in (("stock_availables", "id_product_attribute"), ("combinations", "id")):
            table = tables[name]
            for key, row in list(table.items()):
                if int(row["id_product"]) == number and (not variation or int(row[own]) == variation):
                    del table[key]
        self.books.sum_up(number)

    @alone
    def stock(self, product: str) -> int | None:
        """Pieces that the shop shows of a product; None where it has no such row."""
        row = self.books.stock_row(*_numbers(product))
        return None if row is None else int(row["quantity"])

    def orders(self) -> list[Row]:
        """All orders."""
        return list(self.books.tables["orders"].values())


def start(port: int = 0, *, faults: Faults | None = None, context: ssl.SSLContext | None = None,
          told: Callable[[Asked, int], object] | None = None, host: str = "127.0.0.1",
          **options: Any) -> Simulated[PrestaShopSite]:  # fmt: skip
    """A shop on a port of this machine. It knows no other address: any other name is sent to its own."""
    shop = PrestaShopSite(**options)
    server = ShopServer(shop, port, faults=faults, context=context, host=host, told=told)
    shop.webservice.domain = f"{host}:{server.port}"
    return Simulated(kind="prestashop", server=server, shop=shop, credentials={"key": shop.webservice.key})


def _numbers(product: str) -> tuple[int, int]:
    first, _, second = product.partition(":")
    return int(first), int(second or 0)


def _net(price: int, rate: int) -> str:
    return f"{Decimal(price) * 100 / (10_000 + rate):.6f}"
