"""A question with a name that its resource does not know is refused: a misspelt filter must not answer everything."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django.http import HttpRequest
from ninja.operation import Operation

from kassa_office.api.problems import Refused

MOST_NAMED = 20
NAME_CHARS = 60


class Names(NamedTuple):
    """What may stand behind the question mark of one operation."""

    known: frozenset[str]
    many: frozenset[str]
    """Of these, what may stand there more than once."""


def names_of(operation: Operation) -> Names:
    """As the operation's parameters have it."""
    asked = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    return Names(
        frozenset(name for model in asked for name in model.__ninja_flatten_map__),
        frozenset(name for model in asked for name in model.__ninja_collection_fields__),
    )


def known_only(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates every operation of the API; Refused 400 ``unknown_query``, ``query_twice``."""
    names: list[Names] = []

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not names:
            names.append(names_of(view._ninja_operation))  # type: ignore[attr-defined]
        known, many = names[0]
        unknown = sorted(set(request.GET) - known)
        if unknown:
            shown = [name[:NAME_CHARS] for name in unknown[:MOST_NAMED]]
            raise Refused(400, "unknown_query", {"names": shown, "known": sorted(known)})
        twice = sorted(name for name in request.GET if name not in many and len(request.GET.getlist(name)) > 1)
        if twice:
            raise Refused(400, "query_twice", {"names": twice})
        return view(request, *args, **kwargs)

    return checked
