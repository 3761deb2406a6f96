"""Scanners and keyboards as devices: opened, unplugged, held by another, fed nonsense, slow, closed twice."""

from __future__ import annotations

import builtins
import errno
import os
import pty
import tty
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.evdev_input import GrabbedInput, Where, locate, open_input, types
from kassa_tui.hardware.keyboard_evdev import EvdevKeyboard, KeyReader, Press, read_key_map
from kassa_tui.hardware.scanner_evdev import EvdevScanner
from kassa_tui.hardware.scanner_pipe import PipeScanner
from kassa_tui.hardware.scanner_serial import SerialScanner
from kassa_tui.hardware.serial_line import SerialLine
from kassa_tui.hardware.supervisor import Bell, Device, DeviceError
from tests.hardware.device_bench import FakeInput, FarEnd, Kept, KeyEvent, Typist, Watch

EAN = "8710400280507"


class Family(NamedTuple):
    """One kind of scanner with the hands that a test has on it."""

    device: Device
    codes: Kept
    broken: Kept
    scan: Callable[[str], None]
    half: Callable[[], None]
    """Begins a code that does not end; for a pipe one that is too long."""
    garbage: Callable[[], None]
    """Sends what is no code, and an end behind it."""
    unplug: Callable[[], None]
    plug: Callable[[], None]


class EvdevHands:
    """A scanner of key events that can be pulled and put back."""

    def __init__(self) -> None:
        self.typist, self.inputs = Typist(), [FakeInput()]

    def find(self, where: Where) -> str:
        """There while its newest input has not been pulled."""
        if self.inputs[-1].gone:
            raise DeviceError("device_missing", {"path": str(where)})
        return "/dev/input/event7"

    def open(self, path: str) -> FakeInput:
        """The newest one, or it once more."""
        if self.inputs[-1].closed:
            self.inputs.append(FakeInput())
        return self.inputs[-1]

    def scan(self, text: str) -> None:
        """One code."""
        self.inputs[-1].sends(self.typist.type(text))

    def half(self) -> None:
        """No end."""
        self.inputs[-1].sends(self.typist.type("8710", None))

    def garbage(self) -> None:
        """Keys that no code has."""
        events = [KeyEvent(1, 1, kind, code, 1) for kind in (4, 17, 1) for code in (0, 200, 700)]
        self.inputs[-1].sends([*events, *self.typist.press(keys.ENTER)])


def evdev_family(tmp_path: Path) -> Family:
    hands, codes, broken = EvdevHands(), Kept(), Kept()
    source = GrabbedInput(Where(usb="0c2e:0b61"), hands.find, hands.open)
    device = EvdevScanner(source, "us", codes, lambda: broken("broken"))
    return Family(device, codes, broken, hands.scan, hands.half, hands.garbage, lambda: hands.inputs[-1].unplug(),
                  lambda: hands.inputs.append(FakeInput()))  # fmt: skip


def serial_family(tmp_path: Path) -> Family:
    ends, codes, broken = [FarEnd()], Kept(), Kept()
    link = tmp_path / "scanner"
    link.symlink_to(ends[0].path)
    device = SerialScanner(SerialLine(str(link), 9600, "8N1"), codes, lambda: broken("broken"))

    def unplug() -> None:
        ends[-1].unplug()

    def plug() -> None:
        ends.append(FarEnd())
        link.unlink()
        link.symlink_to(ends[-1].path)

    return Family(device, codes, broken, lambda text: ends[-1].send(text.encode() + b"\r\n"),
                  lambda: ends[-1].send(b"8710"), lambda: ends[-1].send(b"\xff\x00\xfe" * 500 + b"\r"),
                  unplug, plug)  # fmt: skip


def pipe_family(tmp_path: Path) -> Family:
    """A pipe is unplugged as a terminal that goes away; the FIFO has a test of its own."""
    ends, codes, broken = [pty.openpty()], Kept(), Kept()
    link = tmp_path / "pipe"
    link.symlink_to(os.ttyname(ends[0][1]))
    device = PipeScanner(link, codes, lambda: broken("broken"))

    def send(data: bytes) -> None:
        os.write(ends[-1][0], data)

    def unplug() -> None:
        for end in ends[-1]:
            os.close(end)

    def plug() -> None:
        ends.append(pty.openpty())
        tty.setraw(ends[-1][1])
        link.unlink()
        link.symlink_to(os.ttyname(ends[-1][1]))

    tty.setraw(ends[0][1])
    return Family(device, codes, broken, lambda text: send(text.encode() + b"\n"), lambda: send(b"8" * 1500 + b"\n"),
                  lambda: send(b"\xff\x00" * 700 + b"\n"), unplug, plug)  # fmt: skip


FAMILIES = {"evdev": evdev_family, "serial": serial_family, "pipe": pipe_family}


@pytest.fixture(params=sorted(FAMILIES))
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Family, Watch]]:
    family = FAMILIES[request.param](tmp_path)
    watch = Watch("scanner", family.device)
    watch.works()
    yield family, watch
    assert watch.close()


def test_a_scan_arrives(watched: tuple[Family, Watch]) -> None:
    family, _ = watched
    family.scan(EAN)
    family.scan("42")
    assert family.codes.wait(2) == [EAN, "42"]
    assert family.broken.told == []


def test_what_never_ends_is_thrown_away_with_a_word(watched: tuple[Family, Watch]) -> None:
    family, _ = watched
    family.half()
    family.broken.wait()
    family.scan(EAN)
    assert family.codes.wait() == [EAN]


def test_garbage_is_no_code(watched: tuple[Family, Watch]) -> None:
    family, watch = watched
    family.garbage()
    family.broken.wait()
    family.scan(EAN)
    assert family.codes.wait() == [EAN]
    assert watch.supervisor.trouble is None


def test_unplugged_and_plugged_in_again(watched: tuple[Family, Watch]) -> None:
    family, watch = watched
    family.scan(EAN)
    family.codes.wait()
    family.unplug()
    assert watch.fails() == "device_missing"
    family.plug()
    watch.again()
    watch.works(2)
    family.scan("5449000000996")
    assert family.codes.wait(2) == [EAN, "5449000000996"]


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_closed_twice_and_before_it_was_opened(name: str, tmp_path: Path) -> None:
    family, stop = FAMILIES[name](tmp_path), Bell()
    family.device.close()
    family.device.open(stop)
    family.device.close()
    family.device.close()
    stop.ring()
    family.device.open(stop)
    family.device.run(stop)
    family.device.close()
    assert family.codes.told == []


def test_a_scanner_that_another_program_holds() -> None:
    source = GrabbedInput(Where(path="/dev/input/by-id/x"), opener=lambda path: FakeInput(held=True))
    with pytest.raises(DeviceError) as caught:
        source.open()
    assert (caught.value.code, caught.value.facts) == ("device_held", {"path": "/dev/input/by-id/x"})


def test_a_serial_line_that_another_program_holds() -> None:
    end = FarEnd()
    first, second = (SerialLine(end.path, 9600, "8N1") for _ in range(2))
    first.open()
    with pytest.raises(DeviceError) as caught:
        second.open()
    first.close()
    second.open()
    second.close()
    end.unplug()
    assert caught.value.code == "device_held"


def test_without_rights() -> None:
    def opener(path: str) -> FakeInput:
        raise OSError(errno.EACCES, "Permission denied")

    with pytest.raises(DeviceError) as caught:
        GrabbedInput(Where(path="/dev/input/x"), opener=opener).open()
    assert caught.value.code == "device_access"


def test_a_machine_without_input_devices_or_without_the_library(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(DeviceError) as missing:
        locate(Where(usb="0c2e:0b61"), tmp_path / "none", tmp_path)
    assert (missing.value.code, missing.value.facts) == ("device_missing", {"path": "0c2e:0b61"})
    with pytest.raises((DeviceError, OSError)):
        open_input(str(tmp_path / "none"))
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name == "evdev":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DeviceError) as software:
        open_input("/dev/input/event0")
    assert software.value.code == "device_software"


def machine(folder: Path) -> Path:
    """The kernel's tables of four devices: a scanner with two faces, its twin, and a mouse."""
    devices = {
        "event9": ("0c2e", "0b61", "usb-1.2/input1", "3e000000000000 0"),
        "event10": (
            "0c2e",
            "0b61",
            "usb-1.2/input0",
            "1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe",
        ),
        "event2": ("0C2E", "0b61", "usb-1.30/input0", "fffffffffffffffe"),
        "event11": ("046d", "c077", "usb-1.4/input0", "1f0000 0 0 0 0"),
        "eventx": ("0c2e", "0b61", "usb-1.2/input0", "fffffffffffffffe"),
    }
    for name, (vendor, product, phys, bits) in devices.items():
        about = folder / name / "device"
        (about / "id").mkdir(parents=True)
        (about / "capabilities").mkdir()
        for path, text in (("id/vendor", vendor), ("id/product", product), ("phys", phys), ("capabilities/key", bits)):
            (about / path).write_text(text + "\n")
    return folder


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (Where(usb="0c2e:0b61"), "event10"), (Where(usb="0C2E:0B61"), "event10"),
        (Where(phys="usb-1.30/input0"), "event2"), (Where(phys="usb-1.2/"), "event10"),
        (Where(usb="046d:c077"), None), (Where(usb="ffff:ffff"), None), (Where(), None),
    ],
)  # fmt: skip
def test_found_by_what_it_is(tmp_path: Path, where: Where, found: str | None) -> None:
    sys = machine(tmp_path)
    if found is None:
        with pytest.raises(DeviceError):
            locate(where, sys, Path("/dev/input"))
    else:
        assert locate(where, sys, Path("/dev/input")) == f"/dev/input/{found}"


def test_a_link_is_taken_as_it_is_and_followed_when_it_is_opened(tmp_path: Path) -> None:
    real, link, opened = tmp_path / "event4", tmp_path / "usb-scanner-event-kbd", Kept()
    real.touch()
    link.symlink_to(real)
    assert locate(Where(path=str(link))) == str(link)

    def opener(path: str) -> FakeInput:
        opened(path)
        return FakeInput()

    source = GrabbedInput(Where(path=str(link)), opener=opener)
    source.open()
    source.close()
    assert opened.told == [str(real)]


@pytest.mark.parametrize(
    ("bits", "right"), [("10000000", True), ("8000", True), ("1 0", False), ("", False), ("zz", False)]
)
def test_what_types(bits: str, right: bool) -> None:
    assert types(bits) == right


def test_a_fifo_that_a_program_writes(tmp_path: Path) -> None:
    path, codes = tmp_path / "fifo", Kept()
    os.mkfifo(path)
    watch = Watch("scanner", PipeScanner(path, codes, lambda: None))
    watch.works()
    for text in ("871040", "0280507\n", "42\n"):
        path.write_text(text)
    assert codes.wait(2) == [EAN, "42"]
    assert watch.close()


def test_a_file_that_ends_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "codes"
    path.write_text("1\n")
    codes = Kept()
    device, stop = PipeScanner(path, codes, lambda: None), Bell()
    device.open(stop)
    with pytest.raises(DeviceError):
        device.run(stop)
    device.close()
    assert codes.told == ["1"]


KEY_MAP: Mapping[int, Press] = {183: Press("act", "pin"), 184: Press("text", EAN + "\n"), 78: Press("act", "repeat")}


def test_keys_of_a_programmable_keyboard() -> None:
    typist, reader = Typist("be"), KeyReader("be", KEY_MAP)
    events = [*typist.press(183, 184, 78, 14, 103, 79), *typist.type("a1", None), *typist.press(200)]
    presses, lost = reader.feed(events)
    assert presses == [
        Press("act", "pin"), Press("text", EAN + "\n"), Press("act", "repeat"), Press("key", "backspace"),
        Press("key", "up"), Press("text", "1"), Press("text", "a"), Press("text", "1"),
    ]  # fmt: skip
    assert not lost


def test_control_keys_and_what_is_held_down() -> None:
    typist, reader = Typist(), KeyReader("us", KEY_MAP)
    control = [*typist.change(29, 1), *typist.press(38, 2), *typist.change(29, 0)]
    held = [*typist.change(14, 1), *typist.change(14, 2), *typist.change(2, 1), *typist.change(2, 2)]
    assert reader.feed([*control, *held]) == ([Press("key", "ctrl+l"), Press("key", "backspace"),
                                               Press("key", "backspace"), Press("text", "1")], False)  # fmt: skip
    assert reader.feed([*typist.change(42, 1), *typist.dropped(), *typist.press(30)]) == ([Press("text", "a")], True)


def test_a_keyboard_hands_over_in_order_and_says_when_keys_were_lost() -> None:
    typist, source, presses, lost = Typist(), FakeInput(), Kept(), Kept()
    keyboard = EvdevKeyboard(
        GrabbedInput(Where(path="/dev/x"), opener=lambda path: source), "us", lambda: KEY_MAP, presses,
        lambda: lost("lost"),
    )  # fmt: skip
    watch = Watch("keyboard", keyboard)
    watch.works()
    source.sends(typist.press(183))
    source.sends([*typist.dropped(), *typist.press(2)])
    assert presses.wait(2) == [[Press("act", "pin")], [Press("text", "1")]]
    assert lost.wait() == ["lost"]
    source.unplug()
    assert watch.fails() == "device_missing"
    assert watch.close()
    assert source.grabbed == 1


def test_a_map_of_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('[acts]\nKEY_F13 = "pin"\n"78" = "repeat"\n[text]\nKEY_F14 = "8710400280507\\n"\n')
    assert read_key_map(path, ("pin", "repeat")) == KEY_MAP


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('[acts]\nKEY_F13 = "fly"\n', "acts.KEY_F13"), ('[acts]\nKEY_NONE = "pin"\n', "acts.KEY_NONE"),
        ('[text]\nKEY_F13 = ""\n', "text.KEY_F13"), ("[text]\nKEY_F13 = 3\n", "text.KEY_F13"),
        ('[acts]\nKEY_F13 = "pin"\n[text]\nKEY_F13 = "1"\n', "text.KEY_F13"), ('[keys]\nKEY_F13 = "pin"\n', "keys"),
        ("acts = 3\n", "acts"), ("[acts\n", None), (None, None),
    ],
)  # fmt: skip
def test_a_map_that_is_wrong_leaves_the_keyboard_alone(tmp_path: Path, text: str | None, value: str | None) -> None:
    path = tmp_path / "keys.toml"
    if text is not None:
        path.write_text(text)
    source = FakeInput()
    keyboard = EvdevKeyboard(
        GrabbedInput(Where(path="/dev/x"), opener=lambda path: source), "us", lambda: read_key_map(path, ("pin",)),
        lambda presses: None, lambda: None,
    )  # fmt: skip
    with pytest.raises(DeviceError) as caught:
        keyboard.open(Bell())
    assert caught.value.code == "device_config"
    assert caught.value.facts == {"option": "keys", "value": str(path) if value is None else value}
    assert source.grabbed == 0
