"""What people see where a page is not for them, is not there, or fails; without the database: it may be the fault."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kassa_office.staff.access import audit_few


def bad(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _page(request, 400, _("Dit verzoek klopt niet"), _("Ga terug en probeer het opnieuw."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    said = _("Uw rol geeft hier geen toegang toe. De eigenaar kan dat veranderen.")
    return _page(request, 403, _("Geen toegang"), said)


def unknown(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    said = _("Deze pagina is er niet, of niet meer.")
    return _page(request, 404, _("Niet gevonden"), said)


def fault(request: HttpRequest) -> HttpResponse:
    """500; the log has what happened."""
    said = _("Er ging bij ons iets mis. Wat de kassa's verkopen blijft bewaard. Probeer het over een minuut opnieuw.")
    return _page(request, 500, _("Storing"), said)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form without its mark: sent from elsewhere, or from a page that stood open for long."""
    audit_few(request, "csrf.refused", path=request.path[:120], reason=reason[:120])
    said = _("Dit formulier stond te lang open, of kwam niet van deze pagina. Open de pagina opnieuw en vul het in.")
    return _page(request, 403, _("Niet verstuurd"), said)


def locked(request: HttpRequest, response: Any = None, credentials: Any = None, *_rest: Any) -> HttpResponse:
    """429 after too many wrong passwords for one name from one address."""
    audit_few(request, "login.locked", name=str((credentials or {}).get("username", ""))[:150])
    said = _("Na vijf verkeerde wachtwoorden kan er met deze naam een kwartier niet worden ingelogd.")
    answer = _page(request, 429, _("Even wachten"), said)
    answer["Retry-After"] = "900"
    return answer


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "error.html", {"title": title, "text": text, "status": status}, status=status)
