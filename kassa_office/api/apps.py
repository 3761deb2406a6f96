"""The app as Django knows it."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save, pre_migrate


class ApiConfig(AppConfig):
    """The REST API, webhooks, and the views for other programs' reports."""

    name = "kassa_office.api"
    label = "api"

    def ready(self) -> None:
        """See new webhooks at once; take the views of reports away while tables change, and make them anew after."""
        from kassa_office.api import events, views

        for signal in (post_save, post_delete):
            signal.connect(events.look_again, sender="api.Webhook", dispatch_uid=f"webhooks-{id(signal)}")
        pre_migrate.connect(views.before, sender=self, dispatch_uid="report-views-away")
        post_migrate.connect(views.after, sender=self, dispatch_uid="report-views")
