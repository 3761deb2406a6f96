"""A WooCommerce shop of 9.9 that is a program: its REST API with all its oddities, its customers and its staff."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.server import Faults, Reply, ShopServer
from kassa_tui.simulate.webshops.simulated import Simulated
from kassa_tui.simulate.webshops.woocommerce_auth import Keys
from kassa_tui.simulate.webshops.woocommerce_books import SIX, Books, Item, Order, Product, Refund, Refused
from kassa_tui.simulate.webshops.woocommerce_catalogue import Answer, Catalogue
from kassa_tui.simulate.webshops.woocommerce_lists import Query, trimmed
from kassa_tui.simulate.webshops.woocommerce_orders import Orders

KEY, SECRET = "ck_" + "5a" * 20, "cs_" + "7b" * 20
THEME = b"<!DOCTYPE html><html><head><title>Pagina niet gevonden</title></head><body>404</body></html>"
_PRODUCT = re.compile(r"/products/(\d+)(?:/variations(?:/(\d+|batch))?)?")
_ORDER = re.compile(r"/orders/(\d+)(/notes|/refunds)?")


class WooShop:
    """The shop."""

    def __init__(
        self, *, clock: Callable[[], float] = time.time, zone: str = "Europe/Amsterdam", storage: str = "hpos",
        version: str = "9.9.5", plain_permalinks: bool = False, prices_include_tax: bool = True, https: bool = False,
        currency: str = "EUR",
    ) -> None:  # fmt: skip
        self.books, self.zone, self.storage, self.version = Books(clock, prices_include_tax), zone, storage, version
        self.plain, self.currency, self.calc_taxes, self.manage_stock = plain_permalinks, currency, True, True
        self.keys = Keys(KEY, SECRET, https=https)
        numbers = tuple(int(part) for part in version.split("."))
        place = ZoneInfo(zone)
        self.catalogue = Catalogue(self.books, place, numbers)
        self.orders = Orders(self.books, place, numbers, storage)

    def respond(self, asked: Asked) -> Reply:
        """One request, as the shop would answer it."""
        with self.books.lock:
            query = dict(parse_qsl(asked.query, keep_blank_values=True))
            headers = {"Date": formatdate(self.books.clock(), usegmt=True)}
            route = self._route(asked.path, query)
            if route is None:
                return Reply(404, THEME, headers, "text/html; charset=UTF-8")
            try:
                status, body, more = self._answer(asked, route, query)
            except Refused as error:
                told = {"code": error.code, "message": error.message, "data": {"status": error.status, **error.data}}
                return Reply(error.status, told, headers)
            return Reply(status, trimmed(body, query.get("_fields", "")), headers | more)

    def _route(self, path: str, query: dict[str, str]) -> str | None:
        if "rest_route" in query:
            return query["rest_route"]
        if self.plain or not path.startswith("/wp-json"):
            return None
        return path.removeprefix("/wp-json") or "/"

    def _answer(self, asked: Asked, route: str, query: dict[str, str]) -> Answer:
        if route == "/":
            return self._index(asked)
        if not route.startswith("/wc/v3/"):
            raise Refused("rest_no_route", "No route was found matching the URL and request method.", 404)
        self.keys.admit(asked)
        method = query.get("_method", asked.method).upper()
        try:
            body = json.loads(asked.body) if asked.body else {}
        except ValueError:
            raise Refused("rest_invalid_json", "Invalid JSON body passed.") from None
        return self._do("GET" if method == "GET" else "PUT" if method in ("PUT", "PATCH") else method,
                        route.removeprefix("/wc/v3"), query, body)  # fmt: skip

    def _index(self, asked: Asked) -> Answer:
        """WordPress's own: whoever comes with keys over https is taken for a user that it does not have."""
        if self.keys.https and asked.headers.get("authorization", "").startswith("Basic "):
            raise Refused("invalid_username", "Unknown username.", 401)
        hours = datetime.fromtimestamp(self.books.clock(), ZoneInfo(self.zone)).utcoffset()
        offset = hours.total_seconds() / 3600 if hours is not None else 0
        return 200, {"name": "Kaaswinkel", "url": "http://shop", "gmt_offset": offset, "timezone_string": self.zone,
                     "namespaces": ["wp/v2", "wc/v3"]}, {}  # fmt: skip

    def _do(self, method: str, route: str, query: Query, body: Any) -> Answer:
        if found := _PRODUCT.fullmatch(route):
            return self._product(method, int(found[1]), "/variations" in route, found[2], query, body)
        if found := _ORDER.fullmatch(route):
            return self._order(method, int(found[1]), found[2] or "", query, body)
        match method, route:
            case "GET", "/products":
                return self.catalogue.listing(query)
            case "POST", "/products":
                return 201, self.catalogue.json(self.catalogue.create(body)), {}
            case _, "/products/batch":
                return self.catalogue.batch(body)
            case "GET", "/orders":
                return self.orders.listing(query)
            case "POST", "/orders":
                return 201, self.orders.json(self.orders.create(body), query), {}
            case _, "/orders/batch":
                return self.orders.batch(body, query)
            case "GET", _:
                return self._settings(route)
        raise Refused("rest_no_route", "No route was found matching the URL and request method.", 404)

    def _product(self, method: str, id_: int, below: bool, variation: str | None, query: Query, body: Any) -> Answer:
        catalogue = self.catalogue
        if variation == "batch":
            return catalogue.batch(body, id_)
        if below and variation is None:
            if method == "GET":
                return catalogue.variations(id_, query)
            return 201, catalogue.json(catalogue.create(body, id_), nested=True), {}
        reading = method == "GET"
        product = catalogue.find(int(variation or id_), id_ if variation else None, 404 if reading else 400)
        if method == "DELETE":
            return catalogue.delete(product, force=query.get("force") == "true")
        if not reading:
            product = catalogue.change(product, body)
        return 200, catalogue.json(product, nested=variation is not None), {}

    def _order(self, method: str, id_: int, below: str, query: Query, body: Any) -> Answer:
        orders, reading = self.orders, method == "GET"
        order = orders.find(id_, 404 if reading or below else 400)
        if below == "/notes":
            return orders.notes(order) if reading else orders.add_note(order, body)
        if below == "/refunds":
            if reading:
                return orders.refunds(order, query)
            return 201, orders.refund_json(orders.refund(order, body), query), {}
        return 200, orders.json(order if reading else orders.change(order, body), query), {}

    def _settings(self, route: str) -> Answer:
        yes = {True: "yes", False: "no"}
        groups = {
            "general": {"woocommerce_currency": self.currency, "woocommerce_default_country": "NL",
                        "woocommerce_calc_taxes": yes[self.calc_taxes]},
            "tax": {"woocommerce_prices_include_tax": yes[self.books.prices_include_tax]},
            "products": {"woocommerce_manage_stock": yes[self.manage_stock]},
        }  # fmt: skip
        name = route.removeprefix("/settings/")
        if name in groups and name != route:
            return 200, [{"id": id_, "value": value} for id_, value in groups[name].items()], {}
        if route == "/taxes":
            return 200, [
                {"id": tax.id, "country": tax.country, "state": "", "postcode": "", "city": "",
                 "rate": f"{tax.percent:.4f}", "name": tax.name, "priority": 1, "compound": False, "shipping": True,
                 "class": tax.tax_class or "standard"} for tax in self.books.taxes
            ], {}  # fmt: skip
        if route == "/system_status":
            about = {"version": self.version, "wp_version": "6.9"}
            storage = {"currency": self.currency, "HPOS_enabled": self.storage == "hpos"}
            return 200, {"environment": about, "settings": storage}, {}
        raise Refused("rest_no_route", "No route was found matching the URL and request method.", 404)

    def product(
        self, sku: str, *, ean: str = "", name: str = "", price: int = 1499, stock: int | None = 10, rate: int = 900
    ) -> Product:
        """A new product: price in cents with VAT, stock in pieces."""
        return self.books.add_product(
            sku=sku, ean=ean, name=name or sku, regular_price=self._price(price, rate), manage_stock=stock is not None,
            stock=Decimal(stock or 0), tax_class=self.books.class_of(rate),
        )  # fmt: skip

    def _price(self, cents: int, rate: int) -> str:
        if self.books.prices_include_tax:
            return f"{Decimal(cents) / 100:.2f}"
        return f"{(Decimal(cents) * 100 / (10_000 + rate)).quantize(SIX):f}"

    def variable(self, sku: str, *, name: str = "", stock: int | None = None) -> Product:
        """A new product with variations, which keeps their stock where one is given."""
        return self.books.add_product(
            sku=sku, name=name or sku, regular_price="", type="variable", manage_stock=stock is not None,
            stock=Decimal(stock or 0),
        )  # fmt: skip

    def variation(
        self, parent: Product, sku: str, *, ean: str = "", option: str = "Rood", price: int = 1499,
        stock: int | None = 10, rate: int = 900,
    ) -> Product:  # fmt: skip
        """A variation; without stock of its own it is kept on its parent."""
        return self.books.add_product(
            sku=sku, ean=ean, name=parent.name, regular_price=self._price(price, rate), type="variation",
            parent=parent.id, manage_stock=True if stock is not None else "parent", stock=Decimal(stock or 0),
            option=option, tax_class=self.books.class_of(rate),
        )  # fmt: skip

    def checkout(
        self, *wanted: tuple[int, int], pickup: str = "", method: str = "ideal", shipping: int = 0,
        name: str = "Jo Klant", note: str = "",
    ) -> Order:  # fmt: skip
        """A customer's order of (product or variation, pieces), paid by ``ideal``, ``bacs`` or ``cod``; ``pickup`` the
        method's code. Raises ``ValueError`` for more than there is, as the checkout refuses it."""
        with self.books.lock:
            products = [(self.books.products[id_], qty) for id_, qty in wanted]
            for product, qty in products:
                keeper = self.books.keeper(product)
                if keeper is not None and keeper.backorders == "no" and keeper.stock < qty:
                    raise ValueError(f"{product.name}: {keeper.stock}")
            now, first, last = self.books.now, *f"{name} ".split(" ", 1)
            order = Order(next(self.books.ids), "pending", now, now, created_via="store-api")
            order.items = [self.books.line(product, Decimal(qty)) for product, qty in products]
            order.items.append(self._shipping(pickup, shipping))
            order.payment_method, order.payment_title, order.note = method, method.upper(), note
            order.billing = {"first_name": first, "last_name": last.strip(), "email": "klant@example.org"}
            order.transaction = f"tr_{order.id}" if method == "ideal" else ""
            self.books.orders[order.id] = order
            self.books.set_status(order, "on-hold" if method == "bacs" else "processing")
            return order

    def _shipping(self, pickup: str, cents: int) -> Item:
        net = (Decimal(cents) / Decimal("1.21") / 100).quantize(SIX)
        taxes = self.books.taxes_of("", net) if cents else {}
        name, code = ("Afhalen", pickup) if pickup else ("Verzenden", "flat_rate")
        meta = {"pickup_location": "Winkel", "pickup_address": "Kaasmarkt 1"} if pickup == "pickup_location" else {}
        return Item(next(self.books.ids), "shipping", name, net, net, taxes, method=code, meta=meta)

    def set_status(self, order: int, status: str) -> None:
        """By the shop's staff, or a plugin."""
        with self.books.lock:
            if status not in self.books.statuses and status != "trash":
                self.books.statuses.append(status)
            self.books.set_status(self.books.orders[order], status)

    def give_back(self, order: int, line: int, qty: int, *, restock: bool) -> Refund:
        """The staff refunds pieces of the line with this place in the order."""
        with self.books.lock:
            found = self.books.orders[order]
            item = found.items[line]
            part = Decimal(qty) / item.qty
            net = (item.total * part).quantize(SIX)
            taxes = {rate: (tax * part).quantize(SIX) for rate, tax in item.taxes.items()}
            amount = (net + sum(taxes.values())).quantize(Decimal("0.01"))
            return self.books.give_back(found, amount, [(item, Decimal(qty), net, taxes)], restock=restock)

    def delete_product(self, product: int) -> None:
        """For good."""
        with self.books.lock:
            del self.books.products[product]

    def delete_order(self, order: int) -> None:
        """For good; what it held stays taken."""
        with self.books.lock:
            del self.books.orders[order]

    def webhook(self, order: int, secret: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of what the shop sends when this order changed."""
        body = json.dumps(self.orders.json(self.books.orders[order], {})).encode()
        signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        return {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated",
                "X-WC-Webhook-Resource": "order", "X-WC-Webhook-Event": "updated", "X-WC-Webhook-ID": "1",
                "X-WC-Webhook-Delivery-ID": f"{order:032x}", "X-WC-Webhook-Signature": signature}, body  # fmt: skip


def start(
    port: int = 0, *, context: ssl.SSLContext | None = None, faults: Faults | None = None, host: str = "127.0.0.1",
    told: Callable[[Asked, int], object] | None = None, **options: Any,
) -> Simulated[WooShop]:  # fmt: skip
    """A shop with nothing in it on a port of this machine; ``options`` of :class:`WooShop`."""
    shop = WooShop(https=context is not None, **options)
    server = ShopServer(shop, port, faults=faults, context=context, host=host, told=told)
    return Simulated("woocommerce", server, shop, {"key": KEY, "secret": SECRET})
