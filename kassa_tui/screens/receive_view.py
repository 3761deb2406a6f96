"""Receiving against a purchase order: each line with what is still to come of it, what came now, and the difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome
from kassa_tui.domain.quantity import format_quantity
from kassa_tui.screens.base import Choice
from kassa_tui.screens.ink import BAD, SELECT, TEXT, Row
from kassa_tui.screens.stock_view import StockView, counted, named
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import purchases

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.purchases import Against
    from kassa_tui.services.stock import Paper
    from kassa_tui.storage.purchases import Order

NAMED = 4
"""Lines that are named where it is asked about differences; the others are counted."""
_EXPECTED, _CAME, _DIFFERENCE = 10, 9, 14
_BEFORE_NAME = _EXPECTED + _CAME + _DIFFERENCE
_SKU = 14


class ReceiveView(StockView):
    """A delivery beside its order."""

    def __init__(self, desk: Desk, paper: Paper, order: Order) -> None:
        super().__init__(desk, paper)
        self.order = order
        self._drawn: dict[str, Against] = {}

    def lines(self, width: int, height: int) -> list[Row]:
        """The order and what came of it."""
        self._drawn = self._rows()
        return super().lines(width, height)

    def shown(self) -> list[str]:
        """The order's lines in its order, then what came without having been ordered."""
        return list(self._rows())

    def head_row(self, width: int) -> str:
        """Three counts instead of one."""
        t = self.desk.t
        counts = right(t("Verwacht"), _EXPECTED) + right(t("Nu"), _CAME) + right(t("Verschil"), _DIFFERENCE)
        return counts + "  " + fit(t("Omschrijving"), width - _BEFORE_NAME - _SKU - 2) + t("Artikel")

    def row(self, key: str, chosen: bool, width: int) -> Row:
        """What is still to come of it, what came, and the difference in a figure or a word."""
        row = self._drawn[key]
        line, expected = row.line, format_quantity(row.expected, row.line.unit) if row.ordered else ""
        counts = right(expected, _EXPECTED) + right(counted(line), _CAME)
        text = f"{counts}{right(self._difference(row), _DIFFERENCE)}  "
        text += fit(named(self.desk, line), width - _BEFORE_NAME - _SKU - 2) + fit(plain(line.sku), _SKU)
        wrong = bool(line.qty) and (row.difference > 0 or not row.ordered)
        return ((fit(text, width), SELECT if chosen else BAD if wrong else TEXT),)

    def sum(self) -> str:
        """How far it is what was ordered."""
        t, found = self.desk.t, purchases.differences(self.order, self.paper)
        parts = [t("{n} van {all} regels kloppen", n=found.right, all=found.right + found.short + found.over)]
        if found.short:
            parts.append(t("{n} te weinig", n=found.short))
        if found.over:
            parts.append(t("{n} te veel", n=found.over))
        if found.unordered:
            parts.append(t("{n} niet besteld", n=found.unordered))
        if found.unknown:
            parts.append(t("{n} onbekend", n=found.unknown))
        return " · ".join(parts)

    def put(self, key: str, thousandths: int) -> Outcome:
        """Make it so many, scanned before or not."""
        return self.desk.act(purchases.put, self.paper, self._rows()[key], thousandths)

    def _rows(self) -> dict[str, Against]:
        return purchases.against(self.order, self.paper)

    def _difference(self, row: Against) -> str:
        if not row.line.sku or not row.ordered:
            return self.desk.t("niet besteld")
        if not row.difference:
            return self.desk.t("klopt")
        return ("+" if row.difference > 0 else "") + format_quantity(row.difference, row.line.unit)

    def _on_pay(self) -> None:
        desk, t = self.desk, self.desk.t
        found = purchases.differences(self.order, self.paper)
        answers = [
            (t("Boeken, de rest komt nog") if found.short else t("Boeken"), self.book),
            (t("Sluiten: boeken, en de rest komt niet meer"), lambda: self.book(finished=True)),
            (t("Verder scannen"), lambda: None),
            (t("Weggooien"), self.ask_to_throw_away),
        ]
        if not found.short:
            del answers[1]
        elif not self.paper.lines:
            del answers[0], answers[-1]
        text = [self.sum() + ".", *self._named(), t("Boeken kan niet ongedaan worden gemaakt.")]
        desk.show(Choice(desk, self.title, "\n".join(text), answers))

    def _named(self) -> list[str]:
        """The first differences in words."""
        t, wrong = self.desk.t, [row for row in self._rows().values() if row.difference or not row.ordered]
        lines = [
            f"{named(self.desk, row.line)}: "
            + (t("{n} van {all}", n=counted(row.line), all=format_quantity(row.expected, row.line.unit))
               if row.ordered else f"{counted(row.line)}, {t('niet besteld')}")
            for row in wrong[:NAMED]
        ]  # fmt: skip
        more = len(wrong) - NAMED
        return [*lines, self.desk.words.n("en nog {n} regel", "en nog {n} regels", more)] if more > 0 else lines
