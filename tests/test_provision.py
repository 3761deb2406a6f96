"""A till set up by a signed parcel; one that is changed, too old or from somebody else is refused in words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kassa_tui import cli, config
from kassa_tui.services import provision
from kassa_tui.services.provision import Contents, Parcel, Trouble
from kassa_tui.storage.keys import Signer, verify

NOW, DAY = 1_795_262_400_000, 86_400_000
OFFICE = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
THIEF = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
ANSWERS: dict[str, Any] = {
    "shop": {"name": "Café De Hoek", "country": "NL", "address": ["Dorpsstraat 12"]},
    "till": {"id": "K7", "data": "data"},
    "device": [{"role": "printer", "kind": "file", "path": "paper.bin"}],
    "staff": [{"code": "1", "name": "Anna", "role": "manager", "pin": "9999"}],
}


def parcel(signer: Signer = OFFICE, made: int = NOW, until: int = NOW + DAY) -> Parcel:
    """The answers, signed."""
    return provision.pack(ANSWERS, made, until, "Kantoor", signer.public, signer.sign)


def opened(given: Parcel | Trouble, now: int = NOW, *trusted: bytes) -> Contents | Trouble:
    """As a till that trusts the office opens it."""
    assert isinstance(given, Parcel), given
    return provision.opened(given, trusted or [OFFICE.public], now, verify)


def test_file_and_codes_carry_the_same() -> None:
    for text in (provision.to_file(parcel()), "\n".join(provision.to_lines(parcel()))):
        contents = opened(provision.received(text))
        assert isinstance(contents, Contents)
        assert (contents.answers, contents.by, contents.until) == (ANSWERS, "Kantoor", NOW + DAY)


def test_codes_come_in_any_order_and_twice_and_in_small_letters() -> None:
    lines = provision.to_lines(parcel(), 40)
    assert len(lines) > 5
    text = "\r\n".join([*reversed(lines), lines[2].lower(), "", "8710400280507"])
    assert isinstance(opened(provision.received(text)), Contents)


def test_codes_are_short_enough_for_one_code_each() -> None:
    assert all(len(line) <= 430 and set(line) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") for line in
               provision.to_lines(parcel()))  # fmt: skip


def test_what_is_missing_is_named() -> None:
    lines = provision.to_lines(parcel(), 40)
    found = provision.received("\n".join([lines[0], *lines[2:-1]]))
    assert found == Trouble("incomplete", {"missing": [2, len(lines)], "of": len(lines)})


def test_codes_of_two_parcels_do_not_mix() -> None:
    ours, other = provision.to_lines(parcel(), 40), provision.to_lines(parcel(until=NOW + 2 * DAY), 40)
    found = provision.received("\n".join([*ours[:3], *other[3:]]))
    assert isinstance(found, Trouble)
    assert found.code in ("mixed", "tampered")


@given(st.integers(0), st.integers(1, 255))
def test_no_changed_byte_gets_through(place: int, change: int) -> None:
    good = parcel()
    raw = bytearray(good.key + good.signature + good.body)
    raw[place % len(raw)] ^= change
    bad = Parcel(bytes(raw[96:]), bytes(raw[:32]), bytes(raw[32:96]))
    found = provision.opened(bad, [OFFICE.public], NOW, verify)
    assert isinstance(found, Trouble)
    assert found.code in ("tampered", "other_key")


def test_only_who_is_trusted_here() -> None:
    assert opened(parcel(THIEF)) == Trouble("other_key", {"key": THIEF.public.hex()[:16]})
    assert provision.opened(parcel(), [], NOW, verify) == Trouble("no_trust")
    forged = parcel(THIEF)._replace(key=OFFICE.public)
    assert opened(forged) == Trouble("tampered")


def test_a_signature_of_the_journal_is_none_of_these() -> None:
    body = parcel().body
    assert opened(Parcel(body, OFFICE.public, OFFICE.sign(body))) == Trouble("tampered")


def test_time_runs_out_and_does_not_run_ahead() -> None:
    assert isinstance(opened(parcel(), NOW + DAY), Contents)
    assert opened(parcel(), NOW + DAY + 1) == Trouble("expired", {"until": NOW + DAY})
    assert opened(parcel(), NOW - 2 * DAY) == Trouble("too_early", {"made": NOW})


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_receiving_takes_anything(text: str) -> None:
    assert isinstance(provision.received(text), Trouble)


FIELDS = st.sampled_from(["kassa_provision", "body", "key", "signature"])
VALUES = st.none() | st.integers() | st.text(max_size=9)


@given(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner)))
def test_receiving_takes_any_json(value: Any) -> None:
    found = provision.received(json.dumps(value))
    assert isinstance(found, Trouble)
    assert found.code in ("not_ours", "too_new")


@pytest.fixture(autouse=True)
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of its own, Dutch, and the root logger left as it was."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    monkeypatch.setenv("KASSA_CONFIG", str(tmp_path / "etc" / "till.toml"))
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    for handler in logging.root.handlers[:]:
        if handler not in handlers:
            handler.close()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = cli.main(list(argv))
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with a key and the answers of a chain."""
    from kassa_tui.services.setup import to_toml

    folder = tmp_path / "office"
    folder.mkdir()
    (folder / "answers.toml").write_text(
        to_toml(ANSWERS) + "\n[[staff]]\ncode='1'\nname='Anna'\nrole='manager'\npin='9999'\n"
    )
    assert run(capsys, "provision", "key", str(folder / "office.key"))[0] == 0
    assert (folder / "office.key").stat().st_mode & 0o777 == 0o600
    return folder


def test_from_the_office_to_a_till_without_typing(
    office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = (
        "provision",
        "make",
        str(office / "answers.toml"),
        str(office / "k9.kassa"),
        "--key",
        str(office / "office.key"),
    )
    assert run(capsys, *make, "--till", "K9", "--qr", str(office / "qr"))[0] == 0
    code, _, err = run(capsys, "provision", "apply", str(office))
    assert (code, "provision trust" in err) == (4, True)
    assert run(capsys, "provision", "trust", str(office / "office.pub"))[0] == 0
    code, out, err = run(capsys, "provision", "apply", str(office))
    assert (code, err) == (0, "")
    assert config.load(tmp_path / "etc" / "till.toml").till.id == "K9"
    assert "1 medewerkers" in out


def test_scanned_codes_set_a_till_up(
    office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    run(capsys, "provision", "make", str(office / "answers.toml"), str(office / "k7.kassa"), "--key",
        str(office / "office.key"), "--qr", str(office / "qr"))  # fmt: skip
    run(capsys, "provision", "trust", str(office / "office.pub"))
    pictures = sorted((office / "qr").glob("*.png"))
    codes = (office / "qr" / "kassa-K7.txt").read_text().splitlines()
    assert len(pictures) == len(codes) >= 2
    for picture in pictures:
        with Image.open(picture) as image:
            assert image.size[0] == image.size[1] <= 6 * (17 + 4 * 14 + 8), "at most version 14"
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(reversed(codes)) + "\nnever read\n"))
    assert run(capsys, "provision", "apply", "-")[0] == 0
    assert config.load(tmp_path / "etc" / "till.toml").till.id == "K7"


def test_a_tampered_file_is_refused_in_words(office: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = office / "k7.kassa"
    run(capsys, "provision", "make", str(office / "answers.toml"), str(path), "--key", str(office / "office.key"))
    run(capsys, "provision", "trust", str(office / "office.pub"))
    facts = json.loads(path.read_text())
    facts["body"] = facts["body"][:40] + ("A" if facts["body"][40] != "A" else "B") + facts["body"][41:]
    path.write_text(json.dumps(facts))
    code, _, err = run(capsys, "provision", "apply", str(path))
    assert (code, "handtekening" in err) == (4, True)
    assert not (tmp_path / "etc" / "till.toml").exists()


def test_a_key_is_not_overwritten(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (office / "office.key").read_bytes()
    assert run(capsys, "provision", "key", str(office / "office.key"))[0] == 4
    assert (office / "office.key").read_bytes() == before


def test_wrong_answers_are_not_signed(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "answers.toml").write_text('[shop]\nname = "x"\ncountry = "DE"\n')
    path = office / "bad.kassa"
    code, _, err = run(capsys, "provision", "make", str(office / "answers.toml"), str(path), "--key",
                       str(office / "office.key"))  # fmt: skip
    assert (code, "shop.country" in err, path.exists()) == (2, True, False)
