"""python-escpos brought in without its side effects.

Importing version 3.1 parses 8,000 lines of YAML unless it finds its pickle, makes a folder in /tmp that it never
removes (``mkdtemp`` is called even where the environment names a folder), and installs a handler on the root logger.
The pickle is unpickled at the next start, so it must lie in a folder that nobody else can write.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

PICKLE_DIR = "ESCPOS_CAPABILITIES_PICKLE_DIR"


class UnsafeFolder(ValueError):
    """The folder for the pickle belongs to somebody else, or others may write in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"not a private folder: {path}")
        self.path = path


def load(private_dir: Path) -> Any:
    """The ``escpos.printer.dummy.Dummy`` class, its profile data cached in ``private_dir`` (made 0700 where missing).

    Raises `UnsafeFolder`, or OSError where the folder cannot be made. Once escpos is imported, later calls only return
    the class.
    """
    if "escpos.printer" not in sys.modules:
        _check_private(private_dir)
        os.environ[PICKLE_DIR] = str(private_dir)
        with _no_temporary_folder(private_dir), _root_logger_untouched():
            _import_capabilities(private_dir)
            import_module("escpos.printer.dummy")
    return import_module("escpos.printer.dummy").Dummy


def _check_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.stat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o022:
        raise UnsafeFolder(folder)


def _import_capabilities(private_dir: Path) -> None:
    """Import the profiles; a pickle cut off by a power cut is thrown away and made anew."""
    try:
        profiles = import_module("escpos.capabilities").CAPABILITIES["profiles"]
    except Exception:  # noqa: BLE001 - unpickling half a file may raise nearly anything
        profiles = None
    if profiles:
        return
    for pickle in private_dir.glob("*.capabilities.pickle"):
        pickle.unlink()
    for name in [name for name in sys.modules if name.partition(".")[0] == "escpos"]:
        del sys.modules[name]
    import_module("escpos.capabilities")


@contextmanager
def _no_temporary_folder(private_dir: Path) -> Iterator[None]:
    real = tempfile.mkdtemp
    setattr(tempfile, "mkdtemp", lambda: str(private_dir))  # noqa: B010 - mypy refuses the plain assignment
    try:
        yield
    finally:
        setattr(tempfile, "mkdtemp", real)  # noqa: B010


@contextmanager
def _root_logger_untouched() -> Iterator[None]:
    """``logging.basicConfig()`` does nothing while the root logger has a handler."""
    guard = logging.NullHandler()
    logging.root.addHandler(guard)
    try:
        yield
    finally:
        logging.root.removeHandler(guard)
