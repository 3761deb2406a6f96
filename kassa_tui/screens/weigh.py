"""Asks the scale for a weight while the cashier may also type it; whichever comes first is the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Refused
from kassa_tui.screens.base import Prompt
from kassa_tui.screens.ink import BAD
from kassa_tui.screens.text import plain
from kassa_tui.services import selling

if TYPE_CHECKING:
    from collections.abc import Callable

    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.ports import Scale, ScaleState


class WeighPrompt(Prompt):
    """The scale is asked at once, and again with Enter; a typed weight takes its place."""

    def __init__(
        self, desk: Desk, scale: Scale, code: str, facts: Mapping[str, Any], typed: Callable[[str], object]
    ) -> None:
        name, price = str(facts["name"]), int(facts["price"])
        self._about = f"{plain(name)}  {euro(price)}/kg"
        super().__init__(desk, desk.t("Op de weegschaal, of typ het gewicht in kg"), typed, hint=self._about)
        self._scale, self._code, self._name, self._price = scale, code, name, price
        self._round = 0
        """Counts the times that the scale was asked: what it says about an earlier one is passed over."""

    def ask(self) -> None:
        """Begin to weigh; the answer comes on the scale's thread, and is brought to the screen's."""
        self._round += 1
        mine = self._round
        self._hint = self._about
        self._scale.weigh(self._price, self._name, lambda state: self.desk.host.later(lambda: self.told(mine, state)))

    def told(self, round_: int, state: ScaleState) -> None:
        """The scale said something; nothing where the cashier has gone on meanwhile."""
        if round_ != self._round or self not in self.desk.views:
            return
        if state.code == "weighed":
            self._round += 1
            self.desk.close(self)
            self.desk.act(selling.scan, self._code, True, state)
            return
        words = self.desk.words.outcome(Refused(state.code, {"device": "scale"}))
        self._hint = f"{self._about}  {words}"
        if state.final:
            self.desk.tell(words + self.desk.t("; Enter vraagt het opnieuw"), BAD, "refused")

    def act(self, act: str) -> bool:
        """Enter on nothing asks the scale again."""
        if act == "enter" and not self.entry.strip():
            self.ask()
            return True
        return super().act(act)

    def answer(self, text: str) -> None:
        """A typed weight: the scale is not needed any more."""
        self._scale.cancel()
        super().answer(text)

    def leave(self) -> None:
        """Neither weighed nor typed."""
        self._scale.cancel()
        super().leave()
