"""The program as text: what the house rules are read from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One source file."""

    path: str
    """From the root of the checkout."""
    text: str
    tree: ast.Module


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """Every module of these packages, parsed."""
    found = []
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text("utf-8")
            found.append(Module(str(path.relative_to(ROOT)), text, ast.parse(text)))
    return tuple(found)


def functions(module: Module) -> Iterator[Function]:
    """Every function of a module, nested ones too."""
    return (node for node in ast.walk(module.tree) if isinstance(node, Function))


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with the last part of the name that is called."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr, node


def place(module: Module, node: ast.AST) -> str:
    """Where a finding is: ``path:line``."""
    return f"{module.path}:{getattr(node, 'lineno', 0)}"
