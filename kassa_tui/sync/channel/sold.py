"""A till's sale as an order of the shop, for owners who want to see it there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kassa_tui.domain.ticket import BESIDE
from kassa_tui.sync.webshops.base import CounterSale, SoldLine


def counter_sale(body: Mapping[str, Any], at: int, product: Callable[[str], str]) -> CounterSale | None:
    """The sale as the shop is to have it; ``product`` gives the shop's product of an article, or nothing.

    None for what shops cannot hold: sales with goods that came back, and those without goods.
    """
    lines = [line for line in body["lines"] if line["kind"] not in BESIDE]
    if body.get("training") or not lines or any(line["qty"] <= 0 or line["amount"] < 0 for line in lines):
        return None
    kinds = [tender["kind"] for tender in body["tenders"]]
    return CounterSale(
        key=body["number"],
        at=at,
        total=sum(line["amount"] for line in lines),
        lines=tuple(
            SoldLine(
                product=product(line["sku"]), name=line["name"], qty=line["qty"], amount=line["amount"],
                gross=line["gross"], vat=line["vat"], rate=line["rate"],
            ) for line in lines
        ),
        method=kinds[0] if kinds else "",
        title="+".join(dict.fromkeys(kinds)),
    )  # fmt: skip
