"""The program itself: from the first frame to the exit code, on a pseudo-terminal and under Textual's own pilot."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

from bench.terminal import Terminal
from kassa_tui.app import KassaApp
from tests.screens.hand import BREAD, BREAD_CODE, MANAGER, write_config

WAIT_S = 30.0


@pytest.fixture
def folder(tmp_path: Path, shop_nl: Path) -> Path:
    """A till's folder, ready to start."""
    shutil.copytree(shop_nl, tmp_path / "data")
    write_config(tmp_path)
    return tmp_path


@pytest.fixture
def terminal(folder: Path) -> Iterator[Terminal]:
    """The program on a terminal."""
    found = Terminal([sys.executable, "-m", "kassa_tui", "till", "--config", str(folder / "till.toml")])
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def shown(terminal: Terminal) -> str:
    """The screen as a terminal would have it by now."""
    screen = pyte.Screen(80, 25)
    pyte.ByteStream(screen).feed(terminal.seen.replace(b"\x1b[<u", b"").replace(b"\x1b[>1u", b""))
    return "\n".join(screen.display)


def until(terminal: Terminal, text: str) -> None:
    """Read until the screen shows this."""
    end = time.monotonic() + WAIT_S
    while text not in shown(terminal):
        assert time.monotonic() < end, shown(terminal)
        terminal.read(0.1)


def sales(folder: Path) -> list[int]:
    """Totals of what was sold."""
    with sqlite3.connect(folder / "data" / "till.db") as con:
        return [row[0] for row in con.execute("select total from sale order by receipt")]


def test_from_the_log_in_to_the_exit_code(terminal: Terminal, folder: Path) -> None:
    terminal.write(f"{MANAGER}\r".encode())
    until(terminal, "De kassa is gesloten.")
    terminal.write(b"150,00\r")
    until(terminal, "Scan of typ een artikel")
    terminal.write(f"{BREAD_CODE}\r".encode())
    until(terminal, "Krentenbol")
    terminal.write(b"3*7\r")
    until(terminal, "€ 9,40")
    terminal.write(b"20,\x1b[24~")
    until(terminal, "K1-000001 veilig")
    assert "Wisselgeld   € 10,60" in shown(terminal)
    terminal.write(b"\x1b[21~")
    until(terminal, "Programma afsluiten")
    line = next(line for line in shown(terminal).splitlines() if "Programma afsluiten" in line)
    terminal.write(line.partition("│")[2].split()[0].encode())
    until(terminal, "Het programma stopt")
    terminal.write(b"s")
    assert terminal.process.wait(WAIT_S) == 0
    assert sales(folder) == [940]


def test_keys_without_a_gap_arrive_in_order(terminal: Terminal, folder: Path) -> None:
    terminal.write(f"{MANAGER}\r".encode())
    until(terminal, "De kassa is gesloten.")
    terminal.write(f"150\r{BREAD}\r{BREAD}\r2*7\r50,\x1b[24~".encode())
    until(terminal, "K1-000001 veilig")
    assert sales(folder) == [700]


def test_a_lost_terminal_ends_the_program_and_keeps_the_ticket(terminal: Terminal, folder: Path) -> None:
    terminal.write(f"{MANAGER}\r".encode())
    until(terminal, "De kassa is gesloten.")
    terminal.write(f"150\r{BREAD}\r".encode())
    until(terminal, "Krentenbol")
    os.close(terminal.fd)
    assert terminal.process.wait(WAIT_S) is not None
    again = Terminal([sys.executable, "-m", "kassa_tui", "till", "--config", str(folder / "till.toml")])
    try:
        until(again, "Er staat nog een bon open")
        again.write(f"{MANAGER}\r".encode())
        until(again, "Krentenbol")
    finally:
        again.close()


def test_a_small_terminal_says_so(folder: Path) -> None:
    argv = [sys.executable, "-m", "kassa_tui", "till", "--config", str(folder / "till.toml")]
    terminal = Terminal(argv, cols=50, rows=10)
    try:
        terminal.until(b"Te klein scherm: 50x10", WAIT_S)
        assert terminal.process.poll() is None
    finally:
        terminal.close()


def test_under_textual_s_pilot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = KassaApp({"--config": str(folder / "till.toml")})

    async def settle(pilot: object) -> None:
        async with asyncio.timeout(WAIT_S):
            while app.desk.till is None:
                await pilot.pause()  # type: ignore[attr-defined]

    async def play() -> None:
        async with app.run_test(size=(80, 25)) as pilot:
            await settle(pilot)
            await pilot.press(*MANAGER, "enter", "1", "0", "0", "enter")
            await pilot.press(BREAD, "enter", "f12")
            await pilot.press("f10")
            assert app.desk.top.title == "Functies"
            line = next(
                line
                for line in "\n".join("".join(text for text, _ in row) for row in app.desk.rows(80, 25)).splitlines()
                if "Programma" in line
            )
            await pilot.press(line.partition("│")[2].split()[0], "s")

    asyncio.run(play())
    try:
        assert app.return_value == 0
        assert app.desk.till is not None
        assert app.desk.till.last_sale is not None
        assert app.desk.till.last_sale["total"] == 55
    finally:
        if app.desk.till is not None:
            app.desk.till.close()
