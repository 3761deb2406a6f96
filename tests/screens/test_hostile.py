"""Names are data: whatever a name holds, the screen keeps its shape and the terminal gets text and nothing else."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bench.terminal import Terminal
from kassa_tui.screens.text import centre, fit, plain, right, spread, wrap
from tests.screens.hand import BREAD, MANAGER, Hand, cells, make_shop, write_config

NAMES = {
    "markup": "Cable [/b] 5m",
    "action": "[@click=app.quit]Gratis[/]",
    "control": "Appel\x00\x07\x08\x1b\x7f\x9b moes",
    "sequence": "Peer\x1b[2J\x1b[31m\x1b]0;titel\x07\x1bc",
    "lines": "Regel een\r\nRegel twee\tdrie\u2028vier",
    "emoji": "Koffie ☕️ 👩🏽‍🍳 🇳🇱 🫠",
    "wide": "日本酒 純米大吟醸 ７２０ｍｌ",
    "right to left": "عصير برتقال \u202e1,99\u202c",
    "combining": "Cre\u0301me bru\u0302le\u0301e z\u0351\u036b\u0343\u0346a\u0361l\u034fg\u035eo",
    "invisible": "On\u200bzicht\u00adbaar\u2060\ufeff",
    "long": "Aardappelen " * 17,
}
HARMLESS = re.compile(r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose articles, groups, customers and people were written into its database by somebody else."""
    folder = tmp_path_factory.mktemp("hostile")
    with (folder / "list.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["sku", "gtin", "name", "group", "price", "vat", "unit", "deposit", "min_age", "stock"])
        for number, kind in enumerate(NAMES, 101):
            rows.writerow([number, "", f"Zoekwoord {kind}", f"Groep {kind}", "1.00", "{low}", "each", "0.15", "", "5"])
        rows.writerow([BREAD, "", "Krentenbol", "Brood", "0.55", "{low}", "each", "", "", "1"])
    data = make_shop(folder, articles=(folder / "list.csv").read_text("utf-8"))
    with sqlite3.connect(data / "shop.db") as con:
        for number, (kind, name) in enumerate(NAMES.items(), 101):
            con.execute("update article set name = ? where sku = ?", (name, str(number)))
            con.execute("update article_group set name = ? where name = ?", (name, f"Groep {kind}"))
        con.execute("update customer set name = ? where code = '100'", ("".join(NAMES.values()),))
        con.execute("update staff set name = ? where code = '2'", (NAMES["sequence"] + NAMES["wide"],))
    return data


@pytest.fixture
def shopper(tmp_path: Path, hostile: Path) -> Iterator[Callable[..., Hand]]:
    from tests.screens.hand import hand

    made: list[Hand] = []

    def make() -> Hand:
        made.append(hand(tmp_path, hostile, prints=True))
        return made[-1]

    yield make
    for each in made:
        each.close()


def in_shape(h: Hand) -> None:
    """The screen as it stands, at three sizes."""
    for width, height in ((80, 25), (100, 30), (60, 20)):
        rows = h.rows(width, height)
        assert len(rows) == height
        for row in rows:
            text = "".join(part for part, _ in row)
            assert HARMLESS.fullmatch(text), ascii(text)
            assert cells(row) <= width, (cells(row), text)


def test_names_on_every_view(shopper: Callable[..., Hand]) -> None:
    h = shopper().ready(MANAGER)
    for number in range(101, 101 + len(NAMES)):
        h.enter(str(number))
        in_shape(h)
    assert len(h.till.ticket.lines) == 2 * len(NAMES) if h.till.ticket else False
    for act in ("void", "discount", "price", "why"):
        for _ in range(len(NAMES)):
            h.press("up", act)
            in_shape(h)
            h.press("back")
        h.press("end")
    h.type("100").press("customer")
    in_shape(h)
    h.press("search").type("zoek")
    in_shape(h)
    h.press("back", "pay")
    in_shape(h)
    h.press("cash")
    h.paper.wait(1)
    in_shape(h)
    h.press("return").enter("1")
    in_shape(h)
    h.press("back", "functions").type("1").press("enter")
    in_shape(h)
    h.press("down", "down", "page_down")
    in_shape(h)


def test_names_that_people_type(shopper: Callable[..., Hand]) -> None:
    h = shopper().ready(MANAGER)
    for name in NAMES.values():
        typed = "".join(c for c in name if c.isprintable())[:60]
        h.enter(BREAD).type(typed.lstrip("*x+=?/@") or "x").press("park")
        in_shape(h)
    h.press("recall")
    in_shape(h)
    for name in NAMES.values():
        h.press("back").scan(name)
        in_shape(h)
        h.press("note").type("".join(c for c in name if c.isprintable()))
        in_shape(h)
        h.press("enter", "back")
        in_shape(h)


def test_a_shop_with_such_a_name(tmp_path: Path, hostile: Path) -> None:
    from tests.screens.hand import hand

    for number, name in enumerate((NAMES["wide"], NAMES["emoji"], NAMES["long"], NAMES["markup"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        h = hand(folder, hostile, name=name)
        try:
            in_shape(h)
            in_shape(h.ready())
            in_shape(h.enter(BREAD).press("lock"))
        finally:
            h.close()


@given(st.text(), st.integers(1, 90))
def test_every_text_fits(text: str, width: int) -> None:
    shown = plain(text)
    assert HARMLESS.fullmatch(shown)
    assert plain(shown) == shown
    assert cell_len(shown) == sum(cell_len(c) for c in shown)
    for laid in (fit(shown, width), right(shown, width), centre(shown, width)):
        assert cell_len(laid) == width
    assert cell_len(spread(shown, "x", width)) == width
    assert all(cell_len(line) <= max(width, 2) for line in wrap(shown, width))


@given(st.lists(st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=12), max_size=20))
def test_wrapping_loses_no_word(words: list[str]) -> None:
    assert " ".join(wrap(" ".join(words), 12)).split() == words


def test_no_such_byte_reaches_the_terminal(tmp_path: Path, hostile: Path) -> None:
    shutil.copytree(hostile, tmp_path / "data")
    write_config(tmp_path)
    terminal = Terminal([sys.executable, "-m", "kassa_tui", "till", "--config", str(tmp_path / "till.toml")])
    try:
        terminal.until(b"Aanmelden")
        terminal.write(b"1111\r")
        terminal.until(b"De kassa is gesloten")
        terminal.write(b"150\r")
        terminal.until(b"150,00 in de lade")
        start = len(terminal.seen)
        for number in range(101, 101 + len(NAMES)):
            terminal.write(str(number).encode() + b"\r")
            terminal.drain()
        terminal.until("日本酒".encode())
        seen = terminal.seen[start:].decode("utf-8")
        stripped = re.sub(r"\x1b\[\d+;\d+H|\x1b\[[\d;]*m|\x07", "", seen)
        assert HARMLESS.fullmatch(stripped), ascii(stripped)
        assert "Cable [/b] 5m" in seen
        os.kill(terminal.process.pid, signal.SIGTERM)
    finally:
        terminal.close()
