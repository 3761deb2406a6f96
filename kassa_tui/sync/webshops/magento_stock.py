"""Magento's stock: by source since 2.3 (MSI), before that one number at the product.

With MSI a web order only reserves; what lies in the sources falls when it is shipped. So what is written is what is on
hand, orders that are not yet shipped included; were they taken off here too, they could not be shipped. Writing answers
well for a SKU that nobody knows, and leaves a row that belongs to nothing: SKUs are asked for first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from kassa_tui.sync.webshops.amounts import thousandths
from kassa_tui.sync.webshops.base import Permanent, StockWant, StockWritten, Transient, Unauthorised
from kassa_tui.sync.webshops.magento_web import Rest, Row, amount, awkward, in_path, part, portions, quantity, text

MSI_MODULE = "Magento_InventoryApi"
DEFAULT = "default"
COMPOSITE = frozenset({"configurable", "bundle", "grouped"})
"""Kinds of product whose stock is that of others."""


class Books(Protocol):
    """Where the stock is."""

    reserves: bool

    def levels(self, products: Sequence[Row]) -> dict[str, int | None]:
        """Thousandths of products of the shop (``sku``, ``type_id``); None for those without stock of their own."""

    def write(self, wants: Sequence[StockWant], types: dict[str, str]) -> list[StockWritten]:
        """Write what is wanted of SKUs that the shop has, by lower-case SKU its kind, and read it back."""


def books(rest: Rest, sources: Sequence[str], *, legacy: bool) -> Books:
    """The way this shop keeps its stock."""
    return StockItems(rest) if legacy or not has_msi(rest) else Sources(rest, tuple(sources) or (DEFAULT,))


def has_msi(rest: Rest) -> bool:
    """Whether stock is kept by source; asked by the modules, or, where the keys may not, by one of its routes."""
    try:
        modules = rest.get("modules")
    except Unauthorised:
        modules = None
    if isinstance(modules, list):
        return MSI_MODULE in modules
    try:
        rest.search("inventory/sources", size=1, sort="source_code")
    except Permanent as error:
        if error.facts.get("status") == 404:
            return False
        raise
    return True


def known(rest: Rest, skus: Iterable[str]) -> dict[str, Row]:
    """Those of these SKUs that the shop has, by lower case, as its database tells no cases apart."""
    found = rest.by_sku("products", skus, fields="items[id,sku,type_id]")
    return {text(row, "sku").casefold(): row for row in found}


def push(rest: Rest, found: Books, wants: Sequence[StockWant]) -> list[StockWritten]:
    """One answer for each want, in order."""
    done: dict[str, StockWritten] = {}
    by_sku = {want.product.casefold(): want for want in wants}
    for some in portions(by_sku):
        have = known(rest, [by_sku[sku].product for sku in some])
        types = {sku: text(row, "type_id") for sku, row in have.items()}
        asked = []
        for sku in some:
            want = by_sku[sku]
            if sku not in have:
                done[sku] = StockWritten(product=want.product, code="unknown_product")
            elif types[sku] in COMPOSITE:
                done[sku] = StockWritten(product=want.product, code="not_managed", detail=types[sku])
            else:
                asked.append(want)
        done |= {each.product.casefold(): each for each in found.write(asked, types)} if asked else {}
    return [_named(done[want.product.casefold()], want) for want in wants]


def _named(written: StockWritten, want: StockWant) -> StockWritten:
    return StockWritten(product=want.product, qty=written.qty, code=written.code, detail=written.detail)


def spread(want: int, others: Sequence[int]) -> list[int]:
    """Thousandths for each of our sources: the first holds what the others do not; those give up what is too much."""
    rest = want - sum(others)
    found = list(others)
    for no in reversed(range(len(found))):
        if rest >= 0:
            break
        less = min(max(found[no], 0), -rest)
        found[no] -= less
        rest += less
    return [rest, *found]


class Sources:
    """Multi-source inventory."""

    reserves = True

    def __init__(self, rest: Rest, sources: tuple[str, ...]) -> None:
        self._rest, self.sources = rest, sources

    def levels(self, products: Sequence[Row]) -> dict[str, int | None]:
        """Over all sources that are ours."""
        single = [text(row, "sku") for row in products if text(row, "type_id") not in COMPOSITE]
        items = self._items(single)
        found: dict[str, int | None] = {text(row, "sku"): None for row in products}
        return found | {sku: self._sum(items.get(sku.casefold(), {})) for sku in single}

    def write(self, wants: Sequence[StockWant], types: dict[str, str]) -> list[StockWritten]:
        """All at once; one by one where the shop refuses the lot, as it does not say for whose sake."""
        have = self._items([want.product for want in wants])
        errors: dict[str, str] = {}
        bodies = [self._bodies(want, have.get(want.product.casefold(), {})) for want in wants]
        try:
            self._save([body for some in bodies for body in some])
        except Permanent as error:
            if error.code != "refused":
                raise
            for want, some in zip(wants, bodies, strict=True):
                if told := self._alone(some):
                    errors[want.product] = told
        now = self._items([want.product for want in wants])
        return [self._written(want, now.get(want.product.casefold(), {}), errors) for want in wants]

    def _alone(self, bodies: list[dict[str, Any]]) -> str:
        try:
            self._save(bodies)
        except Permanent as error:
            if error.code != "refused":
                raise
            return str(error.facts.get("says", ""))
        return ""

    def _written(self, want: StockWant, items: dict[str, Row], errors: dict[str, str]) -> StockWritten:
        if want.product in errors:
            return StockWritten(product=want.product, code="refused", detail=errors[want.product])
        qty = self._sum(items)
        return StockWritten(product=want.product, qty=qty, code="" if qty == max(0, want.qty) else "not_taken")

    def _save(self, bodies: list[dict[str, Any]]) -> None:
        if bodies:
            self._rest.send("POST", "inventory/source-items", {"sourceItems": bodies}, repeat=True)

    def _bodies(self, want: StockWant, have: dict[str, Row]) -> list[dict[str, Any]]:
        held = [thousandths(amount(have.get(code, {}), "quantity")) for code in self.sources[1:]]
        found = []
        for no, (code, qty) in enumerate(zip(self.sources, spread(max(0, want.qty), held), strict=True)):
            row = have.get(code, {})
            # A source that never had it gets a row of its own only when it is the one that is written.
            if no == 0 or qty != held[no - 1]:
                found.append({"sku": text(row, "sku") or want.product, "source_code": code, "quantity": quantity(qty),
                              "status": self._status(want.product, row, qty)})  # fmt: skip
        return found

    def _status(self, sku: str, row: Row, qty: int) -> int:
        """1 in stock, 0 out: of a number above zero 0 hides it, which is left as it is where a person did it."""
        was, had = text(row, "status"), thousandths(amount(row, "quantity"))
        if had > 0 and was == "0":
            return 0
        if qty > 0:
            return 1
        if row and had <= 0:
            return 1 if was == "1" else 0
        return 1 if self._backorders(sku) else 0

    def _backorders(self, sku: str) -> bool:
        try:
            item = asked_by_path(self._rest, sku, f"stockItems/{in_path(sku)}")
        except (Unauthorised, Permanent):
            return False
        return isinstance(item, dict) and text(item, "backorders") not in ("", "0")

    def _items(self, skus: Sequence[str]) -> dict[str, dict[str, Row]]:
        ours = [[("source_code", "in", ",".join(self.sources))]]
        found: dict[str, dict[str, Row]] = {}
        for row in self._rest.by_sku("inventory/source-items", skus, ours):
            found.setdefault(text(row, "sku").casefold(), {})[text(row, "source_code")] = row
        return found

    def _sum(self, items: dict[str, Row]) -> int:
        return sum(thousandths(amount(row, "quantity")) for row in items.values())


class StockItems:
    """One number for each product."""

    reserves = False

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def levels(self, products: Sequence[Row]) -> dict[str, int | None]:
        """One question for each that did not come with its stock."""
        found: dict[str, int | None] = {}
        for row in products:
            item = part(part(row, "extension_attributes"), "stock_item") or self._item(text(row, "sku"))
            found[text(row, "sku")] = self._level(row, item)
        return found

    def write(self, wants: Sequence[StockWant], types: dict[str, str]) -> list[StockWritten]:
        """One by one."""
        return [self._write(want) for want in wants]

    def _write(self, want: StockWant) -> StockWritten:
        item = self._item(want.product)
        if not text(item, "item_id"):
            odd = awkward(want.product)
            return StockWritten(product=want.product, code="refused" if odd else "unknown_product",
                                detail=want.product if odd else "")  # fmt: skip
        if item.get("manage_stock") is False:
            return StockWritten(product=want.product, code="not_managed")
        qty = max(0, want.qty)
        available = qty > 0 or text(item, "backorders") not in ("", "0")
        body = {"stockItem": {"qty": quantity(qty), "is_in_stock": available}}
        path = f"products/{in_path(want.product)}/stockItems/{in_path(text(item, 'item_id'))}"
        try:
            self._rest.send("PUT", path, body, repeat=True)
        except Permanent as error:
            if error.code != "refused":
                raise
            return StockWritten(product=want.product, code="refused", detail=str(error.facts.get("says", "")))
        stands = thousandths(amount(self._item(want.product), "qty"))
        return StockWritten(product=want.product, qty=stands, code="" if stands == qty else "not_taken")

    def _item(self, sku: str) -> Row:
        found = asked_by_path(self._rest, sku, f"stockItems/{in_path(sku)}")
        return found if isinstance(found, dict) else {}

    def _level(self, row: Row, item: Row) -> int | None:
        if text(row, "type_id") in COMPOSITE or not item or item.get("manage_stock") is False:
            return None
        return thousandths(amount(item, "qty"))


def asked_by_path(rest: Rest, sku: str, path: str) -> Any:
    """What is at an address with a SKU in it; None too where an address cannot hold that SKU.

    The keys then seem to be wrong, or the host answers with a page: no reason to stop with all others.
    """
    try:
        return rest.get(path)
    except (Unauthorised, Transient) as error:
        if not awkward(sku) or error.code not in ("unauthorised", "not_json"):
            raise
        return None


def salable(rest: Rest, sku: str, website: str) -> int | None:
    """Thousandths that the shop would still sell: its sources less its reservations; None where it does not say."""
    try:
        stock = rest.get(f"inventory/stock-resolver/website/{in_path(website)}")
        if not isinstance(stock, dict) or not (stock_id := text(stock, "stock_id")):
            return None
        path = f"inventory/get-product-salable-quantity/{in_path(sku)}/{in_path(stock_id)}"
        found = asked_by_path(rest, sku, path)
    except (Permanent, Unauthorised):
        return None
    return thousandths(found) if isinstance(found, (int, float, str)) else None


def enabled_sources(rest: Rest) -> dict[str, bool]:
    """The shop's sources, and whether each is switched on."""
    found: dict[str, bool] = {}
    code = "source_code"
    for page in rest.pages("inventory/sources", size=100, sort=code, name=lambda row: text(row, code)):
        found |= {text(row, code): row.get("enabled") not in (False, 0, "0") for row in page.rows}
    return found
