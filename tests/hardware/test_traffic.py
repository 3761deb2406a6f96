"""What goes over the lines reaches the tap: of serial devices, scanners, printers and card terminals, both ways."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from kassa_tui import bootstrap
from kassa_tui.blackbox import BlackBox
from kassa_tui.config import Device as Setting
from kassa_tui.domain.document import Cut, Document, Text
from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.evdev_input import GrabbedInput, Where
from kassa_tui.hardware.print_client import PrintProcess
from kassa_tui.hardware.registry import make
from kassa_tui.hardware.scanner_evdev import EvdevScanner, key_bytes
from kassa_tui.hardware.scanner_pipe import PipeScanner
from kassa_tui.hardware.terminals.make import driver
from kassa_tui.hardware.terminals.opi import LISTEN_PORT
from kassa_tui.hardware.terminals.wake import Wake
from kassa_tui.services.ports import CardRequest
from kassa_tui.simulate.behaviour import Behaviour
from kassa_tui.simulate.display import PtyDisplay
from kassa_tui.simulate.printer import DevicePrinter, NetworkPrinter
from kassa_tui.simulate.scale import Pan, PtyScale
from kassa_tui.simulate.terminals import KINDS, start
from tests.hardware.device_bench import FakeInput, FarEnd, Kept, Typist, Watch
from tests.hardware.terminal_rigs import free_port

BON: Document = (Text("Bakkerij Jansen"), Text("kaart 4111111111111111"), Cut())


class Nobody:
    """Hears devices, and cares for nothing."""

    def __init__(self) -> None:
        self.codes = Kept()

    def scanned(self, code: str) -> None:
        self.codes(code)

    def scan_broken(self) -> None:
        self.codes(None)

    def pressed(self, presses: object) -> None:
        self.codes(presses)

    def device_told(self, role: str, trouble: object) -> None:
        return


def of(role: str, kind: str, **options: Any) -> Setting:
    """A device as the configuration gives it."""
    return Setting(role, kind, MappingProxyType({"baud": None, "framing": None} | options))


def test_a_scale_and_a_serial_scanner() -> None:
    scale, scanner, heard, told = PtyScale("toledo8217", Pan(1250)), FarEnd(), Nobody(), Kept()
    devices = make([of("scale", "toledo8217", path=scale.path), of("scanner", "serial", path=scanner.path)],
                   heard, (), told)  # fmt: skip
    try:
        devices.start()
        told.until(lambda all: ("scale", "from", b"\x0201.250\r", 8) in all)
        assert ("scale", "to", b"W", 1) in told.told
        assert ("scanner", "from") not in {each[:2] for each in told.told}
        while not heard.codes.told:
            scanner.send(b"8710400280507\r")  # what came before the till listened is forgotten
            time.sleep(0.01)
        assert ("scanner", "from", b"8710400280507\r", 14) in told.told
    finally:
        devices.close()
        scale.unplug()
        scanner.unplug()


def test_a_display() -> None:
    display, told = PtyDisplay("escpos", lambda lines: None), Kept()
    options = {"path": display.path, "codepage": "CP858", "columns": 20, "start": ""}
    devices = make([of("display", "escpos", **options)], Nobody(), (), told)
    try:
        devices.start()
        told.wait()
        assert told.told[0][:3] == ("display", "to", b"\x1b@\x1bt\x13\x1f\x01\x1fC\x00\x0c")
    finally:
        devices.close()
        display.unplug()


def test_a_scanner_from_the_kernel_after_its_code_was_handed_over() -> None:
    order, source = Kept(), FakeInput()
    grabbed = GrabbedInput(Where("/dev/input/by-id/scanner"), lambda where: "/dev/null", lambda path: source)
    scanner = EvdevScanner(grabbed, "us", lambda code: order("code", code), lambda: None,
                           lambda *told: order("traffic", *told))  # fmt: skip
    watch = Watch("scanner", scanner)
    watch.works()
    typist = Typist()
    source.sends(typist.type("4A"))
    told = order.wait(2)
    assert told[0] == ("code", "4A")
    assert told[1] == ("traffic", "from", bytes([5, 0x85, 42, 30, 0x9E, 0xAA, 28, 0x9C]), 8)
    assert watch.close()
    assert key_bytes(typist.dropped()) == b"\xff"
    assert key_bytes(typist.change(keys.F8, 1)) == bytes([keys.F8])


def test_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    told = Kept()
    watch = Watch("scanner", PipeScanner(tmp_path / "pipe", lambda code: None, lambda: None, told))
    watch.works()
    (tmp_path / "pipe").write_bytes(b"123\n")
    assert told.wait() == [("from", b"123\n", 4)]
    assert watch.close()


def test_a_keyboard_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PIN is typed on it."""
    source, heard, told = FakeInput(), Nobody(), Kept()
    monkeypatch.setattr(GrabbedInput.__init__, "__defaults__", (lambda where: "/dev/null", lambda path: source))
    options = {"path": "/dev/null", "usb": "", "phys": "", "keys": None, "layout": "us"}
    devices = make([of("keyboard", "evdev", **options)], heard, (), told)
    try:
        devices.start()
        source.sends(Typist().type("7391"))
        heard.codes.wait()
        assert told.told == []
    finally:
        devices.close()


def test_what_a_printer_was_sent_and_answered(tmp_path: Path) -> None:
    printer, told = NetworkPrinter(), Kept()
    process = PrintProcess({**printer.options, "profile": "TM-T88V"}, tmp_path / "state", tap=told)
    try:
        assert process.send(BON, kick=True).ok
        assert process.look().ok
    finally:
        process.close()
        printer.close()
    sent = b"".join(data for direction, data, _ in told.told if direction == "to")
    heard = b"".join(data for direction, data, _ in told.told if direction == "from")
    assert b"\x10\x04\x01" in sent
    assert b"\x1b@" in sent
    assert b"\x1bp" in sent
    assert b"\x12" in heard
    assert b"Jansen" not in sent
    assert b"4111" not in sent
    assert sum(size for direction, _, size in told.told if direction == "to") == printer.received


def test_a_printer_that_is_never_asked(tmp_path: Path) -> None:
    told = Kept()
    for name, options in (("file", {"kind": "file", "path": str(tmp_path / "paper")}), ("screen", {"kind": "screen"})):
        process = PrintProcess(options, tmp_path / name, tap=told)
        try:
            assert process.send(BON).ok
        finally:
            process.close()
    assert [(direction, size) for direction, _, size in told.told] == [("to", (tmp_path / "paper").stat().st_size)]


def test_a_serial_printer(tmp_path: Path) -> None:
    printer, told = DevicePrinter(), Kept()
    options = {"kind": "serial", "path": printer.path, "baud": 115200, "framing": "8N1", "status": "off"}
    process = PrintProcess(options, tmp_path / "state", tap=told)
    try:
        assert process.send(BON).ok
        assert printer.wait_for(lambda it: b"Jansen" in it.paper)
    finally:
        process.close()
        printer.close()
    assert {direction for direction, _, _ in told.told} == {"to"}


def test_telling_much_keeps_no_printer_waiting(tmp_path: Path) -> None:
    """A till that reads nothing meanwhile: what is told of one job fits in the pipe."""
    from kassa_tui.hardware.print_process import TRAFFIC_ROOM, Teller

    read, write = os.pipe()
    os.set_blocking(write, False)
    with open(read, "rb") as far, open(write, "wb") as near:
        teller = Teller(near)
        serve = teller.afresh(lambda request: {})
        serve({})
        for _ in range(5000):
            teller("from", b"\x12\x34", 2)
        first = len(os.read(far.fileno(), 1 << 17))
        assert TRAFFIC_ROOM - 100 < first <= TRAFFIC_ROOM
        serve({})
        teller("to", b"Jansen\n", 7)
        assert os.read(far.fileno(), 1 << 17) == b'{"traffic": ["to", "2a2a2a2a2a2a0a", 7]}\n'


@pytest.mark.parametrize("traffic", ['["to"]', '["x","00",1]', '["to","zz",1]', '["to","00","1"]', "7"])
def test_a_child_that_tells_nonsense_is_replaced(tmp_path: Path, traffic: str) -> None:
    import sys

    code = f"input(); print('{{\"traffic\": {traffic}}}', flush=True); input()"
    process = PrintProcess({}, tmp_path / "state", [sys.executable, "-c", code])
    try:
        assert process.send(BON).code == "printer_crashed"
    finally:
        process.close()


@pytest.mark.parametrize("kind", [*KINDS, "zvt-serial"])
def test_a_payment_on_every_terminal(tmp_path: Path, kind: str) -> None:
    simulated, _, serial = kind.partition("-")
    call_back = free_port() if kind == "opi" else LISTEN_PORT
    simulator, options = start(simulated, Behaviour(), tmp_path, serial=bool(serial), call_back=call_back)
    usual = {"port": 0, "baud": 9600, "currency": 978, "workstation": "1"}
    box = BlackBox()
    made = driver(simulated, usual | options, "K1", lambda *told: box.traffic("card_terminal", *told))
    wake = Wake()
    try:
        end = made.pay(CardRequest("payment-0001", 1234, int(time.time() * 1000)), lambda state: None, wake)
    finally:
        wake.close()
        made.close()
        simulator.close()
    assert end.state == "approved"
    kept = [what for _, _, what in box.events()[2]]
    assert {direction for _, direction, _, _ in kept} == {"to", "from"}
    everything = b"".join(bytes.fromhex(data) for _, _, data, _ in kept)
    assert b"Bearer" not in everything
    number = end.detail.get("number", "")
    assert number
    assert number.encode() not in everything
    assert number.strip("*")[-4:].encode() not in everything


def test_the_application_hides_a_scan_in_place_of_a_pin(tmp_path: Path) -> None:
    from tests.screens.hand import hand, make_shop

    (tmp_path / "till").mkdir()
    somebody = hand(tmp_path / "till", make_shop(tmp_path, "NL")).ready()
    try:
        app = somebody.app
        from kassa_tui.screens.base import Prompt

        app.desk.show(Prompt(app.desk, "Akkoord", lambda pin: None, masked=True))
        app.traffic("scanner", "from", b"7391\r", 5)
        app.desk.views.pop()
        app.traffic("scanner", "from", b"8710\r", 5)
        kept = [what for _, kind, what in app.box.events()[2] if kind == "device"]
        assert kept == [("scanner", "from", "2a" * 5, 5), ("scanner", "from", b"8710\r".hex(), 5)]
    finally:
        somebody.close()


def test_bootstrap_hands_the_tap_down(tmp_path: Path) -> None:
    told = Kept()
    printer = NetworkPrinter()
    text = f'[[device]]\nrole="printer"\nkind="network"\nhost="127.0.0.1"\nport={printer.port}\n'
    from kassa_tui import config
    from tests.services.shop_floor import make_shop

    make_shop(tmp_path, "NL")
    path = tmp_path / "till.toml"
    path.write_text(path.read_text("utf-8").partition("[[device]]")[0] + text, "utf-8")
    made = bootstrap.make_printer(config.load(path), tmp_path, None, told)
    assert made is not None
    try:
        assert made.send(BON) is None
    finally:
        made.close()
        printer.close()
    assert told.told[0][0] == "printer"
