"""How the devices are, left in the data folder for whoever looks after many tills; the till goes on without it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kassa_tui.services.ports import DeviceState
    from kassa_tui.services.till import Till

REPORT = "devices.json"


class DeviceReport:
    """Writes the file whenever something in it changed; called in rest, some times a minute."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / REPORT
        self._was: dict[tuple[str, str], tuple[str, int]] = {}
        self._written: list[tuple[str, str, str]] | None = None

    def tell(self, till: Till, devices: Sequence[DeviceState], now: int) -> bool:
        """Note how all devices are at ``now``, UTC milliseconds; whether anything changed since the last time."""
        states = [(each.role, each.kind, each.trouble.code if each.trouble else "ok") for each in devices]
        printer = till.config.device("printer")
        if printer is not None and till.printing is not None:
            told = till.printing.state if till.printing.state != "ok" else till.printing.advice or "ok"
            states.append(("printer", printer.kind, told))
        if states == self._written:
            return False
        self._written = states
        for role, kind, state in states:
            if self._was.get((role, kind), ("", 0))[0] != state:
                self._was[role, kind] = (state, now)
        found = [{"role": r, "kind": k, "state": s, "since": self._was[r, k][1]} for r, k, s in states]
        fresh = self._path.with_name(f".{self._path.name}.new")
        try:
            # Not worth a wait for the disk: it is written anew at the next start.
            fresh.write_text(json.dumps({"at": now, "devices": found}), "utf-8")
            os.replace(fresh, self._path)
        except OSError:
            return False
        return True
