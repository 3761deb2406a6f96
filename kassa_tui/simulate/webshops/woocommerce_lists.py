"""Lists of a simulated WooCommerce: filters, order, pages, and times that mean four things by how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from kassa_tui.simulate.webshops.woocommerce_books import Order, Product, Refused

Query = Mapping[str, str]
Kind = TypeVar("Kind", Product, Order)
MAX_PAGE = 100


def instant(text: str, gmt: bool, zone: ZoneInfo) -> float:
    """Seconds since 1970 that the shop takes a time for.

    Naive means its own clock, or UTC where ``dates_are_gmt`` says so; with a zone *and* that switch it converts twice.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused("rest_invalid_param", "Invalid parameter(s): modified_after") from error
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC if gmt else zone).timestamp()
    if not gmt:
        return found.timestamp()
    return found.astimezone(zone).replace(tzinfo=UTC).timestamp()


def number(query: Query, name: str, default: int) -> int:
    """A whole number of the query."""
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise Refused("rest_invalid_param", f"Invalid parameter(s): {name}")
    return int(text)


def timely(query: Query, zone: ZoneInfo, found: Product | Order) -> bool:
    """Whether it was made and changed when the query wants; strictly later, by the second."""
    gmt = query.get("dates_are_gmt") in ("true", "1")
    for name, at in (("after", found.created), ("modified_after", found.modified)):
        if query.get(name) and not at > instant(query[name], gmt, zone):
            return False
    return True


def listed(rows: Sequence[Kind], query: Query, zone: ZoneInfo) -> tuple[list[Kind], dict[str, str]]:
    """A page of what fits, and the headers that say how much there is."""
    size = number(query, "per_page", 10)
    if not 1 <= size <= MAX_PAGE:
        raise Refused("rest_invalid_param", "Invalid parameter(s): per_page",
                      params={"per_page": "per_page must be between 1 (inclusive) and 100 (inclusive)"})  # fmt: skip
    by: dict[str, Callable[[Any], Any]] = {
        "id": lambda row: row.id,
        "include": lambda row: row.id,
        "date": lambda row: (row.created, row.id),
        "modified": lambda row: (row.modified, row.id),
    }
    wanted = query.get("orderby", "date")
    if wanted not in by:
        raise Refused("rest_invalid_param", "Invalid parameter(s): orderby")
    found = [row for row in rows if timely(query, zone, row)]
    found.sort(key=by[wanted], reverse=query.get("order", "desc") != "asc")
    start = number(query, "offset", 0) or (number(query, "page", 1) - 1) * size
    totals = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(ceil(len(found) / size))}
    return found[start : start + size], totals


def ids(query: Query, name: str = "include") -> set[int]:
    """A list of ids in the query."""
    return {int(part) for part in query.get(name, "").split(",") if part.strip().isdigit()}


def trimmed(body: Any, fields: str) -> Any:
    """Only these fields, of an object or of each in a list; ``a.b`` keeps one field of an object in it."""
    if not fields or not isinstance(body, (dict, list)):
        return body
    if isinstance(body, list):
        return [trimmed(each, fields) for each in body]
    found: dict[str, Any] = {}
    for field in fields.split(","):
        name, _, below = field.strip().partition(".")
        if name not in body:
            continue
        if below and isinstance(body[name], dict):
            found.setdefault(name, {}).update(trimmed(body[name], below))
        else:
            found[name] = body[name]
    return found
