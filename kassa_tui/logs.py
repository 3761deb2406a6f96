"""The till's log file: what a technician reads afterwards. Nothing is ever logged to the terminal, which is a screen.

The root logger gets its handler before any library is imported, so that none of them installs its own on stderr.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

LOG_FILE = "kassa.log"
MAX_LOG_BYTES = 1_000_000
KEPT_LOGS = 3
"""Three million characters hold months of an ordinary till, and cannot fill a card."""

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def folder(environ: Mapping[str, str]) -> Path:
    """Where logs go while no configuration names a data folder: ``$XDG_STATE_HOME/kassa``, else below the home."""
    base = environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(base) / "kassa"


def start(place: Path, level: int = logging.INFO) -> Path | None:
    """Send all logging to a file of bounded size in ``place``; its path, or None where no file can be written there.

    Called again, for instance once the configuration is known, it moves on to the new place.
    """
    from logging.handlers import RotatingFileHandler

    handler: logging.Handler = logging.NullHandler()
    path: Path | None = place / LOG_FILE
    try:
        place.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            place / LOG_FILE, maxBytes=MAX_LOG_BYTES, backupCount=KEPT_LOGS, encoding="utf-8", delay=True
        )
        if not os.access(place, os.W_OK):
            raise PermissionError(place)
    except OSError:
        handler, path = logging.NullHandler(), None
    handler.setFormatter(logging.Formatter(_FORMAT))
    for old in logging.root.handlers[:]:
        logging.root.removeHandler(old)
        old.close()
    logging.root.addHandler(handler)
    logging.root.setLevel(level)
    # A log that cannot be written (a full disk) must not write its trouble on the screen.
    logging.raiseExceptions = False
    return path


def location() -> str:
    """The file that is being logged to, empty where there is none."""
    for handler in logging.root.handlers:
        if isinstance(handler, logging.FileHandler):
            return handler.baseFilename
    return ""
