"""What is made of the journals afterwards: rebuilt tables, decisions on quarantine, the proof of completeness."""

from __future__ import annotations

import pytest
from django.db import connection

from kassa_office.journal import alarms, proof, quarantine
from kassa_office.journal.ingest import push
from kassa_office.journal.models import Alarm, Quarantine
from kassa_office.journal.rebuild import rebuild
from kassa_office.journal.writing import array
from kassa_office.sales.models import DayTotal, Parked, Sale, ZReport
from kassa_office.stock.ledger import Note, book
from kassa_tui.sync.codec import encode
from kassa_tui.sync.wire import Batch
from tests.office.conftest import VENDORS, MakeTill, TillHere
from tests.office.dump import dump
from tests.office.journals import journal_of


def send(here: TillHere, batch: Batch) -> None:
    """Push."""
    push(here.till, batch, encode(batch), "identity")


@pytest.fixture
def filled(make_till: MakeTill) -> list[TillHere]:
    """Two tills with 120 entries each."""
    tills = [make_till("B1", "K1"), make_till("B2", "K2")]
    for seed, here in enumerate(tills):
        here.book = journal_of(120, here.till.code, here.signer, seed)
        send(here, here.book.batch())
    return tills


def test_a_rebuild_changes_nothing(filled: list[TillHere]) -> None:
    book("B1", "received", [("6", 5000)], Note("els"))
    before = dump()
    assert rebuild() == {}
    assert dump() == before


def test_a_rebuild_finds_and_mends_what_differs(filled: list[TillHere]) -> None:
    before = dump()
    day = DayTotal.objects.filter(branch="B1", kind="sale").first()
    assert day is not None
    DayTotal.objects.filter(branch="B1", day=day.day, till="K1", kind="sale").update(amount=1)
    Sale.objects.filter(branch="B2").delete()
    wrong = dump()
    differing = rebuild(keep=True)
    assert set(differing) == {"day_total", "sale"}
    assert differing["day_total"] == 1
    assert dump() == wrong
    assert rebuild() == differing
    assert dump() == before


def test_a_claim_survives_a_rebuild(filled: list[TillHere]) -> None:
    ticket = Parked.objects.filter(parks=1).first()
    assert ticket is not None
    Parked.objects.filter(ticket=ticket.ticket).update(claimed_by="K7")
    assert rebuild() == {}
    assert Parked.objects.get(ticket=ticket.ticket).claimed_by == "K7"


def test_nothing_is_missing(filled: list[TillHere]) -> None:
    found = proof.prove()
    assert [one["till"] for one in found] == ["K1", "K2"]
    for one in found:
        assert one["complete"], one
        assert (one["first"], one["last"], one["entries"], one["missing"]) == (1, 120, 120, 0)
        assert one["sales"] == Sale.objects.filter(till=one["till"]).count()
        assert "compleet" in proof.words_of(one)
    days = {str(each) for each in Sale.objects.values_list("day", flat=True)}
    assert all(proof.prove(till="K1", day=day)[0]["complete"] for day in days)


def test_what_is_missing_is_named(make_till: MakeTill) -> None:
    here = make_till()
    book = journal_of(60, key=here.signer)
    send(here, book.batch(1, 20))
    send(here, book.batch(31, 50))
    (one,) = proof.prove()
    assert (one["missing"], one["gaps"], one["waiting"], one["complete"]) == (10, [[21, 30]], 10, False)
    assert "NIET COMPLEET" in proof.words_of(one)
    send(here, book.batch(21, 60))
    assert proof.prove()[0]["complete"]


def test_a_till_without_a_journal_is_complete(make_till: MakeTill) -> None:
    make_till()
    (one,) = proof.prove()
    assert (one["entries"], one["complete"]) == (0, True)


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("UPDATE journal_entry SET body = '{}' WHERE till = 'K1' AND seq = 7", "flaws"),
        ("UPDATE journal_entry SET who = '9' WHERE till = 'K1' AND seq = 7", "flaws"),
        ("DELETE FROM journal_entry WHERE till = 'K1' AND seq = 7", "missing"),
        ("UPDATE z_report SET turnover = turnover + 1 WHERE till = 'K1'", "z_wrong"),
        ("UPDATE sale SET turnover = turnover + 1 WHERE till = 'K1'", "tables_wrong"),
        ("UPDATE tills_tillcursor SET claimed_seq = 130", "waiting"),
    ],
)
def test_what_was_tampered_with_shows(filled: list[TillHere], sql: str, finding: str) -> None:
    assert ZReport.objects.filter(till="K1").exists()
    with connection.cursor() as cursor:
        cursor.execute(sql)
    one = proof.prove(till="K1")[0]
    assert one[finding], one
    assert not one["complete"]


def test_perpetual_totals_and_receipt_numbers_are_held_against_the_sales(make_till: MakeTill) -> None:
    here = make_till()
    here.book.sale()
    here.book.grand = (1, 0)
    here.book.sale()
    here.book.receipt += 1
    here.book.sale()
    send(here, here.book.batch())
    (one,) = proof.prove()
    assert [each["seq"] for each in one["grand_wrong"]] == [2]
    assert one["receipts_missing"] == [[3, 3]]


def test_an_entry_with_a_bad_signature_can_be_accepted(make_till: MakeTill) -> None:
    here = make_till()
    book = journal_of(20, key=here.signer)
    send(here, book.batch())
    wanted = dump()
    from kassa_office.journal.models import Entry

    sale = next(entry for entry in book.entries if entry.kind == "sale")
    Entry.objects.all().delete()
    _empty()
    batch = book.batch()
    batch.entries[sale.seq - 1].signature = "00" * 64
    send(here, batch)
    row = Quarantine.objects.get()
    assert Alarm.objects.get(code="quarantine").closed_at is None
    assert Sale.objects.filter(seq=sale.seq).count() == 0
    assert quarantine.accept(row.id, "els") == ""
    assert Alarm.objects.get(code="quarantine").closed_by == "els"
    found = dump()
    assert {**found, "journal_entry": 0} == {**wanted, "journal_entry": 0}
    assert quarantine.accept(row.id, "els") == "decided"
    assert rebuild() == {}


def _empty() -> None:
    from kassa_office.journal.rebuild import TABLES

    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table.name}")
        cursor.execute("UPDATE tills_tillcursor SET next_seq = 1, high_seq = 0, claimed_seq = 0, last_at = 0")


def test_what_cannot_be_read_is_not_accepted_but_may_be_dismissed(make_till: MakeTill) -> None:
    here = make_till()
    here.book.add("sale", "{}")
    send(here, here.book.batch())
    row = Quarantine.objects.get()
    assert quarantine.accept(row.id, "els") == "unreadable"
    assert quarantine.dismiss(row.id, "els") == ""
    assert quarantine.dismiss(row.id, "els") == "decided"
    assert Alarm.objects.get(code="quarantine").closed_by == "els"
    assert rebuild() == {}


def test_a_conflict_is_never_accepted(make_till: MakeTill) -> None:
    here = make_till()
    send(here, journal_of(3, key=here.signer).batch())
    here.book.sale()
    send(here, here.book.batch())
    row = Quarantine.objects.get()
    assert quarantine.accept(row.id, "els") == "conflict"
    assert quarantine.dismiss(row.id, "els") == ""


def test_an_alarm_is_one_row_that_opens_again(office_db: object) -> None:
    matter = alarms.Matter("stock", "B1", "", "6", {"sku": "6\0"})
    for _ in range(2):
        alarms.raise_alarm(matter)
    assert alarms.close_alarm(matter, "els")
    assert not alarms.close_alarm(matter, "els")
    row = Alarm.objects.get()
    assert (row.times, row.closed_by, row.facts) == (2, "els", {"sku": "6\ufffd"})
    alarms.raise_alarm(matter)
    assert Alarm.objects.get().closed_at is None


@pytest.mark.parametrize("office_db", [v for v in VENDORS if v == "postgresql"], indirect=True)
def test_texts_of_all_kinds_go_into_an_array_and_back(office_db: object) -> None:
    texts = ["", "NULL", 'a"b', "a\\b", "{1,2}", "é, ñ", "'; DROP", "\n\t", "%s", "\\\\"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[], %s::bigint[]", [array(texts, "text"), array([-1, 2**53], "bigint")])
        assert cursor.fetchone() == (texts, [-1, 2**53])
