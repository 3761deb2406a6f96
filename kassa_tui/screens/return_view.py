"""Goods that come back: by receipt, line by line, or without one; and empties."""

from __future__ import annotations

import re
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.barcode import RECEIPT, Code, read
from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Refused
from kassa_tui.domain.quantity import ONE, format_quantity
from kassa_tui.messages import N_
from kassa_tui.screens.amounts import quantity_of
from kassa_tui.screens.base import Menu, Page, Prompt
from kassa_tui.screens.ink import BACK, BAD, BLANK, FAINT, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import returns

if TYPE_CHECKING:
    from collections.abc import Callable

    from kassa_tui.screens.desk import Desk


_OWN_RECEIPT = re.compile(r"-\d+|0\d{5,}")
"""A receipt number without the till: ``-123`` or ``000123``; a bare 123 is an article."""


class ReturnView(Page):
    """Scan or type a receipt, an article, or empties."""

    keys = ("enter", "repeat", "back")
    key_words = MappingProxyType({"repeat": N_("emballage")})
    head = BACK
    midway = ("repeat",)

    @property
    def title(self) -> str:
        """What this is."""
        return self.desk.t("Retour nemen")

    def lines(self, width: int, height: int) -> list[Row]:
        """What may be scanned here."""
        t = self.desk.t
        texts = [
            t("Scan de bon, of typ het bonnummer"),
            t("Scan een artikel als er geen bon is (daar is een recht voor nodig)"),
            t("Emballage: typ het artikel en druk op {key}", key=self.desk.keymap.label("repeat")),
        ]
        return [((fit(f" {t('RETOUR')} ", width), BACK),), BLANK, *[((f"  {text}", TEXT),) for text in texts]]

    def scanned(self, code: str) -> bool:
        """A receipt or an article."""
        self._take_back(code)
        return True

    def act(self, act: str) -> bool:
        """Enter takes back, + pays a deposit back, Esc leaves."""
        if act == "enter":
            text = self.take()
            if text:
                self._take_back(text)
        elif act == "repeat":
            text = self.take()
            if text:
                self.desk.close(self)
                self.desk.act(returns.deposit_back, text)
        else:
            return super().act(act)
        return True

    def _take_back(self, text: str) -> None:
        reading = read(text, typed=True)
        self.desk.close(self)
        if isinstance(reading, Code) and reading.kind == RECEIPT:
            open_receipt(self.desk, reading.key)
            return
        if _OWN_RECEIPT.fullmatch(text):
            open_receipt(self.desk, text)
            return
        article_back(self.desk, text)


def article_back(desk: Desk, code: str) -> None:
    """Without a receipt: a reason, and today's price."""
    t = desk.t
    reasons = [t("Bevalt niet"), t("Kapot of bedorven"), t("Verkeerd artikel"), t("Anders")]
    choices: list[tuple[str, Callable[[], object]]] = [
        (reason, partial(desk.act, returns.article_back, code, reason)) for reason in reasons
    ]
    desk.show(Menu(desk, t("Waarom komt {code} terug?", code=plain(code)), choices))


def open_receipt(desk: Desk, number: str) -> None:
    """The lines of a receipt, to choose from."""
    assert desk.till is not None
    sale = returns.find(desk.till, number)
    if isinstance(sale, Refused) and sale.code == "other_till" and desk.till.office is not None:
        from kassa_tui.screens import elsewhere

        elsewhere.receipt(desk, number, lambda: open_receipt(desk, number))
        return
    if isinstance(sale, Refused):
        desk.tell(desk.words.outcome(sale), BAD, "refused")
        return
    desk.show(ReceiptView(desk, sale))


class ReceiptView(Page):
    """Lines of one receipt; Enter takes the chosen one back, + the whole receipt."""

    keys = ("up", "down", "enter", "times", "repeat", "back")
    key_words = MappingProxyType({"enter": N_("deze regel"), "times": N_("een deel"), "repeat": N_("hele bon")})
    head = BACK
    midway = ("times",)

    def __init__(self, desk: Desk, sale: dict[str, Any]) -> None:
        super().__init__(desk)
        self._number = str(sale["number"])
        self._lines = [x for x in sale["lines"] if x["no"] in sale["left"]]
        self._left: dict[int, int] = sale["left"]
        self._at = 0

    @property
    def title(self) -> str:
        """Which receipt."""
        return self.desk.t("Retour van {number}", number=self._number)

    def lines(self, width: int, height: int) -> list[Row]:
        """What was bought, what was paid, what came back already."""
        t = self.desk.t
        rows: list[Row] = [
            ((fit(" " + t("Kies wat terugkomt; typ eerst een aantal voor een deel van een regel"), width), FAINT),),
        ]
        top = max(0, self._at - height + 4)
        for index, x in enumerate(self._lines[top : top + height - 1], top):
            left = self._left[x["no"]]
            gone = "" if left == x["qty"] else t("nog {n}", n=format_quantity(left, x["unit"]))
            text = (
                f" {right(format_quantity(x['qty'], x['unit']), 7)} {fit(plain(x['name']), width - 34)}"
                f"{right(euro(x['amount']), 12)} {fit(gone, 10)}"
            )
            rows.append(((fit(text, width), SELECT if index == self._at else FAINT if left <= 0 else TEXT),))
        return rows

    def typed(self, character: str) -> bool:
        """A number of pieces."""
        return (character.isdigit() or character in ",.") and super().typed(character)

    def act(self, act: str) -> bool:
        """Choose, take back, leave."""
        if act in ("up", "down"):
            self._at = max(0, min(self._at + (1 if act == "down" else -1), len(self._lines) - 1))
        elif act in ("enter", "times") and self._lines:
            text = self.take()
            some = quantity_of(self.desk, text) if text else None
            if some is not None or (not text and act == "enter"):
                self.desk.close(self)
                self.desk.act(returns.by_receipt, self._number, self._lines[self._at]["no"], some)
        elif act == "repeat":
            self.desk.close(self)
            self.desk.act(returns.by_receipt, self._number)
        else:
            return super().act(act)
        return True


def ask_empties(desk: Desk) -> None:
    """Empties: how many of what."""

    def answer(text: str) -> None:
        pieces, _, code = text.rpartition("*")
        assert desk.till is not None
        desk.till.quantity = (quantity_of(desk, pieces.strip()) or ONE) if pieces else None
        desk.act(returns.deposit_back, code.strip())
        desk.till.quantity = None

    t = desk.t
    desk.show(Prompt(desk, t("Emballage terug"), answer, hint=t("Scan of typ het artikel; aantal ervoor: 6 * 17"),
                     scans=True))  # fmt: skip
