"""Hours worked: clockings of all tills of a branch put together, with the corrections of managers.

Nothing is ever changed: a correction is a row of its own, with who made it and why, and may itself be corrected. What
counts are the rows that no other row replaces. Each branch is reckoned by itself; whoever works in two clocks in two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from kassa_office.facts import make_partitions
from kassa_office.hours.models import Clocking
from kassa_office.journal.bodies import cut
from kassa_office.journal.writing import CLOCKING, insert
from kassa_office.stock.ledger import OFFICE, next_seq
from kassa_office.tills.models import Branch
from kassa_tui.domain.hours import KINDS, Mark, Spell, spells

VOID = "void"
REASON_CHARS = 200
MORE, FARTHEST = timedelta(days=2), timedelta(days=1)
Key = tuple[str, str, int]
"""Branch, till and number: one clocking."""


class Wrong(Exception):
    """A correction that cannot be; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Worked:
    """One spell of one person."""

    branch: str
    employee: str
    day: date
    """On the shop's wall, when it began."""
    spell: Spell
    minutes: int
    corrected: bool
    """A manager had a hand in it."""


def name_of(row: Clocking) -> str:
    """``K1/17``: how another row names it, within its branch."""
    return f"{row.till}/{row.seq}"


def counting(rows: Iterable[Clocking]) -> list[Clocking]:
    """Those of one branch that count: not replaced, and no mere undoing."""
    known = list(rows)
    replaced = {row.replaces for row in known if row.replaces}
    return [row for row in known if row.kind != VOID and name_of(row) not in replaced]


def rows_of(branch: str, first: date, last: date, employee: str = "") -> list[Clocking]:
    """Everything clocked and corrected from ``first`` to ``last``, in the order in which it is said to have been."""
    rows = Clocking.objects.filter(branch=branch, day__gte=first, day__lte=last)
    return list((rows.filter(employee=employee) if employee else rows).order_by("at", "till", "seq"))


def worked(branches: Collection[str], first: date, last: date, employee: str = "") -> list[Worked]:
    """Spells that began from ``first`` to ``last``, by person and time.

    Two days more on both sides are read: a night's work ends on the next day, and what stands in the place of one row
    is no more than a day away from it.
    """
    now = int(timezone.now().timestamp() * 1000)
    found: list[Worked] = []
    for branch in sorted(branches):
        zone = _zone(branch)
        by_person: dict[str, list[Clocking]] = {}
        for row in counting(rows_of(branch, first - MORE, last + MORE, employee)):
            by_person.setdefault(row.employee, []).append(row)
        for person, rows in sorted(by_person.items()):
            made = {name_of(row): row.till == OFFICE for row in rows}
            for spell in spells((Mark(row.at, row.kind, name_of(row)) for row in rows), now):
                day = _day(spell.first, zone)
                if first <= day <= last:
                    corrected = any(made[mark.key] for mark in spell.marks)
                    found.append(Worked(branch, person, day, spell, spell.worked(now), corrected))
    return sorted(found, key=lambda one: (one.employee, one.spell.first, one.branch))


def forgotten(branches: Collection[str], first: date, last: date) -> list[Worked]:
    """Spells without a beginning or an end."""
    return [one for one in worked(branches, first, last) if one.spell.missing]


def correct(
    branch: str, employee: str, kind: str, when: datetime, by: str, reason: str, replaces: str = ""
) -> Clocking:  # fmt: skip
    """Write that somebody clocked, or in the place of another row; ``when`` is on the wall of the shop, without zone.

    :class:`Wrong` ``reason_needed``, ``unknown_kind``, ``no_time`` (it did not exist, or is still to come), ``gone``
    (what it replaces is not there, is another's, or was replaced already), ``too_far`` (it was more than a day away).
    """
    if kind not in KINDS:
        raise Wrong("unknown_kind")
    local = when.replace(tzinfo=_zone(branch))
    at = int(local.timestamp() * 1000)
    if local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != when or local > timezone.now():
        raise Wrong("no_time")
    offset = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    return _write(branch, employee, kind, at, offset, by, reason, replaces)


def undo(branch: str, name: str, by: str, reason: str) -> Clocking:
    """Write that a clocking was not so; :class:`Wrong` as for :func:`correct`."""
    row = _find(branch, name)
    if row is None:
        raise Wrong("gone")
    return _write(branch, row.employee, VOID, row.at, row.offset, by, reason, name)


def _write(
    branch: str, employee: str, kind: str, at: int, offset: int, by: str, reason: str, replaces: str
) -> Clocking:  # fmt: skip
    if not reason.strip():
        raise Wrong("reason_needed")
    day = (datetime.fromtimestamp(at / 1000, UTC) + timedelta(minutes=offset)).date()
    if not connection.in_atomic_block:
        make_partitions({day.replace(day=1)})
    with transaction.atomic():
        seq = next_seq()
        was = _find(branch, replaces) if replaces else None
        if replaces and (was is None or was.employee != employee):
            raise Wrong("gone")
        if was is not None and abs(at - was.at) > FARTHEST.total_seconds() * 1000:
            raise Wrong("too_far")
        row = (branch, OFFICE, seq, day.isoformat(), at, offset, kind, cut(employee, 40), replaces,
               cut(reason.strip(), REASON_CHARS), cut(by, 40))  # fmt: skip
        insert(CLOCKING, [row])
    return Clocking.objects.get(branch=branch, till=OFFICE, seq=seq)


def _find(branch: str, name: str) -> Clocking | None:
    """The row of this name, where it still counts."""
    till, _slash, seq = name.rpartition("/")
    if not till or not seq.isdigit() or len(seq) > 18:
        return None
    row = Clocking.objects.filter(branch=branch, till=till, seq=int(seq)).exclude(kind=VOID).first()
    gone = row is None or Clocking.objects.filter(branch=branch, employee=row.employee, replaces=name).exists()
    return None if gone else row


def _zone(branch: str) -> ZoneInfo:
    name = Branch.objects.filter(code=branch).values_list("timezone", flat=True).first()
    return ZoneInfo(name or "Europe/Amsterdam")


def _day(at: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(at / 1000, zone).date()
