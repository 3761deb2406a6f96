"""The record: who did what in the office, and what was refused."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kassa_office.dashboard import alarm_words
from kassa_office.dashboard.tables import Column, State, Table
from kassa_office.dashboard.views.common import answer
from kassa_office.staff.access import OWNER, SUPPORT, require
from kassa_office.staff.models import Audit

AT_ONCE = 100


@require_GET
@require(OWNER, SUPPORT)
def log(request: HttpRequest) -> HttpResponse:
    """Newest first, a hundred at a time."""
    rows = Audit.objects.order_by("-id")
    before, who = request.GET.get("voor", ""), request.GET.get("wie", "")[:150]
    refused = request.GET.get("geweigerd") == "1"
    if before.isdigit() and len(before) < 18:
        rows = rows.filter(id__lt=int(before))
    if who:
        rows = rows.filter(user=who)
    if refused:
        rows = rows.filter(refused=True)
    found = list(rows[: AT_ONCE + 1])
    columns = [Column(_("Wanneer"), "moment"), Column(_("Wie")), Column(_("Wat")), Column(_("Bijzonderheden")),
               Column(_("Adres"), wide=True)]  # fmt: skip
    lines = [
        (row.at, row.user, State("bad", alarm_words.act(row.act)) if row.refused else alarm_words.act(row.act),
         alarm_words.facts(row.facts), row.address) for row in found[:AT_ONCE]
    ]  # fmt: skip
    query = request.GET.copy()
    query["voor"] = str(found[AT_ONCE - 1].pk) if len(found) > AT_ONCE else ""
    return answer(
        request, "dashboard/log.html", [Table("logboek", _("Logboek"), columns, lines, None, _("Niets gevonden."))],
        more=f"?{query.urlencode()}" if len(found) > AT_ONCE else "", who=who, refused=refused,
    )  # fmt: skip
