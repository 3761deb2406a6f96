"""The resources of the simulated PrestaShop's webservice: which fields there are, and what may be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource."""

    name: str
    required: bool = False
    languages: bool = False
    """One text for each language of the shop."""
    given: bool = False
    """Shown, and refused when it is sent back."""
    kind: str = ""
    """``int``, ``float``, ``ean``, ``generic`` or nothing: what is looked at when it is written."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource."""

    name: str
    plural: str
    node: str
    cls: str
    """PHP's name of it, for errors."""
    fields: Mapping[str, Field]
    associations: Mapping[str, str]
    """Plural → singular."""
    forbidden: tuple[str, ...] = ()


def _fields(text: str) -> dict[str, Field]:
    found = {}
    for word in text.split():
        name, _, kind = word.partition(":")
        bare = name.rstrip("!*-")
        marks = name[len(bare) :]
        found[bare] = Field(bare, "!" in marks, "*" in marks, "-" in marks, kind)
    return found


def _resource(name: str, node: str, cls: str, fields: str, associations: Mapping[str, str] | None = None, *,
              plural: str = "", forbidden: tuple[str, ...] = ()) -> Resource:  # fmt: skip
    return Resource(name, plural or name, node, cls, _fields(fields), associations or {}, forbidden)


_STOCK = (
    "id_product! id_product_attribute! id_shop id_shop_group quantity!:int depends_on_stock! out_of_stock! location"
)
_PRODUCT = (
    "id_manufacturer id_supplier id_category_default new cache_default_attribute id_default_image id_tax_rules_group "
    "position_in_category manufacturer_name- quantity- type id_shop_default reference supplier_reference location "
    "weight ean13:ean isbn upc minimal_quantity low_stock_threshold price!:float wholesale_price unity active state "
    "available_for_order condition show_price visibility advanced_stock_management date_add date_upd pack_stock_type "
    "ecotax meta_description* meta_title* link_rewrite* name!* description* description_short* available_now*"
)
_ORDER = (
    "id_address_delivery! id_address_invoice! id_cart! id_currency! id_lang! id_customer! id_carrier! current_state "
    "module! invoice_number invoice_date delivery_number delivery_date valid date_add date_upd shipping_number note "
    "id_shop_group id_shop secure_key payment!:generic recyclable gift gift_message mobile_theme total_discounts "
    "total_discounts_tax_incl total_discounts_tax_excl total_paid! total_paid_tax_incl total_paid_tax_excl "
    "total_paid_real! total_products! total_products_wt! total_shipping total_shipping_tax_incl "
    "total_shipping_tax_excl carrier_tax_rate total_wrapping total_wrapping_tax_incl total_wrapping_tax_excl "
    "round_mode round_type conversion_rate! reference"
)
_CART = (
    "id_address_delivery id_address_invoice id_currency! id_customer id_guest id_lang! id_shop_group id_shop "
    "id_carrier recyclable gift gift_message mobile_theme delivery_option secure_key allow_seperated_package date_add "
    "date_upd"
)
_SLIP = (
    "id_customer! id_order! conversion_rate! total_products_tax_excl! total_products_tax_incl! "
    "total_shipping_tax_excl! total_shipping_tax_incl! amount shipping_cost shipping_cost_amount partial date_add "
    "date_upd order_slip_type"
)
_DETAIL = (
    "id_order! product_id product_attribute_id product_quantity_reinjected product_quantity_refunded "
    "product_quantity_return product_quantity! product_name! product_reference product_ean13 id_tax_rules_group "
    "unit_price_tax_incl unit_price_tax_excl total_price_tax_incl total_price_tax_excl"
)

RESOURCES: Mapping[str, Resource] = {
    each.name: each
    for each in (
        _resource("addresses", "address", "Address", "id_customer id_country! alias! lastname! firstname! address1! "
                  "city! postcode deleted date_add date_upd"),
        _resource("carriers", "carrier", "Carrier", "deleted is_module id_tax_rules_group id_reference name! active "
                  "is_free"),
        _resource("carts", "cart", "Cart", _CART, {"cart_rows": "cart_row"}),
        _resource("combinations", "combination", "Combination", "id_product! location ean13:ean isbn upc quantity "
                  "reference supplier_reference wholesale_price price:float ecotax weight unit_price_impact "
                  "minimal_quantity low_stock_threshold default_on available_date",
                  {"product_option_values": "product_option_value"}),
        _resource("configurations", "configuration", "Configuration", "value name! id_shop_group id_shop date_add "
                  "date_upd"),
        _resource("countries", "country", "Country", "id_zone id_currency iso_code! active need_zip_code name!*"),
        _resource("currencies", "currency", "Currency", "names name iso_code! conversion_rate! deleted active"),
        _resource("customers", "customer", "Customer", "id_default_group id_lang secure_key deleted passwd! "
                  "lastname! firstname! email! active note date_add date_upd"),
        _resource("languages", "language", "Language", "name! iso_code! locale language_code active is_rtl "
                  "date_format_lite! date_format_full!"),
        _resource("messages", "message", "Message", "id_cart id_order id_customer id_employee message! private "
                  "date_add"),
        _resource("order_details", "order_detail", "OrderDetail", _DETAIL),
        _resource("order_histories", "order_history", "OrderHistory", "id_employee id_order_state! id_order! "
                  "date_add"),
        _resource("order_payments", "order_payment", "OrderPayment", "order_reference id_currency! amount! "
                  "payment_method conversion_rate transaction_id date_add"),
        _resource("order_slip", "order_slip", "OrderSlip", _SLIP, {"order_slip_details": "order_slip_detail"},
                  plural="order_slips"),
        _resource("order_states", "order_state", "OrderState", "unremovable delivery hidden send_email module_name "
                  "invoice color logable shipped paid pdf_delivery pdf_invoice deleted name!*"),
        _resource("orders", "order", "Order", _ORDER, {"order_rows": "order_row"}),
        _resource("products", "product", "Product", _PRODUCT, {"categories": "category",
                  "combinations": "combination", "stock_availables": "stock_available"}),
        _resource("stock_availables", "stock_available", "StockAvailable", _STOCK, forbidden=("POST", "DELETE")),
        _resource("tax_rule_groups", "tax_rule_group", "TaxRulesGroup", "name! active! deleted date_add date_upd"),
        _resource("tax_rules", "tax_rule", "TaxRule", "id_tax_rules_group! id_state id_country! zipcode_from "
                  "zipcode_to id_tax! behavior description"),
        _resource("taxes", "tax", "Tax", "rate! active deleted name!*"),
    )
}  # fmt: skip
