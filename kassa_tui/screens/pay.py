"""The pay view: what is due, in figures that can be read across the counter, and the tenders taken so far."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from kassa_tui.domain.money import euro, format_amount
from kassa_tui.domain.tender import suggestions
from kassa_tui.messages import N_
from kassa_tui.screens import elsewhere, sell_acts
from kassa_tui.screens.amounts import amount_of
from kassa_tui.screens.base import Choice, Prompt, View, lettered
from kassa_tui.screens.ink import ASK, BAD, BLANK, BOLD, FAINT, HEAD, TEXT, Row, Span
from kassa_tui.screens.sell import TENDER_WORDS
from kassa_tui.screens.text import big, fit, spread, wrap
from kassa_tui.services import cards, checkout
from kassa_tui.services.vouchers import is_voucher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.ports import CardState

_LETTERS = "abcd"


class PayView(View):
    """Resident; shows while the till has a payment or a card in doubt."""

    _keys = ("help", "cash", "pin", "back", "voucher", "account", "correct")
    key_words = MappingProxyType({"correct": N_("teruggeven")})

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.card_state = ""
        """What the terminal said last."""
        self._asked: set[str] = set()
        """Payments in doubt that the terminal is asked about."""
        self._then: Callable[[], object] | None = None
        """What goes on once it has answered."""
        self._service = ""
        """What else the terminal was asked to do: ``end_of_day`` or ``reprint``."""

    @property
    def keys(self) -> tuple[str, ...]:  # type: ignore[override]
        """Nothing but the end of a card payment that is under way or in doubt."""
        till = self.desk.till
        if till is None or till.open.card is None:
            return self._keys
        return ("help", "back") if self._stoppable() else ("help",)

    @property
    def title(self) -> str:
        """What is going on."""
        return self.desk.t("Betalen")

    def lines(self, width: int, height: int) -> list[Row]:
        """Due, tenders, suggestions; or the card terminal."""
        desk, till = self.desk, self.desk.till
        assert till is not None
        payment = till.open.payment
        due = checkout.cash_due(till)
        unsaved = payment is not None and payment.settled
        exact = 0 if payment is None else payment.total + payment.rounding if unsaved else payment.remaining
        label = desk.t("Te betalen") if exact >= 0 else desk.t("Terug te betalen")
        rows: list[Row] = [BLANK, ((spread("  " + label, euro(abs(exact)) + "  ", width), HEAD),), BLANK]
        rows += [(("   " + line, BOLD),) for line in big(format_amount(abs(exact)))]
        rows.append(BLANK)
        if due != exact and not unsaved:
            rows.append(((f"   {desk.t('Contant afgerond')}: {euro(abs(due))}", BOLD),))
        for tender in payment.tenders if payment else ():
            rows.append(((f"   {desk.t(TENDER_WORDS[tender.kind])}   {euro(tender.amount)}", TEXT),))
        rows.append(BLANK)
        if payment is not None and unsaved:
            rows += self._unsaved_rows(payment.change, width)
        else:
            rows += self._card_rows(width) if till.open.card else self._suggestion_rows(due, width)
        return rows[:height]

    def typed(self, character: str) -> bool:
        """An amount, a letter for a suggested one, or how a card payment ended."""
        till = self.desk.till
        if till and till.open.card is not None:
            return self._card_letter(character)
        if not self.entry and character.lower() in _LETTERS:
            offered = suggestions(checkout.cash_due(till)) if till else ()
            at = _LETTERS.index(character.lower())
            if at < len(offered):
                self.desk.act(checkout.cash, offered[at])
                return True
            return False
        return (character.isdigit() or character in ",.-") and super().typed(character)

    def scanned(self, code: str) -> bool:
        """A voucher pays; goods are not sold any more once money lies on the counter."""
        till = self.desk.till
        if till is None or till.open.card is not None:
            return False
        if is_voucher(code):
            elsewhere.voucher(self.desk, code)
            return True
        if till.open.payment is not None and not till.open.payment.tenders:
            from kassa_tui.services import selling

            self.desk.act(selling.scan, code)
            return True
        return False

    def act(self, act: str) -> bool:
        """Tenders, taking one back, and the way back."""
        desk = self.desk
        if act == "back" and self._stoppable():
            self._stop()
        elif act == "cash":
            self._cash()
        elif act == "enter":
            self._which_tender()
        elif act == "pin":
            text = self.take()
            cents = amount_of(desk, text, tender=True) if text else None
            if not text or cents is not None:
                sell_acts.card(desk, cents)
        elif act == "voucher":
            self._voucher()
        elif act == "account":
            desk.act(checkout.account, None)
        elif act == "correct":
            return self.rub() or desk.act(checkout.take_back).code != ""
        elif act in ("back", "pay"):
            if self.entry:
                self.entry = ""
            else:
                desk.act(checkout.leave)
        elif act == "functions":
            sell_acts.functions(self)  # type: ignore[arg-type]
        else:
            return False
        return True

    def told(self, state: CardState) -> None:
        """The terminal said something: about the payment on the counter, about one in doubt, or about a service."""
        till = self.desk.till
        if till is None:
            return
        card = till.open.card
        mine = card is not None and state.payment in ("", card.id)
        if not state.final:
            self.card_state = state.state if mine else self.card_state
        elif self._service and not state.payment:
            what, self._service = self._service, ""
            self.desk.act(cards.serviced, what, state)
        elif mine or state.payment in self._asked:
            self.card_state = "" if mine else self.card_state
            self.desk.act(cards.told, state)
            self._asked.discard(state.payment)
            self._go_on()

    def ask_terminal(self, then: Callable[[], object] | None = None) -> None:
        """Ask the terminal about every payment in doubt, and go on when it has answered."""
        till = self.desk.till
        self._then = then
        if till is not None:
            asked = [row.id for row in cards.doubts(till)]
            # A terminal may answer before the call returns.
            self._asked.update(asked)
            self._asked.difference_update(set(asked) - set(cards.recover(till, self.desk.host.card_told)))
            if self._asked:
                self.card_state = "asking"
                self.desk.tell(self.desk.t("De pinautomaat wordt gevraagd hoe het afliep"))
        self._go_on()

    def service(self, what: str) -> None:
        """Have the terminal close its day (``end_of_day``) or show its last receipt (``reprint``)."""
        terminal = self.desk.till.terminal if self.desk.till else None
        if terminal is not None and not self._service:
            self._service = what
            (terminal.end_of_day if what == "end_of_day" else terminal.reprint)(self.desk.host.card_told)

    def _go_on(self) -> None:
        if not self._asked and self._then is not None:
            then, self._then = self._then, None
            then()

    def _connected(self) -> bool:
        """The terminal can be asked and stopped."""
        terminal = self.desk.till.terminal if self.desk.till else None
        return terminal is not None and not terminal.stand_alone

    def _stoppable(self) -> bool:
        card = self.desk.till.open.card if self.desk.till else None
        return card is not None and card.state == "pending" and self._connected()

    def _stop(self) -> None:
        terminal = self.desk.till.terminal if self.desk.till else None
        if terminal is not None:
            terminal.abort()
            self.desk.tell(self.desk.t("Afbreken gevraagd; de pinautomaat zegt hoe het afloopt"))

    def _cash(self) -> None:
        text = self.take()
        cents = amount_of(self.desk, text, tender=True) if text else None
        if not text or cents is not None:
            self.desk.act(checkout.cash, cents)

    def _which_tender(self) -> None:
        """Enter never pays: elsewhere it means an article, and people press it without looking."""
        if self.entry:
            label = self.desk.keymap.label
            text = self.desk.t("Contant is {cash}, pin is {pin}", cash=label("cash"), pin=label("pin"))
            self.desk.tell(text, FAINT, "refused")

    def _voucher(self) -> None:
        desk = self.desk
        desk.show(Prompt(desk, desk.t("Nummer van de tegoedbon"), lambda number: elsewhere.voucher(desk, number),
                         scans=True))  # fmt: skip

    def _suggestion_rows(self, due: int, width: int) -> list[Row]:
        t = self.desk.t
        rows: list[Row] = []
        if due > 0:
            for letter, cents in zip(_LETTERS, suggestions(due), strict=False):
                rows.append((("   ", TEXT), (f" {letter.upper()} ", ASK), (f" {euro(cents)}", TEXT)))
            rows.append(((fit("   " + t("{key} is gepast; of typ eerst het bedrag",
                                        key=self.desk.keymap.label("cash")), width), FAINT),))  # fmt: skip
        return rows

    def _unsaved_rows(self, change: int, width: int) -> list[Row]:
        """All is paid and the disk refused the sale: it is no sale yet, and the money is there all the same."""
        t, label = self.desk.t, self.desk.keymap.label
        rows: list[Row] = [((f"   {t('Wisselgeld')}   {euro(change)}", TEXT),)] if change else []
        text = t(
            "Betaald, maar nog niet bewaard. {cash} bewaart de verkoop alsnog; daarna gaat de lade open en komt de bon."
            " Blijft het misgaan: {correct} geeft de laatste betaling terug. Bel de techniek.",
            cash=label("cash"), correct=label("correct"),
        )  # fmt: skip
        return [*rows, BLANK, *(((("   " + line), BAD),) for line in wrap(text, width - 6))]

    def _card_rows(self, width: int) -> list[Row]:
        t, till = self.desk.t, self.desk.till
        assert till is not None
        assert till.open.card is not None
        card = till.open.card
        if card.state == "unknown":
            rows: list[Row] = [((fit(f"   {t('PIN ONBEKEND')}  {euro(card.amount)} ", width), BAD),), BLANK]
            advice = t(
                "Niemand weet nu of er is afgeschreven. Zeg tegen de klant: 'Een ogenblik, ik kijk na of de betaling"
                " is gelukt; u betaalt niet twee keer.' Kijk op de bon of het scherm van de pinautomaat."
            )
            rows += [(("   " + line, TEXT),) for line in wrap(advice, width - 6)]
            if self.card_state == "asking":
                rows += [BLANK, ((f"   {t(CARD_WORDS['asking'])}", ASK),)]
            rows += [BLANK, self._answers()]
            return rows
        state = CARD_WORDS.get(self.card_state or "busy", CARD_WORDS["busy"])
        rows = [((fit(f"   {t('Pin')} {euro(card.amount)}: {t(state)}", width), ASK),), BLANK]
        if till.terminal is None or till.terminal.stand_alone:
            rows.append(((f"   {t('Typ het bedrag op de pinautomaat. Hoe liep het af?')}", TEXT),))
            rows += [BLANK, self._answers()]
        return rows

    def _answers(self) -> Row:
        spans: list[Span] = [("   ", TEXT)]
        for words in map(self.desk.t, self._endings().values()):
            spans += [(f" {words[0]} ", ASK), (words[1:] + "     ", BOLD)]
        return tuple(spans)

    def _endings(self) -> Mapping[str, str]:
        """How the card payment may have ended, as far as a person may say so now."""
        till = self.desk.till
        card = till.open.card if till else None
        if till is None or card is None:
            return {}
        if card.state == "unknown":
            return DOUBT_ANSWERS | (ASK_AGAIN if self._connected() else {})
        return CARD_ANSWERS if till.terminal is None or till.terminal.stand_alone else {}

    def _card_letter(self, letter: str) -> bool:
        endings = self._endings()
        at = lettered(map(self.desk.t, endings.values()), letter)
        if at is None:
            return False
        state = tuple(endings)[at]
        detail = {"terminal": "stand-alone"} if state == "approved" else {}
        if state == "ask":
            self.ask_terminal()
        elif endings is not CARD_ANSWERS:
            self._decide(state, detail)
        else:
            self.desk.act(cards.ended, state, detail)
        return True

    def _decide(self, state: str, detail: dict[str, str]) -> None:
        desk, t = self.desk, self.desk.t
        text = (
            t("U beslist dat er wel is betaald. Zeker?")
            if state == "approved"
            else t("U beslist dat er niet is betaald. De klant moet dan nog betalen. Zeker?")
        )
        desk.show(
            Choice(desk, t("Pin onbekend"), text, [
                (t("Zeker"), lambda: desk.act(cards.ended, state, detail)),
                (t("Terug"), lambda: None),
            ])
        )  # fmt: skip


CARD_ANSWERS = {"approved": N_("J akkoord"), "refused": N_("N geweigerd"), "unknown": N_("O onbekend")}
"""How a payment on a terminal without a cable ended → words; their first letter, in the language that shows, says so.
"""
DOUBT_ANSWERS = {"approved": N_("J toch betaald"), "refused": N_("N niet betaald")}
"""The same for a payment that nobody was sure of."""
ASK_AGAIN = {"ask": N_("V vraag het de pinautomaat")}
"""And where the terminal can be asked."""
CARD_WORDS = {
    "present_card": N_("kaart aanbieden"),
    "enter_pin": N_("pincode"),
    "busy": N_("bezig"),
    "remove_card": N_("kaart uitnemen"),
    "asking": N_("verbinding weg, de afloop wordt gevraagd"),
    "confirm": N_("wacht op de pinautomaat"),
    "approved": N_("akkoord"),
    "refused": N_("geweigerd"),
    "unknown": N_("onbekend"),
}
