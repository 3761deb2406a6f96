"""How the till is, for the office: its disk, its devices, what the last look at everything found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from kassa_tui.services.device_report import REPORT as DEVICES
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
    return free, _devices(_json(folder / DEVICES)), _doctor(_json(folder / DOCTOR))


def _json(path: Path) -> dict[str, Any]:
    """What another process left there; nothing where it is missing or no longer readable."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _devices(found: dict[str, Any]) -> list[DeviceState]:
    made = []
    for each in found.get("devices", [])[:MAX_DEVICES] if isinstance(found.get("devices"), list) else []:
        if isinstance(each, dict):
            role, kind, state = (str(each.get(name, ""))[:40] for name in ("role", "kind", "state"))
            since = each.get("since", 0)
            made.append(DeviceState(role=role, kind=kind, state=state, since=since if isinstance(since, int) else 0))
    return made


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
