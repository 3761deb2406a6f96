"""A scanner on a device of its own, twenty codes a second on a ticket of 300 lines: every code a line, in order."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bench.shop import codes_of
from kassa_tui import bootstrap, config
from tests.journeys import evidence
from tests.journeys.counter import F12, Counter
from tests.services.shop_floor import make_shop, write_config

BEFORE, PER_SECOND, SECONDS = 300, 20, 5


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A till with 2,000 articles and a scanner that is a pipe."""
    make_shop(tmp_path, "NL")
    path = write_config(tmp_path, rules="auto_lock_seconds = 0")
    assert bootstrap.import_file(config.load(path), "articles", bootstrap.DATA / "demo_articles.csv").ok
    with path.open("a") as file:
        file.write('[[device]]\nrole = "scanner"\nkind = "pipe"\npath = "scanner"\n')
    os.mkfifo(tmp_path / "scanner")
    return tmp_path


def test_twenty_scans_a_second_on_a_long_ticket(shop: Path) -> None:
    wanted = codes_of(shop, BEFORE + PER_SECOND * SECONDS)
    till = Counter(shop)
    try:
        till.enter()
        scanner = os.open(shop / "scanner", os.O_WRONLY)
        os.write(scanner, "".join(code + "\n" for code in wanted[:BEFORE]).encode())
        till.wait_for_lines(BEFORE)
        begin = time.monotonic()
        for number, code in enumerate(wanted[BEFORE:]):
            while (early := begin + number / PER_SECOND - time.monotonic()) > 0:
                till.look(early)
            os.write(scanner, code.encode() + b"\r\n")
        till.see(f"{len(wanted)} regels")
        till.type(F12)
        till.see("K1-000001", "veilig")
        os.close(scanner)
    finally:
        till.quit()
    (sale,) = evidence.check(till.data)
    assert [line["code"] for line in sale["lines"]] == wanted


def test_a_scan_in_the_middle_of_typing_is_a_line_and_leaves_the_typing_alone(shop: Path) -> None:
    (code,) = codes_of(shop, 1)
    till = Counter(shop)
    try:
        till.enter()
        till.type("12")
        till.see("> 12_")
        scanner = os.open(shop / "scanner", os.O_WRONLY)
        os.write(scanner, code.encode() + b"\n")
        till.wait_for_lines(1)
        till.see("> 12_", "1 regel")
        till.type(f"3{F12}")
        till.see("Nog te betalen", "1,23")
        os.close(scanner)
    finally:
        till.quit()
    assert [line["code"] for line in till.on_disk()] == [code]
