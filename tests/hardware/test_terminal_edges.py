"""What only one protocol has: keys in files, certificates, repeated frames, log-ins, idempotency, and the command."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from kassa_tui.commands.simulate import behaviour, device
from kassa_tui.config_checks import KINDS
from kassa_tui.hardware.terminals import secrets
from kassa_tui.hardware.terminals.cloud import Pace
from kassa_tui.hardware.terminals.errors import TerminalError
from kassa_tui.hardware.terminals.make import make
from kassa_tui.hardware.terminals.port import TerminalPort
from kassa_tui.hardware.terminals.wake import Wake
from kassa_tui.hardware.terminals.web import Server
from kassa_tui.hardware.terminals.zvt import ZvtDriver
from kassa_tui.hardware.terminals.zvt_frames import Deframer, frame
from kassa_tui.hardware.terminals.zvt_line import Timers
from kassa_tui.services.ports import CardRequest, CardState
from kassa_tui.simulate.behaviour import Behaviour
from kassa_tui.simulate.nexo import NexoSimulator
from kassa_tui.simulate.practice import practice
from kassa_tui.simulate.terminals import KINDS as SIMULATED
from kassa_tui.simulate.terminals import start
from tests.hardware.terminal_rigs import WAIT_S, Rig, Told, free_port


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Makes rigs, and switches them off."""
    made: list[Rig] = []

    def one(kind: str, **options: object) -> Rig:
        made.append(Rig(kind, tmp_path / str(len(made)), **options))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for each in made:
        each.close()


def test_a_key_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "key.toml"
    path.write_text('api_key = "secret"\n')
    for mode, fine in ((0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o644, False)):
        path.chmod(mode)
        if fine:
            assert secrets.read(path, ("api_key",)) == {"api_key": "secret"}
        else:
            with pytest.raises(TerminalError) as raised:
                secrets.read(path, ("api_key",))
            assert raised.value.code == "key_file"
            assert "secret" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "api_key", 'other = "x"', 'api_key = ""', "\0"])
def test_a_key_file_that_holds_no_key(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(TerminalError):
        secrets.read(path, ("api_key",))
    with pytest.raises(TerminalError):
        secrets.read(tmp_path / "nothing", ("api_key",))


@pytest.mark.parametrize("kind", ["nexo", "mollie", "sumup"])
def test_without_its_key_nothing_is_charged(rig: Callable[..., Rig], kind: str) -> None:
    terminal = rig(kind)
    (terminal.folder / "key.toml").chmod(0o644)
    _, end, _ = terminal.pay()
    assert (end.state, end.detail["code"]) == ("refused", "key_file")
    assert terminal.books.charges == []


@pytest.mark.parametrize("kind", ["mollie", "sumup"])
def test_a_key_that_the_cloud_refuses(rig: Callable[..., Rig], kind: str) -> None:
    terminal = rig(kind)
    (terminal.folder / "key.toml").write_text('api_key = "no"\naffiliate_app = "a"\naffiliate_key = "b"\n')
    _, end, _ = terminal.pay()
    assert (end.state, end.detail["code"]) == ("refused", "key_refused")


def test_plain_http_goes_nowhere_but_to_this_machine() -> None:
    for url in ("http://192.168.1.5:8443", "http://example.nl", "http://127.0.0.1.example.nl"):
        with pytest.raises(TerminalError) as raised:
            Server(url)
        assert raised.value.code == "untrusted"
    assert Server("http://127.0.0.1:1")
    assert Server("https://192.168.1.5:8443")


@pytest.mark.parametrize("wrong", ["authority", "name", "file"])
def test_a_terminal_with_another_certificate_gets_no_order(rig: Callable[..., Rig], tmp_path: Path, wrong: str) -> None:
    terminal = rig("nexo-tls")
    other = tmp_path / "other"
    other.mkdir()
    impostor = NexoSimulator(folder=other, poi="P400Plus-999" if wrong == "name" else terminal.simulator.poi)
    try:
        if wrong == "file":
            (terminal.folder / "ca.pem").write_text("no certificate")
        else:
            source = other if wrong == "name" else terminal.folder
            (terminal.folder / "ca.pem").write_bytes((source / "ca.pem").read_bytes())
            terminal.simulator.web.url, terminal.simulator.url = impostor.url, impostor.url
            terminal.port = TerminalPort(terminal.driver())
        _, end, _ = terminal.pay()
        assert (end.state, end.detail["code"]) == ("refused", "key_file" if wrong == "file" else "untrusted")
        assert impostor.heard == []
    finally:
        impostor.close()


def test_a_nexo_message_with_another_secret_is_no_answer(rig: Callable[..., Rig]) -> None:
    terminal = rig("nexo")
    (terminal.folder / "key.toml").write_text('passphrase = "other"\nkey_identifier = "simulator"\nkey_version = 1\n')
    _, end, _ = terminal.pay()
    assert end.state == "unknown"
    assert terminal.books.charges == []


def test_a_nexo_service_id_charges_once(rig: Callable[..., Rig]) -> None:
    terminal, told = rig("nexo"), Told()
    request = terminal.request()
    for _ in range(3):
        told = Told()
        terminal.port.pay(request, told)
        assert told.wait().state == "approved"
    assert terminal.books.charged() == [1234]


def test_mollies_idempotency_key_charges_once(rig: Callable[..., Rig]) -> None:
    terminal = rig("mollie")
    request = terminal.request()
    for _ in range(3):
        told = Told()
        terminal.port.pay(request, told)
        assert told.wait().state == "approved"
    assert terminal.books.charged() == [1234]
    keys = [asked.headers.get("idempotency-key") for asked in terminal.simulator.web.asked if asked.method == "POST"]
    assert keys == [request.payment] * 3


def test_what_mollie_and_sumup_are_sent(rig: Callable[..., Rig]) -> None:
    mollie, sumup = rig("mollie"), rig("sumup")
    mollie.pay(1000)
    sumup.pay(1000)
    asked = mollie.simulator.web.asked[0]
    body = json.loads(asked.body)
    assert (asked.method, asked.path) == ("POST", "/v2/payments")
    assert body["amount"] == {"currency": "EUR", "value": "10.00"}
    assert (body["method"], body["terminalId"], body["metadata"]) == (
        "pointofsale", "term_sim", {"payment": "payment-0001"},
    )  # fmt: skip
    asked = sumup.simulator.web.asked[0]
    body = json.loads(asked.body)
    assert (asked.method, asked.path) == ("POST", "/v0.1/merchants/MSIM/readers/rdr_sim/checkout")
    assert body["total_amount"] == {"currency": "EUR", "minor_unit": 2, "value": 1000}
    assert body["affiliate"]["foreign_transaction_id"] == "payment-0001"


def test_an_opi_terminal_that_wants_a_log_in_first(rig: Callable[..., Rig]) -> None:
    terminal = rig("opi")
    terminal.simulator.logged_in = False
    _, end, _ = terminal.pay()
    assert end.state == "approved"
    assert terminal.simulator.heard == ["CardPayment", "Login", "CardPayment"]
    assert terminal.books.charged() == [1234]


def test_everything_an_opi_terminal_shows_and_prints_is_answered(rig: Callable[..., Rig]) -> None:
    terminal = rig("opi")
    _, end, told = terminal.pay()
    assert [state.state for state in told.states] == ["present_card", "enter_pin", "busy", "approved"]
    assert [answer.result for answer in terminal.simulator.device_answers] == ["Success"] * 4
    assert end.detail["slip"].startswith("KOPIE KLANT")


def test_a_taken_channel_refuses_the_payment(rig: Callable[..., Rig]) -> None:
    terminal = rig("opi")
    import socket

    with socket.create_server(("", terminal.listen_port)):
        _, end, _ = terminal.pay()
    assert (end.state, end.detail["code"]) == ("refused", "unreachable")
    assert terminal.books.charges == []


def test_a_serial_frame_that_is_damaged_is_sent_again_and_silence_about_money_is_not(tmp_path: Path) -> None:
    """The terminal refuses each frame once, and never says anything to the order to pay."""
    master, slave = os.openpty()
    import tty

    tty.setraw(slave)
    timers = Timers(character=0.1, frame=0.2, answer=0.2, whole=0.2)
    port = TerminalPort(ZvtDriver(path=os.ttyname(slave), timers=timers), ())
    told, deframer = Told(), Deframer()
    seen: list[str] = []
    try:
        port.pay(CardRequest("p", 1000), told)
        while not told.ends:
            if not select.select([master], [], [], 0.05)[0]:
                continue
            for event in deframer.feed(os.read(master, 4096)):
                if not isinstance(event, bytes):
                    continue
                order = event[:2].hex()
                seen.append(order)
                if order == "0600":
                    answers = frame(b"\x80\x00\x00") + frame(b"\x06\x0f\x00")
                    os.write(master, b"\x15" if seen.count(order) == 1 else b"\x06" + answers)
                elif order == "8000":
                    os.write(master, b"\x06")
    finally:
        port.close()
        os.close(master)
        os.close(slave)
    assert seen == ["0600", "0600", "8000", "0601"]
    assert told.wait().state == "unknown"


@pytest.mark.parametrize("kind", KINDS["card_terminal"])
def test_every_kind_of_the_configuration_can_be_made(kind: str, tmp_path: Path) -> None:
    given = {
        "host": "127.0.0.1",
        "terminal": "t",
        "merchant": "m",
        "key_file": tmp_path / "k",
        "ca_file": tmp_path / "c",
    }
    options = {name: given.get(name) if value is ... else value for name, value in KINDS["card_terminal"][kind].items()}
    if kind == "zvt":
        options |= {"host": "127.0.0.1", "port": free_port()}
    elif kind in ("opi", "nexo"):
        options |= {"port": free_port()}
    terminal = make(kind, options, "K1")
    told = Told()
    terminal.status(CardRequest("p", 100), told)
    assert told.wait().state == "unknown"
    terminal.close()
    terminal.close()


@pytest.mark.parametrize("kind", SIMULATED)
def test_the_practice_till_has_a_terminal_of_its_kind(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kassa_tui.simulate.practice.DWELL_S", 0.0)
    for cloud in ("mollie", "sumup"):
        monkeypatch.setattr(f"kassa_tui.hardware.terminals.{cloud}.Pace", partial(Pace, poll=0.01))
    terminal = practice(kind, "OEFK1", tmp_path)
    ends = {}
    for amount in (1200, 1213):
        told = Told()
        terminal.pay(CardRequest(f"p{amount}", amount, int(time.time() * 1000)), told)
        ends[amount] = told.wait().state
    terminal.close()
    terminal.close()
    assert ends == {1200: "approved", 1213: "refused"}


@pytest.mark.parametrize("kind", SIMULATED)
def test_what_a_simulator_says_about_itself_is_a_valid_device(kind: str, tmp_path: Path) -> None:
    simulator, options = start(kind, Behaviour(), tmp_path, call_back=free_port())
    simulator.close()
    simulator.close()
    (found,) = tomllib.loads(device("card_terminal", kind, options))["device"]
    assert found.pop("role") == "card_terminal"
    assert found.pop("kind") == kind
    assert set(found) <= set(KINDS["card_terminal"][kind])


def test_the_simulator_as_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kassa_tui", "simulate", "zvt", "--by-amount", "--dwell-ms", "0"]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while (line := process.stdout.readline().strip()) or not lines:
            lines.append(line)
        (found,) = tomllib.loads("\n".join(lines))["device"]
        port = TerminalPort(ZvtDriver(host=found["host"], port=found["port"]), ())
        told = Told()
        port.pay(CardRequest("p", 1213), told)
        end: CardState = told.wait()
        port.close()
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=WAIT_S)[0]
    assert end.state == "refused"
    assert "12,13" in rest
    assert process.returncode == 0


def test_options_of_the_command_become_behaviour() -> None:
    class Arguments:
        decline, unknown, by_amount, dwell_ms, hang, twice, cancel = False, True, False, 250, True, True, True
        drop_sent, drop_received = 10, None

    made = behaviour(Arguments())
    assert (made.end, made.dwell_s, made.hang, made.twice, made.drop_sent, made.on_drop) == (
        "unknown", 0.25, True, True, 10, "cancel",
    )  # fmt: skip


def test_waiting_ends_when_somebody_calls() -> None:
    wake = Wake()
    assert not wake.wait(0.01)
    wake.call()
    assert wake.wait(WAIT_S)
    assert not wake.rest(0.01)
    wake.call(closing=True)
    assert wake.rest(WAIT_S)
    wake.close()
    wake.call()
    assert wake.closing
