"""The office as the cashier sees it: a few words in the header or the status line, and a page that tells all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome
from kassa_tui.screens.base import Sheet
from kassa_tui.screens.ink import BAD, TEXT, Row
from kassa_tui.screens.text import wrap
from kassa_tui.services import office

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.till import Till

LOOK_EVERY = 3
"""Seconds between two looks: never within a key, and a few microseconds each."""
SHEET_CHARS = 74


class OfficeLine:
    """What the header and the status line say of the office, as of the last look."""

    def __init__(self, till: Till) -> None:
        self._till, self._watch = till, office.OfficeWatch(till.config.till.data)
        self._ticks = 0
        self.told: Outcome | None = None
        self.bad = False
        self.look()

    def tick(self) -> None:
        """A second went by."""
        self._ticks += 1
        if self._ticks % LOOK_EVERY == 0:
            self.look()

    def look(self) -> office.Standing:
        """Look now."""
        now = office.standing(self._till, self._watch)
        self.told, self.bad = office.line(now)
        return now

    def close(self) -> None:
        """Let go of the agent's file."""
        self._watch.close()


def watch_office(desk: Desk, till: Till) -> None:
    """Keep an eye on it for a till that belongs to an office; the one for practice sends nothing."""
    if desk.office is not None:
        desk.office.close()
    desk.office = OfficeLine(till) if till.config.office is not None and not till.training else None


def show_office(desk: Desk) -> None:
    """What waits, since when, why, and who must act."""
    if desk.office is None:
        return
    rows: list[Row] = []
    for outcome, bad in office.report(desk.office.look()):
        rows += [((f"  {part}", BAD if bad else TEXT),) for part in wrap(desk.words.outcome(outcome), SHEET_CHARS)]
    desk.show(Sheet(desk, desk.t("Kantoor"), rows))


def waiting_note(desk: Desk) -> str:
    """Beside the question whether to close: what is not with the office yet; empty where nothing is or need be."""
    if desk.office is None:
        return ""
    entries = desk.office.look().entries
    if not entries:
        return ""
    return desk.words.n(
        "Let op: {n} regel is nog niet bij het kantoor; die gaat vanzelf mee, ook na het afsluiten.",
        "Let op: {n} regels zijn nog niet bij het kantoor; die gaan vanzelf mee, ook na het afsluiten.",
        entries,
    )
