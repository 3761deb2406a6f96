"""The file with a webshop's keys: TOML, for its owner's eyes only, and never shown again."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from kassa_tui.sync.webshops.base import Permanent


def read_keys(path: Path) -> dict[str, str]:
    """Name → secret. Permanent ``key_missing``, ``key_open`` (others may read it) or ``key_bad``."""
    try:
        mode = path.stat().st_mode
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise Permanent("key_missing", {"path": str(path)}) from error
    except (OSError, ValueError) as error:
        raise Permanent("key_bad", {"path": str(path)}) from error
    if mode & 0o077:
        raise Permanent("key_open", {"path": str(path)})
    return {name: value for name, value in found.items() if isinstance(value, str)}


def write_keys(path: Path, keys: Mapping[str, str]) -> None:
    """Keep keys where only this user may read them, on disk before this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(f"{name} = {_quoted(value)}\n" for name, value in keys.items())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _quoted(text: str) -> str:
    # A JSON text is a TOML text as well.
    return json.dumps(text)
