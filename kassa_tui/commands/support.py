"""``kassa support``: one file for the helpdesk, without anything about a customer."""

from __future__ import annotations

import time
from pathlib import Path

from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE


def support(call: Call) -> int:
    """Settings, findings, logs and the last quarter of an hour in one archive."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.services import support as files

    config = call.config()
    target = Path(call.args.dir) if call.args.dir else None
    path = files.make(config, SystemClock(), time.strftime("%Y%m%d-%H%M%S"), target)
    call.show({"file": str(path), "bytes": path.stat().st_size}, str(path))
    return DONE
