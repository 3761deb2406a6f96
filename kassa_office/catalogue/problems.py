"""What is wrong with a file of articles, in words: the till's reader answers codes and facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

WORDS = {
    "cell_count": N_("%(found)s cellen, terwijl de kop er %(expected)s heeft"),
    "check_digit": N_("het controlecijfer van %(code)s klopt niet"),
    "code_in_use": N_("code %(code)s hoort al bij artikel %(sku)s"),
    "code_length": N_("%(code)s: een code van cijfers heeft er 8, 12, 13 of 14"),
    "column_missing": N_("deze kolom ontbreekt; gevonden zijn %(found)s"),
    "deposit_kind": N_("%(sku)s is in het kantoor een artikel van een andere soort"),
    "duplicate_code": N_("code %(code)s staat ook op regel %(first_line)s"),
    "duplicate_column": N_("deze kolom staat er twee keer"),
    "duplicate_sku": N_("artikelnummer %(sku)s staat ook op regel %(first_line)s"),
    "empty_file": N_("het bestand is leeg"),
    "file_unreadable": N_("het bestand is niet te lezen: %(reason)s"),
    "line_too_long": N_("de regel is langer dan %(limit)s tekens"),
    "negative": N_("%(value)s is kleiner dan nul"),
    "no_rows": N_("er staat geen enkel artikel in"),
    "not_a_quantity": N_("%(value)s is geen hoeveelheid"),
    "not_a_tare": N_("%(value)s is geen tarra in hele grammen tot %(limit)s"),
    "not_an_age": N_("%(value)s is geen leeftijd tot %(limit)s"),
    "not_an_amount": N_("%(value)s is geen bedrag"),
    "not_one_of": N_("%(value)s kan hier niet; wel %(known)s"),
    "not_utf8": N_("de tekens zijn geen UTF-8; bewaar het bestand als CSV UTF-8"),
    "pieces": N_("het aantal stuks van %(code)s ligt niet tussen 1 en %(limit)s"),
    "quotes": N_("de aanhalingstekens kloppen niet"),
    "required": N_("dit moet ingevuld zijn"),
    "same_gtin": N_("code %(code)s is dezelfde als op regel %(first_line)s, anders geschreven"),
    "sku_reserved": N_("artikelnummer %(sku)s houdt het programma voor zichzelf"),
    "too_large": N_("%(value)s is te veel"),
    "too_long": N_("te lang: %(found)s tekens, hoogstens %(limit)s"),
    "too_many_decimals": N_("%(value)s heeft meer dan %(decimals)s cijfers achter de komma"),
    "unknown_column": N_("deze kolom wordt niet gelezen; wel %(known)s"),
    "unprintable": N_("er staat een onzichtbaar teken in (%(char)s)"),
    "vat_unknown": N_("%(value)s is geen btw-tarief; wel %(allowed)s"),
}


class Problem(Protocol):
    """As the reader of files has it."""

    @property
    def line(self) -> int:
        """From 1; 0 is the file."""

    @property
    def column(self) -> str:
        """Its name in the header."""

    @property
    def code(self) -> str:
        """What is wrong."""

    @property
    def facts(self) -> object:
        """What goes into the words."""


def in_words(code: str, facts: object) -> str:
    """One problem without its place."""
    return _(WORDS[code]) % facts if code in WORDS else code


def lines_of(problems: Iterable[Problem]) -> list[str]:
    """Each problem as ``regel 12, kolom vat: …``."""
    lines = []
    for problem in problems:
        where = _("regel %d") % problem.line if problem.line else _("bestand")
        if problem.column:
            where = _("%(where)s, kolom %(column)s") % {"where": where, "column": problem.column}
        lines.append(f"{where}: {in_words(problem.code, problem.facts)}")
    return lines
