"""A whole day at the real till: 300 sales by keyboard and scanner, the plug pulled in between, the drawer counted.

What the day ought to come to is added up beside it; it must be what the journal, the Z report, the drawer and the
bytes that went to the printer say, to the cent.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import evidence
from tests.journeys.counter import ENTER, F4, F5, F7, F8, F9, F10, F11, F12, Counter
from tests.journeys.model import BANANAS, BUN, CANDLES, COLA, CRATE, FLOAT, GIN, SIX, Books, Good, Ticket
from tests.services.shop_floor import make_shop

SALES = 300
DEVICES = """rounding = "cash"
auto_lock_seconds = 0
[[device]]
role = "printer"
kind = "file"
path = "papers"
[[device]]
role = "drawer"
kind = "printer"
[[device]]
role = "card_terminal"
kind = "standalone"
"""
POWER_CUTS = {71: "lines", 142: "paying", 203: "lines", 255: "paying"}
"""Before which sale the plug is pulled, and when: with its lines on the counter, or right behind the pay key."""


class Cashier:
    """Sells at the till, and keeps the books in her head."""

    def __init__(self, folder: Path) -> None:
        make_shop(folder, "NL")
        (folder / "papers").mkdir()
        with (folder / "till.toml").open("a") as file:
            file.write(DEVICES)
        self.folder, self.books = folder, Books()
        self.dice = random.Random(25)
        self.returned: set[int] = set()
        self.till = Counter(folder)
        self.till.enter(f"{FLOAT // 100}")

    def sale(self, number: int) -> None:
        """One customer."""
        ticket = Ticket()
        if number > 20 and number % 24 == 0:
            self._return(ticket)
        else:
            self._goods(ticket, self.dice.randrange(1, 7))
            while ticket.total < 100:
                self._goods(ticket, 1)
        if number % 17 == 0:
            self._park_and_recall(ticket)
        cut = POWER_CUTS.get(number, "")
        if cut:
            self.till.wait_for_lines(len(ticket.lines))
        if cut == "lines":
            self._power_cut()
            self.till.see(euro(ticket.total))
        self._pay(ticket, number, cut == "paying")

    def _goods(self, ticket: Ticket, lines: int) -> None:
        """Some typed, some scanned; what one write brings is up to the dice."""
        keys = ""
        for _ in range(lines):
            keys += self._line(ticket, self.dice.choice((BUN, BUN, COLA, COLA, SIX, CANDLES, GIN, CRATE, BANANAS)))
            if self.dice.random() < 0.4:
                self.till.type(keys)
                keys = ""
        self.till.type(keys)
        self.till.see(euro(ticket.total))

    def _line(self, ticket: Ticket, good: Good) -> str:
        """Keys for one line."""
        how = self.dice.random()
        if good.kilo:
            thousandths, keys = self.dice.randrange(50, 3000, 5), ""
            keys = f"{thousandths // 1000},{thousandths % 1000:03d}*{good.sku}{ENTER}"
        elif good is SIX or (good.code and how < 0.5):
            thousandths, keys = 1000, good.code + ENTER
        elif how < 0.8:
            thousandths, keys = 1000, good.sku + ENTER
        else:
            pieces = self.dice.randrange(2, 5)
            thousandths, keys = 1000 * pieces, f"{pieces}*{good.sku}{ENTER}"
        off = 10 if good in (BUN, CANDLES) and self.dice.random() < 0.2 else 0
        asked = ticket.add(good, thousandths, off)
        return keys + ("j" if asked else "") + (f"{off}%{F7}" if off else "")

    def _park_and_recall(self, ticket: Ticket) -> None:
        """The customer has forgotten something, and another is served meanwhile."""
        self.till.type(F4)
        self.till.see("Geparkeerd", euro(0))
        between = Ticket()
        self._goods(between, 1)
        self.till.type(F12)
        self._closed(self.books.sell(between, "cash"), between.due, 0)
        self.till.type(F5)
        self.till.see(euro(ticket.total))

    def _return(self, ticket: Ticket) -> None:
        """A whole receipt comes back."""
        number = next(n for n in iter(lambda: self.dice.randrange(1, len(self.books.sold)), -1)
                      if n not in self.returned and self.books.sold[n - 1].total > 0)  # fmt: skip
        self.returned.add(number)
        ticket.lines = self.books.sold[number - 1].back().lines
        self.till.type(F8)
        self.till.see("Retour nemen")
        self.till.type(f"K1-{number:06d}{ENTER}")
        self.till.see(f"Retour van K1-{number:06d}")
        self.till.type("+")
        self.till.see(euro(ticket.total))

    def _pay(self, ticket: Ticket, number: int, cut: bool) -> None:
        how = self.dice.choice(("exact", "exact", "amount", "pin"))
        if ticket.total < 0 or cut:
            how = "exact"
        if how == "pin":
            self.till.type(F11)
            self.till.see("Hoe liep het af?")
            self.till.type("j")
            self._closed(self.books.sell(ticket, "pin"), ticket.total, 0)
            return
        given = ticket.due if how == "exact" else -(-ticket.due // 500) * 500
        self.till.type(F12 if how == "exact" else f"{given // 100},{given % 100:02d}{F12}")
        if cut:
            self._power_cut()
            if self.till.asked("select max(receipt) from sale") > len(self.books.sold):
                self.books.sell(ticket, "cash")
                return
            self.till.see(euro(ticket.total))
            self.till.type(F12)
        self._closed(self.books.sell(ticket, "cash"), ticket.due, given - ticket.due)

    def _closed(self, number: str, paid: int, change: int) -> None:
        self.till.until(
            lambda screen: bool(re.search(rf"{number}.*veilig", screen)) and f"Wisselgeld   {euro(change)}" in screen,
            f"{number} closed with {change} change on {paid}",
        )

    def _power_cut(self) -> None:
        """Pull the plug, start again, and log in."""
        self.till.pull_the_plug()
        self.till = Counter(self.folder)
        self.till.enter()

    def drawer(self) -> None:
        """Change is brought, and the takings of the morning go to the safe."""
        self.till.type(F10)
        self.till.see("Functies", "Geld in de lade")
        self.till.type(f"450,00{ENTER}wisselgeld{ENTER}")
        self.books.move(5000)
        self.till.wait_for("select amount from total where kind = 'cash' and key = 'in'", 5000)
        self.till.type(f"{F10}6120,00{ENTER}zak 7{ENTER}")
        self.books.move(-12_000)
        self.till.wait_for("select amount from total where kind = 'cash' and key = 'drop'", 12_000)

    def count_and_close(self) -> str:
        """The drawer counted, and Z; what the screen shows then."""
        self.till.type(f"{F10}3")
        self.till.see("Lade tellen", "Typ het aantal stuks")
        for pieces in self.books.pieces():
            self.till.type(f"{pieces}{ENTER}")
        self.till.see(f"Geteld: {euro(self.books.sums['drawer'])}")
        self.till.type(F9)
        self.till.see("Kassa afsluiten")
        self.till.type("s")
        return self.till.see("Z 1")


def euro(cents: int) -> str:
    """As on the screen."""
    euros = f"{abs(cents) // 100:,}".replace(",", ".")
    return f"€ {'-' if cents < 0 else ''}{euros},{abs(cents) % 100:02d}"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cashier]:
    """The day, from the float to the Z, with all of it on paper."""
    cashier = Cashier(tmp_path_factory.mktemp("day"))
    try:
        for number in range(1, SALES + 1):
            cashier.sale(number)
            if number == 150:
                cashier.drawer()
        cashier.count_and_close()
        cashier.till.wait_for("select count(*) from spool where state != 'done'", 0)
        yield cashier
    finally:
        cashier.till.quit()


def test_the_journal_says_what_was_sold(day: Cashier) -> None:
    sold = evidence.check(day.folder / "data")
    assert len(sold) == len(day.books.sold) > SALES
    assert [sale["total"] for sale in sold] == [ticket.total for ticket in day.books.sold]
    for sale, ticket in zip(sold, day.books.sold, strict=True):
        assert [(x["amount"], x["rate"] // 100, x["kind"] == "deposit") for x in sale["lines"]] == ticket.lines


def test_the_z_report_and_the_drawer_say_the_same(day: Cashier) -> None:
    (z,) = evidence.check_shifts(day.folder / "data")
    sums = day.books.sums
    assert z["receipts"] == len(day.books.sold)
    assert z["turnover"] == sums["turnover"]
    assert {f"vat {block['rate'] // 100}": block["vat"] for block in z["vat"]} == {
        key: value for key, value in sums.items() if key.startswith("vat")
    }
    assert {kind: row["amount"] for kind, row in z["tenders"].items()} == {kind: sums[kind] for kind in ("cash", "pin")}
    assert sum(row["amount"] for row in z["deposits"].values()) == sums["deposits"]
    assert z["rounding"] == sums["rounding"]
    assert (z["cash"]["expected"], z["counted"], z["difference"]) == (sums["drawer"], sums["drawer"], 0)


def test_every_receipt_was_printed_once_with_what_was_paid(day: Cashier) -> None:
    found = evidence.papers(day.folder / "papers")
    numbers = [f"K1-{n:06d}" for n in range(1, len(day.books.sold) + 1)]
    marked = evidence.check_printed(found, numbers)
    assert sum(marked.values()) <= len(POWER_CUTS)
    totals: dict[str, int] = {}
    for paper in found:
        if paper.whole and paper.receipts:
            totals[paper.receipts[0]] = printed(paper.text, "TOTAAL")
    assert [totals[number] for number in numbers] == [ticket.total for ticket in day.books.sold]
    assert sum(totals.values()) == day.books.sums["turnover"] + day.books.sums["deposits"]


def test_the_z_on_paper_says_what_is_in_the_drawer(day: Cashier) -> None:
    (z,) = [paper for paper in evidence.papers(day.folder / "papers") if "Hoort in de lade" in paper.text]
    assert printed(z.text, "Hoort in de lade") == printed(z.text, "Geteld") == day.books.sums["drawer"]
    assert printed(z.text, "Verschil") == 0


def printed(text: str, label: str) -> int:
    """The cents behind a label on paper."""
    row: Any = re.search(rf"(?m)^\W*{label}\b.*?(-?[\d.]+,\d\d)\W*$", text)
    assert row, (label, text)
    return int(row[1].replace(".", "").replace(",", ""))
