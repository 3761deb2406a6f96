"""Figures and drawings in templates."""

from __future__ import annotations

from django import template

from kassa_office.dashboard import formats

register = template.Library()
register.filter("euro", formats.euro)
register.filter("euros", formats.euros)
register.filter("share", formats.share)
register.filter("change", formats.change)
register.filter("whole", formats.whole)
register.filter("day", formats.day)
register.filter("moment", formats.moment)
register.filter("clock", formats.clock)


@register.filter
def direction(hundredths: int | None) -> str:
    """Class of a change: ``up``, ``down`` or nothing."""
    return "" if not hundredths else "up" if hundredths > 0 else "down"
