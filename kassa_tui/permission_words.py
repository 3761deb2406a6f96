"""The Dutch words of what a role may do."""

from __future__ import annotations

from kassa_tui.marking import N_
from kassa_tui.stock_words import STOCK_PERMISSIONS

PERMISSIONS: dict[str, str] = {
    "sell": N_("verkopen en afrekenen"),
    "void_line": N_("een regel weghalen"),
    "cancel_ticket": N_("de bon laten vervallen"),
    "line_discount": N_("korting op een regel"),
    "ticket_discount": N_("korting op de bon"),
    "price_override": N_("een andere prijs"),
    "typed_weight": N_("een gewicht intypen"),
    "return_receipt": N_("retour met bon"),
    "return_no_receipt": N_("retour zonder bon"),
    "deposit_return": N_("statiegeld terugbetalen"),
    "no_sale": N_("de lade openen zonder verkoop"),
    "cash_move": N_("geld in of uit de lade"),
    "safe_drop": N_("geld afromen naar de kluis"),
    "open_shift": N_("de kassa openen"),
    "close_shift": N_("de kassa tellen en afsluiten"),
    "x_report": N_("het X-rapport"),
    "reprint": N_("een kopie van een bon"),
    "account_sale": N_("op rekening verkopen"),
    "issue_voucher": N_("een tegoedbon uitgeven"),
    "resolve_card": N_("beslissen over een onbekende pinbetaling"),
    "see_expected": N_("zien wat er in de lade hoort"),
    "training": N_("de oefenstand"),
    "approve": N_("akkoord geven"),
    "devices": N_("apparaten instellen"),
    "web_orders": N_("webbestellingen meegeven"),
    **STOCK_PERMISSIONS,
}
"""Permission → what it allows."""
