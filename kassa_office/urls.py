"""Which address is which page; each app has its own list."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("beheer/", admin.site.urls),
]
