"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """Its name and nothing else."""

    name = "kassa_office.dashboard"
    label = "dashboard"
