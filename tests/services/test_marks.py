"""HERDRUK and KOPIE: the same word on the paper, on the screen and at the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kassa_tui.domain.outcome import Refused
from kassa_tui.messages import words
from kassa_tui.services import books, history
from kassa_tui.services.printing import compose_job
from kassa_tui.services.receipts import receipt
from kassa_tui.services.report_documents import as_text
from kassa_tui.storage import spool
from kassa_tui.storage.journal import Job
from tests.services.papers import config
from tests.services.print_bench import Bench
from tests.services.shop_floor import Hands

DOUBT = Refused("printer_silent", {"doubt": True})


def mark_of(text: str) -> str:
    """The word on a receipt; it never has two."""
    found = [word for word in ("HERDRUK", "KOPIE 1", "KOPIE 2") if word in text]
    assert len(found) <= 1, text
    return found[0] if found else ""


def waiting(h: Hands) -> list[spool.PrintJob]:
    found: list[spool.PrintJob] = h.till.store.spool(spool.waiting)
    return found


def printed(h: Hands, doubt: bool = False) -> str:
    """Print what waits, in doubt at first where asked; the word on the last paper."""
    (job,) = waiting(h)
    h.till.store.spool(spool.sending, job.id)
    if doubt:
        h.till.store.spool(spool.failed, job.id, "printer_silent", True)
        (job,) = waiting(h)
        h.till.store.spool(spool.sending, job.id)
    document = compose_job(h.till.store, lambda: h.till.config, words("nl"))(job)
    assert document is not None
    assert mark_of(shown(h)) == mark_of(as_text(document))
    h.till.store.spool(spool.done, job.id)
    return mark_of(as_text(document))


def shown(h: Hands) -> str:
    """As history and ``kassa receipt`` show it."""
    sale = history.sale_by_number(h.till, "1")
    assert not isinstance(sale, Refused)
    assert sale == books.sale(h.till.store.read, "K1", "K1-000001")
    return as_text(receipt(sale, h.till.config, words("nl"), mark=sale["mark"]))


def test_a_doubtful_receipt_is_a_reprint_and_a_copy_a_copy(at_till: Hands) -> None:
    at_till.do("6", "pay cash")
    assert (printed(at_till, doubt=True), mark_of(shown(at_till))) == ("HERDRUK", "HERDRUK")
    at_till.do("reprint")
    assert (printed(at_till), mark_of(shown(at_till))) == ("KOPIE 1", "KOPIE 1")
    at_till.do("reprint")
    assert (printed(at_till, doubt=True), mark_of(shown(at_till))) == ("HERDRUK", "HERDRUK")


def test_a_receipt_that_came_out_has_no_mark(at_till: Hands) -> None:
    at_till.do("6", "pay cash")
    assert (printed(at_till), mark_of(shown(at_till))) == ("", "")


def test_after_a_doubt_that_somebody_threw_away_the_next_is_a_copy(at_till: Hands) -> None:
    at_till.do("6", "pay cash")
    (job,) = waiting(at_till)
    at_till.till.store.spool(spool.sending, job.id)
    at_till.till.store.spool(spool.failed, job.id, "printer_silent", True)
    at_till.till.store.spool(spool.drop_all)
    at_till.do("reprint")
    assert printed(at_till) == "KOPIE 1"


def test_a_till_that_died_while_it_printed_a_copy(at_till: Hands) -> None:
    at_till.do("6", "pay cash")
    printed(at_till)
    at_till.do("reprint")
    (job,) = waiting(at_till)
    at_till.till.store.spool(spool.sending, job.id)
    at_till.till.store.spool(spool.mark_doubtful)
    assert printed(at_till) == "HERDRUK"


@pytest.mark.parametrize("kind", ["terminal.slip", "cash", "report.x"])
def test_other_papers_say_so_too(kind: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bodies: dict[str, dict[str, Any]] = {"terminal.slip": {"what": "reprint", "lines": ["BETALING"]},
              "cash": {"move": "in", "amount": 100, "reason": "wissel", "by": "anna"}}  # fmt: skip
    if kind == "report.x":
        bodies[kind] = books.x_figures(bench.store.read, bench.store.state)
    bench.store.record(kind, bodies[kind], "anna", [Job("report")])
    (job,) = bench.waiting()
    compose = compose_job(bench.store, config, words("nl"))
    assert "HERDRUK" not in as_text(compose(job) or ())
    bench.store.spool(spool.sending, job.id)
    bench.store.spool(spool.failed, job.id, "printer_silent", True)
    assert "HERDRUK" in as_text(compose(bench.waiting()[0]) or ())
    bench.store.close()
