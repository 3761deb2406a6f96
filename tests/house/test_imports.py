"""What is loaded when, seen from a fresh interpreter: the contracts of import-linter cannot see how late an import is.

The first frame waits for every module before it, and the till's process carries every library it loads all day. So
only Textual comes before the first frame; printing, pictures and the network never come into the till at all.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.house.source import ROOT

FIRST_FRAME = """
import kassa_tui.cli, kassa_tui.commands.dispatch, kassa_tui.commands.parser, kassa_tui.commands.till
import kassa_tui.app
"""
"""What ``kassa till`` has imported when its first frame is drawn."""

SALE = "login 1111\nopen-shift 100\n6\npay cash\n"
SELL = """
import io, sys
sys.stdout = sys.__stderr__
from kassa_tui.cli import main
assert main(["sell", "--config", sys.argv[1]]) == 0
sys.stdout = sys.__stdout__
"""
TOLD = "print('\\n'.join(sorted(sys.modules)))"


def test_the_package_imports_nothing() -> None:
    assert _ours("import kassa_tui") == {"kassa_tui"}


def test_the_command_imports_nothing_but_os_and_sys() -> None:
    before = _loaded("import os, sys")
    assert _loaded("import kassa_tui.cli") - before == {"kassa_tui", "kassa_tui.cli"}


@pytest.mark.parametrize(
    "library",
    ["peewee", "sqlite3", "escpos", "PIL", "qrcode", "barcode", "yaml", "cryptography", "argon2", "biip", "evdev",
     "serial", "apscheduler", "requests"],
)  # fmt: skip
def test_the_first_frame_does_not_wait_for(library: str) -> None:
    assert library not in _loaded(FIRST_FRAME)


def test_the_first_frame_does_not_wait_for_the_till_behind_it() -> None:
    late = {"kassa_tui.bootstrap", "kassa_tui.services", "kassa_tui.storage", "kassa_tui.hardware"}
    assert not {name for name in _ours(FIRST_FRAME) for floor in late if name.startswith(floor)}
    assert {"textual", "kassa_tui.screens.login"} <= _loaded(FIRST_FRAME)


@pytest.mark.parametrize(
    "library", ["escpos", "PIL", "qrcode", "barcode", "yaml", "biip", "textual", "rich", "requests", "apscheduler"]
)
def test_a_till_without_a_screen_sells_and_prints_without(library: str, sold: frozenset[str]) -> None:
    assert library not in sold


def test_what_a_sale_needs_is_there(sold: frozenset[str]) -> None:
    assert {"peewee", "cryptography", "argon2", "kassa_tui.services.printing"} <= sold


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Every module in a process that sold an article and had its receipt printed."""
    folder: Path = tmp_path_factory.mktemp("shop")
    data = ROOT / "kassa_tui" / "data"
    (folder / "till.toml").write_text(
        f'[shop]\nname = "Proef"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "{folder / "data"}"\n'
        f'[[device]]\nrole = "printer"\nkind = "file"\npath = "{folder / "paper"}"\n',
        "utf-8",
    )
    (folder / "articles.csv").write_text(
        "sku,gtin,name,group,price,vat,unit,deposit,min_age,stock\n6,,Krentenbol,Brood,0.55,9,each,,,\n", "utf-8"
    )
    for what, path in (("articles", folder / "articles.csv"), ("staff", data / "demo_staff.csv")):
        _kassa(folder, "import", what, str(path))
    answered = subprocess.run(
        [sys.executable, "-c", SELL + TOLD, str(folder / "till.toml")],
        input=SALE, capture_output=True, text=True, check=True, env=_environment(folder), timeout=60,
    )  # fmt: skip
    assert (folder / "paper").stat().st_size > 100
    return frozenset(answered.stdout.split())


def _kassa(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "kassa_tui", *words, "--config", str(folder / "till.toml")]
    subprocess.run(command, check=True, capture_output=True, env=_environment(folder), timeout=60)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "XDG_STATE_HOME": str(folder / "state")}


def _ours(statement: str) -> set[str]:
    return {name for name in _loaded(statement) if name.partition(".")[0] == "kassa_tui"}


@cache
def _loaded(statement: str) -> frozenset[str]:
    """Names of all modules of a fresh interpreter after a statement."""
    program = f"import sys\n{statement}\n{TOLD}"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return frozenset(told.stdout.split())
