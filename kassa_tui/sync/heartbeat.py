"""How the till is, for the office: its disk, its devices, what the last look at everything found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from kassa_tui.services.device_states import published
from kassa_tui.sync.wire import DeviceState

DOCTOR = "doctor.json"
"""Left in the data folder by ``kassa doctor --save``."""
MAX_FILE_BYTES = 200_000
MAX_DEVICES = 50


def condition(folder: Path) -> tuple[int, list[DeviceState], dict[str, Any]]:
    """Free bytes on the disk, the devices as the till last told, and the doctor's findings: part → state."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = 0
    return free, _devices(folder), _doctor(_json(folder / DOCTOR))


def _json(path: Path) -> dict[str, Any]:
    """What another process left there; nothing where it is missing or no longer readable."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _devices(folder: Path) -> list[DeviceState]:
    """What the till that runs tells; nothing where none runs."""
    return [
        DeviceState(
            role=each.role,
            kind=each.kind,
            state=each.trouble.code if each.trouble else "ok",
            since=each.at,
            facts={} if each.trouble is None else {name: str(fact)[:80] for name, fact in each.trouble.facts.items()},
        )
        for each in (published(folder) or [])[:MAX_DEVICES]
    ]


def _doctor(found: dict[str, Any]) -> dict[str, Any]:
    findings = found.get("findings")
    if not isinstance(findings, list):
        return {}
    states = {
        str(each.get("part", ""))[:40]: f"{each.get('state', '')} {each.get('code', '')}"[:60]
        for each in findings
        if isinstance(each, dict)
    }
    return {"at": found.get("at", 0), **states}
