"""Practising on a till of its own: same articles, same people, another journal that counts for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.services.till import done, refused

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

TRAINING_ON, TRAINING_OFF = "training_on", "training_off"


def switch(till: Till, on: bool) -> Outcome:
    """Allow the change between the real till and the practice till; whoever holds both tills then makes it.

    Never with goods on the counter, so that no customer's ticket is left behind. The facts say who allowed it: ``by``.
    """
    if till.person is None or till.locked:
        return refused("not_logged_in")
    if on == till.training:
        return refused("training_already", on=on)
    if till.ticket is not None and till.ticket.lines:
        return refused("ticket_open")
    allowed = till.permit("training")
    if isinstance(allowed, Refused):
        return allowed
    return done(TRAINING_ON if on else TRAINING_OFF, by=allowed)
