"""The documents keep up: every command, option, act and key is in them, and what they show works."""

from __future__ import annotations

import re

import pytest

from kassa_tui.acts import ACTS
from kassa_tui.commands.parser import COMMANDS, JOURNAL, parse
from kassa_tui.keymap import DEFAULT, key_label
from kassa_tui.messages import words
from kassa_tui.screens.help import KEYS
from tests.house.source import ROOT


def _text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


MANUAL, TECHNICIAN, SELL, GUIDE = (
    _text(f"docs/{name}.md") for name in ("handleiding", "techniek", "sell", "configuration")
)
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
         for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}  # fmt: skip
NAMES = [*(name for name, *_ in COMMANDS), *(f"journal {name}" for name, *_ in JOURNAL)]


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


@pytest.mark.parametrize("command", sorted(set(re.findall(r"(?<![\w/.-])kassa ([a-z]+)", "\n".join(
    line for text in PAGES.values() for line in re.findall(r"`[^`\n]+`|(?m:^ {4}.*kassa .*$)|(?ms:^```.*?^```)", text)
)))))  # fmt: skip
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
    assert f"**{key_label(DEFAULT[act][0])}**" in MANUAL


@pytest.mark.parametrize("act", DEFAULT)
def test_every_act_on_a_key_is_in_the_guide_to_the_configuration(act: str) -> None:
    row = re.search(rf"(?m)^\| [^|]*`{act}`[^|]* \| ([^|]+) \|", GUIDE)
    assert row
    assert key_label(DEFAULT[act][0]) in row[1]


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
