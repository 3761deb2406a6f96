"""Time and identity from the operating system: the only module that asks for either, so that all others can be told.

Local time is kept beside UTC in every entry, because a Z report is about the shop's day and a daylight-saving hour
happens twice.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from kassa_tui.domain.journal import Moment

_SEQUENCE_BITS = 12
_RANDOM_BYTES = 8


class SystemClock:
    """The clock of the machine, in the machine's time zone."""

    def now(self) -> Moment:
        """Wall-clock time with its offset from UTC as it holds at that time."""
        at = time.time_ns() // 1_000_000
        return Moment(at, time.localtime(at // 1000).tm_gmtoff // 60)

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back; they stand still while the machine sleeps."""
        return time.monotonic_ns() // 1_000_000


def uuid7_source(
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000, random: Callable[[int], bytes] = os.urandom
) -> Callable[[], str]:
    """A function giving UUIDv7 in hexadecimal (RFC 9562 6.2, method 1), each greater than the one before.

    The 12 bits behind the time count within a millisecond, from a random start in their lower half; where they run
    over, or the clock goes back, the time is carried on from the last one given out. Safe to call from any thread.
    """
    guard = threading.Lock()
    last_ms, count = 0, 0

    def new_id() -> str:
        nonlocal last_ms, count
        with guard:
            at, noise = now_ms(), int.from_bytes(random(_RANDOM_BYTES), "big")
            if at > last_ms:
                last_ms, count = at, noise >> (64 - _SEQUENCE_BITS + 1)
            else:
                count += 1
                if count >> _SEQUENCE_BITS:
                    last_ms, count = last_ms + 1, 0
            number = last_ms << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | noise & (1 << 62) - 1
            return f"{number:032x}"

    return new_id
