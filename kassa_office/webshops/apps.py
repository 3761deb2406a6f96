"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig


class WebshopsConfig(AppConfig):
    """Its name and nothing else."""

    name = "kassa_office.webshops"
    label = "webshops"
