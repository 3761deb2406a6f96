"""The routes of products: lists, single ones, writing, batches that answer 200 with errors in them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from kassa_tui.simulate.webshops.woocommerce_books import Books, Product, Refused
from kassa_tui.simulate.webshops.woocommerce_json import product_json
from kassa_tui.simulate.webshops.woocommerce_lists import Query, ids, listed

Answer = tuple[int, Any, dict[str, str]]
MAX_BATCH = 100
_PLAIN = ("name", "sale_price", "tax_class", "tax_status", "backorders", "status", "description")
_EAN = re.compile(r"[0-9-]*X?")


class Catalogue:
    """Answers under ``/products``."""

    def __init__(self, books: Books, zone: ZoneInfo, version: tuple[int, ...]) -> None:
        self.books, self.zone, self.version = books, zone, version

    def listing(self, query: Query) -> Answer:
        """``GET /products``: variations only where they are asked by SKU."""
        rows = [each for each in self.books.products.values() if each.status != "trash"]
        sku, ean = query.get("sku", ""), query.get("global_unique_id", "") if self.version >= (9, 1) else ""
        if sku:
            wanted = {*sku.lower().split(","), sku.lower()}
            rows = [each for each in rows if each.sku.lower() in wanted]
        elif ean:
            rows = [each for each in rows if each.ean in ean.split(",") and not each.parent]
        else:
            rows = [each for each in rows if not each.parent]
        if "include" in query:
            rows = [each for each in rows if each.id in ids(query)]
        if text := query.get("search", "").lower():
            rows = [each for each in rows if text in each.name.lower()]
        page, headers = listed(rows, query, self.zone)
        return 200, [self.json(each) for each in page], headers

    def variations(self, parent: int, query: Query) -> Answer:
        """``GET /products/<id>/variations``."""
        rows = [each for each in self.books.products.values() if each.parent == parent and each.status != "trash"]
        if "include" in query:
            rows = [each for each in rows if each.id in ids(query)]
        page, headers = listed(rows, query, self.zone)
        return 200, [self.json(each, nested=True) for each in page], headers

    def json(self, product: Product, *, nested: bool = False) -> dict[str, Any]:
        """As this version writes it."""
        return product_json(product, self.books, self.zone, version=self.version, nested=nested)

    def find(self, id_: int, parent: int | None = None, status: int = 404) -> Product:
        """One; 404 on reading and 400 on writing."""
        found = self.books.products.get(id_)
        if found is None or (parent is not None and found.parent != parent) or (parent is None and found.parent):
            kind = "product" if parent is None else "product_variation"
            raise Refused(f"woocommerce_rest_{kind}_invalid_id", "Invalid ID.", status)
        return found

    def create(self, body: dict[str, Any], parent: int = 0) -> Product:
        """``POST /products``."""
        self._check(body, None)
        kind = "variation" if parent else str(body.get("type", "simple"))
        made = self.books.add_product(sku="", name="", regular_price="", type=kind, parent=parent, manage_stock=False)
        self._fill(made, body)
        return made

    def change(self, product: Product, body: dict[str, Any]) -> Product:
        """``PUT`` of one: only what is named changes."""
        self._check(body, product)
        self._fill(product, body)
        self.books.touch(product)
        return product

    def delete(self, product: Product, *, force: bool) -> Answer:
        """``DELETE`` of one: into the bin, or for good."""
        found = self.json(product)
        if force:
            del self.books.products[product.id]
        else:
            product.status = "trash"
        return 200, found, {}

    def batch(self, body: dict[str, Any], parent: int | None = None) -> Answer:
        """``POST …/batch``: each item for itself, and 200 whatever."""
        some = {name: body.get(name) or [] for name in ("create", "update", "delete")}
        if sum(len(each) for each in some.values()) > MAX_BATCH:
            raise Refused("woocommerce_rest_request_entity_too_large",
                          "Unable to accept more than 100 items for this request.", 413)  # fmt: skip
        found: dict[str, list[Any]] = {}
        for item in some["create"]:
            found.setdefault("create", []).append(self._item(item, parent, new=True))
        for item in some["update"]:
            found.setdefault("update", []).append(self._item(item, parent, new=False))
        return 200, found or [], {}

    def _item(self, item: dict[str, Any], parent: int | None, *, new: bool) -> dict[str, Any]:
        try:
            if new:
                return self.json(self.create(item, parent or 0), nested=parent is not None)
            product = self.find(int(item.get("id", 0)), parent, 400)
            return self.json(self.change(product, item), nested=parent is not None)
        except Refused as error:
            told = {"code": error.code, "message": error.message, "data": {"status": error.status, **error.data}}
            return {"id": item.get("id", 0), "error": told}

    def _check(self, body: dict[str, Any], product: Product | None) -> None:
        for name in ("regular_price", "sale_price", "name", "sku"):
            if name in body and not isinstance(body[name], str):
                raise Refused("rest_invalid_param", f"{name} is not of type string.")
        stock = body.get("stock_quantity")
        if stock is not None and (isinstance(stock, bool) or Decimal(str(stock)) % 1):
            raise Refused("rest_invalid_param", "stock_quantity is not of type integer.")
        for name, code in (("sku", "product_invalid_sku"), ("global_unique_id", "product_invalid_global_unique_id")):
            if not body.get(name):
                continue
            field = "sku" if name == "sku" else "ean"
            for other in self.books.products.values():
                if other is not product and getattr(other, field) == body[name] and other.status != "trash":
                    raise Refused(code, "Invalid or duplicated.", resource_id=other.id)
        if not _EAN.fullmatch(str(body.get("global_unique_id") or "")):
            raise Refused("product_invalid_global_unique_id", "Invalid GTIN, UPC, EAN or ISBN.")

    def _fill(self, product: Product, body: dict[str, Any]) -> None:
        for name in _PLAIN:
            if name in body and hasattr(product, name):
                setattr(product, name, body[name])
        if "regular_price" in body:
            product.regular_price = _price(body["regular_price"])
        if body.get("tax_class") == "standard":
            product.tax_class = ""
        product.sku = body.get("sku", product.sku)
        if self.version >= (9, 1):
            product.ean = body.get("global_unique_id", product.ean)
        if "manage_stock" in body:
            product.manage_stock = body["manage_stock"]
        # Without stock management of its own a number is taken, answered with 200, and dropped.
        if body.get("stock_quantity") is not None and product.manage_stock is True:
            product.stock = Decimal(str(body["stock_quantity"]))
        for meta in body.get("meta_data") or []:
            product.meta[meta["key"]] = meta["value"]


def _price(text: str) -> str:
    """A comma is a dot; what is no number is nothing."""
    try:
        return f"{Decimal(text.replace(',', '.')):f}" if text else ""
    except InvalidOperation:
        return ""
