"""What one office installation may say about itself: ``office.toml``, read once before Django is set up."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ENVIRONMENT = "KASSA_OFFICE_CONFIG"
USUAL = Path("/etc/kassa/office.toml")
KEYS = {"data": str, "database": str, "hosts": list, "url": str, "language": str, "timezone": str, "bind": str,
        "workers": int, "proxies": int, "country": str, "name": str, "webhook_private": bool}  # fmt: skip
"""Each key of the file and its type; ``config/office.toml.example`` says what they mean."""
LANGUAGES = ("nl", "fr", "en")


class OfficeConfigError(Exception):
    """The file cannot be used; the message names file and key, in English for a log and as ``code`` and ``facts``."""

    def __init__(self, code: str, facts: Mapping[str, object]) -> None:
        super().__init__(f"{code}: {dict(facts)}")
        self.code, self.facts = code, facts


@dataclass(frozen=True, slots=True)
class OfficeConfig:
    """All of ``office.toml``, with what is usual where it is silent."""

    path: Path | None
    data: Path
    """Folder of the database (SQLite), the secrets, the snapshots, the logs and the backups."""
    database: str = ""
    """``postgresql://user:password@host:port/name``; empty is SQLite in the data folder."""
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    """Names under which browsers and tills may ask for the office."""
    url: str = "http://127.0.0.1:8100"
    language: str = "nl"
    timezone: str = "Europe/Amsterdam"
    bind: str = "127.0.0.1:8100"
    workers: int = 2
    proxies: int = 0
    """Reverse proxies in front whose ``X-Forwarded-For`` and ``-Proto`` are believed."""
    country: str = "NL"
    name: str = "Kassa"
    """Of the company, at the head of each page."""
    webhook_private: bool = False
    """Whether webhooks may go to addresses of the own network, and without TLS."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach the office over TLS."""
        return self.url.startswith("https://")


def find(environ: Mapping[str, str], given: str | None = None) -> Path | None:
    """The file to read: given, from the environment, or the usual one; None where there is none."""
    for name in (given, environ.get(ENVIRONMENT)):
        if name:
            return Path(name)
    return USUAL if USUAL.exists() else None


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> OfficeConfig:
    """Read the file; without one, an office for trying out below the user's own folder. OfficeConfigError."""
    if path is None:
        base = environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
        return OfficeConfig(None, Path(environ.get("KASSA_OFFICE_DATA") or Path(base) / "kassa-office"))
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise OfficeConfigError("office_config_unreadable", {"file": str(path), "cause": str(error)}) from error
    return OfficeConfig(path, **_checked(path, raw))


def _checked(path: Path, raw: dict[str, Any]) -> dict[str, Any]:
    for key, value in raw.items():
        if key not in KEYS:
            raise OfficeConfigError("office_config_key", {"file": str(path), "key": key, "known": sorted(KEYS)})
        if not isinstance(value, KEYS[key]) or (isinstance(value, bool) and KEYS[key] is not bool):
            raise OfficeConfigError("office_config_type", {"file": str(path), "key": key, "type": KEYS[key].__name__})
    if "data" not in raw:
        raise OfficeConfigError("office_config_missing", {"file": str(path), "key": "data"})
    if raw.get("language", "nl") not in LANGUAGES or raw.get("country", "NL") not in ("NL", "BE"):
        raise OfficeConfigError("office_config_value", {"file": str(path), "key": "language, country"})
    data = Path(raw["data"])
    raw["data"] = data if data.is_absolute() else (path.parent / data).resolve()
    if "hosts" in raw:
        raw["hosts"] = tuple(str(host) for host in raw["hosts"])
    return raw


def database(config: OfficeConfig) -> dict[str, Any]:
    """Django's ``DATABASES["default"]``."""
    if not config.database:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": config.data / "office.db",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                " PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(config.database)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise OfficeConfigError("office_config_database", {"database": parts.scheme})
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "") if "/" not in parts.netloc else "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair),
    }


def secret(config: OfficeConfig) -> str:
    """Django's secret, made at first use and readable by the office only."""
    path = config.data / "secret.key"
    if not path.exists():
        config.data.mkdir(parents=True, exist_ok=True, mode=0o750)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()
