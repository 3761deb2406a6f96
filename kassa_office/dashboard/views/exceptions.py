"""What is out of the ordinary: returns, voids, prices set by hand, drawers opened; by till and by person."""

from __future__ import annotations

from collections.abc import Callable
from heapq import nlargest
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kassa_office.dashboard import figures, formats, words
from kassa_office.dashboard.figures import Exceptional
from kassa_office.dashboard.tables import Column, Table
from kassa_office.dashboard.views.common import answer, asked, form, nothing, truth_mark
from kassa_office.staff.access import require

MOST = 300
"""Lines of a table on the page; a file has them all."""
T = TypeVar("T")
_PLACES = {place: number for number, place in enumerate(words.EXCEPTIONS)}


@require_GET
@require()
def exceptions(request: HttpRequest) -> HttpResponse:
    """The page: all sorts together, by till, by person."""
    found = asked(request, "week")
    rows, people = figures.unusual(*found.where)
    tickets, most = figures.total(*found.where).n, None if request.GET.get("bestand") else MOST
    tables = [_sorts(rows, tickets), _persons(people, most), _tills(rows, found.choice.names, most)]
    return answer(request, "dashboard/exceptions.html", tables, **form(found), tickets=formats.whole(tickets),
                  **truth_mark(found, None))  # fmt: skip


def _order(kind: str, key: str) -> tuple[bool, int, str]:
    place = (kind, key)
    return place in words.QUIET, _PLACES.get(place, len(_PLACES)), key


def _sorts(rows: list[Exceptional], tickets: int) -> Table:
    summed: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        have = summed.setdefault((row.kind, row.key), [0, 0])
        have[0] += row.times
        have[1] += row.value
    lines = [
        (words.exception(*place), times, value or None, 10_000 * times // tickets if tickets else None)
        for place, (times, value) in sorted(summed.items(), key=lambda item: _order(*item[0]))
    ]
    columns = [Column(_("Wat")), Column(_("Keer"), "count"), Column(_("Bedrag"), "euro"),
               Column(_("Van de bonnen"), "share", wide=True)]  # fmt: skip
    return Table("soorten", _("Alles bij elkaar"), columns, lines, None, nothing())


def _often(rows: list[T], times: Callable[[T], int], most: int | None) -> tuple[list[T], str]:
    """Those that happened most often, in the order they had, and what to say of the others."""
    if most is None or len(rows) <= most:
        return rows, ""
    kept = nlargest(most, range(len(rows)), key=lambda place: times(rows[place]))
    said = _("De %d die het vaakst voorkwamen; alle staan in het bestand.") % most
    return [rows[place] for place in sorted(kept)], said


def _persons(people: list[tuple[str, Exceptional]], most: int | None) -> Table:
    names = words.staff()
    summed: dict[tuple[str, str, str], list[int]] = {}
    for person, row in people:
        if (row.kind, row.key) not in words.QUIET:
            have = summed.setdefault((person, row.kind, row.key), [0, 0])
            have[0] += row.times
            have[1] += row.value
    ordered = sorted(summed.items(), key=lambda item: (item[0][0], _order(*item[0][1:])))
    ordered, note = _often(ordered, lambda item: item[1][0], most)
    lines = [(words.person(who, names), words.exception(kind, key), times, value or None)
             for (who, kind, key), (times, value) in ordered]  # fmt: skip
    columns = [Column(_("Wie")), Column(_("Wat")), Column(_("Keer"), "count"), Column(_("Bedrag"), "euro")]
    return Table("medewerkers", _("Per medewerker"), columns, lines, None, nothing(), note=note)


def _tills(rows: list[Exceptional], names: dict[str, str], most: int | None) -> Table:
    shown = [row for row in rows if (row.kind, row.key) not in words.QUIET]
    shown.sort(key=lambda row: (row.branch, row.till, _order(row.kind, row.key)))
    shown, note = _often(shown, lambda row: row.times, most)
    lines = [(row.till, names.get(row.branch, row.branch), words.exception(row.kind, row.key), row.times,
              row.value or None) for row in shown]  # fmt: skip
    columns = [Column(_("Kassa")), Column(_("Filiaal"), wide=True), Column(_("Wat")), Column(_("Keer"), "count"),
               Column(_("Bedrag"), "euro")]  # fmt: skip
    return Table("kassas", _("Per kassa"), columns, lines, None, nothing(), note=note)
