"""Alarms to look at and close, and entries that were set apart to decide about."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kassa_office.dashboard import alarm_words, choice, figures, formats
from kassa_office.dashboard.choice import Choice
from kassa_office.dashboard.tables import Column, State, Table
from kassa_office.dashboard.views.common import answer
from kassa_office.journal import quarantine
from kassa_office.journal.alarms import Matter, close_alarm
from kassa_office.journal.models import Alarm, Quarantine
from kassa_office.staff.access import MANAGER, OWNER, SUPPORT, audit, branches_of, check_branch, require, role_of

CLOSED, APART = 50, 100
RAW = 4000
"""Characters of an entry that are shown."""


@require_GET
@require()
def alarms(request: HttpRequest) -> HttpResponse:
    """What is open, what was set apart, and what was closed last."""
    chosen = choice.everything(request)
    rows = figures.open_alarms(chosen.branches, chosen.company)
    apart = Quarantine.objects.filter(branch__in=chosen.branches).order_by("decided_at", "-id")
    waiting = list(apart.filter(decided_at=None)[:APART])
    return answer(
        request, "dashboard/alarms.html", [_open(rows, chosen), _closed(chosen)],
        alarms=[(alarm_words.level(row), row, alarm_words.alarm(row), chosen.names.get(row.branch, ""))
                for row in rows],
        apart=[(row, alarm_words.reason(row.code), row.raw[:RAW], len(row.raw) > RAW) for row in waiting],
        more=max(0, apart.filter(decided_at=None).count() - APART),
        may_close=role_of(request.user) in (OWNER, MANAGER, SUPPORT), may_decide=role_of(request.user) == OWNER,
    )  # fmt: skip


@require_POST
@require(OWNER, MANAGER, SUPPORT)
def close(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody looked at it; it opens again by itself if the matter goes on."""
    row = get_object_or_404(Alarm, id=number)
    _check(request, row.branch)
    if close_alarm(Matter(row.code, row.branch, row.till, row.matter), request.user.get_username()):
        audit(request, "alarm.closed", alarm=row.code, branch=row.branch, till=row.till, matter=row.matter)
        messages.success(request, _("De melding is gesloten. Duurt de zaak voort, dan komt zij vanzelf terug."))
    return redirect("alarms")


@require_POST
@require(OWNER)
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Count an entry that was set apart after all, or leave it out for good."""
    row = get_object_or_404(Quarantine, id=number)
    wanted = request.POST.get("besluit", "")
    user = request.user.get_username()
    if wanted == "meetellen":
        refused = quarantine.accept(row.pk, user)
        done, act = _("De regel telt nu mee."), "quarantine.accepted"
    elif wanted == "weglaten":
        refused = quarantine.dismiss(row.pk, user)
        done, act = _("De regel blijft weg; hij staat nog in het archief."), "quarantine.dismissed"
    else:
        return redirect("alarms")
    audit(request, act, refused=bool(refused), till=row.till, seq=row.seq, code=row.code)
    if refused:
        messages.error(request, alarm_words.refusal(refused))
    else:
        messages.success(request, done)
    return redirect("alarms")


def _check(request: HttpRequest, branch: str) -> None:
    if branch:
        check_branch(request, branch)
    elif branches_of(request.user) is not None:
        audit(request, "branch.refused", refused=True, path=request.path)
        raise PermissionDenied


def _open(rows: list[Alarm], chosen: Choice) -> Table:
    columns = [Column(_("Sinds"), "moment"), Column(_("Filiaal")), Column(_("Kassa")), Column(_("Melding")),
               Column(_("Keer"), "count"), Column(_("Laatst"), "moment")]  # fmt: skip
    lines = [(row.first_at, chosen.names.get(row.branch, row.branch), row.till, alarm_words.alarm(row), row.times,
              row.last_at) for row in rows]  # fmt: skip
    return Table("open", _("Open meldingen"), columns, lines, None, _("Er is niets te melden."))


def _closed(chosen: Choice) -> Table:
    codes = [*chosen.branches, ""] if chosen.company else chosen.branches
    rows = Alarm.objects.filter(branch__in=codes, closed_at__isnull=False).order_by("-closed_at")[:CLOSED]
    columns = [Column(_("Gesloten"), "moment"), Column(_("Door")), Column(_("Kassa")), Column(_("Melding"))]
    lines = [
        (row.closed_at, row.closed_by or State("ok", _("vanzelf over")), row.till or formats.BLANK,
         alarm_words.alarm(row)) for row in rows
    ]  # fmt: skip
    return Table("gesloten", _("Laatst gesloten"), columns, lines, None, _("Nog niets gesloten."))
