"""Addresses of logging in and of one's own account."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from kassa_office.staff import views

urlpatterns = [
    path("inloggen/", views.Login.as_view(), name="login"),
    path("inloggen/code/", views.second_step, name="second_step"),
    path("uitloggen/", LogoutView.as_view(next_page="login"), name="logout"),
    path("account/", views.account, name="account"),
    path("account/wachtwoord/", views.password, name="account_password"),
    path("account/tweede-stap/", views.second_factor, name="second_factor"),
    path("taal/", views.language, name="language"),
]
