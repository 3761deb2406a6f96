"""What the pages show, read from the totals that the ingest keeps; never from sales themselves.

The pages, the files to download and the REST API all ask here. Amounts are cents with VAT, quantities thousandths.
Every question names its branches: ``branches`` is the set a user may see, and an empty set answers nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Sum

from kassa_office.dashboard.spans import Part, merged
from kassa_office.journal.models import Alarm
from kassa_office.journal.writing import ALL, DAYS_ONLY
from kassa_office.sales.models import DayTotal, MonthTotal, ZReport
from kassa_office.tills.models import Branch

KINDS = ("branch", "till", "day", "hour", "group", "vat", "tender", "staff")
"""By what turnover can be divided."""
BESIDE = ("deposit", "voucher", "weborder", "rounding")
"""What lies between turnover and payments."""
EXCEPTIONS = ("return", "void", "override", "discount", "event", "copy")
COLUMNS = ("branch", "till", "day")
SUMS = ("n", "qty", "amount", "vat", "cost", "costed")


@dataclass(slots=True)
class Row:
    """One line of an overview."""

    key: str
    n: int = 0
    qty: int = 0
    amount: int = 0
    vat: int = 0
    cost: int = 0
    costed: int = 0

    @property
    def net(self) -> int:
        """Without VAT; only where the kind of total carries VAT."""
        return self.amount - self.vat

    @property
    def margin(self) -> int | None:
        """Cents; None where no cost is known."""
        return self.costed - self.cost if self.costed else None

    @property
    def margin_share(self) -> int | None:
        """Margin in hundredths of a percent of the turnover it stands against."""
        return round(10_000 * (self.costed - self.cost) / self.costed) if self.costed else None

    @property
    def average(self) -> int | None:
        """Cents a ticket."""
        return round(self.amount / self.n) if self.n else None

    @property
    def empty(self) -> bool:
        """Whether nothing happened."""
        return not any(getattr(self, name) for name in SUMS)

    def add(self, other: Row, sign: int = 1) -> None:
        """Add another line's figures, or take them off."""
        for name in SUMS:
            setattr(self, name, getattr(self, name) + sign * getattr(other, name))


@dataclass(slots=True)
class Exceptional:
    """How often something out of the ordinary happened at a till."""

    branch: str
    till: str
    kind: str
    key: str
    times: int = 0
    value: int = 0
    """Cents."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What closed shifts come to; cents."""

    shifts: int
    turnover: int
    counted: int
    off: int
    """Shifts whose drawer held something else than was expected."""
    difference: int


def visible(allowed: frozenset[str] | None, chosen: Iterable[str] = ()) -> list[str]:
    """Codes of the branches to ask for: those chosen, as far as they are allowed; all allowed ones without a choice."""
    codes = list(Branch.objects.values_list("code", flat=True)) if allowed is None else sorted(allowed)
    picked = set(chosen)
    return [code for code in codes if not picked or code in picked]


def today() -> date:
    """The day it is in the shops."""
    return datetime.now(ZoneInfo(settings.OFFICE.timezone)).date()


def by(kind: str, branches: Collection[str], first: date, last: date, till: str = "") -> list[Row]:
    """Turnover from ``first`` to ``last`` divided by one of KINDS, in the order of its keys."""
    column = kind if kind in COLUMNS else "key"
    stored = "sale" if kind in COLUMNS else kind
    if kind == "day":
        return _days(branches, first, last, till)
    return _keyed(stored if till or kind == "till" else ALL + stored, branches, first, last, till, column)


def total(branches: Collection[str], first: date, last: date, till: str = "") -> Row:
    """One line for it all, with VAT, number of tickets and margin."""
    summed = Row("")
    for row in by("branch", branches, first, last, till):
        summed.add(row)
    return summed


def beside(branches: Collection[str], first: date, last: date, till: str = "") -> list[Row]:
    """What was paid, or paid out, that is no turnover; keys as ``deposit:charged``, in the order of BESIDE."""
    found = []
    for kind in BESIDE:
        for row in _keyed(kind, branches, first, last, till):
            row.key = f"{kind}:{row.key}"
            found.append(row)
    return found


def until(branches: Collection[str], day: date, hour: int, minute: int = 60) -> int:
    """Turnover of a day up to a time: what today is to be compared with. Of the last hour its part."""
    return so_far(branches, day, hour, minute).amount


def so_far(branches: Collection[str], day: date, hour: int, minute: int = 60) -> Row:
    """The whole line of a day up to a time, without quantities; of the last hour its part."""
    found, last = Row(""), f"{hour:02d}"
    for row in by("hour", branches, day, day):
        if row.key < last:
            found.add(row)
        elif row.key == last:
            found.add(Row("", *(getattr(row, name) * minute // 60 for name in SUMS)))
    return found


def hours(branches: Collection[str], day: date) -> dict[str, list[int]]:
    """Branch → turnover of its 24 hours."""
    found: dict[str, list[int]] = {}
    rows = DayTotal.objects.filter(branch__in=branches, day=day, kind=f"{ALL}hour").order_by()
    for branch, key, amount in rows.values_list("branch", "key").annotate(amount=Sum("amount")):
        if key.isdigit() and int(key) < 24:
            found.setdefault(branch, [0] * 24)[int(key)] += int(amount)
    return found


def exceptions(branches: Collection[str], first: date, last: date, till: str = "") -> list[Exceptional]:
    """Returns, voids, overrides, discounts and events, by till and what they were."""
    return unusual(branches, first, last, till)[0]


def persons(branches: Collection[str], first: date, last: date, till: str = "") -> list[tuple[str, Exceptional]]:
    """The same by who did them: person, and what at which till."""
    return unusual(branches, first, last, till)[1]


def unusual(
    branches: Collection[str], first: date, last: date, till: str = ""
) -> tuple[list[Exceptional], list[tuple[str, Exceptional]]]:
    """:func:`exceptions` and :func:`persons`, read at once."""
    things, people = [], []
    for one in _exceptional(branches, first, last, till, (*EXCEPTIONS, "who")):
        if one.kind != "who":
            things.append(one)
            continue
        kind, _sep, rest = one.key.partition(":")
        key, _sep, person = rest.rpartition(":")
        people.append((person, Exceptional(one.branch, one.till, kind, key, one.times, one.value)))
    return things, people


def z_reports(
    branches: Collection[str], first: date, last: date, till: str = "", limit: int | None = None
) -> list[ZReport]:
    """Shifts closed in a period, newest first, with their cash differences; with ``limit`` no more than so many.

    Those are looked for in ever wider steps back from today, so that a year costs what its newest days cost.
    """
    found: list[ZReport] = []
    for begin, end in [(first, last)] if limit is None else _steps_back(first, last):
        rows = ZReport.objects.filter(branch__in=branches, day__gte=begin, day__lte=end).defer("body")
        found += (rows.filter(till=till) if till else rows).order_by("-day", "branch", "till", "-z")[:limit]
        if limit is not None and len(found) >= limit:
            break
    return found[:limit]


def z_sums(branches: Collection[str], first: date, last: date, till: str = "") -> Closed:
    """What the shifts closed in a period come to."""
    rows = {row.key: row for row in _keyed("z", branches, first, last, till)}
    closed, counted, off = (rows.get(key, Row(key)) for key in ("closed", "counted", "off"))
    return Closed(closed.n, closed.amount, counted.amount, off.n, off.amount)


def open_alarms(branches: Collection[str], company: bool = True) -> list[Alarm]:
    """Alarms of these branches that nobody closed yet; with ``company`` those of no branch too."""
    codes = [*branches, ""] if company else list(branches)
    return list(Alarm.objects.filter(branch__in=codes, closed_at=None).order_by("-last_at"))


def _keyed(kind: str, branches: Collection[str], first: date, last: date, till: str, column: str = "key") -> list[Row]:
    """Totals of one kind, by the values of a column."""
    found: dict[str, Row] = {}
    for sign, totals in _totals(branches, first, last, till, days_only=kind in DAYS_ONLY):
        for row in _rows(totals.filter(kind=kind), column):
            found.setdefault(row.key, Row(row.key)).add(row, sign)
    return [found[key] for key in sorted(found) if not found[key].empty]


def _steps_back(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days of a period in pieces, newest first: those to come, then 1, 2, 4 … days."""
    now, days = today(), 1
    if last > now:
        yield max(first, now + timedelta(days=1)), last
        last = now
    while last >= first:
        begin = max(first, last - timedelta(days=days - 1))
        yield begin, last
        last, days = begin - timedelta(days=1), 2 * days


def _days(branches: Collection[str], first: date, last: date, till: str) -> list[Row]:
    kind = "sale" if till else f"{ALL}sale"
    return _rows(_within(DayTotal.objects, branches, first, last, till).filter(kind=kind), "day")


def _within(rows: Any, branches: Collection[str], first: date, last: date, till: str) -> Any:
    found = rows.filter(branch__in=branches, day__gte=first, day__lte=last)
    return found.filter(till=till) if till else found


def _totals(
    branches: Collection[str], first: date, last: date, till: str, days_only: bool = False
) -> Iterator[tuple[int, Any]]:
    """Sign and rows, by month as far as that goes."""
    for part in [Part(False, 1, first, last)] if days_only else merged(first, last):
        model = MonthTotal if part.by_month else DayTotal
        yield part.sign, _within(model.objects, branches, part.first, part.last, till)


def _exceptional(
    branches: Collection[str], first: date, last: date, till: str, kinds: Collection[str]
) -> list[Exceptional]:
    found: dict[tuple[str, str, str, str], Exceptional] = {}
    for sign, totals in _totals(branches, first, last, till):
        rows = totals.filter(kind__in=kinds).order_by().values_list("branch", "till", "kind", "key")
        for branch, at, kind, key, times, value in fetched(rows.annotate(f_n=Sum("n"), f_amount=Sum("amount"))):
            have = found.get((branch, at, kind, key))
            if have is None:
                found[branch, at, kind, key] = have = Exceptional(branch, at, kind, key)
            have.times += sign * int(times)
            have.value += sign * int(value)
    return [found[place] for place in sorted(found) if found[place].times or found[place].value]


def fetched(rows: QuerySet[Any]) -> list[tuple[Any, ...]]:
    """Rows as the database gives them, past Django's own conversions: where there are thousands."""
    try:
        asked = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*asked)
        return list(cursor.fetchall())


def _rows(totals: Any, column: str) -> list[Row]:
    summed = totals.order_by().values_list(column).annotate(**{f"f_{name}": Sum(name) for name in SUMS})
    return sorted((Row(str(row[0]), *(int(value) for value in row[1:])) for row in summed), key=lambda row: row.key)
