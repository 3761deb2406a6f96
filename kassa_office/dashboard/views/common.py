"""What the pages share: choosing days and branches, showing tables, handing them out as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from kassa_office.dashboard import choice, downloads, figures, periods, words
from kassa_office.dashboard.choice import Choice
from kassa_office.dashboard.periods import Period
from kassa_office.dashboard.tables import Table
from kassa_office.dashboard.truth import truth
from kassa_office.staff.access import audit
from kassa_office.tills.models import Till

NOTHING = "private, no-store"
SELECTED = mark_safe(" selected")


@dataclass(frozen=True, slots=True)
class Asked:
    """The days and places that an address asks for."""

    choice: Choice
    period: Period
    today: date

    @property
    def where(self) -> tuple[list[str], date, date, str]:
        """As :mod:`figures` takes it."""
        return self.choice.branches, self.period.first, self.period.last, self.choice.till


def asked(request: HttpRequest, usual: str = "vandaag") -> Asked:
    """Read the address; PermissionDenied for what is another's."""
    today = figures.today()
    return Asked(choice.read(request), periods.read(request.GET.dict(), today, usual), today)


def form(found: Asked) -> dict[str, Any]:
    """What the form over a page is filled with."""
    tills = Till.objects.filter(branch_id__in=list(found.choice.names)).order_by("code")
    codes = list(tills.values_list("code", flat=True))
    return {
        "choice": found.choice,
        "period": found.period,
        "periods": periods.choices(),
        "tills": format_html_join(
            "", "<option{}>{}</option>", ((SELECTED if code == found.choice.till else "", code) for code in codes)
        )
        if len(codes) > 1
        else "",
        "branches": sorted(found.choice.names.items()),
    }


def truth_mark(found: Asked, amount: int | None) -> dict[str, str]:
    """``mark`` and ``level`` beside the figures of a page, where its days reach today: what is older waits no more."""
    if found.period.last < found.today:
        return {"mark": "", "level": "ok"}
    known = truth(found.choice.branches)
    return {"mark": words.mark(known, amount), "level": words.level(known)}


def answer(request: HttpRequest, template: str, tables: Sequence[Table], **context: Any) -> HttpResponse:
    """The page, or one of its tables as a file where the address asks for that."""
    kind = request.GET.get("bestand", "")
    if kind:
        for table in tables:
            if kind in downloads.FORMATS and table.name == request.GET.get("tabel"):
                audit(request, "table.downloaded", name=table.name, path=request.get_full_path()[:200])
                return downloads.file_of(table, kind, f"{table.name}-{figures.today().isoformat()}")
        raise Http404
    for table in tables:
        table.downloads = [(kind.upper(), _address(request, table.name, kind)) for kind in downloads.FORMATS]
    response = render(request, template, {**context, "tables": {table.name: table for table in tables}})
    response["Cache-Control"] = NOTHING
    return response


def nothing() -> str:
    """Said of a table without rows."""
    return _("In deze dagen is er niets.")


def _address(request: HttpRequest, table: str, kind: str) -> str:
    query = request.GET.copy()
    query["tabel"], query["bestand"] = table, kind
    return f"?{query.urlencode()}"
