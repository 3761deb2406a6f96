"""The plug is pulled at every step of closing a sale: it is wholly there, or the ticket is back line by line."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import headless
from kassa_tui.storage import spool
from kassa_tui.storage.journal import Job
from tests.journeys import evidence
from tests.journeys.children import PaperPrinter, open_session, statement
from tests.journeys.nursery import WAIT_S, Nursery
from tests.services.shop_floor import MANAGER, make_shop, write_config

BEFORE = ("login 9999", "2 * 7", "9", "0,350 * 1", "discount 3 10%", "void 3", "9", "return 1 3", "issue-voucher 5")
"""Deposits, a weight, a line taken off, a line that comes back and a voucher sold."""
POINTS = {"committed": "waiting", "kicked": "", "sending": "sending", "half": "sending", "sent": "sending",
          "done": "done"}  # fmt: skip
"""Between the commit and the end of the paper → how the job then stands in the spool; nobody knows of ``kicked``."""


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where the tills are born that die."""
    found = Nursery(tmp_path_factory.mktemp("nursery"))
    yield found
    found.close()


class Sale:
    """A till with one sale in its books, and the next one about to be paid."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        make_shop(folder, "NL")
        session = open_session(write_config(folder), PaperPrinter(folder / "papers"))
        for line in (f"login {MANAGER}", "open-shift 100", "3 * 7", "9", "issue-voucher 2"):
            answer = session.answer(line)
            assert answer["ok"], answer
        voucher = answer["facts"]["number"]
        assert session.answer("pay cash 50")["ok"]
        wait_for_paper(session)
        session.close()
        self.acts = (f"pay voucher {voucher}", "pay pin 3", "pay cash 10")
        self.states = self._states(folder.with_name("watched"))
        """The ticket before each act, and after the last."""

    def copy(self, folder: Path) -> Path:
        """The same till once more; the path of its configuration."""
        shutil.copytree(self.folder, folder)
        return folder / "till.toml"

    def _states(self, folder: Path) -> list[Any]:
        session = open_session(self.copy(folder), PaperPrinter(folder / "papers"))
        for line in BEFORE:
            answer = session.answer(line)
            assert answer["ok"], (line, answer)
        found = []
        for line in self.acts:
            found.append(lying(session))
            assert session.answer(line)["ok"]
        found.append(session.till.last_sale is not None and plain(headless.closed_ticket(session.till)))
        session.close()
        return found


@pytest.fixture(scope="module")
def sale(tmp_path_factory: pytest.TempPathFactory) -> Sale:
    """What all the crashes begin with."""
    return Sale(tmp_path_factory.mktemp("sale") / "till")


def lying(session: headless.Session) -> Any:
    """What lies on the counter, as a person sees it."""
    return plain(headless.open_ticket(session.till))


def plain(ticket: dict[str, Any]) -> dict[str, Any]:
    """Without what is drawn anew each time: ids of card payments and numbers of vouchers."""
    return ticket | {"payments": [{k: v for k, v in each.items() if k != "ref"} for each in ticket["payments"]]}


def wait_for_paper(session: headless.Session) -> None:
    """Until nothing waits to be printed."""
    deadline = time.monotonic() + WAIT_S
    while spool.count_waiting(session.till.store.read):
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("first", [1, 2])
def test_killed_at_every_statement(sale: Sale, nursery: Nursery, tmp_path: Path, first: int) -> None:
    """In two halves, so that two processes can share them."""
    counted = crash(sale, nursery, tmp_path / "whole")
    assert len(counted) == len(sale.acts) + 1
    statements = int(counted[-1])
    assert statements > 30
    seen = set()
    for at in range(first, statements + 1, 2):
        folder = tmp_path / str(at)
        done = crash(sale, nursery, folder, statement=at)
        if done and done[-1] != "done":
            # Printing took fewer statements this time than when they were counted, and the till came to its end.
            assert int(done.pop()) < at
        assert set(done) <= {"done"}, at
        seen.add(recovered(sale, folder, len(done)))
        shutil.rmtree(folder)
    assert seen == {*range(len(sale.acts)), "card", "closed"}


@pytest.mark.parametrize("point", POINTS)
def test_killed_between_disk_drawer_and_paper(sale: Sale, nursery: Nursery, tmp_path: Path, point: str) -> None:
    done = crash(sale, nursery, tmp_path / "till", point=point)
    assert set(done) <= {"done"}
    folder = tmp_path / "till"
    with evidence.looking(folder / "data") as con:
        jobs = con.execute("select state, mark from spool where id = (select max(id) from spool)").fetchall()
    assert jobs == [(POINTS[point] or jobs[0][0], "")]
    assert recovered(sale, folder, len(sale.acts)) == "closed"
    marked = [paper for paper in evidence.papers(folder / "papers") if paper.again]
    # What may have come out already comes out again with its mark, and only that.
    assert [paper.receipts for paper in marked] == ([("K1-000002",)] if jobs == [("sending", "")] else [])


def crash(sale: Sale, nursery: Nursery, folder: Path, **where: Any) -> list[str]:
    """A till that does the sale and dies there; what it said until then."""
    config = sale.copy(folder)
    child = nursery.born(job="crash", config=str(config), papers=str(folder / "papers"), before=BEFORE,
                         acts=sale.acts, **where)  # fmt: skip
    said = child.lines()
    child.close()
    return said


def recovered(sale: Sale, folder: Path, done: int) -> int | str:
    """Open the till again, finish what lies there, and judge its books; how far it had come."""
    evidence.check(folder / "data")
    session = open_session(folder / "till.toml", PaperPrinter(folder / "papers"))
    till = session.till
    try:
        assert session.answer(f"login {MANAGER}")["ok"]
        if till.store.state.receipt == 2:
            reached: int | str = "closed"
            assert till.ticket is None
            repeat(session)
        else:
            reached = done_on_paper(sale, session, done)
        assert till.store.state.receipt == 2
        wait_for_paper(session)
        assert session.answer("9")["ok"]
        assert session.answer("pay cash")["ticket"]["receipt_number"] == "K1-000003"
        wait_for_paper(session)
    finally:
        session.close()
    sold = evidence.check(folder / "data")
    judged(sale, folder, sold)
    return reached


def done_on_paper(sale: Sale, session: headless.Session, done: int) -> int | str:
    """The ticket is back as it was after the last act on disk, or the one after that; pay what is left."""
    reached: int | str = ""
    if session.till.open.card is not None:
        reached = "card"
        assert session.till.open.card.state == "unknown"
        assert session.answer("pay pin ok")["ok"]
    step = sale.states.index(lying(session))
    assert step in (done, done + 1)
    for line in sale.acts[step:]:
        answer = session.answer(line)
        assert answer["ok"], answer
    assert answer["outcome"] == "paid"
    return reached or step


def repeat(session: headless.Session) -> None:
    """Finishing the same ticket once more gives the same entry, and nothing is printed or counted twice."""
    store = session.till.store
    row = store.read.execute("select seq from sale where receipt = 2").fetchone()
    entry = store.entry(row[0])
    body = {key: value for key, value in entry.facts.items() if key not in ("no", "number", "grand")}

    def counts() -> tuple[int, ...]:
        return tuple(statement(store.read, f"select count(*) from {name}") for name in ("journal", "sale", "sale_line"))

    wait_for_paper(session)
    before = counts()
    assert store.record_sale(body, session.till.who, [Job("receipt")]) == entry
    assert counts() == before
    assert spool.count_waiting(store.read) == 0


def judged(sale: Sale, folder: Path, sold: list[dict[str, Any]]) -> None:
    """Three sales; the second is the one that was meant, and each has its paper and its opened drawer."""
    second = sold[1]
    assert len(sold) == 3
    closed = sale.states[-1]
    assert (second["total"], second["change"]) == (closed["total"], closed["change"])
    assert [(x["sku"], x["qty"], x["amount"]) for x in second["lines"]] == [
        (x["sku"], x["quantity"], x["amount"]) for x in closed["lines"]
    ]
    assert [(x["kind"], x["amount"]) for x in second["tenders"]] == [
        (x["kind"], x["amount"]) for x in closed["payments"]
    ]
    found = evidence.papers(folder / "papers")
    evidence.check_printed(found, [each["number"] for each in sold])
    assert sum(paper.kicks for paper in found) in (2, 3)
