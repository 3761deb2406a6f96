"""A real till's days, sold without a screen: the office's figures are those that the till keeps itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.db.models import Sum

from kassa_office.journal import ingest, proof
from kassa_office.journal.models import Alarm, Quarantine
from kassa_office.journal.rebuild import rebuild
from kassa_office.sales.models import DayTotal, Parked, Returned, Sale, SaleLine, Voucher, ZReport
from kassa_office.stock.models import StockLevel
from kassa_office.tills.models import TillKey
from kassa_tui.domain.journal import Entry
from kassa_tui.storage.journal import read_entries
from kassa_tui.sync.codec import encode
from tests.office.conftest import MakeTill
from tests.office.journals import batch_of
from tests.services.shop_floor import hands, make_shop
from tests.services.test_headless_days import long_day

ACTS = 500
OWN = ("z", "who")
"""Kinds of total that the office keeps besides."""
SHARED = ("vat", "group")
"""Kinds of total whose VAT the till keeps too."""


@pytest.fixture(scope="module")
def till_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``till.db`` after some long days."""
    folder = tmp_path_factory.mktemp("day")
    at_till = hands(folder, make_shop(tmp_path_factory.mktemp("shop"), "NL"))
    long_day(at_till, 7, ACTS)
    at_till.type("login 9999", "pay cash", "close-shift")
    at_till.close()
    return folder / "data" / "till.db"


def entries_of(path: Path) -> tuple[list[Entry], str]:
    """The journal, and the public key that it is signed with."""
    with sqlite3.connect(path) as con:
        key = con.execute("select value from meta where key = 'public_key'").fetchone()[0]
        return list(read_entries(con, "K1")), key


def test_the_office_has_the_figures_of_the_till(till_db: Path, make_till: MakeTill) -> None:
    here = make_till("B1", "K1")
    entries, key = entries_of(till_db)
    TillKey.objects.update(public_key=key)
    for first in [*range(50, len(entries), 50), 0]:
        batch = batch_of(entries[first : first + 50], "K1", high=len(entries))
        acks = ingest.push(here.till, batch, encode(batch), "identity").acks
        assert {ack.status for ack in acks} == {"stored"}, [ack for ack in acks if ack.status != "stored"]
    assert not Quarantine.objects.exists()
    assert not Alarm.objects.filter(closed_at=None).exclude(code="clock").exists()
    with sqlite3.connect(till_db) as con:
        _same_totals(con)
        _same_rest(con)
    (one,) = proof.prove()
    assert one["complete"], one
    assert rebuild() == {}


def _same_totals(con: sqlite3.Connection) -> None:
    till = {
        (date, kind, key): (n, qty, amount, vat if kind in SHARED else 0)
        for date, kind, key, n, qty, amount, vat in con.execute(
            "select date, kind, key, sum(n), sum(qty), sum(amount), sum(vat) from total group by date, kind, key"
        )
    }
    office = {
        (str(row.day), row.kind, row.key): (row.n, row.qty, row.amount, row.vat if row.kind in SHARED else 0)
        for row in DayTotal.objects.filter(branch="B1").exclude(kind__in=OWN).exclude(till="")
    }
    assert office == till
    kinds = {kind for _, kind, _ in till}
    assert {"sale", "hour", "staff", "group", "vat", "tender", "deposit", "return", "void", "discount", "cash",
            "event"} <= kinds  # fmt: skip


def _same_rest(con: sqlite3.Connection) -> None:
    one = con.execute
    assert Sale.objects.filter(branch="B1").count() == one("select count(*) from sale").fetchone()[0]
    assert SaleLine.objects.filter(branch="B1").count() == one("select count(*) from sale_line").fetchone()[0]
    assert (
        ZReport.objects.filter(branch="B1").count()
        == one("select count(*) from shift where closed_seq > 0").fetchone()[0]
    )
    returned = {(number, no): qty for number, no, qty in one("select * from returned")}
    assert {(row.number, row.no): row.qty for row in Returned.objects.all()} == returned
    parked = {row[0] for row in one("select ticket from parked")}
    assert set(Parked.objects.exclude(parks=0).values_list("ticket", flat=True)) == parked
    own = dict(one("select number, balance from voucher where foreign_voucher = 0"))
    found = {row.number: row.issued - row.spent for row in Voucher.objects.filter(foreign=False)}
    assert found == own
    sold = one(
        "select sku, sum(qty) from sale_line where kind in ('sale', 'return') and sku <> '' group by sku"
    ).fetchall()
    assert dict(StockLevel.objects.filter(branch="B1").values_list("sku", "qty")) == {sku: -qty for sku, qty in sold}
    total = SaleLine.objects.filter(branch="B1").aggregate(sum=Sum("amount"))["sum"]
    assert total == one("select sum(total) from sale").fetchone()[0]
