"""The ticket as rows: one per line, drawn once and kept, for a scan may cost one new row and no more."""

from __future__ import annotations

from kassa_tui.domain.catalogue import KG
from kassa_tui.domain.money import format_amount
from kassa_tui.domain.quantity import ONE, format_quantity
from kassa_tui.domain.ticket import DEPOSIT, Line
from kassa_tui.screens.ink import BACK, FAINT, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, plain, right

_QTY, _PRICE, _AMOUNT = 7, 10, 11


class TicketRows:
    """Rows by the number of their line, good for as long as it is the same line: an act makes a new one."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[Line, bool, int, Row]] = {}

    def row(self, line: Line, selected: bool, width: int) -> Row:
        """Quantity, name, price each, amount."""
        known = self._rows.get(line.no)
        if known is not None and known[0] is line and known[1] is selected and known[2] == width:
            return known[3]
        row = _draw(line, selected, width)
        self._rows[line.no] = (line, selected, width, row)
        return row


def _draw(line: Line, selected: bool, width: int) -> Row:
    name = plain(line.name)
    if line.kind == DEPOSIT:
        name = "  " + name
    marks = ""
    if line.discount:
        marks = f" -{format_amount(abs(line.discount))}"
    if line.tare:
        marks += f" T {format_quantity(line.tare, KG)}"
    if line.note:
        marks += " *"
    one = line.quantity == ONE
    quantity = "" if one else format_quantity(line.quantity, line.unit)
    each = "" if one and line.unit != KG else format_amount(line.unit_price)
    room = width - _QTY - _PRICE - _AMOUNT - 2
    text = (
        right(quantity, _QTY) + " " + fit(name + marks, room) + right(each, _PRICE)
        + right(format_amount(line.amount), _AMOUNT) + " "
    )  # fmt: skip
    ink = SELECT if selected else BACK if line.quantity < 0 else FAINT if line.kind == DEPOSIT else TEXT
    return ((text, ink),)
