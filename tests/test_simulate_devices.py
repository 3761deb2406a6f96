"""``kassa simulate printer``, ``scale`` and ``display``, with the real drivers at the other end of a real line."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from kassa_tui import cli
from kassa_tui.commands import simulate_devices
from kassa_tui.commands.parser import parse
from kassa_tui.config import Config, load
from kassa_tui.domain.document import Cut, Document, Row, Text
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.display_device import DisplayDevice, SerialSurface
from kassa_tui.hardware.print_client import PrintProcess
from kassa_tui.hardware.registry import make_scale
from kassa_tui.hardware.scale_device import ScalePort
from kassa_tui.hardware.serial_line import SerialLine
from kassa_tui.messages import words
from kassa_tui.services.ports import Showing
from kassa_tui.simulate.printer import PrinterSim
from kassa_tui.simulate.roll import draw, first_receipt, is_blank
from kassa_tui.simulate.scale import KINDS, MOTION, OVERLOAD, SILENT, STABLE, UNDER_ZERO, Pan
from tests.hardware.device_bench import WAIT_S, Kept, Watch

BON: Document = (Text("De Hoek"), Row("Krentenbol", "0,55"), Cut())
SHOP = '[shop]\nname = "De Hoek"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n'


class Simulated:
    """The command in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "kassa_tui", "simulate", *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
            env=os.environ | {"LC_ALL": "nl_NL.UTF-8"},
        )  # fmt: skip
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self.seen: list[str] = []

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def until(self, right: Callable[[str], object]) -> list[str]:
        """Lines up to and with the first one that is right."""
        told: list[str] = []
        while not told or not right(told[-1]):
            told.append(self._lines.get(timeout=WAIT_S))
        self.seen += told
        return told

    def device(self, last: str) -> dict[str, Any]:
        """What it says to write in ``till.toml``."""
        text = "\n".join(self.until(lambda line: line.startswith(last)))
        return dict(tomllib.loads(text)["device"][0])

    def say(self, line: str) -> None:
        """A line on its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self) -> int:
        """Interrupt it; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        code = self._process.wait(WAIT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return code


Start = Callable[..., Simulated]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts the command, and ends it."""
    made: list[Simulated] = []

    def begin(*arguments: str) -> Simulated:
        made.append(Simulated(*arguments))
        return made[-1]

    yield begin
    codes = [each.end() for each in made]
    assert codes == [0] * len(codes)


def _config(tmp_path: Path, device: dict[str, Any]) -> Config:
    """The printed table is one that a till takes."""
    (tmp_path / "till.toml").write_text(
        SHOP + "[[device]]\n" + "".join(f'{key} = {value if type(value) is int else chr(34) + value + chr(34)}\n'
                                        for key, value in device.items()), "utf-8")  # fmt: skip
    return load(tmp_path / "till.toml")


@pytest.mark.parametrize("how", ["network", "serial"])
def test_a_printer_prints_what_the_driver_sends(tmp_path: Path, start: Start, how: str) -> None:
    printer = start("printer", *(["--serial"] if how == "serial" else []))
    device = printer.device("baud" if how == "serial" else "port")
    options = _config(tmp_path, device).devices[0].options
    process = PrintProcess({**{key: value for key, value in options.items() if value is not None}, "kind": how,
                            "cut": "full", "profile": "TM-T88V"}, tmp_path / "state")  # fmt: skip
    try:
        result = process.send(BON, kick=True)
        assert (result.ok, result.code) == (True, "")
        shown = printer.until(lambda line: line.startswith("---"))
    finally:
        process.close()
    assert "De Hoek" in "\n".join(printer.seen)
    assert any(re.fullmatch("Krentenbol +0,55", line) for line in shown)
    if "lade open" not in printer.seen:
        printer.until(lambda line: line == "lade open")


def test_a_printer_without_paper_gets_some(tmp_path: Path, start: Start) -> None:
    printer = start("printer", "--paper-out", "--png", str(tmp_path / "bonnen"), "--drawer-open")
    options = {**printer.device("port"), "profile": "TM-T88V", "drawer_sensor": "high"}
    process = PrintProcess(options, tmp_path / "state")
    try:
        first = process.send(BON)
        assert (first.ok, first.code) == (False, "printer_paper_out")
        assert first.seen is not None
        assert first.seen["drawer"] is True
        printer.say("nonsense")
        printer.until(lambda line: "nonsense" in line)
        printer.say("paper in")
        printer.say("drawer shut")
        printer.say("also nonsense")
        printer.until(lambda line: "also nonsense" in line)
        again = process.send(BON)
        assert again.ok
        assert again.seen is not None
        assert again.seen["drawer"] is False
    finally:
        process.close()
    [*_, last] = printer.until(lambda line: line.endswith(".png"))
    assert Path(last).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("option", "code"), [("--cover-open", "printer_cover_open"), ("--silent", "")])
def test_a_printer_with_something_the_matter(tmp_path: Path, start: Start, option: str, code: str) -> None:
    printer = start("printer", option)
    process = PrintProcess({**printer.device("port"), "profile": "TM-T88V"}, tmp_path / "state")
    try:
        assert process.send(BON).code == code
    finally:
        process.close()


def test_a_line_that_drops(tmp_path: Path, start: Start) -> None:
    printer = start("printer", "--drop-received", "700", "--slow", "100000")
    process = PrintProcess({**printer.device("port"), "profile": "TM-T88V"}, tmp_path / "state")
    try:
        result = process.send((Text("x" * 40),) * 40)
        assert (result.ok, result.doubt) == (False, True)
    finally:
        process.close()


def test_a_port_that_is_taken(start: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                              tmp_path: Path) -> None:  # fmt: skip
    monkeypatch.setenv("HOME", str(tmp_path))
    port = start("printer").device("port")["port"]
    assert cli.main(["simulate", "printer", "--port", str(port)]) == 3
    assert str(port) in capsys.readouterr().err


class Weighed:
    """The real driver of a scale at the end of a simulated one's line."""

    def __init__(self, config: Config) -> None:
        setting = config.devices[0]
        self.device = make_scale(setting.kind, setting.options)
        self.watch = Watch("scale", self.device)
        self.watch.works()
        self._port = ScalePort(self.device, lambda: self.watch.supervisor.trouble)

    def weigh(self, code: str = "weighed") -> int:
        """The weight, once the scale says this of it."""
        states = Kept()
        self._port.weigh(299, "Bananen", states)
        told = states.until(lambda told: told[-1].code == code)
        self._port.cancel()
        return int(told[-1].thousandths)


@pytest.mark.parametrize("kind", KINDS)
def test_a_scale_of_each_kind(tmp_path: Path, start: Start, kind: str) -> None:
    scale = start("scale", "--protocol", kind, "--weight", "1,25")
    device = scale.device("polynomial" if kind == "dialog06" else "path")
    bench = Weighed(_config(tmp_path, device))
    try:
        assert bench.weigh() == 1250
        scale.say("0.4")
        scale.say("nonsense")
        scale.until(lambda line: "nonsense" in line)
        assert bench.weigh() == 400
    finally:
        assert bench.watch.close()


@pytest.mark.parametrize(("option", "code"), [("--unstable", "scale_motion"), ("--overload", "scale_overload")])
def test_a_scale_that_does_not_weigh(tmp_path: Path, start: Start, option: str, code: str) -> None:
    scale = start("scale", "--weight", "2", option)
    bench = Weighed(_config(tmp_path, scale.device("path")))
    try:
        bench.weigh(code)
        scale.say("stable")
        assert bench.weigh() == 2000
    finally:
        assert bench.watch.close()


@pytest.mark.parametrize("kind", ["escpos", "cd5220", "dsp800"])
def test_a_display_of_each_kind(tmp_path: Path, start: Start, kind: str) -> None:
    shown = start("display", "--protocol", kind)
    setting = _config(tmp_path, shown.device("path")).devices[0]
    line = SerialLine(str(setting.options["path"]), 9600, "8N1")
    device = DisplayDevice(SerialSurface(line, setting.kind, "CP858", 20))
    watch = Watch("display", device)
    try:
        device.show(Showing(("Bananen", "2,99"), ("Totaal", "2,99")))
        shown.until(lambda text: re.fullmatch(r"\|Bananen +2,99\|", text))
        shown.until(lambda text: re.fullmatch(r"\|Totaal +2,99\|", text))
    finally:
        assert watch.close()


@pytest.mark.parametrize(
    "arguments",
    [["scale", "--protocol", "escpos"], ["display", "--protocol", "nci"], ["scale", "--weight", "veel"],
     ["scale", "--serial", "--weight", "1000"], ["opi", "--serial"]],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cli.main(["simulate", *arguments]) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "state", "weight"),
    [("0", STABLE, 0), (" 12.5 ", STABLE, 12500), ("1,005", STABLE, 1005), ("unstable", MOTION, 7),
     ("overload", OVERLOAD, 7), ("under", UNDER_ZERO, 7), ("off", SILENT, 7)],
)  # fmt: skip
def test_what_is_laid_on_the_scale(line: str, state: str, weight: int) -> None:
    pan = Pan(7)
    assert simulate_devices.lay(pan, line)
    assert (pan.state, pan.thousandths) == (state, weight)


@pytest.mark.parametrize("line", ["", "x", "-1", "100", "1,2345", "١", "1 2"])
def test_what_is_no_weight(line: str) -> None:
    assert not simulate_devices.lay(Pan(7), line)


def test_every_order_to_a_printer() -> None:
    printer = PrinterSim()
    try:
        for line in (
            *simulate_devices.STATES,
            "drawer open",
            "drawer shut",
            "off on",
            "drop 500",
            "slow 100",
            "slow 0",
        ):
            assert simulate_devices.order(printer, line), line
        assert not simulate_devices.order(printer, "drop")
        simulate_devices.order(printer, " cover  open ")
        assert printer._faults.cover_open
    finally:
        printer.close()


def test_options_become_faults() -> None:
    args = parse(["simulate", "printer", "--near-end", "--slow", "500", "--drop-received", "9"], words("nl"))
    found = simulate_devices.faults(args)
    assert (found.paper_near_end, found.byte_seconds, found.drop_after) == (True, 0.002, 9)


def test_a_receipt_ends_at_the_knife(tmp_path: Path) -> None:
    paper = b"\x1b@Een\n\x1dVA\x10\x1b@Twee\n\x1dV"
    assert first_receipt(paper) == len(b"\x1b@Een\n\x1dVA\x10")
    assert first_receipt(b"\x1b@Een\n") == 0
    assert is_blank(b"\x00" * 512 + b"\x1b@\x1dr\x01\n")
    assert not is_blank(b"\x1b@a")
    assert draw(b"\x1b@Een\n\x1dVA\x10", 20, None, 1).split() == ["Een", "-" * 20]


def test_a_driver_is_refused_by_what_is_not_there() -> None:
    """So that the tests above can fail."""
    setting = MappingProxyType({"path": "/dev/pts/none", "baud": None, "framing": None})
    watch = Watch("scale", make_scale("nci", setting))
    assert watch.fails() == "device_missing"
    assert isinstance(watch.supervisor.trouble, Refused)
    assert watch.close()
