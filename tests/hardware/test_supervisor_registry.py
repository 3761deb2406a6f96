"""From the configuration to devices: every kind has its driver, and a wrong way to name one is told with its key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import config
from kassa_tui.config_checks import KINDS
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.keyboard_evdev import Press
from kassa_tui.hardware.registry import make
from kassa_tui.keymap import DEFAULT
from tests.hardware.device_bench import WAIT_S, Kept

SHOP = '[shop]\nname = "De Hoek"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n'
WAYS: dict[str, str] = {"path": "/dev/kassa-none", "usb": "ffff:fffe", "phys": "usb-none"}
ROLES = ("scanner", "keyboard", "scale", "display")


class Ear:
    """Keeps what the devices tell."""

    def __init__(self) -> None:
        self.codes, self.states = Kept(), Kept()

    def scanned(self, code: str) -> None:
        """A code."""
        self.codes(code)

    def scan_broken(self) -> None:
        """None."""
        self.codes("")

    def pressed(self, presses: list[Press]) -> None:
        """Keys."""
        self.codes(presses)

    def device_told(self, role: str, trouble: Refused | None) -> None:
        """A state."""
        self.states((role, trouble.code if trouble else ""))


def load(folder: Path, *devices: dict[str, Any]) -> config.Config:
    path = folder / "till.toml"
    tables = ["[[device]]\n" + "".join(f'{key} = "{value}"\n' for key, value in each.items()) for each in devices]
    path.write_text(SHOP + "".join(tables), "utf-8")
    return config.load(path)


def problems(folder: Path, *devices: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(config.ConfigError) as caught:
        load(folder, *devices)
    return [(problem.key, problem.code) for problem in caught.value.problems]


@pytest.mark.parametrize(("role", "kind"), [(role, kind) for role in ROLES for kind in KINDS[role] if kind != "wedge"])
def test_every_kind_has_a_driver_that_waits_for_its_device(tmp_path: Path, role: str, kind: str) -> None:
    place = {"path": "/none/x"} if "path" in KINDS[role][kind] and kind != "evdev" else {"usb": WAYS["usb"]}
    ear = Ear()
    devices = make(load(tmp_path, {"role": role, "kind": kind, **place}).devices, ear, DEFAULT)
    assert [(state.role, state.kind) for state in devices.states()] == [(role, kind)]
    assert (devices.scale is not None, devices.display is not None) == (role == "scale", role == "display")
    devices.start()
    assert ear.states.wait() == [(role, "device_missing")]
    devices.close()
    assert ear.codes.told == []


def test_what_needs_no_watching_is_left_alone(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"role": "scanner", "kind": "wedge"}, {"role": "printer", "kind": "screen"},
                  {"role": "drawer", "kind": "none"}, {"role": "card_terminal", "kind": "standalone"})  # fmt: skip
    assert make(loaded.devices, Ear(), DEFAULT).states() == ()


def test_two_scanners_and_one_scale(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"role": "scanner", "kind": "evdev", "usb": WAYS["usb"]},
                  {"role": "scanner", "kind": "evdev", "phys": WAYS["phys"]},
                  {"role": "scale", "kind": "nci", "path": "/dev/a"},
                  {"role": "scale", "kind": "adam", "path": "/dev/b"})  # fmt: skip
    kinds = [state.kind for state in make(loaded.devices, Ear(), DEFAULT).states()]
    assert kinds == ["evdev", "evdev", "nci"]


@pytest.mark.parametrize("role", ["scanner", "keyboard"])
def test_an_input_device_needs_a_way_to_be_found(tmp_path: Path, role: str) -> None:
    assert problems(tmp_path, {"role": role, "kind": "evdev"}) == [("device[1].path", "missing")]
    for path in ("/dev/input/event3", "event12"):
        named = {"role": role, "kind": "evdev", "path": path}
        assert problems(tmp_path, named) == [("device[1].path", "event_number")]
    assert problems(tmp_path, {"role": role, "kind": "evdev", "usb": "c2e:b61"}) == [("device[1].usb", "wrong_type")]
    for way, value in WAYS.items():
        assert load(tmp_path, {"role": role, "kind": "evdev", way: value}).devices[0].options[way] is not None


def test_two_names_for_one_device_are_told(tmp_path: Path) -> None:
    twice = {"role": "scanner", "kind": "evdev", "usb": WAYS["usb"]}
    assert problems(tmp_path, twice, twice) == [("device[2]", "duplicate")]


@pytest.mark.parametrize(
    ("device", "key"),
    [
        ({"role": "scale", "kind": "dialog06", "path": "/dev/x", "polynomial": "12345"}, "polynomial"),
        ({"role": "display", "kind": "escpos", "path": "/dev/x", "start": "0"}, "start"),
        ({"role": "display", "kind": "escpos", "path": "/dev/x", "start": "02 5"}, "start"),
    ],
)
def test_hexadecimal_options(tmp_path: Path, device: dict[str, str], key: str) -> None:
    assert problems(tmp_path, device) == [(f"device[1].{key}", "wrong_type")]


def test_a_pipe_scanner_from_the_configuration_scans(tmp_path: Path) -> None:
    path = tmp_path / "scans"
    os.mkfifo(path)
    ear = Ear()
    devices = make(load(tmp_path, {"role": "scanner", "kind": "pipe", "path": path}).devices, ear, DEFAULT)
    devices.start()
    ear.states.wait()
    path.write_text("8710400280507\n")
    assert ear.codes.wait() == ["8710400280507"]
    devices.close()


def test_devices_change_while_the_till_runs(tmp_path: Path) -> None:
    scale = {"role": "scale", "kind": "nci", "path": "/none/scale"}
    first = load(tmp_path, scale, {"role": "scanner", "kind": "evdev", "usb": "ffff:0001"},
                 {"role": "keyboard", "kind": "evdev", "usb": "ffff:0002"})  # fmt: skip
    ear = Ear()
    devices = make(first.devices, ear, DEFAULT)
    devices.start()
    ear.states.wait(3)
    kept = {kept.name: kept.supervisor for kept in devices._kept}
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    second = load(tmp_path, scale, {"role": "scanner", "kind": "pipe", "path": str(fifo)},
                  {"role": "keyboard", "kind": "evdev", "usb": "ffff:0002"})  # fmt: skip
    devices.adopt(second.devices)
    ear.states.until(lambda told: ("scanner", "") in told)
    fifo.write_text("1234\n")
    assert ear.codes.wait() == ["1234"]
    now = {kept.name: kept.supervisor for kept in devices._kept}
    assert (now["scale"], now["keyboard"]) == (kept["scale"], kept["keyboard"])
    assert kept["scanner"].join(WAIT_S)
    devices.adopt(second.devices, "keyboard")
    assert {kept.name: kept.supervisor for kept in devices._kept}["keyboard"] is not kept["keyboard"]
    devices.adopt(())
    assert [state.role for state in devices.states()] == ["scale"]
    devices.close()
    assert not any(each.is_alive() for each in (kept["keyboard"]._thread, now["scanner"]._thread))
