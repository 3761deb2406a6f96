"""Scales over a serial line: weighed, moved, overloaded, switched off, unplugged, noisy, closed twice."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from kassa_tui.hardware import registry, scale_device
from kassa_tui.hardware.scale_device import Order, ScaleDevice, ScalePort
from kassa_tui.hardware.supervisor import Bell, DeviceError
from kassa_tui.services.ports import ScaleState
from kassa_tui.simulate import scale as simulated
from kassa_tui.simulate.scale import KINDS, Pan, PtyScale, ScaleSimulator
from tests.hardware.device_bench import FarEnd, Kept, Watch

PRICE = 299
WEIGHED = ScaleState("weighed", True, 1250)
ALWAYS_ANSWER = [kind for kind in KINDS if kind != "adam"]


class Bench:
    """A till's side and a scale's side of one line."""

    def __init__(self, kind: str, patience_s: float = 5.0, idle_s: float = 30.0) -> None:
        self.kind, self.scale = kind, PtyScale(kind)
        self.pan = self.scale.pan
        self.device = make(kind, self.scale.path, patience_s)
        self.device._idle_s = idle_s
        self.watch = Watch("scale", self.device)
        self.port = ScalePort(self.device, lambda: self.watch.supervisor.trouble)
        self.states = Kept()

    def weigh(self) -> None:
        """Ask for a weight."""
        self.port.weigh(PRICE, "Bananen", self.states)

    def end(self) -> ScaleState:
        """How it ended."""
        told = self.states.until(lambda told: bool(told) and told[-1].final)
        assert isinstance(told[-1], ScaleState)
        return told[-1]

    def expected(self) -> ScaleState:
        """1,250 kg as this scale tells it."""
        return ScaleState("weighed", True, 1250, 374) if self.kind == "dialog06" else WEIGHED

    def close(self) -> None:
        """End both."""
        ended = self.watch.close()
        self.scale.unplug()
        assert ended


def make(kind: str, path: str, patience_s: float = 5.0, **options: Any) -> ScaleDevice:
    """A device with short pauses."""
    given: Mapping[str, Any] = {
        "path": path, "baud": None, "framing": None, "polynomial": "1021", "scale_text": False, **options,
    }  # fmt: skip
    device = registry.make_scale(kind, given)
    device._poll_s, device._patience_s = 0.005, patience_s
    return device


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(request.param)
    yield made
    made.close()


def test_a_weight(bench: Bench) -> None:
    bench.pan.thousandths = 1250
    bench.watch.works()
    bench.weigh()
    assert bench.end() == bench.expected()
    assert all(state.code == "scale_motion" for state in bench.states.told[:-1])


def test_goods_that_are_put_down_later_and_come_to_rest(bench: Bench) -> None:
    bench.watch.works()
    bench.weigh()
    if bench.kind != "adam":
        bench.states.until(lambda told: told[-1:] == [ScaleState("scale_empty")])
        bench.pan.thousandths, bench.pan.state = 700, simulated.MOTION
        bench.states.until(lambda told: told[-1].code == "scale_motion")
    bench.pan.thousandths, bench.pan.state = 1250, simulated.STABLE
    assert bench.end() == bench.expected()


@pytest.mark.parametrize("kind", ALWAYS_ANSWER)
@pytest.mark.parametrize(
    ("state", "code"), [(simulated.OVERLOAD, "scale_overload"), (simulated.UNDER_ZERO, "scale_under_zero")]
)
def test_no_weight_ends_in_time_with_the_reason(kind: str, state: str, code: str) -> None:
    bench = Bench(kind, patience_s=0.05)
    bench.pan.state = state
    bench.watch.works()
    bench.weigh()
    assert bench.end() == ScaleState(code, True)
    assert bench.watch.supervisor.trouble is None
    bench.close()


def test_an_answer_to_the_price_before_is_not_told(bench: Bench) -> None:
    bench.watch.works()
    first = Kept()
    bench.port.weigh(199, "Peren", first)
    bench.weigh()
    bench.pan.thousandths = 1250
    assert bench.end() == bench.expected()
    assert not any(state.final for state in first.told)


def test_a_weighing_that_is_cancelled_tells_nothing(bench: Bench) -> None:
    bench.watch.works()
    cancelled = Kept()
    bench.port.weigh(199, "Peren", cancelled)
    bench.port.cancel()
    bench.pan.thousandths = 1250
    bench.weigh()
    assert bench.end() == bench.expected()
    assert not any(state.final for state in cancelled.told)


def test_unplugged_and_plugged_in_again(bench: Bench) -> None:
    bench.watch.works()
    bench.scale.unplug()
    assert bench.watch.fails() == "device_missing"
    bench.weigh()
    assert bench.end() == ScaleState("device_missing", True)
    bench.scale = PtyScale(bench.kind)
    bench.scale.pan.thousandths = 1250
    bench.device._line.path = bench.scale.path
    bench.watch.again()
    bench.watch.works(2)
    bench.states = Kept()
    bench.weigh()
    assert bench.end() == bench.expected()


def test_unplugged_in_the_middle_of_a_weighing(bench: Bench) -> None:
    bench.watch.works()
    bench.weigh()
    bench.scale.unplug()
    assert bench.end() == ScaleState("device_missing", True)
    assert bench.watch.fails() == "device_missing"


def test_noise_is_no_weight(bench: Bench) -> None:
    bench.watch.works()
    bench.pan.state, bench.pan.thousandths = simulated.GARBAGE, 1250
    bench.weigh()
    bench.pan.state = simulated.STABLE
    assert bench.end() == bench.expected()


@pytest.mark.parametrize("kind", ALWAYS_ANSWER)
def test_a_scale_that_is_off_is_found_out_at_once(kind: str) -> None:
    end = FarEnd()
    with pytest.raises(DeviceError) as caught:
        make(kind, end.path).open(Bell())
    end.unplug()
    assert caught.value.code == "device_silent"


@pytest.mark.parametrize("kind", ["toledo8217", "dialog06"])
def test_a_scale_that_is_switched_off_is_noticed_in_rest(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_device, "ANSWER_S", 0.02)
    monkeypatch.setattr("kassa_tui.hardware.scale_dialog06.ANSWER_S", 0.02)
    bench = Bench(kind, idle_s=0.01)
    bench.watch.works()
    bench.pan.state = simulated.SILENT
    assert bench.watch.fails() == "device_silent"
    bench.pan.state = simulated.STABLE
    bench.watch.again()
    bench.watch.works(2)
    bench.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_scale_that_falls_silent_while_it_weighs(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_device, "ANSWER_S", 0.02)
    monkeypatch.setattr("kassa_tui.hardware.scale_dialog06.ANSWER_S", 0.02)
    bench = Bench(kind, patience_s=0.05)
    bench.watch.works()
    bench.pan.state = simulated.SILENT
    bench.weigh()
    assert bench.end() == ScaleState("device_silent", True)
    if kind == "adam":  # says nothing either while the weight stays as it is
        assert bench.watch.supervisor.trouble is None
    else:
        assert bench.watch.fails() == "device_silent"
    bench.close()


def test_a_scale_that_only_tells_changes_is_believed_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale_device, "ANSWER_S", 0.02)
    bench = Bench("adam", patience_s=0.05)
    bench.pan.thousandths = 1250
    bench.watch.works()
    for _ in range(2):
        bench.weigh()
        assert bench.end() == WEIGHED
        bench.states = Kept()
    monkeypatch.setattr(scale_device, "PATIENCE_S", 0.0)
    bench.pan.thousandths = 450
    bench.weigh()
    assert bench.end() == ScaleState("weighed", True, 450)
    bench.states = Kept()
    bench.weigh()
    assert bench.end() == ScaleState("device_silent", True)
    bench.close()


@pytest.mark.parametrize("kind", KINDS)
def test_closed_twice_and_before_it_was_opened(kind: str) -> None:
    scale, stop = PtyScale(kind), Bell()
    device, states = make(kind, scale.path), Kept()
    device.close()
    assert not device.take(Order(PRICE, "Bananen", states))
    device.open(stop)
    device.close()
    device.close()
    stop.ring()
    device.open(stop)
    device.run(stop)
    device.close()
    scale.unplug()
    assert states.told == []


def test_dialog_06_is_asked_for_proof_and_goes_on() -> None:
    bench = Bench("dialog06")
    bench.pan.thousandths, bench.pan.challenges = 1250, 2
    bench.watch.works()
    bench.weigh()
    assert bench.end() == bench.expected()
    assert bench.pan.challenges == 0
    bench.close()


@pytest.mark.parametrize("polynomial", ["8005", None])
def test_dialog_06_with_the_secret_of_another_maker_or_none(polynomial: str | None) -> None:
    scale = PtyScale("dialog06", Pan(1250, challenges=1))
    device, states = make("dialog06", scale.path, polynomial=polynomial), Kept()
    watch = Watch("scale", device)
    watch.works()
    assert device.take(Order(PRICE, "Bananen", states))
    assert states.until(lambda told: told[-1].final)[-1] == ScaleState("scale_unproven", True)
    assert watch.close()
    scale.unplug()


def test_dialog_06_is_sent_the_name_in_plain_letters() -> None:
    end, states = FarEnd(), Kept()
    device = make("dialog06", end.path, scale_text=True)

    simulator, heard = ScaleSimulator("dialog06", Pan(1250)), bytearray()

    def far_side() -> None:
        with contextlib.suppress(OSError):
            while True:
                data = os.read(end.far, 4096)
                heard.extend(data)
                end.send(simulator.hear(data))

    threading.Thread(target=far_side, daemon=True).start()
    watch = Watch("scale", device)
    watch.works()
    assert device.take(Order(PRICE, "Crème fraîche met kruiden", states))
    states.until(lambda told: told[-1].final)
    assert watch.close()
    end.unplug()
    assert b"\x04\x0204\x1b000299\x1bCreme fraiche\x03" in heard


@pytest.mark.parametrize("kind", KINDS)
def test_a_simulated_scale_answers_in_pieces_and_to_nonsense(kind: str) -> None:
    scale = ScaleSimulator(kind, Pan(1250))
    for value in b"\x00\xff\x04\x02zz\x1b\x03\r\n\x04\x05":
        assert isinstance(scale.hear(bytes((value,))), bytes)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "dialog06"])
def test_the_tare_is_taken_off_a_weight(kind: str) -> None:
    bench = Bench(kind)
    bench.pan.thousandths = 1250
    bench.watch.works()
    bench.port.weigh(PRICE, "Bananen", bench.states, 12)
    assert bench.end() == ScaleState("weighed", True, 1238, tare=12)
    bench.close()


@pytest.mark.parametrize(("thousandths", "code"), [(12, "scale_empty"), (5, "scale_below_tare"), (0, "scale_empty")])
def test_the_packing_alone_is_no_weight(thousandths: int, code: str) -> None:
    bench = Bench("mtsics", patience_s=0.05)
    bench.pan.thousandths = thousandths
    bench.watch.works()
    bench.port.weigh(PRICE, "Bananen", bench.states, 12)
    assert bench.end() == ScaleState(code, True)
    bench.close()


def test_a_tare_of_the_scale_besides_that_of_the_till_is_refused() -> None:
    with far_scale("toledo8217", lambda data: b"\x0201.250N\r" * data.count(b"W")) as (device, states):
        device.take(Order(PRICE, "Bananen", states, 12))
        assert states.until(lambda told: told[-1].final)[-1] == ScaleState("scale_tared", True)


def test_dialog_06_is_told_the_tare_and_gives_the_net_weight() -> None:
    simulator, heard = ScaleSimulator("dialog06", Pan(1238)), bytearray()

    def answer(data: bytes) -> bytes:
        heard.extend(data)
        return simulator.hear(data)

    with far_scale("dialog06", answer) as (device, states):
        device.take(Order(PRICE, "Bananen", states, 12))
        end = states.until(lambda told: told[-1].final)[-1]
        assert end == ScaleState("weighed", True, 1238, 370, 12)
    assert b"\x04\x0203\x1b000299\x1b0012\x03" in heard


@pytest.mark.parametrize("kind", ["toledo8217", "mtsics", "nci"])
@pytest.mark.parametrize("lying", [4, 1250])
def test_the_scale_is_set_to_zero_unless_something_lies_on_it(
    kind: str, lying: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale_device, "ZERO_S", 0.05)
    monkeypatch.setattr(scale_device, "ZERO_ANSWER_S", 0.02)
    pan = Pan(lying)
    simulator = ScaleSimulator(kind, pan)

    def answer(data: bytes) -> bytes:
        """Zeroes what is hardly more than nothing, as scales do."""
        if not data.startswith(b"Z"):
            return simulator.hear(data)
        within = pan.thousandths <= 20
        pan.thousandths = 0 if within else pan.thousandths
        said = {"mtsics": (b"Z I\r\n", b"Z A\r\n"), "nci": (b"\n?\r\x03", b"\n22\r\x03")}
        return said.get(kind, (b"", b""))[within]

    with far_scale(kind, answer) as (device, states):
        device.take(Order(0, "", states, zero=True))
        end = states.until(lambda told: told[-1].final)[-1]
    assert end == ScaleState("scale_zeroed" if lying == 4 else "scale_zero_refused", True)
    assert {state.code for state in states.told[:-1]} <= {"scale_motion"}


def test_a_moving_scale_is_not_at_zero() -> None:
    bench = Bench("toledo8217", patience_s=0.3)
    bench.pan.state = simulated.MOTION
    bench.watch.works()
    bench.port.zero(bench.states)
    assert bench.end() == ScaleState("scale_motion", True)
    bench.close()


def test_dialog_06_has_no_word_for_zero() -> None:
    bench = Bench("dialog06")
    bench.watch.works()
    bench.port.zero(bench.states)
    assert bench.end() == ScaleState("scale_no_zero", True)
    bench.close()


@contextlib.contextmanager
def far_scale(kind: str, answer: Callable[[bytes], bytes]) -> Iterator[tuple[ScaleDevice, Kept]]:
    """A device that runs, with ``answer`` at the far end of its line."""
    end, states = FarEnd(), Kept()
    device = make(kind, end.path, patience_s=0.5)

    def far_side() -> None:
        with contextlib.suppress(OSError):
            while True:
                end.send(answer(os.read(end.far, 4096)))

    threading.Thread(target=far_side, daemon=True).start()
    watch = Watch("scale", device)
    watch.works()
    try:
        yield device, states
    finally:
        assert watch.close()
        end.unplug()
