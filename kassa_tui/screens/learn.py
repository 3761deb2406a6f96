"""Learning by doing: somebody scans or presses a key, the till says which device spoke, and keeps it when told to.

The till only listens along: the keyboard of whoever stands there goes on working, Esc leaves at any moment, and after a
minute without a sign the till stops by itself. Every key but the letters shown means nothing here, for the device that
is being learned may type on this screen as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Done
from kassa_tui.messages import N_
from kassa_tui.screens.base import Menu, Prompt, View, lettered
from kassa_tui.screens.desk import KEY_WORDS
from kassa_tui.screens.devices_view import RULES, adopt
from kassa_tui.screens.ink import ASK, BAD, BLANK, BOLD, FAINT, TEXT, Row
from kassa_tui.screens.text import plain, wrap
from kassa_tui.services import devices

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.ports import Heard, Learning, Plugged

LISTENING, HEARD, CHECKING, KEYS = "listening", "heard", "checking", "keys"
KEEP, ADD, AGAIN, FINISH = (
    N_("Vastleggen als {name}"), N_("Erbij als {name}"), N_("Opnieuw proberen"), N_("Klaar: vastleggen"),
)  # fmt: skip
ASKS = {
    "scanner": N_("Scan nu iets met de scanner die u wilt leren."),
    "keyboard": N_("Druk op een toets van het toetsenbord dat u wilt leren."),
}
HINTS = {
    "scanner": N_("Houd een barcode voor de scanner. De kassa herkent hem aan zijn snelheid; uw toetsenbord wordt er "
                  "nooit voor aangezien. Scanners die al werken, hoeft u niet te leren."),
    "keyboard": N_("Een toetsenbord of cijferblok dat de kassa voortaan zelf leest. Het blijft typen, en u kunt daarna "
                   "toetsen een handeling geven."),
}  # fmt: skip
NOTES = {
    "typed": N_("Dat werd getypt, niet gescand: een scanner is veel sneller. Scan een barcode."),
    "by_hand": N_("Van {name} komen ook gewone toetsaanslagen: dat is een toetsenbord. Als scanner zou u het kwijt "
                  "zijn, dus het wordt niet vastgelegd."),
    "no_end": N_("{name} las iets, maar stuurt er geen Enter achter: scan in zijn boekje de instelling voor Enter (CR) "
                 "achter elke code, en probeer opnieuw."),
    "is_scanner": N_("Dat was een scanner: {name}. Druk op een toets van een toetsenbord."),
}  # fmt: skip
UNFINDABLE = N_("{name} heeft niets waaraan de kassa hem na een herstart herkent: steek hem in een andere poort.")


class LearnView(View):
    """One time of learning, from the question to the device that works."""

    keys = ("back",)

    def __init__(self, desk: Desk, role: str, by: str) -> None:
        super().__init__(desk)
        self._role, self._by = role, by
        self._session: Learning | None = None
        self._phase, self._note, self._elsewhere = LISTENING, "", ""
        self._found: Plugged | None = None
        self._heard: Heard | None = None
        self._name = ""
        """What the confirmed device will be called."""
        self._keys: dict[str, tuple[str, str]] = {}

    def begin(self) -> None:
        """Show it and listen."""
        till, learns = self.desk.till, self.desk.learns
        if till is None or learns is None:
            return
        self.desk.show(self)
        taken = [str(each.options["path"]) for each in till.config.devices if each.options.get("path")]
        self._session = learns.learn(
            self._role, taken, lambda heard: self.desk.host.later(lambda: self.told(heard))
        )  # fmt: skip

    @property
    def title(self) -> str:
        """What is learned."""
        return self.desk.t("Scanner leren") if self._role == "scanner" else self.desk.t("Toetsenbord leren")

    def lines(self, width: int, height: int) -> list[Row]:
        """What to do now, and what was heard."""
        t = self.desk.t
        body = {LISTENING: self._listening, HEARD: self._shown, CHECKING: self._shown, KEYS: self._assigned}
        rows: list[Row] = [BLANK]
        for text, ink in body[self._phase]():
            rows += [((f"  {line}", ink),) for line in wrap(text, width - 4)] if text else [BLANK]
        if self._note:
            rows += [BLANK, *(((f"  {line}", BAD),) for line in wrap(self._note, width - 4))]
        choices = self._choices()
        rows.append(BLANK)
        if self._phase == CHECKING:
            rows.append((("  " + t("Een ogenblik…"), FAINT),))
        rows += [(("  ", TEXT), (f" {words[0].upper()} ", ASK), (" " + words, TEXT)) for words, _ in choices]
        return rows[:height]

    def act(self, act: str) -> bool:
        """Esc leaves; whatever else is pressed may have come from the device itself."""
        if act == "back":
            self._leave()
        return True

    def typed(self, character: str) -> bool:
        """A letter that is shown answers; the rest is passed over, it may be the device's."""
        choices = self._choices()
        at = lettered((words for words, _ in choices), character)
        if at is not None:
            choices[at][1]()
        return True

    def scanned(self, code: str) -> bool:
        """A scan that came by a road that works already: the terminal's keyboard, or a device of the till."""
        self._elsewhere = plain(code)[:40]
        return True

    def told(self, heard: Heard) -> None:
        """The listener heard something; brought to the screen's thread."""
        if self not in self.desk.views:
            self._close()
            return
        if heard.code == "ended":
            self._leave(self.desk.t("Er kwam niets: de kassa luistert niet meer"))
            return
        found = self._session.device(heard.device) if self._session else None
        if found is None:
            return
        if heard.code in ("scan", "keys"):
            self._speaks(heard, found)
        elif heard.code == "sure":
            self._sure(found)
        elif heard.code in NOTES and (self._phase == LISTENING or self._is_found(heard)):
            self._again(self.desk.t(NOTES[heard.code], name=plain(found.name)))

    def _speaks(self, heard: Heard, found: Plugged) -> None:
        if self._phase == KEYS:
            if self._is_found(heard) and self.desk.top is self:
                self._ask_meaning(heard.keys[-1])
        elif self._phase == LISTENING or (self._phase == HEARD and heard.code == "scan"):
            if devices.table_of(self._role, "x", found) is None:
                self._again(self.desk.t(UNFINDABLE, name=plain(found.name)))
                return
            self._phase, self._heard, self._found, self._note = HEARD, heard, found, ""
            self.desk.host.sound("paid")

    def _is_found(self, heard: Heard) -> bool:
        return self._found is not None and heard.device == self._found.key and self._phase != LISTENING

    def _sure(self, found: Plugged) -> None:
        if self._phase != CHECKING:
            return
        if self._role == "keyboard":
            self._phase = KEYS
        else:
            self._keep()

    def _listening(self) -> list[tuple[str, str]]:
        t = self.desk.t
        found = [(t(ASKS[self._role]), BOLD), ("", TEXT), (t(HINTS[self._role]), TEXT)]
        if self._elsewhere:
            told = t("Gelezen als toetsen of door een scanner die al werkt: {code}", code=self._elsewhere)
            found += [("", TEXT), (told, FAINT)]
        if self._session is not None and self._session.closed_to_us():
            told = t("Naar sommige apparaten mag de kassa niet luisteren: bel de techniek (groep input)")
            found += [("", TEXT), (told, BAD)]
        return found

    def _shown(self) -> list[tuple[str, str]]:
        """The device that spoke."""
        t, found, heard = self.desk.t, self._found, self._heard
        if found is None or heard is None:
            return []
        name = plain(found.name) or t("een apparaat zonder naam")
        rows = [(t("Dit was: {name}", name=name), BOLD), ("", TEXT)]
        if found.usb:
            rows.append((t("Maker en product: {usb}", usb=found.usb), TEXT))
        if found.phys or found.path:
            rows.append((t("Poort: {phys}", phys=plain(found.phys or found.path)), TEXT))
        if heard.text:
            rows.append((t("Gelezen: {code}", code=plain(heard.text)[:60]), TEXT))
        if heard.keys:
            rows.append((t("Toets: {key}", key=", ".join(heard.keys[-4:])), TEXT))
        if heard.layout not in ("", "us"):
            rows.append((t("Ingesteld op toetsenbord: {layout}", layout=heard.layout), TEXT))
        if found.twin and found.phys:
            rows.append((t("Er zijn er meer van dit model: deze wordt herkend aan zijn poort."), TEXT))
        return rows

    def _assigned(self) -> list[tuple[str, str]]:
        t = self.desk.t
        told = t("Druk op een toets die iets anders moet doen dan erop staat. Wat u niet kiest, typt wat erop staat.")
        rows = [(told, BOLD), ("", TEXT)]
        for key, (table, value) in list(self._keys.items())[-10:]:
            words = t(KEY_WORDS[value]) if table == "acts" else plain(value.replace("\n", " + Enter"))
            rows.append((f"{key}: {words}", TEXT))
        return rows

    def _choices(self) -> list[tuple[str, Callable[[], object]]]:
        t, till = self.desk.t, self.desk.till
        if self._phase == KEYS:
            return [(t(FINISH), self._keep)]
        if self._phase != HEARD or self._found is None or till is None:
            return []
        first, further = devices.namesakes(till.config, self._role, self._found)
        choices: list[tuple[str, Callable[[], object]]] = []
        if first:
            choices.append((t(KEEP, name=first), lambda: self._confirm(first)))
            if further:
                choices.append((t(ADD, name=further), lambda: self._confirm(further)))
        else:
            choices.append((t(KEEP, name=further), lambda: self._confirm(further)))
        return [*choices, (t(AGAIN), self._again)]

    def _confirm(self, name: str) -> None:
        if self._session is not None and self._found is not None:
            self._name, self._phase = name, CHECKING
            self._session.confirm(self._found.key)

    def _again(self, note: str = "") -> None:
        self._phase, self._found, self._heard, self._note, self._elsewhere = LISTENING, None, None, note, ""
        if note:
            self.desk.host.sound("refused")

    def _ask_meaning(self, key: str) -> None:
        t = self.desk.t
        choices: list[tuple[str, Callable[[], object]]] = [
            (t("Artikel: een code met Enter"), lambda: self._ask_text(key, t("Welke code of welk artikel?"), "\n")),
            (t("Tekst"), lambda: self._ask_text(key, t("Welke tekst?"), "")),
            (t("Gewoon wat erop staat"), lambda: self._keys.pop(key, None)),
        ]
        choices += [(t(words), lambda act=act: self._give(key, "acts", act)) for act, words in KEY_WORDS.items()]  # type: ignore[misc]
        self.desk.show(Menu(self.desk, t("Wat doet {key}?", key=key), choices))

    def _ask_text(self, key: str, title: str, end: str) -> None:
        self.desk.show(Prompt(self.desk, title, lambda text: self._give(key, "text", text + end), scans=True))

    def _give(self, key: str, table: str, value: str) -> None:
        self._keys[key] = (table, value)

    def _keep(self) -> None:
        if self._found is None:
            return
        layout = self._heard.layout if self._heard else ""
        table = devices.table_of(self._role, self._name, self._found, layout or self._usual_layout())
        if table is None:
            return
        outcome = self.desk.act(devices.bind, table, self._by, self._keys if self._keys else None)
        if not isinstance(outcome, Done):
            self._again()
            return
        said, till = self.desk.message, self.desk.till
        self._leave()
        adopt(self.desk, self._name)
        made = next((each for each in till.config.devices if each.name == self._name), None) if till else None
        rule = devices.rule(made, till.config.till.data) if till and made else ""
        self.desk.tell(f"{said}; {self.desk.t(RULES[rule])}" if rule != "written" else said)

    def _usual_layout(self) -> str:
        """What the device of this name was set to before."""
        known = self.desk.till.config.devices if self.desk.till else ()
        return next((str(each.options.get("layout") or "") for each in known if each.name == self._name), "")

    def _leave(self, said: str = "") -> None:
        self._close()
        self.desk.close(self)
        self.desk.tell(said)

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
