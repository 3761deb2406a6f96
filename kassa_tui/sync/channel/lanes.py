"""Waits that grow, for each kind of traffic its own: a shop that refuses stock still gives its orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 5.0, 300.0
"""After the first failure, and after many; between them it doubles."""


@dataclass(slots=True)
class Lane:
    """One kind of traffic."""

    tries: int = 0
    """Failures in a row."""
    not_before: float = 0.0
    """Monotonic seconds."""

    def open(self, now: float) -> bool:
        """Whether it may try now."""
        return now >= self.not_before

    def failed(self, now: float, retry_after: float, random: Callable[[], float]) -> float:
        """Note a failure; seconds until the next try: what the shop asked for, or anywhere up to the bound."""
        self.tries += 1
        bound = min(FIRST_WAIT_SECONDS * 2.0 ** min(self.tries - 1, 20), MOST_WAIT_SECONDS)
        # Never at once: a line that fails immediately must not be tried in a loop.
        seconds = max(retry_after, 1.0 + random() * (bound - 1.0))
        self.not_before = now + seconds
        return seconds

    def worked(self) -> None:
        """Note that it went well."""
        self.tries, self.not_before = 0, 0.0
