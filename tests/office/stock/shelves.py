"""Articles, suppliers and deliveries for the tests of the stock."""

from __future__ import annotations

from datetime import date
from typing import Any

from kassa_office.catalogue.models import Article, Barcode, CostPrice, Group, Supplier
from kassa_office.journal import ingest
from kassa_office.journal.writing import DAY_TOTAL, Gathered
from kassa_office.sales.models import SkuDay
from kassa_office.tills.models import Branch
from kassa_tui.sync.codec import encode
from kassa_tui.sync.wire import Batch
from tests.office.conftest import TillHere


def push(here: TillHere, batch: Batch | None = None) -> list[str]:
    """Send a till's journal; what became of each entry."""
    batch = batch or here.book.batch()
    return [ack.status for ack in ingest.push(here.till, batch, encode(batch), "identity").acks]


def branch(code: str, name: str = "") -> Branch:
    """A branch."""
    return Branch.objects.get_or_create(code=code, defaults={"name": name or f"Filiaal {code}"})[0]


def supplier(code: str = "L1", **facts: Any) -> Supplier:
    """Who delivers in four days, every week."""
    given = {"name": f"Leverancier {code}", "lead_days": 4, "review_days": 7, **facts}
    return Supplier.objects.get_or_create(code=code, defaults=given)[0]


def article(sku: str, cost: int = 0, **facts: Any) -> Article:
    """An article of supplier L1, that costs so many cents."""
    group = Group.objects.get_or_create(name="Brood", defaults={"vat": "low"})[0]
    given = {"name": f"Artikel {sku}", "group": group, "vat": "low", "supplier": supplier(), **facts}
    made = Article.objects.create(sku=sku, **given)
    Barcode.objects.create(code=f"code-{sku}", article=made)
    if cost:
        CostPrice.objects.create(article=made, valid_from=date(2020, 1, 1), amount=cost)
    return made


def sold(place: str, sku: str, day: date, qty: int) -> None:
    """A day's sales, as the totals have them."""
    SkuDay.objects.create(branch=place, sku=sku, day=day, qty=qty, amount=qty, cost=0)
    gathered = Gathered()
    gathered.sum(DAY_TOTAL, (place, day.isoformat(), "K1", "sale", ""), 1, qty, qty, 0, 0, 0)
    gathered.write()
