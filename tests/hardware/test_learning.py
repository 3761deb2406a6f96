"""Which device spoke: recorded events and a clock of the test's own, then the same over devices that are opened."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kassa_tui.hardware import evdev_codes as keys
from kassa_tui.hardware.learning import LISTEN_S, QUIET_S, SURE_S, Learner, likely
from kassa_tui.hardware.listening import Listener, plugged_in
from kassa_tui.services.ports import Heard, Plugged
from tests.hardware.device_bench import WAIT_S, FakeInput, FarEnd, Kept, Typist
from tests.hardware.test_scanner_devices import machine

EAN = "8710400280507"
SCANNER, OTHER = "/dev/input/event7", "/dev/input/event3"
FAST_US, SLOW_US, HAND_US = 4_000, 20_000, 60_000
"""A usual scanner, the slowest that there are, and the fastest hand: from one event to the next, two a key."""


def heard(learner: Learner, device: str, typist: Typist, text: str, end: int | None = keys.ENTER) -> list[Heard]:
    """What comes of a text, and of the silence behind it."""
    return learner.keys(device, typist.type(text, end), 1.0) + learner.tick(1.0 + QUIET_S)


@pytest.mark.parametrize("step", [1_000, FAST_US, SLOW_US])
@pytest.mark.parametrize("code", [EAN, "1234", "ABC-123/$+%", "]C1" + "0" * 40])
def test_a_code_at_the_speed_of_a_machine_is_a_scan(step: int, code: str) -> None:
    events = Typist(step_us=step if code.isdigit() else min(step, 10_000))
    assert heard(Learner("scanner", 0.0), SCANNER, events, code) == [Heard("scan", SCANNER, code, "us")]


@pytest.mark.parametrize("layout", ["us", "be", "fr", "de"])
def test_the_layout_shows_in_the_digits(layout: str) -> None:
    (found,) = heard(Learner("scanner", 0.0), SCANNER, Typist(layout), EAN)
    assert (found.text, keys.LAYOUTS[found.layout][0].get(2), found.code) == (
        EAN, keys.LAYOUTS[layout][0].get(2), "scan",
    )  # fmt: skip


def test_the_likelier_of_two_readings() -> None:
    assert likely({"us": "!!!!", "be": "1111"}) == ("be", "1111")
    assert likely({"us": "87104002", "be": EAN}) == ("be", EAN)
    assert likely({"us": "ABC", "fr": "QBC"}) == ("us", "ABC")
    assert likely({}) == ("us", "")


@pytest.mark.parametrize("text", [EAN, "1234", "54@1"])
def test_a_code_typed_by_hand_is_no_scan(text: str) -> None:
    assert [each.code for each in heard(Learner("scanner", 0.0), OTHER, Typist(step_us=HAND_US), text)] == ["typed"]


def test_a_short_roll_of_the_hand_is_nothing() -> None:
    learner = Learner("scanner", 0.0)
    assert heard(learner, OTHER, Typist(step_us=5_000), "12") == []
    assert heard(learner, OTHER, Typist(step_us=HAND_US), "1") == []


def test_a_single_long_pause_is_a_hand() -> None:
    typist = Typist(step_us=2_000)
    events = typist.type("871040", None)
    typist.pause(120)
    events += typist.type("0280507")
    assert [each.code for each in Learner("scanner", 0.0).keys(SCANNER, events, 1.0)] == ["typed"]


def test_what_was_worked_by_hand_is_never_a_scanner() -> None:
    learner = Learner("scanner", 0.0)
    assert heard(learner, OTHER, Typist(step_us=HAND_US), "k", None) == []
    assert [each.code for each in heard(learner, OTHER, Typist(), EAN)] == ["by_hand"]
    assert [each.code for each in heard(learner, SCANNER, Typist(), EAN)] == ["scan"]


def test_a_scanner_that_sends_no_enter_is_told_so() -> None:
    learner = Learner("scanner", 0.0)
    assert learner.keys(SCANNER, Typist().type(EAN, None), 1.0) == []
    assert learner.tick(1.0 + QUIET_S) == [Heard("no_end", SCANNER)]


def test_the_key_that_confirms_must_come_from_elsewhere() -> None:
    learner, typist = Learner("scanner", 0.0), Typist()
    assert [each.code for each in learner.keys(SCANNER, typist.type(EAN), 1.0)] == ["scan"]
    typist.pause(2000)
    learner.confirm(SCANNER, 3.0)
    assert learner.keys(SCANNER, typist.press(47), 3.02) == []
    assert learner.tick(3.0 + SURE_S / 4) == []
    assert learner.tick(3.0 + SURE_S) == [Heard("by_hand", SCANNER)]


def test_confirmed_by_another_keyboard() -> None:
    learner = Learner("scanner", 0.0)
    learner.keys(SCANNER, Typist().type(EAN), 1.0)
    learner.confirm(SCANNER, 3.0)
    learner.keys(OTHER, Typist(step_us=HAND_US).press(47), 3.02)
    assert learner.tick(3.0 + SURE_S) == [Heard("sure", SCANNER)]
    assert learner.tick(4.0 + SURE_S) == []


def test_keys_of_a_keyboard() -> None:
    learner, typist = Learner("keyboard", 0.0), Typist(step_us=HAND_US)
    assert learner.keys(OTHER, typist.press(183), 1.0) == []
    assert learner.tick(1.0 + QUIET_S) == [Heard("keys", OTHER, keys=("KEY_F13",))]
    learner.keys(OTHER, typist.press(600, 30), 2.0)
    assert learner.tick(2.0 + QUIET_S) == [Heard("keys", OTHER, keys=("600", "KEY_A"))]
    learner.confirm(OTHER, 3.0)
    assert learner.tick(3.0 + SURE_S) == [Heard("sure", OTHER)], "one's own keyboard may be learned as one"


def test_a_scanner_while_a_keyboard_is_wanted() -> None:
    assert [each.code for each in heard(Learner("keyboard", 0.0), SCANNER, Typist(), EAN)] == ["is_scanner"]


def test_releases_and_held_keys_say_nothing() -> None:
    learner, typist = Learner("keyboard", 0.0), Typist()
    learner.keys(OTHER, [*typist.change(20, 0), *typist.change(20, 2), *typist.change(42, 1)], 1.0)
    assert learner.tick(1.0 + QUIET_S) == []


def test_lost_events_are_no_scan() -> None:
    learner, typist = Learner("scanner", 0.0), Typist()
    events = [*typist.type("871040", None), *typist.dropped(), *typist.type("0507")]
    assert learner.keys(SCANNER, events, 1.0) == []


def test_a_serial_line() -> None:
    learner = Learner("scanner", 0.0)
    assert learner.line("tty", b"\x02871040", 1.0) == []
    assert learner.line("tty", b"0280507\r\n12\r\n\xff\x00\xfe\x01\r", 1.1) == [Heard("scan", "tty", EAN)]
    assert Learner("keyboard", 0.0).line("tty", b"8710400280507\r", 1.0) == []


def test_it_ends_by_itself_and_only_once() -> None:
    learner = Learner("scanner", 10.0)
    assert learner.tick(10.0 + LISTEN_S - 0.1) == []
    learner.keys(OTHER, Typist(step_us=HAND_US).press(30), 60.0)
    assert learner.tick(10.0 + LISTEN_S) == [], "somebody is there"
    assert learner.tick(60.0 + LISTEN_S) == [Heard("ended")]
    assert learner.tick(61.0 + LISTEN_S) == []


def test_what_is_plugged_in(tmp_path: Path) -> None:
    sys, serial = machine(tmp_path / "sys"), tmp_path / "by-id"
    serial.mkdir()
    for name in ("usb-Datalogic-if00", "usb-Scale-if00"):
        (tmp_path / name).touch()
        (serial / name).symlink_to(tmp_path / name)
    (sys / "event10" / "device" / "name").write_text("Xenon 1900\n")
    found = plugged_in(sys, Path("/dev/input"), serial, [str(tmp_path / "usb-Scale-if00")])
    assert [each.key for each in found] == [
        "/dev/input/event2", "/dev/input/event10", str(serial / "usb-Datalogic-if00"),
    ]  # fmt: skip
    assert found[1] == Plugged("/dev/input/event10", "Xenon 1900", "0c2e:0b61", "usb-1.2/input0")
    assert found[2].path == str(serial / "usb-Datalogic-if00")


def test_two_of_a_make_are_twins(tmp_path: Path) -> None:
    sys = machine(tmp_path)
    (sys / "event2" / "device" / "id" / "vendor").write_text("0c2e\n")
    assert [each.twin for each in plugged_in(sys, Path("/dev/input"), tmp_path / "none")] == [True, True]


class Bench:
    """A listener on devices of the test's own."""

    def __init__(self, role: str = "scanner") -> None:
        self.told, self.there = Kept(), [Plugged(SCANNER, "Xenon"), Plugged(OTHER, "Keyboard")]
        self.inputs = {each.key: FakeInput() for each in self.there}
        self.end = FarEnd()
        self.listener = Listener(role, self.told, lambda: list(self.there), opener=self.open).start()

    def open(self, path: str) -> FakeInput:
        if path not in self.inputs:
            raise OSError(errno.EACCES, "Permission denied")
        return self.inputs[path]

    def until(self, right: Callable[[], object]) -> None:
        """Wait for the next looks around."""
        end = time.monotonic() + WAIT_S
        while not right():
            assert time.monotonic() < end
            os.sched_yield()


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(role: str = "scanner") -> Bench:
        made.append(Bench(role))
        return made[-1]

    yield make
    for each in made:
        each.listener.close()
        assert each.listener.join(WAIT_S)
        assert all(device.closed for device in each.inputs.values())
        each.end.unplug()


def test_a_device_that_speaks_is_named_and_never_grabbed(bench: Callable[..., Bench]) -> None:
    at = bench()
    at.inputs[SCANNER].sends(Typist().type(EAN))
    assert at.told.wait() == [Heard("scan", SCANNER, EAN, "us")]
    assert at.listener.device(SCANNER) == Plugged(SCANNER, "Xenon")
    at.listener.confirm(SCANNER)
    assert at.told.wait(2)[1] == Heard("sure", SCANNER)
    assert at.inputs[SCANNER].grabbed == at.inputs[OTHER].grabbed == 0


def test_pulled_out_while_it_is_listened_to(bench: Callable[..., Bench]) -> None:
    at = bench()
    at.inputs[SCANNER].unplug()
    at.inputs[OTHER].sends(Typist().type(EAN))
    at.told.wait()
    assert at.listener.device(OTHER) is not None
    assert at.inputs[SCANNER].closed == 1 or at.listener.device(SCANNER) is not None


def test_a_serial_scanner_that_is_plugged_in_later(bench: Callable[..., Bench]) -> None:
    at = bench()
    at.there.append(Plugged(at.end.path, "tty", path=at.end.path))
    at.until(lambda: at.listener.device(at.end.path))
    at.end.send(EAN.encode() + b"\r")
    assert at.told.wait() == [Heard("scan", at.end.path, EAN)]


def test_devices_that_may_not_be_read_are_told_of(bench: Callable[..., Bench]) -> None:
    at = bench()
    at.there.append(Plugged("/dev/input/event99", "secret"))
    at.until(at.listener.closed_to_us)
    assert at.listener.device("/dev/input/event99") is None


def test_closed_twice(bench: Callable[..., Bench]) -> None:
    at = bench()
    at.listener.close()
    at.listener.close()
    assert at.listener.join(WAIT_S)
    assert at.told.told == []
