"""Which address is which page; each app has its own list."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.urls import include, path

from kassa_office.staff import errors
from kassa_office.staff.access import owes_second_factor
from kassa_office.staff.views import admin_login


def _may_administer(request: HttpRequest) -> bool:
    """As Django has it, and with the second step taken where there is one."""
    user = request.user
    return bool(user.is_active and getattr(user, "is_staff", False) and not owes_second_factor(request))


admin.site.has_permission = _may_administer  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Kassa"

urlpatterns = [
    path("", include("kassa_office.staff.urls")),
    path("kassas/", include("kassa_office.tills.page_urls")),
    path("", include("kassa_office.dashboard.urls")),
    path("voorraad/", include("kassa_office.stock.urls")),
    path("uren/", include("kassa_office.hours.urls")),
    path("webshops/", include("kassa_office.webshops.urls")),
    path("api/v1/", include("kassa_office.tills.urls")),
    path("beheer/login/", admin_login),
    path("beheer/", admin.site.urls),
    path("", include("kassa_office.api.urls")),
]
handler400, handler403, handler404, handler500 = errors.bad, errors.forbidden, errors.unknown, errors.fault
