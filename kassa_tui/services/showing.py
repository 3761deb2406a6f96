"""What the customer sees of the till's work: the line just added, what it comes to, what is due, and the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.domain.catalogue import KG
from kassa_tui.domain.money import format_amount
from kassa_tui.domain.quantity import ONE, format_quantity
from kassa_tui.domain.ticket import Line, Ticket, total_of
from kassa_tui.services.ports import CustomerDisplay, Showing

if TYPE_CHECKING:
    from kassa_tui.messages import Words
    from kassa_tui.services.till import Till

MAX_GOODS = 40
"""Lines kept for a larger screen; no screen shows more."""


class Customer:
    """Looks at the till after each act and shows what changed. ``words`` are in the language of the shop."""

    def __init__(self, display: CustomerDisplay, words: Words) -> None:
        self._display, self._words = display, words
        self._seen: tuple[object, ...] = ()

    def look(self, till: Till) -> None:
        """Show what the till is at, where it is not on the display already."""
        now = (till.open.ticket, till.open.payment, till.last_sale, till.shift, till.person is None)
        # Tickets and payments are values: the same one is the same thing to show, and comparing them costs nothing.
        if len(self._seen) == len(now) and all(map(_same, now, self._seen)):
            return
        self._seen = now
        self._display.show(showing(till, self._words))


def _same(one: object, other: object) -> bool:
    return one is other or (isinstance(one, int) and one == other)


def showing(till: Till, words: Words) -> Showing:
    """What the customer sees now."""
    t, ticket, title = words.t, till.ticket, till.config.shop.name
    if ticket is not None and ticket.lines:
        goods = tuple((_text(line), format_amount(line.amount)) for line in ticket.lines[-MAX_GOODS:])
        total, payment = total_of(ticket), till.open.payment
        if payment is None:
            last = _last(ticket)
            return Showing((_text(last, short=True), format_amount(last.amount)), (t("Totaal"), format_amount(total)),
                           goods, title)  # fmt: skip
        due = payment.remaining
        label = t("Te betalen") if due >= 0 else t("Terug te betalen")
        return Showing((t("Totaal"), format_amount(total)), (label, format_amount(abs(due))), goods, title)
    if not till.shift:
        return Showing((title, ""), (t("Kassa gesloten"), ""), title=title)
    sale = till.last_sale
    if sale is not None and ticket is None:
        change = sale["change"]
        lower = (t("Wisselgeld"), format_amount(change)) if change else (t("Dank u wel"), "")
        return Showing((t("Totaal"), format_amount(sale["total"])), lower, title=title)
    return Showing((title, ""), (t("Welkom"), ""), title=title)


def _last(ticket: Ticket) -> Line:
    """The goods added last; a deposit goes with its article."""
    return next((line for line in reversed(ticket.lines) if not line.parent), ticket.lines[-1])


def _text(line: Line, short: bool = False) -> str:
    """A line as the customer reads it; of weighed goods always weight and price, and in a short line only those."""
    if line.unit == KG:
        weighed = f"{format_quantity(line.quantity, KG)} kg x {format_amount(line.unit_price)}"
        return weighed if short else f"{line.name}  {weighed}"
    return line.name if line.quantity == ONE else f"{format_quantity(line.quantity)} x {line.name}"
