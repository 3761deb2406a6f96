"""The supervisor: opens, opens again, says what is wrong once, and never makes anybody wait."""

from __future__ import annotations

import errno
import logging
import threading

import pytest

from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.registry import Devices
from kassa_tui.hardware.supervisor import Bell, DeviceError, Supervisor, from_os, readable
from tests.hardware.device_bench import WAIT_S, Kept, Watch


class Plug:
    """A device that does as it is told."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.fail = threading.Event()
        self.opened = self.closed = 0

    def open(self, stop: Bell) -> None:
        """Open, or fail."""
        self.opened += 1
        if self.trouble is not None:
            raise self.trouble

    def run(self, stop: Bell) -> None:
        """Until it must stop or fail."""
        while not stop.wait(0.001):
            if self.fail.is_set():
                self.fail.clear()
                raise DeviceError("device_missing", {"path": "/dev/x"})

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_opens_fails_and_opens_again() -> None:
    plug = Plug()
    watch = Watch("scale", plug)
    watch.works()
    plug.fail.set()
    assert watch.fails() == "device_missing"
    assert watch.supervisor.trouble == Refused("device_missing", {"device": "scale", "path": "/dev/x"})
    watch.again()
    watch.works(2)
    assert watch.states.told == [None, Refused("device_missing", {"device": "scale", "path": "/dev/x"}), None]
    assert watch.close()
    assert plug.opened == plug.closed == 2


def test_a_failure_and_its_end_are_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kassa.devices")
    plug, waits = Plug(), Kept()
    plug.trouble = DeviceError("device_silent")
    go = threading.Semaphore(0)

    def wait(bell: Bell, seconds: float) -> None:
        waits(seconds)
        assert go.acquire(timeout=WAIT_S)

    states = Kept()
    supervisor = Supervisor("scale", plug, states, wait=wait, clock=lambda: 0.0)
    supervisor.start()
    for _ in range(5):
        go.release()
    assert waits.wait(6) == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]
    plug.trouble = None
    go.release()
    assert states.wait(2) == [("scale", Refused("device_silent", {"device": "scale"})), ("scale", None)]
    supervisor.stop()
    assert supervisor.join(WAIT_S)
    assert [record.getMessage() for record in caplog.records] == ["scale: device_silent {}", "scale: works again"]


def test_a_device_that_flaps_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "kassa.devices")
    plug = Plug()
    watch = Watch("scale", plug)
    for round_ in range(1, 6):
        watch.works(round_)
        plug.fail.set()
        assert watch.fails() == "device_missing"
        watch.again()
    watch.works(6)
    assert watch.close()
    assert len(caplog.records) == 2


def test_a_device_that_worked_for_long_is_tried_again_soon() -> None:
    plug, now, waits = Plug(), [0.0], Kept()
    go = threading.Semaphore(0)

    def wait(bell: Bell, seconds: float) -> None:
        waits(seconds)
        assert go.acquire(timeout=WAIT_S)

    states = Kept()
    plug.trouble = DeviceError("device_missing")
    supervisor = Supervisor("scale", plug, states, wait=wait, clock=lambda: now[0])
    supervisor.start()
    go.release()
    waits.wait(2)
    plug.trouble = None
    go.release()
    states.until(lambda told: told[-1] == ("scale", None))
    now[0] = 60.0
    plug.fail.set()
    assert waits.wait(3) == [0.25, 0.5, 0.25]
    supervisor.stop()
    go.release()
    assert supervisor.join(WAIT_S)


def test_a_fault_in_a_driver_is_a_device_out_of_order_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    plug = Plug()
    plug.trouble = ZeroDivisionError("a bug")
    watch = Watch("display", plug)
    assert watch.fails() == "device_fault"
    assert "ZeroDivisionError" in caplog.text
    plug.trouble = None
    watch.again()
    watch.works()
    assert watch.close()


class Hanging:
    """A driver stuck in the kernel: hears nothing."""

    def __init__(self) -> None:
        self.inside, self.free = threading.Event(), threading.Event()

    def open(self, stop: Bell) -> None:
        """Hang."""
        self.inside.set()
        self.free.wait(WAIT_S)

    def run(self, stop: Bell) -> None:
        """Until the end."""
        stop.wait(WAIT_S)

    def close(self) -> None:
        """Nothing to let go of."""
        self.inside.clear()


def test_a_driver_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kassa_tui.hardware.registry.CLOSE_SECONDS", 0.05)
    hanging, plug, states = Hanging(), Plug(), Kept()
    devices = Devices(states)
    devices.add("scale", "nci", hanging)
    devices.add("scanner", "pipe", plug)
    devices.start()
    assert hanging.inside.wait(WAIT_S)
    assert states.wait() == [("scanner", None)]
    codes = [(each.role, each.trouble.code if each.trouble else "") for each in devices.states()]
    assert codes == [("scale", "device_opening"), ("scanner", "")]
    devices.close()
    devices.close()
    assert plug.closed == 1
    assert devices.states() == ()
    hanging.free.set()


def test_a_supervisor_that_was_never_started_ends() -> None:
    supervisor = Supervisor("scale", Plug(), Kept())
    supervisor.stop()
    assert supervisor.join(0)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EBUSY, "device_held"), (errno.EAGAIN, "device_held"), (errno.EACCES, "device_access"),
        (errno.ENOENT, "device_missing"), (errno.ENODEV, "device_missing"), (errno.EIO, "device_missing"),
        (errno.ENXIO, "device_missing"), (None, "device_missing"),
    ],
)  # fmt: skip
def test_errors_of_the_system(number: int | None, code: str) -> None:
    error = OSError() if number is None else OSError(number, "x")
    assert from_os(error, "/dev/x").code == code
    assert from_os(error, "/dev/x").facts["path"] == "/dev/x"


def test_a_ring_in_the_middle_of_a_clear_is_not_lost() -> None:
    bell, heard, rounds = Bell(), Kept(), 2000

    def listen() -> None:
        for _ in range(rounds):
            assert readable(bell.fileno(), None, WAIT_S) is bell.is_set() is True
            bell.clear()
            heard("!")

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    while len(heard.told) < rounds:
        bell.ring()
    listener.join(WAIT_S)
    bell.close()
    assert len(heard.told) == rounds


def test_a_bell_ends_a_wait_and_can_ring_again() -> None:
    bell, other = Bell(), Bell()
    bell.ring()
    bell.ring()
    assert bell.is_set()
    assert not readable(other.fileno(), bell, None)
    bell.clear()
    assert not bell.is_set()
    assert not readable(other.fileno(), bell, 0)
    bell.ring()
    assert bell.wait(0)
    for each in (bell, other, bell):
        each.close()
    assert bell.fileno() == -1
