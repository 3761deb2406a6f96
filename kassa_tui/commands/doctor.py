"""``kassa doctor``: what state each part is in, and what to do about it; on the screen, on paper, as JSON, at night."""

from __future__ import annotations

import os
import secrets
import select
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kassa_tui.commands import doctor_webshops
from kassa_tui.commands.dispatch import Call
from kassa_tui.domain.document import Barcode, Cut, Element, Feed, Rule, Text
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import DONE, WRONG
from kassa_tui.messages import N_

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.services.device_states import Told
    from kassa_tui.services.health import Finding, Look

SCAN_SECONDS = 60
"""To scan the code of the slip."""
LOOK_SECONDS = 0.2
REPORT = "doctor.json"
"""In the data folder: what was found last night."""

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
SOMETIMES = {
    "device": N_("Apparaat"),
    "time": N_("Tijdserver"),
    "wear": N_("Geheugenkaart"),
    "backup": N_("Reservekopie"),
    "certificate": N_("Certificaat"),
    "settings": N_("Van het kantoor"),
    "slip": N_("Proefbon"),
    "drawer": N_("Lade"),
    "scan": N_("Scanner"),
    **doctor_webshops.PARTS,
}
"""Parts that are looked at where there are any, where the machine tells, or when paper is asked for."""
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
    "device there": N_("{role:device} {place}: aangesloten"),
    "device missing": N_("{role:device} {place} is er niet: zit de stekker erin, staat hij aan?"),
    "device no_access": N_("{role:device} {place} mag niet open: voer systemd/install opnieuw uit"),
    "device silent": N_("{role:device} {place} antwoordt niet: staat hij aan, zit de netwerkkabel erin?"),
    "device opened": N_("{role:device} {place}: aangesloten, en gaat open"),
    "device weighs": N_("{role:device} {place}: weegt ({grams} g)"),
    "device answers": N_("{role:device} {place}: antwoordt"),
    "device in_use": N_("{role:device} {place}: de kassa draait ermee, en hij werkt"),
    "device unasked": N_("{role:device} {place}: de kassa draait, en vroeg hem nog niets sinds zij startte"),
    "device unsaid": N_("{role:device} {place}: de kassa draait en zegt niets over hem: start de kassa opnieuw"),
    "device opening": N_("{role:device} {place}: wordt gezocht; kijk straks nog eens"),
    "device busy": N_("{role:device} {place}: is bezig; kijk straks nog eens"),
    "device held": N_("{role:device} {place} is bezet[ door {program}]: sluit dat programma af"),
    "device config": N_("{role:device} {place} is verkeerd ingesteld[ ({option} = {value})]: verbeter till.toml"),
    "device software": N_("{role:device} {place}[: {library}] is niet geïnstalleerd: voer systemd/install opnieuw uit"),
    "device fault": N_("{role:device} {place}: fout in de aansturing: bel de techniek, en geef kassa.log mee"),
    "device garbled": N_("{role:device} {place} is niet te verstaan[ ({reason})]: kijk kind en baud na"),
    "device untrusted": N_("{role:device} {place}: certificaat klopt niet[ ({reason})]: kijk ca_file en terminal na"),
    "device key_refused": N_("{role:device} {place} weigert onze sleutel[ ({reason})]: zet een nieuwe in key_file"),
    "device key_file": N_("{role:device} {place}: sleutels niet te gebruiken[ ({reason})]: kijk key_file na"),
    "device not_found": N_("{role:device} {place} is daar niet bekend[ ({reason})]: kijk terminal na"),
    "device refused": N_("{role:device} {place} weigert[ ({reason})]: kijk password na, en of hij is aangemeld"),
    "time follows": N_("de klok volgt een tijdserver"),
    "time waits": N_("nog geen tijdserver bereikt: kijk of de kassa op het netwerk zit"),
    "time off": N_("de klok volgt geen tijdserver: timedatectl set-ntp true"),
    "wear young": N_("{disk}: hoogstens {percent} % van zijn leven gebruikt"),
    "wear worn": N_("{disk}: {percent} % van zijn leven gebruikt: leg een nieuwe kaart klaar"),
    "wear worn_out": N_("{disk} is op ({percent} %): maak nu een reservekopie en vervang de kaart"),
    "backup recent": N_("{hours} uur geleden"),
    "backup old": N_("al {hours} uur geleden: systemctl status kassa-backup.timer"),
    "backup none": N_("nog geen in {path}: systemctl start kassa-backup.service"),
    "certificate valid": N_("{path}, nog {days} dagen"),
    "certificate expires": N_("{path} verloopt over {days} dagen: vraag het kantoor om een nieuw"),
    "certificate expired": N_("{path} is verlopen: vraag het kantoor om een nieuw"),
    "certificate missing": N_("{path} is er niet: zet het terug of vraag het kantoor"),
    "certificate unreadable": N_("{path} is geen certificaat: vraag het kantoor om een nieuw"),
    "settings held": N_("{n} instellingen: {keys:list}"),
    "settings ignored": N_("{key} kan hier niet en telt niet: het kantoor moet hem veranderen"),
    "slip printed": N_("geprint; lees hem na en kijk of hij is afgesneden"),
    "drawer kicked": N_("de puls is gegeven; ging hij niet open, kijk dan de kabel en drawer.pin na"),
    "scan right": N_("de code van de proefbon is goed gelezen"),
    "scan other": N_("gelezen is {read}, op de bon staat {code}: kijk de instelling van de scanner na"),
    "scan at_till": N_("de kassa heeft de scanner: scan {code} van de proefbon daar, en kijk of hij verschijnt"),
    "scan none": N_("niets gelezen: hangt de scanner aan deze kassa?"),
    "spool waiting": N_("{n} wachten: is de printer aan, heeft hij papier?"),
    **doctor_webshops.FOUND,
}
"""Part and code → what it says; a code that stands not here has its words among the refusals."""


def doctor(call: Call) -> int:
    """Look at everything; 1 where something is not fit. A warning alone is no fault."""
    from kassa_tui.clock import SystemClock
    from kassa_tui.keymap import beside, load_keys
    from kassa_tui.services import health, machine
    from kassa_tui.services.device_states import published

    config = call.config()
    load_keys(beside(config.path))
    running = published(config.till.data)
    findings = list(
        health.examine(config, SystemClock(), lambda device: machine.reach(device, config), _look(config, running))
    )
    if config.webshops:
        findings += doctor_webshops.examine(config, SystemClock())
    if call.args.print:
        findings += _on_paper(call, config, findings, running is not None)
    fit = all(each.state != health.FAIL for each in findings)
    data = {"ok": fit, "findings": [_facts(call, each) for each in findings]}
    if call.args.save:
        from kassa_tui.jsontext import dump
        from kassa_tui.services.files import replace

        replace(config.till.data / REPORT, (dump({**data, "at": SystemClock().now().at}, indent=1) + "\n").encode())
    call.show(data, "\n".join(_lines(call, findings)))
    return DONE if fit else WRONG


def _look(config: Config, running: list[Told] | None) -> Look:
    """At the devices themselves, or, while a till holds them, at what it tells of them."""
    from kassa_tui.bootstrap import try_device
    from kassa_tui.services import device_findings

    if running is None:
        return lambda device: try_device(device, config)
    told = device_findings.told(config, running)
    return lambda device: next((told[at] for at, each in enumerate(config.devices) if each is device), None)


def _facts(call: Call, each: Finding) -> dict[str, Any]:
    return {"part": each.part, "state": each.state, "code": each.code, "facts": each.facts, "text": _said(call, each)}


def _lines(call: Call, findings: list[Finding]) -> Iterator[str]:
    names = {**PARTS, **SOMETIMES}
    width = max(len(call.t(names[each.part])) for each in findings)
    for each in findings:
        yield f"{call.t(STATES[each.state]):<7} {call.t(names[each.part]):<{width}}  {_said(call, each)}"


def _on_paper(call: Call, config: Config, findings: list[Finding], running: bool) -> Iterator[Finding]:
    """A slip with everything found and a code to scan, then the drawer, then the code back from the scanner."""
    from kassa_tui.bootstrap import PRINTER_FOLDER, data_folder, printer_options
    from kassa_tui.hardware.receipt_printer import ReceiptPrinter
    from kassa_tui.services.health import FAIL, OK, Finding

    options = printer_options(config)
    if options is None or options["kind"] == "screen":
        return
    code = f"KD{secrets.randbelow(10**8):08d}"
    lines: list[Element] = [Text(line) for line in _lines(call, findings)]
    printer = ReceiptPrinter(options, data_folder(config) / PRINTER_FOLDER)
    try:
        title = Text("KASSA DOCTOR " + config.till.id, bold=True)
        refused = printer.send((title, Rule(), *lines, Rule(), Barcode(code), Feed(1), Cut()))
        yield Finding("slip", FAIL, refused.code, dict(refused.facts)) if refused else Finding("slip", OK, "printed")
        if not refused and config.device("drawer") is not None:
            kicked = printer.kick()
            yield (
                Finding("drawer", FAIL, kicked.code, dict(kicked.facts)) if kicked else Finding("drawer", OK, "kicked")
            )
    finally:
        printer.close()
    if not refused and os.isatty(0):
        yield _read_back(call, config, code, running)


def _read_back(call: Call, config: Config, code: str, running: bool) -> Finding:
    """The code of the slip from any scanner, those that type too; the till's own are left to it while it runs."""
    from kassa_tui.hardware.checks import listen
    from kassa_tui.services.health import OK, WARN, Finding

    scanners = [each for each in config.devices_of("scanner") if each.kind != "wedge"]
    if running and scanners:
        return Finding("scan", WARN, "at_till", {"code": code})
    call.complain(call.t("Scan de code op de proefbon; Enter slaat over ({n} seconden)", n=SCAN_SECONDS))
    read = (listen(scanners, SCAN_SECONDS, _typed) or "").strip()
    if read == code:
        return Finding("scan", OK, "right")
    return Finding("scan", WARN, "other" if read else "none", {"read": read[:40], "code": code})


def _typed(ended: Callable[[], bool]) -> str | None:
    """A line from the keyboard, which also a scanner that types gives; None where nobody typed one by the end."""
    while not ended():
        if select.select([0], [], [], LOOK_SECONDS)[0]:
            return sys.stdin.readline()
    return None


def _said(call: Call, finding: Finding) -> str:
    message = FOUND.get(f"{finding.part} {finding.code}")
    if message is not None:
        facts = doctor_webshops.spoken(call, finding) if finding.part in doctor_webshops.PARTS else finding.facts
        return call.t(message, **facts)
    return call.words.outcome(Refused(finding.code, finding.facts))
