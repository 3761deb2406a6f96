"""The Dutch words of counting, receiving, sending and writing off."""

from __future__ import annotations

from kassa_tui.marking import N_

STOCK_WORDS: dict[str, str] = {
    "stock_empty": N_("Er is nog niets gescand"),
    "stock_weight": N_("{name} gaat per kilo: typ eerst het gewicht, dan × en de code"),
    "stock_too_many": N_("{quantity:qty} is te veel op één regel"),
    "stock_number_needed": N_("Typ het nummer dat op de zending staat"),
    "unknown_branch": N_("Onbekend filiaal: {code}"),
    "unknown_stock": N_("Van {name} is geen voorraad bekend"),
}
"""Codes of refusals."""

STOCK_DONE: dict[str, str] = {
    "stock_begun": N_("{kind:stock_kind}: scan of typ de artikelen"),
    "stock_added": N_("{name}: {quantity:qty}[, samen {total:qty}]"),
    "stock_unknown": N_("Onbekend: {code}, bewaard in de lijst ({quantity:qty})"),
    "stock_set": N_("{name}: nu {quantity:qty}"),
    "stock_removed": N_("Weg: {name}"),
    "stock_booked": N_("{kind:stock_kind} geboekt[ als {number}], artikelen: {lines}[, onbekend: {unknown:some}]"),
    "stock_thrown": N_("{kind:stock_kind} weggegooid"),
    "stock_level": N_("{name}: hier {quantity:qty}"),
}
"""Codes of what was done."""

STOCK_KINDS: dict[str, str] = {
    "count": N_("Telling"),
    "receive": N_("Ontvangst"),
    "send": N_("Zending naar een filiaal"),
    "arrive": N_("Zending van een filiaal"),
    "waste": N_("Afschrijving"),
    "correct": N_("Verbetering"),
}
"""Kinds of paper."""

STOCK_PERMISSIONS: dict[str, str] = {
    "stock_count": N_("voorraad tellen"),
    "stock_move": N_("goederen ontvangen en versturen"),
    "stock_correct": N_("voorraad afschrijven en verbeteren"),
}
"""Permissions."""
