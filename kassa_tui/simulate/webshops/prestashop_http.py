"""The webservice of the simulated PrestaShop: keys, rights and methods, reading, and writes as its core does them.

The order of its checks is the real one: shop switched off, key, resource, method, and only then what is asked.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops import prestashop_query as query
from kassa_tui.simulate.webshops.prestashop_books import Books, CartUsed, NoModule, Row
from kassa_tui.simulate.webshops.prestashop_fields import METHODS, RESOURCES, Field, Resource
from kassa_tui.simulate.webshops.prestashop_query import Refusal
from kassa_tui.simulate.webshops.prestashop_writes import add_order, add_slip, entered
from kassa_tui.simulate.webshops.server import PAGE, Reply

XML = "text/xml;charset=utf-8"
_EAN = re.compile(r"[0-9]{0,13}")
_GENERIC = re.compile(r"[^<>={}]*")
_FLAGS = frozenset({"deleted", "active", "gift", "recyclable", "private", "valid"})
"""What the database knows no nothing of."""
_READ_IN_JSON = "Start tag expected, '<' not found"


class Webservice:
    """Answers requests out of the books."""

    def __init__(self, books: Books, key: str, *, version: str = "8.1.6", folder: str = "") -> None:
        self.books, self.key, self.version, self.folder = books, key, version, folder
        self.domain = ""
        """Host and port that the shop calls its own; empty: any."""
        self.blocked: tuple[str, ...] = ()
        """Methods that a firewall of the host does not let through; it says so with ``blocked_status``."""
        self.blocked_status = 405
        self.strips_authorization = False
        """A host whose CGI drops the header: only ``ws_key`` gets through."""
        self.languages: tuple[int, ...] = (1, 2)
        self.warns: set[str] = set()
        """Resources whose hooks warn after a new thing was saved: the answer is an error, and the thing is there."""

    def respond(self, asked: Asked) -> Reply:
        """One request."""
        params = parse_qsl(asked.query, keep_blank_values=True)
        if self.domain and asked.headers.get("host", "") != self.domain:
            target = f"http://{self.domain}{self.folder}/?{urlencode([('url', asked.path[5:]), *params])}"
            return Reply(302, b"", {"Location": target}, "text/html")
        if asked.method in self.blocked:
            return Reply(self.blocked_status, PAGE, kind="text/html")
        start = f"{self.folder}/api"
        if asked.path != start and not asked.path.startswith(f"{start}/"):
            return Reply(404, PAGE, kind="text/html")
        key = self._key(asked, dict(params))
        if key is None:
            return Reply(401, b"401 Unauthorized", {"WWW-Authenticate": "Basic"}, "text/html")
        as_json = (asked.headers.get("output-format") or dict(params).get("output_format")) == "JSON"
        parts = [part for part in asked.path[len(start) :].split("/") if part]
        authentic = key == self.key
        try:
            self._admit(key)
            reply = self._serve(asked, params, parts, as_json=as_json)
        except Refusal as refusal:
            reply = self._refused(refusal.status, [(refusal.code, refusal.says)], as_json=as_json)
        headers = {
            **reply.headers,
            "Access-Time": str(int(self.books.clock())),
            "X-Powered-By": "PrestaShop Webservice",
        }
        if authentic:
            headers["PSWS-Version"] = self.version
        return Reply(reply.status, reply.body, headers, reply.kind)

    def _key(self, asked: Asked, params: Mapping[str, str]) -> str | None:
        given = asked.headers.get("authorization", "")
        if given.startswith("Basic ") and not self.strips_authorization:
            try:
                return base64.b64decode(given[6:]).decode().partition(":")[0]
            except ValueError:
                return None
        return params.get("ws_key")

    def _admit(self, key: str) -> None:
        if self.books.setting("PS_WEBSERVICE") != "1":
            raise Refusal(503, 22, "The PrestaShop webservice is disabled. Please activate it in the Back Office")
        if len(key) != 32:
            raise Refusal(401, 18, "Invalid authentication key format")
        if key != self.key:
            raise Refusal(401, 21, "No permission for this authentication key")

    def _refused(self, status: int, found: list[tuple[int, str]], *, as_json: bool) -> Reply:
        if as_json:
            return Reply(status, {"errors": [{"code": code, "message": says} for code, says in found]})
        return Reply(status, query.document(query.errors(found)), kind=XML)

    def _serve(self, asked: Asked, params: list[tuple[str, str]], parts: list[str], *, as_json: bool) -> Reply:
        method = dict(params).get("ps_method", asked.method)
        if not parts:
            rights = self.books.rights
            if as_json:
                return Reply(200, sorted(rights))
            text = query.listing(self.books.setting("PS_SHOP_NAME"), f"http://{self.domain}{self.folder}", rights)
            return Reply(200, query.document(text), kind=XML)
        resource = self._resource(parts[0], method)
        if method in ("GET", "HEAD"):
            return self._read(resource, parts[1] if len(parts) > 1 else "", params, as_json=as_json)
        if method == "DELETE":
            return self._delete(resource, parts[1] if len(parts) > 1 else "")
        try:
            row = self._write(resource, method, asked.body, dict(params))
        except NoModule:
            return Reply(500, b"", kind="text/html")
        if method == "POST" and resource.name in self.warns:
            raise Refusal(500, 3, "[PHP Warning #2] Undefined array key (modules/ps_iets/ps_iets.php, line 68)")
        status = 201 if method == "POST" else 200
        return self._one(resource, row, status, as_json=as_json)

    def _resource(self, name: str, method: str) -> Resource:
        if name not in RESOURCES:
            raise Refusal(400, 27, f'Resource of type "{name}" does not exists. Did you mean: "addresses"?')
        if name not in self.books.rights:
            raise Refusal(401, 26, f'Resource of type "{name}" is not allowed with this authentication key')
        resource = RESOURCES[name]
        if method not in METHODS or (method == "PATCH" and int(self.version.split(".")[0]) < 8):
            raise Refusal(405, 23, f"Method {method} is not valid")
        if method in resource.forbidden:
            raise Refusal(405, 101, f"Method {method} is not allowed for the resource {name}")
        if method not in self.books.rights[name]:
            raise Refusal(
                405, 25, f"Method {method} is not allowed for the resource {name} with this authentication key"
            )
        return resource

    def _one(self, resource: Resource, row: Row, status: int, *, as_json: bool) -> Reply:
        full = query.shown(self._full(resource, row), None, resource, {})
        if as_json:
            return Reply(status, {resource.node: query.as_json(full, self.languages)})
        return Reply(status, query.document(query.as_xml(full, resource, self.languages)), kind=XML)

    def _read(self, resource: Resource, number: str, params: list[tuple[str, str]], *, as_json: bool) -> Reply:
        table, asked = self.books.tables[resource.name], dict(params)
        virtual = sorted({name[6:].split("]")[0] for name in asked if name.startswith("price[")})
        if number:
            if not number.isdecimal() or int(number) not in table:
                return Reply(404, b"", kind="application/json" if as_json else XML)
            rows = [table[int(number)]]
        else:
            rows = query.select(list(table.values()), resource, params)
        display = asked.get("display", "full" if number else "[id]")
        names = query.fields_asked(resource, display, virtual)
        whole = names is None or {"quantity", "manufacturer_name"} & set(names)
        found = [
            query.shown(self._full(resource, row) if whole else row, names, resource,
                        self._prices(resource, row, virtual, asked))
            for row in rows
        ]  # fmt: skip
        if not as_json:
            inner = "".join(query.as_xml(row, resource, self.languages) for row in found)
            wrapped = inner if number else f"<{resource.plural}>{inner}</{resource.plural}>"
            return Reply(200, query.document(wrapped), kind=XML)
        shown = [query.as_json(row, self.languages) for row in found]
        if number and "display" not in asked:
            if resource.name == "combinations":
                shown[0].pop("ean13", None)
            return Reply(200, {resource.node: shown[0]})
        return Reply(200, {resource.plural: shown} if shown else [])

    def _full(self, resource: Resource, row: Row) -> Row:
        if resource.name != "products":
            return row
        number, tables = row["id"], self.books.tables
        combinations = [{"id": each["id"]} for each in tables["combinations"].values() if each["id_product"] == number]
        stock = [
            {"id": each["id"], "id_product_attribute": each["id_product_attribute"]}
            for each in tables["stock_availables"].values()
            if each["id_product"] == number
        ]
        groups = {"combinations": combinations, "stock_availables": stock}
        return {**row, "quantity": "0", "manufacturer_name": "", "associations": {**row["associations"], **groups}}

    def _prices(self, resource: Resource, row: Row, names: list[str], asked: Mapping[str, str]) -> dict[str, str]:
        if resource.name not in ("products", "combinations"):
            return {}
        product = row["id"] if resource.name == "products" else int(row["id_product"])
        variation = row["id"] if resource.name == "combinations" else 0
        if product not in self.books.tables["products"]:
            return {}
        found = {}
        for name in names:
            tax = asked.get(f"price[{name}][use_tax]", "1") == "1"
            country = int(asked.get(f"price[{name}][country]", "13"))
            found[name] = f"{self.books.price(product, variation, tax=tax, country=country):.6f}"
        return found

    def _delete(self, resource: Resource, number: str) -> Reply:
        table = self.books.tables[resource.name]
        if not number.isdecimal() or int(number) not in table:
            raise Refusal(404, 87, f"Id(s) not exists: {number}")
        del table[int(number)]
        return Reply(200, b"", kind=XML)

    def _write(self, resource: Resource, method: str, body: bytes, params: Mapping[str, str]) -> Row:
        try:
            things = list(ElementTree.fromstring(body))
        except ElementTree.ParseError as error:
            says = _READ_IN_JSON if body[:1] in (b"{", b"[") else str(error)
            raise Refusal(500, 127, f"XML error : {says}\nXML length : {len(body)}") from error
        ids = [text for thing in things if (text := (thing.findtext("id") or "").strip())]
        if method == "POST" and ids:
            raise Refusal(400, 91, "id is forbidden when adding a new resource")
        if method != "POST" and len(ids) != len(things):
            raise Refusal(400, 90, "id is required when modifying a resource")
        if len(things) != 1:
            raise Refusal(400, 89, "id is duplicate in request")
        thing = things[0]
        old = None
        if method != "POST":
            if not ids[0].isdecimal() or int(ids[0]) not in self.books.tables[resource.name]:
                raise Refusal(404, 92, "Invalid ID")
            old = self.books.tables[resource.name][int(ids[0])]
        fields = self._fields(resource, thing, method, old)
        return self._save(resource, thing, fields, old, params)

    def _fields(self, resource: Resource, thing: ElementTree.Element, method: str, old: Row | None) -> Row:
        """What is to be set: by PATCH what is given, else everything, what is missing to nothing."""
        found: Row = {}
        for name, field in resource.fields.items():
            element = thing.find(name)
            if element is None:
                if method == "PATCH":
                    continue
                if field.required:
                    status, code = (500, 0) if field.languages else (400, 41)
                    raise Refusal(status, code, f'parameter "{name}" required')
                if not field.given:
                    found[name] = {} if field.languages else 0 if name in _FLAGS else None
                continue
            if field.given:
                raise Refusal(400, 93, f'parameter "{name}" not writable. Please remove this attribute of this XML')
            if name == "position_in_category" and method == "PUT":
                raise Refusal(500, 3, "[PHP Warning #2] Undefined array key (classes/Product.php, line 6873)")
            found[name] = self._value(resource, field, element, old)
        return found

    def _value(self, resource: Resource, field: Field, element: ElementTree.Element, old: Row | None) -> Any:
        languages = element.findall("language")
        if field.languages:
            kept = dict(old[field.name] or {}) if old is not None else {}
            if not languages:
                return dict.fromkeys(self.languages, element.text or "")
            return {**kept, **{int(each.get("id", "0")): each.text or "" for each in languages}}
        text = element.text or ""
        wrong = {
            "int": not re.fullmatch(r"-?\d+", text),
            "float": not re.fullmatch(r"-?\d+(\.\d+)?", text),
            "ean": not _EAN.fullmatch(text),
            "generic": not _GENERIC.fullmatch(text),
        }.get(field.kind, False)
        if wrong:
            raise Refusal(400, 85, f'Validation error: "Property {resource.cls}->{field.name} is not valid"')
        return text

    def _save(self, resource: Resource, thing: ElementTree.Element, fields: Row, old: Row | None,
              params: Mapping[str, str]) -> Row:  # fmt: skip
        books = self.books
        if old is not None:
            state = fields.pop("current_state", None) if resource.name == "orders" else None
            row = books.touch(resource.name, old["id"], **fields)
            if state is not None:
                entered(books, old["id"], state, mail=True)
            if resource.name == "stock_availables":
                # A row without a shop of its own belongs to none, and the product shows nothing.
                row["id_shop"], row["id_shop_group"] = int(row["id_shop"] or 0), int(row["id_shop_group"] or 0)
                books.sum_up(int(row["id_product"]))
            return row
        if resource.name == "order_histories":
            return entered(books, int(fields["id_order"]), fields["id_order_state"], mail="sendemail" in params)
        if resource.name == "orders":
            try:
                return add_order(books, fields)
            except CartUsed as error:
                says = "Cart cannot be loaded or an order has already been placed using this cart"
                raise Refusal(500, 10, says) from error
        if resource.name == "customers":
            return books.customer(fields["firstname"], fields["lastname"], fields["email"], address=False)
        rows = {
            group.tag: [{each.tag: each.text or "" for each in row} for row in group]
            for group in thing.findall("associations/*")
        }
        if resource.name == "order_slip":
            return add_slip(books, fields, rows)
        row = books.add(resource.name, fields, rows)
        if resource.name == "products":
            # A product of its own accord gets its row of stock; of combinations each its own.
            books.add_stock_row(row["id"], 0, 0)
        return row
