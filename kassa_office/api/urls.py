"""Addresses of the API and of the page with its tokens and webhooks."""

from __future__ import annotations

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from kassa_office.api import pages
from kassa_office.api.rest import api, docs, nothing

urlpatterns = [
    path("api/docs", docs, name="api_docs"),
    path("api/", csrf_exempt(nothing)),
    path("api/", api.urls),
    re_path(r"^api/(?P<rest>.*)$", csrf_exempt(nothing)),
    path("koppelingen/", pages.links, name="links"),
    path("koppelingen/sleutel/", pages.make_token, name="token_make"),
    path("koppelingen/sleutel/<int:number>/intrekken/", pages.revoke_token, name="token_revoke"),
    path("koppelingen/webhook/", pages.make_webhook, name="webhook_make"),
    path("koppelingen/webhook/<int:number>/", pages.webhook, name="webhook"),
    path("koppelingen/webhook/<int:number>/doen/", pages.change_webhook, name="webhook_change"),
]
