"""A printer that answers: asked before and after, its faults as codes, and a job that is done only when it says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui.hardware import print_session, printer_talk
from kassa_tui.hardware.print_client import PrintResult
from kassa_tui.hardware.printer import PrinterError, make_transport
from kassa_tui.simulate.printer import DevicePrinter, Faults, NetworkPrinter
from tests.hardware.printers import BON, NearProcess, network, text_of


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("QUIET_S", 0.02), ("STEP_S", 0.03), ("ANSWER_S", 0.2), ("FENCE_TRY_S", 0.2)):
        monkeypatch.setattr(printer_talk if hasattr(printer_talk, name) else print_session, name, seconds)


@pytest.fixture
def printer() -> Iterator[NetworkPrinter]:
    with network() as made:
        yield made


@pytest.fixture
def process(printer: NetworkPrinter, tmp_path: Path) -> NearProcess:
    near = NearProcess(printer.options, tmp_path / "state")
    assert near.send(BON).ok
    return near


def outcome(result: PrintResult) -> tuple[bool, str, bool]:
    return result.ok, result.code, result.doubt


def again(near: NearProcess, tmp_path: Path) -> NearProcess:
    """As after a restart of the print process."""
    assert near.station._session is not None
    near.station._session.close()
    return NearProcess(near_options(near), tmp_path / "state")


def near_options(near: NearProcess) -> dict[str, object]:
    transport: Any = near.station._transport
    return {"kind": "network", "host": transport.host, "port": transport.port}


def test_a_job_is_done_when_the_printer_has_printed_it(printer: NetworkPrinter, process: NearProcess) -> None:
    assert text_of(printer).count("Bon K1-000001") == 1
    assert printer.paper.rstrip(b"\0").endswith(b"\x1dr\x01")
    assert process.send(BON).seen == {"drawer": None, "advice": ""}


@pytest.mark.parametrize(
    ("fault", "code", "facts"),
    [
        ("paper_out", "printer_paper_out", {}),
        ("cover_open", "printer_cover_open", {}),
        ("offline", "printer_offline", {}),
        ("cutter_error", "printer_error", {"cause": "cutter"}),
    ],
)
def test_a_printer_that_is_not_well_gets_nothing(
    printer: NetworkPrinter, process: NearProcess, fault: str, code: str, facts: dict[str, object]
) -> None:
    before = printer.paper
    printer.set(**{fault: True})
    result = process.send(BON)
    assert outcome(result) == (False, code, False)
    assert facts.items() <= result.facts.items()
    printer.set(**{fault: False})
    assert process.send(BON).ok
    assert text_of(printer).count("Bon K1-000001") == 2
    assert printer.paper.startswith(before)


def test_paper_that_is_nearly_out_stops_nothing(printer: NetworkPrinter, process: NearProcess) -> None:
    printer.set(paper_near_end=True)
    result = process.send(BON)
    assert result.ok
    assert result.seen == {"drawer": None, "advice": "printer_paper_low"}


def test_paper_out_in_the_middle_goes_on_with_a_new_roll(printer: NetworkPrinter, process: NearProcess) -> None:
    printer.set(paper_out_after=30)
    result = process.send(BON)
    assert outcome(result) == (False, "printer_paper_out", True)
    assert outcome(process.look()) == (False, "printer_paper_out", True)
    printer.set(paper_out=False)
    assert process.look().finished
    assert text_of(printer).count("Bon K1-000001") == 2
    assert not process.look().finished


def test_switched_off_with_a_job_in_it_is_the_end_of_that_job(printer: NetworkPrinter, process: NearProcess) -> None:
    printer.set(paper_out_after=30)
    assert process.send(BON).code == "printer_paper_out"
    printer.power_cycle()
    printer.set(paper_out=False)
    assert outcome(process.look()) == (False, "printer_refused", True)
    assert outcome(process.look()) == (True, "", False)
    assert not process.look().finished
    assert process.send(BON).ok
    assert text_of(printer).count("[QR K1]") == 2


def test_a_buffer_forgotten_on_a_line_that_holds_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(print_session, "PATIENCE_S", 0.1)
    monkeypatch.setattr(print_session, "LINES_PER_S", 1000)
    printer = DevicePrinter()
    try:
        near = NearProcess({"kind": "serial", "path": printer.path, "baud": 115200}, tmp_path / "state")
        assert near.send(BON).ok
        printer.set(paper_out_after=30)
        assert near.send(BON).code == "printer_paper_out"
        with printer._changed:
            printer._buffer.clear()
        printer.set(paper_out=False)
        assert outcome(near.look()) == (False, "printer_forgot", True)
        assert near.send(BON).ok
        assert text_of(printer).count("[QR K1]") == 2
    finally:
        printer.close()


@pytest.mark.parametrize("kind", ["usb", "serial"])
def test_a_device_file_and_a_serial_line_answer_too(tmp_path: Path, kind: str) -> None:
    printer = DevicePrinter(Faults(paper_near_end=True))
    try:
        near = NearProcess({"kind": kind, "path": printer.path}, tmp_path / "state")
        assert near.send(BON).seen == {"drawer": None, "advice": "printer_paper_low"}
        printer.set(cover_open=True)
        assert outcome(near.send(BON)) == (False, "printer_cover_open", False)
        assert text_of(printer).count("Bon K1-000001") == 1
    finally:
        printer.close()


def test_a_device_that_is_unplugged_is_not_made_into_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lp0"
    for status in ("auto", "off"):
        near = NearProcess({"kind": "usb", "path": str(path), "status": status}, tmp_path / "state")
        assert outcome(near.send(BON)) == (False, "printer_unreachable", False)
    assert not path.exists()
    path.write_bytes(b"")
    with pytest.raises(PrinterError) as caught:
        make_transport({"kind": "usb", "path": str(path)}).deliver(b"x")
    assert (caught.value.facts["reason"], path.read_bytes()) == ("ENODEV", b"")


def test_a_printer_that_never_answers_is_printed_on_and_soon_asked_no_more(tmp_path: Path) -> None:
    with network(Faults(silent=True)) as printer:
        near = NearProcess(printer.options, tmp_path / "state")
        for _ in range(print_session.SILENT_JOBS):
            assert near.send(BON) == PrintResult(True)
        assert near.station._session is not None
        assert not near.station._session.asks
        before = printer.received
        assert near.send(BON).ok
        assert printer.wait_for(lambda it: text_of(it).count("Bon K1-000001") == 4)
        assert b"\x10\x04" not in printer.paper[before:]
        assert not near.look().finished


def test_a_printer_that_must_answer_and_does_not_gets_nothing(tmp_path: Path) -> None:
    with network(Faults(silent=True)) as printer:
        near = NearProcess({**printer.options, "status": "required"}, tmp_path / "state")
        assert outcome(near.send(BON)) == (False, "printer_silent", False)
        assert printer.paper.strip(b"\0") == b""


def test_a_printer_that_is_not_to_be_asked_is_not(tmp_path: Path) -> None:
    with network() as printer:
        near = NearProcess({**printer.options, "status": "off"}, tmp_path / "state")
        assert near.send(BON) == PrintResult(True)
        assert near.kick() == PrintResult(True)
        assert printer.wait_for(lambda it: it.kicks == 1)
        assert b"\x1dr" not in printer.paper


def test_who_answered_once_must_go_on_answering_also_after_a_restart(
    printer: NetworkPrinter, process: NearProcess, tmp_path: Path
) -> None:
    later = again(process, tmp_path)
    printer.set(silent=True)
    assert outcome(later.send(BON)) == (False, "printer_silent", False)
    assert outcome(later.look()) == (False, "printer_silent", False)
    assert later.look().seen is None
    assert text_of(printer).count("Bon K1-000001") == 1


def test_another_printer_in_its_place_is_learned_anew(process: NearProcess, tmp_path: Path) -> None:
    with network(Faults(silent=True)) as other:
        assert NearProcess(other.options, tmp_path / "state").send(BON).ok


@pytest.mark.parametrize("kept", [b"", b"[]", b"{", b'{"printer": 1}', b'{"votes": "x"}', b"\xff"])
def test_a_memory_that_is_spoilt_is_learned_again(printer: NetworkPrinter, tmp_path: Path, kept: bytes) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "printer.json").write_bytes(kept)
    assert NearProcess(printer.options, state).send(BON).seen is not None
    assert b'"answers": true' in (state / "printer.json").read_bytes()


def test_a_printer_without_an_answer_behind_the_job(tmp_path: Path) -> None:
    with network(Faults(no_fence=True)) as printer:
        near = NearProcess(printer.options, tmp_path / "state")
        assert near.send(BON).ok
        assert near.send(BON).ok
        assert printer.wait_for(lambda it: text_of(it).count("Bon K1-000001") == 2)
        printer.set(paper_out=True)
        assert outcome(near.send(BON)) == (False, "printer_paper_out", False)


def test_a_slow_printer_is_waited_for_and_prints_once(
    printer: NetworkPrinter, process: NearProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_session, "JOB_S", 0.2)
    monkeypatch.setattr(print_session, "LOOK_S", 0.1)
    printer.set(byte_seconds=0.003)
    assert outcome(process.send(BON)) == (False, "printer_busy", True)
    deadline = time.monotonic() + 20
    while not (result := process.look()).finished:
        assert (result.code, result.facts["pending"]) == ("printer_busy", True)
        assert time.monotonic() < deadline
    assert text_of(printer).count("Bon K1-000001") == 2


def test_a_printer_that_hangs_with_a_job_keeps_it_in_doubt(
    printer: NetworkPrinter, process: NearProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_session, "JOB_S", 0.3)
    monkeypatch.setattr(print_session, "LOOK_S", 0.1)
    assert process.station._session is not None
    process.station._session._sending = lambda: printer.set(hang=True)
    assert outcome(process.send(BON)) == (False, "printer_silent", True)
    printer.set(hang=False)
    deadline = time.monotonic() + 20
    while not process.look().finished:
        assert time.monotonic() < deadline
    assert text_of(printer).count("Bon K1-000001") == 2


def test_the_drawer_of_a_printer_without_paper_opens_at_once(printer: NetworkPrinter, process: NearProcess) -> None:
    printer.set(paper_out=True)
    assert process.kick().ok
    assert printer.wait_for(lambda it: it.kicks == 1)
    printer.set(paper_out=False)
    assert process.send(BON).ok
    assert printer.kicks == 1


def test_the_drawer_opens_while_a_job_waits_for_paper(printer: NetworkPrinter, process: NearProcess) -> None:
    printer.set(paper_out_after=30)
    assert process.send(BON).code == "printer_paper_out"
    assert process.kick().ok
    assert printer.wait_for(lambda it: it.kicks == 1)
    printer.set(paper_out=False)
    assert process.look().finished


@pytest.mark.parametrize("open_level", [True, False])
def test_the_switch_of_the_drawer_is_learned(
    printer: NetworkPrinter, process: NearProcess, tmp_path: Path, open_level: bool
) -> None:
    printer.open_level = open_level
    told = []
    for _ in range(3):
        assert process.kick().ok
        assert printer.wait_for(lambda it: it.drawer_open)
        told.append((process.look().seen or {})["drawer"])
        printer.shut_drawer()
        told.append((process.look().seen or {})["drawer"])
    assert told == [None, None, True, False, True, False]
    assert (again(process, tmp_path).look().seen or {})["drawer"] is False


def test_a_drawer_without_a_switch_is_never_said_to_be_open(printer: NetworkPrinter, process: NearProcess) -> None:
    printer.no_switch = True
    for _ in range(4):
        assert process.kick().ok
        assert (process.look().seen or {})["drawer"] is None


@pytest.mark.parametrize(("sensor", "told"), [("high", True), ("low", False), ("none", None)])
def test_the_switch_may_be_configured(printer: NetworkPrinter, tmp_path: Path, sensor: str, told: object) -> None:
    near = NearProcess({**printer.options, "drawer_sensor": sensor}, tmp_path / "state")
    printer.open_drawer()
    assert (near.send(BON).seen or {})["drawer"] is told


@pytest.mark.parametrize(("option", "value"), [("status", "maybe"), ("drawer_sensor", 1)])
def test_a_wrong_option_names_itself(printer: NetworkPrinter, tmp_path: Path, option: str, value: object) -> None:
    with pytest.raises(PrinterError) as caught:
        NearProcess({**printer.options, option: value}, tmp_path / "state")
    assert (caught.value.code, caught.value.facts) == ("printer_config", {"option": option, "value": value})


def test_pin_and_pulse_reach_the_printer(printer: NetworkPrinter, tmp_path: Path) -> None:
    options = {**printer.options, "drawer_pin": 5, "drawer_on_ms": 120, "drawer_off_ms": 240}
    near = NearProcess(options, tmp_path / "state")
    assert near.send(BON).ok
    assert near.kick().ok
    assert printer.wait_for(lambda it: it.kicks == 1)
    assert printer.paper.endswith(b"\x1bp\x01\x3c\x78")


def test_the_line_is_given_back_for_another_till(printer: NetworkPrinter, process: NearProcess, tmp_path: Path) -> None:
    held = [process.station.busy]
    process.station.rest()
    held.append(process.station.busy)
    assert held == [True, False]
    assert NearProcess(printer.options, tmp_path / "other").send(BON).ok


def test_a_line_that_was_lost_between_two_jobs_is_opened_again(printer: NetworkPrinter, process: NearProcess) -> None:
    printer.power_cycle()
    assert process.send(BON).ok
    assert text_of(printer).count("Bon K1-000001") == 2


def test_a_command_cut_off_does_not_swallow_the_next_job(
    printer: NetworkPrinter, process: NearProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(print_session, "JOB_S", 0.3)
    assert process.station._session is not None
    line = process.station._session._talk.open()
    # A picture of 1200 bytes, of which the first ten come; the bytes before the next job are fewer at first.
    line.write(b"\x1dv0\x00\x28\x00\x1e\x00" + bytes(10))
    later = again(process, tmp_path)
    assert outcome(later.send(BON)) == (False, "printer_busy", False)
    assert later.send(BON).ok
    assert text_of(printer).count("Bon K1-000001") == 2


def test_the_answer_to_an_older_job_is_not_taken_for_this_one(printer: NetworkPrinter, process: NearProcess) -> None:
    """The line goes after the job went out and before it was worked off: its answer comes on the next line."""
    printer.set(byte_seconds=0.002)
    assert process.station._session is not None
    session, dropped = process.station._session, threading.Event()

    def cut() -> None:
        printer.wait_for(lambda it: bool(it._buffer) and it._buffer.endswith(b"\x1dr\x01"))
        with printer._changed:
            printer._drop()
        dropped.set()

    session._sending = lambda: threading.Thread(target=cut, daemon=True).start()
    first = process.send(BON)
    assert dropped.wait(10)
    session._sending = lambda: None
    assert (first.ok, first.doubt) == (False, True)
    assert process.send(BON).ok
    assert text_of(printer).count("[QR K1]") == 3
