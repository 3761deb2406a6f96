"""The keys: what comes out of the box, what a shop may change, and that Textual calls the keys the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import Keys, _character_to_key

from kassa_tui import keymap
from kassa_tui.config import ConfigError, Problem
from kassa_tui.keymap import DEFAULT, KEY_NAMES, SIGNS, KeyMap, key_label, load_keys

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "config" / "keys.toml"
GUIDE = (ROOT / "docs" / "configuration.md").read_text("utf-8")


def loaded(folder: Path, text: str) -> KeyMap:
    (folder / "keys.toml").write_text(text, "utf-8")
    return load_keys(folder / "keys.toml")


def problems(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text)
    return caught.value.problems


def only(folder: Path, text: str) -> Problem:
    (problem,) = problems(folder, text)
    return problem


def test_without_a_file_the_keys_are_the_default() -> None:
    keys = load_keys(None)
    assert {act: keys.keys(act) for act in DEFAULT} == DEFAULT
    assert all(keys.act(key) == act for act, names in DEFAULT.items() for key in names)
    assert keys.act("ctrl+y") is None


def test_no_key_has_two_acts_by_default() -> None:
    every = [key for names in DEFAULT.values() for key in names]
    assert len(every) == len(set(every))
    assert set(every) <= KEY_NAMES


def test_the_shipped_file_is_the_default() -> None:
    shipped = load_keys(SHIPPED)
    assert {act: shipped.keys(act) for act in DEFAULT} == DEFAULT
    acts = re.findall(r"(?m)^(\w+) = ", SHIPPED.read_text("utf-8"))
    assert sorted(acts) == sorted(DEFAULT)


def test_labels() -> None:
    keys = KeyMap()
    acts = ("cash", "lock", "void", "search", "set", "up", "page_down", "back", "enter", "group", "correct")
    assert [keys.label(act) for act in acts] == [
        "F12", "Ctrl+L", "Del", "F2", "=", "↑", "PgDn", "Esc", "Enter", "@", "Bksp",
    ]  # fmt: skip
    assert (key_label("x"), key_label("plus"), key_label("shift+tab")) == ("x", "+", "Shift+Tab")


def test_every_label_is_short_and_no_two_keys_share_one() -> None:
    labels = [key_label(key) for key in KEY_NAMES]
    assert len(set(labels)) == len(KEY_NAMES)
    assert max(map(len, labels)) <= 9


def test_a_shop_may_change_some_keys(tmp_path: Path) -> None:
    keys = loaded(tmp_path, '[keys]\npay = "f8"\nreturn = ["f9", "ctrl+t"]\ndrawer = []\n')
    assert (keys.act("f8"), keys.act("f9"), keys.act("ctrl+t")) == ("pay", "return", "return")
    assert (keys.keys("drawer"), keys.label("drawer"), keys.act("ctrl+o")) == ((), "", None)
    assert keys.act("f12") == "cash"


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").keys("pay") == ("f9",)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = """
[kees]
[keys]
serch = "f2"
pay = "F13"
cash = "f13"
pin = "f13"
lock = 3
note = ["ctrl+n", 4]
help = []
"""
    found = {problem.key: problem for problem in problems(tmp_path, text)}
    assert {key: problem.code for key, problem in found.items()} == {
        "kees": "unknown_key",
        "keys.serch": "unknown_key",
        "keys.pay": "not_one_of",
        "keys.cash": "duplicate",
        "keys.lock": "wrong_type",
        "keys.note": "wrong_type",
        "keys.help": "missing",
    }
    assert found["keys.serch"].facts == {"nearest": "search"}
    assert found["keys.pay"].facts["nearest"] == "f13"
    assert found["keys.cash"].facts == {"given": "f13", "other": "keys.pin"}
    assert {problem.file for problem in found.values()} == {str(tmp_path / "keys.toml")}


def test_a_key_that_another_act_has_by_default_is_taken_twice(tmp_path: Path) -> None:
    problem = only(tmp_path, '[keys]\npay = "f12"\n')
    assert (problem.key, problem.code, problem.facts["other"]) == ("keys.cash", "duplicate", "keys.pay")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("+", "plus"),
        ("esc", "escape"),
        ("PgUp", "pageup"),
        ("Ctrl+L", "ctrl+l"),
        ("equal_sign", "equals_sign"),
        ("5", "f5"),
        ("comma", ""),
        ("ctrl+m", None),
        ("Del", "delete"),
        ("backspce", "backspace"),
        ("", None),
    ],
)
def test_an_unknown_key_name_gets_the_nearest(tmp_path: Path, name: str, nearest: str | None) -> None:
    problem = only(tmp_path, f'[keys]\nnote = "{name}"\n')
    assert (problem.key, problem.code, problem.facts["given"]) == ("keys.note", "not_one_of", name)
    if nearest is not None:
        assert problem.facts["nearest"] == nearest


@pytest.mark.parametrize(("text", "code"), [("[keys", "not_toml"), ("keys = 3", "wrong_type")])
def test_a_file_of_another_shape(tmp_path: Path, text: str, code: str) -> None:
    assert only(tmp_path, text).code == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_keys(tmp_path / "keys.toml")
    assert [problem.code for problem in caught.value.problems] == ["not_found"]


def test_the_file_beside_the_configuration(tmp_path: Path) -> None:
    assert keymap.beside(tmp_path / "till.toml") is None
    (tmp_path / "keys.toml").write_text("", "utf-8")
    assert keymap.beside(tmp_path / "till.toml") == tmp_path / "keys.toml"


def test_textual_calls_the_keys_the_same() -> None:
    assert {name: _character_to_key(sign) for name, sign in SIGNS.items()} == {name: name for name in SIGNS}
    letters = {name for name in KEY_NAMES if len(name) == 1}
    assert {name for name in letters if _character_to_key(name) != name} == set()
    assert set(KEY_NAMES - letters - SIGNS.keys()) <= {key.value for key in Keys}


@pytest.mark.parametrize(
    ("sent", "act"),
    [
        ("\x1bOP", "help"),
        ("\x1b[24~", "cash"),
        ("/", "search"),
        ("+", "repeat"),
        ("=", "set"),
        ("*", "times"),
        ("x", "times"),
        ("?", "why"),
        ("@", "group"),
        ("\x7f", "correct"),
        ("\x08", "correct"),
        ("\x1b[3~", "void"),
        ("\r", "enter"),
        ("\x0c", "lock"),
        ("\x1b[A", "up"),
        ("\x1b[5~", "page_up"),
        ("\x1b[[A", "help"),
        ("\x16", "voucher"),
        ("\x0b", "account"),
        ("\x1b[1~", "home"),
        ("\x1b[4~", "end"),
    ],
)
def test_what_a_terminal_sends_arrives_as_the_act(sent: str, act: str) -> None:
    parser = XTermParser()
    keys = [event.key for event in parser.feed(sent) if isinstance(event, events.Key)]
    assert [KeyMap().act(key) for key in keys] == [act]


def test_the_guide_has_every_act_with_its_keys() -> None:
    rows = re.findall(r"(?m)^\| (`[^|]+`) \| ([^|]+) \| [^|]+ \|$", GUIDE.partition("## `keys.toml`")[2])
    told: dict[str, list[str]] = {}
    for acts, labels in rows:
        names, shown = re.findall(r"`(\w+)`", acts), labels.strip().split(", ")
        if len(names) == 1:
            told[names[0]] = shown
        else:
            told.update({name: [label] for name, label in zip(names, shown, strict=True)})
    assert told == {act: [key_label(key) for key in keys] for act, keys in DEFAULT.items()}


def test_the_module_knows_neither_textual_nor_the_configuration() -> None:
    code = (
        "import sys, kassa_tui.keymap; print([name for name in sys.modules if name in ('textual', 'kassa_tui.config')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
