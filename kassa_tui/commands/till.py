"""The till itself: on a screen, as a demo shop, or fed with lines."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE, MISUSE

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

LAST_PAPER_SECONDS = 30.0
"""How long the end of the input waits for a printer that is still taking receipts."""
LOOK_SECONDS = 0.02


def till(call: Call) -> int:
    """The till on this terminal."""
    from kassa_tui import app

    return app.start(False, {"--config": call.args.config}) if _terminal(call) else MISUSE


def demo(call: Call) -> int:
    """The demo shop on this terminal, made at its first start."""
    from kassa_tui import app

    if call.args.webshop:
        from kassa_tui.commands import webshop_demo

        return webshop_demo.demo(call)
    return app.start(True, {"--data": call.args.data}) if _terminal(call) else MISUSE


def sell(call: Call) -> int:
    """Acts on standard input, outcomes on standard output, until the input ends."""
    from kassa_tui import bootstrap
    from kassa_tui.headless import Session

    config = call.config()
    devices = bootstrap.make_scale(config)

    def open_(training: bool) -> Till:
        till = bootstrap.open_till(config, training=training)
        till.scale = devices.scale if devices is not None else None
        return till

    session = Session(open_, call.words.outcome)
    if devices is not None:
        devices.start()
    try:
        session.run(sys.stdin.buffer, sys.stdout.buffer)
    finally:
        if devices is not None:
            devices.close()
        _last_paper(session.till)
        session.close()
    return DONE


def _last_paper(till: Till) -> None:
    """Let the printer finish what it can. Paper for a screen that is not there is not kept for a later one."""
    from kassa_tui.services.printing import OK
    from kassa_tui.storage import spool

    queue = till.printing
    if queue is None:
        till.store.spool(spool.drop_all)
        return
    deadline = time.monotonic() + LAST_PAPER_SECONDS
    while queue.state == OK and spool.count_waiting(till.store.read) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)


def _terminal(call: Call) -> bool:
    if os.isatty(0) and os.isatty(1):
        return True
    call.complain(call.t("de kassa heeft een scherm en een toetsenbord nodig; zonder scherm: kassa sell"))
    return False
