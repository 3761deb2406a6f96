"""A day of everything in any order, fed to ``kassa sell`` and killed at random moments, hundreds of times.

Whatever the moment: what was answered as sold is in the journal, the books add up, and the day goes on.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import evidence
from tests.journeys.nursery import Nursery
from tests.services.shop_floor import MANAGER, make_shop, write_config

KILLS = 130
"""For each seed."""
CHECK_EVERY = 30
GOODS = ("6", "7", "9", "2 * 7", "87000009", "0,350 * 1", "15", "31", "ring 2,50 Fris", "3 * 6", "8710400280507")
CHANGES = ("void 1", "void 2 fout", "set 1 3", "price 1 1,00", "discount 1 5%", "discount ticket 0,50", "customer 101",
           "return 1", "return 2 1", "return 3 1 1", "deposit-return 7 2", "return-article 6", "issue-voucher 5",
           "park", "park jan", "recall", "recall 1", "cancel", "nergens", "note dag")  # fmt: skip
PAYMENTS = ("pay cash", "pay cash 20", "pay cash 1", "pay pin", "pay pin 1", "pay pin unknown", "pay pin refused",
            "pay voucher ZEGEL 2", "take-back", "back")  # fmt: skip
MOVES = ("drawer wisselen", "cash-in 5 gevonden", "cash-out 2,50 melk", "drop 10", "x-report", "reprint",
         "count 50=1 1=3", "close-shift", "logout", "price-check 6")  # fmt: skip
AFTER_START = (f"login {MANAGER}", "pay pin ok", "open-shift 100")
TO_THE_END = ("pay pin refused", "age ok", "pay cash", "pay pin", "take-back", "back", "count 50=2", "close-shift")


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    """Where the tills are born that die."""
    found = Nursery(tmp_path)
    yield found
    found.close()


class Day:
    """The script, its dice, and what the till said was paid."""

    def __init__(self, nursery: Nursery, folder: Path, seed: int) -> None:
        folder.mkdir()
        make_shop(folder, "NL")
        self.data, self._nursery = folder / "data", nursery
        self.papers = folder / "papers"
        self._config = str(write_config(folder))
        self._dice = random.Random(seed)
        self.paid: list[dict[str, Any]] = []
        self.starts = 0

    def piece(self) -> None:
        """Some acts, sent without waiting, and the plug pulled after some of the answers and a moment."""
        acts = [*AFTER_START, *self._acts(self._dice.randrange(4, 30))]
        child = self._nursery.born(job="sell", config=self._config, papers=str(self.papers))
        child.write(*acts)
        for _ in range(self._dice.randrange(len(acts) + 1)):
            line = child.line()
            assert line is not None
            self._heard(line)
        time.sleep(self._dice.choice((0, 0, 0.0003, 0.001, 0.003)))
        for line in child.kill():
            self._heard(line)
        child.close()

    def end(self) -> None:
        """Close the shift in good order, with what lies open set aside, and print what waits."""
        child = self._nursery.born(job="sell", config=self._config, papers=str(self.papers))
        child.write(*AFTER_START, *TO_THE_END)
        child.shut()
        answers = [json.loads(line) for line in child.lines()]
        child.close()
        assert answers[-1]["ok"], answers[-1]
        for answer in answers:
            self._heard(json.dumps(answer))

    def _acts(self, count: int) -> Iterator[str]:
        for _ in range(count):
            kind = self._dice.choices((GOODS, CHANGES, PAYMENTS, MOVES, ()), (50, 18, 25, 6, 1))[0]
            if kind:
                yield self._dice.choice(kind)
                if kind is MOVES:
                    yield from AFTER_START
            else:
                yield from ("age ok", "pay cash", "pay pin", "count 100=1", "close-shift", "open-shift 75")
            if self._dice.random() < 0.15:
                yield from ("age ok", "pay cash", "pay pin")

    def _heard(self, line: str) -> None:
        answer = json.loads(line)
        assert answer.get("code") != "internal_error", answer
        if answer["ok"] and answer["outcome"] == "logged_in":
            self.starts += 1
        if answer["ok"] and answer["outcome"] == "paid":
            self.paid.append(answer["ticket"])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_killed_at_random(nursery: Nursery, tmp_path: Path, seed: int) -> None:
    day = Day(nursery, tmp_path / "till", seed)
    for number in range(1, KILLS + 1):
        day.piece()
        if number % CHECK_EVERY == 0:
            evidence.check(day.data)
    day.end()
    sold = {sale["number"]: sale for sale in evidence.check(day.data)}
    assert len(day.paid) > KILLS
    for ticket in day.paid:
        sale = sold[ticket["receipt_number"]]
        assert (sale["total"], sale["change"], sale["rounding"]) == (
            ticket["total"], ticket["change"], ticket["rounding"],
        )  # fmt: skip
        assert [(x["sku"], x["qty"], x["amount"]) for x in sale["lines"]] == [
            (x["sku"], x["quantity"], x["amount"]) for x in ticket["lines"]
        ]
    # A kill between the commit and the answer leaves a sale that nobody was told of; more than one it cannot be.
    assert len(day.paid) <= len(sold) <= len(day.paid) + KILLS
    reports = evidence.check_shifts(day.data)
    assert len(reports) > 3
    assert sum(report["receipts"] for report in reports) == len(sold)
    assert reports[-1]["grand"]["net"] == sum(report["turnover"] for report in reports)


@pytest.mark.parametrize("seed", [3])
def test_the_papers_of_a_day_killed_at_random(nursery: Nursery, tmp_path: Path, seed: int) -> None:
    day = Day(nursery, tmp_path / "till", seed)
    for _ in range(30):
        day.piece()
    day.end()
    sold = evidence.check(day.data)
    found = evidence.papers(day.papers)
    copies = [paper for paper in found if "KOPIE" in paper.text]
    marked = evidence.check_printed([paper for paper in found if paper not in copies], [x["number"] for x in sold])
    assert sum(marked.values()) <= 30
