"""Quantities and names in templates."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from kassa_office.dashboard import formats

register = template.Library()


@register.filter
def quantity(thousandths: int | str | None) -> str:
    """``12`` or ``0,375``, without dots, so that it can be typed back."""
    return formats.quantity(thousandths if isinstance(thousandths, int) else None).replace(".", "")


@register.filter
def named(code: str, names: Mapping[str, str]) -> str:
    """The name behind a code."""
    return names.get(code, code)


@register.filter
def days(cover: float | None) -> str:
    """``3,5``; empty where nothing sells."""
    return "" if cover is None else f"{cover:.1f}".replace(".", ",")
