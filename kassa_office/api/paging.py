"""Pages by cursor: no row twice and none left out, whatever is added or taken away meanwhile.

A cursor says which row was the last, by the columns the list is ordered by; it is of that list and no other.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from kassa_office.api.problems import Refused

MAX_LIMIT, USUAL_LIMIT = 500, 100
MAX_WHOLE = 2**63 - 1
MAX_CURSOR_CHARS = 1000

M = TypeVar("M", bound=Model)


def page(
    rows: QuerySet[M], order: Sequence[str], cursor: str | None, limit: int, shown: Callable[[M], dict[str, Any]]
) -> dict[str, Any]:
    """The next rows by ``order``, which must be unique together: ``items`` and ``next``, null on the last page."""
    if cursor:
        rows = rows.filter(_after(order, read(rows, order, cursor)))
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    return {
        "items": [shown(row) for row in found[:limit]],
        "next": write(order, [getattr(found[limit - 1], name) for name in order]) if more else None,
    }


def write(order: Sequence[str], values: Sequence[Any]) -> str:
    """A cursor behind the row with these values."""
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    return urlsafe_b64encode(json.dumps([list(order), plain]).encode()).decode().rstrip("=")


def read(rows: QuerySet[M], order: Sequence[str], cursor: str) -> list[Any]:
    """The values in a cursor; Refused where it is none of this list."""
    try:
        if len(cursor) > MAX_CURSOR_CHARS:
            raise ValueError
        names, values = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if names != list(order) or not isinstance(values, list) or len(values) != len(order):
            raise ValueError
        return [_value(rows, name, value) for name, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(404, "cursor_unknown") from error


def _value(rows: QuerySet[M], name: str, value: Any) -> Any:
    kind = rows.model._meta.get_field(name).get_internal_type()
    if kind == "DateField":
        return date.fromisoformat(value)
    if kind in ("CharField", "TextField"):
        if not isinstance(value, str) or "\0" in value:
            raise ValueError
        value.encode("utf-8")
        return value
    if type(value) is not int or abs(value) > MAX_WHOLE:
        raise ValueError
    return value


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Behind these values; the first column is named by itself, for its index."""
    whole = Q()
    for place, name in enumerate(order):
        same = dict(zip(order[:place], values[:place], strict=True))
        whole |= Q(**same, **{f"{name}__gt": values[place]})
    return Q(**{f"{order[0]}__gte": values[0]}) & whole
