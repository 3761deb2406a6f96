"""The fixtures themselves: an empty database each time, on each vendor, and journals that verify."""

from __future__ import annotations

import pytest
from django.db import connection

from kassa_office.tills.models import Branch, Till
from kassa_tui.domain.journal import GENESIS, digest_of
from kassa_tui.storage.keys import verify
from tests.office.conftest import Databases, MakeTill
from tests.office.journals import journal_of


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_empty(office_db: Databases, make_till: MakeTill, turn: int) -> None:
    assert connection.vendor == office_db.vendor
    assert Branch.objects.count() == 0
    here = make_till("B1", "K1")
    assert here.till.branch.code == "B1"
    assert Till.objects.get().code == "K1"


def test_reset_within_a_test(office_db: Databases, make_till: MakeTill) -> None:
    make_till("B1", "K1")
    office_db.reset()
    assert Till.objects.count() == 0


def test_journals_are_signed_and_chained() -> None:
    book, prev = journal_of(60), GENESIS
    for seq, entry in enumerate(book.entries, 1):
        assert (entry.seq, entry.prev, entry.hash) == (seq, prev, digest_of(entry))
        assert verify(book.signer.public, entry.hash, entry.signature)
        prev = entry.hash
    assert {"sale", "cash"} <= {entry.kind for entry in book.entries}
