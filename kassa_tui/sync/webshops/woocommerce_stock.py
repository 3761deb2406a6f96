"""Stock into WooCommerce: absolute numbers in batches, each item's answer read, since a batch answers 200 whatever.

Never a delta: ``inventory_delta`` loses updates under load. The shop counts in whole pieces: weighed goods are rounded
down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kassa_tui.sync.webshops.base import Permanent, StockWant, StockWritten
from kassa_tui.sync.webshops.woocommerce_products import path_of, stock_of
from kassa_tui.sync.webshops.woocommerce_web import MAX_PAGE, Api, Row, inner, is_gone, many, number, one, refusal, text

BATCH = 40
"""Items of one batch: a slow shop takes a tenth of a second for each, and answers within a minute."""


def read_stock(api: Api, products: Sequence[str]) -> dict[str, int | None]:
    """Thousandths by product; those that are gone are left out."""
    found: dict[str, int | None] = {}
    for parent, ids in _families(products).items():
        path = f"/products/{parent}/variations" if parent else "/products"
        for some in _slices(ids, MAX_PAGE):
            asked = [("include", ",".join(some)), ("per_page", MAX_PAGE), ("_fields", "id,manage_stock,stock_quantity")]
            try:
                answer = api.get(path, asked).json()
            except Permanent as error:
                if not is_gone(error):
                    raise
                break
            for row in many({"rows": answer}, "rows"):
                found[f"{parent}:{number(row)}" if parent else str(number(row))] = stock_of(row)
    return {product: found[product] for product in products if product in found}


def write_stock(api: Api, wants: Sequence[StockWant]) -> list[StockWritten]:
    """Write and read back, one answer for each want in order."""
    written: dict[str, StockWritten] = {}
    last = {want.product: want for want in wants}
    for parent, ids in _families(list(last)).items():
        for some in _slices(ids, BATCH):
            for each in _batch(api, parent, [(id_, last[f"{parent}:{id_}" if parent else id_]) for id_ in some]):
                written[each.product] = each
    return [written.get(want.product) or StockWritten(product=want.product, code="unknown_product") for want in wants]


def _families(products: Sequence[str]) -> dict[str, list[str]]:
    """Ids by the product above them; empty for those without. What is no id of this shop is left out."""
    found: dict[str, list[str]] = {}
    for product in dict.fromkeys(products):
        if path_of(product):
            above, _, below = product.rpartition(":")
            found.setdefault(above, []).append(below)
    return found


def _slices(ids: list[str], size: int) -> Iterator[list[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _batch(api: Api, parent: str, wants: list[tuple[str, StockWant]]) -> list[StockWritten]:
    path = f"/products/{parent}/variations/batch" if parent else "/products/batch"
    update = [{"id": int(id_), "stock_quantity": want.qty // 1000} for id_, want in wants]
    try:
        rows = many(one(api.send("POST", path, json={"update": update}, repeat=True)), "update")
    except Permanent as error:
        return _halved(api, parent, wants, error)
    told = {number(row): row for row in rows if row.get("id")}
    return [_written(want, told.get(int(id_)), parent) for id_, want in wants]


def _halved(api: Api, parent: str, wants: list[tuple[str, StockWant]], error: Permanent) -> list[StockWritten]:
    """Where the shop refused a batch as a whole: by halves, until what it refuses stands alone."""
    if error.code != "refused":
        raise error
    if is_gone(error):
        return [StockWritten(product=want.product, code="unknown_product") for _, want in wants]
    if len(wants) == 1:
        return [StockWritten(product=wants[0][1].product, code="refused", detail=str(error.facts.get("says", "")))]
    middle = len(wants) // 2
    return [*_batch(api, parent, wants[:middle]), *_batch(api, parent, wants[middle:])]


def _written(want: StockWant, row: Row | None, parent: str) -> StockWritten:
    if row is None:
        return StockWritten(product=want.product, code="not_taken")
    if row.get("error"):
        error = refusal(400, inner(row, "error"))
        if isinstance(error, Permanent) and is_gone(error):
            return StockWritten(product=want.product, code="unknown_product")
        return StockWritten(product=want.product, code="refused", detail=str(error.facts["says"]))
    if text(row, "status") == "trash":
        return StockWritten(product=want.product, code="unknown_product")
    managed, shown = row.get("manage_stock"), stock_of(row)
    if managed == "parent" or shown is None:
        return StockWritten(product=want.product, code="parent_managed" if managed == "parent" else "not_managed")
    taken = shown == want.qty // 1000 * 1000
    return StockWritten(product=want.product, qty=shown, code="" if taken else "not_taken")
