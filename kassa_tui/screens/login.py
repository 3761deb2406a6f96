"""Log-in and the opening of the shift: the first frame, drawn before the till behind it is even loaded."""

from __future__ import annotations

from types import MappingProxyType

from kassa_tui.messages import N_
from kassa_tui.screens.base import View
from kassa_tui.screens.ink import BLANK, BOLD, FAINT, TEXT, Row
from kassa_tui.screens.text import centre, fit, plain

PIN_DIGITS = 8
"""The longest PIN."""


class LoginView(View):
    """Type a PIN; it waits for the till where that is not ready, and what is typed behind it waits for the PIN."""

    keys = ("enter", "functions", "help")
    key_words = MappingProxyType({"enter": N_("aanmelden"), "functions": N_("klokken")})
    secret = True
    pending = ""
    """A PIN entered before the till was loaded."""
    spilt = False
    """More digits came than a PIN has: a scanner that the till has not taken for itself yet, or one that types."""

    @property
    def title(self) -> str:
        """Locked, or nobody there yet."""
        till = self.desk.till
        return self.desk.t("Slot") if till and till.locked else self.desk.t("Aanmelden")

    def lines(self, width: int, height: int) -> list[Row]:
        """The name of the shop, and what the last customer may still see."""
        desk, till = self.desk, self.desk.till
        shop = plain(till.config.shop.name) if till else ""
        rows: list[Row] = [BLANK] * max(height // 2 - 4, 1)
        rows.append(((centre("KASSA", width), BOLD),))
        rows.append(((centre(shop, width), TEXT),))
        rows.append(BLANK)
        rows.append(((centre(desk.t("Typ uw pincode en druk op Enter"), width), TEXT),))
        if till and till.last_sale:
            from kassa_tui.domain.money import euro

            change = euro(till.last_sale["change"])
            rows += [BLANK, ((centre(desk.t("Wisselgeld") + " " + change, width), BOLD),)]
        if till and till.ticket and till.ticket.lines:
            rows += [BLANK, ((centre(desk.t("Er staat nog een bon open"), width), TEXT),)]
        return rows

    def entry_row(self, width: int) -> Row:
        """Stars for digits."""
        return ((self.desk.t("Pincode") + ": ", FAINT), (fit("*" * len(self.entry) + "_", width - 20), BOLD))

    def typed(self, character: str) -> bool:
        """Digits only."""
        self.spilt = self.spilt or (character.isdigit() and len(self.entry) >= PIN_DIGITS)
        return character.isdigit() and len(self.entry) < PIN_DIGITS and super().typed(character)

    def scanned(self, code: str) -> bool:
        """Eight digits that came in one piece are a PIN all the same."""
        if not code.isdigit() or len(code) > PIN_DIGITS:
            # Its beginning may have been typed here, before the till had taken the scanner for itself.
            self.entry, self.spilt = "", False
            return False
        self.entry = code
        return self.act("enter")

    def act(self, act: str) -> bool:
        """Enter logs in."""
        if act == "correct":
            done = self.rub()
            self.spilt = self.spilt and bool(self.entry)
            return done
        if act == "back":
            self.entry, self.spilt = "", False
            return True
        if act == "functions" and self.desk.till is not None:
            from kassa_tui.screens.hours_view import ask_who

            self.entry, self.spilt = "", False
            ask_who(self.desk)
            return True
        if act != "enter":
            return False
        pin, spilt, self.spilt = self.take(), self.spilt, False
        if spilt:
            self.desk.scan_broken()
        if not pin or spilt:
            return True
        if self.desk.till is None:
            self.pending, self.desk.ahead = pin, []
            return True
        self._login(pin)
        return True

    def catch_up(self) -> None:
        """The till is there: log in with what was typed meanwhile, and do what was typed behind it."""
        pin, self.pending = self.pending, ""
        if pin:
            self.desk.catch_up(self._login(pin))

    def _login(self, pin: str) -> bool:
        from kassa_tui.domain.outcome import Done
        from kassa_tui.services import access

        outcome = self.desk.act(access.login, pin)
        if isinstance(outcome, Done):
            self.desk.host.language(str(outcome.facts["language"]))
            self.desk.tell(self.desk.words.outcome(outcome))
            self._resume()
        return isinstance(outcome, Done)

    def _resume(self) -> None:
        """Close the ticket that turned out to be paid while nobody was there."""
        from kassa_tui.services import cards

        if self.desk.till is not None and cards.resumable(self.desk.till):
            self.desk.act(cards.resume)


class OpenShiftView(View):
    """The till is closed: count the float and open it."""

    keys = ("enter", "functions", "lock", "help")

    @property
    def title(self) -> str:
        """What is to be done."""
        return self.desk.t("Kassa openen")

    def lines(self, width: int, height: int) -> list[Row]:
        """One question."""
        t = self.desk.t
        return [
            *[BLANK] * max(height // 2 - 3, 1),
            ((centre(t("De kassa is gesloten."), width), BOLD),),
            BLANK,
            ((centre(t("Hoeveel wisselgeld ligt er in de lade?"), width), TEXT),),
            ((centre(t("Typ het bedrag, bijvoorbeeld 150,00, en druk op Enter"), width), FAINT),),
        ]

    def typed(self, character: str) -> bool:
        """An amount."""
        return (character.isdigit() or character in ",.") and super().typed(character)

    def act(self, act: str) -> bool:
        """Enter opens the shift."""
        if act == "correct":
            return self.rub()
        if act == "back":
            self.entry = ""
            return True
        if act == "functions":
            from kassa_tui.screens.functions import show_functions

            show_functions(self.desk)
            return True
        if act != "enter":
            return False
        from kassa_tui.screens.amounts import amount_of
        from kassa_tui.services import shifts

        text = self.take()
        cents = amount_of(self.desk, text) if text else None
        if cents is not None:
            self.desk.act(shifts.open_shift, cents)
        return True
