"""Is anything missing? How far each till's journal is here, and the proof of one till and day, to print."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from kassa_office.dashboard import alarm_words, choice, figures, formats, periods, words
from kassa_office.dashboard.choice import Choice
from kassa_office.dashboard.tables import Column, Link, State, Table
from kassa_office.dashboard.truth import gaps, truth
from kassa_office.dashboard.views.common import answer
from kassa_office.journal.models import Quarantine
from kassa_office.journal.proof import prove
from kassa_office.sales.models import DayTotal
from kassa_office.staff.access import audit, require
from kassa_office.tills.models import Till, TillCursor

DAYS, MOST = 14, 40
"""Days shown, and tills beside each other; a file has them all."""


@require_GET
@require()
def proof(request: HttpRequest) -> HttpResponse:
    """How far every till is, and its last days, each leading to its proof."""
    chosen, today = choice.read(request), figures.today()
    tills = list(Till.objects.filter(branch_id__in=chosen.branches).order_by("branch_id", "code"))
    found = truth(chosen.branches)
    tables = [_how_far(tills, chosen), _days(tills, chosen, today, bool(request.GET.get("bestand")))]
    return answer(
        request, "dashboard/proof.html", tables, choice=chosen,
        branches=sorted(chosen.names.items()), tills=[till.code for till in tills], today=today,
        made=formats.moment(timezone.now()), mark=words.mark(found, None, 99), level=words.level(found),
    )  # fmt: skip


@require_GET
@require()
def proof_of(request: HttpRequest, code: str) -> HttpResponse:
    """The entries of one till gone through one by one: of a day with their signatures, of everything without."""
    till, today = choice.till_of(request, code), figures.today()
    day = None if "alles" in request.GET else periods.read({"van": request.GET.get("dag", "")}, today).first
    (found,) = prove(till.code, day.isoformat() if day else None, signatures=day is not None)
    audit(request, "proof.made", till=till.code, day=day.isoformat() if day else "")
    return answer(
        request, "dashboard/proof_of.html", [_facts(found), _flaws(found)], till=till, day=day, found=found,
        when=formats.short_day(day) if day else _("het hele journaal"), made=formats.moment(timezone.now()),
        before=day - timedelta(days=1) if day else None, after=day + timedelta(days=1) if day and day < today else None,
    )  # fmt: skip


def _how_far(tills: list[Till], chosen: Choice) -> Table:
    cursors = TillCursor.objects.in_bulk([till.code for till in tills])
    between = gaps(cursor.place for cursor in cursors.values())
    apart: dict[str, int] = {}
    for code in Quarantine.objects.filter(branch__in=chosen.branches, decided_at=None).values_list("till", flat=True):
        apart[code] = apart.get(code, 0) + 1
    columns = [
        Column(_("Kassa")), Column(_("Filiaal"), wide=True), Column(_("Hier tot en met"), "count"),
        Column(_("Ontbreekt ertussen"), "count"), Column(_("Nog onderweg"), "count"), Column(_("Apart"), "count"),
        Column(_("Laatst ontvangen"), "moment", wide=True), Column(_("Oordeel")),
    ]  # fmt: skip
    lines = []
    for till in tills:
        cursor = cursors.get(till.code) or TillCursor(till=till)
        gap = between.get(till.code, 0)
        behind, aside = max(0, cursor.claimed_seq - cursor.high_seq), apart.get(till.code, 0)
        if gap or aside:
            state = State("bad", _("niet compleet"))
        elif behind:
            state = State("warn", _("nog onderweg"))
        else:
            state = State("ok", _("compleet")) if cursor.high_seq else State("off", _("nog leeg"))
        link = Link(till.code, reverse("proof_of", args=[till.code]))
        lines.append((link, chosen.names.get(till.branch_id, ""), cursor.high_seq, gap, behind, aside,
                      cursor.received_at, state))  # fmt: skip
    return Table("volledig", _("Hoe ver het journaal van elke kassa hier is"), columns, lines, None,
                 _("Er zijn nog geen kassa's."))  # fmt: skip


def _days(tills: list[Till], chosen: Choice, today: date, everything: bool) -> Table:
    caption = _("Bonnen per dag; kies er een voor zijn bewijs")
    if len(tills) > MOST and not everything:
        return Table("dagen", caption, [Column(_("Dag"))], [], None, _("Kies een filiaal: dan staan ze hier."))
    first = today - timedelta(days=DAYS - 1)
    rows = DayTotal.objects.filter(branch__in=chosen.branches, kind="sale", day__gte=first, day__lte=today)
    sold = {(till, day): n for till, day, n in rows.values_list("till", "day", "n")}
    columns = [Column(_("Dag")), *(Column(till.code) for till in tills)]
    lines = list[tuple[object, ...]]()
    for back in range(DAYS):
        day = today - timedelta(days=back)
        cells = [_day(till.code, day, sold.get((till.code, day), 0)) for till in tills]
        lines.append((formats.short_day(day), *cells))
    return Table("dagen", caption, columns, lines if tills else [], None, "")


def _day(till: str, day: date, n: int) -> Link | None:
    if not n:
        return None
    return Link(formats.whole(n), f"/volledig/{quote(till)}/?dag={day.isoformat()}")


def _facts(found: dict[str, Any]) -> Table:
    first, last = found["receipts"]
    lines: list[tuple[str, Any]] = [
        (_("Regels van het journaal nagekeken"), formats.whole(found["entries"])),
        (_("Nummers"), f"{formats.whole(found['first'])} – {formats.whole(found['last'])}"),
        (_("Ontbrekende regels"), _judged(found["missing"])),
        (_("Regels die de kassa nog heeft"), _judged(found["waiting"], "warn")),
        (_("Regels apart gezet"), _judged(found["quarantine"])),
        (_("Keten en controlegetallen"), _judged(len(found["flaws"]))),
        (
            _("Handtekeningen"),
            State("ok", _("nagekeken")) if found["signatures"] else State("off", _("niet nagekeken")),
        ),
        (_("Bonnummers"), f"{formats.whole(first)} – {formats.whole(last)}" if last else _("geen")),
        (_("Ontbrekende bonnummers"), _judged(len(found["receipts_missing"]))),
        (_("Bonnen"), formats.whole(found["sales"])),
        (_("Omzet volgens het journaal"), formats.euro(found["turnover"])),
        (_("Doorlopend totaal van de kassa"), _judged(len(found["grand_wrong"]))),
        (_("Z-rapporten tegen hun bonnen"), _judged(len(found["z_wrong"]))),
        (_("Cijfers van het kantoor tegen het journaal"), _judged(len(found["tables_wrong"]))),
    ]
    return Table("bewijs", _("Wat is nagekeken"), [Column(_("Wat")), Column(_("Uitkomst"))], list(lines), None, "")


def _judged(wrong: int, level: str = "bad") -> State:
    if not wrong:
        return State("ok", _("geen, in orde"))
    return State(level, ngettext("%s afwijking", "%s afwijkingen", wrong) % formats.whole(wrong))


def _flaws(found: dict[str, Any]) -> Table:
    lines: list[tuple[str, str]] = []
    span = _("%(first)s tot en met %(last)s")
    for first, last in found["gaps"]:
        lines.append((_("Ontbrekende regels"), span % {"first": first, "last": last}))
    for first, last in found["receipts_missing"]:
        lines.append((_("Ontbrekende bonnummers"), span % {"first": first, "last": last}))
    chain = _("de keten klopt niet")
    for flaw in found["flaws"]:
        code = flaw["code"]
        lines.append((_("Regel %s") % flaw["seq"], chain if code == "chain" else alarm_words.reason(code)))
    said = _("de kassa zegt %(said)s, geteld %(counted)s")
    for name, label in (("grand_wrong", _("Doorlopend totaal bij regel %s")), ("z_wrong", _("Z%s")),
                        ("tables_wrong", _("Cijfers van het kantoor"))):  # fmt: skip
        for one in found[name]:
            which = one.get("seq", one.get("z", ""))
            amounts = {"said": formats.euro(one["said"]), "counted": formats.euro(one["counted"])}
            lines.append((label % which if "%s" in label else label, said % amounts))
    return Table("afwijkingen", _("Afwijkingen"), [Column(_("Wat")), Column(_("Waar"))], list(lines), None,
                 _("Geen enkele."))  # fmt: skip
