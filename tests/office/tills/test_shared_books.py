"""What tills share, as their journals tell it in any order: the age of a voucher, and a ticket that two tills sold."""

from __future__ import annotations

import random
from itertools import permutations

import pytest

from kassa_office.dashboard.alarm_words import alarm, level
from kassa_office.journal.models import Alarm
from kassa_office.journal.rebuild import rebuild
from kassa_office.sales import twice
from kassa_office.sales.models import Parked, Sale, Voucher
from kassa_office.tills import shared
from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.tender import Tender
from tests.office.conftest import MakeTill, TillHere
from tests.office.journals import line
from tests.office.stock.shelves import push

NUMBER = "TB0000000017"
DAY_MS = 86_400_000


def sell_voucher(here: TillHere) -> None:
    """A voucher of 25 euros."""
    here.book.sale(line("", 2500, kind=tickets.VOUCHER, vat_code="none", vat_rate=0, group="", code=NUMBER))


def test_a_voucher_says_when_it_was_sold_whatever_came_first(make_till: MakeTill) -> None:
    one, other = make_till("B1", "K1"), make_till("B1", "K2")
    sell_voucher(one)
    other.book.at += 40 * DAY_MS
    other.book.sale(line("9", 349), tenders=(Tender("voucher", 349, NUMBER, ()),))
    push(other)
    found = shared.voucher(one.till, NUMBER)
    assert (found.balance, found.issued) == (0, "")
    push(one)
    found = shared.voucher(other.till, NUMBER)
    assert (found.balance, found.issued) == (2151, "2026-11-21")
    one.book.at += 9 * DAY_MS
    sell_voucher(one)
    push(one, one.book.batch(2))
    assert shared.voucher(other.till, NUMBER).issued == "2026-11-21"
    assert rebuild() == {}
    assert Voucher.objects.get().issued_on == 20261121


def park(here: TillHere, ticket: str = "t1") -> None:
    """Set a ticket aside."""
    draft = {"id": ticket}
    here.book.add("ticket.park", {"ticket": ticket, "place": 1, "name": "rode jas", "total": 55, "draft": draft})


def take_up(here: TillHere, ticket: str = "t1") -> None:
    """Take it up again."""
    here.book.add("ticket.recall", {"ticket": ticket, "place": 1})


def test_a_ticket_that_two_tills_sold_is_an_alarm_in_words(make_till: MakeTill) -> None:
    one, other = make_till("B1", "K1"), make_till("B1", "K2")
    park(one)
    push(one)
    assert shared.claim(other.till, "t1").ticket == "t1"
    take_up(other)
    other.book.sale(line(), ticket="t1")
    push(other)
    assert twice.find() is None
    # K1 cannot ask, and takes up what it believes is its own.
    take_up(one)
    one.book.sale(line(), ticket="t1")
    push(one)
    assert Parked.objects.get().parks == -1
    assert twice.find() == "1 tickets sold twice"
    row = Alarm.objects.get(code="sold_twice")
    assert "K1-000001, K2-000001" in alarm(row) or "K2-000001, K1-000001" in alarm(row)
    assert "twee keer verkocht" in alarm(row)
    assert (row.branch, row.matter, level(row)) == ("B1", "t1", "bad")
    assert twice.find() is None
    assert Sale.objects.filter(branch="B1").count() == 2


@pytest.mark.parametrize("order", list(permutations(range(3)))[::2])
def test_it_is_found_whatever_comes_in_first(make_till: MakeTill, order: tuple[int, ...]) -> None:
    one, other = make_till("B1", "K1"), make_till("B1", "K2")
    park(one)
    take_up(one)
    one.book.sale(line(), ticket="t1")
    take_up(other)
    other.book.sale(line(), ticket="t1")
    batches = [(one, one.book.batch(1, 1)), (one, one.book.batch(2, 3)), (other, other.book.batch())]
    for place in order:
        push(batches[place][0], batches[place][1])
        twice.find()
    assert Alarm.objects.filter(code="sold_twice", branch="B1").count() == 1


def test_what_was_parked_again_or_let_go_of_is_no_alarm(make_till: MakeTill) -> None:
    one, other = make_till("B1", "K1"), make_till("B1", "K2")
    for ticket in ("t1", "t2"):
        park(one, ticket)
        take_up(one, ticket)
    park(one, "t1")
    take_up(other, "t1")
    other.book.sale(line(), ticket="t1")
    take_up(other, "t2")
    other.book.add("ticket.cancel", {"ticket": "t2", "total": 55})
    one.book.sale(line(), ticket="t2")
    chance = random.Random(3)
    batches = [(here, here.book.batch(n, n)) for here in (one, other) for n in range(1, len(here.book.entries) + 1)]
    chance.shuffle(batches)
    for here, batch in batches:
        push(here, batch)
        twice.find()
    assert dict(Parked.objects.values_list("ticket", "parks")) == {"t1": 0, "t2": -1}
    assert not Alarm.objects.filter(code="sold_twice").exists()
