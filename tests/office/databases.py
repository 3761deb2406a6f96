"""The databases that the tests of the office run on: made and migrated once per process, emptied for each test."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SERVER = "KASSA_TEST_POSTGRES"
"""Environment variable: URL of a PostgreSQL server on which databases may be made."""
SQLITE, POSTGRES = "sqlite", "postgresql"
NOBODY = 65_534
BASE = Path(tempfile.mkdtemp(prefix="kassa-office-test-"))
"""Folder of this process; gone when it ends."""
DATA = BASE / "data"

atexit.register(shutil.rmtree, BASE, ignore_errors=True)


def set_up() -> None:
    """Django's settings for tests, once: a data folder of this process, cheap password hashes, no manifest of files."""
    if (BASE / "office.toml").exists():
        return
    os.environ["DJANGO_SETTINGS_MODULE"] = "kassa_office.settings"
    os.environ["KASSA_OFFICE_CONFIG"] = str(write_config(BASE, ""))
    (DATA / "static").mkdir(parents=True, exist_ok=True)
    zone = os.environ.get("TZ")
    import django
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.LOGGING_CONFIG = None
    django.setup()
    _keep_zone(zone)
    from django.test.utils import setup_test_environment

    setup_test_environment()


def _keep_zone(zone: str | None) -> None:
    """Django sets the process's time zone; other tests of this process are to have the one they had."""
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    time.tzset()


def write_config(folder: Path, database: str) -> Path:
    """An ``office.toml`` with its data in this process's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "office.toml"
    path.write_text(f'data = "{DATA}"\n' + (f'database = "{database}"\n' if database else ""), "utf-8")
    return path


def postgres_binaries() -> Path | None:
    """Folder of ``initdb`` and ``postgres``; None where there are none."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    for place in places:
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    return None


def available() -> list[str]:
    """What the tests run on here."""
    there = os.environ.get(SERVER) or (postgres_binaries() and shutil.which("setpriv"))
    return [SQLITE, POSTGRES] if there else [SQLITE]


class Databases:
    """Django's ``default`` database, on SQLite or PostgreSQL as a test asks; ``durable`` where a disk is measured."""

    def __init__(self, durable: bool = False) -> None:
        self._durable = durable
        self._settings: dict[str, dict[str, Any]] = {}
        self._usual: dict[str, Any] = {}
        """As the configuration has it: SQLite."""
        self._template = BASE / "template.db"
        self._seeded: set[str] = set()
        self._tables: list[str] = []
        self._server: Server | None = None
        self.vendor = ""

    @property
    def environ(self) -> dict[str, str]:
        """Environment of a child process that works on the same database."""
        url = self._server.url if self._server and self.vendor == POSTGRES else ""
        config = write_config(BASE / (self.vendor or SQLITE), url)
        return {**os.environ, "KASSA_OFFICE_CONFIG": str(config), "DJANGO_SETTINGS_MODULE": "kassa_office.settings"}

    @property
    def data(self) -> Path:
        """The office's data folder."""
        return DATA

    def use(self, vendor: str) -> Databases:
        """Change over, to an empty, migrated database."""
        from django.contrib.contenttypes.models import ContentType
        from django.db import connections

        if not self._usual:
            self._usual = dict(connections.settings["default"])
        if vendor not in self._settings:
            self._settings[vendor] = self._prepare(vendor)
        connections["default"].close()
        connections.settings["default"] = self._settings[vendor]
        del connections["default"]
        ContentType.objects.clear_cache()
        self.vendor = vendor
        self.reset()
        return self

    def reset(self) -> None:
        """Throw away what is in it."""
        from django.core.cache import caches
        from django.db import connection

        for name in caches.settings:
            caches[name].clear()
        if self.vendor == SQLITE:
            connection.close()
            for path in (DATA / "office.db-wal", DATA / "office.db-shm", DATA / "office.db"):
                path.unlink(missing_ok=True)
            shutil.copyfile(self._template, DATA / "office.db")
            return
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(";".join(f'DELETE FROM "{table}"' for table in self._tables if table not in self._seeded))
            cursor.execute(
                "SELECT setval(quote_ident(schemaname) || '.' || quote_ident(sequencename), 1, false)"
                " FROM pg_sequences WHERE sequencename <> ALL (%s)",
                [[f"{table}_id_seq" for table in self._seeded]],
            )
            cursor.execute("SET session_replication_role = DEFAULT")

    def _prepare(self, vendor: str) -> dict[str, Any]:
        from django.db import connections

        before = connections.settings["default"]
        settings = dict(self._usual) if vendor == SQLITE else self._postgres(self._usual)
        if vendor == SQLITE and not (DATA / "office.db").exists():
            DATA.mkdir(parents=True, exist_ok=True)
        connections.settings["default"] = settings
        del connections["default"]
        self._migrate()
        if vendor == SQLITE:
            with connections["default"].cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connections["default"].close()
            shutil.copyfile(DATA / "office.db", self._template)
        else:
            self._look_at_tables()
            connections["default"].close()
        connections.settings["default"] = before
        return settings

    def _migrate(self) -> None:
        from django.core.management import call_command

        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)

    def _look_at_tables(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
                           " AND relnamespace = 'public'::regnamespace")  # fmt: skip
            self._tables = sorted(row[0] for row in cursor.fetchall())
            for table in self._tables:
                cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')
                if cursor.fetchone()[0]:
                    self._seeded.add(table)

    def _postgres(self, before: dict[str, Any]) -> dict[str, Any]:
        from kassa_office.config import OfficeConfig, database

        self._server = Server(self._durable)
        made = database(OfficeConfig(None, DATA, self._server.url))
        return {**before, **made, "CONN_MAX_AGE": 0, "OPTIONS": made["OPTIONS"]}


class Server:
    """A PostgreSQL server with a database of this process: the given one, or a small one made for the occasion."""

    def __init__(self, durable: bool = False) -> None:
        self._durable = durable
        given = os.environ.get(SERVER)
        self._admin = given or self._start()
        name = f"kassa_test_{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}_{os.getpid()}"
        parts = urlsplit(self._admin)
        self.url = parts._replace(path=f"/{name}").geturl()
        self._execute(f'CREATE DATABASE "{name}"')
        if given:
            atexit.register(self._execute, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _execute(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(self._admin, autocommit=True) as con:
            con.execute(sql.encode())

    def _start(self) -> str:
        binaries, folder = postgres_binaries(), Path(tempfile.mkdtemp(prefix="kassa-pg-"))
        assert binaries is not None
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        who = ["setpriv", "--pdeathsig=INT"]
        if os.getuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            who += [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        data = folder / "data"
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder}
        make = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8"]
        subprocess.run([*who, *make, "--locale=C.UTF-8"], check=True, **quiet)
        options = ["listen_addresses=", f"unix_socket_directories={folder}", "max_connections=60"]
        if not self._durable:
            options += ["fsync=off", "full_page_writes=off", "shared_buffers=32MB", "autovacuum=off"]
        words = [word for option in options for word in ("-c", option)]
        child = subprocess.Popen([*who, str(binaries / "postgres"), "-D", str(data), *words], **quiet)
        atexit.register(self._stop, child)
        url = f"postgresql://postgres@/postgres?host={folder}"
        self._wait(url, child)
        return url

    @staticmethod
    def _wait(url: str, child: subprocess.Popen[bytes]) -> None:
        import psycopg

        for _ in range(600):
            try:
                psycopg.connect(url).close()
            except psycopg.OperationalError:
                if child.poll() is not None:
                    raise
                time.sleep(0.05)  # a server that starts has no event to wait for
            else:
                return
        raise TimeoutError(url)

    @staticmethod
    def _stop(child: subprocess.Popen[bytes]) -> None:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
