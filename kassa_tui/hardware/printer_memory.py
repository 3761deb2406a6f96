"""What was learned about a printer, kept from one start of the print process to the next.

Printers differ in what they answer and drawers in which way their switch reads, and no list of models says so. Both
show by themselves: a printer that answered once will answer, and a level that changes right after a kick is the switch.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

FILE_NAME = "printer.json"
SURE_VOTES = 2
"""Kicks that showed the same change before it is believed: one may have been a hand shutting the drawer."""
MOST_VOTES = 4


class Memory:
    """For one printer; another one in its place is learned anew."""

    def __init__(self, folder: Path, key: str) -> None:
        self._path, self._key = folder / FILE_NAME, key
        self.answers = False
        """It answered a question about its state: silence is trouble from then on."""
        self.fence: bool | None = None
        """Whether it answers behind a job; None is not known yet."""
        self._votes = 0
        self._load()

    @property
    def open_level(self) -> bool | None:
        """Whether the drawer's switch reads high when it is open; None where there is no switch, as far as known."""
        return self._votes > 0 if abs(self._votes) >= SURE_VOTES else None

    def answered(self) -> None:
        """It answered."""
        if not self.answers:
            self.answers = True
            self._save()

    def fenced(self, works: bool) -> None:
        """It does or does not answer behind a job; only the first is kept, the other may have been an accident."""
        self.fence = works
        if works:
            self._save()

    def level_changed(self, high: bool) -> None:
        """The level of the drawer's pin became so right after a kick."""
        before = self._votes
        self._votes = max(-MOST_VOTES, min(MOST_VOTES, before + (1 if high else -1)))
        if self._votes != before:
            self._save()

    def _load(self) -> None:
        try:
            kept = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return
        if isinstance(kept, dict) and kept.get("printer") == self._key:
            self.answers, self.fence = kept.get("answers") is True, True if kept.get("fence") is True else None
            votes = kept.get("votes")
            self._votes = votes if type(votes) is int and abs(votes) <= MOST_VOTES else 0

    def _save(self) -> None:
        kept = {"printer": self._key, "answers": self.answers, "fence": self.fence is True, "votes": self._votes}
        whole = self._path.with_suffix(".new")
        # What cannot be kept is learned again.
        with contextlib.suppress(OSError):
            whole.write_text(json.dumps(kept))
            os.replace(whole, self._path)
