"""One request to a simulated Magento that may be done, and what every act needs of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kassa_tui.simulate.webshops import magento_search as search
from kassa_tui.simulate.webshops.magento_documents import Order
from kassa_tui.simulate.webshops.magento_goods import Refusal

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
