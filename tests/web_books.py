"""Web orders booked in a channel's books as its engine books them, without a webshop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kassa_tui.domain.journal import Moment
from kassa_tui.storage import web_orders
from kassa_tui.storage.channels import channel_folder
from kassa_tui.sync.channel.channel import Channel
from tests.services.shop_floor import START

DAY = "2026-11-21"


class Noon:
    """Stands where it was set."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def now(self) -> Moment:
        return Moment(self.at, 60)

    def monotonic_ms(self) -> int:
        return 0


def sale(
    amount: int, order: str, *, sku: str = "6", rate: int = 900, tender: str = "web"
) -> tuple[str, dict[str, Any]]:
    """A ``weborder.sale`` of one line, its VAT in the price."""
    vat = amount - round(amount * 10_000 / (10_000 + rate))
    line = {
        "no": 1, "kind": "sale" if amount >= 0 else "return", "sku": sku, "name": "Krentenbol", "group": "Brood",
        "qty": 1000 if amount >= 0 else -1000, "unit": "each", "price": abs(amount), "amount": amount,
        "vat_code": "low" if rate == 900 else "high", "rate": rate, "vat": vat, "source": "web", "web_kind": "goods",
        "line": "1",
    }  # fmt: skip
    block = {"code": line["vat_code"], "rate": rate, "gross": amount, "net": amount - vat, "vat": vat}
    body = {
        "branch": "F1", "lines": [line], "ticket": f"{order}-{amount}", "shift": 0,
        "date": DAY, "opened": START, "happened": START, "total": amount, "rounding": 0, "change": 0,
        "tenders": [{"kind": tender, "amount": amount}], "vat": [block], "channel": "WEB", "webshop": "Webwinkel",
        "order": order, "web_number": order,
    }  # fmt: skip
    return web_orders.SOLD, body


def shipped(order: str, sku: str, qty: int) -> tuple[str, dict[str, Any]]:
    """Goods that left for an order."""
    return web_orders.SHIPPED, {"id": order, "number": order, "branch": "F1",
                                "lines": [{"line": "1", "sku": sku, "qty": qty}]}  # fmt: skip


def record(data: Path, code: str, acts: Sequence[tuple[str, dict[str, Any]]], at: int = START) -> None:
    """Write entries into a channel's books."""
    channel = Channel.open(channel_folder(data, code), code, Noon(at))
    try:
        channel.record_all(acts)
    finally:
        channel.close()


def book(data: Path, code: str, amounts: Sequence[int]) -> None:
    """A sale of each amount, of orders that were not there before."""
    record(data, code, [sale(amount, f"O{amount}") for amount in amounts])
