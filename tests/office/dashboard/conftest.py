"""A company of two branches with a week of sales, and users of each role."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.office.conftest import MakeTill, TillHere
from tests.office.journals import Book, line

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Push = Callable[[TillHere], None]
MakeUser = Callable[..., "User"]
PASSWORD = "een-lang-wachtwoord-7"
ZONE = ZoneInfo("Europe/Amsterdam")


def send(here: TillHere, first: int = 1) -> None:
    """All entries of a till's book from ``first`` on, as its sync agent would push them."""
    from kassa_office.journal import ingest
    from kassa_tui.sync.codec import encode

    for start in range(first, len(here.book.entries) + 1, 500):
        batch = msgspec.structs.replace(here.book.batch(start, start + 499), now=int(time.time() * 1000))
        ingest.push(here.till, batch, encode(batch), "identity")


def set_clock(book: Book, at: datetime) -> None:
    """The next entry of the book is made a minute after ``at``."""
    zoned = at.astimezone(ZONE)
    offset = zoned.utcoffset()
    assert offset is not None
    book.at, book.offset = int(at.timestamp() * 1000), int(offset.total_seconds() // 60)


def noon(days_ago: int = 0) -> datetime:
    """Some time ago at noon on the shop's wall."""
    return datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


def earlier_today() -> datetime:
    """A few minutes ago, and in no case yesterday."""
    now = datetime.now(ZONE)
    return max(now - timedelta(minutes=30), now.replace(hour=0, minute=0, second=0, microsecond=0))


@pytest.fixture
def make_user(office_db: object) -> MakeUser:
    """Makes a user: ``make_user("piet", "manager", ["B1"])``."""

    def make(name: str, role: str, branches: list[str] | None = None) -> User:
        from django.contrib.auth.models import User

        from kassa_office.staff.models import Profile
        from kassa_office.tills.models import Branch

        user = User.objects.create_user(name, password=PASSWORD)
        user.is_superuser = user.is_staff = role == "owner"
        user.save()
        profile = Profile.objects.create(user=user, role=role)
        profile.branches.set(Branch.objects.filter(code__in=branches or []))
        return user

    return make


@pytest.fixture
def company(make_till: MakeTill) -> dict[str, TillHere]:
    """K1 and K2 in B1, K3 in B2; sales today and a week ago, everything sent."""
    tills = {"K1": make_till("B1", "K1"), "K2": make_till("B1", "K2"), "K3": make_till("B2", "K3")}
    for number, (code, here) in enumerate(tills.items(), 1):
        book = here.book
        set_clock(book, noon(7))
        book.open_shift()
        book.sale(line("6", 10_000 * number))
        book.add("shift.count", {"total": 9_000, "pieces": {"5000": 1, "2000": 2}})
        book.add("shift.close", {"z": book.z, "turnover": 10_000 * number, "counted": 9_000, "difference": -150,
                                 "cash": {"float": 10_000, "taken": 0, "expected": 9_150},
                                 "pieces": {"5000": 1, "2000": 2},
                                 "tenders": {"cash": {"n": 1, "amount": 10_000 * number}},
                                 "vat": [{"code": "low", "rate": 900, "gross": 109, "vat": 9,
                                          "net": 100}]})  # fmt: skip
        set_clock(book, earlier_today())
        book.open_shift()
        book.sale(line("6", 12_345 * number), line("7", 55, 2000, group="Fris"))
        book.sale(line("6", 55, -1000, kind="return", origin=f"{code}-000001", origin_line=1))
        book.add("drawer", {"reason": "wissel"}, who="anna")
        send(here)
    return tills
