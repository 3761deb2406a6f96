"""The units as systemd reads them, and how far the till is shut in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT

UNITS = sorted(path.name for path in (ROOT / "systemd").iterdir() if path.suffix in (".service", ".timer", ".path"))
ANALYZE = shutil.which("systemd-analyze")
EXPOSED = {"kassa-till@.service": 2.5, "kassa-backup.service": 2.0, "kassa-doctor.service": 3.0,
           "kassa-devices.service": 2.0, "kassa-sync.service": 2.0,
           "kassa-update.service": 3.5, "kassa-office.service": 2.0}  # fmt: skip
"""The highest exposure, of 10, that each unit may have."""
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze on this machine")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units with programs that are there: what is judged is the unit."""
    folder = tmp_path_factory.mktemp("units")
    for name in UNITS:
        text = (ROOT / "systemd" / name).read_text("utf-8")
        text = text.replace("/opt/kassa/bin/kassa-office", sys.executable)
        (folder / name).write_text(text.replace("/opt/kassa/bin/", f"{ROOT}/systemd/bin/"), "utf-8")
    return folder


def _analyze(units: Path, *words: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:/lib/systemd/system", "SYSTEMD_COLORS": "0"}
    return subprocess.run([ANALYZE, *words], capture_output=True, text=True, env=environment, timeout=60)


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_understood(units: Path, name: str) -> None:
    path = units / name
    if "@." in name:
        path = units / name.replace("@.", "@tty1.")
        path.symlink_to(units / name)
    done = _analyze(units, "verify", "--man=no", str(path))
    ours = [line for line in done.stderr.splitlines() if "kassa" in line and "Failed to connect" not in line]
    assert ours == []


@needs_systemd
@pytest.mark.parametrize("name", EXPOSED)
def test_a_unit_is_shut_in(units: Path, name: str) -> None:
    done = _analyze(units, "security", "--offline=true", "--no-pager", str(units / name))
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= EXPOSED[name]
    shown = (ROOT / "docs" / "techniek.md").read_text("utf-8")
    told = re.search(rf"\| `{re.escape(name)}` \| ([0-9],[0-9]) \|", shown)
    # Each systemd counts a little differently; the page has Debian 12's figure.
    assert told
    assert abs(float(told[1].replace(",", ".")) - float(found[1])) <= 0.5


def _settings(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (ROOT / "systemd" / name).read_text("utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_till_is_watched_and_comes_back() -> None:
    till = _settings("kassa-till@.service")
    assert till["Type"] == ["notify"]
    assert int(till["WatchdogSec"][0]) >= 30
    assert till["Restart"] == ["always"]
    assert till["OnFailure"] == ["kassa-fault@%i.service"]
    assert till["TTYPath"] == ["/dev/%I"]
    assert till["StandardError"] == ["tty"], "Textual draws on standard error"
    assert "PrivateDevices" not in till, "that would hide scanner, printer and scale"


def test_every_device_of_a_till_is_allowed_and_no_disk() -> None:
    allowed = " ".join(_settings("kassa-till@.service")["DeviceAllow"])
    for device in ("char-input", "char-usb", "char-ttyUSB", "char-ttyACM", "char-ttyS", "char-hidraw", "char-tty"):
        assert f"{device} rw" in allowed
    assert "block-" not in allowed
    assert "uinput" not in allowed


@pytest.mark.parametrize(
    ("device", "driver"),
    [("char-usb", "usbcore"), ("char-hidraw", "hid"), ("char-ttyUSB", "usbserial"), ("char-ttyACM", "cdc_acm")],
)
def test_the_driver_of_an_allowed_device_is_there_before_the_till(device: str, driver: str) -> None:
    """systemd looks the names up when the till starts; one that the kernel does not know yet stays denied."""
    loaded = (ROOT / "systemd" / "modules-load.conf").read_text("utf-8").splitlines()
    assert f"{device} rw" in _settings("kassa-till@.service")["DeviceAllow"]
    assert driver in loaded


@pytest.mark.parametrize("name", ["69-kassa-base.rules", "70-kassa.rules"])
def test_a_rule_of_udev_has_no_slips(name: str) -> None:
    text = (ROOT / "config" / "udev" / name).read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    part = re.compile(r'[A-Z]+(?:\{[^}]+\})?(?:==|!=|\+=|:=|=)"[^"]*"|TEST=="[^"]*"')
    assert len(lines) >= 3
    for line in lines:
        assert all(part.fullmatch(piece) for piece in line.split(", ")), line
        assert "SUBSYSTEM==" in line


def test_the_doctor_may_open_what_the_till_may() -> None:
    """A device that a unit may only read counts as one that may not be opened, and the night would report a fault."""
    theirs = {name: set(_settings(name)["DeviceAllow"]) for name in ("kassa-till@.service", "kassa-doctor.service")}
    console = {"/dev/%I rw", "char-tty rw"}
    assert theirs["kassa-doctor.service"] == theirs["kassa-till@.service"] - console


def test_the_office_never_slows_the_till() -> None:
    agent = _settings("kassa-sync.service")
    assert agent["Restart"] == ["always"]
    assert agent["After"] == ["network-online.target time-sync.target"]
    assert int(agent["Nice"][0]) > 0
    assert agent["IOSchedulingClass"] == ["idle"]
    # Either of them will do: systemd's bar says so.
    assert agent["ConditionPathExists"] == ["|/var/lib/kassa/office.token"]
    assert agent["ConditionDirectoryNotEmpty"] == ["|/var/lib/kassa/webshops"]
    assert agent["PrivateDevices"] == ["yes"]


def test_the_nightly_copy_goes_before_the_doctor() -> None:
    assert _settings("kassa-backup.service")["Wants"] == ["kassa-doctor.service"]
    assert _settings("kassa-doctor.service")["After"] == ["kassa-backup.service"]
    assert _settings("kassa-backup.timer")["Persistent"] == ["true"]
    assert (
        json.dumps(_settings("kassa-backup.service")["ExecStart"])
        == '["/opt/kassa/bin/kassa backup ${KASSA_BACKUP_DIR}"]'
    )
