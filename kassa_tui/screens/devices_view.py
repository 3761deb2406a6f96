"""The devices of the till: how each is in words, since when, what was wrong last, and the way to learn a new one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Refused
from kassa_tui.messages import N_
from kassa_tui.screens.base import Choice, View, lettered
from kassa_tui.screens.ink import ASK, BAD, BLANK, FAINT, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, plain, wrap
from kassa_tui.services import devices

if TYPE_CHECKING:
    from kassa_tui.config import Device
    from kassa_tui.domain.outcome import Done
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.ports import DeviceState

ROLE_WORDS = {
    "printer": N_("Printer"),
    "scanner": N_("Scanner"),
    "display": N_("Klantendisplay"),
    "scale": N_("Weegschaal"),
    "drawer": N_("Lade"),
    "keyboard": N_("Toetsenbord"),
    "card_terminal": N_("Pinautomaat"),
}
LEARN_SCANNER, LEARN_KEYBOARD, FORGET = N_("Scanner leren"), N_("Toetsenbord leren"), N_("Vergeten")
RULES = {
    "written": N_("aan de kassa geleerd; de udev-regel is geschreven"),
    "asked": N_("aan de kassa geleerd; de udev-regel is gevraagd en nog niet geschreven"),
    "not_written": N_("aan de kassa geleerd; de udev-regel is niet geschreven: alleen de naam in /dev/kassa ontbreekt, "
                      "de rest werkt"),
    "": N_("aan de kassa geleerd"),
}  # fmt: skip
"""How it stands with the rule of a learned device → what is said about it."""


class DevicesView(View):
    """One row for each device, the chosen one explained below; letters learn and forget."""

    keys = ("up", "down", "back")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._at = 0

    @property
    def title(self) -> str:
        """What this is."""
        return self.desk.t("Apparaten")

    def lines(self, width: int, height: int) -> list[Row]:
        """The list, the chosen one in words, and what can be done."""
        found, states = self._devices(), _states(self.desk)
        self._at = max(0, min(self._at, len(found) - 1))
        room = max(height - 9, 3)
        top = max(0, min(self._at - room + 1, len(found) - room))
        rows: list[Row] = []
        for at in range(top, min(top + room, len(found))):
            each = found[at]
            words, bad = self._state(each, states.get(each.name))
            name = f" {fit(self.desk.t(ROLE_WORDS[each.role]), 16)}{fit(each.name, 17)}{fit(each.kind, 12)}"
            rows.append(((fit(name + words, width), SELECT if at == self._at else BAD if bad else TEXT),))
        if not found:
            rows.append((("  " + self.desk.t("Er zijn geen apparaten ingesteld"), FAINT),))
        rows.append(BLANK)
        if found:
            about = self._about(found[self._at], states.get(found[self._at].name))
            rows += [((" " + line, TEXT),) for text in about for line in wrap(text, width - 2)]
        rows += [BLANK] * (height - 1 - len(rows))
        return [*rows[: height - 1], self._letters()]

    def typed(self, character: str) -> bool:
        """A letter chooses what to do."""
        choices = self._choices()
        at = lettered((words for words, _ in choices), character)
        if at is not None:
            choices[at][1]()
        return at is not None

    def act(self, act: str) -> bool:
        """Move or leave."""
        if act in ("up", "down"):
            self._at += 1 if act == "down" else -1
        elif act == "back":
            self.desk.close(self)
        else:
            return False
        return True

    def _devices(self) -> tuple[Device, ...]:
        assert self.desk.till is not None
        return self.desk.till.config.devices

    def _state(self, each: Device, state: DeviceState | None) -> tuple[str, bool]:
        """How it is in words, and whether that is bad."""
        desk, t = self.desk, self.desk.t
        queue = desk.till.printing if desk.till else None
        if state is not None:
            words = desk.words.outcome(state.trouble) if state.trouble else t("in orde")
            return words, state.trouble is not None and state.trouble.code != "device_opening"
        if each.role == "printer" and queue is not None and each is self._first("printer"):
            waits = t("{n} wacht", n=queue.waiting)
            words = t("in orde") if queue.state == "ok" else desk.words.outcome(Refused(queue.state, {}))
            return f"{words}; {waits}" if queue.waiting else words, queue.state != "ok"
        return t("leest als toetsenbord") if each.kind == "wedge" else t("wordt gevraagd als hij nodig is"), False

    def _first(self, role: str) -> Device | None:
        return next((each for each in self._devices() if each.role == role), None)

    def _about(self, each: Device, state: DeviceState | None) -> list[str]:
        """The chosen one: where, since when, what was wrong, and where its setting stands."""
        t, words, till = self.desk.t, self.desk.words, self.desk.till
        assert till is not None
        places = (each.options.get(key) for key in ("path", "usb", "phys", "host"))
        where = " ".join(plain(str(place)) for place in places if place)
        now, bad = self._state(each, state)
        found = [now] if bad else []
        found += [t("Waar: {place}", place=where)] if where else []
        if state is not None and state.since:
            found.append(t("Zo sinds {time}", time=_when(state.since)))
        if state is not None and state.last is not None and state.last != state.trouble:
            found.append(t("Laatste storing: {words}", words=words.outcome(state.last)))
        if each.learned:
            found.append(f"{each.name}: " + t(RULES[devices.rule(each, till.config.till.data)]))
        return found

    def _choices(self) -> list[tuple[str, Callable[[], object]]]:
        found: list[tuple[str, Callable[[], object]]] = []
        t, all_ = self.desk.t, self._devices()
        if self.desk.learns is not None:
            found.append((t(LEARN_SCANNER), lambda: self._learn("scanner")))
            found.append((t(LEARN_KEYBOARD), lambda: self._learn("keyboard")))
        if all_ and all_[min(self._at, len(all_) - 1)].learned:
            found.append((t(FORGET), self._ask_forget))
        return found

    def _letters(self) -> Row:
        row: list[tuple[str, str]] = []
        for words, _ in self._choices():
            row += [(f" {words[0].upper()} ", ASK), (f" {words}   ", TEXT)]
        return tuple(row)

    def _learn(self, role: str) -> None:
        from kassa_tui.screens.learn import LearnView

        def go(done: Done) -> None:
            self.desk.tell("")
            LearnView(self.desk, role, str(done.facts["by"])).begin()

        self.desk.act_then(go, devices.allow)

    def _ask_forget(self) -> None:
        t, name = self.desk.t, self._devices()[self._at].name
        text = t("{name} wordt niet meer gebruikt; wat in till.toml staat, geldt weer.", name=name)
        self.desk.show(Choice(self.desk, t(FORGET), text, [(t("Vergeten"), lambda: self._forget(name))]))

    def _forget(self, name: str) -> None:
        def go(done: Done) -> None:
            self.desk.act_then(lambda _: adopt(self.desk), devices.forget, name, str(done.facts["by"]))

        self.desk.act_then(go, devices.allow)


def adopt(desk: Desk, anew: str = "") -> None:
    """Take the till's devices into use without a new start, the one called ``anew`` in any case."""
    if desk.learns is not None and desk.till is not None:
        desk.learns.adopt(desk.till.config.devices, anew)
        desk.devices = desk.learns.states()


def _states(desk: Desk) -> dict[str, DeviceState]:
    return {each.name: each for each in desk.devices}


def _when(at: float) -> str:
    """Hour and minute; with the date where that was not today."""
    then, now = time.localtime(at), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%d-%m %H:%M", then)
