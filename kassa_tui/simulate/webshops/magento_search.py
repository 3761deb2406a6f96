"""``searchCriteria`` and ``fields`` as Magento reads them, oddities of old versions included."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from kassa_tui.simulate.webshops.magento_goods import Refusal

T = TypeVar("T")

_KEY = re.compile(r"\[([^\]]*)\]")
_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(slots=True)
class Criteria:
    """One search."""

    groups: list[list[tuple[str, str, str]]] = field(default_factory=list)
    sort: list[tuple[str, str]] = field(default_factory=list)
    size: int = 0
    """0: all."""
    page: int = 1
    given: bool = False
    fields: str = ""


def read(query: str) -> Criteria:
    """The search in a query."""
    found = Criteria()
    filters: dict[int, dict[int, dict[str, str]]] = {}
    orders: dict[int, dict[str, str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        head, _, rest = name.partition("[")
        keys = [_SNAKE.sub("_", key).lower() for key in _KEY.findall(f"[{rest}")]
        if head == "fields":
            found.fields = value
        if head not in ("searchCriteria", "search_criteria"):
            continue
        found.given = True
        if keys == ["page_size"]:
            found.size = _count(value, "pageSize")
        elif keys == ["current_page"]:
            found.page = max(1, _count(value, "currentPage"))
        elif len(keys) == 5 and keys[0] == "filter_groups":
            filters.setdefault(int(keys[1]), {}).setdefault(int(keys[3]), {})[keys[4]] = value
        elif len(keys) == 3 and keys[0] == "sort_orders":
            orders.setdefault(int(keys[1]), {})[keys[2]] = value
    for group in filters.values():
        found.groups.append([(each.get("field", ""), each.get("condition_type", "eq"), each.get("value", ""))
                             for each in group.values()])  # fmt: skip
    found.sort = [(each["field"], each.get("direction", "ASC").upper()) for _, each in sorted(orders.items())]
    return found


def _count(value: str, name: str) -> int:
    if not value.isdigit():
        raise Refusal('The "%value" value\'s type is invalid. The "%type" type was expected. Verify and try again.',
                      {"value": value, "type": "int", "name": name})  # fmt: skip
    return int(value)


def found(
    everything: Iterable[T], asked: Criteria, column: Callable[[T, str], Any], show: Callable[[T], Any], *,
    repeats_last_page: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """The answer: ``items`` is null where a page is empty, or in old versions the last page over again."""
    tests = [[(name, _test(condition, value)) for name, condition, value in group] for group in asked.groups]
    fit = [each for each in everything if all(any(test(column(each, name)) for name, test in group) for group in tests)]
    for name, direction in reversed(asked.sort):
        keyed = [(_comparable(column(each, name)), each) for each in fit]
        keyed.sort(key=lambda pair: pair[0], reverse=direction == "DESC")
        fit = [each for _, each in keyed]
    size = asked.size or max(1, len(fit))
    page = asked.page
    if repeats_last_page and fit:
        page = min(page, -(-len(fit) // size))
    if not asked.sort and page % 2 == 0:
        # Without an order a database gives rows as it likes, and pages overlap.
        fit.reverse()
    part = fit[(page - 1) * size : page * size]
    answer = {"items": [show(each) for each in part] or (None if asked.page > 1 else []), "total_count": len(fit),
              "search_criteria": {"page_size": asked.size, "current_page": asked.page}}  # fmt: skip
    return trimmed(answer, asked.fields)


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "neq": operator.ne, "gt": operator.gt, "gteq": operator.ge, "from": operator.ge,
    "lt": operator.lt, "lteq": operator.le, "to": operator.le,
}  # fmt: skip


def _test(condition: str, value: str) -> Callable[[Any], bool]:
    """One condition, its value read once."""
    if condition in ("null", "notnull"):
        return lambda have: (have is None) == (condition == "null")
    if condition in ("in", "nin"):
        wanted = {_plain(each) for each in value.split(",")} | {each.casefold() for each in value.split(",")}
        return lambda have: (have is not None and _folded(have) in wanted) == (condition == "in")
    if condition == "like":
        pattern = re.compile("".join(".*" if each == "%" else re.escape(each) for each in value), re.IGNORECASE | re.S)
        return lambda have: have is not None and pattern.fullmatch(str(have)) is not None
    if condition not in _COMPARE:
        raise Refusal("Invalid condition type: %1", [condition])
    compare, number, text = _COMPARE[condition], _plain(value), value.casefold()

    def test(have: Any) -> bool:
        if have is None:
            return condition == "neq"
        if isinstance(have, (int, Decimal)) and not isinstance(number, str):
            return compare(have, number)
        return compare(str(have).casefold(), text)

    return test


def _plain(value: str) -> int | Decimal | str:
    """A number as a number, a text whatever its case."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value.casefold()
    return (int(number) if number == number.to_integral_value() else number) if number.is_finite() else value.casefold()


def _folded(have: Any) -> Any:
    return have if isinstance(have, (int, Decimal)) else str(have).casefold()


def _comparable(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    return (1, value) if isinstance(value, (int, Decimal)) else (2, str(value).casefold())


def trimmed(answer: dict[str, Any], fields: str) -> dict[str, Any]:
    """Only what ``fields`` names: ``items[sku,name],total_count``."""
    return {**_cut(answer, _tree(fields))} if fields else answer


def _tree(fields: str) -> dict[str, Any]:
    root: dict[str, Any] = {}
    stack, name = [root], ""
    for each in f"{fields},":
        if each == "[":
            stack[-1][name] = {}
            stack.append(stack[-1][name])
            name = ""
        elif each in ",]":
            if name:
                stack[-1].setdefault(name, None)
            name = ""
            if each == "]" and len(stack) > 1:
                stack.pop()
        else:
            name += each
    return root


def _cut(value: Any, tree: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_cut(each, tree) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: value[name] if below is None else _cut(value[name], below)
            for name, below in tree.items() if name in value}  # fmt: skip
