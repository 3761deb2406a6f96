"""PrestaShop's products, their combinations and the rows of their stock.

Prices are without VAT, a combination's as a difference; stock is in rows of its own, one for each combination and one
for their sum that is the shop's. Neither a sale nor stock moves a product's own date, so stock is always asked for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from kassa_tui.sync.webshops.amounts import cents, exact, local, net
from kassa_tui.sync.webshops.base import (
    NewProduct,
    Permanent,
    ProductChange,
    ProductPage,
    StockWant,
    StockWritten,
    WebProduct,
)
from kassa_tui.sync.webshops.prestashop_api import Api, Row, text_of, truth, whole
from kassa_tui.sync.webshops.prestashop_orders import product_id
from kassa_tui.sync.webshops.prestashop_shop import Known
from kassa_tui.sync.webshops.prestashop_xml import Field

PRODUCT = "[id,reference,ean13,price,ecotax,id_tax_rules_group,name,date_upd,incl]"
COMBINATION = "[id,id_product,reference,ean13,price,ecotax,incl]"
"""Named one by one: a combination that is asked for whole comes without its EAN."""
STOCK = "[id,id_product,id_product_attribute,quantity,depends_on_stock,id_shop]"
MANY, CHUNK = 100, 2000
"""From so many products on, all stock is read; in pieces of so many rows."""
MOST = 2**31 - 1
NAME_CHARS, EAN_CHARS = 128, 13
_FORBIDDEN = re.compile(r"[<>;=#{}]")
"""Characters that the shop refuses in the name of a product."""


@dataclass(frozen=True, slots=True)
class Stock:
    """One row of stock."""

    id: str
    product: int
    variation: int
    quantity: int
    warehouse: bool
    """The number follows a warehouse of the shop: written, it would be overwritten."""
    shop: int
    row: Mapping[str, Field]


class Products:
    """Reads and changes products and their stock."""

    def __init__(self, api: Api, known: Known) -> None:
        self.api, self.known = api, known

    def pull(self, since: int, page: int) -> Iterator[ProductPage]:
        """Products changed since, each followed by its combinations."""
        filters = self.known.since(since)
        extra = [*([("date", "1")] if filters else []), *self._incl()]
        cursor = 0
        for rows, more in self.api.pages("products", page, filters=filters, display=PRODUCT, extra=extra):
            cursor = cursor or self.api.now
            yield ProductPage(products=tuple(self._read(rows)), cursor=cursor, more=more)

    def find(self, sku: str, ean: str) -> tuple[WebProduct, ...]:
        """All that have this SKU, or this EAN; the shop lets several have the same."""
        name, value = ("ean13", ean.strip()) if ean else ("reference", sku.strip())
        if not value.strip("[]"):
            return ()
        filters = {name: searched(value)}
        rows = self.api.rows("products", filters=filters, display=PRODUCT, extra=self._incl())
        variations = self.api.rows("combinations", filters=filters, display=COMBINATION, extra=self._incl())
        fits = {product_id(whole(row.get("id")), 0) for row in rows if text_of(row.get(name)) == value}
        fits |= {_variation(row) for row in variations if text_of(row.get(name)) == value}
        return tuple(each for each in self.get(sorted({int(each.split(":")[0]) for each in fits})) if each.id in fits)

    def get(self, ids: Sequence[int]) -> list[WebProduct]:
        """Products by the id of the product, with all their combinations."""
        texts = [str(number) for number in ids]
        return self._read(self.api.by("products", "id", texts, display=PRODUCT, extra=self._incl()))

    def one(self, product: str) -> WebProduct | None:
        """A product or a combination."""
        numbers = split_id(product)
        found = self.get([numbers[0]]) if numbers is not None else []
        return next((each for each in found if each.id == product), None)

    def _read(self, rows: Sequence[Row]) -> list[WebProduct]:
        ids = [str(whole(row.get("id"))) for row in rows]
        if not ids:
            return []
        variations: dict[int, list[Row]] = defaultdict(list)
        for row in self.api.by("combinations", "id_product", ids, display=COMBINATION, extra=self._incl()):
            variations[whole(row.get("id_product"))].append(row)
        stock = self._rows(ids, display=STOCK)
        found: list[WebProduct] = []
        for row in rows:
            own = variations.get(whole(row.get("id")), [])
            parent = self._product(row, row, stock, sellable=not own)
            found += [parent, *(self._product(each, row, stock, sellable=True) for each in own)]
        return found

    def _product(self, row: Row, parent: Row, stock: Mapping[tuple[int, int], Stock], *, sellable: bool) -> WebProduct:
        product = whole(parent.get("id"))
        variation = 0 if row is parent else whole(row.get("id"))
        group = text_of(parent.get("id_tax_rules_group"))
        held = stock.get((product, variation))
        managed = sellable and held is not None and not held.warehouse and self.known.counts_stock
        return WebProduct(
            id=product_id(product, variation), sku=text_of(row.get("reference")), ean=text_of(row.get("ean13")),
            name=text_of(parent.get("name"), self.known.language), price=self._price(row, parent, group),
            vat_class=group, rate=self.known.rates.get(group),
            stock=held.quantity * 1000 if held is not None and self.known.counts_stock else None,
            managed="yes" if managed else "no", sellable=sellable,
            modified_at=local(parent.get("date_upd"), self.known.zone),
        )  # fmt: skip

    def _price(self, row: Row, parent: Row, group: str) -> int | None:
        """Without the discounts of the day: what a price label says.

        What the shop itself makes of it has a promotion's fixed price in it, so that is asked only where the tariff is
        not known, or where a contribution comes on top. Customers pay by the tariff of the shop, not by the owner's.
        """
        rate = self.known.charged(group)
        if rate is None or _amount(row, "ecotax") or _amount(parent, "ecotax"):
            return cents(row.get("incl"), "price") if text_of(row.get("incl")) else None
        without = _amount(parent) + (_amount(row) if row is not parent else 0)
        return cents(without * (10_000 + rate) / 10_000, "price")

    def _incl(self) -> list[tuple[str, str]]:
        """Price with VAT in the shop's country, before most reductions; rounded by us, not by a setting of the shop."""
        asked = {"use_tax": "1", "country": str(self.known.country), "use_reduction": "0", "decimals": "6"}
        return [(f"price[incl][{name}]", value) for name, value in asked.items()]

    def stock(self, products: Sequence[str]) -> dict[str, int | None]:
        """Stock as the shop has it; of products that are gone nothing."""
        numbers = {product: found for product in products if (found := split_id(product)) is not None}
        rows = self._rows([str(found[0]) for found in numbers.values()], display=STOCK)
        return {
            product: rows[found].quantity * 1000 if self.known.counts_stock and not rows[found].warehouse else None
            for product, found in numbers.items() if found in rows
        }  # fmt: skip

    def push(self, wants: Sequence[StockWant]) -> list[StockWritten]:
        """Write pieces, one row at a time as the shop wants it; what is so already is left alone."""
        numbers = [split_id(want.product) for want in wants]
        rows = self._rows([str(found[0]) for found in numbers if found is not None], display="full")
        parents = {product for product, variation in rows if variation}
        return [
            self._write(want, rows.get(found) if found is not None else None, parents)
            for want, found in zip(wants, numbers, strict=True)
        ]

    def _write(self, want: StockWant, held: Stock | None, parents: set[int]) -> StockWritten:
        if held is None:
            return StockWritten(product=want.product, code="unknown_product")
        if held.warehouse or not self.known.counts_stock or (not held.variation and held.product in parents):
            # The row of a product with combinations is the sum of theirs, and the shop's own.
            return StockWritten(product=want.product, code="not_managed")
        pieces = max(0, min(want.qty // 1000, MOST))
        detail = "below_zero" if want.qty < 0 else ""
        if held.quantity == pieces:
            return StockWritten(product=want.product, qty=pieces * 1000, detail=detail)
        row = held.row if "id_shop" in held.row and "id_shop_group" in held.row else None
        try:
            found = self.api.change("stock_availables", "stock_available", held.id, {"quantity": pieces}, row=row)
        except Permanent as error:
            if error.code != "refused":
                raise
            code = "unknown_product" if error.facts.get("status") == 404 else "refused"
            return StockWritten(product=want.product, code=code, detail=str(error.facts.get("says", "")))
        if "quantity" not in found:
            found = next(iter(self.api.rows("stock_availables", filters={"id": f"[{held.id}]"}, display=STOCK)), {})
        stands = whole(found.get("quantity")) if "quantity" in found else None
        return StockWritten(
            product=want.product, qty=None if stands is None else stands * 1000, detail=detail,
            code="" if stands == pieces else "not_taken",
        )  # fmt: skip

    def _rows(self, products: Sequence[str], *, display: str) -> dict[tuple[int, int], Stock]:
        wanted = list(dict.fromkeys(products))
        if len(wanted) > MANY:
            pages = self.api.pages("stock_availables", CHUNK, display=display)
            rows = [row for page, _ in pages for row in page]
        else:
            rows = self.api.by("stock_availables", "id_product", wanted, display=display)
        found: dict[tuple[int, int], Stock] = {}
        for row in rows:
            each = _stock(row)
            key = (each.product, each.variation)
            # Of a multistore every shop may have a row; that of ours is meant, or that of a group that shares.
            if key not in found or each.shop == self.known.options.shop_id:
                found[key] = each
        return found

    def change(self, change: ProductChange) -> WebProduct:
        """Change only what is named."""
        numbers, now = split_id(change.product), self.one(change.product)
        if numbers is None or now is None:
            raise Permanent("unknown_product", {"product": change.product})
        product, variation = numbers
        if variation and (change.name is not None or change.vat_class is not None):
            raise Permanent("not_supported", {"what": "name" if change.name is not None else "vat_class"})
        fields = self._fields(change, product, variation, now)
        if fields:
            resource, node = ("combinations", "combination") if variation else ("products", "product")
            self.api.change(resource, node, str(variation or product), fields)
        after = self.one(change.product)
        if after is None:
            raise Permanent("unknown_product", {"product": change.product})
        for name, value in (("price", change.price), ("ean", change.ean), ("vat_class", change.vat_class)):
            if value is not None and getattr(after, name) != value:
                raise Permanent("not_taken", {"product": change.product, "what": name})
        return after

    def make(self, new: NewProduct) -> WebProduct:
        """A product that is switched off; the shop makes the row of its stock itself."""
        if self.find(new.sku, "") or (new.ean and self.find("", new.ean)):
            raise Permanent("duplicate_code", {"code": f"{new.sku} {new.ean}".strip()})
        group = new.vat_class or "0"
        known = self.known.charged(group) if new.vat_class is not None else None
        home = self.known.settings.get("PS_HOME_CATEGORY", "2")
        name, link = _FORBIDDEN.sub(" ", new.name).strip()[:NAME_CHARS] or new.sku, _link(new.name or new.sku)
        made = self.api.create("products", "product", {
            "reference": new.sku, "ean13": new.ean if len(new.ean) <= EAN_CHARS else "",
            "price": net(new.price, new.rate if known is None else known), "id_tax_rules_group": group,
            "id_category_default": home, "state": 1, "active": 0, "available_for_order": 1, "show_price": 1,
            # What is left out becomes nothing, not what a form of the shop begins with.
            "minimal_quantity": 1,
            "name": self.known.in_all_languages(name), "link_rewrite": self.known.in_all_languages(link),
        }, {"categories": ("category", [{"id": home}])})  # fmt: skip
        found = self.one(product_id(whole(made.get("id")), 0))
        if found is None:
            raise Permanent("not_taken", {"what": new.sku})
        return found

    def _fields(self, change: ProductChange, product: int, variation: int, now: WebProduct) -> dict[str, Field]:
        fields: dict[str, Field] = {}
        if change.ean is not None and change.ean != now.ean:
            if change.ean and any(each.id != change.product for each in self.find("", change.ean)):
                raise Permanent("duplicate_code", {"code": change.ean})
            fields["ean13"] = change.ean
        if change.vat_class is not None:
            fields["id_tax_rules_group"] = change.vat_class
        if change.price is not None:
            known = self.known.charged(change.vat_class or now.vat_class)
            without = Decimal(net(change.price, change.rate if known is None else known))
            if variation:
                rows = self.api.rows("products", filters={"id": f"[{product}]"}, display="[id,price]")
                without -= _amount(rows[0]) if rows else 0
            fields["price"] = f"{without:f}"
        if change.name is not None:
            fields["name"] = {str(self.known.language): change.name} if self.known.language else change.name
        return fields


def _link(name: str) -> str:
    """A name as it may stand in an address."""
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_CHARS] or "artikel"


def searched(value: str) -> str:
    """A text to filter by: nothing in it may be read as a list, an interval or a pattern."""
    if "[" in value or "]" in value:
        # Brackets cannot be asked for; who asks compares what comes.
        return f"%[{max(re.split(r'[][]', value), key=len)}]%"
    return value if "," in value or "|" in value else f"[{value}]"


def split_id(product: str) -> tuple[int, int] | None:
    """``12`` or ``12:34``; None for what is neither."""
    first, _, second = product.partition(":")
    number, variation = whole(first), whole(second) if second else 0
    return (number, variation) if number > 0 and variation >= 0 and product == product_id(number, variation) else None


def _variation(row: Row) -> str:
    return product_id(whole(row.get("id_product")), whole(row.get("id")))


def _amount(row: Row, name: str = "price") -> Decimal:
    value = row.get(name)
    return Decimal(0) if value in (None, "") else exact(value, name)


def _stock(row: Row) -> Stock:
    return Stock(
        id=str(whole(row.get("id"))), product=whole(row.get("id_product")),
        variation=whole(row.get("id_product_attribute")), quantity=whole(row.get("quantity")),
        warehouse=truth(row.get("depends_on_stock")), shop=whole(row.get("id_shop")),
        row={name: _field(value) for name, value in row.items() if name != "associations"},
    )  # fmt: skip


def _field(value: Any) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else text_of(value)
