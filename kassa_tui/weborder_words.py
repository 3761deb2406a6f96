"""The Dutch words of web orders at the counter."""

from __future__ import annotations

from kassa_tui.marking import N_

WEBORDER_WORDS: dict[str, str] = {
    "web_unknown": N_("Geen webbestelling {number} bekend"),
    "web_closed": N_("Bestelling {number} is {stage:web_stage}: niet meegeven"),
    "web_gone": N_("Bestelling {number} is al meegegeven"),
    "web_age": N_("Kijk eerst naar de leeftijd: {age} jaar of ouder"),
    "web_amount": N_("Dat bedrag kan niet; voor bestelling {number} is het hoogste {due:euro}"),
    "web_nothing_back": N_("Daarvan kan niets terugkomen (bestelling {number})"),
    "web_on_ticket": N_("Bestelling {number} staat al op de bon"),
}
"""Codes of refusals."""

WEBORDER_DONE: dict[str, str] = {
    "web_handed_over": N_("Bestelling {number} meegegeven[ aan {customer}]"),
    "web_on_ticket": N_("Bestelling {number} op de bon: {amount:euro}"),
    "web_taken_back": N_("Retour van bestelling {number} geboekt[; de webshop betaalt {amount:euro} terug]"),
    "web_orders": N_("Webbestellingen: {count}"),
}
"""Codes of what was done."""

WEB_STAGES: dict[str, str] = {
    "unpaid": N_("niet betaald"),
    "prepare": N_("klaar te maken"),
    "ready": N_("ligt klaar"),
    "done": N_("meegegeven"),
    "cancelled": N_("geannuleerd"),
    "refunded": N_("terugbetaald"),
    "unknown": N_("onbekende status"),
}
"""What a shop's status means to us."""

WEB_STANDINGS: dict[str, str] = {
    "failing": N_("{name} antwoordt niet sinds {since}[: {why}][; {waiting:some} wachten]"),
    "stopped": N_("{name} staat stil sinds {since}: {why}. Bel de techniek"),
    "silent": N_("Met {name} wordt niet gesproken[ sinds {since}][: {why}]. Bel de techniek"),
    "waiting": N_("{name} is nog niet verteld wat hier gebeurde: {waiting}, sinds {since}"),
    "refused": N_("{name} wilde iets niet ({waiting}): zeg het de techniek"),
}
"""How a webshop stands that is not well."""
