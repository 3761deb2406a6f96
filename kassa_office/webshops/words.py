"""What the pages of webshops say: states, commands, findings, and how an act went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from kassa_office.dashboard import formats
from kassa_office.dashboard.tables import State
from kassa_office.webshops import asking
from kassa_office.webshops.models import OFFICE, Webshop
from kassa_tui.storage.web_values import Command, Noted
from kassa_tui.sync.channel.status import Status
from kassa_tui.weborder_words import WEB_STAGES

DETAILS = {"price": N_("prijs"), "vat": N_("btw"), "ean": N_("streepjescode")}
LEVELS = {"new": "off", "ok": "ok", "silent": "warn", "failing": "warn", "stopped": "bad"}
STAGE_LEVELS = {"unpaid": "warn", "prepare": "warn", "ready": "ok", "unknown": "bad"}
COMMANDS = {
    "handed_over": N_("meegegeven aan de kassa"), "taken_back": N_("teruggebracht aan de kassa"),
    "ack": N_("melden dat de bestelling klaar is"), "refund": N_("terugbetalen"),
    "details": N_("prijs, btw of streepjescode zetten"), "place": N_("verkoop als bestelling zetten"),
}  # fmt: skip


def standing(webshop: Webshop, found: Status | None) -> State:
    """How a webshop is, on one line."""
    if webshop.owner != OFFICE:
        return State("off", _("hiermee praat kassa %s") % webshop.owner)
    if not webshop.active:
        return State("off", _("niet in gebruik"))
    return State(LEVELS[found.state if found else "new"], asking.state_of(found))


def stage(code: str, status: str) -> State:
    """How far an order is."""
    text = asking.translated(WEB_STAGES[code]) if code in WEB_STAGES else code
    return State(STAGE_LEVELS.get(code, "ok"), f"{text} ({status})" if code == "unknown" else text)


def command(found: Command) -> str:
    """What the shop was to be told."""
    text = _(COMMANDS[found.kind]) if found.kind in COMMANDS else found.kind
    about = found.body.get("order") or found.body.get("product") or ""
    return f"{text} ({about})" if about else text


def noted(found: Noted) -> str:
    """What a person should see to."""
    facts = dict(found.facts)
    if found.code == "command_failed":
        kind = str(facts.get("kind", ""))
        facts["error"] = asking.said(str(facts.get("error", "")))
        facts["kind"] = _(COMMANDS[kind]) if kind in COMMANDS else kind
    return asking.said(found.code, facts)


def remarks(found: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """What a webshop had to say about itself."""
    return [asking.said(code, facts) for code, facts in found]


def linked(act: str, answer: Mapping[str, Any]) -> str:
    """What became of a link."""
    if act == "los":
        return _("Losgemaakt.")
    if act == "nieuw":
        return _("Artikel %(sku)s is gemaakt en gekoppeld.") % {"sku": answer.get("sku", "")}
    if act == "product":
        return _("Artikel %(sku)s staat in de webshop, nog niet zichtbaar voor klanten: maak het daar af.") % {
            "sku": answer.get("sku", "")}  # fmt: skip
    return _("Gekoppeld.")


def detail(what: str) -> str:
    """What of an article and its product was compared."""
    return _(DETAILS[what]) if what in DETAILS else what


def value(what: str, found: Any) -> str:
    """What one of the two has."""
    if what == "price" and isinstance(found, int):
        return formats.euro(found)
    return str(found) or "–"


def done(what: str, answer: Mapping[str, Any]) -> str:
    """How an act went."""
    if what == "check":
        return _("De webshop antwoordt: %(name)s %(version)s") % {
            "name": answer.get("name", ""), "version": answer.get("version", "")}  # fmt: skip
    if what == "link":
        return _("Producten %(products)d: al gekoppeld %(kept)d, nu gekoppeld %(linked)d") % {
            "products": answer["products"], "kept": answer["kept"], "linked": len(answer["linked"])}  # fmt: skip
    if what == "again":
        return _("Wordt opnieuw geprobeerd.") if answer.get("done") else _("Dat is al gedaan.")
    return _("Producten %(products)d, gekoppeld %(linked)d; voorraad anders %(different)d, rechtgezet %(fixed)d,"
             " niet aangenomen %(not_taken)d") % {
        name: answer[name] for name in ("products", "linked", "different", "fixed", "not_taken")}  # fmt: skip
