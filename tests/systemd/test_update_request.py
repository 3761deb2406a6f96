"""The program that goes over to the version the office wants, as root: what it follows, and what it will not."""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.services import update
from tests.house.source import ROOT


def _program() -> ModuleType:
    loader = SourceFileLoader("kassa_update", str(ROOT / "systemd" / "bin" / "kassa-update"))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


PROGRAM: Any = _program()


class Machine:
    """A till's folder, the versions, and what was run."""

    def __init__(self, folder: Path) -> None:
        self.data, self.base, self.ran, self.code = folder / "data", folder / "opt", list[list[str]](), 0
        self.data.mkdir(mode=0o750)
        for path in (self.base, self.base / "wheels", self.base / "1.0", self.base / "2.0"):
            path.mkdir(mode=0o755)
        for version in ("1.0", "2.0"):
            (self.base / version / update.MARK).touch()
        update.switch(self.base, "1.0")

    def asks(self, data: bytes) -> Path:
        """Leave a request."""
        path = self.data / "version.request"
        path.write_bytes(data)
        path.chmod(0o640)
        return path

    def run(self) -> int:
        """What systemd does."""

        def ran(words: list[str], **how: object) -> SimpleNamespace:
            self.ran.append(words)
            return SimpleNamespace(returncode=self.code)

        code = PROGRAM.main(str(self.data), str(self.base), ran, os.geteuid())
        assert isinstance(code, int)
        return code


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Version 1.0 in use, 2.0 beside it."""
    return Machine(tmp_path)


def test_nothing_asked_nothing_done(machine: Machine) -> None:
    assert machine.run() == 0
    machine.asks(b"1.0\n")
    assert machine.run() == 0
    assert machine.ran == []


def test_a_version_that_is_there_is_taken_into_use(machine: Machine) -> None:
    machine.asks(b"2.0\n")
    assert machine.run() == 0
    base = str(machine.base)
    assert machine.ran == [[f"{base}/bin/kassa", "update", "apply", f"{base}/2.0", "--base", base, "--hours", "8"]]


def test_wheels_are_taken_from_roots_folder_only(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.asks(b"3.0\n")
    assert machine.run() == 1
    assert "3.0" in capsys.readouterr().err
    wheels = machine.base / "wheels" / "3.0"
    wheels.mkdir(mode=0o755)
    assert machine.run() == 0
    assert machine.ran[0][3] == str(wheels)
    for path in (wheels, machine.base / "wheels"):
        path.chmod(0o777)
        assert machine.run() == 1
        path.chmod(0o755)
    wheels.rmdir()
    wheels.symlink_to(machine.data)
    assert machine.run() == 1
    assert len(machine.ran) == 1


def test_what_was_no_good_is_not_tried_until_asked_anew(machine: Machine) -> None:
    path = machine.asks(b"2.0\n")
    machine.code = 1
    assert machine.run() == 1
    machine.code = 0
    assert machine.run() == 0
    assert len(machine.ran) == 1
    os.utime(path, ns=(1, 1))
    assert machine.run() == 0
    assert len(machine.ran) == 2


def test_busy_is_tried_again(machine: Machine) -> None:
    machine.asks(b"2.0\n")
    machine.code = 4
    assert machine.run() == 4
    assert machine.run() == 4
    assert len(machine.ran) == 2


@given(st.binary(max_size=80))
def test_whatever_is_asked_is_a_version_or_refused(data: bytes) -> None:
    try:
        found = PROGRAM.judge(data)
    except PROGRAM.Refused:
        return
    assert update._VERSION.fullmatch(found)
    assert "/" not in found
    assert not found.startswith(".")


@pytest.mark.parametrize("data", [b"", b"\n", b"../2.0", b"2.0/..", b"2.0\n\n", b"2.0 ", b"-1", b".0", b"2.0\x00",
                                  b"wheels", b"1" * 41])  # fmt: skip
def test_no_version_no_update(machine: Machine, data: bytes) -> None:
    machine.asks(data)
    assert machine.run() == 1
    assert machine.ran == []


def test_only_a_plain_file_of_the_till_itself(machine: Machine, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("2.0\n")
    path = machine.data / "version.request"
    path.symlink_to(elsewhere)
    assert machine.run() == 1
    path.unlink()
    os.link(elsewhere, path)
    assert machine.run() == 1
    path.unlink()
    machine.asks(b"2.0\n").chmod(0o666)
    assert machine.run() == 1
    path.unlink()
    os.mkfifo(path)
    assert machine.run() == 1
    path.unlink()
    machine.asks(b"2.0\n")
    machine.data.chmod(0o777)
    assert machine.run() == 1
    assert machine.ran == []
