"""Who may work on a channel: one process, of the one that the configuration names. Two would book and write twice."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from kassa_tui.storage.database import StorageError
from kassa_tui.storage.till_store import CHANNEL_LOCK, Lock


class Owner:
    """Holds a channel's folder until released.

    StorageError ``channel_of_other`` (facts ``owner``) where the configuration names somebody else, and
    ``channel_running`` (facts ``holder``: process, machine and what it is) where another process is at work.
    """

    def __init__(self, folder: Path, me: str = "", owner: str = "") -> None:
        if owner and owner != me:
            raise StorageError("channel_of_other", {"owner": owner, "path": str(folder)})
        folder.mkdir(parents=True, exist_ok=True)
        self._lock: Lock | None = Lock(folder, CHANNEL_LOCK, f"{os.getpid()} {socket.gethostname()} {me}".strip())

    def release(self) -> None:
        """Let another process in; twice does no harm."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
