"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path

from kassa_office.dashboard.views import alarms, articles, exceptions, fleet, log, proofs, today, turnover, zreports

urlpatterns = [
    path("", today.today, name="today"),
    path("omzet/", turnover.turnover, name="turnover"),
    path("artikelen/", articles.articles, name="articles"),
    path("bijzonderheden/", exceptions.exceptions, name="exceptions"),
    path("z/", zreports.z_reports, name="z_reports"),
    path("z/<str:branch>/<str:till>/<int:z>/", zreports.z_report, name="z_report"),
    path("meldingen/", alarms.alarms, name="alarms"),
    path("meldingen/<int:number>/sluiten/", alarms.close, name="close_alarm"),
    path("meldingen/apart/<int:number>/", alarms.decide, name="decide"),
    path("kassas/", fleet.fleet, name="fleet"),
    path("kassas/<str:code>/", fleet.till, name="till"),
    path("volledig/", proofs.proof, name="proof"),
    path("volledig/<str:code>/", proofs.proof_of, name="proof_of"),
    path("logboek/", log.log, name="log"),
]
