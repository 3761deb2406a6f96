"""Reading a TOML file of settings: everything that is wrong with it is gathered with its place, and told at once."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kassa_tui import config_checks as checks


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file."""

    file: str
    key: str
    """Where, as ``shop.country`` or ``device[2].path`` (counted from 1); empty where the whole file is meant."""
    code: str
    """``not_found`` (``reason``: an errno name) · ``not_toml`` (``line``, ``column``: 0 where unknown, ``detail``) ·
    ``unknown_key`` (``nearest``) · ``wrong_type`` (``expected``, ``found``) · ``not_one_of`` (``given``, ``choices``,
    ``nearest``) · ``missing`` · ``out_of_range`` (``given``, ``least``, ``most``) · ``bad_vat_id`` (``given``,
    ``country``) · ``bad_template`` (``pattern``, ``reason``) · ``duplicate`` (``other``: the key it repeats).
    ``nearest`` is empty where no valid name comes close."""
    facts: Mapping[str, Any]


class ConfigError(Exception):
    """The file cannot be used; ``problems`` says everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.file}: {p.key}: {p.code} {dict(p.facts)}" for p in problems))
        self.problems = problems


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; raises `ConfigError` with ``not_found`` or ``not_toml``."""
    import tomllib

    data = b""
    try:
        data = path.read_bytes()
        return tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "")
        raise ConfigError((Problem(str(path), "", "not_found", {"reason": reason}),)) from error
    # Beside its own error tomllib raises plain ValueError (a number too long) and RecursionError (brackets too deep).
    except (ValueError, RecursionError) as error:
        if "\0" in str(path):
            raise ConfigError((Problem(str(path), "", "not_found", {"reason": "EINVAL"}),)) from error
        line, column = _position(error, data)
        detail = str(error).partition(" (at ")[0]
        facts = {"line": line, "column": column, "detail": detail}
        raise ConfigError((Problem(str(path), "", "not_toml", facts),)) from error


def _position(error: Exception, data: bytes) -> tuple[int, int]:
    """Line and column, counted from 1, where the file stops being TOML; zeros where the error does not tell."""
    if found := re.search(r"\(at line (\d+), column (\d+)\)", str(error)):
        return int(found[1]), int(found[2])
    if isinstance(error, UnicodeDecodeError):
        before = data[: error.start].decode("utf-8", "replace")
    elif "(at end of document)" in str(error):
        before = data.decode("utf-8", "replace")
    else:
        return 0, 0
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class Reader:
    """Applies checks to tables and gathers what they object to."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        self.folder = path.parent
        self.problems: list[Problem] = []

    def report(self, key: str, code: str, **facts: Any) -> None:
        """Gather one problem."""
        self.problems.append(Problem(self.file, key, code, facts))

    def unknown(self, where: str, raw: Mapping[str, Any], names: Iterable[str]) -> None:
        """Report every key of ``raw`` that is none of ``names``."""
        names = tuple(names)
        for key in raw:
            if key not in names:
                self.report(where + key, "unknown_key", nearest=checks.nearest(key, names))

    def table(self, name: str, raw: Any, where: str = "") -> dict[str, Any]:
        """The good values of one of `TABLES`."""
        return self.values(where or name, raw, checks.TABLES[name], checks.NEEDED.get(name, ()))

    def values(self, where: str, raw: Any, known: Mapping[str, Any], needed: Iterable[str] = ()) -> dict[str, Any]:
        """The good values among ``raw``, whose keys are those of ``known``; the rest is reported."""
        if not isinstance(raw, dict):
            self.judge(where, checks.wrong_type("table", raw))
            return {}
        self.unknown(f"{where}.", raw, known)
        values: dict[str, Any] = {}
        for key, check in known.items():
            given = raw.get(key, "")
            if isinstance(given, str) and not given.strip():
                if key in needed:
                    self.report(f"{where}.{key}", "missing")
            elif isinstance(check, Mapping):
                values[key] = self.values(f"{where}.{key}", given, check)
            elif self.judge(f"{where}.{key}", value := check(given)):
                values[key] = self.folder / value if isinstance(value, Path) else value
        return values

    def judge(self, key: str, value: Any) -> bool:
        """Whether a check's answer is a value; reports it where it is not."""
        wrongs = [value] if isinstance(value, checks.Wrong) else value if isinstance(value, list) else []
        for wrong in wrongs:
            self.report(key + wrong.at, wrong.code, **wrong.facts)
        return not wrongs

    def tables(self, name: str, raw: Any) -> list[tuple[str, Any]]:
        """The tables of ``[[name]]``, each with what it is called in a problem."""
        if not isinstance(raw, list):
            self.judge(name, checks.wrong_type("list_of_tables", raw))
            return []
        return [(f"{name}[{no}]", table) for no, table in enumerate(raw, 1)]
