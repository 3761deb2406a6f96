"""Which key does what, the same on every screen, as the shop may change it in ``keys.toml``.

Key names are Textual's, listed here as data: the map is needed before the first frame and by programs without a screen.
Digits, comma and full stop are missing on purpose, because they belong to the entry line.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kassa_tui.config import Problem

DEFAULT: Mapping[str, tuple[str, ...]] = {
    "help": ("f1",),
    "search": ("f2", "slash"),
    "customer": ("f3",),
    "park": ("f4",),
    "recall": ("f5",),
    "price": ("f6",),
    "discount": ("f7",),
    "return": ("f8",),
    "pay": ("f9",),
    "functions": ("f10",),
    "pin": ("f11",),
    "cash": ("f12",),
    "repeat": ("plus",),
    "set": ("equals_sign",),
    "times": ("asterisk", "x"),
    "up": ("up",),
    "down": ("down",),
    "page_up": ("pageup",),
    "page_down": ("pagedown",),
    "home": ("home",),
    "end": ("end",),
    "void": ("delete",),
    "correct": ("backspace",),
    "lock": ("ctrl+l",),
    "back": ("escape",),
    "enter": ("enter",),
    "why": ("question_mark",),
    "note": ("ctrl+n",),
    "check": ("ctrl+p",),
    "drawer": ("ctrl+o",),
    "group": ("at",),
    "copy": ("ctrl+r",),
    "voucher": ("ctrl+v",),
    "account": ("ctrl+k",),
    "gift": ("ctrl+g",),
    "tare": ("ctrl+w",),
    "zero": ("ctrl+z",),
}
"""Act → the keys that do it; the first is the one shown."""

ALWAYS = ("help", "back", "enter")
"""Acts that must keep a key, or nobody finds the way out of a screen."""

SIGNS = {
    "plus": "+",
    "equals_sign": "=",
    "asterisk": "*",
    "slash": "/",
    "question_mark": "?",
    "at": "@",
    "minus": "-",
    "exclamation_mark": "!",
    "quotation_mark": '"',
    "number_sign": "#",
    "dollar_sign": "$",
    "percent_sign": "%",
    "ampersand": "&",
    "apostrophe": "'",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "colon": ":",
    "semicolon": ";",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_square_bracket": "[",
    "backslash": "\\",
    "right_square_bracket": "]",
    "circumflex_accent": "^",
    "underscore": "_",
    "grave_accent": "`",
    "left_curly_bracket": "{",
    "vertical_line": "|",
    "right_curly_bracket": "}",
    "tilde": "~",
}
"""Name of a key → the sign it types, which is also how it is shown."""

_SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "insert": "Ins",
    "delete": "Del",
    "backspace": "Bksp",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "space": "Space",
}
_NEVER_SENT = "him"
"""Ctrl with these is Backspace, Tab and Enter on every terminal."""

KEY_NAMES = frozenset(
    (
        *SIGNS,
        *_SHOWN,
        *string.ascii_letters,
        *(f"f{number}" for number in range(1, 25)),
        "shift+tab",
        *(f"ctrl+{letter}" for letter in string.ascii_lowercase if letter not in _NEVER_SENT),
    )
)
"""Every name that ``keys.toml`` may use."""


def key_label(key: str) -> str:
    """A key as it is shown to people: ``F12``, ``Ctrl+L``, ``Del``, ``+``."""
    if len(key) == 1:
        return key
    return "+".join(SIGNS.get(part) or _SHOWN.get(part) or part.capitalize() for part in key.split("+"))


class KeyMap:
    """Keys and acts, looked up both ways."""

    __slots__ = ("_acts", "_keys")

    def __init__(self, keys: Mapping[str, tuple[str, ...]] = DEFAULT) -> None:
        self._keys = dict(keys)
        self._acts = {key: act for act, names in keys.items() for key in names}

    def act(self, key: str) -> str | None:
        """What this key does, or None."""
        return self._acts.get(key)

    def keys(self, act: str) -> tuple[str, ...]:
        """The keys of an act, the one to show first; none where the shop took them away."""
        return self._keys[act]

    def label(self, act: str) -> str:
        """The key to show for an act; empty where it has none."""
        keys = self._keys[act]
        return key_label(keys[0]) if keys else ""


def beside(config: Path) -> Path | None:
    """The ``keys.toml`` in the folder of this ``till.toml``, if there is one."""
    path = config.parent / "keys.toml"
    return path if path.is_file() else None


def load_keys(path: Path | None) -> KeyMap:
    """The keys of a ``keys.toml``; acts that it leaves out keep theirs, and without a file all do.

    Raises `config.ConfigError` with every problem: ``not_found``, ``not_toml``, ``unknown_key`` (no such act),
    ``wrong_type``, ``not_one_of`` (no such key name), ``duplicate`` (a key with two acts; ``key`` and ``other``, the
    other act's place) and ``missing`` (an act of `ALWAYS` without a key).
    """
    if path is None:
        return KeyMap()
    from kassa_tui.config import ConfigError, Problem, read_toml

    raw = read_toml(path)
    file, problems = str(path), list[Problem]()
    problems += [
        Problem(file, key, "unknown_key", {"nearest": _nearest(key, ("keys",))}) for key in raw if key != "keys"
    ]
    table = raw.get("keys", {})
    if not isinstance(table, dict):
        problems.append(Problem(file, "keys", "wrong_type", {"expected": "table", "found": _type(table)}))
        table = {}
    keys = dict(DEFAULT)
    for act, given in table.items():
        names, wrong = _names(file, act, given)
        problems += wrong
        if act in DEFAULT:
            keys[act] = names
    problems += _twice(file, keys)
    if problems:
        raise ConfigError(tuple(problems))
    return KeyMap(keys)


def _names(file: str, act: str, given: Any) -> tuple[tuple[str, ...], list[Problem]]:
    """The key names of one act, and what is wrong with them."""
    from kassa_tui.config import Problem

    where = f"keys.{act}"
    if act not in DEFAULT:
        return (), [Problem(file, where, "unknown_key", {"nearest": _nearest(act, DEFAULT)})]
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list):
        return (), [Problem(file, where, "wrong_type", {"expected": "text_or_list", "found": _type(given)})]
    if not names and act in ALWAYS:
        return (), [Problem(file, where, "missing", {})]
    good, problems = list[str](), list[Problem]()
    for name in names:
        if not isinstance(name, str):
            problems.append(Problem(file, where, "wrong_type", {"expected": "text", "found": _type(name)}))
        elif name not in KEY_NAMES:
            facts = {"given": name, "choices": (), "nearest": _nearest_key(name)}
            problems.append(Problem(file, where, "not_one_of", facts))
        else:
            good.append(name)
    return tuple(good), problems


def _twice(file: str, keys: Mapping[str, tuple[str, ...]]) -> list[Problem]:
    from kassa_tui.config import Problem

    first: dict[str, str] = {}
    problems = []
    for act, names in keys.items():
        for name in names:
            if name in first:
                facts = {"given": name, "other": f"keys.{first[name]}"}
                problems.append(Problem(file, f"keys.{act}", "duplicate", facts))
            first.setdefault(name, act)
    return problems


def _nearest(name: str, names: Iterable[str]) -> str:
    from kassa_tui.config_checks import nearest

    return nearest(name, names)


def _nearest_key(name: str) -> str:
    """The key meant by a name, by the sign itself, or by what stands on the keyboard."""
    labels = {key_label(key).lower(): key for key in sorted(KEY_NAMES) if len(key) > 1}
    return labels.get(name.lower()) or _nearest(name, sorted(key for key in KEY_NAMES if len(key) > 1))


def _type(value: object) -> str:
    from kassa_tui.config_checks import type_name

    return type_name(value)
