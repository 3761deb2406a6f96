"""Files that are there whole or not at all, whenever the plug is pulled."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(path: Path, data: bytes, mode: int = 0o640) -> None:
    """Put ``data`` in place of the file at ``path``, on disk before this returns. OSError where it cannot be."""
    fresh = path.with_name(f".{path.name}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            # The technician may have given the file to a group of his own.
            was = path.stat()
            os.chmod(fresh, was.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.chown(fresh, was.st_uid, was.st_gid)
        elif os.geteuid() == 0:
            # A folder for a group holds files for that group.
            os.chown(fresh, -1, path.parent.stat().st_gid)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync(path.parent)


def keep_old(path: Path, stamp: str) -> Path | None:
    """A copy of the file beside it, named after the time; None where there is none yet."""
    if not path.exists():
        return None
    old = path.with_name(f"{path.name}.{stamp}.old")
    replace(old, path.read_bytes(), path.stat().st_mode & 0o7777)
    return old


def sync(path: Path) -> None:
    """A folder's names on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for the length of a ``with``, which nobody else may look into."""
    return tempfile.TemporaryDirectory(prefix="kassa-")
