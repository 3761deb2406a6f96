"""A sale that the disk refuses at the last moment, and keys that come before the till does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kassa_tui.storage.database import StorageError
from tests.screens.hand import BREAD, CAN, CASHIER, Hand


@pytest.fixture
def full(at_till: Hand, monkeypatch: pytest.MonkeyPatch) -> Hand:
    """Two articles paid in cash on a full disk, which has room again afterwards."""

    def refuse(*_: Any) -> None:
        raise StorageError("disk_full")

    at_till.sell(BREAD, CAN)
    with monkeypatch.context() as patch:
        patch.setattr(at_till.till.store, "record_sale", refuse)
        at_till.type("5,").press("cash")
    return at_till


def test_what_is_due_and_what_to_do_stay_on_the_screen(full: Hand) -> None:
    shown = full.text()
    assert "€ 1,89" in shown
    assert "€ 0,00" not in shown
    assert "Wisselgeld   € 3,11" in shown
    assert "Betaald, maar nog niet bewaard. F12 bewaart de verkoop alsnog" in shown
    assert "Schijf vol" in full.desk.message
    assert full.till.last_sale is None


def test_cash_ends_it_once_with_what_was_paid(full: Hand) -> None:
    full.press("cash")
    assert full.till.last_sale is not None
    sale = full.till.last_sale
    assert [(tender["kind"], tender["amount"]) for tender in sale["tenders"]] == [("cash", 500)]
    assert (sale["total"], sale["change"], sale["rounding"]) == (189, 311, 0)
    assert full.till.store.read.execute("select count(*) from sale").fetchone() == (1,)
    assert full.till.trouble == ""


def test_the_money_can_be_given_back_instead(full: Hand) -> None:
    full.press("correct")
    assert "€ 1,89" in full.text()
    full.press("back", "correct")
    assert full.till.ticket is not None
    assert [line.sku for line in full.till.ticket.lines] == [BREAD]


def loading(till_at: Callable[..., Hand], *, pin: str) -> Hand:
    """Somebody who types on while the till is loading."""
    h = till_at()
    h.ready().press("lock")
    till, h.desk.till = h.till, None
    h.desk.home()
    h.enter(pin).enter(BREAD).type("2").press("times").enter(CAN).scan("5449000000996")
    assert h.app.counter.login.pending == pin
    assert h.app.counter.entry == ""
    till.person, till.locked = None, False
    h.app.use(till)
    return h


def test_what_is_typed_behind_the_pin_is_done_after_it(till_at: Callable[..., Hand]) -> None:
    h = loading(till_at, pin=CASHIER)
    assert h.till.ticket is not None
    assert [(line.sku, line.quantity) for line in h.till.ticket.lines if not line.parent] == [
        (BREAD, 1000), (CAN, 2000), (CAN, 1000),
    ]  # fmt: skip
    h.sell(BREAD)
    assert h.till.ticket.lines[-1].sku == BREAD


def test_behind_a_wrong_pin_nothing_is_done(till_at: Callable[..., Hand]) -> None:
    h = loading(till_at, pin="4711")
    assert (h.till.person, h.till.ticket, h.app.counter.entry) == (None, None, "")
    assert h.till.store.state.login_failures == 1
    h.login()
    assert h.till.person is not None
