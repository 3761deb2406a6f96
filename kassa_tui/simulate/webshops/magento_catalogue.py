"""What a simulated Magento does with its products, its stock and its tariffs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kassa_tui.simulate.webshops import magento_json as shown
from kassa_tui.simulate.webshops.magento_call import Call
from kassa_tui.simulate.webshops.magento_goods import COMPOSITE, DEFAULT, Product, Refusal, SourceItem, Tax, slug


def modules(call: Call) -> Any:
    """Those that are switched on."""
    msi = ["Magento_Inventory", "Magento_InventoryApi", "Magento_InventorySales"] if call.shop.goods.msi else []
    return ["Magento_Store", "Magento_Catalog", "Magento_Sales", *msi]


def configs(call: Call) -> Any:
    """Store views."""
    return [{"id": 1, "code": "default", "website_id": 1, "locale": "nl_NL", "base_currency_code": call.shop.currency,
             "timezone": "Europe/Amsterdam", "base_url": "http://localhost/"}]  # fmt: skip


def websites(_: Call) -> Any:
    """Websites."""
    return [{"id": 1, "code": "base", "name": "Kaaswinkel", "default_group_id": 1}]


def products(call: Call) -> Any:
    """A search among them."""
    goods = call.shop.goods

    def column(row: Any, name: str) -> Any:
        if name in goods.attributes:
            return row.attributes.get(name)
        plain = {"entity_id": row.id, "sku": row.sku, "name": row.name, "type_id": row.kind, "price": row.price,
                 "updated_at": shown.when(row.updated), "created_at": shown.when(row.created),
                 "status": row.status}  # fmt: skip
        if name not in plain:
            raise Refusal("Invalid attribute name: %1", [name])
        return plain[name]

    return call.found(goods.products.values(), lambda row: shown.product(row, call.store), column, needs_criteria=True)


def product(call: Call) -> Any:
    """One."""
    return shown.product(call.shop.goods.get(call.names[0]), call.store, alone=True, goods=call.shop.goods)


def put_product(call: Call) -> Any:
    """Overwrite what is named, for all store views or for one; a SKU that is not there makes a product."""
    given, goods = call.need("product"), call.shop.goods
    sku = call.names[0] if call.names else given.get("sku", "")
    row = goods.products.get(sku.casefold())
    custom = {each["attribute_code"]: each["value"] for each in given.get("custom_attributes", [])}
    # Of a product that is there only a key that is named; that of a new one is made of its name.
    if key := custom.get("url_key") or (slug(str(given.get("name", ""))) if row is None else ""):
        _free(call, key, row)
    if row is None:
        if missing := [name for name in ("name", "price", "attribute_set_id") if name not in given]:
            raise Refusal('"%fieldName" is required. Enter and try again.', {"fieldName": missing[0]})
        row = goods.add(sku, name=given["name"], price=0, empty=True)
    row.status = int(given.get("status", row.status))
    plain = {name: given[name] for name in ("name", "price") if name in given}
    if call.store == "all":
        row.name = str(plain.get("name", row.name))
        row.price = Decimal(str(plain.get("price", row.price)))
    else:
        row.views.setdefault(call.store, {}).update(plain)
    row.tax = int(custom.get("tax_class_id", row.tax))
    row.attributes |= {code: str(value) for code, value in custom.items() if code in goods.attributes}
    row.updated = call.shop.now()
    return product(Call(call.shop, call.store, (row.sku,), "", {}))


def _free(call: Call, key: str, but: Product | None) -> None:
    if any(each is not but and each.attributes.get("url_key") == key for each in call.shop.goods.products.values()):
        raise Refusal("URL key for specified store already exists.")


def stock_item(call: Call) -> Any:
    """The one number of old."""
    return shown.stock_item(call.shop.goods.get(call.names[0]), call.shop.goods)


def put_stock_item(call: Call) -> Any:
    """Write it; of a shop with sources this is the default one."""
    goods, given = call.shop.goods, call.need("stockItem")
    row = goods.get(call.names[0])
    if call.names[1] != str(row.id):
        raise Refusal('The "%1" value\'s type is invalid.', [call.names[1]])
    if row.managed:
        qty = Decimal(str(given.get("qty", 0)))
        goods.put(row.sku, DEFAULT, qty, int(bool(given.get("is_in_stock", qty > 0))))
    return row.id


def source_items(call: Call) -> Any:
    """A search among them."""
    return call.found(call.shop.goods.items.values(), _source_item)


def _source_item(row: SourceItem) -> dict[str, Any]:
    return {"sku": row.sku, "source_code": row.source, "quantity": shown.pieces(row.quantity), "status": row.status}


def put_source_items(call: Call) -> Any:
    """Write them; well also where nobody knows the SKU."""
    given = call.need("sourceItems")
    if not given:
        raise Refusal("Input data is empty")
    errors = [{"message": 'Source with code "%code" doesn\'t exist', "parameters": {"code": each.get("source_code")}}
              for each in given if each.get("source_code") not in call.shop.goods.sources]  # fmt: skip
    kinds = {each["sku"]: call.shop.goods.products.get(each["sku"].casefold()) for each in given}
    errors += [{"message": 'Could not save source items for SKU "%sku"', "parameters": {"sku": sku}}
               for sku, row in kinds.items() if (row is not None and row.kind in COMPOSITE)
               or sku in call.shop.refused_skus]  # fmt: skip
    if errors:
        raise Refusal("Validation Failed", {"errors": errors})
    for each in given:
        call.shop.goods.put(each["sku"], each["source_code"], Decimal(str(each["quantity"])), int(each["status"]))
    return []


def sources(call: Call) -> Any:
    """Where goods lie."""
    return call.found(call.shop.goods.sources.values(), lambda row: {
        "source_code": row.code, "name": row.name, "enabled": row.enabled})  # fmt: skip


def resolver(call: Call) -> Any:
    """Which stock a website sells from."""
    return {"stock_id": 1, "name": "Default Stock"}


def salable(call: Call) -> Any:
    """What it would still sell."""
    row = call.shop.goods.products.get(call.names[0].casefold())
    if row is None or row.kind in COMPOSITE:
        raise Refusal("Can't check requested quantity for products without Source Items support.")
    return shown.pieces(call.shop.goods.salable(row.sku))


def tax_classes(call: Call) -> Any:
    """Classes of tax."""
    return call.found(call.shop.goods.taxes, lambda row: {
        "class_id": row.id, "class_name": row.name, "class_type": "PRODUCT"})  # fmt: skip


def _rates(call: Call) -> list[tuple[int, Tax, str]]:
    pairs = [(tax, country) for tax in call.shop.goods.taxes for country in tax.rates]
    return [(no, tax, country) for no, (tax, country) in enumerate(pairs, 1)]


def tax_rates(call: Call) -> Any:
    """Tariffs by country; they are sorted by a name that they do not show."""
    return call.found(_rates(call), lambda row: {
        "id": row[0], "tax_country_id": row[2], "rate": shown.pieces(row[1].rates[row[2]]),
        "code": f"{row[2]}-{row[1].name}"}, lambda row, _: row[0])  # fmt: skip


def tax_rules(call: Call) -> Any:
    """Which tariff goes with which class."""
    return call.found(call.shop.goods.taxes, lambda row: {
        "id": row.id, "code": row.name, "product_tax_class_ids": [row.id, *call.shop.goods.rules.get(row.id, [])],
        "customer_tax_class_ids": [3],
        "tax_rate_ids": [no for no, tax, _ in _rates(call) if tax is row]}, lambda row, _: row.id)  # fmt: skip
