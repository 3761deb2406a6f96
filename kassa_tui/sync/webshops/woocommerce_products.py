"""WooCommerce's products and variations: what they are, and what they cost with VAT by the shop's own settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.amounts import cents, euros, exact, net, rounded, thousandths, utc
from kassa_tui.sync.webshops.base import NewProduct, Permanent, ProductChange, VatClass, WebProduct
from kassa_tui.sync.webshops.woocommerce_web import Row, many, meta, number, own_rates, text

PARENTS = ("variable", "variable-subscription", "grouped", "external")
"""Types of product that are not sold themselves."""
_FIELDS = (
    "id,name,type,status,sku,global_unique_id,regular_price,price,tax_status,tax_class,manage_stock,stock_quantity,"
    "parent_id,attributes,date_modified_gmt"
)


@dataclass(frozen=True, slots=True)
class Tariffs:
    """What the shop's settings say of VAT."""

    taxed: bool = True
    """False: the shop calculates no tax, and its prices are what the customer pays."""
    prices_include_tax: bool = True
    rates: Mapping[str, int] = field(default_factory=dict)
    """Tax class (empty: standard) to hundredths of a percent in the shop's own country."""

    def rate(self, row: Row) -> int | None:
        """Hundredths of a percent for a product; None where the shop does not say."""
        if not self.taxed or untaxed(row):
            return 0
        return self.rates.get(text(row, "tax_class"))

    def gross(self, row: Row) -> int | None:
        """The price in cents with VAT; None where there is none, or its VAT is not known."""
        price = next((row[key] for key in ("regular_price", "price") if row.get(key) not in ("", None)), None)
        if price is None:
            return None
        if self.prices_include_tax or not self.taxed:
            return cents(price, "price")
        rate = self.rate(row)
        return None if rate is None else rounded(exact(price, "price") * (10_000 + rate) / 100)

    def written(self, price: int, rate: int) -> str:
        """A price in cents with VAT as the shop wants it: text, with VAT or without."""
        if self.prices_include_tax or not self.taxed:
            return euros(price)
        return net(price, rate)

    def class_of(self, rate: int) -> str | None:
        """The class with this rate; None where there is none."""
        return next((name for name, each in self.rates.items() if each == rate), None)

    @property
    def classes(self) -> tuple[VatClass, ...]:
        """All classes whose rate is known; of a shop that calculates no tax the one that every product has."""
        rates = self.rates if self.taxed else {"": 0}
        return tuple(VatClass(name=name, rate=rate) for name, rate in rates.items())


def tariffs_of(settings: Mapping[str, Any], taxes: list[Row], options: Options) -> Tariffs:
    """From the shop's settings by id, and its table of taxes."""
    country = str(settings.get("woocommerce_default_country") or "").partition(":")[0] or options.country
    rates: dict[str, int] = {}
    # The first of a class in the shop's own country, else what holds everywhere.
    for places in ((country,), ("", "*")):
        for row in taxes:
            if text(row, "country") in places and text(row, "state") in ("", "*"):
                name = text(row, "class")
                rates.setdefault("" if name == "standard" else name, rounded(exact(row.get("rate") or 0, "rate") * 100))
    rates.update(own_rates(options))
    asked = options.price_includes_tax
    include = asked if asked is not None else settings.get("woocommerce_prices_include_tax", "yes") == "yes"
    return Tariffs(settings.get("woocommerce_calc_taxes", "yes") == "yes", include, rates)


def untaxed(row: Row) -> bool:
    """Whether a product has no tax, whatever its class."""
    return text(row, "tax_status") in ("none", "shipping")


def product_of(row: Row, tariffs: Tariffs, options: Options, parent: Row | None = None) -> WebProduct:
    """A product, or a variation of ``parent``."""
    above = number(parent) if parent else number(row, "parent_id")
    is_variation = parent is not None or text(row, "type") == "variation"
    managed = row.get("manage_stock")
    return WebProduct(
        id=f"{above}:{number(row)}" if is_variation else str(number(row)),
        sku=text(row, "sku"),
        ean=ean_of(row, options),
        name=_name(row, parent),
        price=tariffs.gross(row),
        vat_class=text(row, "tax_class"),
        rate=tariffs.rate(row),
        stock=stock_of(row),
        managed="parent" if managed == "parent" else "yes" if managed in (True, "yes", 1) else "no",
        sellable=text(row, "type") not in PARENTS,
        modified_at=utc(row.get("date_modified_gmt")),
    )


def ean_of(row: Row, options: Options) -> str:
    """The EAN, at the shop's own place or where a plugin keeps it."""
    if options.ean_field:
        found = meta(row, options.ean_field)
        return str(found).strip() if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
    return text(row, "global_unique_id").strip()


def stock_of(row: Row) -> int | None:
    """Thousandths; None where stock is not managed. A variation kept on its parent shows what the parent has."""
    if row.get("manage_stock") in (False, None, "no", 0):
        return None
    return thousandths(row.get("stock_quantity") or 0, "stock_quantity")


def _name(row: Row, parent: Row | None) -> str:
    if parent is None:
        return text(row, "name")
    kinds = ", ".join(found for each in many(row, "attributes") if (found := text(each, "option")))
    return " - ".join(part for part in (text(parent, "name"), kinds or text(row, "name")) if part)


def change_body(change: ProductChange, tariffs: Tariffs, options: Options) -> Row:
    """What to send: only what is to change. A variation's name is its attributes, and stays."""
    body: Row = {}
    if change.price is not None:
        body["regular_price"] = tariffs.written(change.price, change.rate)
    if change.vat_class is not None:
        body["tax_class"] = "" if change.vat_class == "standard" else change.vat_class
        if ":" not in change.product:
            # Of a product that is not taxed at all the class would count for nothing; a variation's is its parent's.
            body["tax_status"] = "taxable"
    if change.ean is not None:
        body |= _ean(change.ean, options)
    if change.name is not None and ":" not in change.product:
        body["name"] = change.name
    return body


def new_body(new: NewProduct, tariffs: Tariffs, options: Options) -> Row:
    """A simple product that keeps its own stock, a draft."""
    body: Row = {
        "name": new.name, "type": "simple", "status": "draft", "sku": new.sku,
        "regular_price": tariffs.written(new.price, new.rate), "manage_stock": True, "stock_quantity": 0,
    }  # fmt: skip
    if new.vat_class is not None:
        body["tax_class"] = new.vat_class
    return body | (_ean(new.ean, options) if new.ean else {})


def _ean(ean: str, options: Options) -> Row:
    if options.ean_field:
        return {"meta_data": [{"key": options.ean_field, "value": ean}]}
    return {"global_unique_id": ean}


def refused_change(change: ProductChange, found: WebProduct) -> Permanent | None:
    """Whether the shop answered well and did something else."""
    vat_class = "" if change.vat_class == "standard" else change.vat_class
    pairs = [(change.price, found.price), (change.ean, found.ean), (vat_class, found.vat_class)]
    for wanted, shown in pairs:
        if wanted is not None and shown is not None and shown != wanted:
            facts = {"product": change.product, "wanted": wanted, "found": shown}
            return Permanent("not_taken", {**facts, "what": f"{wanted} → {shown}"})
    return None


def fields(options: Options) -> str:
    """What is asked of a product; its meta fields, which plugins fill with pages, only where the EAN is among them."""
    return f"{_FIELDS},meta_data" if options.ean_field else _FIELDS


def path_of(product: str) -> str | None:
    """Where a product is; None for what is no id of this shop."""
    parts = product.split(":")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return None
    return f"/products/{parts[0]}" + (f"/variations/{parts[1]}" if len(parts) == 2 else "")
