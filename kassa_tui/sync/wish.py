"""The version that the office wants of this till, left where root's updater finds it: the agent may not install.

``kassa-update.path`` sees the file change. The updater believes nothing of it but a version number, and takes that
version only from where root put it.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from kassa_tui.services.files import replace
from kassa_tui.sync.wire import VERSION_SHAPE

WISHES = "version.request"
"""In the data folder; not there while the till runs what the office wants."""
VERSION = re.compile(VERSION_SHAPE, re.ASCII)


def put(folder: Path, wanted: str, running: str) -> None:
    """Ask for ``wanted``, or for nothing where it runs already; what is no version is not passed on."""
    path = folder / WISHES
    try:
        if not wanted or wanted == running:
            path.unlink(missing_ok=True)
        elif not VERSION.fullmatch(wanted):
            logging.getLogger("kassa.sync").warning("office wants version %r", wanted[:60])
        elif not path.exists() or path.read_text("ascii", "replace").strip() != wanted:
            replace(path, f"{wanted}\n".encode("ascii"))
    except OSError as error:
        logging.getLogger("kassa.sync").warning("version %s cannot be asked for: %s", wanted, error)


def asked(folder: Path) -> str:
    """The version that is asked for; empty where none is."""
    try:
        found = (folder / WISHES).read_text("ascii", "replace").strip()
    except OSError:
        return ""
    return found if VERSION.fullmatch(found) else ""
