"""Addresses of the wire; ``docs/wire.md`` says what goes over them."""

from __future__ import annotations

from django.urls import path

from kassa_office.tills import views

urlpatterns = [
    path("enrol", views.enrol),
    path("tills/<str:till>/journal", views.journal),
    path("tills/<str:till>/heartbeat", views.heartbeat),
    path("feed", views.feed),
    path("snapshot", views.snapshot),
    path("snapshot/<str:sha256>", views.snapshot_file),
    path("receipts/<str:number>", views.receipt),
    path("parked", views.parked),
    path("parked/<str:ticket>/claim", views.claim),
    path("vouchers/<str:number>", views.voucher),
    path("vouchers/<str:number>/hold", views.hold),
    path("channels/<str:code>", views.channel),
    path("<path:rest>", views.nothing),
]
