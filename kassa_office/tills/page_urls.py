"""Addresses of the pages of the fleet; before those of a till, whose code never is ``uitrol``."""

from __future__ import annotations

from django.urls import path

from kassa_office.tills import pages

urlpatterns = [
    path("uitrol/", pages.rollouts, name="rollouts"),
    path("uitrol/<int:number>/", pages.rollout, name="rollout"),
    path("uitrol/<int:number>/besluit/", pages.decide, name="rollout_decide"),
    path("<str:code>/code/", pages.new_code, name="till_code"),
    path("<str:code>/intrekken/", pages.withdraw, name="till_revoke"),
]
