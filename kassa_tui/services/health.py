"""Is this till fit to sell? Every part is looked at by itself, so that one that is broken does not hide the others."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.outcome import Refused
from kassa_tui.services import machine, office_settings
from kassa_tui.storage.database import StorageError, open_database, quick_check, translated
from kassa_tui.storage.journal import BACK_MS, verify
from kassa_tui.storage.keys import KEY_FILE, load_key
from kassa_tui.storage.shop import SHOP_DB, Shop, is_ready
from kassa_tui.storage.spool import count_waiting
from kassa_tui.storage.till_store import TILL_DB

if TYPE_CHECKING:
    from kassa_tui.config import Config, Device
    from kassa_tui.storage.journal import Clock

OK, WARN, FAIL = machine.OK, machine.WARN, machine.FAIL
"""Fit; fit but to be looked at, or not yet begun; not fit."""

LOW_BYTES, TOO_LOW_BYTES = 1_000_000_000, 100_000_000
"""Free space at which to warn (about a year of a busy till), and at which a day's sales may no longer fit."""
SURELY_PAST_MS = 1_767_225_600_000
"""1 January 2026: a clock before it was never set."""

Probe = Callable[["Device"], Refused | None]
"""Whether a device can be reached, and if not why."""
Look = Callable[["Device"], machine.Found | None]
"""How a device that is no printer is; None where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one part."""

    part: str
    """``config``, ``folder``, ``till_db``, ``shop_db``, ``journal``, ``key``, ``clock``, ``disk``, ``catalogue``,
    ``staff``, ``printer``, ``spool``, ``device``, ``time``, ``wear``, ``backup``, ``certificate``, ``settings``."""
    state: str
    """``ok``, ``warn`` or ``fail``."""
    code: str
    """What exactly; with ``part`` it finds the words, and a StorageError's or a device's own code keeps its own."""
    facts: dict[str, Any] = field(default_factory=dict)


def examine(config: Config, clock: Clock, probe: Probe, look: Look = machine.device) -> Iterator[Finding]:
    """Everything there is to look at, part by part; nothing is changed and a running till is not disturbed: ``probe``
    and ``look`` take care of that."""
    folder = config.till.data
    yield Finding("config", OK, "accepted", {"path": str(config.path), "till": config.till.id})
    yield _folder(folder)
    yield _till_db(folder / TILL_DB)
    yield from _journal(folder, config.till.id, clock)
    yield _key(folder)
    yield from _shop(folder, config.shop.country)
    yield from _from_office(config)
    yield _disk(folder)
    yield from _machine(config, clock)
    for device in config.devices_of("printer"):
        problem = probe(device)
        facts: dict[str, Any] = {"kind": device.kind}
        yield (
            Finding("printer", FAIL, problem.code, {**facts, **problem.facts})
            if problem
            else Finding("printer", OK, "reached", facts)
        )
    if config.device("printer") is None:
        yield Finding("printer", WARN, "none")
    for device in config.devices:
        if device.role != "printer" and (found := look(device)):
            yield Finding("device", *found)


def _machine(config: Config, clock: Clock) -> Iterator[Finding]:
    """What lies under the till, as far as this machine tells."""
    if found := machine.network_time():
        yield Finding("time", *found)
    for found in machine.wear():
        yield Finding("wear", *found)
    if found := machine.backups(backup_folder(config), clock.now().at):
        yield Finding("backup", *found)
    if config.office is not None and config.office.ca_file is not None:
        yield Finding("certificate", *machine.certificate(config.office.ca_file, clock.now().at))


def backup_folder(config: Config) -> Path:
    """Where the nightly copies go: ``$KASSA_BACKUP_DIR``, else ``backup`` in the data folder."""
    return Path(os.environ.get("KASSA_BACKUP_DIR") or config.till.data / "backup")


def _folder(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("folder", WARN, "not_made", {"path": str(folder)})
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("folder", FAIL, "no_access", {"path": str(folder)})
    return Finding("folder", OK, "there", {"path": str(folder)})


def _till_db(path: Path) -> Finding:
    if not path.exists():
        begun = (path.parent / KEY_FILE).exists()
        return Finding("till_db", FAIL if begun else WARN, "lost" if begun else "not_made", {"path": str(path)})
    try:
        quick_check(path)
    except StorageError as error:
        return Finding("till_db", FAIL, error.code, error.facts)
    return Finding("till_db", OK, "whole", {"path": str(path), "bytes": path.stat().st_size})


def _journal(folder: Path, till: str, clock: Clock) -> Iterator[Finding]:
    """The chain without its signatures (``journal verify`` has those), the clock against it, and what is unprinted."""
    path = folder / TILL_DB
    if not path.exists():
        yield _clock(clock, 0)
        return
    db = open_database(path, readonly=True)
    try:
        db.connect()
        with translated(path):
            con: sqlite3.Connection = db.connection()
            flaws = verify(con, till, None)
            entries, last = con.execute("select count(*), coalesce(max(at), 0) from journal").fetchone()
            waiting = count_waiting(con)
    except StorageError as error:
        yield Finding("journal", FAIL, error.code, error.facts)
        yield _clock(clock, 0)
        return
    finally:
        db.close()
    if flaws:
        yield Finding("journal", FAIL, flaws[0].code, {"seq": flaws[0].seq, "flaws": len(flaws)})
    else:
        yield Finding("journal", OK, "whole", {"entries": entries})
    yield Finding("spool", WARN if waiting else OK, "waiting" if waiting else "empty", {"n": waiting})
    yield _clock(clock, last)


def _clock(clock: Clock, last: int) -> Finding:
    now = clock.now()
    facts = {"behind_minutes": (last - now.at) // 60_000}
    if now.at < SURELY_PAST_MS:
        return Finding("clock", FAIL, "never_set", facts)
    if last - now.at > BACK_MS:
        return Finding("clock", FAIL, "behind", facts)
    return Finding("clock", OK, "set", {"offset": now.offset})


def _key(folder: Path) -> Finding:
    path = folder / KEY_FILE
    if not path.exists() and not (folder / TILL_DB).exists():
        return Finding("key", WARN, "not_made", {"path": str(path)})
    try:
        signer = load_key(path)
        db = open_database(folder / TILL_DB, readonly=True)
        db.connect()
        try:
            row = db.execute_sql("select value from meta where key = 'public_key'").fetchone()
        finally:
            db.close()
    except StorageError as error:
        return Finding("key", FAIL, error.code, error.facts)
    except Exception as error:  # noqa: BLE001  a database without its tables says so in its own finding
        return Finding("key", FAIL, "failed", {"reason": type(error).__name__})
    if row is None or row[0] != signer.public.hex():
        return Finding("key", FAIL, "key_other", {"path": str(path)})
    return Finding("key", OK, "right", {"path": str(path)})


def _shop(folder: Path, country: str) -> Iterator[Finding]:
    path = folder / SHOP_DB
    if not path.exists():
        yield Finding("shop_db", WARN, "not_made", {"path": str(path)})
        return
    try:
        quick_check(path)
        if not is_ready(path, country):
            yield Finding("shop_db", WARN, "old_shape", {"path": str(path)})
            return
        shop = Shop(folder)
        try:
            articles, people = shop.count(), len(shop.people())
        finally:
            shop.close()
    except StorageError as error:
        yield Finding("shop_db", FAIL, error.code, error.facts)
        return
    yield Finding("shop_db", OK, "whole", {"path": str(path)})
    yield Finding("catalogue", OK if articles else WARN, "some" if articles else "none", {"n": articles})
    yield Finding("staff", OK if people else WARN, "some" if people else "none", {"n": people})


def _from_office(config: Config) -> Iterator[Finding]:
    """Which settings are the office's, and which of those cannot be used here."""
    try:
        laid, problems = office_settings.of_folder(config)
    except StorageError:
        # What is wrong with shop.db has a finding of its own.
        return
    if laid.from_office:
        yield Finding("settings", OK, "held", {"keys": list(laid.from_office), "n": len(laid.from_office)})
    for key in office_settings.ignored(problems):
        yield Finding("settings", WARN, "ignored", {"key": key})


def _disk(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    facts = {"megabytes": free // 1_000_000, "path": str(there)}
    if free < TOO_LOW_BYTES:
        return Finding("disk", FAIL, "full", facts)
    return Finding("disk", WARN if free < LOW_BYTES else OK, "low" if free < LOW_BYTES else "room", facts)
