"""Whatever a connector, the engine or the road to a webshop answers with a code has words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import kassa_tui.sync
from kassa_tui.webshop_words import WEBSHOP_WORDS

SYNC = Path(kassa_tui.sync.__file__).parent
RAISED = frozenset({"WebshopError", "Transient", "Permanent", "Unauthorised", "Unanswered"})


def codes() -> Iterator[tuple[str, str]]:
    """Code and place of every error that is made with a code as it stands, and of every stock that was not written."""
    for path in [*sorted((SYNC / "webshops").glob("*.py")), *sorted((SYNC / "channel").glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in RAISED and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), f"{path.name}:{node.lineno}"
            for word in node.keywords:
                if node.func.id == "StockWritten" and word.arg == "code" and isinstance(word.value, ast.Constant):
                    yield str(word.value.value), f"{path.name}:{node.lineno}"


def test_every_code_has_words() -> None:
    found = list(codes())
    assert len(found) > 60
    assert [(code, place) for code, place in found if code and code not in WEBSHOP_WORDS] == []
