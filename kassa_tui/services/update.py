"""Versions of the program beside each other, and the change from one to the next while nobody sells.

``<base>/<version>`` holds an environment, ``<base>/current`` is a link to the one in use. A version is made where it
will stay, because the scripts of an environment name their folder, and it counts only once its mark is there. What a
till is doing is read beside it, from its database; nothing here needs more than the standard library, since
``systemd/install`` uses it before there is a program.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

CURRENT, MARK = "current", ".kassa-complete"
IDLE_MINUTES = 15
"""An open till in which nothing happened for so long, and with an empty ticket, is as good as a closed one."""
KEPT_VERSIONS = 2
"""The version in use and the one before it."""

_WHEEL = re.compile(r"kassa-([0-9][0-9A-Za-z.!+_]*)-.*\.whl")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]{0,40}")

Run = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a program; its exit code and the end of what it said."""


class Trouble(NamedTuple):
    """Why something was not done."""

    code: str
    """``no_version`` (nothing of ours in that folder) · ``two_versions`` · ``not_built`` (``said``) · ``busy``
    (``minutes``: how long was waited) · ``not_fit`` (``said``, ``version``; ``back``: the one in use again) ·
    ``not_here`` (no such version)."""
    facts: Mapping[str, object] = MappingProxyType({})


class Rest(NamedTuple):
    """What a till is doing, as its database says."""

    shift_open: bool
    ticket_open: bool
    last_at: int
    """UTC milliseconds of the last entry of its journal."""


def run(words: Sequence[str]) -> tuple[int, str]:
    """Run a program with nothing on its input."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, errors="replace",
                              check=False)  # fmt: skip
    except OSError as error:
        return 127, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()[-2000:]


def version_of(source: Path) -> str | Trouble:
    """The version that a folder of wheels, or an environment of ours, holds."""
    found = {match[1] for path in source.glob("kassa-*.whl") if (match := _WHEEL.fullmatch(path.name))}
    if not found and (source / "VERSION").is_file() and (source / "bin" / "kassa").is_file():
        found = {(source / "VERSION").read_text("utf-8").strip()}
    if len(found) > 1:
        return Trouble("two_versions", {"found": sorted(found)})
    version = next(iter(found), "")
    return version if _VERSION.fullmatch(version) else Trouble("no_version", {"path": str(source)})


def stage(source: Path, base: Path, run: Run = run) -> str | Trouble:
    """Make ``<base>/<version>`` from a folder of wheels or a ready environment; a version that is whole stays as it is.

    The folder of wheels holds ours, all that it needs, and perhaps a ``constraints.txt``. Nothing is fetched. A version
    that stands in ``base`` already is itself.
    """
    if source.parent == base and (source / MARK).exists() and not source.is_symlink():
        return source.name
    version = version_of(source)
    if isinstance(version, Trouble):
        return version
    place = base / version
    if (place / MARK).exists():
        return version
    shutil.rmtree(place, ignore_errors=True)
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    if (source / "bin" / "kassa").is_file():
        shutil.copytree(source, place, symlinks=True)
    else:
        trouble = build(place, ["--no-index", "--find-links", str(source), *_limits(source), f"kassa=={version}"], run)
        if trouble:
            return trouble
        if any(source.glob("evdev-*.whl")):
            run([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-index", "--find-links",
                 str(source), "evdev"])  # fmt: skip
    (place / MARK).touch()
    sync(place / MARK)
    return version


def build(place: Path, wanted: Sequence[str], run: Run = run) -> Trouble | None:
    """An environment at ``place`` with what pip is asked for, compiled; half of one is taken away again."""
    python = str(place / "bin" / "python")
    steps = (
        [sys.executable, "-m", "venv", str(place)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
        [python, "-m", "compileall", "-q", "-j", "0", str(place / "lib")],
    )
    for step in steps:
        code, said = run(step)
        # Some libraries carry files that only other versions of Python compile.
        if code and "compileall" not in step:
            shutil.rmtree(place, ignore_errors=True)
            return Trouble("not_built", {"said": said[-400:]})
    return None


def _limits(source: Path) -> list[str]:
    path = source / "constraints.txt"
    return ["--constraint", str(path)] if path.is_file() else []


def in_use(base: Path) -> str:
    """The version that ``current`` points to; empty where there is none."""
    try:
        return Path(os.readlink(base / CURRENT)).name
    except OSError:
        return ""


def switch(base: Path, version: str) -> None:
    """Point ``current`` at a version, in one step: whoever looks sees the old one or the new one."""
    fresh = base / f".{CURRENT}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(version)
    fresh.replace(base / CURRENT)
    sync(base)


def sync(path: Path) -> None:
    """On disk, also when the plug is pulled now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prune(base: Path, keep: Sequence[str]) -> list[str]:
    """Take away every version but the one in use and those to keep; the names of what went."""
    stay = {*keep, in_use(base)}
    gone = [
        path for path in base.iterdir() if (path / MARK).exists() and not path.is_symlink() and path.name not in stay
    ]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    return sorted(path.name for path in gone)


def rest(path: Path) -> Rest:
    """What the till with the database at ``path`` is doing; one without a database does nothing.

    sqlite3.Error where it cannot be read.
    """
    if not path.exists():
        return Rest(False, False, 0)
    con = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    try:
        shift = con.execute("select count(*) from shift where closed_seq is null").fetchone()[0]
        ticket = con.execute(
            "select count(*) from draft where ticket != (select last_ticket from state)").fetchone()[0]  # fmt: skip
        last = con.execute("select coalesce(max(at), 0) from journal").fetchone()[0]
    finally:
        con.close()
    return Rest(bool(shift), bool(ticket), int(last))


def is_idle(now: Rest, at: int, minutes: int = IDLE_MINUTES) -> bool:
    """Whether nobody is served: the till is closed, or it is open, its ticket empty and the last act long ago."""
    if not now.shift_open:
        return not now.ticket_open
    return not now.ticket_open and at - now.last_at >= minutes * 60_000


def wait_idle(
    look: Callable[[], Rest], now: Callable[[], int], pause: Callable[[float], object], hours: float, minutes: int
) -> bool:
    """Look every half minute until the till is idle; False when it was busy for so many hours."""
    until = now() + int(hours * 3_600_000)
    while not is_idle(look(), now(), minutes):
        if now() >= until:
            return False
        pause(30)
    return True


def change(base: Path, version: str, fit: Callable[[Path], str], restart: Callable[[], str]) -> Trouble | None:
    """Go over to ``version``: switch, look whether it is ``fit``, restart the till; back again where either objects.

    Both answer an empty text, or what is wrong. The till that runs is not touched before the new program has looked
    at its books and found them readable.
    """
    if not (base / version / MARK).exists():
        return Trouble("not_here", {"version": version})
    before = in_use(base)
    switch(base, version)
    wrong = fit(base / version)
    restarted = not wrong
    wrong = wrong or restart()
    if not wrong:
        return None
    if before:
        switch(base, before)
    else:
        (base / CURRENT).unlink(missing_ok=True)
    if restarted and before:
        restart()
    return Trouble("not_fit", {"said": wrong[-400:], "version": version, "back": before})
