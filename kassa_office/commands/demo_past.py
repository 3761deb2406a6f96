"""What the demo's shops sold in the past fortnight: signed journals, sent as tills send them, for something to see."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils import timezone

from kassa_office.catalogue.models import Article, Price, Supplier, VatRate
from kassa_office.simulate.book import CASH_PART, Book, Goods, basket
from kassa_office.stock import orders
from kassa_office.stock.models import PurchaseOrder
from kassa_office.tills.enrolment import enrol, issue_code
from kassa_office.tills.models import Till, TillCursor
from kassa_office.tills.port import OfficeForTill
from kassa_tui.sync.codec import decode, encode, pack, unpack
from kassa_tui.sync.wire import MAX_ENTRIES, SCHEMA, Batch, Enrol

DAYS = 14
TILLS = (("K3", "MARKT", 45), ("K4", "CENTRUM", 70))
"""Till, branch, customers on a usual day."""
BUSY = (0.8, 0.8, 0.9, 1.0, 1.2, 1.6, 0.0)
"""Monday to Sunday; on Sunday the shops are shut."""
HOURS = (3, 5, 7, 8, 9, 8, 7, 8, 10, 6)
"""Of the customers, by hour from eight o'clock on."""
OPENS = 8
PEOPLE = {"MARKT": "bas", "CENTRUM": "anna"}
WORK = ((-600, "in"), (4 * 3600, "break_start"), (4 * 3600 + 1800, "break_end"), (len(HOURS) * 3600 + 900, "out"))
"""Seconds after the opening, and what is clocked then."""
FORGETS = 2
"""Weekday on which nobody thinks of clocking out."""
ORDERED = 5
SHELF = 150
"""Articles that are bought; of the packaged assortment the first."""


def fill() -> int:
    """Enrol the tills of the past and send what they sold; how many sales. Nothing where it was done before."""
    shelf, sales = _shelf(), 0
    for number, (code, branch, customers) in enumerate(TILLS):
        till, _made = Till.objects.get_or_create(
            code=code, defaults={"branch_id": branch, "name": f"Kassa {code[1:]}"}
        )  # fmt: skip
        if not TillCursor.objects.filter(till=till, high_seq__gt=0).exists():
            sales += _send(till, shelf, customers, random.Random(number + 1))
    return sales


def order() -> None:
    """One order on its way, so that there is something to receive at the tills of the centre."""
    if PurchaseOrder.objects.exists():
        return
    supplier = Supplier.objects.order_by("code").first()
    articles = Article.objects.filter(active=True, kind="goods", unit="each").order_by("rank", "sku")
    lines = [(sku, (place + 1) * 6000) for place, sku in enumerate(articles.values_list("sku", flat=True)[:ORDERED])]
    if supplier is not None and lines:
        orders.send(orders.make("CENTRUM", supplier.code, lines, "kassa-office demo").number)


def _shelf() -> list[Goods]:
    today = timezone.localdate()
    rates: dict[str, int] = {}
    for rate in VatRate.objects.filter(country=settings.OFFICE.country, valid_from__lte=today).order_by("valid_from"):
        rates[rate.code] = rate.rate
    articles = Article.objects.filter(active=True, kind="goods", deposit_sku="").select_related("group")
    chosen = list(articles.order_by("rank", "sku")[:SHELF])
    prices = Price.objects.filter(place="all", article__in=chosen, valid_from__lte=today).order_by("valid_from")
    amounts = dict(prices.values_list("article_id", "amount"))
    return [
        Goods(each.sku, each.name, each.group.name, amounts[each.sku], each.vat, rates[each.vat], each.unit,
              each.min_age)
        for each in chosen if amounts.get(each.sku) and each.vat in rates
    ]  # fmt: skip


def _send(till: Till, shelf: list[Goods], customers: int, chance: random.Random) -> int:
    book = Book(till.code, Ed25519PrivateKey.generate())
    code = issue_code(till, "kassa-office demo")
    enrol(Enrol(SCHEMA, code, book.public_key, till.code, host="demo"), "")
    zone = ZoneInfo(str(till.branch.timezone))
    today = timezone.localdate(timezone=zone)
    for day in (today - timedelta(days=back) for back in range(DAYS, 0, -1)):
        many = int(customers * BUSY[day.weekday()] * chance.uniform(0.85, 1.15))
        _day(book, day, zone, shelf, many, PEOPLE[till.branch_id], chance)
    port, now = OfficeForTill(till), int(timezone.now().timestamp() * 1000)
    for first in range(1, book.high + 1, MAX_ENTRIES):
        raw = pack(encode(book.batch(first, first + MAX_ENTRIES - 1, now)))
        port.push(decode(unpack(raw, "zstd"), Batch), raw, "zstd")
    return book.receipt


def _day(
    book: Book, day: date, zone: ZoneInfo, shelf: list[Goods], customers: int, who: str, chance: random.Random
) -> None:  # fmt: skip
    """From the opening to the Z."""
    if not customers:
        return
    opening = datetime.combine(day, time(OPENS), zone)
    book.offset = int((opening.utcoffset() or timedelta()).total_seconds()) // 60
    start = int(opening.timestamp() * 1000)
    came, *rest, went = [(second, f"hours.{kind}") for second, kind in WORK]

    def clock(second: int, kind: str) -> None:
        book.add(kind, {"name": who.capitalize()}, who, start + second * 1000)

    clock(*came)
    book.open_shift(start - 300_000)
    for second, kind in sorted([*((second, "") for second in _times(customers, chance)), *rest]):
        if kind:
            clock(second, kind)
        else:
            book.sale(start + second * 1000, basket(chance, shelf), card=chance.random() > CASH_PART)
    book.close_shift(start + (len(HOURS) * 3600 + 600) * 1000, chance.choice((0, 0, 0, 0, -5, 10, -200)))
    if day.weekday() != FORGETS:
        clock(*went)


def _times(customers: int, chance: random.Random) -> Iterator[int]:
    """Seconds after the opening."""
    for hour in chance.choices(range(len(HOURS)), weights=HOURS, k=customers):
        yield hour * 3600 + chance.randrange(3600)
