"""Is anything missing? For each till, what is here and what is not, and whether all of it holds together.

Nothing is taken from overviews: numbers, hashes and signatures of the entries are gone through one by one, and what the
tills themselves wrote down (receipt numbers, perpetual totals, Z reports) is held against what came of it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Max, Min, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from msgspec import Struct

from kassa_office.journal.bodies import Unreadable, Whole, read
from kassa_office.journal.checks import Keys, quick_digest, signed
from kassa_office.journal.models import Entry, Quarantine
from kassa_office.sales.models import Sale, ZReport
from kassa_office.tills.models import Till, TillCursor, TillKey
from kassa_tui.domain.journal import GENESIS
from kassa_tui.domain.journal import Entry as JournalEntry
from kassa_tui.domain.ticket import BESIDE

WRONG = ("flaws", "receipts_missing", "grand_wrong", "z_wrong", "tables_wrong")
"""Parts of a finding that list what does not hold together."""
AT_ONCE = 1000
MOST = 100
"""Gaps, flaws and the like that are listed; more are counted."""


class Grand(Struct):
    """Perpetual totals, cents."""

    sales: Whole
    returns: Whole


class Line(Struct):
    """Of a line what the perpetual totals need."""

    kind: str
    amount: Whole


class Numbers(Struct):
    """Of a sale what tells whether one is missing."""

    no: int
    lines: list[Line]
    grand: Grand
    training: bool = False


def prove(till: str | None = None, day: str | None = None, signatures: bool = True) -> list[dict[str, Any]]:
    """One finding per till: of one day (ISO, local), or of everything. ``complete`` says whether nothing is wrong.

    ``gaps`` and ``flaws`` say what is; lists hold at most :data:`MOST`. Without ``signatures`` hashes and chain only,
    which is many times quicker.
    """
    tills = Till.objects.order_by("branch_id", "code")
    return [_prove(each, day, signatures) for each in (tills.filter(code=till) if till else tills)]


def words_of(one: dict[str, Any]) -> str:
    """A finding as a line for people."""
    parts = [_("%(till)s: %(entries)d regels, %(first)d tot en met %(last)d") % one]
    if one["missing"]:
        parts.append(ngettext("%d regel ontbreekt", "%d regels ontbreken", one["missing"]) % one["missing"])
    if n := one["waiting"]:
        parts.append(ngettext("%d regel is nog onderweg", "%d regels zijn nog onderweg", n) % n)
    if one["quarantine"]:
        parts.append(ngettext("%d in quarantaine", "%d in quarantaine", one["quarantine"]) % one["quarantine"])
    wrong = sum(len(one[name]) for name in WRONG)
    if wrong:
        parts.append(ngettext("%d afwijking", "%d afwijkingen", wrong) % wrong)
    parts.append(_("compleet") if one["complete"] else _("NIET COMPLEET"))
    return "; ".join(parts)


@dataclass
class Walk:
    """What going through the entries of a till brought to light."""

    keys: Keys
    signatures: bool
    entries: int = 0
    first: int = 0
    last: int = 0
    missing: int = 0
    gaps: list[list[int]] = field(default_factory=list)
    flaws: list[dict[str, Any]] = field(default_factory=list)
    receipts_missing: list[list[int]] = field(default_factory=list)
    grand_wrong: list[dict[str, Any]] = field(default_factory=list)
    first_receipt: int = 0
    last_receipt: int = 0
    sales: int = 0
    turnover: int = 0
    _hash: bytes = GENESIS
    _grand: tuple[int, int] | None = (0, 0)

    def step(self, entry: JournalEntry) -> None:
        """One entry, in order of ``seq``."""
        expected = self.last + 1 if self.entries else entry.seq
        if entry.seq != expected:
            self.missing += entry.seq - expected
            _note(self.gaps, [expected, entry.seq - 1])
            self._grand = None
        elif (self.entries or entry.seq == 1) and entry.prev != self._hash:
            _note(self.flaws, {"seq": entry.seq, "code": "chain"})
        if quick_digest(entry) != entry.hash:
            _note(self.flaws, {"seq": entry.seq, "code": "hash"})
        elif self.signatures and not signed(entry, self.keys):
            _note(self.flaws, {"seq": entry.seq, "code": "signature"})
        if not self.entries:
            self.first = entry.seq
            if entry.seq != 1:
                self._grand = None
        self.entries, self.last, self._hash = self.entries + 1, entry.seq, entry.hash
        if entry.kind in ("sale", "weborder.sale"):
            self._sale(entry)

    def _sale(self, entry: JournalEntry) -> None:
        try:
            sale: Numbers = read(Numbers, entry.body)
        except Unreadable:
            self._grand = None
            return
        if sale.training:
            return
        if self.last_receipt and sale.no != self.last_receipt + 1:
            _note(self.receipts_missing, [self.last_receipt + 1, sale.no - 1])
        self.first_receipt, self.last_receipt = self.first_receipt or sale.no, sale.no
        amounts = [line.amount for line in sale.lines if line.kind not in BESIDE]
        plus, minus = sum(x for x in amounts if x > 0), -sum(x for x in amounts if x < 0)
        said = (sale.grand.sales, sale.grand.returns)
        if self._grand is not None and said != (self._grand[0] + plus, self._grand[1] + minus):
            _note(self.grand_wrong, {"seq": entry.seq, "said": said[0], "counted": self._grand[0] + plus})
        self._grand = said
        self.sales, self.turnover = self.sales + 1, self.turnover + sum(amounts)


def _note(found: list[Any], what: Any) -> None:
    if len(found) < MOST:
        found.append(what)


def _prove(till: Till, day: str | None, signatures: bool) -> dict[str, Any]:
    cursor = TillCursor.objects.filter(till=till).first() or TillCursor(till=till)
    keys = list(TillKey.objects.filter(till=till).order_by("first").values_list("first", "public_key"))
    walk = Walk(keys, signatures)
    branches, bounds = cursor.branches or [till.branch_id], _bounds(till, cursor, day)
    if bounds is not None:
        for entry in _entries(till.code, branches, *bounds):
            walk.step(entry)
    if not day and walk.entries and walk.first > 1:
        walk.missing += walk.first - 1
        walk.gaps.insert(0, [1, walk.first - 1])
    apart = Quarantine.objects.filter(till=till.code, decision="")
    waiting = max(0, cursor.claimed_seq - cursor.high_seq)
    z_wrong = _z_wrong(till, branches, day)
    tables_wrong = [] if walk.missing or apart.exists() else _tables_wrong(walk, till, branches, bounds)
    found: dict[str, Any] = {
        "till": till.code, "branch": till.branch_id, "day": day or "", "entries": walk.entries, "first": walk.first,
        "last": walk.last, "missing": walk.missing, "gaps": walk.gaps, "claimed": cursor.claimed_seq,
        "waiting": waiting, "quarantine": apart.count(), "flaws": walk.flaws, "signatures": signatures,
        "receipts": [walk.first_receipt, walk.last_receipt], "receipts_missing": walk.receipts_missing,
        "sales": walk.sales, "turnover": walk.turnover, "grand_wrong": walk.grand_wrong, "z_wrong": z_wrong,
        "tables_wrong": tables_wrong, "last_at": cursor.last_at,
    }  # fmt: skip
    return found | {"complete": not any(found[name] for name in ("missing", "waiting", "quarantine", *WRONG))}


def _bounds(till: Till, cursor: TillCursor, day: str | None) -> tuple[int, int] | None:
    """First and last ``seq`` to go through; None where there is nothing."""
    entries = Entry.objects.filter(branch__in=cursor.branches, till=till.code)
    if day:
        entries = entries.filter(day=day)
    found = entries.aggregate(first=Min("seq"), last=Max("seq"))
    return None if found["first"] is None else (found["first"], found["last"])


def _entries(till: str, branches: list[str], first: int, last: int) -> Iterator[JournalEntry]:
    places = ", ".join(["%s"] * len(branches))
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT seq, id, at, "offset", who, kind, body, prev, hash, signature FROM journal_entry'
                f" WHERE branch IN ({places}) AND till = %s AND seq BETWEEN %s AND %s ORDER BY seq LIMIT {AT_ONCE}",
                [*branches, till, first, last],
            )
            rows = cursor.fetchall()
        for seq, entry_id, at, offset, who, kind, body, prev, hashed, signature in rows:
            yield JournalEntry(till, seq, entry_id, at, offset, who, kind, body, bytes(prev), bytes(hashed),
                               bytes(signature))  # fmt: skip
        if len(rows) < AT_ONCE:
            return
        first = rows[-1][0] + 1


def _z_wrong(till: Till, branches: list[str], day: str | None) -> list[dict[str, Any]]:
    """Z reports whose turnover is not that of their sales, which lie between the Z before them and themselves."""
    reports = ZReport.objects.filter(branch__in=branches, till=till.code)
    wanted = list((reports.filter(day=day) if day else reports).order_by("seq").values_list("z", "turnover", "seq"))
    if not wanted:
        return []
    sales = Sale.objects.filter(branch__in=branches, till=till.code)
    if day:
        before = reports.filter(seq__lt=wanted[0][2]).aggregate(last=Max("seq"))["last"] or 0
        sales = sales.filter(seq__gt=before, seq__lt=wanted[-1][2])
    sold = {row["z"]: int(row["sum"]) for row in sales.order_by().values("z").annotate(sum=Sum("turnover"))}
    return [
        {"z": z, "said": said, "counted": sold.get(z, 0)} for z, said, _seq in sorted(wanted) if said != sold.get(z, 0)
    ][:MOST]


def _tables_wrong(walk: Walk, till: Till, branches: list[str], bounds: tuple[int, int] | None) -> list[dict[str, int]]:
    """Whether the sales that figures are made of are those of the journal."""
    if bounds is None:
        return []
    sales = Sale.objects.filter(branch__in=branches, till=till.code, seq__range=bounds)
    counted = int(sales.aggregate(sum=Sum("turnover"))["sum"] or 0)
    if counted == walk.turnover and sales.count() == walk.sales:
        return []
    return [{"said": walk.turnover, "counted": counted}]
