"""How the till is, for the office: its disk, its devices, what the last look at everything found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from kassa_tui.services import office_settings
from kassa_tui.services.device_states import published
from kassa_tui.sync.wire import DeviceState

DOCTOR = "doctor.json"
"""Left in the data folder by ``kassa doctor --save``."""
MAX_FILE_BYTES = 200_000
MAX_DEVICES = 50


def condition(folder: Path) -> tuple[int, list[DeviceState], dict[str, Any], str]:
    """Free bytes on the disk, the devices as the till last told, the doctor's findings: part → state, and the
    fingerprint of the office's settings that the till holds to."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = 0
    held, doctor = office_settings.read(folder), _doctor(_json(folder / DOCTOR))
    # The till says so at once, the doctor only at night.
    doctor.pop("settings", None)
    if held.ignored:
        doctor["settings"] = f"warn ignored {' '.join(held.ignored)}"[:200]
    elif held.fingerprint:
        doctor["settings"] = "ok held"
    return free, _devices(folder), doctor, held.fingerprint


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
