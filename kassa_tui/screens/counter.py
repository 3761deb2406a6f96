"""The bottom of the stack: which of the resident views shows follows from the till's state, never from a path taken.

So a ticket that comes back after a power cut, an approval given half-way or a payment that ends on its own always
leaves the right view on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.screens.base import View
from kassa_tui.screens.ink import Row
from kassa_tui.screens.login import LoginView, OpenShiftView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kassa_tui.screens.desk import Desk
    from kassa_tui.screens.pay import PayView
    from kassa_tui.screens.sell import SellView


class Counter(View):
    """Log-in, opening, selling or paying."""

    def __init__(self, desk: Desk) -> None:
        self.login = LoginView(desk)
        self.opening = OpenShiftView(desk)
        self.sell: SellView | None = None
        self.pay: PayView | None = None
        super().__init__(desk)

    def equip(self) -> None:
        """Make the views that need the till; once it is open."""
        from kassa_tui.screens.pay import PayView
        from kassa_tui.screens.sell import SellView

        self.sell, self.pay = SellView(self.desk), PayView(self.desk)

    @property
    def part(self) -> View:
        """The view that the till's state asks for."""
        till = self.desk.till
        if till is None or till.person is None or till.locked or self.sell is None or self.pay is None:
            return self.login
        if not till.shift:
            return self.opening
        return self.pay if till.open.payment is not None or till.open.card is not None else self.sell

    @property
    def title(self) -> str:
        """Of the view that shows."""
        return self.part.title

    @property
    def keys(self) -> tuple[str, ...]:  # type: ignore[override]
        """Of the view that shows."""
        return self.part.keys

    @property
    def midway(self) -> tuple[str, ...]:  # type: ignore[override]
        """Of the view that shows."""
        return self.part.midway

    @property
    def key_words(self) -> Mapping[str, str]:  # type: ignore[override]
        """Of the view that shows."""
        return self.part.key_words

    @property
    def entry(self) -> str:
        """What was typed in the view that shows."""
        return self.part.entry

    @entry.setter
    def entry(self, text: str) -> None:
        self.part.entry = text

    def lines(self, width: int, height: int) -> list[Row]:
        """Of the view that shows."""
        return self.part.lines(width, height)

    def entry_row(self, width: int) -> Row:
        """Of the view that shows."""
        return self.part.entry_row(width)

    def act(self, act: str) -> bool:
        """Passed on."""
        return self.part.act(act)

    def typed(self, character: str) -> bool:
        """Passed on."""
        return self.part.typed(character)

    def scanned(self, code: str) -> bool:
        """Passed on."""
        return self.part.scanned(code)
