"""What comes from outside reaches screen and paper as text and nothing else, and no text speaks of work to be done."""

from __future__ import annotations

import ast
import re

from rich.segment import Segment
from textual.geometry import Region

from kassa_tui.screens.canvas import Canvas
from kassa_tui.screens.text import plain
from tests.house.source import ROOT, calls, modules, place

SOURCE = modules("kassa_tui")
WIDGETS = re.compile(r"textual\.(widgets|containers|content|markup|visual)\b")
MARKUP = {"notify", "from_markup", "escape_markup", "render_markup", "Static", "Label", "Input", "RichLog", "DataTable"}
HOSTILE = "Kaas [/b] [red]48+[/] [@click=app.quit]x[/] \x1b[31m\x07\u202e\r\n\u200b end"

_SIGNS = (
    ("TO", "DO"), ("FIX", "ME"), ("for ", "now"), ("place", "holder"), ("not ", "implemented"), ("NotImp", "lemented"),
    ("work in ", "progress"), ("coming ", "soon"), ("lorem ", "ipsum"), ("stu", "bbed"),
)  # fmt: skip
UNFINISHED = re.compile("|".join(map("".join, _SIGNS)), re.IGNORECASE)
"""In two halves, so that this file does not find itself."""
TEXTS = ("*.py", "*.md", "*.toml", "*.po", "*.example", "*.csv", "Makefile", "*.service", "*.rules")
OWN = ("kassa_tui", "tests", "bench", "docs", "config", "systemd", ".ci")


def test_the_canvas_is_the_only_widget() -> None:
    widgets = [
        f"{place(module, node)} {node.name}"
        for module in SOURCE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in ("Widget", "ScrollView") for base in node.bases)
    ]
    assert [found.split()[-1] for found in widgets] == ["Canvas"]
    assert [module.path for module in SOURCE if WIDGETS.search(module.text)] == []


def test_nothing_takes_markup() -> None:
    screen = [module for module in SOURCE if module.path.startswith(("kassa_tui/app.py", "kassa_tui/screens/"))]
    assert len(screen) > 10
    found = [f"{place(module, call)} {name}" for module in screen for name, call in calls(module) if name in MARKUP]
    assert found == []


def test_nothing_prints_on_the_terminal_behind_the_screen() -> None:
    bare = [(module, call) for module in SOURCE for _, call in calls(module) if isinstance(call.func, ast.Name)]
    assert [place(module, call) for module, call in bare if ast.unparse(call.func) == "print"] == []


def test_names_from_outside_are_shown_as_they_are() -> None:
    shown = plain(HOSTILE)
    assert shown.isprintable()
    assert "[/b] [red]48+[/] [@click=app.quit]x[/]" in shown
    canvas = Canvas()
    canvas._rows, canvas._width = [((shown, "text"),)], 100
    (strip,) = canvas.render_lines(Region(0, 0, 100, 1))
    assert "".join(segment.text for segment in strip if isinstance(segment, Segment)).rstrip() == shown.rstrip()


def test_no_words_of_unfinished_work() -> None:
    texts = [path for folder in OWN for kind in TEXTS for path in sorted((ROOT / folder).rglob(kind))]
    texts += [path for kind in TEXTS for path in sorted(ROOT.glob(kind))]
    assert len(texts) > 100
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()}"
        for path in texts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_no_function_is_empty_but_for_protocols_and_hooks() -> None:
    empty = [
        f"{place(module, node)} {node.name}"
        for module in SOURCE
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and all(isinstance(part, ast.Pass) or _is_dots(part) for part in node.body)
    ]
    assert empty == []


def _is_dots(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def test_the_domain_never_asks_the_clock() -> None:
    clocks = {"now", "today", "utcnow", "time", "uuid4", "urandom", "random"}
    found = [f"{place(module, call)} {name}" for module in modules("kassa_tui/domain") for name, call in calls(module)
             if name in clocks]  # fmt: skip
    assert found == []
