"""What alarms, quarantine and the record say, in words."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from kassa_office.dashboard import formats
from kassa_office.journal.models import Alarm

ALARMS = {
    "gap": N_("In het journaal ontbreken regels (%(from)s tot en met %(high)s is niet compleet). De kassa stuurt ze "
              "opnieuw; blijft dit staan, kijk dan bij Volledig."),
    "silent": N_("De kassa laat niets meer horen (sinds %(since)s). Staat hij aan, doet het netwerk het?"),
    "quarantine": N_("Regels zijn apart gezet omdat ze niet te vertrouwen zijn: %(code)s. Zij tellen nergens mee."),
    "conflict": N_("Onder nummer %(seq)s kwam een tweede, andere regel. De eerste geldt; iemand moet hiernaar kijken."),
    "chain": N_("De keten van het journaal klopt niet bij nummer %(seq)s: er is iets gewijzigd of weggelaten."),
    "clock": N_("De klok van de kassa loopt %(skew)s. Zet hem gelijk."),
    "sold_twice": N_("Een geparkeerde bon is twee keer verkocht, want een kassa kon het kantoor niet vragen wie hem "
                     "had: %(numbers)s, de laatste %(total)s. Zoek uit welke niet klopt en neem die retour."),
    "unknown_kind": N_("De kassa stuurt een soort regel die dit kantoor niet kent (%(kind)s). Werk het kantoor bij."),
    "stock": N_("%(n)s artikelen zijn op voordat een bestelling er kan zijn: %(articles)s. Kijk bij Voorraad, "
                "Voorstellen."),
    "webshop": N_("Met webshop %(name)s lukt het niet sinds %(since)s: %(reason)s. Kijk bij Webshops."),
    "webshop_silent": N_("Sinds %(since)s heeft dit kantoor webshop %(name)s niets gevraagd. "
                         "Loopt de dienst kassa-office?"),
    "webhook": N_("%(url)s nam %(failures)s keer achtereen niets aan en krijgt geen bericht meer. Zet het weer aan bij "
                  "Koppelingen."),
}  # fmt: skip
SERIOUS = frozenset(("gap", "quarantine", "conflict", "chain", "sold_twice"))
REASONS = {
    "hash": N_("de inhoud klopt niet met haar controlegetal"),
    "signature": N_("de handtekening is niet van deze kassa"),
    "unreadable": N_("niet te lezen"),
    "other_till": N_("van een andere kassa gestuurd"),
    "conflict": N_("een andere regel heeft dit nummer al"),
}
REFUSALS = {
    "decided": N_("Hierover is al beslist."),
    "other_till": N_("Dit kwam onder de naam van een andere kassa: het kan niet meetellen."),
    "unreadable": N_("Dit is nog steeds niet te lezen: het kan niet meetellen."),
    "conflict": N_("Een andere regel heeft dit nummer al: een journaal wordt niet veranderd."),
}
DECISIONS = {"accepted": N_("meegeteld"), "dismissed": N_("weggelaten"), "": N_("open")}
ACTS = {
    "login": N_("ingelogd"),
    "login.refused": N_("inloggen geweigerd"),
    "second_step.refused": N_("tweede stap geweigerd"),
    "second_factor.set": N_("tweede stap aangezet"),
    "second_factor.removed": N_("tweede stap uitgezet"),
    "password.changed": N_("wachtwoord gewijzigd"),
    "pin.changed": N_("pincode van een medewerker gewijzigd"),
    "page.refused": N_("pagina geweigerd"),
    "branch.refused": N_("filiaal van een ander geweigerd"),
    "admin.refused": N_("beheer geweigerd"),
    "csrf.refused": N_("formulier zonder kenmerk geweigerd"),
    "login.locked": N_("inloggen een kwartier geweigerd"),
    "api.token": N_("programma zonder geldige sleutel geweigerd"),
    "api.scope": N_("programma vroeg wat het niet mag"),
    "api.branch": N_("programma vroeg naar een ander filiaal"),
    "api.company": N_("programma wilde iets van alle filialen veranderen"),
    "api.token.made": N_("toegangssleutel gemaakt"),
    "api.token.revoked": N_("toegangssleutel ingetrokken"),
    "webhook.made": N_("webhook gemaakt"),
    "webhook.on": N_("webhook aangezet"),
    "webhook.off": N_("webhook uitgezet"),
    "webhook.remove": N_("webhook verwijderd"),
    "webhook.replay": N_("berichten opnieuw gestuurd"),
    "article.made": N_("artikel gemaakt door een programma"),
    "article.changed": N_("artikel gewijzigd door een programma"),
    "price.set": N_("prijs gezet door een programma"),
    "price.gone": N_("prijs verwijderd door een programma"),
    "group.made": N_("groep gemaakt door een programma"),
    "group.changed": N_("groep gewijzigd door een programma"),
    "customer.made": N_("klant gemaakt door een programma"),
    "customer.changed": N_("klant gewijzigd door een programma"),
    "stock.booked": N_("voorraad geboekt door een programma"),
    "user.made": N_("gebruiker gemaakt"),
    "user.changed": N_("gebruiker gewijzigd"),
    "enrol": N_("kassa aangemeld"),
    "enrol.code": N_("aanmeldcode gemaakt"),
    "parked.claimed": N_("weggezette bon door een andere kassa opgehaald"),
    "till.other": N_("kassa vroeg naar een andere kassa"),
    "alarm.closed": N_("melding gesloten"),
    "quarantine.accepted": N_("apart gezette regel meegeteld"),
    "quarantine.dismissed": N_("apart gezette regel weggelaten"),
    "proof.made": N_("bewijs van volledigheid gemaakt"),
    "table.downloaded": N_("tabel opgehaald"),
    "till.revoked": N_("toegang van kassa ingetrokken"),
    "rollout.made": N_("uitrol klaargezet"),
    "rollout.advanced": N_("stap van uitrol gegeven"),
    "rollout.finished": N_("uitrol afgerond"),
    "rollout.paused": N_("uitrol stilgezet"),
    "rollout.resumed": N_("uitrol hervat"),
    "rollout.undone": N_("uitrol teruggedraaid"),
    "hours.corrected": N_("uren verbeterd"),
    "webshop.added": N_("webshop toegevoegd"),
    "webshop.settled": N_("instellingen van een webshop gewijzigd"),
    "webshop.keys": N_("nieuwe sleutels van een webshop"),
    "webshop.claim": N_("kassa wilde met de webshop van een ander praten"),
    "webshop.check": N_("webshop gevraagd of alles werkt"),
    "webshop.link": N_("producten van een webshop gekoppeld"),
    "webshop.link_one": N_("product van een webshop met de hand gekoppeld of losgemaakt"),
    "webshop.compare": N_("webshop vergeleken"),
    "webshop.resync": N_("webshop opnieuw gelezen en geschreven"),
    "webshop.again": N_("wat een webshop weigerde opnieuw geprobeerd"),
    "webshop.hook": N_("seintje van een webshop geweigerd"),
    "webshop.hook.made": N_("geheim voor seintjes van een webshop gemaakt"),
    "articles.imported": N_("artikelen uit een bestand overgenomen"),
}
FACTS = {
    "till": N_("kassa"), "branch": N_("filiaal"), "path": N_("adres"), "name": N_("naam"), "role": N_("rol"),
    "alarm": N_("melding"), "code": N_("soort"), "seq": N_("nummer"), "day": N_("dag"), "matter": N_("zaak"),
}  # fmt: skip


def alarm(row: Alarm) -> str:
    """What is the matter."""
    silent = row.code == "webshop" and row.facts.get("state") == "silent"
    text = ALARMS.get("webshop_silent" if silent else row.code)
    if text is None:
        return _("%(code)s: %(matter)s") % {"code": row.code, "matter": row.matter or facts(row.facts)}
    return _(text) % _Known(_alarm_facts(row))


def level(row: Alarm) -> str:
    """``bad`` where figures are in doubt, else ``warn``."""
    return "bad" if row.code in SERIOUS else "warn"


def reason(code: str) -> str:
    """Why an entry was set apart."""
    return _(REASONS[code]) if code in REASONS else code


def refusal(code: str) -> str:
    """Why a decision cannot be taken."""
    return _(REFUSALS[code]) if code in REFUSALS else code


def decision(code: str) -> str:
    """What was decided."""
    return _(DECISIONS.get(code, code))


def act(code: str) -> str:
    """What a user did."""
    return _(ACTS[code]) if code in ACTS else code


def facts(found: Mapping[str, Any]) -> str:
    """Facts of a record on one line."""
    return ", ".join(f"{_(FACTS[name]) if name in FACTS else name}: {value}" for name, value in found.items())


def lasting(milliseconds: int) -> str:
    """A difference of clocks: ``3 minuten voor``."""
    seconds = abs(milliseconds) // 1000
    if seconds < 120:
        text = _("%d s") % seconds
    elif seconds < 7200:
        text = _("%d min") % (seconds // 60)
    elif seconds < 172_800:
        text = _("%d uur") % (seconds // 3600)
    else:
        text = _("%s dagen") % formats.whole(seconds // 86_400)
    return _("%s voor") % text if milliseconds > 0 else _("%s achter") % text


class _Known(dict[str, Any]):
    """Facts for a sentence; what is not known is a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def _alarm_facts(row: Alarm) -> dict[str, Any]:
    found = {**row.facts, "matter": row.matter}
    if row.code == "clock" and isinstance(found.get("skew_ms"), int):
        found["skew"] = lasting(found["skew_ms"])
    if row.code == "quarantine":
        found["code"] = reason(str(found.get("code", row.matter)))
    if row.code == "webshop":
        # Its words are the till's, which few pages need.
        from kassa_office.webshops.asking import said, when

        about = found.get("about")
        found["reason"] = said(str(found.get("why", "")), about if isinstance(about, dict) else {})
        if isinstance(found.get("since_ms"), int):
            found["since"] = when(found["since_ms"], get_current_timezone())
    if isinstance(found.get("since"), str):
        with suppress(ValueError):
            found["since"] = formats.clock(datetime.fromisoformat(found["since"]))
    return found
