"""Addresses of the pages of webshops."""

from __future__ import annotations

from django.urls import path

from kassa_office.webshops import hook, views

urlpatterns = [
    path("", views.webshops, name="webshops"),
    path("nieuw/<str:kind>/", views.add, name="webshop_add"),
    path("<str:code>/", views.webshop, name="webshop"),
    path("<str:code>/doe/", views.act, name="webshop_act"),
    path("<str:code>/koppel/", views.link, name="webshop_link"),
    path("<str:code>/sleutels/", views.keys, name="webshop_keys"),
    path("<str:code>/geheim/", views.secret, name="webshop_secret"),
    path("<str:code>/haak/", hook.receive, name="webshop_hook"),
]
