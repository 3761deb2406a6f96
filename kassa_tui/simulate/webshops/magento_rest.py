"""A simulated Magento's REST: which address does what, and which right it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kassa_tui.simulate.webshops import magento_json as shown
from kassa_tui.simulate.webshops import magento_search as search
from kassa_tui.simulate.webshops.magento_goods import COMPOSITE, DEFAULT, ZERO, Refusal, SourceItem, Tax
from kassa_tui.simulate.webshops.magento_sales import PICKUP, Memo, Order

if TYPE_CHECKING:
    from kassa_tui.simulate.webshops.magento import MagentoShop


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be done."""

    shop: MagentoShop
    store: str
    names: tuple[str, ...]
    """Parts of the address that are not fixed."""
    query: str
    body: Mapping[str, Any]

    def need(self, name: str) -> Any:
        """A field that the body must have."""
        if name not in self.body:
            raise Refusal('"%fieldName" is required. Enter and try again.', {"fieldName": name})
        return self.body[name]

    def order(self) -> Order:
        """The order in the address."""
        number = self.names[0]
        if not number.isdigit():
            raise Refusal('The "%value" value\'s type is invalid. The "%type" type was expected. Verify and try again.',
                          {"value": number, "type": "int"})  # fmt: skip
        if number == "0":
            raise Refusal("An ID is needed. Set the ID and try again.")
        return self.shop.sales.get(number)

    def found(self, rows: Iterable[Any], show: Callable[[Any], Any], column: Callable[[Any, str], Any] | None = None,
              *, needs_criteria: bool = False) -> Any:  # fmt: skip
        """The answer to a search."""
        asked = search.read(self.query)
        if needs_criteria and not asked.given:
            raise Refusal('"%fieldName" is required. Enter and try again.', {"fieldName": "searchCriteria"})

        def of(row: Any, name: str) -> Any:
            told = show(row)
            if name not in told:
                raise Refusal("Internal Error. Details are available in Magento log file. Report ID: webapi-5f3", None,
                              500)  # fmt: skip
            return told[name]

        return search.found(rows, asked, column or of, show, repeats_last_page=self.shop.repeats_last_page)


Act = Callable[[Call], Any]


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
    if row is None:
        if missing := [name for name in ("name", "price", "attribute_set_id") if name not in given]:
            raise Refusal('"%fieldName" is required. Enter and try again.', {"fieldName": missing[0]})
        row = goods.add(sku, name=given["name"], price=0, empty=True)
    row.status = int(given.get("status", row.status))
    plain = {name: given[name] for name in ("name", "price") if name in given}
    custom = {each["attribute_code"]: each["value"] for each in given.get("custom_attributes", [])}
    if call.store == "all":
        row.name = str(plain.get("name", row.name))
        row.price = Decimal(str(plain.get("price", row.price)))
    else:
        row.views.setdefault(call.store, {}).update(plain)
    row.tax = int(custom.get("tax_class_id", row.tax))
    row.attributes |= {code: str(value) for code, value in custom.items() if code in goods.attributes}
    row.updated = call.shop.now()
    return product(Call(call.shop, call.store, (row.sku,), "", {}))


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
        "id": row.id, "code": row.name, "product_tax_class_ids": [row.id], "customer_tax_class_ids": [3],
        "tax_rate_ids": [no for no, tax, _ in _rates(call) if tax is row]}, lambda row, _: row.id)  # fmt: skip


def orders(call: Call) -> Any:
    """A search among them."""
    return call.found(call.shop.sales.orders.values(), shown.order, _order_column)


_ORDER_COLUMNS: Mapping[str, Callable[[Order], Any]] = {
    "entity_id": lambda row: row.id, "increment_id": lambda row: row.number,
    "ext_order_id": lambda row: row.ext or None,
    "state": lambda row: row.state, "status": lambda row: row.status,
    "created_at": lambda row: shown.when(row.created), "updated_at": lambda row: shown.when(row.updated),
}  # fmt: skip


def _order_column(row: Order, name: str) -> Any:
    if name not in _ORDER_COLUMNS:
        raise Refusal("Internal Error. Details are available in Magento log file. Report ID: webapi-5f3", None, 500)
    return _ORDER_COLUMNS[name](row)


def order(call: Call) -> Any:
    """One."""
    return shown.order(call.order())


def post_order(call: Call) -> Any:
    """Somebody's own order, as it is given: no stock, no reservation, no sum looked at."""
    given, sales = dict(call.need("entity")), call.shop.sales
    number = str(given.get("increment_id") or "")
    # Without a store view the database does not see that a number is there already.
    if number and given.get("store_id") and any(each.number == number for each in sales.orders.values()):
        raise Refusal("Unique constraint violation found")
    now = call.shop.now()
    row = Order(max(sales.orders, default=0) + 1, number or f"{len(sales.orders) + 1:09}", now, now,
                state=str(given.get("state", "new")), status=str(given.get("status", "pending")))  # fmt: skip
    row.ext = str(given.get("ext_order_id") or "")
    given["increment_id"] = row.number
    given["items"] = [{**each, "item_id": sales.next(), "qty_invoiced": 0, "qty_shipped": 0}
                      for each in given.get("items", [])]  # fmt: skip
    row.raw = given
    sales.orders[row.id] = row
    return shown.order(row)


def invoice(call: Call) -> Any:
    """Book the money; the invoice's number."""
    return str(call.shop.sales.invoice(call.order(), call.body.get("items") or []).id)


def ship(call: Call) -> Any:
    """Send the goods; the shipment's number."""
    extension = (call.body.get("arguments") or {}).get("extension_attributes") or {}
    row = call.order()
    source = extension.get("source_code") or DEFAULT
    return str(call.shop.sales.ship(row, call.body.get("items") or [], source).id)


def refund(call: Call) -> Any:
    """Give back what was paid; the credit memo's number."""
    return str(call.shop.sales.refund(call.order(), call.body).id)


def refund_invoice(call: Call) -> Any:
    """The same by way of whoever took the payment."""
    for row in call.shop.sales.orders.values():
        if any(str(each.id) == call.names[0] for each in row.invoices):
            made = call.shop.sales.refund(row, call.body)
            call.shop.paid_back.append((row.id, made.total) if call.body.get("isOnline") else (row.id, ZERO))
            return str(made.id)
    raise Refusal("The entity that was requested doesn't exist. Verify the entity and try again.", status=404)


def cancel(call: Call) -> Any:
    """True, or false with the same status."""
    return call.shop.sales.cancel(call.order())


def hold(call: Call) -> Any:
    """Set aside."""
    row = call.order()
    row.state = row.status = "holded"
    return True


def unhold(call: Call) -> Any:
    """And on again."""
    row = call.order()
    row.state, row.status = ("processing", "processing") if row.paid else ("new", "pending")
    return True


def comment(call: Call) -> Any:
    """Write in the history."""
    given = call.need("statusHistory")
    call.shop.sales.comment(call.order(), given["comment"], given.get("status"), given.get("is_customer_notified", 0))
    return True


def notify(call: Call) -> Any:
    """Tell customers to come, which ships; it is well also where it did nothing."""
    failed = []
    for order_id in call.need("orderIds"):
        row = call.shop.sales.get(order_id)
        if row.shipping[0] != PICKUP or not any(each.to_ship > 0 for each in row.tops):
            failed.append({"id": order_id, "message": "The order is not ready for pickup"})
            continue
        try:
            call.shop.sales.ship(row, [], row.location)
        except Refusal as error:
            failed.append({"id": order_id, "message": error.message})
            continue
        call.shop.sales.comment(row, "Order notified for pickup at: today", row.status, 1)
    return {"successful": not failed, "failed": failed}


def _documents(call: Call, name: str) -> list[Memo]:
    return [each for row in call.shop.sales.orders.values() for each in getattr(row, name)]


def _document(call: Call, name: str) -> Memo:
    for each in _documents(call, name):
        if str(each.id) == call.names[0]:
            return each
    raise Refusal("The entity that was requested doesn't exist. Verify the entity and try again.", status=404)


def _by_order(row: Memo, name: str) -> Any:
    return row.order.id if name == "order_id" else row.id if name == "entity_id" else shown.when(row.at)


ROUTES: tuple[tuple[str, str, str, Act], ...] = (
    ("GET", "modules", "Magento_Backend::modules", modules),
    ("GET", "store/storeConfigs", "Magento_Backend::store", configs),
    ("GET", "store/websites", "Magento_Backend::store", websites),
    ("GET", "products", "Magento_Catalog::products", products),
    ("POST", "products", "Magento_Catalog::products", put_product),
    ("GET", "products/attribute-sets/sets/list", "Magento_Catalog::sets",
     lambda call: call.found([{"attribute_set_id": 4, "attribute_set_name": "Default"}], dict)),
    ("GET", "products/*", "Magento_Catalog::products", product),
    ("PUT", "products/*", "Magento_Catalog::products", put_product),
    ("GET", "stockItems/*", "Magento_CatalogInventory::cataloginventory", stock_item),
    ("PUT", "products/*/stockItems/*", "Magento_CatalogInventory::cataloginventory", put_stock_item),
    ("GET", "inventory/source-items", "Magento_InventoryApi::source", source_items),
    ("POST", "inventory/source-items", "Magento_InventoryApi::stock_source_item_assign", put_source_items),
    ("GET", "inventory/sources", "Magento_InventoryApi::source", sources),
    ("GET", "inventory/stock-resolver/website/*", "Magento_InventorySalesApi::stock", resolver),
    ("GET", "inventory/get-product-salable-quantity/*/*", "Magento_InventorySalesApi::stock", salable),
    ("GET", "taxClasses/search", "Magento_Tax::manage_tax", tax_classes),
    ("GET", "taxRates/search", "Magento_Tax::manage_tax", tax_rates),
    ("GET", "taxRules/search", "Magento_Tax::manage_tax", tax_rules),
    ("GET", "orders", "Magento_Sales::actions_view", orders),
    ("POST", "orders", "Magento_Sales::create", post_order),
    ("GET", "orders/*", "Magento_Sales::actions_view", order),
    ("POST", "orders/*/cancel", "Magento_Sales::cancel", cancel),
    ("POST", "orders/*/hold", "Magento_Sales::hold", hold),
    ("POST", "orders/*/unhold", "Magento_Sales::unhold", unhold),
    ("POST", "orders/*/comments", "Magento_Sales::comment", comment),
    ("POST", "order/notify-orders-are-ready-for-pickup", "Magento_InventoryInStorePickupApi::notify", notify),
    ("POST", "order/*/invoice", "Magento_Sales::invoice", invoice),
    ("POST", "order/*/ship", "Magento_Sales::ship", ship),
    ("POST", "order/*/refund", "Magento_Sales::creditmemo", refund),
    ("POST", "invoice/*/refund", "Magento_Sales::creditmemo", refund_invoice),
    ("GET", "invoices", "Magento_Sales::sales_invoice",
     lambda call: call.found(_documents(call, "invoices"), shown.invoice, _by_order)),
    ("GET", "shipments", "Magento_Sales::shipment",
     lambda call: call.found(_documents(call, "shipments"), shown.shipment, _by_order)),
    ("GET", "creditmemos", "Magento_Sales::sales_creditmemo",
     lambda call: call.found(_documents(call, "memos"), call.shop.memo_row, _by_order)),
    ("GET", "creditmemo/*", "Magento_Sales::sales_creditmemo", lambda call: shown.memo(_document(call, "memos"))),
    ("GET", "creditmemo/*/comments", "Magento_Sales::sales_creditmemo",
     lambda call: {"items": shown.comments(_document(call, "memos")), "total_count": 1}),
)  # fmt: skip

_PATTERNS = [(method, re.compile(re.escape(path).replace(r"\*", "([^/]+)")), right, act)
             for method, path, right, act in ROUTES]  # fmt: skip


def route(method: str, path: str, *, msi: bool) -> tuple[str, tuple[str, ...], Act] | None:
    """Right and act for an address behind ``/V1/``, still encoded; None where Magento knows none."""
    if not msi and path.startswith(("inventory/", "order/notify")):
        return None
    for known, pattern, right, act in _PATTERNS:
        if known == method and (found := pattern.fullmatch(path)):
            return right, found.groups(), act
    return None
