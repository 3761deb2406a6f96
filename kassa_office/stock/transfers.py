"""Goods from one branch to another: sent, under way, arrived, and what got lost between.

A transfer begins in the office, as a list of what is to be sent, or at a till, which sends at once. What was sent and
what arrived are the movements that name it; a transfer is closed by itself when all that was sent is there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from kassa_office.stock.ledger import Note, book
from kassa_office.stock.models import StockMove, Transfer, TransferLine
from kassa_office.stock.numbers import new_number
from kassa_office.tills.models import Branch

LOOK_BACK = timedelta(days=90)


class Wrong(Exception):
    """An order or a transfer cannot do this now; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class UnderWay:
    """How one article of a transfer stands."""

    sku: str
    planned: int = 0
    sent: int = 0
    arrived: int = 0

    @property
    def open(self) -> int:
        """Sent and not arrived; negative where more arrived than was sent."""
        return self.sent - self.arrived


def state_of(transfer: Transfer) -> str:
    """``draft``, ``under_way`` or ``closed``."""
    if transfer.closed_at:
        return "closed"
    return "under_way" if transfer.sent_at else "draft"


def lines_of(transfer: Transfer) -> list[UnderWay]:
    """Its articles: what was planned, sent, and arrived."""
    found = {line.sku: UnderWay(line.sku, line.qty) for line in transfer.lines.all()}
    moves = StockMove.objects.filter(
        branch__in=(transfer.source, transfer.target), ref=transfer.number, kind__in=("sent", "arrived")
    )
    for sku, kind, qty in moves.values_list("sku", "kind").annotate(all=Sum("qty")).order_by("sku"):
        line = found.setdefault(sku, UnderWay(sku))
        if kind == "sent":
            line.sent -= qty
        else:
            line.arrived += qty
    return sorted(found.values(), key=lambda line: line.sku)


def under_way_to(branch: str) -> dict[str, int]:
    """Article → thousandths that are on their way to a branch."""
    rows = Transfer.objects.filter(target=branch, closed_at=None).exclude(sent_at=None)
    sources = dict(rows.values_list("number", "source"))
    moves = StockMove.objects.filter(
        branch__in={branch, *sources.values()}, ref__in=sources, kind__in=("sent", "arrived")
    ).order_by()
    still: dict[tuple[str, str], int] = {}
    for number, where, sku, qty in moves.values_list("ref", "branch", "sku").annotate(all=Sum("qty")):
        if where in (branch, sources[number]):
            still[number, sku] = still.get((number, sku), 0) - int(qty)
    found: dict[str, int] = {}
    for (_number, sku), qty in still.items():
        found[sku] = found.get(sku, 0) + max(qty, 0)
    return found


def make(source: str, target: str, lines: Sequence[tuple[str, int]], by: str) -> Transfer:
    """A list of what is to be sent; :class:`Wrong` ``same_branch``, ``no_lines``."""
    if source == target:
        raise Wrong("same_branch")
    summed: dict[str, int] = {}
    for sku, qty in lines:
        if qty > 0:
            summed[sku] = summed.get(sku, 0) + qty
    if not summed:
        raise Wrong("no_lines")
    with transaction.atomic():
        made = Transfer.objects.create(number=new_number(Transfer, "V"), source=source, target=target, made_by=by[:150])
        TransferLine.objects.bulk_create([TransferLine(transfer=made, sku=sku, qty=qty) for sku, qty in summed.items()])
    return made


def edit(number: str, lines: Sequence[tuple[str, int]]) -> Transfer:
    """Give articles of a draft another quantity; 0 takes one off. :class:`Wrong` ``not_draft``."""
    with transaction.atomic():
        transfer = Transfer.objects.select_for_update().get(number=number)
        if state_of(transfer) != "draft":
            raise Wrong("not_draft")
        for sku, qty in lines:
            if qty > 0:
                TransferLine.objects.update_or_create(transfer=transfer, sku=sku, defaults={"qty": qty})
            else:
                transfer.lines.filter(sku=sku).delete()
    return transfer


def send(number: str, by: str) -> Transfer:
    """Off it goes, as listed; :class:`Wrong` ``not_draft``, ``no_lines``."""
    with transaction.atomic():
        transfer = Transfer.objects.select_for_update().get(number=number)
        if state_of(transfer) != "draft":
            raise Wrong("not_draft")
        lines = [(line.sku, -line.qty) for line in transfer.lines.order_by("sku")]
        if not lines:
            raise Wrong("no_lines")
        book(transfer.source, "sent", lines, Note(by, transfer.target, number))
        transfer.sent_at = timezone.now()
        transfer.save(update_fields=["sent_at"])
    return transfer


def arrive(number: str, lines: Sequence[tuple[str, int]], by: str) -> Transfer:
    """What came in of it; :class:`Wrong` ``not_under_way``, ``no_lines``."""
    with transaction.atomic():
        transfer = Transfer.objects.select_for_update().get(number=number)
        if state_of(transfer) != "under_way":
            raise Wrong("not_under_way")
        there = [(sku, qty) for sku, qty in lines if qty > 0]
        if not there:
            raise Wrong("no_lines")
        book(transfer.target, "arrived", there, Note(by, transfer.source, number))
        _look(transfer)
    return transfer


def close(number: str) -> Transfer:
    """Leave it at what arrived: what is missing is lost. A draft is thrown away."""
    with transaction.atomic():
        transfer = Transfer.objects.select_for_update().get(number=number)
        if transfer.closed_at is None:
            transfer.closed_at = timezone.now()
            transfer.save(update_fields=["closed_at"])
    return transfer


def visible(allowed: frozenset[str] | None) -> list[Transfer]:
    """Transfers from or to the branches of a user, newest first."""
    found = Transfer.objects.order_by("-made_at")
    return [one for one in found if allowed is None or one.source in allowed or one.target in allowed]


def refresh() -> str | None:
    """The job: transfers that tills began get their row, and those that are wholly there are closed."""
    since = timezone.now() - LOOK_BACK
    made = _begun_at_tills(list(Branch.objects.values_list("code", flat=True)), since)
    closed = 0
    for transfer in Transfer.objects.filter(closed_at=None):
        with transaction.atomic():
            closed += _look(Transfer.objects.select_for_update().get(number=transfer.number))
    return f"{made} transfers of tills, {closed} closed" if made or closed else None


def _begun_at_tills(branches: Collection[str], since: datetime) -> int:
    moves = StockMove.objects.filter(branch__in=branches, day__gte=since.date(), kind="sent").exclude(ref="")
    rows = moves.values_list("ref", "branch", "reason", "till", "at").order_by("at")
    known = set(Transfer.objects.filter(number__in={row[0] for row in rows}).values_list("number", flat=True))
    new: dict[str, Transfer] = {}
    for ref, branch, other, till, at in rows:
        if ref not in known and len(ref) <= 24 and ref not in new:
            when = datetime.fromtimestamp(at / 1000, timezone.get_current_timezone())
            new[ref] = Transfer(number=ref, source=branch, target=other[:16], made_by=till, sent_at=when)
    Transfer.objects.bulk_create(new.values(), ignore_conflicts=True)
    return len(new)


def _look(transfer: Transfer) -> bool:
    """Close it where all that was sent is there; a till may have sent what was a draft here."""
    lines = lines_of(transfer)
    fields = []
    if transfer.sent_at is None and any(line.sent for line in lines):
        transfer.sent_at = timezone.now()
        fields.append("sent_at")
    done = any(line.sent for line in lines) and all(line.open == 0 for line in lines)
    if done and transfer.closed_at is None:
        transfer.closed_at = timezone.now()
        fields.append("closed_at")
    if fields:
        transfer.save(update_fields=fields)
    return done
