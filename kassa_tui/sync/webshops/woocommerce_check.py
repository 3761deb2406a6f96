"""Asking a WooCommerce shop who it is and whether the keys may do all that we need, without changing anything."""

from __future__ import annotations

from typing import Any

from kassa_tui.sync.webshops.amounts import exact, rounded
from kassa_tui.sync.webshops.base import Permanent, ShopFacts, Unauthorised, WebshopError
from kassa_tui.sync.webshops.woocommerce_products import Tariffs, tariffs_of
from kassa_tui.sync.webshops.woocommerce_web import MAX_PAGE, Api, Params, Row, inner, one, rows, server_time, text

Remark = tuple[str, dict[str, Any]]

NEEDED = (7, 6)
"""Before it, a part of an order refunded did not move the time it was changed at."""
WITH_EAN = (9, 1)
"""Since then a product has a place of its own for its EAN."""
_SETTINGS = ("general", "tax", "products")


def look(api: Api) -> tuple[ShopFacts, Tariffs]:
    """What the shop says of itself, and its tariffs.

    Raises:
        Unauthorised: the keys may not even read orders and products.
    """
    answer = api.get("/orders", [("per_page", 1), ("_fields", "id")])
    api.get("/products", [("per_page", 1), ("_fields", "id")])
    about = _asked(api, "/system_status", [("_fields", "environment.version,settings")])
    if not text(inner(about, "environment"), "version"):
        # Whole it takes seconds: the shop then tries its own connections.
        about = _asked(api, "/system_status", [])
    settings, found = read_settings(api)
    name, zone, remarks = _index(api)
    version = text(inner(about, "environment"), "version")
    currency = str(settings.get("woocommerce_currency") or inner(about, "settings").get("currency") or "EUR")
    remarks += _remarks(api, version, currency, settings, not about)
    facts = ShopFacts(
        name=name,
        version=version,
        timezone=zone,
        currency=currency,
        now=server_time(answer),
        vat_classes=found.classes,
        remarks=(*remarks, *_writing(api)),
    )
    return facts, found


def read_settings(api: Api) -> tuple[dict[str, Any], Tariffs]:
    """The shop's settings by id, as far as the keys may see them, and the tariffs in them."""
    found = [row for group in _SETTINGS for row in _open(api, f"/settings/{group}")]
    settings = {text(row, "id"): row.get("value") for row in found}
    return settings, tariffs_of(settings, _open(api, "/taxes", paged=True), api.access.options)


def _open(api: Api, path: str, *, paged: bool = False) -> list[Row]:
    """A list that may be closed to keys of a shop's assistant; wrong keys are another matter."""
    try:
        if not paged:
            return rows(api.get(path))
        # A shop that sells all over Europe has more taxes than go on a page.
        return [row for page in api.pages(path, [], MAX_PAGE) for row in page.rows]
    except Permanent:
        return []
    except Unauthorised:
        if not api.reads:
            raise
        return []


def _asked(api: Api, path: str, params: Params) -> Row:
    try:
        return one(api.get(path, params))
    except (Permanent, Unauthorised):
        return {}


def _index(api: Api) -> tuple[str, str, list[Remark]]:
    """Name and time zone by WordPress's own index, which some shops close to strangers."""
    where, asked = api.address("/")
    try:
        found = one(api.index.call("GET", where, params=asked))
    except WebshopError:
        return "", "", [("timezone_unknown", {})]
    zone = text(found, "timezone_string") or _offset(found.get("gmt_offset"))
    return text(found, "name"), zone, [] if zone else [("timezone_unknown", {})]


def _offset(found: Any) -> str:
    """``UTC+01:00`` of hours, a number or text."""
    try:
        minutes = rounded(exact(found) * 60)
    except Permanent:
        return ""
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _remarks(api: Api, version: str, currency: str, settings: dict[str, Any], closed: bool) -> list[Remark]:
    options, found = api.access.options, list[Remark]()
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not api.access.https:
        found.append(("no_https", {}))
    if options.keys_in_url:
        found.append(("keys_in_url", {}))
    if currency != "EUR":
        found.append(("other_currency", {"currency": currency}))
    if numbers and numbers < NEEDED:
        found.append(("old_version", {"version": version, "needed": ".".join(map(str, NEEDED))}))
    if numbers and numbers < WITH_EAN and not options.ean_field:
        found.append(("no_ean_field", {"version": version}))
    if settings.get("woocommerce_manage_stock") == "no":
        found.append(("stock_off", {}))
    if closed or not settings:
        found.append(("settings_refused", {}))
    return found


def _writing(api: Api) -> list[Remark]:
    """Whether the keys may write: a batch of nothing is let in or refused like any other."""
    for path in ("/products/batch", "/orders/batch"):
        try:
            api.send("POST", path, json={"update": []}, repeat=True)
        except Unauthorised:
            return [("write_refused", {})]
        except Permanent as error:
            return [("write_unproven", {"says": str(error.facts.get("says", ""))})]
    return []
