"""Devices that were learned at the till: in a file of the till's own, laid over ``till.toml``, and their udev rules.

The till may not write in ``/etc``. It leaves a request in its data folder, and a small program of root's writes the
rules from it; without that program everything works but the steady names under ``/dev/kassa``.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui import config as configuration
from kassa_tui.config import LEARNED_FILE, Config, ConfigError, Device
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.services import files
from kassa_tui.services.setup import to_toml
from kassa_tui.services.till import done, refused

if TYPE_CHECKING:
    from kassa_tui.services.ports import Plugged
    from kassa_tui.services.till import Till

WISHES = "devices.request"
"""In the data folder: the rules that should be there, all of them, as JSON."""
WATCHED = Path("/var/lib/kassa")
"""The folder in which root's program looks for it."""
WATCH = Path("/etc/systemd/system/kassa-devices.path")
RULES = Path("/etc/udev/rules.d/71-kassa-learned.rules")
WRITER = Path("/opt/kassa/bin/kassa-devices")
_PORT = re.compile(r"[A-Za-z0-9:._/-]{1,96}")
"""What may stand in a rule: a wider port is written nowhere, and the device is found by its maker and product."""

_HEAD = "# Geleerd aan de kassa (F10, Apparaten) of met kassa devices; gaat voor till.toml. Verander het ook daar.\n"

Table = dict[str, Any]
KeyMeanings = Mapping[str, tuple[str, str]]
"""The kernel's name of a key → ``acts`` or ``text``, and the act or the text."""


def table_of(role: str, name: str, plugged: Plugged, layout: str = "us") -> Table | None:
    """The ``[[device]]`` by which something plugged in is found again; None where nothing tells it from others."""
    table: Table = {"name": name, "role": role, "kind": "serial" if plugged.path else "evdev"}
    if plugged.path:
        return {**table, "path": plugged.path} if role == "scanner" else None
    if plugged.usb:
        table["usb"] = plugged.usb
    if plugged.phys and (plugged.twin or not plugged.usb):
        table["phys"] = plugged.phys
    return {**table, "layout": layout or "us"} if {"usb", "phys"} & table.keys() else None


def namesakes(config: Config, role: str, plugged: Plugged) -> tuple[str, str]:
    """Name of the device that a learned one would take the place of, and the name of a further one.

    The first is empty where there is none of this role; a device known by the same plug goes before the first.
    """
    same = table_of(role, "", plugged) or {}
    there = config.devices_of(role)
    place = [each for each in there if all(str(each.options.get(key) or "") == str(same.get(key, ""))
                                           for key in ("path", "usb", "phys"))]  # fmt: skip
    first = next(iter([*place, *there]), None)
    return first.name if first else "", "" if place else configuration.free_name(config, role)


def allow(till: Till) -> Outcome:
    """Whether devices may be learned and forgotten now; the facts say who allowed it: ``by``."""
    if till.person is None or till.locked:
        return refused("not_logged_in")
    if till.training:
        return refused("devices_in_training")
    allowed = till.permit("devices")
    return allowed if isinstance(allowed, Refused) else done("devices_allowed", by=allowed)


def bind(till: Till, table: Table, by: str, keys: KeyMeanings | None = None) -> Outcome:
    """Keep a learned device; it takes the place of its namesake. ``by`` allowed it."""
    outcome = _change(till, lambda: keep(till.config, table, keys))
    if isinstance(outcome, Refused):
        return outcome
    name = str(table["name"])
    place = str(table.get("path") or " ".join(str(table[key]) for key in ("usb", "phys") if key in table))
    body = {"name": name, "role": table["role"], "kind": table["kind"], "place": place, "keys": len(keys or ())}
    till.store.record("device.learned", {**body, "by": by}, till.who)
    return done("device_learned", device=table["role"], name=name)


def forget(till: Till, name: str, by: str) -> Outcome:
    """Take a learned device away; what stands in ``till.toml`` under its name counts again."""
    outcome = _change(till, lambda: drop(till.config, name))
    if isinstance(outcome, Refused):
        return outcome
    till.store.record("device.forgotten", {"name": name, "by": by}, till.who)
    return done("device_forgotten", name=name)


def _change(till: Till, work: Any) -> Refused | None:
    try:
        found = work()
    except OSError as error:
        return Refused("device_not_saved", {"reason": error.strerror or ""})
    if isinstance(found, Refused):
        return found
    till.config = replace(till.config, devices=found.devices)
    return None


def keep(config: Config, table: Table, keys: KeyMeanings | None = None) -> Config | Refused:
    """Write a learned device beside the others, judged as ``till.toml`` is; the configuration with it.

    OSError where the data folder cannot be written.
    """
    name = str(table["name"])
    if keys is not None:
        path = config.till.data / f"keys-{name}.toml"
        files.replace(path, _key_file(keys).encode())
        table = {**table, "keys": path.name}
    return _put(config, [*(each for each in _tables(config) if each["name"] != name), table])


def drop(config: Config, name: str) -> Config | Refused:
    """Forget a learned device; the configuration without it. OSError as `keep`."""
    tables = _tables(config)
    left = [each for each in tables if each["name"] != name]
    if len(left) == len(tables):
        return Refused("device_not_learned", {"name": name})
    found = _put(config, left)
    if not isinstance(found, Refused):
        (config.till.data / f"keys-{name}.toml").unlink(missing_ok=True)
    return found


def _key_file(keys: KeyMeanings) -> str:
    tables: dict[str, dict[str, str]] = {"acts": {}, "text": {}}
    for key, (table, value) in keys.items():
        tables[table][key] = value
    return to_toml({name: table for name, table in tables.items() if table}, _HEAD)


def _tables(config: Config) -> list[Table]:
    """The tables of the file as it is now, each with its name; one that cannot be read has none."""
    try:
        raw = configuration.read_toml(config.till.data / LEARNED_FILE).get("device", [])
    except ConfigError:
        return []
    found: dict[str, Table] = {}
    for each in raw:
        name = each.get("name") or configuration.usual_name(str(each.get("role", "")), found)
        found[name] = {**each, "name": name}
    return list(found.values())


def _put(config: Config, tables: list[Table]) -> Config | Refused:
    folder, text = config.till.data, to_toml({"device": tables}, _HEAD) if tables else ""
    handle, name = tempfile.mkstemp(prefix=".devices-", suffix=".toml", dir=folder)
    trial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        found = configuration.load(config.path, trial)
    except ConfigError as error:
        problem = error.problems[0]
        return Refused("device_rejected", {"key": problem.key, "problem": problem.code})
    finally:
        trial.unlink(missing_ok=True)
    if tables:
        files.replace(folder / LEARNED_FILE, text.encode())
    else:
        (folder / LEARNED_FILE).unlink(missing_ok=True)
    files.replace(folder / WISHES, request(found.devices), 0o640)
    return found


def request(devices: Iterable[Device]) -> bytes:
    """The udev rules that the learned devices want, for root's program."""
    wanted = []
    for each in devices:
        usb, phys = (str(each.options.get(key) or "") for key in ("usb", "phys"))
        phys = phys if _PORT.fullmatch(phys) else ""
        if each.learned and each.kind == "evdev" and (usb or phys):
            wanted.append({"name": each.name, "usb": usb.lower(), "phys": phys})
    return (json.dumps({"version": 1, "devices": wanted}, indent=1) + "\n").encode()


def rule(device: Device, data: Path) -> str:
    """How it stands with the udev rule of a learned device: ``written``, ``asked``, ``not_written`` (nobody here
    writes rules), or empty where it needs none."""
    if not device.learned or device.kind != "evdev":
        return ""
    try:
        lines = RULES.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    parts = [f'"kassa/{device.name}"', *(f'"{part}"' for part in str(device.options["usb"] or "").lower().split(":"))]
    if any(all(part in line for part in parts) for line in lines):
        return "written"
    return "asked" if data == WATCHED and WATCH.exists() else "not_written"
