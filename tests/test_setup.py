"""``kassa setup``: from answers to a till that starts, and nothing from answers that are wrong."""

from __future__ import annotations

import json
import logging
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui import cli, config
from kassa_tui.commands.dispatch import Call
from kassa_tui.commands.questions import Interview
from kassa_tui.messages import words
from kassa_tui.services import files, setup
from kassa_tui.storage.shop import Shop

ANSWERS: dict[str, Any] = {
    "shop": {"name": 'De "Hoek" \\ café', "country": "NL", "address": ["Dorpsstraat 12", "1234 AB Voorbeeld"]},
    "till": {"id": "K1", "data": "data"},
    "device": [
        {"role": "printer", "kind": "file", "path": "paper.bin"},
        {"role": "drawer", "kind": "printer", "pin": 5},
    ],
    "rules": {"blind_count": False, "drawer_warning": 50000, "discount_limit": {"cashier": 5}},
    "staff": [{"code": "1", "name": "Anna, de eerste", "role": "manager", "pin": "9999"}],
}


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


def answers(folder: Path, **changes: Any) -> str:
    """The answers as a file; ``shop={...}`` changes keys of a table."""
    told = {**ANSWERS, **{name: {**ANSWERS[name], **keys} for name, keys in changes.items()}}
    text = setup.to_toml(told)
    for person in told["staff"]:
        text += "\n[[staff]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in person.items())
    path = folder / "answers.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_file_of_answers_makes_a_till(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "setup", "--answers", answers(tmp_path))
    assert (code, err) == (0, "")
    assert "goed    Kassadatabase" in out
    made = config.load(tmp_path / "etc" / "till.toml")
    assert made.shop.name == ANSWERS["shop"]["name"]
    assert made.shop.address == ("Dorpsstraat 12", "1234 AB Voorbeeld")
    assert (made.rules.blind_count, made.rules.discount_limit["cashier"]) == (False, 500)
    assert made.devices[1].options["pin"] == 5
    shop = Shop(made.till.data)
    assert [person.name for person, _ in shop.people()] == ["Anna, de eerste"]
    shop.close()
    assert (tmp_path / "etc" / "till.toml").stat().st_mode & 0o777 == 0o640
    assert list((tmp_path / "etc" / "data").glob(".setup-*")) == [], "a PIN would lie in it"


def test_one_file_does_for_forty_tills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = answers(tmp_path)
    for number in (1, 40):
        place = tmp_path / f"till{number}" / "till.toml"
        assert run(capsys, "setup", "--answers", path, "--till", f"K{number}", "--config", str(place))[0] == 0
        assert config.load(place).till.id == f"K{number}"


def test_again_keeps_the_old_file_and_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "setup", "--answers", answers(tmp_path))[0] == 0
    path = tmp_path / "etc" / "till.toml"
    before, key = path.read_bytes(), (tmp_path / "etc" / "data" / "till.key").read_bytes()
    assert run(capsys, "setup", "--answers", answers(tmp_path, shop={"name": "Andere naam"}))[0] == 0
    (old,) = path.parent.glob("till.toml.*.old")
    assert old.read_bytes() == before
    assert config.load(path).shop.name == "Andere naam"
    assert (tmp_path / "etc" / "data" / "till.key").read_bytes() == key


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"shop": {"country": "DE"}}, "shop.country"), ({"shop": {"vat_id": "NL123456789B01"}}, "shop.vat_id"),
     ({"till": {"id": "kassa een"}}, "till.id"), ({"rules": {"print_reciept": "ask"}}, "rules.print_reciept")],
)  # fmt: skip
def test_wrong_answers_write_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], named: str
) -> None:
    assert run(capsys, "setup", "--answers", answers(tmp_path))[0] == 0
    before = (tmp_path / "etc" / "till.toml").read_bytes()
    code, _, err = run(capsys, "setup", "--answers", answers(tmp_path, **changes))
    assert code == 2
    assert named in err
    assert (tmp_path / "etc" / "till.toml").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == ["data", "till.toml"]


def test_a_till_with_books_keeps_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = answers(tmp_path)
    assert run(capsys, "setup", "--answers", path)[0] == 0
    code, _, err = run(capsys, "setup", "--answers", path, "--till", "K2")
    assert code == 4
    assert "K1" in err
    assert config.load(tmp_path / "etc" / "till.toml").till.id == "K1"


def test_a_power_cut_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "till.toml"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError("cut")))
    with pytest.raises(OSError, match="cut"):
        files.replace(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _interview(tmp_path: Path, *lines: str) -> tuple[dict[str, Any] | None, list[str]]:
    said: list[str] = []
    call = Call(Namespace(), words("nl"))
    monkey = said.append
    call.say = monkey  # type: ignore[assignment, method-assign]
    given = iter([*(line + "\n" for line in lines), ""])
    path = tmp_path / "etc" / "till.toml"
    return Interview(call, path, lambda: next(given)).run(), said


SHOP = ("De Hoek", "BE", "Kerkstraat 1", "1000 Brussel", "", "", "K1", "data")


def test_questions_lead_to_the_same_answers(tmp_path: Path) -> None:
    found, said = _interview(
        tmp_path, *SHOP, "file", str(tmp_path / "paper.bin"), "j", "none", "wedge", "8710400280507", "standalone",
        "Anna", "manager", "12", "9999", "",
    )  # fmt: skip
    assert found is not None
    assert found["shop"] == {"name": "De Hoek", "country": "BE", "address": ["Kerkstraat 1", "1000 Brussel"]}
    assert [(device["role"], device["kind"]) for device in found["device"]] == [
        ("printer", "file"), ("drawer", "none"), ("scanner", "wedge"), ("card_terminal", "standalone")]  # fmt: skip
    assert found["staff"] == [{"code": "1", "name": "Anna", "role": "manager", "pin": "9999"}]
    assert (tmp_path / "paper.bin").stat().st_size > 50, "the printer was tried"
    assert "  4 tot 8 cijfers" in said
    assert "  gelezen: 8710400280507" in said
    assert isinstance(setup.judged(found, tmp_path / "etc" / "till.toml"), config.Config)


def test_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    found, said = _interview(
        tmp_path, "De Hoek", "FR", "1", "", "NL123456789B01", "NL004495445B01", "kassa 1", "K1", "data",
        *["geen"] * 4, "",
    )  # fmt: skip
    assert found is not None
    assert (found["shop"]["country"], found["shop"]["vat_id"], found["till"]["id"]) == ("NL", "NL004495445B01", "K1")
    assert any("geen geldig btw-nummer" in line for line in said)


def test_a_printer_that_is_not_there_is_said_and_asked_again(tmp_path: Path) -> None:
    found, said = _interview(
        tmp_path, *SHOP, "usb", str(tmp_path / "lp9"), "j", "file", str(tmp_path / "paper.bin"), "j",
        *["geen"] * 3, "",
    )  # fmt: skip
    assert found is not None
    assert [device["kind"] for device in found["device"]] == ["file"]
    assert any("Printer" in line and "niet" in line for line in said)


def test_who_walks_away_leaves_nothing(tmp_path: Path) -> None:
    found, _ = _interview(tmp_path, "De Hoek", "NL")
    assert found is None
    assert not (tmp_path / "etc" / "till.toml").exists()


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=30)


@given(st.dictionaries(st.text("abcdefg_é \"'", min_size=1, max_size=8), TEXTS | st.booleans() | st.integers(-10, 10**9)
                       | st.lists(TEXTS, max_size=3), max_size=6))  # fmt: skip
def test_what_is_written_reads_the_same(table: dict[str, Any]) -> None:
    import tomllib

    assert tomllib.loads(setup.to_toml({"shop": table, "device": [table, table]})) == {
        "shop": table,
        "device": [table] * 2,
    }
