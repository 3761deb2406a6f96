"""Keeping the office: a copy that was checked, putting one back, and making the figures anew from the journals."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

SETTINGS = {"PGDATABASE": "NAME", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGHOST": "HOST", "PGPORT": "PORT"}
OPTIONS = {"PGHOST": "host", "PGPORT": "port", "PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert"}
"""PostgreSQL's own environment variables, by Django's settings and by what follows the address's question mark."""


def backup_arguments(parser: argparse.ArgumentParser) -> None:
    """``backup FOLDER``."""
    parser.add_argument("folder", metavar="MAP", type=Path)
    parser.epilog = "Voorbeeld: kassa-office backup /media/usb"


def backup(options: argparse.Namespace) -> int:
    """Write a consistent copy of the database while the office runs, check it, and name it by the moment."""
    from django.db import connection

    options.folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    suffix = "dump" if connection.vendor == "postgresql" else "db"
    target = options.folder / f"kassa-office-{stamp}.{suffix}"
    part = target.with_suffix(f".{suffix}.part")
    try:
        copy_database(part)
        os.chmod(part, 0o600)
        with part.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part.rename(target)
    except (OSError, sqlite3.Error, subprocess.CalledProcessError) as error:
        part.unlink(missing_ok=True)
        print(_("De kopie is niet gemaakt: %s") % error, file=sys.stderr)
        return 3
    print(f"{target}  sha256 {digest}")
    return 0


def copy_database(target: Path) -> None:
    """The database as of now in ``target``, checked; raises what went wrong."""
    from django.db import connection

    if connection.vendor == "postgresql":
        _postgres("pg_dump", "--format=custom", f"--file={target}")
        _run(["pg_restore", "--list", str(target)], {})
        return
    connection.ensure_connection()
    with sqlite3.connect(target) as copy:
        source = sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True)
        try:
            source.backup(copy)
        finally:
            source.close()
        copy.execute("pragma journal_mode = delete")
        found = copy.execute("pragma quick_check").fetchone()[0]
    if found != "ok":
        raise OSError(found)


def restore_arguments(parser: argparse.ArgumentParser) -> None:
    """``restore FILE --yes``."""
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--yes", action="store_true", help="zonder dit wordt er niets vervangen")
    parser.epilog = "Voorbeeld: kassa-office restore /media/usb/kassa-office-20261122-020000.db --yes"


def restore(options: argparse.Namespace) -> int:
    """Put a copy in place of the database and give the office a new epoch, so that the tills send what it lacks."""
    from django.core.management import call_command
    from django.db import connection

    from kassa_office.tills.office import new_epoch

    if not options.file.is_file():
        print(_("Er is geen bestand %s") % options.file, file=sys.stderr)
        return 2
    if not options.yes:
        print(_("Dit vervangt de database van het kantoor. Zet het kantoor stil, en doe het met --yes."),
              file=sys.stderr)  # fmt: skip
        return 4
    try:
        if connection.vendor == "postgresql":
            _exchange_schema(options.file)
        else:
            _put_back(options.file, Path(connection.settings_dict["NAME"]))
    except (OSError, sqlite3.Error, subprocess.CalledProcessError) as error:
        print(_("De kopie is niet teruggezet: %s") % error, file=sys.stderr)
        return 3
    connection.close()
    call_command("migrate", verbosity=0, interactive=False)
    print(_("Teruggezet, kenmerk %s. De kassa's sturen bij hun eerste bericht wat er in ontbreekt.") % new_epoch()[:8])
    return 0


def _put_back(source: Path, database: Path) -> None:
    from django.db import connection

    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as check:
        found = check.execute("pragma quick_check").fetchone()[0]
    if found != "ok":
        raise OSError(found)
    connection.close()
    if database.exists():
        shutil.copy2(database, database.with_name(f"{database.name}.replaced"))
    old, new = sqlite3.connect(source), sqlite3.connect(database, timeout=30)
    try:
        old.backup(new)
        new.execute("pragma journal_mode = wal")
    finally:
        old.close()
        new.close()


def _exchange_schema(source: Path) -> None:
    """Restore beside what is there, and put that back where it fails: partitions cannot be dropped one by one.

    What was replaced stays in the schema ``replaced``, until the next time.
    """
    from django.db import connection

    _run(["pg_restore", "--list", str(source)], {})
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS replaced CASCADE")
        cursor.execute("ALTER SCHEMA public RENAME TO replaced")
        cursor.execute("CREATE SCHEMA public")
    words = ("--single-transaction", "--exit-on-error", "--no-owner", "--schema=public", "--dbname")
    try:
        _postgres("pg_restore", *words, named=str(source))
    except BaseException:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("ALTER SCHEMA replaced RENAME TO public")
        raise


def _postgres(program: str, *words: str, named: str | None = None) -> None:
    from django.db import connection

    settings: dict[str, Any] = connection.settings_dict
    environ = {name: str(settings[key]) for name, key in SETTINGS.items() if settings[key]}
    environ |= {name: str(settings["OPTIONS"][key]) for name, key in OPTIONS.items() if key in settings["OPTIONS"]}
    last = [] if named is None else [settings["NAME"], named]
    _run([program, *words, *last], environ)


def _run(command: list[str], environ: dict[str, str]) -> None:
    found = subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, check=False)
    if found.returncode:
        raise OSError(f"{command[0]}: {found.stderr.strip()[-300:]}")


def rebuild_arguments(parser: argparse.ArgumentParser) -> None:
    """``rebuild [--check]``."""
    parser.add_argument("--check", action="store_true", help="alleen vergelijken, niets vervangen")
    parser.epilog = "Voorbeeld: kassa-office rebuild --check"


def rebuild(options: argparse.Namespace) -> int:
    """Make every figure anew from the journals; 1 where one differed."""
    from kassa_office.journal.rebuild import rebuild as make_anew

    differing = make_anew(keep=options.check)
    for table, rows in sorted(differing.items()):
        print(_("%(table)s: %(rows)d rijen waren anders") % {"table": table, "rows": rows})
    if not differing:
        print(_("Alle cijfers kloppen met de journaals."))
    return 1 if differing else 0
