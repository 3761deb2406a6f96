"""Past receipts: look, print again, print as a gift, take back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.shift import local_time
from kassa_tui.screens.base import Page, Sheet
from kassa_tui.screens.ink import BAD, BLANK, FAINT, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import history
from kassa_tui.storage import sales

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk

_PAGE = 200


class HistoryView(Page):
    """Newest first; a typed number goes straight to its receipt."""

    keys = ("up", "down", "enter", "copy", "gift", "return", "back")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        assert desk.till is not None
        self._rows = sales.history(desk.till.store.read, 2**62, _PAGE)
        self._at = 0

    @property
    def title(self) -> str:
        """What this is."""
        return self.desk.t("Bonnen")

    def lines(self, width: int, height: int) -> list[Row]:
        """One row per sale."""
        till = self.desk.till
        assert till is not None
        if not self._rows:
            return [BLANK, (("  " + self.desk.t("Er is nog niets verkocht"), FAINT),)]
        top = max(0, min(self._at - height // 2, len(self._rows) - height))
        found: list[Row] = []
        for index in range(top, min(top + height, len(self._rows))):
            row = self._rows[index]
            when = local_time(row.at, row.offset).strftime("%d-%m-%Y %H:%M")
            number = f"{till.config.till.id}-{row.receipt:06d}"
            copies = self.desk.t("{n}x kopie", n=row.copies) if row.copies else ""
            text = f" {fit(number, 18)}{when}  {right(str(row.lines), 4)}{right(euro(row.total), 14)}  {copies}"
            found.append(((fit(text, width), SELECT if index == self._at else TEXT),))
        return found

    def typed(self, character: str) -> bool:
        """A receipt number."""
        return (character.isalnum() or character == "-") and super().typed(character)

    def scanned(self, code: str) -> bool:
        """The barcode of a receipt."""
        show_sale(self.desk, code)
        return True

    def act(self, act: str) -> bool:
        """Move, look, print."""
        step = {"up": -1, "down": 1, "page_up": -10, "page_down": 10}.get(act)
        if step is not None:
            self._at = max(0, min(self._at + step, len(self._rows) - 1))
            if self._at > len(self._rows) - 20 and self._rows and self.desk.till:
                self._rows += sales.history(self.desk.till.store.read, self._rows[-1].receipt, _PAGE)
        elif act in ("enter", "copy", "gift", "return"):
            number = self.take() or (str(self._rows[self._at].receipt) if self._rows else "")
            if number:
                _with_sale(self.desk, number, act)
        else:
            return super().act(act)
        return True


def _with_sale(desk: Desk, number: str, act: str) -> None:
    if act == "enter":
        show_sale(desk, number)
    elif act == "return":
        from kassa_tui.screens.return_view import open_receipt

        desk.home()
        open_receipt(desk, number)
    else:
        desk.act(history.reprint, number, act == "gift")


def show_sale(desk: Desk, number: str) -> None:
    """A receipt as text, as it was printed."""
    till = desk.till
    assert till is not None
    sale = history.sale_by_number(till, number)
    if isinstance(sale, Refused):
        desk.tell(desk.words.outcome(sale), BAD, "refused")
        return
    from kassa_tui.services.receipts import receipt
    from kassa_tui.services.report_documents import as_text

    document = receipt(sale, till.config, desk.shop_words, mark=sale["mark"], training=till.training)
    rows: list[Row] = [(("   " + plain(line), TEXT),) for line in as_text(document).splitlines()]
    name = str(sale["number"])
    desk.show(
        Sheet(desk, desk.t("Bon {number}", number=name), rows, {
            "copy": lambda: desk.act(history.reprint, name),
            "gift": lambda: desk.act(history.reprint, name, True),
            "return": lambda: _with_sale(desk, name, "return"),
        })
    )  # fmt: skip
