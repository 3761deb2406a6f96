"""The ingest: whatever the order, the packaging and the number of deliveries, the tables are the same."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa_office.catalogue.models import Article, CostPrice, Group
from kassa_office.journal import ingest
from kassa_office.journal.models import Alarm, Inbox, Quarantine
from kassa_office.sales.models import DayTotal, Parked, Returned, Sale, SaleLine, SkuDay, Voucher
from kassa_office.stock.models import StockLevel
from kassa_office.tills.models import TillCursor
from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.tender import Tender
from kassa_tui.sync.codec import encode, pack
from kassa_tui.sync.wire import Batch, BatchAnswer
from tests.office.conftest import VENDORS, Databases, MakeTill, TillHere, till_here
from tests.office.dump import dump
from tests.office.journals import Book, batch_of, journal_of, line

N = 70


def push(here: TillHere, batch: Batch) -> BatchAnswer:
    """As it comes over the wire."""
    return ingest.push(here.till, batch, pack(encode(batch)), "zstd")


def statuses(answer: BatchAnswer) -> list[str]:
    """What became of each."""
    return [ack.status for ack in answer.acks]


def open_alarms() -> set[tuple[str, str]]:
    """Code and matter of those that are open."""
    return set(Alarm.objects.filter(closed_at=None).exclude(code="clock").values_list("code", "matter"))


def two_tills() -> tuple[list[TillHere], list[Book]]:
    """Two tills of one branch, cost prices, and a journal of each; the same every time."""
    group = Group.objects.create(name="Brood", vat="low")
    article = Article.objects.create(sku="6", name="Krentenbol", group=group, vat="low")
    CostPrice.objects.create(article=article, valid_from=date(2026, 11, 1), amount=21)
    CostPrice.objects.create(article=article, valid_from=date(2026, 11, 22), amount=23)
    tills = [till_here("B1", "K1"), till_here("B1", "K2")]
    return tills, [journal_of(N, here.till.code, here.signer, seed) for seed, here in enumerate(tills, 1)]


def deliver(tills: Sequence[TillHere], books: Sequence[Book], plan: Sequence[tuple[int, Sequence[int]]]) -> None:
    """Batches in turn: which till, and the places of the entries in its journal."""
    for which, places in plan:
        book = books[which]
        push(tills[which], batch_of([book.entries[place] for place in places], book.till, high=N))


IN_ORDER = [(which, range(N)) for which in (0, 1)]


@st.composite
def plans(draw: st.DrawFn) -> list[tuple[int, list[int]]]:
    """Deliveries of two journals: any batches, in any order, some twice, none left out."""
    plan: list[tuple[int, list[int]]] = []
    for which in (0, 1):
        places = draw(st.permutations(range(N))) if draw(st.booleans()) else list(range(N))
        cuts = sorted(draw(st.sets(st.integers(1, N - 1), max_size=5)))
        pieces = [places[a:b] for a, b in zip([0, *cuts], [*cuts, N], strict=True)]
        twice = draw(st.lists(st.sampled_from(pieces), max_size=2))
        plan += [(which, piece) for piece in [*pieces, *twice]]
    return draw(st.permutations(plan))


@settings(max_examples=8)
@given(plan=plans())
def test_any_delivery_gives_the_same_tables(databases_of_office: Databases, plan: list[tuple[int, list[int]]]) -> None:
    wanted = {vendor: _dumped(databases_of_office, vendor, IN_ORDER) for vendor in VENDORS}
    found = {vendor: _dumped(databases_of_office, vendor, plan) for vendor in VENDORS}
    for vendor in VENDORS:
        for table, rows in found[vendor].items():
            assert rows == wanted["sqlite"][table], (vendor, table)
    assert wanted["sqlite"]["sale"]


_made: dict[str, dict[str, list[object]]] = {}


def _dumped(databases: Databases, vendor: str, plan: Sequence[tuple[int, Sequence[int]]]) -> dict[str, list[object]]:
    if plan is IN_ORDER and vendor in _made:
        return _made[vendor]
    databases.use(vendor)
    deliver(*two_tills(), plan)
    assert open_alarms() == set()
    found = dump()
    if plan is IN_ORDER:
        _made[vendor] = found
    return found


@pytest.mark.parametrize("turn", range(2))
def test_two_racing_senders(office_db: Databases, turn: int) -> None:
    tills, books = two_tills()
    deliver(tills, books, IN_ORDER)
    wanted = dump()
    office_db.reset()
    tills, books = two_tills()
    steps = [range(first, min(first + 10, N)) for first in range(0, N, 10)]
    begin = threading.Barrier(4)

    def send(which: int, backwards: bool) -> int:
        try:
            begin.wait(30)
            for places in reversed(steps) if backwards else steps:
                deliver(tills, books, [(which, places)])
            return len(steps)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(send, which, back) for which in (0, 1) for back in (False, True)]
        assert [each.result(60) for each in sent] == [len(steps)] * 4
    found = dump()
    assert found == wanted


def test_acks_and_what_the_office_wants_next(make_till: MakeTill) -> None:
    here = make_till()
    book = journal_of(30, key=here.signer)
    answer = push(here, book.batch(1, 10))
    assert (answer.next, set(statuses(answer))) == (11, {"stored"})
    answer = push(here, book.batch(5, 15))
    assert statuses(answer) == ["duplicate"] * 6 + ["stored"] * 5
    answer = push(here, book.batch(21, 30))
    assert (answer.next, set(statuses(answer))) == (16, {"stored"})
    assert open_alarms() == {("gap", "")}
    assert push(here, book.batch(16, 20)).next == 31
    assert open_alarms() == set()
    cursor = TillCursor.objects.get()
    assert (cursor.next_seq, cursor.high_seq, cursor.claimed_seq) == (31, 30, 30)
    assert Inbox.objects.filter(done_at=None).count() == 0


def test_the_same_batch_twice_is_one_row_in_the_inbox(make_till: MakeTill) -> None:
    here = make_till()
    batch = journal_of(5, key=here.signer).batch()
    push(here, batch)
    assert set(statuses(push(here, batch))) == {"duplicate"}
    assert Inbox.objects.count() == 1


def test_figures_of_a_sale(make_till: MakeTill) -> None:
    here = make_till()
    group = Group.objects.create(name="Brood", vat="low")
    article = Article.objects.create(sku="6", name="Krentenbol", group=group, vat="low")
    CostPrice.objects.create(article=article, valid_from=date(2026, 1, 1), amount=20)
    book = here.book
    book.open_shift()
    book.sale(
        line("6", 109, 3000), line("S", 15, 1000, kind=tickets.DEPOSIT, vat_code="none", vat_rate=0),
        line("", 1000, kind=tickets.VOUCHER, vat_code="none", vat_rate=0, code="B1"), tenders=(Tender("cash", 2000),),
    )  # fmt: skip
    book.sale(line("6", 109, -1000, kind=tickets.RETURN, origin="K1-000001", origin_line=1))
    book.sale(line("9", 500), tenders=(Tender("voucher", 500, "B1"),))
    push(here, book.batch())
    sale = Sale.objects.get(branch="B1", number="K1-000001")
    assert (sale.total, sale.turnover, sale.lines, sale.z) == (1342, 327, 3, 1)
    known = SaleLine.objects.get(branch="B1", seq=2, no=1)
    assert (known.cost, known.vat, known.amount) == (60, 27, 327)
    totals = {(row.kind, row.key): row for row in DayTotal.objects.filter(branch="B1")}
    whole = totals["sale", ""]
    assert (whole.n, whole.amount, whole.cost, whole.costed) == (3, 327 - 109 + 500, 40, 200)
    assert totals["tender", "cash"].amount == 2000 - 658 - 109
    assert totals["return", "receipt"].n == 1
    voucher = Voucher.objects.get(number="B1")
    assert (voucher.issued, voucher.spent) == (1000, 500)
    assert Returned.objects.get(number="K1-000001", no=1).qty == 1000
    assert StockLevel.objects.get(branch="B1", sku="6").qty == -2000
    assert SkuDay.objects.get(branch="B1", sku="6").qty == 2000


def test_practice_counts_for_nothing(make_till: MakeTill) -> None:
    here = make_till()
    here.book.sale(line(), training=True)
    assert statuses(push(here, here.book.batch())) == ["stored"]
    assert Sale.objects.count() == DayTotal.objects.count() == 0


def test_a_ticket_parked_and_taken_up_in_any_order(make_till: MakeTill) -> None:
    here = make_till()
    for turn in (1, 2):
        park = {"ticket": "t1", "place": turn, "name": f"klant {turn}", "total": 5, "draft": {"n": turn}}
        here.book.add("ticket.park", park)
        here.book.add("ticket.recall", {"ticket": "t1", "place": turn})
    one, two, three, four = here.book.entries
    for entry in (four, two):
        push(here, batch_of([entry], "K1", high=4))
    assert Parked.objects.get().parks == -2
    push(here, batch_of([three, one], "K1", high=4))
    row = Parked.objects.get()
    assert (row.parks, row.name, row.draft, row.place) == (0, "klant 2", {"n": 2}, 2)


def test_another_entry_under_a_known_number_is_a_conflict(make_till: MakeTill) -> None:
    here = make_till()
    push(here, journal_of(5, key=here.signer).batch())
    before = dump()
    other = Book("K1", here.signer, at=here.book.at + 5)
    other.sale(line("1", 99_999))
    answer = push(here, other.batch())
    assert statuses(answer) == ["conflict"]
    assert dump() == before
    assert Quarantine.objects.get().code == "conflict"
    assert open_alarms() == {("conflict", "1")}
    push(here, other.batch())
    assert Quarantine.objects.count() == 1


@pytest.mark.parametrize("backwards", [False, True])
def test_a_broken_link_shows_whichever_end_comes_first(make_till: MakeTill, backwards: bool) -> None:
    here = make_till()
    book, other = journal_of(6, key=here.signer), journal_of(3, key=here.signer, seed=9)
    parts = [other.entries[:3], book.entries[3:]]
    for part in reversed(parts) if backwards else parts:
        assert set(statuses(push(here, batch_of(part, "K1", high=6)))) == {"stored"}
    assert open_alarms() == {("chain", "4")}


def test_hash_and_signature_are_checked(make_till: MakeTill) -> None:
    here = make_till()
    book = journal_of(4, key=here.signer)
    stranger = journal_of(4, key=make_till("B1", "K9").signer)
    batch = book.batch()
    batch.entries[1].body = batch.entries[1].body.replace("}", " }", 1)
    batch.entries[2].signature = stranger.batch().entries[2].signature
    answer = push(here, batch)
    assert [(ack.status, ack.code) for ack in answer.acks] == [
        ("stored", ""), ("quarantined", "hash"), ("quarantined", "signature"), ("stored", ""),
    ]  # fmt: skip
    assert answer.next == 5
    assert open_alarms() == {("quarantine", "hash"), ("quarantine", "signature")}
    assert statuses(push(here, book.batch())) == ["duplicate", "stored", "stored", "duplicate"]


def test_entries_in_another_tills_name_are_kept_apart(make_till: MakeTill) -> None:
    here, other = make_till("B1", "K1"), make_till("B1", "K2")
    answer = push(here, journal_of(3, "K2", other.signer).batch())
    assert {(ack.status, ack.code) for ack in answer.acks} == {("quarantined", "other_till")}
    assert Sale.objects.count() == 0


def test_an_unknown_kind_is_kept_and_told_once(make_till: MakeTill) -> None:
    here = make_till()
    for _ in range(3):
        here.book.add("moon.landing", {"crew": 3})
    assert set(statuses(push(here, here.book.batch()))) == {"stored"}
    alarm = Alarm.objects.get(code="unknown_kind")
    assert (alarm.matter, alarm.times) == ("moon.landing", 1)
    assert DayTotal.objects.count() == 0


def test_a_body_without_what_its_kind_needs_is_kept_and_counts_nowhere(make_till: MakeTill) -> None:
    here = make_till()
    here.book.sale(line())
    for body in ("[]", "{}", "", '{"lines":[{}]}', '{"lines":1}', "NaN", '"x"', "{" * 3000):
        here.book.add("sale", body)
    here.book.sale(line())
    answer = push(here, here.book.batch())
    assert [ack.status for ack in answer.acks] == ["stored", *["quarantined"] * 8, "stored"]
    assert answer.next == 11
    assert Sale.objects.count() == 2
    assert open_alarms() == {("quarantine", "unreadable")}


def test_a_till_that_moved_to_another_branch_keeps_its_journal(make_till: MakeTill) -> None:
    here, there = make_till("B1", "K1"), make_till("B2", "K2")
    book = journal_of(20, key=here.signer)
    push(here, book.batch(1, 10))
    here.till.branch = there.till.branch
    here.till.save()
    answer = push(here, book.batch())
    assert statuses(answer) == ["duplicate"] * 10 + ["stored"] * 10
    assert answer.next == 21
    assert open_alarms() == set()


def test_a_new_key_signs_from_its_first_entry_on(make_till: MakeTill) -> None:
    from kassa_office.tills.models import TillKey

    here, other = make_till("B1", "K1"), make_till("B1", "K2")
    TillKey.objects.create(till=here.till, first=6, public_key=other.signer.public.hex())
    book = journal_of(5, key=here.signer)
    book.signer = other.signer
    for _ in range(5):
        book.sale(line())
    book.signer = here.signer
    book.sale(line())
    answer = push(here, book.batch())
    assert statuses(answer) == ["stored"] * 10 + ["quarantined"]
