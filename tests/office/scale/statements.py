"""Reading executed SQL: which tables a statement touches, and whether it says of which branch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from django.db import connection

_WORD = re.compile(r"'(?:[^']|'')*'|\"[^\"]+\"|[A-Za-z_][\w.]*|[(),;=]|\S")
_STARTS = ("from", "join", "into", "update")
_ENDS = frozenset(("group", "order", "limit", "returning", "union", "except", "intersect", "having", "offset"))


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Every statement that Django's connection executes within the block, once each."""
    seen: dict[str, None] = {}

    def note(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        seen[str(sql)] = None
        return execute(sql, params, many, context)

    found: list[str] = []
    with connection.execute_wrapper(note):
        try:
            yield found
        finally:
            found += seen


def blocks(sql: str) -> Iterator[list[str]]:
    """The words of each query in a statement, those within brackets apart; lower case, without quotes."""
    stack: list[list[str]] = [[]]
    for word in _WORD.findall(sql):
        if word == "(":
            stack.append([])
            continue
        if word == ")" and len(stack) > 1:
            inner = stack.pop()
            if inner and inner[0] in ("select", "with"):
                yield inner
                stack[-1].append("(subquery)")
            else:
                stack[-1] += ["(", *inner, ")"]
            continue
        stack[-1].append(word.strip('"').lower())
    yield from stack


def tables(words: list[str], known: Iterable[str]) -> set[str]:
    """Which of the known tables a query reads or writes itself."""
    names = set(known)
    return {after for word, after in pairwise(words) if (word in _STARTS or word == ",") and after in names}


def names_branch(words: list[str]) -> bool:
    """Whether its condition, or the columns it inserts, say the branch."""
    if "insert" in words[:1] or words[:2] == ["replace", "into"]:
        return "branch" in words[: words.index(")")] if ")" in words else False
    if "where" not in words:
        return False
    condition = words[words.index("where") + 1 :]
    for at, word in enumerate(condition):
        if word in _ENDS:
            condition = condition[:at]
            break
    return any(word.rpartition(".")[2].strip('"') == "branch" for word in condition)


def unscoped(sql: str, known: Iterable[str]) -> set[str]:
    """Known tables that a statement touches without saying of which branch."""
    if sql.split(None, 1)[0].lower() not in ("select", "insert", "update", "delete", "with", "replace"):
        return set()
    found: set[str] = set()
    for words in blocks(sql):
        touched = tables(words, known)
        if touched and not names_branch(words):
            found |= touched
        joined = [at for at, word in enumerate(words) if word == "join" and words[at + 1] in touched]
        if len(touched) > 1 and joined and not all(_joins_on_branch(words[at:]) for at in joined):
            found |= touched
    return found


def _joins_on_branch(words: list[str]) -> bool:
    ends = [at for at, word in enumerate(words[1:], 1) if word in ("where", "join", *_ENDS)]
    clause = words[: ends[0]] if ends else words
    return any(word.rpartition(".")[2].strip('"') == "branch" for word in clause)
