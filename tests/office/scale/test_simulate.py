"""The simulated fleet: that what it sends is real, that nothing of it is lost, and that it would notice if it were."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from kassa_office.simulate import command, fleet, inprocess
from kassa_office.simulate.book import Book, fill
from kassa_office.simulate.fleet import Manners, make_fleet, plan
from kassa_tui.domain.journal import GENESIS, digest_of
from kassa_tui.storage.keys import verify
from kassa_tui.sync.codec import from_wire
from tests.office.conftest import Databases


def test_its_journals_are_journals() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    book, before = Book("S1", Ed25519PrivateKey.generate()), GENESIS
    fill(book, 5, 1_795_262_400_000, random.Random(1))
    book.close_shift(1_795_290_000_000)
    for number, sent in enumerate(book.entries, 1):
        entry = from_wire(sent, "S1")
        assert (entry.seq, entry.prev, entry.hash) == (number, before, digest_of(entry))
        assert verify(bytes.fromhex(book.public_key), entry.hash, entry.signature)
        before = entry.hash


@pytest.mark.parametrize("manners", [Manners(), Manners(True, True, True)])
def test_a_plan_leaves_nothing_out(manners: Manners) -> None:
    parts = plan(57, manners, random.Random(1))
    assert {seq for first, last in parts for seq in range(first, last + 1)} == set(range(1, 58))
    assert (parts == sorted(parts)) == (not manners.disorder)


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_what_was_not_sent_is_missed(office_db: Databases, capsys: pytest.CaptureFixture[str]) -> None:
    tills = make_fleet(3, 25, Manners())
    assert inprocess.load(tills[:2], 1, 0).refused == 0
    assert command._proved(tills[:2]) == 0
    tally = fleet.Tally()
    inprocess.send(tills[2], tills[2].plan[0], tally)
    assert tally.statuses == {"stored": fleet.BATCH}
    assert command._proved(tills) == 1
    assert "S00002" in capsys.readouterr().err


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_turns_spread_a_storm(office_db: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inprocess, "QUEUE", 1)
    tills = make_fleet(60, 1, Manners())
    without, with_turns = inprocess.storm(tills[:30], 600, False), inprocess.storm(tills[30:], 6000, True)
    assert (without.accepted, with_turns.accepted) == (30, 30)
    assert without.refused >= with_turns.refused
    assert with_turns.seconds > without.seconds
    assert command._proved(tills) == 0


@pytest.mark.parametrize("words", [["--disorder", "--replay", "--lost"], ["--http"], ["--storm", "--window", "5"]])
def test_the_command(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kassa_office", "simulate", "--tills", "8", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bij 0 iets niet compleet" in done.stdout
    assert "conflict" not in done.stdout
    assert "quarantined" not in done.stdout
