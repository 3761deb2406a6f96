"""What every page has: the name of the company, and where one can go."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from kassa_office.journal.models import Alarm
from kassa_office.staff.access import ALL, BOOKKEEPER, MANAGER, OWNER, SUPPORT, branches_of, role_of


class Place(NamedTuple):
    """One entry of the navigation."""

    name: str
    """Of the address in ``urls.py``; a place whose address is not there is left out."""
    label: str
    roles: tuple[str, ...] = ALL


PLACES = [
    Place("today", N_("Vandaag")),
    Place("turnover", N_("Omzet")),
    Place("articles", N_("Artikelen")),
    Place("stock", N_("Voorraad")),
    Place("exceptions", N_("Bijzonderheden")),
    Place("z_reports", N_("Z-rapporten")),
    Place("hours", N_("Uren"), (OWNER, BOOKKEEPER, MANAGER)),
    Place("webshops", N_("Webshops"), (OWNER, BOOKKEEPER, SUPPORT)),
    Place("alarms", N_("Meldingen")),
    Place("fleet", N_("Kassa's")),
    Place("proof", N_("Volledig")),
    Place("log", N_("Logboek"), (OWNER, SUPPORT)),
    Place("links", N_("Koppelingen"), (OWNER,)),
]


def page(request: HttpRequest) -> dict[str, Any]:
    """``office_name``, ``navigation`` (made only where a template asks for it)."""
    found: dict[str, Any] = {"office_name": settings.OFFICE.name}
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        made: Callable[[], list[dict[str, Any]]] = partial(navigation, request)
        found["navigation"] = made
    return found


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Where this user may go, which of it is here, and how many alarms are open."""
    role, items = role_of(request.user), []
    for place in PLACES:
        if role not in place.roles:
            continue
        try:
            url = reverse(place.name)
        except NoReverseMatch:
            continue
        here = request.path == url or (url != "/" and request.path.startswith(url))
        count = count_alarms(request) if place.name == "alarms" else 0
        items.append({"url": url, "label": _(place.label), "current": here, "count": count})
    if getattr(request.user, "is_staff", False):
        items.append({"url": reverse("admin:index"), "label": _("Beheer"), "current": False, "count": 0})
    return items


def count_alarms(request: HttpRequest) -> int:
    """Open alarms that are this user's matter."""
    allowed = branches_of(request.user)
    found = Alarm.objects.filter(closed_at=None)
    return found.count() if allowed is None else found.filter(branch__in=allowed).count()
