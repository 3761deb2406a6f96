"""What a person decides of an entry that was set apart: to count it after all, or to leave it out."""

from __future__ import annotations

import msgspec
from django.db import transaction
from django.utils import timezone

from kassa_office.journal import projection
from kassa_office.journal.alarms import Matter, close_alarm
from kassa_office.journal.bodies import Unreadable
from kassa_office.journal.checks import Checked, check
from kassa_office.journal.cursors import stored
from kassa_office.journal.ingest import Taking
from kassa_office.journal.models import Quarantine
from kassa_office.journal.projection import Here
from kassa_office.tills.models import Till, TillCursor
from kassa_tui.sync import wire

ACCEPTED, DISMISSED = "accepted", "dismissed"


def accept(row_id: int, by: str) -> str:
    """Count an entry after all; empty where that was done, else why not.

    ``decided`` already; ``other_till`` for what came in another till's name; ``unreadable`` where it still cannot be
    read; ``conflict`` where another entry has its number: journals are not changed.
    """
    with transaction.atomic():
        row = Quarantine.objects.select_for_update().get(id=row_id)
        if row.decision:
            return "decided"
        if row.code == "other_till":
            return "other_till"
        till = Till.objects.get(code=row.till)
        TillCursor.objects.bulk_create([TillCursor(till=till)], ignore_conflicts=True)
        taking = Taking(till, TillCursor.objects.select_for_update().get(till=till), timezone.now())
        refused = _count(taking, row)
        if not refused:
            _decide(row, ACCEPTED, by)
        return refused


def dismiss(row_id: int, by: str) -> str:
    """Leave an entry out for good; empty, or ``decided``."""
    with transaction.atomic():
        row = Quarantine.objects.select_for_update().get(id=row_id)
        if row.decision:
            return "decided"
        _decide(row, DISMISSED, by)
        return ""


def sent(row: Quarantine) -> Checked:
    """The entry as it came, looked at anew, but for its signature."""
    (checked,) = check([msgspec.json.decode(row.raw, type=wire.Entry)], row.till)
    return checked


def _count(taking: Taking, row: Quarantine) -> str:
    one = sent(row)
    if one.entry is None:
        return "unreadable"
    here = Here(row.branch, one.day, one.entry)
    known = stored(row.till, taking.cursor.branches, [row.seq]).get(row.seq)
    if known is not None and known[0] != one.entry.hash:
        return "conflict"
    try:
        read = projection.read(here)
    except Unreadable:
        return "unreadable"
    if known is None:
        taking.keep(here)
    taking.reads.append(read)
    projection.project(taking.gathered, taking.reads)
    taking.gathered.write()
    taking.conclude()
    taking.note(0, {row.seq})
    return ""


def _decide(row: Quarantine, decision: str, by: str) -> None:
    row.decision, row.decided_by, row.decided_at = decision, by[:150], timezone.now()
    row.save(update_fields=["decision", "decided_by", "decided_at"])
    open_ = Quarantine.objects.filter(branch=row.branch, till=row.till, code=row.code, decision="")
    if row.code == "conflict":
        close_alarm(Matter("conflict", row.branch, row.till, str(row.seq)), by)
    elif not open_.exists():
        close_alarm(Matter("quarantine", row.branch, row.till, row.code), by)
