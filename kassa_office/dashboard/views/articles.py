"""What sells: articles by turnover, and the groups they are in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kassa_office.dashboard import drawings, figures, selling, words
from kassa_office.dashboard.tables import Column, Table
from kassa_office.dashboard.views.common import Asked, answer, asked, form, nothing, truth_mark
from kassa_office.staff.access import require

MOST = 200


@require_GET
@require()
def articles(request: HttpRequest) -> HttpResponse:
    """The page; figures of articles are by branch, not by till."""
    found = asked(request, "week")
    amount = figures.total(*found.where).amount
    return answer(request, "dashboard/articles.html", [_best(found), _groups(found)], **form(found), no_till=True,
                  most=MOST, **truth_mark(found, amount))  # fmt: skip


def _best(found: Asked) -> Table:
    rows = selling.best_sellers(found.choice.branches, found.period.first, found.period.last, MOST)
    top = max((row.value for row in rows), default=0)
    columns = [Column(_("Artikel")), Column(_("Naam")), Column(_("Groep"), wide=True), Column(_("Aantal"), "qty"),
               Column(_("Omzet"), "euro"), Column(_("Inkoopwaarde"), "euro", wide=True),
               Column("", wide=True)]  # fmt: skip
    lines = [(row.sku, row.name, row.group, row.sold, row.value, row.bought or None, drawings.bar(row.value, top))
             for row in rows]  # fmt: skip
    return Table("artikelen", _("Best verkocht"), columns, lines, None, nothing())


def _groups(found: Asked) -> Table:
    rows = figures.by("group", *found.where)
    rows.sort(key=lambda row: -row.amount)
    total = figures.Row("")
    for row in rows:
        total.add(row)
    name = words.namer("group")
    columns = [Column(_("Groep")), Column(_("Aantal"), "qty"), Column(_("Omzet"), "euro"), Column(_("Deel"), "share"),
               Column(_("Marge"), "euro", wide=True), Column(_("Marge %"), "share")]  # fmt: skip

    def line(label: str, row: figures.Row) -> tuple[object, ...]:
        part = 10_000 * row.amount // total.amount if total.amount > 0 else None
        return label, row.qty, row.amount, part, row.margin, row.margin_share

    return Table("groepen", _("Groepen"), columns, [line(name(row.key), row) for row in rows],
                 line(_("Totaal"), total), nothing())  # fmt: skip
