"""How often a token may ask: a small file for each, shared by all processes of the office on a machine.

The database would do as well, but a question that only reads must not wait for who writes there.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from pathlib import Path

BURST_SECONDS = 10.0
"""So many seconds' worth may come at once."""


def wait_for(folder: Path, key: str, per_minute: int, now: float | None = None) -> float:
    """Count one question under ``key`` (a file name); seconds to wait first, 0 where it is allowed.

    ``now`` is seconds since 1970. What is refused is not counted.
    """
    at, step = time.time() if now is None else now, 60.0 / max(per_minute, 1)
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    handle = os.open(folder / key, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        found = os.pread(handle, 8, 0)
        full_at = struct.unpack("<d", found)[0] if len(found) == 8 else 0.0
        allowance = max(BURST_SECONDS, step)
        # A clock that was set back must not lock a token out for as long.
        full_at = max(min(full_at, at + allowance + step), at)
        if full_at + step - at > allowance + 1e-6:
            return float(full_at + step - at - allowance)
        os.pwrite(handle, struct.pack("<d", full_at + step), 0)
        return 0.0
    finally:
        os.close(handle)
