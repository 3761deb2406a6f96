"""From answers to a till: ``till.toml`` put there in one step, the old one beside it, its books made, its people in.

Answers have the shape of ``till.toml`` with ``[[staff]]`` besides. They are judged by the same reader that reads the
file at every start, on the text that will be written, so nothing can be set up that would not start.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kassa_tui import config as configuration
from kassa_tui.config import Config, Problem
from kassa_tui.services import files

STAFF = "staff"
STAFF_COLUMNS = ("code", "name", "role", "pin", "language")
_ORDER = ("shop", "till", "device", "rules", "office", "webshop")
_HEAD = "# Gemaakt door kassa setup. docs/configuration.md zegt wat er in mag staan.\n"

Answers = Mapping[str, Any]


def to_toml(answers: Answers, head: str = _HEAD) -> str:
    """The text of ``till.toml``, or of a file like it; what is neither text, number, yes or no, list nor table cannot
    be in answers."""
    names = [*(name for name in _ORDER if name in answers), *sorted(answers.keys() - {*_ORDER, STAFF})]
    return head + "".join(_table(name, answers[name]) for name in names)


def _table(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(f"\n[[{name}]]\n" + _pairs(name, each) for each in value)
    if isinstance(value, Mapping):
        return f"\n[{name}]\n" + _pairs(name, value)
    return f"{_key(name)} = {_value(value)}\n"


def _pairs(name: str, table: Any) -> str:
    if not isinstance(table, Mapping):
        return f"waarde = {_value(table)}\n"
    plain = [f"{_key(key)} = {_value(value)}\n" for key, value in table.items() if not isinstance(value, Mapping)]
    inner = [_table(f"{name}.{_key(key)}", value) for key, value in table.items() if isinstance(value, Mapping)]
    return "".join([*plain, *inner])


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A basic string of TOML escapes as JSON does, but for DEL, which no setting may hold.
    return str(value) if isinstance(value, int | float) else json.dumps(str(value), ensure_ascii=False)


def judged(answers: Answers, path: Path) -> Config | tuple[Problem, ...]:
    """The configuration that these answers would be at ``path``, or everything that is wrong with them.

    OSError where the folder of ``path`` cannot be written.
    """
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".setup-", suffix=".toml", dir=path.parent)
    trial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(to_toml(answers))
        return configuration.load(trial)
    except configuration.ConfigError as error:
        return tuple(Problem(str(path), each.key, each.code, each.facts) for each in error.problems)
    finally:
        trial.unlink(missing_ok=True)


def changes_till(answers: Answers, path: Path) -> tuple[str, str] | None:
    """The id of the till that already sold here and the one that is asked for, where they differ.

    Its receipts and its journal carry the old id: another id is another till, with another folder.
    """
    try:
        before = configuration.load(path)
    except configuration.ConfigError:
        return None
    wanted = str(answers.get("till", {}).get("id", ""))
    data = str(answers.get("till", {}).get("data", ""))
    same_books = (path.parent / data) == before.till.data
    sold = (before.till.data / "till.db").exists()
    return (before.till.id, wanted) if sold and same_books and wanted != before.till.id else None


def put(answers: Answers, path: Path, stamp: str) -> Path | None:
    """Write ``till.toml``, the old one kept beside it; where that is. OSError where it cannot be."""
    text = to_toml(answers).encode()
    if path.exists() and path.read_bytes() == text:
        return None
    old = files.keep_old(path, stamp)
    files.replace(path, text)
    return old


def staff_csv(answers: Answers) -> str:
    """The people in the answers as the CSV file that ``kassa import staff`` reads; empty where there are none."""
    people = answers.get(STAFF)
    if not isinstance(people, list) or not people:
        return ""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(STAFF_COLUMNS)
    for person in people:
        facts = person if isinstance(person, Mapping) else {}
        table.writerow([str(facts.get(column, "nl" if column == "language" else "")) for column in STAFF_COLUMNS])
    return out.getvalue()


def give_file(path: Path, folder: Path) -> None:
    """A file that root made for the till belongs to whom the till's folder belongs to."""
    if os.geteuid() == 0 and folder.exists():
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def give_to_owner(folder: Path) -> None:
    """What root made in the till's folder belongs to whom the folder belongs to; nothing for anybody but root."""
    if os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in folder.rglob("*"):
        if not path.is_symlink():
            os.chown(path, owner.st_uid, owner.st_gid)
