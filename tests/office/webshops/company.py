"""A branch that sells a few articles over its counter and in a simulated webshop, and whoever works there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from kassa_office.catalogue.models import Price, VatRate
from kassa_office.stock.models import StockLevel
from kassa_office.webshops import asking
from kassa_office.webshops.models import Webshop
from kassa_office.webshops.ports import folder_of
from kassa_office.webshops.worker import Desk
from kassa_tui.domain.weborder import HANDED_OVER, TAKEN_BACK
from kassa_tui.simulate.webshops import clerk
from tests.office.conftest import TillHere
from tests.office.stock import shelves

ARTICLES = {"6": 55, "7": 1499}
"""SKU → cents."""


class Company:
    """Branch B1 with till K1, a webshop WEB, and its simulated shop."""

    def __init__(self, kind: str, here: TillHere) -> None:
        self.here, self.kind = here, kind
        start, role = clerk.KINDS[kind]
        self.simulated = start()
        self.clerk: clerk.Clerk = role(self.simulated)
        VatRate.objects.get_or_create(country="NL", code="low", valid_from=date(2019, 1, 1), defaults={"rate": 900})
        for sku, cents in ARTICLES.items():
            Price.objects.create(article=shelves.article(sku), valid_from=date(2019, 1, 1), amount=cents)
            self.clerk.fill([clerk.Goods(sku, f"Artikel {sku}", cents, 900, 3)])
        self.webshop, self.facts = asking.add(
            kind,
            self.simulated.url,
            self.simulated.credentials,
            branch=here.till.branch,
            by="marie",
            options=self.simulated.options,
        )

    @property
    def code(self) -> str:
        """Of the channel."""
        return str(self.webshop.till_id)

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """Somebody who works on the channel."""
        found = Desk(self.code)
        try:
            yield found
        finally:
            found.close()

    def receive(self, sku: str, pieces: int) -> None:
        """Goods come in at the till."""
        lines = [{"no": 1, "sku": sku, "qty": pieces * 1000}]
        self.here.book.add("stock.received", {"lines": lines, "ref": "PB1", "no": 1})
        shelves.push(self.here)

    def lies(self, sku: str) -> int | None:
        """Pieces on the shelf, as the office has it."""
        found = StockLevel.objects.filter(branch=self.here.till.branch_id, sku=sku).first()
        return found.qty // 1000 if found else None

    def say(self, kind: str, order: str, **facts: Any) -> None:
        """The till hands an order over, or takes it back."""
        assert kind in (HANDED_OVER, TAKEN_BACK)
        self.here.book.add(kind, {"channel": self.code, "order": order, **facts})
        shelves.push(self.here)

    def close(self) -> None:
        """The shop closes, and its channel goes."""
        self.simulated.close()
        shutil.rmtree(folder_of(self.code), ignore_errors=True)


def make(code: str = "WEB", **facts: Any) -> Webshop:
    """A webshop that nobody has talked to."""
    from kassa_office.webshops import claims

    given: Mapping[str, Any] = {"kind": "woocommerce", "url": f"https://{code.lower()}.example.nl", "name": "Webwinkel",
                                "branch": "B1", **facts}  # fmt: skip
    shelves.branch(str(given["branch"]))
    return claims.make(code, **given)
