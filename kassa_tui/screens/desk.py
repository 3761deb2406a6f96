"""The desk: the stack of views, the message line, and the one way from a key or a scan to an act and its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from kassa_tui.domain.outcome import Done, Outcome, Refused
from kassa_tui.keymap import key_label
from kassa_tui.messages import N_
from kassa_tui.screens.base import Prompt, View
from kassa_tui.screens.ink import BAD, BLANK, FAINT, GOOD, TEXT, TRAIN, Row
from kassa_tui.screens.text import cells, fit, plain, spread

if TYPE_CHECKING:
    from kassa_tui.keymap import KeyMap
    from kassa_tui.messages import Words
    from kassa_tui.screens.office_view import OfficeLine
    from kassa_tui.services.ports import CardState, DeviceState, Learns
    from kassa_tui.services.till import Till

P = ParamSpec("P")

OK, UNKNOWN, AGE, REFUSED, PAID = "ok", "unknown", "age", "refused", "paid"
"""Sounds a cashier learns within an hour, so that nobody has to look up."""

_AGE_FACT = "age"
_ASKED = ("weight_needed", "is_receipt")
"""Refusals that open a question, which is no reason for alarm."""


class Desk:
    """State of the screen; knows nothing of Textual."""

    def __init__(self, words: Words, keys: KeyMap, host: Host) -> None:
        self.words, self.keymap, self.host = words, keys, host
        self.till: Till | None = None
        self.views: list[View] = []
        self.message, self.ink = "", TEXT
        self.paper: list[str] = []
        """Text of what the printer on the screen printed last."""
        self.drawer_open = False
        """The drawer on the screen was kicked open; the next ticket shuts it."""
        self.devices: Sequence[DeviceState] = ()
        """How scanners, scale and the like are, as they told last."""
        self.ahead: list[str | tuple[str, str | None]] | None = None
        """Scans and keys that wait for the till to be loaded; None where none has to wait."""
        self.learns: Learns | None = None
        """Who listens for new devices; None on a till without any."""
        self._after: Callable[[Done], object] | None = None
        """What goes on once a manager has agreed."""
        self._known_hints: dict[tuple[object, ...], str] = {}
        self.advice = ""
        """Something to do when there is time: skim the drawer."""
        self.office: OfficeLine | None = None
        """How it stands with the office; None for a till that stands alone."""
        self._reminded = False
        self.shop_words: Words = words
        """Language of the shop, for who is not logged in."""

    @property
    def top(self) -> View:
        """The view that gets the keys."""
        return self.views[-1]

    def t(self, message: str, **facts: Any) -> str:
        """Translated text."""
        return self.words.t(message, **facts)

    def show(self, view: View) -> View:
        """Put a view on top."""
        self.views.append(view)
        return view

    def close(self, view: View) -> None:
        """Take a view away, with whatever lies on it."""
        if view in self.views[1:]:
            del self.views[self.views.index(view) :]

    def home(self) -> None:
        """Only the bottom view is left."""
        del self.views[1:]

    def tell(self, text: str, ink: str = TEXT, sound: str = "") -> None:
        """Put words on the message line, with a sound."""
        self.message, self.ink = text, ink
        if sound:
            self.host.sound(sound)

    def key(self, name: str, character: str | None) -> None:
        """One key, in order; the view on top has the first say over characters, the key map over all others."""
        if self.ahead is not None:
            self.ahead.append((name, character))
            return
        top, message = self.top, self.message
        if not self._took(name, character):
            label = character if character and character.isprintable() else key_label(name)
            self.tell(self.t("Toets {key} doet hier niets", key=label), FAINT, REFUSED)
        elif self.top is not top and self.message == message:
            # It was said about another view.
            self.message = ""

    def scan(self, code: str) -> None:
        """One scan; a view that has no use for it refuses it aloud, it never becomes typing."""
        if self.ahead is not None:
            self.ahead.append(code)
            return
        if not self.top.scanned(code):
            self.tell(self.t("Scan {code} telt hier niet mee", code=plain(code)[:40]), BAD, REFUSED)

    def act(self, function: Callable[Concatenate[Till, P], Outcome], *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """Do something on the till and say how it went; where a manager must agree, ask for the PIN."""
        assert self.till is not None
        return self._said(self.till.act(function, *args, **kwargs))

    def act_then(
        self, then: Callable[[Done], object], function: Callable[Concatenate[Till, P], Outcome], *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:  # fmt: skip
        """Do something and go on with ``then`` once it is done, also when a manager had to agree first."""
        outcome = self.act(function, *args, **kwargs)
        if isinstance(outcome, Done):
            then(outcome)
        elif outcome.code == "needs_approval":
            self._after = then

    def look_at_drawer(self) -> None:
        """Advise to skim where more cash lies in the drawer than the shop wants; asked in rest, not within a sale."""
        till = self.till
        limit = till.config.rules.drawer_warning if till else 0
        if till is None or not limit or not till.shift:
            self.advice = ""
            return
        from kassa_tui.services import shifts

        much = shifts.x_figures(till)["cash"]["expected"] > limit
        self.advice = self.t("Veel geld in de lade: afromen (F10)") if much else ""

    def scan_broken(self) -> None:
        """A code was begun and thrown away: better no line than a wrong one."""
        self.tell(self.words.outcome(Refused("scan_broken", {})), BAD, REFUSED)

    def catch_up(self, good: bool = True) -> None:
        """Do what was typed and scanned while nobody could; where that came to nothing, neither does what followed."""
        ahead, self.ahead = self.ahead or [], None
        for stroke in ahead if good else ():
            if isinstance(stroke, str):
                self.scan(stroke)
            else:
                self.key(*stroke)

    def press(self, act: str) -> None:
        """An act from a key that says what it does; in the middle of typing too, for it types nothing."""
        if not self._do(act):
            self.tell(self.t("Toets {key} doet hier niets", key=self.t(KEY_WORDS[act])), FAINT, REFUSED)

    def rows(self, width: int, height: int) -> list[Row]:
        """The whole screen."""
        body = height - 4
        base = next(i for i in range(len(self.views) - 1, -1, -1) if not self.views[i].overlay)
        lines = self._padded(self.views[base].lines(width, body), body)
        for view in self.views[base + 1 :]:
            above = self._padded(view.lines(width, body), body)
            lines = [over or below for over, below in zip(above, lines, strict=True)]
        message: Row = ((fit(" " + plain(self.message), width), self.ink),) if self.message else BLANK
        return [self._header(width), *lines, self.top.entry_row(width), message, self._footer(width)]

    def _said(self, outcome: Outcome) -> Outcome:
        if self.till is not None and (self.till.person is None or self.till.locked):
            self.words = self.shop_words
        if isinstance(outcome, Refused):
            if outcome.code == "needs_approval":
                self._ask_approval(outcome)
            elif outcome.code in _ASKED:
                self.tell(self.words.outcome(outcome))
            else:
                sound = UNKNOWN if outcome.code.startswith("unknown") else REFUSED
                self.tell(self.words.outcome(outcome), BAD, sound)
            return outcome
        if outcome.code == "added":
            self.drawer_open = False
        sound = PAID if outcome.code == "paid" else AGE if _AGE_FACT in outcome.facts else OK
        text, due = self.words.outcome(outcome), outcome.facts.get("due", 0)
        if due < 0:
            text = self.t("Terug te betalen: {due:euro}", due=-due)
        self.tell(text, GOOD if outcome.code == "paid" else TEXT, sound)
        return outcome

    def _ask_approval(self, wanted: Refused) -> None:
        from kassa_tui.services import access

        def approve(pin: str) -> None:
            after, self._after = self._after, None
            outcome = self.act(access.approve, pin)
            if isinstance(outcome, Done):
                if after is not None:
                    after(outcome)
            elif self.till is not None and self.till.waiting_for_approval() is not None:
                self._after = after
                ask()

        def ask() -> None:
            self.show(Prompt(self, self.t("Akkoord nodig"), approve, hint=hint, masked=True))

        hint = self.words.outcome(wanted) + ". " + self.t("Typ de pincode van iemand die dit mag.")
        self.tell("", BAD, REFUSED)
        ask()

    def _took(self, name: str, character: str | None) -> bool:
        act = self.keymap.act(name)
        printable = character is not None and character.isprintable() and len(character) == 1
        if act is not None and (not printable or self._means(act)) and self._do(act):
            return True
        return printable and character is not None and self.top.typed(character)

    def _means(self, act: str) -> bool:
        """Whether a printable key is an act here: in the middle of typing most are just characters."""
        return not self.top.entry or act in self.top.midway

    def _do(self, act: str) -> bool:
        return self.top.act(act) or self.host.act(act)

    @staticmethod
    def _padded(lines: list[Row], height: int) -> list[Row]:
        return lines[:height] + [BLANK] * (height - len(lines))

    def _header(self, width: int) -> Row:
        till = self.till
        shop = plain(till.config.shop.name) if till else ""
        who = plain(till.person.name) if till and till.person else ""
        left = f" {till.config.till.id if till else ''} {shop}  {self.top.title}"
        end = f"{who}  {self.host.clock()} "
        calm = self._office_words(bad=False)
        if calm and cells(left) + cells(end) + cells(calm) + 4 <= width:
            end = f"{calm}  {end}"
        if till and till.training:
            left = f" {self.t('OEFENEN - TELT NIET MEE')}  {left.strip()}"
            return ((spread(left, end, width), TRAIN),)
        return ((spread(left, end, width), self.top.head),)

    def _footer(self, width: int) -> Row:
        trouble = self._trouble(width // 2 - 2)
        if trouble:
            room = min(cells(trouble) + 2, width // 2)
            return ((fit(f" {trouble}", room), BAD), (fit(self._hints(width - room), width - room), FAINT))
        return ((fit(self._hints(width), width), FAINT),)

    def _hints(self, width: int) -> str:
        """As many keys of the view as fit, the most used first; worked out once per view, width and language."""
        top = self.top
        key = (top.keys, *top.key_words.items(), width, self.words.language, self.keymap)
        hints = self._known_hints.get(key)
        if hints is None:
            hints = self._known_hints[key] = self._new_hints(width)
        return hints

    def _new_hints(self, width: int) -> str:
        hints = ""
        for act in self.top.keys:
            more = f" {self.keymap.label(act)} {self.t(self.top.key_words.get(act) or KEY_WORDS[act])} "
            if cells(hints) + cells(more) > width:
                break
            hints += more
        return hints

    def _trouble(self, room: int) -> str:
        """What is wrong, in words; empty when nothing is. More than ``room`` cells will be cut."""
        till = self.till
        if till is None:
            return ""
        if till.trouble:
            return self.words.outcome(Refused(till.trouble, {}))
        wrong = [each.trouble for each in self.devices if each.trouble and each.trouble.code != "device_opening"]
        if wrong:
            return self.words.outcome(wrong[0])
        return " · ".join(filter(None, (*self._printer_trouble(till, room), self.advice, self._office_words(bad=True))))

    def _office_words(self, *, bad: bool) -> str:
        """What there is to say of the office, in the header where all is well and below where it is not."""
        told = self.office.told if self.office is not None and self.office.bad == bad else None
        return self.words.outcome(told) if told is not None else ""

    def _printer_trouble(self, till: Till, room: int) -> tuple[str, ...]:
        """The drawer's lamp, what keeps the receipts, or what soon will."""
        queue = till.printing
        if queue is None:
            return ()
        seconds = queue.drawer_seconds()
        lamp = "" if seconds is None else self.t("lade open {seconds} s", seconds=seconds)
        if queue.state != "ok":
            room -= cells(lamp) + len(" · ") if lamp else 0
            return (lamp, self._waiting_words(self.words.outcome(Refused(queue.state, {})), queue.waiting, room))
        return (
            lamp,
            self.t("bon: {advice}", advice=self.words.outcome(Refused(queue.advice, {}))) if queue.advice else "",
        )

    def _waiting_words(self, trouble: str, waiting: int, room: int) -> str:
        """How many receipts wait stays in sight: first what to do about it makes way, then the end of what is wrong."""
        for words in (trouble, trouble.partition(": ")[0]):
            text = self.t("bon: {trouble} ({waiting} wacht)", trouble=words, waiting=waiting)
            if cells(text) <= room:
                return text
        short = fit(words, max(cells(words) - (cells(text) - room), 1))
        return self.t("bon: {trouble} ({waiting} wacht)", trouble=short, waiting=waiting)

    def second(self) -> None:
        """What is looked at every second."""
        self.remind_of_drawer()
        if self.office is not None:
            self.office.tick()

    def remind_of_drawer(self) -> None:
        """One soft bell for a drawer that somebody forgot."""
        queue = self.till.printing if self.till else None
        forgotten = queue is not None and queue.drawer_forgotten()
        if forgotten and not self._reminded:
            self.host.sound(PAID)
        self._reminded = forgotten


class Host:
    """What the desk needs of the program around it; the application's own is in ``app.py``."""

    def sound(self, sound: str) -> None:
        """Make a sound."""

    def clock(self) -> str:
        """Time of day as shown."""
        return ""

    def act(self, act: str) -> bool:
        """Acts that work everywhere: help, lock."""
        return False

    def language(self, language: str) -> None:
        """Speak this language from now on."""

    def card_told(self, state: CardState) -> None:
        """The card terminal said something, perhaps on a thread of its own."""

    def later(self, work: Callable[[], object]) -> None:
        """Do something on the screen's own thread; called on any."""

    def training(self) -> None:
        """Go to the training till, or back to the real one."""

    def support(self) -> None:
        """Make a file for the helpdesk."""

    def quit(self) -> None:
        """End the program."""


KEY_WORDS: dict[str, str] = {
    "help": N_("hulp"), "search": N_("zoek"), "customer": N_("klant"), "park": N_("parkeer"),
    "recall": N_("ophalen"), "price": N_("prijs"), "discount": N_("korting"), "return": N_("retour"),
    "pay": N_("betalen"), "functions": N_("functies"), "pin": N_("pin"), "cash": N_("contant"),
    "repeat": N_("nog een"), "set": N_("maak er"), "times": N_("aantal"), "up": N_("op"), "down": N_("neer"),
    "page_up": N_("vorige"), "page_down": N_("volgende"), "home": N_("begin"), "end": N_("eind"),
    "void": N_("weg"), "correct": N_("herstel"), "lock": N_("slot"), "back": N_("terug"), "enter": N_("ok"),
    "why": N_("waarom"), "note": N_("notitie"), "check": N_("prijs vragen"), "drawer": N_("lade"),
    "group": N_("op groep"), "copy": N_("kopie"), "voucher": N_("tegoedbon"), "account": N_("op rekening"),
    "gift": N_("ruilbon"), "tare": N_("tarra"), "zero": N_("op nul"),
}  # fmt: skip
