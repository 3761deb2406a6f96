"""What a code must look like before it is stored: barcodes in their one form, VAT codes that exist."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kassa_tui.domain.gtin import LENGTHS, expand_upce, gtin14
from kassa_tui.domain.vat import OUTSIDE

CODE_CHARS = 48
"""The longest GS1-128 message; scanners deliver nothing longer."""


def barcode(text: str) -> str:
    """The one form of a code: a GTIN as 14 digits, another code as it is; ValidationError.

    Eight digits or more are a GTIN, whose check digit must hold; a UPC-E is taken as the UPC-A behind it.
    """
    code = text.strip()
    if not code or len(code) > CODE_CHARS or not code.isprintable() or "|" in code:
        raise ValidationError(_("Geen bruikbare code: %s") % code[:CODE_CHARS])
    if not (code.isascii() and code.isdigit()) or len(code) < min(LENGTHS):
        return code
    gtin = gtin14(code)
    if gtin is None and len(code) == 8:
        upca = expand_upce(code)
        gtin = upca and "00" + upca
    if gtin is None and len(code) in LENGTHS:
        raise ValidationError(_("Het controlecijfer van %s klopt niet.") % code)
    if gtin is None:
        raise ValidationError(_("Een code van cijfers heeft er 8, 12, 13 of 14: %s") % code)
    return gtin


def shown(code: str) -> str:
    """A stored code as it stands on the packing: an EAN-13 or EAN-8 without the zeros before it."""
    if gtin14(code) is None or len(code) != 14:
        return code
    if code.startswith("000000") and gtin14(code[6:]):
        return code[6:]
    return code[1:] if code.startswith("0") else code


def vat_code(code: str) -> None:
    """ValidationError where no country has a rate with this code."""
    from kassa_office.catalogue.models import VatRate

    if code != OUTSIDE and not VatRate.objects.filter(code=code).exists():
        known = [*sorted(set(VatRate.objects.values_list("code", flat=True))), OUTSIDE]
        raise ValidationError(_("De btw-code %(code)s bestaat niet; wel %(known)s.") % {
            "code": code, "known": ", ".join(known)})  # fmt: skip
