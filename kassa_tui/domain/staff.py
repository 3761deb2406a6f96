"""Who may do what: permissions with a name and a reason, and what each role has of them."""

from __future__ import annotations

from dataclasses import dataclass

ROLES = ("cashier", "senior", "manager", "technician")

PERMISSIONS: dict[str, str] = {
    "sell": "Verkopen en afrekenen",
    "void_line": "Een regel van de bon halen",
    "cancel_ticket": "Een hele bon laten vervallen",
    "line_discount": "Korting op een regel geven",
    "ticket_discount": "Korting op de hele bon geven",
    "price_override": "Een prijs veranderen",
    "typed_weight": "Een gewicht intypen in plaats van wegen",
    "return_receipt": "Retour nemen met bon",
    "return_no_receipt": "Retour nemen zonder bon",
    "deposit_return": "Statiegeld terugbetalen",
    "no_sale": "De lade openen zonder verkoop",
    "cash_move": "Geld in de lade leggen of eruit nemen",
    "safe_drop": "Geld afromen naar de kluis",
    "open_shift": "De kassa openen",
    "close_shift": "De kassa tellen en afsluiten",
    "x_report": "Het X-rapport zien",
    "reprint": "Een kopie van een bon afdrukken",
    "account_sale": "Op rekening verkopen",
    "issue_voucher": "Een tegoedbon uitgeven",
    "resolve_card": "Een onbekende pinbetaling beslissen",
    "see_expected": "Zien wat er in de lade hoort te zitten",
    "training": "De oefenstand aan- en uitzetten",
    "approve": "Akkoord geven voor een ander",
    "devices": "Apparaten instellen",
    "stock_count": "Voorraad tellen",
    "stock_move": "Goederen ontvangen en naar een ander filiaal sturen",
    "stock_correct": "Voorraad afschrijven en verbeteren",
    "web_orders": "Webbestellingen meegeven",
}
"""Name → what it allows, as shown to the person who hands out rights (Dutch message ids)."""

_CASHIER = {
    "sell",
    "void_line",
    "cancel_ticket",
    "line_discount",
    "return_receipt",
    "deposit_return",
    "open_shift",
    "close_shift",
    "cash_move",
    "reprint",
    "typed_weight",
    "issue_voucher",
    "x_report",
    "stock_count",
    "stock_move",
    "web_orders",
}
_SENIOR = _CASHIER | {
    "ticket_discount",
    "price_override",
    "return_no_receipt",
    "no_sale",
    "safe_drop",
    "account_sale",
    "resolve_card",
    "training",
    "stock_correct",
}
_MANAGER = _SENIOR | {"see_expected", "approve", "devices"}
_TECHNICIAN = {"devices", "training", "no_sale", "x_report", "reprint"}

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    "cashier": frozenset(_CASHIER),
    "senior": frozenset(_SENIOR),
    "manager": frozenset(_MANAGER),
    "technician": frozenset(_TECHNICIAN),
}

DISCOUNT_LIMIT: dict[str, int] = {"cashier": 1000, "senior": 2500, "manager": 10_000, "technician": 0}
"""Largest discount a role may give by itself, hundredths of a percent of what it is taken off."""

PRICE_FLOOR: dict[str, int] = {"cashier": 10_000, "senior": 5000, "manager": 0, "technician": 10_000}
"""Lowest price a role may set by itself, hundredths of a percent of the list price."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works at the till."""

    code: str
    name: str
    role: str
    language: str = "nl"

    def may(self, permission: str) -> bool:
        """Whether the role has this permission."""
        return permission in ROLE_PERMISSIONS[self.role]
