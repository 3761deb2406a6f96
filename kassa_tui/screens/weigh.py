"""Asks the scale for a weight while the cashier may also type it; whichever comes first is the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Done, Refused
from kassa_tui.screens.base import Prompt
from kassa_tui.screens.ink import BAD
from kassa_tui.screens.text import plain
from kassa_tui.services import selling, weighing

if TYPE_CHECKING:
    from collections.abc import Callable

    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.ports import Scale, ScaleState


class WeighPrompt(Prompt):
    """The scale is asked at once, and again with Enter; a typed weight takes its place, and is net.

    The tare is the article's own until the cashier types another or has the empty packing weighed. It is taken off here
    or by the scale that is told it, never by a key on the scale: so the receipt can say how much it was.
    """

    keys = ("enter", "tare", "zero", "back")

    def __init__(
        self, desk: Desk, scale: Scale, code: str, facts: Mapping[str, Any], typed: Callable[[str], object]
    ) -> None:
        super().__init__(desk, desk.t("Op de weegschaal, of typ het gewicht in kg"), typed)
        self._scale, self._code = scale, code
        self._name, self._price, self._tare = str(facts["name"]), int(facts["price"]), int(facts["tare"])
        self._round = 0
        """Counts the times that the scale was asked: what it says about an earlier one is passed over."""
        self._say("")

    def ask(self) -> None:
        """Begin to weigh; the answer comes on the scale's thread, and is brought to the screen's."""
        self._begin(lambda tell: self._scale.weigh(self._price, self._name, tell, self._tare), self._sell)

    def act(self, act: str) -> bool:
        """Enter on nothing asks the scale again."""
        if act == "enter" and not self.entry.strip():
            self.ask()
        elif act == "zero":
            self._begin(self._scale.zero, self._zeroed)
        elif act == "tare":
            self._new_tare(self.take())
        else:
            return super().act(act)
        return True

    def answer(self, text: str) -> None:
        """A typed weight: the scale is not needed any more."""
        self._scale.cancel()
        super().answer(text)

    def leave(self) -> None:
        """Neither weighed nor typed."""
        self._scale.cancel()
        super().leave()

    def _begin(self, ask: Callable[[Callable[[ScaleState], None]], None], then: Callable[[ScaleState], object]) -> None:
        self._round += 1
        mine = self._round
        self._say("")
        ask(lambda state: self.desk.host.later(lambda: self._told(mine, state, then)))

    def _told(self, round_: int, state: ScaleState, then: Callable[[ScaleState], object]) -> None:
        """The scale said something; nothing where the cashier has gone on meanwhile."""
        if round_ != self._round or self not in self.desk.views:
            return
        if state.code in ("weighed", "scale_zeroed"):
            self._round += 1
            then(state)
            return
        words = self.desk.words.outcome(Refused(state.code, {"device": "scale"}))
        self._say(words)
        if state.final:
            self.desk.tell(words + self.desk.t("; Enter vraagt het opnieuw"), BAD, "refused")

    def _sell(self, state: ScaleState) -> None:
        self.desk.close(self)
        self.desk.act(selling.scan, self._code, True, state)

    def _zeroed(self, state: ScaleState) -> None:
        self.desk.tell(self.desk.words.outcome(Done(state.code)))
        self.ask()

    def _new_tare(self, text: str) -> None:
        """What was typed, or with nothing typed what lies on the scale now."""
        if not text:
            self._begin(lambda tell: self._scale.weigh(self._price, self._name, tell, 0),
                        lambda state: self._take_off(state.thousandths))  # fmt: skip
            self._say(self.desk.t("Zet de lege verpakking op de weegschaal"))
            return
        thousandths = weighing.parse_tare(text)
        if thousandths is None:
            self.desk.tell(self.desk.words.outcome(Refused("bad_tare", {"text": text})), BAD, "refused")
        else:
            self._take_off(thousandths)

    def _take_off(self, thousandths: int) -> None:
        self._tare = thousandths
        self.desk.tell(self.desk.words.outcome(Done("tare", {"tare": thousandths})))
        self.ask()

    def _say(self, words: str) -> None:
        """What is weighed, less how much, and what the scale says."""
        tare = self.desk.t("tarra {tare:kg} kg", tare=self._tare) if self._tare else ""
        self._hint = "  ".join(filter(None, (f"{plain(self._name)}  {euro(self._price)}/kg", tare, words)))
