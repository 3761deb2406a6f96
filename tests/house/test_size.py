"""Modules one can read at a sitting and functions one can see at a glance: sizes that only ever go down."""

from __future__ import annotations

from statistics import median

from tests.house.source import functions, modules, place

MODULE_LINES, FUNCTION_LINES = 400, 40
MEDIAN_MODULE_LINES, MEDIAN_FUNCTION_LINES = 140, 10

SOURCE = modules("kassa_tui", "bench")
FUNCTIONS = [(module, node) for module in SOURCE for node in functions(module)]


def test_no_module_is_too_long() -> None:
    sizes = {module.path: module.text.count("\n") for module in SOURCE}
    assert {path: lines for path, lines in sizes.items() if lines > MODULE_LINES} == {}
    assert median(sizes.values()) <= MEDIAN_MODULE_LINES


def test_no_function_is_too_long() -> None:
    sizes = {(place(module, node), node.name): _lines(node) for module, node in FUNCTIONS}
    assert {where: lines for where, lines in sizes.items() if lines > FUNCTION_LINES} == {}
    assert median(sizes.values()) <= MEDIAN_FUNCTION_LINES


def _lines(node: object) -> int:
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return int(last) - int(first) + 1
