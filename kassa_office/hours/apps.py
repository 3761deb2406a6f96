"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class HoursConfig(AppConfig):
    """Its name and nothing else."""

    name = "kassa_office.hours"
    label = "hours"
