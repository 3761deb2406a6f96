"""How long the drawer has been open, for a lamp, a reminder and the journal; from what the printer tells of its switch.

Given the time, keeps no clock. The printer is asked only after a kick and while the drawer is known to be open, and
not for ever: a drawer that stands open while it is counted needs no lamp.
"""

from __future__ import annotations

from typing import NamedTuple

GLANCE_S = 0.5
"""From one look to the next while somebody stands at the drawer."""
SLOW_GLANCE_S = 5.0
"""And once it has been open for `LEFT_OPEN_S`."""
OPENING_S = 3.0
"""A drawer that was kicked has sprung open by then, or has no switch."""
REMIND_S = 20
"""Open for so long, somebody forgot it."""
LEFT_OPEN_S = 120
"""Open for so long, it goes into the journal."""
WATCH_S = 600.0
"""Longest time that an open drawer is watched."""


class Event(NamedTuple):
    """Something for the journal."""

    kind: str
    """``drawer.opened`` (without a kick) or ``drawer.left_open``."""
    seconds: int


class DrawerWatch:
    """One drawer. Times are seconds of any steady clock."""

    def __init__(self) -> None:
        self.since: float | None = None
        """When it was first seen open; None when it is shut."""
        self._kicked: float | None = None
        """A kick that has not been answered for by an open drawer that was shut again."""
        self._told = False
        self._last = 0.0

    def kicked(self, now: float) -> None:
        """A kick was sent: the drawer may open."""
        self._kicked = now

    def saw(self, opened: bool | None, now: float) -> Event | None:
        """What the printer says of it; an entry for the journal, where there is one to make."""
        if opened is None:
            return None
        self._last = now
        if not opened:
            if self.since is not None or (self._kicked is not None and now - self._kicked >= OPENING_S):
                self._kicked = None
            self.since = None
            return None
        if self.since is None:
            self.since, self._told = now, False
            return None if self._kicked is not None else Event("drawer.opened", 0)
        if not self._told and now - self.since >= LEFT_OPEN_S:
            self._told = True
            return Event("drawer.left_open", int(now - self.since))
        return None

    def next_look(self, now: float) -> float | None:
        """Seconds until the printer is to be asked again; None is not at all."""
        if self.since is not None:
            age = now - self.since
            wait = GLANCE_S if age < LEFT_OPEN_S + GLANCE_S else SLOW_GLANCE_S
            return wait if age < WATCH_S else None
        return GLANCE_S if self._kicked is not None and now - self._kicked < OPENING_S else None

    def seconds(self, now: float) -> int | None:
        """For how long it has been open; None when it is shut, or nobody has looked for a while."""
        if self.since is None or now - self._last > 2 * SLOW_GLANCE_S:
            return None
        return int(now - self.since)
