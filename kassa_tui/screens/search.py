"""Search as you type: the best hits for a few letters, whatever their accents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.catalogue import Article
from kassa_tui.domain.money import euro
from kassa_tui.domain.quantity import format_quantity
from kassa_tui.screens.base import Page
from kassa_tui.screens.ink import BLANK, FAINT, INFO, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import selling

if TYPE_CHECKING:
    from collections.abc import Callable

    from kassa_tui.screens.desk import Desk
    from kassa_tui.storage.stock import BranchStock

MAX_HITS = 17


class SearchView(Page):
    """Hits below, typing in the entry line; Enter puts the chosen article on the ticket."""

    keys = ("up", "down", "enter", "back")

    def __init__(self, desk: Desk, text: str = "", choose: Callable[[str], object] | None = None) -> None:
        """``choose`` is given the article's number; without it the article goes on the ticket."""
        super().__init__(desk)
        self.entry = text
        self._chosen = choose
        self._elsewhere: dict[str, list[BranchStock]] = {}
        self._hits: list[Article] = []
        self._at = 0
        self._look()

    @property
    def title(self) -> str:
        """What this is."""
        return self.desk.t("Zoeken")

    def lines(self, width: int, height: int) -> list[Row]:
        """One row per hit."""
        rows: list[Row] = []
        if not self._hits:
            text = self.desk.t("Geen artikel gevonden") if self.entry else self.desk.t("Typ een deel van de naam")
            return [BLANK, (("  " + text, FAINT),)]
        room = height - 1 if self._elsewhere else height
        for index, article in enumerate(self._hits[:room]):
            stock = "" if article.stock is None else format_quantity(article.stock, article.unit)
            unit = "/kg" if article.unit == "kg" else "   "
            text = (
                f" {fit(plain(article.sku), 8)} {fit(plain(article.name), width - 45)} "
                f"{fit(plain(article.group), 14)}{right(stock, 7)}{right(euro(article.price), 10)}{unit}"
            )
            rows.append(((fit(text, width), SELECT if index == self._at else TEXT),))
        if self._elsewhere:
            rows += [BLANK] * (room - len(rows))
            rows.append(((fit(" " + self._branches(), width), INFO),))
        return rows

    def _branches(self) -> str:
        """What other branches have of the chosen article, and how old that news is."""
        from kassa_tui.screens.stock_menu import told_of

        article = self._hits[self._at]
        found = [one for one in self._elsewhere.get(article.sku, ()) if not one.own]
        if not found:
            return self.desk.t("Nergens anders")
        return "   ".join(told_of(self.desk, one, article.unit) for one in found)

    def typed(self, character: str) -> bool:
        """One more letter."""
        taken = super().typed(character)
        self._look()
        return taken

    def scanned(self, code: str) -> bool:
        """A scan ends the search and is a line."""
        self.desk.close(self)
        self.desk.scan(code)
        return True

    def act(self, act: str) -> bool:
        """Move, choose, leave."""
        if act == "correct":
            self.rub()
            self._look()
        elif act in ("up", "down", "page_up", "page_down"):
            step = {"up": -1, "down": 1, "page_up": -8, "page_down": 8}[act]
            self._at = max(0, min(self._at + step, len(self._hits) - 1))
        elif act == "enter":
            self._choose()
        else:
            return super().act(act)
        return True

    def _choose(self) -> None:
        if not self._hits:
            return
        sku = self._hits[self._at].sku
        self.desk.close(self)
        if self._chosen is not None:
            self._chosen(sku)
            return
        outcome = self.desk.act(selling.add_sku, sku)
        if outcome.code == "weight_needed":
            from kassa_tui.screens.counter import Counter
            from kassa_tui.screens.sell_acts import ask_weight

            bottom = self.desk.views[0]
            if isinstance(bottom, Counter) and bottom.sell is not None:
                ask_weight(bottom.sell, sku, outcome.facts)

    def _look(self) -> None:
        till = self.desk.till
        text = self.entry.strip()
        self._hits = till.catalogue.search(text, till.today, MAX_HITS) if till and text else []
        self._elsewhere = till.catalogue.in_branches(hit.sku for hit in self._hits) if till and self._hits else {}
        self._at = 0
