"""What ``kassa doctor`` finds of each device: tried with its own driver, or told by the till that holds it."""

from __future__ import annotations

import errno
import json
import os
import pty
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from kassa_tui import bootstrap, cli, config
from kassa_tui.commands import doctor
from kassa_tui.commands.doctor import FOUND
from kassa_tui.config import Config, Device
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware import checks
from kassa_tui.hardware.checks import Ear, check, listen
from kassa_tui.hardware.registry import State
from kassa_tui.hardware.supervisor import DeviceError, from_os
from kassa_tui.services import device_findings, machine
from kassa_tui.services.device_states import FILE, LINE_TROUBLE, Publisher, Told, published
from kassa_tui.services.ports import CardState
from kassa_tui.simulate.behaviour import Behaviour
from kassa_tui.simulate.display import PtyDisplay
from kassa_tui.simulate.scale import KINDS, OVERLOAD, SILENT, Pan, PtyScale
from kassa_tui.simulate.terminals import KINDS as TERMINALS
from kassa_tui.simulate.terminals import start
from kassa_tui.storage.till_store import LOCK_FILE, Lock
from tests.hardware.device_bench import FarEnd
from tests.screens.hand import hand as somebody
from tests.screens.hand import make_shop as make_screen_shop
from tests.services.shop_floor import make_shop

SHOP = '[shop]\nname = "De Hoek"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n'
Configure = Callable[..., Config]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Settings with these devices."""

    def made(*devices: dict[str, Any]) -> Config:
        def value(given: Any) -> str:
            return str(given).lower() if isinstance(given, int) else json.dumps(str(given))

        tables = ["[[device]]\n" + "".join(f"{key} = {value(given)}\n" for key, given in each.items())
                  for each in devices]  # fmt: skip
        (tmp_path / "till.toml").write_text(SHOP + "".join(tables), "utf-8")
        return config.load(tmp_path / "till.toml")

    return made


def found(settings: Config) -> tuple[str, str]:
    """State and code of the first device, which has words."""
    result = bootstrap.try_device(settings.devices[0], settings)
    assert result is not None
    assert f"device {result[1]}" in FOUND
    return result[:2]


@pytest.mark.parametrize("kind", KINDS)
def test_a_scale_weighs(configure: Configure, kind: str) -> None:
    scale = PtyScale(kind, Pan(1250))
    options = {"polynomial": "1021"} if kind == "dialog06" else {}
    settings = configure({"role": "scale", "kind": kind, "path": scale.path, **options})
    try:
        result = bootstrap.try_device(settings.devices[0], settings)
        assert result is not None
        assert result[:2] == ("ok", "weighs")
        assert result[2]["grams"] == 1250
        if kind != "adam":
            scale.pan.thousandths = 0
            assert found(settings) == ("ok", "weighs"), "an empty scale answers as well"
    finally:
        scale.unplug()


def test_a_scale_that_is_overloaded_answers_and_one_that_is_off_does_not(configure: Configure) -> None:
    scale = PtyScale("toledo8217", Pan(0, OVERLOAD))
    settings = configure({"role": "scale", "kind": "toledo8217", "path": scale.path})
    try:
        assert found(settings) == ("ok", "weighs")
        scale.pan.state = SILENT
        assert found(settings) == ("fail", "silent")
    finally:
        scale.unplug()
    assert found(settings) == ("fail", "missing")


@pytest.mark.parametrize("kind", ["escpos", "cd5220", "dsp800"])
def test_a_display_opens(configure: Configure, kind: str) -> None:
    display = PtyDisplay(kind, lambda lines: None)
    settings = configure({"role": "display", "kind": kind, "path": display.path})
    try:
        assert found(settings) == ("ok", "opened")
    finally:
        display.unplug()
    assert found(settings) == ("fail", "missing")


def test_a_second_screen(configure: Configure, tmp_path: Path) -> None:
    settings = configure({"role": "display", "kind": "screen", "path": tmp_path / "klant.txt"})
    assert found(settings) == ("ok", "opened"), "the file is made with the first frame"
    settings = configure({"role": "display", "kind": "screen", "path": tmp_path / "none" / "klant.txt"})
    assert found(settings) == ("fail", "missing")
    far, near = pty.openpty()
    tty.setraw(near)
    try:
        assert found(configure({"role": "display", "kind": "screen", "path": os.ttyname(near)})) == ("ok", "opened")
    finally:
        os.close(far)
        os.close(near)


def test_a_serial_scanner_that_another_program_has(configure: Configure) -> None:
    far = FarEnd()
    settings = configure({"role": "scanner", "kind": "serial", "path": far.path})
    assert found(settings) == ("ok", "opened")
    program = ("import serial, sys; it = serial.Serial(sys.argv[1], exclusive=True); print('held', flush=True); "
               "sys.stdin.read()")  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", program, far.path], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        result = bootstrap.try_device(settings.devices[0], settings)
        assert device_findings.holder(Path(far.path)).endswith(f"({other.pid})")
        other.stdin.close()
    assert result is not None
    if os.geteuid() != 0 or result[1] == "held":  # root may pass by an exclusive line, but not by the lock on it
        assert result[:2] == ("fail", "held")
        assert str(other.pid) in result[2]["program"]
    far.unplug()


def test_a_pipe_is_opened(configure: Configure, tmp_path: Path) -> None:
    settings = configure({"role": "scanner", "kind": "pipe", "path": tmp_path / "pipe"})
    assert found(settings) == ("fail", "missing")
    os.mkfifo(tmp_path / "pipe")
    assert found(settings) == ("ok", "opened")


@pytest.mark.parametrize(
    ("error", "code"),
    [(from_os(OSError(errno.EBUSY, ""), "x"), "held"), (from_os(OSError(errno.EACCES, ""), "x"), "no_access"),
     (from_os(OSError(errno.ENODEV, ""), "x"), "missing"),
     (DeviceError("device_software", {"library": "evdev"}), "software"),
     (DeviceError("device_config", {"option": "keys", "value": "k.toml"}), "config")],
)  # fmt: skip
@pytest.mark.parametrize("role", ["scanner", "keyboard"])
def test_what_the_kernel_says_of_scanner_and_keyboard(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, role: str, error: DeviceError, code: str
) -> None:
    def opened(self: object) -> None:
        raise error

    monkeypatch.setattr("kassa_tui.hardware.evdev_input.GrabbedInput.open", opened)
    settings = configure({"role": role, "kind": "evdev", "usb": "0c2e:0b61"})
    result = bootstrap.try_device(settings.devices[0], settings)
    assert result is not None
    assert result[:2] == ("fail", code)
    assert result[2]["place"] == "0c2e:0b61"


@pytest.mark.parametrize("role", ["scanner", "keyboard"])
def test_a_grabbed_device_is_let_go_of(configure: Configure, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    let_go: list[str] = []
    monkeypatch.setattr("kassa_tui.hardware.evdev_input.GrabbedInput.open", lambda self: None)
    monkeypatch.setattr(
        "kassa_tui.hardware.evdev_input.GrabbedInput.events", lambda self, bell, s: bell.wait(5) and None
    )
    monkeypatch.setattr("kassa_tui.hardware.evdev_input.GrabbedInput.close", lambda self: let_go.append("x"))
    assert found(configure({"role": role, "kind": "evdev", "usb": "0c2e:0b61"})) == ("ok", "opened")
    assert let_go


def test_what_has_nothing_to_try(configure: Configure) -> None:
    for device in ({"role": "scanner", "kind": "wedge"}, {"role": "card_terminal", "kind": "standalone"},
                   {"role": "card_terminal", "kind": "demo"}, {"role": "drawer", "kind": "none"}):  # fmt: skip
        settings = configure(device)
        assert bootstrap.try_device(settings.devices[0], settings) is None


@pytest.mark.parametrize("kind", [*TERMINALS, "zvt-serial"])
def test_a_terminal_answers_and_charges_nothing(configure: Configure, tmp_path: Path, kind: str) -> None:
    simulated, _, serial = kind.partition("-")
    with socket.create_server(("127.0.0.1", 0)) as free:
        call_back = free.getsockname()[1]
    simulator, options = start(simulated, Behaviour(), tmp_path, serial=bool(serial), call_back=call_back)
    settings = configure({"role": "card_terminal", "kind": simulated, **options})
    try:
        assert found(settings) == ("ok", "answers")
        assert simulator.books.charges == []
    finally:
        simulator.close()
    assert found(settings) == ("fail", "silent")


def test_a_key_that_a_cloud_does_not_take(configure: Configure, tmp_path: Path) -> None:
    for kind in ("mollie", "sumup"):
        simulator, options = start(kind, Behaviour(), tmp_path)
        key = Path(options["key_file"])
        key.write_text(key.read_text("ascii").replace('api_key = "', 'api_key = "x'), "ascii")
        settings = configure({"role": "card_terminal", "kind": kind, **options})
        try:
            assert found(settings) == ("fail", "key_refused")
            key.chmod(0o644)
            assert found(settings) == ("fail", "key_file")
            key.chmod(0o600)
        finally:
            simulator.close()


def test_a_terminal_that_the_cloud_does_not_know(configure: Configure, tmp_path: Path) -> None:
    simulator, options = start("mollie", Behaviour(), tmp_path)
    try:
        settings = configure({"role": "card_terminal", "kind": "mollie", **options, "terminal": "term_other"})
        assert found(settings) == ("fail", "not_found")
    finally:
        simulator.close()


def test_every_code_of_a_driver_has_words() -> None:
    codes = {*device_findings.CODES.values(), "refused", "opened", "weighs", "answers", "in_use", "unasked", "unsaid"}
    assert sorted(code for code in codes if f"device {code}" not in FOUND) == []
    assert set(LINE_TROUBLE) <= set(device_findings.CODES)


class Clock:
    """Seconds that a test moves."""

    at = 1_795_262_400.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Lock]:
    """A till that runs on this folder."""
    held = Lock(tmp_path)
    yield held
    held.release()


MISSING = Refused("device_missing", {"device": "scale", "path": "/dev/ttyUSB0"})


def test_what_the_till_tells_is_read_while_it_runs(tmp_path: Path) -> None:
    clock = Clock()
    publisher = Publisher(tmp_path, "zvt", clock)
    publisher.tell([State("scale", "nci", MISSING), State("scanner", "serial", None)])
    assert published(tmp_path) is None, "no till runs"
    held = Lock(tmp_path)
    try:
        told = published(tmp_path)
        assert told == [Told("scale", "nci", MISSING, int(clock.at * 1000)),
                        Told("scanner", "serial", None, int(clock.at * 1000))]  # fmt: skip
        clock.at += 60
        publisher.tell([State("scale", "nci", None), State("scanner", "serial", None)])
        told = published(tmp_path)
        assert told is not None
        assert [each.at for each in told] == [int(clock.at * 1000), int(clock.at * 1000) - 60_000]
        publisher.card(CardState("present_card"))
        publisher.card(CardState("refused", {"code": "declined"}))
        assert (published(tmp_path) or [])[2][:3] == ("card_terminal", "zvt", None)
        publisher.card(CardState("unknown", {"code": "timeout"}))
        assert (published(tmp_path) or [])[2].trouble == Refused("timeout", {"reason": ""})
        publisher.close()
        publisher.tell([])
        assert not (tmp_path / FILE).exists()
    finally:
        held.release()


def test_a_till_that_crashed_tells_nothing(tmp_path: Path, lock: Lock) -> None:
    Publisher(tmp_path).tell([State("scale", "nci", None)])
    assert published(tmp_path) is not None
    lock._handle, other = os.dup(lock._handle), lock._handle
    os.close(other)
    lock.release()
    assert published(tmp_path) is None
    lock._handle = os.open(tmp_path / LOCK_FILE, os.O_RDWR)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": 1, "devices": []}', '{"pid": "x", "devices": 3}'])
def test_a_broken_file_tells_nothing(tmp_path: Path, lock: Lock, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    assert published(tmp_path) is None


def test_a_full_disk_is_no_reason_to_stop(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "none")
    publisher.tell([State("scale", "nci", None)])
    publisher.close()
    assert not (tmp_path / "none").exists()


def test_what_a_running_till_told_becomes_findings(configure: Configure) -> None:
    settings = configure({"role": "scale", "kind": "nci", "path": "/dev/ttyUSB0"},
                         {"role": "scanner", "kind": "serial", "path": "/dev/ttyUSB1"},
                         {"role": "scanner", "kind": "serial", "path": "/dev/ttyUSB2"},
                         {"role": "scanner", "kind": "wedge"},
                         {"role": "display", "kind": "escpos", "path": "/dev/ttyUSB3"},
                         {"role": "card_terminal", "kind": "zvt", "host": "192.0.2.1"},
                         {"role": "drawer", "kind": "none"})  # fmt: skip
    told = device_findings.told(settings, [Told("scale", "nci", MISSING, 0), Told("scanner", "serial", None, 0),
                                           Told("scanner", "serial", Refused("device_opening", {}), 0)])  # fmt: skip
    assert [each and each[:2] for each in told.values()] == [
        ("fail", "missing"), ("ok", "in_use"), ("warn", "opening"), None, ("warn", "unsaid"), ("ok", "unasked"), None,
    ]  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A till with a scale that is not there and a scanner on a pipe."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    make_shop(tmp_path, "NL")
    path = tmp_path / "till.toml"
    text = path.read_text("utf-8").partition("[[device]]")[0]
    os.mkfifo(tmp_path / "pipe")
    path.write_text(text + '\n[[device]]\nrole="printer"\nkind="file"\npath="paper"\n[[device]]\nrole="scanner"\n'
                    'kind="pipe"\npath="pipe"\n[[device]]\nrole="scale"\nkind="nci"\npath="ttyUSB9"\n',
                    "utf-8")  # fmt: skip
    monkeypatch.setenv("KASSA_CONFIG", str(path))
    return tmp_path


def _devices(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    told = json.loads(capsys.readouterr().out)["findings"]
    return {each["facts"]["role"]: each["code"] for each in told if each["part"] == "device"}


def test_the_doctor_leaves_a_running_tills_devices_alone(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["doctor", "--json"]) == 1
    assert _devices(capsys) == {"scanner": "opened", "scale": "missing"}
    data = config.load(shop / "till.toml").till.data
    publisher, held = Publisher(data), Lock(data)
    try:
        publisher.tell([State("scanner", "pipe", None), State("scale", "nci", None)])
        monkeypatch.setattr(bootstrap, "try_device", lambda *given: pytest.fail("it was opened"))
        assert cli.main(["doctor", "--json"]) == 0
        assert _devices(capsys) == {"scanner": "in_use", "scale": "in_use"}
        monkeypatch.setattr("os.isatty", lambda handle: True)
        cli.main(["doctor", "--print", "--json"])
        scan = [each for each in json.loads(capsys.readouterr().out)["findings"] if each["part"] == "scan"]
        assert [each["code"] for each in scan] == ["at_till"]
        assert scan[0]["facts"]["code"] in scan[0]["text"]
    finally:
        publisher.close()
        held.release()


def test_the_code_of_the_slip_is_read_by_the_tills_own_scanner(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda most: 12345678)
    monkeypatch.setattr("os.isatty", lambda handle: True)
    with open(shop / "pipe", "r+b", buffering=0) as pipe:
        monkeypatch.setattr(doctor, "_typed", lambda ended: pipe.write(b"KD12345678\n") and None)
        cli.main(["doctor", "--print", "--json"])
    found = {each["part"]: each["code"] for each in json.loads(capsys.readouterr().out)["findings"]}
    assert found["scan"] == "right"


def test_nobody_scans_for_ever(shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.isatty", lambda handle: True)
    monkeypatch.setattr(doctor, "SCAN_SECONDS", 0.1)
    monkeypatch.setattr(doctor, "_typed", lambda ended: None)
    cli.main(["doctor", "--print", "--json"])
    told = capsys.readouterr()
    found = {each["part"]: each["code"] for each in json.loads(told.out)["findings"]}
    assert found["scan"] == "none"
    assert "Scan de code op de proefbon" in told.err


def test_a_line_that_is_typed_counts_as_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr("select.select", lambda *given: ([0], [], []) if os.read(read, 1) else ([], [], []))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(readline=lambda: "KD1\n"))
    os.write(write, b".")
    assert listen([], 10, doctor._typed) == "KD1\n"
    os.close(read)
    os.close(write)


def test_waiting_for_a_line_ends_with_the_time() -> None:
    ended = threading.Event()

    def typed(over: Callable[[], bool]) -> None:
        while not over():
            time.sleep(0.001)
        ended.set()

    assert listen([], 0.05, typed) is None
    assert ended.wait(5)


def test_an_ear_hears_one_whole_code() -> None:
    ear = Ear()
    ear.scan_broken()
    ear.scanned("123")
    assert ear.code(0) == "123"
    assert ear.verdict(0) == Refused("device_silent", {})


def test_a_scale_that_tells_nothing_is_silent_but_for_one_that_tells_only_changes() -> None:
    def of(kind: str) -> Device:
        return Device("scale", kind, MappingProxyType({}))

    assert checks._weighed([], of("adam")).code == "opened"
    assert checks._weighed([], of("nci")).trouble == Refused("device_silent", {})


def test_where_a_device_is() -> None:
    for options, place in (({"path": Path("/dev/x"), "host": "h"}, "/dev/x"), ({"path": None, "usb": "1:2"}, "1:2"),
                           ({"phys": "usb-1"}, "usb-1"), ({"host": "h", "port": 9}, "h:9"), ({"terminal": "t"}, "t"),
                           ({}, "")):  # fmt: skip
        assert device_findings.place(Device("scale", "nci", MappingProxyType(dict(options)))) == place


def test_who_has_a_file_open(tmp_path: Path) -> None:
    process = tmp_path / "proc" / "77"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("minicom\n")
    (tmp_path / "ttyUSB0").touch()
    (process / "fd" / "3").symlink_to(tmp_path / "ttyUSB0")
    assert device_findings.holder(tmp_path / "ttyUSB0", tmp_path / "proc") == "minicom (77)"
    assert device_findings.holder(tmp_path / "ttyUSB1", tmp_path / "proc") == ""
    assert device_findings.holder(Path("0c2e:0b61"), tmp_path / "proc") == ""


def test_check_tries_no_more_than_it_is_given(configure: Configure) -> None:
    settings = configure({"role": "scale", "kind": "nci", "path": "ttyUSB9"})
    answer = check(settings.devices[0], "K1")
    assert answer.trouble is not None
    assert answer.trouble.code == "device_missing"
    assert machine.device(settings.devices[0]) is not None


def test_the_application_publishes_its_devices(tmp_path: Path) -> None:
    (tmp_path / "till").mkdir()
    hand = somebody(tmp_path / "till", make_screen_shop(tmp_path, "NL")).ready()
    try:
        app = hand.app
        told: list[Any] = []
        app.attendant.publish = told.append
        states = [State("scale", "nci", MISSING)]
        devices = SimpleNamespace(scale=None, states=lambda: states, start=lambda: None, close=lambda: None)
        app.attendant.listen(devices, None)
        app.attendant.device_told("scale", MISSING)
        assert told == [states, states]
        app.publisher = SimpleNamespace(card=told.append)  # type: ignore[assignment]
        app.card_told(CardState("approved"))
        assert told[2] == CardState("approved")
    finally:
        hand.close()
