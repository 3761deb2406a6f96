"""``kassa doctor``: what state each part is in, and what to do about it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kassa_tui.commands.dispatch import Call
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import DONE, WRONG
from kassa_tui.messages import N_

if TYPE_CHECKING:
    from kassa_tui.config import Config, Device
    from kassa_tui.services.health import Finding

PROBE_SECONDS = 3.0

PARTS = {
    "config": N_("Instellingen"),
    "folder": N_("Map"),
    "till_db": N_("Kassadatabase"),
    "shop_db": N_("Winkeldatabase"),
    "journal": N_("Journaal"),
    "key": N_("Sleutel"),
    "clock": N_("Klok"),
    "disk": N_("Schijf"),
    "catalogue": N_("Artikelen"),
    "staff": N_("Medewerkers"),
    "printer": N_("Printer"),
    "spool": N_("Nog te printen"),
}
STATES = {"ok": N_("goed"), "warn": N_("let op"), "fail": N_("FOUT")}
FOUND = {
    "config accepted": N_("kassa {till}, {path}"),
    "folder there": N_("{path}"),
    "folder not_made": N_("{path} is er nog niet: kassa init"),
    "folder no_access": N_("{path} is niet te beschrijven: geef de gebruiker van de kassa rechten"),
    "till_db whole": N_("{path}, gecontroleerd"),
    "till_db not_made": N_("nog niet gemaakt: kassa init"),
    "till_db lost": N_("{path} is weg, de sleutel is er nog: kassa restore met de laatste reservekopie"),
    "shop_db whole": N_("{path}, gecontroleerd"),
    "shop_db not_made": N_("nog niet gemaakt: kassa init"),
    "shop_db old_shape": N_("van een andere versie of een ander land: kassa init werkt bij of zegt wat er is"),
    "journal whole": N_("{entries} regels, de keten klopt"),
    "journal hash": N_("regel {seq} is veranderd ({flaws} fouten): kassa journal verify, en bel de techniek"),
    "journal gap": N_("er ontbreekt iets bij regel {seq} ({flaws} fouten): kassa journal verify, en bel de techniek"),
    "journal key": N_("de openbare sleutel ontbreekt: kassa restore met de laatste reservekopie"),
    "key right": N_("{path}"),
    "key not_made": N_("nog niet gemaakt: kassa init"),
    "key key_missing": N_("{path} ontbreekt: zet de sleutel terug (kassa restore, kopie met sleutel)"),
    "key key_open": N_("anderen kunnen {path} lezen: chmod 600 {path}"),
    "key key_other": N_("{path} hoort niet bij dit journaal: zet de juiste sleutel terug"),
    "clock set": N_("loopt gelijk met het journaal"),
    "clock behind": N_("loopt {behind_minutes} minuten achter op de laatste verkoop: zet de klok goed (timedatectl)"),
    "clock never_set": N_("is nooit gezet: sluit het netwerk aan of zet hem met de hand (timedatectl)"),
    "disk room": N_("{megabytes} MB vrij"),
    "disk low": N_("nog {megabytes} MB vrij op {path}: maak ruimte"),
    "disk full": N_("nog maar {megabytes} MB vrij op {path}: maak nu ruimte, anders stopt de verkoop"),
    "catalogue some": N_("{n} artikelen"),
    "catalogue none": N_("nog geen artikelen: kassa import articles FILE.csv"),
    "staff some": N_("{n} mensen kunnen aanmelden"),
    "staff none": N_("niemand kan aanmelden: kassa import staff FILE.csv"),
    "printer reached": N_("{kind}, bereikbaar"),
    "printer none": N_("geen ingesteld: bonnen blijven wachten"),
    "spool empty": N_("niets"),
    "spool waiting": N_("{n} wachten: is de printer aan, heeft hij papier?"),
}
"""Part and code → what it says; a code that stands not here has its words among the refusals."""


def doctor(call: Call) -> int:
    """Look at everything; 1 where something is not fit. A warning alone is no fault."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.keymap import beside, load_keys
    from kassa_tui.services import health

    config = call.config()
    load_keys(beside(config.path))
    findings = list(health.examine(config, SystemClock(), lambda device: reach(device, config)))
    facts = [
        {"part": each.part, "state": each.state, "code": each.code, "facts": each.facts, "text": _said(call, each)}
        for each in findings
    ]
    fit = all(each.state != health.FAIL for each in findings)
    width = max(len(call.t(name)) for name in PARTS.values())
    lines = [
        f"{call.t(STATES[each.state]):<7} {call.t(PARTS[each.part]):<{width}}  {_said(call, each)}" for each in findings
    ]
    call.show({"ok": fit, "findings": facts}, "\n".join(lines))
    return DONE if fit else WRONG


def reach(device: Device, config: Config) -> Refused | None:
    """Whether a printer could be printed on now, without printing on it."""
    if device.kind == "network":
        return _dial(str(device.options["host"]), int(device.options["port"]))
    if device.kind == "screen":
        return None
    path = Path(device.options["path"])
    # A file that is not there yet is made at the first receipt; a device file must be there.
    place = path if path.exists() or device.kind != "file" else path.parent
    if not place.exists() or not os.access(place, os.W_OK):
        return Refused("printer_unreachable", {"path": str(path)})
    return None


def _dial(host: str, port: int) -> Refused | None:
    import socket

    try:
        socket.create_connection((host, port), PROBE_SECONDS).close()
    except TimeoutError:
        return Refused("printer_timeout", {"host": host, "port": port})
    except (OSError, UnicodeError) as error:
        code = "printer_refused" if isinstance(error, ConnectionRefusedError) else "printer_unreachable"
        return Refused(code, {"host": host, "port": port})
    return None


def _said(call: Call, finding: Finding) -> str:
    message = FOUND.get(f"{finding.part} {finding.code}")
    if message is not None:
        return call.t(message, **finding.facts)
    return call.words.outcome(Refused(finding.code, finding.facts))
