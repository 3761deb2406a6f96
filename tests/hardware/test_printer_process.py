"""The print process and the till's end of it: every fault of the child is a result, and the next job prints again."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kassa_tui.domain.document import Cut, Document, Logo, Row, Text
from kassa_tui.hardware import print_process
from kassa_tui.hardware.escpos_read import read
from kassa_tui.hardware.print_client import LOG_NAME, PrintProcess, PrintResult
from kassa_tui.hardware.print_process import Station, answer, layout_of, run
from kassa_tui.hardware.printer import PrinterError
from kassa_tui.hardware.wire import to_json
from tests.hardware.printers import network, text_of

BON: Document = (Text("De Gouden Ster"), Row("Café [/b] \x1b@", "€ 2,95"), Cut())
KICK = b"\x1bp\x002d"
SCREEN = {"kind": "screen", "profile": "TM-T88V"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("till") / "printer"


@pytest.fixture(scope="module")
def screen(state: Path) -> Iterator[PrintProcess]:
    process = PrintProcess(SCREEN, state)
    yield process
    process.close()


def child_of(process: PrintProcess) -> int:
    assert process._child is not None
    return process._child._process.pid


def stub(code: str, state: Path) -> PrintProcess:
    """A print process that misbehaves as the code says."""
    return PrintProcess({}, state, [sys.executable, "-c", "import json, os, signal, sys, time\n" + code])


def test_the_screen_gets_its_bytes(screen: PrintProcess) -> None:
    result = screen.send(BON)
    assert (result.ok, result.code, dict(result.facts)) == (True, "", {"columns": 42, "page": 19, "codec": "cp858"})
    assert read(result.data, 42).text().split("\n")[:2] == ["De Gouden Ster", "Café [/b] @" + " " * 25 + "€ 2,95"]


def test_the_drawer_comes_before_the_paper(screen: PrintProcess) -> None:
    assert screen.kick().data == KICK
    paper = screen.send(BON).data
    assert screen.send(BON, kick=True, copies=2).data == KICK + paper + paper


def test_the_same_child_serves_every_job(screen: PrintProcess) -> None:
    screen.send(BON)
    first = child_of(screen)
    screen.send(BON)
    assert child_of(screen) == first


def test_the_kick_is_a_delivery_of_its_own(tmp_path: Path, state: Path) -> None:
    station = Station({"kind": "file", "path": str(tmp_path)}, state)
    assert station.serve({"document": to_json(BON), "kick": True}) == {"ok": True}
    jobs = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert jobs[0] == KICK
    assert [job.startswith(b"\x1b@") for job in jobs] == [False, True]


def test_a_child_that_was_killed_is_replaced(screen: PrintProcess) -> None:
    screen.send(BON)
    os.kill(child_of(screen), signal.SIGKILL)
    result = screen.send(BON)
    assert (result.ok, result.code, result.facts) == (False, "printer_crashed", {"reason": "ended", "exit": -9})
    assert screen.send(BON).ok


def test_a_child_killed_in_the_middle_of_a_job_is_replaced(state: Path) -> None:
    accepted, go_on = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as printer:

        def serve() -> None:
            connection, _ = printer.accept()
            accepted.set()
            go_on.wait(20)
            connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        options = {"kind": "network", "host": "127.0.0.1", "port": printer.getsockname()[1], "timeout_s": 20}
        process = PrintProcess(options, state)
        results: list[PrintResult] = []
        # A job too long for the buffers keeps the child busy until it is killed.
        long: Document = (Text("x" * 42),) * 50_000
        sender = threading.Thread(target=lambda: results.append(process.send(long, timeout_s=30, copies=10)))
        sender.start()
        assert accepted.wait(20)
        os.kill(child_of(process), signal.SIGKILL)
        sender.join(20)
        go_on.set()
        thread.join(20)
        process.close()
    assert [(result.code, result.facts) for result in results] == [
        ("printer_crashed", {"reason": "ended", "exit": -9}),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "garbage", "[]", "null", '{"id": 99, "ok": true}', '{"id": 1, "ok": true, "bytes": 5}', "[" * 100_000,
        '{"id": 1, "ok": true, "bytes": "!!"}', '{"id": 1, "ok": true, "facts": []}', "\\udc80",
    ],
    ids=range(9),
)  # fmt: skip
def test_a_garbled_answer_is_a_crash(state: Path, line: str) -> None:
    process = stub(f"sys.stdin.readline(); print({line!r}, flush=True); sys.stdin.readline()", state)
    result = process.send(BON)
    assert (result.ok, result.code, result.facts["reason"]) == (False, "printer_crashed", "garbage")
    assert process._child is None
    process.close()


def test_a_child_that_hangs_is_killed_and_replaced(state: Path) -> None:
    process = stub("signal.pause()", state)
    process.warm()
    hanging = child_of(process)
    begun = time.monotonic()
    result = process.send(BON, timeout_s=0.3)
    assert time.monotonic() - begun < 3
    assert result == PrintResult(False, "printer_timeout", {"seconds": 0.3})
    with pytest.raises(ProcessLookupError):
        os.kill(hanging, 0)
    assert process.kick(timeout_s=0.1).code == "printer_timeout"
    process.close()


def test_a_child_that_never_reads_is_a_timeout(state: Path) -> None:
    process = stub("signal.pause()", state)
    result = process.send((Text("x" * 1000),) * 1000, timeout_s=0.3)
    assert result.code == "printer_timeout"
    process.close()


@pytest.mark.parametrize("code", ["sys.exit(3)", "sys.stdin.readline(); sys.exit(3)"])
def test_a_child_that_ends_is_a_crash_with_its_status(state: Path, code: str) -> None:
    process = stub(code, state)
    result = process.send(BON)
    assert (result.code, result.facts) == ("printer_crashed", {"reason": "ended", "exit": 3})
    process.close()


SENDING = "sys.stdin.readline(); print('{\"sending\": true}', flush=True); "


@pytest.mark.parametrize(
    ("code", "result", "doubt"),
    [
        ("sys.stdin.readline(); sys.exit(3)", "printer_crashed", False),
        (SENDING + "sys.exit(3)", "printer_crashed", True),
        ("signal.pause()", "printer_timeout", False),
        (SENDING + "signal.pause()", "printer_timeout", True),
        (SENDING + "print('nonsense', flush=True)", "printer_crashed", True),
        (SENDING + """print('{"id": 1, "ok": false, "code": "x", "doubt": true}', flush=True)""", "x", True),
        (SENDING + """print('{"id": 1, "ok": true}', flush=True)""", "", False),
    ],
    ids=range(7),
)
def test_doubt_begins_when_the_child_says_that_it_sends(state: Path, code: str, result: str, doubt: bool) -> None:
    process = stub(code, state)
    process.warm()
    told = process.send(BON, timeout_s=1.0 if "pause" in code else 20)
    assert (told.code, told.doubt) == (result, doubt)
    process.close()


def test_what_the_child_said_last_counts_also_after_the_time_is_up(state: Path) -> None:
    """It begins to send in the moment in which the till gives it up."""
    process = stub("time.sleep(30)", state)
    process.warm()
    assert process._child is not None
    child = process._child
    child._read += b'{"sending": true}\n'
    child.end(0.0)
    assert child.sending


def test_a_killed_child_leaves_a_doubt_and_the_receipt_comes_again(state: Path, tmp_path: Path) -> None:
    """With the real child and a printer that hangs in the middle of the job."""
    with network() as printer:
        process = PrintProcess({**printer.options, "profile": "TM-T88V"}, tmp_path / "state")
        assert process.send(BON).ok
        printer.set(paper_out_after=30)
        results: list[PrintResult] = []
        sender = threading.Thread(target=lambda: results.append(process.send(BON, timeout_s=30)))
        killed = child_of(process)
        sender.start()
        assert printer.wait_for(lambda it: it._faults.paper_out)
        os.kill(killed, signal.SIGKILL)
        sender.join(20)
        assert [result.doubt for result in results] == [True]
        printer.set(paper_out=False)
        assert not process.look().finished
        assert process.send(BON).ok
        assert text_of(printer).count("De Gouden Ster") == 3
        process.close()


def test_a_line_is_given_back_when_nobody_asks_for_it(tmp_path: Path) -> None:
    with network() as printer:
        process = PrintProcess({**printer.options, "profile": "TM-T88V"}, tmp_path / "state")
        assert process.send(BON).ok
        assert printer.wait_for(lambda it: it._line is None, 20)
        assert process.send(BON).ok
        process.close()


def test_a_child_that_cannot_start_is_a_crash(tmp_path: Path) -> None:
    missing = PrintProcess({}, tmp_path / "state", ["/nonexistent/python"])
    missing.warm()
    result = missing.send(BON)
    assert (result.code, result.facts) == ("printer_crashed", {"reason": "FileNotFoundError", "exit": None})
    (tmp_path / "file").write_bytes(b"")
    assert PrintProcess({}, tmp_path / "file").send(BON).facts["reason"] == "FileExistsError"


def test_closing_is_final_and_can_be_repeated(state: Path) -> None:
    process = PrintProcess(SCREEN, state)
    process.warm()
    running = child_of(process)
    process.close()
    process.close()
    with pytest.raises(ProcessLookupError):
        os.kill(running, 0)
    assert process.send(BON) == PrintResult(False, "printer_closed")
    process.warm()
    assert process._child is None


def test_closing_ends_a_job_that_hangs(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kassa_tui.hardware.print_client.GRACE_S", 0.3)
    process = stub("sys.stdin.readline(); print('got it', file=sys.stderr, flush=True); signal.pause()", state)
    process.warm()
    results: list[PrintResult] = []
    sender = threading.Thread(target=lambda: results.append(process.send(BON, timeout_s=30)))
    sender.start()
    deadline = time.monotonic() + 20
    while b"got it" not in (state / LOG_NAME).read_bytes():
        assert time.monotonic() < deadline
        os.sched_yield()
    begun = time.monotonic()
    process.close()
    sender.join(10)
    assert time.monotonic() - begun < 5
    assert [result.code for result in results] == ["printer_crashed"]


def test_a_second_thread_waits_no_longer_than_it_says(state: Path) -> None:
    process = stub("signal.pause()", state)
    process._turn.acquire()
    assert process.kick(timeout_s=0.05) == PrintResult(False, "printer_timeout", {"seconds": 0.05})
    process._turn.release()
    process.close()


def test_the_child_ends_with_the_till(state: Path) -> None:
    command = [sys.executable, "-m", "kassa_tui.hardware.print_process", json.dumps(SCREEN), str(state)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        out, _ = child.communicate(b'{"id": 1, "document": []}\nnot json\n', timeout=60)
    first, second = (json.loads(line) for line in out.splitlines())
    assert (first["id"], first["ok"], first["bytes"]) == (1, True, "")
    assert (second["id"], second["ok"], second["code"]) == (None, False, "print_request")
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        ({"kind": "fax"}, {"option": "kind", "value": "fax"}),
        ({**SCREEN, "profile": "TM-T88"}, {"option": "profile", "value": "TM-T88", "nearest": "TM-T88V"}),
        ({**SCREEN, "codepage": "CP8588"}, {"option": "codepage", "value": "CP8588", "nearest": "CP858"}),
        ({**SCREEN, "drawer_pin": 3}, {"option": "drawer_pin", "value": 3}),
        ({**SCREEN, "drawer_on_ms": 0}, {"option": "drawer_on_ms", "value": 0}),
    ],
)
def test_a_wrong_configuration_answers_each_job(state: Path, options: dict[str, object], facts: object) -> None:
    with pytest.raises(PrinterError) as refused:
        Station(options, state)
    assert (refused.value.code, refused.value.facts) == ("printer_config", facts)


def test_a_wrong_configuration_reaches_the_till(state: Path) -> None:
    process = PrintProcess({"kind": "network"}, state)
    for _ in range(2):
        assert process.send(BON) == PrintResult(False, "printer_config", {"option": "host", "value": None})
    process.close()


def test_a_printer_that_fails_reaches_the_till(tmp_path: Path, state: Path) -> None:
    process = PrintProcess({"kind": "file", "path": str(tmp_path / "no" / "lp0")}, state)
    result = process.send(BON)
    process.close()
    assert (result.code, result.facts["reason"]) == ("printer_unreachable", "ENOENT")


def test_a_missing_logo_is_told_and_the_paper_comes(tmp_path: Path, state: Path) -> None:
    station = Station({"kind": "file", "path": str(tmp_path / "lp0"), "logo": str(tmp_path / "none.png")}, state)
    reply = station.serve({"document": to_json((Logo(), Text("a")))})
    assert reply == {"ok": True, "facts": {"logo": "logo_unreadable"}}
    assert (tmp_path / "lp0").read_bytes().endswith(b"a\n")


@pytest.mark.parametrize(
    "request_line",
    [
        b"", b"\xff", b"[]", b"{", b'{"document": {}}', b'{"document": [{"kind": "fax"}]}', b'{"copies": 0}',
        b'{"copies": 11}', b'{"copies": true}', b'{"kick": 1}', b"[" * 100_000,
    ],
    ids=range(11),
)  # fmt: skip
def test_a_request_that_is_none_is_answered(tmp_path: Path, state: Path, request_line: bytes) -> None:
    reply = answer(request_line, Station({"kind": "file", "path": str(tmp_path)}, state).serve)
    assert (reply["ok"], reply["code"]) == (False, "print_request")
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_the_program_is_an_answer_and_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    def stumble(_: object) -> dict[str, object]:
        raise KeyError("x")

    out = io.BytesIO()
    run(io.BytesIO(b'{"id": 7}\n'), out, stumble)
    assert json.loads(out.getvalue()) == {
        "id": 7, "ok": False, "code": "print_failed", "facts": {"error": "KeyError: 'x'"},
    }  # fmt: skip
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("logo", 3), ("logo", "a\0"), ("cut", "half"), ("double_byte", 1), ("profile", ""), ("profile", 5),
        ("codepage", None), ("width_px", 10), ("width_px", "512"), ("columns", 4), ("columns", True),
    ],
)  # fmt: skip
def test_a_wrong_layout_names_its_option(option: str, value: object) -> None:
    with pytest.raises(PrinterError) as refused:
        layout_of({option: value})
    assert (refused.value.code, refused.value.facts) == ("printer_config", {"option": option, "value": value})


def test_a_layout_from_options() -> None:
    layout = layout_of({"profile": "TM-T20II", "logo": "/etc/kassa/logo.png", "cut": "part", "columns": 48})
    assert (layout.profile, layout.logo, layout.cut, layout.columns, layout.width_px, layout.codepage) == (
        "TM-T20II", Path("/etc/kassa/logo.png"), "PART", 48, None, "CP858",
    )  # fmt: skip


def test_without_arguments_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_process.main([]) == 2
    assert "OPTIONS STATE_DIR" in capsys.readouterr().err
