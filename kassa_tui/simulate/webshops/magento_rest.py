"""A simulated Magento's REST: which address does what, and which right it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kassa_tui.simulate.webshops import magento_catalogue as goods
from kassa_tui.simulate.webshops import magento_json as shown
from kassa_tui.simulate.webshops.magento_call import Act, Call
from kassa_tui.simulate.webshops.magento_documents import PICKUP, Memo, Order
from kassa_tui.simulate.webshops.magento_goods import ZERO, Refusal


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
    row, source = call.order(), extension.get("source_code")
    if row.location and source is None:
        raise Refusal("Not able to ship order with 'In Store Pick-Up' delivery method. Order should be notified as "
                      "'Ready For Pick-Up' instead.")  # fmt: skip
    return str(call.shop.sales.ship(row, call.body.get("items") or [], source or "").id)


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
    ("GET", "modules", "Magento_Backend::modules", goods.modules),
    ("GET", "store/storeConfigs", "Magento_Backend::store", goods.configs),
    ("GET", "store/websites", "Magento_Backend::store", goods.websites),
    ("GET", "products", "Magento_Catalog::products", goods.products),
    ("POST", "products", "Magento_Catalog::products", goods.put_product),
    ("GET", "products/attribute-sets/sets/list", "Magento_Catalog::sets",
     lambda call: call.found([{"attribute_set_id": 4, "attribute_set_name": "Default"}], dict)),
    ("GET", "products/*", "Magento_Catalog::products", goods.product),
    ("PUT", "products/*", "Magento_Catalog::products", goods.put_product),
    ("GET", "stockItems/*", "Magento_CatalogInventory::cataloginventory", goods.stock_item),
    ("PUT", "products/*/stockItems/*", "Magento_CatalogInventory::cataloginventory", goods.put_stock_item),
    ("GET", "inventory/source-items", "Magento_InventoryApi::source", goods.source_items),
    ("POST", "inventory/source-items", "Magento_InventoryApi::stock_source_item_assign", goods.put_source_items),
    ("GET", "inventory/sources", "Magento_InventoryApi::source", goods.sources),
    ("GET", "inventory/stock-resolver/website/*", "Magento_InventorySalesApi::stock", goods.resolver),
    ("GET", "inventory/get-product-salable-quantity/*/*", "Magento_InventorySalesApi::stock", goods.salable),
    ("GET", "taxClasses/search", "Magento_Tax::manage_tax", goods.tax_classes),
    ("GET", "taxRates/search", "Magento_Tax::manage_tax", goods.tax_rates),
    ("GET", "taxRules/search", "Magento_Tax::manage_tax", goods.tax_rules),
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
