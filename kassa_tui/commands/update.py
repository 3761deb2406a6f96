"""``kassa update``: the next version beside this one, in use once nobody is served, and back when it is no good."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE, MISUSE, REFUSED, UNREACHED, WRONG
from kassa_tui.messages import N_

if TYPE_CHECKING:
    from kassa_tui.services.update import Rest, Trouble

BASE = Path("/opt/kassa")
UNIT, USER = "kassa-till@tty1.service", "kassa"
AGENT = "kassa-sync.service"
STEADY_SECONDS = 20.0
"""How long a new version must run before it is believed."""
WORDS = {
    "no_version": N_("in {path} zit geen versie van kassa"),
    "two_versions": N_("er zitten meer versies in: {found:list}"),
    "not_built": N_("de nieuwe versie kon niet gemaakt worden: {said}"),
    "not_here": N_("versie {version} is hier niet"),
    "busy": N_("er werd te lang verkocht om bij te werken: probeer het na sluitingstijd"),
    "not_fit": N_("versie {version} is niet goed: {said}[; versie {back} is weer in gebruik]"),
}
CODES = {"no_version": MISUSE, "two_versions": MISUSE, "not_here": MISUSE, "not_built": WRONG, "busy": REFUSED,
         "not_fit": WRONG}  # fmt: skip


def apply(call: Call) -> int:
    """Stage, wait, switch, look, restart; the version before comes back by itself."""
    from kassa_tui.services import update

    base, source = Path(call.args.base), Path(call.args.source)
    if not os.access(base if base.exists() else base.parent, os.W_OK):
        call.complain(call.t("{path} is niet te beschrijven: sudo kassa update", path=base))
        return UNREACHED
    version = update.stage(source, base)
    if isinstance(version, update.Trouble):
        return _refused(call, version)
    if version == update.in_use(base):
        call.say(call.t("Versie {version} is al in gebruik", version=version))
        return DONE
    call.say(call.t("Versie {version} staat klaar; wachten tot er niet verkocht wordt", version=version))
    till_db = call.config().till.data / "till.db"
    idle = update.wait_idle(lambda: _rest(till_db), _now, time.sleep, call.args.hours, call.args.idle)
    trouble = update.change(base, version, _fit, _restart) if idle else update.Trouble("busy")
    if trouble:
        return _refused(call, trouble)
    _restart_agent()
    before = update.prune(base, _kept(base, version))
    call.say(call.t("Versie {version} is in gebruik[; weggehaald: {gone}]", version=version, gone=", ".join(before)))
    return DONE


def _kept(base: Path, version: str) -> list[str]:
    """The newest other version stays, to go back to."""
    from kassa_tui.services.update import KEPT_VERSIONS, MARK

    others = [
        path for path in base.iterdir() if (path / MARK).exists() and not path.is_symlink() and path.name != version
    ]
    others.sort(key=lambda path: (path / MARK).stat().st_mtime_ns, reverse=True)
    return [path.name for path in others[: KEPT_VERSIONS - 1]]


def _rest(path: Path) -> Rest:
    from kassa_tui.services.update import Rest, rest

    try:
        return rest(path)
    except sqlite3.Error:
        # Books that cannot be read now are no proof that nobody sells.
        return Rest(True, True, _now())


def _now() -> int:
    return time.time_ns() // 1_000_000


def _fit(place: Path) -> str:
    """What the new version's own doctor says, as the till's user; empty when it is content."""
    from kassa_tui.services.update import run

    words = [str(place / "bin" / "kassa"), "doctor"]
    if os.geteuid() == 0 and shutil.which("runuser") and _known(USER):
        words = ["runuser", "-u", USER, "--", *words]
    code, said = run(words)
    return "" if code == DONE else said or f"kassa doctor: {code}"


def _known(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _restart() -> str:
    """Restart the till on the console and see that it stays; nothing where systemd has no till."""
    from kassa_tui.services.update import run

    if not Path("/run/systemd/system").is_dir() or run(["systemctl", "is-enabled", "--quiet", UNIT])[0]:
        return ""
    code, said = run(["systemctl", "restart", UNIT])
    if code:
        return said or UNIT
    time.sleep(STEADY_SECONDS)
    code, said = run(["systemctl", "is-active", UNIT])
    return "" if code == 0 else f"{UNIT}: {said}"


def _restart_agent() -> None:
    """The new version tells the office which one it is; the till does not wait for that, nor go back over it."""
    from kassa_tui.services.update import run

    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "try-restart", "--no-block", AGENT])


def _refused(call: Call, trouble: Trouble) -> int:
    call.complain(call.t(WORDS[trouble.code], **trouble.facts))
    return CODES[trouble.code]
