"""The night's copy, where no timer of the system makes it: a process of its own, so that sales go on to the office."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

from kassa_tui.services.health import backup_folder

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.domain.journal import Moment

QUIET_HOURS = (4, 6)
"""Local hours, the second not included: after the timer's copy, so that there are not two, before the shop opens."""
FRESH_MS = 20 * 3_600_000
"""A copy younger than this is tonight's."""


def is_quiet(moment: Moment) -> bool:
    """Whether it is that time of the night."""
    hour = (moment.at // 60_000 + moment.offset) // 60 % 24
    return QUIET_HOURS[0] <= hour < QUIET_HOURS[1]


def command(config: Config, now: int) -> list[str] | None:
    """The command that makes tonight's copy; None where there is one already."""
    folder = backup_folder(config)
    times = [path.stat().st_mtime_ns // 1_000_000 for path in folder.glob("kassa-*.tar.gz")] if folder.is_dir() else []
    if times and now - max(times) < FRESH_MS:
        return None
    return [sys.executable, "-m", "kassa_tui", "backup", str(folder), "--config", str(config.path)]


def start(words: list[str]) -> subprocess.Popen[bytes] | None:
    """Begin it; None where it cannot be begun."""
    try:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        logging.getLogger("kassa.sync").exception("nightly copy")
        return None
