"""All tills: which version they run, how they and their devices are, when they were heard last."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kassa_office.dashboard import alarm_words, choice, figures, formats
from kassa_office.dashboard.tables import Column, Link, Table
from kassa_office.dashboard.till_words import ORDER, Health, health
from kassa_office.dashboard.truth import gaps
from kassa_office.dashboard.views.common import answer
from kassa_office.journal.models import Alarm
from kassa_office.staff.access import OWNER, SUPPORT, require, role_of
from kassa_office.tills.models import Till, TillCursor, TillKey, TillState


@require_GET
@require()
def fleet(request: HttpRequest) -> HttpResponse:
    """The list, those that need somebody first."""
    chosen = choice.read(request)
    tills = Till.objects.filter(branch_id__in=chosen.branches, webshop=None).select_related("branch", "state", "cursor")
    now = timezone.now()
    between = gaps(each.cursor.place for each in tills if hasattr(each, "cursor"))
    all_ = [health(each, getattr(each, "state", None), getattr(each, "cursor", None), now, between.get(each.code, 0))
            for each in tills]  # fmt: skip
    levels = {one.till.code: one.level for one in all_}
    all_.sort(key=lambda one: (-ORDER.index(levels[one.till.code]), one.till.branch_id, one.till.code))
    columns = [
        Column(_("Kassa")), Column(_("Filiaal")), Column(_("Toestand")), Column(_("Laatst gehoord")),
        Column(_("Wacht nog")), Column(_("Apparaten")), Column(_("Klok"), wide=True), Column(_("Schijf"), wide=True),
        Column(_("Onderzoek"), wide=True), Column(_("Versie"), wide=True),
    ]  # fmt: skip
    table = Table("kassas", _("Alle kassa's"), columns, [_line(one) for one in all_], None,
                  _("Er zijn nog geen kassa's. Maak ze bij Beheer."))  # fmt: skip
    counts = {level: list(levels.values()).count(level) for level in ORDER}
    return answer(request, "dashboard/fleet.html", [table], choice=chosen, counts=counts,
                  branches=sorted(chosen.names.items()),
                  may_roll_out=role_of(request.user) in (OWNER, SUPPORT))  # fmt: skip


@require_GET
@require()
def till(request: HttpRequest, code: str) -> HttpResponse:
    """One till with everything it said."""
    found = choice.till_of(request, code)
    state = TillState.objects.filter(till=found).first()
    cursor = TillCursor.objects.filter(till=found).first()
    one = health(found, state, cursor, timezone.now())
    alarms = [row for row in figures.open_alarms([found.branch_id], company=False) if row.till == found.code]
    keys = TillKey.objects.filter(till=found).order_by("-first")
    return answer(
        request, "dashboard/till.html", _tables(one, list(keys)), till=found, one=one, state=state, cursor=cursor,
        alarms=[(alarm_words.level(row), row, alarm_words.alarm(row)) for row in alarms],
        doctor_at=formats.moment(one.doctor_at), has_machine=bool(keys),
        may_enrol=role_of(request.user) in (OWNER, SUPPORT) and not hasattr(found, "webshop"),
        closed=Alarm.objects.filter(branch=found.branch_id, till=found.code, closed_at__isnull=False).count(),
    )  # fmt: skip


def _line(one: Health) -> tuple[object, ...]:
    link = Link(one.till.code, reverse("till", args=[one.till.code]))
    return (link, one.till.branch.name, one.worst, one.heard, one.waiting, one.summary, one.clock, one.disk,
            one.findings, one.version)  # fmt: skip


def _tables(one: Health, keys: list[TillKey]) -> list[Table]:
    part = [Column(_("Onderdeel")), Column(_("Toestand"))]
    return [
        Table("apparaten", _("Apparaten"), part, list(one.devices), None, _("Deze kassa meldde geen apparaten.")),
        Table("onderzoek", _("Onderzoek (kassa doctor)"), part, list(one.doctor), None,
              _("Deze kassa is nog niet onderzocht.")),
        Table("sleutels", _("Machines en hun sleutels"),
              [Column(_("Vanaf nummer"), "count"), Column(_("Machine")), Column(_("Sinds"), "moment"),
               Column(_("Sleutel"))],
              [(key.first, key.host, key.at, f"{key.public_key[:16]}…") for key in keys], None,
              _("Nog geen machine aangemeld.")),
    ]  # fmt: skip
