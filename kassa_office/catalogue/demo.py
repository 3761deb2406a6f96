"""A small company to try the office with: two branches, three tills, the packaged assortment, two people."""

from __future__ import annotations

from datetime import date
from importlib.resources import as_file, files

from django.db import transaction
from django.utils.translation import gettext as _

from kassa_office.catalogue import feed
from kassa_office.catalogue.importing import import_articles
from kassa_office.catalogue.models import Article, CostPrice, Group, Price, PriceList, Reason, ReceiptText, Supplier
from kassa_office.staff.models import Employee
from kassa_office.tills.models import Branch, Till, TillCursor

COST_PART = 70
"""Per cent of the price without VAT that an article is bought for."""
BRANCHES = (
    ("CENTRUM", "Centrum", "Markt 1", "1011 AA", "Amsterdam"),
    ("MARKT", "Markt", "Dorpsplein 8", "1404 BB", "Bussum"),
)
TILLS = (("K1", "CENTRUM"), ("K2", "CENTRUM"), ("K3", "MARKT"))
PEOPLE = (("anna", "Anna", "cashier", "1111"), ("bas", "Bas", "manager", "9999"))
REASONS = (
    ("return", "damaged", "Beschadigd"),
    ("return", "wrong", "Verkeerd gekocht"),
    ("discount", "date", "Dichtbij de datum"),
    ("cash_out", "errand", "Boodschap voor de winkel"),
    ("waste", "date", "Over de datum"),
)


def fill() -> int:
    """Make it all where it is not there; safe to repeat. Returns the number of articles."""
    _places()
    with as_file(files("kassa_tui") / "data" / "demo_articles.csv") as path:
        count = import_articles(path, country="NL")
    with transaction.atomic():
        _costs()
        _people()
    feed.sequence()
    return count


def _places() -> None:
    with transaction.atomic():
        market, _made = PriceList.objects.get_or_create(code="MARKT", defaults={"name": "Marktprijzen"})
        for code, name, street, postcode, city in BRANCHES:
            place = {"name": name, "street": street, "postcode": postcode, "city": city}
            of = market if code == "MARKT" else None
            Branch.objects.get_or_create(code=code, defaults={**place, "price_list": of})
        for code, branch in TILLS:
            till, _new = Till.objects.get_or_create(
                code=code, defaults={"branch_id": branch, "name": f"Kassa {code[1:]}"}
            )
            TillCursor.objects.get_or_create(till=till)


def _costs() -> None:
    supplier, _made = Supplier.objects.get_or_create(code="GROOT", defaults={"name": "Groothandel"})
    Article.objects.filter(supplier=None, kind="goods").update(supplier=supplier)
    have = set(CostPrice.objects.values_list("article", flat=True))
    rates = {"high": 2100, "low": 900}
    rows = []
    for price in Price.objects.filter(place="all", article__kind="goods").select_related("article"):
        if price.article_id not in have:
            net = price.amount * 10_000 // (10_000 + rates.get(price.article.vat, 0))
            rows.append(CostPrice(article=price.article, valid_from=date(2026, 1, 1), amount=net * COST_PART // 100))
    CostPrice.objects.bulk_create(rows, batch_size=1000)


def _people() -> None:
    for code, name, role, pin in PEOPLE:
        if not Employee.objects.filter(code=code).exists():
            person = Employee(code=code, name=name, role=role)
            person.set_pin(pin)
            person.save()
    for what, code, text in REASONS:
        Reason.objects.get_or_create(what=what, code=code, defaults={"text": text})
    if not ReceiptText.objects.exists():
        ReceiptText.objects.create(text=_("Bedankt en tot ziens"), place="footer")
    group = Group.objects.order_by("name").first()
    if group is not None and not Price.objects.filter(place="list:MARKT").exists():
        first = Article.objects.filter(group=group, kind="goods").order_by("rank").first()
        price = first and first.prices.filter(place="all").first()
        if first and price:
            Price.objects.create(article=first, price_list_id="MARKT", valid_from=date(2026, 1, 1),
                                 amount=price.amount - price.amount // 10)  # fmt: skip
