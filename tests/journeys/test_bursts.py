"""Keys and codes that arrive faster than anybody looks: in order, each once, and where the cashier meant them."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.shop import codes_of
from kassa_tui import bootstrap, config
from tests.journeys import evidence
from tests.journeys.counter import ENTER, ESC, F9, F12, PIN_MANAGER, Counter
from tests.journeys.test_day import euro
from tests.services.shop_floor import make_shop, write_config

ONE_DIGIT = re.compile(rf"(?:\A|{ENTER})\d\Z")
"""The first digit of a code alone: on a machine that stands still behind it for 50 ms it is a finger's."""
OpenTill = Callable[..., Counter]
CODES = 45
SLOW_PAINT = """
import time
from kassa_tui.screens.desk import Desk
rows = Desk.rows
Desk.rows = lambda *place: (time.sleep(0.05), rows(*place))[1]
"""
"""Every repaint takes 50 ms, in which the thread that reads the keys goes on reading."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till with the demo shop's 2,000 articles and an open shift to come."""
    folder = tmp_path_factory.mktemp("shop")
    make_shop(folder, "NL")
    path = write_config(folder, rules="auto_lock_seconds = 0")
    assert bootstrap.import_file(config.load(path), "articles", bootstrap.DATA / "demo_articles.csv").ok
    return folder


@pytest.fixture
def open_till(shop: Path, tmp_path: Path) -> Iterator[OpenTill]:
    """Starts a till on a copy of the shop, logged in and open."""
    tills: list[Counter] = []

    def open_(before: str = "", *, enter: bool = True) -> Counter:
        folder = tmp_path / str(len(tills))
        shutil.copytree(shop, folder)
        tills.append(Counter(folder, before))
        if enter:
            tills[-1].enter()
        return tills[-1]

    yield open_
    for each in tills:
        each.quit()


@pytest.fixture(scope="module")
def codes(shop: Path) -> list[str]:
    """Bar codes of as many different articles."""
    return [code for code in codes_of(shop, 20 * CODES) if not code.startswith("0")][:CODES]


def lines(till: Counter, number: int) -> list[str]:
    """Codes on the ticket once there are so many."""
    till.wait_for_lines(number)
    return [line["code"] for line in till.on_disk()]


def typed(codes: list[str]) -> str:
    """As a scanner in the keyboard's place types them."""
    return "".join(code + ENTER for code in codes)


@pytest.mark.parametrize("before", ["", SLOW_PAINT], ids=["idle", "busy"])
def test_codes_in_one_write_are_lines_in_order(open_till: OpenTill, codes: list[str], before: str) -> None:
    till = open_till(before)
    till.type(typed(codes))
    assert lines(till, CODES) == codes
    till.see(f"{CODES} regels")


def test_more_codes_than_one_read_takes(open_till: OpenTill, codes: list[str]) -> None:
    till = open_till()
    till.type(typed(codes * 8))
    assert lines(till, 8 * CODES) == codes * 8


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("before", ["", SLOW_PAINT], ids=["idle", "busy"])
def test_codes_split_at_any_byte(open_till: OpenTill, codes: list[str], before: str, seed: int) -> None:
    till, dice, text, sent = open_till(before), random.Random(seed), typed(codes), 0
    while sent < len(text):
        size, pause = dice.randrange(1, 40), dice.choice((0, 0, 0.001, 0.003))
        till.type(text[sent : sent + size])
        sent += size
        if not ONE_DIGIT.search(text[:sent]):
            till.look(pause)
    assert lines(till, CODES) == codes


def test_codes_sent_while_the_till_stands_still(open_till: OpenTill, codes: list[str]) -> None:
    till = open_till()
    os.kill(till.pid, signal.SIGSTOP)
    for code in codes:
        till.type(code + ENTER)
    os.kill(till.pid, signal.SIGCONT)
    assert lines(till, CODES) == codes


@pytest.mark.parametrize("before", ["", SLOW_PAINT], ids=["idle", "busy"])
def test_an_amount_typed_ahead_of_the_pay_view_is_paid(open_till: OpenTill, before: str) -> None:
    till = open_till(before)
    till.type(f"13{ENTER}{F9}20,{F12}")
    till.see("K1-000001", "veilig", f"Wisselgeld   {euro(2000 - 349)}")
    till.type(f"13{ENTER}5,00{F12}")
    till.see("K1-000002", f"Wisselgeld   {euro(151)}")
    assert tenders(till) == [2000, 500]


@pytest.mark.parametrize("before", ["", SLOW_PAINT], ids=["idle", "busy"])
def test_behind_exact_cash_begins_the_next_ticket(open_till: OpenTill, before: str) -> None:
    till = open_till(before)
    till.type(f"13{ENTER}{F12}2*13{ENTER}")
    till.see("2", euro(698))
    assert [line["quantity"] for line in waited(till, 1)] == [2000]
    assert tenders(till) == [349]
    till.type(F12 + "13" + ENTER + F12)
    till.see("K1-000003", "veilig")
    assert tenders(till) == [349, 698, 349]


@pytest.mark.parametrize("before", ["", SLOW_PAINT], ids=["idle", "busy"])
def test_escape_right_before_a_code(open_till: OpenTill, codes: list[str], before: str) -> None:
    till = open_till(before)
    till.type("123" + ESC + codes[0] + ENTER)
    assert lines(till, 1) == codes[:1]
    till.type(ESC)
    till.type(codes[1] + ENTER)
    assert lines(till, 2) == codes[:2]
    till.type(F9 + ESC + codes[2] + ENTER + ESC)
    assert lines(till, 3) == codes[:3]
    till.see("3 regels", "> _")


def test_a_code_never_becomes_part_of_what_was_typed(open_till: OpenTill, codes: list[str]) -> None:
    till = open_till()
    till.type("12")
    till.see("> 12_")
    time.sleep(0.1)  # no hand types and scans at once
    till.type(codes[0] + ENTER)
    assert lines(till, 1) == codes[:1]
    till.see("> 12_")


@pytest.mark.parametrize("shown", ["", "Kassa start", "Pincode"])
def test_a_pin_typed_before_the_till_is_there_counts(open_till: OpenTill, shown: str) -> None:
    till = open_till(enter=False)
    till.see(shown)
    till.type(PIN_MANAGER + ENTER)
    till.see("De kassa is gesloten")


def waited(till: Counter, number: int) -> list[dict[str, object]]:
    """The ticket's lines once there are so many."""
    till.wait_for_lines(number)
    return till.on_disk()


def tenders(till: Counter) -> list[int]:
    """What was given for each sale."""
    return [tender["amount"] for sale in evidence.entries(till.data, "sale") for tender in sale["tenders"]]
