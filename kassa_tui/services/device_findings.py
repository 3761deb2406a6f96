"""From what a device, or the till that holds it, told to a finding: fit or not, in which words, and who has it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Refused
from kassa_tui.services.machine import FAIL, OK, WARN, Facts, Found

if TYPE_CHECKING:
    from kassa_tui.config import Config, Device
    from kassa_tui.services.device_states import Told

CODES = {
    "device_missing": "missing", "device_access": "no_access", "device_silent": "silent", "device_held": "held",
    "device_config": "config", "device_software": "software", "device_fault": "fault", "device_opening": "opening",
    "unreachable": "silent", "line_lost": "silent", "timeout": "silent", "closed": "silent", "garbled": "garbled",
    "untrusted": "untrusted", "key_refused": "key_refused", "key_file": "key_file", "not_found": "not_found",
    "busy": "busy",
}  # fmt: skip
"""What a driver says is wrong → our code for it; every other one is ``refused``."""
MILD = ("opening", "busy")
"""What passes by itself."""


def place(device: Device) -> str:
    """Where a device is: path, plug, port or address, the first that the settings give; empty for one without."""
    given = device.options
    for name in ("path", "usb", "phys", "url"):
        if given.get(name):
            return str(given[name])
    if given.get("host"):
        return f"{given['host']}:{given.get('port', '')}"
    return str(given.get("terminal") or "")


def tried(device: Device, code: str, grams: int, trouble: Refused | None) -> Found | None:
    """What came of trying it; None for a device without anything to try, such as a scanner that types."""
    if trouble is not None:
        return _wrong(device, trouble)
    if not code:
        return None
    return WARN if code in MILD else OK, code, {**_facts(device), "grams": grams}


def told(config: Config, states: list[Told]) -> dict[int, Found | None]:
    """What the running till told of each device, by the device's place in the settings. The first of a role and kind in
    the settings is the first in what was told."""
    left, found = list(states), dict[int, Found | None]()
    for number, device in enumerate(config.devices):
        its = next((each for each in left if (each.role, each.kind) == (device.role, device.kind)), None)
        if its is not None:
            left.remove(its)
            found[number] = (OK, "in_use", _facts(device)) if its.trouble is None else _wrong(device, its.trouble)
        elif device.role == "card_terminal" and device.kind not in ("standalone", "demo"):
            found[number] = OK, "unasked", _facts(device)
        elif device.role in ("drawer", "card_terminal") or device.kind == "wedge":
            found[number] = None
        else:
            found[number] = WARN, "unsaid", _facts(device)
    return found


def _facts(device: Device) -> Facts:
    return {"role": device.role, "kind": device.kind, "place": place(device)}


def _wrong(device: Device, trouble: Refused) -> Found:
    code = CODES.get(trouble.code, "refused")
    more = {key: str(value) for key, value in trouble.facts.items() if key in ("option", "value", "library", "reason")}
    facts = {**_facts(device), **more}
    if code == "held" and (program := holder(Path(facts["place"]))):
        facts["program"] = program
    return WARN if code in MILD else FAIL, code, facts


def holder(path: Path, proc: Path = Path("/proc")) -> str:
    """Name and number of a program that has this file open; empty where none is found. Those of other users are seen by
    root only."""
    if not path.is_absolute():
        return ""
    real = os.path.realpath(path)
    for entry in proc.glob("[0-9]*/fd/*"):
        process = entry.parent.parent
        if process.name == str(os.getpid()):
            continue
        try:
            if os.readlink(entry) == real:
                return f"{(process / 'comm').read_text('utf-8', 'replace').strip()} ({process.name})"
        except OSError:
            continue
    return ""
