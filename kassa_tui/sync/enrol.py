"""A machine becomes a till of an office: its key known there, its token here, an old machine's journal taken over."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui import config as configuration
from kassa_tui.services import files
from kassa_tui.services.setup import to_toml
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.keys import KEY_FILE, load_key, verify
from kassa_tui.storage.sync_state import SyncState
from kassa_tui.storage.takeover import Claims, Taken, Takeover, begin, pending, refuse_used
from kassa_tui.storage.till_store import Lock
from kassa_tui.sync.agent import SYNC_LOCK
from kassa_tui.sync.journal_pages import journal_pages
from kassa_tui.sync.office_client import write_token
from kassa_tui.sync.port import OfficePort
from kassa_tui.sync.wire import SCHEMA, Enrol, Enrolled

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.storage.journal import Clock


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of enrolling."""

    till: str
    branch: str
    replaces: bool


def join(config: Config, port: OfficePort, code: str, version: str) -> Joined:
    """Give the code, and keep what the office answers: token, branch, key; begin a takeover where it is one.

    OfficeError where the office refuses; StorageError ``sync_running``, ``till_has_entries``, ``key_missing`` …;
    ``other_till`` (``found``) where the code is another till's than ``till.toml`` says.
    """
    folder = config.till.data
    lock = Lock(folder, SYNC_LOCK)
    try:
        signer = load_key(folder / KEY_FILE)
        answer = port.enrol(
            Enrol(
                schema=SCHEMA,
                code=code.strip(),
                public_key=signer.public.hex(),
                till=config.till.id,
                version=version,
                host=platform.node()[:120],
            )
        )
        if answer.till != config.till.id:
            raise StorageError("other_till_code", {"found": answer.till, "till": config.till.id})
        if answer.replaces:
            refuse_used(folder)
        _keep(folder, answer)
        if answer.replaces:
            begin(folder, Claims(answer.high, answer.receipt))
    finally:
        lock.release()
    return Joined(answer.till, answer.branch, answer.replaces)


def _keep(folder: Path, answer: Enrolled) -> None:
    state = SyncState(folder)
    try:
        now = state.now
        now.branch, now.office_key, now.epoch = answer.branch, answer.office_key, ""
        now.acked = now.acked_receipt = 0
        now.code, now.failing_since = "", 0
        state.forget_from(0)
        state.save()
    finally:
        state.close()
    write_token(folder, answer.token)


def take_over(config: Config, port: OfficePort, clock: Clock, new_id: Callable[[], str]) -> Taken | None:
    """Finish a takeover that was begun; None where there is none. OfficeError, StorageError: try again later."""
    folder = config.till.data
    claims = pending(folder)
    if claims is None:
        return None
    high = [claims.seq]
    takeover = Takeover(folder, config.till.id, verify)
    try:
        for entries, keys in journal_pages(port, config.till.id, high):
            takeover.add(entries, keys)
        return takeover.finish(Claims(high[0], claims.receipt), clock, new_id, platform.node()[:60])
    finally:
        takeover.close()


def put_office(path: Path, office: dict[str, str]) -> str:
    """Add ``[office]`` to ``till.toml``, as :func:`put_tables` does."""
    return put_tables(path, {"office": office})


def put_tables(path: Path, tables: Mapping[str, Any]) -> str:
    """Add tables to ``till.toml``; the text to put there by hand where that is not allowed, else empty.

    ConfigError where the file would not be right with them.
    """
    text = to_toml(tables, head="")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        return text
    before = path.read_text("utf-8")
    trial = path.with_name(f".{path.name}.enrol.toml")
    try:
        trial.write_text(before.rstrip("\n") + "\n" + text, "utf-8")
        configuration.load(trial)
        files.replace(path, trial.read_bytes())
    finally:
        trial.unlink(missing_ok=True)
    return ""
