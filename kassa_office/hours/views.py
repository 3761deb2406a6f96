"""The pages of hours: who worked how long, what was forgotten, and putting it right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from django.views.decorators.http import require_GET, require_http_methods

from kassa_office.dashboard import formats, words
from kassa_office.dashboard.periods import Period
from kassa_office.dashboard.tables import Column, Link, State, Table
from kassa_office.dashboard.views.common import answer, asked, form, nothing
from kassa_office.hours import book
from kassa_office.hours.book import Worked, Wrong
from kassa_office.hours.models import Clocking
from kassa_office.staff.access import BOOKKEEPER, MANAGER, OWNER, audit, check_branch, require, role_of
from kassa_office.staff.models import Employee
from kassa_office.tills.models import Branch
from kassa_tui.domain.hours import IN, KINDS, OUT

READERS, WRITERS = (OWNER, BOOKKEEPER, MANAGER), (OWNER, MANAGER)
KIND_WORDS = {
    "in": N_("ingeklokt"), "out": N_("uitgeklokt"), "break_start": N_("pauze begonnen"), "break_end": N_("pauze klaar"),
    "void": N_("telt niet mee"),
}  # fmt: skip
MISSING = {IN: N_("niet ingeklokt"), OUT: N_("niet uitgeklokt")}
REFUSALS = {
    "reason_needed": N_("Schrijf erbij waarom."),
    "unknown_kind": N_("Kies wat er geklokt is."),
    "no_time": N_("Dit tijdstip kan niet, of moet nog komen."),
    "gone": N_("Dit is al verbeterd."),
    "too_far": N_("Dat is meer dan een dag verschil: laat deze regel vervallen en zet een nieuwe neer."),
}
Rows = list[Sequence[Any]]


@require_GET
@require(*READERS)
def hours(request: HttpRequest) -> HttpResponse:
    """Per person and day, and every spell; the days of a week beside each other."""
    found = asked(request, "week")
    first, last = found.period.first, found.period.last
    rows = book.worked(found.choice.branches, first, last)
    names = words.staff()
    wrong = sum(bool(one.spell.missing) for one in rows)
    week = timedelta(days=7)
    return answer(request, "hours/hours.html", [_people(rows, names, found.period), _spells(rows, names)],
                  **form(found), place="hours", wrong=wrong, no_till=True, earlier=_week(first - week),
                  later=_week(first + week))  # fmt: skip


def _week(day: date) -> dict[str, date]:
    monday = day - timedelta(days=day.weekday())
    return {"first": monday, "last": monday + timedelta(days=6)}


def _people(rows: list[Worked], names: dict[str, str], period: Period) -> Table:
    """One line each, with a column for each day where it is no more than a week."""
    days = [period.first + timedelta(days=n) for n in range(period.days)] if period.days <= 7 else []
    columns = [Column(_("Nummer"), wide=True), Column(_("Naam"))]
    columns += [Column(formats.short_day(day)[:8], "hours", wide=True) for day in days]
    columns += [Column(_("Uren"), "hours"), Column(_("Let op"))]
    lines: Rows = []
    for person in sorted({one.employee for one in rows}):
        own = [one for one in rows if one.employee == person]
        each = [sum(one.minutes for one in own if one.day == day) or None for day in days]
        lines.append((person, names.get(person, person), *each, sum(one.minutes for one in own), _note(own)))
    each = [sum(one.minutes for one in rows if one.day == day) or None for day in days]
    total = ("", _("Totaal"), *each, sum(one.minutes for one in rows), None)
    return Table("uren", _("Per medewerker"), columns, lines, total, nothing())


def _note(own: list[Worked]) -> State | None:
    missing = sum(bool(one.spell.missing) for one in own)
    return State("bad", _("%d keer klokken vergeten") % missing) if missing else None


def _spells(rows: list[Worked], names: dict[str, str]) -> Table:
    columns = [Column(_("Nummer"), wide=True), Column(_("Naam")), Column(_("Datum"), "day"), Column(_("Begin")),
               Column(_("Eind")), Column(_("Pauze"), "hours", wide=True), Column(_("Uren"), "hours"),
               Column(_("Filiaal"), wide=True), Column(_("Let op"))]  # fmt: skip
    zones = _zones({one.branch for one in rows})
    lines: Rows = [
        (one.employee, Link(names.get(one.employee, one.employee), _address(one.branch, one.employee, one.day)),
         one.day, _wall(one.spell.begin, zones[one.branch]), _wall(one.spell.end, zones[one.branch]),
         one.spell.rested() or None, None if one.spell.missing else one.minutes, one.branch, _state(one))
        for one in rows
    ]  # fmt: skip
    return Table("urenstaat", _("Dag voor dag"), columns, lines, None, nothing())


def _state(one: Worked) -> State | None:
    if one.spell.missing:
        return State("bad", _(MISSING[one.spell.missing]))
    if one.spell.running:
        return State("ok", _("aan het werk"))
    return State("off", _("verbeterd")) if one.corrected else None


@require_http_methods(["GET", "POST"])
@require(*READERS)
def day(request: HttpRequest, branch: str, employee: str, day: date) -> HttpResponse:
    """All that was clocked on a day, what no longer counts too; and the forms to put it right."""
    check_branch(request, branch)
    place = Branch.objects.filter(code=branch).first()
    rows = book.rows_of(branch, day - book.MORE, day + book.MORE, employee)
    if place is None or not (rows or Employee.objects.filter(code=employee).exists()):
        raise Http404
    may = role_of(request.user) in WRITERS
    if request.method == "POST":
        if not may:
            audit(request, "page.refused", refused=True, path=request.path)
            return redirect("hours")
        _change(request, branch, employee, day)
        return redirect(_address(branch, employee, day))
    counts = {book.name_of(row) for row in book.counting(rows)}
    near = [row for row in rows if day <= row.day <= day + timedelta(days=1)]
    spells = book.worked([branch], day, day, employee)
    names, zone = words.staff(), _zones({branch})[branch]
    shown = [{"kind": row.kind, "name": book.name_of(row), "words": _(KIND_WORDS[row.kind]), "day": row.day,
              "time": f"{_local(row.at, zone):%H:%M}"} for row in near if book.name_of(row) in counts]  # fmt: skip
    return answer(request, "hours/day.html", [_spells(spells, names), _clockings(near, counts, zone)], place="hours",
                  branch=place, employee=employee, name=words.person(employee, names), day=day, shown=shown, may=may,
                  kinds=[(kind, _(KIND_WORDS[kind])) for kind in KINDS])  # fmt: skip


def _clockings(rows: list[Clocking], counts: set[str], zone: Any) -> Table:
    columns = [Column(_("Nummer")), Column(_("Datum"), "day"), Column(_("Tijd")), Column(_("Wat")), Column(_("Telt")),
               Column(_("In plaats van")), Column(_("Waarom")), Column(_("Door"))]  # fmt: skip
    lines: Rows = [
        (book.name_of(row), row.day, f"{_local(row.at, zone):%H:%M}", _(KIND_WORDS.get(row.kind, row.kind)),
         State("ok", _("ja")) if book.name_of(row) in counts else State("off", _("nee")), row.replaces, row.reason,
         row.who) for row in rows
    ]  # fmt: skip
    return Table("geklokt", _("Alles wat geklokt en verbeterd is"), columns, lines, None, nothing())


def _change(request: HttpRequest, branch: str, employee: str, day: date) -> None:
    """Add a clocking, give one another time or meaning, or let it lapse."""
    by, reason = request.user.get_username(), request.POST.get("waarom", "")
    row, what = request.POST.get("regel", ""), request.POST.get("doe", "")
    try:
        if what == "vervalt":
            made = book.undo(branch, row, by, reason)
        elif what in ("erbij", "anders"):
            when = _when(request.POST.get("dag", ""), request.POST.get("tijd", ""))
            made = book.correct(branch, employee, request.POST.get("wat", ""), when, by, reason,
                                row if what == "anders" else "")  # fmt: skip
        else:
            raise Http404
    except Wrong as wrong:
        messages.error(request, _(REFUSALS[wrong.code]))
        return
    audit(request, "hours.corrected", branch=branch, employee=employee, row=book.name_of(made), replaces=made.replaces)
    messages.success(request, _("Verbeterd; wat er stond blijft te zien."))


def _when(day: str, time: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{date.fromisoformat(day).isoformat()}T{time}").replace(tzinfo=None)
    except ValueError as error:
        raise Wrong("no_time") from error


def _address(branch: str, employee: str, day: date) -> str:
    return reverse("hours_day", args=[branch, employee, day])


def _zones(branches: set[str]) -> dict[str, Any]:
    from zoneinfo import ZoneInfo

    known = dict(Branch.objects.filter(code__in=branches).values_list("code", "timezone"))
    return {code: ZoneInfo(known.get(code) or "Europe/Amsterdam") for code in branches}


def _local(at: int, zone: Any) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def _wall(at: int | None, zone: Any) -> str:
    return "" if at is None else f"{_local(at, zone):%H:%M}"
