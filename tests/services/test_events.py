"""What drawers and terminals do by themselves is counted in X and Z, and follows from the journal like all else."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from kassa_tui.messages import words
from kassa_tui.services import shifts
from kassa_tui.services.report_documents import as_text, x_report, z_report
from kassa_tui.storage.rebuild import rebuild
from tests.services.shop_floor import Hands

EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "drawer.opened": ({}, "Lade open buiten de kassa om"),
    "drawer.left_open": ({"seconds": 130}, "Lade bleef openstaan"),
    "payment.late": (
        {"payment": "p", "state": "approved", "stood": "refused", "amount": 100, "detail": {}},
        "Pin liep anders af dan beslist",
    ),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_counted_in_x_and_z_and_rebuilt(at_till: Hands, kind: str) -> None:
    body, label = EVENTS[kind]
    store, config = at_till.till.store, at_till.till.config
    assert shifts.x_figures(at_till.till)["events"][kind] == {"n": 0, "qty": 0, "amount": 0}
    for _ in range(2):
        store.record(kind, body, "")
    figures = shifts.x_figures(at_till.till)
    assert figures["events"][kind]["n"] == 2
    made: dict[str, Any] = {"at": 0, "offset": 60, "who": "1"}
    for paper in (
        x_report(figures, config, words("nl"), **made),
        z_report(figures | {"counted": None, "difference": None, "pieces": {}}, config, words("nl"), **made),
    ):
        (row,) = [row for row in as_text(paper).splitlines() if row.startswith(label)]
        assert row.split()[-1] == "2"
    folder = store.folder
    at_till.close()
    con = sqlite3.connect(folder / "till.db", isolation_level=None)
    assert rebuild(con, "K1").tables == ()
    assert con.execute("select n from total where kind = 'event' and key = ?", (kind,)).fetchone() == (2,)
    con.close()
