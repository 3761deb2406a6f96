"""How a till is, part by part, each with how serious it is and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from django.utils.translation import ngettext

from kassa_office.dashboard import formats
from kassa_office.dashboard.alarm_words import lasting
from kassa_office.dashboard.tables import State
from kassa_office.dashboard.truth import missing_between
from kassa_office.tills.heartbeat import SKEW_MS
from kassa_office.tills.models import Till, TillCursor, TillState

OK, WARN, BAD, OFF = "ok", "warn", "bad", "off"
ORDER = (OFF, OK, WARN, BAD)
LEVELS = {OK: N_("ok"), WARN: N_("let op"), BAD: N_("fout"), OFF: N_("niet in gebruik")}
HEARD_WARN, HEARD_BAD = timedelta(minutes=5), timedelta(minutes=15)
DISK_WARN, DISK_BAD = 1_000_000_000, 100_000_000
"""Bytes: about a year of a busy till, and no longer a day for certain."""
ROLES = {
    "printer": N_("bonprinter"), "scanner": N_("scanner"), "scale": N_("weegschaal"), "drawer": N_("lade"),
    "display": N_("klantdisplay"), "terminal": N_("pinautomaat"), "keyboard": N_("toetsenbord"),
}  # fmt: skip
DEVICE_WORDS: dict[str, tuple[str, str]] = {
    "ok": (OK, N_("in orde")),
    "printer_paper_low": (WARN, N_("papier bijna op")),
    "printer_paper_out": (BAD, N_("papier op")),
    "printer_cover_open": (BAD, N_("klep open")),
    "printer_unreachable": (BAD, N_("niet gevonden")),
    "printer_timeout": (BAD, N_("antwoordt niet")),
    "printer_silent": (BAD, N_("antwoordt niet")),
    "printer_offline": (BAD, N_("staat niet klaar")),
    "printer_error": (BAD, N_("meldt een storing")),
    "printer_refused": (BAD, N_("weigert de verbinding")),
    "printer_busy": (OK, N_("is bezig")),
    "device_missing": (BAD, N_("niet gevonden")),
    "device_opening": (WARN, N_("wordt gezocht")),
    "device_silent": (BAD, N_("antwoordt niet")),
    "device_held": (BAD, N_("bezet door een ander programma")),
    "device_fault": (BAD, N_("fout in de aansturing")),
    "device_software": (BAD, N_("programma voor dit apparaat ontbreekt")),
}
PARTS = {
    "config": N_("instellingen"), "folder": N_("map"), "till_db": N_("database van de kassa"),
    "shop_db": N_("artikelen"), "journal": N_("journaal"), "key": N_("sleutel"), "clock": N_("klok"),
    "disk": N_("schijf"), "catalogue": N_("assortiment"), "staff": N_("medewerkers"), "printer": N_("bonprinter"),
    "spool": N_("wachtende bonnen"), "device": N_("apparaat"), "time": N_("tijdserver"), "wear": N_("slijtage"),
    "backup": N_("reservekopie"), "certificate": N_("certificaat"),
    "settings": N_("van het kantoor"),
}  # fmt: skip
DOCTOR = {"ok": (OK, N_("in orde")), "warn": (WARN, N_("let op")), "fail": (BAD, N_("fout"))}


@dataclass(frozen=True, slots=True)
class Health:
    """A till with all that is known of it."""

    till: Till
    heard: State
    version: str
    waiting: State
    clock: State
    disk: State
    devices: list[tuple[str, State]]
    doctor: list[tuple[str, State]]
    doctor_at: datetime | None

    @property
    def level(self) -> str:
        """Of the whole: the worst of its parts."""
        states = [self.heard, self.waiting, self.clock, self.disk, *(one for _name, one in self.devices + self.doctor)]
        return max((one.level for one in states), key=ORDER.index)

    @property
    def worst(self) -> State:
        """The same in a word."""
        level = self.level
        return State(level, _(LEVELS[level]))

    @property
    def summary(self) -> State:
        """Devices on one line: what is wrong with which, else that all is well."""
        return _worst_of(self.devices, _("geen apparaten gemeld"))

    @property
    def findings(self) -> State:
        """The doctor's result on one line."""
        return _worst_of(self.doctor, _("nog niet onderzocht"))


def health(
    till: Till, state: TillState | None, cursor: TillCursor | None, now: datetime, gap: int | None = None
) -> Health:
    """Everything about one till; ``gap`` as :func:`truth.gaps` has it, where it was asked for of many at once."""
    gap = missing_between(cursor) if gap is None else gap
    heard = max((at for at in (state and state.at, cursor and cursor.received_at) if at), default=None)
    doctor, at = _doctor(state.doctor if state else {})
    return Health(
        till, _heard(till, state, heard, now), state.version if state else "", _waiting(state, cursor, gap),
        _clock(state), _disk(state), _devices(state), doctor, at,
    )  # fmt: skip


def device(code: str) -> State:
    """One device's state in words."""
    level, text = DEVICE_WORDS.get(code, (BAD, ""))
    return State(level, _(text) if text else _("storing (%s)") % code)


def _worst_of(parts: list[tuple[str, State]], nothing: str) -> State:
    if not parts:
        return State(OFF, nothing)
    wrong = [(name, one) for name, one in parts if one.level in (WARN, BAD)]
    if not wrong:
        return State(OK, _("in orde"))
    worst = max((one.level for _name, one in wrong), key=ORDER.index)
    text = "; ".join(f"{name}: {one.text}" for name, one in wrong[:3])
    return State(worst, text if len(wrong) <= 3 else f"{text} …")


def _heard(till: Till, state: TillState | None, heard: datetime | None, now: datetime) -> State:
    if not till.active:
        return State(OFF, _("uit gebruik"))
    if not till.token_hash:
        return State(OFF, _("nog niet aangemeld"))
    if heard is None:
        return State(WARN, _("nog nooit gehoord"))
    closed, gone = state is None or not state.z, now - heard
    words = _("%s, kassa gesloten") % formats.clock(heard) if closed else formats.clock(heard)
    if gone > HEARD_BAD:
        return State(WARN if closed else BAD, words)
    return State(WARN if gone > HEARD_WARN else OK, words)


def _waiting(state: TillState | None, cursor: TillCursor | None, gap: int) -> State:
    if gap:
        return State(BAD, ngettext("%d regel ontbreekt", "%d regels ontbreken", gap) % gap)
    behind = max(state.waiting if state else 0, cursor.claimed_seq - cursor.high_seq if cursor else 0)
    if behind <= 0:
        return State(OK, _("niets"))
    text = ngettext("%s regel", "%s regels", behind) % formats.whole(behind)
    if state and state.turnover_waiting:
        text += f", {formats.euro(state.turnover_waiting)}"
    return State(WARN, text)


def _clock(state: TillState | None) -> State:
    if state is None:
        return State(OFF, "")
    if abs(state.skew_ms) < 5000:
        return State(OK, _("gelijk"))
    return State(WARN if abs(state.skew_ms) > SKEW_MS else OK, lasting(state.skew_ms))


def _disk(state: TillState | None) -> State:
    if state is None or not state.disk_free:
        return State(OFF, _("onbekend"))
    level = BAD if state.disk_free < DISK_BAD else WARN if state.disk_free < DISK_WARN else OK
    return State(level, _("%s vrij") % formats.size(state.disk_free))


def _devices(state: TillState | None) -> list[tuple[str, State]]:
    found = []
    for one in state.devices if state and isinstance(state.devices, list) else []:
        if isinstance(one, dict):
            role = str(one.get("role", ""))
            found.append((_(ROLES[role]) if role in ROLES else role, device(str(one.get("state", "")))))
    return found


def _doctor(found: dict[str, Any]) -> tuple[list[tuple[str, State]], datetime | None]:
    parts: list[tuple[str, State]] = []
    for name, said in found.items() if isinstance(found, dict) else ():
        if name == "at":
            continue
        state, _sep, code = str(said).partition(" ")
        level, text = DOCTOR.get(state, (WARN, ""))
        words = _(text) if text else state
        if level != OK and code:
            words += f" ({code})"
        parts.append((_(PARTS[name]) if name in PARTS else name, State(level, words)))
    at = found.get("at") if isinstance(found, dict) else None
    return parts, _moment(at) if isinstance(at, int) and at > 0 else None


def _moment(milliseconds: int) -> datetime | None:
    from datetime import UTC

    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
