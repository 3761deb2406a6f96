"""Changing between the till and its twin for practice: another database, the same catalogue and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Refused
from kassa_tui.screens.ink import BAD

if TYPE_CHECKING:
    from kassa_tui.app import KassaApp


def switch_training(app: KassaApp) -> None:
    """To the training till, or back; a permission, and journaled on the real till."""
    from kassa_tui import bootstrap

    desk, till = app.desk, app.desk.till
    assert till is not None
    allowed = till.permit("training")
    if isinstance(allowed, Refused):
        desk.tell(desk.words.outcome(allowed), BAD, "refused")
        return
    if till.training:
        real = app.real_till
        assert real is not None
        till.close()
        real.store.record("training.off", {}, real.who)
        app.real_till = None
        app.use(real)
        return
    till.store.record("training.on", {}, till.who)
    practice = bootstrap.open_till(till.config, training=True, screen=app)
    practice.person = till.person
    app.real_till = till
    app.use(practice)
