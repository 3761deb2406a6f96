"""Form fields for what is stored as whole numbers: people type euros, per cents and pieces."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from kassa_office.catalogue.problems import in_words
from kassa_tui.storage.csvread import BadCell
from kassa_tui.storage.csvread import amount as read_amount

_DECIMAL = re.compile(r"(\d{1,9})(?:[.,](\d{1,3}))?", re.ASCII)


def euros(cents: int | None) -> str:
    """``12,34``; empty for None."""
    if cents is None:
        return ""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100},{cents % 100:02d}"


def cents(text: str) -> int:
    """Cents of ``1,79``, ``1.79`` or ``2``; ValidationError."""
    try:
        return int(read_amount(text.replace("€", "").strip()))
    except BadCell as bad:
        raise ValidationError(in_words(bad.code, bad.facts)) from bad


def scaled(value: int | None, places: int) -> str:
    """A whole number of ``10**-places`` as people write it, without needless zeros."""
    if value is None:
        return ""
    whole, part = divmod(abs(value), 10**places)
    decimals = f"{part:0{places}d}".rstrip("0")
    return ("-" if value < 0 else "") + (f"{whole},{decimals}" if decimals else str(whole))


def unscaled(text: str, places: int) -> int:
    """The reverse of :func:`scaled`; ValidationError."""
    match = _DECIMAL.fullmatch(text.replace("%", "").strip())
    if match is None or len(match[2] or "") > places:
        raise ValidationError(_("%s is geen getal dat hier kan.") % text[:40])
    return int(match[1] + (match[2] or "").ljust(places, "0"))


class _WholeField(forms.CharField):
    """A text that stands for a whole number."""

    places = 2

    def __init__(self, **kwargs: Any) -> None:
        for unwanted in ("min_value", "max_value", "step_size"):
            kwargs.pop(unwanted, None)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """What stands in the box."""
        return scaled(value, self.places) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """What is stored."""
        text = super().to_python(value)
        return unscaled(text, self.places) if text else None

    def run_validators(self, value: Any) -> None:
        """Those of texts have nothing to say; those of the column come with the row."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compared as it stands in the box."""
        return super().has_changed(self.prepare_value(initial), data)


class CentsField(_WholeField):
    """Euros in the box, cents in the column."""

    def prepare_value(self, value: Any) -> Any:
        """Always two decimals."""
        return euros(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        """Cents."""
        text = forms.CharField.to_python(self, value)
        return cents(text) if text else None


class PercentField(_WholeField):
    """Per cents in the box, hundredths of one in the column."""


class QuantityField(_WholeField):
    """Pieces or kilograms in the box, thousandths in the column."""

    places = 3


FIELDS: dict[str, type[_WholeField]] = {
    "amount": CentsField,
    "minimum": CentsField,
    "rate": PercentField,
    "pack": QuantityField,
}
"""Column → its field, in the tables of the catalogue."""


def field_for(column: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """The form field of a column, or None where Django's own will do."""
    kind = FIELDS.get(column.name)
    if kind is None:
        return None
    return kind(label=column.verbose_name, required=not column.blank, initial=column.get_default(), help_text="")
