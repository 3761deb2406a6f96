"""The blind count: pieces per note and coin, then the close that always succeeds."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kassa_tui.domain.money import euro, format_amount
from kassa_tui.domain.outcome import Done
from kassa_tui.domain.shift import DENOMINATIONS, count_total
from kassa_tui.messages import N_
from kassa_tui.screens.base import Choice, Page
from kassa_tui.screens.ink import BLANK, BOLD, FAINT, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, right
from kassa_tui.services import shifts

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk


class CountView(Page):
    """One row per denomination; Enter fills in and goes on, pay (F9) ends the count."""

    keys = ("up", "down", "enter", "pay", "back")
    key_words = MappingProxyType({"pay": N_("klaar")})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pieces: dict[int, int] = {}
        self._at = 0

    @property
    def title(self) -> str:
        """What this is."""
        return self.desk.t("Lade tellen")

    def lines(self, width: int, height: int) -> list[Row]:
        """A row per denomination and the sum; what ought to be in the drawer is not told."""
        t = self.desk.t
        rows: list[Row] = [((fit(" " + t("Typ het aantal stuks en druk op Enter; met {key} is de telling klaar",
                                         key=self.desk.keymap.label("pay")), width), FAINT),)]  # fmt: skip
        for index, value in enumerate(DENOMINATIONS):
            pieces = self._pieces.get(value)
            count = "" if pieces is None else f"{pieces} ×"
            amount = "" if pieces is None else format_amount(pieces * value)
            text = f"  {right(euro(value), 10)}  {right(count, 9)}  {right(amount, 12)}"
            rows.append(((fit(text, 40), SELECT if index == self._at else TEXT),))
        total = euro(count_total(self._pieces))
        return [*rows, BLANK, ((f"  {t('Geteld')}: {total}", BOLD),)][: max(height, 19)]

    def typed(self, character: str) -> bool:
        """Pieces."""
        return character.isdigit() and len(self.entry) < 5 and super().typed(character)

    def act(self, act: str) -> bool:
        """Fill in, move, end, leave."""
        if act in ("enter", "up", "down", "pay"):
            self._fill()
        if act == "enter":
            self._at = min(self._at + 1, len(DENOMINATIONS) - 1)
        elif act in ("up", "down"):
            self._at = max(0, min(self._at + (1 if act == "down" else -1), len(DENOMINATIONS) - 1))
        elif act == "pay":
            self._finish()
        else:
            return super().act(act)
        return True

    def _fill(self) -> None:
        """What was typed belongs to the row at which it was typed, whichever key ends it."""
        text = self.take()
        if text:
            self._pieces[DENOMINATIONS[self._at]] = int(text)

    def _finish(self) -> None:
        if not self._pieces:
            self._ask(self.desk.t("Er is niets geteld; de Z zegt dat erbij. Daarna is de kassa dicht."))
            return
        self.desk.act_then(self._counted, shifts.count, dict(self._pieces))

    def _counted(self, done: Done) -> None:
        total = euro(done.facts["total"])
        self._ask(self.desk.t("Geteld: {total}. Afsluiten maakt de Z; daarna is de kassa dicht.", total=total))

    def _ask(self, text: str) -> None:
        from kassa_tui.screens.office_view import waiting_note

        desk, t = self.desk, self.desk.t
        text = " ".join(filter(None, (text, waiting_note(desk))))
        desk.show(
            Choice(desk, t("Kassa afsluiten"), text, [
                (t("Sluiten en Z afdrukken"), self._close),
                (t("Terug naar de telling"), lambda: None),
            ])
        )  # fmt: skip

    def _close(self) -> None:
        """Close, once the terminal has been asked about every card payment in doubt."""
        from kassa_tui.screens.counter import Counter

        def close() -> None:
            self.desk.act_then(self._closed, shifts.close_shift)

        counter = self.desk.views[0]
        if isinstance(counter, Counter) and counter.pay is not None:
            counter.pay.ask_terminal(close)
        else:
            close()

    def _closed(self, done: Done) -> None:
        from kassa_tui.screens.functions import show_report

        self.desk.home()
        show_report(self.desk, f"Z {done.facts['z']}", done.facts["seq"])
