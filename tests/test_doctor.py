"""What ``kassa doctor`` sees of the machine, on paper and at night; the till's own parts are in ``test_cli``."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pytest

from kassa_tui import cli, config
from kassa_tui.commands.doctor import FOUND, REPORT, SOMETIMES
from kassa_tui.config import Device
from kassa_tui.services import device_findings, health, machine
from tests.services.shop_floor import Clock, make_shop

NOW = 1_795_262_400_000


def device(role: str = "scale", kind: str = "nci", **options: object) -> Device:
    """A device as the configuration gives it."""
    return Device(role, kind, MappingProxyType(options))


def test_an_unplugged_device_is_missed(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    found = machine.device(device(path=port))
    assert found
    assert found[:2] == ("fail", "missing")
    port.touch()
    assert machine.device(device(path=port)) == ("ok", "there", {"role": "scale", "kind": "nci", "place": str(port)})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_device_that_may_not_be_opened(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch(0o000)
    found = machine.device(device(path=port))
    assert found
    assert found[1] == "no_access"


def test_a_terminal_on_the_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = machine.device(device("card_terminal", "zvt", host="127.0.0.1", port=port))
        assert found
        assert found[1] == "there"
    silent = machine.device(device("card_terminal", "zvt", host="127.0.0.1", port=port))
    assert silent
    assert silent[:2] == ("fail", "silent")


def test_a_device_without_a_plug_is_not_judged() -> None:
    assert machine.device(device("scanner", "wedge")) is None


def test_a_usb_device_is_known_by_its_numbers(tmp_path: Path) -> None:
    place = tmp_path / "bus" / "usb" / "devices" / "1-1"
    place.mkdir(parents=True)
    (place / "idVendor").write_text("0c2e\n")
    (place / "idProduct").write_text("0b61\n")
    assert machine.plugged("0C2E:0b61", tmp_path)
    assert not machine.plugged("0c2e:0b62", tmp_path)


@pytest.mark.parametrize(
    ("life", "spare", "found"),
    [("0x01 0x02", "0x01", ("ok", "young", 20)), ("0x08 0x01", "0x01", ("warn", "worn", 80)),
     ("0x0a 0x01", "0x01", ("fail", "worn_out", 100)), ("0x0b 0x0b", "0x01", ("fail", "worn_out", 100)),
     ("0x02 0x02", "0x02", ("warn", "worn", 20)), ("0x02 0x02", "0x03", ("fail", "worn_out", 20))],
)  # fmt: skip
def test_a_card_says_how_worn_it_is(tmp_path: Path, life: str, spare: str, found: tuple[str, str, int]) -> None:
    place = tmp_path / "block" / "mmcblk0" / "device"
    place.mkdir(parents=True)
    (place / "life_time").write_text(life + "\n")
    (place / "pre_eol_info").write_text(spare + "\n")
    state, code, percent = found
    assert list(machine.wear(tmp_path)) == [(state, code, {"disk": "mmcblk0", "percent": percent})]


def test_a_card_that_says_nothing_is_left_out(tmp_path: Path) -> None:
    place = tmp_path / "block" / "mmcblk0" / "device"
    place.mkdir(parents=True)
    for text in ("0x00 0x00", "garbage", ""):
        (place / "life_time").write_text(text)
        (place / "pre_eol_info").write_text("0x00")
        assert list(machine.wear(tmp_path)) == []


@pytest.mark.parametrize(
    ("ntp", "synchronised", "code"), [("yes", "yes", "follows"), ("yes", "no", "waits"), ("no", "no", "off")]
)
def test_whether_the_clock_follows_a_server(ntp: str, synchronised: str, code: str) -> None:
    found = machine.network_time(("printf", f"NTP={ntp}\\nNTPSynchronized={synchronised}\\n"))
    assert found
    assert found[1] == code


@pytest.mark.parametrize("words", [("false",), ("is-not-here",), ("echo", "what?")])
def test_a_machine_that_does_not_know_its_server(words: tuple[str, ...]) -> None:
    assert machine.network_time(words) is None


def test_how_old_the_newest_copy_is(tmp_path: Path) -> None:
    assert machine.backups(tmp_path / "none", NOW) is None
    assert machine.backups(tmp_path, NOW) == ("warn", "none", {"path": str(tmp_path)})
    copy = tmp_path / "kassa-K1-20261121-033000.tar.gz"
    copy.touch()
    for hours, state, code in ((20, "ok", "recent"), (49, "warn", "old")):
        seconds = NOW // 1000 - hours * 3600
        os.utime(copy, (seconds, seconds))
        assert machine.backups(tmp_path, NOW) == (state, code, {"hours": hours})


def test_a_certificate_that_runs_out(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(_certificate())
    for days, state, code in ((300, "ok", "valid"), (10, "warn", "expires"), (-1, "fail", "expired")):
        found = machine.certificate(path, (ENDS - days * 86_400) * 1000)
        assert found == (state, code, {"path": str(path), "days": days})
    path.write_text("no certificate")
    assert machine.certificate(path, NOW)[1] == "unreadable"
    assert machine.certificate(tmp_path / "none.pem", NOW)[1] == "missing"


ENDS = 1_893_456_000


def _certificate() -> bytes:
    """A self-signed authority that ends on 1 January 2030."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Kantoor")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(datetime.fromtimestamp(ENDS, UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )  # fmt: skip
    return made.sign(key, None).public_bytes(Encoding.PEM)


@pytest.fixture(autouse=True)
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of its own, Dutch, and the root logger left as it was."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    monkeypatch.delenv("KASSA_BACKUP_DIR", raising=False)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    for handler in logging.root.handlers[:]:
        if handler not in handlers:
            handler.close()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A till with a printer that writes to a file, a drawer on it, and a scale that is not there."""
    make_shop(tmp_path, "NL")
    path = tmp_path / "till.toml"
    text = path.read_text("utf-8").partition("[[device]]")[0]
    path.write_text(text + '\n[[device]]\nrole="printer"\nkind="file"\npath="paper"\n[[device]]\nrole="drawer"\n'
                    'kind="printer"\n[[device]]\nrole="scale"\nkind="nci"\npath="ttyUSB9"\n', "utf-8")  # fmt: skip
    monkeypatch.setenv("KASSA_CONFIG", str(path))
    return tmp_path


def test_every_device_of_the_settings_is_looked_at(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "FOUT    Apparaat" in out
    assert "ttyUSB9 is er niet: zit de stekker erin" in out


def test_the_night_leaves_a_report(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--save"]) == 1
    settings = config.load(shop / "till.toml")
    report = json.loads((settings.till.data / REPORT).read_text("utf-8"))
    assert report["ok"] is False
    assert report["at"] > NOW // 2
    assert {each["part"] for each in report["findings"] if each["state"] == "fail"} == {"device"}
    assert all(each["text"] for each in report["findings"])


def test_on_paper_with_a_code_to_scan(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda most: 12345678)
    monkeypatch.setattr("os.isatty", lambda handle: True)
    for typed, code in (("KD12345678\n", "right"), ("8712345678906\n", "other"), ("\n", "none")):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        cli.main(["doctor", "--print", "--json"])
        found = {each["part"]: each["code"] for each in json.loads(capsys.readouterr().out)["findings"]}
        assert (found["slip"], found["drawer"], found["scan"]) == ("printed", "kicked", code)
    paper = (shop / "paper").read_bytes()
    assert b"KASSA DOCTOR" in paper
    assert b"\x1bp" in paper, "the pulse for the drawer"


DRIVERS_TELL = {
    "opened", "weighs", "answers", "in_use", "unasked", "unsaid", "refused", *device_findings.CODES.values(),
} - {"missing", "no_access", "silent"}  # fmt: skip
"""Codes of devices that are tried, or told of by a running till; the others are seen by looking alone."""


def test_every_code_of_the_machine_has_words() -> None:
    tree = ast.parse(Path(machine.__file__).read_text("utf-8"))
    parts = {
        "device": "device",
        "wear": "wear",
        "backups": "backup",
        "network_time": "time",
        "certificate": "certificate",
    }
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in parts):
        texts = {each.value for each in ast.walk(function) if isinstance(each, ast.Constant)}
        part = parts[function.name]
        named = {key.partition(" ")[2] for key in FOUND if key.startswith(part + " ")} - DRIVERS_TELL
        assert named, part
        assert named <= texts, f"{part}: words for what is never found"
        assert part in SOMETIMES


def test_a_till_that_sells_is_not_disturbed(shop: Path) -> None:
    began = time.monotonic()
    findings = list(health.examine(config.load(shop / "till.toml"), Clock(), lambda each: None))
    assert time.monotonic() - began < 10
    assert {each.part for each in findings} >= {"till_db", "journal", "disk", "device"}
    assert subprocess.run(["test", "-e", str(shop / "paper")], check=False).returncode == 1
