"""Counts: what tills counted, against what ought to have been there, and the difference into the ledger.

What ought to have been there is the ledger up to the moment of the count. It is worked out here and not at the till,
and again when sales of before that moment come in late: :func:`settle` puts right what they change. So after a
stock-take the level is what was counted and all that moved since, whatever came in first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from kassa_office.stock.ledger import Note, book, level_at, levels
from kassa_office.stock.models import StockCount, StockTake, StockTakeCount, StockTakeLine
from kassa_office.stock.numbers import new_number
from kassa_office.tills.models import Till, TillCursor

SETTLE_DAYS = 60
"""For so long late sales put a stock-take right; nothing is offline for longer without somebody knowing."""

Key = tuple[str, str, int]
"""Branch, till and number of the journal entry: one count."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One count of a till."""

    branch: str
    till: str
    seq: int
    at: int
    area: str
    who: str
    lines: int
    unknown: int

    @property
    def key(self) -> Key:
        """What finds it."""
        return self.branch, self.till, self.seq


@dataclass(frozen=True, slots=True)
class Difference:
    """An article that was counted."""

    sku: str
    at: int
    counted: int
    expected: int

    @property
    def qty(self) -> int:
        """What is there too much, or, negative, too little."""
        return self.counted - self.expected


def open_counts(branches: Collection[str]) -> list[Counted]:
    """Counts that are in no stock-take yet, newest first."""
    taken = set(StockTakeCount.objects.filter(branch__in=branches).values_list("branch", "till", "seq"))
    rows = (
        StockCount.objects.filter(branch__in=branches)
        .values("branch", "till", "seq", "area", "who")
        .annotate(when=Max("at"), known=Count("no", filter=~Q(sku="")), odd=Count("no", filter=Q(sku="")))
        .order_by("-when", "till", "-seq")
    )
    return [
        Counted(row["branch"], row["till"], row["seq"], row["when"], row["area"], row["who"], row["known"], row["odd"])
        for row in rows if (row["branch"], row["till"], row["seq"]) not in taken
    ]  # fmt: skip


def count_of(key: Key) -> list[StockCount]:
    """The lines of a count, in the order in which they were counted."""
    branch, till, seq = key
    return list(StockCount.objects.filter(branch=branch, till=till, seq=seq).order_by("no"))


def unknown_codes(branches: Collection[str]) -> list[StockCount]:
    """Codes that nobody knew, of counts that are still open."""
    wanted = {count.key for count in open_counts(branches) if count.unknown}
    rows = StockCount.objects.filter(branch__in=branches, sku="").order_by("code", "till", "seq", "no")
    return [row for row in rows if (row.branch, row.till, row.seq) in wanted]


def differences(branch: str, keys: Sequence[Key], *, whole: bool = False) -> list[Difference]:
    """What several counts of one branch say together: an article that lay in two places is added up.

    With ``whole`` what was counted nowhere, and has a stock, is taken to be gone since the last of the counts.
    """
    counted: dict[str, tuple[int, int]] = {}
    for key in keys:
        for line in count_of(key):
            if line.sku and line.branch == branch:
                qty, at = counted.get(line.sku, (0, 0))
                counted[line.sku] = (qty + line.qty, max(at, line.at))
    if whole and counted:
        last = max(at for _qty, at in counted.values())
        for (_branch, sku), qty in levels([branch]).items():
            if qty and sku not in counted:
                counted[sku] = (0, last)
    return _against_ledger(branch, [(sku, at, qty) for sku, (qty, at) in counted.items()])


def missing_before(branch: str, at: int) -> list[str]:
    """Tills of a branch that have not sent everything up to ``at``: what they sold is not in the expected stock."""
    late = []
    cursors = {cursor.till_id: cursor for cursor in TillCursor.objects.filter(till__branch_id=branch)}
    for till in Till.objects.filter(branch_id=branch, active=True).exclude(token_hash=""):
        cursor = cursors.get(till.code)
        heard = cursor.received_at if cursor else None
        if cursor is None or heard is None or heard.timestamp() * 1000 < at or cursor.high_seq >= cursor.next_seq:
            late.append(till.code)
    return late


def take(branch: str, keys: Sequence[Key], by: str, *, whole: bool = False) -> StockTake:
    """Put counts into the ledger: a stock-take with its lines, and a movement for each difference.

    ValueError where a count is in a stock-take already, is of another branch, or is none.
    """
    with transaction.atomic():
        number = new_number(StockTake, "T")
        known = {count.key for count in open_counts([branch])}
        if not keys or not known.issuperset(keys):
            raise ValueError("no such open counts")
        found = differences(branch, keys, whole=whole)
        made = StockTake.objects.create(number=number, branch=branch, made_by=by[:150], whole=whole)
        StockTakeCount.objects.bulk_create([StockTakeCount(take=made, branch=b, till=t, seq=s) for b, t, s in keys])
        StockTakeLine.objects.bulk_create(
            [StockTakeLine(take=made, sku=one.sku, at=one.at, counted=one.counted) for one in found]
        )
        _write(branch, found, by, number)
        later = StockTake.objects.filter(branch=branch).exclude(number=number).order_by("made_at")
        for other in later.filter(lines__at__gte=min((one.at for one in found), default=0)).distinct():
            _settle(other)
    return made


def settle() -> str | None:
    """The job: sales and movements of before a stock-take that came in after it change nothing of what was counted."""
    since = timezone.now() - timedelta(days=SETTLE_DAYS)
    takes = StockTake.objects.filter(made_at__gte=since).annotate(first=Min("lines__at")).order_by("first", "number")
    changed = 0
    for one in takes:
        with transaction.atomic():
            changed += _settle(one)
    return f"{changed} lines of stock-takes put right" if changed else None


def _settle(one: StockTake) -> int:
    lines = [(line.sku, line.at, line.counted) for line in one.lines.order_by("sku")]
    return _write(one.branch, _against_ledger(one.branch, lines), "", one.number)


def _write(branch: str, found: Sequence[Difference], by: str, number: str) -> int:
    """A movement for each difference, at the moment of its count; how many."""
    moments: dict[int, list[tuple[str, int]]] = {}
    for one in found:
        if one.qty:
            moments.setdefault(one.at, []).append((one.sku, one.qty))
    for at, lines in sorted(moments.items()):
        book(branch, "counted", lines, Note(by=by, ref=number, at=at))
    return sum(map(len, moments.values()))


def _against_ledger(branch: str, counted: Sequence[tuple[str, int, int]]) -> list[Difference]:
    """Article, moment and count → with what the ledger says of that moment."""
    moments: dict[int, list[tuple[str, int]]] = {}
    for sku, at, qty in counted:
        moments.setdefault(at, []).append((sku, qty))
    found = []
    for at, lines in moments.items():
        expected = level_at(branch, [sku for sku, _qty in lines], at)
        found += [Difference(sku, at, qty, expected[sku]) for sku, qty in lines]
    return sorted(found, key=lambda one: one.sku)
