"""The help: every key that works here, from the live key map, so that it can never promise what is not so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kassa_tui.keymap import key_label
from kassa_tui.messages import N_
from kassa_tui.screens.base import Sheet
from kassa_tui.screens.ink import ASK, BLANK, BOLD, TEXT, Row

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk


KEYS: dict[str, str] = {
    "enter": N_("Het getypte artikelnummer, de barcode, of 1,49@3: op groep 3"),
    "times": N_("Aantal vóór het artikel: 3 * en dan scannen"),
    "set": N_("Maak er zoveel van op de gekozen regel: = 5 Enter"),
    "repeat": N_("Het laatste artikel nog een keer"),
    "up": N_("Een regel kiezen"),
    "correct": N_("Laatste teken, aantal of regel terugnemen"),
    "void": N_("De gekozen regel van de bon halen, met reden"),
    "search": N_("Zoeken op naam"),
    "customer": N_("Klant op de bon"),
    "park": N_("Bon parkeren, met een naam als die getypt is"),
    "recall": N_("Geparkeerde bon ophalen"),
    "price": N_("Prijs van de regel veranderen"),
    "discount": N_("Korting: 10% of 5,00, op de regel of de bon"),
    "return": N_("Retour met of zonder bon"),
    "pay": N_("Subtotaal en betaalscherm"),
    "functions": N_("X en Z, lade, geld, bonnen, voorraad, apparaten"),
    "pin": N_("Pinnen; met een bedrag ervoor een deel"),
    "cash": N_("Contant: gepast, of met het bedrag ervoor"),
    "voucher": N_("Tegoedbon verkopen; op het betaalscherm ermee betalen"),
    "account": N_("Op rekening van de klant"),
    "check": N_("Prijs vragen zonder te verkopen"),
    "why": N_("Waarom kost deze regel dit?"),
    "note": N_("Notitie op de bon"),
    "drawer": N_("Lade openen zonder verkoop, met reden"),
    "copy": N_("Kopie van de laatste bon"),
    "gift": N_("Ruilbon bij de laatste bon: zonder prijzen"),
    "tare": N_("Tarra: kilo's ervoor; bij het wegen de lege verpakking"),
    "zero": N_("De lege weegschaal op nul"),
    "lock": N_("Kassa op slot"),
    "back": N_("Wissen, sluiten, terug; er gaat nooit een regel verloren"),
    "help": N_("Deze hulp"),
}
"""Act → what it does on the sell and pay views."""


class HelpSheet(Sheet):
    """The page of keys."""


def show_help(desk: Desk) -> None:
    """The key map as a page; once is enough."""
    if isinstance(desk.top, HelpSheet):
        return
    rows: list[Row] = [((f"  {desk.t('Toetsen')}", BOLD),), BLANK]
    for act, words in KEYS.items():
        keys = desk.keymap.keys(act) + (desk.keymap.keys("down") if act == "up" else ())
        labels = " ".join(map(key_label, keys))
        rows.append((("  ", TEXT), (f" {labels:<13}", ASK), (f" {desk.t(words)}", TEXT)))
    desk.show(HelpSheet(desk, desk.t("Hulp"), rows))
