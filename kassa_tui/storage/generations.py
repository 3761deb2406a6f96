"""``shop.db`` as a name for one of several files, so that a whole catalogue changes over in one step.

A database with a write-ahead log is three files, and three names cannot change at once. So where a whole catalogue came
from the office, ``shop.db`` is a symbolic link to ``shop-<number>.db``, and SQLite keeps the log beside the file that
the link names: each catalogue has its own. To change over is to rename one link. Whoever has the older file open goes
on reading it undisturbed, and sees by the file behind the name that there is another (``Shop``).
"""

from __future__ import annotations

import time
from pathlib import Path

from kassa_tui.storage.database import sync_file

SUFFIXES = ("", "-wal", "-shm")
"""Of the files that are one database."""
OPENING_SECONDS = 60
"""An older file stays so long: somebody may have followed the name to it this moment, and not opened its log yet."""


def exchange(shop: Path, fresh: Path) -> Path:
    """Give ``fresh``, a closed database beside ``shop``, the name ``shop``; its own path.

    On disk before this returns. A crash leaves the one or the other, whole.
    """
    number = 1 + max((_number(shop, path) for path in shop.parent.glob(f"{shop.stem}-*{shop.suffix}")), default=0)
    place = shop.with_name(f"{shop.stem}-{number}{shop.suffix}")
    for suffix in SUFFIXES[1:]:
        place.with_name(place.name + suffix).unlink(missing_ok=True)
    sync_file(fresh)
    fresh.rename(place)
    # The new file must be there under its name before a link says so.
    sync_file(shop.parent)
    link = shop.with_name(f".{shop.name}.new")
    link.unlink(missing_ok=True)
    link.symlink_to(place.name)
    link.replace(shop)
    sync_file(shop.parent)
    return place


def tidy(shop: Path) -> None:
    """Throw away what was in use before, and what a crash left; not while somebody may be on the way to it.

    For whoever alone changes ``shop``.
    """
    if not shop.exists():
        return
    linked = shop.is_symlink()
    if linked and 0 <= time.time() - shop.lstat().st_mtime < OPENING_SECONDS:
        return
    kept = shop.readlink().name if linked else ""
    gone = {path.name for path in shop.parent.glob(f"{shop.stem}-*{shop.suffix}") if _number(shop, path)} - {kept}
    left = [name + suffix for name in gone for suffix in SUFFIXES]
    if linked:
        # The log of a file that was ``shop`` itself: it would be taken for that of another that is put there one day.
        left += [shop.name + suffix for suffix in SUFFIXES[1:]]
    for name in left:
        shop.with_name(name).unlink(missing_ok=True)


def move(shop: Path, place: Path) -> None:
    """Take the database away to ``place`` with its log, whether its name is a link or not; nothing where it is not."""
    source = shop.with_name(shop.readlink().name) if shop.is_symlink() else shop
    for suffix in SUFFIXES:
        path = source.with_name(source.name + suffix)
        if path.exists():
            path.replace(place.with_name(place.name + suffix))
    shop.unlink(missing_ok=True)


def _number(shop: Path, path: Path) -> int:
    digits = path.stem.removeprefix(f"{shop.stem}-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0
