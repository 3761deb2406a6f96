"""The documents keep up: every command, option, act and key is in them, and what they show works."""

from __future__ import annotations

import ast
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kassa_tui.acts import ACTS
from kassa_tui.clock import SystemClock, uuid7_source
from kassa_tui.commands.parser import COMMANDS, JOURNAL, parse
from kassa_tui.exports import journal_file
from kassa_tui.keymap import DEFAULT, key_label
from kassa_tui.messages import words
from kassa_tui.screens.desk import KEY_WORDS
from kassa_tui.screens.help import KEYS
from kassa_tui.storage.till_store import TillStore
from tests.house.source import ROOT, calls, modules


def _text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


MANUAL, TECHNICIAN, SELL = (_text(f"docs/{name}.md") for name in ("handleiding", "techniek", "sell"))
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
         for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}  # fmt: skip
JOURNAL_PAGE = PAGES["docs/journal.md"]
NAMES = [*(name for name, *_ in COMMANDS), *(f"journal {name}" for name, *_ in JOURNAL)]


def _shown() -> set[str]:
    """First words after ``kassa`` in everything that the documents show as something to type."""
    code = [
        part
        for text in PAGES.values()
        for part in re.findall(r"`([^`\n]+)`|^```sh\n(.*?)^```|^ {4}(\S.*)$", text, re.M | re.S)
    ]
    lines = [line for parts in code for line in "".join(parts).splitlines()]
    return {found for line in lines for found in re.findall(r"(?:^|\| |/bin/)kassa ([a-z]+)", line)}


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_in_the_technicians_manual(name: str) -> None:
    assert re.search(rf"`kassa {name}\b", TECHNICIAN)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([*name.split(), "--help"], words("nl"))
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert re.search(rf"voorbeeld:\n.*kassa {name}", told)
    options = set(re.findall(r"--[a-z][a-z-]+", told.partition("voorbeeld:")[0])) - {"--help"}
    assert "--config" in options
    assert sorted(option for option in options if option not in TECHNICIAN) == []


@pytest.mark.parametrize("command", sorted(_shown()))
def test_no_document_names_a_command_that_is_not_there(command: str) -> None:
    assert command in {name for name, *_ in COMMANDS}


@pytest.mark.parametrize("act", ACTS)
def test_every_act_of_kassa_sell_is_described(act: str) -> None:
    usage = f"{act} {ACTS[act][0]}".strip().replace("|", "\\|")
    assert f"| `{usage}` |" in SELL


def test_no_act_is_described_that_is_not_there() -> None:
    described = {found.split()[0] for found in re.findall(r"(?m)^\| `([a-z][^`]*)` \|", SELL)}
    assert described - {"ok", "code", "outcome", "facts", "text", "ticket"} <= set(ACTS)


@pytest.mark.parametrize("act", KEYS)
def test_every_key_in_the_help_is_in_the_manual(act: str) -> None:
    assert f"`{key_label(DEFAULT[act][0])}`" in MANUAL


@pytest.mark.parametrize("page", PAGES)
def test_links_between_the_documents_arrive(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", PAGES[page]):
        assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_every_decision_is_on_the_page_of_the_house() -> None:
    decisions = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert [name[:4] for name in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert [name for name in decisions if f"decisions/{name}" not in _text("docs/house.md")] == []


def test_the_changelog_has_a_part_for_what_is_not_released() -> None:
    assert "## [Unreleased]" in _text("CHANGELOG.md")


def test_every_act_on_a_key_has_a_word_for_the_key_line() -> None:
    assert set(KEY_WORDS) == set(DEFAULT)


def test_every_kind_of_entry_is_on_the_page_of_the_journal() -> None:
    kinds = {
        argument.value
        for module in modules("kassa_tui")
        for name, call in calls(module)
        if name in ("record", "_write")
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert {"login", "shift.close", "clock.jump"} <= kinds
    assert sorted(kind for kind in kinds if f"`{kind}`" not in JOURNAL_PAGE) == []


def test_the_program_on_the_page_of_the_journal_checks_a_journal(tmp_path: Path) -> None:
    folder = tmp_path / "till"
    store = TillStore(folder, "K1", SystemClock(), uuid7_source())
    try:
        for number in range(5):
            store.record("drawer", {"reason": f"Geld voor café {number}", "by": "1"}, "1")
    finally:
        store.close()
    con = sqlite3.connect(folder / "till.db")
    try:
        journal_file.write(con, "K1", tmp_path / "k1.jsonl")
    finally:
        con.close()
    program = re.search(r"(?ms)^```python\n(.*?)^```", JOURNAL_PAGE)
    assert program
    whole = _run(program[1], tmp_path / "k1.jsonl")
    assert (whole.returncode, whole.stdout) == (0, "K1 5 entries, all well\n")
    text = (tmp_path / "k1.jsonl").read_text("utf-8")
    (tmp_path / "changed.jsonl").write_text(text.replace("café 3", "café 9"), "utf-8")
    assert _run(program[1], tmp_path / "changed.jsonl").returncode == 1


def _run(program: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60)
