"""What a roll-out and its tills have to say, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from kassa_office.dashboard import formats
from kassa_office.dashboard.tables import State
from kassa_office.tills.models import Rollout
from kassa_office.tills.rollout import Fault

FAULTS = {
    "not_toml": N_("Dit is niet te lezen: %(detail)s. Zo: rules.return_days = 14"),
    "nothing": N_("Er staat geen instelling."),
    "too_many": N_("Hoogstens %(most)s instellingen in een keer."),
    "version": N_("Dit is geen versie. Zo: 0.2.0"),
    "overlap": N_("De uitrol %(name)s gaat over hetzelfde en is nog niet klaar: rond die af of draai hem terug."),
    "unknown_key": N_("%(key)s kan het kantoor niet instellen; bedoeld wordt misschien: %(nearest)s"),
    "wrong_type": N_("%(key)s: dit is niet de goede soort waarde"),
    "not_one_of": N_("%(key)s: %(given)s kan hier niet; kies uit %(choices)s"),
    "out_of_range": N_("%(key)s: %(given)s ligt niet tussen %(least)s en %(most)s"),
    "bad_template": N_("%(key)s: het etiketpatroon klopt niet"),
    "duplicate": N_("%(key)s: staat er dubbel, zie %(other)s"),
    "stages": N_("Geef minstens een stap en hoogstens %(most)s, elk op een eigen regel."),
    "stage": N_("%(given)s is geen stap. Zo: K1 K2, of 25%%"),
    "unknown_till": N_("Kassa %(till)s is er niet."),
    "twice": N_("Kassa %(till)s staat er meer dan eens."),
    "silent": N_("niet gehoord sinds %(since)s"),
    "doctor": N_("kassa doctor vindt fouten: %(parts)s"),
    "ignored": N_("kan dit niet gebruiken: %(keys)s"),
    "not_taken": N_("heeft het nog niet overgenomen"),
    "not_fit": N_("Kassa %(till)s: %(key)s past niet bij het land van het filiaal."),
    "paused": N_("De uitrol staat stil. Hervat hem eerst."),
    "over": N_("Deze uitrol is al klaar."),
    "moved": N_("Iemand anders was net eerder; kijk eerst hoe het nu staat."),
}
OF_TILL = frozenset({"silent", "doctor", "ignored", "not_taken"})
"""Codes that are said behind the till's name."""


class _Known(dict[str, Any]):
    """Facts for a sentence; what is not known is a dash."""

    def __missing__(self, key: str) -> str:
        return formats.BLANK


def fault(found: Fault) -> str:
    """One thing that is wrong, or stands in the way."""
    text = _(FAULTS.get(found.code, "%(key)s")) % _Known(_facts(found))
    return f"{found.till}: {text}" if found.code in OF_TILL else text


def till_state(found: Fault | None) -> State:
    """How far one till is."""
    if found is None:
        return State("ok", _("overgenomen"))
    level = "bad" if found.code in ("doctor", "ignored") else "warn"
    return State(level, _(FAULTS[found.code]) % _Known(_facts(found)))


def standing(rollout: Rollout) -> State:
    """How a roll-out stands."""
    if rollout.undone:
        return State("off", _("teruggedraaid"))
    if rollout.finished_at:
        return State("ok", _("klaar"))
    if rollout.paused_at:
        return State("warn", _("staat stil"))
    if not rollout.stage:
        return State("off", _("nog niet begonnen"))
    return State("ok", _("stap %(stage)s van %(of)s") % {"stage": rollout.stage, "of": len(rollout.stages)})


def body(rollout: Rollout) -> list[tuple[str, str]]:
    """What is rolled out, a name and a value each."""
    if rollout.kind == Rollout.VERSION:
        return [(_("Versie"), str(rollout.body["version"]))]
    return [(key, value(given)) for key, given in sorted(rollout.body.items())]


def value(given: Any) -> str:
    """A setting's value as a person reads it."""
    if given is None or given == "":
        return _("weer zoals in till.toml van de kassa")
    if isinstance(given, bool):
        return _("ja") if given else _("nee")
    return ", ".join(map(str, given)) if isinstance(given, list) else str(given)


def stage(wanted: list[str] | int) -> str:
    """Whom a stage is for."""
    return ", ".join(wanted) if isinstance(wanted, list) else f"{wanted} %"


def _facts(found: Fault) -> Mapping[str, Any]:
    facts = {"till": found.till, **found.facts}
    if found.code == "silent":
        said = facts.get("since")
        facts["since"] = formats.clock(datetime.fromisoformat(said)) if said else _("haar aanmelding")
    for name, each in facts.items():
        if isinstance(each, list | tuple):
            facts[name] = ", ".join(map(str, each))
    return {name: each for name, each in facts.items() if each not in ("", None)}
