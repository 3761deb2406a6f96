"""The program that writes udev rules as root: what it writes, and every request that it will not follow."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house.source import ROOT

SCANNER = {"name": "scanner", "usb": "0c2e:0b61", "phys": ""}
PAD = {"name": "keyboard-2", "usb": "", "phys": "usb-0000:00:14.0-2/input0"}


def _program() -> ModuleType:
    loader = SourceFileLoader("kassa_devices", str(ROOT / "systemd" / "bin" / "kassa-devices"))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


PROGRAM: Any = _program()


class Machine:
    """A till's folder and a place for rules."""

    def __init__(self, folder: Path) -> None:
        self.data, self.rules, self.ran = folder / "data", folder / "71-kassa-learned.rules", list[tuple[str, ...]]()
        self.data.mkdir(mode=0o750)

    def asks(self, *devices: dict[str, str], **other: object) -> Path:
        """Leave a request."""
        return self.leaves(json.dumps({"version": 1, "devices": devices, **other}).encode())

    def leaves(self, data: bytes) -> Path:
        """Leave these bytes."""
        path = self.data / "devices.request"
        path.write_bytes(data)
        path.chmod(0o640)
        return path

    def run(self) -> int:
        """What systemd does."""
        code = PROGRAM.main(str(self.data), str(self.rules), lambda words, **how: self.ran.append(words))
        assert isinstance(code, int)
        return code


@pytest.fixture
def at(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_request_becomes_rules(at: Machine) -> None:
    at.asks(SCANNER, PAD)
    assert at.run() == 0
    text = at.rules.read_text()
    assert 'ATTRS{id/vendor}=="0c2e", ATTRS{id/product}=="0b61", SYMLINK+="kassa/scanner", GROUP="input"' in text
    assert 'ATTRS{phys}=="usb-0000:00:14.0-2/input0", SYMLINK+="kassa/keyboard-2"' in text
    assert text.count('ENV{LIBINPUT_IGNORE_DEVICE}="1"') == 2
    assert stat.S_IMODE(at.rules.stat().st_mode) == 0o644
    part = re.compile(r'[A-Z]+(?:\{[^}]+\})?(?:==|\+=|=)"[^"]*"')
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == 4
    assert all(part.fullmatch(piece) for line in lines for piece in line.split(", "))
    assert [words[:2] for words in at.ran] == [("udevadm", "control"), ("udevadm", "trigger")]


def test_the_same_twice_changes_nothing(at: Machine) -> None:
    at.asks(SCANNER)
    assert (at.run(), at.run()) == (0, 0)
    assert len(at.ran) == 2
    at.asks()
    assert at.run() == 0
    assert "scanner" not in at.rules.read_text()
    assert len(at.ran) == 4
    assert [path.name for path in at.rules.parent.iterdir() if path.name.startswith("71")] == [at.rules.name]


HOSTILE: dict[str, dict[str, str]] = {
    "a quote in the name": {"name": 'x", RUN+="/bin/sh'},
    "a path in the name": {"name": "../../etc/passwd"},
    "a capital": {"name": "Scanner"},
    "a line behind the name": {"name": 'scanner\nRUN+="x"'},
    "a line end behind the name": {"name": "scanner\n"},
    "no name": {"name": ""},
    "a long name": {"name": "a" * 25},
    "a digit of another script": {"name": "scanner٣"},
    "capital hexadecimal": {"usb": "0C2E:0B61"},
    "three digits": {"usb": "c2e:0b61"},
    "a line behind the ids": {"usb": "0c2e:0b61\n"},
    "a pattern": {"usb": "", "phys": "usb-*"},
    "a class": {"usb": "", "phys": "usb-[0-9]"},
    "an alternative": {"usb": "", "phys": "usb|x"},
    "a quote": {"usb": "", "phys": 'usb", RUN+="/bin/sh'},
    "a substitution": {"usb": "", "phys": "$env{PATH}"},
    "a format": {"usb": "", "phys": "%k"},
    "a backslash": {"usb": "", "phys": "usb\\x22"},
    "a blank": {"usb": "", "phys": "usb 1"},
    "a long port": {"usb": "", "phys": "u" * 97},
    "nothing to find it by": {"usb": "", "phys": ""},
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_device_is_refused(at: Machine, change: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    at.asks({**SCANNER, **change}, PAD)
    assert at.run() == 1
    assert "kassa-devices" in capsys.readouterr().err
    assert not at.rules.exists()
    assert at.ran == []


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"null", b"{}", b"\xff", "{}é".encode(), b"[" * 100_000, b'{"version": 1}', b"NaN",
     b'{"version": 2, "devices": []}', b'{"version": 1, "devices": {}}', b'{"version": 1, "devices": [1]}',
     b'{"version": 1, "devices": [], "run": "x"}', b'{"version": 1, "version": 1, "devices": []}',
     b'{"version": 1, "devices": [{"name": "a", "usb": "0c2e:0b61"}]}',
     b'{"version": 1, "devices": [{"name": "a", "usb": 3, "phys": ""}]}',
     b'{"version": 1, "devices": [{"name": "a", "usb": "0c2e:0b61", "phys": "", "name": "b"}]}',
     json.dumps({"version": 1, "devices": [SCANNER, SCANNER]}).encode(),
     json.dumps({"version": 1, "devices": [{**SCANNER, "name": f"s{n}"} for n in range(17)]}).encode(),
     b'{"version": 1, "devices": []}' + b" " * 20_000],
)  # fmt: skip
def test_what_is_no_request_is_refused(at: Machine, data: bytes) -> None:
    at.leaves(data)
    assert at.run() == 1
    assert not at.rules.exists()


def _link(at: Machine) -> None:
    real = at.data.parent / "real"
    at.asks(SCANNER).rename(real)
    (at.data / "devices.request").symlink_to(real)


def _hard_link(at: Machine) -> None:
    os.link(at.asks(SCANNER), at.data.parent / "other")


def _fifo(at: Machine) -> None:
    os.mkfifo(at.data / "devices.request", 0o640)


def _writable(at: Machine) -> None:
    at.asks(SCANNER).chmod(0o660)


def _open_folder(at: Machine) -> None:
    at.asks(SCANNER)
    at.data.chmod(0o777)


def _folder(at: Machine) -> None:
    (at.data / "devices.request").mkdir(mode=0o750)


def _nothing(at: Machine) -> None:
    assert not list(at.data.iterdir())


@pytest.mark.parametrize("prepare", [_link, _hard_link, _fifo, _writable, _open_folder, _folder, _nothing])
def test_only_a_plain_file_of_the_till_itself(at: Machine, prepare: Callable[[Machine], object]) -> None:
    prepare(at)
    assert at.run() == 1
    assert not at.rules.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_of_somebody_else_is_refused(at: Machine) -> None:
    os.chown(at.asks(SCANNER), 12345, -1)
    assert at.run() == 1
    os.chown(at.data, 12345, -1)
    assert at.run() == 0


def test_a_folder_that_is_a_link_is_refused(at: Machine) -> None:
    at.asks(SCANNER)
    link = at.data.parent / "link"
    link.symlink_to(at.data)
    assert PROGRAM.main(str(link), str(at.rules), print) == 1
    assert not at.rules.exists()


def test_a_link_in_place_of_the_rules_is_replaced_and_not_followed(at: Machine) -> None:
    target = at.data.parent / "target"
    target.write_text("precious")
    for path in (at.rules, at.rules.with_name(at.rules.name + ".new")):
        path.symlink_to(target)
    at.asks(SCANNER)
    assert at.run() == 0
    assert target.read_text() == "precious"
    assert not at.rules.is_symlink()


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=120))
def test_no_text_breaks_out_of_a_rule(name: str, usb: str, phys: str) -> None:
    data = json.dumps({"version": 1, "devices": [{"name": name, "usb": usb, "phys": phys}]}).encode()
    try:
        text = PROGRAM.rules(PROGRAM.judge(data))
    except PROGRAM.Refused:
        return
    lines = text.splitlines()[1:]
    assert len(lines) == 2
    assert all(piece.count('"') == 2 for line in lines for piece in line.split(", "))
