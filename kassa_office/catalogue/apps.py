"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogueConfig(AppConfig):
    """Articles, prices and what else the tills are told; each change of them goes into the feed."""

    name = "kassa_office.catalogue"
    label = "catalogue"
    verbose_name = _("Assortiment")

    def ready(self) -> None:
        """Listen to changes."""
        from kassa_office.catalogue import signals

        signals.connect()
