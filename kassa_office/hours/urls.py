"""Addresses of the pages of hours."""

from __future__ import annotations

from datetime import date

from django.urls import path, register_converter

from kassa_office.hours import views


class IsoDay:
    """A date as ``2026-11-22``."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """ValueError where there is no such day."""
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        """The address of a day."""
        return value.isoformat()


register_converter(IsoDay, "isoday")
urlpatterns = [
    path("", views.hours, name="hours"),
    path("<str:branch>/<path:employee>/<isoday:day>/", views.day, name="hours_day"),
]
