"""Magento's products: found by SKU, priced with or without VAT as the shop is set, changed by as little as can be.

A PUT with an existing SKU overwrites whatever it names, and with one that does not exist makes a product: so the
product is read first, and only fields that are to be other than they are are sent, for all store views at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unicodedata import normalize

from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.amounts import exact, net, rounded, utc
from kassa_tui.sync.webshops.base import (
    NewProduct,
    Permanent,
    ProductChange,
    Unauthorised,
    VatClass,
    WebProduct,
    WebshopError,
)
from kassa_tui.sync.webshops.magento_stock import COMPOSITE
from kassa_tui.sync.webshops.magento_web import Filter, Rest, Row, amount, awkward, in_path, number, rows, text

FIELDS = "items[id,sku,name,price,type_id,status,updated_at,extension_attributes,custom_attributes]"
TAX_CLASS, URL_KEY, EAN = "tax_class_id", "url_key", "ean"
"""Codes of attributes; that of the EAN is each shop's own, and this one what most of them call it."""
DISABLED, IN_CATALOGUE = 2, 4
"""Of a new product: not on sale, and to be seen in catalogue and search once it is."""
FIRST_SET = 4
"""The set of attributes that every shop begins with."""
URL_NAME_CHARS = 128
"""So much of a name in the address of a product; the SKU behind it must not be cut off."""
PRICE_PLACES = 4
"""Of a price without VAT; older versions keep no more."""


class Tariffs:
    """Classes of tax of the shop and their tariffs, asked for once."""

    def __init__(self, rest: Rest, options: Options) -> None:
        self._rest, self._options = rest, options
        self._names: dict[str, str] | None = None
        self._rates: dict[str, int] = {}

    def name(self, class_id: str) -> str:
        """The shop's name of a class, its number where it has none."""
        return self._read().get(class_id, class_id)

    def number(self, name: str) -> str:
        """The number of a class by its name or number; Permanent ``refused`` for one that the shop does not have."""
        names = self._read()
        found = next((number for number, each in names.items() if name in (each, number)), "")
        if not found:
            raise Permanent("refused", {"says": f"tax class {name}"})
        return found

    def rate(self, class_id: str) -> int | None:
        """Hundredths of a percent: by the owner's word, else by the rules of the shop for the owner's country."""
        if class_id in ("", "0"):
            return 0
        name = self.name(class_id)
        for each in (name, class_id):
            if each in self._options.vat_rates:
                return self._options.vat_rates[each]
        return self._rates.get(class_id)

    def classes(self) -> tuple[VatClass, ...]:
        """All classes whose tariff is known."""
        known = ((self.name(number), self.rate(number)) for number in self._read())
        return tuple(VatClass(name=name, rate=rate) for name, rate in known if rate is not None)

    def _read(self) -> dict[str, str]:
        if self._names is None:
            try:
                self._names = self._asked()
            except (Unauthorised, Permanent):
                # Keys that see no taxes, or a shop without them: prices without VAT then need the owner's own list.
                self._names = {}
        return self._names

    def _asked(self) -> dict[str, str]:
        found = {text(row, "class_id"): text(row, "class_name") for row in self._all("taxClasses/search", "class_id")
                 if text(row, "class_type") in ("", "PRODUCT")}  # fmt: skip
        rates = {text(row, "id"): row for row in self._all("taxRates/search", "tax_calculation_rate_id", "id")}
        rules = list(self._all("taxRules/search", "tax_calculation_rule_id", "id"))
        self._rates = _rates(rules, rates, self._options.country)
        return found

    def _all(self, path: str, sort: str, name: str = "") -> Iterator[Row]:
        for page in self._rest.pages(path, size=100, sort=sort, name=lambda row: text(row, name or sort)):
            yield from page.rows


def _rates(rules: Sequence[Row], rates: Mapping[str, Row], country: str) -> dict[str, int]:
    """By class the highest tariff of this country; another country's is none of ours."""
    found: dict[str, int] = {}
    for rule in rules:
        for rate_id in _ids(rule.get("tax_rate_ids")):
            rate = rates.get(rate_id, {})
            if text(rate, "tax_country_id") == country and text(rate, "rate"):
                tariff = rounded(exact(rate["rate"], "rate") * 100)
                found |= {each: max(tariff, found.get(each, 0)) for each in _ids(rule.get("product_tax_class_ids"))}
    return found


def _ids(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def product_of(row: Row, options: Options, tariffs: Tariffs, stock: int | None) -> WebProduct:
    """A product; Permanent ``bad_answer`` for what is none."""
    sku, kind, class_id = text(row, "sku"), text(row, "type_id"), attribute(row, TAX_CLASS)
    if not sku:
        raise Permanent("bad_answer", {"what": "product", "found": str(dict(row))[:40]})
    composite = kind in COMPOSITE
    managed = stock is not None
    return WebProduct(
        id=sku, sku=sku, ean=attribute(row, options.ean_field or EAN), name=text(row, "name"),
        price=price(row, options, tariffs), vat_class=tariffs.name(class_id) if class_id else "",
        rate=tariffs.rate(class_id) if class_id else None, stock=stock,
        managed="yes" if managed else "no", sellable=not composite, modified_at=utc(text(row, "updated_at")),
    )  # fmt: skip


def price(row: Row, options: Options, tariffs: Tariffs) -> int | None:
    """Cents with VAT; None where prices are without, and nobody knows the tariff."""
    if row.get("price") is None:
        return None
    found = amount(row, "price") * 100
    if options.price_includes_tax is not False:
        return rounded(found)
    rate = tariffs.rate(attribute(row, TAX_CLASS))
    return None if rate is None else rounded(found * (10_000 + rate) / 10_000)


def attribute(row: Row, code: str) -> str:
    """A custom attribute; empty where the product does not have it."""
    if code in ("sku", "name"):
        return text(row, code)
    for each in rows(row.get("custom_attributes")):
        if text(each, "attribute_code") == code:
            return text(each, "value")
    return ""


def search_filters(options: Options, *, sku: str, ean: str) -> list[list[Filter]] | None:
    """A search by SKU or EAN; None for one that cannot find anything."""
    if sku:
        return [[("sku", "eq", sku)]]
    return [[(options.ean_field or EAN, "eq", ean)]] if ean else None


def change(rest: Rest, options: Options, tariffs: Tariffs, wish: ProductChange) -> Row:
    """Write what is other than it was; the row as it is then. Permanent ``unknown_product``, ``not_taken``."""
    row = product_row(rest, wish.product)
    if row is None:
        raise Permanent("unknown_product", {"product": wish.product})
    fields = _fields(row, options, tariffs, wish)
    if not fields:
        return row
    _write(rest, text(row, "sku"), fields)
    after = product_row(rest, wish.product)
    if after is None:
        raise Permanent("unknown_product", {"product": wish.product})
    if what := _left(after, options, tariffs, wish):
        raise Permanent("not_taken", {"product": wish.product, "what": what})
    return after


def _left(row: Row, options: Options, tariffs: Tariffs, wish: ProductChange) -> str:
    """What of a change is still to be made: the shop drops an attribute that it does not have, and says nothing."""
    fields = _fields(row, options, tariffs, wish)
    codes = [each["attribute_code"] for each in fields.get("custom_attributes", ())]
    if TAX_CLASS in codes:
        return "vat_class"
    if "price" in fields and price(row, options, tariffs) is not None:
        return "price"
    return "ean" if codes else ""


def _write(rest: Rest, sku: str, fields: dict[str, Any]) -> None:
    try:
        rest.send("PUT", f"products/{in_path(sku)}", {"product": fields}, repeat=True)
    except WebshopError as error:
        if not awkward(sku) or error.code in ("timeout", "unreachable", "busy"):
            raise
        # With the SKU in the body it is the same, as the product is there already.
        rest.send("POST", "products", {"product": {"sku": sku, **fields}}, repeat=True)


def product_row(rest: Rest, sku: str) -> Row | None:
    """A product with the values that hold for every store view; None where there is none."""
    found = rest.search("products", [[("sku", "eq", sku)]], size=1, fields=FIELDS)
    return next(iter(found.rows), None)


def _fields(row: Row, options: Options, tariffs: Tariffs, wish: ProductChange) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    custom: list[dict[str, str]] = []
    if wish.name is not None and wish.name != text(row, "name"):
        fields["name"] = wish.name
    if wish.price is not None and wish.price != price(row, options, tariffs):
        fields["price"] = number(_written(wish, options, tariffs, attribute(row, TAX_CLASS)))
    if wish.vat_class is not None:
        class_id = tariffs.number(wish.vat_class)
        custom += [{"attribute_code": TAX_CLASS, "value": class_id}] * (class_id != attribute(row, TAX_CLASS))
    if wish.ean is not None:
        code = options.ean_field or EAN
        if wish.ean != attribute(row, code):
            custom.append({"attribute_code": code, "value": wish.ean})
    return fields | ({"custom_attributes": custom} if custom else {})


def _written(wish: ProductChange | NewProduct, options: Options, tariffs: Tariffs,
             class_id: str | None) -> str:  # fmt: skip
    """A price as the shop wants it written; None: which class the shop gives the product is not known."""
    gross = wish.price or 0
    if options.price_includes_tax is not False:
        return f"{gross // 100}.{gross % 100:02}"
    if wish.vat_class is not None:
        class_id = tariffs.number(wish.vat_class)
    known = None if class_id is None else tariffs.rate(class_id)
    return net(gross, wish.rate if known is None else known, PRICE_PLACES)


def make(rest: Rest, options: Options, tariffs: Tariffs, new: NewProduct) -> Row:
    """Make a simple product that is not on sale yet. Of a SKU that is there the shop would overwrite the product."""
    if product_row(rest, new.sku) is not None:
        raise Permanent("duplicate_code", {"code": new.sku})
    class_id = tariffs.number(new.vat_class) if new.vat_class is not None else None
    custom = [{"attribute_code": TAX_CLASS, "value": class_id}] if class_id else []
    if key := _url_key(new):
        custom.append({"attribute_code": URL_KEY, "value": key})
    if new.ean:
        custom.append({"attribute_code": options.ean_field or EAN, "value": new.ean})
    rest.send("POST", "products", {"product": {
        "sku": new.sku, "name": new.name, "price": number(_written(new, options, tariffs, class_id)),
        "type_id": "simple", "attribute_set_id": _attribute_set(rest), "status": DISABLED, "visibility": IN_CATALOGUE,
        "custom_attributes": custom,
    }})  # fmt: skip
    row = product_row(rest, new.sku)
    if row is None:
        raise Permanent("not_taken", {"what": new.sku})
    return row


def _url_key(new: NewProduct) -> str:
    """Name and SKU as they may stand in an address: by the name alone the shop refuses a second one of that name."""
    plain = normalize("NFKD", f"{new.name[:URL_NAME_CHARS]} {new.sku}").encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _attribute_set(rest: Rest) -> int:
    """The first one for products; keys that may not see them take the one of every fresh shop."""
    try:
        found = rest.search("products/attribute-sets/sets/list", size=1, sort="attribute_set_id")
    except (Unauthorised, Permanent):
        return FIRST_SET
    told = next((text(row, "attribute_set_id") for row in found.rows), "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else FIRST_SET
