"""The line cut at every byte of a payment, in both directions: never approved falsely, and asking finds the truth."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kassa_tui.services.ports import CardRequest, CardState
from kassa_tui.simulate.behaviour import CANCEL, FINISH
from tests.hardware.terminal_rigs import Rig

AMOUNT = 1234
STEPS = {"zvt": 1, "opi": 5, "nexo": 5, "nexo-tls": 211, "mollie": 11, "sumup": 7, "zvt-serial": 7}
"""Every how many bytes: each one where a cut is noticed at once, some where it costs a time-out or a handshake."""
TRIES = 20


@pytest.mark.parametrize("direction", ["sent", "received"])
@pytest.mark.parametrize("on_drop", [FINISH, CANCEL])
@pytest.mark.parametrize("kind", STEPS)
def test_a_line_cut_anywhere(kind: str, on_drop: str, direction: str, tmp_path: Path) -> None:
    rig = Rig(
        kind, tmp_path / "rig", short_s=0.05, whole_s=1.0 if kind != "zvt-serial" else 0.1, ask_after_s=(0.0, 0.01)
    )
    rig.behaviour.on_drop = on_drop
    try:
        rig.pay(AMOUNT)
        before = getattr(rig.simulator.meter, direction)
        rig.pay(AMOUNT)
        size = getattr(rig.simulator.meter, direction) - before
        assert size > 40
        cuts = [_cut(rig, direction, offset) for offset in range(0, size, STEPS[kind])]
        # Nobody waits for the last bytes of all, so a cut there may come too late to be one.
        assert all(cuts[: len(cuts) * 9 // 10])
        assert not _cut(rig, direction, 10 * size)
    finally:
        rig.close()


def _cut(rig: Rig, direction: str, offset: int) -> bool:
    """Pay on a line that is cut after so many bytes; whether it came to that."""
    charged = len(rig.books.charged())
    setattr(rig.behaviour, f"drop_{direction}", getattr(rig.simulator.meter, direction) + offset)
    request, end, told = rig.pay(AMOUNT)
    cut = getattr(rig.behaviour, f"drop_{direction}") is None
    setattr(rig.behaviour, f"drop_{direction}", None)
    assert len(told.ends) == 1
    found = _known(rig, request, end)
    moved = len(rig.books.charged()) - charged
    assert moved in (0, 1), f"charged {moved} times, cut at {offset}"
    assert (found.state == "approved") == (moved == 1), f"{found} but {moved} charged, cut at {offset}"
    assert end.state in ("unknown", found.state), f"{end} became {found}, cut at {offset}"
    if moved:
        rig.before[0] = found.detail["transaction"]
    return cut


def _known(rig: Rig, request: CardRequest, end: CardState) -> CardState:
    """What the terminal says in the end, asked as after a restart."""
    for _ in range(TRIES):
        if end.state != "unknown":
            return end
        threading.Event().wait(2 * rig.short_s if rig.kind == "zvt-serial" else 0.005)
        end = rig.ask(request)
    return end
