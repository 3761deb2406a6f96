"""Filling a paper: counting, receiving, sending, writing off, with the entry line that selling has."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kassa_tui.domain.catalogue import KG
from kassa_tui.domain.outcome import Done, Outcome
from kassa_tui.domain.quantity import format_quantity, parse_quantity
from kassa_tui.messages import N_
from kassa_tui.screens.amounts import quantity_of
from kassa_tui.screens.base import Choice, Page
from kassa_tui.screens.ink import ASK, BAD, BLANK, BOLD, FAINT, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import stock

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.stock import Line, Paper

TITLES = {
    "count": N_("Tellen"),
    "receive": N_("Ontvangen"),
    "send": N_("Naar een filiaal"),
    "arrive": N_("Van een filiaal"),
    "waste": N_("Afschrijven"),
    "correct": N_("Verbeteren"),
}
"""Kind of paper → what one is doing."""
HEAD = ("area", "order", "supplier", "branch", "number", "reason")


class StockView(Page):
    """A paper, its newest line last; nothing is booked before that is asked for, and nothing is lost before."""

    keys = ("enter", "times", "set", "void", "search", "pay", "back")
    key_words = MappingProxyType({"pay": N_("klaar"), "back": N_("later verder")})
    midway = ("times",)

    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk)
        self.paper = paper
        self._quantity: int | None = None
        self._chosen = ""
        """Key of the chosen line; empty follows the last one."""

    @property
    def title(self) -> str:
        """What is done, and about what."""
        about = "  ".join(plain(self.paper.head[name]) for name in HEAD if self.paper.head.get(name))
        return f"{self.desk.t(TITLES[self.paper.kind])}: {about}" if about else self.desk.t(TITLES[self.paper.kind])

    @property
    def selected(self) -> str:
        """Key of the line that an act is about; empty where there is none."""
        if self._chosen in self.shown():
            return self._chosen
        return next(reversed(self.paper.lines), "")

    def shown(self) -> list[str]:
        """Keys of the lines, from top to bottom."""
        return list(self.paper.lines)

    def lines(self, width: int, height: int) -> list[Row]:
        """The paper, and what it comes to."""
        t, room = self.desk.t, height - 3
        rows: list[Row] = [((fit(self.head_row(width), width), FAINT),)]
        keys, selected = self.shown(), self.selected
        if not keys:
            rows += [BLANK, (("  " + t("Scan of typ een artikel; een aantal ervoor: 3 * en dan de code"), FAINT),)]
        at = keys.index(selected) if selected in keys else 0
        top = max(0, min(at - room // 2, len(keys) - room))
        rows += [self.row(key, key == selected, width) for key in keys[top : top + room]]
        rows += [BLANK] * (room + 1 - len(rows))
        return [*rows, (("─" * width, FAINT),), ((fit(" " + self.sum(), width), BOLD),)]

    def head_row(self, width: int) -> str:
        """What stands above the columns."""
        t = self.desk.t
        return right(t("Aantal"), 10) + "  " + fit(t("Omschrijving"), width - 34) + t("Artikel")

    def row(self, key: str, chosen: bool, width: int) -> Row:
        """One line."""
        line = self.paper.lines[key]
        text = f"{right(counted(line), 10)}  {fit(named(self.desk, line), width - 34)}{fit(plain(line.sku), 20)}"
        return ((fit(text, width), SELECT if chosen else TEXT if line.sku else BAD),)

    def sum(self) -> str:
        """What the paper comes to."""
        pieces = sum(line.qty for line in self.paper.lines.values() if line.unit != KG)
        parts = [self.desk.words.n("{n} artikel", "{n} artikelen", len(self.paper.known)),
                 self.desk.t("{n} stuks", n=format_quantity(pieces))]  # fmt: skip
        if self.paper.unknown:
            parts.append(self.desk.t("{n} onbekend", n=len(self.paper.unknown)))
        return " · ".join(parts)

    def put(self, key: str, thousandths: int) -> Outcome:
        """Make it so many of a line."""
        return self.desk.act(stock.put, self.paper, key, thousandths)

    def entry_row(self, width: int) -> Row:
        """The quantity that waits shows large before what is typed."""
        if self._quantity is None:
            return super().entry_row(width)
        times = f" {format_quantity(self._quantity)} × "
        return ((times, ASK), (fit(" " + self.entry + "_", width - len(times)), BOLD))

    def scanned(self, code: str) -> bool:
        """A scan is a line, whatever stands in the entry line."""
        self._add(code)
        return True

    def act(self, act: str) -> bool:
        """Keys of this view; see the key line."""
        step = {"up": -1, "down": 1, "page_up": -10, "page_down": 10, "home": -(10**6), "end": 10**6}.get(act)
        if step is not None:
            self._move(step)
            return True
        handler = getattr(self, f"_on_{act}", None)
        return super().act(act) if handler is None else handler() is not False

    def _on_enter(self) -> None:
        text = self.take()
        if text.startswith("="):
            thousandths = self._signed(text[1:].strip())
            if thousandths is not None and self.selected:
                self._said(self.put(self.selected, thousandths))
        elif text:
            self._add(text)

    def _on_times(self) -> None:
        text = self.entry
        if parse_quantity(text.removeprefix("-")) is None:
            if text and not text[0].isdigit():
                self.entry += "x"
            else:
                self.desk.tell(self.desk.t("Eerst het aantal, dan ×"), FAINT, "refused")
            return
        self.entry = ""
        self._quantity = self._signed(text)

    def _on_set(self) -> None:
        self.entry = "="

    def _on_void(self) -> None:
        if self.selected:
            self.desk.act(stock.remove, self.paper, self.selected)
            self._chosen = ""

    def _on_correct(self) -> None:
        if not self.rub():
            self._quantity = None

    def _on_back(self) -> None:
        if self.entry or self._quantity is not None:
            self.entry, self._quantity = "", None
            return
        self.desk.close(self)
        if self.paper.lines:
            self.desk.tell(self.desk.t("Bewaard: ga verder met F10, Voorraad"))
        elif self.desk.till is not None:
            stock.throw_away(self.desk.till, self.paper)

    def _on_search(self) -> None:
        from kassa_tui.screens.search import SearchView

        self.desk.show(SearchView(self.desk, self.take(), choose=self._add_sku))

    def _on_pay(self) -> None:
        desk, t = self.desk, self.desk.t
        if not self.paper.lines:
            desk.act(stock.book, self.paper)
            return
        desk.show(
            Choice(desk, self.title, self.sum() + ". " + t("Boeken kan niet ongedaan worden gemaakt."), [
                (t("Boeken"), self.book),
                (t("Verder scannen"), lambda: None),
                (t("Weggooien"), self.ask_to_throw_away),
            ])
        )  # fmt: skip

    def ask_to_throw_away(self) -> None:
        """Nothing is thrown away by one key."""
        desk, t = self.desk, self.desk.t

        def away() -> None:
            desk.close(self)
            desk.act(stock.throw_away, self.paper)

        desk.show(
            Choice(desk, self.title, t("Alles wat hier gescand is, is dan weg."), [
                (t("Ja, weggooien"), away),
                (t("Nee, bewaren"), lambda: None),
            ])
        )  # fmt: skip

    def book(self, finished: bool = False) -> None:
        """Into the journal; ``finished``: nothing more of the order is to come."""
        if isinstance(self.desk.act(stock.book, self.paper, finished=finished), Done):
            self.desk.close(self)

    def _add(self, code: str) -> None:
        quantity, self._quantity = self._quantity, None
        self._said(self.desk.act(stock.add, self.paper, code, quantity))

    def _add_sku(self, sku: str) -> None:
        quantity, self._quantity = self._quantity, None
        self._said(self.desk.act(stock.add_sku, self.paper, sku, quantity))

    def _said(self, outcome: Outcome) -> None:
        self._chosen = str(outcome.facts.get("key", self._chosen)) if isinstance(outcome, Done) else self._chosen
        if outcome.code == "stock_unknown":
            self.desk.tell(self.desk.words.outcome(outcome), BAD, "unknown")

    def _signed(self, text: str) -> int | None:
        """Thousandths; 0 on a count, and less than nothing where something is put right."""
        if self.paper.kind == "count" and text.strip("0") == "" and text:
            return 0
        minus = text.startswith("-") and self.paper.kind == "correct"
        thousandths = quantity_of(self.desk, text[1:] if minus else text)
        return -thousandths if minus and thousandths else thousandths

    def _move(self, step: int) -> None:
        keys = self.shown()
        if keys:
            at = keys.index(self.selected) if self.selected in keys else -max(step, 0)
            self._chosen = keys[max(0, min(at + step, len(keys) - 1))]


def counted(line: Line) -> str:
    """How many of it, with its unit."""
    return format_quantity(line.qty, line.unit) + ("/kg" if line.unit == KG else "")


def named(desk: Desk, line: Line) -> str:
    """The name of the article, or the code that nobody knows."""
    return plain(line.name) if line.sku else f"{desk.t('ONBEKEND')} {plain(line.code)}"
