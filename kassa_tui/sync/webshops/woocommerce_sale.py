"""A counter sale as an order in WooCommerce, for owners who want to see it there.

The shop knows no idempotency key: ours is in three places it can be searched by, and it is searched before anything is
made. Amounts go without VAT at six places, or the shop's own rounding comes a cent out.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

from kassa_tui.domain.money import half_away
from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.amounts import euros, net
from kassa_tui.sync.webshops.base import CounterSale, Permanent, SoldLine
from kassa_tui.sync.webshops.woocommerce_orders import KEY_META, STAGES
from kassa_tui.sync.webshops.woocommerce_products import Tariffs
from kassa_tui.sync.webshops.woocommerce_web import MAX_PAGE, Api, Row, meta, number, one, rows, text

CREATED_VIA = "till"
_CENT, _HALF_CENT, _SIXTH = Decimal("0.01"), Decimal("0.005"), Decimal("0.000001")
_NEWEST = 50
"""Orders that are looked through where searching finds nothing."""


def find_sale(api: Api, key: str) -> Row | None:
    """The order with this key; None for none.

    ``search`` finds a billing name in both storages, a transaction id in one only. Older versions ignore
    ``created_via`` and then show the newest of all: the key itself decides.
    """
    if not key:
        return None
    newest = [("created_via", CREATED_VIA), ("orderby", "id"), ("order", "desc"), ("per_page", _NEWEST)]
    searched = [("search", key), ("orderby", "id"), ("order", "asc"), ("per_page", MAX_PAGE)]
    for asked in (searched, newest):
        found = [row for row in rows(api.get("/orders", [*asked, ("dp", 6)])) if str(meta(row, KEY_META)) == key]
        if found:
            return min(found, key=number)
    return None


def place_sale(api: Api, sale: CounterSale, tariffs: Tariffs, options: Options) -> Row:
    """The order for this sale, made unless it is there."""
    if not sale.key:
        raise Permanent("not_supported", {"what": "key"})
    # The shop would take a negative quantity, for nothing, and add to its stock.
    if sale.total < 0 or any(line.qty <= 0 or line.amount < 0 for line in sale.lines) or not sale.lines:
        raise Permanent("not_supported", {"what": "negative"})
    found = find_sale(api, sale.key)
    if found is None:
        return one(api.send("POST", "/orders", [("dp", 6)], sale_body(sale, tariffs, options)))
    if STAGES.get(text(found, "status")) == "unpaid":
        # The shop makes it as pending and then completes it; it did not come to the end.
        body = {"status": _status(options), "set_paid": True}
        return one(api.send("PUT", f"/orders/{number(found)}", [("dp", 6)], body, repeat=True))
    return found


def sale_body(sale: CounterSale, tariffs: Tariffs, options: Options) -> Row:
    """What to send. No mail address: the shop would write to it."""
    goods = [_goods(line, tariffs) for line in sale.lines if _is_goods(line)]
    fees = [_fee(line, tariffs) for line in sale.lines if not _is_goods(line)]
    return {
        "status": _status(options),
        "set_paid": True,
        "created_via": CREATED_VIA,
        "payment_method": sale.method or "pos",
        "payment_method_title": sale.title or "Kassa",
        "transaction_id": sale.key,
        "billing": {"company": sale.key},
        "meta_data": [{"key": KEY_META, "value": sale.key}],
        "line_items": goods,
        "fee_lines": fees,
    }


def _is_goods(line: SoldLine) -> bool:
    """What the shop has and counts in pieces; the rest is a fee, which takes no stock."""
    parts = line.product.split(":")
    return all(part.isascii() and part.isdigit() for part in parts) and len(parts) <= 2 and line.qty % 1000 == 0


def _goods(line: SoldLine, tariffs: Tariffs) -> Row:
    product, _, variation = line.product.partition(":")
    found: Row = {"product_id": int(product), "quantity": line.qty // 1000}
    if variation:
        found["variation_id"] = int(variation)
    name = _class(line, tariffs)
    # A discount is a total below the subtotal; a negative fee would take its VAT from the rest of the basket.
    gross = max(line.gross, line.amount)
    found |= {"subtotal": _net(gross, line, tariffs), "total": _net(line.amount, line, tariffs)}
    return found if name is None else {**found, "tax_class": name}


def _fee(line: SoldLine, tariffs: Tariffs) -> Row:
    name = _class(line, tariffs)
    if name is None or not tariffs.taxed:
        return {"name": line.name or "Kassa", "tax_status": "none", "total": euros(line.amount)}
    return {"name": line.name or "Kassa", "tax_status": "taxable", "tax_class": name,
            "total": fee_net(line.amount, line.rate)}  # fmt: skip


def fee_net(amount: int, rate: int) -> str:
    """A fee in cents with VAT, without it as the shop must be told it.

    The shop rounds the VAT of each fee to cents and adds fees up as they are: only a net in whole cents adds up with
    others. Where the shop would come to other VAT on that, the nearest net on which it comes to the right one.
    """
    vat = half_away(amount * rate, 10_000 + rate)
    whole = Decimal(amount - vat) / 100
    exactly = whole * rate / 10_000
    if {exactly.quantize(_CENT, way) for way in (ROUND_HALF_UP, ROUND_HALF_DOWN)} == {Decimal(vat) / 100}:
        return f"{whole:f}"
    least, most = ((Decimal(vat) / 100 + half) * 10_000 / rate for half in (-_HALF_CENT, _HALF_CENT))
    if whole <= least:
        return f"{(least + 2 * _SIXTH).quantize(_SIXTH, ROUND_UP):f}"
    return f"{(most - 2 * _SIXTH).quantize(_SIXTH, ROUND_DOWN):f}"


def _status(options: Options) -> str:
    return options.sale_status.removeprefix("wc-")


def _class(line: SoldLine, tariffs: Tariffs) -> str | None:
    return line.vat_class or tariffs.class_of(line.rate)


def _net(amount: int, line: SoldLine, tariffs: Tariffs) -> str:
    return net(amount, line.rate) if tariffs.taxed else euros(amount)
