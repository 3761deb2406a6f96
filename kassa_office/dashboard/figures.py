"""What the pages show, read from the totals that the ingest keeps; never from sales themselves.

The pages, the files to download and the REST API all ask here. Amounts are cents with VAT, quantities thousandths. Every
question names its branches: ``branches`` is the set a user may see, and is never empty of meaning: an empty set answers
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from kassa_office.catalogue.models import Article
from kassa_office.journal.models import Alarm, Quarantine
from kassa_office.sales.models import DayTotal, SkuDay, ZReport
from kassa_office.tills.models import Branch, Till, TillCursor, TillState

SILENT_AFTER = timedelta(minutes=15)
"""A till that was not heard of for so long may hold sales that are not in."""
KINDS = ("branch", "till", "day", "hour", "group", "vat", "tender", "staff")
"""By what turnover can be divided."""
EXCEPTIONS = ("return", "void", "override", "discount", "event")


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

    def add(self, other: Row) -> None:
        """Add another line's figures."""
        for name in ("n", "qty", "amount", "vat", "cost", "costed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Truth:
    """How far the figures can be trusted: what is not in yet, of which tills."""

    tills: int = 0
    missing: list[dict[str, Any]] = field(default_factory=list)
    """Till, code (``gap``, ``waiting``, ``silent``, ``never``), number of entries, since when, turnover that waits."""
    quarantined: int = 0

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return not self.missing and not self.quarantined

    @property
    def turnover(self) -> int:
        """Cents that the tills said are still with them."""
        return sum(one["turnover"] for one in self.missing)


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
    totals = DayTotal.objects.filter(branch__in=branches, day__gte=first, day__lte=last)
    if till:
        totals = totals.filter(till=till)
    column = kind if kind in ("branch", "till", "day") else "key"
    stored = "sale" if column != "key" else kind
    return _rows(totals.filter(kind=stored), column)


def total(branches: Collection[str], first: date, last: date, till: str = "") -> Row:
    """One line for it all, with VAT, number of tickets and margin."""
    summed = Row("")
    for row in by("branch", branches, first, last, till):
        summed.add(row)
    summed.vat = sum(row.vat for row in by("vat", branches, first, last, till))
    return summed


def until(branches: Collection[str], day: date, hour: int) -> int:
    """Turnover of a day up to and with an hour: what today is to be compared with."""
    rows = DayTotal.objects.filter(branch__in=branches, day=day, kind="hour", key__lte=f"{hour:02d}")
    return int(rows.aggregate(amount=Sum("amount"))["amount"] or 0)


def exceptions(branches: Collection[str], first: date, last: date) -> list[dict[str, Any]]:
    """Returns, voids, overrides, discounts and events, by till and what they were."""
    rows = (
        DayTotal.objects.filter(branch__in=branches, day__gte=first, day__lte=last, kind__in=EXCEPTIONS)
        .values("branch", "till", "kind", "key")
        .annotate(times=Sum("n"), value=Sum("amount"))
        .order_by("branch", "till", "kind", "key")
    )
    return [dict(row) for row in rows]


def z_reports(branches: Collection[str], first: date, last: date) -> list[ZReport]:
    """Shifts closed in a period, newest first, with their cash differences."""
    found = ZReport.objects.filter(branch__in=branches, day__gte=first, day__lte=last).defer("body")
    return list(found.order_by("-day", "branch", "till", "-z"))


def best_sellers(branches: Collection[str], first: date, last: date, limit: int = 50) -> list[dict[str, Any]]:
    """Articles by turnover, with their names."""
    rows = list(
        SkuDay.objects.filter(branch__in=branches, day__gte=first, day__lte=last)
        .values("sku")
        .annotate(sold=Sum("qty"), value=Sum("amount"), bought=Sum("cost"))
        .order_by("-value")[:limit]
    )
    names = dict(Article.objects.filter(sku__in=[row["sku"] for row in rows]).values_list("sku", "name"))
    return [{**row, "name": names.get(row["sku"], "")} for row in rows]


def truth(branches: Collection[str], now: datetime | None = None) -> Truth:
    """What is known not to be in, per till."""
    now = now or timezone.now()
    tills = Till.objects.filter(branch_id__in=branches, active=True).exclude(token_hash="")
    cursors = {one.till_id: one for one in TillCursor.objects.filter(till__in=tills)}
    states = {one.till_id: one for one in TillState.objects.filter(till__in=tills)}
    found = Truth(quarantined=Quarantine.objects.filter(branch__in=branches, decided_at=None).count())
    for till in tills:
        found.tills += 1
        missing = _missing(cursors.get(till.code), states.get(till.code), now)
        if missing is not None:
            found.missing.append({"till": till.code, "branch": till.branch_id, **missing})
    return found


def open_alarms(branches: Collection[str]) -> list[Alarm]:
    """Alarms of these branches, and those of no branch, that nobody closed yet."""
    return list(Alarm.objects.filter(branch__in=[*branches, ""], closed_at=None).order_by("-last_at"))


def _missing(cursor: TillCursor | None, state: TillState | None, now: datetime) -> dict[str, Any] | None:
    heard = max((at for at in (cursor and cursor.received_at, state and state.at) if at), default=None)
    if heard is None:
        return {"code": "never", "entries": 0, "since": None, "turnover": 0}
    turnover = state.turnover_waiting if state else 0
    if cursor is not None and cursor.high_seq >= cursor.next_seq:
        return {"code": "gap", "entries": cursor.high_seq + 1 - cursor.next_seq, "since": heard, "turnover": turnover}
    behind = max(cursor.claimed_seq - cursor.high_seq if cursor else 0, state.waiting if state else 0)
    if now - heard > SILENT_AFTER:
        return {"code": "silent", "entries": behind, "since": heard, "turnover": turnover}
    if behind:
        return {"code": "waiting", "entries": behind, "since": heard, "turnover": turnover}
    return None


def _rows(totals: Any, column: str) -> list[Row]:
    found = totals.values(column).annotate(
        f_n=Sum("n"), f_qty=Sum("qty"), f_amount=Sum("amount"), f_vat=Sum("vat"), f_cost=Sum("cost"), f_c=Sum("costed")
    )
    return [
        Row(str(row[column]), *(int(row[name]) for name in ("f_n", "f_qty", "f_amount", "f_vat", "f_cost", "f_c")))
        for row in found.order_by(column)
    ]
