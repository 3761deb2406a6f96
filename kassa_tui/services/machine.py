"""What there is to see of the machine under the till: its clock's source, its card, its devices, its certificates.

Nothing is changed and nothing is opened that a running till may be using; what this machine does not tell is left out.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.outcome import Refused

if TYPE_CHECKING:
    from kassa_tui.config import Config, Device

PROBE_SECONDS = 3.0
OLD_BACKUP_MS = 48 * 3_600_000
"""Two nights without a copy are one too many."""
EXPIRES_SOON_MS = 21 * 86_400_000
WORN, WORN_OUT = 8, 10
"""Tenths of its life that an eMMC says it has used: order another card, and put it in now (JEDEC 5.0, EXT_CSD 268)."""
USUAL, URGENT = 1, 3
"""Spare blocks of an eMMC, as ``pre_eol_info`` has them: fewer than a fifth left is 2, fewer than a tenth 3."""

Facts = dict[str, Any]
Found = tuple[str, str, Facts]
"""State, code and facts of one part."""
OK, WARN, FAIL = "ok", "warn", "fail"


def network_time(words: tuple[str, ...] = ("timedatectl", "show", "--property=NTP", "--property=NTPSynchronized")) -> (
    Found | None
):  # fmt: skip
    """Whether the clock follows a time server; None on a machine that cannot say."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    if done.returncode or "NTPSynchronized" not in told:
        return None
    if told["NTPSynchronized"] == "yes":
        return OK, "follows", {}
    return WARN, "waits" if told.get("NTP") == "yes" else "off", {}


def wear(system: Path = Path("/sys")) -> Iterator[Found]:
    """How much of its life each memory card has used; nothing for disks that do not tell without root."""
    for place in sorted(system.glob("block/mmcblk[0-9]/device/life_time")):
        facts: Facts = {"disk": place.parts[-3]}
        try:
            tenths = max(int(word, 16) for word in place.read_text("ascii").split())
            spare = int((place.parent / "pre_eol_info").read_text("ascii"), 16)
        except (OSError, ValueError):
            continue
        if tenths == 0:
            continue
        facts["percent"] = min(tenths, 10) * 10
        worn_out = tenths >= WORN_OUT or spare >= URGENT
        worn = tenths >= WORN or spare > USUAL
        state, code = (FAIL, "worn_out") if worn_out else (WARN, "worn") if worn else (OK, "young")
        yield state, code, facts


def backups(folder: Path, at: int) -> Found | None:
    """How old the newest copy is; None on a till without a folder for them, which then makes no nightly copies."""
    if not folder.is_dir():
        return None
    newest = max((path.stat().st_mtime_ns // 1_000_000 for path in folder.glob("kassa-*.tar.gz")), default=0)
    if not newest:
        return WARN, "none", {"path": str(folder)}
    old = at - newest > OLD_BACKUP_MS
    return WARN if old else OK, "old" if old else "recent", {"hours": max(at - newest, 0) // 3_600_000}


def certificate(path: Path, at: int) -> Found:
    """Whether a PEM file of authorities can be used, and until when."""
    import ssl

    facts: Facts = {"path": str(path)}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(path))
    except FileNotFoundError:
        return FAIL, "missing", facts
    except (OSError, ssl.SSLError):
        return FAIL, "unreadable", facts
    ends = [ssl.cert_time_to_seconds(str(each["notAfter"])) * 1000 for each in context.get_ca_certs()]
    if not ends:
        return FAIL, "unreadable", facts
    facts["days"] = (min(ends) - at) // 86_400_000
    state, code = (FAIL, "expired") if min(ends) < at else (WARN, "expires") if min(ends) - at < EXPIRES_SOON_MS else (
        OK, "valid")  # fmt: skip
    return state, code, facts


def reach(device: Device, config: Config) -> Refused | None:
    """Whether a printer could be printed on now, without printing on it."""
    if device.kind == "network":
        return dial(str(device.options["host"]), int(device.options["port"]))
    if device.kind == "screen":
        return None
    path = Path(device.options["path"])
    # A file that is not there yet is made at the first receipt; a device file must be there.
    place = path if path.exists() or device.kind != "file" else path.parent
    if not place.exists() or not os.access(place, os.W_OK):
        return Refused("printer_unreachable", {"path": str(path)})
    return None


def dial(host: str, port: int) -> Refused | None:
    """Whether something listens there."""
    import socket

    try:
        socket.create_connection((host, port), PROBE_SECONDS).close()
    except TimeoutError:
        return Refused("printer_timeout", {"host": host, "port": port})
    except (OSError, UnicodeError) as error:
        code = "printer_refused" if isinstance(error, ConnectionRefusedError) else "printer_unreachable"
        return Refused(code, {"host": host, "port": port})
    return None


def device(each: Device) -> Found | None:
    """Whether a device that is no printer is plugged in, may be opened, or listens; None for one without a plug."""
    facts: Facts = {"role": each.role, "kind": each.kind}
    path, usb, host, port = (each.options.get(name) for name in ("path", "usb", "host", "port"))
    if path is not None:
        facts["place"] = str(path)
        if not Path(path).exists():
            return FAIL, "missing", facts
        there = os.access(path, os.R_OK | os.W_OK)
        return (OK, "there", facts) if there else (FAIL, "no_access", facts)
    if usb:
        facts["place"] = str(usb)
        return (OK, "there", facts) if plugged(str(usb)) else (FAIL, "missing", facts)
    if host and isinstance(port, int):
        facts["place"] = f"{host}:{port}"
        return (OK, "there", facts) if dial(str(host), port) is None else (FAIL, "silent", facts)
    return None


def plugged(usb: str, system: Path = Path("/sys")) -> bool:
    """Whether a USB device with this ``vendor:product`` is on one of the ports."""
    for place in system.glob("bus/usb/devices/*/idVendor"):
        with suppress(OSError):
            found = ":".join((place.parent / name).read_text("ascii").strip() for name in ("idVendor", "idProduct"))
            if found.lower() == usb.lower():
                return True
    return False
