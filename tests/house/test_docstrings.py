"""Everything that is public says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import Function, Module, modules, place

SOURCE = modules("kassa_tui", "bench")


def test_every_module_says_why_it_exists() -> None:
    assert [module.path for module in SOURCE if not ast.get_docstring(module.tree)] == []


def test_everything_public_is_described() -> None:
    bare = [
        f"{place(module, node)} {node.name}"
        for module in SOURCE
        for node in _public(module.tree.body)
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_docstrings_are_found_missing() -> None:
    text = 'class Bare:\n    def also(self): ...\n    def _hidden(self): ...\n\ndef told():\n    """Doc."""\n'
    module = Module("made_up.py", text, ast.parse(text))
    assert [node.name for node in _public(module.tree.body) if not ast.get_docstring(node)] == ["Bare", "also"]


def _public(body: list[ast.stmt]) -> Iterator[ast.ClassDef | Function]:
    """Classes, functions and methods without an underscore; the setter of a property shares its getter's words."""
    for node in body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        if isinstance(node, Function) and any(ast.unparse(mark).endswith(".setter") for mark in node.decorator_list):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body)
