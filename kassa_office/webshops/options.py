"""The peculiarities of one webshop: as a person types them, as they are kept, and as the connectors want them.

Typed and kept they are as in ``[webshop.options]`` of a till; a connector gets them through the same checks.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from kassa_tui.config_checks import TABLES, Wrong

MAX_CHARS = 8000
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Fault(NamedTuple):
    """What is wrong: ``not_toml`` (``detail``), ``unknown_key`` or a code of `config_checks`, with ``key``."""

    code: str
    facts: dict[str, Any]


def checked(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """What connectors take, without what is wrong; and what that is."""
    known: Any = TABLES["webshop"]["options"]
    found, faults = dict[str, Any](), list[Fault]()
    for name, raw in given.items():
        if name not in known:
            faults.append(Fault("unknown_key", {"key": name}))
            continue
        value = known[name](raw)
        wrong = value if isinstance(value, list) else [value] if isinstance(value, Wrong) else []
        if wrong and all(isinstance(each, Wrong) for each in wrong):
            faults += [Fault(each.code, {"key": name + each.at, **each.facts}) for each in wrong]
        else:
            found[name] = value
    return found, faults


def read(text: str) -> tuple[dict[str, Any], list[Fault]]:
    """Lines like ``keys_in_url = true``, to be kept."""
    try:
        given = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, [Fault("not_toml", {"detail": str(error)[:200]})]
    return given, checked(given)[1]


def written(options: Mapping[str, Any]) -> str:
    """The same as lines."""
    return "".join(f"{_key(name)} = {_value(value)}\n" for name, value in options.items())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A JSON text, number or truth is a TOML one as well.
    return json.dumps(value, ensure_ascii=False)
